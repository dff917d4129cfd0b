"""What a stage manifest is made of: the records of files, figures, warnings and whatever else it lists."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from samvad.core import files, held_files, typed_json
from samvad.documents.media_facts import MediaFacts


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
class IntermediateFile:
    """A file that is neither read nor made for others, and why it is kept or not."""

    path: str
    size_bytes: int
    retained: bool
    reason: str


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


def variable_value(name: str) -> str:
    """Return eight digits that stand for what a variable of the environment holds, a secret as a rule; empty: nothing.

    They tell one value from another, and no value can be found by them.
    """
    value = os.environ.get(name, "").strip()
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()[:8] if value else ""
