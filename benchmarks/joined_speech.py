"""Speech in two languages, or in one by several voices, joined without a pause, of recordings in ../shared/media.

Silence at the ends of each recording is cut off, pauses inside shortened, the sound brought to one level, and one
recording fades into the next within 20 ms: a detector of speech hears a single stretch. Half 0 is what limits were
set on, half 1 what they are reported on; no recording is in both.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sound_files import RATE_HZ, samples_of

MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"
_SCENE = "A_indic/comp_hi_scene_open.flac"
_SONNET = "B_english/en_sonnet_p001.mp3"
#: Recordings, and lines (from 0) of the Hindi scene and the sonnet.
_OWN: dict[tuple[str, int], tuple[str | tuple[str, tuple[int, ...]], ...]] = {
    ("hi", 0): ("hi_story_2426_029.wav", (_SCENE, (1,)), "hi_story_2645_029.wav", (_SCENE, (3,)), (_SCENE, (8,))),
    ("en", 0): ("en_librivox_0870.wav", (_SONNET, (2, 3)), "en_librivox_0890.wav", (_SONNET, (4,)), (_SONNET, (6, 7))),
    ("hi", 1): ("hi_story_2070_003.wav", (_SCENE, (9,)), (_SCENE, (10,)), (_SCENE, (11,)), (_SCENE, (12,))),
    ("en", 1): ("en_leopard_quilter.wav", "en_cv_22058264.mp3", (_SONNET, (9, 10)), (_SONNET, (13,)), "en_jfk.flac"),
}
#: Which recording of a language comes where; ``h0e1``: the first Hindi, then the second English one.
PATTERNS = (
    *("h0e0", "e1h1", "h2e2h3", "e3h4e0", "h1e4h0", "e2h2e1", "h3e3h4e4", "h0h1e2h3", "e0e1h4e2e3", "h0e3h1h2"),
    *("h0h1", "h2h3h4", "h4h0h2h1h3", "e0e1", "e2e3e4", "e4e0e2e1e3"),
)
_FRAME, _FADE = RATE_HZ // 50, RATE_HZ // 50
#: Under the loud frames (dB); frames of a pause that are kept; level of the loud frames.
_QUIET_DB, _PAUSE_FRAMES, _LOUD = -32.0, 6, 0.12
Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Said:
    """A recording within a joined one: language, text, start and end in ms."""

    language: str
    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Joined:
    """Recordings joined: name, half, sound and what is said in it."""

    name: str
    half: int
    samples: Samples
    said: tuple[Said, ...]

    @property
    def changes(self) -> list[int]:
        """Return where the language changes, in ms."""
        pairs = zip(self.said, self.said[1:], strict=False)
        return [after.start_ms for before, after in pairs if before.language != after.language]


def joined(half: int) -> list[Joined]:
    """Return the joined recordings of a half."""
    own = {name: [_recording(source) for source in _OWN[name, half]] for name in ("hi", "en")}
    found = []
    for pattern in PATTERNS:
        sound = np.zeros(0, np.float32)
        said: list[Said] = []
        for letter, place in re.findall(r"([he])(\d)", pattern):
            language = {"h": "hi", "e": "en"}[letter]
            samples, text = own[language][int(place)]
            fade = min(_FADE, len(sound))
            start = len(sound) - fade
            ramp = np.linspace(0, 1, fade, dtype=np.float32)
            over = sound[start:] * (1 - ramp) + samples[:fade] * ramp
            sound = np.concatenate([sound[:start], over, samples[fade:]])
            said.append(Said(language, text, start * 1000 // RATE_HZ, len(sound) * 1000 // RATE_HZ))
        edge = np.zeros(RATE_HZ // 2, np.float32)
        moved = tuple(Said(one.language, one.text, one.start_ms + 500, one.end_ms + 500) for one in said)
        found.append(Joined(pattern, half, np.concatenate([edge, sound, edge]), moved))
    return found


def _recording(source: str | tuple[str, tuple[int, ...]]) -> tuple[Samples, str]:
    if isinstance(source, str):
        path = MEDIA / ("A_indic" if source.startswith("hi") else "B_english") / source
        return tight(_samples(path)), (MEDIA / "refs" / f"{source}.txt").read_text("utf-8").strip()
    name, lines = source
    times = _lines(name)
    first, last = times[lines[0]][0], times[lines[-1]][1]
    part = _samples(MEDIA / name)[round(first * RATE_HZ) : round(last * RATE_HZ)]
    return tight(part), " ".join(times[line][2] for line in lines)


def _lines(name: str) -> list[tuple[float, float, str]]:
    """Return start, end in s and text of the lines of a recording."""
    timeline = MEDIA / "refs" / f"{Path(name).stem}.timeline.json"
    if timeline.is_file():
        parts = json.loads(timeline.read_text("utf-8"))
        return [(part["start"], part["end"], part["text"]) for part in parts if part["kind"].startswith("speech")]
    blocks = (MEDIA / "refs" / f"{Path(name).stem}.lines.srt").read_text("utf-8").strip().split("\n\n")
    rows = [block.split("\n") for block in blocks]
    return [(*map(_seconds, times.split(" --> ")), text) for _, times, text in rows]  # type: ignore[misc]


def _seconds(shown: str) -> float:
    hours, minutes, seconds = shown.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _samples(path: Path) -> Samples:
    return np.frombuffer(samples_of(path), "<i2").astype(np.float32) / 32768


def tight(samples: Samples) -> Samples:
    """Return speech at one level, without silence at its ends, and without long pauses."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    level = 10 * np.log10(np.square(frames).mean(axis=1) + 1e-10)
    quiet = level < np.percentile(level, 95) + _QUIET_DB
    heard = np.flatnonzero(~quiet)
    kept: list[Samples] = []
    pause = 0
    for place in range(max(0, heard[0] - 1), min(len(frames), heard[-1] + 2)):
        pause = pause + 1 if quiet[place] else 0
        if pause <= _PAUSE_FRAMES:
            kept.append(frames[place])
    sound = np.concatenate(kept)
    return (sound * (_LOUD / np.percentile(np.abs(sound), 95))).astype(np.float32).clip(-1, 1)
