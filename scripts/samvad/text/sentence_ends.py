"""Where a sentence ends: one rule for recognition, translation and subtitles.

What follows decides, where it is known: a full stop before a small letter ends nothing, and neither does that of an
abbreviation before a figure ("No. 5").
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence

#: Marks that end a sentence, the dandas, the Urdu full stop and those of Santali and Manipuri among them.
MARKS = frozenset(".?!…।॥؟۔᱾꯫。？！")
_CLOSERS = "\"'”’»)]}"
_QUOTES = ('"', "”", "»")
_OPENERS = "\"'“‘«([{¿¡-–— "


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Abbreviations, in small letters, that stand before what they belong to: titles, and words before a sum or a number.
_BEFORE = _words(
    """
    mr. mrs. ms. messrs. dr. st. prof. capt. col. gen. lt. sgt. maj. cmdr. cdr. adm. brig. hav. nk. cpl. sqn. flt.
    wg. rt. rev. fr. msgr. hon. pres. gov. sen. rep. insp. supt. pvt. adv. shri. sri. smt. pt. pdt. ust. md. vs.
    rs. approx. incl. sr. sra. srta. dra. dña. ud. uds. av. avda. ee. mme. mlle. hr. bzw. ca. nr. z.b. d.h. e.g. i.e.
    cf. viz.
    श्री. श्रीमती. सुश्री. डॉ. डा. पं. प्रो. मो. मौ. रु. रू. कु. चि. सौ. क्र. सं. ले. ज. मे. ब्रि. कर्नल. इं. एड. मा. मि.
    मिस्टर. स्व. उ. उस्ताद. ता. दि. मु. पो. जि. तह. ग्रा. कै. हव. सूबे. पू. प्र.
    ડૉ. શ્રી. ডা. ড. শ্রী. திரு. டாக்டர். ரூ. డా. శ్రీ. రూ. ಡಾ. ಶ್ರೀ. ರೂ. ഡോ. ശ്രീ. രൂ. ਡਾ. ਸ.
    """
)
#: Those that can end a sentence, too: a figure after them belongs to them, a capital letter does not. "No." is an
#: answer far more often than it stands before a number.
_EITHER = _words(
    """
    no. nos. vol. ch. sec. art. cl. para. fig. p. pp. pg. ed. etc. jr. inc. ltd. co. corp. bros. a.m. p.m. b.c. a.d.
    b.c.e. c.e. u.s. u.k. u.n. u.a.e. d.c. ph.d. tel. ext. fl. bldg. apt. wt. ht. jan. feb. mar. apr. jun. jul. aug.
    sep. sept. oct. nov. dec. mon. tue. wed. thu. fri. ft. oz. lb. lbs. kg. km. cm. hrs. min. mins. secs. dept. est. mt.
    ave. blvd. re. rd. al. usw. uu. p.ej. pág. págs. cap. núm. núms. tel. bd. abb. str.
    नं. न. पृ. सन्. वि. ई. वि.सं. ई.पू. कि.मी. कि.ग्रा. मी. से.मी.
    """
)
ABBREVIATIONS = _BEFORE | _EITHER
#: Those that a name may follow, as well as a figure: "Mt. Everest".
_BEFORE_NAMES = _words("mt. ft.")
#: German writes the day of a month with a full stop.
_MONTHS = _words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember")
#: Those of initials that a capital letter does not belong to.
_ENDING = _EITHER - _words("u.s. u.k. u.n.")
#: The names of Latin letters as Hindi writes them: "बी.ए." is B.A.
_LETTER_NAMES = _words(
    "ए बी सी डी ई एफ़ एफ जी एच आई आइ जे के एल एम एन ओ पी क्यू आर एस टी यू वी डब्ल्यू डब्लू एक्स वाई वाय ज़ेड जेड ज़ेड"
)
#: Those of them that are words, too, which end sentences: "जी.", "वह आई."
_WORDS = _words("ए ई जी आई आइ ओ पी")
#: Words with a capital that begin a sentence after initials; any other one is their owner: "A. R. Rahman", "M.G. Road".
_BEGINNERS = _words(
    "a an and are but can did do does for had has have he her here his how i if in is it its my no not now of oh on or "
    "our she so some that the their then there these they this those to was we were what when where which who why will "
    "with would yes you your"
)
#: Latin letters' names in other Indic scripts differ from Hindi's by the lengths of vowels, and by signs that vanish.
_FOLDED = str.maketrans(
    {"ऎ": "ए", "ॆ": "े", "ऒ": "ओ", "ॊ": "ो", "इ": "ई", "ि": "ी", "उ": "ऊ", "ु": "ू", "ऩ": "न", "ऱ": "र", "ऴ": "ल", "ळ": "ल"}
    | dict.fromkeys("़ँ\u200c\u200d")
)
_DEVANAGARI, _BLOCK, _LAST_BLOCK = 0x900, 0x80, 0xD80
#: The first of the scripts whose languages have other abbreviations: Tamil's.
_SOUTHERN = "\u0b80"
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
    after = following.lstrip(_OPENERS)
    if bare[-1] != "." or bare.endswith(".."):
        return not (word.strip().endswith(_QUOTES) and following[:1].islower())  # '"Is it you?" she asked.'
    # What is written in a script without capitals says nothing by the Latin word that follows it.
    goes_on = after[:1].islower() and any(letter.lower() != letter.upper() for letter in bare)
    lowered = bare.lstrip(_OPENERS).lower()
    if lowered in _BEFORE or _is_northern(lowered) or _is_initial(bare.lstrip(_OPENERS), after):
        return False
    if _is_before_name(lowered, after) or _is_ordinal(bare, after):
        return False
    if lowered in _EITHER or _INITIALS.fullmatch(lowered) or _has_no_vowel(lowered):
        return not (goes_on or after[:1].isdecimal())
    return not goes_on


def _is_before_name(lowered: str, after: str) -> bool:
    return lowered in _BEFORE_NAMES and after[:1].isupper() and not _begins(after.split(" ", 1)[0])


def _is_ordinal(bare: str, after: str) -> bool:
    """Return whether a full stop makes an ordinal number of a figure: "am 5. Mai"."""
    return bool(re.fullmatch(r"\d{1,2}\.", bare)) and re.split(r"\W", after, maxsplit=1)[0] in _MONTHS


def begin_small(words: Sequence[str]) -> bool:
    """Return whether a text begins most of its sentences with small letters, as Hindi in Latin letters is often typed.

    There a small letter after a full stop does not say that the sentence goes on.

    Args:
        words: all of the text's, in order, with their punctuation.
    """
    after = [two.lstrip(_OPENERS)[:1] for one, two in itertools.pairwise(words) if surely_ends(one)]
    small = sum(letter.islower() for letter in after)
    return small >= _FEW_SENTENCES and small * 2 > sum(letter.lower() != letter.upper() for letter in after)


#: So many sentences that begin small are a habit, not a slip.
_FEW_SENTENCES = 3


def as_begun(word: str, following: str, *, small: bool) -> str:
    """Return a word as ``ends_sentence`` is to see it after another: with a capital where sentences begin small."""
    return following.capitalize() if small and word.rstrip(_CLOSERS).endswith(".") else following


def _is_initial(bare: str, after: str) -> bool:
    """Return whether a word is the initials of a name or a degree: "K.", "A.R.", "बी.ए.", "எம்."."""
    letters = bare[:-1].split(".")
    following = after.split(" ", 1)[0]
    if len(letters) == 1 and (bare == "I." or _is_word(bare[:-1])):  # "So do I.": only before another one it is one
        following = following.rstrip(_CLOSERS)
        known = len(following) == 2 or _is_letter(following[:-1]) or following in _BEFORE
        return following.endswith(".") and known
    if len(bare) == 2 and bare[0].isalpha():
        if bare[0].islower():  # "z. B.", "p. m.", "n. 5"
            return bool(re.match(r"[^\W\d_]\.", following)) or following[:1].isdecimal()
        return not _begins(following)  # "K. L. Saigal", but "Plan B. We need it."
    if all(_is_letter(letter) for letter in letters):
        return True
    if len(letters) > 1 and after and _is_indic(bare):  # "वि.सं.", "मु.क.": verbs end sentences, and are not taken apart
        return True
    capitals = len(letters) > 1 and bare[:-1].replace(".", "").isupper() and all(len(letter) == 1 for letter in letters)
    return capitals and bare.lower() not in _ENDING and following[:1].isupper() and not _begins(following)


def _begins(following: str) -> bool:
    """Return whether a word with a capital begins a sentence, and is no name: "We", "It's"."""
    bare = following.rstrip(_CLOSERS + ",;:?!")
    return bare[:1].isupper() and re.split("['’]", bare.lower())[0] in _BEGINNERS


def _is_northern(lowered: str) -> bool:
    """Return whether an abbreviation of Hindi stands there in Bengali, Gujarati, Gurmukhi or Odia letters."""
    return _is_indic(lowered) and max(lowered) < _SOUTHERN and _in_devanagari(lowered) in _BEFORE_IN_SISTERS


def _is_word(text: str) -> bool:
    """Return whether a letter's name is a word, too, in Devanagari or in a sister's letters: "ਜੀ.", "જી.", "জি."."""
    return text in _WORDS or (_is_indic(text) and max(text) < _SOUTHERN and _folded(text) in _FOLDED_WORDS)


def _is_letter(text: str) -> bool:
    """Return whether a text is a Latin letter's name in an Indic script."""
    return _folded(text) in _FOLDED_LETTERS


def _is_indic(text: str) -> bool:
    return any(_DEVANAGARI <= ord(sign) < _LAST_BLOCK for sign in text)


def _in_devanagari(text: str) -> str:
    """Return a text with letters of India's scripts as Devanagari's, which have the same places in their blocks."""
    return "".join(chr(_DEVANAGARI + (ord(sign) - _DEVANAGARI) % _BLOCK) if _is_indic(sign) else sign for sign in text)


def _folded(text: str) -> str:
    """Return the name of a Latin letter in one form, whatever Indic script it is written in."""
    if not _is_indic(text):
        return text
    made = _in_devanagari(unicodedata.normalize("NFD", text)).translate(_FOLDED)
    return re.sub("्$", "", re.sub("ं$", "म", made))


#: Sounds that people write without vowels; they are no abbreviations.
_SOUNDS = re.compile(r"(?:h+m+|m+h?m*|s+h+|p+s+t+|b+r+|g+r+|z+|t+s+k+|p+f+t*|n+h+|t+v|h+)\.")


def _has_no_vowel(lowered: str) -> bool:
    """Return whether a word of small Latin letters is an abbreviation, for it can't be said: "bldg.", "wg."."""
    return bool(re.fullmatch(r"[bcdfghjklmnpqrstvwxz]{2,}\.", lowered)) and not _SOUNDS.fullmatch(lowered)


#: Without those that are words in a sister language: "મા" is mother, "સૌ" all.
_BEFORE_IN_SISTERS = _BEFORE - _words("मा. सौ. ज. उ.")
_FOLDED_WORDS = frozenset(map(_folded, _WORDS))
_FOLDED_LETTERS = frozenset(map(_folded, (*_LETTER_NAMES, "चि", "இசட்", "எச்", "హెచ్", "ಹೆಚ್")))


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
