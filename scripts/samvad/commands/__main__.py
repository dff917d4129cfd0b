"""The way in for `./samvad COMMAND`, which has chosen the environment: run the command's module."""

from __future__ import annotations

import importlib
import sys

from samvad.core import console
from samvad.core.errors import SamvadError


def main() -> int:
    """Run the command that is named first; say an error that it leaves to be said."""
    name = sys.argv[1]
    sys.argv[:2] = [f"samvad {name}"]  # what messages about options call the command
    command = importlib.import_module(f"samvad.commands.{name.replace('-', '_')}")
    try:
        return int(command.main())
    except SamvadError as error:
        console.complain(f"samvad {name}", error)
        return error.exit_code


if __name__ == "__main__":
    console.run(main)
