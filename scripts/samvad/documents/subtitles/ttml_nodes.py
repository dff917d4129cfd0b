"""What the content of a TTML file is made of: its elements, their changes, and the regions that text stands in."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from samvad.documents.subtitles.ttml_styles import Look

#: Seconds; infinite where a time is indefinite.
Time = Fraction | float

START = Fraction(0)
_PLAIN_LOOK = Look()

#: Kinds of nodes: body and div; p; span; text; a line break; a picture.
BLOCK, PARAGRAPH, SPAN, TEXT, BREAK, PICTURE = "block", "p", "span", "text", "br", "picture"


@dataclass(slots=True, eq=False)
class Change:
    """A ``set`` element: styles that hold for a time.

    Attributes:
        begin: in seconds from the film's start, as ``end``.
    """

    styles: dict[str, str]
    explicit: dict[str, Fraction]
    begin: Time = START
    end: Time = math.inf


@dataclass(slots=True, eq=False)
class Node:
    """A piece of content.

    Attributes:
        line: where it begins in the file.
        ruby: what it is in ruby (``container``, ``base``, ``text`` …), or empty.
        keeps_space: whether white space and line ends count as they are (``xml:space="preserve"``).
        begin: when it begins, in seconds from the film's start; ``end``: when it ends.
        appears: when it is first shown, within the times of what it stands in; ``goes``: when that ends.
        region: name of its region, or empty.
        unplaced: why nothing is known of when or where it is shown, or empty.
        endless: why it is not known when it ends, though it should be, or empty.
        look: what it looks like but for its region and for changes.
        place: the styles that lay it out where it stands, by itself or by what it stands in; None: its region's.
        changing: whether a change may touch what is shown of it.
        steps: how many elements and changes have a say in how it looks.
        never: the outermost of these, or itself, for which there is no time at all; None if there is time for it.
        container: the ruby that it is part of, if any; ``base`` and ``reading``: the part of it.
        has_text: whether there is any text in it.
        has_picture: whether it has a picture behind what stands in it, or for it.
    """

    kind: str
    line: int
    parent: Node | None = None
    text: str = ""
    keeps_space: bool = False
    name: str = ""
    ruby: str = ""
    in_sequence: bool = False
    styles: dict[str, str] = field(default_factory=dict)
    explicit: dict[str, Fraction] = field(default_factory=dict)
    own_region: str = ""
    changes: list[Change] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)
    begin: Time = START
    end: Time = math.inf
    appears: Time = START
    goes: Time = math.inf
    region: str = ""
    unplaced: str = ""
    endless: str = ""
    look: Look = _PLAIN_LOOK
    place: dict[str, str] | None = None
    changing: bool = False
    steps: int = 0
    never: Node | None = None
    container: Node | None = None
    base: Node | None = None
    reading: Node | None = None
    has_text: bool = False
    has_picture: bool = False

    @property
    def is_inline(self) -> bool:
        """Say whether text may stand in it."""
        return self.kind in (PARAGRAPH, SPAN)

    @property
    def is_leaf(self) -> bool:
        """Say whether its duration follows from nothing that stands in it (TTML2, 12.2.4)."""
        if self.kind == SPAN:
            return len(self.children) == 1 and self.children[0].kind == TEXT
        return self.kind in (TEXT, BREAK, PICTURE)

    def leaves(self) -> Iterator[Node]:
        """Yield its text and line breaks, in order."""
        stack = [self]
        while stack:
            node = stack.pop()
            if node.kind in (TEXT, BREAK):
                yield node
            stack.extend(reversed(node.children))

    def ancestry(self) -> list[Node]:
        """Return it and what it stands in, the outermost first."""
        line = []
        node: Node | None = self
        while node is not None:
            line.append(node)
            node = node.parent
        return line[::-1]


@dataclass(slots=True, eq=False)
class Region:
    """A part of the picture that text stands in.

    Attributes:
        begin: when it is first shown, in seconds from the film's start; ``end``: when that ends.
        unplaced: why it is not known when it is shown, or empty.
    """

    styles: dict[str, str]
    changes: list[Change] = field(default_factory=list)
    begin: Time = START
    end: Time = math.inf
    unplaced: str = ""
    look: Look = _PLAIN_LOOK
