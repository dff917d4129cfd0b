"""Put lines together into sentences for a model, and share a sentence's translation out to its lines again.

As many texts come out as lines went in, each with its part: by the times of the words, at punctuation where there is
some near, and with regard to how long each line is shown.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from samvad.stages.translation.backends import Line
from samvad.text.sentence_ends import ends_sentence, split

#: A pause as long as this ends a sentence that its punctuation has not ended.
WIDEST_PAUSE_MS = 1_000
_MAX_LINES = 6
_MAX_CHARACTERS = 400
#: Where fewer lines than this share end as sentences do, nobody set punctuation: each line is taken for a sentence.
_PUNCTUATED_SHARE = 1 / 3

#: What a line of a song, or one that says what is heard, ends with.
_NOTE_ENDS = ("♪", "]")
_BREAK_AFTER = re.compile(r"[,;:.?!।॥۔؟،…–—-][\"'”’)]*$")


@dataclass(frozen=True)
class Share:
    """A line's part in a sentence: the line's place, the part's text, and how long it is spoken."""

    line: int
    text: str
    duration_ms: int


@dataclass(frozen=True)
class Sentence:
    """A sentence as a model is to read it, and the lines that it runs through."""

    text: str
    language: str
    shares: tuple[Share, ...]

    @property
    def duration_ms(self) -> int:
        """Return how long it is spoken."""
        return sum(share.duration_ms for share in self.shares)


def sentences_of(lines: Sequence[Line]) -> list[Sentence]:
    """Return the sentences of lines that are in order of time, in order."""
    joins = _punctuated(lines)
    units: list[list[int]] = []
    for place, line in enumerate(lines):
        if units and joins and _goes_on(lines, units[-1], line):
            units[-1].append(place)
        else:
            units.append([place])
    return [sentence for unit in units for sentence in _split(lines, unit)]


def _punctuated(lines: Sequence[Line]) -> bool:
    ended = sum(_is_ended(line.text) for line in lines)
    return ended >= _PUNCTUATED_SHARE * len(lines)


def _is_ended(text: str, following: str = "") -> bool:
    bare = text.rstrip()
    return bare.endswith(_NOTE_ENDS) or (bare[-1:] != "…" and ends_sentence(bare.rpartition(" ")[2], following))


def _goes_on(lines: Sequence[Line], unit: Sequence[int], line: Line) -> bool:
    last = lines[unit[-1]]
    return (
        not _is_ended(last.text, line.text)
        and line.id == last.id + 1  # a line between them is of another language, quarantined, or corrected
        and line.language == last.language
        and line.speaker == last.speaker
        and 0 <= line.start_ms - last.end_ms < WIDEST_PAUSE_MS
        and len(unit) < _MAX_LINES
        and sum(len(lines[place].text) for place in unit) + len(line.text) <= _MAX_CHARACTERS
        and not re.match(r"\s*(?:[-‐–—]|♪|\[)", line.text)
    )


def _split(lines: Sequence[Line], unit: Sequence[int]) -> list[Sentence]:
    text = " ".join(lines[place].text for place in unit)
    starts = list(itertools.accumulate((len(lines[place].text) + 1 for place in unit), initial=0))
    found = []
    at = 0
    for sentence in split(text):
        begin = text.index(sentence, at)
        at = begin + len(sentence)
        shares = []
        for place, start in zip(unit, starts, strict=False):
            line = lines[place]
            low, high = max(0, begin - start), min(len(line.text), at - start)
            if low < high and line.text[low:high].strip():
                shares.append(Share(place, line.text[low:high].strip(), spoken_ms(line, low, high)))
        found.append(Sentence(sentence, lines[unit[0]].language, tuple(shares)))
    return found


def spoken_ms(line: Line, low: int, high: int) -> int:
    """Return how long characters ``low`` to ``high`` of a line are spoken, by its words or else by its length."""
    at = 0
    times = []
    for word in line.words:
        found = line.text.find(word.text.strip(), at)
        if found >= 0:
            at = found + len(word.text.strip())
            if low <= found < high:
                times += [word.start_ms, word.end_ms]
    if times:
        return max(1, max(times) - min(times))
    return max(1, round((line.end_ms - line.start_ms) * (high - low) / max(1, len(line.text))))


def share_out(text: str, shares: Sequence[Share]) -> list[str] | None:
    """Return a sentence's translation in as many parts as it has lines, each with a word at least.

    The breaks make the least of: distance from the share of time, and breaks that are not at punctuation.

    Returns:
        The parts, or None where the translation has fewer words than the sentence lines.
    """
    if len(shares) == 1:
        return [text]
    words = text.split()
    if len(words) < len(shares):
        return None
    lengths = list(itertools.accumulate((len(word) + 1 for word in words), initial=0))
    total_ms = sum(share.duration_ms for share in shares)
    goals = list(itertools.accumulate(lengths[-1] * share.duration_ms / total_ms for share in shares))
    # best[k] holds, for each place of the k-th break, the least cost up to there and the break before it.
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for number in range(1, len(shares)):
        row: dict[int, tuple[float, int]] = {}
        for place in range(number, len(words) - (len(shares) - number) + 1):
            cost, before = min((value[0], at) for at, value in best[-1].items() if at < place)
            distance = (lengths[place] - goals[number - 1]) / max(8.0, lengths[-1] / len(shares))
            row[place] = (cost + distance**2 + (0.0 if _BREAK_AFTER.search(words[place - 1]) else 0.25), before)
        best.append(row)
    breaks = [min((cost, at) for at, (cost, _) in best[-1].items())[1]]
    for row in best[:0:-1]:
        breaks.append(row[breaks[-1]][1])
    cuts = [*reversed(breaks), len(words)]
    return [" ".join(words[low:high]) for low, high in itertools.pairwise(cuts)]
