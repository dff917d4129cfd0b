"""Quiet speech: sound brought to one level passage by passage, and what only then, or only to one detector, is speech.

A detector that hears a loud speaker takes a quiet one beside it for background, and over music or noise it gives up
early. So it listens once more, at half its threshold, to sound whose passages have all been brought to one level; what
it finds beyond its first answer counts where the song detector, another network, hears speech there as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.media.sound_curve import SoundCurve
from samvad.stages.asr import regions
from samvad.stages.asr.regions import Region

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Loudness is taken in frames of this length, and a passage is so many of them on both sides of each.
_FRAME = SAMPLE_RATE_HZ // 20
_PASSAGE_FRAMES = 40
#: Loud frames of a passage (95 of 100 are softer) are brought to this level, in dB of full scale, by so much at most.
_LEVEL_DB, _MOST_GAIN_DB = -23.0, 30.0
#: A passage whose loud frames are no louder than this over its floor (10 of 100 are softer) is noise, and stays so.
_OVER_FLOOR_DB = 6.0
#: Of the threshold with which sound is heard first.
_SECOND_THRESHOLD = 0.5
#: The song detector must be this sure of speech somewhere in what is added, and this sure all through where it alone
#: hears speech. Measured: music, noise and animals 0.0 to 0.1; speech at -44 dBFS 0.5 to 0.9.
_AGREED, _ALONE = 0.5, 0.6
#: Less than this beyond the first answer is the edge of what was heard already.
_ADDED_MS = 400
#: A pause inside speech: so long, no louder than this over the floor of its region, this far under its loud frames.
_PAUSE_FRAMES, _PAUSE_OVER_FLOOR_DB, _PAUSE_UNDER_LOUD_DB = 8, 4.0, 25.0
_ALONE_MS = 1_000


def levelled(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return sound whose passages are equally loud; silence and steady noise are not raised.

    Args:
        samples: at 16 kHz, from -1 to 1.
    """
    import numpy as np

    frames = len(samples) // _FRAME
    if not frames:
        return samples
    power = np.square(samples[: frames * _FRAME]).reshape(frames, _FRAME).mean(axis=1)
    level = 10 * np.log10(power + 1e-12)
    near = np.lib.stride_tricks.sliding_window_view(
        np.pad(level, _PASSAGE_FRAMES, mode="edge"), 2 * _PASSAGE_FRAMES + 1
    )
    floor, loud = np.percentile(near, (10, 95), axis=1)
    gain = np.where(loud - floor < _OVER_FLOOR_DB, 0.0, np.clip(_LEVEL_DB - loud, 0.0, _MOST_GAIN_DB))
    half = _PASSAGE_FRAMES // 2
    smooth = np.convolve(np.pad(gain, half, mode="edge"), np.full(2 * half + 1, 1 / (2 * half + 1)), "valid")
    middles = np.arange(frames) * _FRAME + _FRAME / 2
    factor = np.power(10.0, np.interp(np.arange(len(samples)), middles, smooth) / 20)
    return np.clip(samples * factor, -1.0, 1.0).astype(np.float32)


def pauses(audio: FilmAudio, speech: Sequence[Region]) -> list[tuple[int, int]]:
    """Return start and end in ms of the silences inside regions, which a detector may have passed over."""
    import numpy as np

    found = []
    frame_ms = _FRAME * 1000 // SAMPLE_RATE_HZ
    for region in speech:
        samples = audio.piece(region.start_ms, region.end_ms)
        frames = len(samples) // _FRAME
        if frames < 3 * _PAUSE_FRAMES:
            continue
        level = 10 * np.log10(np.square(samples[: frames * _FRAME]).reshape(frames, _FRAME).mean(axis=1) + 1e-12)
        floor, loud = np.percentile(level, (5, 95))
        silent = level <= min(floor + _PAUSE_OVER_FLOOR_DB, loud - _PAUSE_UNDER_LOUD_DB)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], silent, [False]]).astype(np.int8)))
        for first, end in zip(edges[::2], edges[1::2], strict=True):
            if end - first >= _PAUSE_FRAMES and first and end < frames:
                found.append((region.start_ms + int(first) * frame_ms, region.start_ms + int(end) * frame_ms))
    return found


def softer(audio: FilmAudio, threshold: float) -> list[Region]:
    """Return where there may be speech in sound whose passages are equally loud, in order of time.

    Args:
        audio: the sound.
        threshold: probability of speech, 0 to 1, with which sound is heard first.
    """
    return regions.silero_regions(audio, threshold * _SECOND_THRESHOLD, levelled)


def with_quiet(speech: Sequence[Region], maybe: Sequence[Region], curve: SoundCurve, duration_ms: int) -> list[Region]:
    """Return speech as it was found, and what is speech beside it, in order of time.

    Args:
        speech: what the detector heard first.
        maybe: what ``softer`` found in the same sound.
        curve: what the song detector hears.
        duration_ms: of the sound.
    """
    agreed = [region for region in maybe if _peak(curve, region) >= _AGREED]
    added = [region for region in [*agreed, *_sure(curve, duration_ms)] if _beyond(region, speech) >= _ADDED_MS]
    return regions.union([*speech, *added])


def _peak(curve: SoundCurve, region: Region) -> float:
    first, last = region.start_ms // curve.step_ms, -(-region.end_ms // curve.step_ms)
    return max(curve.speech[first:last], default=0.0)


def _sure(curve: SoundCurve, duration_ms: int) -> list[Region]:
    """Return where the song detector alone would say that somebody speaks."""
    steps = [
        Region(step * curve.step_ms, min((step + 1) * curve.step_ms, duration_ms))
        for step, probability in enumerate(curve.speech)
        if probability >= _ALONE and step * curve.step_ms < duration_ms
    ]
    return [region for region in regions.union(steps) if region.length_ms >= _ALONE_MS]


def _beyond(region: Region, speech: Sequence[Region]) -> int:
    """Return how many ms of a region lie outside some speech."""
    inside = sum(
        max(0, min(region.end_ms, other.end_ms) - max(region.start_ms, other.start_ms))
        for other in speech
        if other.start_ms < region.end_ms
    )
    return region.length_ms - inside
