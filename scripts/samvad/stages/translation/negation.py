"""Whether a translation still denies what its source denies: a fault that readers can't see.

Words of a few languages, each the plain ones that deny a sentence. A doubt, not a proof: the sentence is tried
otherwise, and flagged for a person where that does not help.
"""

from __future__ import annotations

import re

_WORDS = {
    "hi": "नहीं नही नहि मत बिना",
    "ur": "نہیں مت بغیر",
    "mr": "नाही नको नका नये नाहीत नव्हे नव्हता नव्हती नव्हते नसतो नसते विना",
    "bn": "না নেই নয় নি নাই",
    "gu": "નથી નહીં નહિ ના નહોતો નહોતી નહોતું વગર વિના",
    "pa": "ਨਹੀਂ ਨਾ ਨਹੀ ਬਿਨਾਂ ਬਿਨਾ",
    "or": "ନାହିଁ ନୁହେଁ ନାହାନ୍ତି ନା ନି ନଥିଲା ବିନା",
    "ta": "இல்லை வேண்டாம் முடியாது கூடாது அல்ல மாட்டேன் மாட்டான் மாட்டாள் மாட்டார்",
    "te": "లేదు కాదు వద్దు లేరు లేను లేవు లేడు కూడదు",
    "kn": "ಇಲ್ಲ ಅಲ್ಲ ಬೇಡ ಬಾರದು ಕೂಡದು",
    "ml": "ഇല്ല അല്ല വേണ്ട അരുത്",
    "es": "no nunca jamás nada nadie ningún ninguna ninguno ni sin tampoco",
    "pt": "não nunca jamais nada ninguém nenhum nenhuma nem sem tampouco",
    "it": "non no mai niente nulla nessuno nessuna nessun né senza neanche nemmeno neppure",
    "fr": "ne pas jamais rien personne aucun aucune sans non ni guère",
    "de": "nicht kein keine keinen keinem keiner keines nie niemals nichts niemand ohne nein weder",
    "nl": "niet geen nooit niets niemand nee zonder noch",
    "ru": "не нет ни никогда ничего никто нельзя без никого нету",
    "en": "not no never none nothing nobody nowhere neither nor without cannot",
}
#: What denies at the end of a word, in languages that write it together with the verb: "வரவில்லை", "ಬರಲಿಲ್ಲ".
_ENDINGS = {
    "ta": "ில்லை|ாது|ாதே|ாதீர்கள்|வேண்டாம்|மாட்டேன்|மாட்டான்|மாட்டாள்|மாட்டார்கள்|ாமல்|ாத",
    "kn": "ಿಲ್ಲ|ಲ್ಲ|ಾರದು|ಬಾರದು|ಕೂಡದು|ಬೇಡ|ಬೇಡಿ",
    "ml": "ില്ല|ല്ല|രുത്|ാതെ|ാത്ത|വേണ്ട",
    "mr": "ण्याशिवाय|शिवाय",
}
#: Words that end so and deny nothing: "all", "knows", "slowly"; "good".
_NO_ENDINGS = {"kn": frozenset({"ಎಲ್ಲ", "ಬಲ್ಲ", "ಮೆಲ್ಲ"}), "ml": frozenset({"നല്ല"})}
#: Languages whose verbs deny by what is inside them ("రాను", "নকৰে"): a source is understood, a translation not judged.
_SOURCES_ONLY = frozenset({"te"})
#: Words that say the same in a positive sentence: "नहीं तो" is "otherwise", "मुमकिन नहीं" is "impossible".
_AS_GOOD = {
    "hi": "न ना नामुमकिन असंभव वरना इनकार मना बजाय सिवाय",
    "ur": "نہ نا ناممکن ورنہ انکار منع",
    "mr": "न अशक्य",
    "bn": "ছাড়া অসম্ভব",
    "en": "otherwise else unless unable impossible hardly barely rarely instead lack lacks fail failed fails refuse "
    "refused stop avoid missing away except only dont cant wont didnt doesnt isnt",
}
_LETTERS = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0963\u0971-\u0dff\u200c\u200d])*")


def is_lost(source: str, made: str, source_language: str, target: str) -> bool:
    """Return whether a source denies something and its translation does not, where both languages are known here."""
    if source_language not in _WORDS or target not in _WORDS or target in _SOURCES_ONLY:
        return False
    return _denies(source, source_language) and not _denies(made, target, _AS_GOOD.get(target, ""))


def _denies(text: str, language: str, more: str = "") -> bool:
    lowered = text.casefold().replace("’", "'")
    if "n't" in lowered or re.search(r"\bn'", lowered):
        return True
    words = _LETTERS.findall(lowered)
    endings, others = _ENDINGS.get(language), _NO_ENDINGS.get(language, frozenset())
    if endings and any(word not in others and re.search(f"(?:{endings})$", word) for word in words):
        return True
    return not frozenset(f"{_WORDS[language]} {more}".split()).isdisjoint(words)
