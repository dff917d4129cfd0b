"""Show how recognition's time falls with the number of decoders, where each takes a fixed time for a window.

The decoder is a stand-in that sleeps: this shows how the work is shared out, on a machine of however few cores; what
cores, caches, memory and GPUs make of it is not in it. Windows, groups, batches and second attempts are those of stage
04. Decoders are threads of one process, as on a CPU, or processes that are talked to as the stage talks to those on
further GPUs and nodes, with the sound's windows and the texts going through the same pipes.

Usage: envs/run asr ../benchmarks/workers.py [--kind threads|processes] [--windows N] [--seconds S] [--bad SHARE]
"""

from __future__ import annotations

import argparse
import random
import string
import sys
import tempfile
import time
import wave
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from samvad.media.audio import FilmAudio
from samvad.models.weights import ResolvedModel
from samvad.stages.asr import helper, memory, recogniser
from samvad.stages.asr.chunks import Chunk, RawWord
from samvad.stages.asr.engine import Engine, EngineOptions
from samvad.stages.asr.helpers import Helper, Place
from samvad.stages.asr.regions import Region
from samvad.stages.asr.windows import Window

#: Windows in a batch: on a CPU each is decoded in two halves.
BATCH = 8


class StandIn(Engine):
    """An engine whose decoder sleeps: so long for a window."""

    def __init__(self, workers: int, seconds: float, bad: float, helpers: list[Helper] | None = None) -> None:
        self.options = EngineOptions("cpu", "int8", 2 * workers, 5, workers=workers)
        # On a GPU a batch is decoded as a whole.
        self.workers, self._halves, self._seconds, self._bad = workers, 1 if helpers is not None else 2, seconds, bad
        self._whisper = None
        self._share(helpers or [], print)

    def _suppressed(self, language: str, own_script: bool) -> list[int]:
        return []

    def _drawing(self) -> None:
        return None

    def _decode(self, whisper, audio, batch, strategy, *, hear):
        time.sleep(self._seconds * len(batch))
        return [self._chunk(window, strategy) for window in batch]

    def _chunk(self, window: Window, strategy: Any) -> Chunk:
        """Return a text; a share of the windows, evenly spread, comes out badly whatever is tried but drawing."""
        poor = self._bad and int(window.start_ms / 30_000) % round(1 / self._bad) == 0 and not strategy.temperature
        figures = {"avg_logprob": -2.0 if poor else -0.2, "no_speech_prob": 0.0, "compression_ratio": 1.0}
        figures["temperature"] = strategy.temperature
        # A word every half second, each another: else the speech would count as left without text, or the text as a
        # loop, and all of it be decoded again.
        words = tuple(
            RawWord(f" {_word(at)}", at, at + 500, 0.9)
            for start, end in window.stretches
            for at in range(start, end, 500)
        )
        text = "".join(word.text for word in words).strip()
        return Chunk(window.start_ms, window.end_ms, window.language, text, words, figures, window)


def _word(at_ms: int) -> str:
    return "".join(random.Random(at_ms).choices(string.ascii_lowercase, k=6))


class HelperPlace(Place):
    """A place for a process that sleeps."""

    def command(self) -> list[str]:
        """Return what starts it."""
        return [sys.executable, __file__, "--helper", *sys.argv[1:]]


class SleepingHelper(helper._Helper):
    """What such a process answers with."""

    seconds = bad = 0.0

    def __init__(self, setup: dict[str, Any]) -> None:
        self.device = "stand-in"
        self._audio = FilmAudio(Path(setup["audio"][0]))
        self.engine = StandIn(1, self.seconds, self.bad)


def team(kind: str, number: int, options: argparse.Namespace, audio: FilmAudio) -> StandIn:
    """Return an engine with so many decoders, all of them ready."""
    if kind == "threads":
        return StandIn(number, options.seconds, options.bad)
    how = EngineOptions("cpu", "int8", 1, 5, workers=1)
    model = ResolvedModel("stand-in", Path(), None, "")
    made = [Helper(HelperPlace(f"process {n + 2}", 1), model, how, "stand-in", audio) for n in range(number - 1)]
    engine = StandIn(1, options.seconds, options.bad, made)
    while not all(one._ready.done() for one in made):
        time.sleep(0.01)
    return engine


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=("threads", "processes"), nargs="+", default=["threads", "processes"])
    parser.add_argument("--windows", type=int, default=256, help="windows of 30 s; 256 are two hours of speech")
    parser.add_argument("--seconds", type=float, default=0.02, help="that the stand-in takes for a window")
    parser.add_argument("--bad", type=float, default=0.0, help="part of the windows that is decoded again, 0 to 1")
    parser.add_argument("--most", type=int, default=16, help="decoders at most")
    parser.add_argument("--helper", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.helper:
        SleepingHelper.seconds, SleepingHelper.bad = options.seconds, options.bad
        helper._Helper = SleepingHelper
        helper.main()
        return
    speech = [Region(30_000 * n, 30_000 * n + 28_000 + n % 7 * 200, "en") for n in range(options.windows)]
    with tempfile.TemporaryDirectory(prefix="samvad-workers-") as folder:
        path = Path(folder) / "silence.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(bytes(32_000 * 30))
        audio = FilmAudio(path)
        for kind in options.kind:
            measure(kind, options, audio, speech)


def measure(kind: str, options: argparse.Namespace, audio: FilmAudio, speech: list[Region]) -> None:
    """Print one table."""
    again = f", {options.bad:.0%} decoded again" if options.bad else ""
    print(f"\n{options.windows} windows, {options.seconds} s each{again}, by {kind}\n")
    print("decoders   seconds   times faster   of what is ideal")
    texts, alone = set(), 0.0
    for number in [number for number in (1, 2, 4, 8, 16) if number <= options.most]:
        engine = team(kind, number, options, audio)
        fallback = SimpleNamespace(engine=engine, setting=memory.Setting("cpu", "int8", BATCH))
        fallback.map = memory.OutOfMemoryFallback.map.__get__(fallback)
        one = recogniser.Recogniser(fallback, audio, "any", [], 4 if options.bad else 0, lambda *_: None)
        began = time.monotonic()
        chunks = one.recognise(speech)
        took = time.monotonic() - began
        engine.close()
        alone = alone or took
        texts.add(tuple(chunk.text for chunk in chunks))
        print(f"{number:8}{took:10.2f}{alone / took:15.2f}{alone / took / number:19.2f}", flush=True)
    print(f"\nThe text is {'the same' if len(texts) == 1 else 'NOT the same'} by all.")


if __name__ == "__main__":
    main()
