"""English words in the speech of another language: which words are English, and how Hindi writes the commonest."""

from __future__ import annotations

import functools
from collections.abc import Sequence

#: Words that are spelled too unlike their sound for any rule, as Hindi subtitles write them.
IN_DEVANAGARI = {
    "a": "अ", "i": "आई", "the": "द", "of": "ऑफ", "is": "इज़", "are": "आर", "you": "यू", "your": "योर", "to": "टू",
    "and": "एंड", "in": "इन", "we": "वी", "my": "माय", "me": "मी", "it": "इट", "this": "दिस", "that": "दैट",
    "yes": "यस", "no": "नो", "ok": "ओके", "okay": "ओके", "sorry": "सॉरी", "please": "प्लीज़", "thank": "थैंक",
    "thanks": "थैंक्स", "what": "व्हाट", "why": "व्हाई", "who": "हू", "one": "वन", "two": "टू", "love": "लव",
    "time": "टाइम", "life": "लाइफ", "night": "नाइट", "right": "राइट", "school": "स्कूल", "college": "कॉलेज",
    "office": "ऑफिस", "phone": "फोन", "police": "पुलिस", "doctor": "डॉक्टर", "car": "कार", "bye": "बाय", "hi": "हाय",
    "hello": "हेलो", "sir": "सर", "madam": "मैडम", "good": "गुड", "happy": "हैप्पी", "birthday": "बर्थडे",
    "nice": "नाइस", "movie": "मूवी", "idea": "आइडिया", "problem": "प्रॉब्लम", "message": "मैसेज", "number": "नंबर",
}  # fmt: skip
#: A Latin word of a film in another language is taken for that language's until so much speaks against it, in steps of
#: Zipf's scale; and so much for each change from one language to the other.
_LEANING, _CHANGE = 1.0, 1.5
_UNKNOWN = 1.0


@functools.lru_cache(maxsize=20_000)
def frequency(word: str) -> float:
    """Return how often English uses a word, on Zipf's scale: the logarithm of its uses in a thousand million words."""
    import wordfreq

    return float(wordfreq.zipf_frequency(word.casefold().replace("’", "'"), "en", wordlist="small"))


def is_english(own: Sequence[float], others: Sequence[float]) -> list[bool]:
    """Return for each word of a row in Latin letters whether it is English, by itself and by its neighbours.

    Args:
        own: how often English uses each word, on Zipf's scale; 0 for never.
        others: how often the other language uses the word that sounds like it.
    """
    # The best way to each state (0: the other language, 1: English): its worth, and the states up to there.
    best: list[tuple[float, tuple[bool, ...]]] = [(0.0, ()), (0.0, ())]
    for english, other in zip(own, others, strict=True):
        worth = max(other, _UNKNOWN) + _LEANING, max(english, _UNKNOWN)
        ways = []
        for state in (0, 1):
            value, path = max(
                ((best[old][0] - (_CHANGE if old != state and best[old][1] else 0.0), best[old][1]) for old in (0, 1)),
                key=lambda way: way[0],
            )
            ways.append((value + worth[state], (*path, bool(state))))
        best = ways
    return list(max(best, key=lambda way: way[0])[1])
