"""Which run is at work on a job, by what the job's own records say."""

from __future__ import annotations

from pathlib import Path

from samvad.documents import job_manifest, run_mark, run_record
from samvad.documents.run_record import RunRecord

#: Where the runs at work in a folder of jobs write down, in that folder, which jobs they are about to do.
CLAIMS = ".runs"


def run_of(run: RunRecord, job_folder: Path) -> run_mark.RunMark | None:
    """Return the mark of the run that a job's record names, where that is another process's that lives, or may."""
    if not run.host or not run.mark:
        return None
    mark = Path(run.mark)
    return run_mark.may_live(run.host, mark, job_folder.absolute().parents[4] / CLAIMS / mark.name)


def busy(job_folder: Path) -> str:
    """Return who is at work on a job besides this process, for people; empty where nobody is, or may be."""
    run, manifest = run_record.read_optional(job_folder), job_manifest.read_optional(job_folder)
    if run is None or manifest is None or manifest.pipeline.run is None:
        return ""
    other = run_of(run, job_folder)
    return run_mark.shown(other) if other else ""
