"""Questions to logs, and the truth by another way."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from samvad.core import stages
from samvad.reporting.logquery import sources, store, views

STAGE_NAMES = [stage.name for stage in stages.STAGES]
Rows = list[dict[str, Any]]
Ask = Callable[..., Any]


def events_of(root: Path) -> Rows:
    """Read every event once, as plain Python does it: runs' logs, and of attempts only what no run has."""
    found: Rows = []
    for job in {path.parent.parent for path in root.rglob("logs/*.jsonl")}:
        merged = [event for path in job.glob("logs/99_pipeline_*.jsonl") for event in lines_of(path)]
        there = Counter(json.dumps(event) for event in merged)
        own = [event for path in job.glob("*/attempts/*/*.jsonl") for event in lines_of(path)]
        found += merged + [event for event in own if not there[json.dumps(event)]]
    return found


def lines_of(path: Path) -> Rows:
    found = []
    for line in path.read_text("utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def results(truth: Rows, stage: str) -> Rows:
    return [event for event in truth if event["event"] == "stage_result" and event["stage"] == stage]


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


def worked(truth: Rows, stage: str) -> Rows:
    return [one for one in results(truth, stage) if one["status"] == "success" and not one["counts"]["cache_hit"]]


def lengths(truth: Rows) -> dict[str, float]:
    return {e["job_id"]: e["counts"]["film_seconds"] for e in truth if e["event"] == "job_finished"}


def write(folder: Path, *lines: object) -> Path:
    path = folder / "2025/11/27/asha/1/logs/99_pipeline_20251127_133005.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("\n".join(texts), encoding="utf-8", errors="surrogateescape")
    return path


def event(**fields: Any) -> dict[str, Any]:
    return {
        "ts": "2025-11-27T13:30:05.123Z", "level": "INFO", "event": "log", "message": "m", "run_id": "r", "film": "f",
        "job_id": "asha/1", "parent_job_id": None, "stage": None, "attempt": None, **fields,
    }  # fmt: skip


def count(place: Path) -> int:
    import duckdb

    connection = duckdb.connect()
    loaded = store.load(connection, sources.find([str(place)]), store.index_folder([str(place)]))
    views.make(connection, views.Filters(), datetime(2025, 11, 27))
    (found,) = connection.execute("SELECT count(*) FROM events").fetchone() or (0,)
    assert loaded.lines - loaded.foreign >= found
    return int(found)
