"""The consonants of a text, so that a Roman title is found in Devanagari, however it is spelled."""

from __future__ import annotations

import re
import unicodedata

from samvad.text import phonetic

#: Borrowed consonants fall together with the nearest, aspirated ones with the plain ones.
_SAME = str.maketrans({"z": "j", "f": "p"})
_VOWEL = re.compile("[aeiou]")
_DOUBLED = re.compile(r"(.)\1+")


def sound_of(text: str) -> str:
    """Return the consonants of each word: ``kb kb dt`` for ``Kabhi Kabhi Aditi`` as for ``कभी कभी अदिती``.

    Vowels are left out, because Roman spellings of Hindi do not agree on them; doubled consonants count once. A word of
    a script whose sounds are not known stays as it is.
    """
    kept = (sign if unicodedata.category(sign)[0] in "LM" else " " for sign in re.sub("['’\u200c\u200d]", "", text))
    return " ".join(filter(None, map(_of_word, "".join(kept).split())))


def _of_word(word: str) -> str:
    heard = phonetic.sounds(word)
    return _DOUBLED.sub(r"\1", _VOWEL.sub("", _flat(heard))) if heard else word.casefold()


def _flat(heard: str) -> str:
    return heard.replace("R", "d").casefold().translate(_SAME)
