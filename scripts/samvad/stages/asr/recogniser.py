"""From regions of speech to decoded chunks: languages, batches, second attempts."""

from __future__ import annotations

import logging
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from samvad.core.failures import working_on
from samvad.media.audio import FilmAudio
from samvad.runner.kept_pieces import KeptPieces
from samvad.stages.asr import (
    account,
    beside_speech,
    gaps,
    language,
    named_by_sound,
    named_by_words,
    own_script,
    parting,
    prompts,
    retries,
    translated,
)
from samvad.stages.asr.account import Account
from samvad.stages.asr.chunks import Chunk, DecodedAgain
from samvad.stages.asr.engine import Engine
from samvad.stages.asr.from_prompt import PromptGuard, VoicePeak
from samvad.stages.asr.memory import OutOfMemoryFallback
from samvad.stages.asr.regions import Region
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.windows import Window

log = logging.getLogger(__name__)

#: At the first try sound is encoded in this length at least: in 4 s, one word by itself ("six") looped without end, and
#: the longer, the surer was the model of each of three short recordings; in 15 s it was as right as in 30 s.
_LEAST_MS = 15_000
#: Windows of one length go together (a batch takes as many steps as its longest text), from so many batches at a time,
#: so that progress still follows the film.
_BATCHES_SORTED = 8
#: Why a piece was decoded again, and how: its words are of another language of the film, or its sound is of any other.
_BY_WORDS = "words of another language", "in the language of its words"
_BY_SOUND = named_by_sound.REASON, named_by_sound.ANEW
#: What is heard anew is taken if each stretch keeps this part of its text: less is no better one.
_STILL_THERE = 0.5


@dataclass(frozen=True)
class Recogniser:
    """Recognises a film's speech.

    Attributes:
        fallback: the loaded model, and what to do when memory runs out.
        audio: the film's audio.
        script: the setting of asr.script.
        terms: for the prompt, most important first; empty for no prompt.
        attempts: how often what came out badly is decoded again.
        progress: is told the seconds of speech done, those there are, and what is counted.
        kept: what an attempt that was killed has made, and where this one keeps what it makes.
        voice_peak: what a song detector hears, by which words of the prompt where nobody speaks are known, and
            where unsure text is none; None: nothing is asked.
        account: gets what is taken out, by which rule.
    """

    fallback: OutOfMemoryFallback
    audio: FilmAudio
    script: str
    terms: Sequence[str]
    attempts: int
    progress: Callable[[float, float, str], None]
    kept: KeptPieces = field(default_factory=lambda: KeptPieces(None))
    voice_peak: VoicePeak | None = None
    account: Account = field(default_factory=Account)

    def detect_language(self, found: Sequence[Window]) -> list[dict[str, float]]:
        """Return for each window the probability of each language."""
        return list(
            self.fallback.map(
                lambda batch: self.fallback.engine.language_probabilities(
                    [window.samples(self.audio) for window in batch]
                ),
                found,
            )
        )

    def detect_language_briefly(self, found: Sequence[Window], silence_ms: int) -> list[dict[str, float]]:
        """Return the same for windows that are encoded in their own length, with so much silence after each."""
        engine = self.fallback.engine
        return engine.brief_language_probabilities(self.audio, found, silence_ms)

    def recognise(self, speech: Sequence[Region], perhaps: Sequence[Region] = ()) -> list[Chunk]:
        """Return what was said, in order of time.

        Args:
            speech: with the language of each region.
            perhaps: where somebody may speak under other sound, likewise: a text of it is taken only if it is sure.
                What is faint is not decoded, but says that words which were heard there may have been said.
        """

        def as_said(chunks: Sequence[Chunk], *, apart: bool = False) -> Sequence[Chunk]:
            if not self.attempts:
                return chunks
            hear = self.detect_language_briefly
            listener = translated.Listener(hear, self.decode, retrier.faults, self.script, self.account, apart=apart)
            return listener.as_said(chunks)

        retrier = retries.Retrier(
            self.decode, self.audio, self.script, self.terms, self.attempts, self.account, partial(as_said, apart=True)
        )
        total = sum(region.length_ms for region in speech)
        self.progress(0.0, total / 1000, "audio_seconds")  # what was counted before is over

        def done(chunks: Sequence[Chunk]) -> None:
            seconds = sum(chunk.window.speech_ms for chunk in chunks if chunk.window is not None)
            self.progress(min(seconds, total) / 1000, total / 1000, "audio_seconds")

        found = self.fallback.engine.windows(speech)
        first = self._by_language(found, retrier, done)
        heard, speech = self._in_the_language_of_their_sound(first, speech, retrier)
        chunks = self._filled(as_said(heard), speech, perhaps, retrier)
        anew, named = self._in_the_language_of_their_words(chunks, speech, retrier)
        if named is not speech:
            chunks = self._filled(anew, named, perhaps, retrier)
        said = as_said(chunks)  # gaps, and what was heard in another language
        return own_script.in_own_script(said, self.decode, self.script, self.terms)

    def _filled(
        self, chunks: Sequence[Chunk], speech: Sequence[Region], perhaps: Sequence[Region], retrier: retries.Retrier
    ) -> list[Chunk]:
        """Return chunks in order of time, with their words where somebody speaks, and with what filled the gaps."""
        in_order = sorted(chunks, key=lambda chunk: chunk.start_ms)
        heard_first, taken_before = [chunk for chunk in in_order if not gaps.was_gap(chunk)], len(self.account.taken)
        again = self.decode if self.attempts else None
        placer = beside_speech.Placer(again, self.audio, perhaps, self.voice_peak, self.account)
        in_order = placer.place(in_order, speech)
        if self.attempts:
            filler = gaps.GapFiller(
                self.decode, self.audio, retrier.faults, self.voice_peak, self.script, account=self.account
            )
            in_order = filler.fill(in_order, speech)
            if surer := [region for region in perhaps if not region.faint]:
                in_order = replace(filler, weak=True).fill(in_order, surer)
        old = [chunk for chunk in in_order if not gaps.was_gap(chunk)]
        self.account.compare(heard_first, old, taken_before)
        return in_order

    def _by_language(
        self, found: Sequence[Window], retrier: retries.Retrier, done: Callable[[Sequence[Chunk]], None]
    ) -> list[Chunk]:
        """Return what was said in some windows, language by language, mended; tell what is done by then."""
        chunks: list[Chunk] = []
        for name in dict.fromkeys(window.language for window in found):
            own = [window for window in found if window.language == name]
            prompt = prompts.prompt(self.terms, name, self.script)
            strategy = first_try(self.fallback.engine, prompt)
            size = _BATCHES_SORTED * self.fallback.setting.batch_size
            for first in range(0, len(own), size):
                self._look_ahead(own[first + size :], strategy, size)
                decoded = self._batches(own[first : first + size], strategy, hear=True)
                if strategy.prompt:
                    decoded = self._without_made_up(retrier.unprompted(decoded))
                chunks += retrier.repair(decoded)
                done(chunks)
        return chunks

    def _in_the_language_of_their_words(
        self, chunks: Sequence[Chunk], speech: Sequence[Region], retrier: retries.Retrier
    ) -> tuple[Sequence[Chunk], Sequence[Region]]:
        """Return chunks and regions; those whose words are of another language of the film are heard anew in that."""
        # What may be a translation says nothing of what was spoken, and is not to lose its mark.
        said = named_by_words.texts([chunk for chunk in chunks if not translated.may_be_translation(chunk)], speech)
        other = named_by_words.readings(said, speech) if self.attempts else {}
        return self._anew(chunks, speech, other, said, retrier, _BY_WORDS)[:2]

    def _in_the_language_of_their_sound(
        self, chunks: Sequence[Chunk], speech: Sequence[Region], retrier: retries.Retrier
    ) -> tuple[Sequence[Chunk], Sequence[Region]]:
        """Return chunks and regions; what surely sounds like another language is heard anew in it, or marked."""
        other = named_by_sound.readings(chunks, speech, self.detect_language_briefly) if self.attempts else {}
        said = named_by_words.texts(chunks, speech)
        anew, named, left = self._anew(chunks, speech, other, said, retrier, _BY_SOUND)
        return named_by_sound.doubted(anew, left), named

    def _anew(
        self,
        chunks: Sequence[Chunk],
        speech: Sequence[Region],
        other: dict[Region, str],
        said: Mapping[Region, str],
        retrier: retries.Retrier,
        why: tuple[str, str],
    ) -> tuple[Sequence[Chunk], Sequence[Region], list[Region]]:
        """Hear regions anew in other languages; keep it where each of them keeps its text.

        Args:
            chunks: what was heard.
            speech: all regions, with the languages that they were heard in.
            other: the regions that may be in another language, with that.
            said: the text of each region that has one.
            retrier: mends what is at fault.
            why: the reason, and how what has no other note is kept.

        Returns:
            The pieces, the regions with their languages, and those of ``other`` that stay as they were.
        """
        found = self.fallback.engine.windows(speech)
        stay: list[Region] = []
        while other:
            named = {region: replace(region, language=other.get(region, region.language)) for region in speech}
            windows = self.fallback.engine.windows(list(named.values()))
            before, since = frozenset(found), frozenset(windows)
            log.info("Decoding %d pieces again: %s", len(since - before), why[1])
            taken_before = len(self.account.taken)
            anew = self._by_language([window for window in windows if window not in before], retrier, lambda _: None)
            taken = self.account.taken[taken_before:]
            del self.account.taken[taken_before:]
            written = named_by_words.texts(anew, list(named.values()))
            lost = [
                one
                for one in other
                if len(written.get(named[one], "")) < _STILL_THERE * len(said.get(one, ""))
                or (why is _BY_SOUND and not named_by_sound.surer(anew, chunks, one))
            ]
            if not lost:
                gone = sorted((window.start_ms, window.end_ms) for window in before - since)
                self.account.forget(gone)
                self.account.taken += taken
                kept = [chunk for chunk in chunks if not _lies_in(chunk, gone)]
                renamed = {named[region] for region in other}
                mended = [_renamed(chunk, renamed, why) for chunk in anew]
                return self._together(kept, mended), list(named.values()), stay
            other = {region: name for region, name in other.items() if region not in lost}
            stay += lost
        return chunks, speech, stay

    def _together(self, kept: Sequence[Chunk], anew: Sequence[Chunk]) -> list[Chunk]:
        """Return pieces and what was heard anew beside them; what filled a gap gives way where the two overlap."""

        def is_in_the_way(chunk: Chunk) -> bool:
            return gaps.was_gap(chunk) and any(
                chunk.start_ms < one.end_ms and one.start_ms < chunk.end_ms for one in anew
            )

        fillings = [chunk for chunk in kept if is_in_the_way(chunk)]
        others = sorted([*(one for one in kept if one not in fillings), *anew], key=lambda chunk: chunk.start_ms)
        return parting.put_in(others, fillings, self.account)

    def _without_made_up(self, chunks: list[Chunk]) -> list[Chunk]:
        if self.voice_peak is None:
            return chunks
        cleaned, taken = PromptGuard(self.decode, self.terms, self.voice_peak).clean(chunks)
        before = len(self.account.taken)
        for word in taken:
            self.account.take([word], account.FROM_PROMPT)
        self.account.compare(chunks, cleaned, before)
        return cleaned

    def decode(self, found: Sequence[Window], strategy: DecodingStrategy) -> list[Chunk]:
        """Recognise windows of any languages; return them in their order."""
        chunks: list[Chunk | None] = [None] * len(found)
        for name in dict.fromkeys(window.language for window in found):
            places = [place for place, window in enumerate(found) if window.language == name]
            for place, chunk in zip(places, self._batches([found[place] for place in places], strategy), strict=True):
                chunks[place] = chunk
        return [chunk for chunk in chunks if chunk is not None]

    def _look_ahead(self, coming: Sequence[Window], strategy: DecodingStrategy, together: int) -> None:
        """Let decoders that have nothing else to do begin what comes next, while what is done is looked at and mended.

        Args:
            coming: windows of one language that are not decoded yet.
            strategy: how they will be.
            together: how many are put in order together.
        """
        engine, size = self.fallback.engine, self.fallback.setting.batch_size
        for first in range(0, min(len(coming), engine.batches_ahead * size), together):
            group = coming[first : first + together]
            in_order = [group[place] for place in _order(group)]
            engine.expect(self.audio, in_order, strategy, hear=True, size=size, kept=self.kept)

    def _batches(self, found: Sequence[Window], strategy: DecodingStrategy, *, hear: bool = False) -> list[Chunk]:
        order = _order(found)
        results = self.fallback.map(
            lambda batch: self._decoded(batch, strategy, hear=hear),
            [found[place] for place in order],
            self.fallback.engine.batches_at_once,
        )
        chunks = dict(zip(order, results, strict=True))
        return [chunks[place] for place in range(len(found))]

    def _decoded(self, batch: Sequence[Window], strategy: DecodingStrategy, *, hear: bool) -> list[Chunk]:
        with working_on(min(window.start_ms for window in batch)):
            engine, size = self.fallback.engine, self.fallback.setting.batch_size
            return engine.decode(self.audio, batch, strategy, hear=hear, size=size, kept=self.kept)


def _lies_in(chunk: Chunk, stretches: Sequence[tuple[int, int]]) -> bool:
    """Return whether the middle of a piece lies in one of some stretches (start and end in ms, in order of time)."""
    middle_ms = (chunk.start_ms + chunk.end_ms) // 2
    place = bisect_right(stretches, (middle_ms, math.inf)) - 1
    return place >= 0 and middle_ms < stretches[place][1]


def _renamed(chunk: Chunk, renamed: Collection[Region], why: tuple[str, str]) -> Chunk:
    """Return a piece with why it was heard anew; one that only lies beside such a stretch, cut anew, as it is."""
    own = chunk.window.speech if chunk.window else ()
    if not any(one.start_ms < region.end_ms and region.start_ms < one.end_ms for region in own for one in renamed):
        return chunk
    reason, how = why
    note = chunk.decoded_again or DecodedAgain((), how, 0)
    again = DecodedAgain((reason, *note.reasons), note.kept, note.attempts + 1)
    return replace(chunk, decoded_again=again)


def first_try(engine: Engine, prompt: str = "") -> DecodingStrategy:
    """Return how an engine decodes what it has not heard yet, after a prompt."""
    return DecodingStrategy(prompt=prompt, own_length=engine.own_length, least_ms=_LEAST_MS)


def _order(found: Sequence[Window]) -> list[int]:
    """Return the places of windows in the order in which they are decoded: the longest first."""
    return sorted(range(len(found)), key=lambda place: (-found[place].length_ms, -found[place].speech_ms))


def wrong_language(chunks: Sequence[Chunk], given: Sequence[str]) -> str | None:
    """Return the language that a film sounds like when it is none of those given, or None.

    Args:
        chunks: as decoded, with what was heard.
        given: the languages that the film was recognised in.
    """
    heard = [(float(chunk.window.speech_ms), chunk.heard) for chunk in chunks if chunk.window and chunk.heard]
    if not heard:
        return None
    shares = language.mean_shares(heard)
    best = max(shares, key=lambda name: shares[name])
    own = sum(share for name, share in shares.items() if language.counts_for(name, given))
    return best if not language.counts_for(best, given) and own < shares[best] / 4 else None


def tally(chunks: Sequence[Chunk]) -> dict[str, Any]:
    """Return how many pieces were decoded again, by reason and by what was kept, for the metadata."""
    notes = [chunk.decoded_again for chunk in chunks if chunk.decoded_again]
    return {
        "pieces": len(notes),
        "by_reason": dict(Counter(reason for note in notes for reason in note.reasons)),
        "kept": dict(Counter(note.kept for note in notes)),
    }
