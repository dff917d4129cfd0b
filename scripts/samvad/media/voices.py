"""How high and how loud a voice speaks in a stretch of a film: enough to tell most men from most women and children."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2, log10
from typing import TYPE_CHECKING

from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_FRAME, _STEP = SAMPLE_RATE_HZ * 40 // 1000, SAMPLE_RATE_HZ * 20 // 1000
#: Voices of men, women and children.
_LOWEST_HZ, _HIGHEST_HZ = 70, 420
#: A frame is voiced where it is so much like itself a period later (1: exactly), and not far below the loudest.
_LIKE_ITSELF, _BELOW_LOUDEST_DB = 0.55, 25.0
_OCTAVE_COST = 0.06
#: Fewer voiced frames than this, a sixth of a second, tell nothing.
_FEWEST = 8


@dataclass(frozen=True)
class Voice:
    """A voice in a stretch of sound: median pitch in Hz, and mean level in dB of full scale, where it is voiced."""

    pitch_hz: float
    level_db: float

    def semitones_from(self, other: Voice) -> float:
        """Return how much higher it is than another, in semitones."""
        return 12 * log2(self.pitch_hz / other.pitch_hz)


def heard(audio: FilmAudio, start_ms: int, end_ms: int) -> Voice | None:
    """Return the voice between two times; None where too little of one is heard.

    The pitch of a frame is that of the lag, of those that voices have, at which its autocorrelation, divided by that of
    the window, is greatest; of multiples of a period, which are as great, the shortest (Boersma 1993).
    """
    import numpy as np

    samples = audio.piece(start_ms, end_ms)
    if len(samples) < _FRAME:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_STEP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    power = (frames**2).mean(axis=1)
    window = np.hanning(_FRAME)
    alike = _autocorrelation(frames * window) / np.maximum(_autocorrelation(window[None, :]), 1e-6)
    shortest, longest = SAMPLE_RATE_HZ // _HIGHEST_HZ, SAMPLE_RATE_HZ // _LOWEST_HZ
    lags = alike[:, shortest : longest + 1]
    octaves = np.log2(np.arange(shortest, longest + 1) / shortest)
    best = (lags - _OCTAVE_COST * octaves).argmax(axis=1)
    voiced = (
        (lags.max(axis=1) > _LIKE_ITSELF) & (power > power.max() * 10 ** (-_BELOW_LOUDEST_DB / 10)) & (power > 1e-8)
    )
    if int(voiced.sum()) < _FEWEST:
        return None
    pitch_hz = SAMPLE_RATE_HZ / float(np.median(best[voiced] + shortest))
    return Voice(pitch_hz, 10 * log10(float(power[voiced].mean())))


def _autocorrelation(frames: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return each frame's autocorrelation, 1 at lag 0, from lag 0 to half its length."""
    import numpy as np

    spectrum = np.abs(np.fft.rfft(frames, n=2 * _FRAME, axis=1)) ** 2
    lags = np.fft.irfft(spectrum, axis=1)[:, : _FRAME // 2 + 1]
    return lags / np.maximum(lags[:, :1], 1e-12)
