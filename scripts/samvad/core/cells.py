"""Cells of tables as spreadsheets write them: workbooks, text with tabs or commas, headings as people put them."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from samvad.core.errors import ConfigurationError, MissingToolError

#: Endings of workbooks.
WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xls", ".ods"})
#: Excel's "Unicode text" begins so.
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def lines_of(text: str) -> list[str]:
    """Return a text's lines with their ends; a line ends where an editor ends it, and not at U+2028 or a form feed."""
    return list(io.StringIO(text, newline=""))


def delimiter(text: str) -> str:
    """Return what stands between the values: a tab, or what a spreadsheet's CSV has, by the columns' names."""
    header = next((line for line in lines_of(text) if line.strip() and not line.startswith("#")), "")
    return "\t" if "\t" in header else max(",;", key=header.count) if set(",;") & set(header) else "\t"


def of_workbook(data: bytes, path: Path) -> list[list[str]]:
    """Return the cells of a workbook's first sheet; days as YYYY-MM-DD, whole numbers without a point.

    Args:
        data: the file.
        path: its name, for messages.

    Raises:
        MissingToolError: this environment reads no workbooks.
        ConfigurationError: it is none.
    """
    try:
        import python_calamine
    except ImportError:
        raise MissingToolError(
            f"{path} is a workbook, which this environment cannot read.", "Run: make setup"
        ) from None
    try:
        book = python_calamine.load_workbook(io.BytesIO(data))
        first = book.get_sheet_by_index(0)
        rows = first.to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, ValueError, IndexError, OSError) as error:
        what = f"{path} is no workbook that can be read ({error})."
        raise ConfigurationError(
            what, "Save it again as .xlsx or .ods, or as text with tabs.", path=str(path)
        ) from None
    return [[_cell(value) for value in row] for row in rows]


def _cell(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def without_end(values: Sequence[str], least: int) -> list[str]:
    """Return cells without the empty ones at their end that are more than so many."""
    kept = list(values)
    while len(kept) > least and not kept[-1].strip():
        kept.pop()
    return kept


def columns(cells: Sequence[str]) -> list[str]:
    """Return the names of columns out of the cells of a table's heading, where a person wrote them as headings."""
    return [_column(name) for name in without_end(cells, 0)]


def _column(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().strip("\"'").strip()).casefold()
