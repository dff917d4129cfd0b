"""How much two names sound alike, for Latin letters and the scripts of India.

A word becomes a string of sounds, one letter each, the same whatever the script: ``Simran`` and ``सिमरन`` both become
``simran``. What the scripts and their romanisations confuse (long and short vowels, breath, dental and retroflex, v and
w, s and sh, doubled letters) costs little in the edit distance between two such strings; what tells names apart costs
much. The costs were set by hand, on the tuning half of ``benchmarks/names.py`` alone.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
import unicodedata

_VOWELS = frozenset("aAiIuUeEoO")

# -- from letters to sounds ------------------------------------------------------------------------------------------

# Latin spellings, the longest first at each place. Capitals are the long vowels and the breathed consonants.
_LATIN = {
    "ksh": "kS", "chh": "C", "tch": "c", "sch": "S", "aai": "Ai", "aiy": "ay",
    "kh": "K", "gh": "G", "ch": "c", "jh": "J", "th": "T", "dh": "D", "ph": "f", "bh": "B", "sh": "S", "zh": "z",
    "rh": "r", "wh": "v", "ck": "k", "qu": "kv", "gn": "gn",
    "aa": "A", "ee": "I", "ea": "I", "ii": "I", "ie": "I", "oo": "U", "uu": "U", "ou": "O", "au": "O", "aw": "O",
    "ow": "O", "ai": "E", "ay": "E", "ei": "E", "ey": "E", "ae": "e", "oa": "o", "oe": "o", "ia": "iya",
    "a": "a", "b": "b", "c": "k", "d": "d", "e": "e", "f": "f", "g": "g", "h": "h", "i": "i", "j": "j", "k": "k",
    "l": "l", "m": "m", "n": "n", "o": "o", "p": "p", "q": "k", "r": "r", "s": "s", "t": "t", "u": "u", "v": "v",
    "w": "v", "x": "kS", "y": "y", "z": "z",
}  # fmt: skip
_LONGEST_SPELLING = max(map(len, _LATIN))
# Before a vowel the second letter of these begins the next syllable: Maya, Pawan.
_GLIDES = {"ai": "ay", "ay": "ay", "ei": "ey", "ey": "ey", "aw": "av", "ow": "ov", "au": "av"}

_CONSONANTS = {
    "क": "k", "ख": "K", "ग": "g", "घ": "G", "ङ": "n", "च": "c", "छ": "C", "ज": "j", "झ": "J", "ञ": "n", "ट": "t",
    "ठ": "T", "ड": "d", "ढ": "D", "ण": "n", "त": "t", "थ": "T", "द": "d", "ध": "D", "न": "n", "ऩ": "n", "प": "p",
    "फ": "f", "ब": "b", "भ": "B", "म": "m", "य": "y", "र": "r", "ऱ": "r", "ल": "l", "ळ": "l", "ऴ": "l", "व": "v",
    "श": "S", "ष": "S", "स": "s", "ह": "h",
}  # fmt: skip
_WITH_NUKTA = {"k": "k", "K": "K", "g": "G", "j": "z", "J": "z", "d": "R", "D": "R", "f": "f", "y": "y"}
_INDEPENDENT = {
    "अ": "a", "आ": "A", "इ": "i", "ई": "I", "उ": "u", "ऊ": "U", "ऋ": "ri", "ऌ": "li", "ऍ": "E", "ऎ": "e", "ए": "e",
    "ऐ": "E", "ऑ": "O", "ऒ": "o", "ओ": "o", "औ": "O",
}  # fmt: skip
_SIGNS = {
    "ा": "A", "ि": "i", "ी": "I", "ु": "u", "ू": "U", "ृ": "ri", "ॄ": "ri", "ॅ": "E", "ॆ": "e", "े": "e", "ै": "E",
    "ॉ": "O", "ॊ": "o", "ो": "o", "ौ": "O",
}  # fmt: skip
_VIRAMA, _NUKTA, _SCHWA = "्", "़", "@"
_NASALS = frozenset("ंँ")

# Jaipur and जयपुर, Lakhnau and लखनऊ: a glide or a second vowel at the end of a syllable makes a diphthong.
_DIPHTHONG = re.compile("a(?:[iIuU](?![aAeEoO])|[yv](?![aAiIuUeEoO]))")

# The scripts of India lie in Unicode in the order of Devanagari (ISCII's), each in a block of 128.
_FIRST_BLOCK, _LAST_BLOCK, _BLOCK = 0x0980, 0x0D7F, 0x80
_DEVANAGARI = 0x0900
_IRREGULAR = {
    "\u0a70": "ं", "\u0a71": "", "\u09ce": "त्", "\u0d7a": "ण्", "\u0d7b": "न्", "\u0d7c": "र्", "\u0d7d": "ल्",
    "\u0d7e": "ळ्", "\u0d7f": "क्",
}  # fmt: skip

_SPELLED = {
    "A": "a", "I": "i", "U": "u", "E": "ai", "O": "au", "K": "kh", "G": "gh", "C": "chh", "c": "ch", "J": "jh",
    "T": "th", "D": "dh", "B": "bh", "S": "sh", "R": "d",
}  # fmt: skip
_SPELLED_LONG = {"A": "aa", "I": "ee", "U": "oo"}

# -- what is easily confused -----------------------------------------------------------------------------------------

_CONFUSED = {
    "aA": 0.05, "iI": 0.05, "uU": 0.05, "eE": 0.1, "oO": 0.15, "ei": 0.25, "eI": 0.25, "Ei": 0.35, "EI": 0.35,
    "ou": 0.25, "oU": 0.3, "Ou": 0.3, "OU": 0.3, "ae": 0.3, "aE": 0.35, "Ae": 0.4, "AE": 0.4, "ai": 0.55, "aI": 0.55,
    "au": 0.2, "aU": 0.45, "ao": 0.45, "aO": 0.35, "Ao": 0.4, "AO": 0.35, "Au": 0.35,
    "kK": 0.1, "gG": 0.1, "cC": 0.05, "jJ": 0.05, "tT": 0.1, "dD": 0.1, "bB": 0.1, "rR": 0.1, "dR": 0.15, "DR": 0.15,
    "bv": 0.2, "Bv": 0.3, "sS": 0.15,
    "jz": 0.15, "Jz": 0.15, "sz": 0.3, "fp": 0.25, "fv": 0.5, "cS": 0.4, "cs": 0.5,
    "cj": 0.5, "Cj": 0.5, "gj": 0.4, "jy": 0.5, "gk": 0.5, "kG": 0.6, "dt": 0.4, "dT": 0.5, "Dt": 0.5, "DT": 0.4,
    "bp": 0.5, "bf": 0.6, "mn": 0.4, "lr": 0.7, "iy": 0.15, "Iy": 0.2, "ey": 0.3, "ov": 0.3, "uv": 0.3, "Uv": 0.3,
    "Ov": 0.3,
}  # fmt: skip
_OTHER_VOWEL, _OTHER_SOUND = 0.6, 1.0
_DROPPED = {
    "a": 0.25,
    "A": 0.4,
    "i": 0.35,
    "u": 0.4,
    "e": 0.4,
    "I": 0.6,
    "U": 0.6,
    "h": 0.2,
    "y": 0.3,
    "v": 0.5,
    "n": 0.5,
    "r": 0.6,
}
_DROPPED_VOWEL, _DROPPED_SOUND = 0.5, 0.9
#: A name's first sound is seldom misheard for quite another one.
_FIRST_SOUND = 0.3
_CLEARLY_OTHER = 0.3
#: A vowel at the end tells Deepa from Deep.
_LAST_VOWEL = 0.3
#: But an e there is often not spoken: Rathore, Ashoke.
_LAST_E = 0.3

_VOWEL_WEIGHT, _CONSONANT_WEIGHT = 0.6, 1.0


@functools.cache
def sounds(word: str) -> str:
    """Return the sounds of one word; empty where its letters are neither Latin nor of an Indian script."""
    letters = [_to_devanagari(letter) or letter for letter in unicodedata.normalize("NFD", word.casefold())]
    runs = [(indic, "".join(run)) for indic, run in itertools.groupby(letters, _is_indic)]
    heard = _without_doubles("".join(_of_indic(run) if indic else _of_latin(run) for indic, run in runs))
    return _DIPHTHONG.sub(lambda found: "E" if found[0][1] in "yiI" else "O", heard)


def romanised(word: str, long_vowels: bool) -> str:
    """Return a word of an Indian script in Latin letters as people write it, with long vowels doubled or not."""
    spelled = {**_SPELLED, **(_SPELLED_LONG if long_vowels else {})}
    heard = sounds(word)
    text = "".join(spelled.get(sound, sound) for sound in heard)
    return text[:-1] if heard.endswith("A") and text.endswith("aa") else text


def similarity(first: str, second: str) -> float:
    """Return how alike two strings of sounds are, from 0 to 1 (the same).

    One minus the weighted edit distance over the weight of the heavier string, consonants counting more than vowels.
    """
    return compare(first, second)[0]


def compare(first: str, second: str, at_least: float = 0.0) -> tuple[float, float]:
    """Return how alike two strings of sounds are, and the cost of the one change that sets them apart most.

    Args:
        first: from ``sounds``.
        second: the other.
        at_least: likeness below which the exact figure does not matter, and 0 is returned as soon as it is certain.
    """
    if first == second:
        return (1.0, 0.0) if first else (0.0, _OTHER_SOUND)
    heavier = max(weight(first), weight(second))
    if not heavier:
        return 0.0, _OTHER_SOUND
    distance, largest = _distance(first, second, (1.0 - at_least) * heavier)
    return max(0.0, 1.0 - distance / heavier), largest


@functools.cache
def weight(heard: str) -> float:
    """Return how much a string of sounds has to go by: 1 for a consonant, 0.6 for a vowel."""
    return sum(_VOWEL_WEIGHT if sound in _VOWELS else _CONSONANT_WEIGHT for sound in heard)


def _distance(first: str, second: str, limit: float) -> tuple[float, float]:
    """Return the cost of the cheapest way from one string to the other, and that of its dearest step.

    No way is followed that has cost more than the limit already: then the cost is infinite.
    """
    above = [(0.0, 0.0)]
    for index, sound in enumerate(second):
        above.append(_step(above[-1], _dropped(sound, index, len(second))))
    for row, ours in enumerate(first):
        gone = _dropped(ours, row, len(first))
        line = [_step(above[0], gone)]
        for column, theirs in enumerate(second):
            change = _confused(ours, theirs)
            if change >= _CLEARLY_OTHER and not row and not column:
                change += _FIRST_SOUND
            line.append(
                min(
                    _step(above[column], change),
                    _step(above[column + 1], gone),
                    _step(line[column], _dropped(theirs, column, len(second))),
                )
            )
        if min(line)[0] > limit:
            return math.inf, math.inf
        above = line
    return above[-1]


def _step(before: tuple[float, float], cost: float) -> tuple[float, float]:
    return before[0] + cost, max(before[1], cost)


@functools.cache
def _confused(one: str, other: str) -> float:
    if one == other:
        return 0.0
    known = _CONFUSED.get(one + other, _CONFUSED.get(other + one))
    if known is not None:
        return known
    return _OTHER_VOWEL if one in _VOWELS and other in _VOWELS else _OTHER_SOUND


@functools.cache
def _dropped(sound: str, index: int, length: int) -> float:
    cost = _DROPPED.get(sound, _DROPPED_VOWEL if sound in _VOWELS else _DROPPED_SOUND)
    if not index and sound != "h":
        cost += _FIRST_SOUND
    if index == length - 1 and sound in _VOWELS:
        cost = _LAST_E if sound == "e" else cost + _LAST_VOWEL
    return cost


def _of_latin(run: str) -> str:
    letters = "".join(letter for letter in run if "a" <= letter <= "z")
    heard = ""
    index = 0
    while index < len(letters):
        for size in range(_LONGEST_SPELLING, 0, -1):
            piece = letters[index : index + size]
            if len(piece) == size and piece in _LATIN:
                break
        following = letters[index + size : index + size + 1]
        heard += _in_context(piece, heard, following)
        index += size
    return heard


def _in_context(piece: str, before: str, following: str) -> str:
    """Return the sounds of a Latin spelling, which depend for some on what stands around it."""
    if piece in _GLIDES and following and following in "aeiou":
        return _GLIDES[piece]
    if piece == "c" and following and following in "eiy":
        return "s"
    if piece == "a" and not following and before:
        return "A"
    if piece == "y" and before and before[-1] not in _VOWELS and following not in tuple("aeiou"):
        return "I"
    if piece == "h" and not following and before and before[-1] in _VOWELS:
        return ""
    return _LATIN[piece]


def _of_indic(run: str) -> str:
    heard: list[str] = []
    index = 0
    while index < len(run):
        letter = run[index]
        if run[index : index + 3] == "ज्ञ":  # spoken gy in Hindi
            heard += ["g", "y", _SCHWA]
            index += 3
        elif letter in _CONSONANTS:
            heard += [_CONSONANTS[letter], _SCHWA]
            index += 1
        else:
            _apply_sign(heard, letter, run[index + 1 : index + 2])
            index += 1
    return "".join(_spoken(heard))


def _apply_sign(heard: list[str], letter: str, following: str) -> None:
    if letter == _NUKTA and len(heard) > 1:
        heard[-2] = _WITH_NUKTA.get(heard[-2], heard[-2])
    elif letter == _VIRAMA and heard and heard[-1] == _SCHWA:
        heard.pop()
    elif letter in _SIGNS:
        if heard and heard[-1] == _SCHWA:
            heard.pop()
        heard.extend(_SIGNS[letter])
    elif letter in _INDEPENDENT:
        heard.extend(_INDEPENDENT[letter])
    elif letter in _NASALS:
        heard.append("m" if following in ("प", "फ", "ब", "भ", "म") else "n")
    elif letter == "ः":
        heard.append("h")


def _spoken(heard: list[str]) -> list[str]:
    """Drop the inherent vowels that Hindi does not speak: at the end, and between V C and C V, from the right.

    After Ohala, "Aspects of Hindi Phonology" (1983).
    """
    vowels = _VOWELS | {_SCHWA}
    if heard and heard[-1] == _SCHWA and sum(sound in vowels for sound in heard) > 1:
        heard = heard[:-1]
    for index in range(len(heard) - 3, 1, -1):
        around = heard[index - 2], heard[index - 1], heard[index + 1], heard[index + 2]
        if heard[index] == _SCHWA and [sound in vowels for sound in around] == [True, False, False, True]:
            heard = heard[:index] + heard[index + 1 :]
    return ["a" if sound == _SCHWA else sound for sound in heard]


def _without_doubles(heard: str) -> str:
    kept = ""
    for sound in heard:
        if kept and sound not in _VOWELS and sound.casefold() == kept[-1].casefold() and sound not in "RrSs":
            kept = kept[:-1] + max(sound, kept[-1], key=str.isupper)
        elif not kept or sound != kept[-1]:
            kept += sound
    return kept


def _to_devanagari(letter: str) -> str:
    """Return a letter of an Indian script as Devanagari's; nothing for any other letter."""
    if letter in _IRREGULAR:
        return _IRREGULAR[letter]
    code = ord(letter)
    if _FIRST_BLOCK <= code <= _LAST_BLOCK:
        code = _DEVANAGARI + (code - _FIRST_BLOCK) % _BLOCK
    return chr(code) if _DEVANAGARI <= code < _FIRST_BLOCK else ""


def _is_indic(letter: str) -> bool:
    return bool(letter) and _DEVANAGARI <= ord(letter[0]) < _FIRST_BLOCK
