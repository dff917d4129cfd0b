"""What the tracks of MP4 and QuickTime are called, which ffprobe (5.1) does not tell: ``udta`` of each track.

HandBrake, Final Cut, Premiere and ffmpeg write a name there (``name``: the text alone; ``©nam``: a text with its
length and language). Players show it, and a commentary may be told by nothing else.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_BOX_HEADER, _LONG_HEADER = 8, 16
#: No file of a person has more boxes in one; no name is longer.
_MOST_BOXES, _MOST_BYTES = 10_000, 1024
_NAME, _INTERNATIONAL_NAME = b"name", b"\xa9nam"
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
#: Names of handlers that programs give to every track; what else stands there, a person wrote.
_OF_PROGRAMS = re.compile(
    r"handler|\bmedia\b|isomedia|gpac|google|lavf|mainconcept|telestream|bento|quicktime|\bcore\b|\bapple\b|^mp4\b|"
    r"^\W*(sound|audio|video|stereo|mono|surround|soun|undefined|unknown|none|default|time\s*code)\W*$",
    re.IGNORECASE,
)


def read(path: Path) -> dict[int, str]:
    """Return the names of a film's tracks by their ids; those without one are left out.

    A file that is not of that kind, or is damaged, has none: what can be read of it, ffprobe says.

    Raises:
        OSError: it cannot be read.
    """
    names: dict[int, str] = {}
    with path.open("rb") as file:
        size = file.seek(0, 2)
        for kind, begin, end in _boxes(file, 0, size):
            if kind != b"moov":
                continue
            for inner, first, last in _boxes(file, begin, end):
                if inner == b"trak" and (found := _track(file, first, last)) is not None:
                    names[found[0]] = found[1]
    return names


def of_handler(name: str) -> str:
    """Return the name of a track's handler where it tells something of the track; empty where a program wrote it."""
    return "" if _OF_PROGRAMS.search(name) else _clean(name)


def _track(file: BinaryIO, begin: int, end: int) -> tuple[int, str] | None:
    number, name = None, ""
    for kind, first, last in _boxes(file, begin, end):
        if kind == b"tkhd":
            head = _bytes(file, first, last)
            place = 20 if head[:1] == b"\x01" else 12  # after two times, of 8 bytes or of 4
            if len(head) >= place + 4:
                (number,) = struct.unpack_from(">I", head, place)
        elif kind == b"udta":
            for inner, from_, to in _boxes(file, first, last):
                if inner == _NAME:
                    name = name or _clean(_bytes(file, from_, to).decode("utf-8", "replace"))
                elif inner == _INTERNATIONAL_NAME:
                    name = name or _international(_bytes(file, from_, to))
    return (number, name) if number is not None and name else None


def _international(text: bytes) -> str:
    """Read QuickTime's text: its length, its language, and it; a language below 0x400 is a number of the Macintosh."""
    if len(text) < 4:
        return ""
    length, language = struct.unpack_from(">HH", text)
    said = text[4 : 4 + length]
    return _clean(said.decode("mac-roman" if language < 0x400 else "utf-8", "replace"))


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text).strip()


def _bytes(file: BinaryIO, begin: int, end: int) -> bytes:
    file.seek(begin)
    return file.read(min(end - begin, _MOST_BYTES))


def _boxes(file: BinaryIO, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the boxes between two places of a file: the kind, and where its content begins and ends."""
    place = begin
    for _ in range(_MOST_BOXES):
        if end - place < _BOX_HEADER:
            return
        file.seek(place)
        head = file.read(_LONG_HEADER)
        if len(head) < _BOX_HEADER:
            return
        length, kind = struct.unpack_from(">I4s", head)
        content = place + _BOX_HEADER
        if length == 1 and len(head) == _LONG_HEADER:
            (length,) = struct.unpack_from(">Q", head, _BOX_HEADER)
            content = place + _LONG_HEADER
        elif length == 0:  # to the end
            length = end - place
        if length < content - place or place + length > end:
            return
        yield kind, content, place + length
        place += length
