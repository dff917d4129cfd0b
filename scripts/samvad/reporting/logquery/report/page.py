"""Write a report as one HTML file: no network, nothing that a name could smuggle in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from samvad.core import stages
from samvad.core.console import printable
from samvad.reporting.logquery import table
from samvad.reporting.logquery.report import draw
from samvad.reporting.logquery.report.data import Report, Run
from samvad.reporting.pages import filling

_HERE = Path(__file__).parent
_OPEN_RUNS = 60  # days with so many runs in all are open at first
_VOLUME_HEIGHT = 120


@dataclass(frozen=True)
class Group:
    """The runs that began on one day, on a time axis of their own."""

    title: str
    axis: draw.Axis
    runs: tuple[Run, ...]
    hours: str
    failed: int
    open: bool


@dataclass(frozen=True)
class Column:
    """A day's column in the picture of the volume; ``bad`` is the height of its failed part."""

    day: str
    x: float
    width: float
    y: float
    height: float
    bad: float
    hint: str


def render(report: Report) -> str:
    """Return the page of a report."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= _FILTERS
    single = report.runs[0] if len(report.runs) == 1 else None
    columns, most = _volume(report.days)
    style, script = _asset("style.css"), _asset("log.js" if report.log else "script.js")
    peaks = [one.peak_rss_mb for one in single.attempts if one.peak_rss_mb] if single else []
    values = {
        "report": report,
        "single": single,
        "axis": draw.axis_of(report.runs),
        "bar": draw.bar,
        "part_bar": draw.part_bar,
        "tiles": _run_tiles(single) if single else _shelf_tiles(report),
        "parts": _parts(report),
        "stages": [one for one in stages.STAGES if any(row.stage == one.name for row in report.figures)],
        "groups": [] if single else _groups(report.runs),
        "volume": columns if len(columns) > 1 else (),
        "volume_top": most,
        "verdicts": [found for found in report.verdicts if found.causes],
        "kinds": [] if single else _kinds(report),
        "warnings": report.verdicts[0].warnings if single and report.verdicts else (),
        "metrics": [(stage, list(rows)) for stage, rows in groupby(report.metrics, key=lambda row: row[0])],
        "last_attempt": {one.stage: one for one in single.attempts} if single else {},
        "memory_top": _memory_top(max(peaks)) if peaks else None,
        "longest": max((row.p95 for row in report.figures if row.p95), default=1.0),
        "style": style,
        "script": script,
        "policy": Markup(filling.policy(style, script)),
    }
    return environment.get_template("page.html.j2").render(values)


def _asset(name: str) -> Any:
    """Return a file of this folder, to be put into the page as it is."""
    from markupsafe import Markup

    return Markup((_HERE / name).read_text(encoding="utf-8"))


def _parts(report: Report) -> list[tuple[str, str]]:
    well = len(report.runs) == 1 and report.runs[0].state == "success"
    found = [("timeline", "Timeline"), ("failures", "What happened" if well else "Failures")]
    found += [("log", "Log")] if report.log else []
    found += [("stages", "Stages")]
    found += [("versions", "Versions and models")] if report.software else []
    found += [("told", "What recognition was told")] if report.told else []
    found += [("names", "Names")] if report.names else []
    return found + ([("figures", "Figures")] if report.metrics else [])


def _run_tiles(run: Run) -> list[tuple[str, str, str]]:
    done = [one for one in run.attempts if one.status == "success"]
    slowest = max(run.attempts, key=lambda one: one.seconds or 0.0, default=None)
    largest = max(run.attempts, key=lambda one: one.peak_rss_mb or 0.0, default=None)
    last = {one.stage: one.status for one in run.attempts}
    failed = sum(status == "failed" for status in last.values())
    return [
        ("Time", table.shown(run.seconds, "seconds"), f"film: {table.shown(run.film_seconds, 'seconds')}"),
        ("For a second of film", _per_second(run.factor), "below 1 s: faster than the film"),
        (
            "Stages",
            f"{sum(status in ('success', 'skipped') for status in last.values())}",
            f"{failed} failed, {_repeated(run)}",
        ),
        (
            "Slowest stage",
            slowest.stage if slowest else "–",
            table.shown(slowest.seconds if slowest else None, "seconds"),
        ),
        ("Peak memory", _mib(largest.peak_rss_mb if largest else None), largest.stage if largest else ""),
        ("From the cache", f"{sum(one.cached for one in done)}", f"of {len(done)} results"),
    ]


def _repeated(run: Run) -> str:
    count = len(run.attempts) - len({one.stage for one in run.attempts})
    return "1 attempt repeated" if count == 1 else f"{count} attempts repeated"


def _shelf_tiles(report: Report) -> list[tuple[str, str, str]]:
    runs = report.runs
    done = {(run.film, run.job_id): run for run in runs if run.state == "success"}
    ended = [run for run in runs if run.state in ("success", "failed")]
    known = [run for run in done.values() if run.seconds and run.film_seconds]
    film_seconds = sum(run.film_seconds or 0.0 for run in done.values())
    work = sum(run.seconds or 0.0 for run in known) / (sum(run.film_seconds or 0.0 for run in known) or 1)
    took = sorted(run.seconds for run in done.values() if run.seconds)
    attempts = sum(row.success for row in report.figures)
    cached = sum(row.cached for row in report.figures)
    films = len({(run.film, run.job_id) for run in runs})
    return [
        ("Films done", f"{len(done)}", f"of {films} films, in {len(runs)} runs"),
        (
            "Runs that succeeded",
            _share(len(done) and sum(run.state == "success" for run in ended) / len(ended)),
            "of those that ended",
        ),
        ("Film", table.duration(film_seconds), "in length, done"),
        ("For a second of film", _per_second(work if known else None), "of wall time"),
        ("A film takes", table.shown(took[len(took) // 2] if took else None, "seconds"), "half of them less"),
        ("From the cache", _share(cached / attempts if attempts else None), f"{cached} of {attempts} results"),
    ]


def _groups(runs: Sequence[Run]) -> list[Group]:
    found: list[Group] = []
    for day, members in groupby(runs, key=lambda run: run.began.date()):
        of_day = tuple(members)
        seconds = sum(run.film_seconds or 0.0 for run in of_day if run.state == "success")
        bad = sum(run.state != "success" for run in of_day)
        is_open = len(runs) <= _OPEN_RUNS or not found
        title = f"{day:%A}, {day.day} {day:%B %Y}"
        found.append(Group(title, draw.axis_of(of_day), of_day, table.duration(seconds), bad, is_open))
    return found


def _volume(days: Sequence[tuple[Any, ...]]) -> tuple[list[Column], int]:
    """Return the columns of the days, those without any run too, and the height of the tallest in runs."""
    if not days:
        return [], 0
    most = max((runs for _, runs, *_ in days), default=0) or 1
    whole = (days[-1][0] - days[0][0]).days + 1
    room = draw.WIDTH / whole
    width = min(0.84 * room, 36.0)
    scale = (_VOLUME_HEIGHT - 4) / most
    found = []
    for day, runs, done, hours, failed in days:
        height = round(runs * scale, 1)
        hint = f"{day}: {runs} runs, {done} films done, {hours:.1f} h of film, {failed} failed"
        x = round((day - days[0][0]).days * room + (room - width) / 2, 2)
        y = round(_VOLUME_HEIGHT - height, 1)
        found.append(Column(f"{day}", x, round(width, 2), y, height, round(failed * scale, 1), hint))
    return found, most


def _kinds(report: Report) -> list[tuple[str, str, int, int]]:
    causes = [
        (cause.stage or "pipeline", cause.category, cause.film) for one in report.verdicts for cause in one.causes
    ]
    counts = Counter((stage, category) for stage, category, _ in causes)
    films = Counter((stage, category) for stage, category, _ in set(causes))
    return [(stage, category, count, films[stage, category]) for (stage, category), count in counts.most_common()]


def _factor(value: float | None) -> str:
    return table.shown(value, "factor")


def _per_second(value: float | None) -> str:
    return "–" if value is None else f"{_factor(value)} s"


def _share(value: float | None) -> str:
    return table.shown(float(value), "share") if value is not None else "–"


def _mib(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value / 1024:.1f} GiB" if value >= 1000 else f"{value:.0f} MiB"


def _memory_top(mib: float) -> float:
    return 1024 * draw.round_up(mib / 1024) if mib >= 1000 else draw.round_up(mib)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"


def _folder(stage: str) -> str:
    return stages.BY_NAME[stage].folder if stage in stages.BY_NAME else printable(stage)


def _number(stage: str) -> int:
    return stages.BY_NAME[stage].number if stage in stages.BY_NAME else 0


def _moment(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S}"


_FILTERS: dict[str, Any] = {
    "factor": _factor,
    "figure": _figure,
    "folder": _folder,
    "mib": _mib,
    "moment": _moment,
    "number": _number,
    "colour": draw.colour,
    "seconds": lambda value: table.shown(value, "seconds"),
    "share": _share,
    "visible": printable,
}
