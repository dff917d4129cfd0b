"""What ffprobe said of a file's headers, remembered for a day: stages 01, 09 and 10 of a film ask the same.

Each start of ffprobe costs a tenth of a second, most of which the system spends on its two hundred libraries. What it
said is taken for a file that is the one that it read, by path, inode, size and the two times of change, if the same
ffprobe would be asked. A file that was changed in the last seconds is always asked about, as with checksums.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from samvad.core import checksums, files, held_files, outside

#: A film's stages follow each other within so long; what is older may lie there until something is remembered again.
_KEPT_SECONDS = 86_400


@dataclass(frozen=True)
class Memo:
    """Where it is remembered what ffprobe says of a file as it is now."""

    place: Path
    file: Path
    identity: str

    def find(self) -> str | None:
        """Return what was said; None where nothing is remembered, or anybody may have written it."""
        if files.open_to_others(self.place.parent):
            return None
        try:
            if time.time() - self.place.stat().st_mtime > _KEPT_SECONDS:
                return None
            return outside.read_text(self.place)
        except (OSError, ValueError):
            return None

    def keep(self, said: str) -> None:
        """Remember what was said, if the file is still what it was; where nothing can be written, no matter."""
        folder = self.place.parent
        with contextlib.suppress(OSError):
            if _identity(self.file) != self.identity:
                return
            files.make_private(folder)
            for other in os.scandir(folder):
                if time.time() - other.stat().st_mtime > _KEPT_SECONDS:
                    os.unlink(other.path)  # noqa: PTH108
            # Nobody waits for the disk: what is lost with the power is asked again, and half of it is no JSON.
            made = self.place.with_suffix(f".{os.getpid()}")
            made.write_text(said, encoding="utf-8")
            made.replace(self.place)


def of(file: Path, options: Sequence[str]) -> Memo | None:
    """Return where it is remembered what ffprobe says of a file; None where that may not be remembered.

    Args:
        file: the file.
        options: what ffprobe is asked.
    """
    program = shutil.which("ffprobe")
    try:
        if program is None or not checksums.is_settled(_status(file), time.time()):
            return None
        identity = _identity(file)
        asked = json.dumps([identity, checksums.identity(Path(program), Path(program).stat()), *options])
    except OSError:  # ffprobe says why
        return None
    name = hashlib.sha256(asked.encode()).hexdigest()[:32]
    return Memo(files.cache_folder() / "headers" / f"{name}.json", file, identity)


def _identity(file: Path) -> str:
    return checksums.identity(file, _status(file))


def _status(file: Path) -> os.stat_result:
    """Return what the system says of a file that is read: of one that is held, what it said when it was opened."""
    held = held_files.find(file)
    return held.status if held else file.stat()
