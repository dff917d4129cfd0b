"""Words that come from the prompt and not from the film: terms of it where nobody speaks.

A model that is told names writes one into silence or music, now and then, and no figure of the text shows it. So where
a term stands at a time at which nobody speaks, the piece is heard once more without the prompt: what is not heard then
is taken out, word by word, and named; what is heard again was said, whatever its times are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from samvad.stages.asr.chunks import Chunk, RawWord
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.windows import Window
from samvad.text.repetition import plain

#: A word whose middle is further than this from all speech, in ms, is where nobody speaks: word times are as sure.
_BESIDE_MS = 300
#: A voice that a song detector is less sure of than this, 0 to 1, all through a word may be none. It is surer than 0.1
#: in rain and wind, and less sure than that of speech under loud noise: the second hearing decides.
_NO_VOICE = 0.35

Decode = Callable[[Sequence[Window], DecodingStrategy], list[Chunk]]
#: Highest probability of a voice between two times in ms, 0 to 1; None where that is not known.
VoicePeak = Callable[[int, int], float | None]


@dataclass(frozen=True)
class PromptGuard:
    """Takes words out that come from the prompt.

    Attributes:
        decode: recognises windows of any languages, in their order.
        terms: what the prompt was made of.
        voice_peak: what a song detector hears.
    """

    decode: Decode
    terms: Sequence[str]
    voice_peak: VoicePeak

    def clean(self, chunks: Sequence[Chunk]) -> tuple[list[Chunk], list[RawWord]]:
        """Return chunks without words that come from the prompt, and these.

        Args:
            chunks: as decoded with the prompt.
        """
        doubted = {place: found for place, chunk in enumerate(chunks) if (found := self._unspoken(chunk))}
        windows = [window for place in doubted if (window := chunks[place].window) is not None]
        if not windows:
            return list(chunks), []
        again = self.decode(windows, DecodingStrategy("no prompt"))
        cleaned, taken = list(chunks), list[RawWord]()
        for (place, words), heard in zip(doubted.items(), again, strict=True):
            # Counted: a name that is said once, and written twice, comes from the prompt once.
            left = Counter(key for word in heard.words if (key := plain(word.text)))
            said = Counter(key for word in chunks[place].words if (key := plain(word.text)))
            made_up: list[RawWord] = []
            for word in words:
                key = plain(word.text)
                if said[key] > left[key]:
                    made_up.append(word)
                    said[key] -= 1
            if made_up:
                cleaned[place] = _without(chunks[place], made_up)
                taken += made_up
        return cleaned, taken

    def _unspoken(self, chunk: Chunk) -> list[RawWord]:
        """Return the words of a chunk that are terms of the prompt, at times at which nobody speaks."""
        if chunk.window is None:
            return []
        known = {part for term in self.terms for part in plain(term).split()}
        return [
            word
            for word in chunk.words
            if (key := plain(word.text)) and set(key.split()) <= known and self._is_silent(word, chunk.window)
        ]

    def _is_silent(self, word: RawWord, window: Window) -> bool:
        middle = (word.start_ms + word.end_ms) // 2
        near = any(region.start_ms - _BESIDE_MS <= middle <= region.end_ms + _BESIDE_MS for region in window.speech)
        peak = self.voice_peak(word.start_ms, max(word.end_ms, word.start_ms + 1))
        return not near or (peak is not None and peak < _NO_VOICE)


def _without(chunk: Chunk, words: Sequence[RawWord]) -> Chunk:
    kept = tuple(word for word in chunk.words if not any(word is other for other in words))
    text = "".join(word.text for word in kept).strip()
    return replace(chunk, words=kept, text=text if any(sign.isalnum() for sign in text) else "")
