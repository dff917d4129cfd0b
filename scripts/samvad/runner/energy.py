"""Measure the energy that a stage took, where the machine tells: the processors by RAPL, the GPU by NVML.

Intel's and AMD's processors count the joules of each package (and of its memory, where that is told) in
``/sys/class/powercap``; Linux documents the files in ``Documentation/power/powercap``. Since 2020 most kernels let only
the administrator read them: where they cannot be read, nothing is said. A count is of the whole machine; a stage's part
of it is its share of the time for which the processors were busy.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

_POWERCAP = Path("/sys/class/powercap")
_STAT = Path("/proc/stat")
_PACKAGE = re.compile(r"intel-rapl:\d+")
_MEMORY = re.compile(r"intel-rapl:\d+:\d+")
#: Columns of /proc/stat (proc(5)) in which a processor is busy: user, nice, system, irq, softirq, steal.
_BUSY = (1, 2, 3, 6, 7, 8)
#: No package takes more than this, in watts. A count that would have gone round faster began again at 0: the machine
#: slept, and its registers lost their power.
_MOST_WATTS = 2000


@dataclass
class _Zone:
    """A count of microjoules that begins again at 0 after ``most``."""

    path: Path
    most: int
    last: int

    def rise(self, now: int, seconds: float) -> int:
        """Return the microjoules from the last reading to this one, and take note of it."""
        rise = now - self.last if now >= self.last else self.most - self.last + now
        if now < self.last and rise > _MOST_WATTS * 1e6 * seconds:
            rise = now
        self.last = now
        return rise


class ProcessorEnergy:
    """The joules of a machine's processors since this was made; to be sampled before a count goes round twice.

    Args:
        powercap: the folder of the counts.
        stat: the file that tells for how long processors were busy.
        clock: seconds that do not pass while the machine sleeps.
    """

    def __init__(
        self, powercap: Path = _POWERCAP, stat: Path = _STAT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stat = stat
        self._clock = clock
        self._read_at = clock()
        self._zones = [zone for folder in sorted(powercap.glob("intel-rapl:*")) if (zone := _zone(folder))]
        self._microjoules = 0
        self._busy = _busy_ticks(stat)

    @property
    def is_there(self) -> bool:
        """Return whether there is anything to measure with."""
        return bool(self._zones) and self._busy is not None

    def sample(self) -> None:
        """Take note of how far the counts are."""
        seconds, self._read_at = self._clock() - self._read_at, self._clock()
        for zone in self._zones:
            now = _number(zone.path)
            if now is not None:
                self._microjoules += zone.rise(now, seconds)

    def joules(self, cpu_seconds: float, ticks_per_second: int) -> float | None:
        """Return the part of what was counted that a process tree of so many CPU seconds took; None: nothing tells.

        Args:
            cpu_seconds: of the tree, since this was made.
            ticks_per_second: the unit of /proc/stat.
        """
        self.sample()
        busy = _busy_ticks(self._stat)
        if not self.is_there or busy is None or self._busy is None:
            return None
        seconds = (busy - self._busy) / ticks_per_second
        share = min(1.0, cpu_seconds / seconds) if seconds > 0 else 1.0
        return share * self._microjoules / 1e6


def _zone(folder: Path) -> _Zone | None:
    """Return a count of a package, or of its memory; others are parts of these."""
    is_memory = _MEMORY.fullmatch(folder.name) and _text(folder / "name") == "dram"
    is_package = _PACKAGE.fullmatch(folder.name) and (_text(folder / "name") or "").startswith("package")
    now, most = _number(folder / "energy_uj"), _number(folder / "max_energy_range_uj")
    if not (is_memory or is_package) or now is None or most is None:
        return None
    return _Zone(folder / "energy_uj", most, now)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        log.debug("%s cannot be read: %s", path, error.strerror)
        return None


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text and text.isascii() and text.isdigit() else None


def _busy_ticks(stat: Path) -> int | None:
    fields = (_text(stat) or "").split("\n", 1)[0].split()
    if len(fields) <= max(_BUSY) or fields[0] != "cpu":
        return None
    return sum(int(fields[column]) for column in _BUSY)
