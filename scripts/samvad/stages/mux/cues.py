"""The cues of the new tracks: none outside the film goes in, and every one is read back from the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from samvad.core.errors import SamvadError, ToolError
from samvad.core.times import clock
from samvad.documents.mux_proof import TrackProof
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.media import ffmpeg
from samvad.media.film_headers import Stream
from samvad.stages.mux.matroska import NewTrack

#: An end that is cut by more than this is told: a cue may stand a little longer than the last picture.
_TOLD_MS = 1000
#: How far a time may be off: Matroska's steps are 1 ms, SubStation Alpha's 10 ms.
_OFF_MS = 10
#: So many cues are named in a message.
_NAMED = 3


def within(cues: Sequence[Cue], duration_ms: int) -> tuple[list[Cue], list[str]]:
    """Return the cues that a film can show, ended with it at the latest, and in words what became of the others.

    A cue after the film's end would make the film as long as that: ten hours, where an editor slipped. A length of 0 is
    one that nobody knows.
    """
    duration_ms = duration_ms or max((cue.end_ms for cue in cues), default=0)
    kept: list[Cue] = []
    faults: list[str] = []
    for cue in cues:
        if cue.end_ms <= cue.start_ms:
            faults.append(f"the one at {clock(cue.start_ms)} ends before it begins, and is left out")
        elif cue.start_ms >= duration_ms:
            faults.append(f"the one at {clock(cue.start_ms)} comes after the film's end, and is left out")
        else:
            if cue.end_ms > duration_ms + _TOLD_MS:
                faults.append(f"the one at {clock(cue.start_ms)} now ends with the film")
            kept.append(replace(cue, end_ms=min(cue.end_ms, duration_ms)))
    return kept, faults


def told(faults: Sequence[str]) -> str:
    """Return the first few of some faults, and how many more there are."""
    more = len(faults) - _NAMED
    return "; ".join(faults[:_NAMED]) + (f"; and {more} more" if more > 0 else "")


def prove(
    result: Path, streams: Sequence[Stream], new: Sequence[tuple[NewTrack, Sequence[Cue]]], folder: Path
) -> list[TrackProof]:
    """Read the new tracks back and compare every cue with the file that it came from.

    Args:
        result: the subtitled film.
        streams: its streams of the new tracks, in order.
        new: the new tracks, each with the cues that it must have.
        folder: where files may be written on the way.

    Raises:
        SamvadError: a cue is missing, or has another time or text.
        ToolError: a track cannot be read.
    """
    # ffmpeg counts a subtitle file without cues as not written; what mkvmerge made of no cue has none.
    wanted = [(stream, _kind(track)) for stream, (track, asked) in zip(streams, new, strict=True) if asked]
    found = _read_back(result, wanted, folder) if wanted else {}
    proved = []
    for stream, (track, asked) in zip(streams, new, strict=True):
        cues = found.get(stream.index, [])
        wrong = differences(asked, cues)
        if wrong:
            raise SamvadError(
                f"The {track.name} track of the subtitled film is not what was put in: {told(wrong)}.",
                "Please report this with the log.",
                path=str(track.path),
            )
        proved.append(TrackProof(track.language, len(cues)))
    return proved


def _kind(track: NewTrack) -> str:
    return "ass" if track.path.suffix == ".ass" else "srt"


def _read_back(result: Path, wanted: Sequence[tuple[Stream, str]], folder: Path) -> dict[int, list[Cue]]:
    """Return the cues of tracks as they are in a film, by one reading of it."""
    outputs = [(stream.index, folder / f"read_back_{stream.index}.{kind}", kind) for stream, kind in wanted]
    (first, path, kind), *others = outputs
    source = ffmpeg.source(result, vn=None, an=None)
    done = ffmpeg.run([source[str(first)]], path, {"f": kind}, besides=others)
    if done.code:
        numbers = ", ".join(str(number) for number, _, _ in outputs)
        raise ToolError(
            f"Tracks {numbers} of the subtitled film cannot be read: {done.last_line}.",
            "Please report this with the log.",
        )
    found = {}
    for number, path, _ in outputs:
        found[number] = [cue for cue in formats.read(path).cues if _plain(cue)] if path.stat().st_size else []
        path.unlink()
    return found


def differences(asked: Sequence[Cue], found: Sequence[Cue]) -> list[str]:
    """Return in words how cues that were read back differ from those that were put in."""
    if len(asked) != len(found):
        return [f"it has {len(found)} cues, not {len(asked)}"]
    wrong = []
    for own, made in zip(_in_order(asked), _in_order(found), strict=True):
        if abs(own.start_ms - made.start_ms) > _OFF_MS or abs(own.end_ms - made.end_ms) > _OFF_MS:
            wrong.append(f"the cue at {clock(own.start_ms)} is at {clock(made.start_ms)} to {clock(made.end_ms)}")
        elif _plain(own) != _plain(made):
            wrong.append(f"the cue at {clock(own.start_ms)} says {_plain(made)!r}, not {_plain(own)!r}")
    return wrong


def _in_order(cues: Sequence[Cue]) -> list[Cue]:
    return sorted(cues, key=lambda cue: (cue.start_ms, cue.end_ms, _plain(cue)))


def _plain(cue: Cue) -> str:
    return "\n".join(line.strip() for line in cue.lines).strip()
