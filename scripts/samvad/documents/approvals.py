"""Which tracks of a film a person has approved: ``corrections/approved.json`` of its job.

An approved track is kept as ``corrections/<language>.srt``, which every later run takes in place of its own. So no run
changes it; this says who has looked at it, when, and whether somebody has changed that file since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from samvad.core import files, typed_json
from samvad.documents.subtitles.cues import Cue

FOLDER = "corrections"
NAME = "approved.json"


@dataclass(frozen=True)
class Approval:
    """That a person has approved a track.

    Attributes:
        by: their name.
        at: when (UTC).
        checksum: of ``corrections/<language>.srt`` as they approved it.
        machine: of the machine's own cues then: where stage 09 makes others since, it says so.
        cues: how many there were.
    """

    by: str
    at: str
    checksum: str
    machine: str = ""
    cues: int = 0

    def __post_init__(self) -> None:
        """Refuse a false checksum."""
        typed_json.check_checksum(self.checksum, "checksum")


@dataclass(frozen=True, kw_only=True)
class Approvals:
    """All that is approved of a film, by language; ``extra``: keys that this version does not know."""

    schema_version: str = "1.0"
    tracks: dict[str, Approval] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


def path_of(job_folder: Path) -> Path:
    """Return where a job's approvals lie."""
    return job_folder / FOLDER / NAME


def read_optional(job_folder: Path) -> Approvals:
    """Return a job's approvals; none where there is no such file.

    Raises:
        SamvadError: it is damaged; names the file and the key.
    """
    path = path_of(job_folder)
    if not path.is_file():
        return Approvals()
    return typed_json.read(path, Approvals, "list of approved tracks", "Approve them again: samvad review.")


def keep(job_folder: Path, changes: Mapping[str, Approval | None]) -> None:
    """Write who approved which tracks; None takes an approval back. All others stay."""
    before = read_optional(job_folder)
    after = {code: item for code, item in {**before.tracks, **changes}.items() if item is not None}
    if after != before.tracks:
        typed_json.write(path_of(job_folder), replace(before, tracks=after))


def of_cues(cues: Iterable[Cue]) -> str:
    """Return what tells some cues from others: a checksum of their times and texts."""
    text = json.dumps([(cue.start_ms, cue.end_ms, cue.lines) for cue in cues], ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def holds(job_folder: Path, language: str, approval: Approval) -> bool:
    """Say whether a track is still as it was approved."""
    try:
        return files.sha256_of(job_folder / FOLDER / f"{language}.srt") == approval.checksum
    except OSError:
        return False
