"""Find the film that was meant at TMDB, and fetch what is known about it."""

from __future__ import annotations

from dataclasses import replace

from samvad.core.errors import NetworkError
from samvad.core.typed_json import JsonObject
from samvad.film import metadata
from samvad.stages.tmdb import match
from samvad.stages.tmdb.client import Service

_MAX_QUERIES = 4


def find_film(
    service: Service, title: str, year: int | None, max_cast: int, pinned: int | None = None
) -> tuple[metadata.FilmMetadata, str]:
    """Search for a film and return its metadata, with what a person should know about the choice.

    Args:
        service: where and how to ask.
        title: of the film, in any script.
        year: of its release, or None.
        max_cast: how many names of the cast to keep.
        pinned: TMDB's number of the film, where a person has settled it.

    Raises:
        NetworkError: TMDB cannot be reached, refuses, or does not know the film.
    """
    if pinned is not None:
        return fetch(service, pinned, max_cast), ""
    candidates: list[match.Candidate] = []
    chosen = None
    for query, with_year in queries(title, year):
        known = {item.tmdb_id for item in candidates}
        candidates += [item for item in _search(service, query, with_year) if item.tmdb_id not in known]
        chosen = match.choose(candidates, title, year)
        if chosen is not None:
            break
    ranked = match.ranked(candidates, title, year)[: match.KEPT]
    if chosen is None:
        raise NetworkError(f"TMDB knows no film {title!r}" + (f" of {year}" if year else "") + _nearest(ranked))
    film = fetch(service, chosen.candidate.tmdb_id, max_cast)
    kept = (
        metadata.CandidateFilm(item.candidate.tmdb_id, item.candidate.title, item.candidate.year, item.score)
        for item in ranked
    )
    return replace(film, candidates=tuple(kept)), chosen.doubt


def fetch(service: Service, tmdb_id: int, max_cast: int) -> metadata.FilmMetadata:
    """Return the metadata of a film by its number.

    Raises:
        NetworkError: TMDB cannot be reached, refuses, or sends what cannot be used.
    """
    answer = service.ask(f"movie/{tmdb_id}", append_to_response="credits,alternative_titles,translations")
    try:
        return metadata.from_movie(answer, max_cast)
    except metadata.MalformedError as error:
        raise NetworkError(f"TMDB's answer cannot be used: {error}.") from None


def queries(title: str, year: int | None) -> list[tuple[str, int | None]]:
    """Return what to search for, one after the other: the title, then as it is written in Latin letters.

    A film that is dated a year off is not among the results with the year, so each title is asked for without it too.
    """
    titles = list(dict.fromkeys([title, *match.transliterations(title)]))
    years = [year, None] if year is not None else [None]
    return [(text, at) for text in titles for at in years][:_MAX_QUERIES]


def _search(service: Service, title: str, year: int | None) -> list[match.Candidate]:
    answer = service.ask("search/movie", query=title, **({"year": year} if year else {}))
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list):
        raise NetworkError("TMDB's answer cannot be used: it has no list of results.")
    return [_candidate(item) for item in results if isinstance(item, dict) and isinstance(item.get("id"), int)]


def _candidate(item: JsonObject) -> match.Candidate:
    popularity = item.get("popularity")
    return match.Candidate(
        item["id"],
        _text(item, "title"),
        _text(item, "original_title"),
        metadata.year_of(_text(item, "release_date")),
        float(popularity) if isinstance(popularity, (int, float)) else 0.0,
    )


def _text(item: JsonObject, key: str) -> str:
    """Return a text of a result, as much as a title has; empty where there is none."""
    found = item.get(key)
    return metadata.clean(found[:300]) if isinstance(found, str) else ""


def _nearest(ranked: list[match.Scored]) -> str:
    """Return the nearest results in words, for the message: a person may pin one."""
    listed = ", ".join(
        f"{item.candidate.tmdb_id} {item.candidate.title!r} ({item.candidate.year})" for item in ranked[:3]
    )
    return f"; the nearest: {listed}. The column tmdb_id of the film sheet settles it." if listed else "."
