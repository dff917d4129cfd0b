"""What each stage asks a cluster for: one table, by the length of the film and the number of the attempt."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from samvad.core import outside, schemas, stages
from samvad.core.declarations import ResourceRequest
from samvad.core.errors import ConfigurationError
from samvad.documents import stage_manifest

#: The table that comes with the project; a file of the user's goes over it.
DEFAULT = schemas.ROOT / "config" / "resources.yaml"
_DEMUX = stages.BY_NAME["demux"].folder


@dataclass(frozen=True)
class Table:
    """The checked table: what ``config/resources.yaml`` comments on, and a row for each stage, as it declares it."""

    film_hours: float
    growth: float
    most: Mapping[str, float]
    stages: Mapping[str, Mapping[str, float]]

    def cores(self, stage: str) -> int:
        """Return the CPU cores of a stage."""
        return int(self.stages[stage]["cores"])

    def request(self, stage: str, hours: float | None, attempt: int) -> dict[str, int]:
        """Return what an attempt of a stage asks for: ``mem_mb`` and ``runtime`` (minutes).

        Args:
            stage: its name.
            hours: the film's length, or None before stage 01 has measured it.
            attempt: number of the attempt in this run of the workflow, from 1.
        """
        row = self.stages[stage]
        hours = self.film_hours if hours is None else hours
        more = self.growth ** (attempt - 1)
        return {
            name: math.ceil(min((row[name] + row[f"{name}_per_hour"] * hours) * more, self.most[name]))
            for name in ("mem_mb", "runtime")
        }


def load(user_file: str = "") -> Table:
    """Read the table, with what a file of the user's says in place of it.

    Args:
        user_file: path of a YAML file; empty for none.

    Raises:
        ConfigurationError: it cannot be read, or says something unknown.
    """
    table = _read(DEFAULT)
    table["stages"] = {stage.name: _row(stage.asks) for stage in stages.STAGES}
    if user_file:
        own = _read(Path(user_file).expanduser())
        _check({**table, **own, "stages": {**table["stages"]}, "most": {**table["most"]}}, user_file)
        for name, row in (own.pop("stages", None) or {}).items():
            table["stages"][name] = {**table["stages"].get(name, {}), **row} if isinstance(row, dict) else row
        table["most"].update(own.pop("most", None) or {})
        table.update(own)
    _check(table, user_file or str(DEFAULT))
    return Table(**table)


def hours_of(job_folder: str) -> float | None:
    """Return a film's length in hours from stage 01's manifest, or None before that has measured it.

    Args:
        job_folder: the job's folder.
    """
    path = f"{job_folder}/{_DEMUX}/manifest.json"
    try:
        return _hours(path, os.stat(path).st_mtime_ns)  # noqa: PTH116 -- asked for thousands of times
    except OSError:
        return None


@functools.cache
def _hours(path: str, _changed: int) -> float | None:
    """Read a film's length, anew when the manifest has changed: each attempt of each stage asks for it."""
    manifest = stage_manifest.read_optional(Path(path))
    seconds = manifest.film_seconds() if manifest else None
    return None if seconds is None else seconds / 3600


def _row(asks: ResourceRequest) -> dict[str, float]:
    return {item.name: getattr(asks, item.name) for item in fields(asks) if item.name not in ("gpu", "many_gpus")}


def _check(table: dict[str, Any], source: str) -> None:
    for name in table["stages"]:
        if name not in stages.BY_NAME:
            raise ConfigurationError(
                f"{source}: stages.{name} is no stage.", f"The stages are {', '.join(stages.BY_NAME)}.", path=source
            )
    schemas.check_config(table, "resources", source)


def _read(path: Path) -> dict[str, Any]:
    try:
        value = outside.yaml_value(path)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"The table of resources {path} cannot be read: {error}.",
            "Correct it, or the key machines.resources that names it.",
            path=str(path),
        ) from None
    if not isinstance(value, dict) or not isinstance(value.get("stages", {}), dict | None):
        raise ConfigurationError(f"{path} is no table of resources.", f"{DEFAULT} shows what one looks like.")
    return value
