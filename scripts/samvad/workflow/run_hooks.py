"""What a real run does before its first job and after its last, as Snakemake's hooks call it."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from snakemake.logging import logger

from samvad.core import stages, variables
from samvad.core.errors import SamvadError
from samvad.media import addresses, fetched
from samvad.settings import configuration
from samvad.settings.configuration import Film
from samvad.workflow import claims, run_registry, snakemake_api
from samvad.workflow.planning import Plan
from samvad.workflow.refusal import RefusedError
from samvad.workflow.run_recorder import PipelineHandler


class RunHooks:
    """What a run does with its mark, its records and its index; nothing before it begins.

    Args:
        workflow: Snakemake's, of a real run.
        config: checked.
        films: the films by job folder.
        wanted: returns the stages that a film is to go through.
        plan: says whether all that was asked for is there.
        write_index: writes the index of the films into their folder.
    """

    def __init__(
        self,
        workflow: Any,
        config: Mapping[str, Any],
        films: dict[str, Film],
        wanted: Callable[[Film], list[str]],
        plan: Plan,
        write_index: Callable[[Path], object],
    ) -> None:
        self._workflow = workflow
        self._config = config
        self._films = films
        self._wanted = wanted
        self._plan = plan
        self._output_root = Path(config["output_root"])
        self._write_index = write_index
        self._run: run_registry.Run | None = None
        self._copies = configuration.copies(config) if config["machines"]["give_back"] else None
        self._open: set[str] = set()

    def begin(self) -> None:
        """Mark this process as a run at work, and listen, before it is planned what is to be done.

        Raises:
            RefusedError: the run's mark cannot be written, jobs of a killed run are still at work, or a variable of
                the environment says what it cannot.
        """
        try:
            self._run = run_registry.enter(Path(".snakemake"))
            self._recorder = PipelineHandler(
                self._films,
                self._wanted,
                lambda film: configuration.stages_off(self._config, film),
                self._output_root,
                self._run,
                cache=configuration.cache_settings(self._config),
                prices=configuration.prices(self._config),
                stage_links=self._config["logs"]["per_stage_links"],
                view=self._config["logs"]["view"],
                sent_away=not snakemake_api.runs_here(self._workflow),
                whole=self._give_back,
            )
        except SamvadError as error:
            raise RefusedError(str(error)) from None
        for other in self._run.others:
            sys.stderr.write(f"samvad: another run is at work in this folder: {other}\n")
        os.environ[variables.RUN] = str(self._run.path)
        if self._recorder.tells and snakemake_api.runs_here(self._workflow):
            os.environ[variables.TOLD] = "yes"  # on a cluster, what stages print goes into its logs, not here
        atexit.register(self._repair)  # where nothing is to be done, no hook is called
        self._recorder.attach(logger)
        _before_interrupt(self._recorder.interrupt)
        snakemake_api.retry_only(lambda rule, wildcards: self._recorder.may_try_again(rule, wildcards.get("job")))

    def start(self) -> None:
        """Repair old records, and write down which locks and SLURM jobs are this run's, and what it is to do.

        Raises:
            RefusedError: another run has begun with one of its jobs.
        """
        if self._run is None:  # nothing is done: files are touched
            return
        jobs = [job for job in snakemake_api.planned_jobs(self._workflow) if job.rule in stages.BY_NAME]
        try:
            claims.claim(self._output_root, {job.wildcards["job"] for job in jobs}, self._run)
        except claims.TakenError as error:
            raise RefusedError(str(error)) from None
        except SamvadError as error:  # the stages will say so in the jobs' records
            logger.warning(f"That this run is at work cannot be written down: {error}")
        self._open = {job.wildcards["job"] for job in jobs}
        atexit.unregister(self._repair)
        self._repair()
        locks = snakemake_api.lock_files(self._workflow)
        if locks is not None:
            self._run.owns(locks)
        if name := snakemake_api.slurm_run_name(self._workflow):
            self._run.submits(name)
        self._warn_of_large_stages(jobs)
        to_do = ((job.wildcards["job"], job.rule, set(job.needs)) for job in jobs)
        self._recorder.expect(to_do, self._plan.part)

    def succeed(self) -> None:
        """End a run whose jobs have all ended well.

        Raises:
            RefusedError: not everything that was asked for is done, or is there.
        """
        self.finish()
        if missing := self._plan.shortfall():
            raise RefusedError(missing)

    def fail(self) -> None:
        """End a run some of whose jobs have failed: what it was asked for and did not even begin is told once more."""
        self.finish()
        if self._run is not None and (left := self._plan.left_out()):
            sys.stderr.write("\n".join(["", "Left out:", *left, ""]))

    def finish(self) -> None:
        """Write the last lines of the logs and the index of the films, and say where the results are."""
        if self._run is None:
            return
        self._plan.count(*self._recorder.finish())
        if self._output_root.is_dir():
            try:
                self._write_index(self._output_root)
            except SamvadError as error:  # the films are done: a page that cannot be written undoes none of them
                logger.warning(f"The index of the films is not written: {error}")

    def _give_back(self, film: Film) -> None:
        """Delete the copy of a film that was fetched, when no other job of this run needs it any more."""
        self._open.discard(film.folder)
        others = (self._films[folder].media for folder in self._open if folder in self._films)
        if self._copies and addresses.is_remote(film.media) and film.media not in others:
            fetched.give_back(film.media, self._copies)

    def _repair(self) -> None:
        """Repair the records of jobs: of those that this run looks at, or after a killed run, of whatever that left."""
        if self._run is not None and self._run.after_a_kill:
            self._recorder.repair(self._films)
        else:
            self._recorder.repair(snakemake_api.asked_wildcards(self._workflow, "job"))

    def _warn_of_large_stages(self, jobs: list[snakemake_api.Job]) -> None:
        """Say which stages get all the memory that there is: Snakemake cuts a larger request to that."""
        total = snakemake_api.total(self._workflow, "mem_mb")
        if total is None:
            return
        for name in sorted({job.rule for job in jobs if job.mem_mb == total}):
            logger.warning(
                f"{name} asks for {total} MiB of memory or more, and that is all there is for the stages here: it may "
                "run out. Use a smaller model, or give more with --resources mem_mb=… if there is more."
            )


def _before_interrupt(tell: Callable[[], None]) -> None:
    """Have something told when Ctrl-C comes, before Snakemake does what it does then."""
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        return  # it is ignored, or Snakemake was called from a program that has handlers of its own

    def interrupted(number: int, frame: FrameType | None) -> None:
        tell()
        before(number, frame)

    signal.signal(signal.SIGINT, interrupted)
