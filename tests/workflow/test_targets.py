"""What can be asked for, and Snakemake's own views of the workflow: graph, lint, report."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from samvad.core import stages
from workflow.project import Project, environment, planned, said

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


def test_a_film_is_asked_for_by_any_path_that_leads_to_its_job(three_films: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (three_films.root / "made").symlink_to(elsewhere)
    job = three_films.target("transcribe", "demux").removeprefix("made/")
    for asked in (f"./made/{job}", f"{three_films.root}/made/{job}", f"{elsewhere}/{job}"):
        assert planned(three_films.snakemake(asked, "-n")) == {"demux": 1}, asked


def test_a_folder_of_jobs_whose_disk_is_away_is_named_before_every_film_looks_new(
    three_films: Project, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "away")
    done = three_films.snakemake("subtitle", "-n", output_root=tmp_path / "link")
    assert done.returncode != 0 and "Is its disk away?" in said(done), said(done)
    assert "Traceback" not in said(done), said(done)


def test_a_plan_is_shown_in_a_folder_that_cannot_be_written_and_touching_makes_no_record(three_films: Project) -> None:
    target = three_films.target("transcribe", "demux")
    done = three_films.snakemake(target, "--touch")
    assert done.returncode != 0 and "has no record of a success" in said(done)
    assert "Traceback" not in said(done), said(done)
    assert not list(three_films.root.rglob("made/**/manifest.json"))
    shutil.rmtree(three_films.root / ".snakemake")
    for view in (("-n",), ("--dag",)):
        done = _read_only(three_films.root, three_films.command(target, *view))
        assert done.returncode == 0, said(done)
    assert not (three_films.root / ".snakemake").exists()


def _read_only(folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command where its folder cannot be written: root may write everywhere, but not on a disk mounted so."""
    if os.geteuid() == 0:
        mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$0" && exec "$@"'
        command = ["unshare", "--mount", "bash", "-c", mount, str(folder), *command]
        if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
            pytest.skip("no disk can be mounted here")
    folder.chmod(0o555)
    try:
        return subprocess.run(
            command, cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=300
        )
    finally:
        folder.chmod(0o755)


def test_a_named_profile_wins_over_the_default_and_without_one_a_bare_run_has_all_that_it_needs(
    three_films: Project, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text("cores: 1\nretries: 0\n")
    target, config = three_films.target("transcribe", "demux"), ("--config", "films=shelf.tsv", "output_root=made")
    for words, cores in (((), str(len(os.sched_getaffinity(0)))), (("--profile", tmp_path), "1")):
        command = list(map(str, [".venv/bin/snakemake", *words, target, *config]))
        done = subprocess.run(
            command, cwd=three_films.root, env=environment(), capture_output=True, text=True, check=False, timeout=300
        )
        assert f"Provided cores: {cores}" in said(done)
