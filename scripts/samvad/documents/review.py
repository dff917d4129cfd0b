"""What a person decided about a film: tab-separated files in its review folder, which stages 06, 07 and 09 obey.

``songs.tsv``: columns start, end, kind (song or dialogue). ``quarantine.tsv``: as stage 07 wrote it, with the column
verdict changed. ``shorter.tsv``: as stage 09 wrote it, with the column take filled. Other columns are for people. Times
are ``HH:MM:SS.mmm``, ``MM:SS`` or seconds.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from samvad.core import outside, times
from samvad.core.errors import ConfigurationError

#: Verdicts that a person may give: those of a segment, and ``whole``: shown with all that was recognised, loop and all.
VERDICTS = ("keep", "suspect", "quarantine", "whole")
KINDS = ("song", "dialogue")
TAKES = ("yes", "no")


@dataclass(frozen=True)
class Decision:
    """A row of a review file.

    Attributes:
        line: its line in the file, counted from 1.
        start_ms: from here,
        end_ms: to here,
        value: it is this: a verdict or a kind.
        text: the text meant; empty for whatever lies there.
        language: of the track meant; empty for all.
    """

    line: int
    start_ms: int
    end_ms: int
    value: str
    text: str = ""
    language: str = ""


def read_songs(path: Path) -> tuple[Decision, ...]:
    """Read ``songs.tsv``; the value of each row is its kind.

    Raises:
        ConfigurationError: the file is not as it must be; names line and column.
    """
    return _read(path, "kind", KINDS)


def read_verdicts(path: Path) -> tuple[Decision, ...]:
    """Read ``quarantine.tsv``; the value of each row is its verdict. Rows without one decide nothing.

    Raises:
        ConfigurationError: the file is not as it must be; names line and column.
    """
    return _read(path, "verdict", VERDICTS)


def read_shorter(path: Path) -> tuple[Decision, ...]:
    """Read ``shorter.tsv``; the value of each row is yes or no. Rows without one decide nothing.

    Raises:
        ConfigurationError: the file is not as it must be; names line and column.
    """
    return _read(path, "take", TAKES)


def _read(path: Path, column: str, allowed: Sequence[str]) -> tuple[Decision, ...]:
    needed = ("start", "end", column)
    found: list[Decision] = []
    header: list[str] = []
    for line, cells in _rows(path):
        if not header:
            header = [cell.lower() for cell in cells]
            missing = [name for name in needed if name not in header]
            if missing:
                raise _error(path, line, f"the column {missing[0]} is missing; the first line must name {needed}")
            continue
        row = dict(zip(header, cells + [""] * len(header), strict=False))
        if row[column]:
            found.append(_decision(path, line, row, column, allowed))
    return tuple(found)


def _decision(path: Path, line: int, row: dict[str, str], column: str, allowed: Sequence[str]) -> Decision:
    value = row[column].lower()
    if value not in allowed:
        raise _error(path, line, f"{column} is {row[column]!r}, but must be one of: {', '.join(allowed)}")
    try:
        start_ms, end_ms = times.from_clock(row["start"]), times.from_clock(row["end"])
    except ValueError as error:
        raise _error(path, line, str(error)) from None
    if end_ms < start_ms:
        raise _error(path, line, "it ends before it starts")
    return Decision(line, start_ms, end_ms, value, row.get("text", ""), row.get("language", "").lower())


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    try:
        text = outside.read_text(path, "utf-8-sig", outside.LARGEST_TABLE_BYTES)
    except UnicodeDecodeError as error:
        raise _error(path, None, f"it is not UTF-8 ({error.reason} at byte {error.start})") from None
    except OSError as error:
        raise _error(path, None, f"it cannot be read ({error.strerror})") from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t")
    rows = []
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped) and not stripped[0].startswith("#"):
                rows.append((reader.line_num, stripped))
    except csv.Error as error:
        raise _error(path, reader.line_num, str(error)) from None
    return rows


def _error(path: Path, line: int | None, what: str) -> ConfigurationError:
    where = f"{path}, line {line}" if line else str(path)
    return ConfigurationError(f"{where}: {what}.", "Correct it, or delete the line.", path=str(path))
