"""Run one of the project's scripts and say what its time goes to. Started by overhead.py, in the script's environment.

Usage: python overhead_probe.py FIGURES.json SCRIPT [OPTION …]

What is told apart, each in CPU seconds, and none counted twice: imports; files hashed; manifests checked and written;
programs by name, with all that they start; waiting for the sampler of memory (wall seconds). The rest is the work.
"""

from __future__ import annotations

import builtins
import json
import os
import resource
import runpy
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

BEGAN = time.process_time()
CPU: Counter[str] = Counter()
CALLS: Counter[str] = Counter()
_inside: list[str] = []


def counted(name: str, function: Callable[..., Any], clock: Callable[[], float] = time.process_time) -> Any:
    """Return the function, its time added to a name; what it calls is its own, whatever it is."""

    def call(*arguments: Any, **named: Any) -> Any:
        if _inside:
            return function(*arguments, **named)
        _inside.append(name)
        before = clock()
        try:
            return function(*arguments, **named)
        finally:
            CPU[name] += clock() - before
            CALLS[name] += 1
            _inside.pop()

    return call


class Popen(subprocess.Popen):  # type: ignore[type-arg]
    """Adds a program's CPU time to its name when it has ended."""

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        try:
            pid, status, usage = os.wait4(self.pid, wait_flags)
        except ChildProcessError:
            return self.pid, 0
        if pid == self.pid:
            arguments = self.args if isinstance(self.args, (list, tuple)) else [self.args]
            name = f"program {Path(os.fsdecode(arguments[0])).name}"
            CPU[name] += usage.ru_utime + usage.ru_stime
            CALLS[name] += 1
        return pid, status


def watch() -> None:
    """Count what the project's own functions take."""
    from samvad.core import files
    from samvad.documents import stage_manifest
    from samvad.runner import resource_usage

    stage_manifest.write = counted("manifest", stage_manifest.write)
    files.write_json = counted("manifest", files.write_json)
    files.sha256_of = counted("hashing", files.sha256_of)
    files.move_into_place = counted("moving", files.move_into_place)
    stop = resource_usage.ResourceMeter.stop
    resource_usage.ResourceMeter.stop = counted("wait for the sampler (wall)", stop, time.monotonic)  # type: ignore[method-assign]


def main() -> None:
    """Run the script and write the figures."""
    target, script = Path(sys.argv[1]), sys.argv[2]
    sys.argv = sys.argv[2:]
    sys.path.insert(0, str(Path(script).parent))
    subprocess.Popen = Popen  # type: ignore[misc]
    plain = builtins.__import__
    builtins.__import__ = counted("imports", plain)
    watch()
    code = 0
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        code = int(end.code or 0)
    builtins.__import__ = plain
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {
        "interpreter": BEGAN,
        **CPU,
        "all": own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime,
    }
    target.write_text(json.dumps({"cpu": figures, "calls": CALLS}), encoding="utf-8")
    sys.exit(code)


if __name__ == "__main__":
    main()
