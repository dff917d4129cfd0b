"""Show how recognition's time falls with the number of decoders, where each takes a fixed time for a batch.

The decoder is a stand-in that sleeps: this shows how the work is shared out, on a machine of however few cores; what
cores, caches and memory make of it is not in it. The film's windows, groups and batches are those of stage 04.

Usage: envs/run asr ../benchmarks/workers.py [--windows N] [--seconds S]
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from samvad.stages.asr import memory, recogniser
from samvad.stages.asr.chunks import Chunk
from samvad.stages.asr.engine import DecodingStrategy, Engine, EngineOptions
from samvad.stages.asr.regions import Region
from samvad.stages.asr.windows import Window


class StandIn(Engine):
    """An engine whose decoder sleeps: so long for a window."""

    def __init__(self, workers: int, seconds: float) -> None:
        self.options = EngineOptions("cpu", "int8", 2 * workers, 5, workers=workers)
        self.workers, self._halves, self._seconds = workers, 2, seconds
        self._pool = ThreadPoolExecutor(workers)
        self._whisper = None

    def _suppressed(self, language: str, own_script: bool) -> list[int]:
        return []

    def _decode(self, whisper, audio, batch, strategy, *, hear):
        time.sleep(self._seconds * len(batch))
        figures = {"avg_logprob": -0.2, "no_speech_prob": 0.0, "compression_ratio": 1.0, "temperature": 0.0}
        return [Chunk(w.start_ms, w.end_ms, w.language, f"{w.start_ms}", (), figures, w) for w in batch]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=256, help="windows of 30 s; 256 are two hours of speech")
    parser.add_argument("--seconds", type=float, default=0.01, help="that the stand-in takes for a window")
    options = parser.parse_args()
    regions = [Region(30_000 * n, 30_000 * n + 20_000 + n % 7 * 1000, "hi") for n in range(options.windows)]
    windows = [Window(((region.start_ms, region.end_ms),), (region,)) for region in regions]
    print(
        f"{options.windows} windows, {options.seconds} s each\n\ndecoders   seconds   times faster   of what is ideal"
    )
    texts, alone = set(), 0.0
    for workers in (1, 2, 4, 8, 16):
        engine = StandIn(workers, options.seconds)
        fallback = SimpleNamespace(engine=engine, setting=memory.Setting("cpu", "int8", 8))
        fallback.map = memory.OutOfMemoryFallback.map.__get__(fallback)
        one = recogniser.Recogniser(fallback, None, "native", [], 0, lambda *_: None)
        began = time.monotonic()
        chunks = one.decode(windows, DecodingStrategy())
        took = time.monotonic() - began
        alone = alone or took
        texts.add(tuple(chunk.text for chunk in chunks))
        print(f"{workers:8}{took:10.2f}{alone / took:15.2f}{alone / took / workers:19.2f}")
    print(f"\nThe text is {'the same' if len(texts) == 1 else 'NOT the same'} by all.")


if __name__ == "__main__":
    main()
