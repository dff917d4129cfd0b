"""The stretches of speech that stage 04 found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from samvad.core import typed_json


@dataclass(frozen=True)
class _Region:
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class _Regions:
    regions: tuple[_Region, ...]


def read(path: Path) -> tuple[tuple[int, int], ...]:
    """Return start and end of each stretch in milliseconds, in order of time.

    Raises:
        ChangedFileError: the file does not hold speech regions.
    """
    found = typed_json.read(path, _Regions, "list of speech regions", "Run stage asr again.")
    return tuple(sorted((region.start_ms, region.end_ms) for region in found.regions))
