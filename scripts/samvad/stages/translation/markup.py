"""Keep out of a model's way what is no language: marks around the text, and addresses, figures and terms inside it.

Two steps, both exact: ``frame`` sets apart marks (italics, notes, dashes of two speakers, brackets, ellipses), and
``protect`` puts placeholders for spans that are to come out as they are. Nothing is kept between two texts, nothing
depends on the order of a set, and what was not changed by a model comes back letter for letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

#: Part of the translation memory's key: raise it when a text would be prepared otherwise than before.
VERSION = "4"

ADDRESS = "address"
NUMBER = "number"
TERM = "term"
NAME = "name"
TAG = "tag"

_TAG = r"</?[a-zA-Z](?:\s[^<>]*)?>|\{\\[^{}]*\}"
_NOTE = r"[♩♪♫♬]+"
_DASH = r"[-‐–—]"
#: What stands around language: tags and notes; dashes at the start of a line, or of the second speaker's part; square
#: brackets; ellipses where a text begins or ends.
_FRAME = re.compile(
    rf"(?P<mark>\s*(?:{_TAG}|{_NOTE}|[\[\]]|\n+)\s*"
    rf"|(?:^|(?<=\n))\s*{_DASH}\s*(?=\S)"
    rf"|(?<=[.?!।॥۔؟…])\s+{_DASH}\s*(?=\S)"
    r"|(?:^|(?<=[\n\]>♪]))\s*(?:\.{2,}|…)\s*"
    r"|\s*(?:\.{2,}|…)\s*(?=$|\n|\[|<)"
    r"|^\s+|\s+$)"
)

_DIGITS = r"\d+(?:[.,]\d+)*"
#: Not inside a word: vowel signs are no letters to ``\b``, and "शुरू 9 बजे" has no rupees.
_WORD_BEGINS = r"(?<![\w\u0300-\u036f\u0900-\u0963\u0966-\u0dff\u200c\u200d])"
#: Longest first: "रु" is the beginning of "रुपये".
_RUPEES = (
    r"रुपये|रुपए|रुपया|रू\.?|रु\.?|રૂપિયા|રૂ\.?|રુ\.?|রু\.?|ਰੁਪਏ|ਰੁ\.?|ரூபாய்|ரூ\.?|రూపాయలు|రూ\.?|ರೂಪಾಯಿ|ರೂ\.?"
    r"|രൂപ|രൂ\.?|روپے|روپیہ"
)
_SIGNS = r"(?:US|HK|NZ|A|C|S|R)?\$|[₹€£¥₨৳]"
_CURRENCY = rf"(?:{_WORD_BEGINS}(?:Rs\.?|Re\.?|INR|USD|EUR|GBP|{_RUPEES})|{_SIGNS})"
#: What belongs to a sum after its digits: "500/-", "$5m".
_AFTER_SUM = r"(?:/-|\s?(?:bn|mn|[mMkK])\b)?"
_TOP_DOMAINS = "com|org|net|in|gov|edu|info|io|co|tv|me|uk|us|de|fr|pk|bd|np|lk"
#: An address needs a scheme, ``www``, or a known ending after Latin letters: ``ठीक है.चलो`` is none.
_ADDRESS = re.compile(
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
    r"|(?:[a-zA-Z][a-zA-Z0-9+.-]*://|\bwww\.)[^\s<>\"'।॥]*[^\s<>\"'।॥.,;:!?)\]]"
    rf"|\b[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?:{_TOP_DOMAINS})\b(?:/[^\s<>\"'।॥]*[^\s<>\"'।॥.,;:!?)\]])?"
    r"|(?<![\w@#])[@#][A-Za-z_][A-Za-z0-9_]+"
)
#: Figures that a model's tokenizer takes apart: times, sums of money, dates, fractions, shares, numbers with points.
_COMPOSED = re.compile(
    rf"{_CURRENCY}\s?{_DIGITS}{_AFTER_SUM}|{_DIGITS}\s?(?:[₹€£$¥৳]|(?:INR|USD|EUR|GBP)\b)|{_DIGITS}/-|\d{{1,2}}(?::\d{{2}}){{1,2}}(?:\s?[ap]\.?m\b\.?)?"
    rf"|\d+(?:[/-]\d+)+|\+?{_DIGITS}\s?%|\+\d[\d -]{{6,}}\d|\d+(?:[.,]\d+)+"
)
#: Figures inside a name of Latin letters, which are no number: "MP3", "H2O", "24x7"; but not those of "5pm" and "2nd".
_MIXED = (
    r"(?<![^\W_])(?!\d+(?:st|nd|rd|th|s|am|pm|k?m|cm|mm|ft|k?g|m?l|hrs?|mins?|secs?)\b)"
    r"(?:[A-Za-z]+\d|\d+[A-Za-z])[A-Za-z\d]*(?![^\W_])"
)
_NUMBER = re.compile(rf"{_COMPOSED.pattern}|{_MIXED}|{_DIGITS}")

#: How scripts write "ID": models transliterate a placeholder now and then (IndicTransToolkit 1.1.1 lists these).
_ID = (
    r"I\s?D|i\s?d|आईडी|आई\.डी\.?|आयडी|आय\.डी\.?|আইডি|আই\.ডি\.?|আইডী|આઈડી|આઈ\.ડી\.?|ਆਈਡੀ|ਆਈ\.ਡੀ\.?|ଆଇଡି|ଆଇ\.ଡି\.?|ஐடி|ஐ\.டி\.?"
    r"|ఐడి|ఐ\.డి\.?|ಐಡಿ|ಐ\.ಡಿ\.?|ഐഡി|ഐ\.ഡി\.?|آئی\s?ڈی|آیئڈی|ꯑꯥꯏꯗꯤ|ᱟᱭᱰᱤ"
)
_MANGLED = re.compile(
    rf"<\s*(?:{_ID})?\s*[-_.]?\s*(\d{{1,2}})\s*>|(?<!\w)<?\s*(?:{_ID})\s*[-_.]?\s*(\d{{1,2}})(?!\d)\s*>?"
)
_EXACT = re.compile(r"<ID(\d+)>")


@dataclass(frozen=True)
class Part:
    """A part of a text: a mark to keep, or language to translate."""

    text: str
    is_mark: bool


@dataclass(frozen=True)
class Span:
    """Characters ``start`` to ``end`` of a text, their kind, and what is to stand for them in the translation."""

    start: int
    end: int
    kind: str
    wanted: str


@dataclass(frozen=True)
class Protected:
    """A text with placeholders, and for each placeholder, from 1, its span in the text as it was."""

    text: str
    source: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Restored:
    """A text with its values back.

    Attributes:
        text: without placeholders.
        missing: numbers, from 0, of the spans whose placeholder was lost or came more than once.
        leaks: placeholders that stood for nothing; they were taken out.
    """

    text: str
    missing: tuple[int, ...] = ()
    leaks: int = 0


def frame(text: str) -> list[Part]:
    """Split a text into marks and language; the parts joined are the text."""
    parts: list[Part] = []
    at = 0
    for match in _FRAME.finditer(text):
        if match.end() == match.start():
            continue
        if match.start() > at:
            parts.append(Part(text[at : match.start()], is_mark=False))
        parts.append(Part(match.group(), is_mark=True))
        at = match.end()
    if at < len(text):
        parts.append(Part(text[at:], is_mark=False))
    return _without_breaks_inside(parts)


def _without_breaks_inside(parts: Sequence[Part]) -> list[Part]:
    """Join again what a tag inside a sentence set apart, so that the sentence is translated whole."""
    joined: list[Part] = []
    for part in parts:
        inside = (
            not part.is_mark
            and len(joined) > 1
            and joined[-1].is_mark
            and re.fullmatch(rf"\s*(?:{_TAG})\s*", joined[-1].text)
            and not joined[-2].is_mark
            and not re.search(r"[.?!।॥۔؟…]\s*$", joined[-2].text)
        )
        if inside:
            mark, before = joined.pop(), joined.pop()
            joined.append(Part(before.text + mark.text + part.text, is_mark=False))
        else:
            joined.append(part)
    return joined


def facts(text: str, *, all_numbers: bool = False) -> list[Span]:
    """Return the spans that are to come out as they are: addresses, tags, and figures; digits become 0 to 9.

    Args:
        text: what a model is to read.
        all_numbers: plain numbers too, which a model mostly keeps by itself.
    """
    found = [
        # "ID 12" in what people say is translated, but for its figure: whole, it would be taken for a placeholder.
        _span(match, ADDRESS) if match.group().lstrip().startswith("<") else _span(match, NUMBER, match.lastindex or 0)
        for match in _MANGLED.finditer(text)
    ]
    found += [_span(match, ADDRESS) for match in _ADDRESS.finditer(text)]
    found += [_span(match, TAG) for match in re.finditer(_TAG, text)]
    found += [_span(match, NUMBER) for match in (_NUMBER if all_numbers else _COMPOSED).finditer(text)]
    return found


def _span(match: re.Match[str], kind: str, group: int = 0) -> Span:
    value = match.group(group)
    stripped = value.strip()
    start = match.start(group) + value.index(stripped)
    # In a text of another script, "रु 500" reads as letters; "Rs" is what all of them write beside their own.
    wanted = re.sub(rf"^(?:{_RUPEES})\s*", "Rs ", latin_digits(stripped)) if kind == NUMBER else stripped
    return Span(start, start + len(stripped), kind, wanted)


def protect(text: str, spans: Iterable[Span]) -> Protected:
    """Put placeholders in the place of spans; of two that overlap, the one named first stays."""
    kept: list[Span] = []
    for span in spans:
        if span.end > span.start and all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    kept.sort(key=lambda span: span.start)
    made, at = [], 0
    for number, span in enumerate(kept, 1):
        made += [text[at : span.start], placeholder(number)]
        at = span.end
    return Protected("".join([*made, text[at:]]), text, tuple(kept))


def placeholder(number: int) -> str:
    """Return what stands for a span: IndicTrans2 was trained to copy it."""
    return f"<ID{number}>"


def restore(text: str, protected: Protected, value: Callable[[Span], str] | None = None) -> Restored:
    """Put the values back into what a model wrote, also where it wrote a placeholder otherwise.

    Args:
        text: with placeholders.
        protected: what the placeholders stand for.
        value: what to write for a span; its own characters where there is none.
    """
    count = len(protected.spans)
    exact = [int(number) for number in _EXACT.findall(text)]
    pattern = _EXACT if sorted(exact) == list(range(1, count + 1)) else _MANGLED
    seen = [0] * count
    leaks = 0

    def written(match: re.Match[str]) -> str:
        nonlocal leaks
        number = int(next(group for group in match.groups() if group))
        if not 1 <= number <= count:
            if not match.group().lstrip().startswith("<"):
                return match.group()  # people speak of an ID 12 too
            leaks += 1
            return " "
        span = protected.spans[number - 1]
        seen[number - 1] += 1
        filled = value(span) if value else protected.source[span.start : span.end]
        before, after = _spaces(match.group())
        return before + filled + after

    made = pattern.sub(written, text) if count or pattern is _MANGLED else text
    return Restored(made, tuple(index for index, times in enumerate(seen) if times != 1), leaks)


def _spaces(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def leaks(text: str) -> int:
    """Return how many placeholders are left in a text."""
    return sum(match.group().lstrip().startswith("<") for match in _MANGLED.finditer(text))


def without_leaks(text: str) -> str:
    """Return the text without placeholders."""
    return " ".join(
        _MANGLED.sub(lambda match: " " if match.group().lstrip().startswith("<") else match.group(), text).split()
    )


def latin_digits(text: str) -> str:
    """Return the text with the digits of every script as 0 to 9."""
    return "".join(str(int(character)) if character.isdecimal() else character for character in text)
