"""The job manifest: where a film stands, derived from its stage manifests and never edited."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad import files, schemas, stages

_DONE = ("success", "skipped")

#: What is said of a stage that left no manifest.
NO_RECORD = "it left no record: it was killed, or its folder could not be written"


@dataclass(frozen=True)
class StageState:
    """How a stage of a job stands: its last manifest (also a failed one) and where it lies."""

    status: str
    manifest_path: Path | None
    manifest: dict[str, Any] | None


def derive(job_folder: Path, wanted: list[str], running: Mapping[str, str]) -> dict[str, Any]:
    """Derive a job's manifest from what its stages wrote.

    Args:
        job_folder: the job's folder, with ``run.json``.
        wanted: the stages that the film is to go through, in order.
        running: stages that run now, with the time (UTC) they began.

    Returns:
        The manifest, checked against its schema.
    """
    run = json.loads((job_folder / "run.json").read_text(encoding="utf-8"))
    states = {name: _state(job_folder, name, name in running) for name in wanted}
    by_status = {
        status: [name for name, state in states.items() if state.status == status]
        for status in ("success", "skipped", "failed", "running", "waiting")
    }
    done = [state.manifest for state in states.values() if state.manifest and state.status in _DONE]
    started = [manifest["started_at"] for manifest in done] + list(running.values())
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
            "status": _status(by_status),
            "current_stage": next(iter(by_status["running"]), None),
            "next_stage": next(iter(by_status["waiting"]), None),
            "completed_stages": by_status["success"],
            "failed_stages": by_status["failed"],
            "skipped_stages": by_status["skipped"],
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


def write(job_folder: Path, wanted: list[str], running: Mapping[str, str]) -> dict[str, Any]:
    """Derive the manifest and write it as ``manifest.json`` of the job folder; return it."""
    manifest = derive(job_folder, wanted, running)
    files.write_json(job_folder / "manifest.json", manifest)
    return manifest


def failure_reason(job_folder: Path, stage: str) -> str:
    """Return why a stage's last try failed, for people."""
    state = _state(job_folder, stage, running=False)
    if state.manifest and state.manifest["errors"]:
        return str(state.manifest["errors"][0]["message"])
    return NO_RECORD


def summary(job_folder: Path) -> str:
    """Return in a few lines where a job's results and log are."""
    manifest = json.loads((job_folder / "manifest.json").read_text(encoding="utf-8"))
    kinds = {"subtitled_film": "Subtitled film", "srt": "Subtitles", "vtt": "Subtitles"}
    lines = [f"{manifest['input']['title']} ({manifest['pipeline']['status']})"]
    for output in manifest["output"]["files"]:
        label = kinds.get(output["type"].split("_")[0]) or kinds.get(output["type"])
        if label:
            lines.append(f"  {label + ':':16} {job_folder / output['path']}")
    logs = sorted((job_folder / "logs").glob("99_pipeline_*.log"))
    if logs:
        lines.append(f"  {'Log:':16} {logs[-1]}")
    lines.append(f"  {'Record:':16} {job_folder / 'manifest.json'}")
    return "\n".join(lines)


def _state(job_folder: Path, name: str, running: bool) -> StageState:
    folder = job_folder / stages.BY_NAME[name].folder
    final = folder / "manifest.json"
    if running:
        return StageState("running", None, None)
    if final.is_file():
        manifest = json.loads(final.read_text(encoding="utf-8"))
        return StageState(manifest["status"], final, manifest)
    attempts = sorted((folder / "attempts").glob("*/")) if (folder / "attempts").is_dir() else []
    if not attempts:
        return StageState("waiting", None, None)
    failed = attempts[-1] / "manifest.json"
    if not failed.is_file():
        return StageState("failed", None, None)  # killed: it had no time to write
    manifest = json.loads(failed.read_text(encoding="utf-8"))
    # A success whose final manifest is gone was undone on purpose, and is to be made again.
    return StageState("failed" if manifest["status"] == "failed" else "waiting", failed, manifest)


def _status(by_status: Mapping[str, list[str]]) -> str:
    if by_status["failed"]:
        return "failed"
    if by_status["running"]:
        return "running"
    return "incomplete" if by_status["waiting"] else "success"


def _stage(job_folder: Path, name: str, state: StageState) -> dict[str, Any]:
    log = job_folder / stages.BY_NAME[name].folder / "stage.log"
    return {
        "status": state.status,
        "duration_seconds": state.manifest["duration_seconds"] if state.manifest else None,
        "manifest": state.manifest_path.relative_to(job_folder).as_posix() if state.manifest_path else None,
        "log": log.relative_to(job_folder).as_posix() if log.is_file() else None,
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
