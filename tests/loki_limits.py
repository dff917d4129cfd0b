"""What Loki refuses by its limits, as its configuration's reference gives them; Loki itself is not run.

Three of them decide whether an outage and a busy night are seen on the dashboard: how far behind the newest line of
its stream a line may be (half of ``ingester.max_chunk_age``), how many series a metric query may be answered with
(``max_query_series``), and how a query is split (``split_queries_by_interval``, and another for instants).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from logql_answers import Entry

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


@dataclass(frozen=True)
class Limits:
    """Loki's limits; the defaults are those of its versions 3.0 to 3.6."""

    max_chunk_age: timedelta = timedelta(hours=2)
    reject_old_samples_max_age: timedelta = timedelta(weeks=1)
    time_sharding: bool = False
    time_sharding_ignore_recent: timedelta = timedelta(minutes=40)
    max_query_series: int = 500
    split_queries: timedelta = timedelta(hours=1)
    split_instant_queries: timedelta = timedelta(hours=1)

    @property
    def behind(self) -> timedelta:
        """Return how far behind the newest line of its stream a line may be."""
        return self.max_chunk_age / 2


def read(document: dict[str, Any]) -> Limits:
    """Return the limits that a configuration of Loki sets; a key that is not known here raises."""
    limits = dict(document.pop("limits_config", {}))
    shards = dict(limits.pop("shard_streams", {}))
    ingester = dict(document.pop("ingester", {}))
    found = {
        "max_chunk_age": ingester.pop("max_chunk_age", None),
        "reject_old_samples_max_age": limits.pop("reject_old_samples_max_age", None),
        "split_queries": limits.pop("split_queries_by_interval", None),
        "split_instant_queries": limits.pop("split_instant_metric_queries_by_interval", None),
    }
    spans = {name: duration(text) for name, text in found.items() if text is not None}
    series = limits.pop("max_query_series", Limits.max_query_series)
    sharding = shards.pop("enabled", True) and shards.pop("time_sharding_enabled", False)
    assert not document and not limits and not shards and not ingester, "keys that this model does not know"
    return Limits(max_query_series=series, time_sharding=sharding, **spans)


def duration(text: str) -> timedelta:
    """Return a duration of Loki's: ``24h``, ``1w``."""
    match = re.fullmatch(r"(\d+)([smhdw])", text)
    assert match, text
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def taken(entries: Iterable[Entry], limits: Limits, now_ms: int) -> Iterator[Entry]:
    """Yield the entries that Loki takes, in the order in which they are sent to it at one moment.

    With time sharding a line that is not of the last minutes has a stream for each half of a chunk's age.
    """
    newest: dict[tuple[Any, ...], int] = {}
    behind_ms = limits.behind // timedelta(milliseconds=1)
    recent_ms = now_ms - limits.time_sharding_ignore_recent // timedelta(milliseconds=1)
    oldest_ms = now_ms - limits.reject_old_samples_max_age // timedelta(milliseconds=1)
    for entry in entries:
        if entry.ts_ms < oldest_ms:
            continue
        shard = entry.ts_ms // behind_ms if limits.time_sharding and entry.ts_ms < recent_ms else None
        stream = (shard, *sorted(entry.stream.items()))
        if entry.ts_ms >= newest.get(stream, entry.ts_ms) - behind_ms:
            newest[stream] = max(newest.get(stream, entry.ts_ms), entry.ts_ms)
            yield entry


def parts(span: timedelta, interval: timedelta) -> int:
    """Return into how many queries Loki splits one over so long a time."""
    return math.ceil(span / interval)
