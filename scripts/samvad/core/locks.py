"""Advisory locks that the kernel lets go when their process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from samvad.core import files


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock of a file, which is made and stays; wait until it is free.

    A disk that knows no locks (some network disks) gives none: what hangs on it must then be right without.

    Raises:
        DiskError: the file cannot be made.
    """
    with files.disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        keep(handle)
        yield
    finally:
        os.close(handle)


def keep(handle: int) -> None:
    """Wait for the lock of an open file and keep it until the file is closed or the process ends."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:  # no locks on this disk
        return


def is_free(handle: int) -> bool:
    """Say whether nobody keeps the lock of an open file; False where the disk knows no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    fcntl.flock(handle, fcntl.LOCK_UN)
    return True
