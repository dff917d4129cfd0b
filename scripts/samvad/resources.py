"""Measure what a stage used: wall and CPU time, and the peak memory of its whole process tree."""

from __future__ import annotations

import resource
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_MIB = 1 << 20


@dataclass(frozen=True)
class Usage:
    """What a stage used. Times in seconds, memory in MiB."""

    wall_seconds: float
    cpu_seconds: float
    cpu_percent: float
    peak_rss_mb: float
    peak_rss_method: str
    gpu_memory_mb: float | None = None
    gpu_memory_method: str = "none"


class ResourceMeter:
    """Sample the process tree in a thread until stopped.

    The peak is the larger of the sampled sum over the tree and the kernel's own peak of this process (VmHWM) or of its
    largest finished child (ru_maxrss): samples see many processes at once, the kernel sees short spikes. This
    process's own ru_maxrss is of no use: it starts with the size of the process that started it.
    """

    def __init__(self, interval_seconds: float = 0.5) -> None:
        self._interval_seconds = interval_seconds
        self._stop = threading.Event()
        self._sampled_bytes = 0
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="resource-meter", daemon=True)
        self._thread.start()

    def stop(self) -> Usage:
        """Stop sampling and return what was used since the meter was made."""
        self._stop.set()
        self._thread.join()
        own = resource.getrusage(resource.RUSAGE_SELF)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall = time.monotonic() - self._started
        cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
        kernel_bytes = max(_own_peak_kib(own.ru_maxrss), children.ru_maxrss) * 1024
        return Usage(
            wall_seconds=round(wall, 3),
            cpu_seconds=round(cpu, 3),
            cpu_percent=round(100 * cpu / wall, 1) if wall else 0.0,
            peak_rss_mb=round(max(kernel_bytes, self._sampled_bytes) / _MIB, 1),
            peak_rss_method=f"process tree sampled every {self._interval_seconds} s, VmHWM, ru_maxrss of children",
        )

    def _run(self) -> None:
        import psutil

        this = psutil.Process()
        while True:
            total = 0
            for process in [this, *this.children(recursive=True)]:
                try:
                    total += process.memory_info().rss
                except psutil.Error:
                    continue  # it ended between the listing and the reading
            self._sampled_bytes = max(self._sampled_bytes, total)
            if self._stop.wait(self._interval_seconds):
                return


def _own_peak_kib(otherwise: int) -> int:
    """Return this process's peak resident memory in KiB from /proc, or the given figure where there is no /proc."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return otherwise
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1])
