"""How loud other sound is beside a film's own speech, and for how long it could hide somebody who speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from samvad.documents import coverage
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.stages.asr import regions
from samvad.stages.asr.regions import Region

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Loudness is taken in steps of this length, averaged over so many of them (2.5 s); a step has so many frames.
_STEP_MS, _NEAR_STEPS, _FRAMES_A_STEP = 500, 5, 10
#: Speech that stands so many dB over the softest moments near it (a tenth of the frames is softer) is in the clear: how
#: loud it is says how loud people speak. What is found under other sound is as loud as that.
_CLEAR_DB, _FLOOR_PERCENT = 10.0, 10
#: The level of speech in dB of full scale where a film has less than so much of it: that of films is near -26.
_USUAL_DB, _ENOUGH_MS = -26.0, 3_000
#: Of voices as loud as other sound nearly all is heard, 5 dB under it a sixth is not (benchmarks/covered_speech.py,
#: half 0): sound that is so much louder than the film's speech, in dB, could hide it.
_HIDES_DB = 3.0
#: Sound softer than this beside the film's speech, in dB, hides nobody.
_NEAR_DB = -1.5
#: A step so much softer than what lies around it, in dB, is as soft as it is: a silence before loud sound hides nobody.
_SOFTER_DB = 10.0
#: A film is read in blocks of so many steps.
_BLOCK_STEPS = 600


@dataclass(frozen=True)
class Loudness:
    """How loud a film is from step to step, beside its speech.

    Attributes:
        over_db: by how much each step of half a second is louder than the film's speech, in dB, averaged over 2.5 s.
    """

    over_db: npt.NDArray[np.floating]

    def over(self, times_ms: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Return by how many dB sound at some times (ms) is louder than speech; far softer after the film's end."""
        import numpy as np

        values = np.append(self.over_db, -200.0)
        steps = np.clip(times_ms // _STEP_MS, 0, len(self.over_db)).astype(int)
        found: npt.NDArray[np.floating] = values[steps]
        return found

    def near(self, times_ms: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
        """Say at which times (ms) sound is about as loud as speech, or louder."""
        found: npt.NDArray[np.bool_] = self.over(times_ms) >= _NEAR_DB
        return found

    def hiding(self, heard: Sequence[Region], duration_ms: int) -> list[Region]:
        """Return where sound is so loud that speech in it could be missed, a second and longer, beside what was heard.

        Args:
            heard: speech and singing, and what is perhaps speech; in any order.
            duration_ms: of the film.
        """
        steps = [
            Region(step * _STEP_MS, min((step + 1) * _STEP_MS, duration_ms))
            for step, over in enumerate(self.over_db)
            if over >= _HIDES_DB and step * _STEP_MS < duration_ms
        ]
        return regions.beside(regions.union(steps), regions.union(heard), coverage.GAP_MS)


def measure(audio: FilmAudio, speech: Sequence[Region]) -> Loudness:
    """Return how loud a film is beside its speech.

    Args:
        audio: what was heard.
        speech: as it was found; what is sung counts as no speech.
    """
    import numpy as np

    frames = _frames(audio)
    if not len(frames):
        return Loudness(np.zeros(0))
    near = np.pad(frames, ((_NEAR_STEPS // 2, _NEAR_STEPS // 2), (0, 0)), mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(near, _NEAR_STEPS, axis=0).reshape(len(frames), -1)
    level, floor = _db(frames.mean(axis=1)), _db(np.percentile(around, _FLOOR_PERCENT, axis=1))
    spoken = np.zeros(len(frames), bool)
    for region in speech:
        if not region.sung:
            spoken[region.start_ms // _STEP_MS : -(-region.end_ms // _STEP_MS)] = True
    clear = spoken & (level - floor >= _CLEAR_DB)
    ours = next((found for found in (clear, spoken) if found.sum() * _STEP_MS >= _ENOUGH_MS), None)
    mean = _db(around.mean(axis=1))
    loud = np.where(level < mean - _SOFTER_DB, level, mean)
    return Loudness(loud - (_USUAL_DB if ours is None else np.median(level[ours])))


def _frames(audio: FilmAudio) -> npt.NDArray[np.floating]:
    """Return the power of each frame of a film's sound: steps by frames; silence fills up the last step."""
    import numpy as np

    samples_a_step = SAMPLE_RATE_HZ * _STEP_MS // 1000
    block_ms = _BLOCK_STEPS * _STEP_MS
    parts = [np.zeros((0, _FRAMES_A_STEP))]
    for start_ms in range(0, audio.duration_ms, block_ms):
        samples = np.square(audio.piece(start_ms, min(start_ms + block_ms, audio.duration_ms)))
        whole = np.pad(samples, (0, -len(samples) % samples_a_step))
        parts.append(whole.reshape(-1, _FRAMES_A_STEP, samples_a_step // _FRAMES_A_STEP).mean(axis=2))
    return np.concatenate(parts)


def _db(power: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return power in dB of full scale."""
    import numpy as np

    found: npt.NDArray[np.floating] = 10 * np.log10(power + 1e-12)
    return found
