"""Show what was done to a film, by which versions, with what result: all attempts of all jobs, from the files."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from samvad.core import console
from samvad.core.errors import SamvadError
from samvad.core.typed_json import JsonObject
from samvad.documents import job_folder
from samvad.reporting.archive import history, history_text

#: The environment that the command runs in.
ENVIRONMENT = "workflow"


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("film", help="film id, path of the film, its checksum (8 digits or more), or a job's folder")
    made.add_argument(
        "--output-root", type=console.path, default=Path("out"), help="folder that jobs are below (default: out)"
    )
    made.add_argument("--width", type=int, help="columns to write (default: those of the terminal, 100 without one)")
    made.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    return made


def main(argv: list[str] | None = None) -> int:
    """Print the history of one film."""
    options = parser().parse_args(argv)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        known = [job_folder.load(folder) for folder in job_folder.find(_places(options))]
        found = history.of(history.choose(known, options.film))
    except SamvadError as error:
        console.complain("samvad history", error)
        return error.exit_code
    if options.json:
        print(json.dumps(_document(found), ensure_ascii=False, indent=2, default=str))
    else:
        width = options.width or shutil.get_terminal_size((100, 24)).columns
        print("\n".join(history_text.lines(found, width)))
    return 0


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
