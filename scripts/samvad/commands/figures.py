"""Write tables to go on counting with: what each stage of each film took, cues and the rules they break, words."""

from __future__ import annotations

import argparse
import io
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samvad.commands import _parsing
from samvad.core import console, files, stages, typed_json
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.documents import costs, job_folder, segments, subtitle_check
from samvad.documents.costs import Prices
from samvad.documents.job_folder import Job
from samvad.documents.segments import Segment
from samvad.documents.stage_manifest import StageManifest
from samvad.documents.subtitle_check import TrackCheck
from samvad.settings import configuration, naming

if TYPE_CHECKING:
    import pandas as pd

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

#: Columns of the table of stages, by what manifests call them.
_STAGE_COLUMNS = {
    "film": "film",
    "title": "title",
    "job_folder": "job_folder",
    "run_id": "run_id",
    "stage_number": "stage_number",
    "stage": "stage",
    "status": "status",
    "attempt": "attempt",
    "started_at": "started_at",
    "resources.wall_seconds": "wall_seconds",
    "resources.cpu_seconds": "cpu_seconds",
    "resources.peak_rss_mb": "peak_memory_mb",
    "resources.gpu_memory_mb": "gpu_memory_mb",
    "core_hours": "core_hours",
    "gpu_hours": "gpu_hours",
    "energy_kwh": "energy_kwh",
    "cost": "cost",
    "currency": "currency",
    "audio_seconds": "audio_seconds",
    "real_time_factor": "real_time_factor",
    "cache.hit": "cache_hit",
    "software.device_actual": "device",
    "models": "models",
    "warnings": "warnings",
    "error": "error",
}
_WORD_COLUMNS = [
    *("film", "title", "job_folder", "audio_seconds", "language", "segment", "speaker", "kind", "verdict"),
    *("word", "text", "start_ms", "end_ms", "score"),
]
_TRACK = ["job_folder", "language"]
#: Rows that a sheet of .xlsx may have below its headings, and signs that none can hold.
_MOST_ROWS = (1 << 20) - 1
_UNFIT = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_EXAMPLES = """examples:
  ./samvad figures                              the table of stages of all jobs, as CSV
  ./samvad figures FILM --table words --json
  ./samvad figures out --xlsx figures.xlsx      a workbook with all tables; --csv DIR, --parquet DIR

docs/figures.md has every column with its unit."""
#: A spreadsheet takes a cell that begins so for a formula, which may call a program or send data away.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = _parsing.Parser(description=__doc__, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument(
        "place", nargs="*", type=naming.place, help="a film, a job's folder, or one above jobs; default: output_root"
    )
    made.add_argument("--table", choices=tuple(_TABLES), default="stages", help="which to print (default: stages)")
    made.add_argument("--json", action="store_true", help="print it as JSON, not as CSV")
    made.add_argument("--csv", type=console.path, metavar="DIR", help="write all, as stages.csv, cues.csv, words.csv")
    made.add_argument("--xlsx", type=console.path, metavar="FILE", help="write all, as sheets of one workbook")
    made.add_argument("--parquet", type=console.path, metavar="DIR", help="write all, as stages.parquet and so on")
    return made


def main(argv: list[str] | None = None) -> int:
    """Print a table, or write both."""
    options = parser().parse_args(argv)
    try:
        places = options.place or [naming.output_root(configuration.project())]
        jobs = [job_folder.load(folder) for folder in job_folder.find(places)]
        broken = sum(bool(record.problems) for job in jobs for record in (*job.attempts, *job.final.values()))
        if broken:
            print(f"{broken} manifests are left out: `./samvad verify JOB` says what is wrong.", file=sys.stderr)
        if not (options.csv or options.xlsx or options.parquet):
            table = _TABLES[options.table](jobs)
            print(_as_json(table) if options.json else as_csv(table), end="")
            return 0
        tables = {name: make(jobs) for name, make in _TABLES.items()}
        for path in [
            *(_write_csv(tables, options.csv) if options.csv else []),
            *([_write_workbook(tables, options.xlsx)] if options.xlsx else []),
            *(_write_parquet(tables, options.parquet) if options.parquet else []),
        ]:
            print(path)
    except SamvadError as error:
        console.complain("samvad figures", error)
        return error.exit_code
    return 0


def stages_table(jobs: Sequence[Job]) -> pd.DataFrame:
    """Return a row for each stage of each job: its last attempt. The factor is seconds of work for one of sound."""
    import pandas as pd

    prices = configuration.prices(configuration.project())
    rows = [
        {**typed_json.plain(manifest), **_film(job), **_cost(manifest, prices)}
        for job in jobs
        for manifest in _last_attempts(job)
    ]
    table = pd.json_normalize(rows).reindex(columns=[*_STAGE_COLUMNS, "errors", "software.models"])
    table["models"] = table["software.models"].map(lambda models: " ".join(model["name"] for model in models))
    table["error"] = table["errors"].map(lambda errors: errors[-1]["category"] if errors else None)
    table["warnings"] = table["warnings"].map(len)
    worked = (table["status"] == "success") & ~table["cache.hit"].eq(True)
    table["real_time_factor"] = (table["resources.wall_seconds"] / table["audio_seconds"]).where(worked).round(4)
    return table[[*_STAGE_COLUMNS]].rename(columns=_STAGE_COLUMNS).convert_dtypes()


def cues_table(jobs: Sequence[Job]) -> pd.DataFrame:
    """Return a row for each cue of each track, with the number of its breaches by rule; cues count from 1."""
    import pandas as pd

    cues, breaches, rules = [], [], dict.fromkeys(["errors", "warnings"])
    for job in jobs:
        for track in _checked_tracks(job):
            about = {**_film(job), "language": track.language}
            cues += [{**about, "cue": number} for number in range(1, track.cues + 1)]
            rules |= dict.fromkeys(item.rule for item in track.rules)
            for item in track.findings:
                names = (item.rule, f"{item.level}s")
                breaches += [{**about, "cue": item.cue, "counted": name} for name in names]
    key = [*_TRACK, "cue"]
    found = pd.DataFrame(breaches, columns=[*key, "counted"])
    counts = found.groupby([*key, "counted"]).size().unstack("counted").reindex(columns=list(rules)).reset_index()
    table = pd.DataFrame(cues, columns=["film", "title", *key]).astype({"cue": "int64"})
    table = table.merge(counts.astype({"cue": "int64"}), how="left", on=key)
    return table.fillna(dict.fromkeys(rules, 0)).astype(dict.fromkeys(rules, "int64"))


def words_table(jobs: Sequence[Job]) -> pd.DataFrame:
    """Return a row for each word that was recognised, as the last stage that carries segments left it."""
    import pandas as pd

    rows = [
        {
            **_film(job),
            "language": segment.language,
            "segment": segment.id,
            "speaker": segment.speaker,
            "kind": segment.kind,
            "verdict": segment.verdict,
            "word": number,
            "text": word.text,
            "start_ms": word.start_ms,
            "end_ms": word.end_ms,
            "score": word.score,
        }
        for job in jobs
        for segment in _segments(job)
        for number, word in enumerate(segment.words, 1)
    ]
    return pd.DataFrame(rows, columns=_WORD_COLUMNS).convert_dtypes()


#: What can be asked for, by its name.
_TABLES = {"stages": stages_table, "cues": cues_table, "words": words_table}


def as_csv(table: pd.DataFrame) -> str:
    """Return a table as CSV with a line of headings; a text that a spreadsheet would run begins with an apostrophe."""
    return str(_safe(table).to_csv(index=False, lineterminator="\n"))


def _safe(table: pd.DataFrame) -> pd.DataFrame:
    return table.map(lambda value: f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value)


def _as_json(table: pd.DataFrame) -> str:
    return str(table.to_json(orient="records", force_ascii=False, indent=2)) + "\n"


def _write_csv(tables: Mapping[str, pd.DataFrame], folder: Path) -> Iterator[Path]:
    for name, table in tables.items():
        files.write_text(folder / f"{name}.csv", as_csv(table))
        yield folder / f"{name}.csv"


def _write_workbook(tables: Mapping[str, pd.DataFrame], path: Path) -> Path:
    """Write a sheet for each table.

    Raises:
        ConfigurationError: a table has more rows than a sheet may have.
    """
    import pandas as pd

    for name, table in tables.items():
        if len(table) > _MOST_ROWS:
            what = f"The table of {name} has {len(table)} rows, and a sheet takes {_MOST_ROWS}."
            raise ConfigurationError(what, "Write --csv or --parquet, or name fewer films.", path=str(path))
    made = io.BytesIO()
    with pd.ExcelWriter(made, engine="openpyxl") as book:
        for name, table in tables.items():
            shown = _safe(table).map(lambda value: _UNFIT.sub(" ", value) if isinstance(value, str) else value)
            shown.to_excel(book, sheet_name=name, index=False)
    files.write_bytes(path, made.getvalue())
    return path


def _write_parquet(tables: Mapping[str, pd.DataFrame], folder: Path) -> Iterator[Path]:
    import duckdb

    for name, table in tables.items():
        path = folder / f"{name}.parquet"
        with tempfile.TemporaryDirectory() as away, duckdb.connect() as database:
            database.register("shown", table)
            database.table("shown").write_parquet(f"{away}/made")
            files.write_bytes(path, Path(away, "made").read_bytes())
        yield path


def _segments(job: Job) -> Sequence[Segment]:
    for stage in reversed(stages.STAGES):
        made = job.final[stage.name].valid if stage.writes_segments and stage.name in job.final else None
        for output in made.outputs if made else ():
            if output.type == "segments" and (job.folder / output.path).is_file():
                try:
                    return segments.read(job.folder / output.path).segments
                except SamvadError as error:  # of one film: the others are told
                    console.complain("samvad figures: left out", error)
                    return ()
    return ()


def _film(job: Job) -> dict[str, Any]:
    demux = job.final["demux"].valid if "demux" in job.final else None
    outputs = demux.outputs if demux else ()
    lengths = [item.media.duration_ms for item in outputs if item.type == "audio" and item.media]
    return {
        "film": job.film,
        "title": job.run.title if job.run else None,
        "job_folder": console.printable(job.folder),
        "audio_seconds": next((length / 1000 for length in lengths if length), float("nan")),
    }


def _cost(manifest: StageManifest, prices: Prices | None) -> dict[str, Any]:
    """Return what an attempt has taken of machines, and what that costs by the prices of today."""
    use = costs.use_of(manifest)
    return {
        "core_hours": use.core_hours,
        "gpu_hours": sum(use.gpu_hours.values()),
        "energy_kwh": use.energy_kwh,
        "cost": use.cost(prices),
        "currency": prices.currency if prices else None,
    }


def _last_attempts(job: Job) -> Iterator[StageManifest]:
    last: dict[str, StageManifest] = {}
    for record in [*job.attempts, *job.final.values()]:
        told = record.valid
        if told and told.attempt >= last.get(record.stage.name, told).attempt:
            last[record.stage.name] = told
    return iter(sorted(last.values(), key=lambda manifest: manifest.stage_number))


def _checked_tracks(job: Job) -> Iterator[TrackCheck]:
    made = job.final["subtitle_gen"].valid if "subtitle_gen" in job.final else None
    for output in made.outputs if made else ():
        path = job.folder / output.path
        if output.type == "qc" and path.is_file():
            yield from subtitle_check.read(path).tracks
