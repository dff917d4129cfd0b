"""A file of lines with one writer: a line is there whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def line_bytes(text: str) -> bytes:
    """Return a line as UTF-8, with its end. A film's name may hold bytes that are no text: they become "?"."""
    return f"{text}\n".encode("utf-8", "replace")


class LineFile:
    """Append whole lines to a file. A full disk leaves no half of a line behind.

    A process that was forked from the writer gets a file of its own beside it (``events.<pid>.jsonl``), because two
    processes that append to one file over NFS lose lines.

    Args:
        path: the file; it is made when the first line is written, or by ``open``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1
        self._pid = os.getpid()
        self._size = 0

    def open(self) -> LineFile:
        """Open the file, make it if it is missing, and return this object.

        Raises:
            OSError: it cannot be made.
        """
        self._open(self.path)
        return self

    def write_bytes(self, data: bytes) -> None:
        """Append whole lines.

        Raises:
            OSError: they could not be written; the file is as it was.
        """
        if os.getpid() != self._pid:
            self._open(self.path.with_name(f"{self.path.stem}.{os.getpid()}{self.path.suffix}"))
        elif self._file < 0:
            self._open(self.path)
        written = 0
        try:
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError:
            if written:
                os.ftruncate(self._file, self._size)
            raise
        self._size += written

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self._pid = os.getpid()
        self._size = os.fstat(self._file).st_size
