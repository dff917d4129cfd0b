"""When the elements of a TTML file begin and end (TTML2, 12.2 and 12.3; SMIL 2.1's time containers)."""

from __future__ import annotations

import math
from fractions import Fraction

from samvad.documents.subtitles.ttml_nodes import START, TEXT, Node, Time


def resolve(root: Node, *, indefinite: bool = False) -> None:
    """Give an element, and all in it, its begin and end (TTML2, 12.2 and 12.3; SMIL 2.1's time containers).

    Args:
        root: counts from the film's start.
        indefinite: whether it goes on where nothing ends it, whatever stands in it.
    """
    frame = _Frame(root, START, in_sequence=False, indefinite=indefinite)
    stack = [frame]
    while stack:
        frame = stack[-1]
        if frame.next_child < len(frame.node.children) and not frame.node.is_leaf:
            child = frame.node.children[frame.next_child]
            frame.next_child += 1
            if frame.node.in_sequence and frame.broken:
                child.unplaced = child.unplaced or f"it follows in a sequence on what has no time: {frame.broken}"
            stack.append(_Frame(child, frame.next_begin, in_sequence=frame.node.in_sequence))
            continue
        stack.pop()
        frame.close()
        if stack:
            stack[-1].take(frame.node)


class _Frame:
    """An element while the times of what stands in it are worked out."""

    def __init__(self, node: Node, origin: Time, *, in_sequence: bool, indefinite: bool = False) -> None:
        self.node = node
        self.next_child = 0
        self.broken = ""
        self._origin = origin
        self._implicit: Time
        node.begin = origin + node.explicit.get("begin", START)
        self.next_begin: Time = node.begin
        self._implicit = node.begin
        for change in node.changes:
            change.begin = self.next_begin + change.explicit.get("begin", START)
            implied = change.begin if node.in_sequence else math.inf
            change.end = _end(change.explicit, self.next_begin, change.begin, implied)
            self._note_end(change.end)
        if indefinite:
            self._implicit = math.inf
        elif node.is_leaf:
            self._implicit = node.begin if in_sequence else math.inf

    def take(self, child: Node) -> None:
        """Go on behind a child whose times are known."""
        self._note_end(child.end)
        self.node.has_text = self.node.has_text or child.has_text
        self.broken = self.broken or (child.unplaced if "end" not in child.explicit else "")
        self.broken = self.broken or (child.endless if child.end == math.inf else "")

    def _note_end(self, end: Time) -> None:
        if self.node.in_sequence:
            self.next_begin = self._implicit = end
        else:
            self._implicit = max(self._implicit, end)

    def close(self) -> None:
        """Give the element its end, and a span with nothing but text hands its times on to that."""
        node = self.node
        implicit = math.inf if node.endless else self._implicit
        node.end = _end(node.explicit, self._origin, node.begin, implicit)
        node.has_text = node.has_text or (node.kind == TEXT and bool(node.text.strip()))
        if node.is_leaf:
            for child in node.children:
                child.begin, child.end = node.begin, node.end
                node.has_text = bool(child.text.strip())


def _end(explicit: dict[str, Fraction], origin: Time, begin: Time, implicit: Time) -> Time:
    """Return when an element ends: by the earlier of what is written, or by what stands in it."""
    ends = []
    if "end" in explicit:
        ends.append(origin + explicit["end"])
    if "dur" in explicit:
        ends.append(begin + explicit["dur"])
    return min(ends) if ends else implicit
