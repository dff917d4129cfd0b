"""Write a report of a run, or of a whole shelf: one HTML file that opens anywhere, without a network."""

from __future__ import annotations

import argparse
from pathlib import Path

from samvad.commands import _parsing
from samvad.core import console, files
from samvad.core.errors import SamvadError
from samvad.reporting.logquery import command

#: The environment that the command runs in.
ENVIRONMENT = "workflow"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    p = _parsing.Parser(
        description=__doc__, epilog="With --run: one film. Without: all films whose logs lie in the places."
    )
    p.add_argument("--run", metavar="NAME", help="film id, job (USER/N), job folder or run id: its newest run")
    p.add_argument("--output", type=console.path, default=Path("samvad_report.html"), help="file to write")
    p.add_argument("--title", help="heading of a shelf's report")
    command.add_options(p)
    return p


def main(argv: list[str] | None = None) -> int:
    """Write the report and return the exit code."""
    options = command.parse(parser(), argv)
    try:
        from samvad.reporting.logquery.report import data, page

        if options.run and not options.places and Path(options.run).is_dir():
            options.places = [options.run]
        logs = command.load(options)
        if options.run:
            report = data.of_run(logs.connection, options.run, logs.now)
        else:
            report = data.of_shelf(logs.connection, options.title or "All films", logs.now)
        with files.disk_errors(options.output):
            files.write_text(options.output, page.render(report))
    except SamvadError as error:
        console.complain("samvad report", error)
        return error.exit_code
    print(options.output.resolve())
    return 0
