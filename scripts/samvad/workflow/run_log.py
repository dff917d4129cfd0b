"""The log of one run of one job, written by the workflow's one process: for people, and for machines."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from samvad.core import files, outside, stages
from samvad.core.errors import SamvadError
from samvad.core.failures import STOPPED, Failure
from samvad.core.redaction import redact
from samvad.documents import at_work, costs, last_words, run_mark, run_record, stage_manifest, stage_states
from samvad.documents.run_record import RunRecord
from samvad.documents.stage_entries import ErrorRecord
from samvad.documents.stage_manifest import StageManifest
from samvad.logs import events
from samvad.logs.line_file import LineFile, line_bytes
from samvad.runner import milestones
from samvad.workflow import event_merging

log = logging.getLogger(__name__)

_FORMAT = events.EventFormatter()
_TEXT = events.TextFormatter("pipeline")
#: A disk with less left than this counts as full: not even a record finds room.
_FULL_BYTES = 1 << 18
#: What is said of a try that was at work when its run was stopped, and had no time to say so itself.
RUN_STOPPED = "the run was stopped"
#: What is said of a job that a cluster has ended for want of memory.
OVER_MEMORY = "its log says that it took more memory than it had asked for"
#: What is known of a job that left no record, by what is said of its end: the error's type, its category, the message.
_OF_CLUSTER = {
    "SLURM sbatch failed": ("ClusterError", "configuration", "SLURM took no job for it: {}"),
    OVER_MEMORY: (
        "MemoryShortageError",
        "out_of_memory",
        "SLURM ended it: {}. A further attempt asks for more; or give the stage more in config/resources.yaml.",
    ),
    "SLURM status is: 'CANCELLED'": ("StoppedError", STOPPED, "It was cancelled before it could leave a record: {}"),
    "SLURM status is: 'TIMEOUT'": (
        "TimeLimitError",
        "killed",
        "SLURM ended it: {}. A further attempt asks for more time; or give it more in config/resources.yaml.",
    ),
}
#: The last line of a run is looked for in so much of its log's end: lines may have come after it.
_TAIL_BYTES = 1 << 16


class RunLog:
    """``logs/99_pipeline_<stamp>.log`` and ``.jsonl``, and ``logs/99_performance_<stamp>.jsonl``.

    Args:
        job_folder: the job's folder.
        run: its ``run.json``.

    What cannot be written now, as on a disk that is full or away for a while, is kept and written with the next line.
    """

    def __init__(self, job_folder: Path, run: RunRecord) -> None:
        self.job_folder = job_folder
        self.stamp = run.stamp or ""
        self._prices = run.prices
        self.context = events.Context(
            run_id=run.run_id,
            film=run.film,
            job_id="/".join(job_folder.parts[-2:]),
            parent_job_id=run.parent_job_id,
            parent_run_id=run.parent_run_id,
        )
        logs = job_folder / "logs"
        self._text = LineFile(logs / f"99_pipeline_{self.stamp}.log")
        self.targets = {
            channel: LineFile(logs / f"{name}_{self.stamp}.jsonl") for channel, name in event_merging.CHANNELS.items()
        }
        self._waiting: list[tuple[bytes, bytes]] = []
        self._untaken: dict[Path, None] = {}
        self._complained = False
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
            self._waiting.append((line_bytes(_TEXT.format(record)), line_bytes(_FORMAT.format(record))))
        self._write_waiting()

    def tell(self, message: str, stage: str, attempt: int | None) -> None:
        """Write a warning of a stage for people; as an event, its own is there already."""
        record = logging.LogRecord("samvad.pipeline", logging.WARNING, __file__, 0, "%s", (message,), None)
        with events.context(replace(self.context, stage=stage, attempt=attempt)):
            self._waiting.append((line_bytes(_TEXT.format(record)), b""))
        self._write_waiting()

    def take(self, attempt_folder: Path) -> None:
        """Take over what an attempt has written since the last time."""
        self._untaken[attempt_folder] = None
        self._write_waiting()

    def _write_waiting(self) -> None:
        """Write what waits; complain once where that cannot be."""
        try:
            with files.disk_errors(self._text.path):
                self._text.path.parent.mkdir(parents=True, exist_ok=True)
                for folder in list(self._untaken):
                    self.merger.take(folder)
                    del self._untaken[folder]
                while self._waiting:
                    text, event = self._waiting[0]
                    self._text.write_bytes(text)
                    self.targets["events"].write_bytes(event)
                    del self._waiting[0]
        except (OSError, SamvadError) as error:
            if not self._complained:
                self._complained = True
                sys.stderr.write(f"samvad: the log of {self.job_folder} could not be written: {error}\n")
        finally:
            self.close()  # a shelf of a thousand films must not need three thousand open files

    def stage_ended(
        self, stage: str, attempt_folder: Path | None, said: str = "", *, failed: bool = False
    ) -> events.Event:
        """Take over the events of an attempt that has ended; write its result, and return it.

        Args:
            stage: its name.
            attempt_folder: of the attempt, or None where the stage could not even begin one.
            said: what the cluster says of its end, if it does.
            failed: whether it has failed: without an attempt, what an earlier one left tells nothing then.
        """
        folder = attempt_folder or self.job_folder / stages.BY_NAME[stage].folder
        manifest = None if failed and attempt_folder is None else _manifest(folder)
        if attempt_folder is not None:
            self.take(attempt_folder)
        event = _result(manifest, self.job_folder, stage, said, self._prices)
        self.cache_hits += int(event.counts.get("cache_hit", 0))
        if event.failure is not None:
            message, level = f"Stage {stage}: {event.status}: {event.failure.message}", logging.ERROR
        else:
            message, level = f"Stage {stage}: {event.status} ({event.duration_seconds or 0.0:.1f} s)", logging.INFO
        number = int(attempt_folder.name) if attempt_folder is not None else None
        if manifest is not None and manifest.skip is not None:
            message, level = f"{message}: {manifest.skip.reason}", logging.WARNING
        elif manifest is not None:
            for warning in manifest.warnings:
                self.tell(f"Stage {stage}: {warning.message}", stage, number)
        self.write(message, event, level=level, stage=stage, attempt=number)
        return event

    def tell_attempt(self, stage: str, attempt_folder: Path) -> None:
        """Write into an attempt that has said nothing of itself which run it was of, and that it was killed."""
        event = events.Event("stage_result", "failed", failure=_without_record(self.job_folder, stage, ""))
        record = logging.LogRecord("samvad.pipeline", logging.ERROR, __file__, 0, "%s", ("it was killed",), None)
        record.samvad_event = event
        with events.context(replace(self.context, stage=stage, attempt=int(attempt_folder.name))):
            file = LineFile(attempt_folder / "events.jsonl")
            file.write_bytes(line_bytes(_FORMAT.format(record)))
            file.close()

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


def recover(job_folder: Path, stands: Callable[[], str]) -> RunRecord | None:
    """Bring the log of the job's last run to its end, where that run is over; return the run, or None.

    What its stages wrote and nobody merged is merged; each try that has no result gets one; how the job stands is told
    from what is there. Lines that came after a run's end (a cluster job that outlived it, a stage that was run by hand)
    are merged too.

    Args:
        job_folder: the job's folder.
        stands: returns how the job stands by its stages.
    """
    run = run_record.read_optional(job_folder)
    if run is None or run.stamp is None:
        return None
    if other := at_work.run_of(run, job_folder):
        log.info("%s is at work on %s: its log is its own", run_mark.shown(other), job_folder)
        return run
    with suppress(OSError, SamvadError):  # a disk that is full now is named by the run that begins
        _recover(job_folder, run, job_folder / "logs" / f"99_pipeline_{run.stamp}.jsonl", stands)
    return run


def is_ended(job_folder: Path, run: RunRecord) -> bool:
    """Say whether a run's log has its last line; it is looked for at the end alone."""
    path = job_folder / "logs" / f"99_pipeline_{run.stamp}.jsonl"
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return b'"job_finished"' in file.read()
    except OSError:
        return False


def _recover(job_folder: Path, run: RunRecord, path: Path, stands: Callable[[], str]) -> None:
    event_merging.mend_end(path)
    data = outside.read_bytes(path) if path.is_file() else b""
    lines = [event for line in data.splitlines() if (event := event_merging.parse(line)) is not None]
    ended = any(event.get("event") == "job_finished" for event in lines)
    since = path.stat().st_mtime_ns if ended else 0
    begun = run_record.path_of(job_folder).stat().st_mtime_ns
    folders, silent = {}, []
    for stage in stages.BY_NAME:
        for folder in event_merging.attempts_of(job_folder, stage):
            of = event_merging.run_of(folder)
            if of == run.run_id and _written(folder) >= since:
                folders[folder] = stage
            elif of is None and not ended and _begun(folder) >= begun:  # killed before it could say a word
                folders[folder] = stage
                silent.append(folder)
    if ended and not folders:
        return
    for name in event_merging.CHANNELS.values():
        event_merging.mend_end(job_folder / "logs" / f"{name}_{run.stamp}.jsonl")
    (job_folder / "logs").mkdir(exist_ok=True)
    found = RunLog(job_folder, run)
    for folder in silent:
        found.tell_attempt(folders[folder], folder)
    event_merging.take_missing(job_folder / "logs", list(folders), found.targets)
    told = {(event.get("stage"), event.get("attempt")) for event in lines if event.get("event") == "stage_result"}
    for folder, stage in folders.items():
        found.merger.pass_over(folder)
        if folder not in silent and (stage, int(folder.name)) not in told:
            found.stage_ended(stage, folder)
    if not ended:
        status = stands()
        found.finished(status, None, {}, "" if status == "success" else ": the run was killed")
    found.close()


def _begun(folder: Path) -> int:
    return folder.stat().st_ctime_ns


def _written(folder: Path) -> int:
    return max((source.stat().st_mtime_ns for source in event_merging.sources(folder, "events")), default=-1)


def _manifest(folder: Path) -> StageManifest | None:
    return stage_manifest.read_optional(folder / "manifest.json")


def _machine_use(manifest: StageManifest, prices: costs.Prices | None) -> dict[str, float]:
    """Return what an attempt took of machines, and what that costs, as far as it is known."""
    use = costs.use_of(manifest)
    cost = use.cost(prices)
    found = {"core_hours": round(use.core_hours, 6)}
    found |= {"gpu_hours": round(sum(use.gpu_hours.values()), 6)} if use.gpu_hours else {}
    found |= {"energy_kwh": round(use.energy_kwh, 7)} if use.energy_kwh is not None else {}
    return found | ({"cost": round(cost, 6)} if cost is not None else {})


def _result(
    manifest: StageManifest | None, job_folder: Path, stage: str, said: str, prices: costs.Prices | None
) -> events.Event:
    if manifest is None:
        failure = _without_record(job_folder, stage, said)
        return events.Event("stage_result", failure.status, failure=failure)
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
            "tried_again": sum(item.tried_again for item in manifest.network),
            **_machine_use(manifest, prices),
            **milestones.counts(stages.BY_NAME[stage], manifest.metrics),
        },
        _failure(error, said) if error else None,
        milestones.facts(stages.BY_NAME[stage], manifest.metrics),
    )


def _failure(error: ErrorRecord, said: str) -> Failure:
    message = f"{error.message} ({said})" if said and error.category in ("killed", STOPPED) else error.message
    return Failure(error.type, error.category, message, error.file, error.traceback, error.at_ms, error.segment)


def _without_record(job_folder: Path, stage: str, said: str) -> Failure:
    """Return the failure of a stage whose process left no manifest."""
    folder = job_folder / stages.BY_NAME[stage].folder
    if told := last_words.take(job_folder, stages.BY_NAME[stage].script):
        return Failure("NotBegun", "configuration", redact(told), str(folder), "")
    if full := _fullness(job_folder):
        return Failure("DiskError", "disk", f"{full} Free some space and run again.", str(job_folder), "")
    if said == RUN_STOPPED:
        return Failure("StoppedError", STOPPED, stage_states.WAS_STOPPED, str(folder), "")
    for words, (kind, category, message) in _OF_CLUSTER.items():
        if words in said:
            return Failure(kind, category, message.format(said), str(folder), "")
    message = f"{stage_states.NO_RECORD} ({said})" if said else stage_states.NO_RECORD
    return Failure("Killed", "killed", message, str(folder), "")


def _fullness(job_folder: Path) -> str:
    """Return in a sentence that a job's disk takes no more; empty where it does."""
    status = os.statvfs(job_folder)
    if status.f_bavail * status.f_frsize < _FULL_BYTES:
        return f"No space is left on the disk of {job_folder}."
    if status.f_files and not status.f_favail:
        return f"The disk of {job_folder} takes no more files: all its inodes are used."
    return ""
