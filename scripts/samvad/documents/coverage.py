"""How much of a film's speech has text: the seconds of speech, those with a word, and the stretches without one.

A log probability says how sure a text is, and nothing of what is missing. This does: a word stands for as much speech
as a slow speaker needs for its letters, whatever time the recogniser gave it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samvad.core import typed_json
from samvad.core.times import clock
from samvad.documents.segments import SegmentsDocument

SCHEMA_VERSION = "1.1"
#: So much speech without a word is a gap; less, beside words, is a breath or a drawn vowel.
GAP_MS = 1_000
#: Speech by itself is one from this length on, where pauses of so much part it from other speech and words: a word that
#: was passed over ("six"). Of 393 stretches of 24 minutes of recordings three were bare and shorter than a second, of
#: 0.62, 0.46 and 0.17 s; the longest was such a word.
_ALONE_MS, _APART_MS = 500, 400
#: Speech on both sides of a pause this long may be one gap.
_PAUSE_MS = 1_000
#: Word times are not exact, and detectors pad speech by a little: so much on both sides of a word counts as its own.
_MARGIN_MS = 200
#: The longest that a word is believed to take: so much, and so much for each of its characters.
_WORD_MS, _CHARACTER_MS = 600, 130


@dataclass(frozen=True)
class Gap:
    """A stretch without a word: where it begins and ends in ms, and how many ms of it are speech."""

    start_ms: int
    end_ms: int
    speech_ms: int


@dataclass(frozen=True)
class Piece:
    """What was decoded in one go: where it begins and ends, its speech, and how much of that has text, all in ms."""

    start_ms: int
    end_ms: int
    speech_ms: int
    with_text_ms: int


@dataclass(frozen=True)
class Coverage:
    """How much of some speech has text.

    Attributes:
        speech_ms: how much speech the detectors found; singing without speech is not counted.
        with_text_ms: how much of it lies outside the gaps.
        gaps: with a second of speech or more, or with half a second that stands by itself; in order of time.
        pieces: the same by piece as decoded; empty where that is not known.
        perhaps: stretches without text where there is a sign of a voice under other sound, too weak to be counted as
            speech; in order of time.
        loud: stretches without text where other sound is so much louder than the film's speech that somebody could
            speak unheard, and nothing was heard; no sign that somebody does. In order of time.
    """

    schema_version: str = field(default=SCHEMA_VERSION, kw_only=True)
    speech_ms: int
    with_text_ms: int
    gaps: tuple[Gap, ...] = ()
    pieces: tuple[Piece, ...] = ()
    perhaps: tuple[Gap, ...] = ()
    loud: tuple[Gap, ...] = ()

    @property
    def share(self) -> float:
        """Return the part of the speech (0 to 1) that has text; 1 where there is no speech."""
        return self.with_text_ms / self.speech_ms if self.speech_ms else 1.0


def longest_ms(text: str) -> int:
    """Return the longest time in ms that a word is believed to take: by what of it is said, not by its punctuation."""
    return _WORD_MS + _CHARACTER_MS * sum(unicodedata.category(character)[0] in "LMN" for character in text)


def measure(speech: Iterable[tuple[int, int]], words: Iterable[tuple[int, int, str]]) -> Coverage:
    """Return how much of some speech has text.

    Args:
        speech: start and end in ms of each stretch, in order of time.
        words: start and end in ms, and the text, of each word.
    """
    spoken = sorted((start - _MARGIN_MS, min(end, start + longest_ms(text)) + _MARGIN_MS) for start, end, text in words)
    total, first = 0, 0
    stretches = list(speech)
    bare: list[Gap] = []
    alone: set[int] = set()
    #: Where the last stretch of speech ended without a word: what follows after a pause may belong to the same gap.
    open_ms: int | None = None
    for number, (start_ms, end_ms) in enumerate(stretches):
        total += end_ms - start_ms
        while first < len(spoken) and spoken[first][1] <= start_ms:
            if open_ms is not None and spoken[first][0] >= open_ms:
                open_ms = None  # a word in the pause: no gap reaches over it
            first += 1
        position = start_ms
        for begin, end in [*_until(spoken, first, end_ms), (end_ms, end_ms)]:
            if begin > position:
                follows = position == start_ms and open_ms is not None and start_ms - open_ms <= _PAUSE_MS
                before = bare.pop() if follows else Gap(position, position, 0)
                bare.append(Gap(before.start_ms, begin, before.speech_ms + begin - position))
                if begin - position == end_ms - start_ms and _stands_alone(stretches, number, spoken, first):
                    alone.add(len(bare) - 1)
            position = max(position, end)
        open_ms = end_ms if bare and bare[-1].end_ms == end_ms else None
    gaps = tuple(gap for place, gap in enumerate(bare) if gap.speech_ms >= GAP_MS or place in alone)
    return Coverage(total, total - sum(gap.speech_ms for gap in gaps), gaps)


def _stands_alone(
    stretches: Sequence[tuple[int, int]], number: int, spoken: Sequence[tuple[int, int]], first: int
) -> bool:
    """Return whether a stretch of speech without a word is long enough for one, with pauses on both sides.

    Args:
        stretches: of speech, in ms.
        number: of the stretch.
        spoken: the words' own times with their margins.
        first: of them the first that is not over before the stretch.
    """
    start_ms, end_ms = stretches[number]
    ends = [end for _, end in stretches[max(0, number - 1) : number]]
    ends += [end - _MARGIN_MS for _, end in spoken[max(0, first - 1) : first]]
    begins = [begin for begin, _ in stretches[number + 1 : number + 2]]
    begins += [begin + _MARGIN_MS for begin, _ in spoken[first : first + 1]]
    pauses = [*(start_ms - end for end in ends), *(begin - end_ms for begin in begins)]
    return end_ms - start_ms >= _ALONE_MS and min(pauses, default=_APART_MS) >= _APART_MS


def _until(spoken: Sequence[tuple[int, int]], first: int, end_ms: int) -> Iterator[tuple[int, int]]:
    for word in spoken[first:]:
        if word[0] >= end_ms:
            return
        yield word


def of_document(speech: Iterable[tuple[int, int]], document: SegmentsDocument) -> Coverage:
    """Return how much of some speech has text that a viewer is to see.

    Args:
        speech: start and end in ms of each stretch, in order of time.
        document: its quarantined segments do not count. A segment without words counts as a whole.
    """
    words: list[tuple[int, int, str]] = []
    for segment in document.shown():
        words += [(word.start_ms, word.end_ms, word.text) for word in segment.words] or [
            (segment.start_ms, segment.end_ms, segment.text)
        ]
    return measure(speech, words)


def in_words(gaps: Sequence[Gap]) -> str:
    """Return the times of some gaps, the longest first, for people; of many, the first five."""
    longest = sorted(gaps, key=lambda gap: -gap.speech_ms)[:5]
    shown = ", ".join(f"{clock(gap.start_ms)} ({gap.speech_ms / 1000:.1f} s)" for gap in longest)
    return f"{shown} and {len(gaps) - len(longest)} more" if len(gaps) > len(longest) else shown


def read(path: Path) -> Coverage:
    """Read a film's coverage.

    Raises:
        ChangedFileError: it is missing or damaged.
    """
    return typed_json.read(path, Coverage, "record of speech with text", "Run stage asr again.")


def perhaps(path: Path) -> tuple[tuple[int, int], ...]:
    """Return start and end in ms of what may be speech under other sound, out of a film's coverage.

    Raises:
        ChangedFileError: it is missing or damaged.
    """
    return tuple((gap.start_ms, gap.end_ms) for gap in read(path).perhaps)


def loud(path: Path) -> tuple[tuple[int, int], ...]:
    """Return start and end in ms of where sound is too loud to hear speech in it, out of a film's coverage.

    Raises:
        ChangedFileError: it is missing or damaged.
    """
    return tuple((gap.start_ms, gap.end_ms) for gap in read(path).loud)


def write(path: Path, found: Coverage) -> None:
    """Write a film's coverage."""
    typed_json.write(path, found)
