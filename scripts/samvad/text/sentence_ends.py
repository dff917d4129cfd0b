"""Where a sentence ends: one rule for recognition, translation and subtitles.

What follows decides, where it is known: a full stop before a small letter ends nothing, and neither does that of an
abbreviation before a figure ("No. 5").
"""

from __future__ import annotations

import re

#: Marks that end a sentence, the dandas, the Urdu full stop and those of Santali and Manipuri among them.
MARKS = frozenset(".?!…।॥؟۔᱾꯫。？！")
_CLOSERS = "\"'”’»)]}"
_OPENERS = "\"'“‘«([{¿¡-–— "


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Abbreviations, in small letters, that stand before what they belong to: titles, and words before a sum or a number.
_BEFORE = _words(
    """
    mr. mrs. ms. messrs. dr. st. prof. capt. col. gen. lt. sgt. maj. cmdr. adm. rev. hon. pres. gov. sen. rep. insp.
    supt. pvt. shri. sri. smt. pt. md. vs. rs. approx. sr. sra. srta. dra. dña. ud. uds. mme. mlle. hr. fr.
    bzw. ca. nr. z.b. d.h. e.g. i.e. cf. viz.
    श्री. श्रीमती. सुश्री. डॉ. डा. पं. प्रो. मो. मौ. रु. रू. कु. चि. सौ. क्र. सं. ले. कर्नल. इं. एड. मा. मि. मिस्टर.
    ડૉ. શ્રી. રૂ. ডা. ড. শ্রী. রু. ரூ. திரு. டாக்டர். డా. శ్రీ. రూ. ರೂ. ಡಾ. ಶ್ರೀ. ഡോ. ശ്രീ. രൂ. ਡਾ. ਸ. ਰੁ.
    """
)
#: Those that can end a sentence, too: a figure after them belongs to them, a capital letter does not. "No." is an
#: answer far more often than it stands before a number.
_EITHER = _words(
    """
    no. nos. vol. ch. sec. fig. p. pp. ed. etc. jr. inc. ltd. co. corp. bros. a.m. p.m. b.c. a.d. u.s. u.k. u.n.
    jan. feb. mar. apr. jun. jul. aug. sep. sept. oct. nov. dec. ft. oz. lb. lbs. kg.
    hrs. min. mins. secs. dept. est. mt. ave. blvd. rd. al. usw. p.ej.
    नं. न. पृ. सन्. वि. ई. वि.सं. ई.पू.
    """
)
ABBREVIATIONS = _BEFORE | _EITHER
#: The names of Latin letters as Hindi writes them: "बी.ए." is B.A.
_LETTER_NAMES = _words(
    "ए बी सी डी ई एफ़ एफ जी एच आई आइ जे के एल एम एन ओ पी क्यू आर एस टी यू वी डब्ल्यू डब्लू एक्स वाई वाय ज़ेड जेड ज़ेड"
)
#: Those of them that are words, too, which end sentences: "जी.", "वह आई."
_WORDS = _words("ए ई जी आई आइ ओ पी")
_END = re.compile(rf"(?<=[{''.join(sorted(MARKS))}])[{re.escape(_CLOSERS)}]*\s+")
_INITIALS = re.compile(r"(?:[^\W\d_]\.){2,}")


def ends_sentence(word: str, following: str = "") -> bool:
    """Return whether a sentence ends with a word, closing quotes and brackets and the note of a song put aside.

    Args:
        word: with its punctuation.
        following: what comes after it, or its first word; empty where nothing does, or where it is not known.
    """
    bare = word.strip().rstrip(_CLOSERS + "♪ ")
    if not bare or bare[-1] not in MARKS:
        return False
    if bare[-1] != "." or bare.endswith(".."):
        return True
    after = following.lstrip(_OPENERS)
    # What is written in a script without capitals says nothing by the Latin word that follows it.
    goes_on = after[:1].islower() and any(letter.lower() != letter.upper() for letter in bare)
    lowered = bare.lstrip(_OPENERS).lower()
    if lowered in _BEFORE or _is_initial(bare.lstrip(_OPENERS), after):
        return False
    if lowered in _EITHER or _INITIALS.fullmatch(lowered):
        return not (goes_on or after[:1].isdecimal())
    return not goes_on


def _is_initial(bare: str, after: str) -> bool:
    """Return whether a word is the initials of a name or a degree: "K.", "बी.ए."."""
    letters = bare[:-1].split(".")
    if len(letters) == 1 and (bare == "I." or bare[:-1] in _WORDS):  # "So do I.": only before another one it is one
        following = after.split(" ", 1)[0].rstrip(_CLOSERS)
        return following.endswith(".") and (len(following) == 2 or following[:-1] in _LETTER_NAMES)
    if len(bare) == 2:
        return bare[0].isalpha() and not bare[0].islower()
    return all(letter in _LETTER_NAMES for letter in letters)


def belongs_to(word: str, following: str) -> bool:
    """Return whether a piece of text is the rest of a figure or of a word: Whisper writes "3", ".6" and "2020", "-5".

    Args:
        word: what stands before it.
        following: the piece, with the space before it, if there is one.
    """
    return bool(re.match(r"[.,:/–-]?\d|[%°’']", following) and re.search(r"\d[.,]?$", word))


def split(text: str) -> list[str]:
    """Return the sentences of a text, each with its punctuation.

    An abbreviation that is not known here splits too early, which costs context but no text.
    """
    found: list[str] = []
    begin = 0
    for end in _END.finditer(text):
        sentence = text[begin : end.end()].strip()
        if sentence and ends_sentence(sentence.split()[-1], text[end.end() :]):
            found.append(sentence)
            begin = end.end()
    rest = text[begin:].strip()
    return [*found, rest] if rest else found


def with_capitals(text: str, *, begins: bool = False) -> str:
    """Return a text whose sentences begin with capitals after the first, which joined pieces lack.

    A word with a capital inside it (``iPhone``) stays.

    Args:
        text: in any script; without capitals nothing changes.
        begins: whether the first sentence is to have one, too.
    """
    words = text.split(" ")
    ended = begins
    for place, word in enumerate(words):
        bare = word.lstrip(_OPENERS)
        if ended and bare[:1].islower() and bare == bare.lower():
            words[place] = word[: len(word) - len(bare)] + bare[0].upper() + bare[1:]
        if bare:
            ended = surely_ends(word)
    return " ".join(words)


def surely_ends(text: str) -> bool:
    """Return whether a text ends a sentence, whatever follows: dots that trail off and abbreviations do not say."""
    bare = text.rpartition(" ")[2].rstrip(_CLOSERS + "♪")
    lowered = bare.lstrip(_OPENERS).lower()
    if not bare or bare[-1] == "…" or bare.endswith("..") or lowered in ABBREVIATIONS:
        return False
    return bare[-1] in MARKS and ends_sentence(bare)
