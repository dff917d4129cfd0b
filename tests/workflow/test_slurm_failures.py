"""Ways in which a stage that is done again ends on a real SLURM: each record says which."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

import support
from workflow import faults
from workflow.project import Project, environment, said
from workflow.slurm_cluster import Cluster, cluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

#: The films by how their stage 04 ends: by itself, cancelled by somebody, over its memory.
WAYS = ("model", "scancel", "memory")
#: What a stage asks for: a job of a minute, which is the least that SLURM knows.
TABLE = """
stages:
  asr: {cores: 1, mem_mb: 500, mem_mb_per_hour: 0, runtime: 1, runtime_per_hour: 0}
"""
STAND_IN = {"model": "model", "scancel": "held", "memory": "eats"}


class Done(NamedTuple):
    """What a run on SLURM, in which each film's stage 04 was to be made anew, came to."""

    project: Project
    failed: subprocess.CompletedProcess[str]
    manifests: dict[str, dict[str, Any]]


def on_slurm(project: Project) -> list[str]:
    command = project.command(
        *(project.target(way) for way in WAYS),
        *("--slurm-init-seconds-before-status-checks=2", "--retries=0", "--latency-wait=5"),
        *("--set-resources", "asr:gpu=0"),
        machines=json.dumps({"resources": "tiny.yaml"}),
    )
    return [word.replace("profiles/local-cpu", "profiles/slurm") for word in command]


def prepare(project: Project) -> None:
    """Give each way a film that was done, and whose stage 04 was made by another code."""
    finished = project.job("a")
    rows = [{"user": way, "media": "a.mkv"} for way in WAYS]
    for way in WAYS:
        support.copy_job(finished, project.job(way), "a", way)
        faults.outdate(project.job(way), "asr")
    project.write_sheet(*rows)
    (project.root / "tiny.yaml").write_text(TABLE, encoding="utf-8")
    lines = [f"asr {way} {STAND_IN[way]}" for way in WAYS]
    (project.root / "faults").write_text("\n".join(lines), encoding="utf-8")


def cancel_held(here: Cluster, project: Project, run: subprocess.Popen[str]) -> None:
    """Cancel the job whose stage waits, as somebody does by hand."""
    deadline = time.monotonic() + 300
    while not (project.root / "held").exists():
        assert run.poll() is None and time.monotonic() < deadline, "the stage never began"
        time.sleep(0.1)
    (job,) = [job for job in here.jobs() if job["comment"] == "04_asr scancel (scancel/1)"]
    subprocess.run(["scancel", job["id"]], check=True)


@pytest.fixture(scope="module")
def done(stood_in: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    project = stood_in.copy(tmp_path_factory.mktemp("slurm") / "project")
    prepare(project)
    with cluster() as here:
        run = subprocess.Popen(
            on_slurm(project), cwd=project.root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True,
        )  # fmt: skip
        cancel_held(here, project, run)
        told, _ = run.communicate(timeout=300)
        failed = subprocess.CompletedProcess(run.args, run.returncode, told, "")
        manifests = {way: json.loads((project.job(way) / "manifest.json").read_text("utf-8")) for way in WAYS}
    yield Done(project, failed, manifests)


@pytest.mark.parametrize(
    ("way", "status", "category", "words"),
    [
        ("model", "failed", "model", "The model is not there"),
        ("scancel", "stopped", "stopped", "CANCELLED"),
        ("memory", "failed", "out_of_memory", "it took more memory than it had asked for"),
    ],
)
def test_the_records_say_how_a_job_ended(done: Done, way: str, status: str, category: str, words: str) -> None:
    assert done.failed.returncode != 0
    found = done.manifests[way]
    assert (found["pipeline"]["status"], found["pipeline"][f"{status}_stages"]) == (status, ["asr"]), said(done.failed)
    lines = [
        json.loads(line)
        for path in sorted((done.project.job(way) / "logs").glob("99_pipeline_*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
    told = [line for line in lines if line["event"] == "stage_result" and line["stage"] == "asr"]
    (bad,) = [line for line in told if line["status"] != "success"]
    assert (bad["status"], bad["error_category"]) == (status, category), bad["error_message"]
    assert words in bad["error_message"]
