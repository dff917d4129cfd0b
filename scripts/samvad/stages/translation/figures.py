"""Numbers of a text, so that a translation can be asked whether it has kept them."""

from __future__ import annotations

import re
from collections import Counter

from samvad.stages.translation.markup import latin_digits

_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
#: How English writes small numbers: "2 आदमी" is rightly "two men".
_ENGLISH = {word: str(value) for value, word in enumerate(_WORDS.split())} | {
    "once": "1",
    "first": "1",
    "twice": "2",
    "second": "2",
    "third": "3",
    "hundred": "100",
    "thousand": "1000",
}


def numbers(text: str) -> Counter[str]:
    """Return the numbers written in digits, in one form: without separators of thousands."""
    return Counter(_plain(match) for match in _NUMBER.findall(latin_digits(text)))


def lost(source: str, made: str) -> list[str]:
    """Return the numbers of ``source`` that ``made``, its translation, lacks."""
    wanted = numbers(source)
    found = numbers(made)
    if wanted - found:
        found += Counter(_ENGLISH[word] for word in re.findall(r"[a-z]+", made.casefold()) if word in _ENGLISH)
    return sorted((wanted - found).elements())


def _plain(number: str) -> str:
    # 1,00,000 and 100,000 are one number; 3,5 and 3.5 are too, and 9:30 is two that belong together.
    if re.fullmatch(r"\d{1,3}(?:,\d{2,3})+(?:\.\d+)?", number):
        return number.replace(",", "")
    return number.replace(",", ".").rstrip(".")
