"""Show what each stage's process costs beside its work: start, imports, hashing, programs, manifests.

A film goes through the workflow once. Then each stage's command is run again by itself, under overhead_probe.py, which
tells the CPU time apart; the command that starts a stage (envs/run) and Snakemake's own share are measured beside it.

Usage: python benchmarks/overhead.py [--seconds S] [--output FILE.json]
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from end_to_end import JOB, MODEL_STAGES, ROOT, environment, make_film, measure, write_sheet

sys.path.insert(0, str(ROOT / "scripts"))

from samvad.core import stages

COLUMNS = ("start", "interpreter", "imports", "programs", "hashing", "manifest", "rest", "all")


def commands(snakemake: list[str], output: Path) -> dict[str, str]:
    """Return the stages' commands, as Snakemake prints them."""
    done = subprocess.run(
        [*snakemake[:4], "-n", "-p", "--forceall", *snakemake[4:]], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = {}
    for line in (done.stdout + done.stderr).splitlines():
        match = re.search(r"(envs/run (\w+) (\w+\.py) .*)", line)
        if match:
            stage = next(stage.name for stage in stages.STAGES if stage.script == match.group(3))
            found[stage] = match.group(1)
    return found


def probe(command: str, figures: Path, log: Path) -> dict[str, dict[str, float]]:
    """Run a stage's command under the probe and return what it tells, with what envs/run takes as ``start``."""
    _, name, script, rest = command.split(" ", 3)
    python, place = environment(name) / "bin" / "python", ROOT / "benchmarks" / "overhead_probe.py"
    probed = f"{python} {place} {shlex.quote(str(figures))} {ROOT / 'scripts' / script} {rest}"
    measure(["bash", "-c", probed], ROOT, log)
    told: dict[str, dict[str, float]] = json.loads(figures.read_text(encoding="utf-8"))
    started = [measure(["envs/run", name, "no_such_script.py"], ROOT, log, code=2) for _ in range(5)]
    bare = [measure([str(python), "no_such_script.py"], ROOT, log, code=2) for _ in range(5)]
    told["cpu"]["start"] = min(c.cpu_seconds for c in started) - min(c.cpu_seconds for c in bare)
    return told


def row(cpu: dict[str, float]) -> dict[str, float]:
    """Return the columns of the table."""
    values = {name: cpu.get(name, 0.0) for name in COLUMNS}
    values["programs"] = sum(value for name, value in cpu.items() if name.startswith("program "))
    values["rest"] = cpu["all"] - sum(values[name] for name in COLUMNS[1:6])
    values["all"] += values["start"]
    return values


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=333)
    parser.add_argument("--output", type=Path, help="write the figures as JSON, too")
    options = parser.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory(prefix="samvad-bench-") as scratch:
        place = Path(scratch)
        film, source = make_film(place, options.seconds)
        snakemake = [
            str(ROOT / ".venv" / "bin" / "snakemake"), "--profile", "profiles/local-cpu",
            f"{place}/out/{JOB}/10_mux/manifest.json", "--config",
            f"films={write_sheet(place, film)}", f"output_root={place}/out", 'cache={"enabled": false}',
        ]  # fmt: skip
        whole = measure(snakemake, ROOT, place / "log")
        for stage, command in commands(snakemake, place / "out").items():
            figures[stage] = probe(command, place / "figures.json", place / "log")
    print(f"{options.seconds:.0f} s of {source}; CPU seconds\n")
    print(f"{'':24}" + "".join(f"{name:>12}" for name in COLUMNS))
    rows = {stage: row(told["cpu"]) for stage, told in figures.items()}
    for stage, values in rows.items():
        print(f"{stage:24}" + "".join(f"{values[name]:12.3f}" for name in COLUMNS))
    around = {stage: values for stage, values in rows.items() if stage not in MODEL_STAGES}
    print(f"{'without ' + ', '.join(MODEL_STAGES)}: {sum(values['all'] for values in around.values()):.2f}")
    print(f"Snakemake and its writer of records: {whole.cpu_seconds - sum(v['all'] for v in rows.values()):.2f}\n")
    for stage, told in figures.items():
        programs = {name.removeprefix("program "): value for name, value in told["cpu"].items() if "program " in name}
        said = ", ".join(
            f"{name} x{told['calls'][f'program {name}']:.0f} {value:.2f}" for name, value in programs.items()
        )
        waited = told["cpu"].get("wait for the sampler (wall)", 0.0)
        print(f"  {stage:24}{said or 'no programs'}; waited {waited:.3f} s for the sampler")
    if options.output:
        options.output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
