"""The translation memory: what was translated before, and what people have made of it. Exact hits only.

One SQLite file for all films. A machine's translation is found again only for the same text, pair, model, runtime,
beam, glossary and preparation; a person's correction for the same text and pair, whatever the machine. The file uses
the rollback journal, not a write-ahead log, which does not work on network folders.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import logging
import sqlite3
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core import files, outside, times, typed_json
from samvad.core.errors import ConfigurationError
from samvad.stages.translation.backends import Line
from samvad.stages.translation.sentences import Share, share_out
from samvad.text import scripts

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS translations (
    key TEXT PRIMARY KEY, source TEXT NOT NULL, target TEXT NOT NULL, text TEXT NOT NULL, made TEXT NOT NULL,
    detail TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS corrections (
    source TEXT NOT NULL, target TEXT NOT NULL, text TEXT NOT NULL, made TEXT NOT NULL, origin TEXT NOT NULL,
    at TEXT NOT NULL, PRIMARY KEY (source, target, text));
"""
_WAIT_SECONDS = 20.0
#: No question of ours takes so long: a film asks for its corrections once, and for each line by its key.
_LONGEST_SECONDS = 60.0
#: Columns of a table of corrections, as ``corrections/<language>.tsv`` of a job has them among others.
COLUMNS = ("source_language", "source_text", "language", "corrected_text")


@dataclass(frozen=True)
class Other:
    """What a model would have written of a sentence instead."""

    text: str
    log_probability: float
    tokens: int
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Remembered:
    """A translation of a sentence, with its score, flags, terms and other hypotheses, as it was made."""

    text: str
    log_probability: float
    tokens: int
    flags: tuple[str, ...] = ()
    uses: tuple[tuple[str, str, str], ...] = ()
    others: tuple[Other, ...] = ()


@dataclass(frozen=True)
class Correction:
    """A person's translation of a text."""

    source: str
    target: str
    said: str
    text: str


class Memory:
    """A translation memory in a file, or none.

    A file that cannot be read or written costs a warning in the log and is done without: no film fails for it.

    Args:
        path: the SQLite file, made where it is not there; None for no memory.
        check: called before translations are written: raises where what made them, weights or code, has changed since,
            so that the key under which they would be found is not theirs.
    """

    def __init__(self, path: Path | None, check: Callable[[], None] = lambda: None) -> None:
        """Open nothing yet."""
        self._path = path
        self._check = check
        self._new: dict[str, tuple[str, ...]] = {}
        self._corrections: dict[tuple[str, str], dict[str, str]] = {}
        self.problem = ""

    def find(self, key: Mapping[str, Any], text: str) -> Remembered | None:
        """Return what was made of a text under the same key; a damaged row is none, and the text is translated anew."""
        rows = self._rows("SELECT made, detail FROM translations WHERE key = ?", (_hash(key, text),))
        return _remembered(*rows[0]) if rows else None

    def keep(self, key: Mapping[str, Any], text: str, value: Remembered) -> None:
        """Remember what was made of a text; it is written by ``save``."""
        if self._path is None:
            return
        detail = {
            "log_probability": value.log_probability,
            "tokens": value.tokens,
            "flags": value.flags,
            "uses": value.uses,
            "others": typed_json.plain(value.others),
        }
        row = (key["source"], key["target"], normalised(text), value.text, json.dumps(detail, ensure_ascii=False))
        self._new[_hash(key, text)] = (*row, times.utc_now())

    def save(self) -> None:
        """Write what is new, in one transaction."""
        rows = [(key, *row) for key, row in self._new.items()]
        self._new = {}
        if rows:
            self._check()
            self._write("INSERT OR REPLACE INTO translations VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def correction(self, text: str, source: str, target: str) -> str | None:
        """Return a person's translation of a text, or None where there is none."""
        return self._of_pair(source, target).get(normalised(text))

    def learn(self, corrections: Iterable[Correction], origin: str) -> int:
        """Remember people's corrections; a later one wins over an earlier one.

        What says nothing is never learned: that a cue was deleted holds for its film alone.

        Args:
            corrections: what to learn.
            origin: the file they come from, for the record.

        Returns:
            How many were learned.
        """
        now = times.utc_now()
        rows = [
            (item.source, item.target, normalised(item.said), item.text, origin, now)
            for item in corrections
            if scripts.has_words(item.said) and scripts.has_words(item.text)
        ]
        self._write("INSERT OR REPLACE INTO corrections VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._corrections.clear()
        return len(rows)

    def fingerprint(self, pairs: Iterable[tuple[str, str]]) -> str:
        """Return 16 hexadecimal digits that change when a correction for one of the pairs does."""
        known = {f"{source} {target}": self._of_pair(source, target) for source, target in sorted(pairs)}
        text = json.dumps(known, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _of_pair(self, source: str, target: str) -> dict[str, str]:
        if (source, target) not in self._corrections:
            rows = self._rows("SELECT text, made FROM corrections WHERE source = ? AND target = ?", (source, target))
            # Memories of before that rule may hold translations that say nothing.
            self._corrections[source, target] = {
                said: made
                for said, made in rows
                if isinstance(said, str) and isinstance(made, str) and scripts.has_words(made)
            }
        return self._corrections[source, target]

    def _rows(self, query: str, values: tuple[str, ...]) -> list[tuple[Any, Any]]:
        if self._path is None or not self._path.is_file() or self.problem:
            return []
        try:
            with closing(self._open(self._path)) as database:
                return database.execute(query, values).fetchall()
        except sqlite3.Error as error:
            self._give_up(error)
            return []

    def _write(self, statement: str, rows: Sequence[tuple[str, ...]]) -> None:
        if self._path is None or self.problem:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open(self._path)) as database, database:
                database.execute("BEGIN IMMEDIATE")
                database.executemany(statement, rows)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    def _open(self, path: Path) -> sqlite3.Connection:
        database = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
        # A file of somebody else's may hold views and triggers that go on for ever, or call what opens files.
        database.execute("PRAGMA trusted_schema = OFF")
        deadline = time.monotonic() + _LONGEST_SECONDS
        database.set_progress_handler(lambda: time.monotonic() > deadline, 1_000_000)
        database.execute("PRAGMA journal_mode = DELETE")
        database.executescript(_SCHEMA)
        return database

    def _give_up(self, error: Exception) -> None:
        self.problem = f"The translation memory {self._path} cannot be used ({error})."
        log.warning("%s", self.problem)


def _remembered(text: Any, detail: Any) -> Remembered | None:
    """Return a translation by its row, or None for a row of other types, which SQLite lets anybody write."""
    try:
        found = typed_json.parse(Remembered, {**outside.json_value(detail), "text": text})
    except (ValueError, TypeError, typed_json.ShapeError):
        return None
    return found if all(len(use) == 3 for use in found.uses) else None


def corrected(memory: Memory, lines: Sequence[Line], target: str) -> dict[int, str]:
    """Return people's own translations of lines, by number; also of up to four lines that were corrected together."""
    found: dict[int, str] = {}
    for place in range(len(lines)):
        for count in (4, 3, 2, 1):
            run = lines[place : place + count]
            if len(run) < count or any(line.id in found for line in run):
                continue
            text = memory.correction(" ".join(line.text for line in run), run[0].language, target)
            if text is None:
                continue
            shares = [Share(at, line.text, max(1, line.end_ms - line.start_ms)) for at, line in enumerate(run)]
            parts = share_out(text, shares)
            if parts is not None:
                found.update(zip((line.id for line in run), parts, strict=True))
                break
    return found


def place_of(setting: str, folder: Path | None = None) -> Path | None:
    """Return where the memory lies by the key ``translation.memory_file``; None where there is to be none.

    Args:
        setting: a path, empty for the default, or ``none``.
        folder: what a path is relative to; None: the working folder.
    """
    if setting == "none":
        return None
    return (folder or Path()) / Path(setting).expanduser() if setting else default_path()


def default_path() -> Path:
    """Return where the memory lies when the configuration does not say."""
    return files.cache_folder() / "translation_memory.sqlite"


def normalised(text: str) -> str:
    """Return a text in the form that hits compare: composed letters, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def read_corrections(path: Path) -> list[Correction]:
    """Read a table of corrections: tab-separated, with a header that has at least ``COLUMNS``.

    Cues that show parts of the same segments, named in a column ``segments``, are put together: their source text is
    that of the whole segments. Rows that a person left as they were (column ``how``: same, times) teach nothing, nor
    do segments of which a cue was deleted: that holds for the film, not for the words.

    Raises:
        ConfigurationError: it is no such table.
    """
    try:
        text = outside.read_bytes(path, outside.LARGEST_TABLE_BYTES).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error}).", "Give a table in UTF-8.", path=str(path)
        ) from None
    missing = [column for column in COLUMNS if not rows or column not in rows[0]]
    if missing:
        raise ConfigurationError(
            f"{path} has no column {missing[0]}.",
            f"A table of corrections is UTF-8 text with tabs and a header: {', '.join(COLUMNS)}.",
            path=str(path),
        )
    return [item for group in _groups(rows) if (item := _correction(group)) is not None]


def _groups(rows: Iterable[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    """Yield rows that follow each other and share a segment."""
    group: list[dict[str, str]] = []
    for row in rows:
        ids = set((row.get("segments") or "").split())
        if group and ids & set((group[-1].get("segments") or "").split()):
            group.append(row)
        else:
            if group:
                yield group
            group = [row]
    if group:
        yield group


def _correction(group: list[dict[str, str]]) -> Correction | None:
    first = group[0]
    said = list(dict.fromkeys(row["source_text"] or "" for row in group))
    how = {row.get("how") or "text" for row in group}
    changed = "text" in how and "deleted" not in how
    # Rows that share segments, but not all of them, do not say where one segment's words end.
    if not changed or len(said) > 1 or not said[0].strip() or first["source_language"] == first["language"]:
        return None
    text = " ".join(filter(None, (normalised(row["corrected_text"] or "") for row in group)))
    return Correction(first["source_language"], first["language"], said[0], text)


def _hash(key: Mapping[str, Any], text: str) -> str:
    whole = json.dumps([normalised(text), sorted(key.items())], ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()
