"""The mark of a run at work: a file that says who it is, whose own lock the kernel lets go when its process ends."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core import locks


@dataclass(frozen=True)
class RunMark:
    """A mark as it stands.

    Attributes:
        path: where it lies.
        facts: what it says; empty where its run was killed before it had written anything.
        dead: whether the run is surely over.
        far: whether it was made on another machine, or before this one was started.
        touched: when it last gave a sign of life, by the clock of its disk.
    """

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


def is_dead(path: Path) -> bool:
    """Say whether the run of a mark is surely over."""
    return not path.exists() or read(path).dead


def read(path: Path) -> RunMark:
    """Read a mark, and say whether its run lives."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = os.pread(handle, 1 << 16, 0).decode("utf-8", "replace")
        facts = _facts(text)
        here = machine()
        if facts.get("boot_id") in (None, here["boot_id"]):
            dead = locks.is_free(handle)
        else:  # the same machine after a restart has none of its old processes
            known = here["machine_id"] and here["machine_id"] == facts.get("machine_id")
            dead = bool(known) and here["host"] == facts.get("host")
        far = facts.get("boot_id") not in (None, here["boot_id"])
        return RunMark(path, facts, dead, far, os.fstat(handle).st_mtime)
    finally:
        os.close(handle)


def write(handle: int, facts: dict[str, Any]) -> None:
    """Write a mark in place, in one call: a new file would have another lock."""
    text = json.dumps(facts).encode() + b"\n"
    os.pwrite(handle, text, 0)
    os.ftruncate(handle, len(text))


def machine() -> dict[str, str]:
    """Return what tells this machine, and its last start, from others."""
    return {
        "host": platform.node(),
        "boot_id": _text_of("/proc/sys/kernel/random/boot_id"),
        "machine_id": _text_of("/etc/machine-id"),
    }


def _facts(text: str) -> dict[str, Any]:
    """Return what a mark says; nothing where its run was killed before it had written it."""
    try:  # what a shorter text has left of a longer one behind it is no part of it
        facts: dict[str, Any] = json.JSONDecoder().raw_decode(text)[0]
    except ValueError:
        return {}
    return facts


def _text_of(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
