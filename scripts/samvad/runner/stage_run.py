"""Run one stage: attempt folder, logs, measured resources, atomic results, and the manifest at the very end.

A stage's own files are written into a work folder and moved into place only when all of them are finished. The
manifest comes last. A process that is killed at any instant therefore leaves no manifest, and nothing that a later
stage takes for finished.
"""

from __future__ import annotations

import logging
import math
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from samvad.core import computing, files, times
from samvad.core.declarations import Stage
from samvad.core.failures import describe
from samvad.core.redaction import redact
from samvad.documents import provenance, stage_entries, stage_manifest
from samvad.documents.media_facts import MediaFacts
from samvad.documents.provenance import Model
from samvad.documents.stage_entries import (
    ErrorRecord,
    FileRecord,
    IntermediateFile,
    Lack,
    Metric,
    ResourceUsage,
    Skip,
    SpanRecord,
    StageWarning,
)
from samvad.documents.stage_manifest import StageManifest
from samvad.logs import events
from samvad.logs.spans import span
from samvad.runner import attempts, gpus, kept_pieces, milestones, own_code, staging
from samvad.runner.kept_pieces import KeptPieces
from samvad.runner.options import Invocation, configuration
from samvad.runner.result_cache import CachedFile, key_of
from samvad.runner.reuse import NOT_KEPT, Reuse, cache_from, ingredients
from samvad.runner.stage_inputs import StageInputs

log = logging.getLogger(__name__)


class Skipped(Exception):  # noqa: N818 -- it is no error
    """A stage has nothing to do for this film; the film goes on.

    Args:
        reason: why, for people.
        variable: the variable of the environment, where one is not set or no good: another value of it makes the stage
            due again.
        endpoint: the name under which the failures of a service are counted, where one gives no answer: when it answers
            again, the stage is due.
        url: where that service is.
    """

    def __init__(
        self, reason: str, *, variable: str | None = None, endpoint: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(reason)
        because = "unset" if variable else "unanswered" if endpoint else "settled"
        value = stage_entries.variable_value(variable) if variable else None
        self.skip = Skip(because, variable, redact(reason), value, endpoint, url if endpoint else None)


class StageRun(StageInputs):
    """What a stage's work function uses: inputs, outputs, metrics, warnings.

    Attributes:
        stage: the stage's row of the table.
        job_folder: the job's folder.
        work_folder: where the stage writes its files; they are moved beside the manifest on success.
        threads: CPU threads to use at most.
        memory_mb: memory in MiB to use at most; None: what is free.
        gpus: to use at most, where the stage can share its work out.
    """

    def __init__(self, stage: Stage, invocation: Invocation[Any], code: own_code.OwnCode) -> None:
        super().__init__(stage, invocation)
        self._code = code
        self.threads = invocation.threads
        self.memory_mb = invocation.memory_mb
        self.gpus = invocation.gpus
        self.started_at = times.utc_now()
        self.attempt, self.attempt_folder = 0, self.folder  # until it begins
        self.config = configuration(stage, invocation.options)
        self._outputs: list[tuple[Path, str, MediaFacts | None]] = []
        self._checksums: dict[Path, str] = {}
        self.skip: Skip | None = None
        self._spans: tuple[SpanRecord, ...] = ()
        milestones.begin()

    def smaller(self, batch: int) -> int:
        """Return a batch halved for each time that this stage ran out of memory, or was killed, in this run; from 1."""
        times = attempts.shortages(self.folder, self._run.run_id, self.attempt)
        less = max(1, batch >> times)
        if less != batch:
            self.warn(f"Memory ran out, or the stage was killed, before: it is tried with {less} at once, not {batch}.")
        return less

    # -- results -----------------------------------------------------------------------------------------------------

    def output(self, name: str, kind: str, media: MediaFacts | None = None, *, checksum: str | None = None) -> Path:
        """Return the path to write an output to; it is moved into the stage's folder when the stage succeeds.

        Args:
            name: of the file.
            kind: what it is.
            media: facts of a media file.
            checksum: of one that is finished, if it has been taken already (``sha256:…``).
        """
        if not self.stage.may_write(kind):
            raise RuntimeError(f"stage {self.stage.name} does not declare that it writes {kind}")
        path = self.work_folder / name
        self._outputs.append((path, kind, media))
        if checksum is not None:
            self._checksums[path] = checksum
        return path

    def reuse(self, *, look: bool = True, **more: Any) -> bool:
        """Take this stage's result from the cache, if the same was made before, for whichever job.

        Call it when every input has been read and every program, model and device known by then has been recorded, and
        before anything else is: what comes before is the key, what comes after is the result.

        Args:
            look: False where the work has been done by now: the result is only kept for others.
            more: whatever else the result depends on; JSON values.

        Returns:
            True when the outputs and all that belongs to them came from the cache: the work is done.
        """
        found = ingredients(self.stage, self._code.ran, self._record, self._invocation.options, more)
        self._reuse = Reuse(self._record, found, cache_from(self._run.cache))
        cached = self._look(self._reuse) if look else None
        self.check_code()  # what waited for a GPU, or for another job's result, is not to work for nothing
        for file in cached or ():
            self.output(file.name, file.type, file.media, checksum=file.checksum)
        return cached is not None

    def key(self, without: str = "", **more: Any) -> str | None:
        """Return the checksum of all that the stage has recorded by now, and of more; None where nothing is reused.

        By it, something that was found out on the way is found again: it depends on nothing else.

        Args:
            without: a kind of input that tells nothing besides.
            more: whatever else it depends on; JSON values.
        """
        if self._run.cache is None:
            return None
        found = ingredients(self.stage, self._code.ran, self._record, self._invocation.options, more)
        return key_of({**found, "inputs": [item for item in found["inputs"] if item[0] != without]})

    def _look(self, reuse: Reuse) -> tuple[CachedFile, ...] | None:
        """Look into the cache. What is there comes straight onto the disk of the results, not by way of scratch."""
        if self.work_folder.parent == self.folder:
            return reuse.fetch(self.work_folder)
        place = staging.local_workdir(self.folder, self.attempt)
        cached = reuse.fetch(place)
        if cached is None:
            place.rmdir()
        else:
            self.clean()
            self.work_folder = place
        return cached

    def kept_pieces(self) -> KeptPieces:
        """Return what an earlier attempt that was killed has made of this very work; ``reuse`` must have been asked.

        Raises:
            RuntimeError: it was not. A defect of the stage.
        """
        if self._reuse is None:
            raise RuntimeError("pieces are kept before reuse() has said what they are pieces of")
        return KeptPieces(self.folder / kept_pieces.NAME, self._reuse.key)

    def cache_ttl(self, hours: float) -> None:
        """Say that the result is second best, for want of a model or a network: others may reuse it for some hours."""
        if self._reuse is not None:
            self._reuse.hours = min(hours, self._reuse.hours or hours)

    def lacks(
        self, what: str, *, place: Path | None = None, endpoint: str | None = None, url: str | None = None
    ) -> None:
        """Say what the result would be better with: the stage is due when that is to be had.

        Args:
            what: for people.
            place: where it will lie on this machine, when it is there.
            endpoint: the name under which the failures of a service are counted, where one gives no answer.
            url: where that service is.
        """
        shown = str(place.absolute()) if place is not None and not place.exists() else None
        if shown or endpoint:
            self._record.lacks.append(Lack(redact(what), shown, endpoint, url if endpoint else None))

    def intermediate(self, path: Path, *, retained: bool, reason: str) -> None:
        """Record a file that is neither input nor output."""
        self._record.intermediates.append(IntermediateFile(path.name, path.stat().st_size, retained, reason))

    def metric(self, name: str, value: float | str | bool | None, unit: str = "") -> None:
        """Add a measured figure to the manifest and the log; the mean of nothing (NaN) is recorded as None."""
        rounded = value if not isinstance(value, float) else round(value, 4) if math.isfinite(value) else None
        self._record.metrics.append(Metric(name, rounded, unit))
        log.info("%s: %s %s", name, rounded, unit, extra={"rate_key": name})
        if isinstance(rounded, int | float):
            events.performance(name, rounded, unit)

    def warn(self, message: str) -> None:
        """Add a warning to the manifest and the log: something a person should know, though the film goes on."""
        self._record.warnings.append(StageWarning(times.utc_now(), redact(message)))
        log.warning("%s", message, extra={"rate_key": message})

    def progress(self, done: float, total: float, unit: str) -> None:
        """Say how far the stage is; call it as often as you like, about one event a second is written.

        Args:
            done: how much is done.
            total: of how much.
            unit: what is counted, such as ``audio_seconds`` or ``sentences``.
        """
        events.progress(done, total, unit)

    def metadata(self, key: str, value: Any) -> None:
        """Add something that the stage found out to ``metadata.json``."""
        self._record.facts[key] = value

    def used(self, *models: Model, **tools: str) -> None:
        """Record the versions of programs and libraries, and the weights, that the stage used."""
        self._record.tools.update(tools)
        self._record.models.extend(models)

    def devices(self, requested: str, actual: str) -> None:
        """Record the device asked for and the one that was used."""
        self._record.devices = (requested, actual)

    def engines(self, *used: computing.Engine) -> None:
        """Record what runs the models, with its instruction set and library; what is named again replaces what was."""
        self._record.engines[:] = computing.merged([*self._record.engines, *used])

    @property
    def context(self) -> events.Context:
        """Return what every line of this attempt's logs says of itself."""
        return events.Context(
            run_id=self._run.run_id,
            film=self.film,
            job_id=attempts.job_id(self.job_folder),
            parent_job_id=self._run.parent_job_id,
            parent_run_id=self._run.parent_run_id,
            stage=self.stage.name,
            attempt=self.attempt,
        )

    def measured(self, usage: ResourceUsage) -> dict[str, float]:
        """Write what the stage used to the performance channel; return it as an event's counts."""
        counts = {"peak_rss_mb": usage.peak_rss_mb, "cpu_seconds": usage.cpu_seconds}
        events.performance("wall_seconds", usage.wall_seconds, "s")
        events.performance("cpu_seconds", usage.cpu_seconds, "s")
        events.performance("peak_rss_mb", usage.peak_rss_mb, "MiB")
        if usage.gpu_memory_mb is not None:
            events.performance("gpu_memory_mb", usage.gpu_memory_mb, "MiB")
        counted = milestones.counts(self.stage, self._record.metrics)
        return {**counts, "warnings": len(self._record.warnings), **counted}

    def facts(self) -> dict[str, str]:
        """Return what the milestone at the stage's end carries besides figures."""
        return milestones.facts(self.stage, self._record.metrics)

    # -- the life of a run -------------------------------------------------------------------------------------------

    def resume(self) -> bool:
        """Bring back what this stage made earlier in the same run, if it still holds; say whether it did."""
        return attempts.resume(self.folder, self.job_folder, self._run.run_id, self.config, self._code.ran)

    def begin(self) -> None:
        """Take the next number, and take away what earlier attempts left: nothing old can then be taken for new."""
        self.attempt, self.attempt_folder = attempts.next_attempt(self.folder)
        (self.folder / "manifest.json").unlink(missing_ok=True)
        self.work_folder = staging.new_work_folder(self.folder, self.attempt)
        self._look_at_named()

    def succeed(self, usage: ResourceUsage, status: str) -> None:
        """Move the outputs into place, write ``metadata.json``, then the manifest.

        Raises:
            ChangedFileError: something that was read, or the code, is not what it was at the beginning.
        """
        self.check()
        read = {Path(item.path) for item in self._record.inputs}
        for place, (option, _) in self._named.items():
            if place not in read and all(place != known for _, known in self._contents):
                self.holds(option, place)
        made = status == "success"
        with span("writing"):
            moved = [self._moved(*output) for output in self._outputs] if made else []
            self.clean()
            self.engines(*computing.loaded())
            about = self.folder / "metadata.json"
            files.write_json(about, self._record.facts)
            if self._reuse is not None and made:
                self._reuse.store(self.folder, moved, self._run.run_id, usage.wall_seconds)
            if made:
                shown = about.relative_to(self.job_folder).as_posix()
                moved.append(stage_entries.file_record(about, stage_manifest.METADATA, shown=shown))
        self._spans = milestones.time_spent()
        manifest = self._manifest(usage, status=status, exit_code=0, outputs=tuple(moved), errors=())
        stage_manifest.write(manifest, self.attempt_folder / "manifest.json", self.folder / "manifest.json")
        (self.folder / kept_pieces.NAME).unlink(missing_ok=True)

    def _moved(self, path: Path, kind: str, media: MediaFacts | None) -> FileRecord:
        """Move an output into place; return its record."""
        target = self.folder / path.name
        files.move_into_place(path, target)
        shown = target.relative_to(self.job_folder).as_posix()
        checksum = self._checksums.get(path)
        return stage_entries.file_record(target, kind, shown=shown, checksum=checksum, media=media)

    def check(self) -> None:
        """Check that what was read, and the code that ran, are what they were at the beginning.

        Raises:
            ChangedFileError: something is not.
        """
        self.check_inputs()
        self.check_code()

    def check_code(self) -> None:
        """Check that the code is what it was at the beginning.

        Raises:
            ChangedFileError: it is not.
        """
        self._code.check()

    def fail(self, usage: ResourceUsage, error: BaseException, exit_code: int) -> None:
        """Write the manifest of a failure, or a stop, into the attempt's folder; the stage's folder gets none."""
        self.clean()
        self._spans = milestones.time_spent()
        failure = describe(error)
        record = ErrorRecord(times.utc_now(), **asdict(failure))
        manifest = self._manifest(usage, status=failure.status, exit_code=exit_code, outputs=(), errors=(record,))
        stage_manifest.write(manifest, self.attempt_folder / "manifest.json")

    def close(self) -> None:
        """Let other jobs go on that wait for this result."""
        if self._reuse is not None:
            self._reuse.close()

    def clean(self) -> None:
        """Remove the work folder."""
        shutil.rmtree(self.work_folder, ignore_errors=True)

    def _manifest(
        self,
        usage: ResourceUsage,
        *,
        status: str,
        exit_code: int,
        outputs: tuple[FileRecord, ...],
        errors: tuple[ErrorRecord, ...],
    ) -> StageManifest:
        requested, actual = self._record.devices
        ended_at = max(times.utc_now(), self.started_at)  # somebody may have set the clock back meanwhile
        return StageManifest(
            stage=self.stage.name,
            stage_number=self.stage.number,
            film=self.film,
            job_id=attempts.job_id(self.job_folder),
            run_id=self._run.run_id,
            parent_run_id=self._run.parent_run_id,
            attempt=self.attempt,
            workflow=self._run.workflow,
            started_at=self.started_at,
            ended_at=ended_at,
            timestamp=ended_at,
            duration_seconds=usage.wall_seconds,
            status=status,
            exit_code=exit_code,
            inputs=tuple(self._record.inputs),
            outputs=outputs,
            intermediate_files=tuple(self._record.intermediates),
            config=self.config,
            config_hash=stage_manifest.config_hash(self.config),
            software=provenance.software(
                self.stage.environment,
                self._code.ran,
                self._record.tools,
                self._record.models,
                (requested, gpus.shown(actual)),
                self._record.engines,
            ),
            host=provenance.host(),
            resources=usage,
            metrics=tuple(self._record.metrics),
            cache=self._reuse.use() if self._reuse else NOT_KEPT,
            errors=errors,
            warnings=tuple(self._record.warnings),
            retries=self.attempt - 1,
            contents=tuple(self._contents.values()),
            given=self._given() if not errors else (),
            pinned=self._pinned(),
            skip=self.skip if status == "skipped" else None,
            spans=self._spans,
            network=milestones.services_asked(),
            parent_job_id=self._run.parent_job_id,
            lacks=tuple(self._record.lacks),
        )
