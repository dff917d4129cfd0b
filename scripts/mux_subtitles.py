"""Stage 10: put the subtitles beside the film's own streams, in one Matroska file."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from samvad import files, languages, media_facts, records
from samvad.errors import MediaError
from samvad.mux import matroska, media, plan
from samvad.stage_run import Skipped, StageRun, run_stage, stage_parser
from samvad.subtitles import formats

log = logging.getLogger(__name__)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = stage_parser("mux", "Put subtitle tracks beside the film's own streams, which stay as they are.")
    made.add_argument("--title", default="", help="the film's title; without it the film keeps the one that it has")
    made.add_argument("--languages", nargs="+", required=True, metavar="LANG", help="targets of the film, in order")
    made.add_argument(
        "--default-track",
        choices=("translated", "first", "none"),
        required=True,
        help="which new track a player shows by itself",
    )
    return made


def work(run: StageRun, options: argparse.Namespace) -> None:
    """Write ``<film>.mkv``."""
    probe = json.loads(run.read(options.demux, "probe").read_text(encoding="utf-8"))
    film = run.read_film(options.demux).absolute()
    if probe["video"] is None:
        raise Skipped("the film has no video stream; its subtitles are in 09_subtitle_gen")
    run.used(**{name: records.tool_version(name) for name in ("mkvmerge", "ffmpeg", "ffprobe")})
    subtitles = read_subtitles(run, options)
    new = plan.new_tracks(subtitles, options.default_track)
    plan.check_space(run.job_folder, film, copies=1)

    held = media.probe(film)
    sources, sync_ms = find_sources(run, film, held, keep_default_subtitles=not any(track.default for track in new))
    target = run.work_folder / f"{run.film}.mkv"
    log.info("Writing %s with %d new subtitle tracks", target.name, len(new))
    seed = "-".join([probe["checksum"], *(files.sha256_of(track.path) for track in new)])
    arguments = matroska.options(target, options.title, sources, new, sync_ms, seed)
    for warning in matroska.multiplex(arguments, run.work_folder, film):
        run.warn(f"mkvmerge: {warning}")

    result = media.probe(target)
    own = [track for _, tracks in sources for track in tracks]
    expected = {kind: sum(1 for track in own if track.kind == kind) for kind in media.KINDS}
    expected["subtitle"] += len(new)
    plan.check_result(result, matroska.identify(target, run.work_folder), expected, new, film)
    duration_ms = plan.check_duration(film, target, probe["duration_ms"], result)
    film_facts = media_facts.of(target)
    run.output(target.name, "subtitled_film", film_facts)
    run.metric("duration", duration_ms / 1000, "s")
    run.metric("new_subtitle_tracks", len(new), "tracks")
    run.metric("own_streams", len(own), "streams")
    run.fact("streams", film_facts["streams"])
    run.fact("default_track", next((track.language for track in new if track.default), None))


def read_subtitles(run: StageRun, options: argparse.Namespace) -> list[plan.Subtitles]:
    """Return the tracks of stage 09 in the order of the targets; SubRip where there is a choice."""
    listed: list[dict[str, Any]] = json.loads(run.read(options.subtitle_gen, "tracks").read_text("utf-8"))["tracks"]
    tracks = []
    for item in listed:
        kind = "srt" if "srt" in item["files"] else "vtt"
        path = run.read(options.subtitle_gen, f"{kind}_{item['language']}")
        if kind == "vtt":  # many players read no WebVTT in Matroska (ffmpeg 5 among them)
            path = as_subrip(run, path)
        tracks.append(plan.Subtitles(item["language"], item["translated"], item["cues"], path))
        if not item["cues"]:
            run.warn(f"The subtitle track in {languages.name(item['language'])} is empty.")
    for language in options.languages:
        if language not in {track.language for track in tracks}:
            run.warn(f"Stage 09 made no subtitles in {languages.name(language)}, so the film gets none.")
    return plan.in_wanted_order(tracks, options.languages)


def as_subrip(run: StageRun, path: Path) -> Path:
    """Write a WebVTT file of stage 09 as SubRip into the work folder and return its path."""
    converted = run.work_folder / f"{path.stem}.srt"
    files.write_text(converted, formats.srt_from_vtt(path.read_text(encoding="utf-8")))
    return converted


def find_sources(
    run: StageRun, film: Path, held: media.Media, *, keep_default_subtitles: bool
) -> tuple[list[tuple[Path, Sequence[matroska.SourceTrack]]], int]:
    """Return the files that hold the film's streams for mkvmerge, with flags, and the shift of the new tracks in ms.

    That is the film itself. Where mkvmerge cannot read its container, or not all its sound and pictures, ffmpeg first
    copies the streams into Matroska; where it cannot read its subtitles, ffmpeg copies those.
    """
    source, path = matroska.identify(film, run.work_folder), film
    lost = plan.lost_streams(source, held)
    if not source.readable or any(stream.kind != "subtitle" for stream in lost):
        source, path, held = copy_film(run, film, held, source)
        lost = plan.lost_streams(source, held)
    # Matroska's times are kept as they are, while stage 01 counts from the film's first moment; mkvmerge itself
    # counts from there in all other containers.
    sync_ms = held.start_ms if source.container == "Matroska" else 0
    tracks = plan.source_tracks(source, held, keep_default_subtitles=keep_default_subtitles)
    copied = rescued(run, path, lost, keep_default_subtitles=keep_default_subtitles) if lost else []
    if copied:
        tracks = [track for track in tracks if track.kind != "subtitle"]
    return [(path, tracks), *copied], sync_ms


def copy_film(
    run: StageRun, film: Path, held: media.Media, source: matroska.Identified
) -> tuple[matroska.Identified, Path, media.Media]:
    """Copy a film that mkvmerge cannot read into Matroska; return what it is then."""
    plan.check_space(run.job_folder, film, copies=2)
    copy = run.work_folder / "film_copy.mkv"
    log.info(
        "mkvmerge cannot read all of the film (%s): ffmpeg copies its streams first", source.container or "unknown"
    )
    try:
        media.copy_streams(film, copy, [stream for stream in held.streams if stream.kind in media.KINDS])
    except MediaError as error:
        raise MediaError(
            f"{str(film)!r} cannot be put into Matroska: {error.what}",
            "Its subtitles are in 09_subtitle_gen; or convert the film to MKV or MP4 and give that one.",
            path=str(film),
        ) from error
    run.intermediate(copy, retained=False, reason="mkvmerge cannot read the film's container")
    return matroska.identify(copy, run.work_folder), copy, media.probe(copy)


def rescued(
    run: StageRun, film: Path, lost: Sequence[media.Stream], *, keep_default_subtitles: bool
) -> list[tuple[Path, Sequence[matroska.SourceTrack]]]:
    """Return the film's own subtitle tracks in a file that mkvmerge can read, where it cannot read them in the film."""
    copy = run.work_folder / "film_subtitles.mks"
    subtitles = [stream for stream in lost if stream.kind == "subtitle"]
    unread = [stream for stream in lost if stream.kind != "subtitle"]
    if subtitles:
        try:
            media.copy_streams(film, copy, subtitles)
        except MediaError as error:
            log.info("%s", error)
            unread, subtitles = [*unread, *subtitles], []
    if unread:
        names = ", ".join(f"{stream.index} ({stream.kind}, {stream.codec})" for stream in unread)
        run.warn(f"Streams of the film that cannot be put into Matroska are left out: {names}.")
    if not subtitles:
        return []
    log.info("mkvmerge cannot read the film's own subtitles (%s): ffmpeg copied them", subtitles[0].codec)
    run.intermediate(copy, retained=False, reason="mkvmerge cannot read the film's own subtitles")
    source = matroska.identify(copy, run.work_folder)
    held = replace(media.probe(copy), streams=tuple(subtitles))
    return [(copy, plan.source_tracks(source, held, keep_default_subtitles=keep_default_subtitles))]


def main(argv: list[str] | None = None) -> int:
    """Run the stage."""
    return run_stage("mux", parser(), work, argv)


if __name__ == "__main__":
    sys.exit(main())
