"""The job manifest: where a film stands, derived from its stage manifests and never edited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from samvad.core import stages, this_machine, times, typed_json
from samvad.core.errors import SamvadError
from samvad.core.failures import STOPPED
from samvad.documents import approvals, costs, run_mark, run_record, stage_manifest, stage_states
from samvad.documents.costs import JobCost
from samvad.documents.live_run import Process, RunState
from samvad.documents.stage_manifest import StageManifest
from samvad.documents.stage_states import DONE, StageState

INTERRUPTED = "interrupted"
GONE = "results are gone"
#: How the types of subtitle files begin.
_SUBTITLES = ("srt", "vtt", "ass", "ttml")


@dataclass(frozen=True)
class Input:
    """The film; ``duration_seconds`` is None until stage 01 has measured it."""

    file: str
    title: str
    year: int | None
    duration_seconds: float | None


@dataclass(frozen=True)
class ResultFile:
    """A file that a stage made; its path is relative to the job's folder."""

    type: str
    path: str
    checksum: str

    def __post_init__(self) -> None:
        """Refuse a path that leads out of the job's folder, and a false checksum."""
        typed_json.check_path(self.path, "path")
        typed_json.check_checksum(self.checksum, "checksum")


@dataclass(frozen=True, kw_only=True)
class Output:
    """The job's folder, and what its stages made in it; first what people look for, by its path there.

    Attributes:
        directory: the job's folder.
        transcript: what was said, as text; None until it is there, as of the next two.
        subtitles: the subtitle files of all languages.
        video: the subtitled film.
        files: all that was made, with what people look for at the head.
    """

    directory: str
    transcript: str | None = None
    subtitles: tuple[str, ...] = ()
    video: str | None = None
    files: tuple[ResultFile, ...]


@dataclass(frozen=True)
class Pipeline:
    """Where the film stands.

    Attributes:
        status: ``running``, ``success``, ``failed``, ``stopped`` (no stage has failed) or ``incomplete``.
        current_stage: the first of those that run now.
        next_stage: the first that is to be done.
        skipped_stages: those with nothing to do, or switched off.
        run: the run at work on the job, or None.
        stopped_stages: those that were at work when somebody stopped the run, or the stage.
    """

    status: str
    current_stage: str | None
    next_stage: str | None
    completed_stages: tuple[str, ...]
    failed_stages: tuple[str, ...]
    skipped_stages: tuple[str, ...]
    run: Process | None
    stopped_stages: tuple[str, ...] = ()


@dataclass(frozen=True)
class StageEntry:
    """A stage of the job.

    Attributes:
        status: ``waiting``, ``running``, ``success``, ``failed``, ``stopped`` or ``skipped``.
        manifest: relative to the job's folder; of a stage that failed or was stopped, its last attempt's.
        reason: why it failed, waits although it was done before, had nothing to do, or is off.
        started_at: when it began that counts, or runs now (UTC).
        attempt: number of that attempt; None of one that runs.
        device_requested: as in the stage's manifest; None where it has no choice.
        device_actual: the one that was used.
        warnings: what a person should know, though the film went on.
    """

    status: str
    duration_seconds: float | None
    manifest: str | None
    log: str | None
    reason: str | None
    started_at: str | None = None
    attempt: int | None = None
    device_requested: str | None = None
    device_actual: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Timing:
    """When the first stage began and the last ended (UTC), and the sum of their wall times.

    Attributes:
        total_seconds: from the first beginning to the last end, with all that lay between; None before there are both.
        updated_at: when this manifest was written (UTC).
    """

    started_at: str | None
    ended_at: str | None
    stage_seconds: float
    total_seconds: float | None = None
    updated_at: str | None = None


@dataclass(frozen=True)
class Devices:
    """All devices that stages asked for, and those that they used."""

    requested: tuple[str, ...]
    actual: tuple[str, ...]


@dataclass(frozen=True)
class ApprovedTrack:
    """A track that a person has approved: its language, who, when (UTC), and whether it was changed since."""

    language: str
    by: str
    at: str
    changed: bool


@dataclass(frozen=True, kw_only=True)
class JobManifest:
    """Where a film stands: ``config/schemas/job_manifest.schema.json`` says more."""

    version: str = "1.0"
    job_id: str
    run_id: str
    parent_run_id: str | None = None
    parent_job_id: str | None = None
    input: Input
    output: Output
    pipeline: Pipeline
    stages: dict[str, StageEntry]
    timing: Timing
    devices: Devices
    approved: tuple[ApprovedTrack, ...] = ()
    cost: JobCost | None = None


def derive(job_folder: Path, wanted: list[str], live: RunState) -> JobManifest:
    """Derive a job's manifest from what its stages wrote.

    Args:
        job_folder: the job's folder, with ``run.json``.
        wanted: the stages that the film is to go through, in order.
        live: what the run at work on it adds.

    Raises:
        SamvadError: ``run.json`` is missing or damaged.
    """
    run = run_record.read(job_folder)
    states = stage_states.of_job(job_folder, wanted, live)
    done = [state.manifest for state in states.values() if state.manifest and state.status in DONE]
    started = [manifest.started_at for manifest in done] + list(live.running.values())
    ended = [manifest.ended_at for manifest in done if manifest.ended_at]
    lengths = (manifest.film_seconds() for manifest in done)
    first, last = min(started, default=None), max(ended, default=None)
    return JobManifest(
        job_id="/".join(job_folder.parts[-2:]),
        run_id=run.run_id,
        parent_run_id=run.parent_run_id,
        parent_job_id=run.parent_job_id,
        input=Input(run.media, run.title, run.year, next((length for length in lengths if length is not None), None)),
        output=_output(job_folder, done),
        pipeline=_pipeline(states, live),
        stages={name: _stage(job_folder, name, state) for name, state in states.items()},
        timing=Timing(
            started_at=first,
            ended_at=last,
            stage_seconds=round(sum(manifest.duration_seconds for manifest in done), 3),
            total_seconds=max(0.0, times.seconds_between(first, last)) if first and last else None,
            updated_at=times.utc_now(),
        ),
        devices=Devices(
            _each(manifest.software.device_requested for manifest in done),
            _each(manifest.software.device_actual for manifest in done),
        ),
        cost=costs.of_job(_attempts(job_folder, states), run.prices),
        approved=approved_tracks(job_folder),
    )


def approved_tracks(job_folder: Path) -> tuple[ApprovedTrack, ...]:
    """Return which tracks of a job people have approved, by what lies there now; none where that cannot be read."""
    try:
        found = approvals.read_optional(job_folder).tracks
    except SamvadError:
        return ()
    return tuple(
        ApprovedTrack(language, item.by, item.at, not approvals.holds(job_folder, language, item))
        for language, item in sorted(found.items())
    )


def _attempts(job_folder: Path, states: Mapping[str, StageState]) -> Iterator[StageManifest]:
    """Yield the record of every attempt of every stage; what was read before is not read again."""
    for stage in stages.STAGES:
        state = states.get(stage.name)
        known = state.manifest if state else None
        if known:
            yield known
        for place in (job_folder / stage.folder / "attempts").glob("*"):
            if place.name.isascii() and place.name.isdigit() and not (known and known.attempt == int(place.name)):
                manifest = stage_manifest.read_optional(place / "manifest.json")
                if manifest:
                    yield manifest


def path_of(job_folder: Path) -> Path:
    """Return where a job's manifest lies."""
    return job_folder / "manifest.json"


def read(job_folder: Path) -> JobManifest:
    """Read a job's manifest.

    Raises:
        SamvadError: it is missing or damaged; names the file and the key.
    """
    remedy = "Delete it: the next run writes it again."
    return typed_json.read(path_of(job_folder), JobManifest, "job manifest", remedy)


def read_optional(job_folder: Path) -> JobManifest | None:
    """Return a job's manifest, or None where there is none that is whole."""
    try:
        return read(job_folder)
    except SamvadError:
        return None


def write(job_folder: Path, wanted: list[str], live: RunState) -> JobManifest:
    """Derive the manifest, check it against its schema, write it as ``manifest.json`` of the job folder; return it."""
    manifest = derive(job_folder, wanted, live)
    typed_json.write(path_of(job_folder), manifest, schema="job_manifest")
    return manifest


def status(job_folder: Path) -> str | None:
    """Return the status in a job's manifest, None where it cannot be read.

    It is ``INTERRUPTED`` where the job's run was killed, and ``GONE`` where a result of a finished job, or the record
    of one of its stages, is not there.
    """
    manifest = read_optional(job_folder)
    return None if manifest is None else status_of(job_folder, manifest)


def status_of(job_folder: Path, manifest: JobManifest) -> str:
    """Return as ``status`` does, of a manifest that was read."""
    if manifest.pipeline.status == "success" and gone(job_folder, manifest):
        return GONE
    run = manifest.pipeline.run
    over = run is not None and run.host == this_machine.node() and run_mark.is_dead(Path(run.mark))
    return INTERRUPTED if over else manifest.pipeline.status


def gone(job_folder: Path, manifest: JobManifest) -> list[str]:
    """Return the results for people, and the records of stages, that are not there, relative to the job's folder."""
    named = [made.path for made in manifest.output.files if _is_result(made)]
    named += [state.manifest for state in manifest.stages.values() if state.manifest and state.status in DONE]
    return [path for path in named if not (job_folder / path).is_file()]


def _is_result(made: ResultFile) -> bool:
    stage = next((stage for stage in stages.STAGES if made.path.startswith(f"{stage.folder}/")), None)
    return stage is not None and stage.is_result(made.type)


def reason(job_folder: Path) -> str:
    """Return in a line why a film is not done, and where its job is."""
    manifest = read_optional(job_folder)
    if manifest is None:
        return f"{job_folder}: not begun"
    title = manifest.input.title
    for name, state in manifest.stages.items():
        if state.status in ("failed", STOPPED):
            known = stages.BY_NAME.get(name)  # a stage of another version has none here
            return f"{title}: {known.folder if known else name} {state.status}: {state.reason} ({job_folder})"
    return f"{title}: {status(job_folder)} ({job_folder})"


def _is_next(name: str, state: StageState, live: RunState) -> bool:
    """Say whether a stage may be the one to come: of those that a run will do, else of those that are not done."""
    return name in live.pending if live.pending else state.status in ("waiting", "failed", STOPPED)


def _pipeline(states: Mapping[str, StageState], live: RunState) -> Pipeline:
    by_status = {
        status: tuple(name for name, state in states.items() if state.status == status)
        for status in ("success", "skipped", "failed", STOPPED, "running", "waiting")
    }
    status = "incomplete" if by_status["waiting"] or by_status["running"] else "success"
    status = "failed" if by_status["failed"] else STOPPED if by_status[STOPPED] else status
    return Pipeline(
        status="running" if live.process else status,
        current_stage=next(iter(by_status["running"]), None),
        next_stage=next((name for name, state in states.items() if _is_next(name, state, live)), None),
        completed_stages=by_status["success"],
        failed_stages=by_status["failed"],
        skipped_stages=by_status["skipped"],
        run=live.process,
        stopped_stages=by_status[STOPPED],
    )


def _stage(job_folder: Path, name: str, state: StageState) -> StageEntry:
    log = job_folder / stages.BY_NAME[name].folder / "stage.log"
    made = state.manifest
    skip = made.skip.reason if made and made.skip and state.status == "skipped" else None
    # What a skipped stage has to say is its reason.
    warnings = tuple(item.message for item in made.warnings) if made and not skip else ()
    return StageEntry(
        status=state.status,
        duration_seconds=made.duration_seconds if made else None,
        manifest=state.manifest_path.relative_to(job_folder).as_posix() if state.manifest_path else None,
        log=log.relative_to(job_folder).as_posix() if log.is_file() else None,
        reason=state.reason or skip,
        started_at=made.started_at if made else state.started_at,
        attempt=made.attempt if made else None,
        device_requested=made.software.device_requested if made else None,
        device_actual=made.software.device_actual if made else None,
        warnings=warnings,
    )


def _output(job_folder: Path, done: list[StageManifest]) -> Output:
    """Return what was made, with what people look for at the head: transcript, subtitles, film."""
    found = [ResultFile(item.type, item.path, item.checksum) for manifest in done for item in manifest.outputs]
    transcripts = [item for item in found if item.type == "transcript_txt"]
    subtitles = [item for item in found if item.type.split("_")[0] in _SUBTITLES]
    films = [item for item in found if item.type == "subtitled_film"]
    first = [*transcripts, *subtitles, *films]
    return Output(
        directory=str(job_folder),
        transcript=next((item.path for item in transcripts), None),
        subtitles=tuple(item.path for item in subtitles),
        video=next((item.path for item in films), None),
        files=(*first, *(item for item in found if item not in first)),
    )


def _each(devices: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({device for device in devices if device is not None}))
