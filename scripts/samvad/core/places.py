"""Where things lie: what comes with the project, and the folder that its user works in.

Both are one folder where somebody works in a clone. One clone, which may be read-only, can serve many folders of work,
each with a film sheet, settings, results and Snakemake's state of its own: ``snakemake -s CLONE/Snakefile -d FOLDER``,
``CLONE/samvad -d FOLDER …``, or a workflow of one's own that takes Samvad in as a module.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from samvad.core import schemas, variables


def work() -> Path:
    """Return the folder in which somebody works: paths of the configuration and the film sheet begin there."""
    return Path(os.environ.get(variables.WORK) or schemas.ROOT).absolute()


def own_command() -> str:
    """Return how the project's command is typed where its user stands, for messages that name one.

    That is as it was called. Where Snakemake was called instead: as the shell finds it.
    """
    if called := os.environ.get(variables.CALLED):
        return called
    script = schemas.ROOT / "samvad"
    if (found := shutil.which("samvad")) and Path(found).resolve() == script.resolve():
        typed = "samvad"
    else:
        typed = "./samvad" if Path.cwd() == schemas.ROOT else shlex.quote(str(script))
    return typed if work() == schemas.ROOT else f"{typed} -d {shlex.quote(str(work()))}"


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
