"""Whether every word that was to be shown is in the cues: counted on the cues as they are written, not believed."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from samvad.documents.segments import SegmentsDocument
from samvad.documents.subtitles.cues import Cue
from samvad.stages.subtitle_gen.shortening import Proposal
from samvad.stages.subtitle_gen.units import is_unspaced, text_in
from samvad.text import numerals

#: A word: what is between spaces and punctuation. Marks of Indic scripts belong to their letters.
_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f\u0900-\u0963\u0971-\u0dff\u200c\u200d'’])*")
#: So many are named in a warning.
_SHOWN = 5


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

    def in_words(self) -> str:
        """Return what is wrong, for a warning; an empty text where nothing is."""
        kinds = ("words of the text are in no cue", self.lost), ("are in no text", self.added)
        said = [f"{words.total()} {what} ({_some(words)})" for what, words in kinds if words]
        return ", ".join(said)


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


def _some(words: Counter[str]) -> str:
    named = ", ".join(map(repr, sorted(words)[:_SHOWN]))
    return f"{named}, …" if len(words) > _SHOWN else named


def _words(text: str, language: str) -> list[str]:
    """Return a text's words in small letters and one form, without numbers; unspaced scripts by their signs."""
    found = []
    for word in _WORD.findall(unicodedata.normalize("NFC", text).casefold()):
        for unspaced, signs in itertools.groupby(word, is_unspaced):
            run = "".join(signs)
            for part in run if unspaced else (run.strip("'’\u200c\u200d"),):
                number = any(sign.isnumeric() for sign in numerals.as_digits(part, language))
                if part and not number and part not in numerals.SCALE_WORDS:  # "2500000" is written "25 लाख"
                    found.append(part)
    return found
