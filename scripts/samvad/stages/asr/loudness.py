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

#: Loudness is taken in steps of this length, and averaged over so many of them (2 s).
_STEP_MS, _NEAR_STEPS = 500, 5
#: The level of speech in dB of full scale where a film has less than so much of it: that of films is near -26.
_USUAL_DB, _ENOUGH_MS = -26.0, 3_000
#: Of voices as loud as other sound nearly all is heard, 5 dB under it a sixth is not (benchmarks/covered_speech.py,
#: half 0): sound that is so much louder than the film's speech, in dB, could hide it.
_HIDES_DB = 3.0
#: Sound softer than this beside the film's speech, in dB, hides nobody.
_NEAR_DB = -3.0
#: A film is read in blocks of so many steps.
_BLOCK_STEPS = 600


@dataclass(frozen=True)
class Loudness:
    """How loud a film is from step to step, beside its speech.

    Attributes:
        over_db: by how much each step of half a second is louder than the film's speech, in dB, averaged over 2 s.
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

    step = SAMPLE_RATE_HZ * _STEP_MS // 1000
    parts = [np.zeros(0)]
    block_ms = _BLOCK_STEPS * _STEP_MS
    for start_ms in range(0, audio.duration_ms, block_ms):
        samples = audio.piece(start_ms, start_ms + block_ms)
        if len(samples):
            starts = np.arange(0, len(samples), step)
            parts.append(np.add.reduceat(np.square(samples), starts) / np.diff(np.append(starts, len(samples))))
    power = np.concatenate(parts)
    if not len(power):
        return Loudness(power)
    near = np.ones(_NEAR_STEPS)
    mean = (
        np.convolve(power, near)[_NEAR_STEPS // 2 :][: len(power)]
        / np.convolve(np.ones(len(power)), near)[_NEAR_STEPS // 2 :][: len(power)]
    )
    spoken = np.zeros(len(power), bool)
    for region in speech:
        if not region.sung:
            spoken[region.start_ms // _STEP_MS : -(-region.end_ms // _STEP_MS)] = True
    level = 10 * np.log10(mean + 1e-12)
    enough = spoken.sum() * _STEP_MS >= _ENOUGH_MS
    return Loudness(level - (np.median(10 * np.log10(power[spoken] + 1e-12)) if enough else _USUAL_DB))
