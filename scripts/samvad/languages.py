"""Languages: one place for the codes that the sheet, Whisper, IndicTrans2, MKV and VTT use.

Inside Samvad a language is its shortest BCP 47 code (``hi``, ``en``, ``mai``).
"""

from __future__ import annotations

from samvad.errors import ConfigurationError

#: Languages that Whisper was trained on (its multilingual tokenizer).
WHISPER: frozenset[str] = frozenset(
    [
        "af",
        "am",
        "ar",
        "as",
        "az",
        "ba",
        "be",
        "bg",
        "bn",
        "bo",
        "br",
        "bs",
        "ca",
        "cs",
        "cy",
        "da",
        "de",
        "el",
        "en",
        "es",
        "et",
        "eu",
        "fa",
        "fi",
        "fo",
        "fr",
        "gl",
        "gu",
        "ha",
        "haw",
        "he",
        "hi",
        "hr",
        "ht",
        "hu",
        "hy",
        "id",
        "is",
        "it",
        "ja",
        "jw",
        "ka",
        "kk",
        "km",
        "kn",
        "ko",
        "la",
        "lb",
        "ln",
        "lo",
        "lt",
        "lv",
        "mg",
        "mi",
        "mk",
        "ml",
        "mn",
        "mr",
        "ms",
        "mt",
        "my",
        "ne",
        "nl",
        "nn",
        "no",
        "oc",
        "pa",
        "pl",
        "ps",
        "pt",
        "ro",
        "ru",
        "sa",
        "sd",
        "si",
        "sk",
        "sl",
        "sn",
        "so",
        "sq",
        "sr",
        "su",
        "sv",
        "sw",
        "ta",
        "te",
        "tg",
        "th",
        "tk",
        "tl",
        "tr",
        "tt",
        "uk",
        "ur",
        "uz",
        "vi",
        "yi",
        "yo",
        "yue",
        "zh",
    ]
)

#: IndicTrans2's languages as its FLORES tags (AI4Bharat, IndicTrans2 README, "Supported languages"); where one has
#: several scripts, the one in everyday use.
INDICTRANS2: dict[str, str] = {
    "as": "asm_Beng",
    "bn": "ben_Beng",
    "brx": "brx_Deva",
    "doi": "doi_Deva",
    "en": "eng_Latn",
    "gu": "guj_Gujr",
    "hi": "hin_Deva",
    "kn": "kan_Knda",
    "kok": "gom_Deva",
    "ks": "kas_Arab",
    "mai": "mai_Deva",
    "ml": "mal_Mlym",
    "mni": "mni_Mtei",
    "mr": "mar_Deva",
    "ne": "npi_Deva",
    "or": "ory_Orya",
    "pa": "pan_Guru",
    "sa": "san_Deva",
    "sat": "sat_Olck",
    "sd": "snd_Arab",
    "ta": "tam_Taml",
    "te": "tel_Telu",
    "ur": "urd_Arab",
}


def normalise(code: str, where: str) -> str:
    """Return a language's shortest code: ``hin``, ``hi-IN`` and ``HI`` become ``hi``.

    Args:
        code: what a user or a file says.
        where: file and column, or key, for the message.

    Raises:
        ConfigurationError: there is no such language.
    """
    import langcodes

    text = code.strip()
    try:
        language = langcodes.Language.get(text, normalize=True)
    except (langcodes.tag_parser.LanguageTagError, ValueError):
        language = None
    if language is None or not language.language or not language.is_valid() or language.language == "und":
        raise ConfigurationError(
            f"{where}: {code!r} is not a language code.",
            "Write a code such as hi (Hindi), en (English), ta (Tamil) or es (Spanish).",
        )
    return str(language.language)


def from_tag(tag: str | None) -> str | None:
    """Return the short code of a stream's language tag (``hin`` gives ``hi``), or None where it says nothing."""
    if not tag or tag.lower() in ("und", "mis", "zxx", "mul"):
        return None
    try:
        return normalise(tag, "language tag")
    except ConfigurationError:
        return None


def name(code: str) -> str:
    """Return a language's English name, such as ``Hindi``."""
    import langcodes

    return langcodes.Language.get(code).display_name("en")
