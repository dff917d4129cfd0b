"""Films that lie elsewhere: ``https://…`` and ``s3://BUCKET/KEY``; how they are asked for, and what they are now.

What S3 is asked is signed in the address (Signature Version 4, "Authenticating Requests: Using Query Parameters"), so
that one way to read serves both. Credentials, region and endpoint come from the variables that all of AWS's programs
know: ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_SESSION_TOKEN``, ``AWS_REGION``, ``AWS_ENDPOINT_URL_S3``.
Without a key nothing is signed, and only what is public can be read. Other servers get the header ``Authorization``
that ``SAMVAD_FILM_CREDENTIALS`` has for their host, and no other host gets it. An address holds no secret: it stands in
records.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http.client import HTTPException, HTTPResponse
from typing import Any

from samvad.core import outside, variables
from samvad.core.console import printable
from samvad.core.errors import ConfigurationError, MediaError, NetworkError
from samvad.models import http, patience

_REMOTE = re.compile(r"(s3|https?)://", re.IGNORECASE)
#: Parts of an address's query that give access, by whoever's name for them.
_SECRET = re.compile(
    r"(sig|signature|token|key|secret|credential|password|passwd|pwd|auth|jwt|awsaccesskeyid)$", re.IGNORECASE
)
#: S3's names of buckets.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
#: A signed address is good for so many seconds: one request, however long its answer takes.
_GOOD_FOR_SECONDS = 900
#: Requests in a second, at most.
_RATE = 100.0
_MD5 = re.compile(r'"([0-9a-f]{32})"')


@dataclass(frozen=True)
class Facts:
    """What a server says of a film.

    Attributes:
        size_bytes: its size.
        etag: its entity tag, with its quotes; empty where the server says none.
        modified: when it was changed, as the server writes it; empty where it does not say.
        md5: checksum of its bytes, where the tag is known to be one; else empty.
    """

    size_bytes: int
    etag: str
    modified: str
    md5: str

    @property
    def fingerprint(self) -> str:
        """Return 16 digits that tell these bytes from others, as far as the server says."""
        told = f"{self.size_bytes} {self.etag or self.modified}"
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def unchanged(self) -> dict[str, str]:
        """Return the header of a request that is to be answered only while the film is the same, where one can be."""
        if self.etag and not self.etag.startswith("W/"):
            return {"If-Match": self.etag}
        return {"If-Unmodified-Since": self.modified} if self.modified else {}


def is_remote(media: str) -> bool:
    """Say whether a film's place is an address, and no path."""
    return _REMOTE.match(media) is not None


def check(address: str) -> None:
    """Make sure that an address can be asked for, and may stand in records.

    Raises:
        ConfigurationError: it is none, or holds a password or a key.
    """
    try:
        parts = urllib.parse.urlsplit(address)
        named = parts.hostname and parts.path.strip("/") and (parts.port or True)
    except ValueError:
        named = None
    shown = printable(re.split("[?#]", address)[0].rpartition("@")[2])
    if not named or re.search(r"[\0-\x20\x7f]", address):
        remedy = "Write s3://BUCKET/KEY or https://HOST/PATH, with spaces as %20."
        raise ConfigurationError(f"{shown} is no address of a film.", remedy)
    if parts.scheme.lower() == "s3" and (not _BUCKET.fullmatch(parts.netloc) or parts.query or parts.fragment):
        raise ConfigurationError(f"{shown} is no address of an object in S3.", "Write s3://BUCKET/KEY.")
    if "@" in parts.netloc or any(
        _SECRET.search(name) for part in (parts.query, parts.fragment) for name in urllib.parse.parse_qs(part)
    ):
        raise ConfigurationError(
            f"The address of {shown} holds a password or a key, and addresses stand in records.",
            "Leave it out. S3's keys are taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        )


def look(address: str) -> Facts:
    """Ask what a film is now: its size and tag, and nothing of its bytes.

    Raises:
        ConfigurationError: the address is no good, or the server wants other credentials.
        MediaError: there is no such film, or the server does not say how large it is.
        NetworkError: no answer.
    """
    check(address)

    def ask() -> Facts:
        with opened(address, "HEAD") as answer:
            return _facts(address, answer)

    # A shelf is asked for all at once: the rate is that of a store of files, not of a service such as TMDB.
    return http.call(endpoint(address), endpoint(address), ask, replace(patience.policy(), requests_per_second=_RATE))


def opened(address: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> HTTPResponse:
    """Send one request, and return the answer when it begins.

    Raises:
        TransientError: it failed in a way that may pass.
        ConfigurationError: the server wants other credentials.
        MediaError: there is no such film.
        ChangedError: it is not what ``If-Match`` names.
    """
    url = request_url(address, method, os.environ, datetime.datetime.now(datetime.UTC))
    request = urllib.request.Request(url, method=method, headers={"Accept-Encoding": "identity", **(headers or {})})
    if authorization := _authorization(address, os.environ):
        request.add_unredirected_header("Authorization", authorization)  # to wherever that server may lead
    try:
        answer: HTTPResponse = _opener(address).open(request, timeout=patience.policy().timeout_seconds)
    except urllib.error.HTTPError as error:
        error.close()
        raise _refused(address, error.code) from None
    except (OSError, HTTPException) as error:
        raise http.TransientError(f"cannot be reached ({getattr(error, 'reason', error)})") from None
    return answer


class ChangedError(Exception):
    """The film is another than the one that was asked for."""


def _refused(address: str, code: int) -> Exception:
    if code in http.TRANSIENT_STATUSES:
        return http.TransientError(f"answered with status {code}")
    if code == 412:
        return ChangedError()
    shown = printable(address)
    if code in (401, 403):
        known = f"Correct what {variables.FILM_CREDENTIALS} has for it."
        unknown = f"""Set {variables.FILM_CREDENTIALS} to {{"{_host(address)}": "Bearer …"}}, or "Basic …"."""
        remedy = known if _authorization(address, os.environ) else unknown
        if _is_s3(address):
            remedy = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_REGION)."
        return ConfigurationError(f"{endpoint(address)} does not let {shown} be read (status {code}).", remedy)
    if code in (404, 410):
        return MediaError(f"There is no film at {shown} (status {code}).", "Correct the column media.")
    return NetworkError(f"{endpoint(address)} answered with status {code} when asked for {shown}.")


def _host(address: str) -> str:
    """Return the server's name, and its port where that is not the usual one."""
    parts = urllib.parse.urlsplit(_plain(address))
    host = (parts.hostname or "").lower()
    return (
        host if parts.port in (None, {"https": 443, "http": 80}.get(parts.scheme.lower())) else f"{host}:{parts.port}"
    )


def _authorization(address: str, environ: Mapping[str, str]) -> str | None:
    """Return the header ``Authorization`` for an address, None where there is none for its host.

    Raises:
        ConfigurationError: the variable is no such list, or the address is not encrypted.
    """
    told = environ.get(variables.FILM_CREDENTIALS)
    if not told or _is_s3(address):
        return None
    try:
        found = outside.json_value(told.encode())
        named = {str(host).lower(): header for host, header in found.items()}
        whole = all(isinstance(header, str) and re.fullmatch(r"[!-~]+( [!-~]+)?", header) for header in named.values())
    except (ValueError, AttributeError):
        whole = False
    if not whole:
        what = f"The variable {variables.FILM_CREDENTIALS} is no list of headers by host."
        raise ConfigurationError(what, """Such as {"films.example.org": "Bearer …", "nas.local:8443": "Basic …"}.""")
    header: str | None = named.get(_host(address))
    parts = urllib.parse.urlsplit(address)
    if header and parts.scheme.lower() == "http" and parts.hostname not in _THIS_MACHINE:
        raise ConfigurationError(
            f"{printable(address)} is not encrypted, and would show its credentials.", "Use https."
        )
    return header


#: A connection to these leaves no machine.
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def _facts(address: str, answer: HTTPResponse) -> Facts:
    size = answer.headers.get("Content-Length", "")
    if not size.isdigit():
        what = (
            f"{endpoint(address)} does not say how large {printable(address)} is: nobody would know when it is whole."
        )
        raise MediaError(what, "Download the film, and name the file.")
    etag = answer.headers.get("ETag", "")
    # Of what was sent in one piece and is not encrypted with a key of its own, S3's tag is the MD5 of its bytes.
    plain = answer.headers.get("x-amz-server-side-encryption", "AES256") == "AES256"
    md5 = _MD5.fullmatch(etag) if _is_s3(address) and plain else None
    return Facts(int(size), etag, answer.headers.get("Last-Modified", ""), md5[1] if md5 else "")


def _is_s3(address: str) -> bool:
    return address[:5].lower() == "s3://"


def endpoint(address: str) -> str:
    """Return the name of the server, for messages and for counting its failures."""
    return http.address(request_url(address, "HEAD", {**os.environ, "AWS_ACCESS_KEY_ID": ""}, _NO_TIME))


_NO_TIME = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow no redirect with a signature, and none from an encrypted connection to one that is not."""

    def __init__(self, address: str) -> None:
        self._address = address

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if _is_s3(self._address):
            what = f"{endpoint(self._address)} says that {printable(self._address)} lies elsewhere (status {code})."
            raise NetworkError(what, "Set AWS_REGION to the bucket's region, or AWS_ENDPOINT_URL_S3.")
        if self._address.lower().startswith("https:") and not newurl.lower().startswith("https:"):
            raise NetworkError(f"{printable(self._address)} leads to a place that is not encrypted.", "Name another.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _plain(address: str) -> str:
    """Return an address as requests have it: in ASCII, whatever letters somebody has written."""
    parts = urllib.parse.urlsplit(address)
    try:
        host = parts.netloc.encode("idna").decode() if not parts.netloc.isascii() else parts.netloc
    except UnicodeError:
        raise ConfigurationError(
            f"{printable(address)} has a server's name that none can have.", "Correct it."
        ) from None
    path, query = (urllib.parse.quote(part, safe="%/:=&?~#+!$,;'@()*[]") for part in (parts.path, parts.query))
    return urllib.parse.urlunsplit((parts.scheme, host, path, query, ""))


def _opener(address: str) -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_Redirects(address))


def store_place(environ: Mapping[str, str]) -> tuple[str, str | None]:
    """Return the region of the store of objects, and its address where it is not Amazon's.

    Raises:
        ConfigurationError: the address is none.
    """
    store = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or None
    if store and not http.is_address(store, "http", "https"):
        what = "The variable AWS_ENDPOINT_URL_S3 (or AWS_ENDPOINT_URL) is no address of a server."
        raise ConfigurationError(what, "Such as https://minio.example.org:9000.")
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1", store


def request_url(
    address: str, method: str, environ: Mapping[str, str], now: datetime.datetime, seconds: int = _GOOD_FOR_SECONDS
) -> str:
    """Return the address that a server is asked for: of S3, the object's, signed where there is a key.

    Args:
        address: the film's.
        method: ``GET`` or ``HEAD``.
        environ: variables of the environment.
        now: the time, in UTC.
        seconds: how long a signed address is good.

    Raises:
        ConfigurationError: the address, or that of the store, is none.
    """
    if not _is_s3(address):
        return _plain(address.partition("#")[0])
    bucket, _, key = address[5:].partition("/")
    region, store = store_place(environ)
    path = "/" + urllib.parse.quote(urllib.parse.unquote(key), safe="/-_.~")
    if store:
        base, path = store.rstrip("/"), f"/{bucket}{path}"
    elif "." in bucket:  # its name would be no part of the certificate's
        base, path = f"https://s3.{region}.amazonaws.com", f"/{bucket}{path}"
    else:
        base = f"https://{bucket}.s3.{region}.amazonaws.com".replace(".us-east-1.", ".")
    identity, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if not (identity and secret):
        return base + path
    scope = f"{now:%Y%m%d}/{region}/s3/aws4_request"
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{identity}/{scope}",
        "X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}",
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    if token := environ.get("AWS_SESSION_TOKEN"):
        query["X-Amz-Security-Token"] = token
    words = "&".join(f"{name}={urllib.parse.quote(value, safe='-_.~')}" for name, value in sorted(query.items()))
    host = urllib.parse.urlsplit(base).netloc
    asked = "\n".join([method, path, words, f"host:{host}", "", "host", "UNSIGNED-PAYLOAD"])
    text = "\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"], scope, hashlib.sha256(asked.encode()).hexdigest()])
    made = f"AWS4{secret}".encode()
    for word in (f"{now:%Y%m%d}", region, "s3", "aws4_request"):
        made = hmac.digest(made, word.encode(), "sha256")
    return f"{base}{path}?{words}&X-Amz-Signature={hmac.digest(made, text.encode(), 'sha256').hex()}"
