"""Measures of a text by itself: its plain form, how it loops, how well it compresses."""

from __future__ import annotations

import functools
import re
import unicodedata
import zlib
from collections.abc import Collection, Iterator, Sequence

from samvad.text import scripts

#: Longest stretch of text that is looked for as the unit of a loop, in characters.
_LONGEST_UNIT = 80
#: A unit of so many words, and letters, is a loop from its second round on.
_LONG_UNIT_WORDS, _LONG_UNIT_LETTERS = 3, 8
#: A film's texts and words are asked about again at each step that mends them: so many answers are kept.
_REMEMBERED = 1 << 14

#: A mark as recognisers write it where they hear no words; signs of money and reckoning are not among them.
_MARK = r"[.।॥,;:!?。،؟۔、・…·|~*_=/\\<>#•♪♫–—-]"
_BETWEEN = "[\\s\u200b-\u200d]*"  # joiners are not seen
_RUN = re.compile(f"({_MARK}(?:{_BETWEEN}{_MARK}){{0,2}}?)(?:{_BETWEEN}\\1){{2,}}")


@functools.lru_cache(_REMEMBERED)
def plain(text: str) -> str:
    """Return a text in small letters, without punctuation, with single spaces.

    Marks are kept beside letters and digits: in Devanagari the vowels are marks. Joiners vanish without a space.
    """
    folded = unicodedata.normalize("NFC", text).casefold()
    kinds = ((character, unicodedata.category(character)) for character in folded)
    return " ".join("".join(c if kind[0] in "LMN" else " " for c, kind in kinds if kind != "Cf").split())


def loop(text: str, at_least: int) -> tuple[int, int]:
    """Return how many characters the longest loop in a plain text covers, and how often its unit comes in it.

    A loop is a unit of any characters, also inside one word, that follows itself: in ``no no no no`` the unit is
    ``no `` and comes 4 times in 11 characters. Without a loop: (0, 0).

    Args:
        text: in plain form.
        at_least: how often the unit must come; 2 or more.
    """
    best = (0, 0)
    closed = text + " "  # so that the last unit is as whole as the others
    for period in range(1, min(_LONGEST_UNIT, len(closed) // at_least) + 1):
        for _, same in _repeating(closed, period, (at_least - 1) * period):
            if same + period > best[0]:  # multiples of the unit cover no more than it does
                best = (same + period, (same + period) // period)
    return min(best[0], len(text)), best[1]


def loop_span(text: str, at_least: int) -> tuple[int, int, int] | None:
    """Return where the longest loop of a text begins, the length of its unit, and where it ends; None without a loop.

    Args:
        text: as it is; a loop's rounds must be alike to the letter.
        at_least: how often the unit must come.
    """
    best: tuple[int, int, int] | None = None
    for period in range(1, min(_LONGEST_UNIT, len(text) // at_least) + 1):
        for begin, same in _repeating(text, period, (at_least - 1) * period):
            if best is None or same + period > best[2] - best[0]:
                best = (begin, period, begin + same + period)
    return best


def _repeating(text: str, period: int, at_least: int) -> Iterator[tuple[int, int]]:
    """Yield where stretches begin whose every character comes again a period later, and how long each is.

    Of a stretch of ``at_least`` characters or more, one in so many is looked at: of most periods that is all.
    """
    last = len(text) - period
    at = at_least - 1
    while at < last:
        if text[at] != text[at + period]:
            at += at_least
            continue
        begin, end = at, at + 1
        while begin and text[begin - 1] == text[begin - 1 + period]:
            begin -= 1
        while end < last and text[end] == text[end + period]:
            end += 1
        if end - begin >= at_least:
            yield begin, end - begin
        at = end + at_least


def longest_word_loop(keys: Sequence[str], at_least: int, characters: int) -> tuple[int, int, int] | None:
    """Return where the longest loop of words begins, how many words its unit has, and where it ends; None without one.

    Args:
        keys: the words in plain form.
        at_least: how often the unit must come.
        characters: how many of them the loop must cover.
    """
    best: tuple[int, int, int] | None = None
    for period in range(1, len(keys) // at_least + 1):
        matched = 0
        for index in range(len(keys) - period + 1):
            if index < len(keys) - period and keys[index] == keys[index + period]:
                matched += 1
                continue
            span = (index - matched, period, index + period)
            letters = sum(map(len, keys[span[0] : span[2]]))
            enough = matched + period >= at_least * period and letters >= characters
            if enough and (best is None or span[2] - span[0] > best[2] - best[0]):
                best = span
            matched = 0
    return best


def outside_loops(keys: Sequence[str], at_least: int, rounds: int = 0, characters: int = 1) -> list[int]:
    """Return the places of the words that are in no loop of words, and of so many first rounds of each loop.

    Args:
        keys: the words in plain form.
        at_least: how often a unit must come to be a loop.
        rounds: 0 or 1.
        characters: how many of them a loop must cover.
    """
    places = list(range(len(keys)))
    firsts: set[int] = set()
    while found := longest_word_loop([keys[place] for place in places], at_least, characters):
        first, period, end = found
        # The first round stays until the last loop is found: without it, words before and after would make another.
        firsts |= set(places[first : first + period])
        places = places[: first + period] + places[end:]
    return places if rounds else [place for place in places if place not in firsts]


def without_runs(text: str) -> str:
    """Return a text in which no mark, and no two or three marks in turn, comes more than twice in a row.

    What stands for sound without words ("है।।।।", "है।.।.।.", "What?!?!?!", "है । । । ।") becomes one mark, or the two or
    three once. Of dots, three may stand.
    """
    return _RUN.sub(lambda found: found[1] if set(found[1]) - set(". ") else "...", text)


def other_scripts(text: str, spoken: Collection[str]) -> float | None:
    """Return the part of a text's letters (0 to 1) that none of some languages is written in; None without letters.

    Latin letters count as everybody's: people mix English into every language.

    Args:
        text: any text.
        spoken: short codes of languages; where the script of one is not known, the answer is None.
    """
    found = [scripts.script_of(letter) for letter in text if letter.isalpha()]
    if not found or not all(map(scripts.scripts_of, spoken)):
        return None
    allowed = frozenset({""}).union(*(scripts.allowed_scripts(language, "native_latin") for language in spoken))
    return round(sum(script not in allowed for script in found) / len(found), 2)


def compression_ratio(text: str) -> float:
    """Return how many times smaller zlib makes a text, in which every character counts as one byte.

    Whisper's own figure takes UTF-8, where Devanagari has three bytes a character, two of them nearly always the
    same: ordinary Hindi then seems as repetitive as a loop. Here each distinct character is one byte.
    """
    if not text:
        return 0.0
    codes = {character: index % 256 for index, character in enumerate(dict.fromkeys(text))}
    data = bytes(codes[character] for character in text)
    return len(data) / len(zlib.compress(data))


def word_loop(words: Sequence[str]) -> tuple[int, int, int] | None:
    """Return where the longest loop of whole words begins, how many words its unit has, and where it ends.

    A unit of three words or more (or of as many letters) is a loop from its second round on, a shorter one from its
    third: "no, no" and "very very" are said every day.

    Args:
        words: in plain form; None is found where no loop is.
    """
    best: tuple[int, int, int] | None = None
    for period in range(1, len(words) // 2 + 1):
        matched = 0
        for index in range(len(words) - period + 1):
            if index < len(words) - period and words[index] == words[index + period]:
                matched += 1
                continue
            first, end = index - matched, index + period
            letters = sum(map(len, words[first : first + period]))
            rounds = 2 if period >= _LONG_UNIT_WORDS and letters >= _LONG_UNIT_LETTERS else 3
            if matched + period >= rounds * period and (best is None or end - first > best[2] - best[0]):
                best = (first, period, end)
            matched = 0
    return best
