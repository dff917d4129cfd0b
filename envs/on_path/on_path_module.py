"""The one module of the package behind `uv tool install .`, as text: it knows the folder that it was built in."""

from __future__ import annotations

from pathlib import Path

_MODULE = '''"""The command `samvad`, which runs the workflow in the folder that it was installed from."""

import os
import sys

ROOT = {root!r}


def main() -> None:
    """Hand over to the folder's own command."""
    command = os.path.join(ROOT, "samvad")
    if not os.access(command, os.X_OK):
        sys.exit(f"samvad: the project is no longer in {{ROOT}}. Run `uv tool install .` where it is now.")
    os.execv(command, [command, *sys.argv[1:]])
'''


def text(root: Path) -> str:
    """Return the module's text for a project's folder."""
    return _MODULE.format(root=str(root))
