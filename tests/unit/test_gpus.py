"""Which GPU a process takes, that no two take the same one, and that one which died is free again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import support
from samvad.runner import gpus
from samvad.runner.gpus import Gpu

#: What `nvidia-smi -L` prints of two whole GPUs, and of one that is divided.
TWO = """\
GPU 0: NVIDIA H200 (UUID: GPU-11111111-aaaa-bbbb-cccc-000000000000)
GPU 1: NVIDIA H200 (UUID: GPU-22222222-aaaa-bbbb-cccc-000000000000)
"""
DIVIDED = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f)
  MIG 3g.20gb     Device  0: (UUID: MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f)
  MIG 1g.5gb      Device  1: (UUID: MIG-GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f/9/0)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-86a5f1ef-d268-c3f3-1b07-005d5ae1dc3f)
"""
MIXED = TWO.replace("GPU 1: NVIDIA H200", "GPU 1: NVIDIA L4")
#: Take a GPU, say which, and keep it until a line comes in.
HOLDER = """
import os, sys
from samvad.runner import gpus
print(gpus.take("auto", sys.argv[1]), os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
sys.stdin.readline()
"""


def given(visible: str | None, **more: str) -> dict[str, str]:
    return more if visible is None else {"CUDA_VISIBLE_DEVICES": visible, **more}


def test_the_list_of_a_machine_is_read() -> None:
    first, second = gpus.parse_listing(TWO)
    assert (first.index, first.name, first.value) == (0, "NVIDIA H200", "GPU-11111111-aaaa-bbbb-cccc-000000000000")
    assert str(second) == "cuda:1 (NVIDIA H200)"
    assert gpus.parse_listing("No devices found.\n") == []


def test_a_divided_gpu_counts_as_its_parts() -> None:
    large, small, whole = gpus.parse_listing(DIVIDED)
    assert large.value == "MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f"
    assert small.value == "MIG-GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f/9/0"
    assert str(small) == "cuda:0 (NVIDIA A100-SXM4-40GB MIG 1g.5gb)"
    assert (whole.index, whole.name) == (1, "NVIDIA A100-SXM4-40GB")


@pytest.mark.parametrize(
    ("listing", "environ", "shown"),
    [
        (TWO, given(None), ["cuda:0 (NVIDIA H200)", "cuda:1 (NVIDIA H200)"]),
        (TWO, given("1"), ["cuda:1 (NVIDIA H200)"]),
        (TWO, given("1, 0"), ["cuda:1 (NVIDIA H200)", "cuda:0 (NVIDIA H200)"]),
        (TWO, given("GPU-22"), ["cuda:1 (NVIDIA H200)"]),
        (TWO, given("GPU-33"), ["cuda (GPU-33)"]),
        (TWO, given(""), []),
        (TWO, given("0,-1,1"), ["cuda:0 (NVIDIA H200)"]),
        (TWO, given("0,7,1"), ["cuda:0 (NVIDIA H200)"]),
        (TWO, given("none"), []),
        (MIXED, given("1"), ["cuda:1"]),
        (MIXED, given("1", CUDA_DEVICE_ORDER="PCI_BUS_ID"), ["cuda:1 (NVIDIA L4)"]),
        (DIVIDED, given("MIG-c6d4"), ["cuda:0 (NVIDIA A100-SXM4-40GB MIG 3g.20gb)"]),
        ("", given("0,1"), ["cuda:0", "cuda:1"]),
        ("", given(None), []),
    ],
)
def test_what_is_visible_is_obeyed(listing: str, environ: dict[str, str], shown: list[str]) -> None:
    found = gpus.usable(environ, gpus.parse_listing(listing))
    assert [str(gpu) for gpu in found] == shown
    if "CUDA_VISIBLE_DEVICES" in environ:  # the user's own words go back to CUDA
        assert [gpu.value for gpu in found] == [
            part.strip() for part in environ["CUDA_VISIBLE_DEVICES"].split(",")[: len(found)]
        ]


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a machine with two GPUs, as far as its listing goes, and a cache of its own."""
    program = tmp_path / "bin" / "nvidia-smi"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{TWO}END\n", encoding="utf-8")
    program.chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("CUDA_", "SLURM_"))}
    return {
        **kept,
        "PATH": f"{program.parent}:{kept['PATH']}",
        "SAMVAD_CACHE": str(tmp_path / "cache"),
        "PYTHONPATH": str(support.ROOT / "scripts"),
    }


class Holders:
    """Processes that take a GPU and keep it."""

    def __init__(self) -> None:
        self.all: list[subprocess.Popen[str]] = []

    def start(self, environ: dict[str, str], name: str = "film") -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, name], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.all.append(process)
        return process


@pytest.fixture
def holders() -> Iterator[Holders]:
    made = Holders()
    yield made
    for process in made.all:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_each_process_has_a_gpu_of_its_own_and_a_dead_ones_is_free_again(
    machine: dict[str, str], holders: Holders
) -> None:
    first, second = holders.start(machine), holders.start(machine)
    taken = sorted([said(first), said(second)])
    assert [line.split(" (")[0] for line in taken] == ["cuda:0", "cuda:1"]
    assert all(line.split()[-1].startswith("GPU-") for line in taken), "CUDA is shown the one GPU, by its id"
    third = holders.start(machine)
    with pytest.raises(subprocess.TimeoutExpired):
        third.wait(1.5)  # both are taken
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert said(third).split(" (")[0] in ("cuda:0", "cuda:1")
    assert third.poll() is None


def test_a_gpu_that_the_user_did_not_name_is_not_taken(machine: dict[str, str], holders: Holders) -> None:
    only = {**machine, "CUDA_VISIBLE_DEVICES": "1"}
    assert said(holders.start(only)) == "cuda:1 (NVIDIA H200) 1"
    waiting = holders.start(only)
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(1.5)
    assert said(holders.start(machine)).startswith("cuda:0 "), "the id and the number are the same lease"


def test_jobs_of_slurm_do_not_wait_for_each_other(machine: dict[str, str], holders: Holders) -> None:
    """Each job's GPU is number 0 where SLURM shows a job its own devices alone."""
    for job in ("101", "102"):
        inside = {**machine, "SLURM_JOB_ID": job, "CUDA_VISIBLE_DEVICES": "0"}
        assert said(holders.start(inside)) == "cuda:0 (NVIDIA H200) 0"
    folder = next(Path(machine["SAMVAD_CACHE"]).glob("gpus/*"))
    names = {path.name[:3] for path in folder.iterdir()}
    for path in folder.iterdir():
        os.utime(path, (1, 1))
    holders.all[0].kill()
    holders.all[0].wait()
    said(holders.start({**inside, "SLURM_JOB_ID": "103"}))
    assert (names, {path.name[:3] for path in folder.iterdir()}) == ({"101", "102"}, {"102", "103"}), "102 lives"


def test_who_helps_takes_what_is_left_and_waits_for_nothing(machine: dict[str, str], holders: Holders) -> None:
    """A stage with several GPUs takes one, and lets helpers try the others."""
    code = (
        "import sys; from samvad.runner import gpus; print(gpus.take('auto', 'a helper', wait=False), "
        "','.join(gpu.value[:6] for gpu in gpus.others()), gpus.held_id()[:6], flush=True); sys.stdin.readline()"
    )
    first = said(holders.start(machine)).split(" (")[0]
    mine, other = ("GPU-11", "GPU-22") if first == "cuda:1" else ("GPU-22", "GPU-11")
    processes = []
    for _ in range(2):
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", code], env=machine, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )
        holders.all.append(processes[-1])
        told = said(processes[-1])
        if len(processes) == 1:
            assert told == f"cuda:{0 if mine == 'GPU-11' else 1} (NVIDIA H200) {other} {mine}"
    assert told.split() == ["None"], "both are taken: it does without"


def test_the_gpus_of_helpers_stand_in_the_manifest_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-77,GPU-88")
    try:
        assert gpus.take("cuda", "film") is not None
        assert [gpu.value for gpu in gpus.others()] == ["GPU-88"]
        gpus.helped_by(["cuda (GPU-88)"])
        assert (gpus.shown("cuda"), gpus.shown("cpu")) == ("cuda (GPU-77), cuda (GPU-88)", "cpu")
    finally:
        gpus.release()
    assert gpus.shown("cuda") == "cuda" and gpus.others() == []


def test_without_a_gpu_or_with_the_cpu_none_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpus.take("auto", "film") is None
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert gpus.take("cpu", "film") is None
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_shows_number_and_name_until_the_gpu_is_released(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-77")
    try:
        assert gpus.take("cuda", "film") == Gpu(None, "GPU-77", "", "GPU-77")
        assert (gpus.shown("cuda"), gpus.shown("cpu"), gpus.shown(None)) == ("cuda (GPU-77)", "cpu", None)
    finally:
        gpus.release()
    assert gpus.shown("cuda") == "cuda"
