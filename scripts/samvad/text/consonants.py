"""The consonants of a text in Latin letters, so that a Roman title is found in Devanagari, however it is spelled."""

from __future__ import annotations

import re
import unicodedata

#: Spellings of one sound: aspirated consonants fall together with the plain ones, borrowed ones with the nearest.
_SAME = str.maketrans({"z": "j", "w": "v", "f": "p", "q": "k", "x": "ks"})
_ASPIRATED = re.compile(r"([bcdgjkpst])h+")
_NOT_CONSONANT = re.compile(r"[^b-df-hj-np-tv-z ]")
_DOUBLED = re.compile(r"(.)\1+")
#: Silent at the end of a word: ``woh`` is वो.
_LAST_H = re.compile(r"h\b")


def sound_of(text: str) -> str:
    """Return the consonants of each word: ``kb kb dt`` for ``Kabhi Kabhi Aditi`` as for ``कभी कभी अदिती``.

    The letters of the scripts of India are told by their names in Unicode, which are the same in all of them. Vowels
    are left out, because Roman spellings of Hindi do not agree on them; doubled consonants count once.
    """
    letters = "".join(map(_latin, unicodedata.normalize("NFKD", text).casefold()))
    plain = _LAST_H.sub("", _ASPIRATED.sub(r"\1", letters)).translate(_SAME)
    return " ".join(_DOUBLED.sub(r"\1", _NOT_CONSONANT.sub("", plain)).split())


def _latin(character: str) -> str:
    """Return a character in Latin letters: ``kh`` and a vowel for क's aspirated sister, ``n`` for a nasal sign."""
    if character.isascii():
        return character if character.isalpha() or character.isspace() else " " if character != "'" else ""
    name = unicodedata.name(character, "")
    kind = unicodedata.category(character)[0]
    if " LETTER " in name and kind == "L" and not name.startswith("LATIN"):
        letter = name.rsplit(" ", 1)[1].lower()
        consonant = letter.rstrip("aeiou") if letter[0] not in "aeiou" else ""
        return {"ng": "n", "ny": "n"}.get(consonant, consonant) + "a"  # the vowel keeps it from the next consonant
    if "ANUSVARA" in name or "CANDRABINDU" in name:
        return "n"
    return "" if kind in "MC" else " "
