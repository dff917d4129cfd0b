"""Pieces of one film are shared over processes, with a real model: the text is that of one, whatever becomes of them.

Processes of one thread on this machine's CPU stand where GPUs would: but for the device's name the code is the same.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import support
from recognising import spoken, wav

pytestmark = [pytest.mark.model, pytest.mark.timeout(900)]

Shared = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory, sample: Any) -> Path:
    """Return a sound of several windows."""
    path = tmp_path_factory.mktemp("shared") / "sound.wav"
    path.write_bytes(wav(np.tile(spoken(sample, 2, 8), 4)))
    return path


@pytest.fixture(scope="module")
def shared(sound: Path) -> Shared:
    def recognise(*options: object) -> dict[str, Any]:
        run = [support.ROOT / "envs" / "run", "asr", "../tests/sharing_decoders.py", sound, "--batch=2", *options]
        done = subprocess.run(list(map(str, run)), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    return recognise


@pytest.fixture(scope="module")
def alone(shared: Shared) -> list[Any]:
    found: list[Any] = shared("--helpers=0")["chunks"]
    assert len(found) >= 4
    return found


def test_a_helper_that_is_killed_costs_what_it_had_in_hand(shared: Shared, alone: list[Any]) -> None:
    found = shared("--helpers=2", "--kill")
    assert found["chunks"] == alone
    assert "helper 1" not in found["done"] and found["done"]["helper 2"] >= 1 and found["done"]["this process"] >= 1
    (told,) = found["told"]
    assert re.match(r"The decoder on helper 1 is left out \(its process ended: .+\): 2 go on", told), told
    assert found["alive"] == []


def test_a_helper_without_memory_is_left_out_and_batches_stay_as_they_are(shared: Shared, alone: list[Any]) -> None:
    found = shared("--helpers=2", "--starve")
    assert found["chunks"] == alone and found["batch_size"] == 2
    assert found["told"] == [
        "The decoder on helper 1 is left out (it has less memory than the others): 2 go on, and do what it had in hand."
    ]


def test_who_would_give_another_text_does_not_help(shared: Shared, alone: list[Any]) -> None:
    found = shared("--helpers=1", "--other-sound")
    assert found["chunks"] == alone and set(found["done"]) == {"this process"}
    assert "is another sound there" in found["told"][0]


def test_the_other_engine_shares_as_well(shared: Shared) -> None:
    one, two = shared("--helpers=0", "--engine=whisperx"), shared("--helpers=1", "--engine=whisperx")
    assert two["chunks"] == one["chunks"] and two["done"]["helper 1"] >= 1
