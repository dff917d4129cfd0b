"""Subtitle films: give their files, and everything else is found, made and shown."""

from __future__ import annotations

import argparse
import copy

from samvad.commands import _running, add_film
from samvad.core import places
from samvad.core.console import printable
from samvad.core.errors import ConfigurationError
from samvad.media import addresses, film_file
from samvad.settings import configuration, film_row, film_sheet, naming

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

_EXAMPLES = """examples:
  ./samvad film "/films/Jaane Bhi Do.mkv" --source hi --title "Jaane Bhi Do Yaaro" --year 1983
  ./samvad film one.mkv two.mkv --source hi,en --targets en,hi --model large-v3 --gpu
  ./samvad film one.mkv --dry-run
  ./samvad film one.mkv -- --forcerun asr        what stands after -- goes to Snakemake

The same command again goes on where it stopped, and leaves alone what is done. A corrected title, or another model,
changes the film's row; other languages are another job of it. Exit codes: 0 all is done; 1 a film is not; 2 what was
asked for is not possible; 3 a file is no film."""


def parser() -> _running.Parser:
    """Return the parser of the command."""
    p = _running.Parser(
        description=__doc__, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    p.add_argument("media", nargs="+", metavar="PATH", help="the film: any file that ffmpeg reads; or several")
    _running.add_options(p)
    add_film.add_options_of_one(p)
    return p


def main(argv: list[str] | None = None) -> int:
    """Add the films to the film sheet, run the workflow for them, and show what came of it."""
    options, more = parser().split(argv)
    if len(options.media) > 1 and (named := [name for name in add_film.OF_ONE if getattr(options, name)]):
        raise ConfigurationError(
            f"--{named[0].replace('_', '-')} is of one film, and {len(options.media)} are given.",
            "Give the films one by one.",
        )
    settings = configuration.project()
    _running.prepare(options)
    rows = [_row(options, media) for media in options.media]
    found = []
    with _running.sheet_for(options, settings, more) as path:
        for own, row in rows:
            if not addresses.is_remote(row["media"]) and (options.new_job or not film_sheet.has(path, row, own)):
                film_file.check(places.work() / row["media"], "Give the path of a film.")
            film, added = film_sheet.add(path, row, naming.output_root(settings), own, new_job=options.new_job)
            found.append(film)
            if added:
                where = "would be added" if options.dry_run else f"was added to {path}, line {film.line}"
                print(printable(f"{film.title!r} {where}: job {film.folder}."))
        return _running.run(settings, found, options, more)


def _row(options: argparse.Namespace, media: str) -> tuple[list[str], dict[str, str]]:
    """Return the columns that were given, and a film's row. A film that the sheet has may be away: its job may be done.

    Raises:
        SamvadError: the file is no film, or an option is wrong.
    """
    own = copy.copy(options)
    given = [name for name in configuration.COLUMNS if getattr(own, name, None)]
    own.media, own.source, own.targets = media, own.source or "auto", own.targets or "en"
    return given, film_row.new_row(own, away=True)
