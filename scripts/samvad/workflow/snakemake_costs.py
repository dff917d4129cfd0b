"""What Snakemake does for each job more often than it need: done once, or not at all, with the same result.

As ``snakemake_api``, of Snakemake's insides; what each of these saves is in docs/benchmarks.md.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from snakemake import io, resources
from snakemake.common import overwrite_function_params
from snakemake.io import fmt
from snakemake.jobs import Job as OfSnakemake
from snakemake.output_index import OutputIndex
from snakemake.rules import Rule

from samvad.workflow.as_module import our_name

_Function = TypeVar("_Function", bound=Callable[..., Any])


def declare_params(function: _Function) -> _Function:
    """Tell Snakemake what a function takes: it looks otherwise, anew for each job and each thing that the job has."""
    overwrite_function_params(function, inspect.signature(function).parameters)
    return function


def spare_resources() -> None:
    """Let Snakemake take a number that a job asks for as that number, and ask only functions as functions.

    It asks for each of the six things that a job has in the same way, and most are numbers already. Of the function of
    its own that is then called it is told the parameters, as above. Before 9.17 there is no such class.
    """
    kind = getattr(resources, "Resource", None)
    if kind is None:
        return
    overwrite_function_params(kind.evaluate, inspect.signature(kind("any", 1).evaluate).parameters)
    ask = Rule.apply_input_function

    def apply_input_function(rule: Any, function: Any, *given: Any, **named: Any) -> Any:
        own = getattr(function, "__self__", None)
        if isinstance(own, kind) and not own.is_evaluable():
            return own, False
        return ask(rule, function, *given, **named)

    Rule.apply_input_function = apply_input_function


def format_commands_once(are_told: Callable[[], bool]) -> None:
    """Let Snakemake format a job's command once as it tells of the job, where somebody hears it: it does so thrice.

    A command of ours has twenty and more fields: that was a tenth of all that a plan of a shelf took. Commands of rules
    that are not ours are always formatted: a dry run finds what is wrong with them.

    Args:
        are_told: says, while jobs are told of, whether commands are.
    """
    say, command = OfSnakemake.log_info, OfSnakemake.shellcmd.fget
    told: dict[int, str | None] = {}

    def log_info(job: Any, *given: Any, **named: Any) -> None:
        told[id(job)] = command(job) if are_told() or not our_name(job.rule.name) else None
        try:
            say(job, *given, **named)
        finally:
            del told[id(job)]

    def shellcmd(job: Any) -> str | None:
        return told[id(job)] if id(job) in told else command(job)

    OfSnakemake.log_info = log_info
    OfSnakemake.shellcmd = property(shellcmd)


def tells_commands(workflow: Any) -> bool:
    """Say whether somebody hears a job's command when Snakemake tells of the job.

    A dry run shows it with ``--printshellcmds``; a run's own record, and plugins that log, hear it with the job.
    """
    plugins = getattr(getattr(workflow, "logger_manager", None), "plugin_handlers", True)
    return bool(not workflow.dryrun or workflow.output_settings.printshellcmds or plugins)


def look_up_rules_once() -> None:
    """Let Snakemake look up once which rules make a file: it does so for each job that reads it."""
    look_up = OutputIndex.match_producers
    shared: dict[frozenset[Any], frozenset[Any]] = {}  # files that the same rules make have one answer

    def match_producers(index: Any, file: str) -> set[Any]:
        found: dict[str, frozenset[Any]] = vars(index).setdefault("samvad_found", {})
        name = str(file)
        if name not in found:
            rules = frozenset(look_up(index, file))
            found[name] = shared.setdefault(rules, rules)
        return set(found[name])

    OutputIndex.match_producers = match_producers


def look_at_flags() -> None:
    """Let Snakemake look into the flags of its own names of files without asking first of what abstract kind they are.

    It asks that a hundred times and more of each job, most often of whether a file lies on a storage elsewhere.
    """
    ask, kinds = io.is_flagged, (io.AnnotatedString, io._IOFile)

    def is_flagged(value: Any, flag: str) -> bool:
        if type(value) in kinds:
            flags = value.flags
            return flag in flags and bool(flags[flag])
        return False if type(value) is str else ask(value, flag)

    io.is_flagged = fmt.is_flagged = is_flagged
