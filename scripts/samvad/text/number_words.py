"""Numbers in what is said and written, in digits and in words, as values that can be compared across languages.

``config/number_words.tsv`` has the words. "पाँच सौ", "five hundred", "quinientos" and "500" are one value, and so are
"डेढ़ लाख" and "1,50,000".
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation

from samvad.core import outside, schemas
from samvad.core.errors import ConfigurationError

TABLE = schemas.ROOT / "config" / "number_words.tsv"
_COLUMNS = ("language", "kind", "words")
#: What a row may hold, by its kind; the kinds of the second line have a number behind their name.
_PLAIN_KINDS = (
    *("ones", "ordinals", "hundreds", "half more", "quarter more", "quarter less", "between", "half after", "point"),
    "idiom",
)
_SIZED_KINDS = ("scale", "value", "says", "unit")
#: Digits with separators inside them, marks that part numbers, and words. A figure that belongs to a word ("MP3", "5G")
#: is found as well.
_TOKEN = re.compile(
    r"\d+(?:[.,:/]\d+)*|[,;.!?।॥؟،۔…]|[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0963\u0971-\u0dff\u200c\u200d])*"
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{2,3})+(?:\.\d+)?")
#: What accents, nuktas and joiners leave when they are taken away: people leave them out, too.
_DROPPED = re.compile("[\u0300-\u036f\u093c\u09bc\u0a3c\u0abc\u0b3c\u200c\u200d]")
_SAME = str.maketrans({"ँ": "ं", "ଁ": "ଂ", "ઁ": "ં"})
#: The endings of Hindi's ordinals from the fifth on: "पाँचवाँ", "20वीं".
_HINDI_ORDINAL = re.compile("(?:वा|वां|वी|वीं|वे|वें)$")
_HUNDRED = 100
_DIGITS = frozenset(map(Decimal, range(10)))


@dataclass(frozen=True)
class Number:
    """A number of a text.

    Attributes:
        value: what it comes to, with the scale after it: 500000 for "5 lakh"; None for times, dates and fractions.
        figures: as it is written in digits, in one form (without separators of thousands); None where it is in
            words alone.
        is_round: whether it is no more than a scale: "hundreds", "a thousand times", which people say of any number.
        is_ordinal: whether it is one in words; "second" and "दूसरा" are "other", too.
        sizes: how many smaller units make one of what it counts: 60 for "two hours".
        start: where it begins in the text.
        end: where it ends.
    """

    value: Decimal | None
    figures: str | None = None
    is_round: bool = False
    is_ordinal: bool = False
    sizes: tuple[Decimal, ...] = ()
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class _Words:
    """A language's words: values of single ones and of several in a row, and what is made of them."""

    ones: Mapping[tuple[str, ...], Decimal]
    scales: Mapping[tuple[str, ...], Decimal]
    ordinals: frozenset[tuple[str, ...]] = frozenset()
    halves: Mapping[tuple[str, ...], Decimal] = field(default_factory=dict)
    between: frozenset[str] = frozenset()
    half_after: frozenset[tuple[str, ...]] = frozenset()
    points: frozenset[str] = frozenset()
    units: Mapping[str, tuple[Decimal, ...]] = field(default_factory=dict)
    asides: Mapping[tuple[str, ...], frozenset[Decimal]] = field(default_factory=dict)
    idioms: frozenset[tuple[str, ...]] = frozenset()

    @functools.cached_property
    def longest(self) -> int:
        """Return of how many words the longest entry is."""
        return max(map(len, (*self.ones, *self.scales)), default=1)


def knows(language: str) -> bool:
    """Return whether the numbers of a language are known in words."""
    return language in _tables()


def of(text: str, language: str) -> list[Number]:
    """Return the numbers of a text, in order.

    Args:
        text: in any script; digits of all scripts count.
        language: short code; where its words are not known, only digits are found.
    """
    words = _tables().get(language, _NONE)
    places = [match.span() for match in _matches(text)]
    tokens = _tokens(text)
    found: list[Number] = []
    at = 0
    while at < len(tokens):
        begins = places[at][0]
        if idiom := _key_at(tokens, at, words.idioms):
            at += len(idiom)
            continue
        reader = _Reader(tokens, at, words)
        number = reader.number()
        if number is not None:
            number, at = _measured(number, tokens, reader.at, words)
            found.append(replace(number, start=begins, end=places[at - 1][1]))
        elif (sizes := words.units.get(tokens[at])) and (
            half := _key_at(tokens, at + 1, words.half_after)
        ):  # "an hour and a half"
            at += 1 + len(half)
            found.append(Number(Decimal("1.5"), sizes=sizes, start=begins, end=places[at - 1][1]))
        else:
            at += 1
    return found


def asides(text: str, language: str) -> frozenset[Decimal]:
    """Return the numbers that a text may say by words that are no numbers: "noon" is 12, "both" 2, "the fifties" 50."""
    words = _tables().get(language, _NONE)
    tokens = _tokens(text)
    keys = (_key_at(tokens, at, words.asides) for at in range(len(tokens)))
    return frozenset().union(*(words.asides[key] for key in keys if key))


def words(language: str) -> dict[int, str]:
    """Return the word for each number from 0 to 99 that is one word; empty where a language's are not known."""
    ones = _tables().get(language, _NONE).ones
    found: dict[int, str] = {}
    for key, value in ones.items():
        if len(key) == 1 and not value % 1 and key not in _tables()[language].ordinals:
            found.setdefault(int(value), key[0])
    return found


def _matches(text: str) -> Iterator[re.Match[str]]:
    return _TOKEN.finditer(_latin_digits(text).replace("-", " "))


def _tokens(text: str) -> list[str]:
    return [_folded(match.group()) for match in _matches(text)]


def _key_at(tokens: Sequence[str], at: int, keys: Collection[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the longest of several entries that stands at a place; empty where none does."""
    longest = max(map(len, keys), default=0)
    tried = (tuple(tokens[at : at + length]) for length in range(min(longest, len(tokens) - at), 0, -1))
    return next((key for key in tried if key in keys), ())


def _measured(number: Number, tokens: Sequence[str], at: int, words: _Words) -> tuple[Number, int]:
    """Return a number with the sizes of the unit behind it, and the place behind all that belongs to it."""
    sizes = words.units.get(tokens[at], ()) if at < len(tokens) else ()
    if not sizes or number.value is None:
        return number, at
    half = _key_at(tokens, at + 1, words.half_after)
    value = number.value + Decimal("0.5") if half else number.value
    return replace(number, value=value, sizes=sizes), at + 1 + len(half) if half else at


class _Reader:
    """Reads one number: what stands in ``current`` is counted by the next scale, what is in ``total`` is done."""

    def __init__(self, tokens: list[str], at: int, words: _Words) -> None:
        self.tokens, self.at, self.words = tokens, at, words
        self.total, self.current = Decimal(0), Decimal(0)
        self.figures: str | None = None
        self.counted = False
        self.parts = 0
        self.last_scale = Decimal("Infinity")
        self.half = words.halves.get((tokens[at],), Decimal(0)) if at + 1 < len(tokens) else Decimal(0)
        self.at += 1 if self.half else 0
        self.has_half = bool(self.half)

    def number(self) -> Number | None:
        """Return the number that begins here, or None where none does."""
        round_one = is_ordinal = False
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token[0].isdecimal():
                if self.counted:
                    break
                value, self.figures = _value(token)
                if value is None:
                    self.at += 1
                    return Number(None, self.figures)
                self._count(value, 1)
                continue
            key, length = _longest(self.tokens, self.at, self.words)
            if key is None:
                if not (self.counted and self._fraction()) and not self._between(token):
                    break
            elif key in self.words.scales:
                scale = self.words.scales[key]
                # "सौ सौ सौ", as a recogniser loops, is no power of a hundred.
                if (self.total and scale >= self.last_scale) or scale <= _HUNDRED <= self.current:
                    break
                round_one = not self.parts and not self.has_half
                self._scale(scale, length)
            else:
                value = self.words.ones[key]
                if not self._takes(value):
                    break
                self._count(value, length)
            if key in self.words.ordinals:
                is_ordinal = True
                break
        if not self.parts:
            return None
        value = self.total + self.current + self.half
        return Number(value, self.figures, is_round=round_one and self.parts == 1, is_ordinal=is_ordinal)

    def _fraction(self) -> bool:
        """Take what makes a fraction of the number so far: "and a half", "point five"; return whether there is any."""
        if half := _key_at(self.tokens, self.at, self.words.half_after):
            self._count(Decimal("0.5"), len(half))
            return True
        if self.tokens[self.at] not in self.words.points or self.figures is not None:
            return False
        digits = ""
        for token in self.tokens[self.at + 1 :]:
            value = self.words.ones.get((token,))
            if value is None or value not in _DIGITS:
                break
            digits += str(value)
        if digits:
            self._count(Decimal(f"0.{digits}"), 1 + len(digits))
        return bool(digits)

    def _count(self, value: Decimal, length: int) -> None:
        self.current += value
        self.counted = True
        self.parts += 1
        self.at += length

    def _takes(self, value: Decimal) -> bool:
        """Return whether a word's value is part of this number: "five hundred" takes "twenty", "five" does not."""
        if not self.counted:
            return True
        if self.figures is not None:  # of any length: Decimal's ``%`` refuses what has more than 28 digits
            return False
        return self.current >= _HUNDRED and self.current % _HUNDRED == 0 and value < _HUNDRED

    def _scale(self, scale: Decimal, length: int) -> None:
        self.current = (self.current if self.counted else Decimal(0 if self.half and not self.parts else 1)) + self.half
        if self.has_half and not self.parts:
            self.current += self.half < 0 or self.half == Decimal("0.25")  # "सवा सौ" is 125, "पौने सौ" 75
        self.half = Decimal(0)
        self.current *= scale
        if scale > _HUNDRED:
            self.total, self.current, self.last_scale = self.total + self.current, Decimal(0), scale
        self.counted = scale <= _HUNDRED
        self.parts += 1
        self.at += length

    def _between(self, token: str) -> bool:
        """Pass over a word that joins two parts of one number: "nine hundred and five", and not "five and six"."""
        if token not in self.words.between or self.figures is not None or self.at + 1 >= len(self.tokens):
            return False
        after, _ = _longest(self.tokens, self.at + 1, self.words)
        value = self.words.ones.get(after) if after else None
        whole = self.current % _HUNDRED == 0 and bool(self.total or self.current)
        if value is None or not whole or value >= _HUNDRED:
            return False
        self.at += 1
        return True


def _longest(tokens: list[str], at: int, words: _Words) -> tuple[tuple[str, ...] | None, int]:
    for length in range(min(words.longest, len(tokens) - at), 0, -1):
        key = tuple(tokens[at : at + length])
        if key in words.ones or key in words.scales:
            return key, length
        bare = (_HINDI_ORDINAL.sub("", key[0]),)
        if length == 1 and bare != key and words.ones.get(bare, Decimal(0)) >= 5:
            return bare, 1
    return None, 0


def _value(token: str) -> tuple[Decimal | None, str]:
    """Return what digits come to, and their one form; None for times and dates, which are several numbers."""
    figures = token.replace(",", "" if _THOUSANDS.fullmatch(token) else ".").rstrip(".")
    return (Decimal(figures) if re.fullmatch(r"\d+(?:\.\d+)?", figures) else None), figures


def _folded(token: str) -> str:
    return _DROPPED.sub("", unicodedata.normalize("NFD", token.casefold())).translate(_SAME)


def _latin_digits(text: str) -> str:
    return "".join(str(int(character)) if character.isdecimal() else character for character in text)


_NONE = _Words({}, {})


@functools.cache
def _tables() -> dict[str, _Words]:
    """Return the words of each language of the table.

    Raises:
        ConfigurationError: it is missing, or a row is not as it must be; names the line.
    """
    rows: dict[str, dict[str, list[list[tuple[str, ...]]]]] = {}
    header_seen = False
    text = outside.read_text(TABLE, "utf-8", outside.LARGEST_TABLE_BYTES)
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = tuple(cell.strip() for cell in line.split("\t"))
        if header_seen and len(cells) == len(_COLUMNS) and all(cells):
            _check_kind(cells[1], number)
            words = [[_key(word) for word in cell.split("/")] for cell in cells[2].split("|")]
            rows.setdefault(cells[0], {}).setdefault(cells[1], []).extend(words)
        elif header_seen or cells != _COLUMNS:
            raise ConfigurationError(
                f"{TABLE}, line {number}: the columns must be {', '.join(_COLUMNS)}.", "Correct it.", path=str(TABLE)
            )
        header_seen = True
    return {language: _words(kinds) for language, kinds in rows.items()}


def _check_kind(kind: str, line: int) -> None:
    """Refuse a kind of words that is none, and one without the number that belongs to it.

    Raises:
        ConfigurationError: it is one of these; names the line.
    """
    name, _, size = kind.partition(" ")
    if kind not in _PLAIN_KINDS and name not in _SIZED_KINDS:
        wanted = f"one of: {', '.join((*_PLAIN_KINDS, *(f'{known} N' for known in _SIZED_KINDS)))}"
    elif kind in _PLAIN_KINDS or _is_size(size):
        return
    else:
        wanted = f"{name} and a number from 0 on, such as {name} 60"
    what = f"{TABLE}, line {line}: the kind is {kind!r}, but must be {wanted}."
    raise ConfigurationError(what, "Correct it.", path=str(TABLE))


def _is_size(text: str) -> bool:
    try:
        size = Decimal(text)
    except InvalidOperation:
        return False
    return size.is_finite() and size >= 0


def _key(word: str) -> tuple[str, ...]:
    return tuple(_folded(part) for part in word.replace("-", " ").split())


def _words(kinds: dict[str, list[list[tuple[str, ...]]]]) -> _Words:
    ones = _numbered(kinds.get("ones", ()), 0, 1)
    ordinals = _numbered(kinds.get("ordinals", ()), 0 if len(kinds.get("ordinals", ())) > _HUNDRED - 1 else 1, 1)
    scales: dict[tuple[str, ...], Decimal] = {}
    values: dict[tuple[str, ...], Decimal] = {}
    halves: dict[tuple[str, ...], Decimal] = {}
    asides: dict[tuple[str, ...], frozenset[Decimal]] = {}
    units: dict[str, tuple[Decimal, ...]] = {}
    for kind, words in kinds.items():
        name, _, size = kind.partition(" ")
        for word in (word for spellings in words for word in spellings):
            if name == "says":
                asides[word] = asides.get(word, frozenset()) | {Decimal(size)}
            elif name == "unit":
                units[word[0]] = (*units.get(word[0], ()), Decimal(size))
        found = {"scale": scales, "value": values}.get(name)
        if found is not None:
            found.update((word, Decimal(size)) for spellings in words for word in spellings)
        elif kind in _HALVES:
            halves.update((word, _HALVES[kind]) for spellings in words for word in spellings)
    between, points = (
        frozenset(word for spellings in kinds.get(kind, ()) for word, *_ in spellings) for kind in ("between", "point")
    )
    after, idioms = (
        frozenset(word for spellings in kinds.get(kind, ()) for word in spellings) for kind in ("half after", "idiom")
    )
    hundreds = _numbered(kinds.get("hundreds", ()), _HUNDRED, _HUNDRED)
    ones = ordinals | hundreds | values | ones
    ranks = frozenset(ordinals)
    return _Words(ones, scales, ranks, halves, between, after, points, units, asides, idioms)


_HALVES = {"half more": Decimal("0.5"), "quarter more": Decimal("0.25"), "quarter less": Decimal("-0.25")}


def _numbered(words: Iterable[list[tuple[str, ...]]], first: int, step: int) -> dict[tuple[str, ...], Decimal]:
    return {
        word: Decimal(first + step * place) for place, spellings in enumerate(words) for word in spellings if any(word)
    }
