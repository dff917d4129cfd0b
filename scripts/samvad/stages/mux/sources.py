"""The files from which mkvmerge takes a film's own streams: the film, or copies where it cannot read it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from samvad.core.errors import MediaError
from samvad.media import ffprobe
from samvad.media.ffprobe import Header, Stream
from samvad.runner.stage_run import StageRun
from samvad.stages.mux import matroska, media, plan

log = logging.getLogger(__name__)


def find(
    run: StageRun, film: Path, held: Header, *, keep_default_subtitles: bool
) -> tuple[list[tuple[Path, Sequence[matroska.SourceTrack]]], int]:
    """Return the files that hold the film's streams for mkvmerge, with flags, and the shift of the new tracks in ms.

    That is the film itself. Where mkvmerge cannot read its container, or not all its sound and pictures, ffmpeg first
    copies the streams into Matroska; where it cannot read its subtitles, ffmpeg copies those.
    """
    source, path = matroska.identify(film, run.work_folder), film
    lost = plan.lost_streams(source, held)
    if not source.readable or any(stream.kind != "subtitle" for stream in lost):
        source, path, held = _copy_film(run, film, held, source)
        lost = plan.lost_streams(source, held)
    # Matroska's times are kept as they are, while stage 01 counts from the film's first moment; mkvmerge itself
    # counts from there in all other containers.
    sync_ms = held.start_ms if source.container == "Matroska" else 0
    taken = plan.source_tracks(source, held, keep_default_subtitles=keep_default_subtitles)
    copied = _rescued(run, path, lost, keep_default_subtitles=keep_default_subtitles) if lost else []
    if copied:
        taken = [track for track in taken if track.kind != "subtitle"]
    return [(path, taken), *copied], sync_ms


def _copy_film(
    run: StageRun, film: Path, held: Header, source: matroska.Identified
) -> tuple[matroska.Identified, Path, Header]:
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
    return matroska.identify(copy, run.work_folder), copy, ffprobe.read_header(copy)


def _rescued(
    run: StageRun, film: Path, lost: Sequence[Stream], *, keep_default_subtitles: bool
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
    held = replace(ffprobe.read_header(copy), streams=tuple(subtitles))
    return [(copy, plan.source_tracks(source, held, keep_default_subtitles=keep_default_subtitles))]
