"""Recordings as stage 01 would make them: 16 kHz mono, 16 bits."""

from __future__ import annotations

import subprocess
from pathlib import Path

RATE_HZ = 16_000


def samples_of(source: Path | bytes) -> bytes:
    """Return the samples of a sound or film: a file, or the content of one, in any format that ffmpeg reads."""
    given = source if isinstance(source, bytes) else None
    command = ["ffmpeg", "-v", "error", "-i", "pipe:0" if given is not None else f"file:{source}"]
    command += ["-vn", "-ac", "1", "-ar", str(RATE_HZ), "-f", "s16le", "pipe:1"]
    return subprocess.run(command, input=given or b"", capture_output=True, check=True).stdout
