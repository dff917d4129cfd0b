"""Write totals in Prometheus's text format, for the textfile collector of node_exporter.

Base units, and few series: no run and no film is a label. Every series that counts is there from the start, at 0, so
that the first failure is an increase like any other.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from samvad.core import stages
from samvad.reporting.metrics.totals import CATEGORIES, JOB_STATUSES, RATIO_BOUNDS, STATUSES, Totals

if TYPE_CHECKING:
    from prometheus_client.core import Metric

#: What attempts take, in base units: the name, what it is, and what the log's unit is times.
_USED = {
    "core_hours": ("samvad_stage_core_seconds", "Time of processor cores that were set aside for stages.", 3600),
    "gpu_hours": ("samvad_stage_gpu_seconds", "Time of GPUs that stages held.", 3600),
    "energy_kwh": ("samvad_stage_energy_joules", "Energy of stages, where the machine tells it.", 3_600_000),
    "cost": ("samvad_stage_cost", "What stages cost, in the currency of the configuration (cost.currency).", 1),
}
_STAGES = tuple(stages.BY_NAME)
_Key = TypeVar("_Key", str, tuple[str, str])


def text(totals: Totals, now: datetime) -> bytes:
    """Return the metrics as a file of the textfile collector holds them.

    Args:
        totals: from ``totals.collect``.
        now: when they were collected.
    """
    from prometheus_client import CollectorRegistry, generate_latest

    class Collector:
        """Hands the metrics to the library, which writes and escapes them."""

        def collect(self) -> Iterator[Metric]:
            """Yield all metrics."""
            yield from _counters(totals)
            yield from _of_stages(totals)
            yield from _gauges(totals, now)

    registry = CollectorRegistry()
    registry.register(Collector())
    return generate_latest(registry)


def _counters(totals: Totals) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily

    results = CounterMetricFamily(
        "samvad_stage_results", "Attempts of stages in the event logs, by how they ended.", labels=["stage", "status"]
    )
    for key in _all(totals.results, itertools.product(_STAGES, STATUSES)):
        results.add_metric(key, totals.results[key])
    failures = CounterMetricFamily(
        "samvad_stage_failures", "Attempts of stages that failed, by the kind of failure.", labels=["stage", "category"]
    )
    for key in _all(totals.failures, itertools.product(_STAGES, CATEGORIES)):
        failures.add_metric(key, totals.failures[key])
    hits = CounterMetricFamily(
        "samvad_stage_cache_hits", "Successes of stages that were taken from the cache.", labels=["stage"]
    )
    for stage in _all(totals.cache_hits, _STAGES):
        hits.add_metric([stage], totals.cache_hits[stage])
    retries = CounterMetricFamily(
        "samvad_stage_retries",
        "Attempts of stages that were begun anew after one had failed.",
        labels=["stage"],
    )
    for stage in _all(totals.retries, _STAGES):
        retries.add_metric([stage], totals.retries[stage])
    jobs = CounterMetricFamily("samvad_jobs", "Runs of films that ended, by how they ended.", labels=["status"])
    for status in _all(totals.jobs, JOB_STATUSES):
        jobs.add_metric([status], totals.jobs[status])
    yield from (results, failures, hits, retries, jobs)
    for kind, (name, help_text, factor) in _USED.items():
        family = CounterMetricFamily(name, help_text, labels=["stage"])
        for stage in _all({stage for stage, _ in totals.used}, _STAGES):
            family.add_metric([stage], totals.used.get((stage, kind), 0.0) * factor)
        yield family
    yield CounterMetricFamily(
        "samvad_film_seconds", "Length of the films whose runs succeeded.", value=totals.film_seconds
    )
    yield CounterMetricFamily("samvad_log_lines", "Lines in the event logs of runs.", value=totals.lines)
    yield CounterMetricFamily(
        "samvad_log_unreadable_lines", "Lines in the event logs that are no event.", value=totals.unreadable
    )


def _of_stages(totals: Totals) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, SummaryMetricFamily

    durations = SummaryMetricFamily(
        "samvad_stage_duration_seconds", "Duration of successes that were not taken from the cache.", labels=["stage"]
    )
    ratios = HistogramMetricFamily(
        "samvad_stage_realtime_ratio",
        "Seconds of work for a second of film, of successes that were not taken from the cache.",
        labels=["stage"],
    )
    parts = SummaryMetricFamily(
        "samvad_stage_span_seconds",
        "Time of the parts of stages' work that have a name, such as model_loading; parts may overlap.",
        labels=["stage", "span"],
    )
    for (stage, part), (number, seconds) in sorted(totals.spans.items()):
        parts.add_metric([stage, part], count_value=number, sum_value=seconds)
    memory = GaugeMetricFamily(
        "samvad_stage_peak_memory_bytes", "Most memory that the latest attempt of a stage held.", labels=["stage"]
    )
    success = GaugeMetricFamily(
        "samvad_stage_last_success_timestamp_seconds", "When a stage last succeeded.", labels=["stage"]
    )
    for stage in _all(totals.seconds, _STAGES):
        number, seconds = totals.seconds.get(stage, (0, 0.0))
        durations.add_metric([stage], count_value=number, sum_value=seconds)
    for stage in _all(totals.ratios, _STAGES):
        histogram = totals.ratios[stage]
        bounds = [*map(str, RATIO_BOUNDS), "+Inf"]
        buckets = list(zip(bounds, itertools.accumulate(histogram.counts), strict=True))
        ratios.add_metric([stage], buckets=buckets, sum_value=histogram.total)
    for stage, (_, held) in sorted(totals.peak_bytes.items()):
        memory.add_metric([stage], held)
    for stage, moment in sorted(totals.last_success.items()):
        success.add_metric([stage], moment)
    yield from (durations, parts, ratios, memory, success)


def _gauges(totals: Totals, now: datetime) -> Iterator[Metric]:
    from prometheus_client.core import GaugeMetricFamily

    failure = GaugeMetricFamily(
        "samvad_last_failure_timestamp_seconds",
        "When a stage last failed, by the kind of failure.",
        labels=["category"],
    )
    for category, moment in sorted(totals.last_failure.items()):
        failure.add_metric([category], moment)
    yield failure
    yield GaugeMetricFamily("samvad_active_runs", "Runs of films that go on.", value=len(totals.active))
    if totals.active:
        yield GaugeMetricFamily(
            "samvad_active_run_oldest_start_timestamp_seconds",
            "When the run began that has gone on for longest.",
            value=min(began for began, _ in totals.active.values()),
        )
        yield GaugeMetricFamily(
            "samvad_active_run_stalest_event_timestamp_seconds",
            "When that run was last heard of which has been silent for longest.",
            value=min(heard for _, heard in totals.active.values()),
        )
    yield GaugeMetricFamily(
        "samvad_export_timestamp_seconds", "When these metrics were derived from the logs.", value=now.timestamp()
    )


def _all(found: Iterable[_Key], expected: Iterable[_Key]) -> list[_Key]:
    """Return the keys that are always there, then those that were found besides."""
    always = list(expected)
    return always + sorted(key for key in set(found) - set(always))
