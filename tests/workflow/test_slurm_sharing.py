"""One film's pieces are shared over the nodes of a job of a real SLURM; a node dies, and a job is cancelled."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

import support
from workflow import kills
from workflow.project import Project, environment, new_project, said
from workflow.slurm_cluster import Cluster, ask_often, cluster, on_slurm
from workflow.test_slurm import wait_for

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(1500)]

TABLE = "stages: {demux: {cores: 2}, asr: {cores: 2, mem_mb: 3000}}"
ASR = {"device": "cpu", "engine": "faster-whisper", "batch_size": 2}
#: What somebody asks for: three nodes for recognition, and that the job outlives one of them.
SPREAD = ("asr:nodes=3", "asr:tasks=3", "asr:mpi=srun", "asr:slurm_extra='--no-kill'")
#: A helper waits with a piece in hand as long as there is a file that holds its node's.
HOLD = """
        import pathlib
        node = pathlib.Path("{root}") / os.environ["SLURMD_NODENAME"]
        while node.with_suffix(".hold").exists():
            node.with_suffix(".held").touch()
            time.sleep(0.05)
"""


@dataclass
class Spread:
    """A film whose recognition was cancelled once, and lost a node then.

    Attributes:
        left: helpers that worked on after the job had been cancelled.
        lost: the node that was killed.
    """

    project: Project
    local: Project
    code: int
    told: str
    left: list[int]
    lost: str
    jobs: list[dict[str, str]]

    def manifest(self, project: Project) -> dict[str, Any]:
        return support.manifest_of(project.job("a"), "asr")


def helpers_of(project: Project) -> list[psutil.Process]:
    """Return the processes that help to recognise, as far as they are this project's."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        words = process.info["cmdline"] or []
        paths = (process.info["environ"] or {}).get("PYTHONPATH", "")
        if "samvad.stages.asr.helper" in words and "python" in words[0] and str(project.root) in paths:
            found.append(process)
    return found


def prepare(root: Path, sample: Any) -> Project:
    project = new_project(root)
    ask_often(project)
    film = root / "a.mp4"
    command = ["ffmpeg", "-v", "error", "-stream_loop", "2", "-i", sample.film, "-c", "copy", film]
    subprocess.run(command, check=True)
    project.write_sheet({"user": "a", "media": film, "title": "A film", "workflow": "transcribe"})
    (root / "tiny.yaml").write_text(TABLE, encoding="utf-8")
    code = root / "scripts/samvad/stages/asr/helper.py"
    head, begin, rest = code.read_text("utf-8").partition('        """Return what came of a piece."""\n')
    assert begin
    code.write_text(head + begin + HOLD.format(root=root) + rest, encoding="utf-8")
    return project


def run(here: Cluster, project: Project) -> dict[str, Any]:
    settings = {"machines": json.dumps({"resources": "tiny.yaml"}), "asr": json.dumps(ASR)}
    command = on_slurm(project, "transcribe", "--retries=1", "--set-resources", *SPREAD, **settings)
    nodes = {node: project.root / f"{node}.hold" for node in here.nodes}
    for path in nodes.values():
        path.touch()
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=project.root, env=environment(), **streams) as process:

        def held() -> list[str]:
            return [node for node, path in nodes.items() if path.with_suffix(".held").exists()]

        def job() -> dict[str, str] | None:
            return next((job for job in here.jobs() if "asr" in job["comment"] and job["state"] == "RUNNING"), None)

        try:
            first = wait_for(job, "the job", process)
            wait_for(lambda: len(held()) == 2, "two helpers with pieces in hand", process)
            assert len(helpers_of(project)) >= 2
            subprocess.run(["scancel", first["id"]], check=True)
            wait_for(lambda: here.state_of(first["id"]) == "CANCELLED", "its end", process)
            deadline = time.monotonic() + 60
            while helpers_of(project) and time.monotonic() < deadline:
                time.sleep(0.2)
            left = [found.pid for found in helpers_of(project)]
            for path in nodes.values():
                path.with_suffix(".held").unlink(missing_ok=True)
            wait_for(lambda: job() and job()["id"] != first["id"], "the second job", process)
            lost, kept = wait_for(lambda: len(held()) == 2 and held(), "two helpers again", process)
            here.kill(lost)
            nodes[kept].unlink()
            out, _ = process.communicate(timeout=600)
        finally:
            process.kill()
    return {"code": process.returncode, "told": out, "left": left, "lost": lost}


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory, sample: Any) -> Iterator[Spread]:
    project = prepare(tmp_path_factory.mktemp("spread") / "project", sample)
    local = replace(project, output_root="local")
    with cluster() as here:
        found = run(here, project)
        jobs = here.jobs(every=True)
    done = local.snakemake("transcribe", asr=json.dumps({**ASR, "workers": 1}))
    assert done.returncode == 0, said(done)
    yield Spread(project, local, jobs=jobs, **found)


def test_the_film_is_done_though_a_node_died(spread: Spread) -> None:
    assert spread.code == 0, spread.told
    assert spread.manifest(spread.project)["status"] == "success"
    assert kills.attempts_of(spread.project.job("a"), "asr") == ["01", "02"]


def test_a_cancelled_job_leaves_nothing_running(spread: Spread) -> None:
    assert spread.left == []
    assert helpers_of(spread.project) == []


def test_the_result_is_that_of_one_machine_to_the_byte(spread: Spread) -> None:
    def results(project: Project) -> dict[str, str]:
        outputs = spread.manifest(project)["outputs"]
        return {one["type"]: one["checksum"] for one in outputs if one["type"] not in kills.VARYING}

    assert results(spread.project) == results(spread.local)


def test_the_record_says_who_decoded_and_who_was_lost(spread: Spread) -> None:
    metrics = {one["name"]: one["value"] for one in spread.manifest(spread.project)["metrics"]}
    facts = json.loads((spread.project.job("a") / "04_asr/metadata.json").read_text("utf-8"))["decoders"]
    by_node = {one.get("node", ""): one for one in facts}
    assert len(facts) == 3 and by_node[spread.lost]["pieces"] == 0
    (kept,) = set(by_node) - {"", spread.lost}
    assert by_node[kept]["pieces"] >= 1 and by_node[""]["pieces"] >= 1
    assert metrics["decoders"] == f"2 of 3: this process, {kept} (cpu)"
    (lost,) = [one["message"] for one in spread.manifest(spread.project)["warnings"] if "left out" in one["message"]]
    assert f"The decoder on node {spread.lost} is left out" in lost
    assert "decoders" not in {one["name"] for one in spread.manifest(spread.local)["metrics"]}
