"""The text of a subtitle file's bytes: Unicode in any form, and older encodings where it is sure which one it is.

Guessing by the frequency of letters is wrong too often on a few lines of text (charset-normalizer reads Spanish in
Windows-1252 as Windows-1257). What is asked here instead: is every letter one that the language has? An encoding is
taken where no other gives letters that some language has, or where the language is known and it alone gives those.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from samvad.documents.subtitles.reading import LOST, MENDED, Note

#: By the mark at a file's beginning; the longer marks first, since UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: What every subtitle file has in one of its first lines.
_SIGNS = ("-->", "WEBVTT", "<tt", ":tt", "[Script", "Dialogue:", "->")
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")

_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,200}?\sencoding\s{0,9}=\s{0,9}[\"']([A-Za-z0-9._:-]{1,40})[\"']")
#: Names that an XML file may declare: those of encodings of text, not Python's others.
_DECLARABLE = re.compile(
    r"utf-8|us-ascii|ascii|iso-?8859-?\d{1,2}|latin-?1|windows-\d{3,4}|cp-?\d{3,4}|koi8-[rtu]|shift_?jis|euc-?(jp|kr)"
    r"|gb(k|2312|18030)|big5|mac-?\w{1,12}|tis-620"
)


class EncodingError(ValueError):
    """Bytes are in no encoding that is sure, or not in the one that was named."""


@dataclass(frozen=True)
class Decoded:
    """The text of a file, how its bytes were read, and what is to be said of that."""

    text: str
    encoding: str
    notes: tuple[Note, ...] = ()


def decode(data: bytes, language: str = "", encoding: str = "") -> Decoded:
    """Return the text of a file.

    Args:
        data: all its bytes.
        language: that of its text, where it is known: a shortest BCP 47 code.
        encoding: the one that a person names; it is not doubted.

    Raises:
        EncodingError: it is in no encoding that is sure; the message says what to do.
    """
    if encoding:
        return _named(data, encoding)
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _unicode(data[len(mark) :], name, ())
    for name in _WIDE if b"\0" in data[:4096] else ():
        if any(_holds(data, sign.encode(name), int(name[4:6]) // 8) for sign in _SIGNS):
            return _unicode(data, name, (Note(0, MENDED, f"it has no mark of its encoding; it is read as {name}"),))
    return _declared(data) or _shifted(data) or _narrow(data, language)


def _holds(data: bytes, sign: bytes, width: int) -> bool:
    """Say whether a sign stands in data where a character of so many bytes can."""
    at = data.find(sign)
    while at >= 0 and at % width:
        at = data.find(sign, at + 1)
    return at >= 0


def _declared(data: bytes) -> Decoded | None:
    """Return the text of an XML file as its first line says that it is encoded, if it is."""
    if declared := _DECLARED.match(data):
        name = declared[1].decode("ascii").lower()
        if _DECLARABLE.fullmatch(name):
            try:
                return Decoded(data.decode(name), name)
            except (LookupError, UnicodeDecodeError):
                return None  # a wrong declaration is worth no more than none
    return None


#: What leads into the letters of ISO-2022-JP, which is ASCII byte by byte.
_TO_JAPANESE = (b"\x1b$B", b"\x1b$@")


def _shifted(data: bytes) -> Decoded | None:
    """Return the text of a file in ISO-2022-JP, if it is in that."""
    if any(sign in data for sign in _TO_JAPANESE):
        try:
            text = data.decode("iso2022_jp")
        except UnicodeDecodeError:
            return None
        return Decoded(text, "iso2022_jp", (Note(0, MENDED, "it is not UTF-8; it is read as iso2022_jp"),))
    return None


def _narrow(data: bytes, language: str) -> Decoded:
    """Return the text of bytes of which each is, or begins, a character."""
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass
    wrong = len(re.findall("\ufffd", data.decode("utf-8", "replace")))
    whole = len(re.findall(rb"[\xc2-\xf4][\x80-\xbf]{1,3}", data))
    if whole >= 5 * wrong:
        return _unicode(data, "utf-8", ())
    return _older(data, language)


def _named(data: bytes, encoding: str) -> Decoded:
    try:
        codecs.lookup(encoding)  # for no bytes, it would not be looked up
        return Decoded(data.decode(encoding).removeprefix("\ufeff"), encoding.lower())
    except LookupError:
        raise EncodingError(f"no encoding is called {encoding!r}; such as cp1252 or utf-16 are") from None
    except ValueError as error:
        raise EncodingError(f"it is not in the encoding {encoding} ({getattr(error, 'reason', error)})") from None


def _unicode(data: bytes, name: str, notes: tuple[Note, ...]) -> Decoded:
    """Return Unicode with its slips: bytes that are no character become U+FFFD, as in browsers, and are told."""
    try:
        return Decoded(data.decode(name), name, notes)
    except UnicodeDecodeError:
        text = data.decode(name, "replace")
    broken = (
        Note(number, LOST, f"bytes that are no character of {name.upper()}", line.strip())
        for number, line in enumerate(re.split("\r\n|\r|\n", text), start=1)
        if "\ufffd" in line
    )
    return Decoded(text, name, (*notes, *broken))


# --- older encodings ---

_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
#: Letters of languages beside a to z (from the exemplars of Unicode's CLDR), by their usual older encoding.
_LETTERS: dict[str, tuple[tuple[str, str], ...]] = {
    "cp1252": (
        ("en", "éèêàâäçëïîñöôüæœ"),
        ("es gl", "áéíóúüñçïà"),
        ("ca", "àéèíïóòúüç"),
        ("pt", "áâãàçéêíóôõúü"),
        ("fr", "àâæçéèêëïîôœùûüÿ"),
        ("it", "àéèìíîòóùú"),
        ("de", "äöüßéà"),
        ("nl af", "áéíóúàèëïöüêîôû"),
        ("da no nb nn", "æøåéóèòüöä"),
        ("sv fi", "åäöéàüë"),
        ("is fo", "áðéíóúýþæöø"),
        ("ga", "áéíóú"),
        ("id ms fil tl sw eu", "éèñç"),
    ),
    "cp1250": (
        ("pl", "ąćęłńóśźż"),
        ("cs", "áčďéěíňóřšťúůýž"),
        ("sk", "áäčďéíĺľňóôŕšťúýž"),
        ("hu", "áéíóöőúüű"),
        ("hr sl bs", "čćđšž"),
        ("ro", "ăâîşţ"),
        ("sq", "çë"),
    ),
    "cp1257": (("lt", "ąčęėįšųūž"), ("lv", "āčēģīķļņšūž"), ("et", "äöõüšž")),
    "cp1254": (("tr az", "çğıiöşüâîû"),),
    "cp1251": (
        ("ru bg", f"{_CYRILLIC}ё"),
        ("uk be", f"{_CYRILLIC}ґєіїўё"),
        ("sr mk", f"{_CYRILLIC}ђјљњћџѓќѕ"),
    ),
    "koi8-r": (("ru bg", f"{_CYRILLIC}ё"),),
    "koi8-u": (("uk", f"{_CYRILLIC}ґєіїё"),),
    "cp866": (("ru", f"{_CYRILLIC}ё"),),
    "iso8859-5": (("ru bg", f"{_CYRILLIC}ё"), ("sr mk", f"{_CYRILLIC}ђјљњћџѓќѕ")),
    "cp1253": (("el", "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"),),
    "cp1255": (("he yi", "".join(map(chr, (*range(0x5D0, 0x5EB), *range(0x5B0, 0x5C3))))),),
    "cp1256": (
        ("ar", "".join(map(chr, (*range(0x621, 0x63B), *range(0x640, 0x653)))) + "،؛؟"),
        ("fa ur", "".join(map(chr, (*range(0x621, 0x63B), *range(0x640, 0x653)))) + "،؛؟پچژگکیٹڈڑںہھے"),
    ),
    "cp874": (("th", "".join(map(chr, (*range(0xE01, 0xE3B), *range(0xE3F, 0xE5C))))),),
    "cp932": (("ja", ""),),
    "euc-jp": (("ja", ""),),
    "cp949": (("ko", ""),),
    "gb18030": (("zh", ""),),
    "big5": (("zh", ""),),
}
#: Which letters a script of thousands has, as ranges, and the share of them that makes it sure that it is that script.
_LARGE = {
    "ja": ("\u3041-\u30ff\u3400-\u9fff\uff01-\uff9f\u3000-\u303f", "[\u3041-\u30ff]"),
    "ko": ("\uac00-\ud7a3\u3000-\u303f\uff01-\uff5e", "[\uac00-\ud7a3]"),
    "zh": ("\u4e00-\u9fff\u3000-\u303f\uff01-\uff5e", "[\u4e00-\u9fff]"),
}
#: Marks of any language: those that open stand before a word, those that close behind one, others anywhere.
_OPENING, _CLOSING, _FREE = "“«‹„‚¿¡‘", "”»›’‘“", "’–—…°·×§©®™€£$¢½¼¾¹²³ªº№♪\u00a0\u00ad\u200c\u200d\u200e\u200f"


#: Letters from here on are of other scripts than Latin.
_FIRST_OF_OTHERS = "\u0250"


def _older(data: bytes, language: str) -> Decoded:
    of_any: dict[str, str] = {}
    of_language: dict[str, str] = {}
    spoken = language.partition("-")[0]
    for encoding, alphabets in _LETTERS.items():
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        for codes, letters in alphabets:
            known = spoken in codes.split()
            if (known or _tells(text, letters)) and _is_written_with(text, codes, letters):
                of_any.setdefault(text, encoding)
                if known:
                    of_language.setdefault(text, encoding)
    # Foreign names may be in a text, but not another encoding than those of its language.
    own = {name for name, alphabets in _LETTERS.items() if any(spoken in codes.split() for codes, _ in alphabets)}
    for choice in (of_language, of_any):
        if len(choice) == 1 and (choice is of_language or not own or own & set(choice.values())):
            ((text, encoding),) = choice.items()
            note = Note(
                0, MENDED, f"it is not UTF-8; it is read as {encoding}, which alone gives letters of a language"
            )
            return Decoded(text, encoding, (note,))
    could = ", ".join(sorted((of_language or of_any).values()))
    which = f"which encoding it is in is not sure{f' (it could be {could})' if could else ''}"
    way_out = "name it with --encoding cp1252, or convert the file with iconv -f CP1252 -t UTF-8 OLD > NEW"
    raise EncodingError(f"it is not UTF-8, and {which}; {way_out}")


def _tells(text: str, letters: str) -> bool:
    """Say whether a language can be concluded from its letters: those beside a to z, or enough of another alphabet."""
    if letters == letters.upper():
        return False  # without capitals, too many bytes pass for letters
    return letters[0] < _FIRST_OF_OTHERS or len(re.findall(f"[{letters}]", text)) >= 20


def _is_written_with(text: str, codes: str, letters: str) -> bool:
    """Say whether a text has letters of a language alone beside ASCII, in words as they are written in it."""
    marks = f"{_FREE}{_OPENING}{_CLOSING}"
    if codes in _LARGE:
        all_of, sure = _LARGE[codes]
        if re.search(f"[^\\x00-\\x7f{all_of}{marks}]", text):
            return False
        return 2 * len(re.findall(sure, text)) >= len(re.findall("[^\\x00-\\x7f]", text))
    lower, upper = f"a-z{letters}", f"A-Z{letters.upper()}"
    if re.search(f"[^\\x00-\\x7f{lower}{upper}{marks}]", text) or re.search(f"[{lower}{upper}][„‚¿¡]", text):
        return False
    own = letters + letters.upper()
    if letters[0] >= _FIRST_OF_OTHERS and re.search(f"[a-zA-Z][{own}]|[{own}][a-zA-Z]", text):
        return False  # no word has letters of two scripts
    if letters == letters.upper():
        return True  # it has no capitals
    # By a wrong table, small letters are often capitals of another alphabet: "уРЮЯХАН".
    small, large = len(re.findall(f"[{lower}]", text)), len(re.findall(f"[{upper}]", text))
    return large <= small and 20 * len(re.findall(f"[{letters}][{letters.upper()}]", text)) <= small
