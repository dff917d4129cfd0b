"""Scripts: which one a letter is of, which one a language is written in, which of Whisper's tokens write another.

Whisper's tokens are pieces of UTF-8, not characters: a Devanagari letter can be one token, or three bytes in two. A
token is therefore judged by the characters that its bytes can begin, and shut out where none of them is allowed.
"""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator
from unicodedata import category

from samvad.text import languages

LATIN = "Latn"

#: Blocks of letters (first and last code point) by ISO 15924 code of their script (Unicode 16, Blocks.txt). What lies
#: in no block (digits, punctuation, spaces, symbols) is common to all scripts.
_BLOCKS: tuple[tuple[int, int, str], ...] = (
    (0x41, 0x5A, "Latn"),
    (0x61, 0x7A, "Latn"),
    (0xC0, 0x2AF, "Latn"),
    (0x370, 0x3FF, "Grek"),
    (0x400, 0x52F, "Cyrl"),
    (0x531, 0x58F, "Armn"),
    (0x590, 0x5FF, "Hebr"),
    (0x600, 0x6FF, "Arab"),
    (0x700, 0x74F, "Syrc"),
    (0x750, 0x77F, "Arab"),
    (0x870, 0x8FF, "Arab"),
    (0x900, 0x963, "Deva"),
    (0x966, 0x97F, "Deva"),
    (0x980, 0x9FF, "Beng"),
    (0xA00, 0xA7F, "Guru"),
    (0xA80, 0xAFF, "Gujr"),
    (0xB00, 0xB7F, "Orya"),
    (0xB80, 0xBFF, "Taml"),
    (0xC00, 0xC7F, "Telu"),
    (0xC80, 0xCFF, "Knda"),
    (0xD00, 0xD7F, "Mlym"),
    (0xD80, 0xDFF, "Sinh"),
    (0xE00, 0xE7F, "Thai"),
    (0xE80, 0xEFF, "Laoo"),
    (0xF00, 0xFFF, "Tibt"),
    (0x1000, 0x109F, "Mymr"),
    (0x10A0, 0x10FF, "Geor"),
    (0x1100, 0x11FF, "Hang"),
    (0x1200, 0x139F, "Ethi"),
    (0x1780, 0x17FF, "Khmr"),
    (0x1800, 0x18AF, "Mong"),
    (0x1C50, 0x1C7F, "Olck"),
    (0x1C80, 0x1C88, "Cyrl"),
    (0x1C90, 0x1CBF, "Geor"),
    (0x1D00, 0x1D25, "Latn"),
    (0x1D26, 0x1D2A, "Grek"),
    (0x1D2B, 0x1D2B, "Cyrl"),
    (0x1D62, 0x1D65, "Latn"),
    (0x1D66, 0x1D6A, "Grek"),
    (0x1D6B, 0x1D9A, "Latn"),
    (0x1E00, 0x1EFF, "Latn"),
    (0x1F00, 0x1FFF, "Grek"),
    (0x2090, 0x209C, "Latn"),
    (0x2184, 0x2184, "Latn"),
    (0x2C60, 0x2C7F, "Latn"),
    (0x2D00, 0x2D2F, "Geor"),
    (0x2D30, 0x2D7F, "Tfng"),
    (0x2D80, 0x2DDF, "Ethi"),
    (0x302E, 0x302F, "Hang"),
    (0x3040, 0x30FF, "Jpan"),
    (0x3105, 0x312F, "Hani"),
    (0x3130, 0x318F, "Hang"),
    (0x31F0, 0x31FF, "Jpan"),
    (0x3400, 0x4DBF, "Hani"),
    (0x4E00, 0x9FFF, "Hani"),
    (0xA640, 0xA69F, "Cyrl"),
    (0xA722, 0xA7FF, "Latn"),
    (0xA8E0, 0xA8FF, "Deva"),
    (0xA960, 0xA97F, "Hang"),
    (0xA9E0, 0xA9FE, "Mymr"),
    (0xAA60, 0xAA7F, "Mymr"),
    (0xAAE0, 0xAAFF, "Mtei"),
    (0xAB01, 0xAB2F, "Ethi"),
    (0xAB30, 0xAB64, "Latn"),
    (0xAB65, 0xAB65, "Grek"),
    (0xAB66, 0xAB68, "Latn"),
    (0xABC0, 0xABFF, "Mtei"),
    (0xAC00, 0xD7FF, "Hang"),
    (0xF900, 0xFAFF, "Hani"),
    (0xFB00, 0xFB06, "Latn"),
    (0xFB13, 0xFB17, "Armn"),
    (0xFB1D, 0xFB4F, "Hebr"),
    (0xFB50, 0xFDFF, "Arab"),
    (0xFE70, 0xFEFC, "Arab"),
    (0xFF21, 0xFF5A, "Latn"),
    (0xFF66, 0xFF9F, "Jpan"),
    (0x1AFF0, 0x1B122, "Jpan"),
    (0x1B132, 0x1B167, "Jpan"),
    (0x1DF00, 0x1DF1E, "Latn"),
    (0x1E7E0, 0x1E7FE, "Ethi"),
    (0x1EE00, 0x1EEBB, "Arab"),
    (0x20000, 0x2FA1F, "Hani"),
    (0x30000, 0x323AF, "Hani"),
)
_STARTS = [first for first, _, _ in _BLOCKS]

#: Scripts of FLORES tags that are written with letters of others.
_WRITTEN_WITH = {"Hans": ("Hani",), "Hant": ("Hani",), "Jpan": ("Jpan", "Hani")}
#: Languages of Whisper's that no translator's table has.
_LATIN_LANGUAGES = frozenset({"br", "haw", "la"})
#: Other scripts that a language's own text may be in, beside its everyday one.
_OTHER_SCRIPTS = {"az": "Cyrl", "bs": "Cyrl", "ko": "Hani", "sr": LATIN, "uz": "Cyrl"}

#: What words are made of, as the inside of a class of a regular expression: ``\\w`` knows no vowel signs.
WORD = r"\w\u0900-\u0963\u0966-\u0DFF\uA8E0-\uA8FF\u200C\u200D"


def scripts_of(language: str) -> frozenset[str]:
    """Return the ISO 15924 codes of the scripts that a language is written in every day; none where not known."""
    tables = (languages.INDICTRANS2, languages.NLLB)
    tags = [table[language].split("_")[1] for table in tables if language in table]
    found = frozenset(script for tag in tags for script in _WRITTEN_WITH.get(tag, (tag,)))
    return found or frozenset({LATIN} if language in _LATIN_LANGUAGES else ())


def allowed_scripts(language: str, setting: str) -> frozenset[str]:
    """Return the scripts that a language's text may have; empty for no limit.

    Args:
        language: short code.
        setting: ``native`` (the language's own), ``native_latin`` (its own and Latin), ``latin``, or ``any``.
    """
    if setting == "any":
        return frozenset()
    if setting == "latin":
        return frozenset({LATIN})
    own = scripts_of(language) | ({_OTHER_SCRIPTS[language]} if language in _OTHER_SCRIPTS else frozenset())
    return own | ({LATIN} if setting == "native_latin" else frozenset())


def script_of(character: str) -> str:
    """Return the script of a character, or an empty text where all scripts have it in common."""
    return _script(ord(character))


def has_words(text: str) -> bool:
    """Return whether a text says anything: one without a letter or digit (``● ● ●``, ``♪``) is no subtitle."""
    return any(sign.isalnum() for sign in text)


def of_first_letter(text: str) -> str:
    """Return the script of a text's first letter; an empty text without letters."""
    return next((script_of(letter) for letter in text if letter.isalpha()), "")


def of_letters(text: str) -> list[str]:
    """Return the script of each letter of a text, and of each mark on one; digits have no script here."""
    return [script for sign in text if category(sign)[0] in "LM" and (script := script_of(sign))]


def is_written_in(text: str, language: str) -> bool:
    """Return whether every letter of a text is of a script that the language is written in, as far as that is known."""
    own = scripts_of(language)
    return not own or own.issuperset(of_letters(text))


def foreign_letters(text: str, allowed: frozenset[str]) -> str:
    """Return the characters of a text that are of none of the allowed scripts (any, where that is empty)."""
    if not allowed:
        return ""
    return "".join(character for character in text if (script := script_of(character)) and script not in allowed)


def suppressed_tokens(vocabulary: dict[str, int], allowed: frozenset[str]) -> list[int]:
    """Return the ids of the tokens that write a character of no allowed script.

    Args:
        vocabulary: the model's tokens (byte-level BPE: each byte stands as one printable character) and their ids.
        allowed: scripts; empty for no limit.
    """
    if not allowed:
        return []
    byte_of = {character: byte for byte, character in byte_characters()}
    # Most tokens are Latin, and need not be looked at where it is allowed: "Ġ" at their beginning stands for a space.
    latin = LATIN in allowed
    table, known = str.maketrans({character: chr(byte) for character, byte in byte_of.items()}), frozenset(byte_of)
    pieces = {
        token.translate(table).encode("latin-1"): number
        for token, number in vocabulary.items()
        if token
        and not (latin and token.removeprefix("Ġ").isascii())
        and not token.startswith("<|")
        and known.issuperset(token)
    }
    needless = _needless_bytes(pieces, allowed)
    return sorted(number for data, number in pieces.items() if data[-1] in needless or not writes(data, allowed))


def writes(data: bytes, allowed: frozenset[str]) -> bool:
    """Return whether a piece of UTF-8 can be part of a text in the allowed scripts.

    A piece that begins inside a character is taken for granted there: its first bytes fit many scripts. One that ends
    inside a character is taken when any allowed character begins so.
    """
    if data.isascii():
        return LATIN in allowed or not any(chr(byte).isalpha() for byte in data)
    position = 0
    while position < len(data) and 0x80 <= data[position] < 0xC0:
        position += 1
    while position < len(data):
        length = _length(data[position])
        if length == 0 or not _begins(data[position : position + length], length, allowed):
            return False
        position += length
    return True


@functools.cache
def _begins(piece: bytes, length: int, allowed: frozenset[str]) -> bool:
    """Return whether some bytes are a character of so many, or the first of one, that is in the allowed scripts."""
    if not all(0x80 <= byte < 0xC0 for byte in piece[1:]):
        return False
    missing = length - len(piece)
    first, last = (_code_point(piece + fill * missing, length) for fill in (b"\x80", b"\xbf"))
    return any(script == "" or script in allowed for script in _scripts_between(first, last))


def _needless_bytes(pieces: Container[bytes], allowed: frozenset[str]) -> frozenset[int]:
    """Return the first bytes of characters that the allowed scripts never need by themselves.

    All Indic scripts begin with the same byte. Where the vocabulary holds the pairs of bytes that Devanagari
    letters begin with, that byte alone can only lead to another script.
    """
    needless = set()
    for lead in range(0xE0, 0xF0):
        seconds = {}
        for second in range(0x80, 0xC0):
            first = (lead & 0x0F) << 12 | (second & 0x3F) << 6
            seconds[second] = set(_scripts_between(first, first | 0x3F))
        wanted = [second for second, scripts in seconds.items() if scripts & allowed]
        foreign = any(scripts - allowed - {""} for scripts in seconds.values())
        if foreign and all(bytes((lead, second)) in pieces for second in wanted):
            needless.add(lead)
    return frozenset(needless)


def _script(code: int) -> str:
    place = bisect_right(_STARTS, code) - 1
    if place < 0 or code > _BLOCKS[place][1]:
        return ""
    return _BLOCKS[place][2]


def _scripts_between(first: int, last: int) -> Iterator[str]:
    """Yield the scripts of a range of code points; an empty text where a part of it is common to all.

    Only a whole character can be common: the first bytes of a letter of another script begin some symbol as well.
    """
    if first == last:
        yield _script(first)
        return
    inside = [script for start, end, script in _BLOCKS if start <= last and end >= first]
    yield from inside or [""]


def _length(byte: int) -> int:
    """Return how many bytes a character has that begins with this one; 0 for a byte that begins none."""
    for length, (low, high) in enumerate(((0x00, 0x80), (0xC2, 0xE0), (0xE0, 0xF0), (0xF0, 0xF5)), start=1):
        if low <= byte < high:
            return length
    return 0


def _code_point(data: bytes, length: int) -> int:
    code = data[0] if length == 1 else data[0] & (0x7F >> length)
    for byte in data[1:]:
        code = code << 6 | byte & 0x3F
    return code


def byte_characters() -> Iterable[tuple[int, str]]:
    """Yield each byte and the character that stands for it in a byte-level vocabulary (GPT-2, encoder.py)."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    yield from ((byte, chr(byte)) for byte in shown)
    yield from ((byte, chr(256 + place)) for place, byte in enumerate(hidden))
