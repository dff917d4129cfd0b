"""Numbers as subtitles write them: one to ten in words, digits with what they measure, money in lakh and crore.

After Netflix's Timed Text Style Guides (English, Hindi, Spanish, "Numbers"): from one to ten in letters, digits above,
and digits always with units, percentages, times of the day, dates, decimals, and among other numbers.
"""

from __future__ import annotations

import re
import unicodedata

#: The words for one to ten; each language's first are the ones to write, others are read as well.
_WORDS = {
    "en": ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    "hi": ("एक", "दो", "तीन", "चार", "पाँच", "छह", "सात", "आठ", "नौ", "दस"),
    "es": ("uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez"),
}
_NUMBER = re.compile(r"(?P<before>[\"'“‘(¿¡-]*)(?P<digits>\d{1,2})(?P<after>[,;:?!…।.\"'”’)]*)")
_MONEY = re.compile(r"(?P<sign>[₹]|Rs\.?)?(?P<digits>\d[\d,]*\d)(?P<after>[,;:?!…।.]*)")


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UNITS = _set(
    "% ° percent km kilometres kilometers kilometre kilometer metres meters metre meter m cm mm miles "
    "mile kg kilos kilo kilograms grams gram g litres liters litre liter l ml feet foot ft inches inch "
    "degrees degree volts watts hertz °c °f lakh lakhs crore crores million billion rupees rupee dollars "
    "dollar euros euro pounds cents am pm a.m p.m a.m. p.m. o'clock january february march april june "
    "july august september october november december st nd rd th किलोमीटर किमी मीटर किलो किलोग्राम ग्राम "
    "लीटर फ़ीट फीट फुट इंच मील प्रतिशत फ़ीसदी फीसदी डिग्री बजे बजकर लाख करोड़ हज़ार हजार अरब रुपये रुपए "
    "रुपया रु रु. डॉलर पैसे जनवरी फ़रवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर सितम्बर अक्टूबर "
    "अक्तूबर नवंबर नवम्बर दिसंबर kilómetros kilómetro metros kilos litros grados millones euros euro "
    "dólares dólar pesos enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre"
)
#: After these a number is a name or a date, not a count: "page 5", "January 5", "₹ 5".
_NAMED = _set(
    "page chapter act scene part line verse figure room number no. no nos. nos gate platform level season "
    "episode phase apollo rs rs. ₹ $ € version article section january february march april may june july "
    "august september october november december पृष्ठ पेज अध्याय नंबर नं. भाग कक्षा धारा सेक्टर página "
    "capítulo número escena parte las"
)
_MONEY_WORDS = _set("rupees rupee rs रुपये रुपए रुपया रु rupaye rupiya")
_LAKH, _CRORE = 100_000, 10_000_000
_SCALES = {"hi": ("लाख", "करोड़"), "en": ("lakh", "crore")}
#: The words that ``money`` may write in the place of noughts, in one form of their letters.
SCALE_WORDS = frozenset(unicodedata.normalize("NFC", word) for words in _SCALES.values() for word in words)


def spelled(word: str, before: str, following: str, language: str) -> str:
    """Return a word as numbers are to be written in a running text; most words are no numbers and stay.

    Args:
        word: with its punctuation.
        before: the word before it, or an empty text.
        following: the word after it, or an empty text.
        language: short code; where its numbers are not known here, nothing changes.
    """
    words = _WORDS.get(language)
    number = _NUMBER.fullmatch(word)
    if words is None or number is None or not 1 <= int(number["digits"]) <= len(words) or number["digits"][0] in "0०":
        return word
    after, said = number["after"], _bare(following)
    if _bare(before) in _NAMED or _has_digit(before) or _has_digit(following) or before.endswith(tuple("₹$€£")):
        return word
    # A mark between the two: "I have 5. Kilometres are long" counts no kilometres.
    if not after and (said in _UNITS or following.startswith(tuple("%°-–:/"))):
        return word
    if language == "es" and int(number["digits"]) == 1:  # "un", "una": what it counts would have to be known
        return word
    text = words[int(number["digits"]) - 1]
    return number["before"] + (text.capitalize() if _begins(before) else text) + after


def money(word: str, before: str, following: str, language: str) -> str:
    """Return a sum of rupees in lakh and crore where it is round: "2500000" before "रुपये" is "25 लाख"."""
    found = _MONEY.fullmatch(word)
    scales = _SCALES.get(language)
    if found is None or scales is None:
        return word
    if not (found["sign"] or _bare(following) in _MONEY_WORDS or _bare(before) in ("₹", "rs")):
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
    words = _WORDS.get(language, ())
    return str(words.index(word) + 1) if word in words else word


def _bare(word: str) -> str:
    return word.casefold().strip("\"'“”‘’()¿¡ ").rstrip(",;:?!…।.") or word


def _has_digit(word: str) -> bool:
    return any(unicodedata.category(character) == "Nd" for character in word)


def _begins(before: str) -> bool:
    """Say whether a word begins a sentence, as far as the one before it tells."""
    return not before or before.rstrip("\"'”’)")[-1:] in ".?!…"
