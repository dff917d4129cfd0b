"""Words of a language by how often they are used: the nearest one to what was heard, in whatever letters.

The words are those of wordfreq 3.1 (Speer, 2022; the code Apache-2.0, the data CC BY-SA 4.0): Hindi, Bengali and Tamil
among the languages of India. Other languages have the film's own words alone.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from samvad.text import phonetic, respelling, scripts, skeletons
from samvad.text.romanise import romanise

#: Languages of India that have a list (wordfreq.available_languages), and how many words of it are taken.
_LISTED = frozenset({"bn", "hi", "ta"})
_WORDS = 60_000
#: What a film calls its people and places is said more often in it than in the language: as often as this (on Zipf's
#: scale, the tenth logarithm of uses in a thousand million words).
_OWN_ZIPF = 6.5
#: A step of the scale weighs as much as this part of a sound; a word looked up by its coarse key has to make up for it.
_PRIOR = 0.25
_HIGHEST_ZIPF = 8.0
_COARSE_COST = 0.3
#: So much of a word may have been heard otherwise.
_LOOSEST, _CLOSELY = 0.34, 0.2
#: Where no more is off, other consonants are not thought of.
_GOOD = 0.12
_KEPT, _NOT_MUCH_DEARER = 8, 0.3
#: A name in Latin letters is a word of the language where no more is off.
_SAME_NAME = 0.08
_NASAL_END = re.compile("[AeEiIoOuU]n$")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Found:
    """A word of the lexicon.

    Attributes:
        cost: what to compare, in sounds: those that were heard otherwise, and more for a rarer word.
        part: which part of its sounds was heard otherwise.
        zipf: how often it is used.
    """

    word: str
    cost: float
    part: float
    zipf: float


@dataclass(frozen=True)
class _Entry:
    word: str
    zipf: float
    skeleton: str
    sounds: str
    skeleton_weight: float
    sounds_weight: float


@dataclass(frozen=True)
class Lexicon:
    """Words of a language.

    Attributes:
        fine: entries by their consonants.
        coarse: the same by what is left of these where voice is not told apart.
        typed: the same by how people type them in Latin letters.
    """

    fine: dict[str, list[_Entry]]
    coarse: dict[str, list[_Entry]]
    typed: dict[str, list[_Entry]]
    _known: dict[tuple[str, bool], tuple[Found, ...]] = field(default_factory=dict)

    def add(self, word: str, zipf: float) -> None:
        """Add a word, or make one that is there more frequent."""
        skeleton, sounds = skeletons.of_indic(word), phonetic.sounds(word)
        entry = _Entry(word, zipf, skeleton, sounds, _weight(skeleton), _weight(sounds))
        key = skeletons.consonants(skeleton)
        places = (self.fine, key), (self.coarse, skeletons.coarse(key)), (self.typed, romanise(word))
        for entries, place in places:
            entries[place] = [*(other for other in entries.get(place, ()) if other.word != word), entry]
        self._known.clear()

    def nearest(self, heard: str, *, closely: bool = False) -> tuple[Found, ...]:
        """Return the words that a word in Urdu or Latin letters may be, the likeliest first; none where none is near.

        Args:
            heard: the word.
            closely: whether its consonants have to be right, and most of its vowels.
        """
        known = self._known.get((heard, closely))
        if known is None:
            known = self._known[heard, closely] = self._nearest(heard, closely=closely)
        return known

    def _nearest(self, heard: str, *, closely: bool) -> tuple[Found, ...]:
        urdu = skeletons.in_urdu(heard)
        said = skeletons.of_urdu(heard) if urdu else phonetic.sounds(heard)
        if not said:
            return ()
        key = skeletons.consonants(said) if urdu else skeletons.latin_key(said)
        found = {} if urdu else {entry.word: _found(entry, 0.0, 0.0) for entry in self.typed.get(heard.casefold(), ())}
        heard_as = _Heard(said, _weight(said), _CLOSELY if closely else _LOOSEST, urdu)
        _compare(found, self.fine.get(key, ()), heard_as, 0.0)
        if not closely and len(key) > 1 and all(item.part > _GOOD for item in found.values()):
            _compare(found, self.coarse.get(skeletons.coarse(key), ()), heard_as, _COARSE_COST)
        return tuple(sorted(found.values(), key=lambda item: item.cost)[:_KEPT])


@dataclass(frozen=True)
class _Heard:
    """A word that was heard: its skeleton (of Urdu) or sounds, their weight, and which part of them may be off."""

    said: str
    weight: float
    loosest: float
    urdu: bool


def _compare(found: dict[str, Found], entries: Iterable[_Entry], heard: _Heard, extra: float) -> None:
    """Add those of some entries that are near enough to what was heard, and not much dearer than the best so far."""
    best = min((item.cost for item in found.values()), default=math.inf)
    for entry in entries:
        other = entry.skeleton_weight if heard.urdu else entry.sounds_weight
        limit = heard.loosest * max(heard.weight, other)
        limit = min(limit, best + _NOT_MUCH_DEARER - _found(entry, 0.0, 0.0).cost) - extra
        if entry.word in found or limit < 0 or abs(heard.weight - other) > 2 * limit + 0.5:
            continue
        off = _of_urdu(heard.said, entry.skeleton, limit) if heard.urdu else _of_latin(heard.said, entry.sounds, limit)
        if off <= limit:
            cost = off + extra
            found[entry.word] = _found(entry, cost, cost / max(heard.weight, 1.0))
            best = min(best, found[entry.word].cost)


def _found(entry: _Entry, cost: float, part: float) -> Found:
    return Found(entry.word, cost + _PRIOR * (_HIGHEST_ZIPF - entry.zipf), part, entry.zipf)


def lexicon(language: str, own: Sequence[str] = ()) -> Lexicon:
    """Return the words of a language.

    Args:
        language: short code.
        own: words of the film: names and terms, which win over others that sound alike.
    """
    return _build(language, tuple(own))


@functools.lru_cache(maxsize=8)
def _build(language: str, own: tuple[str, ...]) -> Lexicon:
    allowed = scripts.allowed_scripts(language, "native")
    words: dict[str, float] = {}
    for word, zipf in listed(language):
        if allowed.issuperset(scripts.of_letters(word) or [""]):
            words.setdefault(word, zipf)
    found = of_words(words)
    for word in (word for term in own for word in term.split() if scripts.of_letters(word)):
        if allowed.issuperset(scripts.of_letters(word)):
            found.add(word, _OWN_ZIPF)
        elif set(scripts.of_letters(word)) == {scripts.LATIN}:
            # राहुल for Rahul, whose letters do not tell the long vowel, if the language has it; else letter by letter.
            near = [item for item in found.nearest(word, closely=True) if item.part <= _SAME_NAME]
            spelled = near[0].word if near else respelling.respell(word, next(iter(allowed)))
            found.add(spelled, _OWN_ZIPF)
    return found


def of_words(words: Mapping[str, float]) -> Lexicon:
    """Return a lexicon of words in a script of India, each with how often it is used (Zipf's scale)."""
    found = Lexicon({}, {}, {})
    for word, zipf in words.items():
        found.add(word, zipf)
    return found


def listed(language: str) -> Iterable[tuple[str, float]]:
    """Return the words of a language and how often each is used (Zipf's scale); none where there is no list."""
    if language not in _LISTED:
        return []
    import wordfreq

    frequencies = wordfreq.get_frequency_dict(language, "best")
    return [
        (word.replace("\u200d", "").replace("\u200c", ""), math.log10(share * 1e9))
        for word, share in list(frequencies.items())[:_WORDS]
        if not _DIGIT.search(word) and word.strip()
    ]


_WEIGHTS = {**dict.fromkeys("AWYEaeoIUO", 0.5), "i": 0.25, "u": 0.25, "h": 0.5, "N": 0.3}


def _weight(said: str) -> float:
    return sum(_WEIGHTS.get(sign, 1.0) for sign in said)


def _of_urdu(heard: str, known: str, limit: float) -> float:
    best = skeletons.distance(heard, known, limit)
    if heard.endswith("h") and len(heard) > 1:
        best = min(best, 0.1 + skeletons.distance(heard[:-1] + "A", known, limit))
    return best


def _of_latin(heard: str, known: str, limit: float) -> float:
    best = math.inf
    # The nasal of a last vowel is often left out: logo for logon.
    for form, extra in ((known, 0.0), *(((known[:-1], 0.1),) if _NASAL_END.search(known) else ())):
        heavier = max(phonetic.weight(heard), phonetic.weight(form))
        likeness, _ = phonetic.compare(heard, form, 1 - limit / heavier if heavier else 0.0)
        if likeness:
            best = min(best, (1 - likeness) * heavier + extra)
    return best
