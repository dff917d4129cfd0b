"""Whether a translation still denies what its source denies: a fault that readers can't see.

Words of a few languages, each the plain ones that deny a sentence. A doubt, not a proof: the sentence is tried
otherwise, and flagged for a person where that does not help.
"""

from __future__ import annotations

import re

_WORDS = {
    "hi": "नहीं नही नहि मत बिना",
    "ur": "نہیں مت بغیر",
    "mr": "नाही नको नये नाहीत नव्हे नव्हता नव्हती नव्हते",
    "bn": "না নেই নয় নি",
    "gu": "નથી નહીં નહિ ના",
    "pa": "ਨਹੀਂ ਨਾ",
    "ta": "இல்லை வேண்டாம் முடியாது கூடாது",
    "te": "లేదు కాదు వద్దు లేరు",
    "es": "no nunca jamás nada nadie ningún ninguna ninguno ni sin tampoco",
    "fr": "ne pas jamais rien personne aucun aucune sans non",
    "de": "nicht kein keine keinen keinem keiner nie niemals nichts niemand ohne nein",
    "en": "not no never none nothing nobody nowhere neither nor without cannot",
}
#: Words that say the same in a positive sentence: "नहीं तो" is "otherwise", "मुमकिन नहीं" is "impossible".
_AS_GOOD = {
    "en": "otherwise else unless unable impossible hardly barely rarely instead lack lacks fail failed fails refuse "
    "refused stop avoid missing away except only"
}
_LETTERS = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0963\u0971-\u0dff\u200c\u200d])*")


def is_lost(source: str, made: str, source_language: str, target: str) -> bool:
    """Return whether a source denies something and its translation does not, where both languages are known here."""
    if source_language not in _WORDS or target not in _WORDS:
        return False
    return _denies(source, _WORDS[source_language]) and not _denies(
        made, _WORDS[target] + " " + _AS_GOOD.get(target, "")
    )


def _denies(text: str, words: str) -> bool:
    lowered = text.casefold().replace("’", "'")
    if "n't" in lowered or re.search(r"\bn'", lowered):
        return True
    return not frozenset(words.split()).isdisjoint(_LETTERS.findall(lowered))
