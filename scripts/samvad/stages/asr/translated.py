"""English where another language is spoken: what Whisper has translated where it should have written what it heard.

Now and then a model writes a sentence of another language in English, sure of itself, and the one beside it as it
should. The words show where that may be; the sound of these words alone tells whether somebody spoke English there.
If not, it is decoded anew by itself. Where that gives nothing, or the sound does not tell, the English stays, marked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from samvad.documents.segments import AS_ENGLISH, PERHAPS_TRANSLATED
from samvad.stages.asr import language, second_languages
from samvad.stages.asr.account import TRANSLATED, Account
from samvad.stages.asr.chunks import Chunk, DecodedAgain, RawWord
from samvad.stages.asr.language import HearBriefly
from samvad.stages.asr.parting import part
from samvad.stages.asr.relatives import as_relative
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.windows import Window
from samvad.text import scripts, word_frequency
from samvad.text.sentence_ends import ends_sentence

log = logging.getLogger(__name__)

ENGLISH = "en"
REASON = "English words in another language"
#: How such words are kept that were decoded anew.
ANEW = "in the language of its sound"
#: So many different words are English that English uses by so much more often than the language they were heard in (the
#: mean on Zipf's scale). Of 254 English prompts of telephones 232 to 252 are known so beside each of ten languages, of
#: 714 in Spanish, French and Italian one is taken for English. Hindi in Latin letters ("Me Ai Mal") reached 0.8.
#: Half of that is enough to ask where what was decoded with them sounds more like English than not: of "debugging" and
#: "Asterisk" a list of words knows little.
_WORDS, _FURTHER, _LIKELY = 4, 1.0, 0.5
#: What the other language uses less often than this does not count for it.
_SELDOM = 3.5
#: A sentence of which this part is such words is English as a whole; words before or after a pause (ms) like this, or
#: of another stretch of speech, are none of the sentence around them.
_MOST_OF_IT, _PAUSE_MS = 2 / 3, 300
#: From this probability on the sound is surely of a language. That of 18 English passages in Hindi films had 0.98 and
#: more of English, of a translated one 0.01.
_SURE = 0.6
#: So much sound around the words is heard with them, where no other word is.
_MARGIN_MS = 300

_ALONE = DecodingStrategy(ANEW, own_length=True)


@dataclass(frozen=True)
class _Passage:
    """English words in a row.

    Attributes:
        place: of the piece that they stand in.
        first: place of the first word in it.
        after: place after the last.
        whole: whether they stand by themselves, as a sentence or between pauses, not within one of the other language.
        piece: the words by themselves.
        window: what they were heard in.
    """

    place: int
    first: int
    after: int
    whole: bool
    piece: Chunk
    window: Window


@dataclass(frozen=True)
class Listener:
    """Finds out whether English was said, and hears anew what was not.

    Attributes:
        hear: gives the probabilities of languages.
        decode: recognises windows of any languages, in their order.
        faults: says what is wrong with a piece.
        script: the setting of asr.script.
        account: gets what is taken out.
        apart: whether English within a sentence is parted from it as well: what is around it is to be heard anew.
    """

    hear: HearBriefly
    decode: Callable[[Sequence[Window], DecodingStrategy], list[Chunk]]
    faults: Callable[[Chunk], list[str]]
    script: str
    account: Account
    apart: bool = False

    def as_said(self, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Return pieces, each passage of English in them as it was said, as far as its sound tells."""
        found = [passage for place, chunk in enumerate(chunks) for passage in _passages(place, chunk)]
        if not found:
            return list(chunks)
        shares = self.hear([passage.window for passage in found], language.SILENCE_MS)
        names = [_sounds(heard, passage.piece.language) for heard, passage in zip(shares, found, strict=True)]
        other = [place for place, name in enumerate(names) if name not in ("", ENGLISH)]
        anew = dict(zip(other, self._anew([found[place] for place in other]), strict=True))
        log.info("English in another language: %d passages, %d decoded anew", len(found), len(other))
        parted: dict[int, list[tuple[_Passage, Chunk]]] = {}
        for number, (passage, name) in enumerate(zip(found, names, strict=True)):
            if name == ENGLISH:
                piece = self._english(passage)
            else:
                piece = anew.get(number) or _noted(passage.piece, PERHAPS_TRANSLATED)
            if piece is not None:
                parted.setdefault(passage.place, []).append((passage, piece))
        return [one for place, chunk in enumerate(chunks) for one in _with(chunk, parted.get(place, []))]

    def _english(self, passage: _Passage) -> Chunk | None:
        """Return a passage that was said in English as an English piece; None where it stays where it is."""
        if not (passage.whole or self.apart):
            return None
        piece = _noted(passage.piece, AS_ENGLISH)
        speech = tuple(replace(region, language=ENGLISH) for region in passage.window.speech)
        return replace(piece, language=ENGLISH, window=replace(passage.window, speech=speech))

    def _anew(self, found: Sequence[_Passage]) -> list[Chunk | None]:
        """Return for each passage that was not said in English what it is by itself; None where that is no good."""
        own = [passage.window for passage in found]
        related = [as_relative(window, self.script) for window in own]
        asked = [*own, *(window for window in related if window)]
        decoded = self.decode(asked, _ALONE) if asked else []
        others = iter(decoded[len(own) :])
        taken: list[Chunk | None] = []
        for passage, first, relative in zip(found, decoded[: len(own)], related, strict=True):
            tries = [first, *([next(others)] if relative else [])]
            own_language = passage.piece.language
            pieces = [replace(one, language=own_language, window=passage.window, heard={}) for one in tries]
            good = [one for one in pieces if one.words and not self.faults(one) and not _passages(0, one)]
            best = max(good, key=lambda one: one.decoding["avg_logprob"] or 0.0, default=None)
            if best is not None:
                note = _noted(passage.piece, ANEW, len(tries)).decoded_again
                best = replace(best, decoded_again=note)
                self.account.take(passage.piece.words, TRANSLATED)
            taken.append(best)
        return taken


def may_be_translation(chunk: Chunk) -> bool:
    """Return whether a piece is English that may be a translation."""
    return chunk.decoded_again is not None and chunk.decoded_again.kept == PERHAPS_TRANSLATED


def _noted(piece: Chunk, kept: str, tries: int = 0) -> Chunk:
    """Return a piece with how it is kept, after so many more tries."""
    before = piece.decoded_again or DecodedAgain((), kept, 0)
    return replace(piece, decoded_again=DecodedAgain((REASON, *before.reasons), kept, before.attempts + tries))


def _sounds(heard: dict[str, float], name: str) -> str:
    """Return English or the language of a passage, whichever its sound surely is of; nothing where that is neither."""
    own = sum(heard.get(other, 0.0) for other in second_languages.relatives(name) - {ENGLISH})
    if heard.get(ENGLISH, 0.0) >= _SURE:
        return ENGLISH
    return name if own >= _SURE else ""


def _passages(place: int, chunk: Chunk) -> list[_Passage]:
    """Return the passages of English words in a piece that was heard in another language."""
    if chunk.language == ENGLISH or chunk.window is None or chunk.window.sung or may_be_translation(chunk):
        return []
    least = _FURTHER if chunk.heard.get(ENGLISH, 0.0) < _LIKELY else _FURTHER / 2
    found: list[tuple[int, int, bool]] = []
    for first, after, sentence in _sentences(chunk.words):
        worth = [_worth(word.text, chunk.language) for word in chunk.words[first:after]]
        all_of_it = _is_english(worth, least)
        begin, end = (0, len(worth)) if all_of_it else _best(worth)
        if not all_of_it and not _is_english(worth[begin:end], least):
            continue
        if end - begin >= _MOST_OF_IT * len(worth):  # what English uses as little ("Digium", "Asterisk") is of it
            begin, end = 0, len(worth)
        # Each by itself: of two sentences in a row one may be said in English, and the other be translated.
        for start, stop in _utterances(chunk, first, worth, (begin, end), least):
            whole = sentence and (start, stop) == (first, after)
            whole = whole or (_pause_before(chunk, start) and _pause_before(chunk, stop))
            found.append((start, stop, whole))
    pieces = [_piece(chunk, first, after) for first, after, _ in found]
    return [
        _Passage(place, first, after, whole, piece, piece.window)
        for (first, after, whole), piece in zip(found, pieces, strict=True)
        if piece.window is not None
    ]


def _utterances(
    chunk: Chunk, first: int, worth: Sequence[dict[str, float]], inside: tuple[int, int], least: float
) -> list[tuple[int, int]]:
    """Return English words in a row, parted at the pauses that have enough English on both sides.

    Whisper may write two sentences without a full stop between them.

    Args:
        chunk: the piece that they stand in.
        first: place in it of the first word of ``worth``.
        worth: how English each word of their sentence is.
        inside: places in ``worth`` of the first English word, and of the one after the last.
        least: how English the words of each have to be.
    """
    begin, end = inside
    found = []
    for place in range(begin + 1, end):
        sides = worth[begin:place], worth[place:end]
        if _pause_before(chunk, first + place) and all(_is_english(side, least) for side in sides):
            found.append((first + begin, first + place))
            begin = place
    return [*found, (first + begin, first + end)]


def _pause_before(chunk: Chunk, place: int) -> bool:
    """Return whether somebody pauses before a word of a piece; before the first, and after the last, it is so."""
    if not 0 < place < len(chunk.words):
        return True
    before, after = chunk.words[place - 1], chunk.words[place]
    return after.start_ms - before.end_ms >= _PAUSE_MS or any(
        before.start_ms < region.start_ms <= after.end_ms for region in (chunk.window.speech if chunk.window else ())
    )


def _sentences(words: Sequence[RawWord]) -> list[tuple[int, int, bool]]:
    """Return where words in Latin letters stand in a row, each sentence by itself.

    Returns:
        Place of the first, and of the one after the last, and whether they are all of their sentence.
    """
    found: list[tuple[int, int, bool]] = []
    first, begins = 0, True
    for place, word in enumerate(words):
        other = not set(scripts.of_letters(word.text)) <= {scripts.LATIN}
        following = words[place + 1].text if place + 1 < len(words) else ""
        ends = not following or ends_sentence(word.text, following)
        if other or ends:
            after = place if other else place + 1
            if first < after:
                found.append((first, after, begins and not other))
            first, begins = place + 1, ends
    return found


def _worth(text: str, name: str) -> dict[str, float]:
    """Return how much further English uses the words of a text than another language does, on Zipf's scale."""
    return {
        word: (word_frequency.uses([word], ENGLISH) or 0.0) - max(word_frequency.uses([word], name) or 0.0, _SELDOM)
        for word in word_frequency.telling(text)
    }


def _is_english(worth: Iterable[dict[str, float]], least: float) -> bool:
    every = [item for words in worth for item in words.items()]
    return len(dict(every)) >= _WORDS and sum(value for _, value in every) >= least * len(every)


def _best(worth: Sequence[dict[str, float]]) -> tuple[int, int]:
    """Return where the words in a row that are the most English begin, and end (Kadane's algorithm)."""
    best, begin, end, total, first = 0.0, 0, 0, 0.0, 0
    for place, words in enumerate(worth):
        if total <= 0:
            total, first = 0.0, place
        total += sum(words.values())
        if total > best:
            best, begin, end = total, first, place + 1
    return begin, end


def _piece(chunk: Chunk, first: int, after: int) -> Chunk:
    """Return words of a piece by themselves, with the sound around them in which no other word is."""
    words = chunk.words[first:after]
    start_ms, end_ms = words[0].start_ms, words[-1].end_ms
    # Half of a pause at most: the other half is of what is beside it.
    before_ms = (chunk.words[first - 1].end_ms + start_ms) // 2 if first else chunk.start_ms
    after_ms = (end_ms + chunk.words[after].start_ms) // 2 if after < len(chunk.words) else chunk.end_ms
    start_ms = min(start_ms, max(before_ms, start_ms - _MARGIN_MS))
    end_ms = max(end_ms, min(after_ms, end_ms + _MARGIN_MS))
    return replace(part(chunk, words, start_ms, end_ms), heard={})


def _with(chunk: Chunk, passages: Sequence[tuple[_Passage, Chunk]]) -> list[Chunk]:
    """Return a piece parted at some of its passages, with what these are now."""
    found: list[Chunk] = []
    place, start_ms = 0, chunk.start_ms
    for passage, piece in passages:
        if before := chunk.words[place : passage.first]:
            found.append(part(chunk, before, start_ms, max(passage.piece.start_ms, before[-1].end_ms)))
        found.append(piece)
        place, start_ms = passage.after, passage.piece.end_ms
    if rest := chunk.words[place:]:
        found.append(part(chunk, rest, min(start_ms, rest[0].start_ms), chunk.end_ms) if place else chunk)
    return [replace(found[0], heard=chunk.heard), *(replace(one, heard={}) for one in found[1:])] if found else [chunk]
