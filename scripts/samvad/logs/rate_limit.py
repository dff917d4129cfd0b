"""Let the same message from the same place through only so often; say afterwards how many were left out."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

#: So many of a kind …
MESSAGES = 30
#: … in so many seconds.
WINDOW_SECONDS = 10.0
_MAX_KINDS = 2000


@dataclass
class _Kind:
    """Messages of one template from one place."""

    times: deque[float]
    first: logging.LogRecord | None = None
    left_out: int = 0


class RateLimiter:
    """A sliding window for each kind of message. Errors always pass. Safe to be used from many threads.

    A kind is the place in the code and the message before its values are filled in, or the record's ``rate_key``
    where it has one (lines that a tool printed come from one place, but differ).

    Args:
        report: called with the record that says how many were left out.
        messages: the most of a kind within the window.
        window_seconds: length of the window.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        report: Callable[[logging.LogRecord], None],
        messages: int = MESSAGES,
        window_seconds: float = WINDOW_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._report = report
        self._messages = messages
        self._window_seconds = window_seconds
        self._clock = clock
        self._kinds: dict[tuple[object, ...], _Kind] = {}
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._closed = False

    def allows(self, record: logging.LogRecord) -> bool:
        """Tell whether a record may be written; reports what was left out before it."""
        if record.levelno >= logging.ERROR:
            return True
        now = self._clock()
        key = (record.pathname, record.lineno, record.__dict__.get("rate_key", record.msg))
        summary = None
        with self._lock:
            kind = self._kinds.get(key)
            if kind is None:
                if len(self._kinds) >= _MAX_KINDS:
                    self._forget(now)
                kind = self._kinds[key] = _Kind(deque(maxlen=self._messages))
            times = kind.times
            allowed = len(times) < self._messages or now - times[0] >= self._window_seconds
            if allowed:
                times.append(now)
                summary = _summary(kind)
            else:
                kind.left_out += 1
                if kind.first is None:
                    kind.first = record
                self._wake_at(times[0] + self._window_seconds - now)
        if summary is not None:
            self._report(summary)
        return allowed

    def flush(self, *, everything: bool = True) -> None:
        """Report what was left out: all of it, or that of windows which have ended."""
        now = self._clock()
        with self._lock:
            waiting = [kind for kind in self._kinds.values() if kind.left_out]
            ended = [kind for kind in waiting if everything or now - kind.times[0] >= self._window_seconds]
            summaries = [_summary(kind) for kind in ended]
            rest = [kind.times[0] + self._window_seconds - now for kind in waiting if kind not in ended]
            self._timer = None
            if rest:
                self._wake_at(min(rest))
        for summary in summaries:
            if summary is not None:
                self._report(summary)

    def close(self) -> None:
        """Report what was left out and has not been reported yet; start no further timer."""
        with self._lock:
            self._closed = True
            timer = self._timer
        if timer is not None:
            timer.cancel()
        self.flush()

    def _wake_at(self, seconds: float) -> None:
        """Report at the window's end even if nothing else is logged. The lock is held."""
        if self._timer is None and not self._closed:
            self._timer = threading.Timer(max(0.01, seconds), self.flush, kwargs={"everything": False})
            self._timer.name = "rate-limit"
            self._timer.daemon = True
            self._timer.start()

    def _forget(self, now: float) -> None:
        """Drop kinds that were not seen for a window; all that owe no report where that leaves too many."""
        for key, kind in list(self._kinds.items()):
            if not kind.left_out and now - kind.times[-1] >= self._window_seconds:
                del self._kinds[key]
        if len(self._kinds) >= _MAX_KINDS:
            self._kinds = {key: kind for key, kind in self._kinds.items() if kind.left_out}


def _summary(kind: _Kind) -> logging.LogRecord | None:
    first = kind.first
    if first is None:
        return None
    count, kind.left_out, kind.first = kind.left_out, 0, None
    return logging.LogRecord(
        first.name,
        first.levelno,
        first.pathname,
        first.lineno,
        "%d more like this left out: %s",
        (count, first.getMessage()),
        None,
        first.funcName,
    )
