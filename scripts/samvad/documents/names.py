"""The names document of stage 05: who and what is named in a film, how often, and in which spellings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import typed_json


@dataclass(frozen=True)
class FilmName:
    """A name over the whole film, in all its spellings.

    Attributes:
        text: its spelling: as known, else the most frequent.
        label: ``person``, ``place`` or ``organisation``: what its best source says most often.
        source: the best of its sources: ``glossary``, then ``tmdb``, then the model.
        count: how often it stands in the film.
        first_ms: start of the first segment that it stands in.
        variants: how often each of its spellings stands in the text.
        heard: how often each spelling that was written anew was heard.
        spellings: its spelling in each script that it stands in.
        target: its spelling in a translation into English.
    """

    text: str
    label: str
    source: str
    count: int
    first_ms: int
    variants: dict[str, int] = field(default_factory=dict)
    heard: dict[str, int] = field(default_factory=dict)
    spellings: dict[str, str] = field(default_factory=dict)
    target: str = ""


@dataclass(frozen=True)
class CastCount:
    """A character of the cast list: who plays it, and how often it is named in the film."""

    character: str
    actor: str
    count: int
    first_ms: int | None


@dataclass(frozen=True)
class Undecided:
    """A word that may be a misheard name, and was left as it is: how often it comes, what it is like, and why."""

    text: str
    count: int
    like: str
    score: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class Names:
    """All names of a film; ``extra``: keys that this version does not know."""

    schema_version: str = "1.1"
    names: tuple[FilmName, ...]
    cast: tuple[CastCount, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


def read(path: Path) -> Names:
    """Read a names document.

    Raises:
        SamvadError: it is missing or damaged; names the file and the key.
    """
    return typed_json.read(path, Names, "names.json of stage 05", "Run stage 05 again.")


def write(path: Path, names: Names) -> None:
    """Write a names document atomically."""
    typed_json.write(path, names)
