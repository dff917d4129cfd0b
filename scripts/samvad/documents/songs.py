"""The songs document of stage 06: where a film sings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import typed_json


@dataclass(frozen=True)
class Song:
    """A song's times in milliseconds, its score (0 to 1), and what found it: ``sound`` or ``person``."""

    start_ms: int
    end_ms: int
    score: float
    source: str = "sound"


@dataclass(frozen=True, kw_only=True)
class Songs:
    """A film's songs, in order of time; ``extra``: keys that this version does not know."""

    schema_version: str = "1.1"
    songs: tuple[Song, ...]
    extra: dict[str, Any] = field(default_factory=dict)


def read(path: Path) -> Songs:
    """Read a songs document.

    Raises:
        SamvadError: it is missing or damaged; names the file and the key.
    """
    return typed_json.read(path, Songs, "songs.json of stage 06", "Run stage 06 again.")


def write(path: Path, songs: Songs) -> None:
    """Write a songs document atomically."""
    typed_json.write(path, songs)
