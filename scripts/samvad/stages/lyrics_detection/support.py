"""What the words of a film say for a song: lines that come back, and titles of the soundtrack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from samvad.documents.segments import Segment
from samvad.text.consonants import sound_of
from samvad.text.repetition import plain

#: A shorter line (letters) comes back in talk, too: "Where are you going?".
_REFRAIN_LETTERS = 16
#: A refrain comes back within this; a catchphrase an hour later is none.
_REFRAIN_MS = 300_000
#: A shorter title (letters of its sound) stands in ordinary talk.
_TITLE_LETTERS = 6
#: The text speaks for the sound this far before and after it.
_REACH_MS = 10_000
#: What each is worth; together no more than 1.
_REFRAIN_WORTH, _TITLE_WORTH = 0.6, 1.0


def of_steps(segments: Sequence[Segment], titles: Iterable[str], steps: int, step_ms: int) -> list[float]:
    """Return what the text says for a song at each step of a sound curve (0 to 1).

    Args:
        segments: of the film, in order of time.
        titles: of its songs, in any script.
        steps: number of steps.
        step_ms: length of a step in milliseconds.
    """
    found = [0.0] * steps
    for segment, worth in zip(segments, _worths(segments, titles), strict=True):
        first = max(0, (segment.start_ms - _REACH_MS) // step_ms)
        last = min(steps - 1, (segment.end_ms + _REACH_MS) // step_ms)
        if worth:
            for step in range(first, last + 1):
                found[step] = max(found[step], worth)
    return found


def _worths(segments: Sequence[Segment], titles: Iterable[str]) -> list[float]:
    sounds = [sound_of(segment.text) for segment in segments]
    wanted = [title for title in map(sound_of, titles) if len(title.replace(" ", "")) >= _TITLE_LETTERS]
    refrains = _refrains(segments, [plain(segment.text) for segment in segments])
    worths = []
    for sound, refrain in zip(sounds, refrains, strict=True):
        titled = any(f" {title} " in f" {sound} " for title in wanted)
        worths.append(min(1.0, _REFRAIN_WORTH * refrain + _TITLE_WORTH * titled))
    return worths


def _refrains(segments: Sequence[Segment], lines: Sequence[str]) -> list[bool]:
    """Return for each segment whether its line comes back, not directly after itself: that would be a loop."""
    where: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        if len(line.replace(" ", "")) >= _REFRAIN_LETTERS:
            where.setdefault(line, []).append(number)
    found = [False] * len(segments)
    for numbers in where.values():
        for number, other in pairwise(numbers):
            near = segments[other].start_ms - segments[number].end_ms <= _REFRAIN_MS
            if near and other > number + 1:
                found[number] = found[other] = True
    return found
