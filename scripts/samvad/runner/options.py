"""The options that every stage script has, and which options say what a stage does."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from samvad.core import stages

#: Options of every stage script that say where it runs, not what it does: they are not part of its configuration.
_PLACE_OPTIONS = frozenset({"job_folder", "film", "film_file", "threads", "memory_mb", "verbose"})


def stage_parser(name: str, description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every stage has: job folder, film, and the manifests it needs.

    Args:
        name: the stage.
        description: one sentence for ``--help``.
    """
    stage = stages.BY_NAME[name]
    parser = argparse.ArgumentParser(
        description=description,
        epilog=f"Writes <job folder>/{stage.folder}/manifest.json last, and only on success. Exit codes: 0 success, "
        "2 configuration, 3 media, 4 model, 5 network, 6 disk, 7 memory, 1 anything else.",
    )
    parser.add_argument("--job-folder", type=Path, required=True, help="folder of the job: …/YYYY/MM/DD/USER/N")
    parser.add_argument("--film", required=True, help="film id, as in the film sheet")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="CPU threads to use at most")
    parser.add_argument("--verbose", action="store_true", help="print what goes into stage.log")
    for other in stage.needs:
        parser.add_argument(f"--{_option(other)}", type=Path, required=True, help=f"manifest.json of stage {other}")
    for other in stage.after:
        parser.add_argument(f"--{_option(other)}", type=Path, help=f"manifest.json of stage {other}, where it is on")
    if stage.reads_segments:
        parser.add_argument(
            "--segments", type=Path, required=True, help="manifest.json of the stage whose segments are to be read"
        )
    return parser


def configuration(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options that say what a stage does: all but places and manifests."""
    return {
        key: [str(item) if isinstance(item, Path) else item for item in value]
        if isinstance(value, list)
        else str(value)
        if isinstance(value, Path)
        else value
        for key, value in sorted(vars(options).items())
        if key not in _PLACE_OPTIONS and key != "segments" and key.replace("_", "-") not in _MANIFEST_OPTIONS
    }


def _option(stage: str) -> str:
    return stage.replace("_", "-")


_MANIFEST_OPTIONS = frozenset(_option(name) for name in stages.BY_NAME)
