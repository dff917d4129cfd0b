"""The log of edits: ``corrections/log.jsonl`` of a job, a line for each, on the disk before anybody is told that it is.

All else is made of it: the text as it stands, the history, what undo takes back. A line has what the edit was called
and what it did, cue by cue, so that a later version of the cutter makes nothing else of an old edit.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

from samvad.core import files, locks, outside, typed_json
from samvad.core.errors import ChangedFileError
from samvad.review.lanes import Change, LaneCue

log = logging.getLogger(__name__)

NAME = "log.jsonl"
#: Kinds of entries that a person's undo and redo go over.
PERSONS = ("edit", "restore", "taken")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the log.

    Attributes:
        revision: its number, from 1.
        kind: ``base`` (what the machine had made when the first edit came), ``rebase`` (it made something
            else since, and edits were carried over), ``edit``, ``undo``, ``redo``,
            ``restore``, ``taken`` (from a file that somebody changed by hand).
        at: when (UTC).
        by: the person.
        client: the window that it came from.
        key: what the window calls it, so that one that is sent twice is made once.
        label: what the history calls it.
        of: the entry that it takes back, or makes again; the revision that it restores.
        edits: what was asked for.
        lanes: what it did to each lane.
        decisions: what else was decided, by what it is about: before and after.
        made: of a base and a rebase: checksum of the machine's cues by lane.
        machine: of a rebase: these cues.
        left: what could not be carried over to what the machine makes now, in words.
    """

    revision: int
    kind: str
    at: str
    by: str = ""
    client: str = ""
    key: str = ""
    label: str = ""
    of: int | None = None
    edits: tuple[dict[str, Any], ...] = ()
    lanes: dict[str, Change] = field(default_factory=dict)
    decisions: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    machine: dict[str, tuple[LaneCue, ...]] = field(default_factory=dict)
    left: tuple[str, ...] = ()


class EditLog:
    """The log of one job.

    Args:
        folder: ``corrections`` of the job; made with the first entry.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._size = 0

    def read(self) -> list[Entry]:
        """Return all entries; half a line at the end, which a kill left and nobody was told of, is cut off.

        Raises:
            ChangedFileError: a line before the last is damaged; names it.
        """
        try:
            data = outside.read_bytes(self.path)
            if not data.endswith(b"\n") and data:
                data = self._mended()
        except FileNotFoundError:
            self._size = 0
            return []
        entries = list(_entries(data, self.path))
        self._size = len(data)
        return entries

    def _mended(self) -> bytes:
        """Return the log's whole lines, and cut off half a line at its end.

        It is read again under the lock: another server may have been writing that line a moment ago.
        """
        with locks.exclusive(self.path.with_name(".log.lock")):
            data = outside.read_bytes(self.path)
            whole = data[: data.rfind(b"\n") + 1]
            if len(whole) < len(data):
                log.warning("%s: half a line at its end was cut off: a kill left it", self.path)
                with self.path.open("r+b") as file:
                    file.truncate(len(whole))
                    os.fsync(file.fileno())
            return whole

    def append(self, entries: list[Entry]) -> None:
        """Write entries, in one write, and wait until they are on the disk.

        Raises:
            ChangedFileError: another server has written into it since it was read.
            DiskError: it cannot be written; nothing of it stays.
        """
        lines = [json.dumps(typed_json.plain(entry), ensure_ascii=False, separators=(",", ":")) for entry in entries]
        data = "".join(f"{line}\n" for line in lines).encode()
        with files.disk_errors(self.path):
            new = not self.path.exists()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with locks.exclusive(self.path.with_name(".log.lock")), self.path.open("ab", buffering=0) as file:
                if file.tell() != self._size:
                    raise ChangedFileError(
                        f"{self.path} was written by another server.", "Load the page again.", path=str(self.path)
                    )
                try:
                    # No buffer: what a full disk leaves in one is written again when the file is closed.
                    _write_whole(file, data)
                    os.fsync(file.fileno())
                except BaseException:
                    os.ftruncate(file.fileno(), self._size)
                    raise
            if new:
                _flush_folder(self.path.parent)
        self._size += len(data)

    @property
    def is_ours(self) -> bool:
        """Return whether nobody else has written into it since it was read."""
        try:
            return self.path.stat().st_size == self._size
        except FileNotFoundError:
            return self._size == 0


def _entries(data: bytes, path: Path) -> Iterator[Entry]:
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            yield typed_json.parse(Entry, outside.json_value(line))
        except ValueError as error:
            raise ChangedFileError(
                f"{path}, line {number} is damaged ({error}).",
                "Put back the file from a copy, or cut it off before that line.",
                path=str(path),
            ) from None


def _write_whole(file: FileIO, data: bytes) -> None:
    """Write all bytes: the system may take a part of them at a time, such as what fits on the disk."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _flush_folder(folder: Path) -> None:
    """Wait until a new file's name is on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
