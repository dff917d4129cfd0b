#!/usr/bin/env python3
"""Words of the prompt that a model writes where nobody speaks: how often, and how many of them are taken out.

    envs/run asr ../benchmarks/prompt_words.py [SPEECH.wav]

Each of the sounds without speech of samvad.sample.unspoken is heard three ways, by a model that is told eight names: by
itself, as if it were speech; after a line of speech; and between two. With a file of speech (16 kHz, mono), its first
three seconds are the line; without one, only the first way.
"""

from __future__ import annotations

import sys
import tempfile
import wave
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import numpy as np  # noqa: E402

from samvad.media import sound_events  # noqa: E402
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio  # noqa: E402
from samvad.models import weights  # noqa: E402
from samvad.sample import unspoken  # noqa: E402
from samvad.stages.asr import memory, prompts  # noqa: E402
from samvad.stages.asr.chunks import Chunk  # noqa: E402
from samvad.stages.asr.engine import Engine, EngineOptions  # noqa: E402
from samvad.stages.asr.from_prompt import PromptGuard  # noqa: E402
from samvad.stages.asr.recogniser import Recogniser  # noqa: E402
from samvad.stages.asr.regions import Region  # noqa: E402
from samvad.stages.asr.strategy import DecodingStrategy  # noqa: E402
from samvad.stages.asr.windows import Window  # noqa: E402
from samvad.text.repetition import plain  # noqa: E402

TERMS = ("Priya", "Rahul", "Mumbai", "Fatima", "Jaipur", "Aishwarya", "Connaught Place", "Zakir Hussain")
SOUND_SECONDS, LINE_SECONDS = 8, 3
KNOWN = {part for term in TERMS for part in plain(term).split()}


def main() -> None:
    """Print how many words of the prompt stand in each kind of sound, and what is left of them."""
    line = np.zeros(0, np.int16)
    if sys.argv[1:]:
        with wave.open(sys.argv[1], "rb") as file:
            line = np.frombuffer(file.readframes(LINE_SECONDS * SAMPLE_RATE_HZ), "<i2")
    parts, windows, sounds, at = [], [], [], 0
    for number, kind in enumerate(unspoken.KINDS):
        sound = (unspoken.make(kind, SOUND_SECONDS, number) * 0.25 * 32767).clip(-32768, 32767).astype(np.int16)
        for way in ("alone", "after", "between") if len(line) else ("alone",):
            pieces = {"alone": [sound], "after": [line, sound], "between": [line, sound, line]}[way]
            start, regions = at, []
            for piece in pieces:
                end = at + len(piece) * 1000 // SAMPLE_RATE_HZ
                if piece is not sound or way == "alone":
                    regions.append(Region(at, end, language="en"))
                if piece is sound:
                    sounds.append((kind, way, at, end))
                at = end
            parts += pieces
            windows.append(Window(((start, at),), tuple(regions)))
    with tempfile.TemporaryDirectory(prefix="samvad-bench-") as folder:
        path = Path(folder) / "film.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE_HZ)
            file.writeframes(np.concatenate(parts).astype("<i2").tobytes())
        audio = FilmAudio(path)
        curve = sound_events.listen(path, unit="searched_seconds")
        model = weights.resolve_whisper("base")
        fallback = memory.OutOfMemoryFallback(
            lambda setting: Engine(model, EngineOptions("cpu", "int8", 2, 5)), memory.Setting("cpu", "int8", 8), print
        )
        recogniser = Recogniser(fallback, audio, "native", TERMS, 0, lambda *_: None)
        told = recogniser.decode(windows, DecodingStrategy(prompt=prompts.prompt(TERMS, "en", "native")))
        cleaned, taken = PromptGuard(recogniser.decode, TERMS, curve.voice_peak).clean(told)
    for way in dict.fromkeys(way for _, way, *_ in sounds):
        before, after = (_terms(chunks, [item for item in sounds if item[1] == way]) for chunks in (told, cleaned))
        print(f"{way}: {sum(map(len, before.values()))} terms in {len(before)} of {len(unspoken.KINDS)} sounds "
              f"{before}, afterwards {sum(map(len, after.values()))} {after}")  # fmt: skip
    inside = [word for item in sounds for word in _terms(told, [item]).get(item[0], [])]
    spoken = sum(plain(word.text) in KNOWN for chunk in told for word in chunk.words) - len(inside)
    kept = sum(plain(word.text) in KNOWN for chunk in cleaned for word in chunk.words)
    print(f"terms in speech: {spoken}, terms left in all: {kept}; taken out: {[word.text.strip() for word in taken]}")


def _terms(chunks: list[Chunk], sounds: list[tuple[str, str, int, int]]) -> dict[str, list[str]]:
    """Return the terms whose middle lies in a sound, by its kind."""
    found: dict[str, list[str]] = {}
    for kind, _, start, end in sounds:
        words = [
            word.text.strip()
            for chunk in chunks
            for word in chunk.words
            if plain(word.text) in KNOWN and start + 300 < (word.start_ms + word.end_ms) // 2 < end - 300
        ]
        if words:
            found[kind] = words
    return found


if __name__ == "__main__":
    main()
