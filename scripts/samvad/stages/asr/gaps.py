"""Speech without text: find it, and decode it once more in windows of its own.

Whisper may end a text long before its sound ends, and is sure of what it wrote: no figure of the text shows it. The
times of the words do (samvad.documents.coverage).
"""

from __future__ import annotations

import logging
import statistics
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from samvad.documents import coverage
from samvad.documents.coverage import Coverage, Gap, Piece
from samvad.media.audio import FilmAudio
from samvad.stages.asr import quiet, regions, windows
from samvad.stages.asr.chunks import Chunk, DecodedAgain, RawWord
from samvad.stages.asr.engine import DecodingStrategy
from samvad.stages.asr.regions import Region
from samvad.stages.asr.retries import loops
from samvad.stages.asr.windows import Window
from samvad.stages.asr.word_times import settled
from samvad.text.repetition import plain

log = logging.getLogger(__name__)

REASON = "speech without text"
#: Where each round cuts, in ms of sound, and how much more silence or noise it hears before: the first hears a gap in
#: its whole, the others in small parts. A text that loops may be whole from a cut a third of a second earlier.
ROUNDS: tuple[tuple[int, int, DecodingStrategy], ...] = (
    (20_000, 0, DecodingStrategy("a window of its own")),
    (7_000, 300, DecodingStrategy("small windows, cut earlier")),
    (7_000, 0, DecodingStrategy("small windows of its own", temperature=0.4)),
)
#: What is put into a gap must be this sure: nothing was there before, so no text is better than a doubtful one.
_MEAN_PROBABILITY = 0.4
_LOGPROB = -1.2
_NO_SPEECH = 0.6
#: In less sound than this, model-made thanks and farewells are likelier than words: there, more is asked for.
_SHORT_MS, _SHORT_LOGPROB, _SHORT_NO_SPEECH = 3_000, -0.8, 0.3
#: Characters a second at most, by the words' own times.
_PACE = 35.0
_LEAST_SECONDS = 0.2
#: Words at the edge of a gap that may have been heard twice.
_EDGE_WORDS = 4
#: Within this of the gap, in ms.
_NEAR_MS = 5_000

Decode = Callable[[Sequence[Window], DecodingStrategy], list[Chunk]]


@dataclass(frozen=True)
class GapFiller:
    """Decodes speech that has no text.

    Attributes:
        decode: recognises windows of any languages, in their order.
        audio: the film's audio.
        faults: says what is wrong with a chunk.
    """

    decode: Decode
    audio: FilmAudio
    faults: Callable[[Chunk], list[str]]

    def fill(self, chunks: Sequence[Chunk], speech: Sequence[Region]) -> list[Chunk]:
        """Return the chunks in order of time, with what was heard in their gaps."""
        pauses = quiet.pauses(self.audio, speech)
        found = [settled(chunk, pauses) for chunk in chunks]
        for longest_ms, earlier_ms, strategy in ROUNDS:
            texts = [chunk for chunk in found if not loops(chunk.text)]
            wanted = [window for group, run in _groups(texts, speech) for window in self._cut(group, run, longest_ms)]
            if earlier_ms:
                wanted = [_begun_earlier(window, earlier_ms, found) for window in wanted]
            if not wanted:
                break
            log.info("Decoding %d pieces again: %s", len(wanted), REASON)
            for window, chunk in zip(wanted, self.decode(wanted, strategy), strict=True):
                found = _put_in(found, self._trusted(settled(chunk, pauses), window, strategy, found))
        return found

    def _cut(self, group: Sequence[Gap], run: Sequence[Region], longest_ms: int) -> list[Window]:
        inside = [
            replace(region, start_ms=max(region.start_ms, gap.start_ms), end_ms=min(region.end_ms, gap.end_ms))
            for gap in group
            for region in run
            if region.start_ms < gap.end_ms and region.end_ms > gap.start_ms
        ]
        return windows.packed(regions.cut_long(inside, longest_ms, self.audio), longest_ms)

    def _trusted(self, chunk: Chunk, window: Window, strategy: DecodingStrategy, beside: Sequence[Chunk]) -> Chunk:
        """Return what was heard in a gap; without text where it is not to be trusted."""
        words = _not_twice(chunk.words, beside, window)
        short = window.speech_ms < _SHORT_MS
        sure = (
            bool(words)
            and set(self.faults(chunk)) <= {"low probability"}  # how low is said next
            and (chunk.decoding["avg_logprob"] or 0.0) >= (_SHORT_LOGPROB if short else _LOGPROB)
            and (chunk.decoding["no_speech_prob"] or 0.0) <= (_SHORT_NO_SPEECH if short else _NO_SPEECH)
            and statistics.fmean(word.probability for word in words) >= _MEAN_PROBABILITY
            and len(_text(words)) <= _PACE * max(_LEAST_SECONDS, (words[-1].end_ms - words[0].start_ms) / 1000)
            and any(character.isalpha() for word in words for character in word.text)
        )
        kept = words if sure else ()
        note = DecodedAgain((REASON,), strategy.name, 1)
        return replace(chunk, words=kept, text=_text(kept), heard={}, decoded_again=note)


def _begun_earlier(window: Window, earlier_ms: int, chunks: Sequence[Chunk]) -> Window:
    """Return a window that begins so much earlier, but hears no word that has been written already."""
    ends = (word.end_ms for chunk in chunks for word in chunk.words if word.start_ms < window.start_ms)
    start_ms = min(window.start_ms, max(0, *ends, window.start_ms - earlier_ms))
    (_, first_end_ms), *others = window.stretches
    return Window(((start_ms, first_end_ms), *others), window.speech)


def spoken_gaps(chunks: Sequence[Chunk], speech: Sequence[Region]) -> list[tuple[Gap, list[Region]]]:
    """Return the gaps of what is spoken, each with the speech of its language around it."""
    said = [(word.start_ms, word.end_ms, word.text) for chunk in chunks for word in chunk.words]
    found = []
    for (_, sung), group in groupby(speech, key=lambda region: (region.language, region.sung)):
        run = list(group)
        if not sung:
            inside = [word for word in said if word[0] <= run[-1].end_ms and word[1] >= run[0].start_ms]
            times = [(region.start_ms, region.end_ms) for region in run]
            found += [(gap, run) for gap in coverage.measure(times, inside).gaps]
    return found


def _groups(chunks: Sequence[Chunk], speech: Sequence[Region]) -> list[tuple[list[Gap], list[Region]]]:
    """Return the gaps as they are decoded: together where no word is between them, as the model needs its context."""
    starts = sorted(word.start_ms for chunk in chunks for word in chunk.words)
    groups: list[tuple[list[Gap], list[Region]]] = []
    for gap, run in spoken_gaps(chunks, speech):
        last, of = groups[-1] if groups else ([], None)
        if of is run and bisect_left(starts, last[-1].end_ms) == bisect_left(starts, gap.start_ms):
            last.append(gap)
        else:
            groups.append(([gap], run))
    return groups


def by_piece(chunks: Sequence[Chunk], whole: Coverage) -> Coverage:
    """Return a film's coverage with that of each piece as it was decoded."""
    pieces = []
    for chunk in chunks:
        speech = [
            (max(region.start_ms, chunk.start_ms), min(region.end_ms, chunk.end_ms))
            for region in (chunk.window.speech if chunk.window else ())
            if not region.sung and region.start_ms < chunk.end_ms and region.end_ms > chunk.start_ms
        ]
        found = coverage.measure(speech, [(word.start_ms, word.end_ms, word.text) for word in chunk.words])
        if found.speech_ms:
            pieces.append(Piece(chunk.start_ms, chunk.end_ms, found.speech_ms, found.with_text_ms))
    return replace(whole, pieces=tuple(pieces))


def _put_in(chunks: Sequence[Chunk], new: Chunk) -> list[Chunk]:
    """Return the chunks with another between them: one that reaches over it is parted."""
    if not new.words:
        return list(chunks)
    found = [new]
    for chunk in chunks:
        if chunk.end_ms <= new.start_ms or chunk.start_ms >= new.end_ms:
            found.append(chunk)
            continue
        before = tuple(word for word in chunk.words if word.start_ms < new.start_ms)
        after = chunk.words[len(before) :]
        if loops(chunk.text):  # what was decoded in its place takes its place
            after = tuple(word for word in after if word.start_ms >= new.end_ms)
        if before or not after:
            found.append(_part(chunk, before, chunk.start_ms, max(chunk.start_ms, min(chunk.end_ms, new.start_ms))))
        if after:
            rest = chunk if not before else replace(chunk, heard={})  # what was heard counts once
            found.append(_part(rest, after, min(chunk.end_ms, max(chunk.start_ms, new.end_ms)), chunk.end_ms))
    return sorted(found, key=lambda chunk: (chunk.start_ms, chunk.end_ms))


def _part(chunk: Chunk, words: tuple[RawWord, ...], start_ms: int, end_ms: int) -> Chunk:
    """Return what a chunk is between two times, with as much of its window."""
    window = chunk.window
    if window is not None:
        stretches = [(max(start, start_ms), min(end, end_ms)) for start, end in window.stretches]
        heard = tuple((start, end) for start, end in stretches if start < end)
        speech = tuple(
            replace(region, start_ms=max(region.start_ms, start_ms), end_ms=min(region.end_ms, end_ms))
            for region in window.speech
            if region.start_ms < end_ms and region.end_ms > start_ms
        )
        window = Window(heard, speech) if heard and speech else window
    return replace(chunk, words=words, text=_text(words), start_ms=start_ms, end_ms=end_ms, window=window)


def _text(words: Sequence[RawWord]) -> str:
    return "".join(word.text for word in words).strip()


def _not_twice(words: tuple[RawWord, ...], beside: Sequence[Chunk], window: Window) -> tuple[RawWord, ...]:
    """Return words without those at their edges that stand before or after the gap already."""
    near = (chunk for chunk in beside if chunk.start_ms <= window.end_ms + _NEAR_MS)
    said = sorted(
        (word.start_ms, plain(word.text))
        for chunk in near
        if chunk.end_ms >= window.start_ms - _NEAR_MS
        for word in chunk.words
    )
    before = [key for start_ms, key in said if start_ms < window.start_ms][-_EDGE_WORDS:]
    after = [key for start_ms, key in said if start_ms >= window.start_ms][:_EDGE_WORDS]
    keys = [plain(word.text) for word in words]
    first = max((n for n in range(1, _EDGE_WORDS + 1) if before and keys[:n] == before[-n:]), default=0)
    last = max((n for n in range(1, _EDGE_WORDS + 1) if after and keys[first:][-n:] == after[:n]), default=0)
    return words[first : len(words) - last]
