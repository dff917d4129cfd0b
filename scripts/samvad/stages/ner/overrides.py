"""A person's word on names: a file that says what is to be written where, or that something is to be left alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from samvad.film import glossary_table

#: The first two are needed. ``names_replaced.tsv`` of stage 05 has these columns too: its rows can be copied.
COLUMNS = ("old", "new", "time", "score", "evidence", "segment", "notes")
LAYOUT = glossary_table.Layout(
    "file of overrides", COLUMNS, ("old", "new"), "the column name_overrides of the film sheet"
)

_TIME = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?")


@dataclass(frozen=True)
class Override:
    """What to write for a name as it was heard.

    Attributes:
        old: as it was heard, one word or several.
        new: what is to be written; the same as ``old`` where it is to be left as it is.
        time_ms: a time in the segments that it holds for; None for the whole film.
    """

    old: str
    new: str
    time_ms: int | None = None


def read(path: Path, source: str) -> tuple[Override, ...]:
    """Read a file of overrides: tab-separated, columns old, new and, where it holds at one place only, time.

    Raises:
        ConfigurationError: it cannot be read, or a value is wrong; names the file, the lines, the columns.
    """
    return tuple(glossary_table.read(path, source, LAYOUT, lambda row, _line: _override(row)))


def _override(row: Mapping[str, str]) -> Override:
    if not row["old"]:
        raise glossary_table.ProblemError("old", "it is empty")
    if not any(letter.isalnum() for letter in row["old"]):
        raise glossary_table.ProblemError("old", f"{row['old']!r} has no letters")
    old, new = (" ".join(row[column].split()) for column in ("old", "new"))
    return Override(old, new or old, _time_ms(row["time"]) if row["time"] else None)


def _time_ms(text: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None:
        raise glossary_table.ProblemError("time", f"{text!r} is no time such as 1:02:03.450")
    hours, minutes, seconds, fraction = match.groups()
    whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * 1000 + int((fraction or "0").ljust(3, "0"))
