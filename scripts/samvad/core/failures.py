"""Turn whatever ended a stage into an error for people, and into the record that manifests and events keep."""

from __future__ import annotations

import errno
import os
import subprocess
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from samvad.core import files, times
from samvad.core.errors import (
    ChangedFileError,
    MemoryShortageError,
    MissingToolError,
    NetworkError,
    SamvadError,
    StoppedError,
    TimeLimitError,
)
from samvad.core.redaction import redact

#: What CTranslate2, cuBLAS, MKL, PyTorch and C++ say.
_NO_MEMORY = (
    *("out of memory", "not enough memory", "cannot allocate memory", "failed to allocate"),
    *("alloc_failed", "bad_alloc"),
)

#: Where an error carries what was being worked on.
_PLACE = "samvad_place"


@dataclass(frozen=True)
class Failure:
    """An error as it is recorded, without secrets.

    Attributes:
        type: class of what was raised first.
        category: as in the manifest: network, media, model, out_of_memory, disk, changed, configuration, bug, killed,
            stopped.
        message: what is wrong and what to do.
        file: the file at fault.
        traceback: with the last lines of the program that failed, where one did.
        at_ms: the time in the film that was being worked on, where it is known.
        segment: likewise the number of the segment.
    """

    type: str
    category: str
    message: str
    file: str | None
    traceback: str
    at_ms: int | None = None
    segment: int | None = None

    @property
    def status(self) -> str:
        """Return how records call what ended so: ``failed``, or ``stopped`` where somebody wanted that."""
        return STOPPED if self.category == STOPPED else "failed"


#: The category, and the status, of what somebody stopped.
STOPPED = "stopped"
#: Categories of failures that may pass by themselves; of the disk's, and of settings, these types alone.
_PASSING = ("killed", STOPPED, "out_of_memory", "network")
_PASSING_TYPES = ("FailingDiskError", "ChangedFileError", "ClusterError")
#: A later attempt is at work already.
_LASTING_TYPES = ("SupersededError",)


def may_pass(failure: Failure) -> bool:
    """Say whether trying once more may help: never with a wrong setting, a broken film, or a disk that is full."""
    if failure.type in _LASTING_TYPES:
        return False
    return failure.category in _PASSING or failure.type in _PASSING_TYPES


@contextmanager
def working_on(at_ms: int, segment: int | None = None) -> Iterator[None]:
    """Let an error that is raised inside say what was being worked on; the innermost place counts.

    Args:
        at_ms: time in the film, in ms.
        segment: number of the segment, where there is one.
    """
    try:
        yield
    except BaseException as error:
        if _PLACE not in error.__dict__:
            error.__dict__[_PLACE] = (at_ms, segment)
        raise


def _place(error: BaseException | None) -> tuple[int | None, int | None]:
    """Return what was being worked on when an error, or what it came from, was raised."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if _PLACE in error.__dict__:
            at_ms, segment = error.__dict__[_PLACE]
            return at_ms, segment
        error = error.__cause__ or error.__context__
    return None, None


def describe(caught: BaseException) -> Failure:
    """Return the record of an error."""
    error = as_samvad_error(caught)
    trace = "".join(traceback.format_exception(caught))
    at_ms, segment = _place(caught)
    if error.stderr_tail:
        trace += f"The program's last lines:\n{error.stderr_tail}\n"
    return Failure(
        type=type(error if isinstance(caught, SamvadError) or error.category != "bug" else caught).__name__,
        category=error.category,
        message=redact((str(error) or type(error).__name__) + _told(at_ms, segment)),
        file=redact(error.path) if error.path else None,
        traceback=redact(trace),
        at_ms=at_ms,
        segment=segment,
    )


def _told(at_ms: int | None, segment: int | None) -> str:
    """Return in words what was being worked on, to go on after a message."""
    if at_ms is None:
        return ""
    return f" (at {times.clock(at_ms)} of the film{f', segment {segment}' if segment is not None else ''})"


def as_samvad_error(error: BaseException) -> SamvadError:
    """Give an error of the system a message for people; call any other a defect.

    What kind of failure it is, the place that raised it has said by its class; what it wraps, and what was being
    handled meanwhile, says nothing about it.
    """
    if isinstance(error, SamvadError):
        return error
    known = _of_the_system(error)
    if known is None:
        known = SamvadError(f"{type(error).__name__}: {error}", "This is a defect: please report it with the log.")
    known.__cause__ = error
    return known


def is_memory_shortage(error: BaseException) -> bool:
    """Return whether an error says that the machine or the device has too little memory."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _NO_MEMORY)
    )


def _of_the_system(error: BaseException) -> SamvadError | None:
    if is_memory_shortage(error):
        return MemoryShortageError(
            "There is not enough memory.", "Use a smaller batch_size or model, or a machine with more memory."
        )
    if isinstance(error, KeyboardInterrupt):
        if _time_is_up():
            return TimeLimitError(
                "The time that the stage's SLURM job had asked for was over.",
                "A further attempt asks for more; or give the stage a longer runtime in config/resources.yaml.",
            )
        return StoppedError("The stage was stopped while it was at work.", "Run the same command again to go on.")
    if isinstance(error, subprocess.TimeoutExpired):
        command = error.cmd if isinstance(error.cmd, str) else str(error.cmd[0])
        return MissingToolError(
            f"The program {Path(command).name} gave no answer within {round(error.timeout, 1):g} s.",
            "Run it by hand to see why.",
        )
    if not isinstance(error, OSError):
        return None
    named = isinstance(error.filename, str) and error.filename
    known = files.disk_error(error, Path(error.filename) if named else None)
    if known is None and named and isinstance(error, FileNotFoundError) and type(error).__module__ == "builtins":
        known = ChangedFileError(
            f"{error.filename} is not there: it was moved or deleted, or its disk is away.",
            "Put it back, and run the same command again.",
            path=error.filename,
        )
    if known is None and not named and _is_of_a_connection(error):
        known = NetworkError(f"A connection failed ({error}).", "Run again when the other side can be reached.")
    return known


def _time_is_up() -> bool:
    """Say whether the time of this process's SLURM job is over: SLURM ends it by the same signal as ``scancel``."""
    try:
        return time.time() >= float(os.environ["SLURM_JOB_END_TIME"]) - 1
    except (KeyError, ValueError):
        return False


def _is_of_a_connection(error: OSError) -> bool:
    """Return whether the system says it of a connection: a broken pipe and a time that ran out may be anything's."""
    if isinstance(error, ConnectionError):
        return not isinstance(error, BrokenPipeError)
    return error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)
