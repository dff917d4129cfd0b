"""Run one stage: attempt folder, logs, measured resources, atomic results, and the manifest at the very end.

A stage's own files are written into a work folder and moved into place only when all of them are finished. The
manifest comes last. A process that is killed at any instant therefore leaves no manifest, and nothing that a later
stage takes for finished.
"""

from __future__ import annotations

import atexit
import gc
import logging
import math
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from samvad.core import checksums, computing, console, files, held_files, times
from samvad.core.declarations import Stage
from samvad.core.errors import ChangedFileError, MediaError, SamvadError, SupersededError
from samvad.core.failures import as_samvad_error, describe
from samvad.core.redaction import redact
from samvad.documents import last_words, stage_manifest
from samvad.documents.media_facts import MediaFacts
from samvad.documents.stage_manifest import (
    Content,
    ErrorRecord,
    FileRecord,
    Given,
    IntermediateFile,
    Lack,
    Metric,
    Model,
    ResourceUsage,
    Skip,
    SpanRecord,
    StageManifest,
    StageWarning,
)
from samvad.logs import events
from samvad.logs.spans import span
from samvad.logs.stage_logs import StageLogs
from samvad.models import weights
from samvad.runner import attempts, gpus, kept_pieces, milestones, own_code, run_watch, slurm, staging
from samvad.runner.kept_pieces import KeptPieces
from samvad.runner.options import Invocation, configuration, job_folder_of, parse
from samvad.runner.resource_usage import ResourceMeter
from samvad.runner.result_cache import CachedFile
from samvad.runner.reuse import NOT_KEPT, Record, Reuse, cache_from, ingredients

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
        value = stage_manifest.variable_value(variable) if variable else None
        self.skip = Skip(because, variable, redact(reason), value, endpoint, url if endpoint else None)


class StageRun:
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
        self.stage = stage
        self._code = code
        self.job_folder = invocation.job_folder.resolve()
        self.folder = self.job_folder / stage.folder
        self.film = invocation.film
        self._run = attempts.run_facts(self.job_folder, self.film)
        self.threads = invocation.threads
        self.memory_mb = invocation.memory_mb
        self.gpus = invocation.gpus
        self.started_at = times.utc_now()
        self.attempt, self.attempt_folder, self.work_folder = 0, self.folder, self.folder  # until it begins
        self.config = configuration(stage, invocation.options)
        self._invocation = invocation
        self._record = Record()
        self._outputs: list[tuple[Path, str, MediaFacts | None]] = []
        self._checksums: dict[Path, str] = {}
        self._reuse: Reuse | None = None
        self._contents: dict[tuple[str, Path], Content] = {}  # two options may lead to one place
        self._named: dict[Path, tuple[str, str]] = {}  # option and fingerprint of what is no input, as it was first
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

    # -- inputs ------------------------------------------------------------------------------------------------------

    def read(self, stage: str, kind: str) -> Path:
        """Return the path of another stage's output, checked and recorded as an input with its maker's checksum.

        Args:
            stage: that stage's name.
            kind: type of the output, such as ``audio``.

        Raises:
            ChangedFileError: the file is gone, or is not what its maker wrote; names the command that mends it.
        """
        return self._read(self._invocation.manifests[stage], kind)

    def read_segments(self) -> Path:
        """Return the path of the segments document of the nearest earlier stage that is on, as ``read`` does."""
        if self._invocation.segments is None:
            raise RuntimeError(f"stage {self.stage.name} declares that it reads no segments")
        return self._read(self._invocation.segments, "segments")

    def _read(self, manifest_path: Path, kind: str) -> Path:
        found = self._read_optional(manifest_path, kind)
        if found is None:
            maker = stage_manifest.read(manifest_path).stage
            raise SamvadError(f"Stage {maker} of this film made no {kind}.", f"See {manifest_path}.")
        return found

    def read_optional(self, stage: str, kind: str) -> Path | None:
        """Return as ``read`` does, or None where the stage was switched off, skipped, or made no such file."""
        if stage not in (*self.stage.needs, *self.stage.after):
            raise RuntimeError(f"stage {self.stage.name} declares that it reads nothing of {stage}")
        manifest_path = self._invocation.manifests.get(stage)
        return None if manifest_path is None else self._read_optional(manifest_path, kind)

    def _read_optional(self, manifest_path: Path, kind: str) -> Path | None:
        with span("reading"):
            while True:
                found = staging.resolve_output(manifest_path, kind, self.job_folder, cache_from(self._run.cache))
                if found is None:
                    return None
                output, path, status = found
                held = self.hold(path)
                if staging.is_same(held.status, status):
                    break
                held_files.release(path)  # it was made anew between the look and the opening
        self._add_input(replace(output, mtime_ns=status.st_mtime_ns))
        return path

    def hold(self, path: Path, what: str = "") -> held_files.Held:
        """Open a file before it is read, so that it is the same one until the stage's end; return what is open.

        What the other methods return is held already. ``check_inputs`` compares it with what it was.

        Raises:
            DiskError: it cannot be read.
        """
        with files.disk_errors(path, "read"):
            return held_files.hold(path, self.work_folder, what)

    def check_inputs(self) -> None:
        """Check that everything that was read is what it was when it was opened; the stage's end does so in any case.

        Call it before something that was made of an input goes where others find it.

        Raises:
            ChangedFileError: a file, or a folder of weights, was changed, replaced or moved away.
        """
        for item in self._record.inputs:
            path = self.job_folder / item.path
            held = held_files.find(path)
            if held is not None:
                with files.disk_errors(path, "read"):
                    held.check(item.checksum)
        for place, (_, fingerprint) in self._named.items():
            known = next((item for (_, path), item in self._contents.items() if path == place), None)
            with files.disk_errors(place, "read"):
                if _fingerprint(place) != fingerprint and (
                    known is None or not place.exists() or checksums.of_place(place) != known.checksum
                ):
                    what = f"{place} was changed while the stage ran. Nothing that was made of it is kept."
                    raise ChangedFileError(what, "Run the same command again.", path=str(place))

    def read_film(self, moved_to: Path | None = None) -> Path:
        """Return the path of the film that stage 01 read, or where it was moved to, recorded with its checksum.

        Raises:
            MediaError: the film is gone or has changed since.
            DiskError: it cannot be read.
        """
        demux_manifest = self._invocation.manifests["demux"]
        film = stage_manifest.read(demux_manifest).film_file()
        if film is None:
            raise MediaError(f"{demux_manifest} names no film.", "Delete it and run again.", path=str(demux_manifest))
        path = Path(film.path)
        path = path if path.is_file() or moved_to is None else moved_to.absolute()
        remedy = f"Put the film back, or delete {demux_manifest} and run again to begin anew with the film as it is."
        if not path.is_file():
            raise MediaError(f"The film {path} is gone.", remedy, path=str(path))
        status = self.hold(path, "film").status
        with span("reading"), files.disk_errors(path, "read"):
            record = stage_manifest.file_record(path, "film", shown=str(path), checksum=film.checksum, outside=True)
            same = replace(record, media=film.media) == film
            same = same or (status.st_size == film.size_bytes and checksums.checksum(path) == film.checksum)
        if not same:
            raise MediaError(f"The film {path} has changed since stage 01 read it.", remedy, path=str(path))
        self._add_input(replace(record, media=film.media))
        return path

    def add_external_input(
        self, path: Path, kind: str, media: MediaFacts | None = None, *, checksum: str | None = None
    ) -> Path:
        """Record a file that no stage made, such as the film or a glossary, before it is read; return its path.

        Args:
            path: where it lies.
            kind: what it is, such as ``film``.
            media: facts of a media file.
            checksum: if it has been taken already (``sha256:…``).

        Raises:
            DiskError: it cannot be read.
        """
        shown = str(path.absolute())
        self.hold(path)
        self._add_input(
            stage_manifest.file_record(path, kind, shown=shown, checksum=checksum, media=media, outside=True)
        )
        return path

    def holds(self, option: str, place: Path) -> str:
        """Record what an option's value, or a model's name, led to: a folder of weights; return its checksum.

        What a value itself names, is recorded in any case; this is for what is found by a name.

        Raises:
            DiskError: it cannot be read.
            ChangedFileError: it was changed while it was read.
        """
        place = place.absolute()
        with span("reading"), files.disk_errors(place, "read"):
            _, fingerprint = self._named.setdefault(place, (option, _fingerprint(place)))
            taken = Content(option, str(place), fingerprint, checksums.of_place(place))
        self._contents[option, place] = taken
        return taken.checksum

    def came_from(self, option: str, address: str, fingerprint: str) -> None:
        """Record where the film that was read had been fetched from, and what was known of it there.

        Args:
            option: the option that named it.
            address: where it lies; holds no secret.
            fingerprint: what tells it from another film at that address.
        """
        film = next(item for item in self._record.inputs if item.type == "film")
        self._contents[option, Path(address)] = Content(option, address, fingerprint, film.checksum)

    def has_read(self, kind: str) -> bool:
        """Say whether a file of a kind is among the inputs by now."""
        return any(item.type == kind for item in self._record.inputs)

    def has_read_what(self, stage: str, kind: str) -> bool:
        """Say whether what was read of a kind by now is what an earlier stage has read of it, by the checksums."""
        theirs = stage_manifest.read(self._invocation.manifests[stage]).inputs
        own, others = (
            {item.checksum for item in items if item.type == kind} for items in (self._record.inputs, theirs)
        )
        return bool(own) and own == others

    def describe(self, kind: str, media: MediaFacts) -> None:
        """Add the facts of a media file, found while the stage worked, to the inputs of that kind."""
        self._record.inputs[:] = [
            replace(record, media=media) if record.type == kind else record for record in self._record.inputs
        ]

    def _add_input(self, record: FileRecord) -> None:
        if self._reuse is not None:
            raise RuntimeError(f"{record.path} is read after reuse(): the cache's key does not hold it")
        self._record.inputs.append(record)

    # -- results -----------------------------------------------------------------------------------------------------

    def output(self, name: str, kind: str, media: MediaFacts | None = None) -> Path:
        """Return the path to write an output to; it is moved into the stage's folder when the stage succeeds."""
        if not self.stage.may_write(kind):
            raise RuntimeError(f"stage {self.stage.name} does not declare that it writes {kind}")
        path = self.work_folder / name
        self._outputs.append((path, kind, media))
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
            self._checksums[self.output(file.name, file.type, file.media)] = file.checksum
        return cached is not None

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
                moved.append(stage_manifest.file_record(about, stage_manifest.METADATA, shown=shown))
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
        return stage_manifest.file_record(target, kind, shown=shown, checksum=checksum, media=media)

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

    def _look_at_named(self) -> None:
        """Take note of what options name before anything is read of it: weights, and what becomes an input."""
        for item in self.stage.all_options:
            value = getattr(self._invocation.options, item.name)
            if item.content in ("file", "model") and isinstance(value, str) and value:
                place = Path(value).expanduser().absolute()
                if place.exists():
                    with files.disk_errors(place, "read"):
                        self._named[place] = (item.name, _fingerprint(place))

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

    def _given(self) -> tuple[Given, ...]:
        """Return the manifests that the command line names, by what their stages made."""
        named = dict(self._invocation.manifests)
        if self._invocation.segments is not None:
            named["segments"] = self._invocation.segments
        found = {option: stage_manifest.read_optional(path) for option, path in sorted(named.items())}
        return tuple(
            Given(option, manifest.stage, stage_manifest.result_of(manifest))
            for option, manifest in found.items()
            if manifest is not None
        )

    def _pinned(self) -> dict[str, str]:
        """Return the commits that are pinned for the models that options name."""
        named = {
            item.name: getattr(self._invocation.options, item.name)
            for item in self.stage.all_options
            if item.content == "model"
        }
        return {option: commit for option, name in named.items() if (commit := weights.pinned_commit(name))}

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
            software=stage_manifest.software(
                self.stage.environment,
                self._code.ran,
                self._record.tools,
                self._record.models,
                (requested, gpus.shown(actual)),
                self._record.engines,
            ),
            host=stage_manifest.host(),
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


def _fingerprint(place: Path) -> str:
    """Return the fingerprint of a file or folder; of one that has gone meanwhile, that of nothing."""
    return checksums.fingerprint(place) if place.exists() else "0" * 16


def run_stage(stage: Stage, work: Callable[[StageRun, Any], None], argv: list[str] | None = None) -> int:
    """Parse the options, do a stage's work, and record how it went.

    Args:
        stage: its declaration.
        work: does the work, with the stage's own options; raises ``Skipped`` where there is nothing to do.
        argv: the command line, or None for that of the process.

    Returns:
        The exit code: 0, or that of the error's class.
    """
    name = stage.name
    atexit.register(gc.freeze)  # the process is over then: nobody needs to go through its modules for garbage
    try:
        invocation = parse(stage, argv)
        # Not before: for --help, its thread would outlive the interpreter now and then.
        meter = ResourceMeter(cores=max(1, invocation.threads))
        run = StageRun(stage, invocation, own_code.take(stage))
        with attempts.claim(run.job_folder, run.stage.folder):
            run_watch.check_run()
            if run.resume():
                return 0
            run.begin()
        logs = StageLogs(run.context, run.folder, run.attempt_folder, invocation.verbose)
    except (SamvadError, OSError) as error:
        known = as_samvad_error(error)
        console.complain(f"samvad {name}", redact(str(known)))
        if folder := job_folder_of(sys.argv[1:] if argv is None else argv):
            last_words.leave(folder, stage.script, redact(str(known)))
        return known.exit_code
    run_watch.end_with_run(f"{run.stage.folder} {run.film} ({run.context.job_id})")
    try:
        called = shlex.join(sys.argv if argv is None else argv)
        with events.timed(name, f"Stage {name}", f", attempt {run.attempt}: {called}", run.config) as timer:
            log.debug("Working in %s", run.work_folder)
            slurm.note_node()
            try:
                work(run, invocation.options)
            except Skipped as skipped:
                run.skip = skipped.skip
                run.warn(f"skipped: {skipped}")
                timer.status = "skipped"
            usage = meter.stop()
            timer.counts.update(run.measured(usage))
            timer.facts.update(run.facts())
            with attempts.claim(run.job_folder, run.stage.folder):
                attempts.check_newest(run.folder, run.attempt)
                run.succeed(usage, timer.status)
        return 0
    except (Exception, KeyboardInterrupt) as caught:  # the one boundary: every failure is recorded, then reported
        return _record_failure(run, meter, _first_cause(run, caught))
    finally:
        run.close()
        held_files.release()
        logs.close()


def _first_cause(run: StageRun, caught: BaseException) -> BaseException:
    """Return what to blame for a failure: a film that was changed meanwhile cannot be decoded, and it is no defect."""
    category = as_samvad_error(caught).category
    gone = isinstance(caught, FileNotFoundError)
    try:
        if category in ("bug", "media") or gone:  # a later attempt takes away what this one works in and reads through
            attempts.check_newest(run.folder, run.attempt)
        if category in ("bug", "media") or gone:
            run.check_inputs()
        if category == "bug":
            run.check_code()
    except (ChangedFileError, SupersededError) as known:
        known.__cause__ = caught
        return known
    except (SamvadError, OSError):
        pass  # it cannot be told: the first error is the one that is known
    return caught


def _record_failure(run: StageRun, meter: ResourceMeter, caught: BaseException) -> int:
    error = as_samvad_error(caught)
    usage = meter.stop()
    run.measured(usage)
    if error.stderr_tail:
        log.error("The program's last lines:\n%s", error.stderr_tail)
    if not isinstance(caught, SamvadError):
        log.debug("Traceback", exc_info=caught)
    try:
        run.fail(usage, caught, error.exit_code)
    except (SamvadError, OSError) as second:
        log.error("The failed manifest could not be written: %s", second)
    return error.exit_code
