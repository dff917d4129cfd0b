"""Spell a word of other letters in a script of India, letter by letter: for what no dictionary knows.

The consonants are those that were written. Vowels that Urdu leaves out are the short a that Devanagari leaves out, too;
of the vowels that one letter of Urdu's stands for, the commonest is taken. The scripts of India are one table apart
(romanise.py); what one of them has no letter for is written with its nearest.
"""

from __future__ import annotations

import re
import unicodedata

from samvad.text import english, phonetic, scripts
from samvad.text.romanise import as_devanagari
from samvad.text.skeletons import in_urdu

_VIRAMA = "्"
#: A vowel as it stands alone, and as the sign after a consonant.
_VOWELS = {
    "a": ("अ", ""), "A": ("आ", "ा"), "i": ("इ", "ि"), "I": ("ई", "ी"), "u": ("उ", "ु"), "U": ("ऊ", "ू"),
    "e": ("ए", "े"), "E": ("ऐ", "ै"), "o": ("ओ", "ो"), "O": ("औ", "ौ"),
    "W": ("ऑ", "ॉ"),
}  # fmt: skip
_CONSONANTS = {
    **dict(zip("kKgGcCjJtTdDnpfbBmyrlvSsh", "कखगघचछजझतथदधनपफबभमयरलवशसह", strict=True)),
    **{"z": "ज़", "R": "ड़", "X": "ढ़", "N": "ं"},
}
#: Consonants that are written in one at the beginning of a word, or wherever they stand together.
_TOGETHER = re.compile("^[kKgGcjtTdDpfbBmsSvn][rylv]|^s[ktTpnmv]|^S[r]|[sS][tTkp]|kS|r[mkgtdnv]$|n[nh]|[kgtdpbml][y]")
#: The same where the short vowels are not written: only a long one after them says that there is none between them.
_TOGETHER_IN_URDU = re.compile("^[kgtdpbsv][y](?=[AIoe])|^s[ktpट](?=[AIoe])|^[pkgtd]r(?=[AIoe])")
#: English leaves no vowel unwritten.
_ALL_TOGETHER = re.compile(r"(?=[^aAiIuUeEoOW][^aAiIuUeEoOW])")
_NASAL = re.compile("n(?=[kKgGcCjJtTdDटड])|m(?=[pfbB])")

_URDU = {
    "ب": "b", "پ": "p", "ت": "t", "ط": "t", "ٹ": "ट", "ث": "s", "س": "s", "ص": "s", "ش": "S", "ج": "j", "چ": "c",
    "ح": "h", "ہ": "h", "ه": "h", "خ": "K", "د": "d", "ڈ": "ड", "ذ": "z", "ز": "z", "ض": "z", "ظ": "z", "ژ": "z",
    "ر": "r", "ڑ": "R", "غ": "g", "ف": "f", "ق": "k", "ک": "k", "ك": "k", "گ": "g", "ل": "l", "م": "m", "ن": "n",
    "ں": "N", "ا": "A", "آ": "A", "أ": "A", "إ": "i", "ع": "A", "ے": "e", "ۓ": "e", "ۃ": "t", "ة": "t",
}  # fmt: skip
_BREATHED = {
    "k": "K",
    "g": "G",
    "c": "C",
    "j": "J",
    "t": "T",
    "d": "D",
    "b": "B",
    "p": "f",
    "ट": "ठ",
    "ड": "ढ",
    "R": "X",
}
_SHORT = {"\u064e": "a", "\u0650": "i", "\u064f": "u"}
_VOWEL_SOUNDS = frozenset("aAiIuUeEoO")
_BETWEEN = frozenset("ویيى")
_HAMZA = "ئؤء"

#: First code points of the scripts' blocks, which are laid out alike (Unicode 16, chapter 12).
SCRIPTS = {
    "Deva": 0x900, "Beng": 0x980, "Guru": 0xA00, "Gujr": 0xA80, "Orya": 0xB00, "Taml": 0xB80, "Telu": 0xC00,
    "Knda": 0xC80, "Mlym": 0xD00,
}  # fmt: skip
#: What can be read here and written in one of these.
READABLE = frozenset({scripts.LATIN, "Arab", *SCRIPTS})
#: Gurmukhi writes the nasal of a short vowel with a sign of its own (Unicode 16, chapter 12.3).
_TIPPI = re.compile("(?<=[\u0a05\u0a07\u0a15-\u0a39\u0a3f\u0a41\u0a42\u0a3c])\u0a02")
#: What a script has no letter for, in letters that it has.
_NEAREST = {
    "Taml": dict(zip("खगघछझठडढथदधफबभशृ", "कककचजटटटतततपपपसि", strict=True)),
    "Guru": {"ष": "श", "ऋ": "रि", "ृ": "्रि"},
    "Beng": {"व": "ब"},
}
_ALWAYS = {"ॉ": "ो", "ॅ": "े", "ऑ": "ओ", "ऍ": "ए", "ळ": "ल", "ऩ": "न", "ऱ": "र", "ऴ": "ल"}
_HAVE_L = frozenset({"Gujr", "Orya", "Taml", "Telu", "Knda", "Mlym", "Deva"})


def decodable(language: str, setting: str) -> frozenset[str]:
    """Return the scripts that a model may write a language in, as what is in another can be put into the asked one.

    Args:
        language: short code.
        setting: as in ``scripts.allowed_scripts``, which this is for a language that is not of India's nine scripts.
    """
    allowed = scripts.allowed_scripts(language, setting)
    return READABLE if target(language, setting) else allowed


def target(language: str, setting: str) -> str:
    """Return the script that a text of other letters is put into; empty where it stays as it was decoded."""
    own = scripts.allowed_scripts(language, "native")
    return next(iter(own)) if setting in ("native", "native_latin") and len(own) == 1 and own <= SCRIPTS.keys() else ""


def respell(word: str, script: str) -> str:
    """Return a word of other letters in a script of India's; as it is where its letters are not known.

    Args:
        word: in the letters of Urdu, Latin ones, or those of any script of India.
        script: ISO 15924 code of one of the nine.
    """
    if in_urdu(word):
        spelled = _of_sounds(_urdu_sounds(word), vowels_said=False)
    elif devanagari := as_devanagari(word):
        spelled = devanagari
    elif heard := phonetic.sounds(word):
        spelled = _of_sounds(heard, vowels_said=True)
    else:
        return word
    return into(spelled, script) or word


def respell_english(word: str, script: str) -> str:
    """Return an English word in a script of India's, by what its spelling says."""
    return into(_of_sounds(english.sounds(word), vowels_said=True, together=_ALL_TOGETHER), script) or word


def into(devanagari: str, script: str) -> str:
    """Return a text in Devanagari in another script of India."""
    if script == "Deva":
        return devanagari
    nearest = {**({} if script in _HAVE_L else {"ळ": "ल"}), **_NEAREST.get(script, {})}
    found = "".join(nearest.get(letter, letter) for letter in unicodedata.normalize("NFC", devanagari))
    result = ""
    for letter in found:
        if not 0x900 <= ord(letter) < 0x964:
            result += letter
            continue
        moved = chr(SCRIPTS[script] + ord(letter) - 0x900)
        if not unicodedata.name(moved, ""):
            moved = chr(SCRIPTS[script] + ord(_ALWAYS[letter]) - 0x900) if letter in _ALWAYS else ""
        result += moved
    return unicodedata.normalize("NFC", _TIPPI.sub("\u0a70", result))


def _urdu_sounds(word: str) -> list[str]:
    """Return the sounds that an Urdu word writes, a vowel for each letter that may be one."""
    letters = unicodedata.normalize("NFC", word)
    found: list[str] = []
    for place, letter in enumerate(letters):
        following = letters[place + 1 : place + 2]
        before = found[-1] if found else ""
        after_vowel = before in _VOWEL_SOUNDS
        if letter in ("ھ", "ہ") and before in _BREATHED and letter == "ھ":
            found[-1] = _BREATHED[before]
        elif letter == "ہ" and not following and len(found) > 1 and before and not after_vowel:
            found.append("A")
        elif letter in _SHORT:
            found.append(_SHORT[letter])
        elif letter in _HAMZA:
            if letter == "ؤ":
                found.append("o")
            elif letter == "ئ" and (not following or following not in "ویيىےۓ"):
                found.append("I")
        elif letter in _BETWEEN:
            _between(letter, found, following)
        elif letter in "اع" and not found and following and following not in _BETWEEN and following not in "اآے":
            found.append("a")
        elif letter in "اع" and not found and following in _BETWEEN:
            continue
        elif letter in _URDU and not (_URDU[letter] == "A" and before == "A"):
            found.append(_URDU[letter])
    return found


def _between(letter: str, found: list[str], following: str) -> None:
    """Add و or ی, which are consonants at a word's beginning and between vowels, and vowels elsewhere."""
    vowel, consonant = ("o", "v") if letter == "و" else ("I", "y")
    before = found[-1] if found else ""
    opens = bool(following) and following in "اآےںئ" and following not in "ںئ"
    if (not found and following and opens) or opens or (before in _VOWEL_SOUNDS and before != "a" and letter == "و"):
        found.append(consonant)
    elif not found:
        found.append({"o": "o", "I": "I"}[vowel] if not following or following not in "ںنہ" else consonant)
    else:
        found.append("e" if vowel == "I" and following == "ں" else vowel)


def _of_sounds(heard: list[str] | str, *, vowels_said: bool, together: re.Pattern[str] | None = None) -> str:
    """Return sounds in Devanagari.

    Args:
        heard: a letter each, as in phonetic.py.
        vowels_said: whether the short a was written where it is said; else it is taken to be said everywhere.
        together: consonants that are written in one; None for those of Hindi.
    """
    text = "".join(heard)
    if together is None:
        together = _TOGETHER if vowels_said else _TOGETHER_IN_URDU
    spelled = ""
    open_consonant = False
    for place, sound in enumerate(text):
        if sound in _VOWELS:
            alone, sign = _VOWELS[sound]
            spelled += sign if open_consonant else alone
            open_consonant = False
            continue
        if sound == "N" or (_NASAL.match(text, place) and place and text[place - 1] in _VOWELS and vowels_said):
            spelled += "ं"
            open_consonant = False
            continue
        joined = open_consonant and any(found.start() == place - 1 for found in together.finditer(text))
        spelled += (_VIRAMA if joined else "") + _CONSONANTS.get(sound, sound)
        open_consonant = True
    return unicodedata.normalize("NFC", spelled)
