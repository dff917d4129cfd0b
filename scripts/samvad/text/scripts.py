"""Scripts: which one a language is written in, and which of Whisper's tokens write another.

Whisper's tokens are pieces of UTF-8, not characters: a Devanagari letter can be one token, or three bytes in two. A
token is therefore judged by the characters that its bytes can begin, and shut out where none of them is allowed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator

LATIN = "Latn"

#: Blocks of letters (first and last code point) by ISO 15924 code of their script (Unicode 16, Blocks.txt). What lies
#: in no block (digits, punctuation, spaces, symbols) is common to all scripts.
_BLOCKS: tuple[tuple[int, int, str], ...] = (
    (0x41, 0x5A, "Latn"),
    (0x61, 0x7A, "Latn"),
    (0xC0, 0x24F, "Latn"),
    (0x370, 0x3FF, "Grek"),
    (0x400, 0x52F, "Cyrl"),
    (0x531, 0x58F, "Armn"),
    (0x590, 0x5FF, "Hebr"),
    (0x600, 0x6FF, "Arab"),
    (0x700, 0x74F, "Syrc"),
    (0x750, 0x77F, "Arab"),
    (0x8A0, 0x8FF, "Arab"),
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
    (0x1E00, 0x1EFF, "Latn"),
    (0x1F00, 0x1FFF, "Grek"),
    (0x3040, 0x30FF, "Jpan"),
    (0x3105, 0x312F, "Hani"),
    (0x3130, 0x318F, "Hang"),
    (0x3400, 0x4DBF, "Hani"),
    (0x4E00, 0x9FFF, "Hani"),
    (0xA8E0, 0xA8FF, "Deva"),
    (0xAC00, 0xD7AF, "Hang"),
    (0xF900, 0xFAFF, "Hani"),
    (0xFB50, 0xFDFF, "Arab"),
    (0xFE70, 0xFEFC, "Arab"),
    (0xFF21, 0xFF5A, "Latn"),
    (0xFF66, 0xFF9F, "Jpan"),
)
_STARTS = [first for first, _, _ in _BLOCKS]

#: Scripts of Whisper's languages that are not written in Latin letters; the language's own first.
_SCRIPTS_OF: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("hi", "mr", "ne", "sa"), ("Deva",)),
    **dict.fromkeys(("bn", "as"), ("Beng",)),
    **dict.fromkeys(("ar", "fa", "ps", "sd", "ur"), ("Arab",)),
    **dict.fromkeys(("ba", "be", "bg", "kk", "mk", "mn", "ru", "tg", "tt", "uk"), ("Cyrl",)),
    **dict.fromkeys(("he", "yi"), ("Hebr",)),
    **dict.fromkeys(("zh", "yue"), ("Hani",)),
    "am": ("Ethi",),
    "az": ("Latn", "Cyrl"),
    "bo": ("Tibt",),
    "bs": ("Latn", "Cyrl"),
    "el": ("Grek",),
    "gu": ("Gujr",),
    "hy": ("Armn",),
    "ja": ("Jpan", "Hani"),
    "ka": ("Geor",),
    "km": ("Khmr",),
    "kn": ("Knda",),
    "ko": ("Hang", "Hani"),
    "lo": ("Laoo",),
    "ml": ("Mlym",),
    "my": ("Mymr",),
    "pa": ("Guru",),
    "si": ("Sinh",),
    "sr": ("Cyrl", "Latn"),
    "ta": ("Taml",),
    "te": ("Telu",),
    "th": ("Thai",),
    "uz": ("Latn", "Cyrl"),
}

#: The settings of asr.script.
SETTINGS = ("native", "native_latin", "latin", "any")


def scripts_of(language: str) -> tuple[str, ...]:
    """Return the ISO 15924 codes of the scripts that a language is written in, its own first."""
    return _SCRIPTS_OF.get(language, (LATIN,))


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
    return frozenset(scripts_of(language)) | ({LATIN} if setting == "native_latin" else frozenset())


def script_of(character: str) -> str:
    """Return the script of a character, or an empty text where all scripts have it in common."""
    return _script(ord(character))


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
    byte_of = {character: byte for byte, character in _byte_characters()}
    pieces = {
        bytes(byte_of[character] for character in token): number
        for token, number in vocabulary.items()
        if token and not token.startswith("<|") and all(character in byte_of for character in token)
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
        piece = data[position : position + length]
        if length == 0 or not all(0x80 <= byte < 0xC0 for byte in piece[1:]):
            return False
        missing = length - len(piece)
        first, last = (_code_point(piece + fill * missing, length) for fill in (b"\x80", b"\xbf"))
        if not any(script == "" or script in allowed for script in _scripts_between(first, last)):
            return False
        position += length
    return True


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


def _byte_characters() -> Iterable[tuple[int, str]]:
    """Yield each byte and the character that stands for it in a byte-level vocabulary (GPT-2, encoder.py)."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    yield from ((byte, chr(byte)) for byte in shown)
    yield from ((byte, chr(256 + place)) for place, byte in enumerate(hidden))
