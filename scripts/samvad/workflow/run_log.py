"""The log of one run of one job, written by the workflow's one process: for people, and for machines."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from samvad.core import files, outside, stages
from samvad.core.failures import Failure
from samvad.documents import job_manifest, run_record, stage_manifest
from samvad.documents.run_record import RunRecord
from samvad.documents.stage_manifest import ErrorRecord, StageManifest
from samvad.logs import events
from samvad.logs.line_file import LineFile, line_bytes
from samvad.workflow import event_merging

_FORMAT = events.EventFormatter()
_TEXT = events.TextFormatter("pipeline")
#: A disk with less left than this counts as full: not even a record finds room.
_FULL_BYTES = 1 << 18


class RunLog:
    """``logs/99_pipeline_<stamp>.log`` and ``.jsonl``, and ``logs/99_performance_<stamp>.jsonl``.

    Args:
        job_folder: the job's folder.
        run: its ``run.json``.

    Raises:
        DiskError: a log cannot be made.
    """

    def __init__(self, job_folder: Path, run: RunRecord) -> None:
        self.job_folder = job_folder
        self.stamp = run.stamp or ""
        self.context = events.Context(
            run_id=run.run_id,
            film=run.film,
            job_id="/".join(job_folder.parts[-2:]),
            parent_job_id=run.parent_job_id,
        )
        logs = job_folder / "logs"
        with files.disk_errors(logs):
            logs.mkdir(parents=True, exist_ok=True)
            self._text = LineFile(logs / f"99_pipeline_{self.stamp}.log").open()
            self.targets = {
                channel: LineFile(logs / f"{name}_{self.stamp}.jsonl")
                for channel, name in event_merging.CHANNELS.items()
            }
        self.cache_hits = 0
        self.merger = event_merging.Merger(self.targets)

    def write(
        self,
        message: str,
        event: events.Event | None = None,
        *,
        level: int = logging.INFO,
        stage: str | None = None,
        attempt: int | None = None,
    ) -> None:
        """Write a line for people and its event for machines; a plain line is the event ``log``."""
        record = logging.LogRecord("samvad.pipeline", level, __file__, 0, "%s", (message,), None)
        if event is not None:
            record.samvad_event = event
        with events.context(replace(self.context, stage=stage, attempt=attempt)):
            self._text.write_bytes(line_bytes(_TEXT.format(record)))
            self.targets["events"].write_bytes(line_bytes(_FORMAT.format(record)))
        self.close()  # a shelf of a thousand films must not need three thousand open files

    def take(self, attempt_folder: Path) -> None:
        """Take over what an attempt has written since the last time."""
        self.merger.take(attempt_folder)
        self.close()

    def stage_ended(self, stage: str, attempt_folder: Path | None, said: str = "") -> events.Event:
        """Take over the events of an attempt that has ended; write its result, and return it.

        Args:
            stage: its name.
            attempt_folder: of the attempt, or None where the stage could not even begin one.
            said: what the cluster says of its end, if it does.
        """
        manifest = _manifest(attempt_folder or self.job_folder / stages.BY_NAME[stage].folder)
        if attempt_folder is not None:
            self.take(attempt_folder)
        event = _result(manifest, self.job_folder, stage, said)
        self.cache_hits += int(event.counts.get("cache_hit", 0))
        if event.failure is not None:
            message, level = f"Stage {stage}: failed: {event.failure.message}", logging.ERROR
        else:
            message, level = f"Stage {stage}: {event.status} ({event.duration_seconds or 0.0:.1f} s)", logging.INFO
        number = int(attempt_folder.name) if attempt_folder is not None else None
        self.write(message, event, level=level, stage=stage, attempt=number)
        return event

    def finished(self, status: str, seconds: float | None, counts: Mapping[str, float], note: str = "") -> None:
        """Write the last line of the run."""
        took = f" ({seconds:.1f} s)" if seconds is not None else ""
        event = events.Event("job_finished", status, seconds, counts)
        self.write(f"Job finished: {status}{took}{note}", event)

    def close(self) -> None:
        """Close the files."""
        for file in (self._text, *self.targets.values()):
            file.close()


def link_stage_log(log: RunLog, stage: str, attempt_folder: Path) -> None:
    """Make ``logs/NN_stage_<start of the attempt>.log``, a link to the attempt's log."""
    started = datetime.fromtimestamp((attempt_folder / "stage.log").stat().st_ctime)
    manifest = _manifest(attempt_folder)
    if manifest is not None:
        started = datetime.fromisoformat(manifest.started_at).astimezone()
    link = log.job_folder / "logs" / f"{stages.BY_NAME[stage].folder}_{started:%Y%m%d_%H%M%S}.log"
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(attempt_folder / "stage.log", link.parent))


def recover(job_folder: Path) -> RunRecord | None:
    """Bring the log of the job's last run to its end, where that run was killed; return the run, or None.

    What its stages wrote and nobody merged is merged; each stage that has no result gets one. Lines that came after a
    run's end (a cluster job that outlived it, a stage that was run by hand) are merged too.
    """
    run = run_record.read_optional(job_folder)
    if run is None or run.stamp is None:
        return None
    path = job_folder / "logs" / f"99_pipeline_{run.stamp}.jsonl"
    if not path.is_file():
        return run
    with suppress(OSError):  # a disk that is full now is named by the run that begins
        _recover(job_folder, run, path)
    return run


def _recover(job_folder: Path, run: RunRecord, path: Path) -> None:
    event_merging.mend_end(path)
    lines = [
        event for line in outside.read_bytes(path).splitlines() if (event := event_merging.parse(line)) is not None
    ]
    ended = any(event.get("event") == "job_finished" for event in lines)
    since = path.stat().st_mtime_ns if ended else 0
    folders = {
        folder: stage
        for stage in stages.BY_NAME
        for folder in event_merging.attempts_of(job_folder, stage)
        if _written(folder) >= since and event_merging.run_of(folder) == run.run_id
    }
    if ended and not folders:
        return
    for name in event_merging.CHANNELS.values():
        event_merging.mend_end(job_folder / "logs" / f"{name}_{run.stamp}.jsonl")
    log = RunLog(job_folder, run)
    event_merging.take_missing(job_folder / "logs", list(folders), log.targets)
    told = {(event.get("stage"), event.get("attempt")) for event in lines if event.get("event") == "stage_result"}
    for folder, stage in folders.items():
        log.merger.pass_over(folder)
        if (stage, int(folder.name)) not in told:
            log.stage_ended(stage, folder)
    if not ended:
        log.finished("incomplete", None, {}, ": the run was killed")
    log.close()


def _written(folder: Path) -> int:
    return max((source.stat().st_mtime_ns for source in event_merging.sources(folder, "events")), default=-1)


def _manifest(folder: Path) -> StageManifest | None:
    return stage_manifest.read_optional(folder / "manifest.json")


def _result(manifest: StageManifest | None, job_folder: Path, stage: str, said: str) -> events.Event:
    if manifest is None:
        return events.Event("stage_result", "failed", failure=_without_record(job_folder, stage, said))
    error = manifest.errors[0] if manifest.errors else None
    return events.Event(
        "stage_result",
        manifest.status,
        manifest.duration_seconds,
        {
            "peak_rss_mb": manifest.resources.peak_rss_mb,
            "cpu_seconds": manifest.resources.cpu_seconds,
            "output_bytes": sum(output.size_bytes for output in manifest.outputs),
            "warnings": len(manifest.warnings),
            "cache_hit": int(manifest.cache.hit),
        },
        _failure(error, said) if error else None,
    )


def _failure(error: ErrorRecord, said: str) -> Failure:
    message = f"{error.message} ({said})" if said and error.category == "killed" else error.message
    return Failure(error.type, error.category, message, error.file, error.traceback)


def _without_record(job_folder: Path, stage: str, said: str) -> Failure:
    """Return the failure of a stage whose process left no manifest."""
    status = os.statvfs(job_folder)
    if status.f_bavail * status.f_frsize < _FULL_BYTES:
        text = f"No space is left on the disk of {job_folder}. Free some space and run again."
        return Failure("DiskError", "disk", text, str(job_folder), "")
    message = f"{job_manifest.NO_RECORD} ({said})" if said else job_manifest.NO_RECORD
    return Failure("Killed", "killed", message, str(job_folder / stages.BY_NAME[stage].folder), "")
