"""Make many dry runs at once: Snakemake is started once, and each dry run is a copy of that process.

Run by the workflow's own Python. Standard input: a JSON list of pairs, a project's folder and Snakemake's arguments.
Standard output: a JSON list of what each printed, with its exit code.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from typing import IO, Any

from snakemake import cli


def plan(folder: str, arguments: list[str], file: IO[bytes]) -> int:
    """Start one dry run, which prints into a file; return its process."""
    child = os.fork()
    if child:
        return child
    os.dup2(file.fileno(), 1)
    os.dup2(file.fileno(), 2)
    code = 1
    try:
        os.chdir(folder)
        cli.main(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        os._exit(code)


def plan_all(runs: list[tuple[str, list[str]]]) -> list[dict[str, Any]]:
    """Return the exit code and the words of each dry run; as many are at work as there are processors.

    No thread is at work meanwhile: a copy of a process has the locks that other threads held, and nobody to open them.
    """
    codes: dict[int, int] = {}
    at_work: dict[int, int] = {}
    told = []
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in runs]
        for number, (folder, arguments) in enumerate(runs):
            if len(at_work) >= (os.cpu_count() or 1):
                _wait(at_work, codes)
            at_work[plan(folder, arguments, files[number])] = number
        while at_work:
            _wait(at_work, codes)
        for number, file in enumerate(files):
            file.seek(0)
            told.append({"code": codes[number], "said": file.read().decode("utf-8", "replace")})
    return told


def _wait(at_work: dict[int, int], codes: dict[int, int]) -> None:
    process, status = os.wait()
    codes[at_work.pop(process)] = os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    json.dump(plan_all(json.load(sys.stdin)), sys.stdout)
