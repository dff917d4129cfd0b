"""Compare the first job of a film with a second one, which finds demux, recognition and more in the cache of results.

Whole runs of Snakemake are measured, each from an empty job folder; the second job is another user's. Each round has a
cache of its own, and medians are compared.

Usage: python benchmarks/reuse.py [--rounds N] [--seconds S]
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from pathlib import Path

from end_to_end import ROOT, Cost, make_film, measure, write_sheet


def run(scratch: Path, rounds: int, seconds: float) -> tuple[dict[str, list[Cost]], str]:
    """Measure both jobs in turns; return what they cost, and what the film is of."""
    film, source = make_film(scratch, seconds)
    sheet = write_sheet(scratch, film, ("first", "second"))
    costs: dict[str, list[Cost]] = {"first": [], "second": []}
    for number in range(rounds):
        print(f"Round {number + 1} of {rounds}", flush=True)
        place = scratch / str(number)
        for user, measured in costs.items():
            command = [
                str(ROOT / ".venv" / "bin" / "snakemake"), "--profile", "profiles/local-cpu",
                f"{place}/out/2025/01/01/{user}/1/10_mux/manifest.json", "--config", f"films={sheet}",
                f"output_root={place}/out", f'cache={{"enabled": true, "folder": "{place}/results"}}',
            ]  # fmt: skip
            measured.append(measure(command, ROOT, scratch / "log"))
    return costs, source


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=333)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="samvad-bench-") as scratch:
        costs, source = run(Path(scratch), options.rounds, options.seconds)
    print(f"\n{options.seconds:.0f} s of speech ({source}), {os.cpu_count()} CPUs, medians of {options.rounds}\n")
    print(f"{'':16}{'wall s':>9}{'CPU s':>9}{'peak MiB':>10}")
    middle = {}
    for name, measured in costs.items():
        middle[name] = [
            statistics.median(getattr(cost, field) for cost in measured)
            for field in ("wall_seconds", "cpu_seconds", "peak_rss_mb")
        ]
        print(f"{name + ' job':16}{middle[name][0]:9.1f}{middle[name][1]:9.1f}{middle[name][2]:10.0f}")
    wall, cpu = (middle["second"][place] / middle["first"][place] for place in (0, 1))
    print(f"\nsecond / first: wall {wall:.3f}, CPU {cpu:.3f}")


if __name__ == "__main__":
    main()
