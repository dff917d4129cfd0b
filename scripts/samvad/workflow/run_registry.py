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
import getpass
import json
import logging
import os
import platform
import signal
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from samvad.core import files, locks, times
from samvad.workflow import slurm

log = logging.getLogger(__name__)

#: Names the mark of the run that started a stage.
VARIABLE = "SAMVAD_RUN"
#: A run touches its mark so often, in seconds: whoever cannot see the process can see that.
HEARTBEAT_SECONDS = 30
#: A run on another machine that has not touched its mark for so long is dead.
SILENT_SECONDS = 20 * HEARTBEAT_SECONDS
_SLURM_JOB = "SLURM_JOB_ID"
_LOOK_SECONDS = 1.0
_GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class _Mark:
    path: Path
    facts: dict[str, Any]
    dead: bool
    far: bool
    touched: float

    def may_own(self, lock: Path) -> bool:
        """Say whether a lock of Snakemake's is, or could be, this run's."""
        known = self.facts.get("locks")
        if known is not None:
            return lock.name in set(known)
        return lock.stat().st_mtime_ns >= int(self.facts.get("since_ns", 0))


class Run:
    """The mark of this process's run.

    Attributes:
        path: the mark.
        others: the other runs at work in the project, for people.
        after_a_kill: whether a run had been killed, and no other has begun since.
    """

    def __init__(
        self, path: Path, handle: int, facts: dict[str, Any], others: list[str], *, after_a_kill: bool
    ) -> None:
        self.path = path
        self.others = others
        self.after_a_kill = after_a_kill
        self._handle = handle
        self._facts = facts
        self._left = threading.Event()
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def owns(self, lock_files: Iterable[str]) -> None:
        """Write down which of Snakemake's locks are this run's."""
        self._facts["locks"] = sorted(Path(name).name for name in lock_files)
        with locks.exclusive(_guard(self.path.parent)):
            _write(self._handle, self._facts)

    def submits(self, name: str) -> None:
        """Write down the name of the SLURM jobs that are this run's, before there is one."""
        self._facts["slurm"] = name
        with locks.exclusive(_guard(self.path.parent)):
            _write(self._handle, self._facts)

    def leave(self) -> None:
        """Take the mark away: the run has ended, and Snakemake has taken its own locks away."""
        if not self._left.is_set():
            self._left.set()
            self.path.unlink(missing_ok=True)
            os.close(self._handle)

    def _beat(self) -> None:
        while not self._left.wait(HEARTBEAT_SECONDS):
            try:
                os.utime(self.path)
            except OSError:
                return


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
        facts = {
            **_machine(),
            "pid": os.getpid(),
            "user": _user(),
            "since": times.utc_now(),
            "since_ns": time.time_ns(),
            "slurm_job": os.environ.get(_SLURM_JOB),
        }
        path = folder / f"{platform.node()}-{os.getpid()}-{facts['since_ns']}.json"
        with files.disk_errors(path):
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        locks.keep(handle)
        _write(handle, {**facts, "locks": None})
    run = Run(path, handle, facts, [_shown(mark) for mark in living], after_a_kill=bool(dead))
    atexit.register(run.leave)
    return run


def is_dead(path: Path) -> bool:
    """Say whether the run of a mark is surely over."""
    return not path.exists() or _read(path).dead


def end_with_run(at_work: str) -> None:
    """End this process, and what it started, when the run that started it has been killed.

    Otherwise a stage would work on for nobody, beside the next run's try at the same stage. A stage that was started
    by hand, or runs on another machine than Snakemake, goes on to its end; one that is a job of SLURM's is cancelled by
    the next run, wherever it runs. SLURM ends a job by asking first (``scancel``, or when its time is over) and kills
    30 s later (``KillWait``): time enough to record the end.

    Args:
        at_work: what this process does, for those who look into SLURM's queue.
    """
    if _SLURM_JOB in os.environ:
        slurm.tell(os.environ[_SLURM_JOB], at_work)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    path = Path(os.environ.get(VARIABLE, ""))
    if path.is_file():
        facts = _read(path).facts
        own_job = os.environ.get(_SLURM_JOB) not in (None, facts.get("slurm_job"))
        if facts.get("boot_id") == _machine()["boot_id"] and not own_job:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            threading.Thread(target=_watch, args=(handle, facts), name="run watch", daemon=True).start()


def _watch(handle: int, facts: dict[str, Any]) -> None:
    while not locks.is_free(handle):
        time.sleep(_LOOK_SECONDS)
    import psutil

    log.error("The run that started this stage was killed (process %s); the stage ends too.", facts.get("pid"))
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_SECONDS)
    os._exit(128 + signal.SIGTERM)


def _take_away_dead(folder: Path, lock_folder: Path) -> tuple[list[_Mark], list[_Mark]]:
    """Remove the marks of dead runs and the locks that were theirs; return the runs that live, or may, and the dead."""
    marks = [_read(path) for path in sorted(folder.glob("*.json"))]
    now = _now_of(folder)
    marks = [
        mark if mark.touched > now - SILENT_SECONDS else replace(mark, dead=mark.dead or mark.far) for mark in marks
    ]
    living, dead = [mark for mark in marks if not mark.dead], [mark for mark in marks if mark.dead]
    for mark in dead:
        if name := mark.facts.get("slurm"):
            slurm.cancel(name)
    for lock in sorted(lock_folder.glob("*.lock")):
        left_behind = any(mark.may_own(lock) for mark in dead)
        if left_behind and not any(mark.may_own(lock) for mark in living):
            lock.unlink(missing_ok=True)
    for mark in dead:
        mark.path.unlink(missing_ok=True)
    return living, dead


def _read(path: Path) -> _Mark:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = os.pread(handle, 1 << 16, 0).decode("utf-8", "replace")
        facts = _facts(text)
        here = _machine()
        if facts.get("boot_id") in (None, here["boot_id"]):
            dead = locks.is_free(handle)
        else:  # the same machine after a restart has none of its old processes
            known = here["machine_id"] and here["machine_id"] == facts.get("machine_id")
            dead = bool(known) and here["host"] == facts.get("host")
        far = facts.get("boot_id") not in (None, here["boot_id"])
        return _Mark(path, facts, dead, far, os.fstat(handle).st_mtime)
    finally:
        os.close(handle)


def _now_of(folder: Path) -> float:
    """Return the time by the clock that stamps the marks: on a network disk, the server's."""
    os.utime(_guard(folder))
    return _guard(folder).stat().st_mtime


def _facts(text: str) -> dict[str, Any]:
    """Return what a mark says; nothing where its run was killed before it had written it."""
    try:  # what a shorter text has left of a longer one behind it is no part of it
        facts: dict[str, Any] = json.JSONDecoder().raw_decode(text)[0]
    except ValueError:
        return {}
    return facts


def _write(handle: int, facts: dict[str, Any]) -> None:
    """Write a mark in place, in one call: a new file would have another lock."""
    text = json.dumps(facts).encode() + b"\n"
    os.pwrite(handle, text, 0)
    os.ftruncate(handle, len(text))


def _machine() -> dict[str, str]:
    return {
        "host": platform.node(),
        "boot_id": _text_of("/proc/sys/kernel/random/boot_id"),
        "machine_id": _text_of("/etc/machine-id"),
    }


def _text_of(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as in some containers
        return str(os.getuid())


def _shown(mark: _Mark) -> str:
    known = {key: mark.facts.get(key, "?") for key in ("pid", "user", "host", "since")}
    return "process {pid} of {user} on {host}, since {since}".format(**known) + f" ({mark.path})"


def _guard(folder: Path) -> Path:
    return folder / "guard.lock"
