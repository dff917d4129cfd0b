"""Whether a translation still denies what its source denies, and denies nothing else: faults that readers can't see.

Words of a few languages, each the plain ones that deny a sentence (``negation_words``). A doubt, not a proof: the
sentence is tried otherwise, and flagged for a person where that does not help.
"""

from __future__ import annotations

import functools
import re
import unicodedata

from samvad.stages.translation import negation_words as known

_LETTERS = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0963\u0971-\u0dff\u200c\u200d])*")
#: Nuktas, which people leave out, and joiners.
_DROPPED = re.compile("[\u093c\u09bc\u0a3c\u0abc\u0b3c\u200c\u200d]")


def is_lost(source: str, made: str, source_language: str, target: str) -> bool:
    """Return whether a source denies something and its translation does not, where both languages are known here."""
    if source_language not in known.WORDS or target not in known.WORDS or target in known.SOURCES_ONLY:
        return False
    if not denies(source, source_language) or denies(made, target, strictly=False) or _is_as_good(made, target):
        return False
    return not _is_opposite(source, made, source_language, target)


def is_added(source: str, made: str, source_language: str, target: str) -> bool:
    """Return whether a translation denies something and its source does not, in languages where that is told well."""
    if source_language not in known.BOTH_WAYS or target not in known.BOTH_WAYS:
        return False
    return is_lost(made, source, target, source_language)


def denies(text: str, language: str, *, strictly: bool = True) -> bool:
    """Return whether a text denies something; of a language that is not known here, it does not.

    Args:
        text: in any case.
        language: short code.
        strictly: what is mostly said in a positive sentence of another language ("or not?") does not count.
    """
    folded = _folded(text)
    if strictly and (pattern := _pattern(language)):
        folded = pattern.sub(" ", folded)
    if language == "en" and "n't" in folded:
        return True
    words = _LETTERS.findall(folded)
    endings, others = known.ENDINGS.get(language), known.NO_ENDINGS.get(language, frozenset())
    if endings and any(word not in others and re.search(f"(?:{endings})$", word) for word in words):
        return True
    if not _set(known.WORDS.get(language, "")).isdisjoint(words):
        return True
    first, second = known.PAIRS.get(language, ("", ""))
    return not (_set(first).isdisjoint(words) or _set(second).isdisjoint(words))


def _is_as_good(text: str, language: str) -> bool:
    folded = _folded(text)
    if particle := known.PARTICLES.get(language):
        folded = re.sub(particle, " ", folded)
    if (phrase := known.AS_GOOD_PHRASES.get(language)) and re.search(phrase, folded):
        return True
    words = _LETTERS.findall(folded)
    affixes = known.AFFIXES.get(language)
    if affixes and any(re.match(affixes, word) for word in words):
        return True
    return not _set(known.AS_GOOD.get(language, "")).isdisjoint(words)


def _is_opposite(source: str, made: str, source_language: str, target: str) -> bool:
    """Return whether all that a source denies is said outright in its translation: "don't worry" and "relax"."""
    left, there = _folded(source), _folded(made)
    for denied, outright in _opposites(source_language, target):
        if outright.search(there):
            left = denied.sub(" ", left)
    return left != _folded(source) and not denies(left, source_language)


@functools.cache
def _opposites(source_language: str, target: str) -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """Return patterns of what is denied, with the denial, and of what says the same outright."""
    words = "|".join(map(re.escape, _folded(known.WORDS.get(source_language, "")).split()))
    no = rf"(?:(?<!\S)(?:{words}|न|ना)(?![^\s.,!?;।])|\w+n't(?!\S))"
    found = []
    for denied, outright in known.OPPOSITES.get((source_language, target), ()):
        word = rf"(?:{_folded_pattern(denied)})\S*"
        with_denial = re.compile(rf"{no}(?: \S+)??(?: \S+)?? {word}|(?<!\S){word}(?: \S+)?? {no}")
        ends = r"(?![^\W_])" if target == "en" else ""
        found.append((with_denial, re.compile(rf"(?<![^\W_])(?:{_folded_pattern(outright)}){ends}")))
    return tuple(found)


@functools.cache
def _set(words: str) -> frozenset[str]:
    return frozenset(_folded(words).split())


@functools.cache
def _pattern(language: str) -> re.Pattern[str] | None:
    phrases = known.NO_DENIALS.get(language, ())
    return re.compile("|".join(map(_folded_pattern, phrases))) if phrases else None


def _folded_pattern(pattern: str) -> str:
    r"""Return a regular expression for folded texts; ``\S`` must not become ``\s``."""
    return re.sub(r"\\.|[^\\]+", lambda part: part[0] if part[0].startswith("\\") else _folded(part[0]), pattern)


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.casefold().replace("’", "'"))
    return unicodedata.normalize("NFC", _DROPPED.sub("", plain))
