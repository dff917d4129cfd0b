"""A bucket of a store of objects (Amazon's S3, and those that speak its language), as boto3 speaks with it.

A file of more than ``PART_BYTES`` goes in parts, of which the store keeps those that it has until the upload is ended
or aborted ("Uploading and copying objects using multipart upload" in Amazon's documentation). After a cut they are
asked for, compared with the file, and only what is missing is sent.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import math
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core.console import printable
from samvad.core.errors import ConfigurationError, NetworkError
from samvad.media import addresses
from samvad.models import patience

#: A file of more than this goes in parts of this; every part but the last must have 5 MiB.
PART_BYTES = 8 << 20
#: So many parts an upload may have.
_MOST_PARTS = 10_000
#: Parts that are sent at once: each is in memory meanwhile.
_AT_ONCE = 4
_MARK = "samvad-sha256"
#: Tries of one request, with the pauses of botocore's "standard" mode between.
_TRIES = 4
#: What S3 calls a refusal, by kind.
_DENIED = frozenset({"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "401"})
_ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
_NO_UPLOAD = frozenset({"NoSuchUpload", "404"})


@dataclass(frozen=True)
class Held:
    """What a store says of an object; ``sha256`` is empty where Samvad did not send it."""

    size_bytes: int
    sha256: str
    etag: str


@dataclass(frozen=True)
class Upload:
    """An upload in parts that was begun: what has arrived of it lies in the store until it is ended or aborted.

    Attributes:
        bucket, key: of the object that it will be.
        upload_id: the store's name of it.
        sha256: of the whole file, 64 digits.
        part_bytes: of each part but the last.
    """

    bucket: str
    key: str
    upload_id: str
    sha256: str
    part_bytes: int


@dataclass(frozen=True)
class _Part:
    number: int
    start: int
    size_bytes: int


class Store:
    """A bucket."""

    def __init__(self, client: Any, bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    def held(self, key: str) -> Held | None:
        """Return what the store holds under a name; None: nothing."""
        from botocore.exceptions import ClientError

        try:
            told = self.client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if _code(error) in _ABSENT:
                return None
            raise
        return Held(told["ContentLength"], told.get("Metadata", {}).get(_MARK, ""), told.get("ETag", ""))

    def send(
        self,
        path: Path,
        key: str,
        digest: str,
        begun: Upload | None = None,
        note: Callable[[Upload], None] | None = None,
    ) -> int:
        """Send a file; return how many of its bytes the store had already, from an upload that was cut off.

        Args:
            path: the file.
            key: the object's name.
            digest: the file's SHA-256, 64 digits; the object carries it as metadata.
            begun: an upload of this file that was cut off; where the store knows it no longer, another is begun.
            note: is told of a new upload in parts before its first part is sent, so that it can be found again.
        """
        size = path.stat().st_size
        kind = _KINDS.get(path.suffix.lower(), "application/octet-stream")
        extra = {"Metadata": {_MARK: digest}, "ChecksumAlgorithm": "SHA256", "ContentType": kind}
        if size <= PART_BYTES:
            with path.open("rb") as file:
                self.client.put_object(Bucket=self.bucket, Key=key, Body=file, **extra)
            return 0
        arrived = self._arrived(begun) if begun is not None else None
        if begun is None or arrived is None:
            told = self.client.create_multipart_upload(Bucket=self.bucket, Key=key, **extra)
            begun, arrived = Upload(self.bucket, key, told["UploadId"], digest, _part_bytes(size)), {}
            if note is not None:
                note(begun)
        return self._send_parts(path, size, begun, arrived)

    def abort(self, upload: Upload) -> None:
        """Let the store forget an upload and its parts; one that it does not know is none."""
        from botocore.exceptions import ClientError

        try:
            self.client.abort_multipart_upload(Bucket=upload.bucket, Key=upload.key, UploadId=upload.upload_id)
        except ClientError as error:
            if _code(error) not in _NO_UPLOAD:
                raise

    def remove(self, key: str) -> None:
        """Take an object away."""
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def _arrived(self, upload: Upload) -> dict[int, Mapping[str, Any]] | None:
        """Return what the store says of each part that it has; None: it knows no such upload."""
        from botocore.exceptions import ClientError

        pages = self.client.get_paginator("list_parts").paginate(
            Bucket=self.bucket, Key=upload.key, UploadId=upload.upload_id
        )
        try:
            return {part["PartNumber"]: part for page in pages for part in page.get("Parts", ())}
        except ClientError as error:
            if _code(error) in _NO_UPLOAD:
                return None
            raise

    def _send_parts(self, path: Path, size: int, upload: Upload, arrived: Mapping[int, Mapping[str, Any]]) -> int:
        parts = [
            _Part(number, start, min(upload.part_bytes, size - start))
            for number, start in enumerate(range(0, size, upload.part_bytes), 1)
        ]
        with path.open("rb") as file, ThreadPoolExecutor(_AT_ONCE) as pool:

            def send(part: _Part) -> tuple[dict[str, Any], int]:
                body = os.pread(file.fileno(), part.size_bytes, part.start)
                checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
                there = arrived.get(part.number)
                had = there is not None and _is_part(there, body, checksum)
                etag = there["ETag"] if there is not None and had else self._send_part(upload, part, body, checksum)
                return {"PartNumber": part.number, "ETag": etag, "ChecksumSHA256": checksum}, had * len(body)

            tasks = [pool.submit(send, part) for part in parts]
            try:
                done = [task.result() for task in tasks]
            except BaseException:
                pool.shutdown(cancel_futures=True)  # no more parts are begun where one could not be sent
                raise
        self.client.complete_multipart_upload(
            Bucket=self.bucket,
            Key=upload.key,
            UploadId=upload.upload_id,
            MultipartUpload={"Parts": [part for part, _ in done]},
        )
        return sum(had for _, had in done)

    def _send_part(self, upload: Upload, part: _Part, body: bytes, checksum: str) -> str:
        told = self.client.upload_part(
            Bucket=self.bucket,
            Key=upload.key,
            UploadId=upload.upload_id,
            PartNumber=part.number,
            Body=body,
            ChecksumSHA256=checksum,
        )
        etag: str = told["ETag"]
        return etag


def _part_bytes(size_bytes: int) -> int:
    """Return how large a file's parts are: whole MiB, and no more parts than an upload may have."""
    mebibytes = math.ceil(size_bytes / _MOST_PARTS / (1 << 20))
    return max(PART_BYTES, mebibytes << 20)


def _is_part(there: Mapping[str, Any], body: bytes, checksum: str) -> bool:
    """Return whether a part that the store has is these bytes: by its SHA-256, or by its tag where it tells no other.

    The tag is the MD5 of the part, but where the store encrypts by keys of somebody's: then it agrees with nothing, and
    the part is sent again.
    """
    if there.get("Size") != len(body):
        return False
    if told := there.get("ChecksumSHA256"):
        return bool(told == checksum)
    return bool(there["ETag"].strip('"') == hashlib.md5(body, usedforsecurity=False).hexdigest())


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


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


def credentials(environ: Mapping[str, str]) -> dict[str, str | None]:
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


def opened(bucket: str) -> Store:
    """Return a bucket, with the credentials and the place that the environment names; nothing is asked yet.

    Raises:
        ConfigurationError: they are missing, or no good.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    region, endpoint = addresses.store_place(os.environ)
    seconds = patience.policy().timeout_seconds
    try:
        client = boto3.session.Session(**credentials(os.environ)).client(
            "s3",
            region_name=region,
            endpoint_url=endpoint,
            config=Config(
                connect_timeout=seconds,
                read_timeout=seconds,
                max_pool_connections=_AT_ONCE,
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
    return Store(client, bucket)


@contextlib.contextmanager
def refusals(address: str) -> Iterator[None]:
    """Turn what boto3 raises into errors that a user can act on; none names a key or a signature."""
    from botocore.exceptions import BotoCoreError, ClientError

    shown = printable(address)
    try:
        yield
    except ClientError as error:
        code = _code(error)
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
