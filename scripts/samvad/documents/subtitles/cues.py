"""A cue: lines of text with times, and the styles that a file can give parts of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: The styles that every format can carry: italics, bold, underlined.
STYLE_KINDS = ("i", "b", "u")


@dataclass(frozen=True, order=True)
class Style:
    """A part of a line that is set in italics, bold or underlined.

    Attributes:
        line: number of the line, from 0.
        start: index of its first character.
        end: index after its last character.
        kind: ``i``, ``b`` or ``u``.
    """

    line: int
    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Cue:
    """Lines of text with the times, in milliseconds, at which they appear and go.

    Attributes:
        lines: plain text, without any markup.
        styles: in order.
        top: whether it stands at the top of the picture and not at its foot.
    """

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    styles: tuple[Style, ...] = ()
    top: bool = False

    @property
    def text(self) -> str:
        """Return its text in one line; a line break stands for a space."""
        return " ".join(self.lines)

    @property
    def characters(self) -> int:
        """Return its code points; a line break counts as the space that it stands for."""
        return len(self.text)

    @property
    def words(self) -> int:
        """Return how many words it has."""
        return len(self.text.split())

    @property
    def duration_ms(self) -> int:
        """Return how long it is shown."""
        return self.end_ms - self.start_ms


def graphemes(text: str) -> int:
    """Return how many characters a reader sees (Unicode Standard Annex 29, extended grapheme clusters).

    Devanagari writes one of them with up to five code points.
    """
    import regex

    return len(regex.findall(r"\X", text))


def from_parts(start_ms: int, end_ms: int, parts: Iterable[tuple[str, frozenset[str]]], *, top: bool = False) -> Cue:
    """Return a cue from pieces of text, each with its styles; line feeds in them end lines.

    Spaces at the ends of lines, and empty lines, are taken away: no player shows them.
    """
    lines: list[list[tuple[str, frozenset[str]]]] = [[]]
    for text, kinds in parts:
        for number, piece in enumerate(text.split("\n")):
            if number:
                lines.append([])
            lines[-1] += [(character, kinds) for character in piece]
    kept = [_stripped(line) for line in lines]
    kept = [line for line in kept if line]
    styles = [style for number, line in enumerate(kept) for style in _styles_of(number, line)]
    texts = tuple("".join(character for character, _ in line) for line in kept)
    return Cue(start_ms, end_ms, texts or ("",), tuple(styles), top)


def _stripped(line: list[tuple[str, frozenset[str]]]) -> list[tuple[str, frozenset[str]]]:
    first, last = 0, len(line)
    while first < last and line[first][0].isspace():
        first += 1
    while last > first and line[last - 1][0].isspace():
        last -= 1
    return line[first:last]


def _styles_of(number: int, line: list[tuple[str, frozenset[str]]]) -> list[Style]:
    styles = []
    for kind in STYLE_KINDS:
        begin: int | None = None
        for place in range(len(line) + 1):
            on = place < len(line) and kind in line[place][1]
            if on and begin is None:
                begin = place
            elif not on and begin is not None:
                styles.append(Style(number, begin, place, kind))
                begin = None
    return sorted(styles)
