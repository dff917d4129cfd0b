"""A finished film's results in a store of objects, ``s3://BUCKET/PREFIX``: whole, checked, never over others' files.

Each object carries the SHA-256 of its bytes as metadata (``samvad-sha256``), which tells what is there already from
what is to be sent. The store checks each part that it receives against a checksum of its own (SHA-256, "Checking object
integrity"); after that it is asked what it holds. The job's manifest goes last: where it is, all else is.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import posixpath
import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import stages, times, typed_json
from samvad.core.console import printable
from samvad.core.errors import ChangedFileError, ConfigurationError, NetworkError
from samvad.documents import job_folder, job_manifest
from samvad.documents.job_folder import Job
from samvad.media import addresses
from samvad.models import http

#: The record in the job's folder.
RECORD = "delivered.json"
#: The stages whose outputs are results.
_STAGES = ("subtitle_gen", "mux")
_MARK = "samvad-sha256"
_BLOCK_BYTES = 1 << 20
#: Tries of one request, with the pauses of botocore's "standard" mode between.
_TRIES = 4
#: What S3 calls a refusal, by kind.
_DENIED = frozenset({"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "401"})
_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})


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
    """What a job has in a store; ``extra``: keys that this version does not know."""

    schema_version: str = "1.0"
    address: str
    delivered_at: str
    files: tuple[Sent, ...] = ()
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
    _credentials(os.environ)


def deliver(folder: Path, root: Path, address: str, tell: Callable[[str], None]) -> Record:
    """Send a finished job's results, and make sure that the store has them; return what is there.

    Args:
        folder: the job's.
        root: of all jobs: below the address a job lies as it does there.
        address: ``s3://BUCKET/PREFIX``, with spaces as %20.
        tell: is told what is sent, a line a file.

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
    bucket, _, prefix = urllib.parse.unquote(address[5:]).partition("/")
    below = _below(folder, root)
    store = _store(bucket)
    due = [(path, posixpath.join(prefix.strip("/"), below, path), digest) for path, digest in _results(job)]
    with _refusals(address):
        there = {key: store.held(key) for _, key, _ in due}
        if others := [key for key, held in there.items() if held and not held.sha256]:
            raise ConfigurationError(
                f"s3://{bucket}/{others[0]} is there, and Samvad did not send it.", "Name another prefix."
            )
        sent = []
        for path, key, digest in due:
            file = folder / path
            held = there[key]
            if held is None or (held.sha256, held.size_bytes) != (digest, file.stat().st_size):
                tell(f"s3://{bucket}/{key}")
                store.send(file, key, digest)
                held = store.held(key)
                if _sha256(file) != digest:
                    raise ChangedFileError(f"{file} was changed while it was sent.", "Run the same command again.")
            if held is None or (held.sha256, held.size_bytes) != (digest, file.stat().st_size):
                raise NetworkError(f"s3://{bucket}/{key} does not hold what was sent there.", "Try again.")
            sent.append(Sent(path, key, held.size_bytes, digest, held.etag))
    record = Record(address=address, delivered_at=times.utc_now(), files=tuple(sent))
    typed_json.write(folder / RECORD, record)
    return record


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


@dataclass(frozen=True)
class _Held:
    """What a store says of an object; ``sha256`` is empty where Samvad did not send it."""

    size_bytes: int
    sha256: str
    etag: str


class _Store:
    """A bucket, as boto3 speaks with it."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def held(self, key: str) -> _Held | None:
        from botocore.exceptions import ClientError

        try:
            told = self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _ABSENT:
                return None
            raise
        return _Held(told["ContentLength"], told.get("Metadata", {}).get(_MARK, ""), told.get("ETag", ""))

    def send(self, path: Path, key: str, digest: str) -> None:
        kind = _KINDS.get(path.suffix.lower(), "application/octet-stream")
        extra = {"Metadata": {_MARK: digest}, "ChecksumAlgorithm": "SHA256", "ContentType": kind}
        self._client.upload_file(str(path), self._bucket, key, ExtraArgs=extra)


#: What a browser that opens an object is told that it is.
_KINDS = {
    ".ass": "text/x-ssa; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".jpg": "image/jpeg",
    ".mkv": "video/x-matroska",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".srt": "application/x-subrip; charset=utf-8",
    ".tsv": "text/tab-separated-values; charset=utf-8",
    ".ttml": "application/ttml+xml",
    ".txt": "text/plain; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
}


def _credentials(environ: Mapping[str, str]) -> dict[str, str | None]:
    """Return the keys that the environment names: from nowhere else, so that nobody's are taken by chance."""
    identity, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if not (identity and secret):
        raise ConfigurationError(
            "There are no credentials for a store of objects.",
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_REGION).",
        )
    return {
        "aws_access_key_id": identity,
        "aws_secret_access_key": secret,
        "aws_session_token": environ.get("AWS_SESSION_TOKEN"),
    }


def _store(bucket: str) -> _Store:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    region, endpoint = addresses.store_place(os.environ)
    seconds = http.policy().timeout_seconds
    try:
        client = boto3.session.Session(**_credentials(os.environ)).client(
            "s3",
            region_name=region,
            endpoint_url=endpoint,
            config=Config(
                connect_timeout=seconds,
                read_timeout=seconds,
                retries={"mode": "standard", "total_max_attempts": _TRIES},
                # Stores that are not Amazon's know a bucket by its path alone.
                s3={"addressing_style": "path" if endpoint else "auto"},
                # A file of somebody's must not send the film elsewhere.
                ignore_configured_endpoint_urls=True,
            ),
        )
    except BotoCoreError as error:  # of a region, a profile that is not there, a file that is none
        raise ConfigurationError(
            f"No store can be asked: {printable(str(error))}",
            "Correct the variables that begin with AWS_, or unset those that are not needed.",
        ) from None
    return _Store(client, bucket)


@contextlib.contextmanager
def _refusals(address: str) -> Iterator[None]:
    """Turn what boto3 raises into errors that a user can act on; none names a key or a signature."""
    from boto3.exceptions import S3UploadFailedError
    from botocore.exceptions import BotoCoreError, ClientError

    shown = printable(address)
    try:
        yield
    except (ClientError, S3UploadFailedError) as error:
        found = error if isinstance(error, ClientError) else error.__context__
        code = str(found.response.get("Error", {}).get("Code", "")) if isinstance(found, ClientError) else ""
        if code in _DENIED:
            raise ConfigurationError(
                f"The store does not let these credentials write to {shown} ({code}).",
                "Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or what they may do.",
            ) from None
        if code == "NoSuchBucket":
            raise ConfigurationError(f"There is no bucket for {shown}.", "Make it first.") from None
        raise NetworkError(f"The store of {shown} refused ({code or type(error).__name__}).", "Try again.") from None
    except BotoCoreError as error:
        raise NetworkError(
            f"The store of {shown} cannot be reached, or broke off ({type(error).__name__}).", "Try again."
        ) from None


def as_dict(record: Record) -> dict[str, Any]:
    """Return a record for ``--json``."""
    return asdict(record)
