"""What an encoder wrote of its own settings beside the pictures: how long a group of pictures may be.

x264 and x265 write a note into the stream (user data that players pass over, ITU-T H.264, D.2.8), as long as nobody
takes it out: who they are, and ``keyint``, the number of pictures after which they begin a new group whatever they see.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from samvad.core import held_files

#: Where the note is looked for: what a container says of its tracks, and the first picture, begin so.
_LOOKED_AT_BYTES = 1 << 16
#: The name of the encoder, with what follows of its note, and the setting in that; ``min-keyint`` is another.
_NOTE = re.compile(rb"(?:x264 - core|x265 \(build)[ -~]{0,3000}")
_LIMIT = re.compile(rb"[ :]keyint=(\d{1,6}|infinite)(?=\W)")


def group_limit(path: Path, first_at: int | None) -> int | None:
    """Return after how many pictures at the latest the encoder begins a new group; None where it does not say.

    Where several parts of a film say it, the least counts.

    Args:
        path: the film.
        first_at: where in the file its first key picture begins, in bytes; None where nobody knows.

    Raises:
        OSError: the film cannot be read.
    """
    found: list[int] = []
    with Path(held_files.opened(path)).open("rb") as file:
        for place in dict.fromkeys((0, first_at or 0)):
            file.seek(place)
            for note in _NOTE.findall(file.read(_LOOKED_AT_BYTES)):
                if said := _LIMIT.search(note):
                    found.append(sys.maxsize if said[1] == b"infinite" else int(said[1]))
    return min(found, default=None)
