"""What can be asked for, and Snakemake's own views of the workflow: graph, lint, report."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from samvad.core import stages
from workflow.project import Project, planned, said

ALL = [stage.name for stage in stages.STAGES]

Shelf = Callable[..., Project]


@pytest.fixture
def three_films(shelf: Shelf, tmp_path: Path) -> Project:
    """Return a project with three films: one for each workflow."""
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film")
    rows = [
        {"user": name, "media": film, "workflow": name, "source": "hi", "targets": "en,hi"} for name in stages.WORKFLOWS
    ]
    return shelf(*rows)


@pytest.mark.parametrize(
    ("target", "films"), [(["transcribe"], [3, 0, 0]), (["translate"], [3, 2, 0]), ([], [3, 2, 1])]
)
def test_a_workflow_takes_each_film_as_far_as_both_it_and_the_films_row_go(
    three_films: Project, target: list[str], films: list[int]
) -> None:
    transcribed, translated, subtitled = films
    wanted = {
        **dict.fromkeys(ALL[:7], transcribed),
        "translation": translated,
        **dict.fromkeys(ALL[8:], subtitled),
    }
    assert planned(three_films.snakemake(*target, "-n")) == {name: count for name, count in wanted.items() if count}


def test_pairs_that_nothing_can_translate_are_told_by_the_dry_run_and_so_is_a_missing_film(
    shelf: Shelf, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film")
    project = shelf(
        {"user": "a", "media": film, "source": "en", "targets": "es,tlh"},
        {"user": "b", "media": tmp_path / "gone.mp4"},
    )
    done = project.snakemake(project.target("a"), "-n")
    assert done.returncode != 0
    assert "stage 08_translation cannot do its work, en to es, en to tlh" in said(done)
    assert "Traceback (most recent call last)" not in said(done)
    done = project.snakemake(project.target("b"), "-n")
    assert "not there, so that they cannot be made" in said(done) and "gone.mp4" in said(done)


def test_a_job_that_is_not_in_the_sheet_is_named_with_what_to_do(three_films: Project) -> None:
    done = three_films.snakemake(three_films.target("nobody"), "-n")
    assert done.returncode != 0
    assert "No film in shelf.tsv has the job 2025/01/01/nobody/1" in said(done)
    assert "samvad add-film" in said(done)
    assert "Traceback (most recent call last)" not in said(done)


@pytest.mark.parametrize("view", ["--dag", "--rulegraph"])
def test_the_graph_can_be_drawn(three_films: Project, view: str, tmp_path: Path) -> None:
    assert shutil.which("dot"), "make setup installs graphviz"
    done = three_films.snakemake(three_films.target("subtitle"), view)
    assert done.returncode == 0, done.stderr
    drawn = subprocess.run(["dot", "-Tsvg"], input=done.stdout, capture_output=True, text=True, check=False)
    assert drawn.returncode == 0, drawn.stderr
    assert all(name in drawn.stdout for name in ALL)


def test_the_lint_finds_nothing(three_films: Project) -> None:
    done = three_films.snakemake("--lint")
    assert done.returncode == 0, said(done)
    assert "Congratulations" in said(done)


@pytest.mark.model
def test_a_report_of_a_finished_film_can_be_made(demo: Any, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    done = demo.project.snakemake(demo.project.target("demo"), "--report", report)
    assert done.returncode == 0, said(done)
    assert all(name in report.read_text("utf-8") for name in ALL)
