"""A decoder that may not end a text: how long it gets in a window of 3 s, and whether that is known. Prints JSON.

Run as: envs/run asr ../tests/endless_text.py SOUND.wav
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from samvad.media.audio import FilmAudio
from samvad.models import weights
from samvad.stages.asr.engine import Engine, EngineOptions
from samvad.stages.asr.regions import Region
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.windows import Window


def main() -> None:
    engine = Engine(weights.resolve_whisper("base"), EngineOptions("cpu", "int8", 1, 1))
    engine._shut_out["en", False] = [engine._whisper.tokenizer("en", "transcribe").eot]
    audio = FilmAudio(Path(sys.argv[1]))
    window = Window(((0, 3_000),), (Region(0, 3_000, "en"),))
    ways = (
        DecodingStrategy(),
        DecodingStrategy("in its own length", own_length=True),
        DecodingStrategy("own script", max_tokens=50),
    )
    found = [chunk for how in ways for chunk in engine.decode(audio, [window], how)]
    engine.close()
    sys.stdout.write(json.dumps([[chunk.tokens, chunk.cut_off] for chunk in found]) + "\n")


if __name__ == "__main__":
    main()
