"""What of a film is not heard although it lies in the file: parts that ffmpeg reads no more, holes, damaged sound.

Files that someone put together byte by byte (``cat a.mp4 b.mp4``) are the film of their first part to every program
that reads them, and a download of which pieces are missing in the middle is as long as it should be. Neither shows in
a length: so the file's bytes, and the times of its packets, are held against what was heard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from samvad.core import files
from samvad.core.errors import MediaError
from samvad.documents.film_clock import FilmClock
from samvad.documents.probe import AudioTrack
from samvad.media import chunks
from samvad.media.clock import Film, Reach
from samvad.stages.demux.extract import Extracted

#: How files begin that begin anew within another, by ffmpeg's names of containers. Others are read to their end.
_BEGINNINGS: dict[str, tuple[re.Pattern[bytes], ...]] = {
    # A box of a file's kind, or of a fragment: its name, what stands before it, and what follows in it. The name comes
    # first in the pattern: one that begins with zeros takes 37 s for a GB of them.
    "mov,mp4,m4a,3gp,3g2,mj2": (
        re.compile(rb"ftyp(?<=\0\0[\0\1][\x08-\xff]ftyp)[\x20-\x7e]{4}"),
        re.compile(rb"moof(?<=\0[\0-\xff]{3}moof)\0\0\0\x10mfhd"),
    ),
    # Not the content of an attachment, which an element FileData, with its length in 1 to 8 bytes, stands before.
    "matroska,webm": (
        re.compile(
            rb"\x1a\x45\xdf\xa3"
            + b"".join(rb"(?<!\x46\x5c.{%d}\x1a\x45\xdf\xa3)" % size for size in range(1, 9))
            + rb".{1,60}(?:matroska|webm)",
            re.DOTALL,
        ),
    ),
    "flv": (re.compile(rb"FLV\x01[\x01\x04\x05]\0\0\0\x09"),),
    "asf": (re.compile(re.escape(bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"))),),
    "wtv": (re.compile(re.escape(bytes.fromhex("b7d800203749da11a64e0007e95ead8d"))),),
    "wav": (re.compile(rb"R(?:IFF|F64).{4}WAVE", re.DOTALL),),
    "aiff": (re.compile(rb"FORM.{4}AIF[FC]", re.DOTALL),),
    "w64": (re.compile(re.escape(bytes.fromhex("726966662e91cf11a5d628db04c10000"))),),
    "caf": (re.compile(rb"caff\0\x01\0\0desc"),),
}
#: Chunks and boxes that hold what is seen and heard; what lies in others (``free``, ``uuid``, ``LIST``) is not missed.
_OF_FILM = frozenset({b"data", b"SSND", b"mdat", b"moof", b"ftyp"})
#: Containers in which nothing but the film itself stands at the end, and how much of them at least is told where it is
#: not read: of the file, and in bytes.
_READ_TO_THE_END = frozenset({"mpegts", "mpeg", "flv", "wav", "w64", "aiff"})
_REST_SHARE, _REST_BYTES = 0.05, 1 << 16
_BLOCK_BYTES, _OVERLAP_BYTES = 4 << 20, 80
#: Less than this in all is no reason to warn: recordings lose a packet here and there.
_NOTICED_MS = 1_000
#: So many holes are told.
_TOLD = 5
_TO_JOIN = "Give its parts one by one, or join these with a program that knows films (`mkvmerge -o film.mkv A + B`)"
_AS_IT_IS = "; or set demux.min_decoded_share lower to go on with what is there."


@dataclass(frozen=True)
class _Missing:
    """What is not heard.

    Attributes:
        what: as a clause that follows the film's name.
        share: of the film, 0 to 1.
        remedy: what to do.
    """

    what: str
    share: float
    remedy: str


def check(film: Film, track: AudioTrack, clock: FilmClock, reach: Reach, sound: Extracted, share: float) -> list[str]:
    """Check that what lies in a film is heard; return what is to be warned of.

    Args:
        film: the film.
        track: the audio track that was decoded.
        clock: of the film.
        reach: of its packets, for that track.
        sound: what was decoded.
        share: how much of what is there must be heard, 0 to 1.

    Raises:
        MediaError: less is heard, since something else begins in the file where ffmpeg stops, or begins anew.
    """
    warnings = []
    behind = _behind(film, clock, reach)
    # Where times may leap, ffmpeg puts the parts one after the other, and all is heard.
    again = None if film.start.leaps else _again(clock, track, reach)
    for missing in filter(None, (behind, again, _twice(clock, track, reach))):
        if missing.share > 1 - share:
            raise MediaError(f"{str(film.path)!r} {missing.what}.", missing.remedy + _AS_IT_IS, path=str(film.path))
        warnings.append(f"The film {missing.what}.")
    rest = "" if behind else _rest(film, reach)
    return [*warnings, *filter(None, (rest, _holes(clock, track), _damaged(reach, sound), _late(reach)))]


def _behind(film: Film, clock: FilmClock, reach: Reach) -> _Missing | None:
    """Return what another beginning, in what lies behind all that ffmpeg reads of a file, makes of it."""
    size = film.path.stat().st_size
    begins = _BEGINNINGS.get(film.header.container)
    if begins is None or not 0 < reach.bytes < size:
        return None
    known = [chunk for chunk in chunks.read(film.path, film.header.container) if chunk.name not in _OF_FILM]
    found = _found(film.path, begins, reach.bytes)
    # What lies in a box of its own (``free``, ``uuid``, ``udta``), such as a cover, is no part of the film.
    at = next((at for at in found if not any(chunk.data <= at[0] < chunk.ends <= size for chunk in known)), None)
    if at is None:
        return None
    is_fragment = b"moof" in at[1]
    what = "a part of it that cannot be reached" if is_fragment else "another file begins"
    place = f"after {clock.duration_ms / 1000:.1f} s, at byte {at[0]:,} of {size:,}"
    told = f"goes on where ffmpeg stops: {place}, {what}"
    remedy = "Copy it again" if is_fragment else _TO_JOIN
    return _Missing(f"{told}, of which nothing is seen or heard", (size - at[0]) / size, remedy)


def _rest(film: Film, reach: Reach) -> str:
    size = film.path.stat().st_size
    least = max(_REST_BYTES, size * _REST_SHARE)
    if film.header.container not in _READ_TO_THE_END or not reach.bytes or size - reach.bytes < least:
        return ""
    # Behind the sound, other chunks may follow: covers, lists, a program's own notes.
    others = (chunk for chunk in chunks.read(film.path, film.header.container) if chunk.name not in _OF_FILM)
    begins = max([reach.bytes, *(chunk.ends for chunk in others if chunk.ends <= size)])
    if _filled(film.path, begins) < least:
        return ""
    told = f"Nothing of the film can be read behind byte {reach.bytes:,} of {size:,}"
    return f"{told}: what follows is encrypted, damaged, or beyond what its header names. Is the film whole?"


def _filled(path: Path, start: int) -> int:
    """Return how many bytes of a file are no padding, from one on: recorders preallocate, and fill up to a rate."""
    filled = 0
    with files.disk_errors(path, "read"), path.open("rb") as file:
        file.seek(start)
        while block := file.read(_BLOCK_BYTES):
            filled += len(block.translate(None, b"\0\xff"))
    return filled


def _found(path: Path, begins: tuple[re.Pattern[bytes], ...], start: int) -> Iterator[tuple[int, bytes]]:
    """Return where, from a byte on, one of some patterns is found in a file, and what it is there."""
    with files.disk_errors(path, "read"), path.open("rb") as file:
        file.seek(start)
        before = b""
        while block := file.read(_BLOCK_BYTES):
            data = before + block
            for found in (found for pattern in begins for found in pattern.finditer(data)):
                yield start - len(before) + found.start(), found[0]
            start += len(block)
            before = data[-_OVERLAP_BYTES:]


def _again(clock: FilmClock, track: AudioTrack, reach: Reach) -> _Missing | None:
    """Return what times that go back make of a sound: what comes then counts for what was heard already."""
    if reach.again_at_ms is None or reach.again_ms < _NOTICED_MS:
        return None
    at, lost = reach.again_at_ms / 1000, reach.again_ms / 1000
    told = f"goes back in time at {at:.1f} s: {lost:.1f} s of the sound that follow are not heard"
    span = clock.of(track.stream)
    whole_ms = reach.again_ms + (span.end_ms - span.start_ms if span else 0)
    return _Missing(f"{told}, as if several files were put one behind the other", reach.again_ms / whole_ms, _TO_JOIN)


def _twice(clock: FilmClock, track: AudioTrack, reach: Reach) -> _Missing | None:
    """Return what times that several packets of a sound share make of it: fragments that name wrong times have such."""
    span = clock.of(track.stream)
    if reach.twice_ms < _NOTICED_MS or span is None:
        return None
    told = f"has {reach.twice_ms / 1000:.1f} s of sound at times that other sound has already: its times are wrong"
    share = reach.twice_ms / max(reach.twice_ms, span.end_ms - span.start_ms)
    return _Missing(told, share, "Make it anew from its source")


def _late(reach: Reach) -> str:
    if reach.late_at_ms is None or not reach.late_ms:
        return ""
    at, late = f"{reach.late_at_ms / 1000:.1f} s", f"{reach.late_ms} ms late beside the picture"
    return (
        f"The sound's times go back at {at}, and it may be {late} from there on, and the subtitles with it. Look "
        "whether lips and sound agree; give the parts one by one where they don't."
    )


def _holes(clock: FilmClock, track: AudioTrack) -> str:
    span = clock.of(track.stream)
    gaps = span.gaps_ms if span else ()
    lost_ms = sum(end - begin for begin, end in gaps)
    if lost_ms < _NOTICED_MS:
        return ""
    longest = sorted(sorted(gaps, key=lambda gap: gap[0] - gap[1])[:_TOLD])
    places = ", ".join(f"{begin / 1000:.1f} to {end / 1000:.1f} s" for begin, end in longest)
    more = f", and {len(gaps) - _TOLD} more places" if len(gaps) > _TOLD else ""
    told = f"{lost_ms / 1000:.1f} s of the sound are not in the film ({places}{more})"
    return f"{told}: silence stands there. Is the film whole?"


def _damaged(reach: Reach, sound: Extracted) -> str:
    lost_ms = sound.undecoded * reach.packet_ms
    if lost_ms < _NOTICED_MS:
        return ""
    return (
        f"{lost_ms / 1000:.1f} s of the sound are damaged and cannot be decoded ({sound.undecoded} packets): "
        "silence stands in their places. Is the film whole? Where it is not, copy it again."
    )
