"""Find the known name that a word sounds like."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from samvad.core import schemas
from samvad.text import phonetic
from samvad.text.scripts import of_first_letter

#: Likeness from which a word may be a misheard name. On the tuning half of benchmarks/names.py it finds .94 of the
#: misspellings and calls 0.5 % of common words a name; see docs/names.md for the half held back.
LIKELY = 0.88
#: The same for short names, which have more neighbours, and for all where there is better evidence or worse.
LIKELY_SHORT = 0.92
#: Likeness below which no evidence helps; between this and ``LIKELY``, no single sound may be clearly another.
POSSIBLE = 0.8
#: Cost of a change from which it makes another sound: Rakesh is not Rajesh.
_CLEAR = 0.6

#: Weight of sounds up to which a name is short: Raj, Asha.
_SHORT = 2.7
#: What likeness across two scripts is taken down by, so that a name in the word's own script comes first.
_OTHER_SCRIPT = 0.02
#: A name whose weight differs by more from the word's, as a share of the heavier, is not compared.
_TOO_DIFFERENT = 0.3

#: Likeness of two spellings of one name: Kapoor and Kapur, Verma and Varma. Kanpur and Kapoor, Raju and Raja have 0.89.
_SAME_NAME = 0.92
#: The same where the word is spelled as the known name is, which says that it was meant.
_SAME_PERSON = 0.95

COMMON_WORDS = schemas.ROOT / "config" / "names" / "common"
KNOWN_NAMES = schemas.ROOT / "config" / "names" / "known"


@dataclass(frozen=True)
class Match:
    """A known name that a word sounds like.

    Attributes:
        name: the known name.
        score: likeness, 0 to 1.
        short: whether the name or the word is so short that likeness says less.
    """

    name: str
    score: float
    short: bool

    @property
    def likely(self) -> bool:
        """Return whether the word is as like the name as misheard names are, and common words are not."""
        return self.score >= (LIKELY_SHORT if self.short else LIKELY)


class Matcher:
    """Known names, ready to be compared with words."""

    def __init__(self, names: Iterable[str]) -> None:
        """Take down how each name sounds; what has no sounds (another script) is left out."""
        self._names = [(name, heard) for name in dict.fromkeys(names) if (heard := phonetic.sounds(name))]

    def matches(self, word: str) -> list[Match]:
        """Return the names that a word may be a mishearing of (``POSSIBLE`` and up), the likest first."""
        heard = phonetic.sounds(word)
        weight = phonetic.weight(heard)
        found = []
        for name, other in self._names:
            other_weight = phonetic.weight(other)
            if not heard or abs(weight - other_weight) > _TOO_DIFFERENT * max(weight, other_weight):
                continue
            score, largest = phonetic.compare(heard, other, POSSIBLE)
            score -= _OTHER_SCRIPT * (of_first_letter(word) != of_first_letter(name))
            match = Match(name, round(score, 3), min(weight, other_weight) <= _SHORT)
            if match.likely or (score >= POSSIBLE and largest < _CLEAR):
                found.append(match)
        return sorted(found, key=lambda match: -match.score)


@functools.cache
def common_words(folder: Path = COMMON_WORDS) -> frozenset[str]:
    """Return the words of ``config/names/common``, case-folded and decomposed: none is taken for a misheard name."""
    text = " ".join(word for path in sorted(folder.glob("*.txt")) for word in _words(path))
    return frozenset(unicodedata.normalize("NFD", text.casefold()).split())


@functools.cache
def known_names(kind: str) -> Matcher:
    """Return the names of ``config/names/known`` that everybody knows: what a word may be beside a name of the film.

    Args:
        kind: ``places`` or ``people``.
    """
    return Matcher(_words(KNOWN_NAMES / f"{kind}.txt"))


def beating(word: str, match: Match, *, is_person: bool) -> Match | None:
    """Return the known name that a word is more like than like the film's name, where that is another name; else None.

    Two spellings of one name (Varma and Verma) are no rivals. But what is spelled just like a known place is the place,
    however near the film's name is (Shimla is not Shyamla), and so are people's names unless all but the same is heard
    (Patil is not Patel; Meera is Mira).

    Args:
        word: as it was heard.
        match: a name of the film that it is like.
        is_person: whether the words around say that somebody is meant: then no place is a rival but one that is
            spelled just so ("Mr. Kanpur").
    """
    found = [
        other
        for kind in ("places", "people")
        for other in known_names(kind).matches(word)
        if other.score > match.score
        and (not is_person or kind == "people" or is_spelled_place(word))
        and of_first_letter(other.name) == of_first_letter(word)
        and not _is_one_name(other.name, match.name, written=word, is_place=kind == "places")
    ]
    return max(found, key=lambda other: other.score, default=None)


def is_spelled_place(word: str) -> bool:
    """Return whether a word is spelled just as a known place is."""
    return word.casefold() in _spelled_places()


@functools.cache
def _spelled_places() -> frozenset[str]:
    return frozenset(name.casefold() for name in _words(KNOWN_NAMES / "places.txt"))


def _is_one_name(known: str, name: str, *, written: str, is_place: bool) -> bool:
    """Return whether a known name and the film's are spellings of one, to a word that is written so."""
    if known.casefold() == name.casefold():
        return True
    limit = _SAME_NAME
    if written.casefold() == known.casefold():
        if is_place:
            return False
        limit = _SAME_PERSON
    return phonetic.similarity(phonetic.sounds(known), phonetic.sounds(name)) >= limit


def _words(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]
