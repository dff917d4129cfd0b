"""How the stages of a job stand, by the manifests that they left and by what the run at work on them knows."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from samvad import FileState, file_state
from samvad.core import outside, stages
from samvad.core.errors import SamvadError
from samvad.core.failures import STOPPED
from samvad.documents import stage_manifest
from samvad.documents.live_run import RunState
from samvad.documents.stage_manifest import StageManifest

#: Of a stage whose result stands.
DONE = ("success", "skipped")
_STALE = "what it read is gone, or has been made anew since"
#: So many stages' manifests are kept in memory: what a dozen films that are at work have.
_KEPT = 128
#: What is said of a stage that left no manifest.
NO_RECORD = "it left no record: it was killed, or its folder could not be written"
#: What is said of one that was stopped, and left none.
WAS_STOPPED = "The run was stopped while it was at work."


@dataclass(frozen=True)
class StageState:
    """How a stage of a job stands: its last manifest (also a failed one), where it lies, and why it is as it is."""

    status: str
    manifest_path: Path | None = None
    manifest: StageManifest | None = None
    reason: str | None = None
    started_at: str | None = None


def of_job(job_folder: Path, wanted: list[str], live: RunState) -> dict[str, StageState]:
    """Return how the stages stand, those that are switched off among them, in the order of their numbers."""
    asked = {*wanted, *live.running, *live.pending, *live.failed, *live.stopped}
    states: dict[str, StageState] = {}
    for stage in stages.STAGES:
        name = stage.name
        if name in live.running:
            states[name] = StageState("running", started_at=live.running[name])
        elif name in live.pending:
            states[name] = StageState("waiting")
        elif name in live.off and name not in asked:
            states[name] = StageState("skipped", reason=f"switched off by {live.off[name]}")
        else:
            found = _recorded(job_folder, name, failed=live.failed.get(name), stopped=name in live.stopped)
            stale = found.status in DONE and _is_stale(found, states)
            if name in asked:
                states[name] = StageState("waiting", reason=_STALE) if stale else found
            elif found.status in DONE and not stale:  # it was asked for by name, beyond the film's workflow
                states[name] = found
    return states


def _recorded(job_folder: Path, name: str, *, failed: str | None, stopped: bool) -> StageState:
    """Return how a stage stands by its manifests.

    Args:
        job_folder: the job's folder.
        name: the stage.
        failed: why its last attempt is known to have failed, even where that left no record; None: it is not.
        stopped: whether it is known to have been stopped, likewise.
    """
    silent = StageState(STOPPED, reason=WAS_STOPPED) if stopped else StageState("failed", reason=failed or NO_RECORD)
    folder = job_folder / stages.BY_NAME[name].folder
    final = folder / "manifest.json"
    numbers = (int(entry.name) for entry in folder.glob("attempts/*") if entry.name.isdigit())
    last = folder / "attempts" / f"{max(numbers, default=0):02d}" / "manifest.json"
    try:
        if final.is_file() and failed is None and not stopped:
            manifest = _read_if_new(final)
            return StageState(manifest.status, final, manifest)
        if not last.is_file():
            return silent if failed is not None or stopped or last.parent.is_dir() else StageState("waiting")
        manifest = _read_if_new(last)
    except SamvadError as error:
        return StageState("failed", reason=str(error))
    if manifest.errors:  # failed, or stopped; older manifests call both failed
        status = STOPPED if manifest.errors[0].category == STOPPED else "failed"
        return StageState(status, last, manifest, manifest.errors[0].message)
    # A success whose final manifest is gone was undone on purpose, and is to be made again, or its last attempt was
    # killed before it could make a folder.
    return silent if failed is not None or stopped else StageState("waiting", last, manifest)


def _read_if_new(path: Path) -> StageManifest:
    """Return a stage's manifest, read again when the file is another: a run derives all whenever one changes.

    The file is asked after it was opened: of a path, NFS tells for a while what another machine has written anew since.
    """
    try:
        with outside.open_regular(path) as file:
            state = file_state(file.fileno())
    except OSError:
        return stage_manifest.read(path)  # which says what is wrong with it
    return _read_once(path, state)


@functools.lru_cache(maxsize=_KEPT)
def _read_once(path: Path, state: FileState) -> StageManifest:
    return stage_manifest.read(path)


def _is_stale(found: StageState, earlier: Mapping[str, StageState]) -> bool:
    """Say whether an earlier stage has since made something else of what this one read, or is about to."""
    used = {item.path: item.checksum for item in (found.manifest.inputs if found.manifest else ())}
    for name, state in earlier.items():
        if state.manifest and state.status in DONE:
            if any(used.get(made.path, made.checksum) != made.checksum for made in state.manifest.outputs):
                return True
        elif (state.status in ("failed", STOPPED) or state.reason == _STALE) and any(
            path.startswith(f"{stages.BY_NAME[name].folder}/") for path in used
        ):
            return True
    return False
