"""What this machine has to give to films that are done at once on it: memory and GPUs."""

from __future__ import annotations

import os
from collections.abc import Container
from pathlib import Path
from typing import Any

from samvad.runner import gpus
from samvad.workflow import snakemake_api

#: Left to the system, to Snakemake, and to what stages use beyond their requests: this share, and so many MiB at least.
_RESERVE_SHARE = 0.1
_RESERVE_MB = 500
_MIB = 1 << 20


def share(workflow: Any) -> None:
    """Keep the stages that run at once to what this machine has. A cluster has told what each job may have.

    Args:
        workflow: Snakemake's.
    """
    if snakemake_api.runs_here(workflow):
        given = [name for name in ("mem_mb", "gpu") if snakemake_api.total(workflow, name) is not None]
        for name, total in limits(given, look_for_gpus=snakemake_api.may_work(workflow)).items():
            snakemake_api.limit(workflow, name, total)


def limits(given: Container[str], *, look_for_gpus: bool) -> dict[str, int]:
    """Return the totals of ``mem_mb`` and ``gpu`` that Snakemake is to keep to, where the user gave none.

    Args:
        given: names of the totals that the user gave.
        look_for_gpus: False where nothing is going to run.
    """
    found: dict[str, int] = {}
    if "mem_mb" not in given:
        found["mem_mb"] = usable_memory_mb(memory_bytes())
    if look_for_gpus and "gpu" not in given:
        number = len(gpus.usable(os.environ, gpus.machine_gpus()))
        if number:  # where there is none, stages that would take one run on the CPU
            found["gpu"] = number
    return found


def usable_memory_mb(memory: int) -> int:
    """Return how much of so many bytes the stages may have, in MiB, which ``mem_mb`` counts: all but a reserve."""
    total_mb = memory / _MIB
    return max(1, int(total_mb - max(_RESERVE_MB, total_mb * _RESERVE_SHARE)))


def memory_bytes(root: Path = Path("/")) -> int:
    """Return the memory of this machine in bytes, or the least that a control group around this process allows.

    Args:
        root: where ``proc`` and ``sys`` are.
    """
    text = (root / "proc/meminfo").read_text(encoding="ascii")
    total = int(next(line for line in text.splitlines() if line.startswith("MemTotal:")).split()[1]) * 1024
    return min([total, *_group_limits(root)])


def _group_limits(root: Path) -> list[int]:
    """Return the limits of the control groups that this process is in, of version 1 and 2, and of those above them."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:  # no control groups here
        return []
    mounted = root / "sys/fs/cgroup"
    found: list[int] = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            found += _limits_above(mounted, path, "memory.max")
        elif "memory" in controllers.split(","):
            found += _limits_above(mounted / "memory", path, "memory.limit_in_bytes")
    return found


def _limits_above(top: Path, path: str, name: str) -> list[int]:
    group = top / path.lstrip("/")
    found = []
    for folder in (group, *group.parents):
        if not folder.is_relative_to(top):
            break
        try:
            found.append(int((folder / name).read_text(encoding="ascii")))
        except (OSError, ValueError):  # a container shows its own groups alone; "max" is no limit
            continue
    return found
