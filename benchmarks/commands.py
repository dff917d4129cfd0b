"""How long each command of `./samvad` takes to answer, beside what it costs to start Python at all.

Each is run on the demo's job (`make demo` first) so many times, in turns; medians of wall and CPU time are printed as
a table for docs/commands.md. Machines are noisy: trust the CPU time. Commands that work for as long as there is work
(film, shelf, rerun) are measured by their plan (`--dry-run`) alone; those that go on until they are stopped, or change
what is there, are left out.

Usage: python benchmarks/commands.py [--rounds N] [--only WORD ...]
"""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
JOB = "out/2025/01/01/demo/1"
FILM = "build/sample/samvad_sample.mp4"
#: What is typed, and the exit codes that are an answer.
COMMANDS: dict[str, tuple[int, ...]] = {
    "python3 -c pass": (0,),
    ".venv/bin/snakemake --version": (0,),
    "./samvad --help": (0,),
    "./samvad film --help": (0,),
    "./samvad fil": (2,),
    "./samvad completion --commands": (0,),
    "./samvad completion --films": (0,),
    "./samvad list": (0,),
    "./samvad show demo": (0,),
    "./samvad why demo": (0, 1, 2),
    "./samvad history demo": (0,),
    "./samvad verify demo": (0, 1, 3, 4, 5, 6),
    "./samvad figures demo": (0,),
    "./samvad figures demo --table words": (0,),
    "./samvad figures demo --xlsx {folder}/figures.xlsx": (0,),
    "./samvad query overview": (0,),
    "./samvad logs demo": (0,),
    "./samvad config show": (0,),
    "./samvad cache show": (0,),
    "./samvad doctor --offline": (0, 1),
    f"./samvad check {JOB}/09_subtitle_gen/demo.en.srt": (0, 1),
    "./samvad report --output {folder}/report.html": (0,),
    "./samvad export demo --output {folder}/crate-{round}.zip": (0,),
    "./samvad make-index": (0,),
    f"./samvad film {FILM} --source en,es --targets en --dry-run": (0,),
    "./samvad rerun demo --from subtitle_gen --dry-run": (0,),
    ".venv/bin/snakemake -n": (0,),
}


def measure(words: list[str], codes: tuple[int, ...]) -> tuple[float, float]:
    """Run a command to its end; return seconds of wall time, and of CPU time with all that it started."""
    began = time.monotonic()
    process = subprocess.Popen(
        words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    if os.waitstatus_to_exitcode(status) not in codes:
        sys.exit(f"{shlex.join(words)} failed:\n{said.decode(errors='replace')[-2000:]}")
    return wall, usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run")
    parser.add_argument("--only", nargs="+", default=[], help="words that a command must have")
    options = parser.parse_args()
    if not (ROOT / JOB / "manifest.json").is_file():
        sys.exit("There is no job of the demo. Run: make demo")
    chosen = {text: codes for text, codes in COMMANDS.items() if all(word in text for word in options.only)}
    found: dict[str, list[tuple[float, float]]] = {text: [] for text in chosen}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            for text, codes in chosen.items():
                words = shlex.split(text.format(folder=folder, round=number))
                found[text].append(measure(words, codes))
    print("| command | wall s | CPU s |\n|---|---|---|")
    for text, times in found.items():
        walls, cpus = zip(*times, strict=True)
        shown = text.replace("{folder}/", "").replace("-{round}", "")
        print(f"| `{shown}` | {statistics.median(walls):.2f} | {statistics.median(cpus):.2f} |")


if __name__ == "__main__":
    main()
