"""Numbers of a text, so that a translation can be asked whether it has kept them, in digits or in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from samvad.stages.translation.markup import NUMBER, Span, latin_digits
from samvad.text import number_words
from samvad.text.number_words import Number

_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
#: Numbers in words from here on are asked for: smaller ones are articles ("एक") and parts of idioms, or other words
#: ("दो" is "give", too).
_ASKED_FROM = Decimal(11)
#: From here on a number in words is asked for where another stands in its place.
_CHANGED_FROM = Decimal("1.5")
#: From here on one is written in digits for a model that has lost it, by language: "दो" is "give", too. Elsewhere from
#: ``_ASKED_FROM`` on: other languages have more of that kind ("neuf" is "new").
_WRITTEN_FROM = {"en": Decimal(3), "hi": Decimal(3)}
#: Numbers whose words are far more often another: "নয়" is "is not", "छ" "is", "sei" "you are".
_OTHER_WORDS = {"bn": Decimal(9), "it": Decimal(6), "ne": Decimal(6)}
#: Years that are said by their last two digits.
_CENTURIES, _FIRST_YEAR, _LAST_YEAR = (1900, 2000), 10, 99
_MONTHS = 12
#: So many digits are no count.
_LONG = 7
#: What is written so and counts nothing.
_ALL_DAY = "24/7"
#: Languages that write a compound number as one long word, of which the table has but the beginnings: what is not
#: found there may be there.
_JOINED = frozenset({"kn", "ml", "ta"})
_HALF, _HALF_HOUR, _HALF_DAY, _DAY = Decimal("0.5"), Decimal(30), Decimal(12), Decimal(24)
_PARTS_OF_HOUR = frozenset(map(Decimal, (15, 30, 45)))
_HALVES = frozenset({"half", "साढ़े", "media", "demie", "halb", "meia", "mezza", "ساڑھے"})
_QUARTERS = frozenset({"quarter", "सवा", "पौने", "cuarto", "quart", "viertel", "quarto", "سوا", "پونے"})


@dataclass(frozen=True)
class Lost:
    """Numbers that a translation lacks.

    Attributes:
        figures: those that its source has in digits.
        words: those that its source has in words.
        changed: whether the translation has, instead, numbers that its source does not.
    """

    figures: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    changed: bool = False


def numbers(text: str) -> Counter[str]:
    """Return the numbers written in digits, in one form: without separators of thousands."""
    return Counter(_plain(match) for match in _NUMBER.findall(latin_digits(text)))


def lost(source: str, made: str, source_language: str, target: str) -> Lost:
    """Return the numbers of ``source`` that ``made``, its translation, lacks, in digits as in words.

    Args:
        source: what was said.
        made: its translation.
        source_language: short code.
        target: short code.
    """
    wanted, kept = numbers(source), numbers(made)
    said, written = number_words.of(source, source_language), number_words.of(made, target)
    there = _values(written) | number_words.asides(made, target)
    wanted.pop(_ALL_DAY, None)
    _drop_grouped(wanted, kept)
    figures = tuple(
        figure
        for figure in sorted(wanted - kept)
        for _ in range(wanted[figure] - kept[figure] - _times_said(figure, said, written, made, target))
    )
    missing: list[Number] = []
    if source_language not in _JOINED and target not in _JOINED and number_words.knows(target):
        missing = [
            number
            for place, number in enumerate(said)
            if _is_asked(number, source_language) and there.isdisjoint(_readings(said, place))
        ]
    # Of small numbers and round ones alone one would ask in vain; not where another stands in their place.
    large = [number for number in missing if (number.value or 0) >= _ASKED_FROM and not number.is_round]
    known = _values(said) | number_words.asides(source, source_language)
    other = _new(written, known, _ASKED_FROM if large else _CHANGED_FROM)
    changed = bool(missing) and bool(other or added(source, made, source_language, target))
    return Lost(figures, tuple(str(number.value) for number in (missing if changed else large)), changed)


def _drop_grouped(wanted: Counter[str], kept: Counter[str]) -> None:
    """Take away the digits of telephones and cards that both texts have, grouped in another way."""
    theirs, ours = ("".join(figure for figure in found if figure.isdecimal()) for found in (wanted, kept))
    if theirs == ours and len(ours) >= _LONG:
        for figure in [figure for figure in wanted if figure.isdecimal()]:
            del wanted[figure]


def spans(text: str, language: str) -> list[Span]:
    """Return the numbers that a text says in words, to be written in digits: what a model then copies, and keeps.

    Args:
        text: what a model is to read.
        language: short code; of one that writes numbers as long words, the parts that are known would be no numbers.
    """
    if language in _JOINED:
        return []
    least = _WRITTEN_FROM.get(language, _ASKED_FROM)
    return [
        Span(number.start, number.end, NUMBER, str(int(number.value)))
        for number in number_words.of(text, language)
        if number.value is not None
        and number.figures is None
        and not (number.is_round or number.is_ordinal)
        and number.value >= least
        and _is_whole(number.value)
    ]


def added(source: str, made: str, source_language: str, target: str) -> list[str]:
    """Return the numbers in digits of a translation that its source has neither in digits nor in words."""
    new = numbers(made) - numbers(source)
    said, written = number_words.of(source, source_language), number_words.of(made, target)
    return sorted(figure for figure in new if not _times_said(figure, written, said, source, source_language))


def _is_asked(number: Number, language: str) -> bool:
    value = number.value
    if value is None or number.figures is not None or not (_is_whole(value) or value <= _DAY):
        return False
    least = _ASKED_FROM if number.is_ordinal else _CHANGED_FROM
    return value >= least and value != _OTHER_WORDS.get(language)


def _is_whole(value: Decimal) -> bool:
    return value == value.to_integral_value()


def _new(written: Sequence[Number], said: Collection[Decimal], least: Decimal) -> list[Number]:
    return [
        number
        for place, number in enumerate(written)
        if number.value is not None
        and number.value >= (_ASKED_FROM if number.is_ordinal else least)
        and not number.is_round
        and (_is_whole(number.value) or number.value <= _DAY)
        and _readings(written, place).isdisjoint(said)
    ]


def _values(found: Sequence[Number]) -> frozenset[Decimal]:
    """Return what numbers of a text come to, by any reading of them."""
    return frozenset().union(*(_readings(found, place) for place in range(len(found))))


def _readings(found: Sequence[Number], place: int) -> frozenset[Decimal]:
    """Return what a number may be read as, also with its neighbours: "nineteen forty-seven", "nine eight one"."""
    number = found[place]
    if number.value is None:
        return frozenset(Decimal(part) for part in re.findall(r"\d+", number.figures or ""))
    values = {number.value, *(number.value * size for size in number.sizes)}
    if number.value <= _DAY and not _is_whole(number.value):  # "सवा चार" is "quarter past four"
        values.add(number.value // 1 + (number.value % 1 > _HALF))
    if _FIRST_YEAR <= number.value <= _LAST_YEAR:
        values |= {number.value + century for century in _CENTURIES}
    for left, right in pairwise(found[max(0, place - 1) : place + 2]):
        if left.value is None or right.value is None or right.figures is not None:
            continue
        if _is_in(left, 10, 99) and _is_in(right, 0, 99):
            values.add(left.value * 100 + right.value)  # a year in two parts
        if _is_in(left, 1, 24) and right.value in _PARTS_OF_HOUR:
            values.add(left.value + right.value / 60)  # "ten thirty" is "साढ़े दस"
    first, last = place, place + 1
    while first and _is_digit(found[first - 1]):
        first -= 1
    while last < len(found) and _is_digit(found[last]):
        last += 1
    if _is_digit(number) and last - first > 1:
        values.add(Decimal("".join(str(one.value) for one in found[first:last])))
    return frozenset(values)


def _is_digit(number: Number) -> bool:
    return _is_in(number, 0, 9)


def _is_in(number: Number, least: int, most: int) -> bool:
    value = number.value
    return value is not None and number.figures is None and least <= value <= most and not value % 1


def _times_said(figure: str, own: Sequence[Number], others: Sequence[Number], other: str, language: str) -> int:
    """Return how many numbers of another text come to what a figure comes to, and are not that figure again."""
    values: set[Decimal] = set()
    for place, number in enumerate(own):
        if number.figures == figure and number.value is not None:
            values |= _readings(own, place)
    if re.fullmatch(r"\d+(?:\.\d+)?", figure):
        values.add(Decimal(figure))
    found = sum(
        number.figures != figure and not values.isdisjoint(_readings(others, place))
        for place, number in enumerate(others)
    )
    there = _values(others) | number_words.asides(other, language)
    return found or int(not values.isdisjoint(there - _values(others)) or _is_time_said(figure, there, other))


def _is_time_said(figure: str, there: Collection[Decimal], other: str) -> bool:
    """Return whether a text has a time in words, or of the other half of the day: "half past nine", "21:30"."""
    time = re.fullmatch(r"(\d{1,2})[:.](\d{2})", figure)
    if time is None:
        return _is_date_said(figure, there)
    hour, minute = Decimal(time[1]), Decimal(time[2])
    hours = {hour, hour + _HALF_DAY, hour - _HALF_DAY}
    if not {at + minute / 60 for at in hours}.isdisjoint(there):
        return True
    words = set(re.findall(r"[^\W\d_][^\s,.;:!?।-]*", other.casefold()))
    half = minute == _HALF_HOUR and not _HALVES.isdisjoint(words)
    quarter = minute % _HALF_HOUR == _HALF_HOUR / 2 and not _QUARTERS.isdisjoint(words)
    if not hours.isdisjoint(there):
        return minute in there or half or (quarter and minute < _HALF_HOUR)
    before = {at + 1 for at in hours}  # "ten to seven"
    return not before.isdisjoint(there) and (60 - minute in there or (quarter and minute > _HALF_HOUR))


def _is_date_said(figure: str, there: Collection[Decimal]) -> bool:
    """Return whether a text has a date or a fraction in words: "the fifth of May", "three quarters"."""
    parts = [Decimal(part) for part in figure.split("/")] if re.fullmatch(r"\d+(?:/\d+)+", figure) else []
    missing = [part for part in parts if part not in there]
    return bool(parts) and len(missing) < len(parts) and all(part <= _MONTHS for part in missing)


def _plain(number: str) -> str:
    # 1,00,000 and 100,000 are one number; 3,5 and 3.5 are too, and 9:30 is two that belong together.
    if re.fullmatch(r"\d{1,3}(?:,\d{2,3})+(?:\.\d+)?", number):
        return number.replace(",", "")
    return number.replace(",", ".").rstrip(".")
