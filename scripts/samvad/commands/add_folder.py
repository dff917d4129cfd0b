"""Add the films of a folder, and of all folders in it, to the film sheet; say which are new, and which are left out."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from samvad.commands import _parsing
from samvad.core import console, files, schemas
from samvad.core.console import printable
from samvad.core.errors import ConfigurationError, DiskError, SamvadError
from samvad.media import film_file
from samvad.settings import configuration, film_row, naming
from samvad.settings.library import adding, finding
from samvad.settings.library.adding import Shelf
from samvad.settings.library.finding import Look

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

#: Of each kind so many are named; the rest are counted.
_NAMED = 20


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    p = _parsing.Parser(description=__doc__)
    add_folder_options(p)
    film_row.add_options(p, required=True)
    p.add_argument("--targets-file", type=console.path, help="write the manifests to ask Snakemake for, one a line")
    return p


def add_folder_options(p: argparse.ArgumentParser) -> None:
    """Add the options that say which folder is looked through, and how."""
    p.add_argument("folder", type=console.path, help="the shelf")
    p.add_argument(
        "--settle-seconds",
        type=float,
        default=60,
        help="a file that changed within so many seconds may still be being copied: it is left for the next time",
    )


def bring_up_to_date(options: argparse.Namespace, settings: Mapping[str, Any], sheet: Path) -> tuple[Look, Shelf]:
    """Give the folder's new films rows in the sheet; return what was found, and how it stands.

    Raises:
        SamvadError: the sheet or an option is wrong.
    """
    output_root = naming.output_root(settings)
    look = finding.look(
        options.folder.absolute(),
        {output_root.resolve(), (schemas.ROOT / "build").resolve()},
        options.settle_seconds,
    )
    return look, adding.add(look, sheet, options, output_root)


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = parser().parse_args(argv)
    try:
        if not options.folder.is_dir():
            raise ConfigurationError(f"{options.folder} is no folder.", "Name the folder of your films.")
        settings = configuration.project()
        path = options.sheet.absolute() if options.sheet else naming.sheet(settings)
        with files.disk_errors(path):
            look, shelf = bring_up_to_date(options, settings, path)
            targets = [target for film in shelf.jobs for target in film_row.end_targets(settings, film)]
            if options.targets_file:
                files.write_text(options.targets_file, "".join(f"{target}\n" for target in targets))
    except SamvadError as error:
        console.complain("samvad add-folder", error)
        return error.exit_code
    except OSError as error:
        console.complain("samvad add-folder", error)
        return DiskError.exit_code
    print(text(options.folder, look, shelf, path))
    return 0


def text(folder: Path, look: Look, shelf: Shelf, path: Path) -> str:
    """Return what was found, in lines for a person."""
    known = len(shelf.jobs) - len(shelf.added)
    lines = [
        f"{printable(folder)}: {_number(len(shelf.jobs), 'job')}: {len(shelf.added)} new, {known} in the sheet before."
    ]
    if not (shelf.jobs or shelf.skipped or shelf.unknown or shelf.gone or look.extras or look.own or look.growing):
        endings = ", ".join(sorted(film_file.SUFFIXES))
        lines.append(f"No film is in it, nor in a folder of it: no file with one of the endings {endings}.")
    lines += _listed("New", [f"{printable(film.media)}: {_title(film)}, job {film.folder}" for film in shelf.added])
    lines += _listed("Moved", [f"{printable(now)}, was {printable(before)}" for now, before in shelf.moved.items()])
    lines += _listed(
        "The same film twice, done once",
        [f"{printable(copy)} is the same as {printable(other)}" for copy, other in shelf.copies.items()],
    )
    lines += _listed("Left out: samples and trailers (`make film` does one)", map(printable, look.extras))
    lines += _listed("Left out: films with Samvad's own subtitles (`make film` does one)", map(printable, look.own))
    lines += _listed(
        "Skipped: they have subtitles already",
        [f"{printable(file)}: {printable(told)}" for file, told in shelf.skipped.items()],
    )
    lines += _listed(
        "Not skipped, though they have subtitles",
        [f"{printable(file)}: {printable(told)}" for file, told in shelf.not_skipped.items()],
    )
    lines += _listed("Changed just now, left for the next time", map(printable, look.growing))
    lines += _listed("Not understood", [f"{printable(file)}: {why}" for file, why in sorted(shelf.unknown.items())])
    lines += _listed(
        f"In the sheet with other languages, workflow or stages; edit {path} to change them",
        [f"{printable(film.media)}: job {film.folder}" for film in shelf.other_wishes],
    )
    lines += _listed(
        "In the sheet, and not there any more: their jobs are left as they are",
        [f"{printable(film.media)}: job {film.folder}" for film in shelf.gone],
    )
    return "\n".join(lines)


def _listed(what: str, entries: Collection[str] | map[str]) -> list[str]:
    entries = list(entries)
    if not entries:
        return []
    more = [f"  … and {len(entries) - _NAMED} more"] if len(entries) > _NAMED else []
    return [f"{what} ({len(entries)}):", *(f"  {entry}" for entry in entries[:_NAMED]), *more]


def _title(film: configuration.Film) -> str:
    return printable(f"{film.title} ({film.year})" if film.year else film.title)


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
