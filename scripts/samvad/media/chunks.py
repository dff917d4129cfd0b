"""The chunks that a file of sound, or the boxes that an MP4, consists of: how each is called, and from where to where.

ffmpeg takes what a cut WAV still holds for all there ever was, and tells nobody what the header states.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from samvad.core import files

#: Sizes that programs write who do not know one: nothing, or the most that a number holds, less some bytes.
_UNKNOWN = (1 << 31, 1 << 32, 1 << 63, 1 << 64)
_UNKNOWN_WITHIN = 1 << 16


@dataclass(frozen=True)
class Chunk:
    """A chunk.

    Attributes:
        name: four letters; of Sony Wave64, the first four of its sixteen bytes.
        begins: where its head begins in the file, in bytes.
        data: where its content begins.
        ends: where that should end, by its head: it may be cut.
    """

    name: bytes
    begins: int
    data: int
    ends: int

    @property
    def is_stated(self) -> bool:
        """Whether its head knows its size."""
        size = self.ends - self.data
        return size > 0 and all(abs(size - most) > _UNKNOWN_WITHIN for most in _UNKNOWN)


@dataclass(frozen=True)
class _Form:
    """How chunks are written: where the first begins, the bytes of name and size, and what the size counts."""

    first: int
    name: slice
    size: slice
    order: str
    counts_head: bool
    even: int


#: By ffmpeg's names of containers.
_FORMS = {
    "wav": _Form(12, slice(0, 4), slice(4, 8), "little", counts_head=False, even=2),
    "aiff": _Form(12, slice(0, 4), slice(4, 8), "big", counts_head=False, even=2),
    "w64": _Form(40, slice(0, 16), slice(16, 24), "little", counts_head=True, even=8),
    "caf": _Form(8, slice(0, 4), slice(4, 12), "big", counts_head=False, even=1),
    "mov,mp4,m4a,3gp,3g2,mj2": _Form(0, slice(4, 8), slice(0, 4), "big", counts_head=True, even=1),
}


def read(path: Path, container: str) -> Iterator[Chunk]:
    """Return a file's chunks one after the other, up to the first that is cut, or is none.

    Args:
        path: the file.
        container: as ffmpeg calls it; of others than WAV, AIFF, Wave64, CAF, MP4 nothing is returned.
    """
    form = _FORMS.get(container)
    if form is None:
        return
    with files.disk_errors(path, "read"), path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        at, long_data = form.first, 0
        while at < size:
            file.seek(at)
            chunk = _chunk(file.read(32), at, size, form, long_data)
            if chunk is None:
                return
            if chunk.name == b"ds64":  # RF64: the size of the data, that has no room in its own head
                file.seek(chunk.data + 8)
                long_data = int.from_bytes(file.read(8), "little")
            yield chunk
            at = chunk.ends + -(chunk.ends - chunk.begins) % form.even


def _chunk(head: bytes, at: int, size: int, form: _Form, long_data: int) -> Chunk | None:
    name, length = head[form.name][:4], int.from_bytes(head[form.size], "little" if form.order == "little" else "big")
    data = at + max(form.name.stop, form.size.stop)
    if len(head) < data - at or not all(0x20 <= letter < 0x7F or letter == 0xA9 for letter in name):
        return None
    if name == b"data" and length == 0xFFFFFFFF and long_data:
        length = long_data
    if form.counts_head and length == 1:
        length, data = int.from_bytes(head[8:16], "big"), at + 16
    if form.counts_head and length == 0:
        return Chunk(name, at, data, size)
    ends = at + length if form.counts_head else data + length
    return Chunk(name, at, data, ends) if ends >= data else None
