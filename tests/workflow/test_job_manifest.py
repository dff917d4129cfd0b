"""The job manifest says what is true, at every moment: while a run goes on, after it, and after it was killed."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

import odd_films
import support
from samvad.core import schemas
from workflow import kills
from workflow.project import Project, attempts, environment, new_project, said

SLOW = {"SLOW_SECONDS": "0.7"}


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project whose first stages can be made to take their time, to fail, and to fail at first."""
    project = new_project(tmp_path_factory.mktemp("manifests") / "project")
    for script in ("extract_audio.py", "fetch_metadata.py", "load_glossary.py"):
        project.work_first(script, 'time.sleep(float(os.environ.get("SLOW_SECONDS", "0")))')
    fails = 'if run.attempt <= int(os.environ.get("FAILING_TRIES", "0")): raise OSError(5, "no answer from the disk")'
    project.work_first("load_glossary.py", fails)
    early = 'run.film == "early" and run.attempt == 1'
    overtaken = f'while {early} and not (run.folder / "manifest.json").exists(): time.sleep(0.1)'
    project.work_first("load_glossary.py", overtaken)
    project.work_first("fetch_metadata.py", 'if run.film.startswith("kill-") and run.attempt == 1: time.sleep(60)')
    project.work_first("load_glossary.py", 'if run.film == "again" and run.attempt == 1: os.kill(os.getpid(), 9)')
    project.work_first("load_glossary.py", 'if run.film == "again": run.metadata("batch", run.smaller(8))')
    wrong = (
        'if run.film == "wrong": from samvad.core.errors import ModelError; raise ModelError("No model.", "Fetch it.")'
    )
    project.work_first("load_glossary.py", wrong)
    return project


@pytest.fixture
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return odd_films.audio_only(tmp_path_factory.getbasetemp())


def one(slow: Project, user: str, film: Path, **values: object) -> Project:
    """Return the project with a sheet of its own that holds one film."""
    project = dataclasses.replace(slow, sheet=f"{user}.tsv", output_root=user)
    project.write_sheet({"user": user, "media": film, **values})
    return project


def manifest(project: Project, user: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project.job(user) / "manifest.json").read_text("utf-8"))
    assert schemas.problems(found, "job_manifest") == []
    return found


@contextlib.contextmanager
def running(project: Project, *arguments: object, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        project.command(*arguments),
        cwd=project.root,
        env={**environment(), **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        yield process


def told(project: Project, users: list[str], *arguments: object) -> list[dict[str, dict[str, Any]]]:
    """Return every state that the films' manifests went through in a run: the pipeline's part of each, by user."""
    states: list[dict[str, dict[str, Any]]] = []
    with running(project, *arguments, env=SLOW) as process:
        while process.poll() is None:
            there = [user for user in users if (project.job(user) / "manifest.json").is_file()]
            state = {user: manifest(project, user)["pipeline"] for user in there}
            if state and (not states or state != states[-1]):
                states.append(state)
            time.sleep(0.02)
    return states


class Told(NamedTuple):
    """A run that was watched: its project, and every state that the manifest went through."""

    project: Project
    states: list[dict[str, Any]]


@pytest.fixture(scope="module")
def live(slow: Project, tmp_path_factory: pytest.TempPathFactory) -> Told:
    project = one(slow, "live", odd_films.audio_only(tmp_path_factory.getbasetemp()))
    targets = [project.target("live", stage) for stage in ("demux", "glossary_load")]
    return Told(project, [state["live"] for state in told(project, ["live"], *targets)])


def test_while_a_run_goes_on_it_tells_what_is_done_what_runs_and_what_is_next(live: Told) -> None:
    keys = ("status", "current_stage", "next_stage", "completed_stages", "skipped_stages")
    *told, end = [tuple(state[key] for key in keys) for state in live.states]
    # Two stages' manifests were asked for: what the film goes through is not done, and nothing of it runs.
    assert end == ("incomplete", None, "asr", ["demux", "glossary_load"], ["tmdb"])
    assert {state[0] for state in told} == {"running"}
    assert [stage for stage in ("demux", "tmdb", "glossary_load") if stage in {state[1] for state in told}] != []
    for _, current, following, completed, skipped in told:
        done = {*completed, *skipped}
        assert current not in done and following not in done, "what is done neither runs nor is to come"
        assert current != "glossary_load" or skipped == ["tmdb"]
    counts = [len(state[3]) + len(state[4]) for state in told]
    assert counts == sorted(counts) and {0, 1, 2} <= set(counts)
    assert all((state["run"] is not None) == (state["status"] == "running") for state in live.states)


def test_a_manifest_that_was_deleted_is_there_again_after_a_run_with_nothing_to_do(live: Told) -> None:
    before = manifest(live.project, "live")
    (live.project.job("live") / "manifest.json").unlink()
    done = live.project.snakemake(live.project.target("live", "glossary_load"))
    assert "Nothing to be done" in said(done)
    after = manifest(live.project, "live")
    assert after["timing"].pop("updated_at") > before["timing"].pop("updated_at")
    assert after == before


def test_what_is_done_anew_and_what_follows_is_no_longer_told_as_done(live: Told, film: Path) -> None:
    project = dataclasses.replace(live.project, sheet="anew.tsv")
    project.write_sheet({"user": "live", "media": film, "title": "Another title"})
    states = [state["live"] for state in told(project, ["live"], project.target("live", "glossary_load"))]
    first = next(state for state in states if state["status"] == "running")
    assert (first["current_stage"], first["next_stage"]) == ("tmdb", "glossary_load")
    assert first["completed_stages"] == ["demux"] and first["skipped_stages"] == []


def test_a_stage_that_is_off_is_told_as_skipped_with_what_switched_it_off(slow: Project, film: Path) -> None:
    project = one(slow, "off", film, stages_off="tmdb,ner")
    assert (
        project.snakemake(project.target("off", "glossary_load"), stages='{"lyrics_detection":false}').returncode == 0
    )
    found = manifest(project, "off")
    assert found["pipeline"]["skipped_stages"] == ["tmdb", "ner", "lyrics_detection"]
    assert found["stages"]["tmdb"]["reason"].startswith("switched off by the column stages_off")
    assert found["stages"]["lyrics_detection"]["reason"] == "switched off by the key stages.lyrics_detection"
    assert found["pipeline"]["next_stage"] == "demux", "glossaries need no film"


def test_many_films_are_told_each_by_itself(slow: Project, film: Path, tmp_path: Path) -> None:
    project = dataclasses.replace(slow, sheet="many.tsv", output_root="many")
    gone = tmp_path / "gone.mp4"
    users = ["a", "b", "c"]
    project.write_sheet(*({"user": user, "film": user, "media": gone if user == "b" else film} for user in users))
    targets = [project.target(user, "demux") for user in users]
    states = told(project, users, *targets, "--cores", "1", "--keep-going")
    last = states[-1]
    assert [last[user]["status"] for user in users] == ["incomplete", "failed", "incomplete"]
    assert [last[user]["failed_stages"] for user in users] == [[], ["demux"], []]
    for user in users:
        others = [state[other]["status"] for state in states for other in users if other != user and other in state]
        assert "running" in others
        ended = next(place for place, state in enumerate(states) if user in state and state[user]["run"] is None)
        assert all(state[user]["run"] is None for state in states[ended:]), "a film that is done waits for no other"
    assert "gone.mp4' does not exist" in manifest(project, "b")["stages"]["demux"]["reason"]


@pytest.mark.parametrize("victim", ["stage", "snakemake"])
def test_after_a_kill_it_says_what_was_killed_or_that_the_run_is_over(slow: Project, film: Path, victim: str) -> None:
    project = one(slow, f"kill-{victim}", film)
    user = f"kill-{victim}"
    assert project.snakemake(project.target(user, "demux")).returncode == 0
    killed = kills.kill_at(project, user, 0.1, victim, stage="tmdb", wanted="glossary_load")
    assert killed.stage == "tmdb" and set(killed.attempts) == {"demux"}
    shown, *more = project.samvad("show", project.job(user)).stdout.splitlines()
    assert "  Sound:           track 0: it is the only one" in more
    if victim == "stage":
        assert "(failed)" in shown
    else:
        assert manifest(project, user)["pipeline"]["status"] == "running" and "(interrupted)" in shown
        other = dataclasses.replace(project, sheet="other.tsv")
        other.write_sheet({"user": user, "media": film}, {"user": "other", "film": "other", "media": film})
        assert other.snakemake(other.target("other", "demux")).returncode == 0, "any run tells the truth of a dead one"
    found = manifest(project, user)
    assert found["pipeline"]["status"] == "failed" and found["pipeline"]["run"] is None
    assert found["pipeline"]["failed_stages"] == ["tmdb"] and found["pipeline"]["next_stage"] == "tmdb"
    assert "killed" in found["stages"]["tmdb"]["reason"]
    assert project.snakemake(project.target(user, "glossary_load")).returncode == 0
    assert manifest(project, user)["pipeline"]["completed_stages"] == ["demux", "glossary_load"]
    assert attempts(project.job(user), "demux") == ["01"] and attempts(project.job(user), "tmdb") == ["01", "02"]


def test_each_of_three_tries_keeps_its_manifest_and_its_log(slow: Project, film: Path) -> None:
    project = one(slow, "retried", film, stages_off="tmdb")
    job = project.job("retried")
    target = project.target("retried", "glossary_load")
    done = project.snakemake(target, "--retries", "2", env={"FAILING_TRIES": "2"})
    assert done.returncode == 0, said(done)
    assert attempts(job, "glossary_load") == ["01", "02", "03"]
    folder = job / "03_glossary_load" / "attempts"
    manifests = [json.loads((folder / name / "manifest.json").read_text("utf-8")) for name in ("01", "02", "03")]
    assert [made["status"] for made in manifests] == ["failed", "failed", "success"]
    assert [made["retries"] for made in manifests] == [0, 1, 2]
    assert [made["attempt"] for made in manifests] == [1, 2, 3]
    assert all(schemas.problems(made, "stage_manifest") == [] for made in manifests)
    for number, made in enumerate(manifests, start=1):
        log = (folder / f"{number:02d}" / "stage.log").read_text("utf-8")
        assert f"attempt {number}:" in log
        assert ("no answer from the disk" in log) == (made["status"] == "failed")
    assert support.manifest_of(job, "glossary_load") == manifests[-1]
    assert (job / "03_glossary_load" / "benchmark.tsv").is_file()
    assert manifest(project, "retried")["pipeline"]["failed_stages"] == []
    assert "\nFailed:\n" not in said(done), "it did not fail in the end"


def test_only_what_may_pass_by_itself_is_tried_again(slow: Project, film: Path) -> None:
    project = dataclasses.replace(slow, sheet="again.tsv", output_root="again")
    users = ["again", "wrong"]
    project.write_sheet(*({"user": user, "media": film, "stages_off": "tmdb"} for user in users))
    done = project.snakemake(*(project.target(user, "glossary_load") for user in users), "--retries", "1")
    assert done.returncode != 0
    assert attempts(project.job("again"), "glossary_load") == ["01", "02"], "it was killed"
    assert attempts(project.job("wrong"), "glossary_load") == ["01"], "a model does not come by itself"
    log = next((project.job("again") / "logs").glob("99_pipeline_*.log")).read_text("utf-8")
    assert "[WARNING] Stage glossary_load: tried again, after: it left no record" in log
    made = support.manifest_of(project.job("again"), "glossary_load")
    assert json.loads((project.job("again") / "03_glossary_load" / "metadata.json").read_text("utf-8"))["batch"] == 4
    assert "tried with 4 at once, not 8" in made["warnings"][0]["message"]
    for name in ("local-cpu", "local-gpu", "slurm"):
        settings = yaml.safe_load((support.ROOT / "profiles" / name / "config.yaml").read_text("utf-8"))
        assert settings["retries"] == (2 if name == "slurm" else 1)


def test_when_all_tries_fail_the_reason_of_the_last_is_told(slow: Project, film: Path) -> None:
    project = one(slow, "failing", film, stages_off="tmdb")
    target = project.target("failing", "glossary_load")
    done = project.snakemake(target, "--retries", "1", env={"FAILING_TRIES": "9"})
    assert done.returncode != 0
    assert attempts(project.job("failing"), "glossary_load") == ["01", "02"]
    found = manifest(project, "failing")
    assert found["stages"]["glossary_load"]["manifest"] == "03_glossary_load/attempts/02/manifest.json"
    assert "no answer from the disk" in found["stages"]["glossary_load"]["reason"]
    assert said(done).count("no answer from the disk") >= 1 and "\nFailed:\n" in said(done)


def test_an_overtaken_try_of_a_stage_leaves_the_later_ones_result(slow: Project, film: Path) -> None:
    project = one(slow, "early", film, stages_off="tmdb")
    job, target = project.job("early"), project.target("early", "glossary_load")
    command = ["envs/run", "text", "load_glossary.py", f"--job-folder={job}", "--film=early", "--files"]
    with subprocess.Popen(command, cwd=project.root, env=environment(), stderr=subprocess.PIPE, text=True) as early:
        while not (job / "03_glossary_load" / "attempts" / "01" / "stage.log").is_file():
            time.sleep(0.02)
        done = project.snakemake(target)
        assert done.returncode == 0, said(done)
        made = support.manifest_of(job, "glossary_load")
        assert "overtaken by attempt 2" in early.communicate(timeout=300)[1]
    assert early.returncode != 0
    assert support.manifest_of(job, "glossary_load") == made and made["attempt"] == 2
    assert "overtaken by attempt 2" in support.failed_manifest(job, "glossary_load")["errors"][0]["message"]
    log = (job / "03_glossary_load" / "stage.log").read_text("utf-8")
    assert "attempt 2:" in log and "attempt 1:" not in log
