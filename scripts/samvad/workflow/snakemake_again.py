"""Snakemake's command, started again by itself in the same process; as ``snakemake_api``, of its insides."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from snakemake.exceptions import LockException

from samvad.workflow.refusal import RefusedError
from samvad.workflow.snakemake_api import before_work

#: Set once Ctrl-C has come to a run at work, or SIGTERM to one whose work is over.
_stopped = threading.Event()


def is_command() -> bool:
    """Say whether this process is Snakemake's command: no program that calls it, and no copy of one."""
    name = Path(sys.argv[0])
    asked = name.name == "snakemake" or name.parts[-2:] == ("snakemake", "__main__.py")
    words = sys.argv[1:]
    return asked and sys.orig_argv[len(sys.orig_argv) - len(words) :] == words


def after_execution(workflow: Any, end: Callable[..., None]) -> None:
    """Have something asked when Snakemake has made and carried out a plan, or failed to.

    Args:
        workflow: Snakemake's, before it plans.
        end: takes the error that it ended with, or None, and as ``stopped`` whether somebody has stopped it, or another
            run holds the folder, as ``stops_at_failure`` whether a job has failed, and there is no ``--keep-going``.
    """
    before_work(workflow, lambda: _note(signal.SIGINT))
    execute = workflow.execute

    def tell(error: Exception | None) -> None:
        _note(signal.SIGINT)
        _note(signal.SIGTERM)  # Snakemake's scheduler, too, hears of it from now on, and nobody asks that any more
        stopped = _stopped.is_set() or bool(getattr(workflow.scheduler, "_user_kill", None))
        # A film or row that was left out stops no other. A dry run that is interrupted says nothing of it in its error.
        keeps_going = isinstance(error, RefusedError) or (
            not workflow.dryrun and workflow.execution_settings.keep_going
        )
        end(error, stopped=stopped or isinstance(error, LockException), stops_at_failure=not keeps_going)

    def executed(*given: Any, **named: Any) -> Any:
        try:
            found = execute(*given, **named)
        except Exception as error:
            tell(error)
            raise
        tell(None)
        return found

    workflow.execute = executed


def at_the_end(said: Mapping[str, str]) -> None:
    """Have the same command started again in this process's place, when all that is to be done at its end is done.

    Args:
        said: variables of the environment that tell it what it is to do now.
    """
    atexit.register(_start, {**os.environ, **said})


def _start(environment: Mapping[str, str]) -> None:
    """Start the command again; what was to be done at the end before this was, is done first.

    Python goes on after a Ctrl-C, or SIGTERM, that comes meanwhile; the command does not. When all is done, either ends
    the process at once, until the command that is started hears of it. Nor does it end well where it cannot be started,
    also if nobody reads any more what it says.
    """
    atexit.unregister(_start)
    atexit._run_exitfuncs()
    _flush()
    for number in (signal.SIGINT, signal.SIGTERM):
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    why = "it was stopped"
    if not _stopped.is_set():
        try:
            os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)
        except OSError as error:
            why = f"{sys.executable} cannot be started: {error}"
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"samvad: the rest of the plan was not made: {why}\n")
    _flush()
    os._exit(1)


def _flush() -> None:
    """Hand on what has been printed, where somebody takes it."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


def _note(number: signal.Signals) -> None:
    """Take note of a signal that stops runs, before what is done then; where it ends the process at once, it does."""
    before = signal.getsignal(number)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        return

    def stopped(number: int, frame: FrameType | None) -> None:
        _stopped.set()
        before(number, frame)

    signal.signal(number, stopped)
