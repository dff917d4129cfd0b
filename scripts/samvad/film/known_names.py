"""Find known names in a text: whole words, the longest first, in any script."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from samvad.documents.segments import Entity
from samvad.film import matcher, people
from samvad.film.glossary import SPELLING, Entry, Glossary
from samvad.film.metadata import FilmMetadata
from samvad.text.scripts import of_first_letter

_JOINERS = "\u200c\u200d"  # they shape letters, and are typed or not as a keyboard pleases
_INSIDE_NAMES = frozenset(" \t\n\u00a0-–'’")
_LONGEST_ABBREVIATION = 3


@dataclass(frozen=True)
class Name:
    """A known name.

    Attributes:
        text: how it is spelled.
        label: ``person``, ``place`` or ``organisation``.
        source: ``glossary`` or ``tmdb``.
        capitalised: whether only a word that begins with a capital counts, in scripts that have capitals. It is set
            for part of a name, which may be an ordinary word ("Hope", "Jai").
        target: its spelling in an English translation. Names with one target are one name; empty: the text itself.
        heard: whether misheard words may be this name: it is one by which somebody or something is called in dialogue.
        written: how it is to be written in the transcript, where another spelling of it is wanted there.
    """

    text: str
    label: str
    source: str
    capitalised: bool = False
    target: str = ""
    heard: bool = False
    written: str = ""

    @property
    def identity(self) -> str:
        """Return what is the same for all spellings of the name, in every script."""
        return " ".join(word.folded for word in split(self.target or self.text))


@dataclass(frozen=True)
class Word:
    """A word of a text: in folded letters, and where it stands (code points)."""

    folded: str
    start: int
    end: int


class Gazetteer:
    """Known names, ready to be looked for.

    Args:
        names: of two with the same spelling the first counts.
    """

    def __init__(self, names: Iterable[Name]) -> None:
        """Fold the names."""
        self._names: dict[tuple[str, ...], Name] = {}
        for name in names:
            words = tuple(word.folded for word in split(name.text))
            if words:
                self._names.setdefault(words, name)
        self._longest = max(map(len, self._names), default=0)

    def __len__(self) -> int:
        """Return how many different names there are."""
        return len(self._names)

    def find(self, text: str) -> list[Entity]:
        """Return the names in a text, in order, none over another; where several begin, the longest."""
        return [entity for entity, _ in self.find_names(text)]

    def find_names(self, text: str) -> list[tuple[Entity, Name]]:
        """Return as ``find`` does, each with the known name that it is."""
        words = split(text)
        found = []
        index = 0
        while index < len(words):
            size, name = self._longest_at(text, words, index)
            if name is not None:
                start, end = words[index].start, words[index + size - 1].end
                found.append((Entity(text[start:end], name.label, start, end, name.source), name))
            index += size
        return found

    def _longest_at(self, text: str, words: list[Word], index: int) -> tuple[int, Name | None]:
        for size in range(min(self._longest, len(words) - index), 0, -1):
            piece = words[index : index + size]
            name = self._names.get(tuple(word.folded for word in piece))
            if name is None or not _is_one_name(text, piece):
                continue
            if not name.capitalised or not text[piece[0].start].islower():
                return size, name
        return 1, None


def split(text: str) -> list[Word]:
    """Return the words of a text: runs of letters, digits and the marks that belong to them.

    Python's ``\\w`` would cut Hindi words at their vowel signs, which are marks and not letters. Words are folded so
    that capitals, composed and decomposed letters, and joiners make no difference.
    """
    words = []
    letters: list[str] = []
    start = 0
    for index, character in enumerate(text + " "):
        if unicodedata.category(character)[0] in "LNM" or (letters and character in _JOINERS):
            if not letters:
                start = index
            letters.append(character)
        elif letters:
            while letters[-1] in _JOINERS:
                letters.pop()
            words.append(Word(fold("".join(letters)), start, start + len(letters)))
            letters = []
    return words


def known_names(glossary: Glossary | None, film: FilmMetadata | None) -> list[Name]:
    """Return the names of a glossary and of a cast, and the parts of the characters' names; the glossary's come first.

    Args:
        glossary: from stage 03, or None. Its entries count where their context says that they are names.
        film: from stage 02, or None.
    """
    names = []
    for entry in glossary.entries if glossary else ():
        if entry.label is not None and entry.source != "tmdb":
            names += _of_entry(entry, entry.label)
    if glossary:
        names += [Name(entry.term, "person", "tmdb") for entry in glossary.entries if entry.source == "tmdb"]
    if film:
        characters = people.characters(film)
        names += [Name(text, "person", "tmdb", heard=True) for text in characters]
        names += [Name(text, "person", "tmdb") for text in people.actors(film)]
        names += [Name(part, "person", "tmdb", True, heard=True) for text in characters for part in people.parts(text)]
    return names


def _of_entry(entry: Entry, label: str) -> list[Name]:
    """Return the spellings of a glossary's name; those with the rule ``spelling`` are written as the term."""
    common = fold(entry.term) in matcher.common_words()
    written = entry.term if entry.rule == SPELLING else ""
    names = [Name(entry.term, label, "glossary", common, entry.target, heard=True)]
    for form in entry.forms:
        same_script = of_first_letter(form) == of_first_letter(entry.term)
        names.append(Name(form, label, "glossary", common, entry.target, written=written if same_script else ""))
    names += [Name(text, label, "glossary", target=entry.target) for text in (entry.target, *entry.alternatives)]
    return names


def _is_one_name(text: str, words: list[Word]) -> bool:
    """Return whether only spaces, hyphens, apostrophes or the dot of an abbreviation stand between the words."""
    for word, following in itertools.pairwise(words):
        gap = text[word.end : following.start]
        if word.end - word.start <= _LONGEST_ABBREVIATION:
            gap = gap.removeprefix(".")
        if not set(gap) <= _INSIDE_NAMES:
            return False
    return True


def fold(word: str) -> str:
    """Return a word so that capitals, composed and decomposed letters, and joiners make no difference."""
    plain = "".join(character for character in word if character not in _JOINERS)
    return unicodedata.normalize("NFD", plain.casefold())
