"""Bring text into the form that IndicTrans2 was trained on, and its output back into everyday writing.

The same steps as IndicTransToolkit's processor without its placeholders (``inference=False``), which is not used
itself: its placeholders swallow Hindi, and it needs torch and transformers to be imported. One step is left out: it
joins any two numbers with a space between them (``10 20`` would become ``10.20``).
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any

from samvad.text.romanise import romanise

#: Codes by which the Indic NLP library knows the script and the rules of a language, where not our own code.
_INDIC_NLP = {
    "brx": "hi",
    "doi": "hi",
    "kok": "kK",
    "ks": "ur",
    "mai": "hi",
    "mni": "hi",
    "sa": "hi",
    "sat": "or",
    "sd": "ur",
}
#: Scripts that IndicTrans2 keeps; all others it reads and writes as Devanagari (IndicTrans2 README, "script
#: unification").
_OWN_SCRIPTS = frozenset({"Arab", "Olck", "Mtei", "Latn"})

#: Punctuation in one form, after IndicTransToolkit 1.1.1.
_PUNCTUATION = (
    (re.compile(r"\s+"), " "),
    (re.compile(r"\(\s*"), "("),
    (re.compile(r"\s*\)"), ")"),
    (re.compile(r"\s([:;])\s?"), r"\1"),
    (re.compile(r"([:;])\s"), r"\1"),
    (re.compile(r"[`´‘‚’]"), "'"),
    (re.compile(r"[„“”«»]"), '"'),
    (re.compile(r"[–—]"), "-"),
    (re.compile(r"…"), "..."),
    (re.compile(r" ([%?!;])"), r"\1"),
    (re.compile(r"\) ([.!:?;,])"), r")\1"),
    (re.compile(r'"([,.]+)'), r'\1"'),
)


def normalise_punctuation(text: str) -> str:
    """Return the text with one form of quotes, dashes and spaces, and with digits of every script as 0 to 9."""
    text = "".join(
        str(unicodedata.decimal(character)) if unicodedata.decimal(character, None) is not None else character
        for character in text
    )
    for pattern, replacement in _PUNCTUATION:
        text = pattern.sub(replacement, text)
    return text.strip()


def prepare(text: str, language: str, tag: str) -> str:
    """Return a sentence as IndicTrans2 reads it: tokens set apart by spaces, Indian scripts as Devanagari.

    Args:
        text: one sentence.
        language: its short code.
        tag: its FLORES tag, which names the script.
    """
    text = normalise_punctuation(text)
    if language == "en":
        normaliser, tokenizer, _ = _moses()
        return " ".join(tokenizer.tokenize(normaliser.normalize(text), escape=False)).strip()
    from indicnlp.tokenize import indic_tokenize

    code = _INDIC_NLP.get(language, language)
    tokens = " ".join(indic_tokenize.trivial_tokenize(_normaliser(code).normalize(text), code))
    if tag.split("_")[1] not in _OWN_SCRIPTS:
        tokens = _transliterate(tokens, code, "hi").replace(" ् ", "्")
    return tokens.strip()


def restore(text: str, language: str, tag: str) -> str:
    """Return what IndicTrans2 wrote as everyday text: in the language's own script, punctuation where it belongs.

    Args:
        text: tokens set apart by spaces.
        language: short code of the target.
        tag: its FLORES tag.
    """
    if language == "en":
        plain = str(_moses()[2].detokenize(text.split())).strip()
        return re.sub(r"(?<=\d) ?([:/]) ?(?=\d)", r"\1", plain)  # 9:30 and 12/11, which the detokenizer leaves apart
    from indicnlp.tokenize import indic_detokenize

    script = tag.split("_")[1]
    if script == "Arab":
        text = re.sub(r" ([؟۔،])", r"\1", text).replace("ٮ۪", "ؠ")
    if language == "or":
        text = text.replace("ଯ଼", "ୟ")
    if script not in _OWN_SCRIPTS:
        text = _transliterate(text, "hi", _INDIC_NLP.get(language, language))
    return str(indic_detokenize.trivial_detokenize(text)).strip()


#: Flag of a translation in which words of the source's script were changed to Latin letters.
ROMANISED = "letters changed to Latin"


def polished(text: str, target: str) -> str:
    """Return a translation with the target's own full stop, no space before punctuation, and composed letters."""
    text = unicodedata.normalize("NFC", text)
    if target == "en" or target not in _DANDA:
        text = re.sub(r"\s*[।॥]+", ".", text)
    text = re.sub(r"\s+([,.;?!%।॥؟۔…])(?![.\w])", r"\1", text)
    text = re.sub(r"(?<=\w) ('(?:s|re|ve|ll|d|m|t))\b", r"\1", text)
    return re.sub(r"\.{4,}", "...", " ".join(text.split()))


#: Languages that end a sentence with a danda.
_DANDA = frozenset(["as", "bn", "brx", "doi", "hi", "kok", "mai", "mr", "mni", "ne", "or", "pa", "sa"])


def romanised(word: str) -> str:
    """Return a word of an Indian script in Latin letters: the last way out where a model has not translated it.

    Letters of other scripts are left out; a word of nothing else becomes an ellipsis.
    """
    made = "".join(letter for letter in romanise(word) if letter.isascii())
    return made[:1].upper() + made[1:] if any(map(str.isalnum, made)) else "…"


def _transliterate(text: str, source: str, target: str) -> str:
    from indicnlp.transliterate.unicode_transliterate import UnicodeIndicTransliterator

    return str(UnicodeIndicTransliterator.transliterate(text, source, target))


@functools.cache
def _normaliser(code: str) -> Any:
    from indicnlp.normalize.indic_normalize import IndicNormalizerFactory

    return IndicNormalizerFactory().get_normalizer(code)


@functools.cache
def _moses() -> tuple[Any, Any, Any]:
    from sacremoses import MosesDetokenizer, MosesPunctNormalizer, MosesTokenizer

    return MosesPunctNormalizer(), MosesTokenizer(lang="en"), MosesDetokenizer(lang="en")
