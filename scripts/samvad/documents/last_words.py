"""What a stage's process said that could not even begin: wrong options, an environment that is not built.

Such a process has no attempt whose record could hold it, and what it prints nobody keeps. It lies in the job's folder
until the run that started the process takes it up.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from samvad.core import files, outside
from samvad.core.errors import SamvadError

#: No message is as long.
_MOST_CHARACTERS = 4000
_MOST_BYTES = 1 << 16


def path_of(job_folder: Path, script: str) -> Path:
    """Return where the last words of a stage's script lie; ``envs/run`` writes some there too."""
    return job_folder / ".locks" / f"{script}.said"


def leave(job_folder: Path, script: str, text: str) -> None:
    """Leave word; where that cannot be, there is none."""
    with contextlib.suppress(OSError, SamvadError):
        files.write_bytes(path_of(job_folder, script), text[:_MOST_CHARACTERS].encode("utf-8", "backslashreplace"))


def take(job_folder: Path, script: str) -> str:
    """Return the word that was left, which is gone then; empty where there is none."""
    path = path_of(job_folder, script)
    try:
        text = outside.read_bytes(path, _MOST_BYTES).decode("utf-8", "replace")
        path.unlink()
    except OSError:
        return ""
    return text.strip()
