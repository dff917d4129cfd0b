"""Remember the checksums of large files, so that a film is hashed once and not by every job that reads it.

A checksum is remembered for a path, inode, size, and the times (in nanoseconds) of the last change of content and of
the inode. A file that changed within the last seconds before it was hashed is not trusted to have a time of its own: a
second write in the same tick of the clock would not show. (Git calls that a racily clean file.)
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from pathlib import Path

from samvad.core import files, held_files, outside
from samvad.core.errors import SamvadError

log = logging.getLogger(__name__)

#: As coarse as the clock of any file system in use (FAT has 2 s).
_SETTLED_SECONDS = 2.0


def remembered(path: Path) -> str | None:
    """Return a file's checksum (``sha256:`` and 64 digits) if it is remembered and the file is as it was, else None."""
    held = held_files.find(path)
    try:
        value = outside.read_text(_memo(path, held.status if held else path.stat()), "ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return value if outside.is_checksum(value) else None


def checksum(path: Path) -> str:
    """Return a file's checksum, remembered or taken now and remembered.

    Raises:
        OSError: it cannot be read.
        ChangedFileError: it was changed or replaced while it was read.
    """
    return remembered(path) or take(path)


def of_folder(folder: Path) -> str:
    """Return one checksum for all files of a folder, such as a model's: of their names and checksums.

    Raises:
        OSError: one cannot be read.
        ChangedFileError: one was changed or replaced while it was read.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(os.fsencode(path.relative_to(folder)) + b"\0" + checksum(path).encode() + b"\n")
    return f"sha256:{digest.hexdigest()}"


def of_place(place: Path) -> str:
    """Return the checksum of a file, or that of all files of a folder.

    Raises:
        OSError: one cannot be read.
        ChangedFileError: one was changed or replaced while it was read.
    """
    return of_folder(place) if place.is_dir() else checksum(place)


def fingerprint(place: Path) -> str:
    """Return 16 digits that stay while a file, or a folder with all its files, is what it is.

    They stand for names, inodes, sizes and the two times of change, so that nothing is read: a gigabyte of weights
    costs as much as a note. Where they differ the bytes may still be the same, as after a copy: a checksum tells.

    Raises:
        OSError: it is not there.
    """
    digest = hashlib.sha256()
    found = [each for each in sorted(place.rglob("*")) if each.is_file()] if place.is_dir() else [place]
    for path in found:
        status = path.stat()
        facts = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        digest.update(os.fsencode(path.relative_to(place)) + b"\0" + repr(facts).encode() + b"\n")
    return digest.hexdigest()[:16]


def take(path: Path) -> str:
    """Hash a file, and remember its checksum if it has not changed lately.

    Raises:
        OSError: it cannot be read.
        ChangedFileError: it was changed or replaced while it was read, so that no checksum is that of either.
    """
    began, started = time.time(), time.monotonic()
    with held_files.holding(path) as held:
        value, status = held.sha256(), held.status
        log.debug("Hashed %s: %d bytes in %.1f s", path, status.st_size, time.monotonic() - started)
        held.check(value)
    if is_settled(status, began):
        try:
            files.write_text(_memo(path, status), value + "\n")
        except (OSError, SamvadError) as error:
            log.debug("The checksum of %s is not remembered: %s", path, error)
    return value


def is_settled(status: os.stat_result, at: float) -> bool:
    """Say whether a file's times tell it from what it may become: whether, at a time (s), its last change was over."""
    return at - max(status.st_mtime, status.st_ctime) > _SETTLED_SECONDS


def identity(path: Path, status: os.stat_result) -> str:
    """Return what stays as long as a path names the same file, and that is not written into."""
    where = os.fsencode(path.resolve()).hex()
    return json.dumps([where, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns])


def version_memo(program: Path) -> Path | None:
    """Return the file that remembers the version a program states of itself; None for a script, which may call others.

    Raises:
        OSError: the program cannot be read.
    """
    with program.open("rb") as file:
        if file.read(2) == b"#!":
            return None
    return files.cache_folder() / "versions" / _memo(program, program.stat()).name


def _memo(path: Path, status: os.stat_result) -> Path:
    name = hashlib.sha256(identity(path, status).encode()).hexdigest()[:32]
    return files.cache_folder() / "checksums" / name
