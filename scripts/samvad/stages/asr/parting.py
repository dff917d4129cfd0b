"""Parts of decoded pieces, and new pieces between them: in order of time, each with room for its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from samvad.stages.asr.account import HEARD_ANEW, Account
from samvad.stages.asr.chunks import Chunk, RawWord, text_of
from samvad.stages.asr.regions import Region
from samvad.stages.asr.retries import loops
from samvad.stages.asr.windows import Window
from samvad.stages.asr.word_times import SHORTEST_WORD_MS


def part(chunk: Chunk, words: tuple[RawWord, ...], start_ms: int, end_ms: int) -> Chunk:
    """Return what a chunk is between two times, with as much of its window.

    Where words stand beside all of its speech, their own stretch is what they were heard in: they are drawn to no
    speech that lies beyond it.
    """
    window = chunk.window
    if window is not None and start_ms < end_ms:
        stretches = [(max(start, start_ms), min(end, end_ms)) for start, end in window.stretches]
        heard = tuple((start, end) for start, end in stretches if start < end)
        speech = tuple(
            replace(region, start_ms=max(region.start_ms, start_ms), end_ms=min(region.end_ms, end_ms))
            for region in window.speech
            if region.start_ms < end_ms and region.end_ms > start_ms
        )
        window = Window(heard or ((start_ms, end_ms),), speech or (Region(start_ms, end_ms, window.language),))
    return replace(chunk, words=words, text=text_of(words), start_ms=start_ms, end_ms=end_ms, window=window)


def put_in(chunks: Sequence[Chunk], new: Sequence[Chunk], account: Account) -> list[Chunk]:
    """Return chunks with new ones between them: a chunk that reaches over a new one is parted.

    Args:
        chunks: in order of time.
        new: what was decoded where those have no text.
        account: gets the words of loops in whose place something new was decoded.
    """
    some = [one for one in new if one.words]
    found = [_without_heard_anew(chunk, some, account) for chunk in chunks]
    for one in some:
        found = _with(found, one)
    return found


def _without_heard_anew(chunk: Chunk, new: Sequence[Chunk], account: Account) -> Chunk:
    """Return a loop without what was decoded anew in its place, which takes its place; any other chunk as it is."""
    if not loops(chunk.text):
        return chunk
    spans = [(one.start_ms, one.end_ms) for one in new]
    gone = [any(start <= word.start_ms < end for start, end in spans) for word in chunk.words]
    account.take([word for word, out in zip(chunk.words, gone, strict=True) if out], HEARD_ANEW)
    words = tuple(word for word, out in zip(chunk.words, gone, strict=True) if not out)
    return replace(chunk, words=words, text=text_of(words))


def _with(chunks: Sequence[Chunk], new: Chunk) -> list[Chunk]:
    """Return chunks with a new one between them; without it where their words leave it no room."""
    start_ms, end_ms = new.start_ms, new.end_ms
    found: list[Chunk] = []
    for chunk in chunks:
        if chunk.end_ms <= new.start_ms or chunk.start_ms >= new.end_ms:
            found.append(chunk)
            continue
        # Its first word decides: its window may begin in the last word before it.
        before = tuple(word for word in chunk.words if word.start_ms < new.words[0].start_ms)
        after = chunk.words[len(before) :]
        if before or not after:
            cut_ms = max(new.start_ms, min(before[-1].end_ms, new.words[0].start_ms)) if before else new.start_ms
            cut_ms = max(min(cut_ms, chunk.end_ms), chunk.start_ms + _least_ms(before))
            found.append(part(chunk, before, chunk.start_ms, cut_ms))
            start_ms = max(start_ms, cut_ms) if before else start_ms
        if after:
            cut_ms = min(new.end_ms, max(after[0].start_ms, new.words[-1].end_ms))
            cut_ms = min(max(cut_ms, chunk.start_ms), chunk.end_ms - _least_ms(after))
            rest = chunk if not before else replace(chunk, heard={})  # what was heard counts once
            found.append(part(rest, after, cut_ms, chunk.end_ms))
            end_ms = min(end_ms, cut_ms)
    if end_ms - start_ms < _least_ms(new.words):
        return list(chunks)
    found.append(part(new, new.words, start_ms, end_ms))
    return sorted(found, key=lambda chunk: (chunk.start_ms, chunk.end_ms))


def _least_ms(words: Sequence[RawWord]) -> int:
    return SHORTEST_WORD_MS * len(words)
