"""Decide what goes into the subtitled film, and check that it is what came out."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from samvad.core import files
from samvad.core.errors import DiskError, SamvadError, ToolError
from samvad.media import made_here
from samvad.media.film_headers import Header, Stream
from samvad.media.film_packets import playing_span_ms
from samvad.stages.mux.matroska import Identified, NewTrack, SourceTrack
from samvad.stages.mux.media import KINDS
from samvad.text import languages

#: How much the duration may differ: containers round, and tracks end within a few frames of each other.
_TOLERANCE_MS = 200
#: A subtitle that stands so long after the film's end has no true one.
_ENDLESS_MS = 10_000


@dataclass(frozen=True)
class Subtitles:
    """A track that stage 09 made.

    Attributes:
        language: short code.
        translated: whether that is not the language spoken.
        cues: how many it has.
        path: the file that is put into the film.
        hearing_impaired: whether it is for the deaf and hard of hearing.
        forced: whether it shows only what is spoken in foreign languages.
        second: short code of a second language in it, below the first; empty where there is none.
        further: whether it is made of other tracks: no player is to show it by itself, but for a forced one.
    """

    language: str
    translated: bool
    cues: int
    path: Path
    hearing_impaired: bool = False
    forced: bool = False
    second: str = ""
    further: bool = False

    @property
    def name(self) -> str:
        """Return what players show: its languages, and what it is for."""
        spoken = " + ".join(languages.name(code) for code in (self.language, self.second) if code)
        return f"{spoken}{' SDH' if self.hearing_impaired else ''}{' forced' if self.forced else ''} {made_here.MARK}"


def in_wanted_order(tracks: Sequence[Subtitles], wanted: Sequence[str]) -> list[Subtitles]:
    """Return the tracks in the order of the film's targets, and any other after them."""
    place = {language: index for index, language in reversed(list(enumerate(wanted)))}
    return sorted(tracks, key=lambda track: place.get(track.language, len(wanted)))


def default_track(tracks: Sequence[Subtitles], choice: str) -> int | None:
    """Return the number of the track that players are to show by themselves, or None.

    Args:
        tracks: in the order of the result.
        choice: ``translated``: the first that is not in the language spoken; ``first``; or ``none``. Empty tracks
            are passed over.
    """
    return next(
        (
            index
            for index, track in enumerate(tracks)
            if track.cues and not track.further and (choice == "first" or (choice == "translated" and track.translated))
        ),
        None,
    )


def new_tracks(tracks: Sequence[Subtitles], choice: str) -> list[NewTrack]:
    """Return what is to be put into the film."""
    default = default_track(tracks, choice)
    return [
        NewTrack(
            track.path,
            track.language,
            track.name,
            index == default,
            track.hearing_impaired,
            track.forced,
        )
        for index, track in enumerate(tracks)
    ]


def source_tracks(source: Identified, film: Header, *, keep_default_subtitles: bool) -> list[SourceTrack]:
    """Return the flags of the film's own tracks: as they are, but one default subtitle track at most in the result.

    mkvmerge and ffprobe count differently, but in the same order within a kind; where their counts differ, the first
    track of a kind is taken for the default one.
    """
    made = []
    for kind in KINDS:
        numbers = [track.id for track in source.of_kind(kind)]
        streams: Sequence[Stream | None] = film.of_kind(kind)
        if len(streams) != len(numbers):
            streams = [None] * len(numbers)
        for place, (number, stream) in enumerate(zip(numbers, streams, strict=True)):
            default = stream.default if stream else place == 0 and kind != "subtitle"
            if kind == "subtitle" and not keep_default_subtitles:
                default = False
            forced, impaired = bool(stream and stream.forced), bool(stream and stream.hearing_impaired)
            made.append(SourceTrack(number, kind, default, forced, impaired))
    return made


def lost_streams(source: Identified, film: Header) -> list[Stream]:
    """Return the streams that mkvmerge does not read: all of a kind when it reads fewer of that kind than there are."""
    return [
        stream for kind in KINDS if len(source.of_kind(kind)) < len(film.of_kind(kind)) for stream in film.of_kind(kind)
    ]


def endless_subtitles(film: Header, duration_ms: int) -> bool:
    """Return whether a subtitle track of the film makes its container state a length that no picture or sound has."""
    stated_ms = max((stream.ends_ms or 0 for stream in film.of_kind("subtitle")), default=0)
    stated_ms = max(stated_ms, film.duration_ms or 0) if film.of_kind("subtitle") else 0
    return stated_ms > duration_ms + _ENDLESS_MS


def check_space(folder: Path, film: Path, copies: int) -> None:
    """Check that so many copies of the film fit.

    Raises:
        DiskError: they do not.
    """
    needed = files.room_for_copies(film.stat().st_size, copies)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskError(
            f"{folder} has {files.megabytes(free)} left, but a subtitled copy of {str(film)!r} needs "
            f"{files.megabytes(needed)}.",
            "Free some space, or set output_root to a folder on another disk, and run again.",
            path=str(folder),
        )


def check_result(
    result: Header, identified: Identified, expected: Mapping[str, int], new: Sequence[NewTrack], film: Path
) -> None:
    """Check that all streams have come through, and the new ones with their languages, names and flags.

    Args:
        result: what ffprobe finds in the result.
        identified: what mkvmerge finds in it.
        expected: how many streams of each kind it must have.
        new: the tracks that were put in; they come last.
        film: for messages.

    Raises:
        SamvadError: something is not as it must be.
    """
    wrong = []
    for kind, count in expected.items():
        for tool, found in (("ffprobe", len(result.of_kind(kind))), ("mkvmerge", len(identified.of_kind(kind)))):
            if found != count:
                wrong.append(f"{tool} finds {found} {kind} streams, not {count}")
    if not wrong and new:
        streams, tracks = result.of_kind("subtitle")[-len(new) :], identified.of_kind("subtitle")[-len(new) :]
        for stream, track, asked in zip(streams, tracks, new, strict=True):
            if languages.from_tag(track.language) != asked.language:
                wrong.append(f"stream {stream.index} is tagged {track.language}, not {asked.language}")
            found_flags = (stream.title, stream.default, stream.forced, stream.hearing_impaired)
            flags = (asked.default, asked.forced, asked.hearing_impaired)
            if found_flags != (asked.name, *flags) or (track.default, track.forced, track.hearing_impaired) != flags:
                wrong.append(f"stream {stream.index} has not the name and flags of {asked.name}")
    if wrong:
        raise SamvadError(
            f"The subtitled film of {str(film)!r} is not what was asked for: {'; '.join(wrong)}.",
            "Please report this with the log.",
            path=str(film),
        )


def check_kept(result: Identified, attached: Sequence[Path], film: Header, path: Path) -> None:
    """Check that the film's chapters have come through, and that the fonts are attached.

    Raises:
        SamvadError: something is not as it must be.
    """
    wrong = [f"the font {font.name} is not attached" for font in attached if font.name not in result.attachments]
    if film.chapters and result.chapters < film.chapters:
        wrong.append(f"it has {result.chapters} chapters, not {film.chapters}")
    own = sum(1 for stream in film.streams if stream.kind == "attachment" and stream.codec != "mjpeg")
    if result.attachments and len(result.attachments) < own:
        wrong.append(f"it has {len(result.attachments)} attachments, not {own}")
    if wrong:
        raise SamvadError(
            f"The subtitled film of {str(path)!r} is not what was asked for: {'; '.join(wrong)}.",
            "Please report this with the log.",
            path=str(path),
        )


def check_duration(film: Path, target: Path, declared_ms: int, result: Header) -> int:
    """Check that the result is as long as the film, and return its duration in milliseconds.

    Args:
        film: the film.
        target: the result.
        declared_ms: the film's duration as stage 01 found it.
        result: what ffprobe finds in the result.

    Raises:
        ToolError: it is not.
    """
    film_ms, made_ms = declared_ms, result.duration_ms or 0
    if abs(made_ms - film_ms) > _TOLERANCE_MS:
        # The two containers may measure differently, or the film's header may be wrong: look at the packets.
        film_ms, made_ms = playing_span_ms(film), playing_span_ms(target)
    if abs(made_ms - film_ms) > _TOLERANCE_MS:
        raise ToolError(
            f"The subtitled film plays for {made_ms / 1000:.3f} s, but {str(film)!r} for {film_ms / 1000:.3f} s.",
            "Play the film to see whether it is whole; if it is, please report this with the log.",
            path=str(film),
        )
    return made_ms
