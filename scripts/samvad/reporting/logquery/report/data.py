"""Gather what a report shows, from the tables of ``views``; versions and models come from the manifests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samvad.core import stages, typed_json
from samvad.core.errors import SamvadError
from samvad.documents import costs, job_manifest, names, stage_manifest
from samvad.documents.provenance import Model
from samvad.logs import spans
from samvad.reporting.logquery import sources, store, why
from samvad.reporting.logquery.questions import QUESTIONS
from samvad.reporting.logquery.report import log_part, told

if TYPE_CHECKING:
    import duckdb


#: Run, job, stage and attempt.
_Key = tuple[str, str, str, int]
#: Names that no cast has, beside which a page shows no more.
_MAX_NAMES = 40


@dataclass(frozen=True)
class Part:
    """A part of an attempt's work that has a name: when it first began, and the seconds of all of it."""

    name: str
    began: datetime
    seconds: float
    times: int


@dataclass(frozen=True)
class Attempt:
    """An attempt of a stage. Seconds are wall time; ``cached`` results were taken from a cache."""

    stage: str
    attempt: int
    began: datetime
    ended: datetime
    status: str
    seconds: float | None
    peak_rss_mb: float | None
    cpu_seconds: float | None
    cached: bool
    warnings: int
    parts: tuple[Part, ...] = ()

    @property
    def number(self) -> int:
        """Return the stage's number; 0 for one that this version has not."""
        return stages.BY_NAME[self.stage].number if self.stage in stages.BY_NAME else 0


@dataclass(frozen=True)
class Run:
    """A run of a film: when, how it ended, and its attempts in order of time."""

    run_id: str
    film: str
    job_id: str
    began: datetime
    ended: datetime
    state: str
    seconds: float | None
    film_seconds: float | None
    log_file: str
    attempts: tuple[Attempt, ...]

    @property
    def factor(self) -> float | None:
        """Return seconds of the run for a second of film, or None where it did not succeed or one is not known."""
        if self.state != "success" or not self.seconds or not self.film_seconds:
            return None
        return self.seconds / self.film_seconds


@dataclass(frozen=True)
class StageFigures:
    """What the attempts of a stage have in common, over all logs that were read."""

    stage: str
    attempts: int
    success: int
    failed: int
    skipped: int
    cached: int
    success_rate: float | None
    p50: float | None
    p95: float | None
    factor: float | None
    peak_p50_mb: float | None
    peak_most_mb: float | None


@dataclass(frozen=True)
class Software:
    """What a stage ran with, as its manifest says."""

    stage: str
    environment: str
    device: str
    tools: tuple[str, ...]
    models: tuple[str, ...]


@dataclass(frozen=True)
class Named:
    """A character of the cast and how often it is named, or a name that no cast has (then without an actor)."""

    name: str
    actor: str
    count: int
    heard: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """All that a page shows.

    Attributes:
        title: of the page.
        made: when, UTC.
        runs: newest first; one alone for the report of a run.
        figures: by stage, of all logs.
        verdicts: of the runs that did not succeed, newest first.
        days: day, runs, films done, hours of film, failed runs.
        software: of the report of one run.
        host: machine, versions of Samvad and Python, commit, of the report of one run.
        metrics: stage, name, value, unit of the performance channel, of the report of one run.
        names: the cast in billing order, then other names, the most frequent first, of the report of one run.
        told: what the recogniser was told, and the film's own subtitles, by name, of the report of one run.
        log: all lines of the run and how its errors came to be, of the report of one run.
        cost: what the job has cost so far, in words, of the report of one run; empty where that was not recorded.
        credit: what TMDB asks to be said where its data is shown; empty where it is not.
    """

    title: str
    made: datetime
    runs: tuple[Run, ...]
    figures: tuple[StageFigures, ...]
    verdicts: tuple[why.Verdict, ...]
    days: tuple[tuple[Any, ...], ...] = ()
    software: tuple[Software, ...] = ()
    host: tuple[tuple[str, str], ...] = ()
    metrics: tuple[tuple[str, str, float, str], ...] = ()
    names: tuple[Named, ...] = ()
    credit: str = ""
    cost: str = ""
    told: tuple[tuple[str, str], ...] = ()
    log: log_part.LogPart | None = None
    notes: tuple[str, ...] = field(default=())


def of_shelf(connection: duckdb.DuckDBPyConnection, title: str, now: datetime) -> Report:
    """Return the report of all runs that the connection's tables have."""
    runs = _runs(connection, "true", ())
    rows = _dicts(connection, "FROM runs ORDER BY began DESC, film")
    verdicts = [why.verdict(connection, row, warnings=False) for row in rows if _went_wrong(row)]
    volume = connection.execute(QUESTIONS["volume"].sql).fetchall()
    days = tuple((day, runs, done, hours, failed) for day, runs, done, hours, failed, _ in reversed(volume))
    return Report(title, now, runs, _figures(connection), tuple(verdicts), days)


def of_run(connection: duckdb.DuckDBPyConnection, name: str, now: datetime) -> Report:
    """Return the report of the newest run of a film or job, or of a run; figures are those of all runs that were read.

    Raises:
        ConfigurationError: no run has that name.
    """
    rows = why.newest_run(connection, name)
    keys = {(row["film"], row["job_id"]) for row in rows}
    runs = tuple(run for run in _runs(connection, "run_id = ?", (rows[0]["run_id"],)) if (run.film, run.job_id) in keys)
    verdicts = tuple(why.verdict(connection, row) for row in rows)
    if len(runs) > 1:
        return Report(name, now, runs, _figures(connection), tuple(one for one in verdicts if one.causes))
    folder = sources.job_folder(runs[0].log_file)
    software, host = _software(folder)
    metrics = _metrics(folder, runs[0].run_id)
    named, credit = _names(folder)
    return Report(
        runs[0].film,
        now,
        runs,
        _figures(connection),
        verdicts,
        software=software,
        host=host,
        metrics=metrics,
        names=named,
        credit=credit,
        cost=_cost(folder),
        told=told.of_job(folder),
        log=log_part.of_run(folder, runs[0].run_id),
    )


def _went_wrong(row: why.Row) -> bool:
    return bool(row["status"] not in ("success", None) or row["state"] in ("killed", "replaced", "open"))


def _runs(connection: duckdb.DuckDBPyConnection, where: str, values: Iterable[Any]) -> tuple[Run, ...]:
    values = list(values)
    attempts: dict[tuple[str, str, str], list[why.Row]] = {}
    for row in _dicts(connection, f"FROM attempts WHERE {where} ORDER BY began, attempt", values):
        attempts.setdefault((row["run_id"], row["film"], row["job_id"]), []).append(row)
    parts = _parts(connection, where, values)
    found = []
    for row in _dicts(connection, f"FROM runs WHERE {where} ORDER BY began DESC, film", values):
        own = attempts.get((row["run_id"], row["film"], row["job_id"]), ())
        last = row["ended"] or row["last_event"]
        found.append(
            Run(
                run_id=row["run_id"],
                film=row["film"],
                job_id=row["job_id"],
                began=row["began"],
                ended=last,
                state=why.state_of(row),
                seconds=row["duration_seconds"],
                film_seconds=row["film_seconds"],
                log_file=row["log_file"],
                attempts=tuple(_attempt(one, last, parts) for one in own),
            )
        )
    return tuple(found)


def _parts(connection: duckdb.DuckDBPyConnection, where: str, values: list[Any]) -> dict[_Key, list[why.Row]]:
    """Return the parts of attempts' work that have a name, by run, job, stage and attempt."""
    found: dict[_Key, list[why.Row]] = {}
    query = f"""SELECT run_id, job_id, stage, attempt, message AS name, duration_seconds AS seconds,
        figure(counts->>'$.started_after') AS after, figure(counts->>'$.times') AS times
        FROM events WHERE event = 'span' AND stage IS NOT NULL AND {where} ORDER BY after"""
    for row in _dicts(connection, query, values):
        if row["name"] in spans.NAMES and row["seconds"] is not None and row["after"] is not None:
            found.setdefault((row["run_id"], row["job_id"], row["stage"], row["attempt"]), []).append(row)
    return found


def _attempt(row: why.Row, last: datetime, parts: Mapping[_Key, list[why.Row]]) -> Attempt:
    """Return an attempt; one without an end is shown up to the run's last event."""
    ended = row["ended"] or last
    seconds = row["duration_seconds"]
    # The result is written a little after the end of the stage: a bar is as long as the stage took.
    if seconds is not None and row["began"] is not None:
        ended = row["began"] + timedelta(seconds=seconds)
    began = row["began"] or ended
    own = parts.get((row["run_id"], row["job_id"], row["stage"], row["attempt"]), ())
    return Attempt(
        stage=row["stage"],
        attempt=row["attempt"],
        began=began,
        ended=ended,
        status=row["status"] or "no end",
        seconds=seconds,
        peak_rss_mb=row["peak_rss_mb"],
        cpu_seconds=row["cpu_seconds"],
        cached=bool(row["cache_hit"]),
        warnings=int(row["warnings"] or 0),
        parts=tuple(
            Part(one["name"], began + timedelta(seconds=one["after"]), one["seconds"], int(one["times"] or 1))
            for one in own
        ),
    )


def _figures(connection: duckdb.DuckDBPyConnection) -> tuple[StageFigures, ...]:
    def by_stage(question: str) -> dict[str, why.Row]:
        return {row["stage"]: row for row in _dicts(connection, QUESTIONS[question].sql)}

    durations, factors, memory, cache = map(by_stage, ("durations", "realtime", "memory", "cache"))
    nothing: why.Row = {}
    return tuple(
        StageFigures(
            stage=stage,
            attempts=row["attempts"],
            success=row["success"],
            failed=row["failed"],
            skipped=row["skipped"],
            cached=cache.get(stage, nothing).get("hits") or 0,
            success_rate=row["success_rate"],
            p50=durations.get(stage, nothing).get("p50"),
            p95=durations.get(stage, nothing).get("p95"),
            factor=factors.get(stage, nothing).get("factor"),
            peak_p50_mb=memory.get(stage, nothing).get("p50_mb"),
            peak_most_mb=memory.get(stage, nothing).get("most_mb"),
        )
        for stage, row in by_stage("success").items()
    )


def _software(folder: Path) -> tuple[tuple[Software, ...], tuple[tuple[str, str], ...]]:
    """Return what each stage ran with and what they ran on, as far as their manifests can be read."""
    found, host = [], {}
    for stage in stages.STAGES:
        manifest = stage_manifest.read_optional(folder / stage.folder / "manifest.json")
        if manifest is None:
            continue
        software, machine = manifest.software, manifest.host
        found.append(
            Software(
                stage.name,
                f"{software.environment}, Python {software.python}",
                software.device_actual or "–",
                tuple(f"{name} {version}" for name, version in software.tools.items()),
                tuple(_model(model) for model in software.models),
            )
        )
        changed = " (changed since)" if software.git_dirty else ""
        host = {
            "Samvad": f"{software.samvad}, commit {(software.git_commit or 'unknown')[:12]}{changed}",
            "Machine": f"{machine.name}: {machine.cpus} CPUs, {machine.memory_mb / 1024:.1f} GiB",
            "System": machine.system,
        }
    return tuple(found), tuple(host.items())


def _cost(folder: Path) -> str:
    manifest = job_manifest.read_optional(folder)
    cost = manifest.cost if manifest else None
    if cost is None:
        return ""
    return costs.told(cost.core_hours, cost.gpu_hours, cost.energy_kwh, costs.money(cost.amount, cost.currency))


@dataclass(frozen=True)
class _Credit:
    """What a film's metadata say of where they are from; empty of those from a file."""

    attribution: str = ""


def _names(folder: Path) -> tuple[tuple[Named, ...], str]:
    """Return who and what is named in the film, and TMDB's credit where the cast is from there."""
    try:
        found = names.read(folder / stages.BY_NAME["ner"].folder / "names.json")
    except SamvadError:
        return (), ""
    heard = {spelling: tuple(name.heard) for name in found.names for spelling in (name.text, name.target)}
    cast = [Named(item.character, item.actor, item.count, _heard_for(item.character, heard)) for item in found.cast]
    parts = {part for item in cast for part in (item.name, *item.name.split())}
    others = [name for name in found.names if not parts & {name.text, name.target}]
    listed = [Named(name.text, "", name.count, tuple(name.heard)) for name in others]
    try:
        path = folder / stages.BY_NAME["tmdb"].folder / "film_metadata.json"
        credit = typed_json.read(path, _Credit, "film metadata", "Run stage 02 again.").attribution
    except SamvadError:
        credit = ""
    return (*cast, *listed[:_MAX_NAMES]), credit


def _heard_for(character: str, heard: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(form for part in (character, *character.split()) for form in heard.get(part, ())))


def _model(model: Model) -> str:
    mark = model.revision or model.checksum or ""
    return f"{model.name} {mark.removeprefix('sha256:')[:12]}".strip()


def _metrics(folder: Path, run_id: str) -> tuple[tuple[str, str, float, str], ...]:
    """Return the last value of each figure that the stages of a run measured."""
    import duckdb

    if not folder.is_dir():
        return ()
    logs = [log for log in sources.find([str(folder)], performance=True) if log.kind in sources.FIGURES]
    connection = duckdb.connect()
    store.load(connection, logs, None)
    rows = connection.execute(
        """SELECT stage, split_part(message, ' ', 1) AS name,
            arg_max(figure(counts->>'$.value'), (attempt, ts)) AS value,
            arg_max(substr(message, length(split_part(message, ' ', 1)) + 2), (attempt, ts)) AS unit
        FROM all_events WHERE event = 'performance_metric' AND run_id = ? AND stage IS NOT NULL
        GROUP BY stage, name HAVING value IS NOT NULL ORDER BY stage, min(ts), name""",
        [run_id],
    ).fetchall()
    order = [stage.name for stage in stages.STAGES]
    return tuple(sorted(rows, key=lambda row: order.index(row[0]) if row[0] in order else len(order)))


def _dicts(connection: duckdb.DuckDBPyConnection, query: str, values: list[Any] | None = None) -> list[why.Row]:
    found = connection.execute(query, values or [])
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
