"""envs/compile_code.py: code that was compiled ahead is used, and never in place of what its source says by now."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support import ROOT


def answer(folder: Path, *options: str) -> str:
    """Return what the module says, read by a Python that writes no bytecode."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder)}
    command = [sys.executable, *options, "-c", "import module; print(module.ANSWER)"]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip() + (" (compiled)" if "matches" in done.stderr and "module.cpython" in done.stderr else "")


def test_compiled_code_is_used_until_its_source_says_something_else(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("ANSWER = 1\n")
    (tmp_path / "broken.py").write_text("this is no Python\n")
    subprocess.run([sys.executable, ROOT / "envs" / "compile_code.py", tmp_path], check=True)
    assert answer(tmp_path, "-v") == "1 (compiled)"
    then = module.stat()
    module.write_text("ANSWER = 2\n")  # as long, and as old
    os.utime(module, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert answer(tmp_path) == "2"
