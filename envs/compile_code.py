"""Compile the project's own Python ahead, where that was not done or the source is newer: envs/setup calls this.

Python does so by itself, but not where ``PYTHONDONTWRITEBYTECODE`` is set or the project cannot be written by who runs
it: there, each of a film's ten stages compiled a hundred modules anew. What is written names its source by content
(``checked-hash``): it is taken for a module as long as its text is that, and for no other, whatever the times say.
Nothing depends on it; where it cannot be written, nothing is said.
"""

import contextlib
import importlib.util
import os
import py_compile
import sys
from pathlib import Path


def main() -> None:
    """Compile what lies in the folder that is named."""
    for source in Path(sys.argv[1]).rglob("*.py"):
        compiled = Path(importlib.util.cache_from_source(source))
        with contextlib.suppress(OSError, py_compile.PyCompileError):
            if not compiled.exists() or compiled.stat().st_mtime <= source.stat().st_mtime:
                mode = py_compile.PycInvalidationMode.CHECKED_HASH
                py_compile.compile(os.fspath(source), doraise=True, invalidation_mode=mode)


main()
