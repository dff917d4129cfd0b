"""What people look at beside the subtitles: the sound as a waveform, one picture."""

from __future__ import annotations

import base64
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samvad.documents.waveform import Waveform
from samvad.media import ffmpeg, moments, shots
from samvad.media.clock import Film

#: Peaks of the waveform a second.
PEAKS_A_SECOND = 25
_POSTER_SHARE = 0.2  # of the film: after the titles, before the story's end
_POSTER_HEIGHT = 240


def poster(film: Film, duration_ms: int, target: Path) -> bool:
    """Write one picture of the film as JPEG, a key picture near a fifth of it; say whether there is one."""
    picture = film.header.film_picture
    if picture is None:
        return False
    # A clock that leaps leads seeks astray, and behind the only key picture of a film there is none: such a film is
    # shown by its beginning.
    near = moments.seek(film, duration_ms * _POSTER_SHARE / 1000, 60)
    return any(_drawn(film, picture.index, seek, target) for seek in (({},) if film.start.leaps else (near, {})))


def _drawn(film: Film, stream: int, seek: Mapping[str, Any], target: Path) -> bool:
    source = ffmpeg.source(
        film.path, f="", an=None, sn=None, dn=None, noaccurate_seek=None, skip_frame="nokey", threads=1, **seek
    )
    # "update" keeps a % in the path from being a pattern for many pictures.
    written: ffmpeg.Options = {"vf": shots.scale(_POSTER_HEIGHT), "frames:v": 1, "q:v": 5, "update": 1, "f": "image2"}
    done = ffmpeg.run([source[str(stream)]], target, written)
    return done.code == 0 and target.is_file()


def waveform(audio: Path) -> tuple[Waveform, int]:
    """Return the peaks of a 16-bit mono WAV file, and the loudest sample of it (32768 is full scale).

    The loudest moment is 255; loudness is drawn by its square root, so that speech under music is seen.
    """
    import numpy as np

    with wave.open(str(audio)) as sound:
        step = sound.getframerate() // PEAKS_A_SECOND
        peaks: list[Any] = []
        while block := sound.readframes(step * PEAKS_A_SECOND * 60):
            samples = np.frombuffer(block, dtype="<i2")
            parts = np.pad(samples, (0, -len(samples) % step)).reshape(-1, step)
            # As 16 bits as long as it is all of the sound: the least has no counterpart above zero.
            highest, lowest = parts.max(axis=1).astype(np.int32), parts.min(axis=1).astype(np.int32)
            peaks.append(np.maximum(highest, -lowest))
    values = np.concatenate(peaks) if peaks else np.zeros(0)
    loudest = int(values.max(initial=0))
    drawn = np.round(255 * np.sqrt(values / max(1, loudest))).astype(np.uint8)
    peaks_text = base64.b64encode(drawn.tobytes()).decode("ascii")
    return Waveform(peaks_a_second=PEAKS_A_SECOND, peaks=peaks_text), loudest
