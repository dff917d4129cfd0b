"""The small copy that a page plays is on the film's clock."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

import support
from samvad.media import clock, small_copy

RATE_HZ = 8_000

pytestmark = support.needs_ffmpeg


def ffmpeg(*options: object) -> bytes:
    return subprocess.run(["ffmpeg", "-v", "quiet", *map(str, options)], stdout=subprocess.PIPE, check=True).stdout


def beeps(path: Path) -> tuple[float, list[float]]:
    """Return the length of a file's sound in s, and where beeps begin in it, as players decode it."""
    raw = ffmpeg("-i", path, "-map", "0:a", "-f", "s16le", "-ac", 1, "-ar", RATE_HZ, "-")
    found = np.abs(np.frombuffer(raw, "<i2").astype(int))
    loud = found[: len(found) // 80 * 80].reshape(-1, 80).max(axis=1) > 300
    return len(found) / RATE_HZ, (np.flatnonzero(loud & ~np.concatenate([[False], loud[:-1]])) / 100).tolist()


@pytest.mark.parametrize(("late", "begins"), [(0, [1.0, 5.0]), (1.5, [2.5, 6.5])])
def test_sound_is_where_the_film_has_it(tmp_path: Path, late: float, begins: list[float]) -> None:
    """Sound that goes from stereo to 5.1 had the time before the change once more; late sound has silence before it."""
    beep = "sine=frequency=600:duration=4,volume='between(t,1,2)':eval=frame"
    parts = [tmp_path / f"{number}.ac3" for number in (1, 2)]
    for part, channels in zip(parts, (2, 2 if late else 6), strict=True):
        ffmpeg("-f", "lavfi", "-i", beep, "-ac", channels, "-ar", 48_000, part)
    both = tmp_path / "both.ac3"
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    path = tmp_path / "film.mkv"
    picture = ("-f", "lavfi", "-i", "testsrc=size=128x96:rate=25:duration=10")
    ffmpeg(*picture, "-itsoffset", late, "-i", both, "-map", 0, "-map", 1, "-c:a", "copy", path)
    film = clock.opened(path)
    sound = next(stream for stream in film.header.streams if stream.kind == "audio")
    small_copy.make(film, sound, tmp_path / "copy.mp4")
    length, found = beeps(tmp_path / "copy.mp4")
    assert found == pytest.approx(begins, abs=0.05)
    assert length == pytest.approx(8 + late, abs=0.1)
