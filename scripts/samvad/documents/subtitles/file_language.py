"""The language of a subtitle file, by its name as media servers and editors write it, and by the letters of its text.

A name is a guess: ``film.en.hi.srt`` is English for the hearing impaired, ``film.hi.srt`` Hindi, ``Dr.No.srt`` nothing.
So what it says is refused where the text is in other letters, and whoever is asked by name can say otherwise.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from samvad.core.errors import ConfigurationError
from samvad.text import languages, scripts

#: What stands beside the language in a name: what the track is for, and what was done to it.
_QUALIFIERS = frozenset(
    (  # noqa: SIM905 -- a table
        "forced sdh cc default foreign full signs songs lyrics commentary comm orig original dub dubbed auto asr ai "
        "edited corrected final fixed draft sub subs subtitle subtitles translated sync synced resync utf8 utf-8 copy "
        "srt vtt ass ssa ttml dfxp"
    ).split()
)
#: The hearing impaired, beside a language; Hindi alone.
_HEARING_IMPAIRED = "hi"
#: Names of languages that are neither English nor their own, or not those of the library.
_OTHER_NAMES = {
    **{"bengali": "bn", "castilian": "es", "farsi": "fa", "flemish": "nl", "mandarin": "zh", "oriya": "or"},
    **{"panjabi": "pa", "brazilian": "pt"},
}
#: What browsers and file managers set behind a name that is there already.
_COPY = re.compile(r"(\s*\(\d+\)|\s*- copy|\s+copy)+$", re.IGNORECASE)


@dataclass(frozen=True)
class Named:
    """A language and, where the name has it (``hi-Latn``), the ISO 15924 code of its script."""

    language: str
    script: str = ""


def in_name(name: str) -> Named | None:
    """Return the language that a file's name says, or None where it says none.

    It stands between the title and the ending, behind a point each, alone or with what the track is for: a code
    (``en``, ``eng``, ``pt-BR``, ``zh_Hant``) or a name (``English``, ``Deutsch``). Codes are written in small letters,
    or in capitals where the title is not: ``No`` and ``It`` are words of titles.
    """
    title, *tokens = name.split(".")[:-1] or [name]
    capitals = any(sign.islower() for sign in title)
    tokens = [_COPY.sub("", token).strip(" ()[]{}") for token in tokens]
    while tokens and _is_qualifier(tokens[-1]):
        tokens.pop()
    if not tokens:
        return None
    token = _without_qualifiers(tokens.pop())
    if token.lower() == _HEARING_IMPAIRED:
        while tokens and _is_qualifier(tokens[-1]):
            tokens.pop()
        beside = _named(_without_qualifiers(tokens[-1]), capitals=capitals) if tokens else None
        if beside is not None:
            return beside
    return _named(token, capitals=capitals)


def _is_qualifier(token: str) -> bool:
    return token.lower() in _QUALIFIERS or re.fullmatch(r"v?\d+|", token.lower()) is not None


def _without_qualifiers(token: str) -> str:
    """Return ``en`` of ``en-sdh``, ``en_forced`` and ``2_en``."""
    token = re.sub(r"^\d+[-_ ]", "", token)
    while (found := re.fullmatch(r"(.+)[-_ ]([^-_ ]+)", token)) and (
        found.group(2).lower() == _HEARING_IMPAIRED or (_is_qualifier(found.group(2)) and found.group(2) != "419")
    ):  # 419 is Latin America
        token = found.group(1)
    return token


@functools.cache
def _named(token: str, *, capitals: bool) -> Named | None:
    code = re.fullmatch(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*))?", token)
    if code is None:
        return _by_name(token)
    if not (code.group(1).islower() or (capitals and code.group(1).isupper())):
        return None
    language = languages.from_tag(code.group(1).lower())
    if language is None or not (len(language) == 2 or language in languages.WHISPER | languages.INDICTRANS2.keys()):
        return None  # "the" and "man" are codes of languages, too
    if code.group(2) is None:
        return Named(language)
    import langcodes

    try:
        tag = langcodes.Language.get(token.replace("_", "-"))
    except langcodes.tag_parser.LanguageTagError:
        return None
    return Named(language, tag.script or "") if tag.is_valid() and not tag.extlangs else None


def _by_name(token: str) -> Named | None:
    token = re.split(r"[(\[{]", token, maxsplit=1)[0].strip()  # Chinese (Simplified)
    if len(token) < 4:
        return None
    if (known := _OTHER_NAMES.get(token.lower())) is not None:
        return Named(known)
    import langcodes

    try:
        found = langcodes.find(token)
    except LookupError:
        return None
    # It finds names in all languages: "India" is Hindi in one of them.
    code = str(found.language)
    names = {languages.name(code), found.display_name("en"), found.autonym()}
    return Named(code) if token.casefold() in {name.casefold() for name in names} else None


def contradiction(named: Named, texts: Iterable[str]) -> str:
    """Return what speaks against a language in the letters of texts, in words; an empty text where nothing does."""
    own = frozenset({named.script}) if named.script else scripts.allowed_scripts(named.language, "native")
    own = own | ({"Hani"} if own & {"Hans", "Hant", "Jpan", "Kore"} else frozenset())
    counts = Counter(script for text in texts for script in scripts.of_letters(text))
    others = sum(count for script, count in counts.items() if script not in own)
    if not own or 2 * others <= counts.total():
        return ""
    return f"{others} of {counts.total()} letters are not of {languages.name(named.language)}"


#: Codes that are words of English titles, too, of languages in Latin letters: ``dr.no.srt``, ``this.is.it.srt``.
_WORDS_OF_TITLES = frozenset(map(Named, ("an", "ha", "id", "is", "it", "no", "so", "to")))
#: Words that every talk in English is full of, and no other language that is written in Latin letters has.
_ENGLISH_WORDS = frozenset(("the", "you", "and", "that", "this", "what", "your", "with"))
#: Of so many such words, and so large a share of all; English films have twice as many.
_ENOUGH_WORDS, _ENOUGH_SHARE = 3, 0.08


def _english_in(texts: Iterable[str]) -> str:
    """Return what speaks for English in texts whose letters tell nothing: ``dr.no.srt`` need not be Norwegian."""
    words = [word for text in texts for word in re.findall(r"\w+", text.lower())]
    english = sum(word in _ENGLISH_WORDS for word in words)
    if english < max(_ENOUGH_WORDS, _ENOUGH_SHARE * len(words)):
        return ""
    return f"{english} of {len(words)} words are such as English has"


def of(path: Path, texts: Sequence[str], given: str | None, *, by_words: bool = False) -> str:
    """Return the language of a file: the one given, or the one in its name, if its text can be in that.

    Args:
        path: the file.
        texts: what it says.
        given: what a person says of it, with ``--language``.
        by_words: whether English words speak against a code that is a word of titles: where nothing else is known of
            the film's languages.

    Raises:
        ConfigurationError: there is neither, or the text is in letters, or words, of another language.
    """
    if given:
        return languages.normalise(given, "--language")
    named = in_name(path.name)
    if named is None:
        raise ConfigurationError(
            f"The name of {path} says no language.", "Give it, such as --language hi.", path=str(path)
        )
    some = texts[:: max(1, len(texts) // 2000)]
    against = contradiction(named, some)
    if not against and by_words and named in _WORDS_OF_TITLES:
        against = _english_in(some)
    if against:
        raise ConfigurationError(
            f"{path}: by its name it is in {languages.name(named.language)}, but {against}.",
            f"Give the language that it is in: --language {named.language}, or another.",
            path=str(path),
        )
    return named.language
