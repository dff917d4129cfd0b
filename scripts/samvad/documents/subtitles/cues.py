"""A cue: lines of text with times, and the styles that a file can give parts of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

#: The styles that every format can carry: italics, bold, underlined.
STYLE_KINDS = ("i", "b", "u")
#: Texts of which each code point is a character: Latin letters, whose accents are their own, dashes, quotation marks.
_EACH_ALONE = re.compile("[ -~\u00a0-\u02ff\u2010-\u2027]*")


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
        second: number of the first line that is in a second language, which formats with colours show in another one;
            0 where all are in one language, or all are in the second. Files do not give it back.
    """

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    styles: tuple[Style, ...] = ()
    top: bool = False
    ruby: tuple[Ruby, ...] = ()
    file_line: int = field(default=0, compare=False)
    second: int = field(default=0, compare=False)

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


def without_overlap(cues: Sequence[Cue]) -> list[Cue]:
    """Return cues in order of time, each gone when the next one comes: two are never shown at once.

    Two that come at the same time become one, the earlier one's lines on top.
    """
    placed: list[Cue] = []
    for cue in sorted(cues, key=lambda item: (item.start_ms, item.end_ms)):
        if placed and placed[-1].start_ms == cue.start_ms:
            before = placed.pop()
            first = len(before.lines)
            styles = (*before.styles, *(replace(style, line=style.line + first) for style in cue.styles))
            ruby = (*before.ruby, *(replace(base, line=base.line + first) for base in cue.ruby))
            end_ms = max(before.end_ms, cue.end_ms)
            placed.append(
                Cue(cue.start_ms, end_ms, (*before.lines, *cue.lines), styles, before.top, ruby, before.file_line)
            )
            continue
        if placed and placed[-1].end_ms > cue.start_ms:
            before = placed.pop()
            placed.append(replace(before, end_ms=cue.start_ms))
        placed.append(cue)
    return placed


def graphemes(text: str) -> int:
    """Return how many characters a reader sees (Unicode Standard Annex 29, extended grapheme clusters).

    Devanagari writes one of them with up to five code points.
    """
    if _EACH_ALONE.fullmatch(text):
        return len(text)
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
    lines: list[list[Piece]] = [[]]
    for part in parts:
        piece = part if isinstance(part, Piece) else Piece(*part)
        if "\n" not in piece.text:
            lines[-1].append(piece)
            continue
        for number, text in enumerate(piece.text.split("\n")):
            if number:
                lines.append([])
            lines[-1].append(piece._replace(text=text))
    texts: list[str] = []
    styles: list[Style] = []
    ruby: dict[Annotation, Ruby] = {}
    for line in lines:
        whole = "".join(piece.text for piece in line)
        text = whole.strip()
        if text:
            first = len(whole) - len(whole.lstrip())
            styles += _styles_of(len(texts), line, first, first + len(text))
            _add_ruby(ruby, len(texts), line, first, first + len(text))
            texts.append(text)
    return Cue(start_ms, end_ms, tuple(texts) or ("",), tuple(styles), top, tuple(sorted(ruby.values())), file_line)


def pieces_of(cue: Cue, newline: str = "\n") -> list[Piece]:
    """Return a cue's text in pieces of a character, what ``from_parts`` makes it of.

    Args:
        cue: the cue.
        newline: what stands between its lines.
    """
    annotations = {ruby: Annotation(ruby.reading) for ruby in cue.ruby}
    made = []
    for number, line in enumerate(cue.lines):
        if number:
            made.append(Piece(newline))
        for place, character in enumerate(line):
            kinds = frozenset(
                style.kind for style in cue.styles if style.line == number and style.start <= place < style.end
            )
            read_as = next((ruby for ruby in cue.ruby if ruby.line == number and ruby.start <= place < ruby.end), None)
            made.append(Piece(character, kinds, annotations[read_as] if read_as else None))
    return made


def _styles_of(number: int, line: list[Piece], first: int, last: int) -> list[Style]:
    """Return the styles of a line's characters from ``first`` to ``last``; neighbours of one style are one."""
    styles = []
    for kind in STYLE_KINDS:
        if not any(kind in piece.kinds for piece in line):
            continue
        begin: int | None = None
        at = 0
        for piece in line:
            on = kind in piece.kinds
            if on and begin is None and piece.text:
                begin = at
            elif not on and begin is not None and piece.text:
                styles.append(Style(number, begin, at, kind))
                begin = None
            at += len(piece.text)
        if begin is not None:
            styles.append(Style(number, begin, at, kind))
    clipped = [
        replace(style, start=max(style.start, first) - first, end=min(style.end, last) - first) for style in styles
    ]
    return sorted(style for style in clipped if style.start < style.end)


def _add_ruby(found: dict[Annotation, Ruby], number: int, line: list[Piece], first: int, last: int) -> None:
    """Add the bases of a line; one that goes on from the line before stands here alone."""
    at = 0
    for piece in line:
        begin, end = max(at, first) - first, min(at + len(piece.text), last) - first
        at += len(piece.text)
        if piece.ruby is None or begin >= end:
            continue
        known = found.get(piece.ruby)
        if known is not None and known.line == number:
            begin = known.start
        found[piece.ruby] = Ruby(number, begin, end, piece.ruby.reading)
