"""What several tests share: run a script as a user would, and make the folders of stages that came before."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from samvad.core import stages, typed_json
from samvad.documents import provenance, stage_entries, stage_manifest
from samvad.media import ffmpeg

ROOT = Path(__file__).resolve().parents[1]
MEDIA = ROOT.parent / "shared" / "media"
CASES = ROOT.parent / "shared" / "cases"

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg makes the films")

USAGE = {
    "wall_seconds": 0.1,
    "cpu_seconds": 0.1,
    "cpu_percent": 100.0,
    "peak_rss_mb": 1.0,
    "peak_rss_method": "test",
    "gpu_memory_mb": None,
    "gpu_memory_method": "none",
}


def make_film(path: Path) -> Path:
    """Write two seconds of picture and sound, by the module that builds ffmpeg's commands."""
    streams = [ffmpeg.synthetic("testsrc=size=64x64:rate=10:duration=2"), ffmpeg.synthetic("sine=duration=2")]
    assert ffmpeg.run(streams, path, {"c:v": "mpeg4", "c:a": "aac", "f": "mp4"}).code == 0
    return path


def modules_with(wanted: Callable[[str], bool]) -> set[str]:
    """Return the modules of ``scripts`` whose text is of a kind."""
    folder = ROOT / "scripts"
    return {
        path.relative_to(folder).as_posix() for path in folder.rglob("*.py") if wanted(path.read_text(encoding="utf-8"))
    }


def run_script(stage: str, *options: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a stage's script in its own environment, as the workflow does."""
    row = stages.BY_NAME[stage]
    command = [str(ROOT / "envs" / "run"), row.environment, row.script, *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(env or {})}, check=False)


def run_until(pieces: int, stage: str, *options: object) -> subprocess.CompletedProcess[str]:
    """Run a stage's script until it has kept so many pieces of its work: then it is killed (``kill -9``)."""
    row = stages.BY_NAME[stage]
    command = [ROOT / "envs" / "run", row.environment, "../tests/killed_after.py", pieces, row.script, *options]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def new_cache(folder: Path) -> dict[str, str]:
    """Return the environment of a process that shares nothing with others but the environments that are built."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "samvad"
    cache = folder / "cache"
    if not cache.exists():
        cache.mkdir()
        (cache / "envs").symlink_to(Path(os.environ.get("SAMVAD_CACHE") or home) / "envs")
    return {"SAMVAD_CACHE": str(cache)}


def make_job(folder: Path, name: str = "2025/01/01/tester/1") -> Path:
    """Return an empty job folder below ``folder``."""
    job = folder / name
    job.mkdir(parents=True)
    return job


def file_record(path: Path, kind: str, shown: str = "") -> dict[str, Any]:
    """Return a manifest's record of a file, as JSON values."""
    record: dict[str, Any] = typed_json.plain(stage_entries.file_record(path, kind, shown=shown or str(path)))
    return record


def probe_document(**changed: Any) -> bytes:
    """Return a probe document of stage 01: a film of a minute in H.264, with one sound track."""
    audio = {
        **{"track": 0, "stream": 1, "codec": "aac", "language": None, "channels": 2, "layout": "stereo"},
        **{"sample_rate_hz": 48_000, "title": "", "default": True, "start_ms": 0, "duration_ms": None},
    }
    media = {"container": "mp4", "start_ms": 0, "duration_ms": 60_000, "duration_from": "header", "streams": []}
    document = {
        "schema_version": "1.0",
        "size_bytes": 1,
        "checksum": "sha256:" + "0" * 64,
        "container": "mp4",
        "start_ms": 0,
        "duration_ms": 60_000,
        "video": VIDEO,
        "audio": [audio],
        "subtitles": [],
        "chosen_audio_track": 0,
        "chosen_because": "it is the only one",
        "media": media,
        **changed,
    }
    return json.dumps(document).encode()


#: A picture as the probe document has it.
VIDEO: dict[str, Any] = {
    **{"codec": "h264", "width": 640, "height": 360, "variable_frame_rate": False},
    **{"frame_rate_numerator": 24, "frame_rate_denominator": 1},
}


def finished_stage(
    job: Path, stage: str, outputs: dict[str, tuple[str, bytes]], inputs: list[dict[str, Any]] | None = None
) -> Path:
    """Make the folder of a stage that succeeded, with real files and a valid manifest; return the manifest's path.

    Args:
        job: the job folder.
        stage: its name.
        outputs: file name and content by type.
        inputs: file records, where a later stage reads them.
    """
    row = stages.BY_NAME[stage]
    folder = job / row.folder
    folder.mkdir(parents=True)
    made = []
    for kind, (name, content) in outputs.items():
        (folder / name).write_bytes(content)
        made.append(file_record(folder / name, kind, f"{row.folder}/{name}"))
    config: dict[str, Any] = {}
    now = "2025-01-01T00:00:00.000Z"
    manifest = {
        "schema_version": "1.0",
        "stage": stage,
        "stage_number": row.number,
        "film": "test",
        "job_id": "tester/1",
        "run_id": "test_20250101T000000Z_abc123",
        "parent_run_id": None,
        "attempt": 1,
        "workflow": None,
        "started_at": now,
        "ended_at": now,
        "timestamp": now,
        "duration_seconds": 0.1,
        "status": "success",
        "exit_code": 0,
        "inputs": inputs or [],
        "outputs": made,
        "intermediate_files": [],
        "config": config,
        "config_hash": stage_manifest.config_hash(config),
        "software": typed_json.plain(
            provenance.software(row.environment, provenance.ran_code(row.environment), {}, [], (None, None))
        ),
        "host": typed_json.plain(provenance.host()),
        "resources": USAGE,
        "metrics": [],
        "cache": {"key": None, "hit": False, "made_by": None},
        "errors": [],
        "warnings": [],
        "retries": 0,
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    return path


def manifest_of(job: Path, stage: str) -> dict[str, Any]:
    """Return the manifest that a stage wrote, checked against its schema."""
    from samvad.core import schemas

    manifest: dict[str, Any] = json.loads((job / stages.BY_NAME[stage].folder / "manifest.json").read_text("utf-8"))
    assert schemas.problems(manifest, "stage_manifest") == []
    return manifest


def attempt_of(job: Path, stage: str, attempt: int = 1) -> dict[str, Any]:
    """Return the manifest of an attempt."""
    path = job / stages.BY_NAME[stage].folder / "attempts" / f"{attempt:02d}" / "manifest.json"
    manifest: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return manifest


def failed_manifest(job: Path, stage: str, attempt: int = 1) -> dict[str, Any]:
    """Return the manifest of an attempt that failed."""
    manifest = attempt_of(job, stage, attempt)
    assert manifest["status"] == "failed"
    return manifest


#: Stands in for envs/run in a copy of the project.
STAND_IN = f"""#!/usr/bin/env bash
set -eu
STAND_IN_FOR=$(cd "$(dirname "$0")/.." && pwd) exec {ROOT}/.venv/bin/python {ROOT}/tests/stand_in.py "$@"
"""


def leave_out_work(root: Path) -> None:
    """Let the stages of a copy of the project do no work: ``tests/stand_in.py`` runs in their place."""
    run = root / "envs" / "run"
    run.rename(run.with_name("run-itself"))
    run.write_text(STAND_IN, encoding="utf-8")
    run.chmod(0o755)


def copy_job(job: Path, other: Path, film: str, new: str) -> None:
    """Copy a finished job as that of another film with the same bytes and time, which has been done in the same way.

    Args:
        job: the job's folder.
        other: the folder of the new one, which is made.
        film: id of the film.
        new: id of the other.
    """
    shutil.copytree(job, other)
    names = {f'"{film}"': f'"{new}"', f'"{"/".join(job.parts[-2:])}"': f'"{"/".join(other.parts[-2:])}"'}
    for path in [*other.glob("*/manifest.json"), *other.glob("*/attempts/*/manifest.json"), other / "run.json"]:
        text = path.read_text(encoding="utf-8")
        for before, after in names.items():
            text = text.replace(before, after)
        path.write_text(text, encoding="utf-8")
