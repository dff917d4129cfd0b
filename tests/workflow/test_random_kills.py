"""Kill -9 at random moments: the next run ends with the same result, and does nothing twice.

``SAMVAD_KILLS=20`` kills that many runs of the sample film, each at a moment of its own (``make test-kills``).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import odd_films
from workflow import kills
from workflow.project import Project, attempts, new_project, said

pytestmark = pytest.mark.model

SEED = int(os.environ.get("SAMVAD_KILL_SEED", "20250101"))
WHOLE_RUNS = int(os.environ.get("SAMVAD_KILLS", "0"))
CHAINED = 4


def check_finished(project: Project, user: str, wanted: dict[str, str], done_by: dict[str, list[str]]) -> None:
    """Check that a job is finished as an undisturbed one, without a stage that was done having run again."""
    job = project.job(user)
    assert kills.result(job) == wanted
    assert {stage: attempts(job, stage) for stage in done_by} == done_by, "what was done is done again"
    assert not list(job.rglob(".work-*")), "nothing half-made stays"
    assert kills.at_work(project) == {}, "nobody works on"
    assert not list((project.root / ".snakemake" / "locks").glob("*"))
    assert not list((project.root / ".snakemake" / "samvad_runs").glob("*.json"))


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project with a film of six seconds for two users, one of whom has had it subtitled undisturbed."""
    project = new_project(tmp_path_factory.mktemp("kills") / "project")
    film = odd_films.audio_offset_5s_mp4(tmp_path_factory.mktemp("films"))
    project.write_sheet(*({"user": name, "film": "film", "media": film} for name in ("quiet", "killed")))
    done = project.snakemake(project.target("quiet"))
    assert done.returncode == 0, said(done)
    return project


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_result(short: Project) -> None:
    done_by: dict[str, list[str]] = {}
    told = [f"seed {SEED}"]
    for stage, seconds, victim in kills.stages_to_kill(SEED, CHAINED):
        killed = kills.kill_at(short, "killed", seconds, victim, stage=stage)
        told.append(str(killed))
        for name, before in done_by.items():
            assert attempts(short.job("killed"), name) == before, f"{name} was done, and is done again: {told}"
        done_by |= killed.attempts
    done = short.snakemake(short.target("killed"))
    assert done.returncode == 0, f"{told}: {said(done)}"
    assert sum(not line.endswith("ended=True)") for line in told) == CHAINED + 1, told
    check_finished(short, "killed", kills.result(short.job("quiet")), done_by)


@pytest.mark.skipif(not WHOLE_RUNS, reason="takes most of an hour; make test-kills runs it")
@pytest.mark.parametrize("number", range(WHOLE_RUNS))
def test_the_demo_killed_at_a_random_moment_is_finished_by_the_next_run(
    demo: Any, tmp_path: Path, number: int, record_kill: Callable[..., None]
) -> None:
    project = demo.project.copy(tmp_path / "copy")
    stage, seconds, victim = kills.moments(SEED, WHOLE_RUNS, demo.job)[number]
    killed = None
    while killed is None or killed.ended:  # a machine that is quicker now than it was has passed the moment
        kills.rewind(project, "demo", stage)
        killed = kills.kill_at(project, "demo", seconds, victim, stage=stage)
        seconds /= 2
    began = time.monotonic()
    done = project.snakemake(project.target("demo"))
    assert done.returncode == 0, said(done)
    record_kill(number, killed, time.monotonic() - began, kills.made_again(project.job("demo")))
    check_finished(project, "demo", kills.result(demo.job), killed.attempts)


@pytest.fixture
def record_kill(capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Return a function that prints a line of the table of kills."""

    def show(number: int, killed: kills.Kill, seconds: float, again: list[str]) -> None:
        with capsys.disabled():
            sys.stdout.write(
                f"\n| {number + 1} | {killed.victim} | {killed.seconds:.1f} | {killed.stage} | {len(killed.attempts)} "
                f"| {seconds:.1f} | {', '.join(again) or '-'} |"
            )

    return show
