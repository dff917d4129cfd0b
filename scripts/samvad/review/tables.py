"""Decisions in today's files: rows of ``review/*.tsv``, name overrides and glossaries, beside what people wrote there.

A row of ours is found again by what it is about; all other rows, remarks and columns stay as they are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core import files, outside, times
from samvad.core.errors import ConfigurationError
from samvad.review import decisions
from samvad.settings.configuration import Film

Row = dict[str, str]
Value = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of decision, and the file that it is kept in.

    Attributes:
        about: what its keys begin with.
        name: of the file, in the review folder.
        columns: those that a new file has.
        row: a decision's cells, by column.
        key: the columns that say what a row is about.
        answer: the column that has the decision, and its name in the decision.
        column: of the film sheet, where it names the file; empty for a file of the review folder.
    """

    about: str
    name: str
    columns: tuple[str, ...]
    row: Callable[[Value], Row]
    key: tuple[str, ...]
    answer: tuple[str, str]
    column: str = ""

    def place(self, folder: Path, film: Film | None) -> Path:
        """Return the file in which the decisions of a film are kept."""
        named = getattr(film, self.column) if film and self.column else ""
        if named:
            return Path(named).expanduser()
        return Path((film.review if film else "") or folder / "review").expanduser() / self.name


def _stretch(value: Value) -> Row:
    return {"start": times.clock(value["start"]), "end": times.clock(value["end"])}


KINDS = (
    Kind(
        decisions.SEGMENT,
        "quarantine.tsv",
        ("start", "end", "verdict", "text"),
        lambda value: {**_stretch(value), "verdict": value["verdict"], "text": " ".join(value["text"].split())},
        ("start", "end"),
        ("verdict", "verdict"),
    ),
    Kind(
        decisions.SONG,
        "songs.tsv",
        ("start", "end", "kind"),
        lambda value: {**_stretch(value), "kind": value["kind"]},
        ("start", "end"),
        ("kind", "kind"),
    ),
    Kind(
        decisions.SHORTER,
        "shorter.tsv",
        ("take", "start", "end", "language", "text"),
        lambda value: {
            **_stretch(value),
            "take": value["take"],
            "language": value["language"],
            "text": value["text"],
        },
        ("start", "end", "language"),
        ("take", "take"),
    ),
    Kind(
        decisions.NAME,
        "names.tsv",
        ("old", "new"),
        lambda value: {"old": value["old"], "new": value["new"]},
        ("old",),
        ("new", "new"),
        "name_overrides",
    ),
    Kind(
        decisions.TERM,
        "glossary.tsv",
        ("term", "target", "language"),
        lambda value: {"term": value["term"], "target": value["target"], "language": value["language"]},
        ("term", "language"),
        ("target", "target"),
        "glossary",
    ),
)


@dataclass
class Table:
    """A file's lines: each a remark as it stands, or a row by its columns.

    Attributes:
        columns: as its header has them.
        lines: in order, without the header.
        head: remarks above the header.
    """

    columns: list[str]
    lines: list[str | Row]
    head: list[str]

    def find(self, kind: Kind, wanted: Row) -> Row | None:
        """Return the row that is about the same as another."""
        return next((line for line in self.rows if _same(kind, line, wanted)), None)

    @property
    def rows(self) -> list[Row]:
        """Return the rows."""
        return [line for line in self.lines if isinstance(line, dict)]

    @property
    def text(self) -> str:
        """Return the file's text."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter="\t", lineterminator="\n")
        out.writelines(self.head)
        writer.writerow(self.columns)
        for line in self.lines:
            if isinstance(line, str):
                out.write(line)
            else:
                writer.writerow([line.get(column, "") for column in self.columns])
        return out.getvalue()


def read(path: Path, kind: Kind) -> Table:
    """Return a file's table; an empty one of its kind's columns where there is no file.

    Raises:
        ConfigurationError: it cannot be read as one.
    """
    try:
        text = outside.read_text(path, "utf-8-sig", outside.LARGEST_TABLE_BYTES)
    except FileNotFoundError:
        return Table(list(kind.columns), [], [])
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read ({error}).", "Save it as UTF-8.", path=str(path)) from None
    head: list[str] = []
    lines: list[str | Row] = []
    columns: list[str] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t")
    try:
        for cells in reader:
            remark = not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#")
            if remark:
                (lines if columns else head).append("\t".join(cells) + "\n")
            elif not columns:
                columns = [cell.strip().casefold() for cell in cells]
            else:
                lines.append(dict(zip(columns, [*cells, *[""] * len(columns)], strict=False)))
    except csv.Error as error:
        raise ConfigurationError(f"{path}, line {reader.line_num}: {error}.", "Mend it.", path=str(path)) from None
    return Table(columns or list(kind.columns), lines, head)


def write(path: Path, kind: Kind, ours: Iterable[Value], gone: Iterable[Value]) -> None:
    """Write decisions into a file, and take out those that were taken back; nothing is written where all is so.

    Args:
        path: the file.
        kind: of the decisions.
        ours: those that hold.
        gone: those that were written once, and hold no more.

    Raises:
        ConfigurationError: the file cannot be read as a table.
        DiskError: it cannot be written.
    """
    table = read(path, kind)
    before = table.text
    for value in gone:
        row = kind.row(value)
        found = table.find(kind, row)
        if found is not None and found.get(kind.answer[0], "") == row[kind.answer[0]]:
            table.lines.remove(found)
    for value in ours:
        row = kind.row(value)
        table.columns += [column for column in kind.columns if column not in table.columns]
        found = table.find(kind, row)
        if found is None:
            table.lines.append(row)
        else:
            found[kind.answer[0]] = row[kind.answer[0]]
    if table.text != before:
        files.write_text(path, table.text)


def now(path: Path, kind: Kind, written: Sequence[Value]) -> list[str | None]:
    """Return what a file says now of decisions that were written into it: None where its row is gone."""
    table = read(path, kind)
    found = (table.find(kind, kind.row(value)) for value in written)
    return [row.get(kind.answer[0], "").strip() or None if row else None for row in found]


def _same(kind: Kind, row: Row, wanted: Row) -> bool:
    for column in kind.key:
        one, other = row.get(column, "").strip(), wanted[column]
        if column in ("start", "end"):
            try:
                if times.from_clock(one) != times.from_clock(other):
                    return False
            except ValueError:
                return False
        elif one != other and not (column == "language" and not one and other == "en"):
            return False
    return True
