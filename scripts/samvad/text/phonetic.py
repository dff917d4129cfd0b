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

from samvad.text.romanise import is_indic, syllables

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
# Letters that no accent sets apart from a plain one.
_PLAIN = str.maketrans({"ß": "ss", "æ": "e", "œ": "e", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "þ": "th"})
# Before a vowel the second letter of these begins the next syllable: Maya, Pawan.
_GLIDES = {"ai": "ay", "ay": "ay", "ei": "ey", "ey": "ey", "aw": "av", "ow": "ov", "au": "av"}

# Sounds of Indian scripts that count as another's: those that Hindi has borrowed, and those written between two.
_MERGED = str.maketrans({"P": "f", "q": "k", "x": "K", "Q": "G", "X": "R", "Y": "E", "W": "O", "N": "n"})

# Jaipur and जयपुर, Lakhnau and लखनऊ: a glide or a second vowel at the end of a syllable makes a diphthong.
_DIPHTHONG = re.compile("a(?:[iIuU](?![aAeEoO])|[yv](?![aAiIuUeEoO]))")

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
    letters = unicodedata.normalize("NFC", word.casefold())  # also a Tamil or Bengali o, which NFD takes apart
    runs = [(indic, "".join(run)) for indic, run in itertools.groupby(letters, is_indic)]
    heard = _without_doubles("".join(_of_indic(run) if indic else _of_latin(run) for indic, run in runs))
    return _DIPHTHONG.sub(lambda found: "E" if found[0][1] in "yiI" else "O", heard)


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
    plain = unicodedata.normalize("NFD", run.translate(_PLAIN))
    letters = "".join(letter for letter in plain if "a" <= letter <= "z")
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
    return "".join(part.onset + part.vowel + part.coda for part in syllables(run)).translate(_MERGED)


def _without_doubles(heard: str) -> str:
    kept = ""
    for sound in heard:
        if kept and sound not in _VOWELS and sound.casefold() == kept[-1].casefold() and sound not in "RrSs":
            kept = kept[:-1] + max(sound, kept[-1], key=str.isupper)
        elif not kept or sound != kept[-1]:
            kept += sound
    return kept
