"""Speech under music or noise that no detector is sure of: where there is a weak sign of it, and what comes of it.

Under sound as loud as itself, and louder, a voice is lost to the detectors, and what is never recognised is in no
figure. So what stays the same for seconds is taken out of the sound, frequency by frequency: a voice changes faster
than most music and noise. What a detector then hears of it, sure or not, may be speech. It is recognised where the
model is sure of a text, and named as perhaps speech where it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from samvad.documents import coverage
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.stages.asr import regions
from samvad.stages.asr.chunks import Chunk
from samvad.stages.asr.loudness import Loudness
from samvad.stages.asr.regions import Region

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from samvad.media.sound_curve import SoundCurve

#: Sound is taken apart into frames of 32 ms, each of which overlaps half of the next: samples.
_FRAME, _HOP = 512, 256
#: What stays is the median of each frequency over so many frames (4 s), taken anew every so many (0.5 s).
_STEADY_FRAMES, _ANEW_FRAMES = 251, 31
#: So much of a frequency's power is left at least: without it, gaps sound like cuts.
_LEFT = 0.05
#: What is left is brought to this level: root mean square, of full scale.
_LEVEL = 0.07
#: Silero gives a probability for so many samples. Averaged over so many of them (2 s) it must reach this. Set on one
#: half of the sounds of benchmarks/covered_speech.py: of 21 s of speech 5 dB under other sound that nothing else heard,
#: 16 lie above, and of 416 s without speech none. At half of this: 17, and 9 (music, steps, laughter).
_STEP, _MEAN_STEPS, _WEAK = 512, 63, 0.1
#: Where the song detector hears speech with this mean probability in the sound as it is, so little of Silero's is
#: enough: it hears voices in noise that Silero is deaf to, but takes sirens and birds for them. Set on the same half:
#: 10 dB under other sound, 20.8 of 47.7 s that nobody heard were lost without it, 16.2 are, and nothing else is named.
_HEARD, _WEAKEST = 0.3, 0.03
#: And where that detector hears speech in what is left of the sound with this mean probability, even less will do. Set
#: on the same half: of speech 5 and 10 dB under other sound that nobody heard 4.4 and 15.0 s are lost in place of 6.9
#: and 17.5, and of 417 s without speech nothing is named; at half of Silero's, 3.3 s of steps and breathing.
_HEARD_CLEARED, _FAINT = 0.15, 0.02
#: Whatever Silero says: where that detector hears next to nothing, no voice in the sound (at its peak) and no speech in
#: what is left of it (mean probability), nobody speaks. Of even hiss, bits are left that Silero takes for a voice:
#: there it gives 0.002 to 0.010, of the voices of the same half 0.015 and more.
_AT_ALL = 0.01
#: Where other sound is as loud as the film's speech, or louder, twice of what stays is taken out, down to so much, and
#: Silero's mean probability times the square of the song detector's is to reach this. Set on the same half, each sound
#: behind a clear voice: of speech 5, 10 and 15 dB under other sound 8.4, 7.7 and 19.3 s are lost in place of 10.0, 16.2
#: and 29.3, and 2.7 of 643 s without speech are named beside. At half of it 8.2, 4.8 and 15.9 s are, and 8.6 s of
#: sirens, rain and dance music; but most of the difference is said to be too loud to hear speech in it.
_TWICE, _LEFT_DEEP, _BOTH = 2.0, 0.01, 0.005
#: So much around such a stretch is cleared with it, so that there is a sound to take out.
_AROUND_MS = 4_000
#: The song detector hears less than so much before and after a moment.
_LOOKS_MS = 2_000
#: So much sound around a word's times is its own.
_MARGIN_MS = 200


def perhaps(speech: Sequence[Region], audio: FilmAudio, curve: SoundCurve, loud: Loudness) -> list[Region]:
    """Return where somebody may speak under other sound, beside the speech that was found, in order of time.

    What is ``faint`` would give no text: of five minutes of English, 18 s of radio with the third sign alone took a
    sixth of the stage's time to decode, and no try was sure.

    Args:
        speech: as it was found, and singing, in order of time.
        audio: the sound that it was found in.
        curve: what the song detector hears in the film.
        loud: how loud the film is beside its speech.
    """

    surer: list[Region] = []

    def hear(samples: npt.NDArray[np.float32], first_ms: int) -> Iterable[tuple[float, float]]:
        found = [(region.start_ms - first_ms, region.end_ms - first_ms) for region in speech]
        signs = _weak_voices(samples, found, lambda times: _speech_at(curve, times + first_ms))
        for start_ms, end_ms, least, cleared in signs:
            peak = curve.voice_peak(first_ms + round(start_ms), first_ms + round(end_ms))
            if max(cleared, peak or 0.0) < _AT_ALL:
                continue
            if not least:
                surer.append(Region(first_ms + round(start_ms), first_ms + round(end_ms)))
            yield start_ms, end_ms
        yield from _deep_voices(samples, found, lambda times: loud.near(times + first_ms))

    found = regions.beside(regions.in_placed_blocks(audio, hear), speech, coverage.GAP_MS)
    decoded = regions.beside(regions.union(surer), speech, coverage.GAP_MS)
    faint = [replace(region, faint=True) for region in regions.beside(found, decoded, 1)]
    return sorted([*decoded, *faint], key=lambda region: region.start_ms)


def uncovered(samples: npt.NDArray[np.float32], times: float = 1.0, least: float = _LEFT) -> npt.NDArray[np.float32]:
    """Return sound without what stays the same for seconds.

    Args:
        samples: at 16 kHz, from -1 to 1.
        times: so many times of what stays in a frequency is taken out of it.
        least: the share (0 to 1) of a frequency's power that is left all the same.
    """
    import numpy as np

    if len(samples) < 2 * _FRAME:
        return samples
    window = np.sqrt(np.hanning(_FRAME + 1)[:-1]).astype(np.float32)
    padded = np.pad(samples, (_FRAME, 2 * _FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
    spectra = np.fft.rfft(frames * window, axis=1).astype(np.complex64)
    power = np.square(np.abs(spectra))
    ends = np.pad(power, ((_STEADY_FRAMES // 2, _STEADY_FRAMES // 2), (0, 0)), mode="edge")
    # Of the frames every fourth: neighbours are nearly alike.
    steady = [
        _middle(ends[first : first + _STEADY_FRAMES : 4])
        for first in range(_ANEW_FRAMES // 2, len(power) + _ANEW_FRAMES // 2, _ANEW_FRAMES)
    ]
    floor = np.repeat(np.array(steady), _ANEW_FRAMES, axis=0)[: len(power)]
    spectra *= np.sqrt(np.clip(1 - times * floor / (power + 1e-12), least, 1))
    parts = np.fft.irfft(spectra, _FRAME, axis=1).astype(np.float32) * window
    made = np.zeros((len(parts) + 1) * _HOP, np.float32)
    made[:-_HOP] += parts[:, :_HOP].ravel()
    made[_HOP:] += parts[:, _HOP:].ravel()
    found = made[_FRAME : _FRAME + len(samples)]
    loudness = float(np.sqrt(np.mean(np.square(found))))
    levelled: npt.NDArray[np.float32] = np.clip(found * (_LEVEL / max(loudness, 1e-6)), -1.0, 1.0).astype(np.float32)
    return levelled


def _middle(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the median of each frequency, in a sixth of np.median's time; of an even number the larger middle one."""
    import numpy as np

    found: npt.NDArray[np.float32] = np.sort(frames, axis=0)[len(frames) // 2]
    return found


def _speech_at(curve: SoundCurve, times_ms: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return the song detector's probability of speech at some times; 0 after the end of its curve."""
    import numpy as np

    values = np.array([*curve.speech, 0.0])
    steps = np.minimum(times_ms // curve.step_ms, len(curve.speech)).astype(int)
    found: npt.NDArray[np.floating] = values[steps]
    return found


def _weak_voices(
    samples: npt.NDArray[np.float32],
    speech: Sequence[tuple[float, float]],
    speech_at: Callable[[npt.NDArray[np.floating]], npt.NDArray[np.floating]],
) -> Iterable[tuple[float, float, bool, float]]:
    """Yield stretches with a weak sign of a voice.

    Each is its start and end in ms, whether the sign is the least one, and the song detector's mean probability of
    speech in what is left of the sound.

    Args:
        samples: at 16 kHz, from -1 to 1.
        speech: start and end in ms of what was found already: what is sure there says nothing of the pauses beside it.
        speech_at: gives the song detector's probability of speech at times in ms.
    """
    import numpy as np
    from faster_whisper.vad import get_vad_model

    clear = uncovered(samples)
    heard = get_vad_model()(np.pad(clear, (0, -len(clear) % _STEP))).ravel()
    step_ms = _STEP * 1000 / SAMPLE_RATE_HZ
    asked = _beside(speech, len(heard), step_ms)
    near = np.ones(_MEAN_STEPS)
    song_detector = speech_at(np.arange(len(heard)) * step_ms)
    sums, others, counts = (
        np.convolve(values * asked, near, "same")[: len(heard)] for values in (heard, song_detector, asked)
    )
    of = np.maximum(counts, coverage.GAP_MS / step_ms)
    mean, other = asked * sums / of, others / of
    weak = (mean >= _WEAK) | ((mean >= _WEAKEST) & (other >= _HEARD))
    cleared = _speech_in(clear, (mean >= _FAINT) | weak, step_ms)
    faint = (mean >= _FAINT) & (np.convolve(cleared * asked, near, "same")[: len(heard)] / of >= _HEARD_CLEARED)
    for is_least, signs in ((False, weak), (True, faint & ~weak)):
        for first, end in _runs(signs):
            last_ms = min(end * step_ms, len(samples) * 1000 / SAMPLE_RATE_HZ)
            yield first * step_ms, last_ms, is_least, float(cleared[first:end].mean())


def _beside(speech: Sequence[tuple[float, float]], steps: int, step_ms: float) -> npt.NDArray[np.floating]:
    """Return 1 for each step outside some stretches, whose start and end are in ms; else 0."""
    import numpy as np

    outside = np.ones(steps)
    for start_ms, end_ms in speech:
        outside[max(0, int(start_ms // step_ms)) : max(0, int(-(-end_ms // step_ms)))] = 0
    return outside


def _deep_voices(
    samples: npt.NDArray[np.float32],
    speech: Sequence[tuple[float, float]],
    near: Callable[[npt.NDArray[np.floating]], npt.NDArray[np.bool_]],
) -> Iterable[tuple[float, float]]:
    """Yield start and end in ms of stretches where a voice may lie deep under other sound.

    Args:
        samples: at 16 kHz, from -1 to 1.
        speech: start and end in ms of what was found already.
        near: says at which times in ms sound is about as loud as the film's speech, or louder.
    """
    import numpy as np

    from samvad.media import sound_events

    step_ms = _STEP * 1000 / SAMPLE_RATE_HZ
    steps = -(-len(samples) // _STEP)
    outside = _beside(speech, steps, step_ms)
    asked = np.zeros(steps, bool)
    for first, end in _runs((outside > 0) & near(np.arange(steps) * step_ms)):
        asked[first:end] = (end - first) * step_ms >= coverage.GAP_MS
    around = round(_AROUND_MS / step_ms)
    whole = np.ones(_MEAN_STEPS)
    if not asked.any():
        return
    from faster_whisper.vad import get_vad_model

    for first, end in _runs(np.convolve(asked, np.ones(2 * around + 1))[around : around + steps] > 0):
        clear = uncovered(samples[first * _STEP : end * _STEP], _TWICE, _LEFT_DEEP)
        silero = get_vad_model()(np.pad(clear, (0, -len(clear) % _STEP))).ravel()
        song_detector = sound_events.speech(clear, _STEP)
        ours = outside[first:end]
        sums, others, counts = (
            np.convolve(values * ours, whole)[_MEAN_STEPS // 2 :][: end - first]
            for values in (silero, song_detector, np.ones(end - first))
        )
        of = np.maximum(counts, coverage.GAP_MS / step_ms)
        for start, stop in _runs(asked[first:end] & (sums / of * np.square(others / of) >= _BOTH)):
            last = min((first + stop) * step_ms, len(samples) * 1000 / SAMPLE_RATE_HZ)
            yield (first + start) * step_ms, last


def _runs(found: npt.NDArray[np.bool_]) -> Iterable[tuple[int, int]]:
    """Return where stretches of steps begin and end."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[False], found, [False]]).astype(np.int8)))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _speech_in(
    samples: npt.NDArray[np.float32], asked: npt.NDArray[np.bool_], step_ms: float
) -> npt.NDArray[np.floating]:
    """Return the song detector's probability of speech at each step around those that are asked for; elsewhere 0.

    Only there is it asked: to hear all of a film once more would cost as much as all else that looks for speech.

    Args:
        samples: at 16 kHz, from -1 to 1.
        asked: which steps; stretches shorter than a gap are passed over.
        step_ms: length of a step.
    """
    import numpy as np

    from samvad.media import sound_events

    found = np.zeros(len(asked))
    around = round(_LOOKS_MS / step_ms)
    for first, end in _runs(asked):
        if (end - first) * step_ms < coverage.GAP_MS:
            continue
        from_, to = max(0, first - around), min(len(asked), end + around)
        piece = samples[from_ * _STEP : to * _STEP]
        steps = sound_events.speech(piece, _STEP)
        found[from_ : from_ + len(steps)] = np.maximum(found[from_ : from_ + len(steps)], steps[: to - from_])
    return found


def in_languages(found: Sequence[Region], speech: Sequence[Region]) -> list[Region]:
    """Return what may be speech, each stretch in the language that is spoken next to it.

    Args:
        found: from ``perhaps``.
        speech: with the language of each region; some.
    """
    spoken = [region for region in speech if not region.sung] or list(speech)

    def nearest(region: Region) -> Region:
        return min(spoken, key=lambda other: max(other.start_ms - region.end_ms, region.start_ms - other.end_ms))

    return [replace(region, language=nearest(region).language) for region in found]


def with_text(found: Sequence[Region], chunks: Sequence[Chunk]) -> list[Region]:
    """Return where what may be speech was recognised: around its words; without what is a gap between two of them."""
    words = [
        (word.start_ms, min(word.end_ms, word.start_ms + coverage.longest_ms(word.text)))
        for chunk in chunks
        for word in chunk.words
    ]
    said: list[Region] = []
    for region in found:
        inside = sorted(times for times in words if region.start_ms <= sum(times) / 2 < region.end_ms)
        near: list[Region] = []
        for start, end in inside:
            start_ms, end_ms = max(region.start_ms, start - _MARGIN_MS), min(region.end_ms, end + _MARGIN_MS)
            if near and start_ms - near[-1].end_ms < coverage.GAP_MS:
                near[-1] = replace(near[-1], end_ms=max(near[-1].end_ms, end_ms))
            else:
                near.append(replace(region, start_ms=start_ms, end_ms=end_ms))
        said += near
    return said
