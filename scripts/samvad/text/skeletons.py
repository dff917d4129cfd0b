"""What Urdu's letters and those of India both write of a word: by that, one is found by the other.

Urdu leaves short vowels out, and has one letter (و) for ū, o, au and v, one (ی) for ī, e, ai and y; at the end of a
word ے tells e and ai from ī. A skeleton has a sign a sound: ``A``, ``W``, ``Y`` and ``E`` for these, ``N`` for the
nasal of a vowel, ``h`` after a consonant for its breath, ``T``, ``D`` and ``R`` for retroflex ones, ``S`` for sh. That
of a word of India also has the ``i`` and ``u`` that Urdu would leave out, and Whisper writes as long now and then.
"""

from __future__ import annotations

import functools
import re
import unicodedata

from samvad.text import phonetic
from samvad.text.romanise import as_devanagari, is_indic

#: Letters that Urdu says alike are one (Naim, Introductory Urdu, 1999, chapter 1).
_URDU = {
    "ب": "b", "پ": "p", "ت": "t", "ط": "t", "ٹ": "T", "ث": "s", "س": "s", "ص": "s", "ش": "S", "ج": "j", "چ": "c",
    "ح": "h", "ہ": "h", "ھ": "h", "ه": "h", "ة": "t", "ۃ": "t", "خ": "kh", "د": "d", "ڈ": "D", "ذ": "z", "ز": "z",
    "ض": "z", "ظ": "z", "ژ": "z", "ر": "r", "ڑ": "R", "غ": "g", "ف": "f", "ق": "k", "ک": "k", "ك": "k", "گ": "g",
    "ل": "l", "م": "m", "ن": "n", "ں": "N", "و": "W", "ؤ": "W", "ی": "Y", "ي": "Y", "ى": "Y", "ے": "E", "ۓ": "E",
    "ا": "A", "آ": "A", "أ": "A", "إ": "A", "ع": "A", "ء": "", "ئ": "Y",
}  # fmt: skip
#: Before a long vowel ئ only says that it begins anew.
_HIATUS = re.compile("ئ(?=[یيىےۓو])")
_DEVANAGARI = {
    **dict(zip("कगङचजञटडणतदनपबमयरलळवशषसह", "kgncjnTDntdnpbmYrllWSSsh", strict=True)),
    **dict(zip("खघछझठढथधभ", ["kh", "gh", "ch", "jh", "Th", "Dh", "th", "dh", "bh"], strict=True)),
    "फ": "f", "ऩ": "n", "ऱ": "r", "ऴ": "l", "ं": "n", "ँ": "N", "ः": "h",
    **dict(zip("ािीुूृॅॆेैॉॊोौ", ["A", "i", "Y", "u", "W", "r", "Y", "Y", "Y", "Y", "A", "W", "W", "W"], strict=True)),
    **dict(zip("आइईउऊऋऍऎएऐऑऒओऔ", ["A", "i", "Y", "u", "W", "r", "Y", "Y", "Y", "Y", "A", "W", "W", "W"], strict=True)),
}  # fmt: skip
_NUKTA = "़"
_WITH_NUKTA = {"D": "R", "Dh": "Rh", "j": "z", "jh": "z", "kh": "kh", "g": "g", "f": "f", "k": "k", "Y": "Y"}
_SAID_AS = (("ज्ञ", "ग्य"), ("्", ""))
_LABIALS = frozenset("पफबभम")
_INITIAL_VOWELS = frozenset("अइईउऊऍऎएऐऒओऔ")

_CHANGED = {
    "AE": 0.7, "AY": 0.8, "AW": 0.8, "Ah": 0.35, "WY": 0.8, "EY": 0.25, "EW": 0.9, "Eh": 0.6,
    "tT": 0.25, "dD": 0.25, "rR": 0.25, "DR": 0.25, "dR": 0.4, "lr": 0.7, "nN": 0.15, "mn": 0.45, "mN": 0.5, "sS": 0.3,
    "jz": 0.15, "sz": 0.35, "Sc": 0.5, "cs": 0.5, "fp": 0.3, "bW": 0.35, "fW": 0.6, "cj": 0.5, "gk": 0.5, "dt": 0.45,
    "DT": 0.45, "Dt": 0.6, "Td": 0.6, "bp": 0.5, "bf": 0.7, "gj": 0.6, "jY": 0.6, "hk": 0.7, "Yn": 0.8, "ln": 0.8,
    "Yi": 0.15, "Wu": 0.15, "bm": 0.7, "bd": 0.8, "bg": 0.8, "pt": 0.8, "kt": 0.8, "dg": 0.8, "dj": 0.7, "rD": 0.4,
}  # fmt: skip
_DROPPED = {"i": 0.0, "u": 0.0, "h": 0.25, "N": 0.15, "n": 0.55, "A": 0.5, "W": 0.5, "Y": 0.45, "E": 0.6, "r": 0.7}
_OTHER, _GONE = 1.0, 0.9
_FIRST = 0.25


def in_urdu(text: str) -> bool:
    """Return whether a text has a letter of Urdu's."""
    return any(letter in _URDU for letter in text)


@functools.lru_cache(maxsize=50_000)
def of_urdu(word: str) -> str:
    """Return the skeleton of a word in Urdu's letters; signs that are none of them are passed over."""
    text = _HIATUS.sub("", unicodedata.normalize("NFC", word))
    found = _single("".join(_URDU.get(letter, "") for letter in text))
    return found[:-1].replace("E", "Y") + found[-1:]


def of_indic(word: str) -> str:
    """Return the skeleton that a word of an Indian script would have in Urdu's letters."""
    text = as_devanagari(word)
    for written, said in _SAID_AS:
        text = text.replace(written, said)
    found: list[str] = []
    for place, letter in enumerate(text):
        if letter == _NUKTA:
            if found:
                found[-1] = _WITH_NUKTA.get(found[-1], found[-1])
            continue
        sign = _DEVANAGARI.get(letter, "")
        if letter == "ं":
            sign = "N" if place == len(text) - 1 else "m" if text[place + 1] in _LABIALS else "n"
        elif not place and letter in _INITIAL_VOWELS:
            sign = "A" + sign
        found.append(sign)
    if text[-1:] in tuple("ेैएऐ") and found:
        found[-1] = found[-1].replace("Y", "E")
    return _single("".join(found))


def consonants(skeleton: str) -> str:
    """Return the key under which words are looked up: what is seldom misheard of a skeleton."""
    key = re.sub("[AWYEhNiu]", "", skeleton).replace("R", "r").casefold().translate(_SAME)
    return re.sub(r"(.)\1+", r"\1", key)


def key_of(word: str) -> str:
    """Return the consonants of a word in the letters of Urdu, India or Latin, the same for each."""
    if in_urdu(word):
        return consonants(of_urdu(word))
    if any(map(is_indic, word)):
        return consonants(of_indic(word))
    return latin_key(phonetic.sounds(word))


def latin_key(sounds: str) -> str:
    """Return the consonants of a word of Latin letters, from its sounds as in phonetic.py."""
    return consonants(re.sub("[aeiouAEIOUNy]", "", sounds))


def agreement(first: str, second: str) -> float:
    """Return how far two texts have the same consonants, whatever their letters: from 0 to 1."""
    one, other = ("".join(map(key_of, text.split())) for text in (first, second))
    line = list(range(len(other) + 1))
    for row, ours in enumerate(one, start=1):
        above, line = line, [row]
        for column, theirs in enumerate(other):
            line.append(min(above[column] + (ours != theirs), above[column + 1] + 1, line[column] + 1))
    longer = max(len(one), len(other))
    return 1 - line[-1] / longer if longer else 0.0


def coarse(key: str) -> str:
    """Return a key that is the same where voiced and unvoiced consonants, or an n, were taken for each other."""
    return re.sub(r"(.)\1+", r"\1", key.translate(_COARSE))


_SAME = str.maketrans({"z": "j", "f": "p", "v": None, "w": None, "y": None})
_COARSE = str.maketrans({"g": "k", "j": "c", "s": "c", "d": "t", "b": "p", "l": "r", "m": None, "n": None})


@functools.lru_cache(maxsize=200_000)
def distance(heard: str, known: str, limit: float = 99.0) -> float:
    """Return the cost of the cheapest way from one skeleton to the other, or infinity where it is above a limit."""
    above = [0.0]
    for index, sign in enumerate(known):
        above.append(above[-1] + _gone(sign, index))
    for row, ours in enumerate(heard):
        line = [above[0] + _gone(ours, row)]
        for column, theirs in enumerate(known):
            change = 0.0
            if ours != theirs:
                change = _CHANGED.get(ours + theirs, _CHANGED.get(theirs + ours, _OTHER))
                if not row and not column:
                    change += _FIRST
            line.append(
                min(
                    above[column] + change,
                    above[column + 1] + _gone(ours, row),
                    line[column] + _gone(theirs, column),
                )
            )
        if min(line) > limit:
            return float("inf")
        above = line
    return above[-1]


def _gone(sign: str, index: int) -> float:
    return _DROPPED.get(sign, _GONE) + (0.0 if index or sign in "iu" else _FIRST)


def _single(found: str) -> str:
    """Return a skeleton with doubled signs once, and with one way of writing f."""
    return re.sub(r"(.)\1+", r"\1", found.replace("ph", "f"))
