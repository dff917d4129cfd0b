"""Speech without text: find it, and decode it once more in windows of its own.

Whisper may end a text long before its sound ends, and is sure of what it wrote: no figure of the text shows it. The
times of the words do (samvad.documents.coverage).
"""

from __future__ import annotations

import logging
import statistics
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, combinations, compress, groupby

from samvad.documents import coverage
from samvad.documents.coverage import Coverage, Gap, Piece
from samvad.documents.segments import HEARD_TWICE
from samvad.media.audio import FilmAudio
from samvad.stages.asr import quiet, regions, windows
from samvad.stages.asr.account import Account
from samvad.stages.asr.chunks import Chunk, DecodedAgain, RawWord, text_of
from samvad.stages.asr.parting import part, put_in
from samvad.stages.asr.regions import Region
from samvad.stages.asr.relatives import as_relative
from samvad.stages.asr.retries import babbled, loops
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.windows import Window
from samvad.stages.asr.word_times import settled
from samvad.text import made_up, skeletons
from samvad.text.repetition import outside_loops, plain

log = logging.getLogger(__name__)

REASON = "speech without text"


@dataclass(frozen=True)
class Round:
    """How gaps are heard.

    Attributes:
        longest_ms: how much sound a window holds at most.
        strategy: how it is decoded.
        earlier_ms: how much more silence or noise is heard before. A text that loops may be whole from a cut a third of
            a second earlier.
        before_ms: how much speech before the gap is heard again, for what it tells of the gap; its text is not taken.
        relative: whether it is heard as the language's nearest relative, whose letters the model knows better.
    """

    longest_ms: int
    strategy: DecodingStrategy
    earlier_ms: int = 0
    before_ms: int = 0
    relative: bool = False


#: The first hears a gap in its whole, the others in small parts.
ROUNDS: tuple[Round, ...] = (
    Round(20_000, DecodingStrategy("a window of its own", own_length=True)),
    Round(7_000, DecodingStrategy("small windows, cut earlier", own_length=True), earlier_ms=300),
    Round(7_000, DecodingStrategy("small windows, after the speech before", own_length=True), before_ms=6_000),
    Round(7_000, DecodingStrategy("small windows, in Urdu", own_length=True), relative=True),
    Round(7_000, DecodingStrategy("small windows of its own", temperature=0.4, own_length=True)),
)
#: So many of them where there is but a weak sign of a voice.
_WEAK_ROUNDS = 2
#: What is put into a gap must be this sure: nothing was there before, so no text is better than a doubtful one.
_MEAN_PROBABILITY = 0.4
_LOGPROB = -1.2
_NO_SPEECH = 0.6
#: In less sound than this, model-made thanks and farewells are likelier than words: there, more is asked for.
_SHORT_MS, _SHORT_LOGPROB, _SHORT_NO_SPEECH = 3_000, -0.8, 0.3
#: Characters a second at most, by the words' own times.
_PACE = 35.0
_LEAST_SECONDS = 0.2
#: Words at the edge of a gap that may have been heard twice: so many, and so near to it (in ms), as far as the
#: recogniser's word times may be off. Who calls again, some seconds later, says the same words once more.
_EDGE_WORDS, _EDGE_MS = 4, 1_500
#: Within this of the gap, in ms: the chunks that have such words.
_NEAR_MS = 5_000
#: A try that loops is worth what stands beside its loop, from so many words on.
_ROUNDS_OF_LOOP, _WORDS_BESIDE = 4, 3
#: One sentence so many times over, and nothing else, is no text for a gap.
_ROUNDS_MADE_UP = 3
#: Two tries say the same where this part of their consonants is the same, in so many words and consonants or more,
#: and a song detector is so sure of a voice there: what a model makes up of noise it makes up again.
_ALIKE, _ALIKE_WORDS, _ALIKE_CONSONANTS, _VOICE = 0.5, 3, 6, 0.5

Decode = Callable[[Sequence[Window], DecodingStrategy], list[Chunk]]


@dataclass(frozen=True)
class GapFiller:
    """Decodes speech that has no text.

    Attributes:
        decode: recognises windows of any languages, in their order.
        audio: the film's audio.
        faults: says what is wrong with a chunk.
        voice_peak: how sure a song detector is of a voice between two times in ms; None: there is none to ask.
        script: the setting of asr.script: where a text keeps the letters that it was decoded in, it is heard as no
            other language.
        weak: whether there is but a weak sign of a voice: fewer tries are made, a text of any length must be as sure
            as a short one, and what is unsure is not kept.
        account: gets what is taken out.
    """

    decode: Decode
    audio: FilmAudio
    faults: Callable[[Chunk], list[str]]
    voice_peak: Callable[[int, int], float | None] | None = None
    script: str = "native"
    weak: bool = False
    account: Account = field(default_factory=Account)

    def fill(self, chunks: Sequence[Chunk], speech: Sequence[Region]) -> list[Chunk]:
        """Return the chunks in order of time, with what was heard in their gaps."""
        pauses = quiet.pauses(self.audio, speech)
        # Where the sign is weak, the others have been settled by their own pauses.
        found = list(chunks) if self.weak else [settled(chunk, pauses) for chunk in chunks]
        doubted: list[Chunk] = []
        tried: set[tuple[Window, DecodingStrategy]] = set()
        for how in ROUNDS[:_WEAK_ROUNDS] if self.weak else ROUNDS:
            wanted = [window for group, run in _groups(_texts(found), speech) for window in self._cut(group, run, how)]
            if how.relative:
                wanted = [window for window in wanted if as_relative(window, self.script)]
            heard = [self._as_heard(window, how, found, speech) for window in wanted]
            # The same sound, decoded in the same way, gives the same text: that is no second try.
            new_to = [(one, replace(how.strategy, name="")) not in tried for one in heard]
            wanted, heard = list(compress(wanted, new_to)), list(compress(heard, new_to))
            if not wanted:
                continue
            tried |= {(one, replace(how.strategy, name="")) for one in heard}
            log.info("Decoding %d pieces again: %s", len(wanted), REASON)
            sure: list[Chunk] = []
            for window, chunk in zip(wanted, self.decode(heard, how.strategy), strict=True):
                own = _of_window(settled(chunk, pauses), window, after=bool(how.before_ms))
                new = self._judged(own, window, how.strategy, [*found, *sure])
                if self._sure(new, window):
                    sure.append(new)
                elif new.words and not self.weak:
                    doubted.append(new)
            found = put_in(found, sure, self.account)
        twice = (self._heard_twice(gap, doubted) for gap, _ in spoken_gaps(_texts(found), speech))
        return put_in(found, [new for new in twice if new], self.account)

    def _cut(self, group: Sequence[Gap], run: Sequence[Region], how: Round) -> list[Window]:
        inside = [
            replace(region, start_ms=max(region.start_ms, gap.start_ms), end_ms=min(region.end_ms, gap.end_ms))
            for gap in group
            for region in run
            if region.start_ms < gap.end_ms and region.end_ms > gap.start_ms
        ]
        return windows.packed(regions.cut_long(inside, how.longest_ms, self.audio), how.longest_ms)

    def _as_heard(self, window: Window, how: Round, chunks: Sequence[Chunk], speech: Sequence[Region]) -> Window:
        """Return the window that is decoded for a gap's own."""
        if how.earlier_ms:
            window = _begun_earlier(window, how.earlier_ms, chunks)
        if how.before_ms:
            window = _with_before(window, how.before_ms, speech)
        return (as_relative(window, self.script) or window) if how.relative else window

    def _judged(self, chunk: Chunk, window: Window, strategy: DecodingStrategy, beside: Sequence[Chunk]) -> Chunk:
        """Return what was heard in a gap, without loops and what was written already; no text where it has faults."""
        words, cut_off = chunk.words, chunk.cut_off
        if "loop" in self.faults(chunk):
            kept = _beside_loops(words)
            words, cut_off = (kept, False) if len(kept) < len(words) else ((), cut_off)
        words = _not_twice(words, beside, window)
        note = DecodedAgain((REASON,), strategy.name, 1)
        found = replace(chunk, words=words, text=text_of(words), cut_off=cut_off, heard={}, decoded_again=None)
        bad = (
            not words
            or set(self.faults(found)) - {"low probability"}  # how low is asked next
            or len(found.text) > _PACE * max(_LEAST_SECONDS, (words[-1].end_ms - words[0].start_ms) / 1000)
            or not any(character.isalpha() for character in found.text)
            or _babble(words)
            or _one_thing(words)
        )
        found = replace(found, decoded_again=note)
        return replace(found, words=(), text="") if bad else found

    def _sure(self, chunk: Chunk, window: Window) -> bool:
        """Return whether a text is to be trusted by the model's own figures."""
        short = self.weak or window.speech_ms < _SHORT_MS
        return (
            bool(chunk.words)
            and (chunk.decoding["avg_logprob"] or 0.0) >= (_SHORT_LOGPROB if short else _LOGPROB)
            and (chunk.decoding["no_speech_prob"] or 0.0) <= (_SHORT_NO_SPEECH if short else _NO_SPEECH)
            and statistics.fmean(word.probability for word in chunk.words) >= _MEAN_PROBABILITY
        )

    def _heard_twice(self, gap: Gap, doubted: Sequence[Chunk]) -> Chunk | None:
        """Return what two tries heard alike in a gap, as the better of them wrote it; None where no two did."""
        if self.voice_peak is not None and (self.voice_peak(gap.start_ms, gap.end_ms) or 0.0) < _VOICE:
            return None
        tries = [
            _inside(chunk, gap) for chunk in doubted if chunk.start_ms < gap.end_ms and chunk.end_ms > gap.start_ms
        ]
        tries = [chunk for chunk in tries if len(chunk.words) >= _ALIKE_WORDS and not _is_made_up(chunk)]
        alike = [
            chunk
            for pair in combinations(tries, 2)
            if _of_two_tries(*pair) and same_sounds(pair[0].text, pair[1].text)
            for chunk in pair
        ]
        if not alike:
            return None
        best = max(alike, key=_right_sounds)
        return replace(best, decoded_again=DecodedAgain((REASON,), HEARD_TWICE, len(tries)))


def was_gap(chunk: Chunk) -> bool:
    """Return whether a chunk, or a part of one, was heard in a gap of the others."""
    return chunk.decoded_again is not None and chunk.decoded_again.reasons == (REASON,)


def _texts(chunks: Sequence[Chunk]) -> list[Chunk]:
    return [chunk for chunk in chunks if not loops(chunk.text)]


def _is_made_up(chunk: Chunk) -> bool:
    """Return whether a text is thanks, a farewell or a plea for subscribers: models make up the same ones each time."""
    return any(made_up.is_made_up(chunk.text, name, "", name) for name in (chunk.language, "en"))


def _of_two_tries(one: Chunk, other: Chunk) -> bool:
    """Return whether two chunks are two tries at the same sound: one makes up the same thing window after window."""
    tries = {chunk.decoded_again.kept for chunk in (one, other) if chunk.decoded_again}
    return len(tries) > 1 and one.start_ms < other.end_ms and other.start_ms < one.end_ms


def same_sounds(one: str, other: str) -> bool:
    """Return whether two texts sound alike, and are long enough for that to mean something."""
    sounds = min(sum(len(skeletons.key_of(word)) for word in text.split()) for text in (one, other))
    return sounds >= _ALIKE_CONSONANTS and skeletons.agreement(one, other) >= _ALIKE


def _right_sounds(chunk: Chunk) -> float:
    """Return how many consonants of a text are likely to be right; a phrase that comes again counts once.

    Letters would count by their script, and what says its end three times has not heard more than what says it once.
    """
    places = outside_loops([plain(word.text) for word in chunk.words], 2, rounds=1)
    return sum(len(skeletons.key_of(chunk.words[at].text)) * chunk.words[at].probability for at in places)


def _inside(chunk: Chunk, gap: Gap) -> Chunk:
    words = tuple(word for word in chunk.words if gap.start_ms <= (word.start_ms + word.end_ms) / 2 < gap.end_ms)
    return part(chunk, words, max(chunk.start_ms, gap.start_ms), min(chunk.end_ms, gap.end_ms))


def _babble(words: Sequence[RawWord]) -> bool:
    """Return whether half of some words is syllables over and over, which is no text for a gap, however sure."""
    keys = [plain(word.text) for word in words]
    return 2 * sum(len(key) for key in keys if babbled(key) and not key.isdigit()) >= sum(map(len, keys))


def _one_thing(words: Sequence[RawWord]) -> bool:
    """Return whether some words are one sentence three times over: of a murmuring crowd that is what is made up."""
    keys = [plain(word.text) for word in words]
    period, rest = divmod(len(keys), _ROUNDS_MADE_UP)
    return not rest and period >= _WORDS_BESIDE and keys == keys[:period] * _ROUNDS_MADE_UP


def _beside_loops(words: tuple[RawWord, ...]) -> tuple[RawWord, ...]:
    """Return the words of a text that loops which are in no loop, if they are some; else none."""
    keys = [plain(word.text) for word in words]
    kept = tuple(words[place] for place in outside_loops(keys, _ROUNDS_OF_LOOP) if not babbled(keys[place]))
    return kept if len(kept) >= _WORDS_BESIDE else ()


def _with_before(window: Window, before_ms: int, speech: Sequence[Region]) -> Window:
    """Return a window that begins with the speech of its language before it, of so many ms at most."""
    earliest_ms = max(0, window.start_ms - before_ms)
    before = tuple(
        replace(region, start_ms=max(region.start_ms, earliest_ms), end_ms=min(region.end_ms, window.start_ms))
        for region in speech
        if region.start_ms < window.start_ms and region.end_ms > earliest_ms and region.language == window.language
    )
    if not before:
        return window
    (_, first_end_ms), *others = window.stretches
    return Window(((before[0].start_ms, first_end_ms), *others), (*before, *window.speech))


def _of_window(chunk: Chunk, window: Window, *, after: bool) -> Chunk:
    """Return a chunk as one of a gap's own window, in whose language it is; ``after``: without what is before it."""
    if not after:
        return replace(chunk, language=window.language, window=replace(chunk.window or window, speech=window.speech))
    words = tuple(word for word in chunk.words if (word.start_ms + word.end_ms) / 2 >= window.speech[0].start_ms)
    inside = tuple(replace(word, start_ms=max(word.start_ms, window.start_ms)) for word in words)
    return replace(
        chunk, language=window.language, window=window, start_ms=window.start_ms, words=inside, text=text_of(inside)
    )


def _begun_earlier(window: Window, earlier_ms: int, chunks: Sequence[Chunk]) -> Window:
    """Return a window that begins so much earlier, but hears no word that has been written already."""
    ends = (word.end_ms for chunk in chunks for word in chunk.words if word.start_ms < window.start_ms)
    start_ms = min(window.start_ms, max(0, *ends, window.start_ms - earlier_ms))
    (_, first_end_ms), *others = window.stretches
    return Window(((start_ms, first_end_ms), *others), window.speech)


def spoken_gaps(chunks: Sequence[Chunk], speech: Sequence[Region]) -> list[tuple[Gap, list[Region]]]:
    """Return the gaps of what is spoken, each with the speech of its language around it."""
    said = sorted((word.start_ms, word.end_ms, word.text) for chunk in chunks for word in chunk.words)
    # The latest end so far: from where on a word may reach into a stretch, without going through the film for each.
    ends = list(accumulate((end_ms for _, end_ms, _ in said), max))
    found = []
    for (_, sung), group in groupby(speech, key=lambda region: (region.language, region.sung)):
        run = list(group)
        if not sung:
            near = said[bisect_left(ends, run[0].start_ms) : bisect_left(said, (run[-1].end_ms + 1,))]
            inside = [word for word in near if word[1] >= run[0].start_ms]
            times = [(region.start_ms, region.end_ms) for region in run]
            # A shorter one, a word by itself, is but named: by itself a model makes up words of a breath.
            found += [(gap, run) for gap in coverage.measure(times, inside).gaps if gap.speech_ms >= coverage.GAP_MS]
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


def _not_twice(words: tuple[RawWord, ...], beside: Sequence[Chunk], window: Window) -> tuple[RawWord, ...]:
    """Return words without those at their edges that stand before or after the gap already."""
    near = (chunk for chunk in beside if chunk.start_ms <= window.end_ms + _NEAR_MS)
    said = sorted(
        (word.start_ms, plain(word.text))
        for chunk in near
        if chunk.end_ms >= window.start_ms - _NEAR_MS
        for word in chunk.words
        if word.end_ms >= window.start_ms - _EDGE_MS and word.start_ms <= window.end_ms + _EDGE_MS
    )
    before = [key for start_ms, key in said if start_ms < window.start_ms][-_EDGE_WORDS:]
    after = [key for start_ms, key in said if start_ms >= window.start_ms][:_EDGE_WORDS]
    keys = [plain(word.text) for word in words]
    first = max((n for n in range(1, _EDGE_WORDS + 1) if before and keys[:n] == before[-n:]), default=0)
    last = max((n for n in range(1, _EDGE_WORDS + 1) if after and keys[first:][-n:] == after[:n]), default=0)
    return words[first : len(words) - last]
