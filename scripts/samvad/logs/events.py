"""Events: log records with fields for machines, and who they are about without anyone passing it.

An event is an ordinary log record. Its fields travel in the record, and the handlers of ``samvad.logs`` write it as a
line of text for people and as a line of JSON for machines.
"""

from __future__ import annotations

import functools
import json
import logging
import math
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from samvad.core import this_machine
from samvad.core.console import is_printable, printable
from samvad.core.failures import Failure, describe
from samvad.core.redaction import redact

log = logging.getLogger(__name__)

#: Order of an event's fields. Those up to ``attempt`` are in every line, the others where they have a value.
FIELDS = (
    "ts",
    "level",
    "event",
    "message",
    "run_id",
    "film",
    "job_id",
    "parent_job_id",
    "parent_run_id",
    "stage",
    "attempt",
    "status",
    "duration_seconds",
    "counts",
    "facts",
    "error_type",
    "error_category",
    "error_message",
    "error_file",
    "error_at_ms",
    "error_segment",
    "traceback",
    "logger",
    "host",
    "pid",
    "thread",
)

#: Those that tell who a line is about.
ABOUT = FIELDS[FIELDS.index("run_id") : FIELDS.index("status")]

_PROGRESS_SECONDS = 1.0
_PROGRESS_TEXT_SECONDS = 30.0
#: Characters of a message that a log keeps: the longest of ours, with a program's last lines, has some 10,000.
_LONGEST_MESSAGE = 100_000
#: A line of a message that begins as the lines of a log do.
_FORGED = re.compile(r"\n(?=\[\d{4}-)")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # json.dumps would make one for each line


@dataclass(frozen=True)
class Context:
    """What every line of an attempt says of itself. ``stage`` and ``attempt`` are None for the pipeline's own lines."""

    run_id: str | None = None
    film: str | None = None
    job_id: str | None = None
    parent_job_id: str | None = None
    stage: str | None = None
    attempt: int | None = None
    parent_run_id: str | None = None

    @functools.cached_property
    def fields(self) -> dict[str, str | int | None]:
        """Return the fields as they stand in a line, made once."""
        return {name: getattr(self, name) for name in ABOUT}


_here: ContextVar[Context | None] = ContextVar("samvad_context", default=None)
_process = Context()


def current() -> Context:
    """Return what the present thread or task works for: its own context, else that of the process."""
    return _here.get() or _process


def set_process_context(context: Context) -> Context:
    """Set the context of the whole process, which threads see that are started later; return the one before.

    A context variable alone is not seen by threads of a pool, which start with none.
    """
    global _process  # a process is one
    before, _process = _process, context
    return before


@contextmanager
def context(value: Context) -> Iterator[None]:
    """Let what is logged inside, in this thread or task, carry another context than the process's."""
    token = _here.set(value)
    try:
        yield
    finally:
        _here.reset(token)


class Event(NamedTuple):
    """The fields of an event that a plain log record does not have.

    Attributes:
        counts: numbers by name.
        facts: what is no number, by name: settings at a stage's start, languages and the like at its end.
        performance: it goes into the performance channel instead of the event log.
        silent: it is for machines alone.
    """

    event: str
    status: str | None = None
    duration_seconds: float | None = None
    counts: Mapping[str, float] = MappingProxyType({})
    failure: Failure | None = None
    facts: Mapping[str, Any] = MappingProxyType({})
    performance: bool = False
    silent: bool = False


def emit(event: Event, message: str, level: int = logging.INFO) -> None:
    """Write an event."""
    log.log(level, "%s", message, extra={"samvad_event": event}, stacklevel=2)


def performance(name: str, value: float, unit: str = "") -> None:
    """Write a measured figure to the performance channel.

    Args:
        name: what was measured, without spaces.
        value: the figure.
        unit: such as ``s``.
    """
    event = Event("performance_metric", counts={"value": value}, performance=True, silent=True)
    emit(event, f"{name} {unit}".strip())


class _Progress:
    """When each kind of progress was last written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[tuple[Context, str], tuple[float, float, bool]] = {}

    def due(self, unit: str, finished: bool) -> tuple[bool, bool]:
        """Return whether to write now: for machines, and for people. The end is written once, and at once."""
        key, now = (current(), unit), time.monotonic()
        with self._lock:
            machines, people, ended = self._last.get(key, (-math.inf, now, False))
            due = (finished and not ended) or (now - machines >= _PROGRESS_SECONDS and not (finished and ended))
            due_for_people = due and now - people >= _PROGRESS_TEXT_SECONDS
            if due:
                self._last[key] = (now, now if due_for_people else people, finished)
        return due, due_for_people


_progress = _Progress()


def progress(done: float, total: float, unit: str) -> None:
    """Say how far the stage is. It can be called as often as one likes: about one event a second is written.

    Args:
        done: how much is done.
        total: of how much.
        unit: what is counted, such as ``audio_seconds`` or ``sentences``.
    """
    due, for_people = _progress.due(unit, finished=done >= total)
    if due:
        counts = {"done": round(done, 3), "total": round(total, 3)}
        emit(Event("progress", counts=counts, silent=True), unit)
    if for_people:
        log.info("Done: %.0f of %.0f %s", done, total, unit.replace("_", " "))


@dataclass
class Timer:
    """A stage, or a part of one, while it is timed. What is set here goes into the event at its end."""

    started: float
    status: str = "success"
    counts: dict[str, float] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Return the seconds since it began."""
        return round(time.monotonic() - self.started, 3)


@contextmanager
def timed(
    name: str, title: str = "", begins: str = "", settings: Mapping[str, Any] = MappingProxyType({})
) -> Iterator[Timer]:
    """Time what is inside: events ``{name}_started``, then ``{name}_completed`` or ``{name}_failed`` (or stopped).

    It is a context manager, and a decorator of functions. An error is recorded and goes on its way.

    Args:
        name: as in the events' names, such as ``asr``.
        title: what people read; by default the name.
        begins: what to add to the line at its start.
        settings: what it works by, for the event at its start.
    """
    title = title or name
    timer = Timer(time.monotonic())
    emit(Event(f"{name}_started", status="running", facts=settings), f"{title} begins{begins}")
    try:
        yield timer
    except BaseException as error:
        failure = describe(error)
        event = Event(f"{name}_failed", failure.status, timer.seconds, timer.counts, failure, timer.facts)
        emit(event, f"{title} {failure.status} ({timer.seconds:.1f} s): {failure.message}", logging.ERROR)
        raise
    seconds = timer.seconds
    completed = Event(f"{name}_completed", timer.status, seconds, timer.counts, None, timer.facts)
    emit(completed, f"{title}: {timer.status} ({seconds:.1f} s)")


class _Stamps:
    """Times as text; the part down to the second is made once a second."""

    def __init__(self) -> None:
        self._second = (-1, "")

    def utc(self, moment: float) -> str:
        """Return seconds since the epoch as ``2025-11-27T13:30:05.123Z``."""
        milliseconds = int(moment * 1000)
        second, rest = divmod(milliseconds, 1000)
        known, text = self._second
        if known != second:
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = (second, text)
        return f"{text}.{rest:03d}Z"


class EventFormatter(logging.Formatter):
    """Write a log record as one line of JSON with the fields in their order, free of secrets."""

    def __init__(self) -> None:
        super().__init__()
        self._stamps = _Stamps()
        self._host = this_machine.node() or "unknown"

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        event: Event | None = record.__dict__.get("samvad_event")
        fields: dict[str, Any] = {
            "ts": self._stamps.utc(record.created),
            "level": record.levelname,
            "event": event.event if event else "log",
            "message": _message(record),
            **current().fields,
        }
        if event is not None:
            fields |= _fields(event)
        if event is None or event.failure is None:
            fields |= _raised(record)
        fields |= {
            "logger": record.name,
            "host": self._host,
            "pid": record.process,
            "thread": record.threadName or "",
        }
        line = _ENCODER.encode(fields)
        # What a terminal obeys, or what turns the reading direction, is written as JSON escapes it: nothing is lost.
        return line if line.isprintable() else "".join(map(_escaped, line))


def _escaped(sign: str) -> str:
    return sign if is_printable(sign) or "\ud800" <= sign <= "\udfff" else json.dumps(sign)[1:-1]


def shown(text: str) -> str:
    """Return a message as a log may hold it: nothing that a terminal obeys, and no forged line."""
    return _FORGED.sub("\n ", printable(text, lines=True))


def _message(record: logging.LogRecord) -> str:
    """Return a record's message without secrets, made once for the text and the event."""
    message: str | None = record.__dict__.get("samvad_message")
    if message is None:
        message = redact(record.getMessage())
        if len(message) > _LONGEST_MESSAGE:
            message = f"{message[:_LONGEST_MESSAGE]}… ({len(message)} characters)"
        record.__dict__["samvad_message"] = message
    return message


def _fields(event: Event) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if event.status is not None:
        fields["status"] = event.status
    if event.duration_seconds is not None:
        fields["duration_seconds"] = round(event.duration_seconds, 3)
    # float() makes JSON's numbers of truth values and of NumPy's; what is not finite has no JSON.
    counts = {
        name: value if type(value) is int else float(value)
        for name, value in event.counts.items()
        if math.isfinite(value)
    }
    if counts:
        fields["counts"] = counts
    if event.facts:
        fields["facts"] = {
            name: redact(value) if isinstance(value, str) else value for name, value in event.facts.items()
        }
    return fields | (_error(event.failure) if event.failure is not None else {})


def _raised(record: logging.LogRecord) -> dict[str, Any]:
    """Return the fields of an error that was logged with its traceback, such as by ``log.exception``."""
    raised = record.exc_info[1] if record.exc_info else None
    return _error(describe(raised)) if raised is not None else {}


def _error(failure: Failure) -> dict[str, Any]:
    values = {
        "error_type": failure.type,
        "error_category": failure.category.replace(" ", "_"),
        "error_message": failure.message,
        "error_file": failure.file,
        "error_at_ms": failure.at_ms,
        "error_segment": failure.segment,
        "traceback": failure.traceback,
    }
    return {name: value for name, value in values.items() if value not in (None, "")}


class TextFormatter(logging.Formatter):
    """Write a log record as ``[2025-11-27 13:30:05] [asr] [INFO] …``, free of secrets.

    Args:
        source: what stands in the second pair of brackets.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        super().__init__(f"[%(asctime)s] [{source}] [%(levelname)s] %(message)s", "%Y-%m-%d %H:%M:%S")
        self._second = (-1, "")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 -- overrides
        """Return the local time to the second, made once a second."""
        known, text = self._second
        if known != int(record.created):
            text = super().formatTime(record, datefmt)
            self._second = (int(record.created), text)
        return text

    def format(self, record: logging.LogRecord) -> str:
        """Return the text, without the end of the line."""
        if record.exc_info or record.stack_info:
            return shown(redact(super().format(record)))
        stamp = self.formatTime(record, self.datefmt)
        return f"[{stamp}] [{self._source}] [{record.levelname}] {shown(_message(record))}"
