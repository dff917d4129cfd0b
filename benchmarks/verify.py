"""Measure how fast `samvad verify` hashes: jobs with a large film each, by one thread and by several, beside sha256sum.

The films are made of random bytes and have just been written, so they come from memory: what is measured is hashing,
which is the limit wherever the disk reads faster than that. The commands take turns; medians are compared.

Usage: python benchmarks/verify.py [--films N] [--megabytes N] [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "scripts"))


def main() -> None:
    """Make the jobs, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=4, help="jobs, each with a film of its own")
    parser.add_argument("--megabytes", type=int, default=500, help="size of each film")
    parser.add_argument("--rounds", type=int, default=3, help="times that each command runs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=ROOT) as place:
        films = [make_job(Path(place), number, options.megabytes << 20) for number in range(1, options.films + 1)]
        verify = [str(ROOT / "samvad"), "verify", f"{place}/out", "--json", "--threads"]
        commands = {"sha256sum": ["sha256sum", *map(str, films)]}
        commands |= {f"{threads} threads": [*verify, str(threads)] for threads in (1, 2, 4)}
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(options.rounds):
            for name, command in commands.items():
                taken[name].append(measure(command))
    gigabytes = options.films * options.megabytes / 1000
    print(f"{gigabytes:.1f} GB in {options.films} films; {os.cpu_count()} CPUs")
    for name, costs in taken.items():
        wall, cpu = (statistics.median(cost[index] for cost in costs) for index in (0, 1))
        print(f"{name:10} {wall:6.2f} s  {cpu:6.2f} CPU s  {gigabytes / wall:5.2f} GB/s")


def make_job(place: Path, number: int, size: int) -> Path:
    """Make a job whose film has the given size; return the film."""
    import support

    film = place / f"film{number}.mkv"
    with film.open("wb") as file:
        for _ in range(size >> 20):
            file.write(os.urandom(1 << 20))
    source = support.file_record(film, "film")
    support.finished_stage(
        place / f"out/2025/01/01/bench/{number}", "demux", {"probe": ("probe.json", b"{}")}, [source]
    )
    return film


def measure(command: list[str]) -> tuple[float, float]:
    """Run a command; return seconds of wall and of CPU time."""
    before, began = os.times(), time.monotonic()
    done = subprocess.run(command, capture_output=True, check=True)
    wall, after = time.monotonic() - began, os.times()
    if "--json" in command:
        assert all(job["exit_code"] == 0 for job in json.loads(done.stdout)["jobs"])
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu


if __name__ == "__main__":
    main()
