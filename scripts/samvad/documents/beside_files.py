"""The record of what a job has written beside its film: by it, Samvad's own files are told from other people's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import typed_json
from samvad.core.errors import SamvadError

#: The record in the job's folder.
RECORD = "beside.json"
#: Jobs below the folder of all jobs: ``YYYY/MM/DD/USER/N``.
_JOBS = "[0-9]*/[0-9]*/[0-9]*/*/[0-9]*"


@dataclass(frozen=True)
class Written:
    """A file beside a film, and the SHA-256 of what was written into it."""

    path: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a job has written beside its film; ``extra``: keys that this version does not know."""

    schema_version: str = "1.0"
    files: tuple[Written, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


def read(job_folder: Path) -> Record:
    """Return the record of a job; an empty one where it has written nothing.

    Raises:
        SamvadError: it is damaged.
    """
    path = job_folder / RECORD
    return (
        typed_json.read(path, Record, "record of files beside the film", "Remove it.") if path.is_file() else Record()
    )


def of_all(output_root: Path) -> Iterator[Written]:
    """Yield what all jobs have written beside films; a record that is damaged says nothing."""
    for path in sorted(output_root.glob(f"{_JOBS}/{RECORD}")):
        try:
            yield from read(path.parent).files
        except SamvadError:
            continue
