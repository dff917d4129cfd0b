"""Make many dry runs at once: Snakemake is started once, and each dry run is a copy of that process.

Run by the workflow's own Python. Standard input: a JSON list of pairs, a project's folder and Snakemake's arguments.
Standard output: a JSON list of what each printed, with its exit code.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from snakemake import cli


def plan(run: tuple[str, list[str]]) -> dict[str, Any]:
    """Return the exit code and the words of one dry run."""
    folder, arguments = run
    with tempfile.TemporaryFile() as file:
        child = os.fork()
        if not child:
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
        status = os.waitpid(child, 0)[1]
        file.seek(0)
        return {"code": os.waitstatus_to_exitcode(status), "said": file.read().decode("utf-8", "replace")}


if __name__ == "__main__":
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        json.dump(list(pool.map(plan, json.load(sys.stdin))), sys.stdout)
