"""Whisper's encoder hears one window after the other on a CPU, and all at once on a GPU."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from samvad.models.whisper import Whisper
from samvad.stages.asr import windows
from samvad.stages.asr.engine import Engine
from samvad.stages.asr.pool import Pool
from samvad.stages.asr.windows import Window


class _View:
    @staticmethod
    def from_array(array: Any) -> Any:
        return array


def _whisper(device: str, sizes: list[int]) -> Whisper:
    def encode(features: Any) -> Any:
        sizes.append(len(features))
        return features * 2

    made = object.__new__(Whisper)
    made.model = SimpleNamespace(model=SimpleNamespace(device=device), encode=encode)
    return made


@pytest.mark.parametrize(("device", "sizes"), [("cpu", [1, 1, 1]), ("cuda", [3])])
def test_windows_are_encoded_in_their_order(monkeypatch: pytest.MonkeyPatch, device: str, sizes: list[int]) -> None:
    monkeypatch.setitem(sys.modules, "ctranslate2", SimpleNamespace(StorageView=_View))
    features = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    seen: list[int] = []
    np.testing.assert_array_equal(_whisper(device, seen).encode(features), features * 2)
    assert seen == sizes


@pytest.mark.parametrize(
    ("lengths_ms", "encoded_ms"), [([2_900], 5_000), ([3_100, 2_000], 6_000), ([8_000], 10_000), ([29_000], 30_000)]
)
def test_short_windows_are_encoded_in_their_own_length_with_two_seconds_of_silence(
    lengths_ms: list[int], encoded_ms: int
) -> None:
    found = [Window(((60_000, 60_000 + length_ms),), ()) for length_ms in lengths_ms]
    assert windows.short_ms(found) == encoded_ms


def test_a_text_of_a_short_window_ends_where_nobody_can_have_said_so_much() -> None:
    """Quick Telugu has 36 tokens a second, and a model that loops writes until it is stopped."""
    assert windows.most_tokens([Window(((0, 3_000),), ()), Window(((0, 7_000),), ())]) == 310


class _Decoder:
    """Hears in each window its start, and remembers which came together."""

    name, at_once, own = "own", 2, True

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def begin(self) -> None:
        return

    def languages(self, _: Any, group: list[Window], silence_ms: int) -> list[dict[str, float]]:
        assert len({max(window.length_ms, 1_000) // 20 for window in group}) == 1
        self.asked.append([window.length_ms for window in group])
        return [{"hi": float(window.start_ms)} for window in group]

    def close(self) -> None:
        return


def _engine(decoder: _Decoder) -> Engine:
    made = object.__new__(Engine)
    made.pool = Pool([decoder])  # type: ignore[list-item]
    made._whisper = object.__new__(Whisper)
    made._whisper.model = SimpleNamespace(feature_extractor=SimpleNamespace(hop_length=160, nb_max_frames=3_000))
    return made


def test_windows_of_one_length_are_asked_for_their_language_together_and_answered_in_their_order() -> None:
    lengths = [4_000, 1_200, 4_000, 7_000, 4_000, 400, 4_000, 7_000, 4_000, 960, 20_000, 20_000]
    found = [Window(((start_ms, start_ms + length),), ()) for start_ms, length in enumerate(lengths)]
    decoder = _Decoder()
    engine = _engine(decoder)
    heard = engine.brief_language_probabilities(None, found, 0)  # type: ignore[arg-type]
    engine.pool.close()
    assert heard == [{"hi": float(place)} for place in range(len(found))]
    # No more than four, nor more than 16 s; what is shorter than a second is encoded as a second.
    assert sorted(decoder.asked) == [[400, 960], [1_200], [4_000], [4_000] * 4, [7_000] * 2, [20_000], [20_000]]
