"""A shelf of made-up jobs: event logs as the workflow writes them, with whatever may happen in them."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from samvad.core import stages

#: When the shelf ends: the present moment of the tests.
NOW = datetime(2025, 11, 28, 12, 0, tzinfo=UTC)

_FAILURES = (
    ("network", "NetworkError"),
    ("media", "MediaError"),
    ("out_of_memory", "MemoryShortageError"),
    ("disk", "DiskError"),
    ("killed", "Killed"),
)


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


@dataclass
class Run:
    """The log of one run of a job, being written.

    Attributes:
        folder: the job folder.
        film: its id.
        moment: the time of the next line.
        run_id: made from film and moment.
    """

    folder: Path
    film: str
    moment: datetime
    run_id: str = ""
    lines: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.began = self.moment
        self.run_id = self.run_id or f"{self.film}_{self.moment:%Y%m%dT%H%M%SZ}_abc123"

    def add(
        self, event: str, message: str = "", *, stage: str | None = None, channel: str = "pipeline", **more: Any
    ) -> None:
        """Add a line; the time goes on by a second."""
        own = stage is not None and event not in ("stage_result", "stage_retry")
        line = {
            "ts": stamp(self.moment),
            "level": "ERROR" if more.get("status") == "failed" else "INFO",
            "event": event,
            "message": message or event,
            "run_id": self.run_id,
            "film": self.film,
            "job_id": "/".join(self.folder.parts[-2:]),
            "parent_job_id": None,
            "stage": stage,
            "attempt": 1 if stage else None,
            **more,
            "logger": f"samvad.{stage}" if own else "samvad.pipeline",
            "host": "machine",
            "pid": 4711,
            "thread": "MainThread",
        }
        self.lines.append((channel, line))
        self.moment += timedelta(seconds=1)

    def stage(self, name: str, seconds: float, status: str = "success", **more: Any) -> None:
        """Add the lines of a stage that ends as ``status``."""
        counts = {"peak_rss_mb": 100.5 + seconds, "cpu_seconds": seconds, "output_bytes": 10, "warnings": 0}
        counts |= {"core_hours": round(seconds / 1800, 6), "gpu_hours": round(seconds / 3600, 6), "energy_kwh": 0.01}
        counts |= {"cost": round(seconds / 100 + len(self.film) / 7, 6)} if status != "skipped" else {}
        hit = more.pop("cache_hit", 0)
        counts |= {} if hit is None else {"cache_hit": int(hit)}
        self.add(f"{name}_started", stage=name)
        self.add("progress", "audio_seconds", stage=name, counts={"done": 1, "total": 2})
        self.moment += timedelta(seconds=seconds)
        self.add("performance_metric", "peak_rss MB", stage=name, channel="performance", counts={"value": 12.5})
        spent = {"started_after": 0.5, "times": 1}
        self.add("span", "model_loading", stage=name, duration_seconds=seconds / 4, counts=spent)
        self.add("span", "writing", stage=name, duration_seconds=seconds / 8, counts={**spent, "times": 2})
        ended = "failed" if status == "failed" else "completed"
        self.add(f"{name}_{ended}", stage=name, status=status, duration_seconds=seconds)
        self.add("stage_result", stage=name, status=status, duration_seconds=seconds, counts=counts, **more)

    def fail(self, name: str, seconds: float, category: str, kind: str, message: str) -> None:
        """Add the lines of a stage that fails."""
        more = {"error_type": kind, "error_category": category, "error_message": message}
        self.stage(name, seconds, "failed", **more)

    def finish(self, status: str, film_seconds: float | None) -> None:
        """Add the last line of the run."""
        counts = {"stages_success": 1, **({"film_seconds": film_seconds} if film_seconds else {})}
        took = (self.moment - self.began).total_seconds()
        self.add("job_finished", status=status, duration_seconds=took, counts=counts)

    def write(self) -> None:
        """Write what the workflow's process has written by now, and the attempts' own files."""
        logs = self.folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        name = f"{self.began:%Y%m%d_%H%M%S}.jsonl"
        ended = {None, *(line["stage"] for _, line in self.lines if line["event"] == "stage_result")}
        for channel in ("pipeline", "performance"):
            merged = [line for where, line in self.lines if where == channel and line["stage"] in ended]
            _append(logs / f"99_{channel}_{name}", merged)
        for stage in stages.STAGES:
            folder = self.folder / stage.folder / "attempts" / "01"
            own = [(where, line) for where, line in self.lines if line["stage"] == stage.name]
            own = [(where, line) for where, line in own if line["logger"] != "samvad.pipeline"]
            if own:
                folder.mkdir(parents=True, exist_ok=True)
                _append(folder / "events.jsonl", [line for where, line in own if where == "pipeline"])
                _append(folder / "performance.jsonl", [line for where, line in own if where == "performance"])


def _append(path: Path, lines: list[dict[str, Any]]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)


def make(root: Path, jobs: int = 40, seed: int = 1) -> list[Run]:
    """Write a shelf of jobs over two days: successes, failures, cache hits, runs that go on or fell silent."""
    chance = random.Random(seed)
    runs = []
    for number in range(jobs):
        began = NOW - timedelta(minutes=60 * jobs - 60 * number + 300) + timedelta(milliseconds=chance.randrange(1000))
        run = Run(root / f"2025/11/27/desk/{number + 1}", f"film_{number % 12}", began)
        run.add("job_received", 'Film "क़िस्सा" \\ $HOME\u2028and a line of its own to some readers')
        failed = False
        for stage in stages.STAGES:
            seconds = round(chance.expovariate(1 / (20 * stage.number)), 3)
            drawn = chance.random()
            if drawn < 0.05:
                said = f'It\'s "broken": {number}' if number % 3 else "ffmpeg said nothing for 600 s\nand was stopped."
                run.fail(stage.name, seconds, *chance.choice(_FAILURES), said)
                run.add("stage_retry", stage=stage.name, counts={"attempts": 1})
                failed = True
                break
            hit = None if 0.8 < drawn < 0.85 else drawn > 0.85  # none: of a version that did not tell
            run.stage(stage.name, seconds, "skipped" if drawn < 0.1 else "success", cache_hit=hit)
        run.finish("failed" if failed else "success", None if number % 9 == 0 else 60.0 + 7 * number)
        runs.append(run)
    runs += _unfinished(root)
    for run in runs:
        run.write()
    torn = runs[0].folder / "logs" / f"99_pipeline_{runs[0].began:%Y%m%d_%H%M%S}.jsonl"
    with torn.open("ab") as file:
        file.write(b'{"ts":"2025-11-27T13:30:05.123Z","level":"INFO","event":"stage_result","mess')
    return runs


def _unfinished(root: Path) -> list[Run]:
    live = Run(root / "2025/11/28/desk/1", "film_0", NOW - timedelta(minutes=50))
    live.add("job_received")
    live.stage("demux", 12.5)
    live.moment = NOW - timedelta(minutes=5)
    live.add("progress", "audio_seconds", stage="asr", counts={"done": 30, "total": 90})
    silent = Run(root / "2025/11/28/desk/2", "film_1", NOW - timedelta(hours=5))
    silent.add("job_received")
    silent.stage("demux", 3.25)
    return [live, silent]
