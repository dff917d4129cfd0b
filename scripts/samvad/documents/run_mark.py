"""The mark of a run at work: a file that says who it is, whose own lock the kernel lets go when its process ends."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from samvad.core import locks, outside, this_machine, typed_json

#: A run touches its mark so often, in seconds: whoever cannot see the process can see that.
HEARTBEAT_SECONDS = 30
#: A run on another machine that has not touched its mark for so long is dead.
SILENT_SECONDS = 20 * HEARTBEAT_SECONDS


@dataclass(frozen=True)
class Machine:
    """What tells a machine, and its last start, from others; empty where it does not say."""

    host: str = ""
    boot_id: str = ""
    machine_id: str = ""


@dataclass(frozen=True)
class RunFacts:
    """What a mark says; nothing where its run was killed before it had written it.

    Attributes:
        host: the machine that it runs on, as of ``Machine``.
        since: when it began (UTC), and in nanoseconds since 1970.
        slurm_job: the job of SLURM's that it runs in itself.
        locks: names of those of Snakemake's locks that are its own; None where it has not said so yet.
        slurm: the name of its jobs on a cluster.
        born: when its process was started, in ticks since the machine's start, which tells it from a later one of the
            same number.
        namespace: the space of numbers that its process has its own in, as containers have each their own.
    """

    host: str | None = None
    boot_id: str | None = None
    machine_id: str | None = None
    pid: int | None = None
    user: str | None = None
    since: str | None = None
    since_ns: int = 0
    slurm_job: str | None = None
    locks: tuple[str, ...] | None = None
    slurm: str | None = None
    born: int | None = None
    namespace: str | None = None


@dataclass(frozen=True)
class RunMark:
    """A mark as it stands.

    Attributes:
        path: where it lies.
        facts: what it says; empty where its run was killed before it had written anything.
        dead: whether the run is surely over.
        far: whether it was made on another machine, or before this one was started, or is in a container on a disk that
            knows no locks: whether its process lives cannot be seen.
        touched: when it last gave a sign of life, by the clock of its disk.
        unreadable: why it cannot be read, so that its run counts as one that may live; empty where it can.
    """

    path: Path
    facts: RunFacts
    dead: bool
    far: bool
    touched: float
    unreadable: str = ""

    def may_own(self, lock: Path) -> bool:
        """Say whether a lock of Snakemake's is, or could be, this run's."""
        if self.facts.locks is not None:
            return lock.name in self.facts.locks
        return lock.stat().st_mtime_ns >= self.facts.since_ns


def is_dead(path: Path) -> bool:
    """Say whether the run of a mark is surely over."""
    try:
        return read(path).dead
    except FileNotFoundError:
        return True


def may_live(host: str, mark: Path, claim: Path) -> RunMark | None:
    """Return the mark of another run than this process's that is, or may be, at work.

    A run whose mark cannot be read, as of another user's clone or of one that lies on another machine, may live as long
    as its claim, which lies beside the jobs, is there and is touched. Where that names a process of this machine, the
    machine is asked, also when somebody has taken the mark away.

    Args:
        host: the machine that it is on.
        mark: where its mark is; another machine may see another disk there.
        claim: what it has written down of the jobs that it is about to do, with the facts of its mark.
    """
    try:
        found = read(mark)
    except OSError as error:
        other = _by_claim(host, mark, claim, error.strerror or str(error))
        taken_away = isinstance(error, FileNotFoundError) and _is_folder(mark.parent)
        return None if taken_away and (other is None or other.far) else other
    own = found.facts.pid == os.getpid() and host == this_machine.node()
    silent = found.far and found.touched < time.time() - SILENT_SECONDS
    return None if own or found.dead or silent else found


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _by_claim(host: str, mark: Path, claim: Path, why: str) -> RunMark | None:
    """Return what stands for a mark that cannot be read; None where its run has left no claim, or is over by that."""
    try:
        with outside.open_regular(claim) as file:
            value, touched = outside.json_value(file.read(1 << 24)), os.fstat(file.fileno()).st_mtime
        facts = typed_json.parse(RunFacts, value["run"])
    except OSError:
        return None
    except (ValueError, TypeError, KeyError, RecursionError):
        facts, touched = RunFacts(host=host), _touched(claim)
    here = machine()
    seen = facts.boot_id == here.boot_id and facts.namespace == process_namespace() and facts.pid is not None
    if seen and facts.born is not None:
        gone = born(facts.pid or 0) != facts.born
    else:
        gone = touched < time.time() - SILENT_SECONDS
    own = seen and facts.pid == os.getpid()
    return None if gone or own else RunMark(mark, facts, False, not seen, touched, why)


def _touched(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def shown(mark: RunMark) -> str:
    """Return who a run is, for people."""
    facts = mark.facts
    if mark.unreadable:
        who = f"process {facts.pid} of {facts.user}" if facts.pid else "a run"
        return f"{who} on {facts.host or '?'}, which may be at work: {mark.path} cannot be read ({mark.unreadable})"
    pid, user, host, since = (known or "?" for known in (facts.pid, facts.user, facts.host, facts.since))
    return f"process {pid} of {user} on {host}, since {since} ({mark.path})"


def has_ended(handle: int, facts: RunFacts) -> bool:
    """Say whether a run of this machine, since its last start, is surely over.

    Its lock tells, or where the disk knows no locks, whether its process is there.

    Args:
        handle: its mark, open.
        facts: what that says.
    """
    free = locks.is_free(handle)
    if free is not None:
        return free
    known = facts.pid is not None and facts.born is not None and facts.namespace == process_namespace()
    return known and born(facts.pid or 0) != facts.born


def born(pid: int) -> int | None:
    """Return when a process was started, in ticks since the machine's start, or None where there is none (a zombie)."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if words[0] in "ZX" else int(words[19])


def process_namespace() -> str:
    """Return what tells this process's numbers from those of other containers; empty where it is unknown."""
    try:
        return os.readlink("/proc/self/ns/pid")  # noqa: PTH115 -- it is no path
    except OSError:
        return ""


def read(path: Path) -> RunMark:
    """Read a mark, and say whether its run lives."""
    with outside.open_regular(path) as file:
        handle = file.fileno()
        text = os.pread(handle, 1 << 16, 0).decode("utf-8", "replace")
        facts = _facts(text)
        here = machine()
        if facts.boot_id in (None, here.boot_id):
            dead = has_ended(handle, facts)
        else:  # the same machine after a restart has none of its old processes
            known = here.machine_id and here.machine_id == facts.machine_id
            dead = bool(known) and here.host == facts.host
        unseen = facts.namespace not in (None, process_namespace()) and locks.is_free(handle) is None
        far = facts.boot_id not in (None, here.boot_id) or unseen
        return RunMark(path, facts, dead, far, os.fstat(handle).st_mtime)


def write(handle: int, facts: RunFacts) -> None:
    """Write a mark in place, in one call: a new file would have another lock."""
    text = json.dumps(typed_json.plain(facts)).encode() + b"\n"
    os.pwrite(handle, text, 0)
    os.ftruncate(handle, len(text))


def machine() -> Machine:
    """Return what tells this machine, and its last start, from others."""
    return Machine(this_machine.node(), _text_of("/proc/sys/kernel/random/boot_id"), _text_of("/etc/machine-id"))


def _facts(text: str) -> RunFacts:
    try:  # what a shorter text has left of a longer one behind it is no part of it
        return typed_json.parse(RunFacts, outside.json_value(text[: json.JSONDecoder().raw_decode(text)[1]]))
    except (ValueError, RecursionError):
        return RunFacts()


def _text_of(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
