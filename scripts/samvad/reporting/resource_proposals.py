"""Propose the memory and time that a stage is to ask for, from what its past runs took and how long their films were.

A line over the length of the film: its slope is the median of the slopes of all pairs of runs (Theil and Sen: a few odd
runs do not move it), its height such that a high share of the runs lies below it. A margin goes on top.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from samvad.core import stages
from samvad.documents import job_folder

#: Runs from which a line is drawn, and how much longer than the shortest the longest film must be.
MIN_RUNS = 5
MIN_SPREAD = 1.5
#: What the processes of Snakemake around a stage take in a job of SLURM's: 2 at about 130 MiB, about 10 s.
_AROUND_MB = 300.0
_AROUND_MINUTES = 2.0
_MAX_PAIRS = 200_000


@dataclass(frozen=True)
class Run:
    """An attempt that did its work: length of the film, peak memory, wall time, and what it worked with.

    Attributes:
        kind: models and device: runs of another kind take something else.
        ended_at: UTC.
    """

    stage: str
    film_hours: float
    memory_mb: float
    minutes: float
    kind: tuple[str, ...]
    ended_at: str


@dataclass(frozen=True)
class Line:
    """A need by the length of the film: base + per_hour x hours."""

    base: float
    per_hour: float

    def at(self, hours: float) -> float:
        """Return what a film of so many hours needs."""
        return self.base + self.per_hour * hours


@dataclass(frozen=True)
class Proposal:
    """What a stage is to ask for.

    Attributes:
        runs: number of runs that it stands on; those of another kind than the last run are left out.
        left_out: how many those are.
        shortest_hours: the shortest film.
        longest_hours: the longest film.
        memory: MiB, or None where ``why_not`` says why there is no proposal.
        minutes: wall time, or None.
    """

    stage: str
    runs: int
    left_out: int
    shortest_hours: float
    longest_hours: float
    memory: Line | None
    minutes: Line | None
    why_not: str = ""


def read(places: Iterable[Path]) -> list[Run]:
    """Return the runs that are recorded below folders: successful ones that did their work, not from the cache.

    Raises:
        ConfigurationError: a place does not exist, or there is no job at or below it.
    """
    found = []
    for folder in job_folder.find(places):
        job = job_folder.load(folder)
        told_all = [record.valid for record in job.attempts if record.valid and record.valid.status == "success"]
        lengths = [seconds / 3600 for told in told_all if (seconds := told.film_seconds()) is not None]
        if not lengths:
            continue
        for told in told_all:
            if not told.cache.hit:
                used, software = told.resources, told.software
                kind = (str(software.device_actual), *sorted(model.name for model in software.models))
                peak, minutes = used.peak_rss_mb, used.wall_seconds / 60
                found.append(Run(told.stage, lengths[-1], peak, minutes, kind, told.ended_at or told.timestamp))
    return found


def propose(runs: Sequence[Run], quantile: float, margin: float) -> list[Proposal]:
    """Return a proposal for each stage that was run, in the order of their numbers.

    Args:
        runs: what was measured.
        quantile: share of the runs (0 to 1) that must lie below the line.
        margin: factor on top, such as 1.3.
    """
    by_stage = {stage.name: [run for run in runs if run.stage == stage.name] for stage in stages.STAGES}
    return [_propose(name, found, quantile, margin) for name, found in by_stage.items() if found]


def _propose(stage: str, every: Sequence[Run], quantile: float, margin: float) -> Proposal:
    kind = max(every, key=lambda run: run.ended_at).kind
    runs = [run for run in every if run.kind == kind]
    hours = [run.film_hours for run in runs]
    counted = (stage, len(runs), len(every) - len(runs), min(hours), max(hours))
    if len(runs) < MIN_RUNS:
        return Proposal(*counted, None, None, f"too few runs (at least {MIN_RUNS} are needed)")
    if max(hours) < MIN_SPREAD * min(hours):
        return Proposal(*counted, None, None, "films of one length only: what a longer one takes cannot be told")
    memory = _line([(run.film_hours, run.memory_mb) for run in runs], quantile, margin)
    minutes = _line([(run.film_hours, run.minutes) for run in runs], quantile, margin)
    return Proposal(
        *counted,
        Line(memory.base + _AROUND_MB, memory.per_hour),
        Line(minutes.base + _AROUND_MINUTES, minutes.per_hour),
    )


def _line(points: Sequence[tuple[float, float]], quantile: float, margin: float) -> Line:
    pairs = itertools.islice(itertools.combinations(_spread(points), 2), _MAX_PAIRS)
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in pairs if x1 != x2]
    per_hour = max(0.0, statistics.median(slopes))
    above = sorted(y - per_hour * x for x, y in points)
    height = above[min(len(above) - 1, math.ceil(quantile * len(above)) - 1)]
    return Line(max(0.0, height) * margin, per_hour * margin)


def _spread(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return at most so many points, evenly taken over the lengths, that all their pairs can be looked at."""
    most = math.isqrt(2 * _MAX_PAIRS)
    ordered = sorted(points)
    return ordered if len(ordered) <= most else [ordered[number * len(ordered) // most] for number in range(most)]
