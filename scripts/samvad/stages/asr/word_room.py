"""Room for words: which of them stand in less time than anybody needs to say them, and how they get it from others.

A word is drawn to where somebody speaks. Where several are, they may end up in a few milliseconds beside a word that
is drawn out over a second.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from samvad.stages.asr.chunks import RawWord
from samvad.stages.asr.regions import Region

#: What a word takes where nobody hurries: so much at least, or so much for each of its characters.
_LEAST_MS, _LEAST_CHARACTER_MS = 120, 55
#: So many times faster nobody speaks. Four words in a row, by hand-set or aligned times of read and fast English: 2.2
#: at most; by Whisper's own times of the half that limits were set on 2.4 ("I'm talking pretty fast here").
FASTEST = 2.5
#: So many words in a row are crammed where they stand in so many times less than they take: times of two or three words
#: are less exact than those of four (hand-set ones of two words reach 3.3, of three 2.5).
_CRAMMED = {2: 6.0, 3: 4.0, 4: 3.0}
#: Where speech has no room for its words even at that speed, they may end so much after it: detectors cut soft ends.
_AFTER_MS = 500


@dataclass(frozen=True)
class Timed:
    """A word and when it was said, in ms."""

    word: RawWord
    start_ms: int
    end_ms: int


def needs_ms(text: str) -> int:
    """Return what a word takes in ms where nobody hurries."""
    return max(_LEAST_MS, _LEAST_CHARACTER_MS * len(text.strip()))


def fastest_ms(text: str) -> int:
    """Return what a word takes in ms where somebody speaks as fast as can be."""
    return math.ceil(needs_ms(text) / FASTEST)


def crammed(words: Sequence[tuple[int, int, str]]) -> list[tuple[int, int]]:
    """Return where words stand in less time than anybody needs: the first of each run, and the one after its last.

    Args:
        words: start and end in ms, and the text, of each, in order of time.
    """
    marked = [False] * len(words)
    needed = [needs_ms(text) for *_, text in words]
    for many, times in _CRAMMED.items():
        for first in range(len(words) - many + 1):
            if sum(needed[first : first + many]) > times * (words[first + many - 1][1] - words[first][0]):
                marked[first : first + many] = [True] * many
    edges = [place for place, (one, other) in enumerate(pairwise([False, *marked, False])) if one != other]
    return list(zip(edges[::2], edges[1::2], strict=True))


def with_room(words: Sequence[Timed], regions: Sequence[Region], end_ms: int) -> list[Timed]:
    """Give crammed words time that those beside them, and the speech around them, have to spare; move no other word.

    Args:
        words: in order of time.
        regions: the speech that they were said in, in order of time.
        end_ms: where the piece ends: no word goes beyond it, unless it is there already.
    """
    found: list[Timed] = []
    for number, (region, own) in enumerate(_by_region(words, regions)):
        after_ms = regions[number + 1].start_ms if number + 1 < len(regions) else max(end_ms, region.end_ms)
        begin_ms = max(region.start_ms, found[-1].end_ms if found else region.start_ms)
        found += _spread(own, begin_ms, region.end_ms, min(after_ms, region.end_ms + _AFTER_MS))
    return found or list(words)


def _by_region(words: Sequence[Timed], regions: Sequence[Region]) -> list[tuple[Region, list[Timed]]]:
    """Return the words of each region, with those after its end; what stands before all of them is the first one's."""
    groups: list[tuple[Region, list[Timed]]] = [(region, []) for region in regions]
    for word in words if groups else ():
        place = max((n for n, region in enumerate(regions) if region.start_ms <= word.start_ms), default=0)
        groups[place][1].append(word)
    return groups


def _spread(words: list[Timed], begin_ms: int, end_ms: int, latest_ms: int) -> list[Timed]:
    """Spread what is crammed over as few words as have the room, from ``begin_ms`` on."""
    found = list(words)
    least = [fastest_ms(word.word.text) for word in found]
    if begin_ms + sum(least) > end_ms:
        end_ms = latest_ms
    for run in crammed([(word.start_ms, word.end_ms, word.word.text) for word in found]):
        first, after, from_ms, to_ms = _widened(found, run, least, (begin_ms, end_ms))
        if to_ms > from_ms:
            share = min(1.0, (to_ms - from_ms) / sum(least[first:after]))
            found[first:after] = _fitted(found[first:after], [share * ms for ms in least[first:after]], from_ms, to_ms)
    return found


def _widened(
    words: Sequence[Timed], run: tuple[int, int], least: Sequence[float], within: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Return a run with as many words beside it as give it room: its first, the one after its last, start and end."""
    first, after = run
    while True:
        from_ms = max(within[0], words[first - 1].end_ms) if first else within[0]
        to_ms = min(within[1], words[after].start_ms) if after < len(words) else within[1]
        if (first, after) == (0, len(words)) or to_ms - from_ms >= sum(least[first:after]):
            return first, after, from_ms, to_ms
        first, after = max(0, first - 1), min(len(words), after + 1)


def _fitted(words: Sequence[Timed], least: Sequence[float], from_ms: int, to_ms: int) -> list[Timed]:
    """Return words inside a stretch that has room for all, each with its least time, moved as little as that asks."""
    found = list(words)
    latest = float(to_ms)
    for place in range(len(found) - 1, -1, -1):
        end = min(found[place].end_ms, latest)
        start = min(found[place].start_ms, end - least[place])
        found[place] = replace(found[place], start_ms=int(start), end_ms=int(end))
        latest = start
    earliest = from_ms
    for place, word in enumerate(found):
        start_ms = max(word.start_ms, earliest)
        end_ms = min(to_ms, max(word.end_ms, start_ms + int(least[place])))
        found[place] = replace(word, start_ms=min(start_ms, end_ms), end_ms=end_ms)
        earliest = end_ms
    return found
