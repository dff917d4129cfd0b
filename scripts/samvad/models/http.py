"""Every call over the network: patience, a circuit breaker, a polite rate, one place for their settings.

A call is made under the name of an endpoint, such as ``tmdb`` or ``hub``. What may pass by itself (no answer, status
429 or 5xx) is tried again, with a pause that grows. An endpoint that fails often enough in a row is left alone for a
while: the breaker is open; then one process may try (half-open), and its success closes it for all.

The breaker's state and the rate are shared by all processes of a machine, and outlive them, as files in the cache
folder. They need no locks: a failure is a file of its own, and who may try, or whose turn it is, is decided by who
makes a file of a certain name first, which also holds on NFS.
"""

from __future__ import annotations

import functools
import json
import logging
import math
import os
import queue
import re
import secrets
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from samvad.core import files, outside, variables
from samvad.core.errors import ConfigurationError, NetworkError

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

#: Statuses that may pass by themselves: too many requests, and a server or gateway in trouble.
TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})

#: A service that asks for a longer pause than this is taken as down.
_LONGEST_PAUSE_SECONDS = 30.0
#: Failures older than so many times the breaker's pause are forgotten.
_FORGOTTEN_AFTER = 10
_SLOTS_KEPT = 200
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


class CircuitOpenError(NetworkError):
    """The service failed so often that it is left alone for a while; nothing was asked."""


@dataclass(frozen=True)
class Policy:
    """How to call: the section ``network`` of the configuration, whose defaults these are.

    Attributes:
        timeout_seconds: to wait for a connection, and for each piece of an answer.
        attempts: attempts for each call.
        first_pause_seconds: pause before the second attempt.
        backoff_factor: each further pause is so many times the one before.
        breaker_failures: failed attempts in a row from which an endpoint is left alone.
        breaker_seconds: for how long.
        requests_per_second: at most, of all processes on the machine, to one endpoint.
        cache_days: age up to which an answer in the cache is as good as a new one.
    """

    timeout_seconds: float = 5.0
    attempts: int = 3
    first_pause_seconds: float = 1.0
    backoff_factor: float = 2.0
    breaker_failures: int = 5
    breaker_seconds: float = 60.0
    requests_per_second: float = 4.0
    cache_days: float = 7.0

    def as_json(self) -> str:
        """Return the policy as the variable ``SAMVAD_NETWORK`` holds it."""
        return json.dumps(asdict(self))


def policy() -> Policy:
    """Return the policy that the workflow set, or the defaults where a script is run by hand.

    Raises:
        ConfigurationError: the variable holds something else.
    """
    text = os.environ.get(variables.NETWORK, "")
    if not text:
        return Policy()
    try:
        value = json.loads(text)
        given = {item.name: value[item.name] for item in fields(Policy) if item.name in value}
        if set(value) != set(given) or not all(isinstance(item, (int, float)) and item >= 0 for item in given.values()):
            raise ValueError("unknown or wrong keys")
    except (ValueError, TypeError) as error:
        raise ConfigurationError(
            f"The variable {variables.NETWORK} is not the section network of a configuration ({error}).", "Unset it."
        ) from None
    return Policy(**given)


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


def call(endpoint: str, service: str, ask: Callable[[], Answer], rules: Policy | None = None) -> Answer:
    """Make a call, again while it fails in a way that may pass.

    Args:
        endpoint: name under which failures are counted and the rate is kept.
        service: what to call it in messages: ``TMDB``.
        ask: makes one attempt; raises ``TransientError`` for what may pass, any other error for what will not.
        rules: how; the workflow's policy where it is None.

    Raises:
        CircuitOpenError: the breaker is open.
        NetworkError: all attempts failed.
    """
    rules = rules or policy()
    breaker = Breaker(endpoint, rules)
    reason = ""
    for attempt in range(1, rules.attempts + 1):
        breaker.check(service)
        _wait_turn(endpoint, rules)
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


def probe(endpoint: str, service: str, url: str, rules: Policy | None = None) -> int:
    """Ask for the head of a page and return its status, whatever it is but one that may pass.

    Raises:
        NetworkError: no answer.
    """
    import urllib.error
    import urllib.request
    from http.client import HTTPException

    rules = rules or policy()

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


class Breaker:
    """The circuit breaker of an endpoint, shared by a machine's processes.

    Closed until ``breaker_failures`` attempts in a row have failed, then open for ``breaker_seconds`` from the last
    failure, then half-open: one process may try; its success closes it, its failure opens it again.
    """

    def __init__(self, endpoint: str, rules: Policy) -> None:
        self._endpoint = endpoint
        self._folder = _folder(endpoint) / "breaker"
        self._rules = rules
        self._claim: Path | None = None

    def check(self, service: str) -> None:
        """Return if an attempt may be made.

        Raises:
            CircuitOpenError: it may not.
        """
        failures = self._failures()
        if len(failures) < max(1, self._rules.breaker_failures) or self._claim is not None:
            return
        open_for = self._rules.breaker_seconds - (time.time() - failures[-1])
        if open_for <= 0 and self._may_probe(failures[-1]):
            return
        wait = f"for {open_for:.0f} s more" if open_for > 0 else "while another process tries it"
        what = f"{service} failed {len(failures)} times in a row and is left alone {wait}."
        raise CircuitOpenError(what, endpoint=self._endpoint)

    def record_failure(self) -> None:
        """Count a failure."""
        self.release()
        # Named by its time, as text that sorts; the rest only makes it one of its kind.
        create_exclusive(self._folder / f"failure-{time.time():020.6f}-{os.getpid()}-{secrets.token_hex(4)}")

    def record_success(self) -> None:
        """Close the breaker: the service is there."""
        for path in [*self._folder.glob("failure-*"), *self._folder.glob("probe-*")]:
            path.unlink(missing_ok=True)
        self._claim = None

    def release(self) -> None:
        """Let another process probe, if this one had that right."""
        if self._claim is not None:
            self._claim.unlink(missing_ok=True)
            self._claim = None

    def _failures(self) -> list[float]:
        """Return the times of the failures since the last success, the oldest first."""
        now = time.time()
        forgotten = now - _FORGOTTEN_AFTER * max(self._rules.breaker_seconds, 1.0)
        found = []
        for path in self._folder.glob("failure-*"):
            failed_at = _time_of(path)
            if failed_at < forgotten:
                path.unlink(missing_ok=True)
            else:
                found.append(min(failed_at, now))  # a clock set back must not keep it open
        return sorted(found)

    def _may_probe(self, last_failure: float) -> bool:
        """Return whether this process is the one that may try: the one that makes the file of this half-open time.

        A process that was killed while it tried holds the right no longer than the breaker stays open.
        """
        turn = int((time.time() - last_failure) / max(self._rules.breaker_seconds, 1.0))
        claim = self._folder / f"probe-{last_failure:.6f}-{turn}"
        if not create_exclusive(claim):
            return False
        self._claim = claim
        return True


def _wait_turn(endpoint: str, rules: Policy) -> None:
    """Sleep until the next free slot of time, of which there are ``requests_per_second`` in a second."""
    if not rules.requests_per_second or not math.isfinite(rules.requests_per_second):
        return
    folder = _folder(endpoint) / f"rate-{rules.requests_per_second:g}"
    slot = int(time.time() * rules.requests_per_second)
    while not create_exclusive(folder / str(slot)):
        slot += 1
    for path in folder.glob("*"):
        if path.name.isdigit() and int(path.name) < slot - _SLOTS_KEPT:
            path.unlink(missing_ok=True)
    time.sleep(max(0.0, slot / rules.requests_per_second - time.time()))


def create_exclusive(path: Path) -> bool:
    """Make an empty file; return whether nobody had made it before.

    Where the cache folder cannot be written, as on some clusters' nodes, each process is on its own, and no film fails.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except FileExistsError:
        return False
    except OSError as error:
        log.debug("%s cannot be made (%s)", path, error.strerror)
    return True


def _time_of(path: Path) -> float:
    match = re.match(r"failure-(\d+\.\d+)", path.name)
    return float(match[1]) if match else 0.0


def _folder(endpoint: str) -> Path:
    return files.cache_folder() / "network" / re.sub(r"[^A-Za-z0-9._-]", "_", endpoint)
