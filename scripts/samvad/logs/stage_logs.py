"""The logs of one attempt of a stage: text for people, events and measured figures for machines.

One handler on the root logger takes everything, from libraries and threads too, and filters and formats it once.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from samvad.core import variables
from samvad.core.console import printable
from samvad.logs import events
from samvad.logs.line_file import LineFile, line_bytes
from samvad.logs.rate_limit import RateLimiter

log = logging.getLogger(__name__)

#: Libraries that tell more than anyone wants to know, and the level from which they are heard.
_LIBRARIES = {
    **dict.fromkeys(("httpx", "httpcore", "urllib3", "requests", "filelock", "fsspec", "asyncio"), logging.WARNING),
    **dict.fromkeys(("huggingface_hub", "transformers", "speechbrain", "pyannote", "nltk"), logging.WARNING),
    **dict.fromkeys(("lightning", "lightning_fabric", "pytorch_lightning", "torch", "torio"), logging.WARNING),
    **dict.fromkeys(("numba", "matplotlib", "PIL", "h5py"), logging.WARNING),
}

_NEVER = logging.CRITICAL + 1
#: A level's name here, such as DEBUG, lets all libraries be heard from that level on.
LIBRARIES_VARIABLE = "SAMVAD_LIBRARY_LOGS"


class StageLogs(logging.Handler):
    """Takes the log records of a stage's process until it is closed.

    Args:
        context: what every line says of itself.
        folder: the stage's folder.
        attempt_folder: the folder of this attempt, in it.
        verbose: print from INFO up on the standard error, not from WARNING up, and not only what no log can take, which
            is all where a run tells people of the rest.

    Raises:
        OSError: a log cannot be made.
    """

    def __init__(self, context: events.Context, folder: Path, attempt_folder: Path, verbose: bool) -> None:
        super().__init__(logging.DEBUG)
        (folder / "stage.log").unlink(missing_ok=True)
        self._text = [LineFile(attempt_folder / "stage.log").open(), LineFile(folder / "stage.log").open()]
        self._events = LineFile(attempt_folder / "events.jsonl").open()
        self._performance = LineFile(attempt_folder / "performance.jsonl")
        self._text_formatter = events.TextFormatter(context.stage or "stage")
        self._event_formatter = events.EventFormatter()
        is_told = os.environ.get(variables.TOLD) == "yes"
        self._terminal_level = logging.INFO if verbose else _NEVER if is_told else logging.WARNING
        self._limiter = RateLimiter(self._report)
        self._told = False
        self._before = _Before()
        self._context_before = events.set_process_context(context)
        self._attach()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, unless too many like it came before."""
        try:
            event: events.Event | None = record.__dict__.get("samvad_event")
            if event is not None or self._limiter.allows(record):
                self._write(record, event)
        except Exception:  # as in every handler of the standard library: a log must not end what it tells of
            self.handleError(record)

    def close(self) -> None:
        """Write what is still owed, and leave logging as it was."""
        logging.getLogger().removeHandler(self)
        self._limiter.close()
        self._before.restore()
        events.set_process_context(self._context_before)
        for file in (*self._text, self._events, self._performance):
            file.close()
        super().close()

    def _attach(self) -> None:
        root = logging.getLogger()
        root.setLevel(logging.INFO)
        for ours in ("samvad", "__main__"):
            logging.getLogger(ours).setLevel(logging.DEBUG)
        wanted = logging.getLevelName(os.environ.get(LIBRARIES_VARIABLE, "").upper() or "NOTSET")
        if isinstance(wanted, int) and wanted:
            root.setLevel(min(wanted, logging.INFO))
        for name, level in _LIBRARIES.items():
            logger = logging.getLogger(name)
            if logger.level == logging.NOTSET or wanted:
                logger.setLevel(wanted if isinstance(wanted, int) and wanted else level)
        logging.captureWarnings(True)
        logging.logMultiprocessing = False  # no line shows the name of the process: it need not be found out for each
        threading.excepthook = _thread_failed
        sys.unraisablehook = _unraisable
        root.addHandler(self)

    def _report(self, record: logging.LogRecord) -> None:
        with self.lock:  # type: ignore[union-attr]
            self._write(record, None)

    def _write(self, record: logging.LogRecord, event: events.Event | None) -> None:
        if event is not None and event.performance:
            self._line([self._performance], self._event_formatter.format(record))
            return
        if event is None or not event.silent:
            text = self._text_formatter.format(record)
            self._line(self._text, text)
            if record.levelno >= self._terminal_level:
                self._print(text)
        if record.levelno >= logging.INFO:
            self._line([self._events], self._event_formatter.format(record))

    def _line(self, files: list[LineFile], text: str) -> None:
        data = line_bytes(text)
        for file in files:
            try:
                file.write_bytes(data)
            except OSError as error:  # the stage goes on, and fails by itself if the disk stays full
                if not self._told:
                    self._told = True
                    self._print(f"samvad: {file.path} cannot be written: {error.strerror}")

    def _print(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # the terminal may be gone; the log has it
            sys.stderr.write(f"{printable(text, lines=True)}\n")


class _Before:
    """How logging stood before, to be put back: one process may run several stages after each other, as tests do."""

    def __init__(self) -> None:
        self._levels = {name: logging.getLogger(name).level for name in ("", "samvad", "__main__", *_LIBRARIES)}
        self._hooks = (threading.excepthook, sys.unraisablehook)

    def restore(self) -> None:
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)
        logging.captureWarnings(False)
        logging.logMultiprocessing = True
        threading.excepthook, sys.unraisablehook = self._hooks


def _thread_failed(caught: threading.ExceptHookArgs) -> None:
    if caught.exc_value is None or isinstance(caught.exc_value, SystemExit):
        return
    name = caught.thread.name if caught.thread else "unknown"
    log.error("The thread %s failed", name, exc_info=_exc_info(caught.exc_value))


def _unraisable(caught: Any) -> None:
    if caught.exc_value is not None:
        log.error("%s: %r", caught.err_msg or "Ignored error in", caught.object, exc_info=_exc_info(caught.exc_value))


def _exc_info(error: BaseException) -> tuple[type[BaseException], BaseException, TracebackType | None]:
    return type(error), error, error.__traceback__
