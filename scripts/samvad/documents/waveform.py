"""The waveform document of stage 01: how loud a film is at each moment, for the report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from samvad.core import typed_json


@dataclass(frozen=True, kw_only=True)
class Waveform:
    """The peaks of a film's sound: one byte each (0 to 255), in base 64."""

    schema_version: str = "1.0"
    peaks_a_second: int
    peaks: str


def read(path: Path) -> Waveform:
    """Read a waveform.

    Raises:
        ChangedFileError: it is missing or damaged; names the file and the key.
    """
    return typed_json.read(path, Waveform, "waveform of stage 01", "Run stage 01 again.")


def write(path: Path, waveform: Waveform) -> None:
    """Write a waveform atomically."""
    typed_json.write(path, waveform)
