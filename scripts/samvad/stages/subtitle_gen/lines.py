"""A cue's lines: how many it needs, and where they begin best."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import stream as streams
from samvad.stages.subtitle_gen.stream import Stream
from samvad.stages.subtitle_gen.units import of_text
from samvad.text import grammar

# Points: see ``cutting``.
LONE_SHORT_WORD = 8.0  # as a line
UNEVEN = 4.0  # times the difference of two lines as a share of the longest allowed
TOP_HEAVY = 1.5  # times as much where the upper one is the longer: Netflix prefers the lower one to be
FEW_WORDS = 2.0  # a line of one or two words, where no clause ends above it

NEVER = float("inf")
_FEW = 2


def line_starts(text: str, rules: Rules) -> list[int] | None:
    """Return where the lines of a cue begin best, after the first, in its text with single spaces.

    Returns:
        Indices of characters, none where the text fits in one line; None where its lines would be too many.
    """
    units = of_text(text)
    stream = streams.of(units, rules, 0, ())
    lines = needed(stream, 0, len(units)) if len(units) > 1 else 1
    if lines > rules.max_lines:
        return None
    places = best(stream, 0, len(units), lines)[1] if lines > 1 else []
    return [stream.starts[place] for place in places]


def needed(stream: Stream, start: int, end: int) -> int:
    """Return the fewest lines that hold a cue; more than any may have where it cannot be held."""
    rules = stream.rules
    changes = stream.voices[end - 1] - stream.voices[start]
    if changes:
        if changes > 1 or not rules.dialogue_dash:
            return rules.max_lines + 1
        second = turn(stream, start, end)
        fit = _fits_with_dash(stream, start, second) and _fits_with_dash(stream, second, end)
        return 2 if fit else rules.max_lines + 1
    if _fits(stream, start, end, 2):
        return 1
    # Fill each line in turn: the word after it is found among the columns at which words end.
    lines, first, mark = 1, start, stream.marks[start]
    while lines <= rules.max_lines:
        taken = mark if first == start else 0
        column = stream.starts[first] + rules.max_line_characters - taken
        following = max(first + 1, bisect_right(stream.ends, column, first, end))
        if following == end and _fits(stream, first, end, 1 + (first == start)):
            return lines
        lines, first = lines + 1, min(following, end - 1)
    return lines


def turn(stream: Stream, start: int, end: int) -> int:
    """Return the first word of the second of two voices."""
    return bisect_left(stream.voices, stream.voices[end - 1], start, end)


def _fits(stream: Stream, first: int, last: int, marks: int) -> bool:
    """Say whether words fit in a line; a single one always does, for it cannot be broken.

    Args:
        stream: the words.
        first: the line's first word.
        last: the word after its last.
        marks: how many of a song's two marks stand in the line.
    """
    return (
        last - first == 1 or stream.width(first, last) + marks * stream.marks[first] <= stream.rules.max_line_characters
    )


def _fits_with_dash(stream: Stream, first: int, last: int) -> bool:
    """Say whether one of two voices' words fit in its line."""
    extra = 2 * stream.marks[first] or len(stream.rules.dialogue_dash)
    return last - first == 1 or stream.width(first, last) + extra <= stream.rules.max_line_characters


def best(stream: Stream, start: int, end: int, lines: int) -> tuple[float, list[int]]:
    """Return the points and places of the line breaks that are best for so many lines."""
    if stream.voices[start] != stream.voices[end - 1]:
        return 0.0, [turn(stream, start, end)]
    return _breaks_below(stream, start, end, lines, at_top=True)


def _breaks_below(stream: Stream, start: int, end: int, lines: int, *, at_top: bool) -> tuple[float, list[int]]:
    if lines == 1:
        fits = _fits(stream, start, end, 1 + at_top)
        return (LONE_SHORT_WORD if end - start == 1 and stream.lone[start] else 0.0) if fits else NEVER, []
    least: tuple[float, list[int]] = (NEVER, [])
    starts, ends = stream.starts, stream.ends
    even = stream.width(start, end) / lines
    unit = UNEVEN * 2 / stream.rules.max_line_characters
    room = stream.rules.max_line_characters - (stream.marks[start] if at_top else 0)
    for middle in range(start + 1, end):
        width = ends[middle - 1] - starts[start]
        if width > room and middle > start + 1:
            break
        points = stream.breaks[middle - 1] + unit * max((width - even) * TOP_HEAVY, even - width)
        if middle - start == 1 and stream.lone[start]:
            points += LONE_SHORT_WORD
        if stream.breaks[middle - 1] > grammar.AFTER_CLAUSE and min(middle - start, end - middle) <= _FEW:
            points += FEW_WORDS
        if points < least[0]:
            rest, places = _breaks_below(stream, middle, end, lines - 1, at_top=False)
            if points + rest < least[0]:
                least = points + rest, [middle, *places]
    return least
