"""The way in for `./samvad COMMAND`, which has chosen the environment: run the command's module."""

from __future__ import annotations

import signal

# Ctrl-C before the command has begun ends it at once: nobody wants to read which module was being loaded. What was
# started in the background, and ignores it, goes on doing so.
_HEEDS_CTRL_C = signal.getsignal(signal.SIGINT) is signal.default_int_handler
if _HEEDS_CTRL_C:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import errno  # noqa: E402
import importlib  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

from samvad.core import console, files  # noqa: E402
from samvad.core.errors import DiskError, SamvadError  # noqa: E402


def main() -> int:
    """Run the command that is named first; say an error that it leaves to be said."""
    name = sys.argv[1]
    sys.argv[:2] = [f"samvad {name}"]  # what messages about options call the command
    command = importlib.import_module(f"samvad.commands.{name.replace('-', '_')}")
    if _HEEDS_CTRL_C:
        signal.signal(signal.SIGINT, signal.default_int_handler)
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
