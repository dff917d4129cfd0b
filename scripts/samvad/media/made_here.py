"""Tell films that Samvad has written from those that it is to read: by the names of their tracks, and by their own."""

from __future__ import annotations

import re
import struct
from pathlib import Path

#: What ends the name of each track that Samvad puts into a film.
MARK = "(Samvad)"
#: Matroska names its tracks before the first picture, MP4 (with its index in front) in the index, the new ones last.
_MATROSKA_BYTES, _INDEX_BYTES = 1 << 18, 1 << 20
_EBML = b"\x1a\x45\xdf\xa3"
_BOX_HEADER = 8
#: How a copy with subtitles drawn in is called.
_BURNED = re.compile(r"\.[a-z]{2,3}\.burned\.mp4$")


def is_result(path: Path) -> bool:
    """Return whether a file is a film with Samvad's subtitles.

    Raises:
        OSError: it cannot be read.
    """
    if _BURNED.search(path.name):
        return True
    with path.open("rb") as file:
        head = file.read(_MATROSKA_BYTES)
        if head.startswith(_EBML):
            return MARK.encode() in head
        place = 0
        while len(box := head[place : place + _BOX_HEADER]) == _BOX_HEADER:
            length, kind = struct.unpack(">I4s", box)
            if kind == b"moov":
                file.seek(max(place, place + length - _INDEX_BYTES))
                return MARK.encode() in file.read(min(length, _INDEX_BYTES))
            if length < _BOX_HEADER:
                break
            place += length
    return False
