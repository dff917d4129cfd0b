"""The rules that cues are to keep, and the count of how many do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from samvad.errors import ConfigurationError

#: Frame rate of cinema film, for media without video.
FILM_FRAME_RATE = Fraction(24)

#: A pause of this many frames or fewer between two cues flickers, so it is closed to the smallest gap
#: (Netflix, Timed Text Style Guide: General Requirements, "Timing": close gaps of 3 to 11 frames).
FLICKER_FRAMES = 11


@dataclass(frozen=True)
class Rules:
    """What a cue may be.

    Attributes:
        max_line_characters: code points in a line, spaces and marks counted.
        max_lines: lines in a cue.
        reading_speed_cps: characters a second that a viewer can read.
        min_cue_ms: shortest cue.
        max_cue_ms: longest cue.
        gap_ms: smallest time between two cues.
        flicker_ms: a longer pause than ``gap_ms``, up to this, is closed to ``gap_ms``.
    """

    max_line_characters: int = 42
    max_lines: int = 2
    reading_speed_cps: float = 20.0
    min_cue_ms: int = 833
    max_cue_ms: int = 7000
    gap_ms: int = 84
    flicker_ms: int = 458

    def __post_init__(self) -> None:
        """Refuse rules that no cue can keep.

        Raises:
            ConfigurationError: a value is out of its range; names the key.
        """
        positive = ("max_line_characters", "max_lines", "reading_speed_cps", "min_cue_ms", "max_cue_ms")
        for key in positive:
            if getattr(self, key) <= 0:
                raise ConfigurationError(f"subtitle.{key} is {getattr(self, key)}.", "Set it above 0.")
        if self.gap_ms < 0:
            raise ConfigurationError("subtitle.min_gap_frames is below 0.", "Set it to 0 or more.")
        if self.max_cue_ms < self.min_cue_ms:
            raise ConfigurationError(
                f"subtitle.max_cue_ms ({self.max_cue_ms}) is below subtitle.min_cue_ms ({self.min_cue_ms}).",
                "Make max_cue_ms the larger of the two.",
            )

    def reading_ms(self, characters: int) -> int:
        """Return how long a viewer needs to read so many characters, in milliseconds, rounded up."""
        return math.ceil(characters * 1000 / self.reading_speed_cps)


@dataclass(frozen=True)
class Cue:
    """Lines of text with the times, in milliseconds, at which they appear and go."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]

    @property
    def characters(self) -> int:
        """Return its code points; a line break counts as the space that it stands for."""
        return len(" ".join(self.lines))

    @property
    def duration_ms(self) -> int:
        """Return how long it is shown."""
        return self.end_ms - self.start_ms


@dataclass(frozen=True)
class Breach:
    """A cue that breaks a rule.

    Attributes:
        cue: its number in the file, from 1.
        rule: ``line length``, ``reading speed``, ``duration`` or ``gap``.
        value: the longest line in characters, characters a second, or milliseconds.
    """

    cue: int
    rule: str
    value: float


#: The rules in the order of reports.
RULE_NAMES: tuple[str, ...] = ("line length", "reading speed", "duration", "gap")


def frames_ms(frames: int, frame_rate: Fraction) -> int:
    """Return the time of so many frames in milliseconds, rounded up so that it is never one frame less."""
    return math.ceil(frames * 1000 / frame_rate)


def breaches(cues: Sequence[Cue], rules: Rules) -> list[Breach]:
    """Return every breach of a rule, cue by cue. The gap is that before the next cue; the last cue has none."""
    found = []
    for number, cue in enumerate(cues, start=1):
        longest = max(len(line) for line in cue.lines)
        if longest > rules.max_line_characters or len(cue.lines) > rules.max_lines:
            found.append(Breach(number, "line length", longest))
        if cue.duration_ms < rules.reading_ms(cue.characters):
            found.append(Breach(number, "reading speed", round(cue.characters * 1000 / cue.duration_ms, 1)))
        if not rules.min_cue_ms <= cue.duration_ms <= rules.max_cue_ms:
            found.append(Breach(number, "duration", cue.duration_ms))
        if number < len(cues) and cues[number].start_ms - cue.end_ms < rules.gap_ms:
            found.append(Breach(number, "gap", cues[number].start_ms - cue.end_ms))
    return found


def shares_within(count: int, found: Sequence[Breach]) -> dict[str, float]:
    """Return the share (0 to 1) of ``count`` cues that keep each rule, and under ``all rules`` that keep them all."""
    if count == 0:
        return dict.fromkeys((*RULE_NAMES, "all rules"), 1.0)
    shares = {rule: 1 - len({item.cue for item in found if item.rule == rule}) / count for rule in RULE_NAMES}
    return {**shares, "all rules": 1 - len({item.cue for item in found}) / count}
