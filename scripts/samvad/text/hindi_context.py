"""Hindi words that other scripts write alike, told apart by what stands before and after them."""

from __future__ import annotations

from collections.abc import Sequence

#: In Urdu's letters both are میں, in many a Latin text "me" or "mai": "in", which follows its noun, and "I".
INSIDE, MYSELF = "में", "मैं"
_STOPS = "।॥.?!,"
#: After these stands no "in": they begin a clause, or are complete with a postposition of their own.
_NO_NOUN = frozenset(
    {
        *("और", "कि", "तो", "लेकिन", "मगर", "जब", "अगर", "यदि", "क्या", "हाँ", "हां", "नहीं", "क्योंकि", "जैसे"),
        *("फिर", "अब", "आज", "कल", "या", "वरना", "इसलिए", "को", "से", "पर", "का", "ने", "भी", "ही", "उसे", "इसे"),
        *("उन्हें", "इन्हें", "तुम्हें", "आपको", "तुमको", "उसको", "इसको", "जिसे", "किसे"),
    }
)


def inside_or_myself(words: Sequence[str], place: int) -> str:
    """Return which of the two stands at a place of a text.

    Args:
        words: with their punctuation.
        place: of the word, whose own letters do not matter.
    """
    before = words[place - 1] if place else ""
    following = words[place + 1].rstrip(_STOPS) if place + 1 < len(words) else ""
    if not before or before[-1] in _STOPS or before in _NO_NOUN or following == "ने":
        return MYSELF
    return INSIDE
