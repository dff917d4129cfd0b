"""Prove that a program has written a file whole: its exit code alone does not.

On a full disk ffmpeg loses what it had not written yet, says "Error writing trailer", and ends with exit code 0. So
what a program said counts, the system is asked whether all bytes have reached the disk, and the file is held against
its own headers: the parts of a WAV, MP4 or Matroska file say how long they are, and they must fill the file exactly.
"""

from __future__ import annotations

import errno
import os
import re
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from samvad.core import files
from samvad.core.errors import DiskError, SamvadError

#: What is lost when a file is cut off; ffmpeg and mkvmerge say these of the file that they write, and of none that
#: they read. A name of a file stands before, never after them.
_FULL = re.compile(r"(^|: |\()(No space left on device|Disk quota exceeded)\)?\.?$|drive may be full")
_NOT_WRITTEN = re.compile(
    r"Error writing trailer|Error closing file|av_interleaved_write_frame\(\)|Error muxing a packet|"
    r"Unable to re-open .* output file|(^|: )File too large$|^#GUI#error|could not be written|"
    r"Error submitting (a|video|audio) ?(packet|frame)? ?to the muxer"
)
#: A WAV file may be this much shorter than what ffmpeg says that it has encoded (its clock counts whole frames).
_SHORT_SECONDS = 0.25
_RIFF_HEADER, _CHUNK_HEADER, _BOX_HEADER = 12, 8, 8
_EBML, _SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


def is_loss(line: str) -> bool:
    """Return whether a line that ffmpeg or mkvmerge said tells that the file is not whole that it writes."""
    return bool(_FULL.search(line) or _NOT_WRITTEN.search(line))


def disk_full(place: Path) -> SamvadError:
    """Return the error for a full disk; ``place`` is a folder of it."""
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return files.disk_error(full, place, "written") or SamvadError(f"No space is left on the disk of {place}.")


def check_said(target: Path, program: str, lost: Sequence[str], code: int) -> None:
    """Refuse a file of which its program said that it is not whole.

    Args:
        target: the file.
        program: who wrote it.
        lost: the lines that ``is_loss`` is true of.
        code: its exit code: of a failure other than a full disk the caller knows more.

    Raises:
        DiskError: the disk is full, or the program ended as if all were well, though it said something else.
    """
    if any(_FULL.search(line) for line in lost):
        raise disk_full(target.parent)
    if lost and code == 0:
        raise _not_whole(target, program, f"it said: {lost[0]}")


def check(target: Path, program: str, seconds: float | None = None) -> None:
    """Check that a file that a program has written is whole, and is on the disk.

    Args:
        target: the file; kinds whose headers say nothing of their length must only hold something.
        program: who wrote it.
        seconds: how much sound or picture the program says that it has written, where it does.

    Raises:
        DiskError: it is not.
    """
    with files.disk_errors(target):
        files.flush(target)
    with files.disk_errors(target, "read"):
        found = fault(target)
        if found is None and seconds is not None:
            found = _too_short(target, seconds)
    if found is not None:
        raise _not_whole(target, program, found)


def fault(path: Path) -> str | None:
    """Return in what a file differs from what its own headers say, or None where they say no other.

    Raises:
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(_RIFF_HEADER)
        if not start:
            return "it is empty"
        if start[:4] == b"RIFF" and start[8:] == b"WAVE":
            return _wav_fault(file, size)
        if start[4:8] == b"ftyp":
            return _mp4_fault(file, size)
        if start[:4] == _EBML:
            return _matroska_fault(file, size)
        if start[:2] == b"\xff\xd8":
            file.seek(-2, os.SEEK_END)
            return None if file.read() == b"\xff\xd9" else "the picture has no end"
    return None


def _not_whole(target: Path, program: str, what: str) -> DiskError:
    return DiskError(
        f"{program} ended as if all were well, but {target} is not whole: {what}.",
        "Is the disk full, or does it fail (`df`, `dmesg`)? Then run again.",
        path=str(target),
    )


def _wav_fault(file: BinaryIO, size: int) -> str | None:
    file.seek(4)
    if (told := struct.unpack("<I", file.read(4))[0] + 8) != size:
        return f"its header tells of {told} bytes, and it has {size}"
    place, names = _RIFF_HEADER, []
    while place < size:
        file.seek(place)
        name, length = struct.unpack("<4sI", file.read(_CHUNK_HEADER).ljust(_CHUNK_HEADER, b"\0"))
        names.append(name)
        place += _CHUNK_HEADER + length + length % 2
    if place != size:
        return f"its parts end at byte {place}, and it has {size}"
    return None if b"data" in names else "it holds no sound"


def _too_short(path: Path, seconds: float) -> str | None:
    """Return what a WAV file lacks of the sound that was written to it; of other kinds nothing is said here."""
    with path.open("rb") as file:
        header = file.read(4096)
    if header[:4] != b"RIFF" or b"data" not in header:
        return None
    (bytes_a_second,) = struct.unpack_from("<I", header, header.index(b"fmt ") + 16)
    held = struct.unpack_from("<I", header, header.index(b"data") + 4)[0] / bytes_a_second
    return f"it holds {held:.1f} of {seconds:.1f} s" if held < seconds - _SHORT_SECONDS else None


def _mp4_fault(file: BinaryIO, size: int) -> str | None:
    place, kinds = 0, []
    while place < size:
        file.seek(place)
        length, kind = struct.unpack(">I4s", file.read(_BOX_HEADER).ljust(_BOX_HEADER, b"\0"))
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8).ljust(8, b"\0"))
        if length < _BOX_HEADER:  # 0 is "to the file's end": what ffmpeg writes until it knows
            return f"the box at byte {place} has no length: it was never finished"
        kinds.append(kind)
        place += length
    if place != size:
        return f"its boxes end at byte {place}, and it has {size}"
    return None if b"moov" in kinds else "it has no index (moov)"


def _matroska_fault(file: BinaryIO, size: int) -> str | None:
    place, segments = 0, 0
    while place < size:
        file.seek(place)
        first = file.read(1)
        name = first + file.read(max(0, 8 - first[0].bit_length()))
        length = _ebml_size(file)
        if length is None:
            return f"the element at byte {place} has no length: it was never finished"
        segments += name == _SEGMENT
        place = file.tell() + length
    if place != size:
        return f"its elements end at byte {place}, and it has {size}"
    return None if segments else "it has no segment"


def _ebml_size(file: BinaryIO) -> int | None:
    """Read an element's length (RFC 8794, section 6); None where there is none, or it says that it is not known."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    value = int.from_bytes(bytes([first[0] & ((1 << (7 - more)) - 1)]) + file.read(more), "big")
    return None if value == (1 << (7 * (more + 1))) - 1 else value
