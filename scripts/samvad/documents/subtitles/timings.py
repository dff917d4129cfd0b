"""Lines of times as people and programs write them: ``00:00:01,000 --> 00:00:03,000`` and its near relations.

What such a line means is sure far beyond what players take: digits that are missing or too many, another arrow, a
letter O for a zero. It is read here, with all that is wrong with it. Where two readings are possible, such as frames
behind the seconds, it is not read at all. Every search looks at a bounded number of characters from each place, so that
the time taken grows with the length of the line alone.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from samvad.documents.subtitles import styled
from samvad.documents.subtitles.reading import LATEST_MS

_GAP = r"\s{0,3}"
_NUMBER = r"[\dOoIl]+"
_MARK = "[:;.,\uff1a\uff1b\uff0e\uff0c\u060c]"
_TIME = re.compile(
    rf"([-\u2212]?){_GAP}({_NUMBER}){_GAP}({_MARK}){_GAP}({_NUMBER})"
    rf"(?:{_GAP}({_MARK}){_GAP}({_NUMBER}))?(?:{_GAP}({_MARK}){_GAP}({_NUMBER}))?"
)
_ARROW = re.compile(
    "[-\u2010-\u2015\u2212=]{1,4}\\s?[-\u2010-\u2015\u2212=]{0,3}\\s?[>\uff1e]|[\u2192\u21d2\u2794\u279c]"
)
#: The arrow of the format, with signs too many.
_LONG_ARROW = re.compile("[-\u2010-\u2015\u2212=]{0,4}-->[>\uff1e]{0,2}")
#: Marks of a text's direction, and others that nobody sees: editors set them around times, too.
INVISIBLE = "\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_HEAD_OF_ARROW = re.compile("[>\uff1e\u2192\u21d2\u2794\u279c]")
#: Before a time: the cue's number, on the same line.
_LEADING_NUMBER = re.compile(r"\d{1,9}\s{1,9}(?=[\dOoIl-])")
#: What a broken time still has: digits with a mark between them.
_TRACE_OF_A_TIME = re.compile(rf"\d{_GAP}{_MARK}{_GAP}[\dOoIl]|[OoIl]{_MARK}\d")
_MARKS = str.maketrans("\uff1a\uff1b\uff0e\uff0c\u060c", ":;.,,")
_LETTERS = str.maketrans("OoIl", "0011")


@dataclass(frozen=True)
class Timing:
    """The times of a cue.

    Attributes:
        rest: what stands behind them on the line.
        slips: what is wrong with the line, in words; empty where it is as SubRip's own programs write it.
    """

    start_ms: int
    end_ms: int
    rest: str
    slips: tuple[str, ...]


#: Such lines as SubRip's own programs write, which nearly all are.
_USUAL = re.compile(
    r"(\d{1,3}):([0-5]\d):([0-5]\d)[,.](\d{3}) --> (\d{1,3}):([0-5]\d):([0-5]\d)[,.](\d{3})(?=\s|\Z)", re.ASCII
)


def read(line: str) -> Timing | None:
    """Return the times of a line, or None where it has none or they can't be sure."""
    return _usual(line) or _unusual(line)


def _usual(line: str) -> Timing | None:
    usual = _USUAL.match(line)
    if usual is None:
        return None
    numbers = [int(number) for number in usual.groups()]
    start_ms, end_ms = (
        ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths
        for hours, minutes, seconds, thousandths in (numbers[:4], numbers[4:])
    )
    return Timing(start_ms, end_ms, line[usual.end() :], ())


def _unusual(line: str) -> Timing | None:
    found = _split(line)
    if found is None or len(found[0]) > 100:
        return None  # no time is as long
    left, arrow, right = found
    slips = ["marks that nobody sees stand around the times"] if _INVISIBLE.search(line) else []
    if number := _LEADING_NUMBER.match(left):
        left = left[number.end() :]
        slips.append("the number stands on the line of the times")
    start = _TIME.fullmatch(left)
    end = _TIME.match(right)
    if start is None or end is None:
        return None
    if right[end.end() : end.end() + 1].strip():
        if len(end[8] or "") < 3:
            return None  # the time itself may go on there
        slips.append("something stands right behind the end")
    if "-->" in arrow:
        slips += [] if arrow.strip() == "-->" else [f"{arrow.strip()!r} stands where --> should"]
    else:
        # So weak a sign may stand between numbers in a text: only whole times make it an arrow.
        if not all(found[6] or (found[5] and found[5] in ".,") for found in (start, end)):
            return None
        slips.append(f"{arrow.strip()!r} stands where --> should")
    start_ms, end_ms = _milliseconds(start, slips), _milliseconds(end, slips)
    if start_ms is None or end_ms is None:
        return None
    if not arrow.startswith(" ") or not arrow.endswith(" "):
        slips.append("there are no spaces around the arrow")
    return Timing(start_ms, end_ms, right[end.end() :], tuple(dict.fromkeys(slips)))


def is_broken(line: str) -> bool:
    """Say whether a line is one of times that can't be read: an arrow with what is left of a time on either side."""
    found = _split(line)
    if found is None:
        return bool(_TIME.match(line)) and len(_TRACE_OF_A_TIME.findall(line[:200])) >= 4 and not _has_words(line)
    left, arrow, right = found
    near, far = f"{left[:100]} {left[-100:]}", right[:100]  # what is longer is no time, but may be what is left of one
    if "-->" in arrow:
        return bool(_TRACE_OF_A_TIME.search(near) or _TRACE_OF_A_TIME.search(far)) and not _has_words(near)
    return len(_TRACE_OF_A_TIME.findall(near)) >= 2 and len(_TRACE_OF_A_TIME.findall(far)) >= 2


def _has_words(text: str) -> bool:
    return re.search(r"[^\W\d_]{3}", text) is not None


def _split(line: str) -> tuple[str, str, str] | None:
    """Return what stands before the arrow, the arrow with the spaces beside it, and what stands behind it."""
    if not _HEAD_OF_ARROW.search(line) or line.startswith(styled.GUARD):
        return None  # the quick answer for nearly every line of text
    line = _INVISIBLE.sub("", line).strip()
    place = line.find("-->")
    arrow = _ARROW.search(line[:200]) if place < 0 else _LONG_ARROW.search(line, max(0, place - 4))
    if arrow is None:
        return None
    left, right = line[: arrow.start()], line[arrow.end() :]
    spaced = (" " if left != left.rstrip() else "") + arrow.group() + (" " if right != right.lstrip() else "")
    return left.strip(), spaced, right.lstrip()


def _milliseconds(found: re.Match[str], slips: list[str]) -> int | None:
    """Return the time that was found, and add what is wrong with it; None where it can be read in two ways."""
    text = found.group()
    sign, marks = found[1], [(found[place] or "").translate(_MARKS) for place in (3, 5, 7)]
    numbers = [found[place] for place in (2, 4, 6, 8) if found[place] is not None]
    if any(character.isspace() for character in text):
        slips.append("there are spaces inside a time")
    if any(character in "OoIl" for character in text):
        slips.append("letters stand for digits in a time")
    if not text.isascii():
        slips.append("a time has digits or marks of another script")
    has_fraction = len(numbers) == 4 or (len(numbers) == 3 and marks[1] in ".,")
    fraction = numbers.pop() if has_fraction else ""
    if not _fits(numbers, fraction, marks, slips):
        return None
    values = [value_of(number) for number in numbers]
    if not fraction:
        slips.append("a time has no thousandths of a second")
    elif len(fraction) != 3:
        # Players read "1,5" as a second and five thousandths; whoever writes it means a second and a half.
        digits = "1 digit" if len(fraction) == 1 else f"{len(fraction)} digits"
        slips.append(f"a fraction of a second has {digits} in place of 3: taken as a decimal fraction")
    if len(values) == 2:
        slips.append("a time has no hours")
        values.insert(0, 0)
    hours, minutes, seconds = values
    if minutes > 59 or seconds > 59:
        slips.append("a time has more than 59 minutes or seconds")
    whole = (hours * 60 + minutes) * 60 + seconds
    time_ms = whole * 1000 + value_of(fraction[:3].ljust(3, "0"))
    return -time_ms if sign else min(time_ms, LATEST_MS + 1)


def _fits(numbers: list[str], fraction: str, marks: list[str], slips: list[str]) -> bool:
    """Say whether numbers with marks between them can only be one time.

    Args:
        numbers: hours, minutes and seconds, or minutes and seconds.
        fraction: of a second; may be empty.
        marks: what stands behind each number.
        slips: gets what is wrong.
    """
    if any(len(number) > 2 for number in numbers[1:]):
        return False  # a mark is missing
    if marks[: len(numbers) - 1] != [":", ":"][: len(numbers) - 1]:
        slips.append("a time has other marks than colons")
        return len(numbers) == 3 and len(fraction) == 3
    if fraction and marks[len(numbers) - 1] not in ".,":
        slips.append(f"{marks[2]!r} stands before the thousandths of a second")
        return len(fraction) == 3  # two digits may be frames
    return True


def value_of(digits: str) -> int:
    """Return the value of digits of any script; one that is beyond all films is cut to what is beyond them still."""
    text = "".join(str(unicodedata.digit(digit, 0)) for digit in digits.translate(_LETTERS)[-4000:].lstrip("0"))
    text = text.lstrip("0")
    return int(text[:15] or "0") if len(text) <= 15 else 10**15
