"""What work on films costs: hours of machines by kind, energy where it was measured, and money by a table of prices."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from samvad.documents.stage_manifest import StageManifest

_HOUR = 3600
_JOULES_IN_KWH = 3_600_000
#: A film's recognition may have had several GPUs.
_NEXT_GPU = re.compile(r", (?=cuda)")
_GPU = re.compile(r"cuda(?::\d+)?(?: \((?P<name>.*)\))?")
_NAMELESS = "GPU"


@dataclass(frozen=True)
class Prices:
    """What an hour of a machine costs, by kind, and a kilowatt-hour; all in one currency.

    Attributes:
        currency: such as INR or EUR.
        core_hour: an hour of one processor core.
        gpu_hour: an hour of a GPU that ``gpu_hours`` does not name.
        gpu_hours: an hour of a GPU by its name, or a part of it, such as ``H200``; of two the longer counts.
        kwh: a kilowatt-hour.
    """

    currency: str
    core_hour: float = 0.0
    gpu_hour: float = 0.0
    gpu_hours: dict[str, float] = field(default_factory=dict)
    kwh: float = 0.0

    def of_gpu(self, name: str) -> float:
        """Return what an hour of a GPU costs."""
        named = [part for part in self.gpu_hours if part.casefold() in name.casefold()]
        return self.gpu_hours[max(named, key=len)] if named else self.gpu_hour


@dataclass(frozen=True)
class MachineUse:
    """Hours of machines that work has taken, and energy.

    Attributes:
        core_hours: hours times the cores that were set aside for it, whether they were busy or not.
        gpu_hours: hours of GPUs by their names, set aside likewise.
        energy_kwh: where it was measured; None where it was not at all.
    """

    core_hours: float = 0.0
    gpu_hours: dict[str, float] = field(default_factory=dict)
    energy_kwh: float | None = None

    def cost(self, prices: Prices | None) -> float | None:
        """Return what it costs, or None where no prices are known."""
        if prices is None:
            return None
        gpus = sum(hours * prices.of_gpu(name) for name, hours in self.gpu_hours.items())
        return self.core_hours * prices.core_hour + gpus + (self.energy_kwh or 0.0) * prices.kwh

    def times(self, factor: float) -> MachineUse:
        """Return so many times as much."""
        energy = None if self.energy_kwh is None else self.energy_kwh * factor
        return MachineUse(
            self.core_hours * factor, {name: hours * factor for name, hours in self.gpu_hours.items()}, energy
        )


@dataclass(frozen=True)
class JobCost:
    """What a film has cost so far, all attempts of all stages together, also those that failed.

    Attributes:
        attempts: those that left a record; one that was killed left none.
        amount: by the prices of the run that wrote this; None where there are none.
        currency: of the amount.
    """

    attempts: int
    core_hours: float
    gpu_hours: dict[str, float]
    energy_kwh: float | None
    amount: float | None
    currency: str | None


def use_of(manifest: StageManifest) -> MachineUse:
    """Return what an attempt of a stage has taken.

    Of one that did not record its cores, those count that were busy, and one at least.
    """
    used = manifest.resources
    cores_seconds = used.wall_seconds * used.cores if used.cores else max(used.wall_seconds, used.cpu_seconds)
    found = [_GPU.fullmatch(device) for device in _NEXT_GPU.split(manifest.software.device_actual or "")]
    names = Counter(gpu["name"] or _NAMELESS for gpu in found if gpu)
    gpus = {name: number * used.wall_seconds / _HOUR for name, number in names.items()}
    joules = [value for value in (used.cpu_energy_joules, used.gpu_energy_joules) if value is not None]
    return MachineUse(cores_seconds / _HOUR, gpus, sum(joules) / _JOULES_IN_KWH if joules else None)


def total(uses: Iterable[MachineUse]) -> MachineUse:
    """Return what all of them have taken together."""
    cores, gpus, energies = 0.0, Counter[str](), []
    for use in uses:
        cores += use.core_hours
        gpus.update(use.gpu_hours)
        energies += [] if use.energy_kwh is None else [use.energy_kwh]
    return MachineUse(cores, dict(gpus), sum(energies) if energies else None)


def of_job(manifests: Iterable[StageManifest], prices: Prices | None) -> JobCost:
    """Return what the attempts of a job have cost."""
    uses = [use_of(manifest) for manifest in manifests]
    use = total(uses)
    amount = use.cost(prices)
    return JobCost(
        len(uses),
        round(use.core_hours, 5),
        {name: round(hours, 5) for name, hours in sorted(use.gpu_hours.items())},
        None if use.energy_kwh is None else round(use.energy_kwh, 6),
        None if amount is None else round(amount, 5),
        prices.currency if prices else None,
    )


def told(core_hours: float, gpu_hours: Mapping[str, float], energy_kwh: float | None, money: str = "") -> str:
    """Return hours, energy and money as a person reads them."""
    parts = [f"{_figure(core_hours)} core hours"]
    parts += [f"{_figure(hours)} hours of {name}" for name, hours in gpu_hours.items()]
    parts += [f"{_figure(1000 * energy_kwh)} Wh measured"] if energy_kwh is not None else []
    return ", ".join([*parts, *([money] if money else [])])


def money(amount: float | None, currency: str | None) -> str:
    """Return an amount with its currency; empty where there is none."""
    return "" if amount is None else f"{amount:.2f} {currency}" if amount >= 1 else f"{amount:.3g} {currency}"


def _figure(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.2g}"
