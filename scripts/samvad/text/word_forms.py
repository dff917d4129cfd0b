"""The words of a text, in one form: what is counted and compared from recognition to the cues."""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata

from samvad.text import scripts

#: Marks that belong to the letter before them, by blocks of Unicode in which there is little else: accents, Cyrillic,
#: Hebrew, Arabic to Syriac, Thaana to Arabic extended, the scripts of India (but for their dandas), Thai and Lao,
#: Tibetan, Myanmar, Ethiopic, Khmer, Mongolian, Balinese to Vedic, Japanese, Meetei; and joiners.
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0711\u0730-\u074a"
    "\u07a6-\u07f3\u0816-\u082d\u0859-\u085b\u0898-\u0963\u0971-\u0dff\u0e31-\u0e4e\u0eb1-\u0ece\u0f18\u0f19\u0f35-\u0f39"
    "\u0f3e\u0f3f\u0f71-\u0f84\u0f86-\u0fbc\u102b-\u103e\u1056-\u109d\u135d-\u135f\u17b4-\u17d3\u17dd\u180b-\u180f"
    "\u1ab0-\u1cf9\u1dc0-\u1dff\u20d0-\u20f0\u302a-\u302f\u3099\u309a\ua802-\uabed\ufe00-\ufe0f\ufe20-\ufe2f\u200c\u200d"
)
#: No sign of Chinese or Japanese comes before this one; what is no part of a word at its edges.
_FIRST_UNSPACED, _EDGES = "\u3005", "'’\u200c\u200d"
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}'’])*")


@functools.lru_cache(maxsize=1 << 15)
def of(text: str) -> tuple[str, ...]:
    """Return a text's words in order, in small letters and Unicode's composed form, without punctuation.

    They are remembered: a film's texts are counted again at each step of their way. What stands between spaces and
    punctuation is a word; an apostrophe inside one belongs to it. Of Chinese and Japanese, which set no spaces, each
    sign is one.
    """
    found: list[str] = []
    for word in _WORD.findall(unicodedata.normalize("NFC", text).casefold()):
        if word.isascii() or max(word) < _FIRST_UNSPACED:
            found.append(word)
            continue
        for unspaced, signs in itertools.groupby(word, is_unspaced):
            run = "".join(signs)
            found += run if unspaced else (run,)
    return tuple(bare for word in found if (bare := word.strip(_EDGES)))


def with_other(text: str, old: str, new: str, start: int = 0) -> tuple[str, int] | None:
    """Return a text with a whole word, or several, written otherwise where it first stands; None where it does not.

    Args:
        text: of a segment.
        old: what stands in it: "Rahul" also in "Rahul's", and not in "Rahulji".
        new: what is written in its place.
        start: index of the first character to look at.

    Returns:
        The text, and the index behind what was written.
    """
    whole = rf"(?<![^\W_])(?<![{_MARKS}]){re.escape(old)}(?![^\W_])(?![{_MARKS}])"
    found = re.compile(whole).search(text, start)
    return (text[: found.start()] + new + text[found.end() :], found.start() + len(new)) if found else None


def is_unspaced(character: str) -> bool:
    """Return whether a character is of a script that sets no spaces between words, Chinese or Japanese."""
    return character >= _FIRST_UNSPACED and scripts.script_of(character) in ("Hani", "Jpan")
