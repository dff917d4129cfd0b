"""Pieces of a stage's work, kept as they come: an attempt that was killed costs the pieces in flight, not the film.

They lie in one file beside the stage's attempts, a line each, written in one go: a line that a kill has torn is passed
over, and two attempts that live at once do not disturb each other. The first line says what they are pieces of: all
that the stage's result depends on, code and options and inputs and weights and processor. Under anything else they are
not taken, and begun anew. Each line says it once more, in short: an attempt that outlived its run may still write its
own between those of one with another model. The stage's success takes the file away.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

#: Beside the folders of the attempts, in a stage's folder.
NAME = "attempts/pieces.jsonl"


def key_of(*parts: object) -> str:
    """Return the key of a piece by all that makes it what it is; JSON values."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:32]


class KeptPieces:
    """What an attempt keeps of its work, and what earlier ones have kept.

    A disk that is full or fails keeps nothing: the stage goes on, and the log says so.

    Attributes:
        taken: how many pieces were found, by key.
        made: how many were made anew.
    """

    def __init__(self, path: Path | None, of: str = "") -> None:
        """Read what there is.

        Args:
            path: the file; None to keep nothing.
            of: what the pieces are pieces of, as a checksum.
        """
        self._path = path
        self._of = key_of(of)[:8]
        self._lock = threading.Lock()
        self._known: dict[str, Any] = {}
        self._taken: set[str] = set()
        self.made = 0
        if path is not None:
            self._begin(path, of)

    @property
    def taken(self) -> int:
        """Return how many pieces were found."""
        return len(self._taken)

    def get(self, key: str) -> Any | None:
        """Return what was kept of a piece; None where nothing was."""
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._taken.add(key)
            return found

    def put(self, pieces: dict[str, Any]) -> None:
        """Keep pieces that were made together, by their keys; JSON values."""
        with self._lock:
            self.made += len(pieces)
            if self._path is not None:
                lines = ([key, value, self._of] for key, value in pieces.items())
                self._append("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))

    def said(self) -> str | None:
        """Return how much was there already, in words; None where nothing was."""
        return f"{self.taken:,} of {self.taken + self.made:,} pieces" if self.taken else None

    def _begin(self, path: Path, of: str) -> None:
        with contextlib.suppress(OSError):
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n")  # a kill may tear a letter, too
            if _parsed(lines[0]) == [of]:
                found = (_parsed(line) for line in lines[1:])
                ours = (item for item in found if len(item) == 3 and item[2] == self._of)
                self._known = {item[0]: item[1] for item in ours if isinstance(item[0], str)}
                # What follows a torn line begins on a line of its own.
                self._append("\n" if lines[-1] else "")
                return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps([of]) + "\n", encoding="utf-8")
        except OSError as error:
            self._give_up(error)

    def _append(self, text: str) -> None:
        if self._path is None:
            return
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND)
            try:
                os.write(handle, text.encode("utf-8"))
            finally:
                os.close(handle)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        log.warning("Pieces of the work are not kept any more, so that a kill would cost all of it: %s", error)
        self._path = None


def _parsed(line: str) -> list[Any]:
    """Return a line's JSON array; an empty one where it is damaged."""
    try:
        found = json.loads(line)
    except ValueError:
        return []
    return found if isinstance(found, list) else []
