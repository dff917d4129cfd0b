"""The job manifest: where a film stands, derived from its stage manifests and never edited."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import files, schemas, stages
from samvad.core.errors import SamvadError
from samvad.documents import run_mark, stage_manifest

INTERRUPTED = "interrupted"
_DONE = ("success", "skipped")
_STALE = "what it read is gone, or has been made anew since"

#: What is said of a stage that left no manifest.
NO_RECORD = "it left no record: it was killed, or its folder could not be written"


@dataclass(frozen=True)
class StageState:
    """How a stage of a job stands: its last manifest (also a failed one), where it lies, and why it is as it is."""

    status: str
    manifest_path: Path | None = None
    manifest: dict[str, Any] | None = None
    reason: str | None = None


@dataclass
class RunState:
    """What only the run at work on a job knows; empty when none is.

    Attributes:
        process: host, pid and mark of the run, while it has work to do for this job.
        running: stages that run now, with the time (UTC) they began.
        pending: stages that the run will do, but has not begun: what they made before is out of date.
        failed: stages that failed in this run.
        off: stages of the film's workflow that are switched off, and by what.
    """

    process: dict[str, Any] | None = None
    running: dict[str, str] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    off: dict[str, str] = field(default_factory=dict)


def derive(job_folder: Path, wanted: list[str], live: RunState) -> dict[str, Any]:
    """Derive a job's manifest from what its stages wrote.

    Args:
        job_folder: the job's folder, with ``run.json``.
        wanted: the stages that the film is to go through, in order.
        live: what the run at work on it adds.

    Returns:
        The manifest, checked against its schema.
    """
    run = json.loads((job_folder / "run.json").read_text(encoding="utf-8"))
    states = _states(job_folder, wanted, live)
    by_status = {
        status: [name for name, state in states.items() if state.status == status]
        for status in ("success", "skipped", "failed", "running", "waiting")
    }
    done = [state.manifest for state in states.values() if state.manifest and state.status in _DONE]
    started = [manifest["started_at"] for manifest in done] + list(live.running.values())
    manifest = {
        "version": "1.0",
        "job_id": "/".join(job_folder.parts[-2:]),
        "run_id": run["run_id"],
        "input": {
            "file": run["media"],
            "title": run["title"],
            "year": run["year"],
            "duration_seconds": _film_seconds(done),
        },
        "output": {"directory": str(job_folder), "files": _outputs(done)},
        "pipeline": {
            "status": "running" if live.process else _status(by_status),
            "current_stage": next(iter(by_status["running"]), None),
            "next_stage": next((name for name, state in states.items() if _is_next(name, state, live)), None),
            "completed_stages": by_status["success"],
            "failed_stages": by_status["failed"],
            "skipped_stages": by_status["skipped"],
            "run": live.process,
        },
        "stages": {name: _stage(job_folder, name, state) for name, state in states.items()},
        "timing": {
            "started_at": min(started, default=None),
            "ended_at": max((manifest["ended_at"] for manifest in done), default=None),
            "stage_seconds": round(sum(manifest["duration_seconds"] for manifest in done), 3),
        },
        "devices": {
            key: sorted({manifest["software"][f"device_{key}"] for manifest in done} - {None})
            for key in ("requested", "actual")
        },
    }
    schemas.check_record(manifest, "job_manifest")
    return manifest


def write(job_folder: Path, wanted: list[str], live: RunState) -> dict[str, Any]:
    """Derive the manifest and write it as ``manifest.json`` of the job folder; return it."""
    manifest = derive(job_folder, wanted, live)
    files.write_json(job_folder / "manifest.json", manifest)
    return manifest


def status(job_folder: Path) -> str | None:
    """Return the status in a job's manifest, ``INTERRUPTED`` where its run was killed, None where it cannot be read."""
    try:
        pipeline = json.loads((job_folder / "manifest.json").read_text(encoding="utf-8"))["pipeline"]
        run = pipeline["run"]
    except (FileNotFoundError, ValueError, KeyError):
        return None
    over = run is not None and run["host"] == platform.node() and run_mark.is_dead(Path(run["mark"]))
    return INTERRUPTED if over else str(pipeline["status"])


def summary(job_folder: Path) -> str:
    """Return in a few lines where a job's results and log are."""
    manifest = json.loads((job_folder / "manifest.json").read_text(encoding="utf-8"))
    kinds = {"subtitled_film": "Subtitled film", "srt": "Subtitles", "vtt": "Subtitles"}
    lines = [f"{manifest['input']['title']} ({status(job_folder)})"]
    for output in manifest["output"]["files"]:
        label = kinds.get(output["type"].split("_")[0]) or kinds.get(output["type"])
        if label:
            lines.append(f"  {label + ':':16} {job_folder / output['path']}")
    reused = [name for name in manifest["stages"] if _reused(job_folder, name)]
    if reused:
        lines.append(f"  {'Reused:':16} {', '.join(reused)} (done before for another job; see samvad cache)")
    logs = sorted((job_folder / "logs").glob("99_pipeline_*.log"))
    if logs:
        lines.append(f"  {'Log:':16} {logs[-1]}")
    lines.append(f"  {'Record:':16} {job_folder / 'manifest.json'}")
    return "\n".join(lines)


def _reused(job_folder: Path, stage: str) -> bool:
    """Say whether a stage's result came from the cache."""
    try:
        manifest = stage_manifest.read_manifest(job_folder / stages.BY_NAME[stage].folder / "manifest.json")
    except SamvadError:
        return False
    return bool(manifest["cache"]["hit"])


def _states(job_folder: Path, wanted: list[str], live: RunState) -> dict[str, StageState]:
    """Return how the stages stand, those that are switched off among them, in the order of their numbers."""
    asked = {*wanted, *live.running, *live.pending, *live.failed}
    states: dict[str, StageState] = {}
    for stage in stages.STAGES:
        name = stage.name
        if name in live.running:
            states[name] = StageState("running")
        elif name in live.pending:
            states[name] = StageState("waiting")
        elif name in live.off and name not in asked:
            states[name] = StageState("skipped", reason=f"switched off by {live.off[name]}")
        else:
            found = _recorded(job_folder, name, failed=name in live.failed)
            stale = found.status in _DONE and _is_stale(found, states)
            if name in asked:
                states[name] = StageState("waiting", reason=_STALE) if stale else found
            elif found.status in _DONE and not stale:  # it was asked for by name, beyond the film's workflow
                states[name] = found
    return states


def _recorded(job_folder: Path, name: str, *, failed: bool) -> StageState:
    """Return how a stage stands by its manifests.

    Args:
        job_folder: the job's folder.
        name: the stage.
        failed: whether its last attempt is known to have failed, even where that left no record.
    """
    folder = job_folder / stages.BY_NAME[name].folder
    final = folder / "manifest.json"
    numbers = (int(entry.name) for entry in folder.glob("attempts/*") if entry.name.isdigit())
    last = folder / "attempts" / f"{max(numbers, default=0):02d}" / "manifest.json"
    try:
        if final.is_file() and not failed:
            manifest = stage_manifest.read_manifest(final)
            return StageState(manifest["status"], final, manifest)
        if not last.is_file():
            begun = failed or last.parent.is_dir()
            return StageState("failed", reason=NO_RECORD) if begun else StageState("waiting")
        manifest = stage_manifest.read_manifest(last)
    except SamvadError as error:
        return StageState("failed", reason=str(error))
    if manifest["status"] == "failed":
        return StageState("failed", last, manifest, manifest["errors"][0]["message"])
    # A success whose final manifest is gone was undone on purpose, and is to be made again, or its last attempt was
    # killed before it could make a folder.
    return StageState("failed", reason=NO_RECORD) if failed else StageState("waiting", last, manifest)


def _is_stale(found: StageState, earlier: Mapping[str, StageState]) -> bool:
    """Say whether an earlier stage has since made something else of what this one read, or is about to."""
    read = {item["path"]: item["checksum"] for item in (found.manifest["inputs"] if found.manifest else [])}
    for name, state in earlier.items():
        if state.manifest and state.status in _DONE:
            if any(read.get(made["path"], made["checksum"]) != made["checksum"] for made in state.manifest["outputs"]):
                return True
        elif (state.status == "failed" or state.reason == _STALE) and any(
            path.startswith(f"{stages.BY_NAME[name].folder}/") for path in read
        ):
            return True
    return False


def _is_next(name: str, state: StageState, live: RunState) -> bool:
    """Say whether a stage may be the one to come: of those that a run will do, else of those that are not done."""
    return name in live.pending if live.pending else state.status in ("waiting", "failed")


def _status(by_status: Mapping[str, list[str]]) -> str:
    if by_status["failed"]:
        return "failed"
    return "incomplete" if by_status["waiting"] or by_status["running"] else "success"


def _stage(job_folder: Path, name: str, state: StageState) -> dict[str, Any]:
    log = job_folder / stages.BY_NAME[name].folder / "stage.log"
    return {
        "status": state.status,
        "duration_seconds": state.manifest["duration_seconds"] if state.manifest else None,
        "manifest": state.manifest_path.relative_to(job_folder).as_posix() if state.manifest_path else None,
        "log": log.relative_to(job_folder).as_posix() if log.is_file() else None,
        "reason": state.reason,
    }


def _film_seconds(done: list[dict[str, Any]]) -> float | None:
    for manifest in done:
        for metric in manifest["metrics"]:
            if metric["name"] == "film_duration":
                return float(metric["value"])
    return None


def _outputs(done: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [
        {"type": output["type"], "path": output["path"], "checksum": output["checksum"]}
        for manifest in done
        for output in manifest["outputs"]
    ]
