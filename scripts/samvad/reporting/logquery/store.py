"""Load event logs into DuckDB, and keep what was read as Parquet, so that the next question is answered at once.

The index is a cache: a folder with Parquet files and ``catalog.json``, which says which version (size and time of last
change) of which log they hold. Deleting it costs nothing but the time to read the logs again. Every file of it is
written beside its place and renamed, and one that cannot be read is passed over.
"""

from __future__ import annotations

import glob
import hashlib
import logging
import os
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samvad.core import files, outside
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.reporting.logquery import sources
from samvad.reporting.logquery.sources import Source

if TYPE_CHECKING:
    import duckdb

log = logging.getLogger(__name__)

#: The columns of an event, with their types. Anything else on a line is left out.
COLUMNS: dict[str, str] = {
    "ts": "TIMESTAMP",
    "level": "VARCHAR",
    "event": "VARCHAR",
    "message": "VARCHAR",
    "run_id": "VARCHAR",
    "film": "VARCHAR",
    "job_id": "VARCHAR",
    "parent_job_id": "VARCHAR",
    "parent_run_id": "VARCHAR",
    "stage": "VARCHAR",
    "attempt": "INTEGER",
    "status": "VARCHAR",
    "duration_seconds": "DOUBLE",
    "counts": "JSON",
    "facts": "JSON",
    "error_type": "VARCHAR",
    "error_category": "VARCHAR",
    "error_message": "VARCHAR",
    "error_file": "VARCHAR",
    "error_at_ms": "BIGINT",
    "error_segment": "BIGINT",
    "traceback": "VARCHAR",
    "logger": "VARCHAR",
    "host": "VARCHAR",
    "pid": "BIGINT",
    "thread": "VARCHAR",
}
_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
#: What a field may hold, where no more than its type is known: with moments and numbers beyond, no sum can be made.
_WITHIN = {
    "ts": "BETWEEN TIMESTAMP '1971-01-01' AND TIMESTAMP '2200-01-01'",
    "attempt": "BETWEEN 0 AND 1000000",
    "duration_seconds": "BETWEEN 0 AND 1e9",
    "pid": "BETWEEN 1 AND 4294967295",
}
_READ = ", ".join(
    f'CASE WHEN "{name}" {_WITHIN[name]} THEN "{name}" END AS "{name}"' if name in _WITHIN else f'"{name}"'
    for name in COLUMNS
)
#: A number out of a text, where it is one that can be reckoned with: ``NaN`` is greater than all others to DuckDB.
_FIGURE = """CREATE OR REPLACE TEMP MACRO figure(told) AS
    CASE WHEN abs(try_cast(told AS DOUBLE)) < 1e15 THEN try_cast(told AS DOUBLE) END"""
_ROW = f"{_NAMES}, log_file, kind, file_id, routine"
#: Events that tell how far a stage is; nearly all lines are of these, and few questions need them.
ROUTINE = ("log", "progress", "performance_metric")
_NO_ROWS = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in COLUMNS.items())

_VERSION = 3
_WORTH_KEEPING_BYTES = 4 << 20  # less than this is read faster than an index is written
_MAX_PARTS = 48  # two for each time that logs were added
_ORPHAN_SECONDS = 3600


@dataclass
class Catalog:
    """What an index holds.

    Attributes:
        parts: names of its Parquet files.
        logs: for each log: id of the version read, its size and time of last change, lines and foreign lines in it.
        next_id: the id of the next version of a log.
        stale: whether the parts also hold versions that have been replaced.
    """

    parts: list[str] = field(default_factory=list)
    logs: dict[str, list[int]] = field(default_factory=dict)
    next_id: int = 1
    stale: bool = False


@dataclass(frozen=True)
class Loaded:
    """What was read: logs, lines, and how many lines are no events (torn, or of something else)."""

    logs: int
    lines: int
    foreign: int
    foreign_logs: tuple[str, ...]


def load(connection: duckdb.DuckDBPyConnection, logs: Sequence[Source], index: Path | None) -> Loaded:
    """Give the connection a view ``all_events`` of the events in these logs, each event once, and the macro ``figure``.

    Args:
        connection: to an in-memory database.
        logs: from ``sources.find``.
        index: folder of the index, or None to do without.
    """
    import duckdb

    connection.execute(_FIGURE)
    if index:
        try:
            return _load(connection, logs, index)
        except (duckdb.Error, OSError, SamvadError, KeyError, ValueError, TypeError) as error:
            log.warning("The index %s is of no use (%s); reading the logs themselves.", index, error)
    return _load(connection, logs, None)


def check_query(connection: duckdb.DuckDBPyConnection, query: str, index: Path | None) -> None:
    """Make sure that a query reads what was loaded and nothing else; keep the connection from all files from now on.

    Args:
        connection: what was loaded.
        query: what somebody asks.
        index: folder of the index, whose files the views read.

    Raises:
        ConfigurationError: it is empty, several, or does something else than asking.
        duckdb.Error: it is no SQL.
    """
    import duckdb

    kinds = [statement.type for statement in connection.extract_statements(query)]
    asks = duckdb.StatementType.SELECT
    # PIVOT is two statements: a type is made, then it is asked.
    if kinds not in ([asks], [duckdb.StatementType.CREATE, asks]) or query.lstrip().lower().startswith("create"):
        raise ConfigurationError("The query is not one SELECT (or DESCRIBE, SHOW, PIVOT).", "It only asks.")
    if index is not None:
        connection.execute("SET allowed_directories = [?]", [str(index)])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def index_folder(places: Sequence[str]) -> Path:
    """Return the folder of the index of all logs below the places: in the cache, named by where they are."""
    root = os.path.commonpath([os.path.realpath(place) for place in places]) if places else ""
    return files.cache_folder() / "events" / hashlib.sha256(root.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _load(connection: duckdb.DuckDBPyConnection, logs: Sequence[Source], index: Path | None) -> Loaded:
    catalog = _read_catalog(index) if index else Catalog()
    known = [found for found in logs if _is_known(catalog, found)]
    fresh = [found for found in logs if not _is_known(catalog, found)]
    if len(catalog.parts) > _MAX_PARTS or 2 * len(known) < len(catalog.logs):
        catalog, known, fresh = Catalog(next_id=catalog.next_id), [], list(logs)
    ids = {found.path: catalog.next_id + number for number, found in enumerate(fresh)}
    connection.execute("DROP VIEW IF EXISTS all_events")
    _read_fresh(connection, fresh, ids)
    figures = _figures(connection, fresh, ids)
    parts = [str(index / part) for part in catalog.parts] if index and known else []
    wanted = [catalog.logs[found.path][0] for found in known]
    _make_view(connection, parts, wanted, every=len(known) == len(catalog.logs) and not catalog.stale)
    seen = [catalog.logs[found.path] for found in known] + list(figures.values())
    if index and sum(found.size for found in fresh) >= _WORTH_KEEPING_BYTES:
        _keep(connection, index, catalog, figures)
    foreign = [path for path, found in figures.items() if found[4]]
    foreign += [found.path for found in known if catalog.logs[found.path][4]]
    return Loaded(len(logs), sum(one[3] for one in seen), sum(one[4] for one in seen), tuple(sorted(foreign)))


def _is_known(catalog: Catalog, found: Source) -> bool:
    entry = catalog.logs.get(found.path)
    return entry is not None and entry[1:3] == [found.size, found.mtime_ns]


def _read_fresh(connection: duckdb.DuckDBPyConnection, fresh: Sequence[Source], ids: dict[str, int]) -> None:
    """Read logs into the table ``fresh``. A line that is no event becomes a row without ``ts``."""
    connection.execute("CREATE OR REPLACE TEMP TABLE fresh_logs (log_file VARCHAR, kind VARCHAR, file_id INTEGER)")
    present = [found for found in fresh if found.size and Path(found.path).exists()]
    if not present:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE fresh AS SELECT {_NO_ROWS}, '' AS log_file, '' AS kind, 0 AS file_id, "
            "false AS routine LIMIT 0"
        )
        return
    connection.execute(
        "INSERT INTO fresh_logs SELECT unnest(?), unnest(?), unnest(?)",
        [
            [found.path for found in present],
            [found.kind for found in present],
            [ids[found.path] for found in present],
        ],
    )
    # Fields of a wrong type, or beyond all measure, and lines that are not JSON become NULL. DuckDB reads names of
    # files as patterns.
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE fresh AS
        SELECT {_READ}, log_file, kind, file_id, coalesce(event IN {ROUTINE}, false) AS routine
        FROM read_json(?, format = 'newline_delimited', columns = ?, ignore_errors = true,
                       filename = 'log_file', hive_partitioning = false)
        JOIN fresh_logs USING (log_file)""",
        [[glob.escape(found.path) for found in present], COLUMNS],
    )


def _figures(
    connection: duckdb.DuckDBPyConnection, fresh: Sequence[Source], ids: dict[str, int]
) -> dict[str, list[int]]:
    counted = connection.execute(
        "SELECT file_id, count(*), count(*) FILTER (ts IS NULL OR event IS NULL) FROM fresh GROUP BY file_id"
    ).fetchall()
    lines = {number: (total, foreign) for number, total, foreign in counted}
    return {
        found.path: [ids[found.path], found.size, found.mtime_ns, *lines.get(ids[found.path], (0, 0))]
        for found in fresh
    }


def _make_view(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[str], wanted: Sequence[int], *, every: bool
) -> None:
    """Make ``all_events`` of the index and the fresh logs, with what an attempt's log says only where no run does."""
    both = f"SELECT {_ROW} FROM fresh WHERE ts IS NOT NULL AND event IS NOT NULL"
    if parts:
        names = ", ".join(quoted(glob.escape(part)) for part in parts)
        both += f" UNION ALL SELECT {_ROW} FROM read_parquet([{names}])"
        if not every:
            connection.execute("CREATE OR REPLACE TEMP TABLE wanted (file_id INTEGER)")
            connection.execute("INSERT INTO wanted SELECT unnest(?)", [list(wanted)])
            both += " WHERE file_id IN (FROM wanted)"
    key = "ts, event, message, run_id, stage, attempt, level, pid, thread, logger, counts::VARCHAR AS counts_text"
    same = "ts, event, message, run_id, stage, attempt, level, pid, thread, logger, counts_text"
    own = ", ".join(map(quoted, sources.MERGED_FROM.values()))
    connection.execute(f"CREATE OR REPLACE TEMP VIEW loaded AS {both}")
    # A line that occurs twice in an attempt's log and once in its run's is there once more: copies are counted.
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE unmerged AS
        WITH own AS (SELECT *, {key.rsplit(", ", 1)[1]} FROM loaded WHERE kind IN ({own})),
        numbered AS (SELECT *, row_number() OVER (PARTITION BY {same}) AS copy FROM own),
        merged AS (SELECT {same}, count(*) AS copies FROM (
            SELECT {key} FROM loaded
            WHERE kind NOT IN ({own}) AND run_id IN (SELECT run_id FROM own)) GROUP BY ALL)
        SELECT {_ROW} FROM numbered AS n WHERE NOT EXISTS (
            SELECT 1 FROM merged AS m WHERE copies >= copy AND
            {" AND ".join(f"n.{name} IS NOT DISTINCT FROM m.{name}" for name in same.split(", "))})"""
    )
    connection.execute(
        f"""CREATE OR REPLACE TEMP VIEW all_events AS
        SELECT {_ROW} FROM loaded WHERE kind NOT IN ({own}) UNION ALL SELECT {_ROW} FROM unmerged"""
    )


def _keep(connection: duckdb.DuckDBPyConnection, index: Path, catalog: Catalog, figures: dict[str, list[int]]) -> None:
    """Write the fresh logs into the index. A full disk or a folder of someone else's costs only time."""
    import duckdb

    name = uuid.uuid4().hex
    new = {f"{name}-{kind}.parquet": kind == "routine" for kind in ("milestones", "routine")}
    try:
        index.mkdir(parents=True, exist_ok=True, mode=0o700)
        for part, routine in new.items():
            temporary = index / f".{part}.tmp"
            connection.execute(
                f"""COPY (SELECT {_ROW} FROM fresh WHERE ts IS NOT NULL AND event IS NOT NULL AND routine = {routine})
                TO {quoted(str(temporary))} (FORMAT parquet, COMPRESSION snappy)"""
            )
            temporary.replace(index / part)
        parts = [*catalog.parts, *new]
        kept = {
            "version": _VERSION,
            "columns": COLUMNS,
            "parts": parts,
            "next_id": catalog.next_id + len(figures),
            "logs": catalog.logs | figures,
            "stale": catalog.stale or not catalog.logs.keys().isdisjoint(figures),
        }
        files.write_json(index / "catalog.json", kept)
        _sweep(index, parts)
    except (duckdb.Error, OSError, SamvadError) as error:
        log.warning("The index could not be written (%s); the answers are right all the same.", error)


def _sweep(index: Path, parts: Sequence[str]) -> None:
    """Remove what no catalog names any more, unless another process may be about to name it."""
    for path in index.iterdir():
        if path.name not in parts and path.name != "catalog.json":
            try:
                if path.stat().st_mtime < time.time() - _ORPHAN_SECONDS:
                    path.unlink()
            except FileNotFoundError:
                continue


def _read_catalog(index: Path) -> Catalog:
    try:
        value: dict[str, Any] = outside.json_value(outside.read_bytes(index / "catalog.json"))
    except FileNotFoundError:
        return Catalog()
    if value["version"] != _VERSION or value["columns"] != COLUMNS:
        return Catalog()
    return Catalog(value["parts"], value["logs"], value["next_id"], value["stale"])


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
