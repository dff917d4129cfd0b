"""Run a stage's script as it is, until so many of its pieces are kept: then it ends as by ``kill -9``.

Usage: envs/run ENVIRONMENT ../tests/killed_after.py PIECES SCRIPT [OPTION ...]
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from samvad.runner.kept_pieces import KeptPieces  # noqa: E402 -- after the path

_put = KeptPieces.put


def put(self: KeptPieces, pieces: dict[str, Any]) -> None:
    """Keep pieces; end where enough are kept."""
    _put(self, pieces)
    if self.made >= ENOUGH:
        os.kill(os.getpid(), signal.SIGKILL)


ENOUGH = int(sys.argv[1])
KeptPieces.put = put  # type: ignore[method-assign]
sys.argv = [str(SCRIPTS / sys.argv[2]), *sys.argv[3:]]
runpy.run_path(sys.argv[0], run_name="__main__")
