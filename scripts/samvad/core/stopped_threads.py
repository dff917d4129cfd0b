"""What threads do beside the main one ends with it: a stage that is told to stop waits for no program and no file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol

from samvad.core.errors import StoppedError

#: Seconds from one look at what is still at work to the next.
_LOOK_SECONDS = 0.02

_programs: set[Program] = set()
_ending = threading.Event()


class Program(Protocol):
    """A program at work, as ``subprocess.Popen`` has it."""

    def kill(self) -> None:
        """End it at once."""


class Pool(ThreadPoolExecutor):
    """Threads beside the main one, for a ``with`` statement.

    Where that ends by Ctrl-C or SIGTERM, what has not begun never does, programs of any thread are killed, and what
    looks by ``check`` ends, too: Python waits for threads, and one that reads a film is busy for half a minute.

    Args:
        threads: at most.
    """

    def __init__(self, threads: int) -> None:
        self._at_work: list[threading.Thread] = []
        super().__init__(threads, initializer=lambda: self._at_work.append(threading.current_thread()))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Wait for what the threads do; where this process is being stopped, end it."""
        if kind is not None and not issubclass(kind, Exception):
            _ending.set()
            try:
                self.shutdown(wait=False, cancel_futures=True)
                while any(thread.is_alive() for thread in self._at_work):
                    for program in _programs.copy():
                        program.kill()
                    threading.Event().wait(_LOOK_SECONDS)
            finally:
                _ending.clear()
        return super().__exit__(kind, error, trace)


def check() -> None:
    """Raise an error in a thread of a ``Pool`` that is being stopped; to be asked now and then by what takes long.

    Raises:
        StoppedError: it is.
    """
    if _ending.is_set():
        raise StoppedError("The stage was stopped.", "Run the same command again.")


@contextmanager
def known(program: Program) -> Iterator[None]:
    """Let a program be killed where the thread that waits for it is to end."""
    _programs.add(program)
    try:
        yield
    finally:
        _programs.discard(program)
