"""Ask a million events of three thousand films: the index new, the index in place, and plain Python, side by side.

Whole processes are measured: wall time, CPU time of the process and all its children, peak memory. Cold means that
the index does not exist yet (the logs' pages are in memory, as after a run); warm that it does. The plain loop reads
the same logs with json and counts attempts and successes by stage: what the question `success` answers. Machines are
noisy: trust the ratios and the CPU time.

Usage: python benchmarks/query_logs.py [--films N] [--events N] [--rounds N] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
QUESTIONS = (
    *("overview", "success", "durations", "realtime", "memory", "failures", "failure-types", "active", "slow"),
    *("volume", "cache"),
)
PLAIN = """
import collections, json, pathlib, sys
attempts = collections.Counter()
for path in pathlib.Path(sys.argv[1]).rglob("logs/99_pipeline_*.jsonl"):
    with path.open(encoding="utf-8") as file:
        for line in file:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if event["event"] == "stage_result":
                attempts[event["stage"], event["status"]] += 1
print(attempts)
"""


@dataclass(frozen=True)
class Cost:
    """What a command cost: seconds of wall and CPU time, MiB of the largest process."""

    wall: float
    cpu: float
    peak_mb: float


def measure(command: list[str], environment: dict[str, str]) -> Cost:
    """Run a command to its end."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"failed: {command}")
    return Cost(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median(costs: list[Cost]) -> Cost:
    """Return the medians."""
    return Cost(*(statistics.median(getattr(cost, name) for cost in costs) for name in ("wall", "cpu", "peak_mb")))


def main() -> None:
    """Make the logs, ask, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=3000)
    parser.add_argument("--events", type=int, default=1_050_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="folder of the logs; made once, and kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        jobs = options.keep or Path(scratch) / "jobs"
        if not jobs.is_dir():
            made = ["benchmarks/synthetic_events.py", jobs, "--films", options.films, "--events", options.events]
            path = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
            subprocess.run([sys.executable, *map(str, made)], cwd=ROOT, env=path, check=True)
        compare(jobs, Path(scratch) / "cache", options.rounds)


def compare(jobs: Path, cache: Path, rounds: int) -> None:
    """Measure the three ways in turns, then every question with the index in place."""
    environment = {**os.environ, "SAMVAD_CACHE": str(cache)}
    ask = [str(ROOT / "samvad"), "query"]
    ways: dict[str, list[Cost]] = {"plain Python": [], "`success`, cold": [], "`success`, warm": []}
    for _ in range(rounds):
        ways["plain Python"].append(measure([sys.executable, "-c", PLAIN, str(jobs)], environment))
        shutil.rmtree(cache, ignore_errors=True)
        ways["`success`, cold"].append(measure([*ask, "success", str(jobs)], environment))
        ways["`success`, warm"].append(measure([*ask, "success", str(jobs)], environment))
    print("| | wall s | CPU s | peak MiB |\n|---|---|---|---|")
    for name, costs in ways.items():
        show(name, median(costs))
    for question in QUESTIONS:
        show(f"`{question}`, warm", median([measure([*ask, question, str(jobs)], environment) for _ in range(rounds)]))
    report = [
        str(ROOT / "samvad"),
        "report",
        "--output",
        str(cache / "report.html"),
        str(jobs),
    ]
    show("`samvad report`, warm", median([measure(report, environment) for _ in range(rounds)]))
    index = sum(path.stat().st_size for path in (cache / "events").rglob("*") if path.is_file())
    print(f"\nIndex: {index / 1e6:.1f} MB; report: {(cache / 'report.html').stat().st_size / 1e6:.1f} MB")


def show(name: str, cost: Cost) -> None:
    """Print a row."""
    print(f"| {name} | {cost.wall:.2f} | {cost.cpu:.2f} | {cost.peak_mb:.0f} |", flush=True)


if __name__ == "__main__":
    main()
