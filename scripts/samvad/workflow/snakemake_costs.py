"""What Snakemake does for each job more often than it need: done once, or not at all, with the same result.

As ``snakemake_api``, of Snakemake's insides; what each of these saves is in docs/benchmarks.md.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
from collections.abc import Callable, Mapping
from types import GeneratorType
from typing import Any, TypeVar

import psutil
from snakemake import benchmark, io, persistence, resources
from snakemake.common import FUNC_OVERWRITE_PARAMS_ATTR, overwrite_function_params
from snakemake.io import fmt
from snakemake.jobs import Job as OfSnakemake
from snakemake.output_index import OutputIndex
from snakemake.rules import Params, Rule, Wildcards

from samvad.core import process_tree
from samvad.workflow.as_module import our_name

_Function = TypeVar("_Function", bound=Callable[..., Any])

#: What tells a function that asks for resources by a film's length and the attempt alone; wrappers of it have it, too.
_BY_LENGTH = "_samvad_by_length"
#: What Snakemake's own request of a folder for temporary files says: the same for all jobs of a process.
_TEMPORARY_FOLDER = "system_tmpdir"
#: A process that has so much of the memory that it had before has not grown.
_GROWN = 0.9
#: What a function of a parameter may take besides wildcards; where it does, Snakemake calls the parameter derived.
_GIVEN = ("input", "output", "threads", "resources")


def declare_params(function: _Function) -> _Function:
    """Tell Snakemake what a function takes: it looks otherwise, anew for each job and each thing that the job has."""
    overwrite_function_params(function, inspect.signature(function).parameters)
    return function


def declare_request(function: _Function) -> _Function:
    """Declare a function of a resource, as ``declare_params``, that looks at a film's length and the attempt alone."""
    setattr(function, _BY_LENGTH, True)
    return declare_params(function)


def share_requests(length_of: Callable[[Mapping[str, str]], float | None]) -> None:
    """Let jobs of a rule ask once for what they all ask for: films of one length, in the same attempt.

    A rule one of whose requests is anybody else's function is asked as ever, as all are before 9.17.

    Args:
        length_of: returns a film's length, in whatever unit, by the job's wildcards; None: it is not known.
    """
    ask = Rule.expand_resources
    found: dict[tuple[Any, ...], Any] = {}
    shared: dict[Any, bool] = {}

    def expand_resources(
        rule: Any, wildcards: Mapping[str, str], input: Any, attempt: int, skip_evaluation: Any = None
    ) -> Any:
        if rule not in shared:
            shared[rule] = bool(our_name(rule.name)) and all(map(_is_for_all, rule.resources.values()))
        if not shared[rule]:
            return ask(rule, wildcards, input, attempt, skip_evaluation=skip_evaluation)
        key = (rule, attempt, frozenset(skip_evaluation or ()), length_of(wildcards))
        if key not in found:
            found[key] = ask(rule, wildcards, input, attempt, skip_evaluation=skip_evaluation)
        return _copy(found[key])

    Rule.expand_resources = expand_resources


def _is_for_all(asked: Any) -> bool:
    """Say whether a request is the same for all jobs of a rule whose films have one length."""
    evaluates = getattr(asked, "is_evaluable", None)
    if evaluates is None:
        return False
    return not evaluates() or hasattr(asked._evaluator, _BY_LENGTH) or asked.raw == _TEMPORARY_FOLDER


def _copy(known: Any) -> Any:
    """Return a list of names and values like another, which its job may change."""
    made = known.__class__.__new__(known.__class__)
    list.extend(made, known)
    made.__dict__.update(known.__dict__)
    made._names = copy.copy(known._names)
    return made


def fill_in_params_directly() -> None:
    """Let Snakemake fill in parameters that are texts or our own functions without asking each time what they are.

    What it does with them is what it does with all: wildcards are put into texts, a function is called with what it
    takes. Where one raises something, or gives back a function, Snakemake does it all in its own way, and says so.
    """
    ask = Rule.expand_params
    known: dict[Any, list[tuple[str | None, Any, tuple[str, ...] | None]] | None] = {}

    def expand_params(rule: Any, wildcards: Any, input: Any, output: Any, job: Any, omit_callable: bool = False) -> Any:
        if rule not in known:
            known[rule] = _params_of(rule) if our_name(rule.name) else None
        items = known[rule]
        if items is None or omit_callable:
            return ask(rule, wildcards, input, output, job, omit_callable=omit_callable)
        ways: dict[str, Callable[[], Any]] = {
            "input": input._plainstrings,
            "output": output._plainstrings,
            "threads": lambda: job.resources._cores,
            "resources": lambda: job.resources,
        }
        params, own = Params(), []
        given = Wildcards(fromdict=wildcards)
        try:
            for name, item, takes in items:
                if takes is None:
                    value = io.apply_wildcards(item, wildcards)
                else:
                    value = item(given, **{way: ways[way]() for way in takes})
                    if callable(value) or isinstance(value, GeneratorType):
                        return ask(rule, wildcards, input, output, job)
                params.append(value)
                if not takes:
                    own.append(value)
                if name:
                    params._add_name(name)
        except Exception:  # Snakemake says what is wrong
            return ask(rule, wildcards, input, output, job)
        return params, own

    Rule.expand_params = expand_params


def _params_of(rule: Any) -> list[tuple[str | None, Any, tuple[str, ...] | None]] | None:
    """Return a rule's parameters: each with its name and what it takes, None for a text; or None for them all."""
    found: list[tuple[str | None, Any, tuple[str, ...] | None]] = []
    for name, item in rule.params._allitems():
        declared = getattr(item, FUNC_OVERWRITE_PARAMS_ATTR, None)
        if inspect.isfunction(item) and declared is not None:
            if not set(declared) <= {"wildcards", *_GIVEN}:
                return None
            found.append((name, item, tuple(way for way in _GIVEN if way in declared)))
        elif type(item) is str:
            found.append((name, item, None))
        else:
            return None
    return found


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


class _Watched(psutil.Process):
    """A process of a job, as Snakemake's benchmark looks at it every half second.

    What it has of its own and shares with others (USS, PSS) the system adds up page by page: for recognition that took
    longer than all else that Snakemake does meanwhile. As only the most counts, it is asked when a process has grown.
    """

    _known: Any = None

    def memory_full_info(self) -> Any:
        """Return what psutil does; USS and PSS are those of when the process had nine tenths of the memory, or more."""
        now = self.memory_info()
        if self._known is None or now.rss * _GROWN > self._known.rss:
            self._known = super().memory_full_info()
            return self._known
        return self._known._replace(rss=now.rss, vms=now.vms)


def list_processes_below() -> None:
    """Let Snakemake's benchmark of a job look for the job's processes below it alone, not among all of the machine.

    What it asks of them is a ``_Watched`` one's.
    """
    begin = benchmark.BenchmarkTimer.__init__

    def init(timer: Any, *given: Any, **named: Any) -> None:
        begin(timer, *given, **named)
        main = timer.main = _Watched(timer.main.pid)
        ask = main.children

        def children(recursive: bool = False) -> list[psutil.Process]:
            pids = process_tree.below(main.pid) if recursive and main.is_running() else None
            if pids is None:
                return list(ask(recursive=recursive))
            found: list[psutil.Process] = []
            for pid in pids:
                with contextlib.suppress(psutil.NoSuchProcess):
                    found.append(_Watched(pid))
            return found

        main.children = children  # type: ignore[method-assign]

    benchmark.BenchmarkTimer.__init__ = init


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


def leave_pandas_out() -> None:
    """Let Snakemake write down parameters without loading pandas, but where one of them is made of it.

    It loads the library when the first job of a run is over, to ask of each parameter whether it is one of its tables:
    and that is when recognition waits for stage 01.
    """
    for kind in [*vars(persistence).values()]:
        if "_serialize_param_pandas" in getattr(kind, "__dict__", {}):
            kind._serialize_param_pandas = _without_pandas(kind._serialize_param_pandas)


def _without_pandas(ask: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return how a parameter is written down, by ``ask`` where it, or what it is derived from, comes from pandas."""

    def serialize(records: Any, value: Any) -> Any:
        is_of_pandas = any(above.__module__.partition(".")[0] == "pandas" for above in type(value).__mro__)
        return ask(records, value) if is_of_pandas else records._serialize_param_builtin(value)

    return serialize
