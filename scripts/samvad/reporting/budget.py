"""Say what films will cost before they are made, from what earlier films took on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core import places, stages, this_machine
from samvad.core.declarations import Stage
from samvad.core.errors import SamvadError
from samvad.documents import costs, job_folder, stage_manifest
from samvad.documents.costs import MachineUse, Prices
from samvad.documents.stage_manifest import StageManifest
from samvad.media import clock, film_headers
from samvad.reporting.logquery import table
from samvad.settings import configuration
from samvad.settings.configuration import Film
from samvad.settings.stage_settings import StageSettings
from samvad.stages.demux import probe

#: Options that decide how much work a stage is: films that were made with others tell nothing of it.
_DECIDING = (
    *("engine", "model", "device", "compute_type", "batch_size", "vad", "speakers", "separate_voices"),
    *("backend", "whisper_model", "shots", "proxy_height", "burn_in"),
)
_DONE = ("success", "skipped")
#: So many of the newest jobs are looked at.
_JOBS = 200

_NOTHING = MachineUse()
#: What decides how much work a stage is, as names and values.
_Manner = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Measured:
    """A stage of an earlier film: the film's hours, what the stage took, and its wall time in hours."""

    film: str
    film_hours: float
    use: MachineUse
    hours: float


@dataclass(frozen=True)
class StageBudget:
    """What a stage of all the films will take; ``why_not`` says why that is not known, of so many hours of film.

    Attributes:
        film_hours: of the films that it is to be done for.
        use: what that takes by the sum of earlier films.
        low: the same by the earlier film that took least for its length.
        high: and by the one that took most.
        hours: wall time.
        runs: how many earlier films it stands on.
    """

    stage: str
    film_hours: float
    use: MachineUse = _NOTHING
    low: MachineUse = _NOTHING
    high: MachineUse = _NOTHING
    hours: float = 0.0
    runs: int = 0
    why_not: str = ""


@dataclass(frozen=True)
class Budget:
    """What a shelf will cost.

    Attributes:
        films: how many are to be made, or gone on with.
        done: how many need nothing.
        film_hours: length of those that are to be made.
        unread: films whose length cannot be told, with the reason: they are left out.
        stages: in the order of their numbers.
        based_on: how many earlier films of this machine it stands on.
        based_on_hours: their length.
        prices: None where there are none.
    """

    films: int
    done: int
    film_hours: float
    unread: tuple[str, ...]
    stages: tuple[StageBudget, ...]
    based_on: int
    based_on_hours: float
    prices: Prices | None


def reckon(films: Sequence[Film], config: Mapping[str, Any], output_root: Path) -> Budget:
    """Return what films will take from where they stand.

    Args:
        films: rows of the film sheet.
        config: the configuration, checked.
        output_root: the folder of jobs, of earlier films too.
    """
    known = _measured(output_root)
    settings = {stage.name: StageSettings(stage, config) for stage in stages.STAGES}
    wanted: dict[str, dict[_Manner, float]] = {stage.name: {} for stage in stages.STAGES}
    unread, done, hours_in_all = [], 0, 0.0
    for film in films:
        due = _due(film, config, output_root / film.folder)
        if not due:
            done += 1
            continue
        try:
            hours = _hours(film, output_root / film.folder)
        except (SamvadError, OSError) as error:
            unread.append(f"{film.media}: {error}")
            continue
        hours_in_all += hours
        for stage in due:
            manner = _manner(stage, settings[stage.name].values(film))
            wanted[stage.name][manner] = wanted[stage.name].get(manner, 0.0) + hours
    found = [_of_stage(stage, wanted[stage.name], known.get(stage.name, {})) for stage in stages.STAGES]
    used = {one.film: one.film_hours for by in known.values() for some in by.values() for one in some}
    return Budget(
        films=len(films) - done,
        done=done,
        film_hours=hours_in_all,
        unread=tuple(unread),
        stages=tuple(one for several in found for one in several),
        based_on=len(used),
        based_on_hours=sum(used.values()),
        prices=configuration.prices(config),
    )


def text(budget: Budget) -> str:
    """Return a budget as a person reads it, with what it stands on and what it does not know."""
    length = table.duration(3600 * budget.film_hours)
    lines = [f"To be made: {_films(budget.films)}, {length} in length. Done already: {_films(budget.done)}."]
    known = [one for one in budget.stages if not one.why_not]
    if known:
        lines += ["", f"  {'stage':25} {'core hours':>10} {'GPU hours':>10} {'Wh':>8} {_currency(budget):>12}"]
        lines += [_row(stages.BY_NAME[one.stage].folder, one.use, budget) for one in known]
        use, low, high = (costs.total(getattr(one, which) for one in known) for which in ("use", "low", "high"))
        lines += [_row("all", use, budget)]
        if budget.based_on > 1:
            lines += [f"By the films that took least and most for their length: {_between(low, high, budget)}."]
        wall = table.duration(3600 * sum(one.hours for one in known))
        lines += [
            f"One stage after the other, that is {wall} of wall time.",
            f"Based on {_films(budget.based_on)}, {table.duration(3600 * budget.based_on_hours)} in length, made on "
            f"this machine ({this_machine.node()}); what fails and is done again is not in it.",
        ]
    elif budget.films:
        lines += ["Nothing is known of what that takes: no film was made on this machine yet."]
    lines += [
        f"Not known, and not in it: {stages.BY_NAME[one.stage].folder} of {table.duration(3600 * one.film_hours)} of "
        f"film ({one.why_not})."
        for one in budget.stages
        if one.why_not and known
    ]
    lines += [f"Left out, for its length cannot be told: {one}" for one in budget.unread]
    if budget.prices is None:
        lines += ["No costs in money: `./samvad config set cost.currency INR` and the prices beside it."]
    return "\n".join(lines)


def _due(film: Film, config: Mapping[str, Any], folder: Path) -> list[Stage]:
    """Return the stages of a film that have not been done. Whether one that was is out of date is not looked at."""
    switches = configuration.switches(config, film)
    wanted = [stage for stage in stages.STAGES if stages.is_in(stage, film.workflow) and switches[stage.name]]
    return [stage for stage in wanted if not (folder / stage.folder / "manifest.json").is_file()]


def _hours(film: Film, folder: Path) -> float:
    """Return a film's length in hours: as stage 01 measured it, else as the file's header says.

    Raises:
        SamvadError: neither tells.
    """
    measured = stage_manifest.read_optional(folder / stages.BY_NAME["demux"].folder / "manifest.json")
    seconds = measured.film_seconds() if measured else None
    if seconds is None:
        path = places.work() / film.media
        header = film_headers.read(path)
        zero_us = round(header.start_seconds * 1e6)
        # Not what the file as a whole claims: a subtitle track, or a leap of the clock, can make that a thousand hours.
        stated_ms = probe.expected_ms(clock.Film(path, header, clock.Start(zero_us, zero_us, leaps=False)))
        if stated_ms is None:
            raise SamvadError("Its header does not say how long it is.", "Run the film: stage 01 measures it.")
        seconds = stated_ms / 1000
    return seconds / 3600


def _manner(stage: Stage, values: Mapping[str, Any]) -> _Manner:
    own = {item.name for item in stage.config_options}
    return tuple((name, str(values.get(name))) for name in _DECIDING if name in own)


def _measured(output_root: Path) -> dict[str, dict[_Manner, list[Measured]]]:
    """Return what stages of earlier films took on this machine, by stage and manner, the newest jobs alone."""
    found: dict[str, dict[_Manner, list[Measured]]] = {}
    try:
        folders = job_folder.find([output_root])
    except SamvadError:
        return {}
    for folder in sorted(folders, key=lambda one: one.stat().st_mtime)[-_JOBS:]:
        manifests = list(_manifests(folder))
        hours = next((seconds / 3600 for one in manifests if (seconds := one.film_seconds())), None)
        for manifest in manifests if hours else ():
            if manifest.host.name != this_machine.node():
                continue
            stage = stages.BY_NAME[manifest.stage]
            measured = Measured(
                str(folder), hours or 0.0, costs.use_of(manifest), manifest.resources.wall_seconds / 3600
            )
            found.setdefault(stage.name, {}).setdefault(_manner(stage, manifest.config), []).append(measured)
    return found


def _manifests(folder: Path) -> Iterator[StageManifest]:
    """Yield for each stage of a job its last attempt that did the work: what came from the cache tells nothing."""
    for stage in stages.STAGES:
        tries = (folder / stage.folder / "attempts").glob("*")
        numbers = sorted((int(place.name) for place in tries if place.name.isdigit()), reverse=True)
        attempts = (folder / stage.folder / "attempts" / f"{number:02d}" / "manifest.json" for number in numbers)
        for path in (folder / stage.folder / "manifest.json", *attempts):
            manifest = stage_manifest.read_optional(path)
            if manifest and manifest.stage == stage.name and manifest.status in _DONE and not manifest.cache.hit:
                yield manifest
                break


def _of_stage(
    stage: Stage, wanted: Mapping[_Manner, float], known: Mapping[_Manner, Sequence[Measured]]
) -> list[StageBudget]:
    """Return what a stage will take: a row for all manners that are known, and one for each that is not."""
    rows, unknown = [], []
    for manner, hours in wanted.items():
        runs = known.get(manner, ())
        if not runs:
            said = ", ".join(f"{name} {value}" for name, value in manner) or "as it is set"
            unknown.append(StageBudget(stage.name, hours, why_not=f"no film was made so on this machine, {said}"))
            continue
        length = sum(run.film_hours for run in runs)
        rates = sorted(runs, key=lambda run: run.use.core_hours / run.film_hours)
        rows.append(
            StageBudget(
                stage.name,
                hours,
                costs.total(run.use for run in runs).times(hours / length),
                rates[0].use.times(hours / rates[0].film_hours),
                rates[-1].use.times(hours / rates[-1].film_hours),
                sum(run.hours for run in runs) * hours / length,
                len(runs),
            )
        )
    return [_together(rows), *unknown] if rows else unknown


def _together(rows: Sequence[StageBudget]) -> StageBudget:
    return StageBudget(
        rows[0].stage,
        sum(row.film_hours for row in rows),
        use=costs.total(row.use for row in rows),
        low=costs.total(row.low for row in rows),
        high=costs.total(row.high for row in rows),
        hours=sum(row.hours for row in rows),
        runs=sum(row.runs for row in rows),
    )


def _films(number: int) -> str:
    return "1 film" if number == 1 else f"{number} films"


def _currency(budget: Budget) -> str:
    return budget.prices.currency if budget.prices else ""


def _row(name: str, use: MachineUse, budget: Budget) -> str:
    cost = use.cost(budget.prices)
    cells = [
        f"{use.core_hours:>10.3f}",
        f"{sum(use.gpu_hours.values()):>10.3f}" if use.gpu_hours else f"{'–':>10}",
        f"{1000 * use.energy_kwh:>8.1f}" if use.energy_kwh is not None else f"{'–':>8}",
        f"{cost:>12.3f}" if cost is not None else "",
    ]
    return f"  {name:25} {' '.join(cells)}".rstrip()


def _between(low: MachineUse, high: MachineUse, budget: Budget) -> str:
    hours = f"{low.core_hours:.3f} to {high.core_hours:.3f} core hours"
    least, most = low.cost(budget.prices), high.cost(budget.prices)
    if least is None or most is None:
        return hours
    return f"{hours}, {least:.3f} to {most:.3f} {_currency(budget)}"
