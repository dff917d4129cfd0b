"""The tracks document of stage 09: which subtitle tracks it made, in which files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import typed_json


@dataclass(frozen=True)
class SubtitleFiles:
    """A subtitle track.

    Attributes:
        language: short code.
        translated: whether that is not the language spoken.
        cues: how many it has.
        hearing_impaired: whether it is for the deaf and hard of hearing.
        corrected: whether it is as a person corrected it.
        files: names in the stage's folder by kind, such as ``srt``.
        extra: keys that this version does not know.
    """

    language: str
    translated: bool
    cues: int
    files: dict[str, str]
    hearing_impaired: bool = False
    corrected: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse names that lead out of the stage's folder."""
        for kind, name in self.files.items():
            typed_json.check_name(name, f"files.{kind}")


@dataclass(frozen=True, kw_only=True)
class Tracks:
    """All tracks of a film, in the order of its targets."""

    schema_version: str = "1.0"
    tracks: tuple[SubtitleFiles, ...]
    extra: dict[str, Any] = field(default_factory=dict)


def read(path: Path) -> Tracks:
    """Read a tracks document.

    Raises:
        SamvadError: it is missing or damaged; names the file and the key.
    """
    return typed_json.read(path, Tracks, "tracks.json of stage 09", "Run stage 09 again.")


def write(path: Path, tracks: Tracks) -> None:
    """Write a tracks document atomically."""
    typed_json.write(path, tracks)
