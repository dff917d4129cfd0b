"""Turn whatever ended a stage into an error for people, and into the record that manifests and events keep."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from samvad.core import files
from samvad.core.errors import DiskError, MemoryShortageError, ModelError, NetworkError, SamvadError, StoppedError
from samvad.core.redaction import redact

#: Errors of libraries by the names of their classes: the libraries themselves are not imported for this.
_NETWORK = frozenset(
    {
        *("ConnectionError", "ConnectTimeout", "ReadTimeout", "Timeout", "TimeoutError", "TransportError"),
        *("gaierror", "HTTPError", "MaxRetryError", "NewConnectionError", "SSLError", "URLError"),
        *("HfHubHTTPError", "LocalEntryNotFoundError", "OfflineModeIsEnabled"),
    }
)
_MODEL = frozenset({"GatedRepoError", "RepositoryNotFoundError", "RevisionNotFoundError", "SafetensorError"})
#: What CTranslate2, cuBLAS, MKL, PyTorch and C++ say.
_NO_MEMORY = ("out of memory", "alloc_failed", "bad_alloc", "cannot allocate memory", "failed to allocate")


@dataclass(frozen=True)
class Failure:
    """An error as it is recorded, without secrets.

    Attributes:
        type: class of what was raised first.
        category: as in the manifest: network, media, model, out_of_memory, disk, configuration, bug, killed.
        message: what is wrong and what to do.
        file: the file at fault.
        traceback: with the last lines of the program that failed, where one did.
    """

    type: str
    category: str
    message: str
    file: str | None
    traceback: str


def describe(caught: BaseException) -> Failure:
    """Return the record of an error."""
    error = as_samvad_error(caught)
    trace = "".join(traceback.format_exception(caught))
    if error.stderr_tail:
        trace += f"The program's last lines:\n{error.stderr_tail}\n"
    return Failure(
        type=type(error if isinstance(caught, SamvadError) or error.category != "bug" else caught).__name__,
        category=error.category,
        message=redact(str(error) or type(error).__name__),
        file=redact(error.path) if error.path else None,
        traceback=redact(trace),
    )


def as_samvad_error(error: BaseException) -> SamvadError:
    """Give well-known errors of the system and of libraries a message for people; call the others a defect."""
    if isinstance(error, SamvadError):
        return error
    known = _of_the_system(error) or _of_a_library(error)
    if known is None:
        known = SamvadError(f"{type(error).__name__}: {error}", "This is a defect: please report it with the log.")
    known.__cause__ = error
    return known


def is_memory_shortage(error: BaseException) -> bool:
    """Return whether an error says that the machine or the device has too little memory."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(sign in text for sign in _NO_MEMORY)
    )


def _of_the_system(error: BaseException) -> SamvadError | None:
    if is_memory_shortage(error):
        return MemoryShortageError(
            "There is not enough memory.", "Use a smaller batch_size or model, or a machine with more memory."
        )
    if isinstance(error, KeyboardInterrupt):
        return StoppedError("The stage was stopped while it was at work.", "Run the same command again to go on.")
    if isinstance(error, OSError):
        try:
            with files.disk_errors(Path(str(error.filename or "."))):
                raise error
        except DiskError as disk_error:
            return disk_error
        except OSError:
            pass
    return None


def _of_a_library(error: BaseException) -> SamvadError | None:
    """Look at the error's own classes, then at those of its causes, for a library often wraps what went wrong."""
    seen: BaseException | None = error
    while seen is not None:
        names = {kind.__name__ for kind in type(seen).__mro__}
        said = f"{type(error).__name__}: {error}"
        if names & _MODEL:
            return ModelError(f"A model cannot be read ({said}).", "Fetch it again, or name another.")
        if names & _NETWORK:
            return NetworkError(f"A service cannot be reached ({said}).", "Is there a network? Then run again.")
        seen = seen.__cause__ or seen.__context__
    return None
