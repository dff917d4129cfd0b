"""The stage manifest: what one attempt of a stage read, made, ran with and used, as types; one reader, one writer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from samvad.core import files, schemas, stages, typed_json
from samvad.core.errors import ChangedFileError, SamvadError
from samvad.documents.provenance import Host, Software
from samvad.documents.stage_entries import (
    CacheUse,
    Content,
    ErrorRecord,
    FileRecord,
    Given,
    IntermediateFile,
    Lack,
    Metric,
    NetworkUse,
    ResourceUsage,
    Skip,
    SpanRecord,
    StageWarning,
)

SCHEMA_VERSION = "1.0"
#: The type of ``metadata.json``, which every stage that succeeds writes: what it found out, in words of its own.
METADATA = "metadata"

#: A stage's option as it is written down.
Option = str | int | float | bool | list[str | int | float | bool | None] | None


@dataclass(frozen=True, kw_only=True)
class StageManifest:
    """What one attempt of a stage did to one film: ``config/schemas/stage_manifest.schema.json`` says more.

    Attributes:
        job_id: ``USER/N``.
        parent_run_id: the run that this one goes on from.
        workflow: how far the film goes; None when the stage was run by hand.
        started_at: UTC, as all moments here.
        ended_at: None while it runs.
        timestamp: when the manifest was written.
        duration_seconds: by a clock that nobody sets.
        status: ``running``, ``success``, ``failed``, ``stopped`` (by somebody) or ``skipped``.
        exit_code: None while it runs.
        inputs: what was read, with the checksum that its maker wrote.
        config: the options that the stage ran with.
        retries: attempts before this one.
        contents: what options and models' names led to besides the inputs; none in manifests of before it was recorded.
        given: the manifests that it was given; none in older manifests.
        pinned: for each option that names a model of ``config/models.yaml``, the commit that was pinned there.
        skip: why there was nothing to do, where the status is ``skipped``; None in older manifests.
        spans: where the time went, from ``logs.spans``; none in older manifests.
        network: the services that were called; none in older manifests.
        parent_job_id: the job that this one was compared with or made from, if that was said.
        lacks: what the result would be better with; none in older manifests.
    """

    schema_version: str = SCHEMA_VERSION
    stage: str
    stage_number: int
    film: str
    job_id: str
    run_id: str
    parent_run_id: str | None
    attempt: int
    workflow: str | None
    started_at: str
    ended_at: str | None
    timestamp: str
    duration_seconds: float
    status: str
    exit_code: int | None
    inputs: tuple[FileRecord, ...]
    outputs: tuple[FileRecord, ...]
    intermediate_files: tuple[IntermediateFile, ...]
    config: dict[str, Option]
    config_hash: str
    software: Software
    host: Host
    resources: ResourceUsage
    metrics: tuple[Metric, ...]
    cache: CacheUse
    errors: tuple[ErrorRecord, ...]
    warnings: tuple[StageWarning, ...]
    retries: int
    contents: tuple[Content, ...] = ()
    given: tuple[Given, ...] = ()
    pinned: dict[str, str] = field(default_factory=dict)
    skip: Skip | None = None
    spans: tuple[SpanRecord, ...] = ()
    network: tuple[NetworkUse, ...] = ()
    parent_job_id: str | None = None
    lacks: tuple[Lack, ...] = ()

    def __post_init__(self) -> None:
        """Refuse results that are said to lie elsewhere than in the job's folder."""
        for number, made in enumerate(self.outputs):
            typed_json.check_path(made.path, f"outputs[{number}].path")
        for number, left in enumerate(self.intermediate_files):
            typed_json.check_path(left.path, f"intermediate_files[{number}].path")

    @property
    def done(self) -> bool:
        """Return whether the stage has done what it was to do, or had nothing to do."""
        return self.status in ("success", "skipped")

    def output(self, kind: str) -> FileRecord | None:
        """Return the first output of a type, or None where there is none."""
        return next((made for made in self.outputs if made.type == kind), None)

    def film_file(self) -> FileRecord | None:
        """Return the film that stage 01 read; None of another stage."""
        return next((read for read in self.inputs if self.stage == "demux" and read.type == "film"), None)

    def film_seconds(self) -> float | None:
        """Return the film's length as stage 01 measured it; None of another stage, or one that did not get so far."""
        measured = (metric.value for metric in self.metrics if metric.name == "film_duration")
        found = next(measured, None)
        return float(found) if self.stage == "demux" and isinstance(found, int | float) else None


def read(path: Path) -> StageManifest:
    """Read a stage manifest.

    Raises:
        SamvadError: it is missing or is not a manifest.
    """
    remedy = "Delete it and run again: its stage is then made anew."
    manifest = typed_json.read(path, StageManifest, "stage manifest", remedy)
    if not manifest.schema_version.startswith("1."):
        what = f"{path} is a stage manifest of version {manifest.schema_version}, which this Samvad does not know."
        raise ChangedFileError(what, remedy, path=str(path))
    return manifest


def read_optional(path: Path) -> StageManifest | None:
    """Return a stage manifest, or None where there is none that is whole."""
    try:
        return read(path)
    except SamvadError:
        return None


def write(manifest: StageManifest, *places: Path) -> None:
    """Write a stage manifest, after a check against its schema and itself, to each of the given places.

    Raises:
        SamvadError: it breaks its schema or contradicts itself, which is a defect of the project.
    """
    value = typed_json.plain(manifest)
    schemas.check_record(value, "stage_manifest")
    if found := contradictions(manifest):
        raise SamvadError("The stage manifest contradicts itself: " + "; ".join(found) + ".", "Please report this.")
    for place in places:
        files.write_json(place, value)


def contradictions(manifest: StageManifest) -> list[str]:
    """Return what a stage manifest says against itself, which no schema can tell; empty when there is nothing.

    Args:
        manifest: a manifest that is valid by its schema.
    """
    stage = stages.find(manifest.stage)
    if stage is None:
        return [f"there is no stage {manifest.stage!r}"]
    found = []
    if manifest.stage_number != stage.number:
        found.append(f"stage_number is {manifest.stage_number}, but {stage.name} is stage {stage.number}")
    moments = [manifest.started_at, manifest.ended_at or manifest.timestamp, manifest.timestamp]
    if moments != sorted(moments):  # in this one format, the order of texts is that of times
        found.append(f"ended_at ({manifest.ended_at}) is before started_at ({manifest.started_at})")
    if config_hash(manifest.config) != manifest.config_hash:
        found.append("config_hash is not that of config")
    if manifest.retries >= manifest.attempt:
        found.append(f"retries is {manifest.retries} in attempt {manifest.attempt}")
    if stage.number == 1 and manifest.status == "success" and manifest.film_file() is None:
        found.append("stage 01 names no film among its inputs")
    names = [output.path for output in manifest.outputs]
    found += [f"two outputs are called {name!r}" for name in sorted(set(names)) if names.count(name) > 1]
    found += [f"output {name!r} is not in {stage.folder}" for name in names if not name.startswith(f"{stage.folder}/")]
    return found


def result_hash(status: str, made: Iterable[tuple[str, str, str]]) -> str:
    """Return the checksum of what a stage has made for others: the same whenever it was made, if the files are.

    Args:
        status: the stage's.
        made: type, path and checksum of each output; what a stage says of itself (``metadata``) is for nobody.
    """
    counted = sorted(item for item in made if item[0] != METADATA)
    return f"sha256:{hashlib.sha256(json.dumps([status, counted]).encode()).hexdigest()}"


def result_of(manifest: StageManifest) -> str:
    """Return the checksum of a stage's result."""
    return result_hash(manifest.status, ((made.type, made.path, made.checksum) for made in manifest.outputs))


def config_hash(config: Mapping[str, Option]) -> str:
    """Return the checksum of a stage's options, the same whatever their order."""
    canonical = json.dumps(config, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
