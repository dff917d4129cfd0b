"""Write a film's subtitles beside the film, as media servers read them: Film.en.srt."""

from __future__ import annotations

import sys

from samvad.commands import _parsing
from samvad.core import console
from samvad.core.errors import SamvadError
from samvad.reporting import beside
from samvad.settings import configuration, naming

#: The environment that the command runs in.
ENVIRONMENT = "workflow"


def parser() -> _parsing.Parser:
    """Return the parser of the command line."""
    made = _parsing.Parser(
        description=__doc__,
        epilog="A file there that Samvad did not write, or that somebody has changed since, is never written over. "
        "Exit codes: 0 all are written; 2 what was asked for is not possible, or a file is somebody's; 3 a film is "
        "not there; 6 a folder cannot be written.",
    )
    made.add_argument("films", nargs="+", metavar="FILM", help="its id, title, file or job")
    return made


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code: that of the last film that could not be served."""
    options = parser().parse_args(argv)
    code = 0
    settings = configuration.project()
    for named in options.films:
        try:
            for line in beside.write(naming.find(named, settings).folder):
                print(console.printable(line))
        except SamvadError as error:
            sys.stdout.flush()
            console.complain("samvad beside", error)
            code = error.exit_code
    return code
