"""Words that say little, which a subtitler leaves out first where people speak fast: "really", "that" after "think".

The sentence stays one without them, and says the same with less weight.
"""

from __future__ import annotations

from collections.abc import Sequence


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: They add weight to the word after them, or none: they go where another word of the clause follows.
_WEIGHTS = {
    "en": _set("really very just quite actually basically simply totally absolutely definitely certainly literally"),
    "hi": _set(
        "बिल्कुल बिलकुल एकदम ज़रा जरा वैसे दरअसल सचमुच bilkul ekdam zara jara vaise darasal sachmuch actually basically"
    ),
    "es": _set("realmente simplemente absolutamente totalmente básicamente bastante sinceramente precisamente"),
}
#: They turn what follows over: "not very good" is not "not good".
_TURNED = _set("not n't never no नहीं न मत nahi nahin na mat muy más menos tan how so too as only कितना")
#: Before these a Hindi word of weight is part of what is said: "ज़रा भी", "वैसे ही", "एकदम से", "ज़रा सा".
_HELD = _set("सा सी से भी ही तो sa si se bhi hi to toh")
_ARTICLES = _set("a an the")
#: Verbs after which a clause needs no "that", or no "कि".
_THAT = {
    "en": (
        _set("that"),
        _set("think thought know knew say said says believe hope guess feel felt sure glad afraid mean"),
    ),
    "hi": (_set("कि ki"), _set("है हूँ हूं था लगा कहा पता hai hoon hun tha laga kaha pata")),
}
#: Subjects that the verb tells, in Spanish; not where they stand against others ("yo también", "que no yo"), are told
#: of by what follows ("nosotros los pobres", "soy yo quien"), or are no subjects ("para nosotros").
_SUBJECTS = _set("yo nosotros nosotras")
_AGAINST = _set(
    "y o u e también tampoco solo sólo mismo misma que no sí ni pero con como a ante bajo contra de desde en "
    "entre hacia hasta para por según sin sobre tras excepto salvo incluso menos delante detrás cerca lejos "
    "soy somos es fui fuimos fue era éramos sea seré será seremos quien quienes los las dos tres cuatro todos "
    "todas mismos mismas solos solas"
)


def places(words: Sequence[str], language: str) -> list[int]:
    """Return the places of words that say little, those first that are missed least.

    Args:
        words: of a text, with their punctuation.
        language: short code.
    """
    bare = [word.casefold().strip("\"'“”‘’()¿¡") for word in words]
    inner = range(1, len(words) - 1)  # a first or last word carries the sentence's capital or its weight
    joined, verbs = _THAT.get(language, (frozenset(), frozenset()))
    found = [at for at in inner if bare[at] in joined and bare[at - 1] in verbs and _goes_into_clause(bare[at + 1])]
    if language == "es":
        found += [
            at
            for at in range(len(words) - 1)
            if bare[at] in _SUBJECTS and bare[at + 1] not in _AGAINST and (at == 0 or bare[at - 1] not in _AGAINST)
        ]
    return found + [
        at
        for at in inner
        if bare[at] in _WEIGHTS.get(language, ())
        and bare[at - 1] not in _TURNED
        and not bare[at - 1].endswith("n't")
        and not bare[at - 1].endswith((",", ".", "?", "!", "।", "…"))
        and not _is_held(bare, at, _WEIGHTS[language])
    ]


def _is_held(bare: Sequence[str], at: int, weights: frozenset[str]) -> bool:
    """Return whether a word of weight is held by its neighbours: "a just man", "a very old" (no "a old"), "ज़रा भी"."""
    word = bare[at]
    before = next((other for other in reversed(bare[:at]) if other not in weights), "")
    following = next((other for other in bare[at + 1 :] if other not in weights), "")
    if following in _HELD or (before in _ARTICLES and word == "just"):
        return True
    return before in ("a", "an") and (before == "an") != following.startswith(tuple("aeiou"))


#: "I know that man": there "that" points; before a subject it only joins.
_BEGIN = _set(
    "i you he she it we they there the a this these my your his her our their what who वह वो यह ये मैं हम तुम आप वे उस उसने "
    "मैंने मुझे मेरा मेरी मेरे इस कोई सब woh wo voh yeh ye main hum ham tum aap usne maine mujhe mera meri mere koi sab"
)


def _goes_into_clause(following: str) -> bool:
    return following in _BEGIN or following.partition("'")[0] in _BEGIN
