"""The stretches of speech that stage 04 found."""

from __future__ import annotations

import json
from pathlib import Path

from samvad.core.errors import ChangedFileError


def read(path: Path) -> tuple[tuple[int, int], ...]:
    """Return start and end of each stretch in milliseconds, in order of time.

    Raises:
        ChangedFileError: the file does not hold speech regions.
    """
    try:
        regions = json.loads(path.read_text(encoding="utf-8"))["regions"]
        return tuple(sorted((int(region["start_ms"]), int(region["end_ms"])) for region in regions))
    except (json.JSONDecodeError, KeyError, TypeError, ValueError):
        raise ChangedFileError(f"{path} holds no speech regions.", "Run stage asr again.", path=str(path)) from None
