"""In place of a model and of what watches its memory: writes down what is said in each stretch of speech."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from samvad.stages.asr import windows
from samvad.stages.asr.chunks import Chunk, RawWord
from samvad.stages.asr.regions import Region
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.windows import Window

FIGURES = {"avg_logprob": -0.3, "no_speech_prob": 0.1, "compression_ratio": 1.0, "temperature": 0.0}


class Hears:
    """In place of a model: writes what is said, and in the wrong language now and then nothing."""

    own_length = multilingual = True
    batches_at_once, batches_ahead = 1, 0

    def __init__(self, said: dict[int, str], deaf_in: str = "", heard: dict[str, float] | None = None) -> None:
        self.said, self.deaf_in, self.heard = said, deaf_in, heard or {"en": 0.98}

    def windows(self, speech: Sequence[Region]) -> list[Window]:
        return windows.spans(speech, windows.SHORT_SPAN_MS)

    def brief_language_probabilities(self, _: Any, found: Sequence[Window], __: int) -> list[dict[str, float]]:
        return [self.heard for _ in found]

    def decode(self, _: Any, batch: Sequence[Window], strategy: DecodingStrategy, **__: Any) -> list[Chunk]:
        return [self.written(window) for window in batch]

    def written(self, window: Window) -> Chunk:
        """Return what is said in a window."""
        words = []
        for region in window.speech:
            said = self.said[region.start_ms].split() if window.language != self.deaf_in else []
            each = region.length_ms // max(1, len(said))
            at = region.start_ms
            for word in said:
                words.append(RawWord(f" {word}", at, at + each, 0.9))
                at += each
        text = "".join(word.text for word in words).strip()
        return Chunk(window.start_ms, window.end_ms, window.language, text, tuple(words), FIGURES, window, 10)


class Batches:
    """In place of what watches the memory."""

    def __init__(self, engine: Hears) -> None:
        self.engine, self.setting = engine, SimpleNamespace(batch_size=8)

    def map(self, work: Any, items: Sequence[Any], _: int = 1) -> Iterator[Any]:
        yield from work(items) if items else ()
