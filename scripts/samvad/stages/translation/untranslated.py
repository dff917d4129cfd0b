"""A translation that is its source once more: whole sentences, and lines of a word or two."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from samvad.text import grammar, scripts, sentence_ends, word_forms, word_frequency

#: A text of so many different words, of which this part are the source's, was not translated, unless this part of it
#: are words by which its own language is known. Shorter ones: see below.
#: Neighbours, such as Danish and Norwegian, have whole sentences in common: where neither is English, more is asked.
#: Words with a capital within a sentence are names, but for nouns of some languages. Of 26,420 messages of a web
#: framework in 23 languages, into and out of English, 5 are doubted, most of them full of technical terms; of 3,776
#: that are left as they are, in 17 languages in Latin letters, 3,593 are found.
_SAME_FROM_WORDS, _SAME_WORDS, _OWN_WORDS = 3, 0.75, 1 / 3
_SAME_FROM_WORDS_NEAR, _SAME_WORDS_NEAR = 5, 1.0
#: So many different ones are to be no names.
_NO_NAMES = 2
_CAPITAL_NOUNS = frozenset({"de", "lb"})
#: Names, and words of two languages, stand in lines of fewer words as well. These are doubted where every word but
#: names is so much more frequent in the source's language than in the other, which uses it at most so often, and one of
#: them is as frequent as this (Zipf's scale), greets, or holds sentences together: rarer ones are often names, which
#: stand by themselves wherever somebody is called. Of 326 first names in 17 languages, each into three others or four,
#: 18 of 1,218 are doubted (the half that set the limit: 10 of 624), of 401 lines of what is said all day in 16
#: languages, likewise, 747 of 1,528 are found. Of 228,956 messages of the framework from each of 23 languages and
#: English into each, 11,378 of them the same in both, 6 are doubted; of 217,578 that are left as they are, most of them
#: terms of its trade, 14,339 are found.
_FURTHER, _SELDOM, _OFTEN = 2.0, 3.5, 5.4
# fmt: off
_GREETINGS = frozenset((
    "adeus", "adiós", "ahoj", "arrivederci", "bonjour", "bonsoir", "buonasera", "buongiorno", "ciao", "cześć", "guten",
    "günaydın", "hallo", "hej", "hello", "hola", "merhaba", "obrigada", "obrigado", "olá", "salut", "szia", "tschüss",
))
# fmt: on
#: Three names of one language, in one script or two.
_ONE_LANGUAGE = frozenset({"bs", "hr", "sr"})
#: English words have this mean and more on Zipf's scale in every one of 457 lines of dialogue of so many different
#: words, names left aside, and in 228 of 230 messages of the framework. Below it are 449 of 466 lines of Hindi as one
#: types it in Latin letters, and 1,977 of 2,079 messages in ten other languages. Of what stands in its source as well,
#: a word less is enough: of 487 and 340 lines of two words and more none and ten are below.
_ENGLISH, _ENGLISH_FROM_WORDS = 3.0, 3
#: Lines in which so many of the words are those that hold English together are not looked up: reading the lists takes
#: 0.16 s once.
_CLEARLY = 0.5


def is_untranslated(source: str, made: str, source_language: str, target: str) -> bool:
    """Return whether a translation is its source once more, in its letters or in those of the target.

    Args:
        source: the sentence as it was said.
        made: its translation.
        source_language: short code.
        target: short code.
    """
    if source_language == target or {source_language, target} <= _ONE_LANGUAGE:
        return False
    said, names = frozenset(word_forms.of(source)), _names(source, source_language)
    every = word_frequency.telling(made)
    written = [word for word in every if word not in names]
    if target == "en" and said.issuperset(written) and is_no_english(made, target, least=_ENGLISH_FROM_WORDS - 1):
        return True
    if not scripts.scripts_of(source_language) & scripts.scripts_of(target):
        return False
    english = "en" in (source_language, target)
    least, share = (_SAME_FROM_WORDS, _SAME_WORDS) if english else (_SAME_FROM_WORDS_NEAR, _SAME_WORDS_NEAR)
    if len(set(every)) < least:
        return said.issuperset(written) and _are_of(written, source_language, target)
    if len(set(written)) < _NO_NAMES or sum(word in said for word in written) < share * len(written):
        return False
    own, theirs = (
        sum(grammar.is_function_word(word, language) for word in written) for language in (target, source_language)
    )
    return own <= theirs or own < _OWN_WORDS * len(written)


def is_no_english(made: str, target: str, least: int = _ENGLISH_FROM_WORDS) -> bool:
    """Return whether what is to be English is in Latin letters, and hardly a word of it English: letters alone changed.

    Args:
        made: a translation.
        target: short code; of other languages nothing is said.
        least: of so many different words, names left aside.
    """
    if target != "en" or {*scripts.of_letters(made)} != {scripts.LATIN}:
        return False
    words = frozenset(word_frequency.telling(made)) - _names(made, target)
    if len(words) < least or sum(grammar.is_function_word(word, target) for word in words) >= _CLEARLY * len(words):
        return False
    mean = word_frequency.uses(sorted(words), target)
    return mean is not None and mean < _ENGLISH


def _names(text: str, language: str) -> frozenset[str]:
    """Return the words with a capital within sentences, which no translation changes; none where every noun has one."""
    words = [] if language in _CAPITAL_NOUNS else text.split()
    inside = (word for before, word in pairwise(words) if not sentence_ends.ends_sentence(before, word))
    return frozenset(word_forms.of(" ".join(word for word in inside if word.lstrip("\"'“‘«(¿¡")[:1].isupper())))


def _are_of(words: list[str], language: str, other: str) -> bool:
    """Return whether words are of one language and not of another, by how often each uses them; none are of any."""
    often = False
    for word in words:
        own, theirs = word_frequency.uses([word], language), word_frequency.uses([word], other)
        if own is None or theirs is None:
            return False
        if not _serves(word, language) or _serves(word, other):  # "María" is written without its accent in English
            theirs = max(theirs, word_frequency.uses([_without_accents(word)], other) or 0.0)
        if theirs > min(_SELDOM, own - _FURTHER):
            return False
        often = often or own >= _OFTEN or word in _GREETINGS or _serves(word, language)
    return often


def _serves(word: str, language: str) -> bool:
    return grammar.is_function_word(word, language) or grammar.is_answer(word, language)


def _without_accents(word: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", word) if not unicodedata.combining(sign))
