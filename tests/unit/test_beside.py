"""What is done in a thread of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextvars import ContextVar
from pathlib import Path

import pytest

from samvad.core.beside import Beside

ROOT = Path(__file__).resolve().parents[2]


def test_a_call_goes_on_beside_its_caller_and_gives_its_result():
    begun, go_on = threading.Event(), threading.Event()

    def call() -> int:
        begun.set()
        assert go_on.wait(10)
        return 7

    beside = Beside(call, "one")
    assert begun.wait(10)
    go_on.set()
    assert beside.result() == 7


def test_what_it_raises_is_raised_where_the_result_is_asked_for():
    def call() -> None:
        raise ValueError("no sound")

    with pytest.raises(ValueError, match="no sound"):
        Beside(call, "one").result()


def test_it_knows_what_its_caller_knows():
    film: ContextVar[str] = ContextVar("film", default="")
    film.set("sholay")
    assert Beside(film.get, "one").result() == "sholay"


def test_nobody_waits_for_it_when_the_process_ends():
    code = "import time; from samvad.core.beside import Beside; Beside(lambda: time.sleep(60), 'one'); 1 / 0"
    began = time.monotonic()
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, env={"PYTHONPATH": str(ROOT / "scripts")}, capture_output=True, check=False)
    assert ended.returncode == 1 and b"ZeroDivisionError" in ended.stderr
    assert time.monotonic() - began < 30
