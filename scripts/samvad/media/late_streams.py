"""Films in which a picture or a sound begins so late that ffmpeg's first look at them misses what it is.

Of containers without an index (MPEG-TS, MPEG-PS), ffmpeg learns a stream's size or rate from its first packets, for
which it reads some seconds. What begins behind these cannot be decoded by a command that reads no more: it is as if the
film ended with the other stream. Such films are remembered by ``film_headers.read``, and every program that reads one
of them is told to look further.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

#: How far ffmpeg looks into such a film: half an hour, or so many bytes. It ends where it knows all that it needs.
_FURTHER: Mapping[str, str] = MappingProxyType({"analyzeduration": "1800000000", "probesize": "256000000"})
_NOTHING: Mapping[str, str] = MappingProxyType({})
_late: set[Path] = set()


def remember(path: Path) -> None:
    """Have all programs of this process look further into a film."""
    _late.add(path.absolute())


def forget(path: Path) -> None:
    """Have them look no further than usual."""
    _late.discard(path.absolute())


def options(path: Path) -> Mapping[str, str]:
    """Return ffmpeg's and ffprobe's options, by name, with which they are to read a file; of most files, none."""
    return _FURTHER if path.absolute() in _late else _NOTHING
