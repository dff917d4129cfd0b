"""How patiently an endpoint is called: the policy, the circuit breaker, and whose turn it is.

The breaker's state and the rate are shared by all processes of a machine, and outlive them, as files in the cache
folder. They need no locks: a failure is a file of its own, and who may try, or whose turn it is, is decided by who
makes a file of a certain name first, which also holds on NFS.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import secrets
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from samvad.core import files, variables
from samvad.core.errors import ConfigurationError, NetworkError

log = logging.getLogger(__name__)

#: Failures older than so many times the breaker's pause are forgotten.
_FORGOTTEN_AFTER = 10
_SLOTS_KEPT = 200


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
        _create_exclusive(self._folder / f"failure-{time.time():020.6f}-{os.getpid()}-{secrets.token_hex(4)}")

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
        if not _create_exclusive(claim):
            return False
        self._claim = claim
        return True


def wait_turn(endpoint: str, rules: Policy) -> None:
    """Sleep until the next free slot of time, of which there are ``requests_per_second`` in a second."""
    if not rules.requests_per_second or not math.isfinite(rules.requests_per_second):
        return
    folder = _folder(endpoint) / f"rate-{rules.requests_per_second:g}"
    slot = int(time.time() * rules.requests_per_second)
    while not _create_exclusive(folder / str(slot)):
        slot += 1
    for path in folder.glob("*"):
        if path.name.isdigit() and int(path.name) < slot - _SLOTS_KEPT:
            path.unlink(missing_ok=True)
    time.sleep(max(0.0, slot / rules.requests_per_second - time.time()))


def _create_exclusive(path: Path) -> bool:
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
