"""The geometry of a report's pictures: bars on a time axis, ticks, columns. Everything is a share of the width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from samvad.reporting.logquery import table
from samvad.reporting.logquery.report.data import Attempt, Part, Run

WIDTH = 1000  # units of a picture's width, whatever its size on the page
_MIN_BAR = 2.5  # a stage of a blink can still be seen
_STEPS = [
    *(timedelta(seconds=value) for value in (1, 2, 5, 10, 15, 30)),
    *(timedelta(minutes=value) for value in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=value) for value in (1, 2, 3, 6, 12)),
    *(timedelta(days=value) for value in (1, 2, 7, 14, 30, 90, 365)),
]


@dataclass(frozen=True)
class Axis:
    """A stretch of time across a picture."""

    began: datetime
    ended: datetime

    def x(self, moment: datetime) -> float:
        """Return where a moment lies, from 0 to ``WIDTH``."""
        whole = max((self.ended - self.began).total_seconds(), 0.001)
        share = (moment - self.began).total_seconds() / whole
        return round(WIDTH * min(1.0, max(0.0, share)), 1)

    def ticks(self, most: int = 8) -> list[tuple[float, str]]:
        """Return at most so many round times, with where they lie."""
        whole = self.ended - self.began
        step = next((step for step in _STEPS if whole / step <= most), _STEPS[-1])
        midnight = self.began.replace(hour=0, minute=0, second=0, microsecond=0)
        moment = midnight + step * -((midnight - self.began) // step)
        form = "%H:%M:%S" if step < timedelta(minutes=1) else "%H:%M" if step < timedelta(days=1) else "%d %b"
        found: list[tuple[float, str]] = []
        while moment <= self.ended and len(found) < 2 * most:
            found.append((self.x(moment), f"{moment:{form}}"))
            moment += step
        return found


@dataclass(frozen=True)
class Bar:
    """An attempt of a stage on a time axis; ``look`` is its class in the styles, ``hint`` what the pointer shows."""

    x: float
    width: float
    look: str
    hint: str


def axis_of(runs: Sequence[Run]) -> Axis:
    """Return the axis that some runs fill."""
    attempts = [one for run in runs for one in run.attempts]
    began = min([run.began for run in runs] + [one.began for one in attempts])
    ended = max([run.ended for run in runs] + [one.ended for one in attempts])
    return Axis(began, max(ended, began + timedelta(seconds=1)))


def colour(number: int) -> str:
    """Return the class of a stage's colour, by its number: there are ten colours, and one for stages unknown (0)."""
    return f"s{(number - 1) % 10 + 1 if number else 0}"


def bar(one: Attempt, axis: Axis) -> Bar:
    """Return the bar of an attempt."""
    left = axis.x(one.began)
    width = max(axis.x(one.ended) - left, _MIN_BAR)
    look = colour(one.number)
    if one.status in ("failed", "stopped", "no end"):
        look = "failed" if one.status == "failed" else "no-end"
    elif one.status == "skipped" or one.cached:
        look += " hollow"
    parts = [one.stage + (f", attempt {one.attempt}" if one.attempt > 1 else ""), one.status]
    parts += [table.duration(one.seconds)] if one.seconds is not None else []
    parts += ["from the cache"] if one.cached else []
    return Bar(min(left, WIDTH - width), round(width, 1), look, " · ".join(parts))


def part_bar(part: Part, axis: Axis) -> Bar:
    """Return the bar of a part of an attempt's work: from when it first began, as long as all of it took."""
    left = axis.x(part.began)
    width = max(axis.x(part.began + timedelta(seconds=part.seconds)) - left, 1.0)
    times = f", {part.times} times" if part.times > 1 else ""
    hint = f"{part.name.replace('_', ' ')}: {table.shown(part.seconds, 'seconds')}{times}"
    return Bar(min(left, WIDTH - width), round(width, 1), "part", hint)


def round_up(value: float) -> float:
    """Return the next round figure (1, 2, 2.5, 4 or 5 with zeros): the top of a scale."""
    if value <= 0:
        return 1.0
    power = 10 ** (len(str(int(value))) - 1)
    return next(float(power * step) for step in (1, 2, 2.5, 4, 5, 10) if power * step >= value)
