"""Ways in which a stage ends on a real SLURM, first or again: each record says which, and the same command goes on."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import support
from samvad.core import stages
from workflow import faults, kills
from workflow.project import NOTHING, Project, attempts, environment, said
from workflow.slurm_cluster import Cluster, ask_often, cluster, on_slurm

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

#: What a stage asks for: nodes of this cluster have four CPUs and 20 GB. Stage 01 asks for more than any has.
_LITTLE = "cores: 1, mem_mb: 500, mem_mb_per_hour: 0, runtime: 10, runtime_per_hour: 0"
TABLE = "stages:\n" + "".join(f"  {name}: {{{_LITTLE}}}\n" for name in faults.NAMES if name != "demux")
TOO_MUCH = "  demux: {cores: 1, mem_mb: 30000, mem_mb_per_hour: 0, runtime: 10, runtime_per_hour: 0}\n"


class Way(NamedTuple):
    """How a film's stage ends, and what its records are to say of that."""

    stage: str
    fault: str
    status: str
    category: str
    words: str


#: By itself; cancelled by somebody while it works, or waits for its turn; over its memory; SLURM takes no job for it.
WAYS = {
    "model": Way("asr", "model", "failed", "model", "The model is not there"),
    "working": Way("asr", "held", "stopped", "stopped", "CANCELLED"),
    "waiting": Way("asr", "", "stopped", "stopped", "cancelled before it could leave a record"),
    "memory": Way("asr", "eats", "failed", "out_of_memory", "it took more memory than it had asked for"),
    "submission": Way("demux", "", "failed", "configuration", "SLURM took no job for it: SLURM sbatch failed"),
}
#: Each film is called by how its stage ends, and whether it was done before.
FILMS = {f"{way}-{when}": WAYS[way] for way in WAYS for when in ("first", "again")}
#: The others are asked for to stage 04 alone, which costs less.
WHOLE = "model-again"


class Done(NamedTuple):
    """What a run on SLURM, in which a stage of each film failed, and the same command again, came to."""

    project: Project
    failed: subprocess.CompletedProcess[str]
    manifests: dict[str, dict[str, Any]]
    events: dict[str, list[dict[str, Any]]]
    again: subprocess.CompletedProcess[str]
    last: subprocess.CompletedProcess[str]


def wanted(project: Project) -> list[str]:
    """Return the command that asks for all films."""
    return on_slurm(
        project,
        *(project.target(film, "mux" if film == WHOLE else "asr") for film in FILMS),
        *("--retries=0", "--latency-wait=5", "--set-resources", "asr:gpu=0", "translation:gpu=0"),
        machines=json.dumps({"resources": "tiny.yaml"}),
    )


def start(project: Project) -> subprocess.Popen[str]:
    return subprocess.Popen(
        wanted(project), cwd=project.root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip


def end(run: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    told, _ = run.communicate(timeout=500)
    return subprocess.CompletedProcess(run.args, run.returncode, told, "")


def prepare(project: Project) -> None:
    """Give each film what was done before its stage fails: the stages before it, or all, by another code."""
    ask_often(project)
    finished = project.job("a")
    for film, way in FILMS.items():
        job = project.job(film)
        support.copy_job(finished, job, "a", film)
        if film.endswith("-again"):
            faults.outdate(job, way.stage)
        else:
            for stage in stages.STAGES[stages.BY_NAME[way.stage].number - 1 :]:
                shutil.rmtree(job / stage.folder)
    project.write_sheet(*({"user": film, "media": "a.mkv"} for film in FILMS))
    (project.root / "tiny.yaml").write_text(TABLE + TOO_MUCH, encoding="utf-8")
    lines = [f"{way.stage} {film} {way.fault}" for film, way in FILMS.items() if way.fault]
    (project.root / "faults").write_text("\n".join(lines), encoding="utf-8")


def wait_for(condition: Callable[[], object], run: subprocess.Popen[str], what: str) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        if run.poll() is not None or time.monotonic() > deadline:
            run.kill()
            pytest.fail(f"waited for {what} in vain: {run.communicate()[0]}")
        time.sleep(0.1)


def films_of(way: str) -> list[str]:
    return [film for film in FILMS if FILMS[film] is WAYS[way]]


def cancel(here: Cluster, films: list[str]) -> None:
    """Cancel the jobs of films, as somebody does by hand; the comment names the film, as a job and as a stage."""
    for film in films:
        (job,) = [job for job in here.jobs() if re.search(rf"(^|[^A-Za-z0-9]){film}([^A-Za-z0-9]|$)", job["comment"])]
        subprocess.run(["scancel", job["id"]], check=True)


def let_fail(here: Cluster, project: Project) -> subprocess.CompletedProcess[str]:
    """Begin a run while jobs wait for their turn, cancel some of them, and some when they are at work."""
    here.control("update", "PartitionName=cpu", "State=DOWN")
    by_slurm = [film for film, way in FILMS.items() if way.stage == "asr"]
    before = {film: kills.attempts_of(project.job(film), "asr") for film in films_of("working")}
    run = start(project)
    wait_for(lambda: len(here.jobs()) == len(by_slurm), run, "all jobs to be queued")
    cancel(here, films_of("waiting"))
    here.control("update", "PartitionName=cpu", "State=UP")
    for film, known in before.items():
        # SLURM calls a job running long before its stage has begun.
        wait_for(
            lambda film=film, known=known: kills.attempts_of(project.job(film), "asr") != known, run, f"{film} to begin"
        )
    wait_for((project.root / "held").exists, run, "a stage to wait")
    cancel(here, films_of("working"))
    return end(run)


def events_of(job: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in sorted((job / "logs").glob("99_pipeline_*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]


@pytest.fixture(scope="module")
def done(stood_in: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    project = stood_in.copy(tmp_path_factory.mktemp("slurm") / "project")
    prepare(project)
    with cluster() as here:
        failed = let_fail(here, project)
        manifests = {film: json.loads((project.job(film) / "manifest.json").read_text("utf-8")) for film in FILMS}
        events = {film: events_of(project.job(film)) for film in FILMS}
        for name in ("faults", "held"):
            (project.root / name).unlink(missing_ok=True)
        (project.root / "tiny.yaml").write_text(TABLE, encoding="utf-8")
        again, last = end(start(project)), end(start(project))
    yield Done(project, failed, manifests, events, again, last)


@pytest.mark.parametrize("film", FILMS)
def test_the_records_say_how_a_job_ended(done: Done, film: str) -> None:
    way = FILMS[film]
    assert done.failed.returncode != 0
    pipeline = done.manifests[film]["pipeline"]
    assert (pipeline["status"], pipeline[f"{way.status}_stages"]) == (way.status, [way.stage]), said(done.failed)
    told = [event for event in done.events[film] if event["event"] == "stage_result" and event["stage"] == way.stage]
    (bad,) = [event for event in told if event["status"] != "success"]
    assert (bad["status"], bad["error_category"]) == (way.status, way.category), bad["error_message"]
    assert way.words in bad["error_message"]


@pytest.mark.parametrize("film", FILMS)
def test_the_same_command_goes_on_once_the_cause_is_mended(done: Done, film: str) -> None:
    assert done.again.returncode == 0, said(done.again)
    job, way, wanted = done.project.job(film), FILMS[film], faults.result(done.project.job("a"))
    asked = stages.STAGES[: stages.BY_NAME["mux" if film == WHOLE else "asr"].number]
    found = faults.result(job)
    for stage in asked:
        of_stage = {path: value for path, value in wanted.items() if path.startswith(f"{stage.folder}/")}
        assert {path: found.get(path) for path in of_stage} == of_stage, stage.name
        assert support.manifest_of(job, stage.name)["status"] == "success"
    kept = [stage.name for stage in asked if stage.number < stages.BY_NAME[way.stage].number]
    assert all(attempts(job, name) == ["01"] for name in kept), "what was done is not done again"
    assert NOTHING in said(done.last), said(done.last)
