"""Measure what a stage used: wall and CPU time, the peak memory of its process tree, GPU memory, energy."""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from samvad.core import process_tree
from samvad.documents.stage_entries import ResourceUsage
from samvad.runner import gpus
from samvad.runner.energy import ProcessorEnergy

log = logging.getLogger(__name__)

_MIB = 1 << 20
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
#: Where the driver of NVIDIA's GPUs shows itself; the library that asks it is imported only then.
_DRIVER = Path("/dev/nvidiactl")


class ResourceMeter:
    """Sample the process tree in a thread until stopped.

    The peak is the larger of the sampled sum over the tree and the kernel's own peak of this process (VmHWM) or of its
    largest finished child (ru_maxrss): samples see many processes at once, the kernel sees short spikes. This
    process's own ru_maxrss is of no use: it starts with the size of the process that started it. Nor is the peak of
    the control group: it counts cached files, and whatever else runs in the same session.
    """

    def __init__(self, interval_seconds: float = 0.5, cores: int | None = None) -> None:
        self._interval_seconds = interval_seconds
        self._cores = cores
        self._energy = ProcessorEnergy()
        self._stop = threading.Event()
        self._sampled_bytes = 0
        self._gpu = open_gpus()
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="resource-meter", daemon=True)
        self._thread.start()

    def stop(self) -> ResourceUsage:
        """Stop sampling and return what was used since the meter was made."""
        self._stop.set()
        self._thread.join()
        own = resource.getrusage(resource.RUSAGE_SELF)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall = time.monotonic() - self._started
        cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
        cpu_joules = self._energy.joules(cpu, os.sysconf("SC_CLK_TCK"))
        gpu_joules = self._gpu.joules if self._gpu else None
        kernel_bytes = max(_own_peak_kib(own.ru_maxrss), children.ru_maxrss) * 1024
        return ResourceUsage(
            wall_seconds=round(wall, 3),
            cpu_seconds=round(cpu, 3),
            cpu_percent=round(100 * cpu / wall, 1) if wall else 0.0,
            peak_rss_mb=round(max(kernel_bytes, self._sampled_bytes) / _MIB, 1),
            peak_rss_method=f"process tree sampled every {self._interval_seconds} s, VmHWM, ru_maxrss of children",
            gpu_memory_mb=round(self._gpu.peak_bytes / _MIB, 1) if self._gpu else None,
            gpu_memory_method=self._gpu.method if self._gpu else "none",
            cores=self._cores,
            cpu_energy_joules=None if cpu_joules is None else round(cpu_joules, 3),
            gpu_energy_joules=None if gpu_joules is None else round(gpu_joules, 3),
        )

    def _run(self) -> None:
        while True:
            tree = memory_of_tree(os.getpid())
            self._sampled_bytes = max(self._sampled_bytes, sum(tree.values()))
            self._energy.sample()
            if self._gpu:
                self._gpu.sample(set(tree))
            if self._stop.wait(self._interval_seconds):
                return


def memory_of_tree(root: int) -> dict[int, int]:
    """Return the memory in bytes (resident set) of a process and of all below it, by their numbers."""
    pids = process_tree.below(root)
    if pids is None:
        return _tree_by_psutil(root)
    found: dict[int, int] = {}
    for pid in (root, *pids):
        # What ended between the listing and the reading counts for nothing.
        with contextlib.suppress(OSError, IndexError), open(f"/proc/{pid}/statm", "rb") as file:  # noqa: PTH123
            found[pid] = int(file.read().split()[1]) * _PAGE_BYTES
    return found


def _tree_by_psutil(root: int) -> dict[int, int]:
    import psutil

    found: dict[int, int] = {}
    this = psutil.Process(root)
    for process in (this, *this.children(recursive=True)):
        with contextlib.suppress(psutil.Error):  # it ended between the listing and the reading
            found[process.pid] = process.memory_info().rss
    return found


class GpuMeter:
    """The peak of the GPU memory that a process tree holds, by NVML.

    Where the driver does not see our process numbers, as in most containers, what the devices hold above what they held
    at the start stands in for it; ``method`` says which it was. Of several devices, only the one that this process has
    taken counts: the others may be at work on other films.

    Args:
        nvml: the module ``pynvml``, initialised.
    """

    def __init__(self, nvml: Any) -> None:
        self._nvml = nvml
        self._devices, self._ids = [], []
        for index in range(nvml.nvmlDeviceGetCount()):
            try:
                device = nvml.nvmlDeviceGetHandleByIndex(index)
                self._ids.append(str(nvml.nvmlDeviceGetUUID(device)))
            except nvml.NVMLError as error:  # one that has fallen off the bus says nothing of the others
                log.debug("GPU %d does not answer: %s", index, error)
                continue
            self._devices.append(device)
        self._before = [self._used(device) for device in self._devices]
        self._own_bytes = self._rise_bytes = 0
        self._energy_before = [self._millijoules(device) for device in self._devices]

    @property
    def peak_bytes(self) -> int:
        """Return the highest sum over all devices so far, in bytes."""
        return self._own_bytes or self._rise_bytes

    @property
    def joules(self) -> float | None:
        """Return what the GPUs that this process and its helpers hold took since then; None: nothing tells.

        A device counts as a whole: of a part of one (MIG) nothing is known. A count that began again (the driver was
        loaded anew) tells nothing.
        """
        found = []
        for device, name, before in zip(self._devices, self._ids, self._energy_before, strict=True):
            now = self._millijoules(device)
            if gpus.holds(name) and before is not None and now is not None and now >= before:
                found.append((now - before) / 1000)
        return sum(found) if found else None

    @property
    def method(self) -> str:
        """Return how the peak was measured."""
        return "NVML, by process" if self._own_bytes else "NVML, rise of the devices' used memory"

    def sample(self, processes: Collection[int]) -> None:
        """Take note of what the processes hold now; a device that does not answer holds nothing."""
        own = rise = 0
        for index, (device, name, before) in enumerate(zip(self._devices, self._ids, self._before, strict=True)):
            if not gpus.holds(name):  # while a stage waits for a GPU, what that takes is another's
                self._energy_before[index] = self._millijoules(device)
            if gpus.is_anothers(name):
                continue
            try:
                running = self._nvml.nvmlDeviceGetComputeRunningProcesses(device)
            except self._nvml.NVMLError:
                running = []
            own += sum(item.usedGpuMemory or 0 for item in running if item.pid in processes)
            rise += max(0, self._used(device) - before)
        self._own_bytes = max(self._own_bytes, own)
        self._rise_bytes = max(self._rise_bytes, rise)

    def _millijoules(self, device: Any) -> int | None:
        """Return what a device took since its driver was loaded; devices of before 2017 do not tell."""
        try:
            return int(self._nvml.nvmlDeviceGetTotalEnergyConsumption(device))
        except self._nvml.NVMLError:
            return None

    def _used(self, device: Any) -> int:
        try:
            return int(self._nvml.nvmlDeviceGetMemoryInfo(device).used)
        except self._nvml.NVMLError:
            return 0


def open_gpus() -> GpuMeter | None:
    """Return a meter of the machine's GPUs, or None where there is none, or nothing to ask it with."""
    if not _DRIVER.exists():
        return None
    try:
        import pynvml
    except ImportError:
        return None  # an environment whose stages never use a GPU
    try:
        pynvml.nvmlInit()
        return GpuMeter(pynvml)
    except pynvml.NVMLError as error:
        log.debug("NVML does not answer: %s", error)
        return None


def _own_peak_kib(otherwise: int) -> int:
    """Return this process's peak resident memory in KiB from /proc, or the given figure where there is no /proc."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return otherwise
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1])
