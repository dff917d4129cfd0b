"""Ask TMDB, with patience and without ever showing the key.

A v3 key is part of the address that is asked for, and the messages of `requests` quote addresses: no text of its
exceptions is passed on, nor are the exceptions themselves. Answers are kept on disk for some days; when TMDB is down,
an older one is better than none. TMDB allows six months at most.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from samvad.core import files, outside
from samvad.core.errors import ConfigurationError, DiskError, NetworkError
from samvad.models import http, patience

log = logging.getLogger(__name__)

#: The variable of the environment that holds the key.
KEY = "TMDB_API_KEY"
DEFAULT_URL = "https://api.themoviedb.org"

#: Older answers are thrown away, even when TMDB is down: its terms of use allow caching for six months.
OLDEST_DAYS = 180
#: No answer that is asked for here is as large.
_MAX_BYTES = 8 << 20
_SECONDS_A_DAY = 86_400


class RefusedKeyError(NetworkError):
    """TMDB does not know the key."""


@dataclass
class Service:
    """Where and how to ask, and what was asked.

    Attributes:
        key: a v3 API key, or a v4 read access token.
        url: address of the service, without ``/3``.
        language: of titles and names, such as ``en-US``.
        rules: patience, rate and cache.
        requests: how many answers came from TMDB.
        from_cache: how many came from the cache.
        oldest_days: age of the oldest answer that was used.
        stale: reasons why an answer was used that was older than it should be.
    """

    key: str
    url: str = DEFAULT_URL
    language: str = "en-US"
    rules: patience.Policy = field(default_factory=patience.Policy)
    requests: int = 0
    from_cache: int = 0
    oldest_days: float = 0.0
    stale: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        """Return a text without the key, for tracebacks and debuggers."""
        return f"Service(url={self.url!r})"

    def ask(self, path: str, **query: str | int) -> Any:
        """Return TMDB's answer, from the cache where it is young enough.

        Args:
            path: such as ``search/movie``.
            query: of the address, without key and language.

        Raises:
            NetworkError: with a reason that holds neither the key nor an address with the key in it.
        """
        asked = {"language": self.language, **query}
        memo = self._memo(path, asked)
        kept, age_days = _read(memo)
        if kept is not None and age_days <= self.rules.cache_days:
            self._use(age_days)
            return kept
        # Each kind of question has a breaker of its own; the address tells a test server from the real one.
        endpoint = f"{http.address(self.url)}-{path.partition('/')[0]}"
        try:
            answer = http.call(endpoint, "TMDB", lambda: self._in_time(path, asked), self.rules)
        except NetworkError as error:
            if kept is None:
                raise
            self._use(age_days)
            self.stale.append(f"{str(error).rstrip('.')}: its answer of {age_days:.0f} days ago was used")
            return kept
        self.requests += 1
        try:
            files.write_json(memo, {"fetched": time.time(), "answer": answer})
        except (DiskError, OSError) as error:
            log.info("TMDB's answer is not kept: %s", error)
        return answer

    def _use(self, age_days: float) -> None:
        self.from_cache += 1
        self.oldest_days = max(self.oldest_days, age_days)

    def _memo(self, path: str, query: Mapping[str, str | int]) -> Path:
        name = hashlib.sha256(json.dumps([self.url, path, query], sort_keys=True).encode()).hexdigest()[:32]
        return files.cache_folder() / "tmdb" / f"{name}.json"

    def _in_time(self, path: str, query: Mapping[str, str | int]) -> Any:
        """Ask once; connection, headers and body have a time that is theirs together."""
        return http.within(4 * self.rules.timeout_seconds, lambda: self._try(path, query))

    def _try(self, path: str, query: Mapping[str, str | int]) -> Any:
        import requests
        import urllib3

        logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # its warnings quote the address, with the key in it
        is_token = "." in self.key  # a read access token is a JSON web token, with dots
        headers = {"Accept": "application/json", "User-Agent": "samvad"}
        if is_token:
            headers["Authorization"] = f"Bearer {self.key}"
        try:
            with requests.get(
                f"{self.url}/3/{path}",
                params={**query, **({} if is_token else {"api_key": self.key})},
                headers=headers,
                timeout=self.rules.timeout_seconds,
                stream=True,
                allow_redirects=False,  # the key goes to no other address
            ) as answer:
                _check_status(answer.status_code, answer.headers.get("Retry-After", ""))
                return _parsed(self._body(answer))
        except requests.exceptions.SSLError:
            raise NetworkError("TMDB's certificate cannot be verified.") from None
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise http.TransientError(f"did not answer within {self.rules.timeout_seconds:g} s") from None
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, urllib3.exceptions.ProtocolError):
            raise http.TransientError("cannot be reached") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise NetworkError(f"TMDB cannot be asked ({type(error).__name__}).") from None

    def _body(self, answer: Any) -> bytes:
        """Return an answer's body; a service that sends it drop by drop is not waited for without end."""
        deadline = time.monotonic() + 2 * self.rules.timeout_seconds
        body = b""
        while piece := answer.raw.read1(1 << 14, decode_content=True):  # what is there, without waiting for more
            body += piece
            if time.monotonic() > deadline:
                seconds = 2 * self.rules.timeout_seconds
                raise http.TransientError(f"sent its answer too slowly ({seconds:g} s were not enough)")
            if len(body) > _MAX_BYTES:
                raise NetworkError(f"TMDB's answer cannot be used: it is larger than {_MAX_BYTES >> 20} MiB.")
        return body


def check_url(url: str) -> str:
    """Return the address without its last slash.

    Raises:
        ConfigurationError: it is not one of http or https, or holds a user name or a query.
    """
    try:
        parts = urlsplit(url)
        usable = parts.port != 0
    except ValueError:  # a port above 65535, an unfinished IPv6 address
        usable = False
    if not usable or parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.query:
        raise ConfigurationError(
            "The variable SAMVAD_TMDB_URL is not an address such as https://api.themoviedb.org.",
            "Correct it, or unset it.",
        )
    return url.rstrip("/")


def _check_status(status: int, retry_after: str) -> None:
    if status in http.TRANSIENT_STATUSES:
        wait = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0
        raise http.TransientError(f"answered with status {status}", wait)
    if status in (401, 403):
        raise RefusedKeyError(f"TMDB refused the key in {KEY} (status {status}).")
    if status != 200:
        raise NetworkError(f"TMDB answered with status {status}.")


def _parsed(body: bytes) -> Any:
    try:
        return outside.json_value(body)
    except ValueError:
        raise NetworkError("TMDB's answer is not JSON; perhaps something on the way answered in its place.") from None


def _read(memo: Path) -> tuple[Any, float]:
    """Return an answer of the cache and its age in days; None where there is none that can be used."""
    try:
        value = outside.json_value(outside.read_bytes(memo, _MAX_BYTES))
        age_days = max(0.0, (time.time() - value["fetched"]) / _SECONDS_A_DAY)
        answer = value["answer"]
    except (OSError, ValueError, KeyError, TypeError):
        return None, 0.0
    return (answer, age_days) if age_days <= OLDEST_DAYS else (None, 0.0)
