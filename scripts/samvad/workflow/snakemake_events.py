"""What Snakemake's log tells of jobs: as events of ours, and kept from the terminal. Its lines have no public form."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.common import LogEvent

from samvad.core import schemas
from samvad.workflow.as_module import our_name

#: What Snakemake says of every job.
_ROUTINE = frozenset(
    {
        LogEvent.JOB_INFO,
        LogEvent.JOB_STARTED,
        LogEvent.JOB_FINISHED,
        LogEvent.GROUP_INFO,
        LogEvent.PROGRESS,
        LogEvent.SHELLCMD,
        LogEvent.JOB_ERROR,
    }
)
_ROUTINE_TEXTS = ("Select jobs to execute", "Execute ")


#: What Snakemake says of a job's command that failed, besides that it did, and at the end of a run with such a job.
_OF_FAILURES = (
    "RuleException:\nCalledProcessError in file ",
    "WorkflowError:\nAt least one job did not complete successfully",
    "Exiting because a job execution failed",
)


def hide_routine(logger: logging.Logger) -> None:
    """Keep the lines about each of our jobs from the terminal, where the run tells better; Snakemake's own log has all.

    Of a job that failed, too: the run says in a line which film, which stage and why. ``--quiet rules`` would keep it
    from that log as well. Where a logger plugin writes to the terminal in place of Snakemake, nothing is hidden.
    """
    for handler in logger.handlers:
        if handler.get_name() == "DefaultStreamHandler":
            handler.addFilter(_is_no_routine)


def _is_no_routine(record: logging.LogRecord) -> bool:
    event = getattr(record, "event", None)
    if str(record.msg).startswith(_OF_FAILURES):
        return _is_of_others(str(record.msg))
    if event:
        rule = getattr(record, "rule_name", None)
        return event not in _ROUTINE or bool(rule and not our_name(rule))
    return record.levelno != logging.INFO or not str(record.msg).startswith(_ROUTINE_TEXTS)


def _is_of_others(text: str) -> bool:
    """Say whether the command that failed is one of a rule that is not ours, of which the run says nothing."""
    found = re.match(r'RuleException:\nCalledProcessError in file "(?P<file>.*)", line', text)
    return found is not None and Path(found["file"]).parent != schemas.ROOT / "rules"


@dataclass(frozen=True)
class Planned:
    """The run begins: how many jobs of each rule it is to do."""

    counts: Mapping[str, int]


@dataclass(frozen=True)
class Started:
    """A job starts, or is given to a cluster."""

    number: int
    rule: str
    wildcards: Mapping[str, str]


@dataclass(frozen=True)
class Finished:
    """A job has ended well."""

    number: int


@dataclass(frozen=True)
class Failed:
    """A job has failed; ``message`` is what its executor says of that, if it does, and ``logs`` are its logs."""

    number: int
    message: str
    logs: tuple[str, ...] = ()


@dataclass(frozen=True)
class GroupFailed:
    """A group of jobs that a cluster ran as one has failed. Each of the jobs is told as failed, too."""

    external_id: str
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Progress:
    """So many of all jobs are done."""

    done: int
    total: int


Event = Planned | Started | Finished | Failed | GroupFailed | Progress


def event_of(record: logging.LogRecord) -> Event | None:
    """Return what a line of Snakemake's log tells, or None where it is nothing that concerns us.

    Up to 9.20 what is known of a failed group stands not beside the line but among the values to put into its text. A
    group that ran here, or was refused by its cluster, has no external id.
    """
    fields = record.__dict__
    if "event" not in fields and isinstance(record.args, Mapping):
        fields = dict(record.args)
    found: Event | None = None
    match fields.get("event"):
        case LogEvent.RUN_INFO:
            found = Planned({our_name(name): count for name, count in (fields.get("stats") or {}).items()})
        case LogEvent.JOB_INFO:
            found = Started(fields["jobid"], our_name(fields["rule_name"]), fields["wildcards"])
        case LogEvent.JOB_FINISHED:
            found = Finished(fields["job_id"])
        case LogEvent.JOB_ERROR:
            logs = tuple(map(str, fields.get("log") or ()))
            found = Failed(fields["jobid"], str(fields.get("rule_msg") or ""), logs)
        case LogEvent.GROUP_ERROR:
            jobs = fields.get("job_error_info") or ()
            found = GroupFailed(str(fields.get("external_jobid") or ""), tuple(told["jobid"] for told in jobs))
        case LogEvent.PROGRESS:
            found = Progress(fields["done"], fields["total"])
    return found


#: So many files are named of those for which a job is run; the rest are counted.
_FILES_NAMED = 3


def shorten_reasons() -> None:
    """Let Snakemake name few of the files that other jobs make for one: a shelf's last job reads those of all films."""
    from snakemake.jobs import Reason

    say = Reason.__str__

    def said(reason: Any) -> str:
        files, others = reason._updated_input_run, reason._updated_input
        if not files or len(files) <= _FILES_NAMED + 1:
            return str(say(reason))
        first, *named = sorted(files, key=str)[:_FILES_NAMED]
        # One in place of all is put into words by Snakemake itself, in whichever way its version does it.
        reason._updated_input_run, reason._updated_input = {first}, (others or set()) - files
        try:
            before, _, after = str(say(reason)).rpartition(str(first))
        finally:
            reason._updated_input_run, reason._updated_input = files, others
        return f"{before}{', '.join(map(str, (first, *named)))} and {len(files) - _FILES_NAMED} more{after}"

    Reason.__str__ = said
