"""Where the time goes inside a stage: named spans, added up for each process.

A span is a part of the work that has a name in ``NAMES``. What is inside another span counts for both, and spans of
threads that work side by side overlap: spans are no parts of one cake.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: The names that spans may have, with what they are for. Dashboards and the report know no others.
NAMES = {
    "reading": "inputs are opened and checked",
    "waiting": "another process has the GPU, or does the same work",
    "model_loading": "weights are read, checked and loaded",
    "decoding": "the film is read from end to end: sound, times, pictures for a small copy",
    "detection": "speech, music, shot changes, names, or text that nobody spoke are looked for",
    "language_detection": "which language is spoken where",
    "transcription": "speech becomes words",
    "alignment": "words get their times from an aligner",
    "translation": "lines are translated",
    "cutting": "text is cut into cues, and they are checked",
    "muxing": "the subtitled film is written",
    "proving": "what was made is read back and compared",
    "writing": "results are moved into place and hashed",
}


@dataclass(frozen=True)
class Span:
    """What one name came to in a process.

    Attributes:
        name: of ``NAMES``.
        started_at: seconds from the beginning of the count to when it first began.
        seconds: wall time of all of it.
        times: how often it began.
    """

    name: str
    started_at: float
    seconds: float
    times: int


class _Clock:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.restart()

    def restart(self) -> None:
        with self._lock:
            self._zero = time.monotonic()
            self._found: dict[str, tuple[float, float, int]] = {}

    def add(self, name: str, began: float) -> None:
        took = time.monotonic() - began
        with self._lock:
            first, seconds, times = self._found.get(name, (began - self._zero, 0.0, 0))
            self._found[name] = (min(first, began - self._zero), seconds + took, times + 1)

    def taken(self) -> tuple[Span, ...]:
        with self._lock:
            found = [
                Span(name, round(max(0.0, first), 3), round(seconds, 3), times)
                for name, (first, seconds, times) in self._found.items()
            ]
        return tuple(sorted(found, key=lambda one: one.started_at))


_clock = _Clock()


def restart() -> None:
    """Begin to count anew: a stage begins."""
    _clock.restart()


def taken() -> tuple[Span, ...]:
    """Return what was counted since, in the order of the beginnings; what is still going on is not among it."""
    return _clock.taken()


@contextmanager
def span(name: str) -> Iterator[None]:
    """Count what is inside, also where it fails; a context manager, and a decorator of functions.

    Raises:
        ValueError: the name is none of ``NAMES``. A defect.
    """
    if name not in NAMES:
        raise ValueError(f"{name!r} is no span: add it to NAMES, with what it is for")
    began = time.monotonic()
    try:
        yield
    finally:
        _clock.add(name, began)
