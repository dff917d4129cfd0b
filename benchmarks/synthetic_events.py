"""Make a shelf of films with the event logs that runs of Samvad leave: for tests and benchmarks of what reads them.

Each run has what real ones have: failures of every category, retries, skipped stages, cache hits, kills that leave a
torn last line, runs that go on now, hostile file names. The same seed makes the same logs.

Usage: python benchmarks/synthetic_events.py FOLDER [--films N] [--events N] [--seed N]
"""

from __future__ import annotations

import argparse
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from samvad.core import stages, times

NOW = datetime(2025, 11, 27, 13, 30, 5, 123000, UTC)
HOSTILE_FILE = '/films/-it\'s "दिल से" $HOME `id`; <script>alert(1)</script>\nsecond & 🎬 100%.mkv'

#: Seconds that a stage takes for an hour of film, in the middle; MiB of memory at its peak.
_COST = {
    "demux": (9, 120),
    "tmdb": (1.2, 80),
    "glossary_load": (0.4, 60),
    "asr": (420, 2900),
    "ner": (12, 700),
    "lyrics_detection": (20, 410),
    "hallucination_removal": (2, 150),
    "translation": (260, 3300),
    "subtitle_gen": (1.5, 110),
    "mux": (14, 90),
}
_FAILURES = (
    ("media", "MediaError", "The film {file} is cut short: only 12.0 of 42.4 s of sound can be read."),
    ("disk", "DiskError", "No space is left on the disk of {file}."),
    ("network", "NetworkError", "The hub cannot be reached (https://huggingface.co)."),
    ("killed", "Killed", "The process was killed by signal 9."),
    ("out_of_memory", "MemoryShortageError", "There is not enough memory."),
    ("model", "ModelError", "Model large-v3 is not in the cache."),
    ("configuration", "ConfigurationError", "unknown key 'asr.modle' (did you mean 'model'?)"),
    ("bug", "SamvadError", "IndexError: list index out of range"),
)
_LINES = ("language: hi (0.98)", "speech: 1203.4 s in 88 regions", "बोली मिली: “नमस्ते राहुल, आप कैसे हैं?”", "beam size 5")


class Run:
    """The events of one run of one job, in the order they happened.

    Args:
        rng: where chance comes from.
        film: film id.
        job_id: ``USER/N``.
        began: when it began.
    """

    def __init__(self, rng: random.Random, film: str, job_id: str, began: datetime) -> None:
        self.rng = rng
        self.film = film
        self.job_id = job_id
        self.clock = self.began = began
        letters = "abcdefghijklmnopqrstuvwxyz0123456789"
        self.run_id = f"{film}_{began:%Y%m%dT%H%M%SZ}_{''.join(rng.choices(letters, k=6))}"
        self.events: list[dict[str, Any]] = []
        self.results: dict[str, list[dict[str, Any]]] = {"success": [], "failed": [], "skipped": []}

    def add(self, event: str, message: str, stage: str | None, attempt: int | None, **more: Any) -> dict[str, Any]:
        """Add an event at the present moment of the run; what is not given stays out, as in real logs."""
        line = {
            "ts": times.utc_text(self.clock),
            "level": more.pop("level", "INFO"),
            "event": event,
            "message": message,
            "run_id": self.run_id,
            "film": self.film,
            "job_id": self.job_id,
            "parent_job_id": None,
            "stage": stage,
            "attempt": attempt,
            **more,
            "logger": "samvad.pipeline" if stage is None or event == "stage_result" else f"samvad.{stage}",
            "host": "studio-1",
            "pid": 4_000_000 + len(self.film),
            "thread": "MainThread",
        }
        self.events.append(line)
        return line

    def stage(self, name: str, film_seconds: float, filler: int, attempt: int = 1, fails: bool = False) -> None:
        """Add the events of one attempt of a stage, with so many lines between its beginning and its end."""
        typical, memory = _COST[name]
        seconds = round(0.3 + typical * film_seconds / 3600 * self.rng.lognormvariate(0, 0.35), 3)
        status = "failed" if fails else "skipped" if name == "tmdb" and self.rng.random() < 0.3 else "success"
        cached = status == "success" and name in ("asr", "translation", "demux") and self.rng.random() < 0.15
        seconds = 0.2 if cached else round(seconds * self.rng.random(), 3) if fails else seconds
        self.begin(name, attempt)
        for index in range(filler):
            self.clock += timedelta(seconds=seconds / (filler + 1))
            if index % 4 == 3:
                done = {"done": float(index), "total": float(filler)}
                self.add("progress", "audio_seconds" if name == "asr" else "sentences", name, attempt, counts=done)
            else:
                level = "WARNING" if index % 50 == 1 else "INFO"
                self.add("log", self.rng.choice(_LINES), name, attempt, level=level)
        self.clock += timedelta(seconds=seconds / (filler + 1))
        counts = {
            "peak_rss_mb": round(memory * self.rng.uniform(0.9, 1.2), 1),
            "cpu_seconds": round(seconds * 1.6, 3),
            "output_bytes": self.rng.randrange(1000, 10_000_000),
            "warnings": filler // 50,
            "cache_hit": int(cached),
        }
        more: dict[str, Any] = {"status": status, "duration_seconds": seconds}
        if fails:
            more |= {"level": "ERROR", **self._failure()}
        if not (fails and more["error_category"] == "killed"):  # a killed process says nothing more
            self.add(f"{name}_{'failed' if fails else 'completed'}", f"Stage {name}: {status}", name, attempt, **more)
        self.clock += timedelta(seconds=0.05)
        text = f"Stage {name}: {status} ({seconds:.1f} s)"
        self.results[status].append(self.add("stage_result", text, name, attempt, **more, counts=counts))

    def begin(self, name: str, attempt: int) -> None:
        """Add the first event of an attempt of a stage."""
        self.add(f"{name}_started", f"Stage {name} begins", name, attempt, status="running")

    def _failure(self) -> dict[str, Any]:
        category, kind, message = self.rng.choice(_FAILURES)
        path = HOSTILE_FILE if category in ("media", "disk") else None
        found: dict[str, Any] = {"error_type": kind, "error_category": category}
        found["error_message"] = message.format(file=path)
        if path:
            found["error_file"] = path
        if category == "bug":
            found["traceback"] = "Traceback (most recent call last):\n  File …\nIndexError: list index out of range\n"
        return found

    def finish(self, film_seconds: float) -> None:
        """Add the run's last event."""
        done = self.results
        status = "failed" if done["failed"] and done["failed"][-1] is self.events[-1] else "success"
        counts = {
            "film_seconds": film_seconds,
            **{f"stages_{status}": len(found) for status, found in done.items()},
            "cache_hits": sum(found["counts"]["cache_hit"] for found in done["success"]),
        }
        seconds = round((self.clock - self.began).total_seconds(), 3)
        text = f"Job finished: {status} ({seconds:.1f} s)"
        self.add("job_finished", text, None, None, status=status, duration_seconds=seconds, counts=counts)


def make_shelf(root: Path, films: int, events: int, seed: int = 1, now: datetime = NOW) -> int:
    """Write the job folders of so many films with about so many events; return how many were written.

    Args:
        root: the output root; job folders are made below it.
        films: how many.
        events: in all.
        seed: the same seed makes the same logs.
        now: the last films still go on at this moment.
    """
    rng = random.Random(seed)
    filler = max(0, round(events / max(1, films) / 10) - 3)
    written = 0
    for number in range(films):
        began = now - timedelta(seconds=2700 + (films - 1 - number) * 1800 + rng.random() * 600)
        film, user = f"film-{number:05d}", rng.choice(("asha", "baseline", "ravi.k"))
        folder = root / f"{began:%Y/%m/%d}" / user / str(number + 1)
        written += _job(rng, folder, film, f"{user}/{number + 1}", began, filler, fate=_fate(rng, number, films))
    return written


def _fate(rng: random.Random, number: int, films: int) -> str:
    if number >= films - 2:
        return "active"
    return rng.choices(("success", "failed", "resumed", "retried", "killed"), (84, 5, 5, 4, 2))[0]


def _job(rng: random.Random, folder: Path, film: str, job_id: str, began: datetime, filler: int, fate: str) -> int:
    film_seconds = round(rng.uniform(5400, 10800), 3)
    names = [stage.name for stage in stages.STAGES]
    broken = rng.choice(names)
    run = Run(rng, film, job_id, began)
    run.add("job_received", f"Job received: {film} (दिल से), {HOSTILE_FILE}", None, None)
    for name in names:
        last = name == broken and fate != "success"
        if last and fate in ("active", "killed"):
            run.begin(name, attempt=1)
            break
        run.stage(name, film_seconds, filler, fails=last and fate in ("failed", "resumed", "retried"))
        if last and fate == "retried":
            run.stage(name, film_seconds, filler, attempt=2)
        elif last:
            break
    ended = fate in ("success", "failed", "resumed", "retried")
    if ended:
        run.finish(film_seconds)
    written = _write(folder, run, ended)
    if fate != "resumed":
        return written
    again = Run(rng, film, job_id, run.clock + timedelta(minutes=5))
    again.add("job_received", f"Job received: {film} (दिल से), {HOSTILE_FILE}", None, None)
    for name in names[names.index(broken) :]:
        again.stage(name, film_seconds, filler, attempt=2 if name == broken else 1)
    again.finish(film_seconds)
    return written + _write(folder, again, True)


def _write(folder: Path, run: Run, ended: bool) -> int:
    """Write the merged log; of a run that was killed or goes on, also its attempts' own files, and a torn last line."""
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    path = folder / "logs" / f"99_pipeline_{run.began:%Y%m%d_%H%M%S}.jsonl"
    lines = [_line(event) for event in run.events]
    path.write_text("".join(lines) + ("" if ended else lines[-1][: len(lines[-1]) // 2]), encoding="utf-8")
    if ended:
        return len(lines)
    attempts: dict[tuple[str, int], list[str]] = {}
    for event, line in zip(run.events, lines, strict=True):
        if event["stage"] and event["event"] != "stage_result":
            attempts.setdefault((event["stage"], event["attempt"]), []).append(line)
    for (stage, attempt), own in attempts.items():
        place = folder / stages.BY_NAME[stage].folder / "attempts" / f"{attempt:02d}"
        place.mkdir(parents=True)
        (place / "events.jsonl").write_text("".join(own), encoding="utf-8")
    return len(lines)


def _line(event: dict[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n"


def main() -> None:
    """Make a shelf in a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=int, default=100)
    parser.add_argument("--events", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"{make_shelf(options.folder, options.films, options.events, options.seed)} events in {options.folder}")


if __name__ == "__main__":
    main()
