"""A finished film's results in a store of objects, ``s3://BUCKET/PREFIX``: whole, checked, never over others' files.

Each object carries the SHA-256 of its bytes as metadata (``samvad-sha256``), which tells what is there already from
what is to be sent. The store checks each part that it receives against a checksum of its own (SHA-256, "Checking object
integrity"); after that it is asked what it holds. The job's manifest goes last: where it is, all else is.

What was cut off is gone on with inside of a file: ``delivering.json`` of the job's folder names the uploads that were
begun. It also has why the last try failed, and how many have. Nothing is taken away or aborted but what records of this
job name, below its own place, and what still carries the checksum that Samvad gave it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import posixpath
import re
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from samvad.core import locks, stages, times, typed_json
from samvad.core.console import printable
from samvad.core.errors import ChangedFileError, ConfigurationError, NetworkError, SamvadError
from samvad.documents import job_folder, job_manifest
from samvad.documents.job_folder import Job
from samvad.media import addresses
from samvad.reporting import object_store
from samvad.reporting.object_store import Held, Upload

#: The records in the job's folder: of what is there, and of what is not there yet.
RECORD, UNDER_WAY = "delivered.json", "delivering.json"
#: The stages whose outputs are results.
_STAGES = ("subtitle_gen", "mux")
#: The first pause after a delivery that failed, doubled with each, and the longest.
FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 60, 3600


@dataclass(frozen=True)
class Sent:
    """An object that holds a file of the job.

    Attributes:
        file: the file, relative to the job's folder.
        key: the object's name in its bucket.
        size_bytes: of both.
        sha256: of both, 64 digits.
        etag: the store's tag of the object.
    """

    file: str
    key: str
    size_bytes: int
    sha256: str
    etag: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a job has in a store; ``extra``: keys that this version does not know.

    Attributes:
        left: what was sent before and is no result any more, such as a track that was taken out; still there.
    """

    schema_version: str = "1.0"
    address: str
    delivered_at: str
    files: tuple[Sent, ...] = ()
    left: tuple[Sent, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class UnderWay:
    """What is not in a store yet; ``extra``: keys that this version does not know.

    Attributes:
        failures: tries that failed, one after the other.
        failed_at: when the last one did; None: none has.
        reason: why, for people.
        uploads: those that were begun in parts, and were not ended.
    """

    schema_version: str = "1.0"
    address: str
    failures: int = 0
    failed_at: str | None = None
    reason: str = ""
    uploads: tuple[Upload, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


def check(address: str) -> None:
    """Make sure that results can go to an address.

    Raises:
        ConfigurationError: it is none of a store of objects, or there are no credentials for one.
    """
    bucket = re.fullmatch(r"s3://([^/]+)(/.*)?", address, re.IGNORECASE)
    if bucket is None:
        raise ConfigurationError(f"{printable(address)} is no store of objects.", "Write s3://BUCKET/PREFIX.")
    addresses.check(f"s3://{bucket[1]}/{(bucket[2] or '').strip('/') or 'x'}")
    object_store.credentials(os.environ)


def deliver(
    folder: Path, root: Path, address: str, tell: Callable[[str], None], *, remove_left: bool = False
) -> Record:
    """Send a finished job's results, and make sure that the store has them; return what is there.

    Args:
        folder: the job's.
        root: of all jobs: below the address a job lies as it does there.
        address: ``s3://BUCKET/PREFIX``, with spaces as %20.
        tell: is told what is sent, a line a file.
        remove_left: whether what was sent before, and is no result any more, is taken away.

    Raises:
        ConfigurationError: the film is not done, the address or its credentials are no good, or an object there is
            somebody else's.
        ChangedFileError: a file is not what its stage has made.
        NetworkError: the store does not answer, or does not hold what was sent.
    """
    check(address)
    job = job_folder.load(folder)
    if job_manifest.status(folder) != "success":
        raise ConfigurationError(f"{folder} is not done.", "Run the film first.")
    # Two that send the same film would end each other's uploads.
    with locks.exclusive(folder / ".locks" / "delivery"):
        try:
            with object_store.refusals(address):
                return _Delivery(job, root, address, tell).run(remove_left)
        except (SamvadError, OSError) as error:
            way = _under_way(folder, address)
            failed = replace(way, failures=way.failures + 1, failed_at=times.utc_now(), reason=str(error))
            with contextlib.suppress(SamvadError, OSError):  # a disk that is full is told of as what it is
                typed_json.write(folder / UNDER_WAY, failed)
            raise


def pause_seconds(folder: Path, address: str) -> float | None:
    """Return how long to wait before a done film's results are sent; 0: now. None: all are there, as they are.

    After a try that failed it is a minute, and twice as long after each further one, up to an hour.
    """
    with contextlib.suppress(SamvadError, OSError):
        there = typed_json.read(folder / RECORD, Record, "record of a delivery", "Remove it.")
        digest = _sha256(job_manifest.path_of(folder))
        if _place(there.address) == _place(address) and there.files and there.files[-1].sha256 == digest:
            return None
    way = _under_way(folder, address)
    if not way.failures or way.failed_at is None:
        return 0.0
    pause = min(FIRST_PAUSE_SECONDS * 2.0 ** min(way.failures - 1, 16), _LONGEST_PAUSE_SECONDS)
    passed = times.seconds_between(way.failed_at, times.utc_now())
    return max(0.0, pause - passed) if passed >= 0 else 0.0  # a clock that was ahead holds nothing up


class _Delivery:
    """One try to bring a job's results into a store."""

    def __init__(self, job: Job, root: Path, address: str, tell: Callable[[str], None]) -> None:
        self._job = job
        self._folder = job.folder
        self._address = address
        self._tell = tell
        bucket, prefix = _place(address)
        #: Below it lies what is this job's, and nothing else.
        self._own = posixpath.join(prefix, _below(job.folder, root)) + "/"
        self._store = object_store.opened(bucket)
        self._way = _under_way(job.folder, address)

    def run(self, remove_left: bool) -> Record:
        due = [(path, self._own + path, digest) for path, digest in _results(self._job)]
        there = {key: self._store.held(key) for _, key, _ in due}
        if others := [key for key, held in there.items() if held and not held.sha256]:
            raise ConfigurationError(
                f"{self._named(others[0])} is there, and Samvad did not send it.", "Name another prefix."
            )
        for upload in self._uploads():
            if (upload.key, upload.sha256) not in {(key, digest) for _, key, digest in due}:
                self._end(upload)  # of a file that was made anew, or is no more
        sent = [self._send(path, key, digest, there[key]) for path, key, digest in due]
        left = self._left({key for _, key, _ in due}, remove_left)
        record = Record(address=self._address, delivered_at=times.utc_now(), files=tuple(sent), left=tuple(left))
        typed_json.write(self._folder / RECORD, record)
        for upload in self._uploads():
            self._end(upload)
        if self._way.uploads:  # in other buckets
            self._note(UnderWay(address=self._address, uploads=self._way.uploads))
        else:
            (self._folder / UNDER_WAY).unlink(missing_ok=True)
        return record

    def _send(self, path: str, key: str, digest: str, held: Held | None) -> Sent:
        file = self._folder / path
        if not _is(held, file, digest):
            self._tell(self._named(key))
            begun = next((item for item in self._uploads() if (item.key, item.sha256) == (key, digest)), None)
            had = self._store.send(file, key, digest, begun, self._begin)
            if had:
                self._tell(f"{self._named(key)}: {had / 1e6:.1f} MB were there of a try before")
            self._forget(lambda upload: (upload.bucket, upload.key) == (self._store.bucket, key))
            held = self._store.held(key)
            if _sha256(file) != digest:
                raise ChangedFileError(f"{file} was changed while it was sent.", "Run the same command again.")
        if held is None or not _is(held, file, digest):
            raise NetworkError(f"{self._named(key)} does not hold what was sent there.", "Try again.")
        return Sent(path, key, held.size_bytes, digest, held.etag)

    def _left(self, keys: set[str], remove: bool) -> Iterator[Sent]:
        """Yield what was sent before, is no result any more, and is still there; take it away instead, if wished."""
        before = self._before()
        for item in {item.key: item for item in (*before.left, *before.files)}.values() if before else ():
            if item.key in keys or not item.key.startswith(self._own):
                continue
            held = self._store.held(item.key)
            if held is None or held.sha256 != item.sha256:  # gone, or somebody's by now
                continue
            if remove:
                self._store.remove(item.key)
                self._tell(f"{self._named(item.key)} is no result any more, and was taken away")
            else:
                yield item

    def _before(self) -> Record | None:
        path = self._folder / RECORD
        if not path.is_file():
            return None
        found = typed_json.read(path, Record, "record of a delivery", f"Remove it: what lies at {self._address} stays.")
        return found if _place(found.address) == _place(self._address) else None

    def _uploads(self) -> list[Upload]:
        """Return the uploads of this job that were begun in this bucket."""
        own = [item for item in self._way.uploads if item.bucket == self._store.bucket]
        return [item for item in own if item.key.startswith(self._own)]

    def _begin(self, upload: Upload) -> None:
        kept = [item for item in self._way.uploads if (item.bucket, item.key) != (upload.bucket, upload.key)]
        self._note(replace(self._way, uploads=(*kept, upload)))

    def _end(self, upload: Upload) -> None:
        self._store.abort(upload)
        self._forget(lambda other: other == upload)

    def _forget(self, is_over: Callable[[Upload], bool]) -> None:
        kept = tuple(upload for upload in self._way.uploads if not is_over(upload))
        if kept != self._way.uploads:
            self._note(replace(self._way, uploads=kept))

    def _note(self, way: UnderWay) -> None:
        self._way = way
        typed_json.write(self._folder / UNDER_WAY, way)

    def _named(self, key: str) -> str:
        return f"s3://{self._store.bucket}/{key}"


def _place(address: str) -> tuple[str, str]:
    """Return the bucket of an address, and what its objects' names begin with."""
    bucket, _, prefix = urllib.parse.unquote(address[5:]).partition("/")
    return bucket, prefix.strip("/")


def _under_way(folder: Path, address: str) -> UnderWay:
    """Return what is known of tries before; uploads count wherever they went, failures for this address alone."""
    path = folder / UNDER_WAY
    if not path.is_file():
        return UnderWay(address=address)
    try:
        found = typed_json.read(path, UnderWay, "record of a delivery", "Remove it.")
    except ChangedFileError:  # it saves work; what lies in the store is asked for
        return UnderWay(address=address)
    return found if _place(found.address) == _place(address) else UnderWay(address=address, uploads=found.uploads)


def _is(held: Held | None, file: Path, digest: str) -> bool:
    return held is not None and (held.sha256, held.size_bytes) == (digest, file.stat().st_size)


def _below(folder: Path, root: Path) -> str:
    """Return a job's place below the folder of all jobs, or the last part of it where it lies elsewhere."""
    try:
        return folder.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return "/".join(folder.resolve().parts[-5:])


def _results(job: Job) -> Iterator[tuple[str, str]]:
    """Yield each result's path in the job's folder and its SHA-256; the manifest of the job comes last.

    Raises:
        ChangedFileError: one is not what its stage has made, or was made of what is no more.
    """
    made: dict[str, str] = {}
    for name in _STAGES:
        record = job.final.get(name)
        if record is None:
            continue
        if record.valid is None:
            raise ChangedFileError(f"{record.path} cannot be relied upon.", "Run the film again.")
        # As after `--only subtitle_gen`: the film would have other subtitles than the files beside it.
        folders = {path.partition("/")[0] for path in made}
        read = [item for item in record.valid.inputs if item.path.partition("/")[0] in folders]
        if old := [item.path for item in read if made.get(item.path) != item.checksum]:
            raise ChangedFileError(
                f"{job.folder / old[0]} was made anew since stage {record.stage.folder} read it.", "Run the film again."
            )
        made |= {item.path: item.checksum for item in record.valid.outputs}
        for item in record.valid.outputs:
            digest = _sha256(job.folder / item.path)
            if f"sha256:{digest}" != item.checksum:
                raise ChangedFileError(
                    f"{job.folder / item.path} is not what stage {stages.BY_NAME[name].folder} has made.",
                    "Run the film again.",
                )
            yield item.path, digest
        manifest = record.path.relative_to(job.folder).as_posix()
        yield manifest, _sha256(record.path)
    yield "manifest.json", _sha256(job_manifest.path_of(job.folder))


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ChangedFileError(f"{path} cannot be read ({error.strerror}).", "Run the film again.") from None


def as_dict(record: Record) -> dict[str, Any]:
    """Return a record for ``--json``."""
    return asdict(record)
