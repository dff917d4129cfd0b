"""Ask TMDB for a film, with patience and without ever showing the key.

The key is part of the addresses that are asked for, and the messages of `requests` quote those: no text of its
exceptions is passed on, nor are the exceptions themselves.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from samvad.errors import ConfigurationError, NetworkError
from samvad.tmdb import match, metadata

log = logging.getLogger(__name__)

DEFAULT_URL = "https://api.themoviedb.org"

#: Statuses that may pass by themselves: too many requests, and a server or gateway in trouble.
TRANSIENT_STATUSES = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Service:
    """Where and how to ask.

    Attributes:
        key: a v3 API key, or a v4 read access token.
        url: address of the service, without ``/3``.
        language: of titles and names, such as ``en-US``.
        timeout_seconds: how long to wait for a connection, and for each piece of an answer.
        attempts: tries for each request.
        pause_seconds: pause before the second try; it doubles before each further one.
    """

    key: str
    url: str = DEFAULT_URL
    language: str = "en-US"
    timeout_seconds: float = 5.0
    attempts: int = 3
    pause_seconds: float = 1.0

    def __repr__(self) -> str:
        """Return a text without the key, for tracebacks and debuggers."""
        return f"Service(url={self.url!r})"


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


def find_film(service: Service, title: str, year: int | None, max_cast: int) -> tuple[metadata.FilmMetadata, str]:
    """Search for a film and return its metadata, with what a person should know about the choice.

    Args:
        service: where and how to ask.
        title: of the film, in any script.
        year: of its release, or None.
        max_cast: how many names of the cast to keep.

    Raises:
        NetworkError: TMDB cannot be reached, refuses, or does not know the film.
    """
    chosen = match.choose(_search(service, title, year), title, year)
    if chosen is None and year is not None:
        chosen = match.choose(_search(service, title, None), title, year)  # dated a year off, it is not in the first
    if chosen is None:
        raise NetworkError(f"TMDB knows no film {title!r}" + (f" of {year}" if year else "") + ".")
    answer = _ask(service, "Movies", (chosen.candidate.tmdb_id,), "info", append_to_response="credits")
    try:
        return metadata.from_movie(answer, max_cast), chosen.doubt
    except metadata.MalformedError as error:
        raise NetworkError(f"TMDB's answer cannot be used: {error}.") from None


def _search(service: Service, title: str, year: int | None) -> list[match.Candidate]:
    answer = _ask(service, "Search", (), "movie", query=title, **({"year": year} if year else {}))
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list):
        raise NetworkError("TMDB's answer cannot be used: it has no list of results.")
    return [
        match.Candidate(
            item["id"],
            metadata.clean(str(item.get("title") or "")),
            metadata.clean(str(item.get("original_title") or "")),
            metadata.year_of(str(item.get("release_date") or "")),
        )
        for item in results
        if isinstance(item, dict) and isinstance(item.get("id"), int)
    ]


def _ask(service: Service, group: str, arguments: tuple[int, ...], method: str, **query: Any) -> Any:
    """Make one request, again while it fails in a way that may pass.

    Raises:
        NetworkError: with a reason that holds neither the key nor an address with the key in it.
    """
    reason = ""
    for attempt in range(1, service.attempts + 1):
        try:
            return _request(service, group, arguments, method, query)
        except _TransientError as error:
            reason = str(error)
        if attempt < service.attempts:
            pause = service.pause_seconds * 2 ** (attempt - 1)
            log.info("TMDB %s; try %d of %d in %g s", reason, attempt + 1, service.attempts, pause)
            time.sleep(pause)
    raise NetworkError(f"TMDB {reason} ({service.attempts} tries).")


class _TransientError(Exception):
    """A failure that may pass; the text is free of the key."""


def _request(service: Service, group: str, arguments: tuple[int, ...], method: str, query: dict[str, Any]) -> Any:
    import requests
    import tmdbsimple
    import urllib3

    logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # its warnings quote the address, with the key in it
    tmdbsimple.API_KEY = service.key
    tmdbsimple.USE_BEARER_AUTH = "." in service.key  # a read access token is a JSON web token, with dots
    resource = getattr(tmdbsimple, group)(*arguments)
    resource.base_uri = f"{service.url}/{tmdbsimple.API_VERSION}"
    resource.timeout = service.timeout_seconds
    call: Callable[..., Any] = getattr(resource, method)
    try:
        return call(language=service.language, **query)
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else None
    except (requests.JSONDecodeError, RecursionError):
        raise NetworkError("TMDB's answer is not JSON; perhaps something on the way answered in its place.") from None
    except requests.exceptions.SSLError:
        raise NetworkError("TMDB's certificate cannot be verified.") from None
    except requests.Timeout:
        raise _TransientError(f"did not answer within {service.timeout_seconds:g} s") from None
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
        raise _TransientError("cannot be reached") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise NetworkError(f"TMDB cannot be asked ({type(error).__name__}).") from None
    if status in TRANSIENT_STATUSES:
        raise _TransientError(f"answered with status {status}")
    if status in (401, 403):
        raise NetworkError(f"TMDB refused the key in TMDB_API_KEY (status {status}).")
    raise NetworkError(f"TMDB answered with status {status}.")
