"""Follow a Snakemake run from its one main process: each job's log, ``run.json`` and manifest.

Snakemake tells its logger of every job that starts, ends or fails, also of those on a cluster. One handler there is
the only writer of these files, so that stages never race for them.
"""

from __future__ import annotations

import getpass
import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from samvad.core import outside, stages, this_machine, times, variables
from samvad.core.console import printable
from samvad.core.errors import SamvadError
from samvad.core.failures import STOPPED, may_pass
from samvad.documents import (
    at_work,
    job_manifest,
    job_summary,
    last_words,
    live_run,
    run_record,
    stage_manifest,
    stage_states,
    subtitle_check,
)
from samvad.documents.costs import Prices
from samvad.documents.run_record import CacheSettings, RunRecord
from samvad.logs.events import Event
from samvad.runner import attempts
from samvad.settings.configuration import Film
from samvad.workflow import event_merging, run_log, run_registry, snakemake_events
from samvad.workflow.progress.state import FilmProgress
from samvad.workflow.progress.view import View, chosen

#: With more films than this in a run, each gets one line at its end.
_FULL_SUMMARIES = 3
#: How a job stands by its manifest where that is to be written anew.
_TO_MEND = (None, job_manifest.INTERRUPTED)
#: What is said of a stage that ended well, and whose result Snakemake has thrown away nevertheless.
_NOT_TAKEN = (
    "it ended well, but Snakemake did not take its result, and says above why. Where that is of modification times, a "
    "clock is wrong, or was: the same command goes on"
)
#: And where that was because somebody stopped the run in that moment.
_NOT_TAKEN_ANY_MORE = "it ended well as the run was stopped. Run the same command again to go on"
#: What SLURM writes into a job's log when it, or the kernel, ends a step for want of memory.
_OVER_MEMORY = re.compile(rb"xceeded (?:job |step )?memory limit|oom[-_]kill|OOM Killed|Out Of Memory", re.IGNORECASE)
_TAIL_BYTES = 1 << 16
_ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"


@dataclass
class _Job:
    """A film's job in this run.

    Attributes:
        live: what this run adds to what the manifests tell.
        before: the last attempt of each stage that runs before it began.
        failed: what is to be said of the stages that failed.
        stopped: likewise of those that somebody stopped.
        standing: stages that failed, and whose earlier result is left as it is.
        passing: those of them whose failure may pass by itself: trying again may help.
    """

    film: Film
    folder: Path
    wanted: list[str]
    log: run_log.RunLog
    live: live_run.RunState
    before: dict[str, Path | None] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    stopped: dict[str, str] = field(default_factory=dict)
    standing: set[str] = field(default_factory=set)
    passing: set[str] = field(default_factory=set)
    began: datetime = field(default_factory=datetime.now)
    last: datetime = field(default_factory=datetime.now)

    def newest_attempt(self, stage: str) -> Path | None:
        """Return the folder of the attempt that was begun since Snakemake started the stage."""
        newest = _last_attempt(self.folder, stage)
        return newest if newest != self.before.get(stage) else None


class PipelineHandler(logging.Handler):
    """Listen to Snakemake's events and keep the records of each job that they concern.

    Args:
        films: the films by job folder (``YYYY/MM/DD/USER/N``).
        wanted: returns the stages that a film is to go through.
        off: returns the stages of a film's workflow that are switched off, and by what.
        output_root: where the job folders are.
        run: the mark of this run.
        cache: settings of the cache of results, or None.
        prices: what machines cost, or None.
        stage_links: make a link ``logs/NN_stage_<start>.log`` to the log of each stage.
        view: what to show meanwhile: auto, plain or off.
        sent_away: stages are sent to a cluster, and not started on this machine.
        whole: is called with a film when all of its stages are done.

    Raises:
        ConfigurationError: SAMVAD_RUN_ID or SAMVAD_PARENT_JOB_ID is no id, or SAMVAD_VIEW no view.
    """

    def __init__(
        self,
        films: dict[str, Film],
        wanted: Callable[[Film], list[str]],
        off: Callable[[Film], dict[str, str]],
        output_root: Path,
        run: run_registry.Run,
        *,
        cache: CacheSettings | None,
        prices: Prices | None,
        stage_links: bool,
        view: str,
        sent_away: bool = False,
        whole: Callable[[Film], None] = lambda film: None,
    ) -> None:
        super().__init__(logging.INFO)
        self._whole = whole
        self._films = films
        self._wanted = wanted
        self._off = off
        self._output_root = output_root.resolve()
        self._cache = cache
        self._prices = prices
        self._stage_links = stage_links
        self._run_id = attempts.given_id("SAMVAD_RUN_ID", _ID, "nightly-2025-11-27")
        self._parent_job_id = attempts.given_id("SAMVAD_PARENT_JOB_ID", f"{_ID}(/[0-9]+)?", "baseline/1")
        self._process = live_run.Process(this_machine.node(), os.getpid(), str(run.path))
        self._planned: dict[str, dict[str, set[str]]] = {}
        self._jobs: dict[str, _Job] = {}
        self._stages: dict[int, tuple[str, str]] = {}
        self._groups: dict[int, str] = {}
        self._start = datetime.now()
        self._is_interrupted = False
        self._view = View(self._output_root, chosen(view), sent_away=sent_away)

    def attach(self, logger: logging.Logger) -> None:
        """Listen to Snakemake's logger from now on; what the view shows better goes to the terminal no more."""
        logger.addHandler(self)
        self._view.quieten(logger)

    def interrupt(self) -> None:
        """Take note that somebody stops the run: a stage that ends without a record from now on was stopped, too."""
        self._is_interrupted = True

    @property
    def tells(self) -> bool:
        """Say whether people are told here what stages warn of and why they fail."""
        return self._view.tells

    def expect(self, planned: Iterable[tuple[str, str, set[str]]], part: str = "") -> None:
        """Take note of what the run is to do.

        Args:
            planned: job folder, stage, and the stages that this one waits for.
            part: which part of a large plan it is, in words; empty where there is one alone.
        """
        for folder, stage, needs in planned:
            self._planned.setdefault(folder, {})[stage] = needs
        self._view.expect(len(self._planned), part)

    def may_try_again(self, stage: str, folder: str | None) -> bool:
        """Say whether trying a job once more may help, as far as is known: never where a person has to do something.

        Args:
            stage: the name of its rule.
            folder: its job folder, below the output root; None of a rule that has none.
        """
        found = self._jobs.get(folder or "")
        return found is None or stage not in stages.BY_NAME or stage in found.passing

    def repair(self, asked: Iterable[str]) -> None:
        """Write anew what a run that is over has left behind: job manifests, and the ends of logs.

        Args:
            asked: the job folders to look at: of a long sheet, only those that are asked for are opened.
        """
        for folder in asked:
            film, place = self._films[folder], self._output_root / folder
            try:
                run = run_record.read_optional(place)
                if run is None or at_work.run_of(run, place):
                    continue
                if job_manifest.status(place) in _TO_MEND:
                    job_manifest.write(place, self._wanted(film), live_run.RunState(off=self._off(film)))
                if run.stamp and not run_log.is_ended(place, run):
                    run_log.recover(place, lambda film=film, place=place: self._stands(film, place))  # type: ignore[misc]
            except (OSError, ValueError, SamvadError) as error:
                _complain(error)

    def _stands(self, film: Film, place: Path) -> str:
        """Return how a job that no run works on stands, by its stages alone."""
        live = live_run.RunState(off=self._off(film))
        return job_manifest.derive(place, self._wanted(film), live).pipeline.status

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of an event. A full disk must not end the run from here: stages report it themselves."""
        try:
            self._take(record)
        except (OSError, SamvadError) as error:
            _complain(error)

    def finish(self) -> tuple[int, list[str]]:
        """Write the last line of each job's log, and print where its results are.

        Who prints that anyway (`samvad film` does, also when there was nothing to do) sets SAMVAD_SUMMARY=no: then only
        what somebody has stopped is told here, for that is its end.

        Returns:
            How many films are done, and those that are not, each with the reason.
        """
        self._view.finish()
        show = os.environ.get(variables.SUMMARY) != "no"
        ends: dict[str, list[str]] = {"Failed": [], "Stopped": []}
        states: dict[Path, str] = {}
        lost = []
        for found in self._jobs.values():
            if whys := [*found.failed.items(), *found.stopped.items()]:
                lost.append(f"{found.film.film}, {stages.BY_NAME[whys[0][0]].folder}: {printable(whys[0][1])}")
            elif found.live.pending or found.live.running:
                lost.append(f"{found.film.film}: not finished")
            try:
                states[found.folder] = self._finish(found)
            except (OSError, SamvadError) as error:
                _complain(error)
            for end, reasons in (("Failed", found.failed), ("Stopped", found.stopped)):
                ends[end] += [
                    f"  {found.film.film}, {stages.BY_NAME[stage].folder}: {printable(reason, lines=True)}"
                    for stage, reason in reasons.items()
                ]
        try:
            told = self._told(states) if show else []
        except (OSError, SamvadError) as error:
            _complain(error)
            told = []
        for end, lines in ends.items():
            if lines and (show or ends["Stopped"]):
                told += [f"\n{end}:", *lines]
        made = len(self._jobs) - len(lost)
        lost += [f"{self._films[folder].film}: not begun" for folder in self._planned if folder not in self._jobs]
        if ends["Stopped"]:
            told.append(
                f"{made} of {len(self._planned)} films are done; the same command goes on with the others."
                if len(self._planned) > 1
                else "The same command goes on where it was stopped."
            )
        if failed := [found.folder for found in self._jobs.values() if found.failed and show]:
            told.append(f"More: {printable(job_summary.how_to_learn_more(failed[0]))}")
        sys.stderr.write("".join(f"{line}\n" for line in told))
        return made, lost

    def _told(self, states: Mapping[Path, str]) -> list[str]:
        """Return what is to be said of the films at the end: of few, where all is; of many, a line each."""
        if len(states) <= _FULL_SUMMARIES:
            return ["", printable(job_summary.of_jobs(list(states), why=False), lines=True)] if states else []
        lines = []
        for found in self._jobs.values():
            if found.folder in states:
                worth = subtitle_check.headlines(found.folder).items()
                look = "; ".join(f"{language}: {item.told()}" for language, item in worth if item.grade != "good")
                line = f"{found.film.title} ({states[found.folder]}): {found.folder}" + (f" – {look}" if look else "")
                lines.append(printable(line))
        return lines + [f"  {printable(note)}" for note in job_summary.shared_notes(list(states))]

    def _leave_standing(self, found: _Job) -> None:
        """Leave what was made before as it is, where a machine of a cluster lacks what is there on this one.

        This machine has looked, before it was begun, for what a stage would read; another may see other disks.
        """
        for stage, reason in list(found.failed.items()):
            folder = found.folder / stages.BY_NAME[stage].folder
            newest = found.newest_attempt(stage)
            record = stage_manifest.read_optional(newest / "manifest.json") if newest else None
            error = next(iter(record.errors), None) if record else None
            if record is None or error is None or not error.file or record.host.name == self._process.host:
                continue
            if Path(error.file).exists() and attempts.put_back(folder):
                found.failed[stage] = (
                    f"{reason} It is there on {self._process.host}, and not on {record.host.name}, which was to do it: "
                    "what was made before is left as it is"
                )
                found.standing.add(stage)

    def _finish(self, found: _Job) -> str:
        self._leave_standing(found)
        for stage in list(found.live.running):  # the run was interrupted
            if folder := found.newest_attempt(stage):
                found.log.stage_ended(stage, folder, run_log.RUN_STOPPED)
            found.live.stopped.add(stage)
        failed = {stage: why for stage, why in found.failed.items() if stage not in found.standing}
        found.live = live_run.RunState(failed=failed, stopped=found.live.stopped, off=found.live.off)
        manifest = job_manifest.write(found.folder, found.wanted, found.live)
        pipeline, film_seconds = manifest.pipeline, manifest.input.duration_seconds
        counts: dict[str, float] = {} if film_seconds is None else {"film_seconds": film_seconds}
        counts |= {
            "stages_success": len(pipeline.completed_stages),
            "stages_failed": len(pipeline.failed_stages),
            "stages_stopped": len(pipeline.stopped_stages),
            "stages_skipped": len(pipeline.skipped_stages),
            "cache_hits": found.log.cache_hits,
        }
        found.log.finished(pipeline.status, (found.last - found.began).total_seconds(), counts)
        return pipeline.status

    def _take(self, record: logging.LogRecord) -> None:
        match snakemake_events.event_of(record):
            case snakemake_events.Started(number, rule, wildcards) if rule in stages.BY_NAME:
                self._started(number, rule, wildcards["job"])
            case snakemake_events.Finished(number) if number in self._stages:
                self._ended(number, failed=False)
            case snakemake_events.Failed(number, message, logs) if number in self._stages:
                said = _of_cluster(message, logs) or self._groups.get(number, "")
                self._ended(number, failed=True, said=said)
            case snakemake_events.GroupFailed(external_id, numbers):
                name = f"SLURM job {external_id}" if external_id else ""
                self._groups.update(dict.fromkeys(numbers, name))
            case snakemake_events.Planned(counts):
                self._view.planned({name: count for name, count in counts.items() if name in stages.BY_NAME})
            case snakemake_events.Progress(done, total):
                self._view.steps(done, total)

    def _started(self, number: int, stage: str, folder: str) -> None:
        found = self._jobs.get(folder) or self._begin(folder)
        self._stages[number] = (folder, stage)
        found.live.running[stage] = times.utc_now()
        found.live.pending.discard(stage)
        found.live.failed.pop(stage, None)
        found.live.stopped.discard(stage)
        found.before[stage] = _last_attempt(found.folder, stage)
        last_words.take(found.folder, stages.BY_NAME[stage].script)  # of an earlier start
        before = found.failed.get(stage) or found.stopped.get(stage)
        if before is not None:  # it was tried in this run, and may be tried again
            event = Event("stage_retry", counts={"attempts": len(event_merging.attempts_of(found.folder, stage))})
            found.log.write(f"Stage {stage}: tried again, after: {before}", event, level=logging.WARNING, stage=stage)
        manifest = self._write(found)
        pipeline = manifest.pipeline
        done = len({*pipeline.completed_stages, *pipeline.skipped_stages} & set(found.wanted))  # not those off
        found.log.write(f"Stage {stage}: started ({done} of {len(found.wanted)} done)")
        states = {name: state.status for name, state in manifest.stages.items()}
        film = FilmProgress(found.film.film, found.folder, states, film_seconds=manifest.input.duration_seconds)
        self._view.started(folder, film, stage, found.before[stage])

    def _ended(self, number: int, *, failed: bool, said: str = "") -> None:
        """Take note of a stage's end.

        Args:
            number: Snakemake's number of the job.
            failed: as Snakemake says: of a group, every member has failed when one has.
            said: what the cluster says of it.
        """
        folder, stage = self._stages[number]
        found = self._jobs[folder]
        if found.live.running.pop(stage, None) is None:
            return  # told already: of a group that failed, Snakemake names every job
        found.last = datetime.now()
        newest, group = found.newest_attempt(stage), self._groups.get(number)
        if newest is None and self._went_on_without(found, number):
            manifest = self._write(found)
            status = manifest.stages[stage].status
            self._view.ended(folder, stage, status, None, manifest.input.duration_seconds)
            return
        if failed and self._is_interrupted and not (newest and (newest / "manifest.json").is_file()):
            said = run_log.RUN_STOPPED  # Ctrl-C reaches its process, too, perhaps before it can write anything
        result = found.log.stage_ended(stage, newest, said, failed=failed)
        found.failed.pop(stage, None)  # an earlier attempt
        found.stopped.pop(stage, None)
        found.passing.discard(stage)
        if failed and result.status == STOPPED:
            found.live.stopped.add(stage)
            found.passing.add(stage)
            found.stopped[stage] = result.failure.message if result.failure else stage_states.WAS_STOPPED
        elif failed and result.status == "failed":
            found.failed[stage] = result.failure.message if result.failure else stage_states.NO_RECORD
            found.passing |= {stage} if result.failure is None or may_pass(result.failure) else set()
        elif failed and group is None and self._is_interrupted:
            found.live.stopped.add(stage)
            found.stopped[stage] = _NOT_TAKEN_ANY_MORE
            found.passing.add(stage)
        elif failed and group is None:
            found.failed[stage] = _NOT_TAKEN
            found.passing.add(stage)
        found.live.failed = dict(found.failed)
        manifest = self._write(found)
        film_seconds = manifest.input.duration_seconds
        if manifest.pipeline.status == "success":
            self._whole(found.film)
        if self._stage_links and newest is not None:
            run_log.link_stage_log(found.log, stage, newest)
        reason = found.failed.get(stage, "")
        self._view.ended(folder, stage, result.status or "", result.duration_seconds, film_seconds, reason)

    def _went_on_without(self, found: _Job, number: int) -> bool:
        """Say whether a stage's group was at work without it: it had been done before, or its turn never came."""
        group = self._groups.get(number)
        mates = [stage for other, (_, stage) in self._stages.items() if self._groups.get(other) == group]
        return group is not None and any(found.newest_attempt(stage) for stage in mates)

    def _write(self, found: _Job) -> job_manifest.JobManifest:
        """Derive and write a job's manifest: running as long as this run has something to do for it."""
        planned = self._planned.get(found.film.folder, {})
        blocked = found.live.failed.keys() | found.live.stopped
        while more := {stage for stage in found.live.pending - blocked if planned.get(stage, set()) & blocked}:
            blocked |= more
        open_ = found.live.running or found.live.pending - blocked
        found.live.process = self._process if open_ else None
        return job_manifest.write(found.folder, found.wanted, found.live)

    def _begin(self, folder: str) -> _Job:
        film = self._films[folder]
        place = self._output_root / folder
        before = run_log.recover(place, lambda: self._stands(film, place))
        run = RunRecord(
            run_id=self._run_id or attempts.new_run_id(film.film),
            parent_run_id=before.run_id if before else None,
            parent_job_id=self._parent_job_id,
            stamp=f"{self._start:%Y%m%d_%H%M%S}",
            workflow=film.workflow,
            film=film.film,
            title=film.title,
            year=film.year,
            media=film.media,
            cache=self._cache,
            prices=self._prices,
            host=self._process.host,
            mark=self._process.mark,
        )
        run_record.write(place, run)
        live = live_run.RunState(pending=set(self._planned.get(folder, ())), off=self._off(film))
        # A stage beyond the film's workflow can be asked for by name.
        wanted = list(dict.fromkeys([*self._wanted(film), *sorted(live.pending)]))
        found = self._jobs[folder] = _Job(film, place, wanted, run_log.RunLog(place, run), live)
        for stage in found.wanted:
            for earlier in event_merging.attempts_of(place, stage):
                found.log.merger.pass_over(earlier)
        counts = {"stages": len(found.wanted)}
        found.log.write(f"Job received: {film.film} ({film.title}), {film.media}", Event("job_received", counts=counts))
        found.log.write(f"Started by {getpass.getuser()} on {this_machine.node()}, run {run.run_id}")
        return found


def _last_attempt(job_folder: Path, stage: str) -> Path | None:
    return next(reversed(event_merging.attempts_of(job_folder, stage)), None)


def _of_cluster(message: str, logs: Sequence[str]) -> str:
    """Return how a job ended, by the SLURM plugin's sentences and the job's own log; nothing where it says none.

    Without accounting SLURM calls a job that it ended for want of memory failed, and says why in that log alone.
    """
    match = re.search(r"SLURM-job .*?SLURM status is: '\w+'|SLURM sbatch failed.*", message)
    if match is None:
        return ""
    of_cluster = [path for path in map(Path, logs) if path.name != "stage.log"]
    short = "OUT_OF_MEMORY" in match.group(0) or any(_OVER_MEMORY.search(_end_of(log)) for log in of_cluster)
    return match.group(0) + (f"; {run_log.OVER_MEMORY}" if short else "")


def _end_of(log: Path) -> bytes:
    try:
        with outside.open_regular(log) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
            return file.read(_TAIL_BYTES)
    except OSError:
        return b""


def _complain(error: Exception) -> None:
    sys.stderr.write(f"samvad: the job's records could not be written: {error}\n")
