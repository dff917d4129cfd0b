"""Tracks that a person has added to a film, beyond its targets: ``corrections/added.json`` of its job.

Each is kept as ``corrections/<language>.srt``; stage 09 makes a track of it though nothing was translated into it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import typed_json

FOLDER = "corrections"


@dataclass(frozen=True, kw_only=True)
class AddedTracks:
    """The languages of added tracks, in order; ``extra``: keys that this version does not know."""

    schema_version: str = "1.0"
    languages: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


def path_of(job_folder: Path) -> Path:
    """Return where it lies."""
    return job_folder / FOLDER / "added.json"


def read_optional(job_folder: Path) -> tuple[str, ...]:
    """Return the languages that were added and have a track; none where there is no such file.

    Raises:
        SamvadError: it is damaged; names the file and the key.
    """
    path = path_of(job_folder)
    if not path.is_file():
        return ()
    found = typed_json.read(path, AddedTracks, "list of added tracks", "Add them again: samvad review.")
    return tuple(code for code in found.languages if (job_folder / FOLDER / f"{code}.srt").is_file())


def keep(job_folder: Path, languages: Iterable[str]) -> None:
    """Write which languages were added; without any there is no file."""
    found, path = tuple(languages), path_of(job_folder)
    if found:
        if not path.is_file() or read_optional(job_folder) != found:
            typed_json.write(path, AddedTracks(languages=found))
    else:
        path.unlink(missing_ok=True)
