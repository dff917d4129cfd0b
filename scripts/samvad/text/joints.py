"""Where two pieces of text meet that a model wrote apart: its windows of sound, or lines translated one by one.

A model begins each piece with a capital letter and likes to end it with a full stop, whether or not a sentence begins
or ends there: "smooth out | Any", "the world. | country". The small letter, the stop and the pause show which of the
two is wrong. Names keep their capitals, and a stop after an abbreviation stays.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from samvad.text import grammar
from samvad.text.sentence_ends import ABBREVIATIONS, MARKS, ends_sentence

#: A sentence hardly goes on after a pause as long as this.
PAUSE_MS = 700
_STOPS = ".।"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Common words beside the function words, which hardly ever are names.
_PLAIN = _words(
    """
    any some all both every each other another many much more most few several then there here now well just
    only also even still again always never ever maybe perhaps really actually basically something anything
    nothing everything someone anyone everyone people things thing one two three same such like get got go
    going went come came see saw say said know knew think thought make made take took want need let put give
    gave look keep todo toda todos todas otro otra otros otras algo nada alguien cada mucho mucha muchos
    muchas más menos también entonces ahora aquí allí siempre nunca bien así luego después ser hacer decir ir
    ver dar saber tener
    """
)
_FIRST = re.compile(r"[\"'“‘(¿¡]*")


@dataclass(frozen=True)
class Spelling:
    """How a text writes words in the middle of sentences: what tells a name from a word that begins a piece.

    Attributes:
        small: how often a word, in small letters, is written small.
        capital: how often it is written with a capital.
    """

    small: Counter[str] = field(default_factory=Counter)
    capital: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Spelling:
        """Return how texts, each a sentence or several, write their words."""
        found = cls()
        for text in texts:
            words = text.split()
            for before, word in itertools.pairwise(words):
                bare = _bare(word)
                if bare and not ends_sentence(before, word):
                    (found.capital if bare[:1].isupper() else found.small)[bare.lower()] += 1
        return found

    def is_plain(self, word: str, language: str) -> bool:
        """Say whether a word with a capital is sure to be no name: it serves others, or is written small elsewhere."""
        bare = _bare(word)
        if language == "de" or bare in ("I", "I'm", "I'll", "I've", "I'd") or (len(bare) > 1 and bare.isupper()):
            return False
        lowered = bare.lower()
        if self.capital[lowered] > self.small[lowered]:
            return False
        return self.small[lowered] > 0 or lowered in _PLAIN or grammar.is_function_word(bare, language)


def mended(left: str, right: str, pause_ms: int, language: str, spelling: Spelling) -> tuple[str, str]:
    """Return two pieces of text that follow each other with the case and the stop between them put right.

    Args:
        left: the first, with its punctuation.
        right: the second.
        pause_ms: silence between them.
        language: short code of both.
        spelling: how the rest of the text is written.
    """
    if not left.split() or not right.split() or right.lstrip()[0] in "-–—":
        return left, right
    last, first = left.rsplit(maxsplit=1)[-1], right.split(maxsplit=1)[0]
    bare = left.rstrip("\"'”’) ")
    near, hangs = pause_ms < PAUSE_MS, grammar.hangs(last.rstrip(_STOPS), language)
    begins_small = _letter(right).islower()
    can_be_small = _letter(right).isupper() and spelling.is_plain(first, language)
    stopped = bare[-1:] in _STOPS and not bare.endswith(("..", "।।")) and last.lower() not in ABBREVIATIONS
    if stopped and near and (hangs or begins_small):
        left, right = _without_stop(left, bare), _small(right) if can_be_small else right
    elif begins_small and not near and bare[-1:] in MARKS and (stopped or bare[-1] in "?!"):
        right = _capital(right)
    elif bare[-1:] not in MARKS and can_be_small and (near or hangs):
        right = _small(right)
    return left, right


def _bare(word: str) -> str:
    return word.strip("\"'“”‘’()[]¿¡,;:.?!…।-–—")


def _letter(text: str) -> str:
    """Return the first letter of a text, after opening quotes and brackets; empty where it begins otherwise."""
    opened = _FIRST.match(text.lstrip())
    return text.lstrip()[opened.end() : opened.end() + 1] if opened else ""


def _without_stop(text: str, bare: str) -> str:
    return bare[:-1] + text[len(bare) :]


def _small(text: str) -> str:
    return text.replace(_letter(text), _letter(text).lower(), 1)


def _capital(text: str) -> str:
    return text.replace(_letter(text), _letter(text).upper(), 1)
