"""Where a line or a cue may end: after punctuation, before a conjunction, never between words that belong together.

The rules are those of Netflix's Timed Text Style Guides (General Requirements, "Line Treatment"; Hindi, "Line
Treatment"), for English and Hindi; other languages get what punctuation and capitals say.
"""

from __future__ import annotations

from dataclasses import dataclass

SENTENCE_ENDS = frozenset(".?!…।॥؟۔。！？")
CLAUSE_ENDS = frozenset(",;:،؛、，；：—–")
_CLOSERS = "\"'”’»)]}♪ "


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Abbreviations whose full stop ends no sentence.
_ABBREVIATIONS = _words("mr. mrs. ms. dr. st. prof. sr. jr. vs. no. capt. col. gen. lt. sgt. rs. श्री. डॉ. डा.")


@dataclass(frozen=True)
class Grammar:
    """Words of a language, in small letters.

    Attributes:
        opens: begin a phrase; a line may well begin with them, and should not end with them.
        leans_right: belong to the word after them (articles, possessives, pronouns, auxiliaries).
        leans_left: belong to the word before them (postpositions, particles, auxiliaries).
    """

    opens: frozenset[str] = frozenset()
    leans_right: frozenset[str] = frozenset()
    leans_left: frozenset[str] = frozenset()


GRAMMARS: dict[str, Grammar] = {
    "en": Grammar(
        opens=_words(
            "and but or nor so because if when while where that which who whom whose than as until unless though "
            "although since before after in on at of to for with from by into about over under between through "
            "without against during"
        ),
        leans_right=_words(
            "a an the my your his her its our their this these those i you he she it we they is are was were am be "
            "been has have had do does did will would shall should can could may might must not no very too i'm "
            "you're he's she's it's we're they're i'll you'll we'll don't didn't can't won't mr. mrs. ms. dr."
        ),
    ),
    "hi": Grammar(
        opens=_words("और लेकिन मगर किन्तु परन्तु कि क्योंकि जब अगर यदि या ताकि जो जहाँ जहां जैसे इसलिए"),
        leans_right=_words(
            "एक इस उस इन उन यह वह ये वो मेरा मेरी मेरे तेरा तेरी तेरे हमारा हमारी हमारे तुम्हारा तुम्हारी "
            "तुम्हारे आपका आपकी आपके अपना अपनी अपने मैं तू तुम हम आप न मत बहुत श्री डॉ"
        ),
        leans_left=_words(
            "का की के को से में पर ने तक वाला वाली वाले है हैं हूँ हूं हो था थी थे थीं गा गी गे रहा रही रहे गया गई "
            "गयी गए गये दिया दी दिए लिया ली लिए सकता सकती सकते चुका चुकी चुके चाहिए भी ही जी साहब होगा होगी होंगे"
        ),
    ),
}

#: Points of a break, from none (a sentence ends) to many (it tears a name apart). They are weighed against the points
#: of the cutting, which are listed there.
AFTER_SENTENCE = 0.0
AFTER_CLAUSE = 2.0
BEFORE_OPENING = 4.0
ANYWHERE = 6.0
WITHIN_PHRASE = 12.0
WITHIN_NAME = 14.0


def ends_sentence(text: str) -> bool:
    """Say whether a sentence ends with this word, closing quotes and brackets put aside."""
    bare = text.rstrip(_CLOSERS)
    if not bare or bare[-1] not in SENTENCE_ENDS:
        return False
    is_initial = len(bare) == 2 and bare[0].isupper() and bare[1] == "."
    return not is_initial and bare.lower() not in _ABBREVIATIONS


def ends_clause(text: str) -> bool:
    """Say whether a comma, colon, dash or the like stands after this word."""
    bare = text.rstrip(_CLOSERS)
    return bool(bare) and bare[-1] in CLAUSE_ENDS


def break_points(left: str, right: str, language: str, *, same_name: bool = False) -> float:
    """Return how bad it is to end a line between two words, in points.

    Args:
        left: the last word of the line, with its punctuation.
        right: the first word of the next.
        language: short code of the text's language.
        same_name: whether both belong to one name.
    """
    if ends_sentence(left):
        return AFTER_SENTENCE
    if same_name:
        return WITHIN_NAME
    if ends_clause(left):
        return AFTER_CLAUSE
    grammar = GRAMMARS.get(language, Grammar())
    before, after = _bare(left), _bare(right)
    if before in grammar.leans_right or before in grammar.opens or after in grammar.leans_left:
        return WITHIN_PHRASE
    if left[:1].isupper() and right[:1].isupper():  # two capitals in a row are most often one name
        return WITHIN_PHRASE
    return BEFORE_OPENING if after in grammar.opens else ANYWHERE


def _bare(text: str) -> str:
    lowered = text.lower().strip("\"'“”‘’«»()[]¿¡♪- ")
    return lowered if lowered in _ABBREVIATIONS else lowered.rstrip(",;:.?!…।")
