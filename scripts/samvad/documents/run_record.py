"""``run.json`` of a job: the run that last worked on it, and the film as the sheet had it then."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from samvad.core import typed_json
from samvad.core.errors import SamvadError
from samvad.documents.costs import Prices


@dataclass(frozen=True)
class CacheSettings:
    """Where results are kept for other jobs, and how much of them (10^9 bytes)."""

    folder: str
    max_gb: float


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A run's part in one job.

    Attributes:
        parent_run_id: the run that this one goes on from.
        parent_job_id: the job that it was compared with or made from, if that was said.
        stamp: the local time in the names of its logs; None of a run by hand.
        workflow: how far the film goes; None of a run by hand.
        film: the film's id.
        media: the film's file as the sheet has it.
        cache: None where no results are kept.
        prices: what machines cost; None where that is not said.
        host: the machine that the run is on, and its mark there: whether it lives, these tell; None in older records.
    """

    run_id: str
    parent_run_id: str | None = None
    parent_job_id: str | None = None
    stamp: str | None = None
    workflow: str | None = None
    film: str = ""
    title: str = ""
    year: int | None = None
    media: str = ""
    cache: CacheSettings | None = None
    prices: Prices | None = None
    host: str | None = None
    mark: str | None = None


def path_of(job_folder: Path) -> Path:
    """Return where a job's record lies."""
    return job_folder / "run.json"


def read(job_folder: Path) -> RunRecord:
    """Read a job's record.

    Raises:
        SamvadError: it is missing or damaged; names the file and the key.
    """
    remedy = "Delete it and run again: the next run writes its own."
    return typed_json.read(path_of(job_folder), RunRecord, "record of a run", remedy)


def read_optional(job_folder: Path) -> RunRecord | None:
    """Return a job's record, or None where there is none that is whole."""
    try:
        return read(job_folder)
    except SamvadError:
        return None


def write(job_folder: Path, run: RunRecord) -> None:
    """Write a job's record atomically."""
    typed_json.write(path_of(job_folder), run)
