"""The shots document of stage 09: when a film's pictures change from one shot to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import typed_json


@dataclass(frozen=True, kw_only=True)
class Shots:
    """A film's shot changes.

    Attributes:
        method: how they were found.
        cuts_ms: the time of each shot's first picture, in order.
        extra: keys that this version does not know.
    """

    schema_version: str = "1.0"
    method: str = ""
    cuts_ms: tuple[int, ...]
    extra: dict[str, Any] = field(default_factory=dict)


def read(path: Path) -> Shots:
    """Read a shots document.

    Raises:
        SamvadError: it is missing or damaged; names the file and the key.
    """
    return typed_json.read(path, Shots, "shots.json of stage 09", "Run stage 09 again.")


def write(path: Path, shots: Shots) -> None:
    """Write a shots document atomically."""
    typed_json.write(path, shots)
