"""Something that is done in a thread of its own while the caller does something else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Generic, TypeVar

T = TypeVar("T")


class Beside(Generic[T]):
    """A call that has begun in a thread of its own, in the caller's context.

    Nobody waits for the thread when the process ends: one that is told to stop stops at once. (An executor of the
    standard library is waited for.)

    Args:
        call: what is done.
        name: of the thread.
    """

    def __init__(self, call: Callable[[], T], name: str) -> None:
        self._call = call
        self._made: list[T] = []
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=copy_context().run, args=(self._run,), name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._made.append(self._call())
        except BaseException as error:  # raised where the result is asked for
            self._failed = error

    def result(self) -> T:
        """Wait for the call and return what it returned, or raise what it raised."""
        self._thread.join()
        if self._failed is not None:
            raise self._failed
        return self._made[0]
