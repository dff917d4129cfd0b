"""Glossary entries: read a table, merge tables, write and read the merged glossary."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from samvad import files
from samvad.errors import ConfigurationError

SCHEMA_VERSION = "1.0"

#: Columns of a glossary file. The first two are needed; the order is free.
COLUMNS: tuple[str, ...] = ("term", "target", "alternatives", "context", "notes")

_NEEDED = ("term", "target")
_REMEDY = f"A glossary is UTF-8 text; its columns are {', '.join(COLUMNS)}, separated by tabs."


@dataclass(frozen=True)
class Entry:
    """A term and how it is to be written.

    Attributes:
        term: as it is spoken or recognised, in any script.
        target: how it is to be written in a translation; the term itself where the table leaves it empty.
        alternatives: other wordings that are as good as the target; for a name, its other spellings.
        context: what kind of term it is. ``name``, ``person``, ``place`` and ``organisation`` mark names.
        notes: for people.
        source: the file it comes from, or ``tmdb``.
    """

    term: str
    target: str
    alternatives: tuple[str, ...] = ()
    context: str = ""
    notes: str = ""
    source: str = ""


@dataclass(frozen=True)
class Conflict:
    """A term with two targets: the one that was kept and the one that was not, each with its source."""

    term: str
    kept: str
    dropped: str


@dataclass(frozen=True)
class Glossary:
    """The merged entries, in the order in which the terms first came, and the conflicts met on the way."""

    entries: tuple[Entry, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


def read_table(path: Path, source: str) -> tuple[Entry, ...]:
    """Read a glossary file: tab-separated, with a header; lines that begin with # and empty lines are passed over.

    Args:
        path: where it lies.
        source: its name for the record and the messages.

    Raises:
        ConfigurationError: it cannot be read, or a column or value is wrong; names the file, the line, the column.
    """
    columns: list[str] | None = None
    entries = []
    for line, values in _rows(path, source):
        if columns is None:
            columns = [value.strip().casefold() for value in values]
            _check_header(columns, f"{source}, line {line}")
            continue
        if len(values) > len(columns):
            raise ConfigurationError(
                f"{source}, line {line}, column {len(columns) + 1}: there are {len(values)} values for "
                f"{len(columns)} columns.",
                "Remove the extra tab, or quote the value that holds one.",
                path=source,
            )
        row = dict.fromkeys(COLUMNS, "") | dict(zip(columns, map(_tidy, values), strict=False))
        if not row["term"]:
            raise ConfigurationError(f"{source}, line {line}, column term: it is empty.", "Name the term.", path=source)
        entries.append(_entry(row, source))
    if columns is None:
        raise ConfigurationError(f"{source} has no header.", _REMEDY, path=source)
    return tuple(entries)


def merge(tables: Iterable[Iterable[Entry]]) -> Glossary:
    """Merge tables: of two entries with the same term, whatever its case, the later one wins.

    Entries for the same term with different targets are recorded as conflicts.
    """
    kept: dict[str, Entry] = {}
    conflicts = []
    for entry in (entry for table in tables for entry in table):
        key = _key(entry.term)
        earlier = kept.get(key)
        if earlier is not None and earlier.target != entry.target:
            conflicts.append(Conflict(entry.term, _described(entry), _described(earlier)))
        kept[key] = entry
    return Glossary(tuple(kept.values()), tuple(conflicts))


def from_names(people: Iterable[str], notes: str) -> tuple[Entry, ...]:
    """Return entries that keep people's names as TMDB spells them."""
    return tuple(Entry(name, name, context="person", notes=notes, source="tmdb") for name in map(_tidy, people) if name)


def write(path: Path, glossary: Glossary) -> None:
    """Write ``glossary.json``, atomically."""
    files.write_json(path, {"schema_version": SCHEMA_VERSION, **asdict(glossary)})


def read(path: Path) -> Glossary:
    """Read what stage 03 wrote."""
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Glossary(
        tuple(Entry(**{**item, "alternatives": tuple(item["alternatives"])}) for item in value["entries"]),
        tuple(Conflict(**item) for item in value["conflicts"]),
    )


def _rows(path: Path, source: str) -> list[tuple[int, list[str]]]:
    """Return the lines that hold values, each with the number of the line that it begins on."""
    text = _text(path, source)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True)
    rows = []
    start = 1
    try:
        for values in reader:
            line, start = start, reader.line_num + 1
            if any(value.strip() for value in values) and not values[0].lstrip().startswith("#"):
                rows.append((line, values))
    except csv.Error as error:
        raise ConfigurationError(
            f"{source}, line {start}: {error}.",
            'Mend its quotes: a quote inside a quoted value is written "".',
            path=source,
        ) from None
    return rows


def _text(path: Path, source: str) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ConfigurationError(
            f"The glossary {source} does not exist.",
            "Correct the key glossary.files, or the column glossary of the film sheet.",
            path=source,
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"The glossary {source} cannot be read ({error.strerror}).", "Give a file that can be read.", path=source
        ) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{source}, line {line}: it is not UTF-8 text.", "Save it as UTF-8.", path=source
        ) from None


def _check_header(columns: list[str], where: str) -> None:
    for number, column in enumerate(columns, 1):
        if column not in COLUMNS:
            raise ConfigurationError(f"{where}, column {number}: unknown column {column!r}.", _REMEDY)
        if columns.count(column) > 1:
            raise ConfigurationError(f"{where}: column {column!r} is there twice.", _REMEDY)
    for column in _NEEDED:
        if column not in columns:
            raise ConfigurationError(f"{where}: column {column!r} is missing.", _REMEDY)


def _entry(row: dict[str, str], source: str) -> Entry:
    alternatives = dict.fromkeys(item.strip() for item in row["alternatives"].split("|"))
    return Entry(
        term=row["term"],
        target=row["target"] or row["term"],
        alternatives=tuple(item for item in alternatives if item),
        context=row["context"],
        notes=row["notes"],
        source=source,
    )


def _tidy(text: str) -> str:
    """Return the text in Unicode's composed form, with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _key(term: str) -> str:
    return unicodedata.normalize("NFC", term.casefold())


def _described(entry: Entry) -> str:
    return f"{entry.target} ({entry.source})"
