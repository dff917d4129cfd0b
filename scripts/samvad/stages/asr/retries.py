"""Decode again what came out badly, in other ways, and keep the better text with the reason.

Whisper's own fallback rests on its compression ratio, which calls most correct Hindi a loop, and on one window at a
time. Here loops are looked for as such, and whatever is at fault goes through the attempts together, in batches.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from samvad.media.audio import FilmAudio
from samvad.stages.asr import account, windows
from samvad.stages.asr.account import Account
from samvad.stages.asr.chunks import Chunk, DecodedAgain, RawWord
from samvad.stages.asr.prompts import leaks
from samvad.stages.asr.relatives import as_relative, in_letters_of_relative
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.windows import Window
from samvad.stages.asr.word_room import fastest_ms
from samvad.text import respelling, scripts
from samvad.text.repetition import compression_ratio, longest_word_loop, loop, outside_loops, plain

log = logging.getLogger(__name__)

#: Whisper's own limit for the mean log probability of a token (openai/whisper, transcribe.py).
_LOW_LOGPROB = -1.0
_NO_SPEECH = 0.6
#: Under this, a text in other letters than those of the language's relative is heard as that, too: a small model spells
#: Hindi in Latin letters, or translates it, when it does not know it. Set on one half of the recordings.
_BETTER_AS_RELATIVE = -0.8
#: A loop: so many characters, in so many repeats, over this part of the text. "No, no, no, no!" is none.
_LOOP_CHARACTERS = 24
_LOOP_REPEATS = 4
_LOOP_SHARE = 0.5
_LOOP_ALONE = 60
#: A shorter text that is but a loop, in so many repeats, is one where the model doubts it, or where a longer loop
#: left it: people do say "No, no, no, no!". A letter drawn out is none before so many repeats ("Hmmm.").
_SHORT_REPEATS, _DRAWN_REPEATS = 4, 6
_SHORT_SHARE = 0.8
#: Different pairs of letters for each letter of a text's beginning: Hindi and English have 0.5 and more.
_SYLLABLES_OF, _SYLLABLES_SHARE = 100, 0.3
_DOUBTED_LOGPROB, _DOUBTED_SPEECH = -0.7, 0.3
#: As much speech as this is more than a figure: "7." for it is what is left of a loop.
_FIGURE_MS = 2_500
#: In a longer text so few rounds are said ("Please, please, please, please, let me go!"), where there is time for them.
_SAID_ROUNDS = 5
#: So many words beside a loop are what was said; with fewer, the loop is all there is.
_WORDS_BESIDE = 3
#: Of the words that a text has without its loops, a better one keeps this part; of one that the model doubts, this.
_KEPT, _KEPT_OF_DOUBTED = 0.75, 0.5
#: A chorus repeats itself; what a singer does not do is to sing one thing more often than this.
_SUNG_REPEATS = 12
#: Of characters as one byte each, in a text of so many: 95 % of correct Hindi of 120 words lies under 1.7.
_REPETITIVE = 2.0
_REPETITIVE_CHARACTERS = 60
#: As much speech as this cannot have been nothing.
_SPOKEN_MS = 2_000
#: Faults that no probability makes up for.
_GRAVE = ("loop", "no words", "cut off", "prompt repeated", "other script")

_CUT_ANEW = "smaller windows"
#: Why a text without a fault is heard as a related language.
_DOUBTED_LETTERS = "low probability in these letters"
#: The attempts, in this order.
STRATEGIES: tuple[DecodingStrategy, ...] = (
    DecodingStrategy(_CUT_ANEW, own_length=True),
    DecodingStrategy("no phrase twice", forbid_repeats=True, own_length=True),
    DecodingStrategy("temperature 0.4", temperature=0.4, own_length=True),
    DecodingStrategy("temperature 0.8", temperature=0.8, own_length=True),
)

#: Before each attempt, sound that has not been heard so yet, of a language that has such a relative.
_RELATIVE = DecodingStrategy("heard as a related language", own_length=True)

#: What is kept where nothing better was found: the attempt that was told the prompt.
FIRST = "the first attempt"
_UNPROMPTED = DecodingStrategy("no prompt", own_length=True)

Decode = Callable[[Sequence[Window], DecodingStrategy], list[Chunk]]


@dataclass(frozen=True)
class Retrier:
    """Judges chunks and decodes the faulty ones again.

    Attributes:
        decode: recognises windows of any languages, in their order.
        audio: the film's audio.
        script: the setting of asr.script.
        prompt_terms: what the prompt was made of.
        attempts: how many of ``STRATEGIES`` to go through at most; 0 for none.
        account: gets what is taken out.
        as_said: returns pieces, each passage of English in them by itself, as it was said.
    """

    decode: Decode
    audio: FilmAudio
    script: str
    prompt_terms: Sequence[str]
    attempts: int
    account: Account = field(default_factory=Account)
    as_said: Callable[[Sequence[Chunk]], Sequence[Chunk]] = list

    def faults(self, chunk: Chunk) -> list[str]:
        """Return what is wrong with a chunk's text, gravest first; empty when nothing is."""
        sung = chunk.window is not None and chunk.window.sung
        found = []
        if loops(chunk.text, sung=sung) or (
            not sung and (_short_loop(chunk) or _loop_within(chunk) or _syllables(chunk.text))
        ):
            found.append("loop")
        if _no_words(chunk):
            found.append("no words")
        if chunk.cut_off:
            found.append("cut off")
        if leaks(chunk.text, self.prompt_terms):
            found.append("prompt repeated")
        if scripts.foreign_letters(chunk.text, respelling.decodable(chunk.language, self.script)):
            found.append("other script")
        silent = (chunk.decoding["no_speech_prob"] or 0.0) > _NO_SPEECH
        if not chunk.text:
            if chunk.window is not None and chunk.window.speech_ms >= _SPOKEN_MS and not silent and not sung:
                found.append("nothing heard")
        elif (chunk.decoding["avg_logprob"] or 0.0) < _LOW_LOGPROB and not silent:
            found.append("low probability")
        return found

    def unprompted(self, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Return chunks that were decoded with a prompt, the faulty ones without it where that is better.

        A prompt in the language's script makes a model write that script, which a small one cannot write.
        """
        places = [place for place, chunk in enumerate(chunks) if self.attempts and self.faults(chunk)]
        if not places:
            return list(chunks)
        bad = [replace(chunks[place], decoded_again=self._first(chunks[place])) for place in places]
        found = dict(zip(places, self._once_more(bad, _UNPROMPTED), strict=True))
        return [found.get(place, chunk) for place, chunk in enumerate(chunks)]

    def repair(self, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Return the chunks in order of time, the faulty ones replaced by something better where that was found."""
        heard: set[Window] = set()
        chunks = self._doubted_as_relative(chunks, heard) if self.attempts else chunks
        good = [chunk for chunk in chunks if not self.faults(chunk)]
        bad = [
            replace(chunk, decoded_again=chunk.decoded_again or self._first(chunk))
            for chunk in chunks
            if self.faults(chunk)
        ]
        for strategy in STRATEGIES[: self.attempts]:
            bad = self._as_relative(bad, heard)
            good += [chunk for chunk in bad if not self.faults(chunk)]
            bad = [chunk for chunk in bad if self.faults(chunk)]
            if not bad:
                break
            bad = self._cut_anew(bad, strategy) if strategy.name == _CUT_ANEW else self._once_more(bad, strategy)
            good += [chunk for chunk in bad if not self.faults(chunk)]
            bad = [chunk for chunk in bad if self.faults(chunk)]
        return sorted([*good, *map(self._without_remains, bad)], key=lambda chunk: chunk.start_ms)

    def _first(self, chunk: Chunk) -> DecodedAgain:
        return DecodedAgain(tuple(self.faults(chunk)), FIRST, 0)

    def _cut_anew(self, bad: Sequence[Chunk], strategy: DecodingStrategy) -> list[Chunk]:
        """Decode smaller windows until each is good or as short as can be; keep them where they are better."""
        kept: list[Chunk] = []
        waiting = list(bad)
        while waiting:
            parts = [self._smaller(chunk) for chunk in waiting]
            if not any(parts):
                return kept + waiting
            log.info("Decoding %d pieces again: %s", sum(bool(part) for part in parts), strategy.name)
            decoded = iter(self.decode([window for part in parts for window in part], strategy))
            again: list[Chunk] = []
            for chunk, part in zip(waiting, parts, strict=True):
                if not part:
                    kept.append(chunk)
                    continue
                found = [next(decoded) for _ in part]
                if not self._better(found, [chunk]):
                    kept.append(self._tried(chunk, chunk, strategy, taken=False))
                    continue
                for piece in (self._tried(part, chunk, strategy, taken=True) for part in found):
                    (again if self.faults(piece) else kept).append(piece)
            waiting = again
        return kept

    def _smaller(self, chunk: Chunk) -> list[Window]:
        """Return what to decode in place of a chunk; nothing where that would be the same window again."""
        found = windows.smaller(chunk.window, self.audio) if chunk.window is not None else []
        return [] if found == [chunk.window] else found

    def _once_more(self, bad: Sequence[Chunk], strategy: DecodingStrategy) -> list[Chunk]:
        log.info("Decoding %d pieces again: %s", len(bad), strategy.name)
        found = self.decode([chunk.window for chunk in bad if chunk.window is not None], strategy)
        return [
            self._tried(new, old, strategy, taken=True)
            if self._better([new], [old])
            else self._tried(old, old, strategy, taken=False)
            for old, new in zip(bad, found, strict=True)
        ]

    def _doubted_as_relative(self, chunks: Sequence[Chunk], heard: set[Window]) -> list[Chunk]:
        """Return chunks, those heard as a related language that have no fault, but may be better so, and are."""
        # English that was said is none of the relative's words: it would be spelled in its letters.
        chunks = [one for chunk in chunks for one in (self.as_said([chunk]) if self._is_doubted(chunk) else [chunk])]
        doubted = {
            place: replace(chunk, decoded_again=chunk.decoded_again or DecodedAgain((_DOUBTED_LETTERS,), FIRST, 0))
            for place, chunk in enumerate(chunks)
            if self._is_doubted(chunk)
        }
        found = dict(zip(doubted, self._as_relative(list(doubted.values()), heard), strict=True))
        return [found.get(place, chunk) for place, chunk in enumerate(chunks)]

    def _is_doubted(self, chunk: Chunk) -> bool:
        return (
            chunk.window is not None
            and as_relative(chunk.window, self.script) is not None
            and (chunk.decoding["avg_logprob"] or 0.0) < _BETTER_AS_RELATIVE
            and not in_letters_of_relative(chunk.text, chunk.language)
            and not self.faults(chunk)
        )

    def _as_relative(self, bad: Sequence[Chunk], heard: set[Window]) -> list[Chunk]:
        """Decode as a related language what has one, where that window has not been heard so; keep what is better.

        Args:
            bad: faulty chunks.
            heard: windows that were heard so already; gets the others.
        """
        wanted = {
            place: (chunk.window, named)
            for place, chunk in enumerate(bad)
            if chunk.window is not None
            and chunk.window not in heard
            and (named := as_relative(chunk.window, self.script))
        }
        result = list(bad)
        if not wanted:
            return result
        log.info("Decoding %d pieces again: %s", len(wanted), _RELATIVE.name)
        found = self.decode([named for _, named in wanted.values()], _RELATIVE)
        for (place, (window, _)), chunk in zip(wanted.items(), found, strict=True):
            heard.add(window)
            new, old = replace(chunk, language=window.language, window=window), bad[place]
            # What is taken for singing may be a siren: of two loops the surer one is only the longer one.
            howls = window.sung and "loop" in self.faults(new)
            better = not howls and self._better([new], [old])
            result[place] = self._tried(new if better else old, old, _RELATIVE, taken=better)
        return result

    def _better(self, new: Sequence[Chunk], old: Sequence[Chunk]) -> bool:
        # What loops says the same again in other words, too: there, each word counts once, on both sides. But who says
        # a thing again has said more: what is not poorer by all of its words is not poorer.
        counts = (False, True) if any("loop" in self.faults(chunk) for chunk in old) else (False,)
        poorer = all(
            self._kept(new, once=once) < self._kept(old, once=once, doubted=_KEPT_OF_DOUBTED) * _KEPT for once in counts
        )
        return any(chunk.text for chunk in new) and not poorer and self._worth(new) > self._worth(old)

    def _kept(self, chunks: Sequence[Chunk], *, once: bool, doubted: float = 1.0) -> float:
        """Return how many characters of words some chunks have that may have been said: no loops, nothing made up.

        Args:
            chunks: of one stretch of sound.
            once: whether a word that comes again counts no more.
            doubted: what a character is worth where the model doubts the text.
        """
        total = 0.0
        counted: set[str] = set()
        for chunk in chunks:
            faults = self.faults(chunk)
            if {"prompt repeated", "other script", "no words"} & set(faults):
                continue
            words = [word for word in plain(chunk.text).split() if not babbled(word)]
            words = [words[place] for place in outside_loops(words, _LOOP_REPEATS)]
            if once:
                words = [word for word in dict.fromkeys(words) if word not in counted]
                counted.update(words)
            total += (doubted if "low probability" in faults else 1.0) * sum(map(len, words))
        return total

    def _without_remains(self, chunk: Chunk) -> Chunk:
        """Return what no try has mended without what nobody said: loops beside words, and texts that are no words.

        A long loop and nothing else is left: stage 07 knows whether somebody speaks there.
        """
        left = _short_loop(chunk) or _syllables(chunk.text)
        if "no words" in self.faults(chunk) or (left and not loops(chunk.text)):
            self.account.take(chunk.words, account.NO_WORDS)
            return replace(chunk, words=(), text="")
        sung = chunk.window is not None and chunk.window.sung
        keys = [plain(word.text) for word in chunk.words]
        within = longest_word_loop(keys, _LOOP_REPEATS, _LOOP_CHARACTERS)
        if sung or not (loops(chunk.text) or (within and not _may_be_said(chunk.words, *within))):
            return chunk
        # "No, no, no, no!" beside a long loop was said.
        places = outside_loops(keys, _LOOP_REPEATS, rounds=1, characters=_LOOP_CHARACTERS if within else 1)
        if len(outside_loops(keys, _LOOP_REPEATS)) < _WORDS_BESIDE or len(places) == len(keys):
            return chunk
        words = tuple(chunk.words[place] for place in places)
        self.account.take([word for place, word in enumerate(chunk.words) if place not in set(places)], account.LOOP)
        note = chunk.decoded_again or self._first(chunk)
        return replace(
            chunk,
            words=words,
            text="".join(word.text for word in words).strip(),
            decoded_again=replace(note, kept=f"{note.kept}, without its loop"),
        )

    def _worth(self, chunks: Sequence[Chunk]) -> tuple[float, float]:
        """Return what to compare: the part of the text that is free of grave faults, then the mean probability."""
        characters = sum(len(chunk.text) for chunk in chunks)
        tokens = sum(chunk.tokens for chunk in chunks)
        grave = [chunk for chunk in chunks if any(fault in _GRAVE for fault in self.faults(chunk))]
        mean = sum((chunk.decoding["avg_logprob"] or 0.0) * chunk.tokens for chunk in chunks) / max(1, tokens)
        if not characters:
            return -0.5, mean  # a text that loops all through is worse than nothing
        return -sum(len(chunk.text) for chunk in grave) / characters, mean

    def _tried(self, chunk: Chunk, first: Chunk, strategy: DecodingStrategy, *, taken: bool) -> Chunk:
        before = first.decoded_again or self._first(first)
        kept = strategy.name if taken else before.kept
        return replace(chunk, heard=first.heard, decoded_again=DecodedAgain(before.reasons, kept, before.attempts + 1))


def _short_loop(chunk: Chunk) -> bool:
    """Return whether a text is nothing but one short thing over and over, which nobody said."""
    remains = chunk.decoded_again is not None and "loop" in chunk.decoded_again.reasons
    doubted = (chunk.decoding["avg_logprob"] or 0.0) < _DOUBTED_LOGPROB
    silent = (chunk.decoding["no_speech_prob"] or 0.0) > _DOUBTED_SPEECH
    bare = plain(chunk.text)
    if not bare or not (remains or doubted or silent):
        return False
    covered, _ = loop(bare, _SHORT_REPEATS)
    stammered = sum(len(word) for word in bare.split() if babbled(word))
    return covered >= _SHORT_SHARE * len(bare) or stammered >= _LOOP_SHARE * len(bare)


def _loop_within(chunk: Chunk) -> bool:
    """Return whether words loop anywhere in a text as nobody says them: Whisper may begin well, and loop from there."""
    keys = [plain(word.text) for word in chunk.words] or plain(chunk.text).split()
    words = list(chunk.words)
    while found := longest_word_loop(keys, _LOOP_REPEATS, _LOOP_CHARACTERS):
        if not words or not _may_be_said(words, *found):
            return True
        first, period, end = found
        del keys[first + period : end], words[first + period : end]
    return False


def _may_be_said(words: Sequence[RawWord], first: int, period: int, end: int) -> bool:
    """Return whether the rounds of a loop from one word to another are few, each with time enough to say it."""
    rounds = [words[at : at + period] for at in range(first, end, period)]
    return len(rounds) <= _SAID_ROUNDS and all(
        one[-1].end_ms - one[0].start_ms >= sum(fastest_ms(word.text) for word in one) for one in rounds
    )


def _syllables(text: str) -> bool:
    """Return whether a text is a few syllables in ever other orders: what is written where loops are barred."""
    bare = plain(text).replace(" ", "")[:_SYLLABLES_OF]
    pairs = {bare[place : place + 2] for place in range(len(bare) - 1)}
    return len(bare) >= _LOOP_CHARACTERS and len(pairs) < _SYLLABLES_SHARE * len(bare)


def babbled(word: str) -> bool:
    """Return whether half of a word, in plain form, is one syllable over and over, or one letter drawn out."""
    covered, repeats = loop(word, _SHORT_REPEATS)
    return 0 < _LOOP_SHARE * len(word) <= covered and (covered > repeats + 1 or repeats >= _DRAWN_REPEATS)


def _no_words(chunk: Chunk) -> bool:
    """Return whether a text has no letter, and is no figure that somebody may have said in that time."""
    if not chunk.text or any(character.isalpha() for character in chunk.text):
        return False
    figures = [figure for figure in chunk.text.split() if plain(figure)]
    spoken_ms = chunk.window.speech_ms if chunk.window is not None else 0
    again = len(figures) > 1 and len(set(map(plain, figures))) == 1
    return not figures or again or spoken_ms >= _FIGURE_MS * len(figures)


def loops(text: str, *, sung: bool = False) -> bool:
    """Return whether a text repeats itself as no speaker does.

    Args:
        text: as decoded.
        sung: whether it is sung: a chorus may repeat itself.
    """
    bare = plain(text)
    covered, repeats = loop(bare, _LOOP_REPEATS)
    enough = covered >= _LOOP_ALONE or (covered >= _LOOP_CHARACTERS and covered >= _LOOP_SHARE * len(bare))
    if sung:
        return enough and repeats >= _SUNG_REPEATS
    return enough or (len(bare) >= _REPETITIVE_CHARACTERS and compression_ratio(bare) > _REPETITIVE)
