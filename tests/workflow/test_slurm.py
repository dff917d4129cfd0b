"""A shelf goes through a real SLURM, with all that can go wrong there: it is done, once, and as on one machine."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

import support
from samvad.core import stages
from workflow import kills
from workflow.project import OPTIONAL, Project, attempts, environment, new_project, said
from workflow.slurm_cluster import Cluster, ask_often, cluster, on_slurm

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(1500)]

FILMS = {"a": OPTIONAL, "b": ("tmdb",)}
#: What somebody with a small cluster says: nodes of four CPUs without a GPU, and little memory for the last stages.
TABLE = """
growth: 2
stages:
  demux: {cores: 2}
  asr: {cores: 3, mem_mb: 3000}
  ner: {mem_mb: 600}
  lyrics_detection: {mem_mb: 600, mem_mb_per_hour: 0}
  hallucination_removal: {mem_mb: 600, mem_mb_per_hour: 0}
  translation: {cores: 3, mem_mb: 3000}
"""
CPU = {"device": "cpu"}
#: An attempt waits as long as there is a file that holds it; one takes more memory than it asked for.
HOLD = 'while (run.job_folder / f"hold-{run.stage.name}-{run.attempt}").exists(): time.sleep(0.1)'
EAT = 'eaten = b"x" * (700 << 20 if run.film == "b" else 0); time.sleep(4 if eaten else 0)'


@dataclass
class Shelf:
    """Two films that went through SLURM in two runs, of which the first was killed.

    Attributes:
        attempts: for each film, the stages that the first run knew to be done, with the numbers of their attempts.
        left: the jobs that worked on when Snakemake had been killed.
        jobs: all that the controller told of at the end.
        told: what the second run printed.
        node: that b's recognition was on when the node died.
        stage_alive: whether the stage of the job that was left was at work before the second run.
    """

    project: Project
    local: Project
    attempts: dict[str, dict[str, list[str]]]
    left: list[dict[str, str]]
    jobs: list[dict[str, str]]
    told: str
    node: str
    drained: str
    stage_alive: bool
    code: int
    seconds: dict[str, float] = field(default_factory=dict)

    def job(self, film: str) -> Path:
        """Return a film's job folder."""
        return self.project.job(film)

    def results(self, film: str, stage: str) -> list[dict[str, Any]]:
        """Return the results of all attempts of a stage, as the logs tell them."""
        lines = [
            json.loads(line)
            for path in sorted((self.job(film) / "logs").glob("99_pipeline_*.jsonl"))
            for line in path.read_text("utf-8").splitlines()
        ]
        return [line for line in lines if line["event"] == "stage_result" and line["stage"] == stage]


def wait_for(condition: Callable[[], Any], what: str, process: subprocess.Popen[str], seconds: float = 400) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if found := condition():
            return found
        time.sleep(0.1)
    output = process.stdout.read() if process.poll() is not None and process.stdout else ""
    pytest.fail(f"waited for {what} in vain (exit code {process.poll()})\n{output}")


def test_it_is_told_on_which_node_a_stage_runs(shelf: Shelf) -> None:
    (job,) = [job for job in shelf.jobs if is_of(job, "a", "translation") and job["state"] == "COMPLETED"]
    assert re.findall(r"a: 08_translation on (.+)", shelf.told) == [job["node"]], shelf.told
    lines = (shelf.job("a") / "08_translation/attempts/02/events.jsonl").read_text("utf-8").splitlines()
    (noted,) = [line["facts"] for line in map(json.loads, lines) if line["event"] == "slurm_job"]
    assert noted == {"job": job["id"], "node": job["node"]}


def small_cluster(project: Project) -> list[str]:
    """Return the command of somebody with a small cluster."""
    settings = {"machines": {"resources": "tiny.yaml"}, "asr": CPU, "translation": CPU}
    said = {name: json.dumps(value) for name, value in settings.items()}
    return on_slurm(project, "subtitle", "--retries=2", **said)


def job_of(here: Cluster, film: str, stage: str) -> dict[str, str] | None:
    """Return the running SLURM job of a film's stage."""
    found = [job for job in here.jobs() if job["state"] == "RUNNING" and is_of(job, film, stage)]
    return next(iter(found), None)


def is_of(job: dict[str, str], film: str, stage: str) -> bool:
    """Say whether a SLURM job is, or was at its end, at work on a film's stage."""
    return job["comment"] == f"{stages.BY_NAME[stage].folder} {film} ({film}/1)"


def hold(project: Project, film: str, stage: str, attempt: int = 1) -> Path:
    """Make the file that holds an attempt of a film's stage."""
    path = project.job(film) / f"hold-{stage}-{attempt}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def prepare(root: Path, sample: Any) -> Project:
    """Make a project with two cuts of the sample film, whose stages can be held."""
    project = new_project(root)
    ask_often(project)
    cuts = {"a": ("0", "14"), "b": ("14", "12")}
    rows = []
    for film, (start, length) in cuts.items():
        path = root / f"{film}.mp4"
        command = ["ffmpeg", "-v", "error", "-ss", start, "-t", length, "-i", sample.film, "-preset", "ultrafast", path]
        subprocess.run(command, check=True)
        rows.append({"user": film, "media": path, "title": "A cut", "stages_off": ",".join(FILMS[film])})
    project.write_sheet(*rows)
    (root / "tiny.yaml").write_text(TABLE, encoding="utf-8")
    for script in ("recognize_speech.py", "translate_dialogue.py"):
        project.work_first(script, HOLD)
    project.work_first("flag_hallucinations.py", EAT)
    return project


def first_run(here: Cluster, project: Project) -> dict[str, Any]:
    """Begin a run, let everything go wrong, and kill it while one job is held and the rest is on its way."""
    held = {film: hold(project, film, "asr") for film in FILMS}
    again = hold(project, "a", "asr", 2)
    hold(project, "a", "translation")
    with subprocess.Popen(
        small_cluster(project),
        cwd=project.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            begun = {}
            for film in FILMS:
                begun[film] = wait_for(lambda film=film: job_of(here, film, "asr"), f"the speech of {film}", process)
            assert begun["a"]["node"] != begun["b"]["node"]
            # SLURM calls a job running long before its stage has begun; an attempt that never began is not counted.
            for film in FILMS:
                wait_for(
                    lambda film=film: kills.attempts_of(project.job(film), "asr"), f"the attempt of {film}", process
                )
            subprocess.run(["scancel", begun["a"]["id"]], check=True)
            here.kill(begun["b"]["node"])
            held["a"].unlink()
            held["b"].unlink()
            wait_for(lambda: len(kills.attempts_of(project.job("a"), "asr")) == 2, "the second attempt of a", process)
            here.restart_controller()
            drained = wait_for(lambda: job_of(here, "a", "asr"), "its job", process)["node"]
            here.control("update", f"NodeName={drained}", "State=DRAIN", "Reason=test")
            again.unlink()
            wait_for(lambda: here.state_of(begun["b"]["id"]) == "NODE_FAIL", "the end of the node", process)
            here.start_node(begun["b"]["node"])
            wait_for(lambda: kills.attempts_of(project.job("a"), "translation"), "the translation of a", process)
            known = project.job("b")
            wait_for(lambda: "hallucination_removal" in kills.noted(project, known), "the group of b", process)
            (stage,) = [found for found in kills.at_work(project)["translation"] if "--film=a" in found.cmdline()]
            process.kill()
            process.wait()
            attempts = {film: kills.noted(project, project.job(film)) for film in FILMS}
            left = here.jobs()
            time.sleep(1.5)  # a stage of the same run on this machine would have ended by now
            alive = stage.is_running() and stage.status() != psutil.STATUS_ZOMBIE
        finally:
            process.kill()
    assert kills.attempts_of(project.job("a"), "translation") == ["01"]
    return {"attempts": attempts, "left": left, "node": begun["b"]["node"], "drained": drained, "stage_alive": alive}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, sample: Any) -> Iterator[Shelf]:
    """Take two films through SLURM, and through one machine."""
    project = prepare(tmp_path_factory.mktemp("slurm") / "project", sample)
    local = replace(project, output_root="local")
    with cluster() as here:
        found = first_run(here, project)
        again = small_cluster(project)
        done = subprocess.run(again, cwd=project.root, env=environment(), capture_output=True, text=True, check=False)
        jobs = here.jobs(every=True)
    assert local.snakemake("subtitle", asr=json.dumps(CPU), translation=json.dumps(CPU)).returncode == 0
    yield Shelf(project, local, jobs=jobs, told=said(done), code=done.returncode, **found)


def test_the_shelf_is_done_after_all_that_went_wrong(shelf: Shelf) -> None:
    assert shelf.code == 0, shelf.told
    for film in FILMS:
        manifest = json.loads((shelf.job(film) / "manifest.json").read_text("utf-8"))
        assert manifest["pipeline"]["status"] == "success"
        assert manifest["pipeline"]["failed_stages"] == []
    assert {job["state"] for job in shelf.jobs} <= {"COMPLETED", "CANCELLED", "NODE_FAIL", "OUT_OF_MEMORY", "FAILED"}


def test_results_equal_those_of_one_machine(shelf: Shelf) -> None:
    for film, off in FILMS.items():
        for stage in [stage.name for stage in stages.STAGES if stage.name not in off]:
            kept, expected = (
                {
                    output["type"]: output["checksum"]
                    for output in support.manifest_of(job, stage)["outputs"]
                    if output["type"] not in kills.VARYING
                }
                for job in (shelf.job(film), shelf.local.job(film))
            )
            assert kept == expected, (film, stage)


def test_nothing_that_was_done_is_done_twice(shelf: Shelf) -> None:
    for film, known in shelf.attempts.items():
        for stage, numbers in known.items():
            assert attempts(shelf.job(film), stage) == numbers, (film, stage)
    assert "asr" in shelf.attempts["a"] and "asr" in shelf.attempts["b"]
    twice = {
        (film, stage.name): kills.attempts_of(shelf.job(film), stage.name)
        for film in FILMS
        for stage in stages.STAGES
        if len(kills.attempts_of(shelf.job(film), stage.name)) > 1
    }
    assert set(twice) >= {("a", "asr"), ("b", "asr"), ("a", "translation"), ("b", "hallucination_removal")}
    assert ("b", "ner") not in twice, "of a group that failed, what was done is not done again"


def test_each_try_that_was_ended_is_recorded_with_what_slurm_says_of_it(shelf: Shelf) -> None:
    (cancelled, after) = shelf.results("a", "asr")
    assert (cancelled["attempt"], cancelled["status"], cancelled["error_category"]) == (1, "stopped", "stopped")
    assert "CANCELLED" in cancelled["error_message"]
    assert (after["attempt"], after["status"]) == (2, "success")
    (lost, after) = shelf.results("b", "asr")
    assert "NODE_FAIL" in lost["error_message"] and after["status"] == "success"
    assert support.manifest_of(shelf.job("b"), "asr")["retries"] == 1


def test_a_stage_that_takes_too_much_memory_is_tried_again_with_more(shelf: Shelf) -> None:
    first, *_, last = shelf.results("b", "hallucination_removal")
    assert first["status"] == "failed" and first["error_category"] in ("killed", "out_of_memory")
    assert last["status"] == "success"
    asked = [int(job["memory"].rstrip("M")) for job in shelf.jobs if is_of(job, "b", "hallucination_removal")]
    assert asked[0] < asked[-1], asked


def test_jobs_of_a_killed_run_are_cancelled_before_any_is_submitted(shelf: Shelf) -> None:
    assert shelf.stage_alive, "a job of SLURM's outlives the run that submitted it"
    (orphan,) = [job for job in shelf.left if is_of(job, "a", "translation")]
    named = re.search(r"SLURM jobs of a run that was killed: ([\d, ]+)", shelf.told)
    assert named and orphan["id"] in named.group(1).split(", ")
    assert next(job["state"] for job in shelf.jobs if job["id"] == orphan["id"]) == "CANCELLED"
    assert attempts(shelf.job("a"), "translation") == ["01", "02"]
    assert shelf.results("a", "translation")[0]["status"] == "stopped"


def test_a_node_that_is_drained_gets_no_more_jobs(shelf: Shelf) -> None:
    numbers = [int(job["id"]) for job in shelf.jobs if job["node"] == shelf.drained]
    recognised = [int(job["id"]) for job in shelf.jobs if is_of(job, "a", "asr")]
    assert max(numbers) == max(recognised)


def test_a_job_tells_its_film_and_stage(shelf: Shelf) -> None:
    for film in FILMS:
        for stage in ("demux", "asr", "translation", "mux"):
            assert any(is_of(job, film, stage) for job in shelf.jobs), (film, stage)
    assert not any(is_of(job, "a", "subtitle_gen") for job in shelf.jobs), "the last two stages of a film are one job"
