"""All that Samvad takes from inside Snakemake, in one place: what has no public way, and may change with any version.

What Snakemake's log tells of jobs is in ``snakemake_events``, what it does more often than it need in
``snakemake_costs``, and how its command is started again in ``snakemake_again``.

The Snakefile's ``min_version`` names the oldest version in which all of it is there; the tests try each of these
functions on that version and on the pinned one. Where versions differ, the function says so. Before 9.11.3 what the
terminal shows goes through a queue that hides its handler, before 9.5 Snakemake's own log stays empty, and before 9.8
the end of a job is not always told.

Two public ways that do not do:

- A logger plugin is found by its name among the packages that are installed, before the Snakefile is read: people would
  have to install it, or name it in ``PYTHONPATH``. It hears of events later, in a thread of its own, when the job that
  it is told of may be at work already; and ``--quiet`` keeps events from it. So a handler is attached to Snakemake's
  logger, which hears of all events before the run goes on.
- The SLURM plugin's ``jobname_prefix`` comes from the command line or a profile, so it is not one run's own, and the
  plugin puts a name of its own making behind it. SLURM is asked for jobs by their whole name, which only the plugin
  knows.
"""

from __future__ import annotations

import atexit
import contextlib
import inspect
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snakemake.jobs import Job as OfSnakemake
from snakemake.jobs import Reason

from samvad.workflow.as_module import our_name


def may_work(workflow: Any) -> bool:
    """Say whether this process may come to do work of its own: no dry run, and no job of a run elsewhere."""
    return bool(workflow.is_main_process and not workflow.output_settings.dryrun)


def works(workflow: Any) -> bool:
    """Say, once the plan is made, whether jobs are really to be done: no graph, no list, no ``--touch``."""
    return bool(may_work(workflow) and workflow.executor_plugin and not workflow.dryrun and not workflow.touch)


def before_work(workflow: Any, begin: Callable[[], None]) -> None:
    """Have something done just before Snakemake plans a run that is to do jobs, and in no other case."""
    prepare = workflow._prepare_dag

    def prepared(*given: Any, **named: Any) -> None:
        if works(workflow):
            begin()
        prepare(*given, **named)

    workflow._prepare_dag = prepared


def leave_no_trace(workflow: Any, folder: Path) -> None:
    """Let a plan that is only shown be made where nothing can be written: Snakemake's notes go elsewhere, and away.

    Snakemake has no setting for the place of its notes. From 9.17 on the class that keeps them is ``FilePersistence``.

    Args:
        workflow: Snakemake's.
        folder: where its notes would be.
    """
    prepare = workflow._prepare_dag

    def prepared(*given: Any, **named: Any) -> None:
        nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        if works(workflow) or os.access(nearest, os.W_OK):
            prepare(*given, **named)
            return
        away = tempfile.mkdtemp(prefix="samvad-plan-")
        atexit.register(shutil.rmtree, away, ignore_errors=True)
        module = sys.modules[type(workflow).__module__]
        name = "FilePersistence" if hasattr(module, "FilePersistence") else "Persistence"
        kind = getattr(module, name)
        setattr(module, name, lambda **said: kind(**{**said, "path": Path(away)}))
        try:
            prepare(*given, **named)
        finally:
            setattr(module, name, kind)

    workflow._prepare_dag = prepared


def outlast_read_only_folders() -> None:
    """Let the run go on where a stage's folder has become one that nobody may write into.

    Snakemake makes an empty log for a job that has left none, and at its end takes empty folders away: where it cannot,
    it ends the whole run, with a traceback.
    """
    from snakemake.dag import DAG  # not before: it imports what imports it

    handle, clean = DAG.handle_log, DAG.cleanup_workdir

    async def handled(dag: Any, job: Any, *given: Any, **named: Any) -> None:
        with contextlib.suppress(OSError):
            await handle(dag, job, *given, **named)

    def cleaned(dag: Any) -> None:
        with contextlib.suppress(OSError):
            clean(dag)

    DAG.handle_log, DAG.cleanup_workdir = handled, cleaned


def name_targets(workflow: Any, own_names: Callable[[str], Iterable[str]]) -> None:
    """Let files be asked for by other names than the rules have for them.

    Args:
        workflow: Snakemake's, before it plans.
        own_names: takes a word that was asked for, and returns what the rules call what it means.
    """
    prepare = workflow._prepare_dag

    def prepared(*given: Any, **named: Any) -> None:
        asked = workflow.dag_settings
        for kind in ("targets", "forcerun", "until", "omit_from"):
            named_so = getattr(asked, kind)
            setattr(asked, kind, type(named_so)(name for word in named_so for name in own_names(word)))
        prepare(*given, **named)

    workflow._prepare_dag = prepared


def heed_profile(workflow: Any) -> None:
    """Let a profile that was named win over ``profiles/default``, which Snakemake reads after it and lays over it.

    Only what the default says, and what runs cannot do well without, is looked at: cores and retries.
    """
    words = sys.argv[1:]
    named = any(word == "--profile" or word.startswith("--profile=") for word in words)
    if not may_work(workflow) or not (named or os.environ.get("SNAKEMAKE_PROFILE")) or "none" in words:
        return
    from snakemake import cli

    try:
        with contextlib.redirect_stderr(io.StringIO()):  # what Snakemake says of it has been said
            said = cli.parse_args(["--workflow-profile", "none", *words])[1]
    except (SystemExit, cli.CliException):  # not our command line: Snakemake was called from a program
        return
    cores, nodes = said.cores, said.jobs
    if cores is None and said.executor in (None, "local"):
        cores, nodes = nodes, None  # as Snakemake itself takes --jobs there
    for name, value in (("cores", cores), ("nodes", nodes)):
        setattr(workflow.resource_settings, name, value)
        workflow.global_resources[f"_{name}"] = value
    prepare = workflow._prepare_dag

    def prepared(*given: Any, **kept: Any) -> None:
        if workflow.execution_settings is not None:
            workflow.execution_settings.retries = said.retries
        prepare(*given, **kept)

    workflow._prepare_dag = prepared


def runs_here(workflow: Any) -> bool:
    """Say whether this process starts the stages on this machine, and not on a cluster (``--jobs`` is given there)."""
    return bool(workflow.is_main_process and workflow.nodes is None)


def given_configfiles(workflow: Any) -> list[str]:
    """Return the files that ``--configfile`` names, which Snakemake has read before the Snakefile."""
    return [str(path) for path in getattr(workflow, "overwrite_configfiles", ())]


def config_sources(workflow: Any) -> str:
    """Return the files, and the option, that the configuration is put together from, for messages."""
    given = ["--config"] if workflow.config_settings.config else []
    return " with ".join([*dict.fromkeys(map(str, workflow.configfiles)), *given])


def deployment_methods(workflow: Any) -> object:
    """Return how Snakemake makes the environments of rules (``--sdm``); nothing where it makes none."""
    return workflow.deployment_settings and workflow.deployment_settings.deployment_method


def total(workflow: Any, name: str) -> int | None:
    """Return how much of a resource all jobs together may have, or None where that is not limited.

    Before 9.17 Snakemake keeps the bare number.
    """
    found = workflow.global_resources.get(name)
    value: int | None = getattr(found, "value", found)
    return value


def limit(workflow: Any, name: str, value: int) -> None:
    """Set how much of a resource all jobs together may have."""
    workflow.register_resource(name, value)


@dataclass(frozen=True)
class Job:
    """A job of the plan.

    Attributes:
        rule: our name of its rule.
        wildcards: their values by name.
        needs: our names of the rules of the jobs that make its inputs.
        mem_mb: the memory that it asks for, in MB, or None.
    """

    rule: str
    wildcards: Mapping[str, str]
    needs: frozenset[str]
    mem_mb: int | None


@dataclass(frozen=True)
class Asked:
    """A job of what was asked for, done or not.

    Attributes:
        rule: our name of its rule; empty where it is somebody else's.
        wildcards: their values by name.
        needs: the places, among all asked jobs, of those that make its inputs.
        forced: whether it is to be done whatever its record says (``--forcerun`` and the like).
    """

    rule: str
    wildcards: Mapping[str, str]
    needs: tuple[int, ...]
    forced: bool


@dataclass(frozen=True)
class Decision:
    """What is to become of the jobs of what was asked for, by their places among these.

    Attributes:
        due: why those are to be done that are. What hangs on one of them must be among them.
        out: those that are not to be done whatever they lack. What hangs on one of them must be among them, but for
            rules that only gather results.
    """

    due: Mapping[int, str]
    out: Sequence[int]


class _Due(Reason):  # type: ignore[misc]
    """Why a job is done, as the records say it; a dry run shows it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def __str__(self) -> str:
        return self.text

    def get_names(self) -> Iterator[str]:
        """Yield what the plan's summary calls it, in place of "forced", which is how Snakemake is made to do it."""
        before = "made anew before it"
        yield before if self.text.endswith(f": {before}") else self.text


def plans_a_run(workflow: Any) -> bool:
    """Say whether it is a run, or a dry run, that is planned now, and nothing is to be made whatever its record says.

    Only then may what is done stay out of the plan: a summary, a graph or a batch is of all that is asked for.
    """
    asked = workflow.dag_settings
    forced = asked.forceall or asked.forcetargets or asked.forcerun or asked.until or asked.omit_from
    return bool(workflow.executor_plugin and not workflow.touch and not forced and asked.batch is None)


def asks_only_for(workflow: Any, rule: str) -> bool:
    """Say whether a rule is all that is asked for, by its name or because nothing is named."""
    asked = set(map(str, workflow.dag_settings.targets))
    return asked == {rule} or not asked


def leave_out(workflow: Any, done: Callable[[Collection[str]], Collection[str]]) -> None:
    """Let somebody say which of the files that are asked for need not be planned.

    Args:
        workflow: Snakemake's, before it plans.
        done: takes what is asked for by name, and returns what is surely made.
    """
    prepare = workflow._prepare_dag

    def prepared(*given: Any, **named: Any) -> None:
        asked = workflow.dag_settings.targets
        if asked and plans_a_run(workflow):
            made = set(done(asked))
            workflow.dag_settings.targets = type(asked)(word for word in asked if word not in made)
        prepare(*given, **named)

    workflow._prepare_dag = prepared


def judge_by(workflow: Any, judge: Callable[[Sequence[Asked], frozenset[str]], Decision]) -> None:
    """Let somebody else than Snakemake say which jobs are to be done.

    Snakemake decides by times of files, by its memory of runs, and by marks of jobs that it did not see end. All that
    is set aside where it would decide on one of our jobs; what is forced stays. The rules' inputs must be declared
    ``ancient``, or their times count. Jobs of rules that are not ours it decides on as ever.

    Args:
        workflow: Snakemake's, before it plans.
        judge: takes all jobs of what was asked for, and what is to make one due beside what is missing
            (``--rerun-triggers``, by Snakemake's names).
    """
    prepare = workflow._prepare_dag

    def prepared(*given: Any, **named: Any) -> None:
        prepare(*given, **named)
        dag = workflow.dag
        triggers = frozenset(trigger.name.lower() for trigger in workflow.dag_settings.rerun_triggers)
        _forget_ours(workflow.persistence)
        check_others = dag.check_incomplete

        async def check() -> None:
            jobs = list(dag.jobs)
            places = {job: number for number, job in enumerate(jobs)}
            asked = [
                Asked(
                    our_name(job.rule.name),
                    job.wildcards_dict,
                    tuple(places[other] for other in dag.dependencies[job]),
                    job.rule in dag.forcerules or not dag.forcefiles.isdisjoint(job.output),
                )
                for job in jobs
            ]
            decided = judge(asked, triggers)
            for number in decided.out:  # as --omit-from has it: with the rule that gathers all films, never with these
                dag.omitfiles.update(jobs[number].output)
            for number, why in decided.due.items():
                job = jobs[number]
                dag.forcefiles.update(job.output)
                dag._reason[job] = _Due(why)
                for file in job.input:  # what makes an ancient file makes nothing due, not even that
                    file.flags.pop("ancient", None)
            await check_others()

        dag.check_incomplete = check  # the moment when all jobs are known, and none is decided upon

    workflow._prepare_dag = prepared


def _forget_ours(persistence: Any) -> None:
    """Let Snakemake's memory of runs say nothing of our jobs."""
    says: dict[str, Any] = {"has_metadata": True, "has_outdated_metadata": False, "incomplete": ()}
    says |= {"params_changed": (), "input_changed": (), "code_changed": (), "software_stack_changed": ()}
    for name, nothing in says.items():
        ask = getattr(persistence, name)
        setattr(persistence, name, _of_others(ask, nothing))


def _of_others(ask: Callable[..., Any], nothing: object) -> Callable[..., Any]:
    """Return a question about a job that is asked for rules that are not ours, and is answered for ours."""

    async def later(job: Any, **more: Any) -> Any:
        return nothing if our_name(job.rule.name) else await ask(job, **more)

    def now(job: Any, **more: Any) -> Any:
        return nothing if our_name(job.rule.name) else ask(job, **more)

    return later if inspect.iscoroutinefunction(ask) else now


def call_around(
    workflow: Any, start: Callable[[], None], succeed: Callable[[], None], fail: Callable[[], None]
) -> None:
    """Let functions be called before a run's first job, after a success, and after a failure.

    The directives ``onstart``, ``onsuccess`` and ``onerror`` of a module are not heeded, or take the place of those of
    the workflow that takes it in, by the version. These are called beside what any of them says.
    """
    prepare = workflow._prepare_dag

    def prepared(*given: Any, **named: Any) -> None:  # all Snakefiles have been read by then
        prepare(*given, **named)
        for name, ours in (("_onstart", start), ("_onsuccess", succeed), ("_onerror", fail)):
            setattr(workflow, name, _both(ours, getattr(workflow, name)))

    workflow._prepare_dag = prepared


def _both(ours: Callable[[], None], theirs: Callable[[object], object]) -> Callable[[object], None]:
    def called(log: object) -> None:
        ours()
        theirs(log)

    return called


def retry_only(may: Callable[[str, Mapping[str, str]], bool]) -> None:
    """Let a job that failed be tried again (``--retries``) only where somebody says that it may help.

    Snakemake asks each job how often it may be tried again at the moment when it has failed, and has no public way to
    answer by why. A group is tried again where one of its jobs may be.

    Args:
        may: takes the job's rule and wildcards; is asked after the handler of events has heard of the failure.
    """
    times = OfSnakemake.restart_times.fget

    def restart_times(job: Any) -> int:
        allowed: int = times(job)
        own = our_name(job.rule.name)
        return allowed if not own or (allowed and may(own, job.wildcards_dict)) else 0

    OfSnakemake.restart_times = property(restart_times)


def planned_jobs(workflow: Any) -> list[Job]:
    """Return the jobs of our rules that this run is to do."""
    return [
        Job(
            own,
            job.wildcards_dict,
            frozenset(our_name(other.rule.name) for other in workflow.dag.dependencies[job]),
            job.resources.get("mem_mb"),
        )
        for job in workflow.dag.needrun_jobs()
        if (own := our_name(job.rule.name))
    ]


def asked_wildcards(workflow: Any, name: str) -> set[str]:
    """Return the values of a wildcard in all our jobs of what was asked for, done or not; none without a plan."""
    if workflow.dag is None:
        return set()
    ours = (job.wildcards_dict for job in workflow.dag.jobs if our_name(job.rule.name))
    return {values[name] for values in ours if name in values}


def lock_files(workflow: Any) -> list[str] | None:
    """Return the files by which Snakemake holds its working folder, or None where it does not tell.

    ``--persistence-backend db``, which later versions offer, keeps its locks in a database.
    """
    found = getattr(workflow.persistence, "_lockfile", None)
    return None if found is None else [str(path) for path in found.values()]


def slurm_run_name(workflow: Any) -> str | None:
    """Return the name that all SLURM jobs of this run have; None with another executor. It is known before any job."""
    name = getattr(workflow.scheduler._executor, "run_uuid", None)
    return None if name is None else str(name)
