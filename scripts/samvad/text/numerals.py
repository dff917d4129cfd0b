"""Numbers as subtitles write them: one to ten in words, digits with what they measure, money in lakh and crore.

After Netflix's Timed Text Style Guides (English, Hindi, Spanish, "Numbers"): from one to ten in letters, digits above,
and digits always with units, percentages, times of the day, dates, decimals, and among other numbers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

#: The words for one to ten; each language's first are the ones to write, others are read as well.
_WORDS = {
    "en": ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    "hi": ("एक", "दो", "तीन", "चार", "पाँच", "छह", "सात", "आठ", "नौ", "दस"),
    "hi-Latn": ("ek", "do", "teen", "chaar", "paanch", "chhah", "saat", "aath", "nau", "das"),
    "es": ("uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez"),
}
_NUMBER = re.compile(r"(?P<before>[\"'“‘(¿¡-]*)(?P<digits>\d{1,2})(?P<after>[,;:?!…।.\"'”’)]*)")
_MONEY = re.compile(r"(?P<sign>₹|Rs\.?)?\s?(?P<digits>\d[\d,]*\d)(?P<after>[,;:?!…।.]*)")


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UNITS = _set(
    "% ° percent km kilometres kilometers kilometre kilometer metres meters metre meter m cm mm miles "
    "mile kg kilos kilo kilograms grams gram g litres liters litre liter l ml feet foot ft inches inch "
    "degrees degree volts watts hertz °c °f lakh lakhs crore crores million billion rupees rupee dollars "
    "dollar euros euro pounds cents am pm a.m p.m a.m. p.m. january february march april june "
    "july august september october november december st nd rd th किलोमीटर किमी मीटर किलो किलोग्राम ग्राम "
    "लीटर फ़ीट फीट फुट इंच मील प्रतिशत फ़ीसदी फीसदी डिग्री बजे बजकर लाख करोड़ हज़ार हजार अरब रुपये रुपए "
    "रुपया रु रु. डॉलर पैसे जनवरी फ़रवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर सितम्बर अक्टूबर "
    "अक्तूबर नवंबर नवम्बर दिसंबर kilómetros kilómetro metros kilos litros grados millones euros euro "
    "dólares dólar pesos enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre baje bajkar kilo rupaye rupay rupiya paise hazaar hazar karod"
)
_MONTHS = _set("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre")
#: Between these a list of numbers goes on, or a range: all of it is written in one way.
_LINKS = _set("and or to और या से aur ya se y o a")
#: After these a number is a name or a date, not a count: "page 5", "January 5", "₹ 5".
_NAMED = _set(
    "page chapter act scene part line verse figure room number no. no nos. nos gate platform level season "
    "episode phase apollo rs rs. ₹ $ € version article section january february march april may june july "
    "august september october november december पृष्ठ पेज अध्याय नंबर नं. भाग कक्षा धारा सेक्टर página "
    "capítulo número escena parte las"
)
_MONEY_WORDS = _set("rupees rupee rs रुपये रुपए रुपया रु rupaye rupiya")
_COUNTED = frozenset({"hi", "hi-Latn"})
#: Near these digits are read out one by one, and are no amount; so are as many as a telephone's, without commas.
_DIALLED = _NAMED | _set(
    "नम्बर फ़ोन फोन मोबाइल पिन पिनकोड कोड खाता खाते आधार ओटीपी पासवर्ड सन सन् "
    "phone fone mobile pin pincode code khata khaate aadhaar aadhar otp password san"
)
_TELEPHONE = re.compile(r"\d{10,}")
_LAKH, _CRORE = 100_000, 10_000_000
_SCALES = {"hi": ("लाख", "करोड़"), "hi-Latn": ("lakh", "crore"), "en": ("lakh", "crore")}
#: The words that ``money`` may write in the place of noughts, in one form of their letters.
SCALE_WORDS = frozenset(unicodedata.normalize("NFC", word) for words in _SCALES.values() for word in words)


@dataclass(frozen=True)
class Around:
    """The words beside a number, empty where there are none.

    Attributes:
        before: the one before it.
        following: the one after it.
        two_before: the one before that.
        two_after: the one after that.
    """

    before: str = ""
    following: str = ""
    two_before: str = ""
    two_after: str = ""

    @classmethod
    def of(cls, words: Sequence[str], index: int) -> Around:
        """Return the words beside one of several."""

        def at(place: int) -> str:
            return words[place] if 0 <= place < len(words) else ""

        return cls(at(index - 1), at(index + 1), at(index - 2), at(index + 2))


def language_of(language: str, *, latin: bool) -> str:
    """Return the language to write numbers in: Hindi in Latin letters has words of its own."""
    return f"{language}-Latn" if latin and f"{language}-Latn" in _WORDS else language


def spelled(word: str, around: Around, language: str) -> str:
    """Return a word as numbers are to be written in a running text; most words are no numbers and stay.

    Args:
        word: with its punctuation.
        around: the words beside it.
        language: from ``language_of``; where its numbers are not known here, nothing changes.
    """
    words = _WORDS.get(language)
    number = _NUMBER.fullmatch(word)
    if words is None or number is None or not 1 <= int(number["digits"]) <= len(words) or number["digits"][0] in "0०":
        return word
    before, following = around.before, around.following
    after, said = number["after"], _bare(following)
    if _bare(before) in _NAMED or _has_digit(before) or _has_digit(following) or before.endswith(tuple("₹$€£")):
        return word
    # A mark between the two: "I have 5. Kilometres are long" counts no kilometres.
    if not after and (said in _UNITS or following.startswith(tuple("%°-–:/")) or _dates(said, around.two_after)):
        return word
    if not after and (_lists(said, around.two_after, words) or _lists(_bare(before), around.two_before, words)):
        return word
    if language == "es" and int(number["digits"]) == 1:  # "un", "una": what it counts would have to be known
        return word
    text = words[int(number["digits"]) - 1]
    return number["before"] + (text.capitalize() if _begins(before) else text) + after


def _dates(said: str, two_after: str) -> bool:
    """Say whether "de mayo" or "por ciento" follows."""
    return (said == "de" and _bare(two_after) in _MONTHS) or (said == "por" and _bare(two_after) == "ciento")


def _lists(link: str, other: str, words: Sequence[str]) -> bool:
    """Say whether a number that is written in digits stands beside another, behind "and" or "to"."""
    if link not in _LINKS or not _has_digit(other):
        return False
    number = _NUMBER.fullmatch(other)
    return number is None or int(number["digits"]) > len(words)


def money(word: str, around: Around, language: str) -> str:
    """Return a round sum in lakh and crore: "2500000" before "रुपये" is "25 लाख".

    In Hindi so is any other number of what can be counted; elsewhere rupees alone are.
    """
    found = _MONEY.fullmatch(word)
    scales = _SCALES.get(language)
    if found is None or scales is None:
        return word
    rupees = found["sign"] or _bare(around.following) in _MONEY_WORDS or _bare(around.before) in ("₹", "rs")
    dialled = {_bare(around.before), _bare(around.two_before)} & _DIALLED or _TELEPHONE.fullmatch(found["digits"])
    counted = language in _COUNTED and not found["after"] and around.following and not dialled
    if not (rupees or counted):
        return word
    amount = int(found["digits"].replace(",", ""))
    if amount < _LAKH or amount % 1000:
        return word
    unit, scale = (_CRORE, scales[1]) if amount >= _CRORE else (_LAKH, scales[0])
    if amount * 100 % unit:
        return word
    return f"{found['sign'] or ''}{amount / unit:.2f}".rstrip("0").rstrip(".") + f" {scale}{found['after']}"


def is_enumerator(word: str) -> bool:
    """Say whether a word is the number of an item: "2.", "3)"; alone it says nothing."""
    return bool(re.fullmatch(r"\d{1,2}[.)]", word))


def as_digits(word: str, language: str) -> str:
    """Return a bare word, in small letters, with numbers from one to ten as digits, to compare texts by."""
    for words in (_WORDS.get(language, ()), _WORDS.get(f"{language}-Latn", ())):
        if word in words:
            return str(words.index(word) + 1)
    return word


def _bare(word: str) -> str:
    return word.casefold().strip("\"'“”‘’()¿¡ ").rstrip(",;:?!…।.") or word


def _has_digit(word: str) -> bool:
    return any(unicodedata.category(character) == "Nd" for character in word)


def _begins(before: str) -> bool:
    """Say whether a word begins a sentence, as far as the one before it tells."""
    return not before or before.rstrip("\"'”’)")[-1:] in ".?!…"
