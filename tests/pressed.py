"""Ctrl-C while threads are at work, pressed in a process of its own.

Pressed a moment too late in the one that runs the tests, it would end that, and with it whatever it runs beside.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import ParamSpec

import pytest

from samvad.core import stopped_threads, subprocesses
from samvad.core.errors import SamvadError, StoppedError
from samvad.media import sound_events

P = ParamSpec("P")

#: Seconds in which a process that is told to stop has done so; what it is busy with would take a minute.
SOON = 5.0


def in_own_process(work: Callable[P, None], /, *arguments: P.args, **named: P.kwargs) -> None:
    """Let a function of a module that can be imported do something; what it asserts is asserted here."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        pool.submit(work, *arguments, **named).result()


def _press_soon(*waits: float) -> None:
    """Press Ctrl-C after so many seconds, and so many after that."""

    def press() -> None:
        for seconds in waits:
            time.sleep(seconds)
            os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()


def ends_soon(work: Callable[P, object], /, *arguments: P.args, **named: P.kwargs) -> None:
    """Let a thread work, and stop this process as Ctrl-C does: both are over soon, and the next program runs."""
    began = threading.Event()

    def call() -> None:
        began.set()
        work(*arguments, **named)

    before = time.monotonic()
    with pytest.raises(KeyboardInterrupt), stopped_threads.Pool(2) as pool:
        done = pool.submit(call)
        waits = [pool.submit(time.sleep, 0.5) for _ in range(200)]
        began.wait()
        _press_soon(0.3)
        done.result()
    assert sum(one.cancelled() for one in waits) > 190, "what had not begun was waited for"
    assert isinstance(done.exception(), StoppedError)
    assert time.monotonic() - before < SOON
    assert subprocesses.run(["true"]).code == 0


def programs_on_and_on() -> None:
    """Start one program after the other."""
    for _ in range(600):
        subprocesses.run(["sleep", "0.1"])


def listen_on_and_on(sound: Path) -> None:
    """Listen for songs without an end."""
    while True:
        sound_events.listen(sound)


def ends_where_only_the_end_is_waited_for(*, fails: bool) -> None:
    """Press Ctrl-C at the end of a ``with`` statement, which an error came to or not."""
    with pytest.raises(KeyboardInterrupt), stopped_threads.Pool(2) as pool:
        done = pool.submit(subprocesses.run, ["sleep", "60"])
        _press_soon(0.3)
        if fails:
            raise SamvadError("broken", "mend it")
    assert isinstance(done.exception(0), StoppedError)


def ends_though_pressed_twice() -> None:
    """Press Ctrl-C twice while a thread looks at nothing and then starts a program."""

    def compute() -> subprocesses.Done:
        time.sleep(0.8)
        return subprocesses.run(["sleep", "60"])

    with pytest.raises(KeyboardInterrupt), stopped_threads.Pool(1) as pool:
        done = pool.submit(compute)
        _press_soon(0.2, 0.2)
        done.result()
    assert isinstance(done.exception(0), StoppedError)
    assert subprocesses.run(["true"]).code == 0
