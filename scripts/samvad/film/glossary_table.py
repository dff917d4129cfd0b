"""Read tables that people write: tab-separated UTF-8 with a header, checked row by row.

Every problem is said with line and column, and all of a file's problems at once (the first ten).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from samvad.core import outside
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
        return f"A {self.what} is UTF-8 text; its columns are {', '.join(self.columns)}, separated by tabs."


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
            columns = [value.strip().casefold() for value in values]
            _check_header(columns, f"{source}, line {line}", layout)
            continue
        try:
            if len(values) > len(columns):
                raise ProblemError(str(len(columns) + 1), f"there are {len(values)} values for {len(columns)} columns")
            cells = zip(columns, (value.strip() for value in values), strict=False)
            made.append(make(dict.fromkeys(layout.columns, "") | dict(cells), line))
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
    reader = csv.reader(io.StringIO(_text(path, source, layout), newline=""), delimiter="\t", strict=True)
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


def _text(path: Path, source: str, layout: Layout) -> str:
    try:
        data = outside.read_bytes(path, outside.LARGEST_TABLE_BYTES)
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
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{source}, line {line}: it is not UTF-8 text.", "Save it as UTF-8.", path=source
        ) from None


def _check_header(columns: Sequence[str], where: str, layout: Layout) -> None:
    for number, column in enumerate(columns, 1):
        if column not in layout.columns:
            raise ConfigurationError(f"{where}, column {number}: unknown column {column!r}.", layout.remedy)
        if columns.count(column) > 1:
            raise ConfigurationError(f"{where}: column {column!r} is there twice.", layout.remedy)
    for column in layout.needed:
        if column not in columns:
            raise ConfigurationError(f"{where}: column {column!r} is missing.", layout.remedy)
