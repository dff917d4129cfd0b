"""Two words that speech joins, in the short form that subtitles write: "do not" is "don't".

No word is lost and none is another: Netflix's guides ask to shorten before anything is left out, and not to paraphrase.
"""

from __future__ import annotations

import re
from collections.abc import Sequence


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NOT = {verb: f"{verb}n't" for verb in _set("do does did is are was were has have had could would should must need")}
_NOT |= {"can": "can't", "will": "won't"}
_SUBJECTS = {
    "am": ("'m", frozenset({"i"})),
    "is": ("'s", _set("he she it that there what who where how")),
    "are": ("'re", _set("you we they")),
    "will": ("'ll", _set("i you he she it we they that there")),
}
#: Before these "have" serves a verb; elsewhere it may mean to own: "I have two brothers".
_HAVE = _set("i you we they")
_AFTER_HAVE = _set("been got had seen done gone never always already just not made come heard taken said")
_WORD = re.compile(r"[\"“‘(]*(?P<bare>[A-Za-z]+)")


def of(words: Sequence[str], language: str) -> dict[int, str]:
    """Return the places of words that take in the next one, each with its short form; English alone has any here.

    A word that ends a clause is stressed, and keeps its form ("Yes, I am.", "I know what it is"), and so does one in
    capitals.

    Args:
        words: of a text, with their punctuation.
        language: short code.
    """
    found: dict[int, str] = {}
    if language != "en":
        return found
    for place in range(len(words) - 1):
        first, second = _WORD.fullmatch(words[place]), words[place + 1]
        if first is None or place - 1 in found or (len(first["bare"]) > 1 and first["bare"].isupper()):
            continue
        following = words[place + 2].casefold() if place + 2 < len(words) and second.isalpha() else ""
        form = _form(first["bare"], second.casefold().rstrip(".,?!;:…"), following)
        if form is not None and second[:1].islower():
            # A comma has its place behind the short form; what ends the sentence is moved by who leaves the word out.
            pause = second[-1:] if second[-1:] in ",;:" else ""
            found[place] = words[place][: first.start("bare")] + form + pause
    return found


def _form(first: str, second: str, following: str) -> str | None:
    """Return the short form of two words, or None; ``following`` is the third, empty where a clause ends before it."""
    lowered = first.casefold()
    if second == "not" and lowered in _NOT:
        return first[:1] + _NOT[lowered][1:]
    if not following:
        return None
    if second == "have" and lowered in _HAVE and following in _AFTER_HAVE:
        return f"{first}'ve"
    ending, subjects = _SUBJECTS.get(second, ("", frozenset()))
    return f"{first}{ending}" if lowered in subjects and following.strip(".,?!;:…") not in _STRESSES else None


#: Before these the verb is stressed, or another sentence begins.
_STRESSES = _set("and or but that like when because if so")
