"""Read tables that people write: text with a header, as editors and spreadsheets save it, or workbooks.

Every problem is said with line and column, and all of a file's problems at once (the first ten).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from samvad.core import cells, outside
from samvad.core.errors import ConfigurationError

Row = TypeVar("Row")

_PROBLEMS_SHOWN = 10


class ProblemError(ValueError):
    """A value of a row is wrong: its column, and what is wrong with it."""

    def __init__(self, column: str, what: str) -> None:
        super().__init__(f"column {column}: {what}")


@dataclass(frozen=True)
class Layout:
    """What a table looks like.

    Attributes:
        what: what the file is, for messages: ``glossary``.
        columns: the columns that it may have, in any order.
        needed: those that it must have.
        where_named: where a user names the file, for the message when it is not there.
    """

    what: str
    columns: tuple[str, ...]
    needed: tuple[str, ...]
    where_named: str

    @property
    def remedy(self) -> str:
        """Return what such a file has to look like."""
        return (
            f"A {self.what} is UTF-8 text or a workbook; its columns are {', '.join(self.columns)}, separated by tabs."
        )


def read(path: Path, source: str, layout: Layout, make: Callable[[Mapping[str, str], int], Row]) -> list[Row]:
    """Read a table; lines that begin with # and empty lines are passed over.

    Args:
        path: where it lies.
        source: its name for the messages.
        layout: what it looks like.
        make: turns the values of a row, by column, stripped, and the number of its line into what is wanted; raises
            ``ProblemError``.

    Raises:
        ConfigurationError: it cannot be read, or a column or value is wrong; names the file, the lines, the columns.
    """
    columns: list[str] | None = None
    made: list[Row] = []
    problems: list[str] = []
    for line, values in _lines(path, source, layout):
        if columns is None:
            columns = cells.columns(values)
            _check_header(columns, f"{source}, line {line}", layout)
            continue
        try:
            values = cells.without_end(values, len(columns))  # noqa: PLW2901 -- as spreadsheets leave them
            if len(values) > len(columns):
                raise ProblemError(str(len(columns) + 1), f"there are {len(values)} values for {len(columns)} columns")
            own = {name: value.strip() for name, value in zip(columns, values, strict=False) if name}
            made.append(make(dict.fromkeys(layout.columns, "") | own, line))
        except ProblemError as problem:
            problems.append(f"line {line}, {problem}")
    if columns is None:
        raise ConfigurationError(f"{source} has no header.", layout.remedy, path=source)
    if problems:
        more = f"; and {len(problems) - _PROBLEMS_SHOWN} more" if len(problems) > _PROBLEMS_SHOWN else ""
        listed = "; ".join(problems[:_PROBLEMS_SHOWN])
        raise ConfigurationError(f"{source}, {listed}{more}.", f"Correct the {layout.what}.", path=source)
    return made


def _lines(path: Path, source: str, layout: Layout) -> list[tuple[int, list[str]]]:
    """Return the lines that hold values, each with the number of the line that it begins on."""
    data = _data(path, source, layout)
    if path.suffix.casefold() in cells.WORKBOOKS:
        found = [(number, row) for number, row in enumerate(cells.of_workbook(data, path), 1)]
    else:
        found = _of_text(_text(data, source), source)
    return [(line, row) for line, row in found if any(map(str.strip, row)) and not row[0].lstrip().startswith("#")]


def _of_text(text: str, source: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(cells.lines_of(text), delimiter=cells.delimiter(text), strict=True)
    rows = []
    start = 1
    try:
        for values in reader:
            line, start = start, reader.line_num + 1
            rows.append((line, values))
    except csv.Error as error:
        raise ConfigurationError(
            f"{source}, line {start}: {error}.",
            'Mend its quotes: a quote inside a quoted value is written "".',
            path=source,
        ) from None
    return rows


def _data(path: Path, source: str, layout: Layout) -> bytes:
    try:
        return outside.read_bytes(path, outside.LARGEST_TABLE_BYTES)
    except FileNotFoundError:
        raise ConfigurationError(
            f"The {layout.what} {source} does not exist.", f"Correct {layout.where_named}.", path=source
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"The {layout.what} {source} cannot be read ({error.strerror}).",
            "Give a file that can be read.",
            path=source,
        ) from None


def _text(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-16" if data.startswith(cells.UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{source}, line {line}: it is not UTF-8 text.", "Save it as UTF-8.", path=source
        ) from None


def _check_header(columns: Sequence[str], where: str, layout: Layout) -> None:
    for number, column in enumerate(columns, 1):
        if column and column not in layout.columns:
            raise ConfigurationError(f"{where}, column {number}: unknown column {column!r}.", layout.remedy)
        if column and columns.count(column) > 1:
            raise ConfigurationError(f"{where}: column {column!r} is there twice.", layout.remedy)
    for column in layout.needed:
        if column not in columns:
            raise ConfigurationError(f"{where}: column {column!r} is missing.", layout.remedy)
