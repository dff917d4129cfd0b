"""Every call over the network: patience, a circuit breaker, a polite rate, one place for their settings.

A call is made under the name of an endpoint, such as ``tmdb`` or ``hub``. What may pass by itself (no answer, status
429 or 5xx) is tried again, with a pause that grows. An endpoint that fails often enough in a row is left alone for a
while: the breaker is open; then one process may try (half-open), and its success closes it for all (``patience``).
"""

from __future__ import annotations

import functools
import logging
import queue
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from samvad.core import outside
from samvad.core.errors import NetworkError
from samvad.models import patience

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

#: Statuses that may pass by themselves: too many requests, and a server or gateway in trouble.
TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})

#: A service that asks for a longer pause than this is taken as down.
_LONGEST_PAUSE_SECONDS = 30.0
#: Bytes that a hub's answer may have which is no file: a list of all files of a large repository has some 100 kB.
_LARGEST_ANSWER = 16 << 20
#: And the files of a model, of which those with these endings hold weights.
_LARGEST_WEIGHTS = 64 << 30
_WEIGHTS = (".bin", ".safetensors", ".onnx", ".pt", ".h5")
#: Libraries that speak HTTP; what they raise is about the connection.
_CLIENTS = frozenset({"requests", "urllib3", "httpx", "httpcore"})


class TransientError(Exception):
    """A failure that may pass; its text holds no secret.

    Args:
        reason: goes on after the name of the service: ``answered with status 503``.
        retry_after_seconds: what the service asks to wait, where it does.
    """

    def __init__(self, reason: str, retry_after_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class Tally:
    """How often this process asked the services that it calls: calls, and attempts beyond the first of each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, tuple[int, int]] = {}

    def add(self, endpoint: str, *, again: bool) -> None:
        """Count an attempt."""
        with self._lock:
            calls, repeated = self._found.get(endpoint, (0, 0))
            self._found[endpoint] = (calls, repeated + 1) if again else (calls + 1, repeated)

    def take(self) -> dict[str, tuple[int, int]]:
        """Return calls and attempts beyond the first, by endpoint, and begin anew."""
        with self._lock:
            found, self._found = self._found, {}
        return found


#: Of this process.
tally = Tally()


def call(endpoint: str, service: str, ask: Callable[[], Answer], rules: patience.Policy | None = None) -> Answer:
    """Make a call, again while it fails in a way that may pass.

    Args:
        endpoint: name under which failures are counted and the rate is kept.
        service: what to call it in messages: ``TMDB``.
        ask: makes one attempt; raises ``TransientError`` for what may pass, any other error for what will not.
        rules: how; the workflow's policy where it is None.

    Raises:
        patience.CircuitOpenError: the breaker is open.
        NetworkError: all attempts failed.
    """
    rules = rules or patience.policy()
    breaker = patience.Breaker(endpoint, rules)
    reason = ""
    for attempt in range(1, rules.attempts + 1):
        breaker.check(service)
        patience.wait_turn(endpoint, rules)
        tally.add(endpoint, again=attempt > 1)
        try:
            answer = ask()
        except TransientError as error:
            reason = str(error)
            breaker.record_failure()
            pause = rules.first_pause_seconds * rules.backoff_factor ** (attempt - 1)
            pause = max(pause, error.retry_after_seconds)
            if pause > _LONGEST_PAUSE_SECONDS:
                what = f"{service} {reason}, and asks to wait {pause:g} s."
                raise NetworkError(what, endpoint=endpoint) from None
        except NetworkError:
            breaker.record_success()  # it refuses, so it is there
            raise
        except BaseException:
            breaker.release()
            raise
        else:
            breaker.record_success()
            return answer
        if attempt < rules.attempts:
            log.warning("%s %s; try %d of %d in %g s", service, reason, attempt + 1, rules.attempts, pause)
            time.sleep(pause)
    raise NetworkError(f"{service} {reason} ({rules.attempts} attempts).", endpoint=endpoint)


def within(seconds: float, ask: Callable[[], Answer]) -> Answer:
    """Return what a call returns, if it does so in time.

    Libraries wait so and so long for each piece of an answer: a server that sends a byte of its headers now and then,
    or says ``100 Continue`` for ever, holds them without end. The thread that waits is left to itself; it
    ends with the process.

    Raises:
        TransientError: it took longer.
    """
    ended: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()

    def run() -> None:
        try:
            ended.put((True, ask()))
        except BaseException as error:
            ended.put((False, error))

    threading.Thread(target=run, name="network call", daemon=True).start()
    try:
        well, result = ended.get(timeout=seconds)
    except queue.Empty:
        raise TransientError(f"gave no whole answer within {seconds:g} s") from None
    if not well:
        raise result
    answer: Answer = result
    return answer


def is_unreachable(error: BaseException | None) -> bool:
    """Return whether a library that was called to fetch something says that it could not reach the service.

    Ask it right where the library was called: only there is what it wraps known to be about that call.
    """
    import urllib.error

    while error is not None:
        known = isinstance(error, ConnectionError | TimeoutError | urllib.error.URLError)
        if known or type(error).__module__.partition(".")[0] in _CLIENTS:
            return True
        error = error.__cause__ or error.__context__
    return False


def address(url: str) -> str:
    """Return the name of an endpoint that is a whole server: its host and port, and never a user's name or password."""
    parts = urllib.parse.urlsplit(url)
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # above 65535
        port = ""
    return f"{parts.hostname}{port}" if parts.hostname else "unknown"


def is_address(url: str, *schemes: str) -> bool:
    """Return whether a text is the address of a server, by one of these schemes."""
    try:
        parts = urllib.parse.urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of the port, or of brackets
        return False


def probe(endpoint: str, service: str, url: str, rules: patience.Policy | None = None) -> int:
    """Ask for the head of a page and return its status, whatever it is but one that may pass.

    Raises:
        NetworkError: no answer.
    """
    import urllib.error
    import urllib.request
    from http.client import HTTPException

    rules = rules or patience.policy()

    def ask() -> int:
        try:
            request = urllib.request.Request(url, method="HEAD")
            with urllib.request.urlopen(request, timeout=rules.timeout_seconds) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            if error.code in TRANSIENT_STATUSES:
                raise TransientError(f"answered with status {error.code}") from None
            return error.code
        except OSError as error:
            raise TransientError(f"cannot be reached ({getattr(error, 'reason', error)})") from None
        except HTTPException as error:
            raise TransientError(f"does not speak HTTP ({type(error).__name__})") from None

    return call(endpoint, service, lambda: within(2 * rules.timeout_seconds, ask), rules)


#: Where a server or proxy listens whose address names no port; else at 80.
_PORTS = {"https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}


@functools.cache
def unreachable(url: str, seconds: float = 1.0) -> str:
    """Return why the server of an address, or the proxy on the way to it, takes no connection; empty where it does.

    Nothing is sent, and no breaker asked or told. It is looked once a process.

    Args:
        url: the address.
        seconds: how long to wait for the name, and for the connection.
    """
    import socket
    import urllib.request

    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    proxies = urllib.request.getproxies()
    if not urllib.request.proxy_bypass(host) and (proxy := proxies.get(parts.scheme) or proxies.get("all")):
        parts = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")

    def connect() -> None:
        port = parts.port or _PORTS.get(parts.scheme, 80)
        socket.create_connection((parts.hostname or "", port), timeout=seconds).close()

    try:
        within(seconds, connect)
    except (TransientError, TimeoutError):
        return f"no answer within {seconds:g} s"
    except ValueError:  # what Python says of it may have a part of the proxy's password
        return "its address, or the proxy's, has a port that is none"
    except OSError as error:
        return str(error.strerror or error)
    return ""


def capped_session() -> requests.Session:
    """Return a session of requests whose answers have limits, so that they fill neither memory nor disk.

    An answer that is read whole, such as a JSON list of files, has at most ``_LARGEST_ANSWER`` bytes. A file that is
    written as it comes has at most ``outside.LARGEST_BYTES``, and weights, by their names, ``_LARGEST_WEIGHTS``.
    Announced or not, counting is what decides.
    """
    import requests
    from requests.adapters import HTTPAdapter

    class Capped(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
            answer = super().send(request, *arguments, **options)
            name = urllib.parse.urlsplit(request.url or "").path
            limit = _LARGEST_WEIGHTS if name.endswith(_WEIGHTS) else outside.LARGEST_BYTES
            _cap(answer, limit if options.get("stream") and not answer.is_redirect else _LARGEST_ANSWER)
            return answer

    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, Capped())
    return session


def _cap(answer: requests.Response, limit: int) -> None:
    """Let an answer be read up to a limit.

    Raises:
        NetworkError: it is announced as larger.
    """
    plain = answer.iter_content
    too_large = NetworkError(
        f"What {address(str(answer.url))} sends is larger than {limit >> 20} MiB, and is not taken."
    )
    announced = answer.headers.get("Content-Length", "")
    has_body = answer.request.method != "HEAD"
    if has_body and announced.isdigit() and int(announced[:20]) > limit:
        answer.close()
        raise too_large

    def counted(*arguments: Any, **options: Any) -> Iterator[bytes]:
        count = 0
        for part in plain(*arguments, **options):
            count += len(part)
            if count > limit:
                answer.close()
                raise too_large
            yield part

    answer.iter_content = counted  # type: ignore[method-assign]
