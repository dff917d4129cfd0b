"""Find the film that was meant among the results of a search."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from samvad.film import known_names
from samvad.text import phonetic, romanise

#: A film is often dated a year earlier or later, by its first showing at a festival or abroad.
YEARS_APART = 1

# Similarity of titles, 0 to 100, from which a result counts as the film though its title is written otherwise: lower
# where the year agrees too. Chosen by hand on transliterated titles, such as "Dil Chahta Hai" and "Dil Chaahta Hai".
_SIMILAR_WITH_YEAR = 75
_SIMILAR_ALONE = 88

# Letters in a title from which likeness says anything: "Don" and "Dor" are two films.
_SHORTEST_ALIKE = 8

#: Candidates that are kept with their scores.
KEPT = 5
# What makes up a score: the title most of all; fame (TMDB's popularity) only tells films of one title apart.
_TITLE_WEIGHT, _YEAR_WEIGHT, _FAME_WEIGHT = 0.75, 0.2, 0.05


@dataclass(frozen=True)
class Candidate:
    """A result of TMDB's search, in the order in which it came."""

    tmdb_id: int
    title: str
    original_title: str
    year: int | None
    popularity: float = 0.0


@dataclass(frozen=True)
class Scored:
    """A candidate and how well it fits what is known of the film, 0 to 1."""

    candidate: Candidate
    score: float


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
        nearest = [item for item in same if item.year == year] or same
        films = len({item.tmdb_id for item in nearest})
        of_year = f" of {year}" if year is not None else ""
        advice = (
            "give the year, or settle it by the column tmdb_id" if year is None else "settle it by the column tmdb_id"
        )
        doubt = f"{films} films{of_year} have the title {title!r}; the best known was taken: {advice}"
        return Match(nearest[0], doubt if films > 1 else "")
    limit = _SIMILAR_ALONE if year is None else _SIMILAR_WITH_YEAR
    for item in dated:
        if _similarity(title, item) >= limit or (year is not None and not _comparable(title, item)):
            return Match(item, f"TMDB writes the title {item.title!r}, not {title!r}")
    return None


def ranked(candidates: Sequence[Candidate], title: str, year: int | None) -> list[Scored]:
    """Return the candidates with their scores, the best first: for a person who has to settle a doubt."""
    scored = [Scored(item, round(_score(item, title, year), 3)) for item in candidates]
    return sorted(scored, key=lambda item: -item.score)


def transliterations(title: str) -> list[str]:
    """Return a title of an Indian script as it may be written in Latin letters; nothing for a Latin title."""
    if _is_latin(title):
        return []
    made = zip(*(romanise.spellings(word) for word in _words(title)), strict=True)
    return [text for text in dict.fromkeys(map(" ".join, made)) if text.strip()]


def _score(item: Candidate, title: str, year: int | None) -> float:
    likeness = 1.0 if _folded(title) in (_folded(item.title), _folded(item.original_title)) else _likeness(title, item)
    apart = abs(item.year - year) if item.year is not None and year is not None else None
    dated = {None: 0.5, 0: 1.0, 1: 0.8}.get(apart, 0.0)
    return _TITLE_WEIGHT * likeness + _YEAR_WEIGHT * dated + _FAME_WEIGHT * item.popularity / (item.popularity + 10)


def _likeness(title: str, item: Candidate) -> float:
    """Return how alike the titles are, 0 to 1: by their letters, or by their sounds, also across scripts."""
    from rapidfuzz import fuzz

    wanted = _folded(title)
    heard = _heard(title)
    return max(
        max(fuzz.ratio(wanted, _folded(other)) / 100, phonetic.similarity(heard, _heard(other)))
        for other in (item.title, item.original_title)
    )


def _heard(title: str) -> str:
    return "".join(phonetic.sounds(word) for word in _words(title))


def _words(title: str) -> list[str]:
    return [word.folded for word in known_names.split(title)]


def _same_year(item: Candidate, year: int) -> bool:
    return item.year is not None and abs(item.year - year) <= YEARS_APART


def _folded(text: str) -> str:
    """Return the title's letters, digits and marks alone, in small letters without accents on Latin ones."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = [character for character in decomposed if unicodedata.category(character)[0] in "LNM"]
    return "".join(character for character in kept if unicodedata.combining(character) != 230) or text.strip()


def _similarity(title: str, item: Candidate) -> float:
    return 0.0 if len(_folded(title)) < _SHORTEST_ALIKE else 100 * _likeness(title, item)


def _comparable(title: str, item: Candidate) -> bool:
    """Return whether one of the candidate's titles is in the script of the title."""
    latin = _is_latin(title)
    return latin in (_is_latin(item.title), _is_latin(item.original_title))


def _is_latin(text: str) -> bool:
    return any(character.isascii() and character.isalpha() for character in text)
