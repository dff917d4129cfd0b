"""The code that a stage's process runs, as it was when the process began, and whether it still is that at the end.

A stage may run for hours, or wait for a GPU or for another job's result, while somebody edits the code or pulls it.
Python loads a module when it is first imported, which may be late: from the first edit on, nobody can say which code
has made the result. So it is kept only if every file of the code is what it was at the beginning, by its times too: an
edit that was put back was an edit.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import samvad
from samvad.core import schemas
from samvad.core.declarations import Stage
from samvad.core.errors import ChangedFileError
from samvad.documents import provenance
from samvad.documents.provenance import RanCode
from samvad.runner import code_hash


@dataclass(frozen=True)
class OwnCode:
    """A stage's code as it was when its process began: what the manifest says of it, and each file's state."""

    stage: str
    ran: RanCode
    _states: Mapping[Path, samvad.FileState | None]

    def check(self) -> None:
        """Check that the code still is what it was.

        Raises:
            ChangedFileError: a file of it was changed; names it.
        """
        _compare(self.stage, self._states, {path: samvad.file_state(path) for path in self._states})


def take(stage: Stage) -> OwnCode:
    """Take note of a stage's code; call it before the stage begins anything.

    Raises:
        ChangedFileError: the code was changed while the process started.
    """
    lock = schemas.ROOT / "envs" / f"{stage.environment}.yaml"
    paths = [*code_hash.code_files(stage.name), *code_hash.data_files(stage.name), lock]
    states = {path: samvad.file_state(path) for path in paths}
    ran = provenance.ran_code(stage.environment, code_hash.code_hash(stage.name))
    first = samvad.FIRST_STATES
    _compare(stage.name, {path: first[str(path)] for path in paths if str(path) in first}, states)
    own = OwnCode(stage.name, ran, states)
    own.check()  # it was read file by file
    return own


def _compare(
    stage: str, before: Mapping[Path, samvad.FileState | None], now: Mapping[Path, samvad.FileState | None]
) -> None:
    changed = [path for path, state in before.items() if now.get(path) != state]
    if changed:
        named = ", ".join(os.fspath(path.relative_to(schemas.ROOT)) for path in sorted(changed)[:3])
        more = f" and {len(changed) - 3} more files" if len(changed) > 3 else ""
        raise ChangedFileError(
            f"The code of stage {stage} was changed while it ran ({named}{more}): its result is of no one code, and is "
            "not kept.",
            "Run the same command again.",
            path=str(changed[0]),
        )
