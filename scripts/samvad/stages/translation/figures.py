"""Numbers of a text, so that a translation can be asked whether it has kept them, in digits or in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from samvad.stages.translation.markup import latin_digits
from samvad.text import number_words
from samvad.text.number_words import Number

_NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
#: Numbers in words from here on are asked for: smaller ones are articles ("एक") and parts of idioms, or other words
#: ("दो" is "give", too).
_ASKED_FROM = 11
#: Languages that write a compound number as one long word, of which the table has but the beginnings: what is not
#: found there may be there.
_JOINED = frozenset({"kn", "ml", "ta"})
_HALF_HOUR, _HALF_DAY = Decimal(30), Decimal(12)
_HALVES = frozenset({"half", "साढ़े", "media", "demie", "halb", "meia", "mezza", "ساڑھے"})


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
    there = _values(written)
    figures = tuple(
        figure
        for figure in sorted(wanted - kept)
        for _ in range(wanted[figure] - kept[figure] - _times_said(figure, said, written, made))
    )
    words: tuple[str, ...] = ()
    if source_language not in _JOINED and target not in _JOINED and number_words.knows(target):
        words = tuple(
            str(number.value)
            for place, number in enumerate(said)
            if _is_asked(number) and there.isdisjoint(_readings(said, place))
        )
    return Lost(figures, words, bool(words) and bool(_new(written, _values(said))))


def added(source: str, made: str, source_language: str, target: str) -> list[str]:
    """Return the numbers in digits of a translation that its source has neither in digits nor in words."""
    new = numbers(made) - numbers(source)
    said, written = number_words.of(source, source_language), number_words.of(made, target)
    return sorted(figure for figure in new if not _times_said(figure, written, said, source))


def _is_asked(number: Number) -> bool:
    value = number.value
    return (
        value is not None and number.figures is None and not number.is_round and value >= _ASKED_FROM and not value % 1
    )


def _new(written: Sequence[Number], said: Collection[Decimal]) -> list[Number]:
    return [
        number
        for place, number in enumerate(written)
        if number.value is not None
        and number.value >= _ASKED_FROM
        and not number.is_round
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
    values = {number.value}
    for left, right in pairwise(found[max(0, place - 1) : place + 2]):
        if _is_in(left, 10, 99) and _is_in(right, 0, 99) and left.value is not None and right.value is not None:
            values.add(left.value * 100 + right.value)  # a year in two parts
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


def _times_said(figure: str, own: Sequence[Number], others: Sequence[Number], other: str) -> int:
    """Return how many numbers of another text come to what a figure comes to, and are not that figure again."""
    values = {number.value for number in own if number.figures == figure and number.value is not None}
    if re.fullmatch(r"\d+(?:\.\d+)?", figure):
        values.add(Decimal(figure))
    found = sum(
        number.figures != figure and not values.isdisjoint(_readings(others, place))
        for place, number in enumerate(others)
    )
    return found or int(_is_time_said(figure, _values(others), other))


def _is_time_said(figure: str, there: Collection[Decimal], other: str) -> bool:
    """Return whether a text has a time in words, or of the other half of the day: "half past nine", "21:30"."""
    time = re.fullmatch(r"(\d{1,2})[:.](\d{2})", figure)
    if time is None:
        return False
    hour, minute = Decimal(time[1]), Decimal(time[2])
    hours = {hour, hour + _HALF_DAY, hour - _HALF_DAY}
    if hours.isdisjoint(there):
        return minute == _HALF_HOUR and not {at + Decimal("0.5") for at in hours}.isdisjoint(there)
    half = minute == _HALF_HOUR and not _HALVES.isdisjoint(other.casefold().split())
    return not minute or minute in there or half


def _plain(number: str) -> str:
    # 1,00,000 and 100,000 are one number; 3,5 and 3.5 are too, and 9:30 is two that belong together.
    if re.fullmatch(r"\d{1,3}(?:,\d{2,3})+(?:\.\d+)?", number):
        return number.replace(",", "")
    return number.replace(",", ".").rstrip(".")
