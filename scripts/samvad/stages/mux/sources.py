"""The files from which mkvmerge takes a film's streams: the film, or copies where it cannot, or reads it wrongly."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from samvad.core.errors import MediaError
from samvad.media import ffmpeg, ffprobe, film_headers, moments
from samvad.media.clock import Film, Start
from samvad.media.film_headers import Header, Stream
from samvad.runner.stage_run import StageRun
from samvad.stages.mux import beginning, compared, lossless, matroska, media, plan
from samvad.stages.mux.film import FilmFile

log = logging.getLogger(__name__)

#: A picture of MPEG-PS without a time of its own gets one by the picture that is decoded next (``genpts``): at a leap,
#: that lies hours away.
_NO_TIME_BEYOND_A_LEAP = r"setts=pts=if(gt(abs(PTS-DTS)*TB\,5)\,DTS+DURATION\,PTS)"


@dataclass(frozen=True)
class Taken:
    """The files that mkvmerge is to read, and what it takes of each.

    Attributes:
        files: each with its tracks; the film's pictures and sounds are in the first.
        film: the file that holds the film's streams in their times: the film itself, or the copy that stands in for it.
        chapters_ms: what puts the chapters on the film's clock: mkvmerge moves none, whatever it does with tracks.
        encoded: what of the film's picture was encoded anew, in words; empty where nothing was.
    """

    files: tuple[tuple[Path, tuple[matroska.SourceTrack, ...]], ...]
    film: FilmFile
    chapters_ms: int = 0
    encoded: str = ""

    @property
    def tracks(self) -> list[matroska.SourceTrack]:
        """Return all tracks."""
        return [track for _, tracks in self.files for track in tracks]

    def moved(self, by_ms: Iterable[int]) -> Taken:
        """Return the same with so many ms added to each track's times, in order."""
        steps = iter(by_ms)
        moved = tuple(
            (path, tuple(replace(track, sync_ms=track.sync_ms + next(steps)) for track in tracks))
            for path, tracks in self.files
        )
        return replace(self, files=moved)


def direct(run: StageRun, film: FilmFile, *, keep_default_subtitles: bool) -> Taken | str:
    """Let mkvmerge read the film itself; return why it cannot, where that is known beforehand."""
    if film.leaps:
        return "its times leap"
    if film.header.container == ffprobe.TRANSPORT_STREAM and film.zero_us < 0:
        # ffmpeg counts back from there; mkvmerge goes on 26 hours later.
        return "its times begin anew within it"
    if film.begins_early:
        return "its picture begins within a group of pictures, which an edit list hides"
    wrong = [stream for stream in film.streams if lossless.misread(film.header, stream)]
    if wrong:
        return "mkvmerge misreads its " + ", ".join(sorted({stream.codec for stream in wrong}))
    source = matroska.identify(film.path, run.work_folder)
    lost = [stream for stream in plan.lost_streams(source, film.header) if stream.kind != "subtitle"]
    if not source.readable or lost:
        found = ", ".join(sorted({stream.codec for stream in lost})) or film.header.container
        return f"mkvmerge does not read its {found}"
    tracks = plan.source_tracks(source, film.header, keep_default_subtitles=keep_default_subtitles)
    files = [(film.path, tracks)]
    if plan.lost_streams(source, film.header) or plan.endless_subtitles(film.header, film.duration_ms):
        files = [(film.path, [track for track in tracks if track.kind != "subtitle"])]
        files += _subtitles(run, film, keep_default_subtitles=keep_default_subtitles)
    chapters_ms = -round(film.zero_us / 1000)
    return _on_clock(Taken(tuple((path, tuple(found)) for path, found in files), film, chapters_ms))


def copied(
    run: StageRun,
    film: FilmFile,
    anew: frozenset[int],
    *,
    keep_default_subtitles: bool,
    whole_picture: bool = False,
) -> Taken:
    """Let ffmpeg copy the film's pictures and sounds into Matroska first, and mkvmerge read that.

    Args:
        run: the stage.
        film: the film.
        anew: sounds (as ffmpeg numbers streams) that are decoded, and kept without loss.
        keep_default_subtitles: whether the film's own default subtitle track stays one.
        whole_picture: whether all of a picture is encoded that begins early, not only what is before its first key.

    Raises:
        MediaError: ffmpeg cannot.
    """
    early = film.begins_early
    plan.check_space(run.job_folder, film.path, copies=4 if early else 2)
    copy = run.work_folder / "film_copy.mkv"
    whole = beginning.joined(run, film, early) if early and not whole_picture else None
    # MPEG-PS and AVI have pictures without a time of their own, which Matroska must have.
    source = film.film.source(autorotate=0, fflags="+genpts")
    streams = [source[str(stream.index)] for stream in film.streams]
    codecs: dict[str, str | int | list[str] | None] = {}
    for place, stream in enumerate(film.streams):
        codecs |= lossless.codec(place, stream, decoded=stream.index in anew)
        if film.leaps and _anew(stream, anew):  # as stage 01 heard it, with no overlap after a leap
            in_time = ffmpeg.sound_in_time(moments.shape(stream)[0], film.film.off_seconds)
            codecs[f"filter:{place}"] = in_time
        if film.leaps and stream.kind == "video" and film.header.container == "mpeg":
            codecs[f"bsf:{place}"] = _NO_TIME_BEYOND_A_LEAP
        if film.hidden and stream is film.hidden.stream:
            codecs[f"copypriorss:{place}"] = 0  # what is hidden stays out
            if whole is not None:
                streams[place] = whole
            elif early:
                codecs |= beginning.encoder(place, stream.codec)
    try:
        media.write(
            streams,
            film.path,
            copy,
            {**codecs, "f": "matroska", "map_chapters": 0},
            read_along=film.film.read_along,
        )
    except MediaError as error:
        raise MediaError(
            f"{str(film.path)!r} cannot be put into Matroska: {error.what}",
            "Its subtitles are in 09_subtitle_gen; or convert the film to MKV or MP4 and give that one.",
            path=str(film.path),
        ) from error
    run.intermediate(copy, retained=False, reason="mkvmerge cannot read the film as it is")
    header = film_headers.read(copy)
    source_tracks = plan.source_tracks(
        matroska.identify(copy, run.work_folder), _as_in_film(header, film), keep_default_subtitles=True
    )
    files = [(copy, source_tracks), *_subtitles(run, film, keep_default_subtitles=keep_default_subtitles)]
    # ffmpeg writes no time before zero: priming samples move all that follows them.
    cut = film.hidden.stream if film.hidden else None
    copies = [stream for stream in film.streams if stream is not cut and not _anew(stream, anew)]
    zero_us = -film.first_us(copies)
    begins = Start(max(0, zero_us), round(header.start_seconds * 1e6), leaps=False)
    stands_in = FilmFile(Film(copy, header, begins), leaps=False, duration_ms=film.duration_ms)
    taken = Taken(
        tuple((path, tuple(tracks)) for path, tracks in files),
        stands_in,
        encoded=beginning.told(early, cut=whole is not None),
    )
    return _on_clock(taken)


def _anew(stream: Stream, anew: frozenset[int]) -> bool:
    return lossless.codec(0, stream, decoded=stream.index in anew)["c:0"] != "copy"


def _as_in_film(header: Header, film: FilmFile) -> Header:
    """Return a copy's header with the flags that its streams have in the film."""
    streams = []
    for kind in ("video", "audio"):
        own = [stream for stream in film.streams if stream.kind == kind]
        made = header.of_kind(kind)
        streams += [
            replace(copy, default=stream.default, forced=stream.forced, hearing_impaired=stream.hearing_impaired)
            for copy, stream in zip(made, own, strict=True)
        ]
    return replace(header, streams=tuple(streams))


def _on_clock(taken: Taken) -> Taken:
    """Return tracks moved as far as it can be told beforehand that mkvmerge would move them.

    It keeps Matroska's times as they are. Of other files it makes the earliest time zero, that of priming samples too,
    which are not heard: what they take goes off all tracks, and the priming samples with it. What moves besides, the
    proof finds.
    """
    film = taken.film
    if film.header.container.startswith("matroska"):
        by_ms = -round(film.zero_us / 1000)
    else:
        by_ms = min(0, round(film.first_us(film.streams) / 1000))
        if by_ms > -compared.SHIFT_MS:
            by_ms = 0  # nobody notices, and a packet that begins before zero would go as a whole
    main = len(taken.files[0][1])
    return taken.moved([by_ms] * main + [0] * (len(taken.tracks) - main))


def _subtitles(
    run: StageRun, film: FilmFile, *, keep_default_subtitles: bool
) -> list[tuple[Path, list[matroska.SourceTrack]]]:
    """Return the film's own subtitle tracks in a file that mkvmerge can read, on the film's clock."""
    wanted = film.header.of_kind("subtitle")
    copy = run.work_folder / "film_subtitles.mks"
    held = _copy_subtitles(film, copy, wanted)
    if len(held) < len(wanted):
        lost = [stream for stream in wanted if stream not in held]
        run.warn(f"Streams of the film that cannot be put into Matroska are left out: {media.named(lost)}.")
    if not held:
        return []
    log.info("ffmpeg copied the film's own subtitles (%s)", held[0].codec)
    run.intermediate(copy, retained=False, reason="mkvmerge cannot read the film's own subtitles")
    source = matroska.identify(copy, run.work_folder)
    header = replace(film_headers.read(copy), streams=tuple(held))
    return [(copy, plan.source_tracks(source, header, keep_default_subtitles=keep_default_subtitles))]


def _copy_subtitles(film: FilmFile, copy: Path, wanted: Sequence[Stream]) -> list[Stream]:
    """Copy those subtitle tracks of a film that Matroska can hold into a file of their own; return them."""
    held = list(wanted)
    while held:
        try:
            media.copy_subtitles(film.film, copy, held, film.duration_ms)
        except MediaError as error:
            log.info("%s", error)
            # ffmpeg says of none which one it was: each is tried by itself.
            held = [stream for stream in held if len(held) > 1 and _holds(film, copy, stream)]
        else:
            break
    return held


def _holds(film: FilmFile, copy: Path, stream: Stream) -> bool:
    try:
        media.copy_subtitles(film.film, copy, [stream], film.duration_ms)
    except MediaError:
        return False
    return True
