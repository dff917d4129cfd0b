"""What the questions are asked of: events within the user's filters, attempts of stages, and runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from samvad.core.errors import ConfigurationError
from samvad.reporting.logquery.store import quoted

if TYPE_CHECKING:
    import duckdb

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True)
class Filters:
    """Which events count.

    Attributes:
        since: from this moment on (UTC, without zone), or None.
        until: before this moment, or None.
        films: film ids; all when empty.
        stages: names of stages; all when empty.
    """

    since: datetime | None = None
    until: datetime | None = None
    films: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()


def moment(text: str, now: datetime, option: str) -> datetime:
    """Return the moment that a user named, in UTC without zone: an age such as ``90m``, a day, or a time in UTC.

    Raises:
        ConfigurationError: it is none of these.
    """
    age = re.fullmatch(r"(\d{1,5})([mhdw])", text)
    if age:
        return now - timedelta(**{_UNITS[age[2]]: int(age[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"{option} {text!r} is no time.",
            "Write 90m, 12h, 7d or 2w (that long ago), 2025-11-27 or 2025-11-27T13:30Z.",
        ) from None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def make(connection: duckdb.DuckDBPyConnection, filters: Filters, now: datetime) -> None:
    """Make the tables ``attempts`` and ``runs`` and the view ``events`` from ``all_events``.

    ``events`` keeps to every filter; ``attempts`` also, by when the stage began; ``runs`` keeps to films and when the
    run began (a run of many films has a row for each). ``film_lengths`` has the seconds of each film that a run told.

    Args:
        connection: with the view ``all_events`` of ``store.load``.
        filters: the user's.
        now: present moment, UTC without zone.
    """
    films = _among("film", filters.films)
    stages = _among("stage", filters.stages)
    run = connection.execute
    run(
        f"CREATE OR REPLACE TEMP VIEW events AS SELECT * FROM all_events WHERE {_between('ts', filters, films, stages)}"
    )
    run(_MILESTONES.format(films=films))
    run(_FILM_LENGTHS)
    run(_TRIES.format(where=_between("began", filters, stages)))
    run(_RUNS.format(where=_between("began", filters), now=quoted(now.isoformat())))


def processes_gone(connection: duckdb.DuckDBPyConnection, host: str) -> None:
    """Set ``gone`` of open runs that began on this machine and whose process is no more."""
    found = connection.execute(
        "SELECT DISTINCT pid, epoch(began) FROM runs WHERE state = 'open' AND host = ? AND pid IS NOT NULL", [host]
    ).fetchall()
    for pid, began in found:
        if not _is_alive(pid, began):
            connection.execute(
                "UPDATE runs SET state = 'killed' WHERE pid = ? AND epoch(began) = ? AND host = ? AND state = 'open'",
                [pid, began, host],
            )


def _is_alive(pid: int, began: float) -> bool:
    """Return whether a process that wrote at a moment (seconds since 1970) lives: a later one may bear its number."""
    import psutil

    try:
        return bool(psutil.Process(pid).create_time() <= began + 1)
    except psutil.AccessDenied:
        return True
    except psutil.Error:
        return False


def _among(column: str, values: Sequence[str]) -> str:
    return f"{column} IN ({', '.join(map(quoted, values))})" if values else "true"


def _between(column: str, filters: Filters, *more: str) -> str:
    parts = [part for part in more if part != "true"]
    if filters.since:
        parts.append(f"{column} >= TIMESTAMP {quoted(filters.since.isoformat(sep=' '))}")
    if filters.until:
        parts.append(f"{column} < TIMESTAMP {quoted(filters.until.isoformat(sep=' '))}")
    return " AND ".join(parts) or "true"


# Few lines of a log say where a run stands. They are gathered once; the rest (text and progress) is left where it is.
_MILESTONES = """
CREATE OR REPLACE TEMP TABLE milestones AS
SELECT ts, event, run_id, film, job_id, stage, attempt, status, duration_seconds, counts,
    error_type, error_category, error_message, error_file, traceback, host, pid, log_file,
    CASE WHEN event = 'stage_result' THEN 'result'
         WHEN event = stage || '_started' THEN 'started'
         WHEN event IN (stage || '_completed', stage || '_failed') THEN 'ended' ELSE event END AS what
FROM all_events
WHERE NOT routine AND {films} AND run_id IS NOT NULL AND film IS NOT NULL AND job_id IS NOT NULL
"""

_FILM_LENGTHS = """
CREATE OR REPLACE TEMP TABLE film_lengths AS
WITH told AS (
    SELECT film, job_id, ts, figure(counts->>'$.film_seconds') AS film_seconds
    FROM milestones WHERE event = 'job_finished')
SELECT film, job_id, arg_max(film_seconds, ts) AS film_seconds FROM told WHERE film_seconds > 0 GROUP BY ALL
"""

# The orchestrating process's word on an attempt (stage_result) counts; a stage that was run by hand has only its own.
# Rows are picked by number: to carry their columns through the grouping takes three times as long.
_TRIES = """
CREATE OR REPLACE TEMP TABLE attempts AS
WITH rows AS (
    SELECT rowid AS number, run_id, film, job_id, stage, coalesce(attempt, 1) AS attempt, ts, what,
        CASE what WHEN 'result' THEN 2 WHEN 'ended' THEN 1 ELSE 0 END AS weight
    FROM milestones WHERE stage IS NOT NULL AND what IN ('result', 'started', 'ended')),
grouped AS (
    SELECT run_id, film, job_id, stage, attempt, max(weight) AS weight,
        arg_max(number, weight * 10000000000000000 + epoch_us(ts)) AS number,
        min(ts) FILTER (what = 'started') AS said_began, max(ts) FILTER (weight > 0) AS ended
    FROM rows GROUP BY ALL),
flat AS (
    SELECT g.run_id, g.film, g.job_id, g.stage, g.attempt,
        coalesce(said_began, ended - to_milliseconds((1000 * coalesce(duration_seconds, 0))::BIGINT)) AS began, ended,
        CASE WHEN weight > 0 THEN status END AS status,
        CASE WHEN weight > 0 THEN duration_seconds END AS duration_seconds,
        json_extract_string(
            counts, ['$.peak_rss_mb', '$.cpu_seconds', '$.output_bytes', '$.warnings', '$.cache_hit']) AS c,
        error_type, error_category, error_message, error_file, traceback, host, log_file
    FROM grouped AS g JOIN milestones AS m ON m.rowid = g.number)
SELECT * EXCLUDE (c), figure(c[1]) AS peak_rss_mb, figure(c[2]) AS cpu_seconds,
    figure(c[3]) AS output_bytes, figure(c[4]) AS warnings,
    figure(c[5]) AS cache_hit
FROM flat WHERE {where}
"""

# Of the runs that have not said their end: "open" may go on now; "replaced" is over, for its job has been run since.
_RUNS = """
CREATE OR REPLACE TEMP TABLE runs AS
WITH spans AS (
    SELECT run_id, film, job_id, min(ts) AS began, max(ts) AS last_milestone, any_value(log_file) AS log_file
    FROM milestones GROUP BY ALL),
receipts AS (
    SELECT run_id, film, job_id, arg_min(host, ts) AS host, arg_min(pid, ts) AS pid
    FROM milestones WHERE event = 'job_received' GROUP BY ALL),
ends AS (
    SELECT run_id, film, job_id, max(ts) AS ended, arg_max(status, ts) AS status,
        arg_max(duration_seconds, ts) AS duration_seconds, arg_max(counts, ts) AS counts
    FROM milestones WHERE event = 'job_finished' GROUP BY ALL),
silence AS (
    SELECT run_id, film, job_id, max(ts) AS last_event FROM all_events
    WHERE run_id IN (SELECT run_id FROM spans ANTI JOIN ends USING (run_id, film, job_id)) GROUP BY ALL),
all_runs AS (
    SELECT s.run_id, s.film, s.job_id, began, ended, e.status, e.duration_seconds,
        greatest(last_milestone, last_event) AS last_event,
        coalesce(l.film_seconds, (SELECT max(film_seconds) FROM film_lengths o WHERE o.film = s.film)) AS film_seconds,
        try_cast(counts->>'$.stages_success' AS INTEGER) AS stages_success,
        try_cast(counts->>'$.stages_failed' AS INTEGER) AS stages_failed,
        try_cast(counts->>'$.stages_skipped' AS INTEGER) AS stages_skipped,
        try_cast(counts->>'$.cache_hits' AS INTEGER) AS cache_hits, r.host, r.pid, log_file,
        CASE WHEN ended IS NOT NULL THEN 'ended'
             WHEN began < max(began) OVER (PARTITION BY s.film, s.job_id) THEN 'replaced'
             WHEN r.run_id IS NULL THEN 'by hand' ELSE 'open' END AS state,
        greatest(0, epoch(TIMESTAMP {now} - greatest(last_milestone, last_event))) AS silent_seconds
    FROM spans AS s LEFT JOIN receipts AS r USING (run_id, film, job_id)
    LEFT JOIN ends AS e USING (run_id, film, job_id)
    LEFT JOIN silence USING (run_id, film, job_id)
    LEFT JOIN film_lengths AS l ON l.film = s.film AND l.job_id = s.job_id)
SELECT * FROM all_runs WHERE {where}
"""
