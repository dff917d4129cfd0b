"""The way in for `./samvad COMMAND`, which has chosen the environment: run the command's module."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from pathlib import Path

from samvad.core import console, files
from samvad.core.errors import DiskError, SamvadError


def main() -> int:
    """Run the command that is named first; say an error that it leaves to be said."""
    name = sys.argv[1]
    sys.argv[:2] = [f"samvad {name}"]  # what messages about options call the command
    command = importlib.import_module(f"samvad.commands.{name.replace('-', '_')}")
    try:
        return int(command.main())
    except (SamvadError, OSError) as caught:
        error = caught if isinstance(caught, SamvadError) else _for_people(caught)
        if error is None:
            raise
        console.complain(f"samvad {name}", error)
        return error.exit_code


def _for_people(error: OSError) -> SamvadError | None:
    """Return the error for people for a path that nobody can have, or a disk that fails, which a command met with."""
    path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else None
    if path and error.errno == errno.ENAMETOOLONG:
        return DiskError(f"{path} is no path ({error.strerror}).", "Correct it.", path=str(path))
    return files.disk_error(error, path)


if __name__ == "__main__":
    console.run(main)
