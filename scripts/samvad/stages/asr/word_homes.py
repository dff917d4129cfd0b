"""In which stretch of speech a word that the recogniser timed over a pause was said: so that none is left without one.

Whisper times a word from the end of the one before it: of single words far apart ("yes", "no", a number that is
dictated), each is timed over the pause and reaches into the speech on both sides, about as far into one as the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from samvad.stages.asr.chunks import RawWord
from samvad.stages.asr.regions import Region

#: A word may have been said in any stretch that it reaches into by so much of what it reaches into the best one.
_ABOUT = 0.5
#: A stretch without a word weighs more than any time that a word reaches into another: ms.
_BARE_MS = 100_000


def homes(words: Sequence[RawWord], regions: Sequence[Region], parting_ms: int) -> list[Sequence[Region]]:
    """Return for each word the regions that it is to be drawn into: all of them where it reaches into one stretch.

    Args:
        words: in order of time.
        regions: in order of time; those with less than a parting pause between them are one stretch.
        parting_ms: pauses of this length and longer part what is said.
    """
    stretches = _stretches(regions, parting_ms)
    reaches = [_reached(word, stretches) for word in words]
    if all(len(reached) < 2 for reached in reaches):
        return [regions for _ in words]
    # For each stretch that the last word so far may have been said in: what that costs, and where each word was said.
    ways: dict[int, tuple[float, list[int | None]]] = {-1: (0.0, [])}
    for reached in reaches:
        ways = _with_word(ways, reached)
    _, best = min((cost + _BARE_MS * (len(stretches) - 1 - last), places) for last, (cost, places) in ways.items())
    return [
        regions if place is None or len(reached) < 2 else stretches[place]
        for place, reached in zip(best, reaches, strict=True)
    ]


def _stretches(regions: Sequence[Region], parting_ms: int) -> list[list[Region]]:
    found: list[list[Region]] = []
    for region in regions:
        if found and region.start_ms - found[-1][-1].end_ms < parting_ms:
            found[-1].append(region)
        else:
            found.append([region])
    return found


def _reached(word: RawWord, stretches: Sequence[Sequence[Region]]) -> dict[int, int]:
    """Return the stretches that a word may have been said in, each with how much less of it lies there than at best."""
    shared = {
        place: max(min(word.end_ms, one.end_ms) - max(word.start_ms, one.start_ms) for one in stretch)
        for place, stretch in enumerate(stretches)
        if stretch[0].start_ms < word.end_ms and stretch[-1].end_ms > word.start_ms
    }
    most = max(shared.values(), default=0)
    return {place: most - ms for place, ms in shared.items() if ms > 0 and ms >= _ABOUT * most}


def _with_word(
    ways: dict[int, tuple[float, list[int | None]]], reached: dict[int, int]
) -> dict[int, tuple[float, list[int | None]]]:
    """Return the ways in which the words so far and one more may have been said, none before the one before it."""
    found: dict[int, tuple[float, list[int | None]]] = {}
    for last, (cost, places) in ways.items():
        for place, less_ms in reached.items():
            if place >= last:
                more = less_ms + _BARE_MS * max(0, place - last - 1)
                if place not in found or cost + more < found[place][0]:
                    found[place] = (cost + more, [*places, place])
    return found or {last: (cost, [*places, None]) for last, (cost, places) in ways.items()}
