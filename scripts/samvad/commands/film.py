"""Subtitle films: give their files, and everything else is found, made and shown."""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Mapping
from typing import Any

from samvad.commands import _running, add_film
from samvad.core import places
from samvad.core.console import printable
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.media import addresses, film_file
from samvad.media.existing import found
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
    rows = [item for item in rows if not _is_skipped(settings, options, item[1])]
    if not rows:
        return 0
    films = []
    with _running.sheet_for(options, settings, more) as path:
        for own, row in rows:
            if not addresses.is_remote(row["media"]) and (options.new_job or not film_sheet.has(path, row, own)):
                film_file.check(places.work() / row["media"], "Give the path of a film.")
            film, added = film_sheet.add(path, row, naming.output_root(settings), own, new_job=options.new_job)
            films.append(film)
            if added:
                where = "would be added" if options.dry_run else f"was added to {path}, line {film.line}"
                print(printable(f"{film.title!r} {where}: job {film.folder}."))
        return _running.run(settings, films, options, more)


def _is_skipped(settings: Mapping[str, Any], options: argparse.Namespace, row: Mapping[str, str]) -> bool:
    """Say which subtitles a film has already, where that is asked for; return whether it is passed over for them."""
    media = places.work() / row["media"]
    if not (options.skip_existing or options.dry_run) or addresses.is_remote(row["media"]) or not media.is_file():
        return False
    try:
        there = found.of_film(media, naming.output_root(settings))
    except SamvadError as error:  # the run says so, too, and ends with an error
        print(printable(f"{row['title']!r}: {error}"), file=sys.stderr)
        return False
    if options.dry_run:
        said = [f"  {item.told()}" for item in there]
        what = "has these subtitles already:" if said else "has no subtitles yet, in it or beside it."
        print(printable("\n".join([f"{row['title']!r} {what}", *said]), lines=True))
    if not options.skip_existing:
        return False
    verdict = found.judge(there, row["targets"].split(","), bitmaps=options.ocr)
    what = "is skipped, for it has subtitles" if verdict.has_all else "is not skipped"
    print(printable(f"{row['title']!r} {what}: {verdict.told}."))
    return verdict.has_all


def _row(options: argparse.Namespace, media: str) -> tuple[list[str], dict[str, str]]:
    """Return the columns that were given, and a film's row. A film that the sheet has may be away: its job may be done.

    Raises:
        SamvadError: the file is no film, or an option is wrong.
    """
    own = copy.copy(options)
    given = [name for name in configuration.COLUMNS if getattr(own, name, None)]
    own.media, own.source, own.targets = media, own.source or "auto", own.targets or "en"
    return given, film_row.new_row(own, away=True)
