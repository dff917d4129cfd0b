"""Hear speech, singing and music without a network, by the shape of the spectrum: a last resort.

Each step is described by what becomes of the peaks of its spectrogram (frames of 64 ms, every 16 ms, 150 Hz to 4 kHz):

- still: the part of the energy in peaks that keep their pitch for a fifth of a second; the notes of instruments do;
- gliding: the part in peaks that last as long but move, as the vibrato and the slides of a singer do;
- tonal: the part in any peaks; noise has few.

Music is still; what glides beside it is taken for singing, and what glides alone for speech. It cannot tell a singer
from one who talks over music: docs/songs-and-hallucinations.md has the figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samvad.logs import events
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.media.sound_curve import STEP_MS, SoundCurve
from samvad.stages.lyrics_detection.backends import Backend
from samvad.stages.lyrics_detection.options import Options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WINDOW, _HOP = 1024, 256
_LOW_HZ, _HIGH_HZ = 150, 4000
#: Frames that a note lasts (0.2 s), and how far its peak may move in that time to be still, in bins of 16 Hz.
_LASTS = 12
#: A peak stands out of its surroundings (bins on both sides) by this factor in amplitude.
_AROUND, _STANDS_OUT = 12, 2.0
#: Parts of the energy from which a mark counts, and from which it counts in full. Measured means: still 0.67 in a pop
#: song, 0.71 in orchestral music, 0.32 to 0.37 in speech; gliding 0.09 to 0.11 in songs, 0.02 in music, 0.18 to 0.27 in
#: speech; tonal 0.21 to 0.28 in noise, 0.84 to 0.89 in speech.
_STILL, _GLIDING, _TONAL = (0.4, 0.6), (0.02, 0.12), (0.4, 0.8)
#: Sound below this (root mean square, 0 to 1) is silence.
_SILENCE = 0.001

#: How much sound the spectrum is taken of at a time.
_BLOCK_SECONDS = 60


def listen(sound: FilmAudio, block_seconds: int, unit: str) -> SoundCurve:
    """Return the sound curve of a film's sound, reading it in blocks; progress is counted in ``unit``."""
    import numpy as np

    step, rows = STEP_MS * SAMPLE_RATE_HZ // 1000, []
    block = block_seconds * SAMPLE_RATE_HZ
    for begin in range(0, len(sound), block):
        samples = sound[begin : begin + block]
        events.progress(begin / SAMPLE_RATE_HZ, len(sound) / SAMPLE_RATE_HZ, unit)
        frames = _energies(samples)
        for first in range(0, len(samples), step):
            rows.append(_step(frames[first // _HOP : (first + step) // _HOP], samples[first : first + step]))
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    speech, singing, music = (tuple(float(value) for value in column) for column in table.T)
    return SoundCurve(STEP_MS, speech, singing, music, "dsp")


def _energies(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return for each frame the energy in all, in peaks, in still and in gliding peaks."""
    import numpy as np

    padded = np.pad(samples, (_WINDOW // 2, _WINDOW))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[: len(samples) : _HOP]
    first, last = (hz * _WINDOW // SAMPLE_RATE_HZ for hz in (_LOW_HZ, _HIGH_HZ))
    size = np.abs(np.fft.rfft(windows * np.hanning(_WINDOW), axis=1)[:, first:last])
    sums = np.cumsum(np.pad(size, ((0, 0), (_AROUND + 1, _AROUND)), mode="reflect"), axis=1)
    around = (sums[:, 2 * _AROUND + 1 :] - sums[:, : -2 * _AROUND - 1]) / (2 * _AROUND + 1)
    peak = size > _STANDS_OUT * around
    peak[:, 1:-1] &= (size[:, 1:-1] >= size[:, :-2]) & (size[:, 1:-1] >= size[:, 2:])
    wide = peak | np.roll(peak, 1, axis=1) | np.roll(peak, -1, axis=1)
    still = _lasting(wide)
    gliding = _tracked(peak) & ~still
    power = size**2
    return np.stack([power.sum(1), *((power * mask).sum(1) for mask in (wide, still & wide, gliding & wide))], axis=1)


def _lasting(present: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where a bin stays present for as long as a note lasts."""
    import numpy as np

    padded = np.pad(present, ((_LASTS, _LASTS), (0, 0))).astype(np.int32)
    sums = np.cumsum(padded, axis=0)
    full = (sums[_LASTS:] - sums[:-_LASTS]) == _LASTS  # full[i]: the frames that end with padded frame i + _LASTS
    found = np.zeros_like(present)
    for back in range(_LASTS):
        found |= full[back : back + len(present)]
    return found


def _tracked(peak: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where a peak goes on for as long as a note lasts, moving by at most one bin a frame."""
    import numpy as np

    def run(frames: NDArray[np.bool_]) -> NDArray[np.int32]:
        lengths = np.zeros(frames.shape, dtype=np.int32)
        previous = np.zeros(frames.shape[1] + 2, dtype=np.int32)
        for number, row in enumerate(frames):
            reach = np.maximum(np.maximum(previous[:-2], previous[2:]), previous[1:-1])
            lengths[number] = np.where(row, reach + 1, 0)
            previous[1:-1] = lengths[number]
        return lengths

    tracked = (run(peak) + run(peak[::-1])[::-1] - 1) >= _LASTS
    found = tracked & peak
    return np.asarray(found | np.roll(found, 1, axis=1) | np.roll(found, -1, axis=1))


def _step(frames: NDArray[np.float64], samples: NDArray[np.float32]) -> tuple[float, float, float]:
    """Return speech, singing and music (0 to 1) of one step."""
    import numpy as np

    if not len(frames) or float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))) < _SILENCE:
        return 0.0, 0.0, 0.0
    everything, tonal, still, gliding = frames.sum(axis=0)
    tonal, still, gliding = (float(part / max(everything, 1e-12)) for part in (tonal, still, gliding))
    music = _ramp(still, _STILL)
    moving = _ramp(gliding, _GLIDING)
    singing = moving * music
    speech = max(moving, _ramp(tonal, _TONAL)) * (1 - music)
    return round(speech, 4), round(singing, 4), round(music, 4)


def _ramp(value: float, bounds: tuple[float, float]) -> float:
    return min(1.0, max(0.0, (value - bounds[0]) / (bounds[1] - bounds[0])))


def make(_options: Options) -> Backend:
    """Return the backend."""
    return Backend("dsp", lambda audio: listen(FilmAudio(audio), _BLOCK_SECONDS, "audio_seconds"))
