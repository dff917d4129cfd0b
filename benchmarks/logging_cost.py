"""Measure what logging costs: CPU time an event, and the share of a run that it takes.

python benchmarks/logging_cost.py                          µs of CPU an event
python benchmarks/logging_cost.py out/2025/01/01/demo/1    … and the share of that job's run
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from samvad.logs import events
from samvad.logs.stage_logs import StageLogs

log = logging.getLogger("samvad.benchmark")
ROUNDS = 7
CALLS = 3000


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job_folder", type=Path, nargs="?", help="a job that has been run")
    job_folder = parser.parse_args().job_folder
    cost = measure()
    for name, microseconds in cost.items():
        print(f"{name:52} {microseconds:6.1f} µs of CPU")
    if job_folder is not None:
        tell_share(job_folder, cost)
    return 0


def measure() -> dict[str, float]:
    """Return µs of CPU for each kind of record, the kinds taken in turns; of the rounds, the median."""
    kinds: dict[str, Callable[[int], None]] = {
        "for comparison: the standard library, one text log": lambda n: plain.info("Line %d of %d", n, CALLS),
        "log line (two text logs and an event)": lambda n: log.info("Line %d of %d", n, CALLS, extra={"rate_key": n}),
        "log line that the rate limit leaves out": lambda n: log.info("Line %d of %d", n, CALLS),
        "debug line (two text logs)": lambda n: log.debug("Line %d of %d", n, CALLS, extra={"rate_key": n}),
        "event with counts (event log alone)": lambda n: events.emit(
            events.Event("progress", counts={"done": n, "total": CALLS}, silent=True), "sentences"
        ),
        "performance metric": lambda n: events.performance("cues_en", n, "cues"),
        "progress() that is not due": lambda n: events.progress(n, CALLS + 1, "sentences"),
    }
    plain = logging.getLogger("plain")
    plain.propagate = False
    plain.setLevel(logging.INFO)
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    with tempfile.TemporaryDirectory() as folder:
        plain.addHandler(logging.FileHandler(Path(folder) / "plain.log", encoding="utf-8"))
        plain.handlers[0].setFormatter(logging.Formatter("[%(asctime)s] [asr] [%(levelname)s] %(message)s"))
        attempt = Path(folder) / "attempts" / "01"
        attempt.mkdir(parents=True)
        context = events.Context("film_20250101T000000Z_abc123", "film", "demo/1", None, "asr", 1)
        logs = StageLogs(context, Path(folder), attempt, verbose=False)
        try:
            for _ in range(ROUNDS):
                for name, call in kinds.items():
                    began = time.process_time()
                    for number in range(CALLS):
                        call(number)
                    taken[name].append((time.process_time() - began) / CALLS * 1e6)
        finally:
            logs.close()
    return {name: statistics.median(times) for name, times in taken.items()}


def tell_share(job_folder: Path, cost: dict[str, float]) -> None:
    """Print how much of the last run's CPU time its log lines took, each at the price of the dearest kind."""
    price = max(cost.values())
    lines = cpu_seconds = 0.0
    for manifest_path in job_folder.glob("*/manifest.json"):
        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        attempt = manifest_path.parent / "attempts" / f"{manifest['attempt']:02d}"
        cpu_seconds += manifest["resources"]["cpu_seconds"]
        for name in ("stage.log", "events.jsonl", "performance.jsonl"):
            if (attempt / name).is_file():
                lines += len((attempt / name).read_bytes().splitlines())
    spent = lines * price / 1e6
    print(
        f"{job_folder}: {lines:.0f} lines at {price:.1f} µs are {spent:.3f} s of {cpu_seconds:.1f} s of CPU: "
        f"{spent / cpu_seconds:.3%}"
    )


if __name__ == "__main__":
    sys.exit(main())
