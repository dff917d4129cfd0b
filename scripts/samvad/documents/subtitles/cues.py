"""A cue: lines of text with times, and the styles that a file can give parts of them."""

from __future__ import annotations

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


def whole_lines(lines: tuple[str, ...], kind: str) -> tuple[Style, ...]:
    """Return the styles that set all lines in one kind."""
    return tuple(Style(number, 0, len(line), kind) for number, line in enumerate(lines) if line)
