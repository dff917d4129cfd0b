"""The table of the stages, out of their declarations, and what follows from it."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samvad.core.declarations import WORKFLOWS, Stage, faults, in_order
from samvad.core.errors import ConfigurationError

_FOLDER = Path(__file__).resolve().parents[1] / "stages"


if TYPE_CHECKING:
    STAGES: tuple[Stage, ...]
    BY_NAME: dict[str, Stage]
    #: The stages that carry the segments document on, in order: each reads the nearest earlier one that is on.
    SEGMENT_CHAIN: tuple[str, ...]


@functools.cache
def _stages() -> tuple[Stage, ...]:
    """Return the stages that have a folder in ``samvad/stages``, by their numbers.

    The table finds them as a program finds its plug-ins: nothing else has to name a new one. A declaration imports
    ``core.declarations`` alone, so this goes round in no circle.
    """
    return in_order([_declared(name) for name in _names()])


@functools.cache
def _names() -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in _FOLDER.glob("*/options.py")))


@functools.cache
def find(name: str) -> Stage | None:
    """Return a stage, or None where there is none of that name; the declarations of the others are not read for it."""
    return _declared(name) if name in _names() else None


def _declared(name: str) -> Stage:
    """Return the declaration in a folder.

    Raises:
        ConfigurationError: there is none that can be read, or it is of a stage of another name.
    """
    place = f"scripts/samvad/stages/{name}/options.py"
    try:
        found = importlib.import_module(f"samvad.stages.{name}.options").STAGE
    except (TypeError, ValueError, AttributeError, NameError, SyntaxError) as error:
        raise ConfigurationError(f"{place} declares no stage: {error}.", "Correct it.", path=place) from None
    if not isinstance(found, Stage) or found.name != name:
        raise ConfigurationError(f"{place} declares no stage of the name {name}.", "Name it as its folder.", path=place)
    return found


@functools.cache
def _by_name() -> dict[str, Stage]:
    return {stage.name: stage for stage in _stages()}


@functools.cache
def _segment_chain() -> tuple[str, ...]:
    return tuple(stage.name for stage in _stages() if stage.writes_segments)


def __getattr__(name: str) -> Any:
    """Read the declarations when the table is first asked for: to start, a stage's process needs its own alone."""
    tables = {"STAGES": _stages, "BY_NAME": _by_name, "SEGMENT_CHAIN": _segment_chain}
    if name not in tables:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals().setdefault(name, tables[name]())


def config_sections() -> dict[str, Any]:
    """Return the JSON Schemas of the configuration's sections that are of stages: which are on, and one for each."""
    for stage in _stages():
        if found := faults(stage):
            place = f"scripts/samvad/stages/{stage.name}/options.py"
            raise ConfigurationError(f"{place}: {'; '.join(found)}.", "Correct the declaration.", path=place)
    on = {stage.name: {"type": "boolean", "description": f"{stage.number:02d} {stage.summary}"} for stage in _stages()}
    sections = {"stages": _section(on, "which stages are on")}
    for stage in _stages():
        keys = {item.name: item.schema() for item in stage.config_options}
        sections[stage.key] = _section(keys, f"stage {stage.number:02d}, {stage.name}")
    return sections


def _section(keys: dict[str, Any], description: str) -> dict[str, Any]:
    closed = {"type": "object", "additionalProperties": False, "required": list(keys), "properties": keys}
    return {**closed, "description": description}


def is_in(stage: Stage, workflow: str) -> bool:
    """Say whether a workflow goes as far as a stage: each has all stages of the shorter ones."""
    return WORKFLOWS.index(stage.workflow) <= WORKFLOWS.index(workflow)


def shorter(one: str, other: str) -> str:
    """Return the workflow of two that ends earlier."""
    return min(one, other, key=WORKFLOWS.index)


def segments_source(name: str, switched_on: Mapping[str, bool]) -> str:
    """Return the stage whose segments document ``name`` reads.

    Args:
        name: a stage that reads segments.
        switched_on: for every stage, whether it is on.
    """
    number = _by_name()[name].number
    earlier = [stage for stage in _segment_chain() if _by_name()[stage].number < number]
    return next((stage for stage in reversed(earlier) if switched_on[stage]), "asr")


def inputs_of(name: str, switched_on: Mapping[str, bool], origin: Mapping[str, str]) -> list[str]:
    """Return the stages whose manifests ``name`` takes as inputs, in order of their numbers.

    Args:
        name: the stage that is to run.
        switched_on: for every stage, whether it is on.
        origin: for a stage that is off, the key or variable that says so (for the message).

    Raises:
        ConfigurationError: the stage itself, or one that it cannot do without, is switched off.
    """
    stage = _by_name()[name]
    if not switched_on[name]:
        raise ConfigurationError(
            f"stage {stage.folder} is asked for but switched off by {origin[name]}.",
            "Switch it on, or ask for another stage.",
        )
    for need in stage.needs:
        if not switched_on[need]:
            raise ConfigurationError(
                f"stage {stage.folder} cannot run without stage {_by_name()[need].folder}, "
                f"which is switched off by {origin[need]}.",
                "Switch it on, or ask for a stage before it.",
            )
    wanted = set(stage.needs) | {other for other in stage.after if switched_on[other]}
    if stage.reads_segments:
        wanted.add(segments_source(name, switched_on))
    return [other.name for other in _stages() if other.name in wanted]


def with_needs(names: Iterable[str], switched_on: Mapping[str, bool], origin: Mapping[str, str]) -> frozenset[str]:
    """Return stages with all whose manifests they take as inputs, those of these, and so on.

    Raises:
        ConfigurationError: as ``inputs_of``.
    """
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += inputs_of(name, switched_on, origin)
    return frozenset(found)


def last_stages(workflow: str, switched_on: Mapping[str, bool]) -> list[str]:
    """Return the stages that a workflow asks for: all that are on, up to its last one."""
    return [stage.name for stage in _stages() if is_in(stage, workflow) and switched_on[stage.name]]


def end_stages(workflow: str, switched_on: Mapping[str, bool]) -> list[str]:
    """Return the stages of a workflow that no other of its stages reads: whoever asks for them asks for all of it."""
    wanted = last_stages(workflow, switched_on)
    read = {other for name in wanted for other in inputs_of(name, switched_on, dict.fromkeys(switched_on, ""))}
    return [name for name in wanted if name not in read]
