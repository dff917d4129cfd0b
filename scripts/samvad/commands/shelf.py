"""Subtitle all films of a folder, and of the folders in it: the new ones, and what is not done yet."""

from __future__ import annotations

import argparse
import sys

from samvad.commands import _running, add_folder
from samvad.core.console import printable
from samvad.core.errors import ConfigurationError
from samvad.media import film_file
from samvad.reporting import budget
from samvad.settings import configuration, naming

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

_EXAMPLES = """examples:
  ./samvad shelf /films --source hi --targets en
  ./samvad shelf /films --source hi --targets en --budget
  ./samvad shelf /films --source hi,en --targets en,hi --model large-v3 --profile slurm

A renamed film is known by its bytes. A film that fails does not stop the others. Exit codes: 0 all is done; 1 a film is
not, or a file with a film's ending is none; 2 what was asked for is not possible."""


def parser() -> _running.Parser:
    """Return the parser of the command."""
    p = _running.Parser(
        description=__doc__, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    add_folder.add_folder_options(p)
    _running.add_options(p)
    p.add_argument(
        "--budget", action="store_true", help="say what it will cost, from what earlier films took here; make nothing"
    )
    p.set_defaults(source="auto", targets="en")
    return p


def main(argv: list[str] | None = None) -> int:
    """Bring the film sheet up to date, run the workflow for the folder's films, and show how they stand."""
    options, more = parser().split(argv)
    if not options.folder.is_dir():
        raise ConfigurationError(f"{options.folder} is no folder.", "Name the folder of your films.")
    settings = configuration.project()
    _running.prepare(options)
    options.dry_run = options.dry_run or options.budget
    with _running.sheet_for(options, settings, more) as path:
        look, shelf = add_folder.bring_up_to_date(options, settings, path)
        print(add_folder.text(options.folder, look, shelf, naming.sheet(settings) if options.dry_run else path))
        if options.dry_run and shelf.jobs:
            print(printable(budget.text(budget.reckon(shelf.jobs, settings, naming.output_root(settings))), lines=True))
        if shelf.gone and not shelf.jobs and not shelf.skipped:
            raise ConfigurationError(
                f"Of {options.folder} the sheet has films, and none of them is there.",
                "Is its disk away? Bring it back, and run the same command again.",
            )
        code = _running.run(settings, shelf.jobs, options, more) if shelf.jobs and not options.budget else 0
    count = sum(path.suffix.lower() in film_file.SUFFIXES for path in shelf.unknown)
    if count and not options.dry_run and code != 130:
        files = "1 file with a film's ending cannot" if count == 1 else f"{count} files with a film's ending cannot"
        print(f'{files} be subtitled: see "Not understood" above.', file=sys.stderr)
        return code or 1
    return code
