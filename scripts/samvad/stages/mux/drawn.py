"""Look at a copy with subtitles drawn into its picture: are they there while a cue is shown, and only then?

At a few moments within cues and just outside of them, the copy's picture is held against the film's. Letters with an
outline change a few small places a great deal; encoding anew changes all places a little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from samvad.documents.subtitles.cues import Cue
from samvad.media import moments
from samvad.media.clock import Film
from samvad.stages.mux import burn

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Pictures are made so large: a place is then about as large as a stroke of a letter.
_WIDE, _HIGH = 160, 90
#: The places that differ most: a word of two letters covers more.
_PLACES = 12
#: How far from a cue's ends it is looked: a picture at 12 frames a second is shown for 83 ms.
_APART_MS = 120
#: Shades of 256 by which letters change the places that they cover at least, and how much more that is than elsewhere.
_SEEN, _MORE = 16.0, 2.0
_AT_MOST = 3


@dataclass(frozen=True)
class Seen:
    """What was seen of the cues that were looked for.

    Attributes:
        cues: how many are there while they should be, and not before and after.
        missing_ms: when one begins of which nothing is seen at all.
        unsure: how many cannot be told from the picture behind them.
    """

    cues: int
    missing_ms: tuple[int, ...]
    unsure: int


def look(film: Film, copy: Film, cues: Sequence[Cue]) -> Seen:
    """Look for a few cues in a copy.

    Args:
        film: the film.
        copy: the copy.
        cues: all that are drawn.

    Raises:
        MediaError: the pictures cannot be decoded.
        ToolError: ffmpeg is missing, or hung.
    """
    chosen = _chosen(cues, film.header.duration_ms or 0)
    wanted = [time for cue, before, after in chosen for time in _times(cue, before, after)]
    if not wanted:
        return Seen(0, (), 0)
    one, other = _shades(film, wanted), _shades(copy, wanted)
    if not one or not other:
        return Seen(0, (), len(chosen))
    changes = iter([_change(mine, theirs) for mine, theirs in zip(one, other, strict=True)])
    seen, unsure, missing = 0, 0, []
    for cue, before, after in chosen:
        first, last, *outside = [next(changes) for _ in _times(cue, before, after)]
        if max(first, last) < _SEEN:
            missing.append(cue.start_ms)
        elif min(first, last) > max([_SEEN, *(_MORE * value for value in outside)]):
            seen += 1
        else:
            unsure += 1
    return Seen(seen, tuple(missing), unsure)


def _shades(film: Film, times: Sequence[float]) -> list[npt.NDArray[np.uint8]]:
    """Return the small pictures of some moments, their colours as the copy has them; none where there is no picture."""
    stream = film.header.film_picture
    if stream is None or (picture := stream.picture) is None:
        return []
    return moments.shades(film, stream, times, (_WIDE, _HIGH), lambda whole: burn.toned(whole, picture))


def _chosen(cues: Sequence[Cue], film_ms: int) -> list[tuple[Cue, bool, bool]]:
    """Return the first, the middle and the last cue with a text; and whether nothing is shown before and after each."""
    placed = sorted(cues, key=lambda cue: cue.start_ms)
    ends = [0]
    for cue in placed:
        ends.append(max(ends[-1], cue.end_ms))
    free_before = [cue.start_ms - end >= 2 * _APART_MS for cue, end in zip(placed, ends, strict=False)]
    nexts = [*(cue.start_ms for cue in placed[1:]), film_ms]
    free_after = [begin - end >= 2 * _APART_MS for begin, end in zip(nexts, ends[1:], strict=True)]
    found = [
        (cue, before, after)
        for cue, before, after in zip(placed, free_before, free_after, strict=True)
        if cue.text.strip() and cue.end_ms - cue.start_ms > 3 * _APART_MS and (before or after)
    ]
    places = dict.fromkeys([0, len(found) // 2, len(found) - 1]) if found else {}
    return [found[place] for place in places][:_AT_MOST]


def _times(cue: Cue, before: bool, after: bool) -> list[float]:
    """Return two moments within a cue, then those just outside, in seconds."""
    times = [cue.start_ms + _APART_MS, cue.end_ms - _APART_MS]
    times += [cue.start_ms - _APART_MS] if before else []
    times += [cue.end_ms + _APART_MS] if after else []
    return [time / 1000 for time in times]


def _change(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    """Return by how many shades two pictures differ where they do most."""
    import numpy as np

    differences = np.abs(one.astype(np.int16) - other.astype(np.int16))
    return float(np.sort(differences)[-_PLACES:].mean())
