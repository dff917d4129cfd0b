"""The parts of a stage manifest: file records, software, host, configuration hash."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad import __version__
from samvad.core import checksums, computing, files, schemas, stages, subprocesses
from samvad.core.errors import SamvadError, ToolError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Model:
    """Weights that a stage used: name, commit (where known) and checksum of the main file (where it has one)."""

    name: str
    revision: str | None
    checksum: str | None


def file_record(
    path: Path, kind: str, *, shown: str, checksum: str | None = None, media: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the manifest's record of a file.

    Args:
        path: where it lies.
        kind: what it is, such as ``audio``.
        shown: the path to write down.
        checksum: known already (``sha256:…``), or None to take it now.
        media: facts of a media file.
    """
    status = path.stat()
    return {
        "type": kind,
        "path": shown,
        "size_bytes": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "checksum": checksum or files.sha256_of(path),
        "media": media,
    }


def contradictions(manifest: dict[str, Any]) -> list[str]:
    """Return what a stage manifest says against itself, which no schema can tell; empty when there is nothing.

    Args:
        manifest: a manifest that is valid by its schema.
    """
    if manifest["stage"] not in stages.BY_NAME:
        return [f"there is no stage {manifest['stage']!r}"]
    stage = stages.BY_NAME[manifest["stage"]]
    found = []
    if manifest["stage_number"] != stage.number:
        found.append(f"stage_number is {manifest['stage_number']}, but {stage.name} is stage {stage.number}")
    moments = [manifest["started_at"], manifest["ended_at"] or manifest["timestamp"], manifest["timestamp"]]
    if moments != sorted(moments):  # in this one format, the order of texts is that of times
        found.append(f"ended_at ({manifest['ended_at']}) is before started_at ({manifest['started_at']})")
    if config_hash(manifest["config"]) != manifest["config_hash"]:
        found.append("config_hash is not that of config")
    if manifest["retries"] >= manifest["attempt"]:
        found.append(f"retries is {manifest['retries']} in attempt {manifest['attempt']}")
    if (
        stage.number == 1
        and manifest["status"] == "success"
        and not any(i["type"] == "film" for i in manifest["inputs"])
    ):
        found.append("stage 01 names no film among its inputs")
    names = [output["path"] for output in manifest["outputs"]]
    found += [f"two outputs are called {name!r}" for name in sorted(set(names)) if names.count(name) > 1]
    found += [
        f"output {name!r} is not in {stage.folder}"
        for name in names
        if not name.startswith(f"{stage.folder}/") or ".." in name.split("/")
    ]
    return found


def check_manifest(manifest: dict[str, Any]) -> None:
    """Check a stage manifest that is about to be written.

    Raises:
        SamvadError: it breaks its schema or contradicts itself, which is a defect of the project.
    """
    schemas.check_record(manifest, "stage_manifest")
    found = contradictions(manifest)
    if found:
        raise SamvadError("The stage manifest contradicts itself: " + "; ".join(found) + ".", "Please report this.")


def config_hash(config: dict[str, Any]) -> str:
    """Return the checksum of a stage's options, the same whatever their order."""
    canonical = json.dumps(config, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def software(
    environment: str,
    tools: dict[str, str],
    models: list[Model],
    devices: tuple[str | None, str | None],
    engines: Sequence[computing.Engine] = (),
) -> dict[str, Any]:
    """Return the manifest's record of everything that was run.

    Args:
        environment: name of the file in ``envs/``.
        tools: versions by name.
        models: weights used.
        devices: requested and actual, the latter as it is shown to people.
        engines: what ran the models.
    """
    commit, dirty = _git_state()
    return {
        "samvad": __version__,
        "git_commit": commit,
        "git_dirty": dirty,
        "environment": environment,
        "lock_hash": files.sha256_of(schemas.ROOT / "envs" / f"{environment}.yaml"),
        "python": platform.python_version(),
        "tools": tools,
        "models": [vars(model) for model in models],
        "device_requested": devices[0],
        "device_actual": devices[1],
        "engines": [vars(engine) for engine in engines],
    }


def host() -> dict[str, Any]:
    """Return the manifest's record of the machine."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "name": platform.node() or "unknown",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": computing.processor(),
        "cpus": os.cpu_count() or 1,
        "memory_mb": round(memory_bytes / (1 << 20), 1),
    }


def tool_version(command: str) -> str:
    """Return the version that a program prints of itself.

    Raises:
        ToolError: it is not installed.
    """
    executable = shutil.which(command)
    if executable is None:
        raise ToolError(f"The program {command} is not installed.", "Run `make setup`, which installs it or says how.")
    memo = checksums.version_memo(Path(executable))
    # ffmpeg takes a tenth of a second to say it, in every stage that uses it.
    if memo is not None and memo.is_file() and (known := memo.read_text(encoding="utf-8").strip()):
        return known
    flag = "-version" if command in ("ffmpeg", "ffprobe") else "--version"
    done = subprocesses.run([executable, flag], silence_seconds=60)
    match = re.search(r"\d+(\.\d+)+\S*", done.stdout)
    version = match.group(0) if match else done.stdout.strip().splitlines()[0] if done.stdout.strip() else "unknown"
    if memo is not None and done.code == 0 and match:
        try:
            files.write_text(memo, version + "\n")
        except (OSError, SamvadError) as error:
            log.debug("The version of %s is not remembered: %s", executable, error)
    return version


def library_versions(*names: str) -> dict[str, str]:
    """Return the versions of installed Python packages."""
    from importlib.metadata import version

    return {name: version(name) for name in names}


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a stage manifest.

    Raises:
        SamvadError: it is missing or is not a manifest.
    """
    try:
        value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if value["schema_version"] != "1.0" or not isinstance(value["outputs"], list):
            raise KeyError("schema_version")
    except FileNotFoundError:
        raise SamvadError(f"The manifest {path} does not exist.", "Run its stage first.", path=str(path)) from None
    except (json.JSONDecodeError, KeyError, TypeError):
        raise SamvadError(
            f"{path} is not a stage manifest.", "Delete it and run again: its stage is then made anew.", path=str(path)
        ) from None
    return value


def _git_state() -> tuple[str | None, bool | None]:
    def git(*arguments: str) -> str | None:
        try:
            return subprocesses.ask(["git", "-C", str(schemas.ROOT), *arguments]).strip()
        except ToolError:
            return None

    commit = git("rev-parse", "HEAD")
    status = git("status", "--porcelain", "--untracked-files=no")
    return commit, None if status is None else bool(status)
