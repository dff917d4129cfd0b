"""Where things lie: what comes with the project, and the folder that its user works in.

Both are one folder where somebody works in a clone. One clone, which may be read-only, can serve many folders of work,
each with a film sheet, settings, results and Snakemake's state of its own: ``snakemake -s CLONE/Snakefile -d FOLDER``,
``CLONE/samvad -d FOLDER …``, or a workflow of one's own that takes Samvad in as a module.
"""

from __future__ import annotations

import os
from pathlib import Path

from samvad.core import schemas, variables


def work() -> Path:
    """Return the folder in which somebody works: paths of the configuration and the film sheet begin there."""
    return Path(os.environ.get(variables.WORK) or schemas.ROOT).absolute()


def find(name: str | Path) -> Path:
    """Return where a file or folder lies that settings name.

    Args:
        name: a path. One that is not absolute is looked for in the folder of work, in the project (whose glossaries and
            lists every folder of work has), and where the process stands.

    Returns:
        Where it is, or where it should be: in the folder of work. A path of ``~`` is spelled out.
    """
    path = Path(name).expanduser()
    places = [folder / path for folder in (work(), schemas.ROOT, Path.cwd())]
    return next((place for place in places if place.exists()), places[0])
