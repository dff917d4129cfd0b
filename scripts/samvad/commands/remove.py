"""Remove a film: its row in the film sheet, and its job's folder with all results. The film's file stays."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samvad.commands import _parsing
from samvad.core import files
from samvad.core.console import printable
from samvad.core.errors import ConfigurationError
from samvad.documents import at_work, job_manifest
from samvad.settings import configuration, film_sheet, naming

#: The environment that the command runs in.
ENVIRONMENT = "workflow"


def main(argv: list[str] | None = None) -> int:
    """Ask, then remove; return 1 where the answer is no."""
    p = _parsing.Parser(description=__doc__, epilog="What the cache of results keeps of it: see samvad cache.")
    p.add_argument("film", help="its id, title, file, or job")
    p.add_argument("--keep-results", action="store_true", help="take away the row alone")
    p.add_argument("--yes", action="store_true", help="do not ask")
    options = p.parse_args(argv)
    settings = configuration.project()
    job = naming.find(options.film, settings)
    several = naming.all_of(options.film, naming.films(settings).values())
    if len(several) > 1 and job.film in several:
        named = ", ".join(film.folder for film in several)
        raise ConfigurationError(f"{options.film!r} has several jobs: {named}.", "Name one of them.")
    if other := at_work.busy(job.folder):
        raise ConfigurationError(f"{other} is at work on {job.folder}.", "Stop it, or wait for its end.")
    has_results = job.folder.is_dir() and not options.keep_results
    if has_results and not _is_job(job, settings):
        raise ConfigurationError(f"{job.folder} is no job's folder of this project.", "Remove it by hand, if you must.")
    parts = [f"line {job.film.line} of {job.film.sheet}"] if job.film else []
    parts += [f"{job.folder}, with the subtitled film"] if has_results else []
    if not parts:
        raise ConfigurationError(f"There is nothing to remove of {options.film!r}.", "`./samvad list` has all films.")
    print(printable(f"To be removed: {' and '.join(parts)}."))
    if not (options.yes or _agreed()):
        print("Nothing was removed.")
        return 1
    if has_results:
        with files.disk_errors(job.folder):
            shutil.rmtree(job.folder)
    if job.film:
        film_sheet.remove(Path(job.film.sheet), job.film.folder)
    print("Removed.")
    return 0


def _is_job(job: naming.Job, settings: Mapping[str, Any]) -> bool:
    """Say whether a folder holds results of ours: others have folders that are called like a job's, too."""
    if job.folder.is_symlink():
        return False
    ours = job.folder.resolve().is_relative_to(naming.output_root(settings).resolve())
    return ours and (job.film is not None or job_manifest.path_of(job.folder).is_file())


def _agreed() -> bool:
    if not sys.stdin.isatty():
        print("Say --yes where nobody can be asked.")
        return False
    return input("Remove it? [y/N] ").strip().casefold() in ("y", "yes", "j", "ja", "h", "haan")
