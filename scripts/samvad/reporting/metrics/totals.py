"""Add up what the event logs of jobs say: results, failures, durations, memory, runs that go on.

Everything is derived from the logs at each call, so that calling twice counts nothing twice. Of a run's log a few kinds
of lines matter here (``job_received``, ``stage_result``, ``span`` and the like); only they are parsed.
"""

from __future__ import annotations

import bisect
import logging
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from samvad.core import outside, stages
from samvad.core.errors import ConfigurationError
from samvad.core.typed_json import JsonObject
from samvad.logs import spans

STATUSES = ("success", "failed", "stopped", "skipped")
JOB_STATUSES = ("success", "failed", "stopped", "incomplete")
CATEGORIES = (
    *("network", "media", "model", "out_of_memory", "disk", "changed", "configuration", "bug", "killed", "stopped"),
)

#: Counts of ``stage_result`` that say what an attempt took.
USED = ("core_hours", "gpu_hours", "energy_kwh", "cost")
#: What stands for a value that is none of the known ones, so that no log can make time series without end.
OTHER = "other"

#: Upper bounds of the buckets for seconds of work a second of film: each half as much again as the one before.
RATIO_BOUNDS = tuple(round(0.002 * 1.5**step, 4) for step in range(22))

_MARKS = (b'"stage_result"', b'"job_received"', b'"job_finished"', b'"event":"span"', b'"stage_retry"')
_HEEDED = ("stage_result", "job_received", "job_finished", "span", "stage_retry")
_TAIL_BYTES = 1 << 16
_MIB = 1 << 20


@dataclass
class Histogram:
    """Counts by bucket (the last for all above the highest bound), and the sum of the values."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(RATIO_BOUNDS) + 1))
    total: float = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect.bisect_left(RATIO_BOUNDS, value)] += 1
        self.total += value


@dataclass
class Totals:
    """What all logs say together. Times are seconds since 1970.

    Attributes:
        results: attempts of stages by (stage, status).
        failures: failed attempts by (stage, category).
        cache_hits: successes taken from the cache, by stage.
        seconds: for each stage, how many successes were computed, and the seconds they took.
        spans: for each stage and each named part of its work, how often it was timed, and the seconds it took.
        retries: attempts that were begun by themselves after one had failed, by stage.
        used: what attempts took of machines, by stage and kind of ``USED``, however they ended.
        ratios: for each stage, seconds of work a second of film, of those successes.
        peak_bytes: for each stage, when its latest result was, and the most memory that it held.
        last_success: by stage.
        last_failure: by category.
        jobs: runs that ended, by status.
        film_seconds: length of the films of runs that succeeded.
        active: for each run that goes on, when it began and when it was last heard of.
        lines: lines in all logs.
        unreadable: lines that matter and are no JSON (a killed process leaves half a line).
    """

    results: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    cache_hits: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, tuple[int, float]] = field(default_factory=dict)
    spans: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    retries: Counter[str] = field(default_factory=Counter)
    used: defaultdict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    ratios: defaultdict[str, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    peak_bytes: dict[str, tuple[float, float]] = field(default_factory=dict)
    last_success: dict[str, float] = field(default_factory=dict)
    last_failure: dict[str, float] = field(default_factory=dict)
    jobs: Counter[str] = field(default_factory=Counter)
    film_seconds: float = 0.0
    active: dict[str, tuple[float, float]] = field(default_factory=dict)
    lines: int = 0
    unreadable: int = 0


def collect(places: Iterable[Path], now: datetime, forget_days: float) -> Totals:
    """Add up the logs of all jobs below the given folders.

    Args:
        places: folders with job folders below them.
        now: the present moment.
        forget_days: a run of which nothing was heard for so long goes on no longer, although nobody ended it.

    Raises:
        ConfigurationError: a place is no folder.
    """
    totals = Totals()
    for logs in sorted({logs for place in places for logs in _log_folders(place)}):
        runs = []
        for path in sorted(logs.glob("99_pipeline_*.jsonl")):
            try:
                runs.append(_read(path, totals))
            except outside.UnfitFileError as error:
                logging.getLogger(__name__).warning("%s It is passed over.", error)
        runs = [run for run in runs if run]
        for run in runs:
            _add_run(totals, run)
        if runs and not any(event["event"] == "job_finished" for event in runs[-1]):
            began = _seconds(runs[-1][0])
            heard = max(began, _seconds(runs[-1][-1]), _last_heard(logs.parent))
            if now.timestamp() - heard < forget_days * 86400:
                totals.active[str(logs)] = (began, heard)
    return totals


def _log_folders(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        raise ConfigurationError(
            f"There is no folder {place}.", "Name output_root, below which the job folders lie.", path=str(place)
        )
    for folder, inside, _ in os.walk(place.resolve()):
        if "logs" in inside:
            yield Path(folder) / "logs"
            inside.clear()  # a job folder: no other job lies in it


def _read(log: Path, totals: Totals) -> list[JsonObject]:
    """Return the events of a run's log that matter, oldest first, and count its lines."""
    found = []
    with outside.open_regular(log, outside.LARGEST_BYTES) as file:
        for line in file:
            totals.lines += 1
            if any(mark in line for mark in _MARKS):
                event = _event(line)
                if event is None:
                    totals.unreadable += 1
                elif event["event"] in _HEEDED:
                    found.append(event)
    return found


def _event(line: bytes) -> JsonObject | None:
    """Return a line's event, or None where it is none: torn, or of something else."""
    try:
        value = outside.json_value(line)
        _seconds(value)
        return value if isinstance(value["event"], str) else None
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def _add_run(totals: Totals, run: list[JsonObject]) -> None:
    film_seconds = 0.0
    for event in run:
        if event["event"] == "job_finished":
            status = _known(event.get("status"), JOB_STATUSES)
            totals.jobs[status] += 1
            film_seconds = _count(event, "film_seconds") or 0.0
            totals.film_seconds += film_seconds if status == "success" else 0.0
    for event in run:
        if event["event"] == "stage_result":
            _add_result(totals, event, film_seconds)
        elif event["event"] == "stage_retry":
            totals.retries[_known(event.get("stage"), stages.BY_NAME)] += 1
        elif event["event"] == "span" and isinstance(event.get("duration_seconds"), int | float):
            key = (_known(event.get("stage"), stages.BY_NAME), _known(event.get("message"), spans.NAMES))
            number, seconds = totals.spans.get(key, (0, 0.0))
            totals.spans[key] = (number + 1, seconds + event["duration_seconds"])


def _add_result(totals: Totals, event: JsonObject, film_seconds: float) -> None:
    stage = _known(event.get("stage"), stages.BY_NAME)
    status = _known(event.get("status"), STATUSES)
    ended = _seconds(event)
    totals.results[stage, status] += 1
    peak_mb = _count(event, "peak_rss_mb")
    if peak_mb is not None and ended >= totals.peak_bytes.get(stage, (0.0, 0.0))[0]:
        totals.peak_bytes[stage] = (ended, peak_mb * _MIB)
    for kind in USED:
        totals.used[stage, kind] += _count(event, kind) or 0.0
    if status == "failed":
        category = _known(event.get("error_category"), CATEGORIES)
        totals.failures[stage, category] += 1
        totals.last_failure[category] = max(ended, totals.last_failure.get(category, 0.0))
    if status != "success":
        return
    totals.last_success[stage] = max(ended, totals.last_success.get(stage, 0.0))
    took = event.get("duration_seconds")
    if _count(event, "cache_hit"):
        totals.cache_hits[stage] += 1
    elif isinstance(took, int | float):
        number, seconds = totals.seconds.get(stage, (0, 0.0))
        totals.seconds[stage] = (number + 1, seconds + took)
        if film_seconds > 0:
            totals.ratios[stage].add(took / film_seconds)


def _last_heard(job_folder: Path) -> float:
    """Return when a stage of the job last wrote an event of its own: they reach the run's log when the stage ends."""
    found = 0.0
    for log in job_folder.glob("*/attempts/*/events*.jsonl"):
        with suppress(outside.UnfitFileError), outside.open_regular(log) as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            for line in reversed(file.read().splitlines()):
                event = _event(line)
                if event is not None:
                    found = max(found, _seconds(event))
                    break
    return found


def _seconds(event: JsonObject) -> float:
    return datetime.fromisoformat(event["ts"]).astimezone(UTC).timestamp()


def _count(event: JsonObject, name: str) -> float | None:
    counts = event.get("counts")
    value = counts.get(name) if isinstance(counts, dict) else None
    return float(value) if isinstance(value, int | float) else None


def _known(value: object, known: Iterable[str]) -> str:
    return value if isinstance(value, str) and value in known else OTHER
