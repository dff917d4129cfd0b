"""A film's metadata: read it from TMDB's answer, from a user's file, or from stage 02, and write it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import files, outside, typed_json
from samvad.core.console import is_printable
from samvad.core.errors import ChangedFileError, ConfigurationError
from samvad.core.typed_json import JsonObject

SCHEMA_VERSION = "1.1"

#: TMDB's terms of use ask for this sentence wherever its data is used.
ATTRIBUTION = "This product uses the TMDB API but is not endorsed or certified by TMDB."

#: Keys by which a movie response of TMDB is told from the project's own shape.
_TMDB_KEYS = frozenset({"credits", "release_date", "imdb_id", "overview"})


#: A runtime that differs by more is another cut or, more often, another film. Shorter files are clips of a film.
_MINUTES_APART = 20
_OWN_KEYS = frozenset(
    [
        *("schema_version", "source", "tmdb_id", "title", "original_title", "year", "cast", "soundtrack"),
        *("alternative_titles", "translations", "candidates", "attribution", "runtime_minutes"),
    ]
)


class MalformedError(ValueError):
    """A key of the metadata is missing or of the wrong kind; the text names it."""


@dataclass(frozen=True)
class CastMember:
    """A name of the cast and the character played, as TMDB writes it; the character may be empty."""

    name: str
    character: str


@dataclass(frozen=True)
class CandidateFilm:
    """A film that the search found, and how well it fits, 0 to 1."""

    tmdb_id: int
    title: str
    year: int | None
    score: float


@dataclass(frozen=True)
class FilmMetadata:
    """What is known about a film.

    Attributes:
        source: ``tmdb`` or ``file``.
        tmdb_id: TMDB's number of the film, or None.
        title: in the language asked for.
        original_title: in the language of the film.
        year: of the first release, or None.
        cast: in billing order.
        soundtrack: titles of songs. TMDB has none; a file may have.
        runtime_minutes: as TMDB says, or None.
        alternative_titles: other titles that the film is known by, each once.
        translations: its title by language, where it has one there (short codes).
        candidates: the films that the search found, the best first, with their scores; empty where it was pinned.
    """

    source: str
    tmdb_id: int | None
    title: str
    original_title: str
    year: int | None
    cast: tuple[CastMember, ...] = ()
    soundtrack: tuple[str, ...] = ()
    runtime_minutes: int | None = None
    alternative_titles: tuple[str, ...] = ()
    translations: dict[str, str] = field(default_factory=dict)
    candidates: tuple[CandidateFilm, ...] = ()


def from_movie(answer: Any, max_cast: int, source: str = "tmdb") -> FilmMetadata:
    """Return the metadata in TMDB's answer to ``movie/{id}`` with credits, alternative titles and translations.

    Args:
        answer: the parsed JSON.
        max_cast: how many names of the cast to keep, in billing order.
        source: what to write down as its source.

    Raises:
        MalformedError: a key is missing or of the wrong kind.
    """
    movie = _object(answer, "the answer")
    title = _text(movie, "title", required=True)
    credits_ = _object(movie.get("credits") or {}, "credits")
    cast = [
        (_integer(_object(member, f"credits.cast[{number}]"), "order", f"credits.cast[{number}].") or 0, member)
        for number, member in enumerate(_list(credits_, "cast", "credits."))
    ]
    cast.sort(key=lambda item: item[0])
    members = [_member(member, f"credits.cast[{number}]") for number, (_, member) in enumerate(cast)]
    return FilmMetadata(
        source=source,
        tmdb_id=_integer(movie, "id"),
        title=title,
        original_title=_text(movie, "original_title") or title,
        year=year_of(_text(movie, "release_date")),
        cast=tuple(member for member in members if member.name)[:max_cast],
        runtime_minutes=_integer(movie, "runtime") or None,
        alternative_titles=_alternative_titles(movie),
        translations=_translations(movie),
    )


def from_own(value: Any, max_cast: int) -> FilmMetadata:
    """Return the metadata in a file of the project's own shape (``film_metadata.json``); only ``title`` is needed.

    Raises:
        MalformedError: a key is missing, unknown, or of the wrong kind.
    """
    own = _object(value, "the file")
    unknown = sorted(set(own) - _OWN_KEYS)
    if unknown:
        raise MalformedError(f"unknown key {unknown[0]!r} (known: {', '.join(sorted(_OWN_KEYS))})")
    title = _text(own, "title", required=True)
    cast = tuple(_member(member, f"cast[{number}]") for number, member in enumerate(_list(own, "cast", "")))
    return FilmMetadata(
        source=_text(own, "source") or "file",
        tmdb_id=_integer(own, "tmdb_id"),
        title=title,
        original_title=_text(own, "original_title") or title,
        year=_integer(own, "year"),
        cast=tuple(member for member in cast if member.name)[:max_cast],
        soundtrack=_texts(own, "soundtrack"),
        runtime_minutes=_integer(own, "runtime_minutes") or None,
        alternative_titles=_texts(own, "alternative_titles"),
        translations={
            language: _text(titles, language, "translations.")
            for titles in [_object(own.get("translations") or {}, "translations")]
            for language in titles
        },
        candidates=tuple(
            _candidate(item, f"candidates[{number}]") for number, item in enumerate(_list(own, "candidates", ""))
        ),
    )


def read_file(path: Path, max_cast: int) -> FilmMetadata:
    """Return the metadata of a file that stands in for TMDB: the project's own shape, or a movie response of TMDB.

    Raises:
        ConfigurationError: it cannot be read, is not JSON, or a key is wrong; names the file and the key.
    """
    remedy = "Correct it, or empty the column tmdb_file of the film sheet."
    try:
        value = outside.json_value(outside.read_bytes(path, outside.LARGEST_TABLE_BYTES))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}).", remedy, path=str(path)) from None
    except ValueError as error:
        raise ConfigurationError(f"{path} is not JSON ({error}).", remedy, path=str(path)) from None
    try:
        if isinstance(value, dict) and _TMDB_KEYS & set(value):
            return from_movie(value, max_cast, source="file")
        return from_own({**_object(value, "the file"), "source": "file"}, max_cast)
    except MalformedError as error:
        raise ConfigurationError(f"{path}: {error}.", remedy, path=str(path)) from None


def read(path: Path) -> FilmMetadata:
    """Read what stage 02 wrote.

    Raises:
        ChangedFileError: it is missing or damaged; names the file and the key.
    """
    remedy = "Run stage 02 again."
    try:
        value = _object(typed_json.load(path, "film metadata", remedy), "the file")
        return from_own(value, max_cast=len(_list(value, "cast", "")))
    except MalformedError as error:
        raise ChangedFileError(f"{path}: {error}.", remedy, path=str(path)) from None


def write(path: Path, metadata: FilmMetadata) -> None:
    """Write ``film_metadata.json``, atomically; what came from TMDB says so."""
    value = asdict(metadata)
    said = {"attribution": ATTRIBUTION} if metadata.source == "tmdb" else {}
    files.write_json(path, {"schema_version": SCHEMA_VERSION, **value, **said})


def doubt_of_length(metadata: FilmMetadata, duration_ms: int) -> str:
    """Say what speaks against metadata being of this film: they differ in length, as a film and its remake do.

    Args:
        metadata: what is said of a film.
        duration_ms: how long this one lasts.

    Returns:
        A warning; empty where nothing is known, or they are alike.
    """
    minutes, said = duration_ms / 60_000, metadata.runtime_minutes
    if said is None or minutes <= _MINUTES_APART or abs(minutes - said) <= _MINUTES_APART:
        return ""
    return (
        f"The metadata of {metadata.title!r} ({metadata.year}) are of a film that lasts {said} minutes, this one lasts "
        f"{minutes:.0f}: if it is another film, correct the title or the year in the film sheet, or pin it (column "
        "tmdb_id)."
    )


def clean(text: str) -> str:
    """Return text on one line, without control characters and what UTF-8 cannot hold."""
    kept = (letter if is_printable(letter) else " " for letter in text)
    return " ".join("".join(kept).split())


def year_of(date: str) -> int | None:
    """Return the year of TMDB's ``YYYY-MM-DD``, or None where it is empty."""
    return int(date[:4]) if date[:4].isascii() and date[:4].isdigit() else None


def _member(value: Any, where: str) -> CastMember:
    member = _object(value, where)
    return CastMember(_text(member, "name", f"{where}.", required=True), _text(member, "character", f"{where}."))


def _alternative_titles(movie: JsonObject) -> tuple[str, ...]:
    held = _object(movie.get("alternative_titles") or {}, "alternative_titles")
    titles = [
        _text(_object(item, f"alternative_titles.titles[{number}]"), "title", f"alternative_titles.titles[{number}].")
        for number, item in enumerate(_list(held, "titles", "alternative_titles."))
    ]
    return tuple(dict.fromkeys(title for title in titles if title))


def _translations(movie: JsonObject) -> dict[str, str]:
    found: dict[str, str] = {}
    held = _object(movie.get("translations") or {}, "translations")
    for number, item in enumerate(_list(held, "translations", "translations.")):
        where = f"translations.translations[{number}]"
        language = _text(_object(item, where), "iso_639_1", f"{where}.")
        title = _text(_object(item.get("data") or {}, f"{where}.data"), "title", f"{where}.data.")
        if language and title:
            found.setdefault(language, title)
    return found


def _candidate(value: Any, where: str) -> CandidateFilm:
    item = _object(value, where)
    score = item.get("score")
    if not isinstance(score, (int, float)):
        raise MalformedError(f"key '{where}.score' is {score!r}, but must be a number")
    number = _integer(item, "tmdb_id", f"{where}.")
    return CandidateFilm(number or 0, _text(item, "title", f"{where}."), _integer(item, "year", f"{where}."), score)


def _texts(value: JsonObject, key: str) -> tuple[str, ...]:
    items = _list(value, key, "")
    for number, item in enumerate(items):
        if not isinstance(item, str):
            raise MalformedError(f"key '{key}[{number}]' is {item!r}, but must be text")
    return tuple(text for item in items if (text := clean(item)))


def _object(value: Any, where: str) -> JsonObject:
    if not isinstance(value, dict):
        raise MalformedError(f"{where} is {str(value)[:40]!r}, but must be an object")
    return value


def _list(value: JsonObject, key: str, where: str) -> list[Any]:
    found = value.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise MalformedError(f"key '{where}{key}' is {str(found)[:40]!r}, but must be a list")
    return found


def _text(value: JsonObject, key: str, where: str = "", *, required: bool = False) -> str:
    found = value.get(key)
    if found is None and not required:
        return ""
    if found is None:
        raise MalformedError(f"key '{where}{key}' is missing")
    if not isinstance(found, str):
        raise MalformedError(f"key '{where}{key}' is {str(found)[:40]!r}, but must be text")
    return clean(found)


def _integer(value: JsonObject, key: str, where: str = "") -> int | None:
    found = value.get(key)
    if found is None:
        return None
    if not isinstance(found, int) or isinstance(found, bool):
        raise MalformedError(f"key '{where}{key}' is {str(found)[:40]!r}, but must be a whole number")
    return found
