"""What threads do beside the main one ends with it: a stage that is told to stop waits for no program and no file."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, ParamSpec, Protocol, TypeVar

from samvad.core.errors import StoppedError

P = ParamSpec("P")
T = TypeVar("T")

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
        self._calls: list[Future[Any]] = []
        super().__init__(threads)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Let a thread do something."""
        call = super().submit(fn, *args, **kwargs)
        self._calls.append(call)
        return call

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Wait for what the threads do; where this process is being stopped, or is so meanwhile, end it."""
        if kind is None or issubclass(kind, Exception):
            try:
                # Not by their threads: one that is waited for by then is over for Python, whatever it is busy with.
                wait(self._calls)
            except KeyboardInterrupt:
                self._end()
                raise
        else:
            self._end()
        return super().__exit__(kind, error, trace)

    def _end(self) -> None:
        """End what the threads do. To be told to stop once more changes nothing: threads are waited for in any case."""
        _ending.set()
        try:
            is_ended = False
            while not is_ended:
                with suppress(KeyboardInterrupt):
                    self.shutdown(wait=False, cancel_futures=True)
                    while not all(call.done() for call in self._calls):
                        for program in _programs.copy():
                            program.kill()
                        threading.Event().wait(_LOOK_SECONDS)
                    is_ended = True
        finally:
            _ending.clear()


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
