"""Write Indian scripts in Latin letters, the way people type them: ``क्या कर रहे हो`` becomes ``kya kar rahe ho``.

No scholarly scheme: no marks above or below letters, and the vowel that Hindi writes but does not say is left out. The
scripts of India lie in Unicode in one order (that of ISCII, 1991), so one table serves nine of them.

A word is read into syllables of sounds, one letter a sound; capitals are long vowels and breathed consonants. What
compares words by their sound (phonetic.py) starts from the same sounds.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from samvad.text.scripts import script_of

#: The scripts that share the order, and whether their languages drop a word's last short a.
_DROPS_LAST_A = {
    **dict.fromkeys(("Deva", "Beng", "Guru", "Gujr"), True),
    **dict.fromkeys(("Orya", "Taml", "Telu", "Knda", "Mlym"), False),
}
_DEVANAGARI = 0x900
#: Each script has a block of 128 places.
_PLACE = 0x7F
#: Letters that stand in their block where Devanagari has another, or none.
_IRREGULAR = {
    "\u09ce": "त्", "\u09f0": "र", "\u09f1": "व", "\u0a70": "ं", "\u0b71": "व", "\u0d7a": "ण्", "\u0d7b": "न्",
    "\u0d7c": "र्", "\u0d7d": "ल्", "\u0d7e": "ळ्", "\u0d7f": "क्",
}  # fmt: skip
#: Where the blocks of the other scripts have signs of their own, from this place on.
_OWN_SIGNS = 0x70

_CONSONANTS = dict(zip("कखगघङचछजझञटठडढणतथदधनऩपफबभमयरऱलळऴवशषसह", "kKgGncCjJntTdDntTdDnnpPbBmyrrlllvSSsh", strict=True))
_WITH_NUKTA = {"k": "q", "K": "x", "g": "Q", "j": "z", "J": "z", "d": "R", "D": "X", "P": "f"}
_VOWELS = dict(zip("अआइईउऊऍऎएऐऑऒओऔॲ", "aAiIuUYeeEWooOa", strict=True))
_SIGNS = dict(zip("ािीुूॅॆेैॉॊोौ\u0957", "AiIuUYeeEWooOO", strict=True))
#: Vowels that are said as a consonant and a vowel.
_SYLLABIC = {"ऋ": "ri", "ॠ": "ri", "ऌ": "li", "ृ": "ri", "ॄ": "ri"}
_ANUSVARA, _CANDRABINDU, _VISARGA, _NUKTA, _VIRAMA = "ंँः़्"
_JOINERS = "\u200c\u200d"
_MARKS = {"।": ".", "॥": ".", "۔": "."}
#: What is said otherwise than written, in Hindi.
_SAID_AS = {"ज्ञ": "ग्य", "ॐ": "ओम्"}

#: How people type a sound, where not by its own letter.
_SPELLED = {
    "A": "a", "I": "ee", "U": "oo", "E": "ai", "O": "au", "Y": "e", "W": "o", "N": "n", "K": "kh", "G": "gh", "c": "ch",
    "C": "chh", "J": "jh", "T": "th", "D": "dh", "P": "ph", "B": "bh", "S": "sh", "x": "kh", "Q": "gh", "R": "d",
    "X": "dh",
}  # fmt: skip
_LABIALS = frozenset("pPfbBm")
#: Words that people type otherwise than any rule has it (वह, वो).
_USUAL = {"veh": "woh", "vo": "wo"}


@dataclass(frozen=True)
class Syllable:
    """Sounds of a syllable: consonants, a vowel (none where the word does not say it), and what follows that.

    That is ``n`` or ``m``, ``N`` where the vowel itself is nasal, or ``h``.
    """

    onset: str
    vowel: str
    coda: str = ""


def romanise(text: str) -> str:
    """Return a text with its Indian scripts in Latin letters; everything else stays as it is."""
    result = []
    word: list[str] = []
    for character in unicodedata.normalize("NFC", text) + " ":
        digit = _digit(character)
        if is_indic(character) and not digit:
            word.append(character)
        elif not word or character not in _JOINERS:
            result += [_everyday("".join(word)) if word else "", digit or _MARKS.get(character, character)]
            word = []
    return "".join(result)[:-1]


def spellings(word: str) -> tuple[str, str]:
    """Return a word of an Indian script as a title may have it: its long vowels doubled, and all of them single.

    Any other word stays as it is.
    """
    if not any(map(is_indic, word)):
        return word, word
    heard = syllables(word)
    sounds = "".join(part.onset + part.vowel + part.coda for part in heard)
    long = "".join({**_SPELLED, "A": "aa"}.get(sound, sound) for sound in sounds)
    short = "".join({**_SPELLED, "I": "i", "U": "u"}.get(sound, sound) for sound in sounds)
    return long[:-1] if long.endswith("aa") else long, short


def is_indic(character: str) -> bool:
    """Return whether a character is of one of the scripts that are read here."""
    return script_of(character) in _DROPS_LAST_A


def syllables(word: str) -> list[Syllable]:
    """Return how a word is said, as Hindi says it: without the short a's that it writes and does not say.

    Args:
        word: letters of one of the scripts; what is not of them is passed over.
    """
    return _spoken(_read(word))


def as_devanagari(word: str) -> str:
    """Return a word of one of the scripts in Devanagari's letters, composed; what is of none of them is left out."""
    return unicodedata.normalize("NFC", "".join(map(_to_devanagari, unicodedata.normalize("NFC", word))))


def _digit(character: str) -> str:
    return str(unicodedata.decimal(character)) if is_indic(character) and character.isdecimal() else ""


def _read(word: str) -> list[Syllable]:
    """Return a word's syllables as written."""
    text = as_devanagari(word)
    for written, said in _SAID_AS.items():
        text = text.replace(written, said)
    found: list[Syllable] = []
    joined = False
    for place, letter in enumerate(text):
        last = found[-1] if found else Syllable("", "")
        if letter in _CONSONANTS:
            onset = found.pop().onset if joined and found else ""
            found.append(Syllable(onset + _CONSONANTS[letter], "a"))
        elif letter in _VOWELS:
            found.append(Syllable("", _VOWELS[letter]))
        elif letter in _SYLLABIC:
            onset = found.pop().onset if found and not letter.isalpha() else ""
            found.append(Syllable(onset + _SYLLABIC[letter][0], _SYLLABIC[letter][1]))
        elif letter == _NUKTA and last.onset:
            found[-1] = replace(last, onset=last.onset[:-1] + _WITH_NUKTA.get(last.onset[-1], last.onset[-1]))
        elif letter in _SIGNS and found:
            found[-1] = replace(last, vowel=_SIGNS[letter])
        elif letter == _VIRAMA and found:
            found[-1] = replace(last, vowel="")
        elif letter in (_ANUSVARA, _CANDRABINDU) and found:
            labial = _CONSONANTS.get(text[place + 1 : place + 2]) in _LABIALS and letter == _ANUSVARA
            found[-1] = replace(last, coda="m" if labial else "n" if letter == _ANUSVARA else "N")
        elif letter == _VISARGA and found:
            found[-1] = replace(last, coda="h")
        joined = letter == _VIRAMA
    return found


def _spoken(found: list[Syllable]) -> list[Syllable]:
    """Return syllables without the short a that is written and not said (Ohala, Aspects of Hindi Phonology, 1983).

    It goes at the end of a word, and, from the end on, between single consonants that both have a vowel outside:
    ``karana`` becomes ``karna``.
    """
    found = list(found)
    dropped = False
    for place in range(len(found) - 1, 0, -1):
        this, before = found[place], found[place - 1]
        if this.vowel != "a" or this.coda or not this.onset:
            dropped = False
            continue
        if place == len(found) - 1:
            dropped = not _keeps_last_a(this.onset, before)
        else:
            after = found[place + 1]
            is_open = bool(before.vowel) and before.coda in ("", "N")
            dropped = not dropped and len(this.onset) == 1 and len(after.onset) == 1 and bool(after.vowel) and is_open
        if dropped:
            found[place] = replace(this, vowel="")
    if len(found) > 1 and found[-1] == Syllable("h", "") and found[-2].coda in ("n", "N"):
        found[-1] = Syllable("G", "")  # सिंह is Singh
    return found


def _keeps_last_a(onset: str, before: Syllable) -> bool:
    """Return whether a word's last short a is said, because the consonants before it need it: mitra, satya, priya."""
    if len(onset) == 1:
        return onset == "y" and before.vowel in ("i", "I")
    return (onset[-1] in "yvrl" and onset[-2:] != "rv") or onset[-2:] == "Sn"


def _everyday(word: str) -> str:
    """Return a word as people type it."""
    drops_last_a = _DROPS_LAST_A[script_of(word[0])]
    heard = syllables(word) if drops_last_a else _read(word)
    if not drops_last_a and heard and heard[-1].coda == "n":
        heard[-1] = replace(heard[-1], coda="m")  # namaskaram
    only = sum(bool(part.vowel) for part in heard) == 1
    spelled = "".join(
        _onset(part.onset) + _vowel(heard, place, only=only) + part.coda.lower() for place, part in enumerate(heard)
    )
    spelled = re.sub("chchh?", "cch", spelled)
    return _USUAL.get(spelled, spelled)


def _onset(sounds: str) -> str:
    """Return consonants as typed: a v after another consonant is a w, as in swagat."""
    typed = re.sub("(?<=[^vr])v", "w", sounds)
    return "".join(_SPELLED.get(sound, sound) for sound in typed)


def _vowel(heard: list[Syllable], place: int, *, only: bool) -> str:
    """Return a syllable's vowel as typed, which depends on what stands around it.

    Args:
        heard: the word.
        place: of the syllable.
        only: whether no other syllable of the word has a vowel.
    """
    this = heard[place]
    before = heard[place - 1].vowel if place and not this.onset and not heard[place - 1].coda else ""
    is_last = place == len(heard) - 1
    follows = heard[place + 1] if not is_last else Syllable("", "")
    closed = bool(this.coda) or bool(follows.onset and not follows.vowel)
    typed = _SPELLED.get(this.vowel, this.vowel)
    match this.vowel:
        case "A" if (not this.onset and not place) or (only and closed and len(this.onset) == 1):
            typed = "aa"  # aap, baat; but batana, gyan
        case "I" | "U" if before or (is_last and not this.coda) or (not this.onset and not only):
            typed = this.vowel.lower()  # bhai, ladki, ishwar
        case "I" if (is_last and this.coda in ("n", "N")) or follows.onset.startswith("y"):
            typed = "i"  # nahin, bhartiya
        case "e" if is_last and this.coda in ("n", "N") and this.onset:
            typed = "ei"  # mein
        case "e" if before and before in "aAi":
            typed = "ye"  # gaye, chahiye
        case "a" if follows == Syllable("h", "") and len(this.onset) == 1 and (only or place + 2 < len(heard)):
            typed = "e"  # kehna, but jagah
    return typed


def _to_devanagari(letter: str) -> str:
    """Return a letter of one of the scripts as Devanagari's; nothing for any other letter."""
    if letter in _IRREGULAR:
        return _IRREGULAR[letter]
    place = ord(letter) & _PLACE
    if not is_indic(letter) or (place >= _OWN_SIGNS and script_of(letter) != "Deva"):
        return ""
    return chr(_DEVANAGARI + place)
