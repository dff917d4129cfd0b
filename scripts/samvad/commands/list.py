"""List the films of the film sheet: how each stands, and where its job is."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from samvad.commands import _parsing
from samvad.core.console import printable
from samvad.documents import job_manifest
from samvad.settings import configuration, naming
from samvad.settings.configuration import Film

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

_NOT_BEGUN = "not begun"
_STATES = (
    *("success", "failed", "stopped", "incomplete", "running"),
    *(job_manifest.INTERRUPTED, job_manifest.GONE, _NOT_BEGUN),
)


def main(argv: list[str] | None = None) -> int:
    """Print a line a film."""
    p = _parsing.Parser(description=__doc__, epilog="Every command takes a film's id, title, file or job.")
    p.add_argument("--json", action="store_true", help="print JSON")
    p.add_argument("--state", choices=_STATES, metavar="STATE", help=f"only films that stand so: {', '.join(_STATES)}")
    options = p.parse_args(argv)
    settings = configuration.project()
    root = naming.output_root(settings)
    found = [(film, _state(root / film.folder)) for film in naming.films(settings).values()]
    chosen = [(film, state) for film, state in found if options.state in (None, state)]
    if options.json:
        print(json.dumps([_as_json(film, state, root) for film, state in chosen], ensure_ascii=False, indent=2))
    elif chosen:
        print("\n".join(_lines(chosen)))
    else:
        print(f"There are no films in {naming.sheet(settings)}" + (" that stand so." if found else "."))
    for bad in naming.bad_rows(settings):
        print(printable(f"left out: {bad}"), file=sys.stderr)
    return 0


def _state(folder: Path) -> str:
    return job_manifest.status(folder) or _NOT_BEGUN


def _as_json(film: Film, state: str, root: Path) -> dict[str, object]:
    return {
        "film": film.film,
        "title": film.title,
        "year": film.year,
        "state": state,
        "job": film.folder,
        "folder": str(root / film.folder),
        "media": film.media,
        "source": list(film.source) or ["auto"],
        "targets": list(film.targets),
        "approved": [dict(vars(item)) for item in job_manifest.approved_tracks(root / film.folder)],
    }


def _lines(chosen: list[tuple[Film, str]]) -> list[str]:
    """Return a table that fits the terminal; only titles are cut."""
    rows = [
        (film.film, state, f"{','.join(film.source) or 'auto'} > {','.join(film.targets)}", film.folder, film.title)
        for film, state in chosen
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 10_000
    return [
        printable("  ".join([*(text.ljust(wide) for text, wide in zip(row, widths, strict=False)), row[4]]))[:width]
        for row in rows
    ]
