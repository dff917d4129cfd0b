"""The sound of the sample film: voices by espeak-ng, music and rain by numpy. The same bytes every time."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from samvad.core import subprocesses
from samvad.core.errors import ToolError
from samvad.sample.story import VOICES, Line, PlacedStretch, Timeline, Voice

Samples: TypeAlias = NDArray[np.float64]

RATE_HZ = 48_000
_PER_MS = RATE_HZ // 1000
_VOICE_PEAK = 0.5
# A line is heard where it is louder than a fiftieth of its peak (-34 dB); the rest is cut off, so that its bounds are
# exact. Some variants of espeak-ng add an echo (f2: 140 ms later), which lies just below this.
_AUDIBLE = 0.02
_ROOM_TONE = 0.0004  # about -68 dB: a recording is never digitally silent, so the silent stretch stands out
_BEAT_MS = 600
_CHORDS = ((57, 60, 64), (53, 57, 60), (48, 52, 55), (55, 59, 62))  # A minor, F, C, G, as MIDI notes
_MELODY = (76, 74, 72, 69, 72, 74, 77, 76, 72, 67, 72, 76, 74, 71, 74, 79)


def speak(text: str, voice: Voice, folder: Path) -> Samples:
    """Return a line spoken by espeak-ng, from its first audible sample to its last, at 48 kHz.

    Args:
        text: what is said.
        voice: who says it.
        folder: where a temporary WAV may lie.

    Raises:
        ToolError: espeak-ng does not know the voice, or made no sound.
    """
    made = folder / "line.wav"
    command = ["espeak-ng", "-b", "1", "-v", voice.name, "-s", str(voice.speed_wpm), "-w", str(made), "--", text]
    done = subprocesses.run(command)
    if done.code != 0:
        raise ToolError(
            f"espeak-ng could not speak with the voice {voice.name}.",
            "See which voices it has with `espeak-ng --voices`.",
            stderr_tail=done.tail,
        )
    with wave.open(str(made)) as file:
        rate_hz = file.getframerate()
        spoken = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 32768
    if not spoken.any():
        raise ToolError(f"espeak-ng made no sound with the voice {voice.name}.", "Install its voice data again.")
    audible = np.flatnonzero(np.abs(spoken) > _AUDIBLE * np.abs(spoken).max())
    line = resample(spoken[audible[0] : audible[-1] + 1], rate_hz)
    return np.asarray(line * (_VOICE_PEAK / np.abs(line).max()), dtype=np.float64)


def resample(sound: Samples, rate_hz: int) -> Samples:
    """Return ``sound`` at 48 kHz: its spectrum, with nothing above what it held (as scipy.signal.resample does)."""
    step = rate_hz // int(np.gcd(rate_hz, RATE_HZ))
    padded = np.pad(sound, (0, -len(sound) % step))
    length = len(padded) * RATE_HZ // rate_hz
    return np.asarray(np.fft.irfft(np.fft.rfft(padded), length) * (length / len(padded)), dtype=np.float64)


def duration_ms(sound: Samples) -> int:
    """Return how long a sound is, in whole milliseconds, rounded up."""
    return -(-len(sound) // _PER_MS)


def music(length_ms: int) -> Samples:
    """Return a small piece for plucked strings, shape (2, samples): chords, a bass and a melody, all dying away."""
    piece = np.zeros((2, length_ms * _PER_MS))
    for beat in range(length_ms // _BEAT_MS):
        chord = _CHORDS[beat // 4 % len(_CHORDS)]
        start = beat * _BEAT_MS * _PER_MS
        if beat % 4 == 0:
            _add(piece, _pluck(chord[0] - 12, 2400), start, 0.5, 0.0)
        for position, note in enumerate(chord):
            late = position * 25 * _PER_MS  # strummed, not struck
            _add(piece, _pluck(note, 1200), start + late, 0.25, -0.4)
        if beat % 2 == 0 or beat % 8 == 5:
            _add(piece, _pluck(_MELODY[beat % len(_MELODY)], 1500), start, 0.4, 0.4)
    return _faded(piece * (0.4 / np.abs(piece).max()), fade_out_ms=800)


def rain(length_ms: int) -> Samples:
    """Return rain, shape (2, samples): noise that falls off with frequency and swells slowly."""
    count = length_ms * _PER_MS
    frequencies = np.fft.rfftfreq(count, 1 / RATE_HZ)
    # Pink between 200 Hz and 8 kHz: the hiss of drops without rumble.
    shape = np.where((frequencies > 200) & (frequencies < 8000), 1 / np.sqrt(np.maximum(frequencies, 1)), 0.0)
    noise = np.fft.irfft(np.fft.rfft(_white((2, count), seed=11)) * shape, count)
    swell = 1 + 0.3 * np.sin(2 * np.pi * 0.4 * np.arange(count) / RATE_HZ)
    wet = noise * swell
    return _faded(wet * (0.25 / np.abs(wet).max()), fade_out_ms=20)


def spoken_lines(lines: list[Line], folder: Path) -> dict[Line, Samples]:
    """Return every line spoken by its own voice."""
    return {line: speak(line.text, VOICES[line.speaker], folder) for line in lines}


def mix(timeline: Timeline, spoken: dict[Line, Samples]) -> Samples:
    """Return the whole sound track, shape (2, samples), 48 kHz."""
    track = _white((2, timeline.duration_ms * _PER_MS), seed=7) * _ROOM_TONE
    for stretch in timeline.stretches:
        span = slice(stretch.start_ms * _PER_MS, stretch.end_ms * _PER_MS)
        track[:, span] = _stretch_sound(stretch)
    for placed in timeline.lines:
        voice = VOICES[placed.line.speaker]
        _add(track, spoken[placed.line], placed.start_ms * _PER_MS, 1.0, voice.pan)
    return track


def write_wav(track: Samples, path: Path) -> None:
    """Write a track of shape (channels, samples) as 16-bit WAV at 48 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setparams((len(track), 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(np.round(np.clip(track, -1, 1) * 32767).astype("<i2").T.tobytes())


def _stretch_sound(stretch: PlacedStretch) -> Samples:
    length_ms = stretch.end_ms - stretch.start_ms
    if stretch.kind == "music":
        return music(length_ms)
    if stretch.kind == "noise":
        return rain(length_ms)
    return np.zeros((2, length_ms * _PER_MS))


def _pluck(note: int, length_ms: int) -> Samples:
    """Return one plucked string: eight harmonics, the higher the sooner gone, slightly sharp as strings are."""
    time = np.arange(length_ms * _PER_MS) / RATE_HZ
    pitch_hz = 440 * 2 ** ((note - 69) / 12)
    sound = np.zeros_like(time)
    for harmonic in range(1, 9):
        frequency_hz = pitch_hz * harmonic * np.sqrt(1 + 0.0004 * harmonic**2)
        sound += np.sin(2 * np.pi * frequency_hz * time) * np.exp(-time * (1.5 + harmonic)) / harmonic
    return np.asarray(sound * np.minimum(1, time / 0.004), dtype=np.float64)


def _add(track: Samples, sound: Samples, start: int, gain: float, pan: float) -> None:
    """Add a mono sound to both channels of a track, from sample ``start``; what runs past the end is dropped."""
    span = track[:, start : start + len(sound)]
    sides = np.array([[min(1.0, 1 - pan)], [min(1.0, 1 + pan)]])
    span += sides * gain * sound[: span.shape[1]]


def _faded(sound: Samples, fade_out_ms: int) -> Samples:
    fade = np.ones(sound.shape[1])
    fade[-fade_out_ms * _PER_MS :] = np.linspace(1, 0, fade_out_ms * _PER_MS)
    return np.asarray(sound * fade, dtype=np.float64)


def _white(shape: tuple[int, int], seed: int) -> Samples:
    # RandomState's stream is promised never to change; default_rng's is not.
    return np.random.RandomState(seed).uniform(-1, 1, shape)
