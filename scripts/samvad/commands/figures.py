"""Write tables to go on counting with: what each stage of each film took, and which cues break which rules."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from samvad.core import console, files, typed_json
from samvad.core.errors import SamvadError
from samvad.documents import job_folder, subtitle_check
from samvad.documents.job_folder import Job
from samvad.documents.stage_manifest import StageManifest
from samvad.documents.subtitle_check import TrackCheck

if TYPE_CHECKING:
    import pandas as pd

#: The environment that the command runs in.
ENVIRONMENT = "text"

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
    "audio_seconds": "audio_seconds",
    "real_time_factor": "real_time_factor",
    "cache.hit": "cache_hit",
    "software.device_actual": "device",
    "models": "models",
    "warnings": "warnings",
    "error": "error",
}
_TRACK = ["job_folder", "language"]
#: A spreadsheet takes a cell that begins so for a formula, which may call a program or send data away.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("place", nargs="+", type=console.path, help="a job's folder, or one above jobs, such as out")
    made.add_argument(
        "--table", choices=("stages", "cues"), default="stages", help="which to print as CSV (default: stages)"
    )
    made.add_argument(
        "--csv", type=console.path, metavar="DIR", help="write both, as stages.csv and cues.csv in this folder"
    )
    return made


def main(argv: list[str] | None = None) -> int:
    """Print a table, or write both."""
    options = parser().parse_args(argv)
    try:
        jobs = [job_folder.load(folder) for folder in job_folder.find(options.place)]
        broken = sum(bool(record.problems) for job in jobs for record in (*job.attempts, *job.final.values()))
        if broken:
            print(f"{broken} manifests are left out: `./samvad verify JOB` says what is wrong.", file=sys.stderr)
        tables = {"stages": stages_table, "cues": cues_table}
        if options.csv is None:
            print(as_csv(tables[options.table](jobs)), end="")
            return 0
        for name, table in tables.items():
            files.write_text(options.csv / f"{name}.csv", as_csv(table(jobs)))
            print(options.csv / f"{name}.csv")
    except SamvadError as error:
        console.complain("samvad figures", error)
        return error.exit_code
    return 0


def stages_table(jobs: Sequence[Job]) -> pd.DataFrame:
    """Return a row for each stage of each job: its last attempt. The factor is seconds of work for one of sound."""
    import pandas as pd

    rows = [{**typed_json.plain(manifest), **_film(job)} for job in jobs for manifest in _last_attempts(job)]
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


def as_csv(table: pd.DataFrame) -> str:
    """Return a table as CSV with a line of headings; a text that a spreadsheet would run begins with an apostrophe."""
    safe = table.map(lambda value: f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value)
    return str(safe.to_csv(index=False, lineterminator="\n"))


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
