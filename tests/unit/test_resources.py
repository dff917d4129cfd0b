"""What a stage used is measured, also in its children, also between two samples."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import support
from samvad.core import process_tree
from samvad.runner import gpus, resource_usage
from samvad.runner.resource_usage import GpuMeter, ResourceMeter, open_gpus

MIB = 1 << 20


def run_measured(code: str) -> dict[str, float]:
    """Measure a process of its own, so that what the tests hold does not count."""
    import json

    program = f"""
import json, subprocess, sys, time
from dataclasses import asdict
sys.path.insert(0, {str(Path(__file__).resolve().parents[2] / "scripts")!r})
from samvad.runner.resource_usage import ResourceMeter
meter = ResourceMeter()
{code}
print(json.dumps(asdict(meter.stop())))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def test_memory_that_a_child_holds_for_a_while_late_in_the_run_is_found():
    child = "import time; time.sleep(20); held = b'x' * (800 << 20); time.sleep(8)"
    used = run_measured(f"subprocess.run([sys.executable, '-c', {child!r}], check=True)")
    assert 800 <= used["peak_rss_mb"] <= 900
    assert used["wall_seconds"] >= 28


def test_a_spike_of_a_child_between_two_samples_is_found():
    used = run_measured("time.sleep(0.6); subprocess.run([sys.executable, '-c', 'b\"x\" * (300 << 20)'], check=True)")
    assert 300 <= used["peak_rss_mb"] <= 400


def test_processes_that_live_at_once_count_together():
    child = "held = b'x' * (150 << 20); import time; time.sleep(3)"
    used = run_measured(
        f"jobs = [subprocess.Popen([sys.executable, '-c', {child!r}]) for _ in range(3)]\nfor job in jobs: job.wait()"
    )
    assert 450 <= used["peak_rss_mb"] <= 600


def test_the_cpu_seconds_of_children_count():
    burn = "import time; end = time.process_time() + 1.5\nwhile time.process_time() < end: pass"
    used = run_measured(f"subprocess.run([sys.executable, '-c', {burn!r}], check=True)")
    assert 1.5 <= used["cpu_seconds"] <= 2.5
    assert used["wall_seconds"] >= 1.4
    assert used["cpu_percent"] == pytest.approx(100 * used["cpu_seconds"] / used["wall_seconds"], abs=1)


def test_a_machine_without_a_gpu_says_none():
    if Path("/dev/nvidiactl").exists():
        pytest.skip("this machine has a GPU")
    assert open_gpus() is None
    used = ResourceMeter().stop()
    assert (used.gpu_memory_mb, used.gpu_memory_method) == (None, "none")


def test_the_gpu_of_this_machine_is_measured():
    pynvml = pytest.importorskip("pynvml", reason="nvidia-ml-py is not in this environment")
    if not Path("/dev/nvidiactl").exists():
        pytest.skip("this machine has no GPU")
    meter = open_gpus()
    assert meter is not None
    assert pynvml.nvmlDeviceGetCount() > 0
    meter.sample({1})
    assert meter.peak_bytes >= 0


class Nvml:
    """Answers as the library does, for what it would say on machines that are not here."""

    class NVMLError(Exception):
        pass

    def __init__(self, *, shows_processes: bool) -> None:
        self.shows_processes = shows_processes
        self.held = {0: 0, 1: 0}
        self.millijoules = {0: 5000, 1: 7000}

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802 -- the library's names
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetUUID(self, device: int) -> str:  # noqa: N802
        return f"GPU-{device}{device}{device}"

    def nvmlDeviceGetMemoryInfo(self, device: int) -> Any:  # noqa: N802
        return SimpleNamespace(used=1000 * MIB + self.held[device])

    def nvmlDeviceGetTotalEnergyConsumption(self, device: int) -> int:  # noqa: N802
        return self.millijoules[device]

    def nvmlDeviceGetComputeRunningProcesses(self, device: int) -> list[Any]:  # noqa: N802
        if not self.shows_processes:
            raise self.NVMLError
        others = SimpleNamespace(pid=7, usedGpuMemory=1000 * MIB)
        return [others, SimpleNamespace(pid=42, usedGpuMemory=self.held[device])]


@pytest.mark.parametrize(
    ("shows_processes", "method"),
    [(True, "NVML, by process"), (False, "NVML, rise of the devices' used memory")],
)
def test_gpu_memory_is_the_peak_of_our_processes_over_all_devices(shows_processes: bool, method: str) -> None:
    nvml = Nvml(shows_processes=shows_processes)
    meter = GpuMeter(nvml)
    for held in ({0: 0, 1: 0}, {0: 300 * MIB, 1: 200 * MIB}, {0: 10 * MIB, 1: 0}):
        nvml.held = held
        meter.sample({42})
    assert meter.peak_bytes == 500 * MIB
    assert meter.method == method


def test_of_several_gpus_only_the_one_that_this_process_has_taken_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-111")
    nvml = Nvml(shows_processes=False)
    meter = GpuMeter(nvml)
    try:
        assert gpus.take("cuda", "a film") is not None
        nvml.held = {0: 900 * MIB, 1: 200 * MIB}
        nvml.millijoules = {0: 900_000, 1: 9500}
        meter.sample({42})
        assert meter.joules == 2.5, "of the other nothing"
        assert meter.peak_bytes == 200 * MIB
        gpus.join("GPU-000")  # a process that helps this one has it
        meter.sample({42})
        assert meter.joules == 2.5 and meter.peak_bytes == 1100 * MIB, "what it took before is another's"
        nvml.millijoules = {0: 901_000, 1: 9500}
        assert meter.joules == 3.5
    finally:
        gpus.release()
    assert meter.joules is None, "a stage that holds no GPU takes nothing of it"


def test_while_a_stage_waits_for_a_gpu_what_that_takes_is_another_s(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-111")
    nvml = Nvml(shows_processes=False)
    meter = GpuMeter(nvml)
    nvml.millijoules = {0: 5000, 1: 600_000}  # the film before
    meter.sample({42})
    try:
        assert gpus.take("cuda", "a film") is not None
        nvml.millijoules = {0: 5000, 1: 604_000}
        meter.sample({42})
        assert meter.joules == 4
        nvml.millijoules = {0: 5000, 1: 12}
        assert meter.joules is None, "the driver was loaded anew"
    finally:
        gpus.release()


#: NVML's functions, by the names of its header, as nvidia-ml-py asks for them: of three GPUs the first is lost, the
#: second tells no energy, the third does, a joule more with each question.
NVML_LIBRARY = r"""
#include <string.h>
typedef struct { unsigned long long total, free, used; } memory_t;
static long asked;
int nvmlInit_v2(void) { return 0; }
int nvmlInitWithFlags(unsigned int flags) { return 0; }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int code) { return "error"; }
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = 3; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **device) {
    *device = (void *)(long)(index + 1);
    return index == 0 ? 15 : 0;
}
int nvmlDeviceGetUUID(void *device, char *uuid, unsigned int length) {
    strcpy(uuid, (long)device == 2 ? "GPU-222" : "GPU-333");
    return 0;
}
int nvmlDeviceGetMemoryInfo(void *device, memory_t *memory) { memory->used = 1 << 20; return 0; }
int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *millijoules) {
    *millijoules = 5000 + 1000 * asked++;
    return (long)device == 2 ? 3 : 0;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned int *count, void *infos) { return 4; }
"""
METER = """
import sys
from pathlib import Path
from samvad.runner import gpus, resource_usage
resource_usage._DRIVER = Path(sys.argv[1])
meter = resource_usage.open_gpus()
assert gpus.take("cuda", "a film") is not None
meter.sample({1})
print(meter.joules, meter.method, meter.peak_bytes)
"""


@pytest.mark.parametrize(("held", "tells"), [("GPU-333", True), ("GPU-222", False)])
def test_nvidias_own_package_is_asked_and_a_gpu_that_is_lost_hides_no_other(
    tmp_path: Path, held: str, tells: bool
) -> None:
    """The library is a stand-in, built here; what asks it is the package that stages have."""
    if (compiler := shutil.which("cc")) is None:
        pytest.skip("there is no C compiler")
    (tmp_path / "nvml.c").write_text(NVML_LIBRARY, encoding="ascii")
    library = tmp_path / "libnvidia-ml.so.1"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, tmp_path / "nvml.c"], check=True)
    line = ["bash", "-c", 'source envs/lib.bash; exec "$(environment_dir asr)/bin/python" "$@"', "-"]
    own = {"LD_LIBRARY_PATH": str(tmp_path), "PYTHONPATH": str(support.ROOT / "scripts"), "CUDA_VISIBLE_DEVICES": held}
    done = subprocess.run(
        [*line, "-c", METER, str(library)],
        cwd=support.ROOT,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    joules, method = done.stdout.split(" ", 1)
    assert (float(joules) >= 1) if tells else (joules == "None")
    assert method.startswith("NVML, rise")


def test_the_memory_of_a_tree_is_told_with_what_threads_started_and_the_same_without_linux_s_lists(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = (
        "import subprocess, sys, threading, time\n"
        "hold = \"x = b'1' * (40 << 20); print(flush=True); import time; time.sleep(60)\"\n"
        "def start():\n    subprocess.Popen([sys.executable, '-c', hold], stdout=sys.stdout)\n    time.sleep(60)\n"
        "threading.Thread(target=start, daemon=True).start()\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            told = resource_usage.memory_of_tree(process.pid)
            monkeypatch.setattr(resource_usage.process_tree, "below", lambda root: None)
            otherwise = resource_usage.memory_of_tree(process.pid)
            assert told.keys() == otherwise.keys() and len(told) == 2
            assert sum(told.values()) == pytest.approx(sum(otherwise.values()), rel=0.05)
            assert max(told.values()) > 40 << 20
        finally:
            for pid in told:
                os.kill(pid, signal.SIGKILL)


def test_of_a_process_that_is_gone_nothing_is_below() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert process_tree.below(process.pid) is None
