"""Measure what Snakemake and the workflow's own rules cost as the film sheet grows, beside ten trivial chained rules.

The workflow is the real one (Snakefile, rules, configuration, the writer of the job manifests) in a copy of the
project; only the stages' work is left out (``tests/stand_in.py``): one film is made so, and its job copied as those of
the others. Whole processes are measured: wall time, CPU time with all children, peak memory. The two
workflows take turns, and of several rounds the medians are shown: machines are noisy, so trust the ratios and the
growth.

Usage: python benchmarks/scale.py [--films 1,10,100,1000,3000] [--rounds N] [--only dry,path] [--output F.json]
       python benchmarks/scale.py --variants FILMS [--rounds N]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from end_to_end import ROOT, Cost, measure

sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]

import support  # noqa: E402 -- found by the line above
from samvad.settings import configuration  # noqa: E402

PARTS = ("Snakefile", "rules", "scripts", "envs", "config", "profiles")
SNAKEMAKE = (str(ROOT / ".venv" / "bin" / "snakemake"), "--profile", "profiles/local-cpu")
#: Bytes and time of a film.
FILM_BYTES = 1 << 20
FILM_TIME = 1_000_000_000
#: Films whose jobs really run, with stages that do nothing.
RUN_FILMS = 10


@dataclass(frozen=True)
class Shelf:
    """A workflow with a sheet of films in a folder of its own."""

    root: Path
    settings: tuple[str, ...] = ()

    def snakemake(self, *arguments: str) -> Cost:
        """Run Snakemake to its end and measure it."""
        given = ("--config", *self.settings) if self.settings else ()
        return measure([*SNAKEMAKE, *arguments, *given], self.root, self.root / "log.txt")

    def touch(self) -> None:
        """Let Snakemake take note of results that it did not make."""
        self.snakemake("subtitle", "--touch", "--quiet", "all", "--no-hooks")


class Real(Shelf):
    """A copy of the project."""

    @classmethod
    def make(cls, root: Path, films: int) -> Real:
        """Copy the project, with so many films in its sheet; films and their jobs are numbered from 1."""
        root.mkdir()
        for name in PARTS:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            copy(ROOT / name, root / name)
        support.leave_out_work(root)
        shelf = cls(root, ("films=shelf.tsv", "output_root=out", 'cache={"enabled": false}'))
        shelf.list_films(films)
        return shelf

    def list_films(self, films: int) -> None:
        """Write the sheet, and the films that are not there yet."""
        (self.root / "films").mkdir(exist_ok=True)
        with (self.root / "shelf.tsv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, configuration.COLUMNS, delimiter="\t", restval="", lineterminator="\n")
            writer.writeheader()
            for number in range(1, films + 1):
                film = self.root / "films" / f"film {number}.mkv"
                if not film.exists():
                    film.write_bytes(b"A film")  # the same for all: one is made, and its job is that of the others
                    os.truncate(film, FILM_BYTES)
                    os.utime(film, (FILM_TIME, FILM_TIME))
                row = {"film": f"film{number}", "media": film, "title": "A film", "source": "hi,en"}
                job = {"targets": "en", "user": "archive", "date": "2025-01-01", "job": number, "workflow": "subtitle"}
                writer.writerow({**row, **job})

    def target(self, number: int) -> str:
        """Return a film's last target."""
        return f"out/2025/01/01/archive/{number}/10_mux/manifest.json"

    def finish(self, films: int) -> None:
        """Write the records of films as if they were done."""
        first = self.root / "out/2025/01/01/archive/1"
        self.snakemake(self.target(1))
        for number in range(2, films + 1):
            other = first.with_name(str(number))
            if not other.exists():
                support.copy_job(first, other, "film1", f"film{number}")


class Trivial(Shelf):
    """A workflow of ten rules that do nothing, chained."""

    @classmethod
    def make(cls, root: Path, films: int) -> Trivial:
        """Write the workflow."""
        shutil.copytree(ROOT / "profiles", root / "profiles")
        shelf = cls(root)
        shelf.list_films(films)
        return shelf

    def list_films(self, films: int) -> None:
        """Write the rules, for so many films."""
        lines = ["rule subtitle:", f"    input: expand('made/{{film}}/10', film=range(1, {films + 1}))"]
        for number in range(1, 11):
            lines += ["", f"rule r{number}:"]
            lines += [f"    input: 'made/{{film}}/{number - 1:02d}'"] if number > 1 else []
            lines += [f"    output: 'made/{{film}}/{number:02d}'", "    shell: 'touch {output}'"]
        (self.root / "Snakefile").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def target(self, number: int) -> str:
        """Return a film's last target."""
        return f"made/{number}/10"

    def finish(self, films: int) -> None:
        """Write the results of films as if they were done."""
        for number in range(1, films + 1):
            (self.root / "made" / str(number)).mkdir(parents=True)
            for step in range(1, 11):
                (self.root / "made" / str(number) / f"{step:02d}").touch()
        self.touch()


#: What is measured: its name and what it is, by the state of the shelf in which it is measured.
NEW = {
    "dry": ("every film, nothing made: dry run", lambda shelf, films: ("subtitle", "-n")),
    "path": ("one film by its path, nothing made: dry run", lambda shelf, films: (shelf.target(films), "-n")),
}
DONE = {
    "none": ("every film, everything made: a run", lambda shelf, films: ("subtitle",)),
    "none_path": ("one film by its path, everything made: a run", lambda shelf, films: (shelf.target(films),)),
}
ONE_MORE = {
    "more": ("every film, one of them new: dry run", lambda shelf, films: ("subtitle", "-n")),
    "more_path": ("the new film by its path: dry run", lambda shelf, films: (shelf.target(films), "-n")),
}


def measure_sheet(scratch: Path, films: int, rounds: int, only: set[str]) -> Iterator[tuple[str, str, list[Cost]]]:
    """Measure both workflows with one size of the sheet; yield the name, the workflow and its costs."""
    shelves = {
        name: kind.make(scratch / f"{name}{films}", films) for name, kind in (("trivial", Trivial), ("samvad", Real))
    }
    count = films
    for state in (NEW, DONE, ONE_MORE):
        asked = [name for name in state if name in only]
        if state is DONE and {*DONE, *ONE_MORE} & only:
            for shelf in shelves.values():
                shelf.finish(films)
        if state is ONE_MORE and asked:
            count = films + 1
            for shelf in shelves.values():
                shelf.list_films(count)
        for name in asked:
            costs: dict[str, list[Cost]] = {kind: [] for kind in shelves}
            for _ in range(rounds):
                for kind, shelf in shelves.items():
                    costs[kind].append(shelf.snakemake(*state[name][1](shelf, count)))
            yield from ((name, kind, values) for kind, values in costs.items())
    for shelf in shelves.values():
        shutil.rmtree(shelf.root)


#: Other ways to run the same workflow: options of the command.
OPTIONS = {
    "only times make a stage run again": ("--rerun-triggers", "mtime"),
    "no listing of folders at the start": ("--max-inventory-time", "0"),
    "the default scheduler (ILP)": ("--scheduler", "ilp"),
    "unfinished results are not looked for": ("--ignore-incomplete",),
    "nothing is printed": ("--quiet", "all"),
}
#: Other ways to write it: what is replaced in each rule.
RULES = {
    "rules without messages": (r"    message:\n        .*\n", ""),
    "rules without benchmark files": (r"    benchmark:\n        .*\n", ""),
    "rules without conda environments": (r"    conda:\n        .*\n", ""),
    "garbage is looked for as Python does by itself": (r"gc\.set_threshold\(.*\)\n", ""),
}
COMMAND_KEYS = "keys of the configuration in the command, no parameters of their own"


def measure_variants(scratch: Path, films: int, rounds: int) -> Iterator[tuple[str, str, list[Cost], list[Cost]]]:
    """Measure other ways to run and to write the workflow, each in turns with the one that there is."""
    plain, same = (Real.make(scratch / name, films) for name in ("plain", "same"))
    others = {name: (same, options) for name, options in OPTIONS.items()}
    for number, name in enumerate([*RULES, COMMAND_KEYS]):
        shelf = Real.make(scratch / f"other{number}", films)
        for path in (shelf.root / "rules").glob("*.smk"):
            text = path.read_text(encoding="utf-8")
            path.write_text(_keys_in_command(text) if name == COMMAND_KEYS else re.sub(*RULES[name], text), "utf-8")
        others[name] = (shelf, ())
    for state in ("nothing made", "everything made"):
        for name, (shelf, options) in others.items():
            if state == "nothing made" or shelf is same:
                pairs = [at_once(plain, DRY[state], shelf, (*DRY[state], *options)) for _ in range(rounds)]
                yield state, name, [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        if state == "nothing made":
            plain.finish(films)
            same.finish(films)


def at_once(one: Shelf, arguments: Sequence[str], other: Shelf, others: Sequence[str]) -> tuple[Cost, Cost]:
    """Measure two runs at the same time, one a core: a machine that is busy is so for both."""
    with ThreadPoolExecutor(2) as pool:
        runs = pool.submit(one.snakemake, "subtitle", *arguments), pool.submit(other.snakemake, "subtitle", *others)
        return runs[0].result(), runs[1].result()


DRY = {"nothing made": ("-n",), "everything made": ()}


def _keys_in_command(rule: str) -> str:
    """Return a rule whose command takes the keys that it needs from one parameter."""
    section = re.search(r'settings=config\["(\w+)"\]', rule)
    if section:
        for line in re.finditer(rf'        (\w+)=config\["{section[1]}"\]\["(\w+)"\],\n', rule):
            rule = rule.replace(line[0], "")
            rule = re.sub(rf"\{{params\.{line[1]}(:q)?\}}", rf"{{params.settings[{line[2]}]\1}}", rule)
    return rule


def measure_jobs(scratch: Path, rounds: int) -> Iterator[tuple[str, list[Cost]]]:
    """Measure both workflows as they run the jobs of some films, with stages that do nothing."""
    costs: dict[str, list[Cost]] = {"trivial": [], "samvad": []}
    for number in range(rounds):
        for name, kind in (("trivial", Trivial), ("samvad", Real)):
            shelf = kind.make(scratch / f"{name}_run{number}", RUN_FILMS)
            costs[name].append(shelf.snakemake("subtitle"))
    yield from costs.items()


def middle(costs: list[Cost]) -> Cost:
    """Return the medians."""
    return Cost(
        *(
            statistics.median(getattr(cost, name) for cost in costs)
            for name in ("wall_seconds", "cpu_seconds", "peak_rss_mb")
        )
    )


def main() -> None:
    """Measure and print."""
    names = [*NEW, *DONE, *ONE_MORE, "run"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", default="1,10,100,1000,3000", help="sizes of the sheet")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default=",".join(names), help="what to measure: " + ", ".join(names))
    parser.add_argument("--output", type=Path, help="write the figures as JSON, too")
    parser.add_argument("--variants", type=int, metavar="FILMS", help="compare other ways to write it, with so many")
    options = parser.parse_args()
    if options.variants:
        show_variants(options.variants, options.rounds)
        return
    only, figures = set(options.only.split(",")), {}
    titles = {name: title for state in (NEW, DONE, ONE_MORE) for name, (title, _) in state.items()}
    print(f"{'':48}{'films':>6}   wall s           CPU s            peak MiB")
    print(f"{'':48}{'':>6}   Samvad  trivial  Samvad  trivial  Samvad  trivial", flush=True)
    with tempfile.TemporaryDirectory(prefix="samvad-scale-") as scratch:
        for films in map(int, options.films.split(",")):
            for name, kind, costs in measure_sheet(Path(scratch), films, options.rounds, only):
                figures[f"{name} {films} {kind}"] = middle(costs)
                if kind == "samvad":
                    show(titles[name], films, middle(costs), figures[f"{name} {films} trivial"])
        if "run" in only:
            run = dict(measure_jobs(Path(scratch), options.rounds))
            figures |= {f"run {RUN_FILMS} {kind}": middle(costs) for kind, costs in run.items()}
            show(
                f"{RUN_FILMS * 10} jobs that do nothing: a run",
                RUN_FILMS,
                middle(run["samvad"]),
                middle(run["trivial"]),
            )
    if options.output:
        options.output.write_text(json.dumps(figures, indent=2, default=asdict) + "\n", encoding="utf-8")


def show_variants(films: int, rounds: int) -> None:
    """Measure and print other ways to run and to write the workflow."""
    print(f"{films} films; CPU seconds of every film's dry run (nothing made) or run (everything made)\n")
    print(f"{'':17}{'':74}{'as it is':>10}{'so':>8}{'ratio':>8}", flush=True)
    with tempfile.TemporaryDirectory(prefix="samvad-scale-") as scratch:
        for state, name, before, after in measure_variants(Path(scratch), films, rounds):
            was, now = middle(before).cpu_seconds, middle(after).cpu_seconds
            print(f"{state:17}{name:74}{was:10.2f}{now:8.2f}{now / was:8.2f}", flush=True)


def show(title: str, films: int, real: Cost, trivial: Cost) -> None:
    """Print a line of the table."""
    print(
        f"{title:48}{films:6}{real.wall_seconds:9.2f}{trivial.wall_seconds:9.2f}{real.cpu_seconds:8.2f}"
        f"{trivial.cpu_seconds:9.2f}{real.peak_rss_mb:8.0f}{trivial.peak_rss_mb:9.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
