"""English words in the speech of another language: which words are English, and how Hindi writes the commonest."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from samvad.text import word_frequency

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
#: How English spells its sounds, one rule after the other; what is left over is said as it is written. A sound is a
#: letter as in phonetic.py, W the o of "dog"; t and d are retroflex (ट, ड), as India hears them.
_SPELLINGS = tuple(
    (re.compile(spelling), sounds)
    for spelling, sounds in (
        ("'s$", "s"), ("^kn", "n"), ("^wr", "r"), ("^wh", "v"), ("igh", "Ai"), ("[ao]ugh", "W"), ("tion|sion", "San"),
        ("ture$", "car"), ("oulड$", "uड"), ("all$", "Wl"), ("alk$", "Wk"), ("c(?=[eiy])", "s"), ("c(?!h)|ck", "k"),
        ("tch|ch", "c"), ("sh", "S"), ("^th(?!ink|ing|ank|ree|row|ick|ird)", "d"), ("th", "T"), ("ph", "f"),
        ("(?<=..)eड$", "ड"), ("qu", "kv"), ("x", "ks"), ("dge|ge$", "j"), ("^([^aeiou]+)e$", r"\1I"),
        ("a([^aeiou])es?$", r"e\1"), ("i([^aeiou])es?$", r"Ai\1"), ("o([^aeiou])es?$", r"o\1"),
        ("u([^aeiou])es?$", r"U\1"), ("ee|ea|ie(?=.)", "I"), ("oo", "U"), ("ou|ow(?=.)", "Au"), ("ow$|oa", "o"),
        ("ai|ay", "e"), ("oy|oi", "Wy"), ("ew", "yU"), ("wor", "var"), ("(?<=[^aeiou])y$", "I"),
        ("er$|or$|[iu]r|er(?=[^aeiou])", "ar"), ("ar(?=[^aeiou])", "Ar"), ("(?<=[^aeiou])le$", "al"),
        ("(?<=..)e$", ""), ("a$", "A"), ("(?<=[^aeiou])a(?=[^aeiourlAI]$)", "E"), ("u(?=[^aeiouAIड])", "a"),
        ("o(?=[^aeiouAI])", "W"), ("(?<!^)y(?![aeiouAIU])", "i"), ("w", "v"), ("q", "k"), (r"([^aeiou])\1", r"\1"),
    )
)  # fmt: skip
#: A Latin word of a film in another language is taken for that language's until so much speaks against it, in steps of
#: Zipf's scale; and so much for each change from one language to the other.
_LEANING, _CHANGE = 1.0, 1.5
_UNKNOWN = 1.0


@functools.lru_cache(maxsize=20_000)
def frequency(word: str) -> float:
    """Return how often English uses a word, on Zipf's scale: the logarithm of its uses in a thousand million words."""
    return word_frequency.uses([word.casefold().replace("’", "'")], "en") or 0.0


def sounds(word: str) -> str:
    """Return how an English word is said, a letter a sound, as far as its spelling tells it."""
    said = re.sub("t(?!h|i?on|ure$|ch)", "ट", re.sub("d(?!ge)", "ड", word.casefold().replace("’", "'")))
    for spelling, sound in _SPELLINGS:
        said = spelling.sub(sound, said)
    return said.replace("'", "").replace("t", "ट")


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
