"""What is needed soon is read from the disk meanwhile."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from samvad.core import files

PAGE = 4096
STEP = 1 << 20
STEPS = 40


def in_memory(path: Path, place: int) -> bool:
    """Return whether a page of a file can be read without the disk; to be asked once, as asking has it read."""
    with path.open("rb") as file:
        try:
            return os.preadv(file.fileno(), [bytearray(PAGE)], place, os.RWF_NOWAIT) > 0
        except BlockingIOError:
            return False


def test_a_file_is_in_memory_soon_after(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"w" * STEP * STEPS)
    try:
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        if in_memory(path, 0):
            pytest.skip("this disk is memory")
    except (OSError, AttributeError):
        pytest.skip("this system does not tell what is in memory")
    files.read_ahead(path)
    for place in range(STEPS - 1, STEPS // 2, -1):  # Linux takes the beginning alone for an advice of all
        time.sleep(0.1)
        if in_memory(path, place * STEP):
            return
    pytest.fail("it has not been read")


def test_a_file_that_is_not_there_is_left_to_whoever_needs_it(tmp_path: Path) -> None:
    files.read_ahead(tmp_path / "none")
