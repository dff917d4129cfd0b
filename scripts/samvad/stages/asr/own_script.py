"""Write what was heard in the script that was asked for, where the model chose letters of another.

Whisper hears Hindi and likes to write it in Urdu's letters, or in Latin ones. Where these are barred while it decodes,
it loops, or leaves speech out. So it decodes freely. What it wrote in other letters is decoded once more with these
barred, and that is kept where it says the same sounds. Otherwise each foreign word becomes the word of the language
that sounds like it (lexicon.py), or is spelled letter by letter (respelling.py). Both are less sure than what the model
wrote itself: their probability says so, and the segment keeps what was heard.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from samvad.stages.asr.chunks import Chunk, Heard, RawWord
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.windows import Window
from samvad.text import english, hindi_context, lexicon, respelling, scripts, skeletons
from samvad.text.lexicon import Found, Lexicon
from samvad.text.romanise import romanise

#: The barred text is kept from this part of the consonants on that both have. It may take so many times the tokens of
#: the free one (Devanagari has one a letter), and is not asked for again when fewer than half of the first are good.
_SAME_SOUNDS = 0.85
_TOKENS_EACH, _TOKENS_MORE = 3, 24
_TRIALS = 3
_FOREIGN_SHARE = 0.3
#: What the probability of a word is multiplied by: of one that the lexicon has, less what its sounds are off, and of
#: one that was spelled letter by letter. None falls under what stage 07 takes for noise.
_KNOWN, _OFF, _SPELLED = 0.9, 1.5, 0.5
_LEAST = 0.35
#: One word taken for two, and two taken for one, have to be better by this part of a sound, and have to be near.
_SPLIT_COST, _JOIN_COST = 0.8, 0.3
_NEAR = 0.15
#: A Latin word is the likelier to be English the less the other language's sounds like it, in steps of Zipf's scale.
_UNLIKE = 6.0
_SHORT_ENGLISH = 4
#: A word that the lexicon does not have: as dear as one that is off by so much, for the word and for each letter.
_UNKNOWN_COST, _UNKNOWN_LETTER = 2.2, 0.3

_CORE = re.compile(rf"[{scripts.WORD}\u0610-\u061a\u064b-\u0652'’]+")
_MARKS = str.maketrans({"۔": "।", "؟": "?", "،": ",", "؛": ";"})

Decode = Callable[[Sequence[Window], DecodingStrategy], list[Chunk]]


def in_own_script(chunks: Sequence[Chunk], decode: Decode, setting: str, terms: Sequence[str]) -> list[Chunk]:
    """Return chunks with their text in the script that was asked for.

    Args:
        chunks: as decoded.
        decode: recognises windows of any languages, in their order.
        setting: of asr.script.
        terms: names and terms of the film.
    """
    found = _barred(chunks, decode, setting)
    writers = {name: Writer(name, setting, terms) for name in {chunk.language for chunk in found}}
    return [writers[chunk.language].write(chunk) for chunk in found]


def _barred(chunks: Sequence[Chunk], decode: Decode, setting: str) -> list[Chunk]:
    """Return chunks, those in foreign letters as decoded with these barred where that says the same."""
    result = list(chunks)
    waiting = [place for place, chunk in enumerate(chunks) if chunk.window is not None and _foreign(chunk, setting)]
    waiting.sort(key=lambda place: chunks[place].tokens)  # the first few, which cost least, tell whether it is worth it
    trials = min(_TRIALS, len(waiting))
    for group in (waiting[:trials], waiting[trials:]):
        if not group:
            break
        windows = [window for place in group if (window := chunks[place].window) is not None]
        longest = max(chunks[place].tokens for place in group)
        strategy = DecodingStrategy("own script", own_script=True, max_tokens=_TOKENS_EACH * longest + _TOKENS_MORE)
        kept = 0
        for place, barred in zip(group, decode(windows, strategy), strict=True):
            if not barred.cut_off and skeletons.agreement(chunks[place].text, barred.text) >= _SAME_SOUNDS:
                result[place] = replace(barred, heard=chunks[place].heard, decoded_again=chunks[place].decoded_again)
                kept += 1
        if 2 * kept < len(group):
            break
    return result


def _foreign(chunk: Chunk, setting: str) -> bool:
    if not respelling.target(chunk.language, setting):
        return False
    foreign = scripts.foreign_letters(chunk.text, scripts.allowed_scripts(chunk.language, setting))
    return len(foreign) > _FOREIGN_SHARE * len(chunk.text)


@dataclass(frozen=True)
class _Piece:
    """A foreign word without what stands around it."""

    word: RawWord
    before: str
    core: str
    after: str


@dataclass(frozen=True)
class Writer:
    """Writes the text of one language in its own script.

    Attributes:
        language: short code.
        setting: of asr.script; ``native_latin`` leaves English words as they are.
        terms: names and terms of the film.
    """

    language: str
    setting: str
    terms: Sequence[str] = ()

    @cached_property
    def _script(self) -> str:
        return respelling.target(self.language, self.setting)

    @cached_property
    def _lexicon(self) -> Lexicon:
        return lexicon.lexicon(self.language, self.terms)

    def write(self, chunk: Chunk) -> Chunk:
        """Return a chunk with each word of foreign letters in the language's script."""
        own = scripts.allowed_scripts(self.language, "native")
        if not self._script or not scripts.foreign_letters(chunk.text, own):
            return chunk
        words: list[RawWord] = []
        run: list[_Piece] = []
        for word in chunk.words:
            if scripts.foreign_letters(word.text, own) and (piece := _piece(word)):
                run.append(piece)
                continue
            words += self._row(run)
            run = []
            words.append(word)
        words = _in_context(words + self._row(run))
        return replace(chunk, words=tuple(words), text="".join(word.text for word in words).strip())

    def _row(self, run: Sequence[_Piece]) -> list[RawWord]:
        """Return a row of foreign words, of which English ones may be left as they are."""
        found: list[RawWord] = []
        waiting: list[_Piece] = []
        for piece, stays in zip(run, self._english(run), strict=True):
            if not stays:
                waiting.append(piece)
                continue
            found += self._cheapest(waiting)
            waiting = []
            found.append(piece.word if self.setting == "native_latin" else self._of_english(piece))
        return found + self._cheapest(waiting)

    def _english(self, run: Sequence[_Piece]) -> list[bool]:
        """Return for each piece whether it is an English word."""
        result = [False] * len(run)
        places = [place for place, piece in enumerate(run) if set(scripts.of_letters(piece.core)) == {scripts.LATIN}]
        if places:
            near = [self._lexicon.nearest(run[place].core, closely=True) for place in places]
            others = [max((item.zipf - _UNLIKE * item.part for item in found), default=0.0) for found in near]
            own = [english.frequency(run[place].core) for place in places]
            for place, stays in zip(places, english.is_english(own, others), strict=True):
                result[place] = stays
        return result

    def _cheapest(self, run: Sequence[_Piece]) -> list[RawWord]:
        """Return foreign words of the language as the cheapest row of known ones."""
        best: list[tuple[float, list[RawWord]]] = [(0.0, [])]
        for place, piece in enumerate(run):
            ways = [(best[place][0] + cost, best[place][1] + found) for cost, found in self._ways(piece)]
            if place and _belong_together(run[place - 1], piece):
                for found in self._lexicon.nearest(run[place - 1].core + piece.core)[:1]:
                    if found.part <= _NEAR:
                        cost = best[place - 1][0] + found.cost + _JOIN_COST
                        ways.append((cost, [*best[place - 1][1], self._joined(run[place - 1], piece, found)]))
            best.append(min(ways, key=lambda way: way[0]))
        return best[-1][1]

    def _ways(self, piece: _Piece) -> list[tuple[float, list[RawWord]]]:
        found = self._lexicon.nearest(piece.core)
        ways = [(_UNKNOWN_COST + _UNKNOWN_LETTER * len(piece.core), [self._spelled(piece)])]
        if found:
            ways.append((found[0].cost, [self._taken(piece, found[0])]))
        if not found or found[0].part > 0.1:
            for cut in range(2, len(piece.core) - 1):
                parts = piece.core[:cut], piece.core[cut:]
                first, second = (self._lexicon.nearest(part, closely=True) for part in parts)
                if first and second and max(first[0].part, second[0].part) < _NEAR:
                    cost = first[0].cost + second[0].cost + _SPLIT_COST
                    left, right = _halves(piece, cut)
                    ways.append((cost, [self._taken(left, first[0]), self._taken(right, second[0])]))
        return ways

    def _joined(self, first: _Piece, second: _Piece, found: Found) -> RawWord:
        word = replace(
            first.word, end_ms=second.word.end_ms, probability=min(first.word.probability, second.word.probability)
        )
        piece = _Piece(word, first.before, f"{first.core} {second.core}", second.after)
        return self._taken(piece, found)

    def _of_english(self, piece: _Piece) -> RawWord:
        if piece.core.casefold() in english.IN_DEVANAGARI:
            text = respelling.into(english.IN_DEVANAGARI[piece.core.casefold()], self._script)
            return _written(piece, text, piece.core, _KNOWN)
        found = self._lexicon.nearest(piece.core)
        # Hindi has its own spelling of what it borrowed (स्कूल); a short word is another one that sounds alike.
        near = len(piece.core) > _SHORT_ENGLISH and found and found[0].part <= _NEAR
        if near:
            return self._taken(piece, found[0])
        return _written(piece, respelling.respell_english(piece.core, self._script), piece.core, _SPELLED)

    def _spelled(self, piece: _Piece) -> RawWord:
        text = respelling.respell(piece.core, self._script)
        return _written(piece, text, self._roman(piece.core, text), _SPELLED)

    def _taken(self, piece: _Piece, found: Found) -> RawWord:
        # A word that is somewhat off is a guess: Latin letters are then made of the letters that were heard.
        sure = found.part <= _NEAR
        heard = found.word if sure else " ".join(respelling.respell(part, self._script) for part in piece.core.split())
        return _written(piece, found.word, self._roman(piece.core, heard), max(_SPELLED, _KNOWN - _OFF * found.part))

    def _roman(self, core: str, heard: str) -> str:
        return core if set(scripts.of_letters(core)) <= {scripts.LATIN} else romanise(heard)


def _written(piece: _Piece, text: str, roman: str, sure: float) -> RawWord:
    before, after = piece.before, piece.after
    return replace(
        piece.word,
        text=before + text + after,
        probability=max(min(piece.word.probability, _LEAST), piece.word.probability * sure),
        heard=Heard(before + piece.core + after, before + roman + after),
    )


def _in_context(words: Sequence[RawWord]) -> list[RawWord]:
    """Return words with those that were written alike told apart."""
    texts = [word.text.strip() for word in words]
    result = list(words)
    for place, word in enumerate(words):
        text = texts[place].strip("।?!,.")
        if word.heard and text in (hindi_context.INSIDE, hindi_context.MYSELF):
            meant = hindi_context.inside_or_myself(texts, place)
            heard = replace(word.heard, roman=word.heard.roman.replace(romanise(text), romanise(meant)))
            result[place] = replace(word, text=word.text.replace(text, meant), heard=heard)
    return result


def _belong_together(first: _Piece, second: _Piece) -> bool:
    if first.after or second.before.strip():
        return False
    return set(scripts.of_letters(first.core)) == set(scripts.of_letters(second.core))


def _halves(piece: _Piece, cut: int) -> tuple[_Piece, _Piece]:
    word = piece.word
    middle = word.start_ms + (word.end_ms - word.start_ms) * cut // len(piece.core)
    return (
        _Piece(replace(word, end_ms=middle), piece.before, piece.core[:cut], ""),
        _Piece(replace(word, start_ms=middle), " ", piece.core[cut:], piece.after),
    )


def _piece(word: RawWord) -> _Piece | None:
    found = _CORE.search(word.text)
    if found is None:
        return None
    return _Piece(word, word.text[: found.start()], found[0], word.text[found.end() :].translate(_MARKS))
