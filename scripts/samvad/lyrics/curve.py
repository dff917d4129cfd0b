"""The sound curve: how much speech, singing and music there is, step by step through a film."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad import files
from samvad.errors import SamvadError

SCHEMA_VERSION = "1.0"

#: Length of a step: short enough that a single spoken word fills a good part of it.
STEP_MS = 500


@dataclass(frozen=True)
class SoundCurve:
    """Mean probabilities (0 to 1) of what is heard in each step; several can be high at once.

    Attributes:
        step_ms: length of a step in milliseconds; step ``n`` begins at ``n * step_ms``.
        speech: one value a step.
        singing: one value a step.
        music: one value a step.
    """

    step_ms: int
    speech: tuple[float, ...]
    singing: tuple[float, ...]
    music: tuple[float, ...]

    def voice_peak(self, start_ms: int, end_ms: int) -> float | None:
        """Return the highest probability of speech or singing between two times, or None after the curve's end.

        The peak, not the mean: a short word between two pauses must count.
        """
        first = start_ms // self.step_ms
        last = max(first, (end_ms - 1) // self.step_ms)
        voices = self.speech[first : last + 1] + self.singing[first : last + 1]
        return max(voices, default=None)


def write(path: Path, curve: SoundCurve) -> None:
    """Write the curve as JSON, probabilities to two decimals."""
    series = {name: [round(value, 2) for value in getattr(curve, name)] for name in ("speech", "singing", "music")}
    files.write_json(path, {"schema_version": SCHEMA_VERSION, "step_ms": curve.step_ms, **series})


def read(path: Path) -> SoundCurve:
    """Read a curve.

    Raises:
        SamvadError: the file is not a sound curve.
    """
    try:
        value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return SoundCurve(int(value["step_ms"]), tuple(value["speech"]), tuple(value["singing"]), tuple(value["music"]))
    except (json.JSONDecodeError, KeyError, TypeError, ValueError):
        raise SamvadError(
            f"{path} is not a sound curve.", "Run stage lyrics_detection again.", path=str(path)
        ) from None
