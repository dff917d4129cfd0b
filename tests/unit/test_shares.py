"""Where a film's recognition finds help: further GPUs of the machine, the other nodes of its SLURM job."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

import support
from samvad.runner import gpus, slurm
from samvad.runner.gpus import Gpu
from samvad.runner.slurm import Share
from samvad.stages.asr import helpers
from samvad.stages.asr.helpers import Place
from samvad.stages.asr.loading import Loader
from samvad.stages.asr.options import Options

#: What `scontrol show job --details` says, with what else is in it.
TOLD = """\
JobId=7 JobName=2f
   NodeList=n[1-3] BatchHost=n1
   NumNodes=3 NumCPUs=10 NumTasks=3 CPUs/Task=3 ReqB:S:C:T=0:0:*:*
   Socks/Node=* NtasksPerN:B:S:C=0:0:*:* CoreSpec=*
     Nodes=n1 CPU_IDs=0-3 Mem=3000 GRES=gpu:a100:2(IDX:0-1)
     Nodes=n[2-3] CPU_IDs=0,2-3 Mem=3000 GRES=gpu:1(IDX:0)
   MinCPUsNode=3 MinMemoryNode=3000M MinTmpDiskNode=0
"""


def names(nodes: str) -> list[str]:
    return {"n1": ["n1"], "n[2-3]": ["n2", "n3"]}[nodes]


def test_what_a_job_has_on_each_node_is_read() -> None:
    assert slurm.shares_of(TOLD, names) == [Share("n1", 4, 2), Share("n2", 3, 1), Share("n3", 3, 1)]
    assert slurm.shares_of(TOLD.replace("gpu:1(IDX:0)", ""), names)[1:] == [Share("n2", 3, 0), Share("n3", 3, 0)]
    parts = slurm.shares_of(TOLD.replace("gpu:1(IDX:0)", "mps:100,gpu:3g.20gb:2(IDX:0-1)"), names)
    assert parts[1:] == [Share("n2", 3, 2), Share("n3", 3, 2)], "the kind of a part of a GPU is no number of them"
    for kind, number in [
        ("gpu:2080ti:4(IDX:0-3)", 4),
        ("gpu:1g.10gb:2(IDX:0-1),gpu:a30:1(IDX:2)", 3),
        ("gpu:tesla:2", 2),
    ]:
        assert slurm.shares_of(TOLD.replace("gpu:1(IDX:0)", kind), names)[1].gpus == number
    assert slurm.shares_of("JobId=7\n   NodeList=(null)\n", names) == []


def test_outside_slurm_there_are_no_other_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert slurm.shares() == []


def test_a_step_on_another_node_is_told_nothing_of_this_ones() -> None:
    here = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "1", "SRUN_DEBUG": "3", "CUDA_VISIBLE_DEVICES": "1", "PATH": "/bin"}
    assert slurm.for_a_step(here) == {"SLURM_JOB_ID": "7", "PATH": "/bin"}


def found(
    monkeypatch: pytest.MonkeyPatch, device: str, most: int, free: int = 0, nodes: Sequence[Share] = ()
) -> list[Place]:
    monkeypatch.setattr(gpus, "others", lambda: [Gpu(n, f"GPU-{n}", "H200", f"GPU-{n}") for n in range(free)])
    monkeypatch.setattr(slurm, "shares", lambda: list(nodes))
    return helpers.places(device, most, 8)


def test_a_film_with_one_gpu_has_no_helper(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch, "cuda", 1, free=3) == []
    assert found(monkeypatch, "cpu", 4, free=3) == []


def test_each_gpu_that_a_film_was_given_has_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    two = found(monkeypatch, "cuda", 3, free=5)
    assert [place.threads for place in two] == [2, 2], "the processes share the threads"
    assert all(place.environment()["CUDA_VISIBLE_DEVICES"] == "GPU-0,GPU-1,GPU-2,GPU-3,GPU-4" for place in two)
    assert len({place.name for place in two}) == 2
    assert two[0].command()[0] == sys.executable


def test_the_gpus_of_other_nodes_come_after_those_of_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [Share("n2", 8, 2), Share("n3", 4, 1)]
    places = found(monkeypatch, "cuda", 8, free=1, nodes=there)
    assert [(place.node, place.threads) for place in places] == [("", 4), ("n2", 4), ("n2", 4), ("n3", 4)]
    assert places[1].command()[0] == "srun" and "--nodelist=n2" in places[1].command()
    assert len(found(monkeypatch, "cuda", 3, free=1, nodes=there)) == 2
    assert found(monkeypatch, "cuda", 8, nodes=[Share("n2", 8, 0)]) == [], "a node without a GPU helps no GPU"


def test_on_cpus_each_further_node_has_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    places = found(monkeypatch, "cpu", 1, nodes=[Share("n2", 3, 0), Share("n3", 2, 0)])
    assert [(place.node, place.threads) for place in places] == [("n2", 3), ("n3", 2)]


def test_what_helpers_said_before_a_step_down_is_kept() -> None:
    """Those that come after it have the same names, and may not have said where they are when the film is done."""
    loader = Loader(Options(), None, None, "cuda", 8, None, 2, print)  # type: ignore[arg-type]
    first = SimpleNamespace(name="GPU 2", said={"node": "n1", "device": "cuda:1", "cpu_seconds": 3.0})
    refused = SimpleNamespace(name="GPU 2", said={"node": "n1", "device": None, "cpu_seconds": 0.1})
    for helper, done in ((first, {"this process": 2, "GPU 2": 4}), (refused, {"this process": 1})):
        loader._begun.append((SimpleNamespace(done=done), [helper]))  # type: ignore[arg-type]
    own, helped = loader.helped()
    assert own == {"decoder": "this process", "pieces": 3}
    assert (helped["pieces"], helped["node"], helped["device"], helped["cpu_seconds"]) == (4, "n1", "cuda:1", 3.1)


def test_pieces_are_shared_as_the_benchmark_shows_it() -> None:
    """Threads and processes, look-ahead and second attempts, with a stand-in that takes a fixed time for a window."""
    command = [sys.executable, support.ROOT / "benchmarks" / "workers.py"]
    command += ["--windows=72", "--seconds=0.004", "--bad=0.1", "--most=4"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("The text is the same by all.") == 2 and "left out" not in done.stdout
