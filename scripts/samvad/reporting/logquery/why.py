"""Say why a film failed: the cause, the file at fault, the tool's last words, the log, and what to do."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samvad.core import outside, stages
from samvad.core.console import printable
from samvad.core.errors import ConfigurationError
from samvad.documents import job_manifest
from samvad.reporting.logquery import sources, table
from samvad.reporting.logquery.questions import SILENT_SECONDS

if TYPE_CHECKING:
    import duckdb

#: A row of a query's result by the names of its columns, which the query names.
Row = dict[str, Any]

#: What to do about each kind of failure, after what the message itself says.
REMEDIES: dict[str, str] = {
    "network": "Check the connection and the service's own status, then run the same command again.",
    "media": "Play the file to see whether it is whole; put a good copy in its place, and run the same command.",
    "model": "Fetch the model with `make model MODEL=…`, or point SAMVAD_MODELS at the folder that holds it.",
    "out_of_memory": "Use a smaller model or batch_size, or a machine with more memory, then run it again.",
    "disk": "Free some space, or see to the file or disk that the message names, then run the same command again.",
    "changed": "What the message names was changed, replaced or moved while it was needed: see that it is as it should "
    "be, then run the same command again.",
    "configuration": "Correct the key or the row that the message names, then run the same command again.",
    "bug": "This is a defect: please report it with the log.",
    "stopped": "Run the same command again: it goes on from here.",
    "killed": "Nothing half-made counts as done: run the same command again. If the kernel killed it for want of "
    "memory (`dmesg | grep -i oom` says so), use a smaller model or batch_size.",
}
_NO_RECORD = "Look at the end of the log, then run the same command again: it goes on from here."
_LAST_LINES = 8
_THIS = "run_id = ? AND film = ? AND job_id = ?"
_FULL_DISK_BYTES = 1 << 18
#: What a log says and the verdict need not repeat: command lines, and the error that is its first line.
_NO_NEWS = re.compile(
    r"\] \[DEBUG\] Running \[|\] \[ERROR\] Stage \w+ failed \(| \[INFO\] (Attempt \d+: |Stage \w+ begins)"
)
_TOOL_HEADINGS = ("last lines:", "Traceback (most recent call last)")


@dataclass(frozen=True)
class Cause:
    """Why one attempt of a stage came to no good end; ``mended`` when a later attempt of the run did."""

    film: str
    run_id: str
    stage: str | None
    attempt: int | None
    when: datetime | None
    category: str
    kind: str | None
    message: str
    file: str | None
    log: str | None
    last_lines: tuple[str, ...]
    remedy: str
    mended: bool = False


@dataclass(frozen=True)
class Verdict:
    """How a film's last run stands, and the causes where it failed.

    Attributes:
        film: film id.
        run_id: the run looked at.
        state: ``success``, ``failed``, ``stopped`` (by somebody) or ``incomplete`` where the run said its end, else
            ``running``, ``silent`` (no event for a while), ``killed`` (its process is gone) or ``broken off``
            (run again since).
        when: its last event, UTC without zone.
        causes: why it failed.
        warnings: stage and text of its warnings.
        note: what may be missing here, because the disk is full now.
    """

    film: str
    run_id: str
    state: str
    when: datetime
    causes: tuple[Cause, ...]
    warnings: tuple[tuple[str, str], ...]
    note: str = ""


def verdicts(connection: duckdb.DuckDBPyConnection, name: str) -> list[Verdict]:
    """Return how the newest run of a film, a job, or a run stands: for each of its films that did not succeed.

    Args:
        connection: with the tables of ``views.make``.
        name: film id, job id (``USER/N``), job folder, run id, or the beginning of a run id.

    Raises:
        ConfigurationError: no run has that name.
    """
    runs = newest_run(connection, name)
    return [verdict(connection, run) for run in runs if run["status"] != "success"] or [verdict(connection, runs[0])]


def verdict(connection: duckdb.DuckDBPyConnection, run: Row, *, warnings: bool = True) -> Verdict:
    """Return how a run stands, which is given as its row of ``runs``.

    Args:
        connection: with the tables of ``views.make``.
        run: the row.
        warnings: whether to look through all its lines for warnings.
    """
    this = (run["run_id"], run["film"], run["job_id"])
    attempts = _rows(connection, f"SELECT * FROM attempts WHERE {_THIS} ORDER BY began, attempt", *this)
    state, folder = state_of(run), sources.job_folder(run["log_file"])
    told = state in ("killed", "broken off") and job_manifest.status(folder) == "success"
    state = "success" if told else state
    done = {row["stage"]: row["attempt"] for row in attempts if row["status"] in ("success", "skipped")}
    causes = [
        _cause(run, row, mended=done.get(row["stage"], 0) > row["attempt"])
        for row in _last_of_each_stage([row for row in attempts if row["status"] in ("failed", "stopped")])
    ]
    if state in ("killed", "broken off", "silent"):
        silent = [_silent(run, row) for row in attempts if row["status"] is None]
        causes += silent or ([] if causes else [_silent(run, None)])
    found = _warnings(connection, this) if warnings else ()
    note = "The log of its run is not there: that it was done, the job's record says." if told else ""
    if _full(folder):
        note = f"The disk of {folder} is full: a later run may have left no log. Free some space."
    return Verdict(run["film"], run["run_id"], state, run["last_event"], tuple(causes), found, note)


def _full(folder: Path) -> bool:
    """Return whether the disk of a folder has no room even for a log."""
    return folder.is_dir() and shutil.disk_usage(folder).free < _FULL_DISK_BYTES


def _warnings(connection: duckdb.DuckDBPyConnection, this: tuple[str, str, str]) -> tuple[tuple[str, str], ...]:
    found = connection.execute(
        f"SELECT coalesce(stage, 'pipeline'), message FROM all_events WHERE {_THIS} AND level = 'WARNING' "
        "GROUP BY ALL ORDER BY min(ts)",
        this,
    ).fetchall()
    # A stage that is skipped says why twice: as a warning, and as how it ended.
    told = {stage for stage, message in found if message.startswith("skipped: ")}
    return tuple(
        (stage, message)
        for stage, message in found
        if not (stage in told and message.startswith(f"Stage {stage}: skipped ("))
    )


def newest_run(connection: duckdb.DuckDBPyConnection, name: str) -> list[Row]:
    """Return the rows of ``runs`` that a name means: of the newest run of a film or job; all of a run of many films.

    Raises:
        ConfigurationError: none has that name; says which there are.
    """
    folder = name.rstrip("/")
    found = _rows(
        connection,
        """SELECT * FROM runs WHERE run_id = $1 OR film = $1 OR job_id = $1 OR starts_with(run_id, $1)
            OR starts_with(log_file, $2) ORDER BY began DESC, run_id, film, job_id""",
        name,
        os.path.realpath(folder) + "/",
    )
    whole_run = [run for run in found if run["run_id"] == name]
    if found:
        return whole_run or found[:1]
    films = [row["film"] for row in _rows(connection, "SELECT DISTINCT film FROM runs ORDER BY film LIMIT 20")]
    raise ConfigurationError(
        f"These logs have no run of {name!r}.",
        f"Films in them: {', '.join(films)}." if films else "They hold no run at all: name another folder.",
    )


def text(found: Verdict, now: datetime, width: int) -> str:
    """Return a verdict as a person reads it."""
    age = table.duration(max(0.0, (now - found.when).total_seconds()))
    lines = [f"{found.film}: {found.state}, last event {age} ago (run {found.run_id})"]
    for cause in found.causes:
        place = stages.BY_NAME[cause.stage].folder if cause.stage in stages.BY_NAME else cause.stage or "pipeline"
        attempt = f", attempt {cause.attempt}" if cause.attempt else ""
        kind = f" ({cause.kind})" if cause.kind else ""
        mended = "; a later attempt succeeded" if cause.mended else ""
        lines += ["", f"{place}{attempt}: {cause.category.replace('_', ' ')}{kind}{mended}"]
        lines += table.hanging("  Why:  ", cause.message, width)
        paths = (("File", cause.file), ("Log", cause.log))
        lines += [f"  {label + ':':6}{printable(path)}" for label, path in paths if path]  # whole, to be copied
        lines += table.hanging("  Do:   ", cause.remedy, width)
        if cause.last_lines:
            lines.append("  Last lines of that log:")
            for line in cause.last_lines:
                lines += table.hanging("    │ ", line, width)
    if found.warnings:
        lines += ["", "Warnings:"]
        for stage, message in found.warnings:
            lines += table.hanging(f"  {stage}: ", message, width)
    if found.note:
        lines += ["", *table.hanging("Note: ", found.note, width)]
    return "\n".join(lines)


def state_of(run: Row) -> str:
    """Return in a word how a run stands, which is given as its row of ``runs``."""
    if run["status"]:
        return str(run["status"])
    if run["state"] == "open":
        return "silent" if run["silent_seconds"] > SILENT_SECONDS else "running"
    return "killed" if run["state"] == "killed" else "broken off"


def _cause(run: Row, row: Row, *, mended: bool) -> Cause:
    log, last_lines = _log(row["log_file"], row["stage"], row["attempt"])
    category = str(row["error_category"] or "bug").replace(" ", "_")
    message = row["error_message"] or "It failed and left no message."
    return Cause(
        run["film"],
        run["run_id"],
        row["stage"],
        row["attempt"],
        row["ended"],
        category,
        row["error_type"],
        message,
        row["error_file"],
        log,
        last_lines,
        REMEDIES.get(category, _NO_RECORD),
        mended,
    )


def _silent(run: Row, row: Row | None) -> Cause:
    """Return the cause of a run that stopped without a word: its disk is full, or it was killed."""
    stage, attempt = (row["stage"], row["attempt"]) if row else (None, None)
    log, last_lines = _log(row["log_file"], stage, attempt) if row and stage else (None, ())
    folder = sources.job_folder(run["log_file"])
    if _full(folder):
        category, message = "disk", f"The disk of {folder} is full: what happened could not be written down."
    else:
        category, message = "killed", "It stopped without a word: the process was killed, or the machine went down."
    file = str(folder) if category == "disk" else None
    when = run["last_event"]
    return Cause(
        run["film"],
        run["run_id"],
        stage,
        attempt,
        when,
        category,
        None,
        message,
        file,
        log,
        last_lines,
        REMEDIES[category],
    )


def _last_of_each_stage(rows: Sequence[Row]) -> list[Row]:
    return list({row["stage"]: row for row in sorted(rows, key=lambda row: row["attempt"])}.values())


def _log(event_log: str, stage: str, attempt: int | None) -> tuple[str | None, tuple[str, ...]]:
    """Return the log of an attempt and its last lines: those of the tool that failed, where there are some."""
    if stage not in stages.BY_NAME:
        return None, ()
    folder = sources.job_folder(event_log) / stages.BY_NAME[stage].folder
    path = folder / "attempts" / f"{attempt or 1:02d}" / "stage.log"
    try:
        lines = outside.read_text(path, errors="replace").splitlines()
    except OSError:
        return None, ()
    lines = [line for line in lines if not _NO_NEWS.search(line)]
    starts = [index for index, line in enumerate(lines) if any(heading in line for heading in _TOOL_HEADINGS)]
    if starts and starts[-1] + 1 < len(lines):
        lines = lines[starts[-1] + 1 :]
    return _shown_path(path), tuple(lines[-_LAST_LINES:])


def _shown_path(path: Path) -> str:
    """Return a path from the present folder where it lies below it: it is shorter to read and to copy."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def _rows(connection: duckdb.DuckDBPyConnection, query: str, *values: Any) -> list[Row]:
    found = connection.execute(query, list(values))
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
