"""What an attempt's record and its milestones say besides results: where the time went, counts, services asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from samvad.core.declarations import Stage
from samvad.documents.stage_entries import Metric, NetworkUse, SpanRecord
from samvad.logs import events, spans
from samvad.models import http


def begin() -> None:
    """Begin to count anew: a process may run several stages after each other, as tests do."""
    spans.restart()
    http.tally.take()


def time_spent() -> tuple[SpanRecord, ...]:
    """Return where the time of the stage went, and write it as events and into the performance channel."""
    found = tuple(SpanRecord(one.name, one.started_at, one.seconds, one.times) for one in spans.taken())
    for item in found:
        counts = {"started_after": item.started_after, "times": item.times}
        events.emit(events.Event("span", duration_seconds=item.seconds, counts=counts, silent=True), item.name)
        events.performance(f"{item.name}_seconds", item.seconds, "s")
    return found


def services_asked() -> tuple[NetworkUse, ...]:
    """Return the services that the stage called, by their endpoints."""
    return tuple(NetworkUse(name, *counts) for name, counts in sorted(http.tally.take().items()))


def counts(stage: Stage, metrics: Iterable[Metric]) -> dict[str, float]:
    """Return the figures that a stage's milestones carry, by name."""
    found = _of(stage, metrics)
    return {name: value for name, value in found.items() if isinstance(value, int | float)}


def facts(stage: Stage, metrics: Iterable[Metric]) -> dict[str, str]:
    """Return what else a stage's milestones carry, such as languages."""
    return {name: value for name, value in _of(stage, metrics).items() if isinstance(value, str)}


def _of(stage: Stage, metrics: Iterable[Metric]) -> Mapping[str, Any]:
    return {item.name: item.value for item in metrics if stage.is_milestone(item.name)}
