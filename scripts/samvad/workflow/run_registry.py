"""Runs that are at work in a project: who they are, whether they live, and what a killed one left.

Snakemake's lock is a file that a killed run leaves behind; it does not say whose it is. So each run marks itself with
a file whose own lock the kernel lets go when the process ends, however it ends. The next run takes away the locks of
runs that are surely dead, and no others: not those of a living run, nor of one on another machine, unless that has
given no sign of life for long. Only times of one clock are compared, that of the file system.

Jobs on a cluster outlive the run that submitted them. The next run cancels those of a dead one, and waits for their
end.
"""

from __future__ import annotations

import atexit
import contextlib
import getpass
import logging
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from samvad.core import files, locks, this_machine, times
from samvad.documents import run_mark
from samvad.runner import slurm

log = logging.getLogger(__name__)


class Run:
    """The mark of this process's run.

    Attributes:
        path: the mark.
        others: the other runs at work in the project, for people.
        after_a_kill: whether a run had been killed, and no other has begun since.
        facts: what its mark says.
    """

    def __init__(
        self, path: Path, handle: int, facts: run_mark.RunFacts, others: list[str], *, after_a_kill: bool
    ) -> None:
        self.path = path
        self.others = others
        self.after_a_kill = after_a_kill
        self._handle = handle
        self.facts = facts
        self._signs = [path]
        self._left = threading.Event()
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def owns(self, lock_files: Iterable[str]) -> None:
        """Write down which of Snakemake's locks are this run's."""
        self.facts = replace(self.facts, locks=tuple(sorted(Path(name).name for name in lock_files)))
        with locks.exclusive(_guard(self.path.parent)):
            run_mark.write(self._handle, self.facts)

    def submits(self, name: str) -> None:
        """Write down the name of the SLURM jobs that are this run's, before there is one."""
        self.facts = replace(self.facts, slurm=name)
        with locks.exclusive(_guard(self.path.parent)):
            run_mark.write(self._handle, self.facts)

    def touches(self, path: Path) -> None:
        """Give signs of life at another file, too."""
        self._signs.append(path)

    def leave(self) -> None:
        """Take the mark away: the run has ended, and Snakemake has taken its own locks away."""
        if not self._left.is_set():
            self._left.set()
            self.path.unlink(missing_ok=True)
            os.close(self._handle)

    def _beat(self) -> None:
        while not self._left.wait(run_mark.HEARTBEAT_SECONDS):
            for path in self._signs:
                with contextlib.suppress(OSError):  # its disk may come back
                    os.utime(path)


def enter(snakemake_folder: Path) -> Run:
    """Mark this process as a run at work, after taking away the locks of runs that were killed.

    Two runs that begin at the same moment do this one after the other. Jobs of killed runs on a cluster are cancelled.

    Args:
        snakemake_folder: Snakemake's ``.snakemake``.

    Raises:
        DiskError: the folder cannot be written.
        ClusterError: jobs of a killed run are still at work.
    """
    folder = (snakemake_folder / "samvad_runs").resolve()
    with locks.exclusive(_guard(folder)):
        living, dead = _take_away_dead(folder, snakemake_folder / "locks")
        here = run_mark.machine()
        facts = run_mark.RunFacts(
            host=here.host,
            boot_id=here.boot_id,
            machine_id=here.machine_id,
            pid=os.getpid(),
            user=_user(),
            since=times.utc_now(),
            since_ns=time.time_ns(),
            slurm_job=os.environ.get(slurm.JOB_VARIABLE),
            born=run_mark.born(os.getpid()),
            namespace=run_mark.process_namespace(),
        )
        path = folder / f"{this_machine.node()}-{os.getpid()}-{facts.since_ns}.json"
        with files.disk_errors(path):
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        locks.keep(handle)
        run_mark.write(handle, facts)
    run = Run(path, handle, facts, [run_mark.shown(mark) for mark in living], after_a_kill=bool(dead))
    atexit.register(run.leave)
    return run


def _take_away_dead(folder: Path, lock_folder: Path) -> tuple[list[run_mark.RunMark], list[run_mark.RunMark]]:
    """Remove the marks of dead runs and the locks that were theirs; return the runs that live, or may, and the dead."""
    marks = [run_mark.read(path) for path in sorted(folder.glob("*.json"))]
    now = _now_of(folder)
    silent = now - run_mark.SILENT_SECONDS
    marks = [mark if mark.touched > silent else replace(mark, dead=mark.dead or mark.far) for mark in marks]
    living, dead = [mark for mark in marks if not mark.dead], [mark for mark in marks if mark.dead]
    for mark in dead:
        if name := mark.facts.slurm:
            slurm.cancel(name)
    for lock in sorted(lock_folder.glob("*.lock")):
        left_behind = any(mark.may_own(lock) for mark in dead)
        if left_behind and not any(mark.may_own(lock) for mark in living):
            lock.unlink(missing_ok=True)
    for mark in dead:
        mark.path.unlink(missing_ok=True)
    return living, dead


def _now_of(folder: Path) -> float:
    """Return the time by the clock that stamps the marks: on a network disk, the server's."""
    os.utime(_guard(folder))
    return _guard(folder).stat().st_mtime


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as in some containers
        return str(os.getuid())


def _guard(folder: Path) -> Path:
    return folder / "guard.lock"
