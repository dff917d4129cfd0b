"""One stage's process, from its command line to its exit code: every way of ending is recorded."""

from __future__ import annotations

import atexit
import gc
import logging
import shlex
import sys
from collections.abc import Callable
from typing import Any

from samvad.core import console, held_files
from samvad.core.declarations import Stage
from samvad.core.errors import ChangedFileError, SamvadError, SupersededError
from samvad.core.failures import as_samvad_error
from samvad.core.redaction import redact
from samvad.documents import last_words
from samvad.logs import events
from samvad.logs.stage_logs import StageLogs
from samvad.runner import attempts, own_code, run_watch, slurm
from samvad.runner.options import job_folder_of, parse
from samvad.runner.resource_usage import ResourceMeter
from samvad.runner.stage_run import Skipped, StageRun

log = logging.getLogger(__name__)


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
    if not gc.isenabled():  # while the process started; what was made by then stays to its end
        gc.freeze()
        gc.enable()
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
