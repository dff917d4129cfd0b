"""Print rows: as a table for people that fits a terminal, as JSON, or as CSV."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from samvad.core.console import printable

Row = Sequence[Any]

_GAP = "  "
_LEAST = 9  # columns of text are not made narrower than this


def as_json(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """Return rows as a JSON array of objects; times in UTC as ``2025-11-27T13:30:05.123Z``."""
    values = [dict(zip(columns, map(plain, row), strict=True)) for row in rows]
    return json.dumps(values, ensure_ascii=False, indent=2)


def as_csv(columns: Sequence[str], rows: Sequence[Row]) -> str:
    """Return rows as CSV with a line of headings."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([plain(value) for value in row] for row in rows)
    return text.getvalue().removesuffix("\n")


def as_table(
    columns: Sequence[str], rows: Sequence[Row], units: Mapping[str, str], width: int, below: Sequence[str] = ()
) -> str:
    """Return rows as a table no wider than ``width`` columns of the terminal.

    A table of more columns than fit becomes a list: the fields of each row one below the other.

    Args:
        columns: headings.
        rows: values.
        units: for a column, how a person reads its numbers: ``seconds``, ``share``, ``factor`` or ``whole``.
        width: columns of the terminal.
        below: columns of long text, printed on lines of their own below each row.
    """
    long = [(index, name) for index, name in enumerate(columns) if name in below]
    notes = [[_note(name, row[index], width) for index, name in long if row[index] is not None] for row in rows]
    kept = [index for index, name in enumerate(columns) if name not in below]
    columns, rows = [columns[index] for index in kept], [[row[index] for index in kept] for row in rows]
    texts = [[shown(value, units.get(name, "")) for name, value in zip(columns, row, strict=True)] for row in rows]
    right = [all(_is_number(row[index]) for row in rows) for index in range(len(columns))]
    widths = [max(map(text_width, [name, *(row[index] for row in texts)])) for index, name in enumerate(columns)]
    widths = _fitted(widths, right, width - len(_GAP) * (len(columns) - 1))
    if sum(widths) > width - len(_GAP) * (len(columns) - 1):
        return _one_below_the_other(columns, texts, width)
    lines = _line(columns, widths, right)
    lines += [_GAP.join("─" * one for one in widths)]
    for row, more in zip(texts, notes, strict=True):
        lines += _line(row, widths, right)
        lines += [line for note in more for line in note]
    return "\n".join(lines)


def hanging(head: str, text: str, width: int) -> list[str]:
    """Return a text as lines of so many columns, with ``head`` before the first and the others below that one."""
    first, *rest = wrapped(printable(text), max(20, width - text_width(head)))
    return [head + first, *(" " * text_width(head) + line for line in rest)]


def shown(value: Any, unit: str = "") -> str:
    """Return a value as a person reads it, on one line and without control characters."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return _number(value, unit)
    if unit == "seconds" and isinstance(value, int):
        return duration(value)
    return printable(value)


def duration(seconds: float) -> str:
    """Return seconds as people say them: ``4.2 s``, ``2 min 05 s``, ``1 h 02 min``, ``3 d 04 h``."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    hours = round(seconds / 3600)
    return f"{hours // 24} d {hours % 24:02d} h"


def text_width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii() and text.isprintable():
        return len(text)  # nearly all cells: a table of thousands of rows is printed ten times faster
    from wcwidth import wcswidth

    return max(0, wcswidth(text))


def wrapped(text: str, width: int) -> list[str]:
    """Break a text into lines of so many columns: between words, or inside a word that is longer than a line."""
    if text_width(text) <= width:
        return [text]
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if text_width(candidate) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        *full, line = _chopped(word, width)
        lines += full
    return [*lines, line]


def _chopped(word: str, width: int) -> list[str]:
    """Cut a long word; a vowel sign stays with its letter."""
    pieces = [""]
    for letter in word:
        combines = unicodedata.category(letter) in ("Mn", "Mc", "Me", "Cf")
        if not combines and text_width(pieces[-1] + letter) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def _number(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "seconds":
        return duration(value)
    if unit == "factor":
        if 0 < value < 0.0001:
            return "<0.0001"
        return f"{value:.2f}" if value >= 0.1 or value == 0 else f"{value:.2g}"
    if unit == "whole":
        return f"{value:.0f}"
    return f"{value:.6g}"


def _one_below_the_other(columns: Sequence[str], texts: Sequence[Sequence[str]], width: int) -> str:
    margin = max(map(text_width, columns)) + 2
    heads = [f"{name}:" + " " * (margin - text_width(name) - 1) for name in columns]
    blocks = [[hanging(head, text, width) for head, text in zip(heads, row, strict=True)] for row in texts]
    return "\n\n".join("\n".join(line for field in block for line in field) for block in blocks)


def _note(name: str, value: Any, width: int) -> list[str]:
    return hanging(f"    {name}: ", shown(value), width)


def plain(value: Any) -> Any:
    """Return a value as JSON and CSV have it; times in UTC as ``2025-11-27T13:30:05.123Z``."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds") + "Z"
    if isinstance(value, float):
        return round(value, 6)
    return value if value is None or isinstance(value, str | int | bool | list | dict) else str(value)


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _fitted(widths: list[int], right: Sequence[bool], room: int) -> list[int]:
    """Make the widest columns of text narrower, one column at a time, until all fit."""
    widths = list(widths)
    while sum(widths) > room:
        texts = [index for index, number in enumerate(right) if not number and widths[index] > _LEAST]
        if not texts:
            break
        widest = max(texts, key=lambda index: widths[index])
        widths[widest] -= 1
    return widths


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> list[str]:
    columns = [wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    lines = []
    for index in range(max(map(len, columns))):
        parts = []
        for column, width, number in zip(columns, widths, right, strict=True):
            text = column[index] if index < len(column) else ""
            padding = " " * (width - text_width(text))
            parts.append(padding + text if number else text + padding)
        lines.append(_GAP.join(parts).rstrip())
    return lines
