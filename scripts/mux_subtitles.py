"""Stage 10: put the subtitles beside the film's own streams, in Matroska or MP4; draw them into it, if asked for."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from samvad.core import files, typed_json
from samvad.documents import probe as probe_document
from samvad.documents import stage_manifest
from samvad.documents.subtitles import formats
from samvad.media import ffprobe
from samvad.runner.stage_run import Skipped, StageRun, run_stage
from samvad.stages.mux import burn, installed_fonts, matroska, media, mp4, plan, sources, tracks
from samvad.stages.mux.options import STAGE, Options

log = logging.getLogger(__name__)


def work(run: StageRun, options: Options) -> None:
    """Write ``<film>.mkv`` or ``<film>.mp4``."""
    probe = probe_document.read(run.read("demux", "probe"))
    film = run.read_film(options.film_file).absolute()
    if probe.video is None:
        raise Skipped("the film has no video stream; its subtitles are in 09_subtitle_gen")
    run.used(**{name: stage_manifest.tool_version(name) for name in ("mkvmerge", "ffmpeg", "ffprobe")})
    kind = options.subtitle_format if options.container == "mkv" else "srt"
    subtitles = tracks.read(run, options.languages, kind)
    new = plan.new_tracks(subtitles, options.default_track)
    drawn = tracks.to_burn(subtitles, options.burn_in, plan.default_track(subtitles, options.default_track))
    font = installed_fonts.drawing(cue.text for cue in formats.read(drawn.path).cues) if drawn else None
    for place in dict.fromkeys((run.job_folder, run.work_folder)):  # the job first: it is what the user knows
        plan.check_space(place, film, copies=2 if drawn else 1)

    target = run.work_folder / f"{run.film}.{options.container}"
    log.info("Writing %s with %d new subtitle tracks", target.name, len(new))
    if options.container == "mp4":
        write_mp4(run, options, film, target, new, probe.duration_ms)
    else:
        attached = tracks.fonts_for(run, subtitles) if kind == "ass" else []
        write_matroska(run, options, film, target, new, probe, attached)
    if drawn and font:
        write_burned(run, options, film, drawn, font, probe)
    run.metadata("default_track", next((track.language for track in new if track.default), None))


def write_matroska(
    run: StageRun,
    options: Options,
    film: Path,
    target: Path,
    new: Sequence[matroska.NewTrack],
    probe: probe_document.Probe,
    attached: Sequence[Path],
) -> None:
    """Write the film with mkvmerge, and check what has come of it."""
    held = ffprobe.read_header(film)
    taken, sync_ms = sources.find(run, film, held, keep_default_subtitles=not any(track.default for track in new))
    seed = "-".join([probe.checksum, *(files.sha256_of(track.path) for track in new)])
    arguments = matroska.options(target, options.title, taken, new, sync_ms, seed, attached)
    for warning in matroska.multiplex(arguments, run.work_folder, film):
        run.warn(f"mkvmerge: {warning}")
    matroska.write_title(target, options.title)
    own = [track for _, found in taken for track in found]
    expected = {kind: sum(1 for track in own if track.kind == kind) for kind in media.KINDS}
    expected["subtitle"] += len(new)
    result = ffprobe.read_header(target)
    identified = matroska.identify(target, run.work_folder)
    plan.check_result(result, identified, expected, new, film)
    plan.check_kept(identified, attached, held, film)
    record_metrics(run, target, film, probe.duration_ms, result, len(new), len(own))


def write_mp4(
    run: StageRun,
    options: Options,
    film: Path,
    target: Path,
    new: Sequence[matroska.NewTrack],
    declared_ms: int,
) -> None:
    """Write the film with ffmpeg, and check what has come of it."""
    own, lost = mp4.kept(ffprobe.read_header(film))
    if lost:
        names = ", ".join(f"{stream.index} ({stream.kind}, {stream.codec})" for stream in lost)
        run.warn(f"Streams of the film that MP4 cannot hold are left out: {names}. Matroska keeps them.")
    keep = not any(track.default for track in new)
    mp4.write(target, film, own, new, options.title, run.work_folder, keep_default_subtitles=keep)
    result = ffprobe.read_header(target)
    mp4.check(result, own, new, film)
    record_metrics(run, target, film, declared_ms, result, len(new), len(own))


def write_burned(
    run: StageRun,
    options: Options,
    film: Path,
    track: plan.Subtitles,
    font: installed_fonts.Font,
    probe: probe_document.Probe,
) -> None:
    """Write a copy of the film with a track drawn into its picture, and the sound that was recognised."""
    target = run.work_folder / f"{run.film}.{track.language}.burned.mp4"
    log.info("Drawing the subtitles in %s into the picture", track.language)
    picture = next(stream for stream in ffprobe.read_header(film).of_kind("video") if stream.picture)
    sound = probe.audio[probe.chosen_audio_track].stream if probe.audio else None
    burn.burn(film, (picture, sound), track.path, font, target, run.work_folder, options.burn_in_crf, run.threads)
    result = ffprobe.read_header(target)
    plan.check_duration(film, target, probe.duration_ms, result)
    run.output(target.name, "burned_film", ffprobe.of(target, result))
    run.metadata("burned", {"language": track.language, "font": font.family, "crf": options.burn_in_crf})


def record_metrics(
    run: StageRun, target: Path, film: Path, declared_ms: int, result: ffprobe.Header, new: int, own: int
) -> None:
    """Check the result's duration and record the result."""
    duration_ms = plan.check_duration(film, target, declared_ms, result)
    film_facts = ffprobe.of(target, result)
    run.output(target.name, "subtitled_film", film_facts)
    run.metric("duration", duration_ms / 1000, "s")
    run.metric("new_subtitle_tracks", new, "tracks")
    run.metric("own_streams", own, "streams")
    run.metadata("streams", typed_json.plain(film_facts.streams))


def main(argv: list[str] | None = None) -> int:
    """Run the stage."""
    return run_stage(STAGE, work, argv)


if __name__ == "__main__":
    sys.exit(main())
