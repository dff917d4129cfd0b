"""The codes of SubStation Alpha, ``{\\an8\\i1}``, as libass reads them. SubRip files have them, too."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: An alignment's number in version 4: 1 to 3 at the foot, 5 to 7 at the top, 9 to 11 in the middle.
TOP, MIDDLE = (5, 6, 7), (9, 10, 11)
#: The same for the numbers of a keypad, which version 4+ has.
OF_KEYPAD = {1: 1, 2: 2, 3: 3, 4: 9, 5: 10, 6: 11, 7: 5, 8: 6, 9: 7}

#: The codes in the order in which libass asks whether one begins so: ``\bord2`` is no bold, ``\iclip`` no italics.
_CODES = re.compile(
    r"xbord|ybord|xshad|yshad|fax|fay|iclip|blur|fscx|fscy|fsc|fsp|fs|bord|move|frx|fry|frz|fr|fn|alpha|an|a|pos|fade|fad|"
    r"org|t|clip|[1-4]?[cav]|[1-4]?img|distort|rnd[xyz]?|fsvp|frs|ffs?|jitter|z|r|be|b|i|kf|ko|kt|K|k|shad|s|u|pbo|p|q|fe"
)
_BOLD_WEIGHT = 600


def integer(text: str) -> int | None:
    """Return the number that a text begins with, as C's ``strtol`` reads it."""
    found = re.match(r"\s*([+-]?[0-9]{1,9})", text)
    return int(found.group(1)) if found else None


def turns(kind: str, number: int | None) -> bool | None:
    """Say whether a code switches a kind of style on or off; None where it goes back to what the event began with.

    Args:
        kind: ``i``, ``b`` or ``u``.
        number: behind it; of ``b`` also a weight.
    """
    if kind == "b" and number is not None and number >= 100:
        return number >= _BOLD_WEIGHT
    return None if number not in (0, 1) else number == 1


def codes_in(block: str) -> Iterator[tuple[str, str, str]]:
    """Yield each code of a block, its value, and what stands in its parentheses; "" and the rest for what is none."""
    position = block.find("\\")
    while position >= 0:
        body = re.compile(r"\s*([^\\(]*)").match(block, position + 1)
        assert body is not None  # it fits an empty text
        position, inside = body.end(), ""
        if position < len(block) and block[position] == "(":
            end = block.find(")", position)
            end = len(block) if end < 0 else end
            inside = block[position + 1 : end]
            position = end
        name = _CODES.match(body.group(1))
        code = name.group() if name else ""
        yield code, inside or body.group(1)[len(code) :], inside
        following = block.find("\\", position)
        if inside and (behind := block[position + 1 : following if following >= 0 else len(block)]).strip():
            yield "", behind, ""  # no player takes it for anything
        position = following


def is_transparent(alpha: str) -> bool:
    """Return whether a value of ``\\alpha`` hides text with its outline and shadow: ``&HFF&``."""
    found = re.match(r"\s*&?[Hh]?0{0,6}([0-9A-Fa-f]{1,8})", alpha)
    return found is not None and int(found[1], 16) & 0xFF == 0xFF


#: Codes that have nothing but numbers in parentheses.
_OF_NUMBERS = frozenset(("pos", "move", "org", "fad", "fade"))
#: Codes that have a number behind them, or nothing.
_COUNTED = frozenset("i b u s an a p q k K kf ko kt be fs bord shad".split())  # noqa: SIM905 -- a table
_WORDS = re.compile(r"[^\W\d_]{2}")


def has_words(code: str, value: str, inside: str) -> bool:
    """Return whether words stand where a code has numbers alone, or where no code is: a brace may lack."""
    if inside:
        return code in _OF_NUMBERS and _WORDS.search(inside) is not None
    return _WORDS.search(value.lstrip("0123456789+-. ") if code in _COUNTED else value * (not code)) is not None


def height_in(inside: str) -> float | None:
    """Return how far from the top ``\\pos(x,y)`` or ``\\move(x,y,…)`` sets a text, or None where it says nothing."""
    found = re.match(r"[^,]*,\s{0,9}([+-]?[0-9]{1,9}(?:\.[0-9]{0,9})?)", inside)
    return float(found[1]) if found else None


def placed(code: str, number: int | None) -> int | None:
    """Return an alignment by the numbers of version 4, or None where the code names none."""
    if number is None:
        return None
    if code == "an":
        return OF_KEYPAD.get(number)
    if not 1 <= number <= 11:
        return None
    return 5 if number in (4, 8) else number  # as VSFilter does, and libass after it
