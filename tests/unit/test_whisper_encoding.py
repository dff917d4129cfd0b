"""Whisper's encoder hears one window after the other on a CPU, and all at once on a GPU."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from samvad.models.whisper import Whisper


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
