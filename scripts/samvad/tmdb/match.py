"""Find the film that was meant among the results of a search."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

#: A film is often dated a year earlier or later, by its first showing at a festival or abroad.
YEARS_APART = 1

# Similarity of titles, 0 to 100, from which a result counts as the film though its title is written otherwise: lower
# where the year agrees too. Chosen by hand on transliterated titles, such as "Dil Chahta Hai" and "Dil Chaahta Hai".
_SIMILAR_WITH_YEAR = 75
_SIMILAR_ALONE = 88

# Letters in a title from which likeness says anything: "Don" and "Dor" are two films.
_SHORTEST_ALIKE = 8


@dataclass(frozen=True)
class Candidate:
    """A result of TMDB's search, in the order in which it came."""

    tmdb_id: int
    title: str
    original_title: str
    year: int | None


@dataclass(frozen=True)
class Match:
    """The candidate chosen, and what a person should know about the choice (empty when it is certain)."""

    candidate: Candidate
    doubt: str


def choose(candidates: Sequence[Candidate], title: str, year: int | None) -> Match | None:
    """Return the candidate that is the film, or None: the wrong film's cast is worse than none.

    Args:
        candidates: in TMDB's order, which is by popularity.
        title: as the film sheet has it, in any script.
        year: as the film sheet has it, or None.
    """
    dated = [item for item in candidates if year is None or _same_year(item, year)]
    same = [item for item in dated if _folded(title) in (_folded(item.title), _folded(item.original_title))]
    if same:
        exact_year = [item for item in same if item.year == year]
        films = len({item.year for item in same}) if year is None else 1
        doubt = f"{films} films have the title {title!r}; the best known was taken: give the year" if films > 1 else ""
        return Match((exact_year or same)[0], doubt)
    limit = _SIMILAR_ALONE if year is None else _SIMILAR_WITH_YEAR
    for item in dated:
        if _similarity(title, item) >= limit or (year is not None and not _comparable(title, item)):
            return Match(item, f"TMDB writes the title {item.title!r}, not {title!r}")
    return None


def _same_year(item: Candidate, year: int) -> bool:
    return item.year is not None and abs(item.year - year) <= YEARS_APART


def _folded(text: str) -> str:
    """Return the title's letters, digits and marks alone, in small letters without accents on Latin ones."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = [character for character in decomposed if unicodedata.category(character)[0] in "LNM"]
    return "".join(character for character in kept if unicodedata.combining(character) != 230) or text.strip()


def _similarity(title: str, item: Candidate) -> float:
    from rapidfuzz import fuzz

    wanted = _folded(title)
    if len(wanted) < _SHORTEST_ALIKE:
        return 0.0
    return max(fuzz.ratio(wanted, _folded(item.title)), fuzz.ratio(wanted, _folded(item.original_title)))


def _comparable(title: str, item: Candidate) -> bool:
    """Return whether one of the candidate's titles is in the script of the title."""
    latin = _is_latin(title)
    return latin in (_is_latin(item.title), _is_latin(item.original_title))


def _is_latin(text: str) -> bool:
    return any(character.isascii() and character.isalpha() for character in text)
