"""Sounds without speech, made by code: to see what Whisper makes up. 16 kHz mono, the same every time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.float64]

RATE_HZ = 16_000

_CHORDS = ((57, 60, 64), (53, 57, 60), (48, 52, 55), (55, 59, 62), (50, 53, 57))  # MIDI notes
_SCALE = (0, 2, 4, 5, 7, 9, 11, 12)
#: First three formants (Hz) of vowels: a rounded adult voice (Peterson and Barney 1952, men).
VOWELS = {
    "a": (730, 1090, 2440),
    "e": (530, 1840, 2480),
    "i": (270, 2290, 3010),
    "o": (570, 840, 2410),
    "u": (300, 870, 2240),
}
_FORMANT_WIDTHS_HZ = (90.0, 110.0, 160.0)


class Maker:
    """Makes sounds of one length from one seed.

    Args:
        seconds: how long they are.
        seed: other seeds give other sounds of the same kind.
    """

    def __init__(self, seconds: float, seed: int) -> None:
        self.count = round(seconds * RATE_HZ)
        self.time = np.arange(self.count) / RATE_HZ
        # RandomState's stream is promised never to change; default_rng's is not.
        self.random = np.random.RandomState(seed)

    # -- building blocks ---------------------------------------------------------------------------------------------

    def coloured(self, slope: float, low_hz: float = 20, high_hz: float = 8000) -> Samples:
        """Return noise whose power falls by ``f**slope`` between two frequencies."""
        frequencies = np.fft.rfftfreq(self.count, 1 / RATE_HZ)
        shape = np.where(
            (frequencies >= low_hz) & (frequencies <= high_hz), np.maximum(frequencies, 1) ** (-slope / 2), 0
        )
        spectrum = np.fft.rfft(self.random.standard_normal(self.count)) * shape
        return _unit(np.fft.irfft(spectrum, self.count))

    def slow(self, hz: float) -> Samples:
        """Return a random curve between 0 and 1 that changes about ``hz`` times a second."""
        points = max(4, round(self.count / RATE_HZ * hz) + 3)
        return np.interp(np.linspace(0, points - 1, self.count), np.arange(points), self.random.uniform(0, 1, points))

    def place(self, track: Samples, sound: Samples, second: float, gain: float = 1.0) -> None:
        """Add a sound to a track at a time; what runs past the end is dropped."""
        start = round(second * RATE_HZ)
        part = track[start : start + len(sound)]
        part += gain * sound[: len(part)]

    def burst(self, seconds: float, low_hz: float, high_hz: float, decay: float) -> Samples:
        """Return a burst of noise in a band that dies away ``decay`` times a second."""
        length = round(seconds * RATE_HZ)
        spectrum = np.fft.rfft(self.random.standard_normal(length))
        frequencies = np.fft.rfftfreq(length, 1 / RATE_HZ)
        spectrum[(frequencies < low_hz) | (frequencies > high_hz)] = 0
        sound = np.fft.irfft(spectrum, length) * np.exp(-decay * np.arange(length) / RATE_HZ)
        return _sound(sound / max(1e-9, np.abs(sound).max()))

    def events(self, rate: float) -> Samples:
        """Return random times in seconds, so many a second on the average."""
        seconds = self.count / RATE_HZ
        return np.sort(self.random.uniform(0, seconds, max(1, self.random.poisson(rate * seconds))))

    # -- silence and noise -------------------------------------------------------------------------------------------

    def silence(self) -> Samples:
        """Digital silence."""
        return np.zeros(self.count)

    def room_tone(self) -> Samples:
        """A quiet room, about -60 dB."""
        return 0.001 * self.coloured(1.0)

    def white(self) -> Samples:
        """White noise."""
        return 0.1 * self.coloured(0.0)

    def pink(self) -> Samples:
        """Pink noise."""
        return 0.1 * self.coloured(1.0)

    def brown(self) -> Samples:
        """Brown noise."""
        return 0.2 * self.coloured(2.0)

    def hiss(self) -> Samples:
        """Tape hiss with crackle."""
        track = 0.02 * self.coloured(-0.5, 500)
        for second in self.events(6):
            self.place(track, self.burst(0.01, 800, 8000, 500), second, self.random.uniform(0.05, 0.4))
        return track

    def hum(self) -> Samples:
        """Mains hum with its harmonics."""
        base = self.random.choice([50, 60])
        tones = sum(np.sin(2 * np.pi * base * k * self.time) / k for k in (1, 2, 3, 5, 7))
        return _sound(0.1 * tones + 0.004 * self.coloured(1.0))

    # -- nature and machines -----------------------------------------------------------------------------------------

    def rain(self) -> Samples:
        """Rain: drops over a hiss that swells."""
        track = 0.05 * self.coloured(1.0, 200) * (0.6 + 0.4 * self.slow(0.5))
        for second in self.events(60):
            self.place(track, self.burst(0.02, 1000, 7500, 250), second, self.random.uniform(0.01, 0.12))
        return track

    def wind(self) -> Samples:
        """Wind in gusts."""
        return 0.25 * self.coloured(2.2, 40, 1500) * (0.15 + self.slow(0.7)) + 0.04 * self.coloured(
            1, 300, 900
        ) * self.slow(1)

    def waves(self) -> Samples:
        """Waves of the sea."""
        swell = 0.5 + 0.5 * np.sin(2 * np.pi * self.random.uniform(0.12, 0.2) * self.time)
        return 0.15 * self.coloured(1.2, 80) * swell**2 + 0.01 * self.coloured(1.0)

    def birds(self) -> Samples:
        """Birds: short rising and falling whistles."""
        track = 0.004 * self.coloured(1.0)
        for second in self.events(4):
            length = self.random.uniform(0.05, 0.2)
            time = np.arange(round(length * RATE_HZ)) / RATE_HZ
            pitch = self.random.uniform(2500, 5000) + self.random.uniform(-6000, 6000) * time
            self.place(track, np.sin(2 * np.pi * np.cumsum(pitch) / RATE_HZ) * np.hanning(len(time)), second, 0.15)
        return track

    def thunder(self) -> Samples:
        """Thunder over rain."""
        track = 0.3 * self.rain()
        for second in self.events(0.25):
            self.place(track, self.burst(4, 25, 220, 1.1), second, 0.7)
        return track

    def engine(self) -> Samples:
        """An engine that speeds up and slows down."""
        pitch = 35 + 60 * self.slow(0.4)
        phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
        return _sound(0.08 * sum(np.sin(k * phase + k) / k**0.7 for k in range(1, 12)) + 0.03 * self.coloured(1.5))

    def train(self) -> Samples:
        """A train: rumble and the beats of the joints."""
        track = 0.15 * self.coloured(2, 30, 900)
        gap = self.random.uniform(0.5, 0.9)
        for second in np.arange(0, self.count / RATE_HZ, gap):
            for late in (0.0, 0.12):
                self.place(track, self.burst(0.08, 100, 2500, 50), second + late, 0.4)
        return track

    def siren(self) -> Samples:
        """A siren that wails."""
        pitch = 800 + 400 * np.sin(2 * np.pi * self.random.uniform(0.3, 2.5) * self.time)
        return 0.2 * np.sin(2 * np.pi * np.cumsum(pitch) / RATE_HZ) + 0.01 * self.coloured(1.0)

    # -- signals and knocks ------------------------------------------------------------------------------------------

    def tone(self) -> Samples:
        """A steady tone."""
        return 0.2 * np.sin(2 * np.pi * self.random.uniform(220, 1500) * self.time)

    def dialling(self) -> Samples:
        """The tone pairs of a telephone's keys, then ringing."""
        track = np.zeros(self.count)
        time = np.arange(round(0.15 * RATE_HZ)) / RATE_HZ
        for number in range(10):
            low, high = self.random.choice([697, 770, 852, 941]), self.random.choice([1209, 1336, 1477])
            self.place(track, np.sin(2 * np.pi * low * time) + np.sin(2 * np.pi * high * time), 0.3 * number, 0.15)
        ring = np.sin(2 * np.pi * 440 * self.time) + np.sin(2 * np.pi * 480 * self.time)
        return track + 0.1 * ring * ((self.time > 3.5) & (self.time % 3 < 1))

    def clicks(self) -> Samples:
        """A clock, or clicks at odd times."""
        track = 0.0005 * self.coloured(1.0)
        steady = self.random.uniform() < 0.5
        times = np.arange(0, self.count / RATE_HZ, 0.5) if steady else self.events(5)
        for second in times:
            self.place(track, self.burst(0.012, 1500, 7000, 600), second, 0.5)
        return track

    def steps(self) -> Samples:
        """Footsteps, and a knock at the door."""
        track = 0.002 * self.coloured(1.0)
        for second in np.arange(0.2, self.count / RATE_HZ, self.random.uniform(0.45, 0.7)):
            self.place(track, self.burst(0.12, 60, 1200, 40), second, self.random.uniform(0.2, 0.5))
        for number in range(3):
            self.place(track, self.burst(0.15, 150, 900, 35), self.count / RATE_HZ / 2 + 0.25 * number, 0.9)
        return track

    # -- people without words ----------------------------------------------------------------------------------------

    def applause(self) -> Samples:
        """Applause: many hands that do not keep time."""
        track = np.zeros(self.count)
        for _ in range(25):
            period, phase = self.random.uniform(0.22, 0.36), self.random.uniform(0, 0.3)
            clap = self.burst(0.03, 500, 5000, 150)
            for second in np.arange(phase, self.count / RATE_HZ, period):
                self.place(track, clap, second + self.random.uniform(-0.03, 0.03), self.random.uniform(0.02, 0.1))
        return track

    def laughter(self) -> Samples:
        """Laughter-like: trains of breathy vowels about five times a second, falling in pitch."""
        track = 0.002 * self.coloured(1.0)
        second = 0.3
        while second < self.count / RATE_HZ - 1:
            vowel, pitch = self.random.choice(list("aeo")), self.random.uniform(150, 320)
            for number in range(self.random.randint(4, 9)):
                sung = self.voiced(0.11, pitch * 0.97**number, vowel, vibrato=0.0)
                self.place(track, sung + 0.3 * self.burst(0.11, 500, 5000, 20), second, 0.3 * 0.9**number)
                second += self.random.uniform(0.17, 0.23)
            second += self.random.uniform(0.4, 1.2)
        return track

    def crowd(self) -> Samples:
        """A crowd's murmur: vowels of many voices at once, no words."""
        track = 0.01 * self.coloured(1.0)
        for _ in range(round(12 * self.count / RATE_HZ)):
            length, pitch = self.random.uniform(0.1, 0.35), self.random.uniform(90, 260)
            sound = self.voiced(length, pitch, self.random.choice(list(VOWELS)), vibrato=0.0)
            self.place(track, sound, self.random.uniform(0, self.count / RATE_HZ), self.random.uniform(0.02, 0.1))
        return track

    def breathing(self) -> Samples:
        """Breath in and out."""
        cycle = np.abs(np.sin(np.pi * self.random.uniform(0.25, 0.45) * self.time)) ** 3
        return _sound(0.05 * self.coloured(0.8, 300, 5000) * cycle + 0.0005 * self.coloured(1.0))

    def voiced(self, seconds: float, pitch_hz: float, vowel: str, vibrato: float = 0.02) -> Samples:
        """Return a vowel at a pitch: harmonics shaped by its formants, with the vibrato of a singer (5.5 Hz)."""
        time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
        pitch = pitch_hz * (1 + vibrato * np.sin(2 * np.pi * 5.5 * time) * np.minimum(1, time / 0.25))
        phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
        sound = np.zeros(len(time))
        for number in range(1, int(4000 / pitch_hz) + 1):
            sound += _formant_gain(number * pitch_hz, vowel) / number**0.5 * np.sin(number * phase)
        edge = np.minimum(1, np.minimum(time, time[::-1]) / 0.03)
        return np.asarray(_unit(sound) * edge, dtype=np.float64)

    # -- music -------------------------------------------------------------------------------------------------------

    def pluck(self, note: float, seconds: float) -> Samples:
        """Return one plucked string, its higher harmonics the sooner gone."""
        time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
        pitch = _hz(note)
        sound = sum(np.sin(2 * np.pi * k * pitch * time) * np.exp(-time * (1.5 + k)) / k for k in range(1, 9))
        return np.asarray(sound * np.minimum(1, time / 0.004), dtype=np.float64)

    def chords(self) -> Samples:
        """Strummed chords with a bass."""
        track = np.zeros(self.count)
        beat = self.random.uniform(0.4, 0.7)
        key = self.random.randint(-4, 5)
        for number, second in enumerate(np.arange(0, self.count / RATE_HZ, beat)):
            chord = _CHORDS[(number // 4 + key) % len(_CHORDS)]
            for position, note in enumerate(chord):
                self.place(track, self.pluck(note + key, 1.2), second + 0.025 * position, 0.08)
            if number % 4 == 0:
                self.place(track, self.pluck(chord[0] + key - 12, 2.0), second, 0.15)
        return track

    def melody(self) -> Samples:
        """A flute-like melody."""
        track = 0.001 * self.coloured(1.0)
        second, root = 0.0, self.random.randint(67, 76)
        while second < self.count / RATE_HZ:
            length = self.random.choice([0.25, 0.4, 0.8])
            time = np.arange(round(length * RATE_HZ)) / RATE_HZ
            phase = 2 * np.pi * _hz(root + self.random.choice(_SCALE)) * time + 0.1 * np.sin(2 * np.pi * 5 * time)
            edge = np.minimum(1, np.minimum(time, time[::-1]) / 0.04)
            self.place(track, (np.sin(phase) + 0.2 * np.sin(2 * phase)) * edge, second, 0.2)
            second += length
        return track

    def drums(self) -> Samples:
        """Drums: kick, snare and hat."""
        track = np.zeros(self.count)
        beat = self.random.uniform(0.25, 0.35)
        for number, second in enumerate(np.arange(0, self.count / RATE_HZ, beat)):
            self.place(track, self.burst(0.05, 4000, 8000, 100), second, 0.1)
            if number % 4 == 0:
                time = np.arange(round(0.25 * RATE_HZ)) / RATE_HZ
                self.place(
                    track,
                    np.sin(2 * np.pi * (50 * time + 6 * (1 - np.exp(-30 * time)))) * np.exp(-12 * time),
                    second,
                    0.5,
                )
            if number % 4 == 2 or self.random.uniform() < 0.1:
                self.place(track, self.burst(0.15, 200, 6000, 30), second, 0.3)
        return track

    def strings(self) -> Samples:
        """Long chords of bowed strings."""
        track = np.zeros(self.count)
        key = self.random.randint(-3, 6)
        for number, second in enumerate(np.arange(0, self.count / RATE_HZ, 2.0)):
            time = np.arange(round(2.2 * RATE_HZ)) / RATE_HZ
            edge = np.minimum(1, np.minimum(time, time[::-1]) / 0.4)
            for note in _CHORDS[(number + key) % len(_CHORDS)]:
                phase = 2 * np.pi * _hz(note + key) * time + 0.15 * np.sin(2 * np.pi * 5.5 * time + note)
                self.place(track, sum(np.sin(k * phase) / k for k in range(1, 8)) * edge, second, 0.06)
        return track

    def drone(self) -> Samples:
        """A tanpura-like drone: four strings over and over, buzzing."""
        track = np.zeros(self.count)
        root = self.random.randint(44, 52)
        for number, second in enumerate(np.arange(0, self.count / RATE_HZ, 0.8)):
            self.place(track, self.pluck(root + (7, 12, 12, 0)[number % 4], 3.0), second, 0.12)
        return np.tanh(3 * track) / 3

    def dance(self) -> Samples:
        """Chords, melody and drums together."""
        return 0.7 * self.chords() + 0.5 * self.melody() + 0.6 * self.drums()


#: Every kind by name, in a fixed order.
KINDS: dict[str, Callable[[Maker], Samples]] = {
    name: getattr(Maker, name)
    for name in (
        "silence", "room_tone", "white", "pink", "brown", "hiss", "hum", "rain", "wind", "waves", "birds", "thunder",
        "engine", "train", "siren", "tone", "dialling", "clicks", "steps", "applause", "laughter", "crowd", "breathing",
        "chords", "melody", "drums", "strings", "drone", "dance",
    )
}  # fmt: skip


def make(kind: str, seconds: float, seed: int) -> Samples:
    """Return a sound of one kind, between -1 and 1.

    Args:
        kind: a key of ``KINDS``.
        seconds: how long.
        seed: other seeds give other sounds of the same kind.
    """
    sound = KINDS[kind](Maker(seconds, seed))
    return sound / max(1.0, float(np.abs(sound).max()) / 0.95)


def _sound(values: object) -> Samples:
    return np.asarray(values, dtype=np.float64)


def _unit(sound: Samples) -> Samples:
    """Return a sound with a root mean square of 1."""
    return np.asarray(sound / max(1e-9, float(np.sqrt(np.mean(sound**2)))), dtype=np.float64)


def _hz(note: float) -> float:
    return float(440 * 2 ** ((note - 69) / 12))


def _formant_gain(frequency_hz: float, vowel: str) -> float:
    """Return how much a vowel's formants let through at a frequency: three resonances, each weaker than the last."""
    return (
        sum(
            weight / (1 + ((frequency_hz - formant) / width) ** 2)
            for formant, width, weight in zip(VOWELS[vowel], _FORMANT_WIDTHS_HZ, (1.0, 0.6, 0.3), strict=True)
        )
        + 0.02
    )
