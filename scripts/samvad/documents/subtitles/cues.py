"""A cue: lines of text with times, and the styles that a file can give parts of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

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


@dataclass(frozen=True, order=True)
class Ruby:
    """A part of a line, the base, that has its reading in small letters beside it, as Japanese and Chinese have.

    Attributes:
        line: number of the line, from 0.
        start: index of the base's first character.
        end: index after its last character.
        reading: what stands beside it; no part of the line.
    """

    line: int
    start: int
    end: int
    reading: str


@dataclass(frozen=True)
class Cue:
    """Lines of text with the times, in milliseconds, at which they appear and go.

    Attributes:
        lines: plain text, without any markup.
        styles: in order.
        top: whether it stands at the top of the picture and not at its foot.
        ruby: in order; no two share a character.
        file_line: the line of the file where it begins, from 1; 0 for a cue that was not read.
    """

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    styles: tuple[Style, ...] = ()
    top: bool = False
    ruby: tuple[Ruby, ...] = ()
    file_line: int = field(default=0, compare=False)

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


@dataclass(frozen=True, eq=False)
class Annotation:
    """The reading of a base. Neighbours with the same object are one base; two bases may be read alike."""

    reading: str


class Piece(NamedTuple):
    """A piece of a cue's text while it is read; line feeds in it end lines."""

    text: str
    kinds: frozenset[str] = frozenset()
    ruby: Annotation | None = None


_Character = tuple[str, frozenset[str], "Annotation | None"]


def from_parts(
    start_ms: int,
    end_ms: int,
    parts: Iterable[Piece | tuple[str, frozenset[str]]],
    *,
    top: bool = False,
    file_line: int = 0,
) -> Cue:
    """Return a cue from pieces of text, each with its styles; line feeds in them end lines.

    Spaces at the ends of lines, and empty lines, are taken away: no player shows them. A base that goes over several
    lines has its reading on the last one.
    """
    lines: list[list[_Character]] = [[]]
    for part in parts:
        piece = Piece(*part)
        for number, text in enumerate(piece.text.split("\n")):
            if number:
                lines.append([])
            lines[-1] += [(character, piece.kinds, piece.ruby) for character in text]
    kept = [_stripped(line) for line in lines]
    kept = [line for line in kept if line]
    styles = [style for number, line in enumerate(kept) for style in _styles_of(number, line)]
    texts = tuple("".join(character for character, _, _ in line) for line in kept)
    return Cue(start_ms, end_ms, texts or ("",), tuple(styles), top, _ruby_of(kept), file_line)


def _stripped(line: list[_Character]) -> list[_Character]:
    first, last = 0, len(line)
    while first < last and line[first][0].isspace():
        first += 1
    while last > first and line[last - 1][0].isspace():
        last -= 1
    return line[first:last]


def _styles_of(number: int, line: list[_Character]) -> list[Style]:
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


def _ruby_of(lines: list[list[_Character]]) -> tuple[Ruby, ...]:
    found: dict[Annotation, Ruby] = {}
    for number, line in enumerate(lines):
        for place, (_, _, ruby) in enumerate(line):
            if ruby is None:
                continue
            known = found.get(ruby)
            begin = known.start if known is not None and known.line == number else place
            found[ruby] = Ruby(number, begin, place + 1, ruby.reading)
    return tuple(sorted(found.values()))
