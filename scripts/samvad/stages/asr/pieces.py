"""What is kept of a decoded window, for an attempt that goes on where a killed one was."""

from __future__ import annotations

from typing import Any

from samvad.runner import kept_pieces
from samvad.stages.asr.chunks import Chunk, RawWord
from samvad.stages.asr.windows import Window


def key(window: Window, how: dict[str, Any], device: str, compute_type: str) -> str:
    """Return the key of a window's result: the sound, its language, and how it is decoded."""
    return kept_pieces.key_of(window.stretches, window.language, how, device, compute_type)


def plain(chunk: Chunk) -> list[Any]:
    """Return a chunk as decoded, without its window, as a JSON value."""
    words = [[word.text, word.start_ms, word.end_ms, word.probability] for word in chunk.words]
    return [chunk.text, words, chunk.decoding, chunk.tokens, chunk.cut_off, chunk.heard]


def chunk_of(value: Any, window: Window) -> Chunk | None:
    """Return the chunk that was kept of a window; None where the value is no such thing."""
    try:
        text, words, decoding, tokens, cut_off, heard = value
        return Chunk(
            start_ms=window.start_ms,
            end_ms=window.end_ms,
            language=window.language,
            text=str(text),
            words=tuple(RawWord(str(word), int(start), int(end), float(sure)) for word, start, end, sure in words),
            decoding=dict(decoding),
            window=window,
            tokens=int(tokens),
            cut_off=bool(cut_off),
            heard=dict(heard),
        )
    except (TypeError, ValueError):
        return None
