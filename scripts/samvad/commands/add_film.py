"""Add a film to the film sheet, and say which command subtitles it."""

from __future__ import annotations

import argparse
from pathlib import Path

from samvad.commands import _parsing
from samvad.core import console, files
from samvad.core.errors import DiskError, SamvadError
from samvad.settings import configuration, film_row, film_sheet, naming
from samvad.workflow import command

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

#: What can be said of one film only.
OF_ONE = ("title", "year", "film", "tmdb_file", "tmdb_id", "text")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    p = _parsing.Parser(
        description=__doc__, epilog="Write a value that begins with a dash after an equals sign: --title=-30-"
    )
    p.add_argument("--media", required=True, help="the film: any file that ffmpeg reads")
    film_row.add_options(p, required=True)
    add_options_of_one(p)
    p.add_argument(
        "--print",
        choices=("text", "target"),
        default="text",
        help="target: the manifests to ask for, alone, one a line",
    )
    return p


def add_options_of_one(p: argparse.ArgumentParser) -> None:
    """Add the options that say what one film is, and no other."""
    p.add_argument("--title", default="", help="title; without it, the name of the file")
    p.add_argument("--year", default="", help="year of release")
    p.add_argument("--film", default="", help="film id; without it, made from the title")
    p.add_argument("--tmdb-file", default="", help="JSON file that stands in for TMDB")
    p.add_argument("--tmdb-id", default="", help="the film's number at TMDB, where the search finds another")
    p.add_argument("--text", default="", help="file with what is said: a script, a transcript or subtitles")
    p.add_argument("--new-job", action="store_true", help="add a row though the same film is in the sheet already")


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = parser().parse_args(argv)
    try:
        settings = configuration.project()
        path = options.sheet.absolute() if options.sheet else naming.sheet(settings)
        row = film_row.new_row(options)
        own = [name for name in configuration.COLUMNS if getattr(options, name, None)]
        with files.disk_errors(path):
            film, added = film_sheet.add(path, row, naming.output_root(settings), own, new_job=options.new_job)
        targets = film_row.end_targets(settings, film)
    except SamvadError as error:
        console.complain("samvad add-film", error)
        return error.exit_code
    except OSError as error:
        console.complain("samvad add-film", error)
        return DiskError.exit_code
    print("\n".join(targets) if options.print == "target" else _text(film, added, path, targets))
    return 0


def _text(film: configuration.Film, added: bool, path: Path, targets: list[str]) -> str:
    what = "added to" if added else "is in"
    return (
        f"{film.title!r} {'was ' if added else ''}{what} {path}, line {film.line}: job {film.folder}.\n"
        f"To make it:\n\n    {command.shown(command.words(command.profile(''), targets, []))}\n"
    )
