"""The rules that cues are to keep: those of a profile, for one language and one frame rate, in milliseconds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from samvad.text import scripts

#: Frame rate of cinema film, for media without video.
FILM_FRAME_RATE = Fraction(24)

ERROR = "error"

#: Nearer than this share of the shot window, an in-time before a shot change is drawn onto it; farther off, it goes to
#: the window's edge (Netflix, Subtitle Timing Guidelines, 2: 8 and 12 frames at 24 frames a second).
ONTO_SHOT_SHARE = Fraction(8, 12)


@dataclass(frozen=True)
class Rules:
    """What a cue may be. Without arguments: Netflix's rules for English at 24 frames a second.

    Attributes:
        language: short code of the text's language.
        frame_rate: frames a second of the film.
        max_line_characters: code points in a line, spaces and marks counted.
        max_lines: lines in a cue.
        reading_speed_cps: characters a second that a viewer can read, or None where words are counted.
        reading_speed_wpm: words a minute that a viewer can read, or None where characters are counted.
        min_cue_ms: shortest cue.
        max_cue_ms: longest cue.
        gap_ms: smallest time between two cues.
        close_gap_ms: a longer pause than ``gap_ms``, but shorter than this, is closed to ``gap_ms``.
        first_word_ms: how much an in-time may be off its first word.
        shot_window_ms: how near to a shot change times are drawn to it.
        shot_gap_ms: time before a shot change at which a cue goes.
        break_syntax: whether lines end where the grammar allows.
        one_line_if_it_fits: whether text that fits in one line must stand in one.
        dialogue_dash: stands before each of two speakers' lines; empty: two never share a cue.
        ellipsis: how it is written.
        italics: whether they may be used.
        songs: ``italics``, ``none``, or the mark around what is sung.
        linger_ms: how long a cue stays after its last sound, at most, where nothing asks for longer.
        early_ms: how much before its first word a cue may come that cannot be read otherwise.
        full_stop: the mark of a full stop in the language's own script; empty: as it was written.
        quotes: the opening and the closing mark of a quotation; empty: as they were written.
        interruption: the mark of a sentence that is broken off; empty: as it was written.
        numbers: ``spell to ten`` (digits from 11 on, and with units, times and dates), or ``as heard``.
        bilingual_max_lines: in a track of two languages, lines of each.
        label_brackets: the opening and the closing mark around names of speakers and sounds, for the deaf.
        sound_label_ms: how long a sound lasts at least to be named.
        hearing_impaired: whether the track is for the deaf and hard of hearing.
        levels: ``error`` or ``warning`` by the name of a rule; ``error`` where it is not in it.
        sources: where each rule is written, by its name.
    """

    language: str = "en"
    frame_rate: Fraction = FILM_FRAME_RATE
    max_line_characters: int = 42
    max_lines: int = 2
    reading_speed_cps: float | None = 20.0
    reading_speed_wpm: float | None = None
    min_cue_ms: int = 833
    max_cue_ms: int = 7000
    gap_ms: int = 84
    close_gap_ms: int = 500
    first_word_ms: int = 84
    shot_window_ms: int = 500
    shot_gap_ms: int = 84
    break_syntax: bool = True
    one_line_if_it_fits: bool = True
    dialogue_dash: str = "-"
    ellipsis: str = "…"
    italics: bool = True
    songs: str = "italics"
    linger_ms: int = 500
    early_ms: int = 500
    full_stop: str = ""
    quotes: str = ""
    interruption: str = ""
    numbers: str = "as heard"
    bilingual_max_lines: int = 1
    label_brackets: str = "[]"
    sound_label_ms: int = 3000
    hearing_impaired: bool = False
    levels: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    def reading_ms(self, characters: int, words: int) -> int:
        """Return how long a viewer needs to read a cue, in milliseconds, rounded up."""
        if self.reading_speed_wpm is not None:
            return math.ceil(words * 60_000 / self.reading_speed_wpm)
        return math.ceil(characters * 1000 / self.reading_speed_cps) if self.reading_speed_cps else 0

    def is_shown(self, text: str) -> bool:
        """Return whether a text is a subtitle: it says something, or tells the deaf of music by a song's mark alone."""
        marks = self.song_mark if self.hearing_impaired else ""
        return scripts.has_words(text) or (bool(marks) and not text.strip(f"{marks} ") and marks in text)

    @property
    def song_mark(self) -> str:
        """Return the mark around what is sung, or an empty text."""
        return "" if self.songs in ("italics", "none") else self.songs

    @property
    def onto_shot_ms(self) -> int:
        """Return how near before a shot change an in-time is drawn onto it."""
        return int(self.shot_window_ms * ONTO_SHOT_SHARE)

    def facts(self) -> dict[str, float | str | bool | None]:
        """Return the rules as plain values, for a record."""
        plain = {key: value for key, value in vars(self).items() if key not in ("levels", "sources")}
        return {**plain, "frame_rate": float(self.frame_rate)}


def frames_ms(frames: int, frame_rate: Fraction) -> int:
    """Return the time of so many frames in milliseconds, rounded up so that it is never one frame less."""
    return math.ceil(frames * 1000 / frame_rate)
