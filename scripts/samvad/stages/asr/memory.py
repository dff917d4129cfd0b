"""Memory: how many windows to decode at once, and what to do when they turn out to be too many."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from samvad.core.errors import MemoryShortageError
from samvad.core.failures import is_memory_shortage
from samvad.stages.asr.engine import Engine

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

#: More at once brings nothing on a CPU; on a GPU little beyond this (WhisperX's own default is 8).
_MAX_AT_ONCE = {"cpu": 8, "cuda": 24}
#: Memory of one window while it is decoded with 5 hypotheses, in MiB: this much, and this part of the weights' file.
#: An estimate (base, int8, CPU: 60 MiB measured); where it is wrong, the fallback below mends it.
_WINDOW_MB = 40.0
_WINDOW_SHARE = 0.12
#: Part of the free memory that may be used; of what the stage was given for itself alone, more.
_USABLE = 0.6
_USABLE_OF_GIVEN = 0.9


@dataclass(frozen=True)
class Setting:
    """Where and how decoding runs."""

    device: str
    compute_type: str
    batch_size: int

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.compute_type} on {self.device}, {self.batch_size} at once"


class OutOfMemoryFallback:
    """Decodes in batches; when memory runs out, goes on with less: smaller batches, then int8, then the CPU.

    Attributes:
        setting: what is in use.
        engine: the model as loaded for it.

    Raises:
        MemoryShortageError: even the least does not fit.
    """

    def __init__(self, load: Callable[[Setting], Engine], setting: Setting, tell: Callable[[str], None]) -> None:
        """Load the model.

        Args:
            load: loads it for a setting.
            setting: to begin with.
            tell: is told of each step down, in words.
        """
        self._load = load
        self._tell = tell
        self.setting = setting
        self.engine = self._loaded()

    def map(
        self, work: Callable[[Sequence[Item]], Sequence[Result]], items: Sequence[Item], at_once: int = 1
    ) -> Iterator[Result]:
        """Yield the results of all items, in order, worked off in batches of what memory allows.

        Args:
            work: gives the results of some items.
            items: all of them.
            at_once: so many batches are given at a time.
        """
        position = 0
        while position < len(items):
            size = self.setting.batch_size * at_once
            try:
                results = work(items[position : position + size])
            except (MemoryError, RuntimeError) as error:
                if not is_memory_shortage(error):
                    raise
                self._step_down(error)
                continue
            position += len(results)
            yield from results

    def _loaded(self) -> Engine:
        while True:
            try:
                return self._load(self.setting)
            except (MemoryError, RuntimeError) as error:
                if not is_memory_shortage(error):
                    raise
                self._choose_less(error, loading=True)

    def _step_down(self, error: BaseException) -> None:
        before = self.setting
        self._choose_less(error, loading=False)
        if replace(before, batch_size=self.setting.batch_size) != self.setting:
            self.engine.close()
            del self.engine  # its memory is needed for the next
            self.engine = self._loaded()

    def _choose_less(self, error: BaseException, *, loading: bool) -> None:
        less = _less(self.setting, loading=loading)
        if less is None:
            raise MemoryShortageError(
                f"There is too little memory even for {self.setting}.",
                "Use a smaller asr.model, or a machine with more memory.",
            ) from error
        self._tell(f"Memory ran out with {self.setting} ({_first_line(error)}): going on with {less}.")
        self.setting = less


def batch_size(setting: str | int, device: str, weights: Path, given_mb: int | None = None) -> int:
    """Return how many windows to decode at once.

    Args:
        setting: ``auto`` or a number.
        device: ``cpu`` or ``cuda``.
        weights: the model's file.
        given_mb: MiB of the machine's memory that the stage may use, or None for all that is free.
    """
    if setting != "auto":
        return int(setting)
    fit = room(device, weights, given_mb)
    return 8 if fit is None else max(1, min(_MAX_AT_ONCE[device], fit))


def room(device: str, weights: Path, given_mb: int | None = None) -> int | None:
    """Return how many windows fit into memory at once beside the weights; None where nobody knows.

    Args:
        device: ``cpu`` or ``cuda``.
        weights: the model's file.
        given_mb: MiB of the machine's memory that the stage may use, or None for all that is free.
    """
    size_mb = weights.stat().st_size / (1 << 20)
    free = free_mb(device)
    if free is None:
        return None
    usable_mb = free * _USABLE
    if device == "cpu" and given_mb is not None:
        usable_mb = min(usable_mb, given_mb * _USABLE_OF_GIVEN)
    return int((usable_mb - size_mb) / (_WINDOW_MB + _WINDOW_SHARE * size_mb))


def free_mb(device: str) -> float | None:
    """Return the free MiB of the GPU (the first that this process may use) or of the machine; None if unknown."""
    if device == "cpu":
        import psutil

        return float(psutil.virtual_memory().available) / (1 << 20)
    import pynvml

    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0]
    try:
        pynvml.nvmlInit()
        device_handle = (
            pynvml.nvmlDeviceGetHandleByUUID(visible)
            if visible.startswith(("GPU-", "MIG-"))
            else pynvml.nvmlDeviceGetHandleByIndex(int(visible or 0))
        )
        return float(pynvml.nvmlDeviceGetMemoryInfo(device_handle).free) / (1 << 20)
    except (pynvml.NVMLError, ValueError):
        return None


def _less(setting: Setting, *, loading: bool) -> Setting | None:
    """Return the next smaller setting; None where there is none. A smaller batch does not help to load weights."""
    if not loading and setting.batch_size > 1:
        return replace(setting, batch_size=setting.batch_size // 2)
    if not setting.compute_type.startswith("int8"):
        return replace(setting, compute_type="int8_float16" if setting.device == "cuda" else "int8")
    if setting.device != "cpu":
        return Setting("cpu", "int8", max(setting.batch_size, 4))
    return None


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0] or type(error).__name__
