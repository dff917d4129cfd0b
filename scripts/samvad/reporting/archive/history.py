"""What was done to a film, by which versions, with what result: all attempts of all its jobs, in order of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from samvad.core import files, times
from samvad.core.errors import ConfigurationError
from samvad.documents.job_folder import Job, Record
from samvad.documents.provenance import Model, Software
from samvad.documents.stage_entries import FileRecord
from samvad.documents.stage_manifest import Option, StageManifest
from samvad.workflow import event_merging

#: So much of a checksum is shown, and is enough to name a film.
SHORT_DIGITS = 8


@dataclass(frozen=True)
class Attempt:
    """One attempt of a stage.

    Attributes:
        run_id: the run it belongs to; None of an attempt that was killed before it could say.
        result: ``success``, ``skipped``, ``failed``, ``killed``, or ``unreadable``.
        current: whether the job's present files are those of this attempt.
        began: UTC; of a killed attempt, when its folder was last written to.
        cache: ``hit``, ``miss``, or None where the stage's results are not kept.
        made_by: on a hit, the run that made the result.
        tools: versions by name.
        models: name, revision and the beginning of the checksum.
        changed: options that differ from the stage's last attempt for this film: name, before, now.
        outputs: type and beginning of the checksum.
        error: why it failed.
    """

    job: Path
    stage: str
    number: int
    attempt: int
    run_id: str | None
    result: str
    current: bool
    began: str
    seconds: float | None
    cache: str | None
    made_by: str | None
    tools: dict[str, str]
    models: tuple[str, ...]
    device: str | None
    changed: tuple[tuple[str, Option, Option], ...]
    outputs: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    error: str | None


@dataclass(frozen=True)
class Run:
    """The attempts that one run made in one job, and what was the same for all of them."""

    run_id: str | None
    job: Path
    began: str
    workflow: str | None
    samvad: tuple[str, ...]
    hosts: tuple[str, ...]
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class FilmHistory:
    """A film with all that was done to it.

    Attributes:
        sources: the film's file as stage 01 has found it; more than one if the file was replaced.
        results: for each job how it stands and its final files (type, path below the job, checksum).
    """

    film: str
    title: str
    sources: tuple[FileRecord, ...]
    results: dict[Path, tuple[str, tuple[tuple[str, str, str], ...]]]
    runs: tuple[Run, ...]


def choose(jobs: list[Job], wanted: str) -> list[Job]:
    """Return the jobs of one film.

    Args:
        jobs: all jobs that are known.
        wanted: the film's id, the path of its file, its checksum (8 digits at least), or the folder of one of its jobs.

    Raises:
        ConfigurationError: no job is of such a film.
    """
    path = Path(wanted)
    digits = wanted.removeprefix("sha256:").lower()
    picked = [job for job in jobs if job.film == wanted or (path.is_dir() and job.folder == path.resolve())]
    if not picked and path.is_file():
        picked = _jobs_of_file(jobs, path)
    if not picked and len(digits) >= SHORT_DIGITS:
        picked = [job for job in jobs if any(_digits(film.checksum).startswith(digits) for film in job.film_records())]
    if not picked:
        raise ConfigurationError(
            f"No job is known of a film {wanted!r}.",
            "Give a film id, the film's path or checksum, or a job's folder; --output-root says where jobs are.",
        )
    checksums = {film.checksum for job in picked for film in job.film_records()}
    names = {job.film for job in picked}
    return [job for job in jobs if job.film in names or checksums & {film.checksum for film in job.film_records()}]


def of(jobs: list[Job]) -> FilmHistory:
    """Return the history of one film.

    Args:
        jobs: all of its jobs.
    """
    attempts = sorted(
        (found for job in jobs for found in _attempts(job)), key=lambda item: (item[0].began, item[0].number)
    )
    last: dict[str, dict[str, Option]] = {}
    runs: dict[tuple[Path, str | None], list[tuple[Attempt, StageManifest | None]]] = {}
    for found, manifest in attempts:
        if manifest is not None:
            found = _with_changes(found, last.get(found.stage), manifest.config)  # noqa: PLW2901
            last[found.stage] = manifest.config
        runs.setdefault((found.job, found.run_id), []).append((found, manifest))
    sources = {film.checksum: film for job in jobs for film in job.film_records()}
    return FilmHistory(
        film=jobs[0].film,
        title=next((job.title for job in reversed(jobs) if job.title), ""),
        sources=tuple(sources.values()),
        results={job.folder: _result(job) for job in jobs},
        runs=tuple(_run(job, run_id, members) for (job, run_id), members in runs.items()),
    )


def _attempts(job: Job) -> Iterable[tuple[Attempt, StageManifest | None]]:
    for record in job.attempts:
        # Records of another version of Samvad may break today's schema; what they tell is told all the same.
        found = _attempt(job, record, record.manifest) if record.manifest else _lost(job, record)
        yield found, record.manifest


def _attempt(job: Job, record: Record, manifest: StageManifest) -> Attempt:
    final, cache = job.final.get(record.stage.name), manifest.cache
    return Attempt(
        job=job.folder,
        stage=record.stage.name,
        number=record.stage.number,
        attempt=manifest.attempt,
        run_id=manifest.run_id,
        result=manifest.status,
        current=final is not None and final.manifest == manifest,
        began=manifest.started_at,
        seconds=manifest.duration_seconds,
        cache=None if cache.key is None else "hit" if cache.hit else "miss",
        made_by=cache.made_by,
        tools=manifest.software.tools,
        models=tuple(_model(model) for model in manifest.software.models),
        device=manifest.software.device_actual,
        changed=(),
        outputs=tuple((item.type, _digits(item.checksum)[:SHORT_DIGITS]) for item in manifest.outputs),
        warnings=tuple(warning.message for warning in manifest.warnings),
        error=manifest.errors[0].message if manifest.errors else None,
    )


def _lost(job: Job, record: Record) -> Attempt:
    """Return what is known of an attempt without a manifest: it was killed, or its record was damaged."""
    moment = datetime.fromtimestamp(record.path.parent.stat().st_mtime, UTC)
    return Attempt(
        job=job.folder,
        stage=record.stage.name,
        number=record.stage.number,
        attempt=record.attempt or 0,
        run_id=event_merging.run_of(record.path.parent),
        result="unreadable" if record.problems else "killed",
        current=False,
        began=times.utc_text(moment),
        seconds=None,
        cache=None,
        made_by=None,
        tools={},
        models=(),
        device=None,
        changed=(),
        outputs=(),
        warnings=(),
        error="; ".join(record.problems) or "it left no record",
    )


def _with_changes(found: Attempt, before: dict[str, Option] | None, now: dict[str, Option]) -> Attempt:
    if before is None:
        return found
    names = sorted({*before, *now})
    changed = tuple((name, before.get(name), now.get(name)) for name in names if before.get(name) != now.get(name))
    return Attempt(**{**vars(found), "changed": changed})


def _run(job: Path, run_id: str | None, members: list[tuple[Attempt, StageManifest | None]]) -> Run:
    manifests = [manifest for _, manifest in members if manifest is not None]
    return Run(
        run_id=run_id,
        job=job,
        began=members[0][0].began,
        workflow=next((manifest.workflow for manifest in manifests), None),
        samvad=_each(_version(manifest.software) for manifest in manifests),
        hosts=_each(manifest.host.name for manifest in manifests),
        attempts=tuple(found for found, _ in members),
    )


def _result(job: Job) -> tuple[str, tuple[tuple[str, str, str], ...]]:
    status = job.manifest.pipeline.status if job.manifest else "unknown"
    wanted = ("subtitled_film", "srt_", "vtt_")
    made = [item for record in job.final.values() if record.valid for item in record.valid.outputs]
    shown = [item for item in made if item.type.startswith(wanted)]
    return status, tuple((item.type, item.path, item.checksum) for item in shown)


def _jobs_of_file(jobs: list[Job], path: Path) -> list[Job]:
    """Return the jobs that have read a file: by its path, or by its bytes where one of the same size was read."""
    place, size = str(path.resolve()), path.stat().st_size
    same = [job for job in jobs if any(film.path in (place, str(path)) for film in job.film_records())]
    alike = [job for job in jobs if any(film.size_bytes == size for film in job.film_records())]
    if same or not alike:
        return same
    checksum = files.sha256_of(path)
    return [job for job in alike if any(film.checksum == checksum for film in job.film_records())]


def _version(software: Software) -> str:
    commit = software.git_commit
    at = f" ({commit[:9]}{', changed' if software.git_dirty else ''})" if commit else ""
    return f"{software.samvad}{at}"


def _model(model: Model) -> str:
    revision = f" {model.revision[:12]}" if model.revision else ""
    checksum = f" {_digits(model.checksum)[:SHORT_DIGITS]}" if model.checksum else ""
    return f"{model.name}{revision}{checksum}"


def _digits(checksum: str) -> str:
    return checksum.removeprefix("sha256:")


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
