"""Write Indian scripts in Latin letters, the way people type them: ``क्या कर रहे हो`` becomes ``kya kar rahe ho``.

No scholarly scheme: no marks above or below letters, and the vowel that Hindi writes but does not say is left out. The
scripts of India lie in Unicode in one order (that of ISCII, 1991), so one table serves nine of them.
"""

from __future__ import annotations

import unicodedata

#: First code points of the scripts that share the order, and whether their languages drop a word's last short a.
_BLOCKS: dict[int, bool] = {
    0x900: True,  # Devanagari
    0x980: True,  # Bengali
    0xA00: True,  # Gurmukhi
    0xA80: True,  # Gujarati
    0xB00: False,  # Odia
    0xB80: False,  # Tamil
    0xC00: False,  # Telugu
    0xC80: False,  # Kannada
    0xD00: False,  # Malayalam
}

_CONSONANTS = {
    0x15: "k", 0x16: "kh", 0x17: "g", 0x18: "gh", 0x19: "n", 0x1A: "ch", 0x1B: "chh", 0x1C: "j",
    0x1D: "jh", 0x1E: "n", 0x1F: "t", 0x20: "th", 0x21: "d", 0x22: "dh", 0x23: "n", 0x24: "t",
    0x25: "th", 0x26: "d", 0x27: "dh", 0x28: "n", 0x29: "n", 0x2A: "p", 0x2B: "ph", 0x2C: "b",
    0x2D: "bh", 0x2E: "m", 0x2F: "y", 0x30: "r", 0x31: "r", 0x32: "l", 0x33: "l", 0x34: "l",
    0x35: "v", 0x36: "sh", 0x37: "sh", 0x38: "s", 0x39: "h", 0x58: "q", 0x59: "kh", 0x5A: "gh",
    0x5B: "z", 0x5C: "d", 0x5D: "dh", 0x5E: "f", 0x5F: "y",
}  # fmt: skip
_VOWELS = {
    0x05: "a", 0x06: "aa", 0x07: "i", 0x08: "ee", 0x09: "u", 0x0A: "oo", 0x0B: "ri", 0x0C: "li", 0x0D: "e",
    0x0E: "e", 0x0F: "e", 0x10: "ai", 0x11: "o", 0x12: "o", 0x13: "o", 0x14: "au", 0x60: "ri", 0x72: "a",
}  # fmt: skip
_SIGNS = {
    0x3E: "aa", 0x3F: "i", 0x40: "ee", 0x41: "u", 0x42: "oo", 0x43: "ri", 0x44: "ri", 0x45: "e", 0x46: "e",
    0x47: "e", 0x48: "ai", 0x49: "o", 0x4A: "o", 0x4B: "o", 0x4C: "au", 0x57: "au",
}  # fmt: skip
_NUKTA_FORMS = {"k": "q", "kh": "kh", "g": "gh", "j": "z", "d": "d", "dh": "dh", "ph": "f", "y": "y"}
_NASAL, _VISARGA, _NUKTA, _VIRAMA, _OM = (0x01, 0x02, 0x70), 0x03, 0x3C, 0x4D, 0x50
_MARKS = {"।": ".", "॥": ".", "۔": ".", "\u200c": "", "\u200d": ""}
#: How everyday writing ends a word, by its last vowel and what follows that: ``ladki``, ``tu``, ``nahin``, ``mein``.
_ENDS = {("ee", ""): "i", ("oo", ""): "u", ("ee", "n"): "in", ("e", "n"): "ein"}


def romanise(text: str) -> str:
    """Return a text with its Indian scripts in Latin letters; everything else stays as it is."""
    result = []
    word: list[str] = []
    for character in unicodedata.normalize("NFC", text) + " ":
        if _offset(character) is not None and character not in _MARKS and not _digit(character):
            word.append(character)
            continue
        if word and character not in ("\u200c", "\u200d"):
            result.append(_word(word))
            word = []
        digit = _digit(character)
        result.append(digit if digit else _MARKS.get(character, character))
    return "".join(result)[:-1]


def _offset(character: str) -> int | None:
    """Return a character's place in its script's block, or None where it is of none of them."""
    code = ord(character)
    return code & 0x7F if code & ~0x7F in _BLOCKS else None


def _digit(character: str) -> str:
    offset = _offset(character)
    return str(offset - 0x66) if offset is not None and 0x66 <= offset <= 0x6F else ""


def _word(characters: list[str]) -> str:
    syllables = _syllables(characters)
    if _BLOCKS[ord(characters[0]) & ~0x7F]:
        _drop_unspoken(syllables)
    # Only at the beginning of a word is the long a written double: aap, but bat.
    spelled = [
        (consonants, "a" if vowel == "aa" and (consonants or place) else vowel or "", tail)
        for place, (consonants, vowel, tail) in enumerate(syllables)
    ]
    consonants, vowel, tail = spelled.pop()
    end = _ENDS.get((vowel, tail)) if consonants else None
    sounds = [sound for before, inside, after in spelled for sound in (*before, inside, after)]
    return "".join([*sounds, *consonants, vowel + tail if end is None else end])


def _syllables(characters: list[str]) -> list[tuple[list[str], str | None, str]]:
    """Return a word's syllables: consonants, vowel (``a`` where none is written), what follows the vowel."""
    syllables: list[tuple[list[str], str | None, str]] = []
    joined = False
    for character in characters:
        offset = _offset(character) or 0
        if offset in _CONSONANTS:
            if joined and syllables:
                syllables[-1] = ([*syllables[-1][0], _CONSONANTS[offset]], "a", "")
            else:
                syllables.append(([_CONSONANTS[offset]], "a", ""))
        elif offset in _VOWELS:
            syllables.append(([], _VOWELS[offset], ""))
        elif offset == _OM:
            syllables.append(([], "o", "m"))
        elif syllables:
            consonants, vowel, tail = syllables[-1]
            if offset == _NUKTA and consonants:
                consonants = [*consonants[:-1], _NUKTA_FORMS.get(consonants[-1], consonants[-1])]
            elif offset in _SIGNS:
                vowel = _SIGNS[offset]
            elif offset == _VIRAMA:
                vowel = None
            elif offset in _NASAL:
                tail = "n"
            elif offset == _VISARGA:
                tail = "h"
            syllables[-1] = (consonants, vowel, tail)
        joined = offset == _VIRAMA
    return syllables or [([], "", "")]


def _drop_unspoken(syllables: list[tuple[list[str], str | None, str]]) -> None:
    """Take out the short a that is written and not said (Ohala's rule, Aspects of Hindi Phonology, 1983).

    It goes at the end of a word, and, from the end on, between single consonants that both have a vowel outside:
    ``karana`` becomes ``karna``.
    """
    dropped = False
    for place in range(len(syllables) - 1, 0, -1):
        consonants, vowel, tail = syllables[place]
        last = place == len(syllables) - 1
        if vowel != "a" or tail or not consonants:
            dropped = False
            continue
        before = syllables[place - 1]
        if last:
            dropped = len(consonants) == 1 or consonants[-1] not in ("y", "v", "r", "l")
        else:
            after = syllables[place + 1]
            open_before = before[1] is not None and not before[2]
            dropped = not dropped and len(consonants) == 1 and len(after[0]) == 1 and bool(after[1]) and open_before
        if dropped:
            syllables[place] = (consonants, None, tail)
