"""Whether every word that was to be shown is in the cues: counted on the cues as they are written, not believed."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from samvad.documents.segments import SegmentsDocument
from samvad.documents.subtitles.cues import Cue
from samvad.stages.subtitle_gen.shortening import Proposal
from samvad.stages.subtitle_gen.units import text_in
from samvad.text import numerals, word_forms


@dataclass(frozen=True)
class Balance:
    """What a track's cues have of the words that were to be shown.

    Attributes:
        expected: how many these are; numbers, which a profile may write otherwise, do not count.
        lost: those that no cue has, and how often.
        added: those that were in no text, and how often.
    """

    expected: int
    lost: Counter[str]
    added: Counter[str]


def of(document: SegmentsDocument, cues: Sequence[Cue], language: str, shorter: Iterable[Proposal] = ()) -> Balance:
    """Compare the words of a track's cues with those of all segments that viewers are to see.

    What is left out by name is not expected: quarantined segments, those without text in the language, and the words of
    shorter texts that were taken.

    Args:
        document: the film's segments.
        cues: of the track, as they are written.
        language: of the track.
        shorter: proposals of a shorter text, with those that were taken.
    """
    expected: Counter[str] = Counter()
    for segment in document.shown():
        expected.update(_words(text_in(segment, language) or "", language))
    for item in shorter:
        if item.taken:
            full, shorter_text = (Counter(_words(text, language)) for text in (item.text, item.shorter))
            expected = expected - (full - shorter_text) + (shorter_text - full)  # "do not" is written "don't"
    written = Counter(word for cue in cues for word in _words(cue.text, language))
    return Balance(expected.total(), expected - written, written - expected)


def _words(text: str, language: str) -> list[str]:
    """Return a text's words without numbers, which a profile may write otherwise."""
    return [word for word in word_forms.of(text) if not is_number(word, language)]


def numbers_lost(text: str, cues: Sequence[Cue], language: str) -> list[str]:
    """Return the numbers of a segment's text that its cues do not have, in digits or in words.

    Where a round sum is written in lakh and crore, its digits are others: then any number will do.
    """
    numbers = [word for word in word_forms.of(text) if is_number(word, language)]
    if not numbers:
        return []
    written = [word for cue in cues for word in word_forms.of(cue.text) if is_number(word, language)]
    scales, said = (sum(word in numerals.SCALE_WORDS for word in words) for words in (written, numbers))
    if scales > said:
        return []
    left, lost = Counter(_value(word, language) for word in written), []
    for word in numbers:
        value = _value(word, language)
        if not left[value]:
            lost.append(word)
        left[value] -= 1
    return lost


def _value(word: str, language: str) -> str:
    """Return a number in one form, whether it is written in words, or in the digits of whatever script."""
    digits = numerals.as_digits(word, language)
    return str(int(digits)) if digits.isdecimal() else digits


@functools.lru_cache(maxsize=1 << 14)
def is_number(word: str, language: str) -> bool:
    """Say whether a word is a number, or one that stands for noughts: "2500000" is written "25 लाख"."""
    return word in numerals.SCALE_WORDS or any(sign.isnumeric() for sign in numerals.as_digits(word, language))
