"""Read the rows of a film sheet as people and spreadsheets write them: text with tabs or commas, .xlsx, .xls, .ods."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from samvad.core import cells, outside, schemas
from samvad.core.errors import ConfigurationError

#: Columns of the film sheet, in the order in which a new sheet is written.
COLUMNS: tuple[str, ...] = tuple(schemas.schema("film")["properties"])
#: A day as spreadsheets write it, whatever they were given: with a time, or in the order of a country.
_ISO_DAY = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_OTHER_DAY = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})(?: 00:00(?::00)?)?")
#: Columns of whatever people wrote: a file's name may begin with a space.
_FREE = ("media", "title")
#: Columns of whole numbers, which spreadsheets may have made broken ones.
_WHOLE = ("year", "job", "audio_track", "tmdb_id")


class TooLongRowError(ConfigurationError):
    """A row has more values than there are columns."""


def is_plain(path: Path) -> bool:
    """Return whether a sheet is as Samvad writes it (UTF-8, tabs between values), so that commands may change it."""
    if path.suffix.casefold() in cells.WORKBOOKS:  # commands change none: people do, in the program that wrote it
        return False
    data = outside.read_bytes(path, outside.LARGEST_TABLE_BYTES)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return cells.delimiter(text) == "\t"


def read(path: Path) -> Iterator[tuple[int, dict[str, str] | TooLongRowError]]:
    """Yield a sheet's rows as (line, values by column), or in place of one the reason why it is none.

    Names of columns may have capitals, spaces and quotes; values and rows that are empty to the end of a row or of the
    sheet, as spreadsheets leave them, are none. Days and whole numbers are as the film sheet has them.

    Raises:
        ConfigurationError: the sheet is missing or no table, or a column is unknown or missing.
    """
    header: list[str] | None = None
    for line, values in _cells(path):
        if not any(value.strip() for value in values) or values[0].startswith("#"):
            continue
        if header is None:
            header = cells.columns(values)
            _check_header(header, path)
            continue
        kept = cells.without_end(values, len(header))
        if len(kept) > len(header):
            what = f"{path}, line {line}: {len(kept)} values for {len(header)} columns."
            yield line, TooLongRowError(what, "Remove the extra tab, or quote the value that holds one.")
        else:
            whole = dict(zip(header, kept + [""] * (len(header) - len(kept)), strict=True))
            yield line, {name: _value(name, value) for name, value in whole.items() if name}


def _cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of all rows."""
    try:
        data = outside.read_bytes(path, outside.LARGEST_TABLE_BYTES)
    except FileNotFoundError:
        raise ConfigurationError(
            f"The film sheet {path} does not exist.",
            "Add a film with samvad add-film (or `make film`), or set the key films in config/config.yaml.",
            path=str(path),
        ) from None
    except OSError as error:
        what = f"The film sheet {path} cannot be read ({error.strerror})."
        raise ConfigurationError(what, "Correct the key films in config/config.yaml.", path=str(path)) from None
    if path.suffix.casefold() in cells.WORKBOOKS:
        yield from enumerate(cells.of_workbook(data, path), 1)
        return
    text = _decoded(data, path)
    reader = csv.reader(cells.lines_of(text), delimiter=cells.delimiter(text), strict=True)
    start = 1
    try:
        for values in reader:
            yield start, values
            start = reader.line_num + 1
    except csv.Error as error:
        raise ConfigurationError(f"{path}, line {start}: {error}.", "Mend the quotes of that row.") from None


def _decoded(data: bytes, path: Path) -> str:
    try:
        if data.startswith(cells.UTF_16):
            text = data.decode("utf-16")
        else:
            try:
                text = data.decode("utf-8-sig")
            except UnicodeDecodeError:
                text = data.decode("cp1252")  # what Western spreadsheets write where nothing else is asked for
        return text.replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 text ({error}).", "Save it as UTF-8.", path=str(path)) from None


def _value(column: str, text: str) -> str:
    text = text if column in _FREE else text.strip()
    if column in _WHOLE and re.fullmatch(r"[0-9]+\.0+", text):
        return text.partition(".")[0]
    return _day(text) if column == "date" else text


def _day(text: str) -> str:
    """Return a day as YYYY-MM-DD where it can be one day only; else the text, which is refused with its line."""
    if found := _ISO_DAY.fullmatch(text):
        year, month, day = found.groups()
        return f"{year}-{int(month):02d}-{int(day):02d}"
    if found := _OTHER_DAY.fullmatch(text):
        one, mark, two, year = found.groups()
        first, second = int(one), int(two)
        if mark == "." or first > 12 or first == second:
            return f"{year}-{second:02d}-{first:02d}"
        if second > 12:
            return f"{year}-{first:02d}-{second:02d}"
    return text


def _check_header(header: list[str], path: Path) -> None:
    required = schemas.schema("film")["required"]
    unknown = [column for column in header if column and column not in COLUMNS]
    missing = [column for column in required if column not in header]
    doubled = sorted({column for column in header if column and header.count(column) > 1})
    for columns, fault in ((unknown, "unknown"), (missing, "missing"), (doubled, "doubled")):
        if columns:
            close = difflib.get_close_matches(columns[0], COLUMNS, n=1) if fault == "unknown" else []
            near = f" (did you mean {close[0]!r}?)" if close else ""
            raise ConfigurationError(
                f"{path}: {fault} column {', '.join(map(repr, columns))}{near}.",
                f"The columns are {', '.join(COLUMNS)}, separated by tabs.",
                path=str(path),
            )
