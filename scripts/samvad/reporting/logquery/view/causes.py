"""Go from an error back to its cause: what the stage read, how it began, the program it ran and what that said."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samvad.core import stages
from samvad.documents import stage_manifest
from samvad.reporting.logquery.view.lines import PIPELINE, Line
from samvad.reporting.logquery.why import REMEDIES

_RUNNING = re.compile(r"Running \[['\"](?P<program>(?:[^'\"\\]|\\.)+)['\"]")
_SAID = re.compile(r"(?P<program>[^\s:]+)(?:: | ended after .* with exit code)")
_MOST_SAID = 5
_LONGEST_COMMAND = 400
_LONGEST_LIST = 10
_MOST_INPUTS = 8
_MOST_WARNINGS = 5
_MOST_CHAINS = 100


@dataclass(frozen=True)
class Link:
    """A step on the way to an error.

    Attributes:
        role: ``input``, ``before`` (an earlier attempt that failed), ``stage`` (its beginning), ``program``, ``said``,
            ``warning``, ``error``.
        line: its index among the lines; None for what no line says.
        text: what it says.
    """

    role: str
    line: int | None
    text: str


@dataclass(frozen=True)
class Chain:
    """How an error came to be: its steps in order, and what to do about it.

    Attributes:
        error: index of the line that tells of the failure, with its category.
        title: where: stage, attempt, category and type.
        links: from what was read to the error itself.
        remedy: for people; empty where nothing is known of that kind.
    """

    error: int
    title: str
    links: tuple[Link, ...]
    remedy: str


def chains(lines: Sequence[Line], folder: Path) -> list[Chain]:
    """Return how each failure in a log came to be: one for each attempt of a stage that failed.

    Args:
        lines: all lines of the log, none left out.
        folder: of the job.
    """
    first: dict[tuple[str, str, int | None], int] = {}
    for index, line in enumerate(lines):
        if line.is_failure and line.event != "job_finished":
            first.setdefault((line.run_id, line.stage, line.attempt), index)
    return [chain(lines, index, folder) for index in list(first.values())[:_MOST_CHAINS]]


def chain(lines: Sequence[Line], index: int, folder: Path) -> Chain:
    """Return how one failure came to be; for the end of a run, that of the first stage in it that failed.

    Args:
        lines: all lines of the log.
        index: a line of the failure.
        folder: of the job.
    """
    index = _root(lines, index)
    error = lines[index]
    own = [number for number, line in enumerate(lines) if _same(line, error)]
    before = [number for number in own if number < index]
    told = _richest(lines, own, index)
    fields = lines[told].fields
    category = str(fields.get("error_category") or "")
    kind = fields.get("error_type")
    place = stages.BY_NAME[error.stage].folder if error.stage in stages.BY_NAME else error.stage
    attempt = f", attempt {error.attempt}" if error.attempt else ""
    why = f": {category.replace('_', ' ')}" + (f" ({kind})" if kind else "") if category else ""
    links = [
        *_inputs(folder, error, fields.get("error_file")),
        *_earlier(lines, error, index),
        *(Link("stage", number, lines[number].message) for number in before if _begins(lines[number])),
        *_programs(lines, before),
        *_warnings(lines, before),
        Link("error", index, lines[index].message),
    ]
    remedy = REMEDIES.get(category, "")
    return Chain(index, f"{place}{attempt}{why}", tuple(links), remedy)


def _root(lines: Sequence[Line], index: int) -> int:
    """Return the first line that tells of the failure: of the same attempt, or of the first that failed in the run."""
    error = lines[index]
    same = [
        number
        for number, line in enumerate(lines)
        if line.is_failure
        and line.event != "job_finished"
        and (line.run_id == error.run_id if error.stage == PIPELINE else _same(line, error))
    ]
    return same[0] if same else index


def _same(line: Line, error: Line) -> bool:
    return (line.run_id, line.stage, line.attempt) == (error.run_id, error.stage, error.attempt)


def _richest(lines: Sequence[Line], own: Sequence[int], index: int) -> int:
    """Return the line of the failure that says of what kind it is."""
    return next((number for number in own if number >= index and lines[number].fields.get("error_category")), index)


def _begins(line: Line) -> bool:
    return line.event == f"{line.stage}_started"


def _inputs(folder: Path, error: Line, at_fault: object) -> list[Link]:
    """Return what the attempt read, the file at fault first; as its manifest says, where it left one."""
    found = {str(at_fault): "at fault"} if at_fault else {}
    if error.stage in stages.BY_NAME and error.attempt:
        path = folder / stages.BY_NAME[error.stage].folder / "attempts" / f"{error.attempt:02d}" / "manifest.json"
        manifest = stage_manifest.read_optional(path)
        for item in manifest.inputs if manifest else ():
            found.setdefault(item.path, item.type)
    return [Link("input", None, f"{path} ({what})") for path, what in list(found.items())[:_MOST_INPUTS]]


def _earlier(lines: Sequence[Line], error: Line, index: int) -> list[Link]:
    """Return why the attempt before this one failed, where one did in the same run."""
    found = [
        Link("before", number, f"attempt {line.attempt}: {line.fields.get('error_message') or line.message}")
        for number, line in enumerate(lines[:index])
        if line.event == "stage_result" and line.is_failure
        if (line.run_id, line.stage) == (error.run_id, error.stage) and line.attempt != error.attempt
    ]
    return found[-1:]


@dataclass
class _Program:
    """A program that was run: the line of its start, and those of what it said."""

    started: int
    said: list[int] = field(default_factory=list)


def _programs(lines: Sequence[Line], before: Sequence[int]) -> list[Link]:
    """Return the programs that complained before the error, each by the last time that it did; else the very last one.

    Of two of a name that run beside each other, the log does not tell who said what: the later start is named.
    """
    running: dict[str, _Program] = {}
    complained: dict[str, _Program] = {}
    for number in before:
        if match := _RUNNING.match(lines[number].message):
            running[Path(match["program"]).name] = _Program(number)
        elif (match := _SAID.match(lines[number].message)) and match["program"] in running:
            complained[match["program"]] = running[match["program"]]
            running[match["program"]].said.append(number)
    last = max(running.values(), key=lambda program: program.started, default=None)
    found = []
    for program in sorted(complained.values(), key=lambda program: program.started) or ([last] if last else []):
        found.append(Link("program", program.started, _command(lines[program.started].message)))
        found += [Link("said", number, lines[number].message) for number in program.said[-_MOST_SAID:]]
    return found


def _command(message: str) -> str:
    """Return a command as one reads it, and no more of it than tells which it was."""
    try:
        words = ast.literal_eval(message.removeprefix("Running "))
    except (ValueError, SyntaxError):
        return message[:_LONGEST_COMMAND]
    # Lists of dozens of formats, which ffmpeg is given each time, tell nobody what it was about.
    text = shlex.join("…" if str(word).count(",") > _LONGEST_LIST else str(word) for word in words)
    return text if len(text) <= _LONGEST_COMMAND else f"{text[:_LONGEST_COMMAND]} …"


def _warnings(lines: Sequence[Line], before: Sequence[int]) -> list[Link]:
    found = [Link("warning", number, lines[number].message) for number in before if lines[number].level == "WARNING"]
    return found[-_MOST_WARNINGS:]
