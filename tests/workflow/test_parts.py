"""A shelf with more films than a plan is to hold is made in parts, by one command: one process, one exit code."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

import support
from workflow.project import NOTHING, Project, environment, new_project, said

#: So many films a part has here.
AT_ONCE = 2
FILMS = 4


@pytest.fixture
def shelf(tmp_path: Path) -> Project:
    """Make a project of four films whose plans hold two."""
    project = new_project(tmp_path / "project")
    parts = project.root / "scripts" / "samvad" / "workflow" / "parts.py"
    text = parts.read_text("utf-8")
    assert "FILMS = 1000\n" in text
    parts.write_text(text.replace("FILMS = 1000\n", f"FILMS = {AT_ONCE}\n"), encoding="utf-8")
    support.leave_out_work(project.root)
    for number in range(FILMS):
        (project.root / f"film {number}.mkv").write_bytes(b"a film")
    project.write_sheet(*({"user": f"u{number}", "media": f"film {number}.mkv"} for number in range(FILMS)))
    return project


def parts_of(done: subprocess.CompletedProcess[str]) -> list[int]:
    """Return how many films each of a command's plans had, as its summaries of jobs say."""
    return [int(count) for count in re.findall(r"^mux +(\d+)$", said(done), re.MULTILINE)]


def made(project: Project) -> list[bool]:
    """Return which films are made."""
    return [(project.root / project.target(f"u{number}")).is_file() for number in range(FILMS)]


def test_all_films_are_made_part_by_part_and_those_that_are_done_are_planned_no_more(shelf: Project) -> None:
    dry = shelf.snakemake("subtitle", "-n", "--quiet", "rules")
    assert dry.returncode == 0, said(dry)
    assert "Part 1 of a large plan: 2 films now" in said(dry)
    assert "2 more are looked at" in said(dry)
    assert len(re.findall(r"This was a dry-run", said(dry))) == 2
    assert made(shelf) == [False] * FILMS

    first = shelf.snakemake(shelf.target("u1"))
    assert first.returncode == 0, said(first)
    run = shelf.snakemake("subtitle")
    assert run.returncode == 0, said(run)
    assert parts_of(run) == [2, 1]  # the second film is done: it takes no place in a part
    assert made(shelf) == [True] * FILMS
    assert not list((shelf.root / ".snakemake" / "samvad_runs").glob("*.json"))

    again = shelf.snakemake("subtitle")
    assert again.returncode == 0, said(again)
    assert NOTHING in said(again)
    assert "large plan" not in said(again)


def test_a_failure_in_a_part_stops_no_other_and_is_what_the_command_ends_with(shelf: Project) -> None:
    (shelf.root / "film 0.mkv").unlink()
    run = shelf.snakemake(*(shelf.target(f"u{number}") for number in reversed(range(FILMS))))
    assert run.returncode == 1, said(run)
    assert made(shelf) == [False, *[True] * (FILMS - 1)]
    assert "Earlier parts of this plan are not done as a whole" in said(run)
    whole = said(run).partition("All of this plan, 2 parts: ")[2]
    assert re.match(r"3 films made, 1 not:\n  u0, 01_demux: .*film 0\.mkv", whole), said(run)

    stopped = shelf.snakemake("subtitle", "--forceall", "-n", "--quiet", "rules")
    assert parts_of(stopped)[-1] == FILMS  # what is forced is planned at once


def test_without_keep_going_a_failure_is_the_end(shelf: Project) -> None:
    profile = shelf.root / "profiles" / "local-cpu" / "config.yaml"
    for path in (profile, shelf.root / "profiles" / "default" / "config.yaml"):
        path.write_text(re.sub("keep-going: true.*", "", path.read_text("utf-8")), encoding="utf-8")
    (shelf.root / "film 0.mkv").unlink()
    run = shelf.snakemake("subtitle")
    assert run.returncode == 1, said(run)
    assert "2 films behind this part of the plan were not looked at" in said(run)
    assert made(shelf)[AT_ONCE:] == [False] * (FILMS - AT_ONCE)


def test_no_film_is_passed_over_where_the_sheet_is_sorted_otherwise_meanwhile(shelf: Project) -> None:
    """While the first part is made, the films behind it come to stand before it."""
    header, *rows = (shelf.root / shelf.sheet).read_text("utf-8").splitlines(keepends=True)
    (shelf.root / "sorted.tsv").write_text("".join([header, *reversed(rows)]), encoding="utf-8")
    run = shelf.root / "envs" / "run"
    run.write_text(run.read_text("utf-8").replace("\n", "\ncp sorted.tsv shelf.tsv\n", 1), encoding="utf-8")
    done = shelf.snakemake("subtitle")
    assert done.returncode == 0, said(done)
    assert "were changed meanwhile: all are looked at again" in said(done)
    assert made(shelf) == [True] * FILMS


def test_ctrl_c_ends_the_whole_command(shelf: Project) -> None:
    run = shelf.root / "envs" / "run"
    run.write_text(run.read_text("utf-8").replace("\n", "\ntouch begun; sleep 60\n", 1), encoding="utf-8")
    process = subprocess.Popen(
        shelf.command("subtitle"), cwd=shelf.root, env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    while not (shelf.root / "begun").exists() and process.poll() is None:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    told, _ = process.communicate(timeout=100)
    assert process.returncode != 0, told
    assert "2 films behind this part of the plan were not looked at" in told
    assert told.count("large plan") == 1, told


def test_sigterm_between_two_parts_is_not_lost(shelf: Project) -> None:
    """What is to be done at a part's end takes a while; the command is ended meanwhile."""
    with (shelf.root / "Snakefile").open("a", encoding="utf-8") as file:
        file.write('import time\natexit.register(lambda: (Path("ending").touch(), time.sleep(3)))\n')
    process = subprocess.Popen(
        shelf.command("subtitle"), cwd=shelf.root, env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    while not (shelf.root / "ending").exists() and process.poll() is None:
        time.sleep(0.1)
    process.terminate()
    told, _ = process.communicate(timeout=300)
    assert process.returncode == 1, told
    assert "the rest of the plan was not made: it was stopped" in told
    assert made(shelf) == [True, True, False, False], told


def test_a_file_may_list_what_is_asked_for_and_its_parts_are_planned_likewise(shelf: Project) -> None:
    targets = [shelf.target(f"u{number}") for number in range(1, FILMS)]
    (shelf.root / "wanted.txt").write_text("".join(f"{target}\n" for target in targets), encoding="utf-8")
    dry = shelf.snakemake("@wanted.txt", "-n", "--quiet", "rules")
    assert dry.returncode == 0, said(dry)
    assert parts_of(dry)[::2] == [AT_ONCE, FILMS - 1 - AT_ONCE]  # a dry run shows each plan's summary twice
