"""Write the film sheet: add a row under the next free job number, without disturbing the others."""

from __future__ import annotations

import csv
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path

from samvad.core import cells, files, locks, outside, places
from samvad.core.errors import ConfigurationError
from samvad.media import addresses
from samvad.settings import configuration, film_values, sheet_rows

#: What no sheet can hold: a carriage return becomes a new line when the sheet is read, NUL ends a path, and lone
#: surrogates stand for bytes of a file name that are not UTF-8.
UNFIT = re.compile("[\r\0\ud800-\udfff]")

# What tells one job from another: all else that a row says can be corrected.
_ALWAYS = {"media", "user"}
_WHERE_GIVEN = {"source", "targets", "workflow", "film", "date"}

# Where Python or a spreadsheet may end a line: a value with one of these stands in quotes.
_NEEDS_QUOTES = re.compile('[\t\n"\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|^#')


def add(
    sheet: Path, row: Mapping[str, str], output_root: Path, own: list[str], *, new_job: bool = False
) -> tuple[configuration.Film, bool]:
    """Append a row to the sheet under the next free job number, or find the job of this film that is there already.

    It is the same job where the film, its languages, the user and how far it goes are the same: a corrected title, or
    another model, makes no second one.

    Args:
        sheet: the film sheet; made where it is missing.
        row: from ``new_row``.
        output_root: where the jobs' folders are: a number that has a folder is not free.
        own: columns that the user gave. Those that say which job is meant must agree for a row to be the same; the
            others, such as the title, are written into it.
        new_job: add a row in any case.

    Returns:
        The film's row, and whether it is new.

    Raises:
        ConfigurationError: the sheet is no table, this film's own row is wrong, or the new one would be. Another row
            that is wrong is left as it is.
    """
    sheet = sheet.resolve()
    with _opened(sheet):
        for film in reversed([] if new_job else known(sheet)):
            if not _is_same(film, row, own):
                continue
            changed = {name: row[name] for name in own if text_of(film)[name] != row[name]}
            if not changed:
                return film, False
            if film.sheet == str(sheet):  # the project's own rows stay as they are
                _check({**text_of(film), **changed}, sheet)
                _change(sheet, {film.line: changed})
                return configuration.read_sheet(sheet)[0][film.folder], False
        if not new_job and (wrong := wrong_rows(sheet).get(row["media"])):
            raise wrong
        return _append(sheet, [row], output_root)[0], True


def has(sheet: Path, row: Mapping[str, str], own: list[str]) -> bool:
    """Say whether the sheet has the job that a row asks for; the arguments are those of ``add``."""
    return any(_is_same(film, row, own) for film in known(sheet))


def add_all(sheet: Path, rows: Sequence[Mapping[str, str]], output_root: Path) -> list[configuration.Film]:
    """Append many rows to the sheet, each under the next free job number; return them as they are in the sheet.

    Args:
        sheet: the film sheet; made where it is missing.
        rows: from ``new_row``, of films that are not in the sheet.
        output_root: as for ``add``.

    Raises:
        ConfigurationError: the sheet is no table, or a new row would be wrong. Another that is wrong is left as it is.
    """
    sheet = sheet.resolve()
    with _opened(sheet):
        return _append(sheet, rows, output_root)


def known(sheet: Path) -> list[configuration.Film]:
    """Return the films of a sheet, and of the project's where it is one's own beside that; wrong rows are none.

    Raises:
        ConfigurationError: a sheet is wrong as it is.
    """
    return list(configuration.read_sheet(*_together(sheet.resolve()))[0].values())


def wrong_rows(sheet: Path) -> dict[str, ConfigurationError]:
    """Return what is wrong with rows that name a film, by its path as a row has it: such a film gets no second row."""
    bad = configuration.read_sheet(*_together(sheet.resolve()))[1]
    return {_stored(row.media): row.error for row in bad if row.media}


def take_over(sheet: Path, stays: str) -> int:
    """Move the rows that people have written into the project's sheet into their own, where there was none before.

    Args:
        sheet: one's own, beside the project's.
        stays: the film id of the project's own rows.

    Returns:
        How many rows were moved.
    """
    sheet = sheet.resolve()
    above = [path for path in _together(sheet) if path != sheet]
    if not above or not sheet_rows.is_plain(above[0]):
        return 0
    with _locked(above[0]), _opened(sheet):
        moved = [(line, row) for line, row in sheet_rows.read(above[0]) if not isinstance(row, ConfigurationError)]
        moved = [(line, row) for line, row in moved if row["film"] != stays]
        if not moved:
            return 0
        text = _text(sheet)
        whole = [{name: row.get(name, "") for name in configuration.COLUMNS} for _, row in moved]
        files.write_text(sheet, with_rows(text, whole))
        lines = _lines(above[0])
        for line, _ in reversed(moved):
            del lines[line - 1 : _row(lines, line)[1]]
        files.write_text(above[0], "".join(lines))
    return len(moved)


def write_copy(sheet: Path, copy: Path) -> None:
    """Write all rows that belong to a sheet into another file, for a plan that is to leave the sheet as it is."""
    rows = [row for path in _together(sheet.resolve()) if path.exists() for _, row in sheet_rows.read(path)]
    whole = [{name: row.get(name, "") for name in configuration.COLUMNS} for row in rows if isinstance(row, dict)]
    files.write_text(copy, with_rows("", whole))


def change(sheet: Path, changes: Mapping[int, Mapping[str, str]]) -> None:
    """Write other values into rows; all else in the sheet stays as it is, and columns it lacks are added.

    Args:
        sheet: the film sheet.
        changes: new values by column, by the line on which the film's row begins.
    """
    sheet = sheet.resolve()
    with _locked(sheet):
        _change(sheet, changes)


def remove(sheet: Path, folder: str) -> None:
    """Take a film's row out of the sheet; all else in it stays as it is. A row that is gone already is no error.

    Args:
        sheet: the film sheet.
        folder: of the film's job, as ``Film.folder``; its line may be another since somebody looked.
    """
    sheet = sheet.resolve()
    with _locked(sheet):
        film = configuration.read_sheet(sheet)[0].get(folder)
        if film is None:
            return
        line, lines = film.line, _lines(sheet)
        del lines[line - 1 : _row(lines, line)[1]]
        files.write_text(sheet, "".join(lines))


def _change(sheet: Path, changes: Mapping[int, Mapping[str, str]]) -> None:
    lines = _lines(sheet)
    header = _header(lines)
    assert header is not None, "there are films in it"
    at, columns = header
    missing = [name for name in configuration.COLUMNS if any(name in new for new in changes.values())]
    missing = [name for name in missing if name not in columns]
    for start in sorted(changes, reverse=True):  # from the end: a row may become shorter or longer
        values, last = _row(lines, start)
        known = {**dict(zip(columns, values, strict=False)), **changes[start]}
        written = [known.get(name, "") for name in [*columns, *missing]]
        lines[start - 1 : last] = ["\t".join(map(_quoted, written)).rstrip("\t") + _ending(lines[last - 1])]
    if missing:
        lines[at] = "\t".join([lines[at].rstrip("\r\n\t"), *missing]) + _ending(lines[at])
    files.write_text(sheet, "".join(lines))


def _lines(sheet: Path) -> list[str]:
    return cells.lines_of(outside.read_bytes(sheet, outside.LARGEST_TABLE_BYTES).decode("utf-8"))


def _row(lines: Sequence[str], start: int) -> tuple[list[str], int]:
    """Return the values of the row that begins on a line, counted from 1, and the line on which it ends."""
    reader = csv.reader(lines[start - 1 :], delimiter="\t", strict=True)
    return next(reader), start - 1 + reader.line_num


def _ending(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def with_rows(text: str, rows: Sequence[Mapping[str, str]]) -> str:
    """Return the sheet's text with more rows: remarks, order and line ends stay; columns it lacks are added."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    lines = cells.lines_of(text)
    header = _header(lines)
    if header is None:
        columns = list(configuration.COLUMNS)
        lines = [*lines, *([line_end] if text and not text.endswith("\n") else []), "\t".join(columns) + line_end]
    else:
        at, columns = header
        missing = [
            column for column in configuration.COLUMNS if column not in columns and any(row[column] for row in rows)
        ]
        columns += missing
        ending = lines[at][len(lines[at].rstrip("\r\n")) :] or line_end
        lines[at] = "\t".join([lines[at].rstrip("\r\n\t"), *missing]) + ending
    whole = "".join(lines)
    if not whole.endswith("\n"):
        whole += line_end
    return whole + "".join("\t".join(_quoted(row[column]) for column in columns) + line_end for row in rows)


def _header(lines: Sequence[str]) -> tuple[int, list[str]] | None:
    """Return the index of the line with the columns' names, and the names; None where the sheet has none."""
    remarks = ("#", "\ufeff#")  # the first line may begin with a byte order mark
    for at, line in enumerate(lines):
        if line.strip("\ufeff \t\r\n") and not line.startswith(remarks):
            return at, cells.columns(next(csv.reader([line.lstrip("\ufeff")], delimiter="\t")))
    return None


def film_id(title: str, media: str) -> str:
    """Return a film id of the title's Latin letters and digits; of the path where the title has other letters only."""
    latin = "".join(map(_latin, unicodedata.normalize("NFKD", title)))
    slug = re.sub(r"[^a-z0-9]+", "-", latin.casefold()).strip("-")[:64].rstrip("-")
    lost = any(letter.isalpha() for letter in title) and not any(letter.isalpha() for letter in slug)
    return slug if slug and not lost else f"film-{hashlib.sha256(media.encode(errors='replace')).hexdigest()[:6]}"


def stored_path(given: str) -> str:
    """Return a path as the sheet has it: from the folder of work where it lies in there, else absolute.

    An address of a film that lies elsewhere stays as it is.
    """
    if addresses.is_remote(given):
        return given
    path = Path(given).absolute()
    try:
        path = path.parent.resolve() / path.name  # a link to a film keeps its own name
    except ValueError:  # a path that no system can have: who looks for the file says so
        return given
    inside = path.is_relative_to(places.work()) and not str(path.relative_to(places.work())).startswith("-")
    return str(path.relative_to(places.work()) if inside else path)


def _stored(media: str) -> str:
    """Return what a row has for its film as a new row has it."""
    return media if addresses.is_remote(media) else stored_path(str(places.work() / media))


def _latin(letter: str) -> str:
    """Return a letter, or the plain one that it is a form of (``ø`` gives ``o``)."""
    match = re.fullmatch(r"LATIN (?:SMALL|CAPITAL) LETTER ([A-Z]) WITH .*", unicodedata.name(letter, ""))
    if match:
        return match.group(1)
    return "" if unicodedata.combining(letter) or letter in "'’" else letter


def text_of(film: configuration.Film) -> dict[str, str]:
    """Return a film's row as text, as a new row has it."""
    values = {key: "" if value is None else value for key, value in asdict(film).items()}
    values |= {key: ",".join(values[key]) for key in ("source", "targets", "stages_off")}
    values["source"] = values["source"] or "auto"
    values["media"] = _stored(film.media)
    values["settings"] = film_values.settings_text(film.settings)
    return {column: str(values[column]) for column in configuration.COLUMNS}


def _is_same(film: configuration.Film, row: Mapping[str, str], own: list[str]) -> bool:
    """Return whether a row of the sheet is the job that the new one asks for."""
    theirs = text_of(film)
    return all(theirs[column] == row[column] for column in _ALWAYS | (_WHERE_GIVEN & set(own)))


def _next_job(taken: Iterable[str], row: Mapping[str, str], output_root: Path) -> int:
    """Return the number after the last of a day's and a user's jobs, of rows (as folders) and of folders."""
    day = f"{row['date'].replace('-', '/')}/{row['user']}"
    names = [name.rpartition("/")[2] for name in taken if name.rpartition("/")[0] == day]
    names += [path.name for path in (output_root / day).glob("*")]
    return max((int(name) for name in names if re.fullmatch("[0-9]{1,5}", name)), default=0) + 1


def _locked(sheet: Path) -> AbstractContextManager[None]:
    """Keep others from the sheet; the lock ends with the process, even when it is killed."""
    return locks.exclusive(sheet.with_name(f".{sheet.name}.lock"), remove=True)


@contextmanager
def _opened(sheet: Path) -> Iterator[None]:
    """Keep others from the sheet, which is one that commands may write into.

    Raises:
        ConfigurationError: it is a workbook, or a table of another form than Samvad's.
    """
    sheet.parent.mkdir(parents=True, exist_ok=True)
    with _locked(sheet):
        if sheet.exists() and not sheet_rows.is_plain(sheet):
            raise ConfigurationError(
                f"{sheet} is read as it is, but commands write no rows into such a table.",
                "Write the row there yourself; or save it as UTF-8 text with tabs, and set the key films to that.",
                path=str(sheet),
            )
        yield


def _together(sheet: Path) -> list[Path]:
    """Return the sheets that are read together with one, itself the last."""
    own = (places.work() / configuration.OWN_SHEET).resolve()
    above = (places.work() / configuration.SHEET).resolve()
    found = [above, sheet] if sheet == own else [sheet]
    return [path for path in found if path.exists()]


def _check(row: Mapping[str, str], sheet: Path) -> None:
    """Refuse a row that would be wrong, before it is written."""
    configuration.film_of_row({name: row[name] for name in configuration.COLUMNS}, f"a row for {sheet}", 0)


def _append(sheet: Path, rows: Sequence[Mapping[str, str]], output_root: Path) -> list[configuration.Film]:
    """Append rows to an opened sheet, each under the next free job number; return them as they are in it."""
    films, bad = configuration.read_sheet(*_together(sheet))
    taken = {*films, *(row.folder for row in bad)}
    free: dict[tuple[str, str], int] = {}
    numbered = []
    for row in rows:
        day = (row["date"], row["user"])
        number = free.get(day) or _next_job(taken, row, output_root)
        free[day] = number + 1
        numbered.append({**row, "job": str(number)})
        _check(numbered[-1], sheet)
    files.write_text(sheet, with_rows(_text(sheet), numbered))
    found = configuration.read_sheet(sheet)[0]
    return [found["/".join([row["date"].replace("-", "/"), row["user"], row["job"]])] for row in numbered]


def _text(sheet: Path) -> str:
    return outside.read_bytes(sheet, outside.LARGEST_TABLE_BYTES).decode("utf-8") if sheet.exists() else ""


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if _NEEDS_QUOTES.search(value) else value
