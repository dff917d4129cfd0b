"""Show what was done to a film, by which versions, with what result: all attempts of all jobs, from the files."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from samvad.commands import _parsing
from samvad.core import console
from samvad.core.errors import SamvadError
from samvad.core.typed_json import JsonObject
from samvad.documents import job_folder
from samvad.reporting.archive import history, history_text
from samvad.settings import configuration, naming

#: The environment that the command runs in.
ENVIRONMENT = "workflow"


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = _parsing.Parser(description=__doc__)
    made.add_argument("film", help="its id, title, file, or job; or its checksum (8 digits or more)")
    made.add_argument(
        "--output-root", type=console.path, help="folder that jobs are below; without it, the configured output_root"
    )
    made.add_argument("--width", type=int, help="columns to write (default: those of the terminal, 100 without one)")
    made.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    return made


def main(argv: list[str] | None = None) -> int:
    """Print the history of one film."""
    options = parser().parse_args(argv)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        options.output_root = options.output_root or naming.output_root(configuration.project())
        known = [job_folder.load(folder) for folder in job_folder.find(_places(options))]
        found = history.of(history.choose(known, _film(options.film)))
    except SamvadError as error:
        console.complain("samvad history", error)
        return error.exit_code
    if options.json:
        print(json.dumps(_document(found), ensure_ascii=False, indent=2, default=str))
    else:
        width = options.width or shutil.get_terminal_size((100, 24)).columns
        print("\n".join(history_text.lines(found, width)))
    return 0


def _film(named: str) -> str:
    """Return the film id of a film that is named by its title; else what was given."""
    rows = naming.all_of(named, naming.films(configuration.project()).values())
    return rows[0].film if rows and not Path(named).exists() else named


def _places(options: argparse.Namespace) -> list[Path]:
    """Return where to look for jobs: below the output root, and in the job that was named."""
    named = Path(options.film)
    places = [options.output_root] if options.output_root.is_dir() else []
    return [*places, named] if named.is_dir() else places or [options.output_root]


def _document(found: history.FilmHistory) -> JsonObject:
    keys = ("type", "path", "checksum")
    results = [
        {"job": str(folder), "status": status, "files": [dict(zip(keys, item, strict=True)) for item in made]}
        for folder, (status, made) in found.results.items()
    ]
    return {**asdict(found), "results": results}
