"""A stage ends with the run that started it, when that is killed."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from pathlib import Path

from samvad.core import this_machine, variables
from samvad.core.errors import StoppedError
from samvad.documents import run_mark
from samvad.runner import slurm

log = logging.getLogger(__name__)

_POLL_SECONDS = 1.0


def check_run() -> None:
    """Make sure that the run that started this stage still is at work; to be asked before the stage changes anything.

    A process may be slow to start, and the run be killed meanwhile: the next run does the same work by then, and this
    stage would begin under its name. Of a run on another machine nothing is known here, and SLURM's jobs are cancelled
    by the next run.

    Raises:
        StoppedError: it is not.
    """
    named = os.environ.get(variables.RUN, "")
    if not named or slurm.JOB_VARIABLE in os.environ:
        return
    path = Path(named)
    if path.name.startswith(f"{this_machine.node()}-") and run_mark.is_dead(path):
        raise StoppedError(
            "The run that started this stage is over: nothing was begun.", "Run the same command again.", path=named
        )


def end_with_run(at_work: str) -> None:
    """End this process, and what it started, when the run that started it has been killed.

    Otherwise a stage would work on for nobody, beside the next run's attempt at the same stage. A stage that was
    started by hand, or runs on another machine than Snakemake, goes on to its end; one that is a job of SLURM's is
    cancelled by the next run, wherever it runs.

    Who ends a process well asks first: SLURM (``scancel``, or when its time is over) kills 30 s later (``KillWait``),
    systemd after a while, too. That is time enough to record that the stage was stopped, as with Ctrl-C.

    Args:
        at_work: what this process does, for those who look into SLURM's queue.
    """
    if slurm.JOB_VARIABLE in os.environ:
        slurm.tell(os.environ[slurm.JOB_VARIABLE], at_work)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    path = Path(os.environ.get(variables.RUN, ""))
    if path.is_file():
        facts = run_mark.read(path).facts
        own_job = os.environ.get(slurm.JOB_VARIABLE) not in (None, facts.slurm_job)
        if facts.boot_id == run_mark.machine().boot_id and not own_job:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            threading.Thread(target=_watch, args=(handle, facts), name="run watch", daemon=True).start()


def _watch(handle: int, facts: run_mark.RunFacts) -> None:
    while not run_mark.has_ended(handle, facts):
        time.sleep(_POLL_SECONDS)
    import psutil

    log.error("The run that started this stage was killed (process %s); the stage ends too.", facts.pid)
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os.kill(os.getpid(), signal.SIGKILL)  # at once: the next run may begin with the same stage
