"""Which jobs the runs at work in one folder of jobs have taken on, from whatever clone of the project.

Two runs that begin in the same instant have both found nobody at work. So each writes down, before its first stage and
one run after the other, which jobs it is about to do; whoever comes second reads it. What a run that is over has left
is taken away; a run whose mark cannot be read is not over until its claim, which it touches as it does its mark, has
been silent for long. On a disk without locks the moment between the look and the writing stays open: there, of two
attempts at one stage, the later makes the result.
"""

from __future__ import annotations

import atexit
import contextlib
import json
from collections.abc import Collection
from pathlib import Path

from samvad.core import files, locks, outside, this_machine, typed_json
from samvad.core.errors import SamvadError
from samvad.documents import at_work, run_mark, run_record
from samvad.workflow import run_registry


class TakenError(SamvadError):
    """Another run has taken on the same jobs; names it."""

    category = "configuration"
    exit_code = 2


def claim(output_root: Path, jobs: Collection[str], run: run_registry.Run) -> None:
    """Take jobs on, until this process ends.

    Args:
        output_root: where the job folders are.
        jobs: the job folders, below it.
        run: this run.

    Raises:
        TakenError: another run that lives, or may, is about to do one of them, or at work on it.
        DiskError: the folder cannot be written.
    """
    folder = output_root / at_work.CLAIMS
    own = folder / run.path.name
    with locks.exclusive(folder / "guard.lock"):
        told = []
        for path in sorted(folder.glob("*.json")):
            other, theirs, their_mark = _read(path)
            if other is None:
                path.unlink(missing_ok=True)
            else:
                told += [
                    f"  {job}: {run_mark.shown(other)}"
                    for job in jobs
                    if job in theirs and not _is_over(output_root / job, their_mark)
                ]
        if told:
            raise TakenError("\n".join(["Another run has begun with what was asked for:", *told[:20]]))
        facts = typed_json.plain(run.facts)
        files.write_json(own, {"host": this_machine.node(), "mark": str(run.path), "jobs": sorted(jobs), "run": facts})
        run.touches(own)
    atexit.register(_leave, own)


def _leave(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _read(path: Path) -> tuple[run_mark.RunMark | None, frozenset[str], str]:
    """Return the mark of a run that lives, or may, with its jobs; None of one that is over, and of a damaged file."""
    try:
        value = json.loads(outside.read_text(path))
        other = run_mark.may_live(value["host"], Path(value["mark"]), path)
        return other, frozenset(value["jobs"]), str(value["mark"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None, frozenset(), ""


def _is_over(job_folder: Path, mark: str) -> bool:
    """Say whether a run has begun with a job, and has nothing more to do for it."""
    run = run_record.read_optional(job_folder)
    return run is not None and run.mark == mark and not at_work.busy(job_folder)
