"""The stage manifest: what one attempt of a stage read, made, ran with and used, as types; one reader, one writer."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samvad import __version__
from samvad.core import checksums, computing, files, held_files, outside, schemas, stages, subprocesses, typed_json
from samvad.core.errors import ChangedFileError, MissingToolError, SamvadError, ToolError
from samvad.documents.media_facts import MediaFacts

log = logging.getLogger(__name__)

SCHEMA_VERSION = "1.0"
#: The type of ``metadata.json``, which every stage that succeeds writes: what it found out, in words of its own.
METADATA = "metadata"

#: A stage's option as it is written down.
Option = str | int | float | bool | list[str | int | float | bool | None] | None


@dataclass(frozen=True)
class FileRecord:
    """A file that a stage read or made.

    Attributes:
        type: what it is, such as ``audio`` or ``segments``.
        path: relative to the job folder, or the path of the film or glossary itself.
        mtime_ns: when it was last changed.
        checksum: ``sha256:`` and 64 digits.
        media: None: it is no film or sound.
        inode: of a file that no stage made: what tells one in its place from it; None: not recorded.
        ctime_ns: of such a file, when it was last changed in any way, which nobody can set; None: not recorded.
    """

    type: str
    path: str
    size_bytes: int
    mtime_ns: int
    checksum: str
    media: MediaFacts | None
    inode: int | None = None
    ctime_ns: int | None = None

    def __post_init__(self) -> None:
        """Refuse a false checksum, and a path out of the job's folder that is not the whole path of a file."""
        if not self.path.startswith("/") or "\0" in self.path:
            typed_json.check_path(self.path, "path")
        typed_json.check_checksum(self.checksum, "checksum")


@dataclass(frozen=True)
class Content:
    """What an option, or a model's name, led to that is no input: a file, or a folder of weights.

    Attributes:
        option: the option that named it; empty where it was found by other ways.
        path: where it lay.
        fingerprint: of names, sizes and times, from ``checksums.fingerprint``: while it is the same, so is the content.
        checksum: of the bytes, from ``checksums.of_place``: what decides where the fingerprint differs.
    """

    option: str
    path: str
    fingerprint: str
    checksum: str


@dataclass(frozen=True)
class Skip:
    """Why a stage had nothing to do.

    Attributes:
        because: ``settled``: it will have nothing to do another time either; ``unset``: a variable of the environment
            is not set, or is no good; ``unanswered``: a service gave no answer, and may another time.
        variable: the variable, where one is not set or no good.
        reason: for people.
        value: eight digits that tell what the variable held from what it may hold later; empty: nothing.
        endpoint: the name under which the failures of the service are counted.
        url: where the service is.
    """

    because: str
    variable: str | None
    reason: str
    value: str | None = None
    endpoint: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Lack:
    """What a result would be better with, and what was not to be had when it was made.

    Attributes:
        what: for people.
        place: where it will lie on that machine, when it is there; None: that is not known.
        endpoint: the name under which the failures of a service are counted, where one gave no answer.
        url: where that service is.
    """

    what: str
    place: str | None
    endpoint: str | None
    url: str | None


@dataclass(frozen=True)
class Given:
    """A manifest that a stage was given.

    Attributes:
        option: the option that named it: a stage, or ``segments``.
        stage: the stage that wrote it.
        result: checksum of that stage's result, from ``result_hash``.
    """

    option: str
    stage: str
    result: str


@dataclass(frozen=True)
class RanCode:
    """The code of a stage's process, as it was when the process began.

    Attributes:
        code: 16 digits from ``runner.code_hash``; None where it was not recorded.
        git_commit: None: it is no clone.
        git_dirty: whether files differed from the commit.
        lock_hash: checksum of the list of all packages of its environment.
    """

    code: str | None
    git_commit: str | None
    git_dirty: bool | None
    lock_hash: str


@dataclass(frozen=True)
class IntermediateFile:
    """A file that is neither read nor made for others, and why it is kept or not."""

    path: str
    size_bytes: int
    retained: bool
    reason: str


@dataclass(frozen=True)
class Model:
    """Weights that a stage used: name, commit (where known) and checksum of the main file (where it has one)."""

    name: str
    revision: str | None
    checksum: str | None


@dataclass(frozen=True)
class Software:
    """Everything that was run.

    Attributes:
        samvad: its version.
        git_commit: when the process began, as all that is said of the code.
        git_dirty: whether files differed from the commit.
        environment: name of the file in ``envs/``.
        lock_hash: checksum of the list of all its packages.
        tools: versions of programs and libraries by name.
        device_requested: ``cpu``, ``cuda`` or ``auto``; None where the stage has no choice.
        device_actual: the one that was used; of a GPU its number and name.
        engines: what ran the models; none in manifests of before that was recorded.
        code: 16 digits that stand for all the code and data of the stage, as in its rule's parameter; None likewise.
    """

    samvad: str
    git_commit: str | None
    git_dirty: bool | None
    environment: str
    lock_hash: str
    python: str
    tools: dict[str, str]
    models: tuple[Model, ...]
    device_requested: str | None
    device_actual: str | None
    engines: tuple[computing.Engine, ...] = ()
    code: str | None = None


@dataclass(frozen=True)
class Host:
    """The machine; its memory in MiB. Manifests of before its processor was recorded do not name that."""

    name: str
    system: str
    processor: str = field(default="unknown", kw_only=True)
    cpus: int
    memory_mb: float


@dataclass(frozen=True)
class ResourceUsage:
    """What a stage used. Times in seconds, memory in MiB.

    Attributes:
        cores: processor cores that it was given; None in older manifests.
        cpu_energy_joules: its part of what the processors took, from ``runner.energy``; None: nothing tells.
        gpu_energy_joules: what the GPU took that it held; None: it held none, or nothing tells.
    """

    wall_seconds: float
    cpu_seconds: float
    cpu_percent: float
    peak_rss_mb: float
    peak_rss_method: str
    gpu_memory_mb: float | None = None
    gpu_memory_method: str = "none"
    cores: int | None = None
    cpu_energy_joules: float | None = None
    gpu_energy_joules: float | None = None


@dataclass(frozen=True)
class Metric:
    """A measured figure; its value is None where there was nothing to measure."""

    name: str
    value: float | str | bool | None
    unit: str


@dataclass(frozen=True)
class SpanRecord:
    """A part of a stage's work that has a name: how long, from when (seconds after the start), how often it began."""

    name: str
    started_after: float
    seconds: float
    times: int


@dataclass(frozen=True)
class NetworkUse:
    """How often a stage called a service, by the name of its endpoint, and how often it had to try again."""

    endpoint: str
    calls: int
    tried_again: int


@dataclass(frozen=True)
class CacheUse:
    """What the cache of results had to do with it.

    Attributes:
        key: checksum of all that the result depends on; None: this stage's results are not kept.
        hit: whether the result was taken from the cache.
        made_by: on a hit, the run that made the result.
    """

    key: str | None
    hit: bool
    made_by: str | None


@dataclass(frozen=True)
class ErrorRecord:
    """Why a stage failed; ``file`` is the one at fault, ``at_ms`` and ``segment`` what was being worked on."""

    timestamp: str
    type: str
    category: str
    message: str
    file: str | None
    traceback: str
    at_ms: int | None = None
    segment: int | None = None


@dataclass(frozen=True)
class StageWarning:
    """What a person should know, though the film went on."""

    timestamp: str
    message: str


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


def file_record(
    path: Path,
    kind: str,
    *,
    shown: str,
    checksum: str | None = None,
    media: MediaFacts | None = None,
    outside: bool = False,
) -> FileRecord:
    """Return the manifest's record of a file.

    Args:
        path: where it lies.
        kind: what it is, such as ``audio``.
        shown: the path to write down.
        checksum: known already (``sha256:…``), or None to take it now.
        media: facts of a media file.
        outside: whether no stage made it: then all by which it is known again is recorded.

    Raises:
        DiskError: it cannot be read.
    """
    with files.disk_errors(path, "read"), held_files.holding(path) as held:
        status = held.status
        inode, ctime_ns = (status.st_ino, status.st_ctime_ns) if outside else (None, None)
        taken = checksum or held.sha256()
        return FileRecord(kind, shown, status.st_size, status.st_mtime_ns, taken, media, inode, ctime_ns)


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


def variable_value(name: str) -> str:
    """Return eight digits that stand for what a variable of the environment holds, a secret as a rule; empty: nothing.

    They tell one value from another, and no value can be found by them.
    """
    value = os.environ.get(name, "").strip()
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()[:8] if value else ""


def config_hash(config: Mapping[str, Option]) -> str:
    """Return the checksum of a stage's options, the same whatever their order."""
    canonical = json.dumps(config, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def ran_code(environment: str, code: str | None = None) -> RanCode:
    """Return what code stands in the project's folder now.

    Args:
        environment: name of the file in ``envs/``.
        code: its hash, where that is known.
    """
    commit, dirty = _git_state()
    return RanCode(code, commit, dirty, lock_hash(environment))


def lock_hash(environment: str) -> str:
    """Return the checksum of the list of all packages of an environment, by the name of its file in ``envs/``."""
    return files.sha256_of(schemas.ROOT / "envs" / f"{environment}.yaml")


def software(
    environment: str,
    ran: RanCode,
    tools: dict[str, str],
    models: list[Model],
    devices: tuple[str | None, str | None],
    engines: Sequence[computing.Engine] = (),
) -> Software:
    """Return the manifest's record of everything that was run.

    Args:
        environment: name of the file in ``envs/``.
        ran: its code.
        tools: versions by name.
        models: weights used.
        devices: requested and actual, the latter as it is shown to people.
        engines: what ran the models.
    """
    return Software(
        samvad=__version__,
        git_commit=ran.git_commit,
        git_dirty=ran.git_dirty,
        environment=environment,
        lock_hash=ran.lock_hash,
        python=platform.python_version(),
        tools=tools,
        models=tuple(models),
        device_requested=devices[0],
        device_actual=devices[1],
        engines=tuple(engines),
        code=ran.code,
    )


def host() -> Host:
    """Return the manifest's record of the machine."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Host(
        name=platform.node() or "unknown",
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        processor=computing.processor(),
        cpus=os.cpu_count() or 1,
        memory_mb=round(memory_bytes / (1 << 20), 1),
    )


def tool_version(command: str) -> str:
    """Return the version that a program prints of itself.

    Raises:
        MissingToolError: it is not installed.
    """
    executable = shutil.which(command)
    if executable is None:
        raise MissingToolError(
            f"The program {command} is not installed.", "Run `make setup`, which installs it or says how."
        )
    memo = checksums.version_memo(Path(executable))
    # ffmpeg takes a tenth of a second to say it, in every stage that uses it.
    if memo is not None and memo.is_file() and (known := outside.read_text(memo).strip()):
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


#: Files of the project that its own commands write, and that are no code: the film sheet, by ``make film``.
_STATE = ("config/films.tsv",)


def _git_state() -> tuple[str | None, bool | None]:
    def git(*arguments: str) -> str | None:
        try:
            return subprocesses.ask(["git", "-C", str(schemas.ROOT), *arguments]).strip()
        except ToolError:
            return None

    commit = git("rev-parse", "HEAD")
    status = git("status", "--porcelain", "--untracked-files=no", "--", ".", *(f":(exclude){path}" for path in _STATE))
    return commit, None if status is None else bool(status)
