"""Write index.html over all films of an output root, with links to their reports. Every run writes it by itself."""

from __future__ import annotations

import argparse
from pathlib import Path

from samvad.commands import _parsing
from samvad.core import console
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.reporting.pages import shelf_page

#: The environment that the command runs in.
ENVIRONMENT = "workflow"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = _parsing.Parser(description=__doc__)
    made.add_argument(
        "output_root", type=console.path, nargs="?", default=Path("out"), help="folder of the jobs (default: out)"
    )
    return made


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    try:
        if not options.output_root.is_dir():
            raise ConfigurationError(
                f"{options.output_root} is no folder.", "Give the output_root of the configuration."
            )
        print(shelf_page.write(options.output_root))
    except SamvadError as error:
        console.complain("samvad make-index", error)
        return error.exit_code
    return 0
