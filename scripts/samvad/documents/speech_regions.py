"""The stretches of speech that stage 04 found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from samvad.core import typed_json


@dataclass(frozen=True)
class _Region:
    start_ms: int
    end_ms: int
    sung: bool = False


@dataclass(frozen=True)
class _Regions:
    regions: tuple[_Region, ...]


def read(path: Path, *, spoken: bool = False) -> tuple[tuple[int, int], ...]:
    """Return start and end of each stretch in milliseconds, in order of time.

    Args:
        path: the file.
        spoken: whether to leave out those in which somebody sings and nobody speaks.

    Raises:
        ChangedFileError: the file does not hold speech regions.
    """
    found = typed_json.read(path, _Regions, "list of speech regions", "Run stage asr again.")
    return tuple(sorted((region.start_ms, region.end_ms) for region in found.regions if not (spoken and region.sung)))
