"""Read all that was logged of one job, in one order: events, and the DEBUG lines that only the stages' text logs have.

A stage's lines come from the files of its attempts, which have them at once; the run's log, into which they are copied
when the stage ends, gives the pipeline's own lines, and those of attempts whose files are gone.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from samvad.core import outside, stages
from samvad.core.typed_json import JsonObject
from samvad.logs import events

#: From quietest to loudest.
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
#: Of what no stage said.
PIPELINE = "pipeline"
#: Events of a stage that are for machines: they count as DEBUG here.
_ROUTINE = frozenset(("progress", "span", "performance_metric"))
_TEXT = re.compile(r"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\] \[[^\]]*\] \[([A-Z]+)\] (.*)", re.DOTALL)
#: Quotes inside a message are escaped: no text that a stage logs looks like these.
_OF_ATTEMPT = re.compile(rb'"stage": ?"(?P<stage>[a-z_]+)", ?"attempt": ?(?P<attempt>[0-9]{1,9})[,}]')
_BY_PIPELINE = re.compile(rb'"logger": ?"samvad\.pipeline"')
#: A text line is looked for among so many events that come next: a few of them are not in the text.
_AHEAD = 400
_QUARTER_MS = 15 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a log.

    Attributes:
        at_ms: milliseconds since 1970, UTC; of a DEBUG line to the second, or when the line before it was written.
        level: one of ``LEVELS``; DEBUG for what is for machines alone.
        stage: its name, or ``PIPELINE``.
        attempt: of the stage; None for the pipeline's own lines.
        run_id: empty where it is not known.
        event: as in the event log; ``log`` for text.
        message: for people.
        fields: what else the event says, as in the event log.
    """

    at_ms: int
    level: str
    stage: str
    attempt: int | None
    run_id: str
    event: str
    message: str
    fields: JsonObject

    @property
    def moment(self) -> datetime:
        """Return when it was, UTC."""
        return datetime.fromtimestamp(self.at_ms / 1000, UTC)

    @property
    def is_failure(self) -> bool:
        """Return whether it tells of something that went wrong."""
        return LEVELS.index(self.level) >= LEVELS.index("ERROR")

    @property
    def text(self) -> str:
        """Return what a person reads of it: of progress its figures too, of a part of the work its seconds."""
        if self.event == "progress":
            counts = self.fields.get("counts")
            counts = counts if isinstance(counts, dict) else {}
            return f"{counts.get('done', '?')} of {counts.get('total', '?')} {self.message.replace('_', ' ')}"
        if self.event == "span":
            return f"{self.message.replace('_', ' ')}: {self.fields.get('duration_seconds', '?')} s"
        return self.message

    def plain(self) -> JsonObject:
        """Return the line as the event log has it."""
        moment = self.moment
        told = {
            "ts": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z",
            "level": self.level,
            "event": self.event,
            "message": self.message,
            "run_id": self.run_id or None,
            "stage": None if self.stage == PIPELINE else self.stage,
            "attempt": self.attempt,
            **self.fields,
        }
        return {name: told[name] for name in events.FIELDS if name in told}


class JobLog:
    """The log of a job, which may still be written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: dict[Path, _Tail] = {}
        self._attempts: dict[tuple[str, int], _Attempt] = {}
        #: Lines that were no events, such as one that was torn when its writer was killed.
        self.foreign = 0

    def poll(self) -> list[Line]:
        """Return what was written since the last call, in order of time; at the first call, all that there is."""
        found: list[Line] = []
        for stage in stages.STAGES:
            for place in self._places(stage.folder):
                key = (stage.name, int(place.name))
                attempt = self._attempts.setdefault(key, _Attempt(place, *key))
                found += attempt.poll()
        for path in sorted((self._folder / "logs").glob("99_pipeline_*.jsonl")):
            found += self._of_run(self._runs.setdefault(path, _Tail(path)))
        self.foreign += sum(tail.take_foreign() for tail in self._tails())
        return sorted(found, key=lambda line: line.at_ms)

    def _places(self, stage_folder: str) -> list[Path]:
        with suppress(OSError):
            place = self._folder / stage_folder / "attempts"
            return sorted(entry for entry in place.iterdir() if entry.name.isascii() and entry.name.isdigit())
        return []

    def _of_run(self, tail: _Tail) -> Iterator[Line]:
        return (_line(event) for event in tail.events(self._is_copy))

    def _is_copy(self, data: bytes) -> bool:
        """Return whether a line of a run's log is there as its attempt's own: nearly all are, and need no parsing."""
        match = _OF_ATTEMPT.search(data)
        if match is None or _BY_PIPELINE.search(data):
            return False
        known = self._attempts.get((match["stage"].decode(), int(match["attempt"])))
        return known is not None and known.has_events

    def _tails(self) -> Iterator[_Tail]:
        yield from self._runs.values()
        for attempt in self._attempts.values():
            yield from attempt.tails()


def newest_run(found: Iterable[Line]) -> str:
    """Return the run that began last."""
    began: dict[str, int] = {}
    for line in found:
        began.setdefault(line.run_id, line.at_ms)
    return max(began, key=lambda run_id: (bool(run_id), began[run_id]), default="")


@dataclass
class _Attempt:
    """The files of one attempt of a stage."""

    folder: Path
    stage: str
    number: int
    has_events: bool = False
    _events: dict[Path, _Tail] = field(default_factory=dict)
    _text: _Tail | None = None
    _waiting: deque[Line] = field(default_factory=deque)
    _now_ms: int = 0
    _run_id: str = ""
    _ahead_ms: int | None = None

    def tails(self) -> Iterator[_Tail]:
        yield from self._events.values()

    def poll(self) -> list[Line]:
        """Return the new lines: DEBUG lines stand after the event that stands before them in the text."""
        # Of a line the text is written before the event: read the other way round, none is missed.
        for path in sorted(self.folder.glob("events*.jsonl")):
            self.has_events = True
            self._waiting += [_line(event) for event in self._events.setdefault(path, _Tail(path)).events()]
        self._text = self._text or _Tail(self.folder / "stage.log")
        found: list[Line] = []
        for stamp, level, message in self._text.texts():
            if level != "DEBUG":
                found += self._up_to(message, _local_ms(stamp))
                continue
            at_ms = _local_ms(stamp) + (self._ahead_ms if self._ahead_ms is not None else _local_ahead_ms(stamp))
            self._now_ms = max(self._now_ms, at_ms)
            found.append(Line(self._now_ms, level, self.stage, self.number, self._run_id, "log", message, {}))
        while self._waiting:
            found.append(self._taken())
        return found

    def _up_to(self, message: str, local_ms: int) -> Iterator[Line]:
        """Yield the events up to the one that has this text; none where it is not among those that come next."""
        for number, line in enumerate(self._waiting):
            if number == _AHEAD:
                return
            if events.shown(line.message) == message or message.startswith(events.shown(line.message) + "\n"):
                # What the clock on the wall said there: the log may have been written in another zone.
                ahead = line.at_ms - local_ms
                self._ahead_ms = _QUARTER_MS * round(ahead / _QUARTER_MS)
                for _ in range(number + 1):
                    yield self._taken()
                return

    def _taken(self) -> Line:
        line = self._waiting.popleft()
        self._now_ms = max(self._now_ms, line.at_ms)
        self._run_id = line.run_id or self._run_id
        return line


class _Tail:
    """A file of lines, read on from where it was left; half a line at its end waits for its other half."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._foreign = 0
        self._held: list[str] | None = None

    def events(self, leave_out: Callable[[bytes], bool] = lambda data: False) -> Iterator[JsonObject]:
        """Yield the events that are new, without those whose line is to be left out."""
        for data in self._lines():
            if leave_out(data):
                continue
            try:
                event = outside.json_value(data)
                _milliseconds(event["ts"])
                if not (isinstance(event["message"], str) and event["level"] in LEVELS):
                    raise ValueError("no event")
                yield event
            except (ValueError, KeyError, TypeError, OverflowError):
                self._foreign += bool(data.strip())

    def texts(self) -> Iterator[tuple[str, str, str]]:
        """Yield the stamp, level and message of each line for people that is new; a message may be of several lines."""
        held: list[str] = []
        for data in [*self._lines(), None]:
            text = data.decode("utf-8", "replace").rstrip("\n") if data is not None else None
            match = _TEXT.match(text) if text is not None else None
            if held and (match or text is None):
                yield held[0], held[1], "\n".join(held[2:])
                held = []
            if match:
                held = list(match.groups())
            elif held and text is not None:
                held.append(text)

    def take_foreign(self) -> int:
        """Return how many lines were no events since this was asked last."""
        found, self._foreign = self._foreign, 0
        return found

    def _lines(self) -> list[bytes]:
        try:
            with outside.open_regular(self._path, outside.LARGEST_LOG_BYTES) as file:
                if file.seek(0, 2) < self._offset:
                    self._offset = 0  # it was written anew
                file.seek(self._offset)
                data = file.read()
        except OSError:
            return []
        whole = data.rfind(b"\n") + 1
        self._offset += whole
        return data[:whole].splitlines(keepends=True) if whole else []


def _line(event: JsonObject) -> Line:
    stage, attempt, run_id, kind = (event.get(name) for name in ("stage", "attempt", "run_id", "event"))
    told = ("ts", "level", "event", "message", "run_id", "stage", "attempt")
    return Line(
        _milliseconds(event["ts"]),
        "DEBUG" if kind in _ROUTINE else event["level"],
        stage if isinstance(stage, str) else PIPELINE,
        attempt if isinstance(attempt, int) else None,
        run_id if isinstance(run_id, str) else "",
        kind if isinstance(kind, str) else "log",
        event["message"],
        {name: event[name] for name in event if name in events.FIELDS and name not in told},
    )


def _milliseconds(stamp: str) -> int:
    return round(datetime.fromisoformat(stamp).timestamp() * 1000)


def _local_ms(stamp: str) -> int:
    """Return what the clock on the wall said, as if it were UTC."""
    return round(datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp() * 1000)


def _local_ahead_ms(stamp: str) -> int:
    """Return what is to be added to the clock on this machine's wall to have UTC."""
    return round(datetime.fromisoformat(stamp).astimezone().timestamp() * 1000) - _local_ms(stamp)


def as_json(line: Line, number: int) -> str:
    """Return a line as a line of JSON, with its number in the job's log."""
    value: dict[str, Any] = {"line": number, **line.plain()}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
