"""How often languages use words, by the lists of wordfreq (Speer, 2022; the code Apache-2.0, the data CC BY-SA 4.0).

wordfreq is in the environments of stages 04 and 08.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from samvad.text import word_forms

#: Lists that have another name than Whisper's languages.
_LISTS = {"no": "nb", "nn": "nb", "sr": "sh", "hr": "sh", "bs": "sh", "tl": "fil"}


def telling(text: str) -> list[str]:
    """Return the words of a text that may say its language: no letters by themselves, and no figures."""
    return [word for word in word_forms.of(text) if len(word) > 1 and not word.isdigit()]


def list_of(language: str) -> str:
    """Return the name that a language's list would have."""
    return _LISTS.get(language, language)


@functools.cache
def listed() -> tuple[str, ...]:
    """Return the languages of which it is known how often they use words."""
    import wordfreq

    return tuple(sorted(wordfreq.available_languages("small")))


def tells_apart(one: str, other: str) -> bool:
    """Return whether it is known of two languages how often each uses words, by a list of its own."""
    lists = {list_of(name) for name in (one, other)}
    return len(lists) == 2 and lists <= {*listed()}


def uses(words: Sequence[str], language: str) -> float | None:
    """Return how often a language uses some words, as the mean on Zipf's scale; None where there is no list of it.

    Zipf's scale is the tenth logarithm of the uses in a thousand million words; what stands in no list is 0.
    """
    import wordfreq

    name = list_of(language)
    if name not in listed():  # asked all the same, wordfreq takes what people who speak it may read: English for Welsh
        return None
    try:
        return sum(float(wordfreq.zipf_frequency(word, name, wordlist="small")) for word in words) / len(words)
    except (LookupError, ImportError):  # no list, or nothing here that finds its words (Chinese, Japanese, Korean)
        return None
