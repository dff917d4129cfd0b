"""Advisory locks that the kernel lets go when their process ends, however it ends.

A disk that knows no locks (some network disks) gives everybody the lock at once: what hangs on it must then be right
without.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from samvad.core import files

log = logging.getLogger(__name__)


@contextmanager
def exclusive(path: Path, *, remove: bool = False) -> Iterator[None]:
    """Hold the lock of a file, which is made; wait until it is free.

    Args:
        path: the file.
        remove: whether the file is taken away at the end; otherwise it stays.

    Raises:
        DiskError: the file cannot be made.
    """
    handle = take(path)
    try:
        yield
    finally:
        if remove:
            release(path, handle)
        else:
            os.close(handle)


def take(path: Path, *, unknown: int = logging.DEBUG) -> int:
    """Return the open file, made where it is missing, whose lock this process holds until it is closed; wait for it.

    Args:
        path: the file.
        unknown: level at which it is logged that the disk knows no locks.

    Raises:
        DiskError: the file cannot be made.
    """
    handle = _take(path, fcntl.LOCK_EX, unknown)
    assert handle is not None, "it was waited for"
    return handle


def try_take(path: Path, *, unknown: int = logging.DEBUG) -> int | None:
    """Return as ``take`` does, but at once: None where another process has the lock."""
    return _take(path, fcntl.LOCK_EX | fcntl.LOCK_NB, unknown)


def release(path: Path, handle: int) -> None:
    """Take a locked file away and let go of it; whoever waits for it makes it anew."""
    with contextlib.suppress(OSError):
        path.unlink()
    os.close(handle)


def keep(handle: int) -> None:
    """Wait for the lock of an open file and keep it until the file is closed or the process ends."""
    _lock(handle, fcntl.LOCK_EX, logging.DEBUG)


def is_free(handle: int) -> bool | None:
    """Say whether nobody keeps the lock of an open file; None where the disk knows no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    fcntl.flock(handle, fcntl.LOCK_UN)
    return True


def _take(path: Path, operation: int, unknown: int) -> int | None:
    while True:
        with files.disk_errors(path):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except FileExistsError:  # and it is no folder
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)) from None
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        taken = False
        try:
            if not _lock(handle, operation, unknown):
                return None
            # The one before may have taken the file away between the opening and the locking.
            with contextlib.suppress(FileNotFoundError):
                taken = os.path.samestat(os.fstat(handle), path.stat())
            if taken:
                return handle
        finally:
            if not taken:
                os.close(handle)


def _lock(handle: int, operation: int, unknown: int) -> bool:
    try:
        fcntl.flock(handle, operation)
    except BlockingIOError:
        return False
    except OSError as error:
        log.log(unknown, "A lock cannot be had (%s): another process may be at work at the same time.", error)
    return True
