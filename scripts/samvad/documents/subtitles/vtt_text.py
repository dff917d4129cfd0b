"""The text of WebVTT's cues (section 6.4 of https://www.w3.org/TR/webvtt1/): its tags, its escapes, its readings."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

from samvad.documents.subtitles import vtt_times
from samvad.documents.subtitles.cues import Annotation, Piece
from samvad.documents.subtitles.reading import Collector

_TIMESTAMP = re.compile(r"\d+:\d\d(?::\d\d)?\.\d{3}", re.ASCII)
_NAME = re.compile(r"([^\t\n\f .]*)((?:\.[^\t\n\f .]*)*)(?:[\t\n\f ](.*))?", re.DOTALL)
_ELEMENTS = frozenset(("c", "i", "b", "u", "ruby", "rt", "v", "lang"))
_STYLED = frozenset("ibu")
#: ``class="x"``: of HTML, and nobody's words.
_ATTRIBUTE = re.compile(r"[\w:-]{1,40}\s{0,9}=\s{0,9}(?:\"[^\"]*\"?|'[^']*'?|[^\s\"']+)")


@dataclass(eq=False)
class _Node:
    """An open element of a cue's text.

    Attributes:
        name: its tag.
        kinds: the styles of text in it.
        ruby: the innermost ``ruby`` around it, itself included, where text is a base.
        reading: what gathers text that is the reading of a base; None outside of ``rt``.
        base: of a ``ruby``: indexes of the pieces that have no reading yet.
    """

    name: str
    kinds: frozenset[str]
    ruby: _Node | None = None
    reading: list[str] | None = None
    base: list[int] = field(default_factory=list)


class CueText:
    """The text of a cue (section 6.4): its tags and its escapes. Elements may be nested without limit."""

    def __init__(self, found: Collector, line: int) -> None:
        self._found = found
        self._line = line
        self._pieces: list[Piece] = []
        self._open = [_Node("", frozenset())]
        self._left: dict[str, list[str]] = {}

    def read(self, text: str) -> list[Piece]:
        """Return the pieces of a cue's text."""
        first, at = self._line, 0
        while at < len(text):
            begin = text.find("<", at)
            if begin != at:
                self._add(html.unescape(text[at : begin if begin >= 0 else len(text)]))
            if begin < 0:
                break
            end = text.find(">", begin)
            self._line += text.count("\n", at, begin)
            if end < 0:  # the tag goes to the end, whatever it is
                self._swallowed(text[begin + 1 :])
                break
            self._tag(text[begin + 1 : end])
            self._line += text.count("\n", begin, end)
            at = end + 1
        while len(self._open) > 1:
            self._close()
        for reason, texts in self._left.items():
            self._found.left(first, reason, " ".join(texts))
        return self._pieces

    def _add(self, text: str) -> None:
        node = self._open[-1]
        if node.reading is not None:
            node.reading.append(text)
            return
        if node.ruby is not None:
            node.ruby.base.append(len(self._pieces))
        self._pieces.append(Piece(text, node.kinds))

    def _tag(self, tag: str) -> None:
        if tag[:1] == "/":
            self._end_tag(tag[1:])
        elif tag[:1].isdecimal() and tag[:1].isascii():
            stamp = tag if _TIMESTAMP.fullmatch(tag) else ""
            if stamp and vtt_times.timestamp(stamp) is not None:
                self._leave("the time of a word", tag)
            else:
                self._swallowed(tag)
        else:
            self._start_tag(tag)

    def _start_tag(self, tag: str) -> None:
        name, classes, annotation = _NAME.fullmatch(tag).groups()  # type: ignore[union-attr]  # it takes any text
        annotation = html.unescape(annotation or "").strip()
        above = self._open[-1]
        if name == "rt" and above.name != "ruby":
            self._leave("a reading that stands by no base is read as text", f"<{tag}>")
        elif name in _ELEMENTS:
            kinds = above.kinds | (_STYLED & {name})
            node = _Node(name, kinds, above.ruby, above.reading)
            if above.reading is None and name == "ruby":
                node.ruby = node
            elif above.reading is None and name == "rt":
                node.reading = []
            self._open.append(node)
        if name in ("v", "lang"):
            if annotation:
                self._leave("the name of a speaker" if name == "v" else "the language of a part", annotation)
        elif re.search(r"[^\W_]", _ATTRIBUTE.sub("", annotation) if name else annotation):
            self._swallowed(tag)
        elif name not in _ELEMENTS:
            self._leave("a tag that no browser knows", f"<{tag}>")
        elif annotation:
            self._leave("attributes, which no browser obeys", f"<{tag}>")
        if classes.strip("."):
            self._leave("a colour or class", classes)

    def _end_tag(self, name: str) -> None:
        if len(self._open) > 1 and name == self._open[-1].name:
            self._close()
        elif name == "ruby" and self._open[-1].name == "rt":
            self._close()
            self._close()
        elif re.fullmatch(r"(?:[A-Za-z]\w*)?\s*", name):
            self._leave("a tag that closes nothing", f"</{name}>")
        else:
            self._swallowed(f"/{name}")

    def _close(self) -> None:
        """Close the innermost element; a reading is given to its base."""
        node, above = self._open.pop(), self._open[-1]
        if node.name == "rt" and node.reading is not None and above.reading is None:
            reading = " ".join("".join(node.reading).split())
            base, above.base = _together(above.base, len(self._pieces)), []
            if any(character.isprintable() and character != " " for at in base for character in self._pieces[at].text):
                annotation = Annotation(reading) if reading else None
                for at in base:
                    self._pieces[at] = self._pieces[at]._replace(ruby=annotation)
            elif reading:
                self._leave("a reading that stands by no base is read as text", reading)
                self._pieces.append(Piece(reading, node.kinds))
        elif node.name == "ruby" and node.ruby is node and above.ruby is not None:
            above.ruby.base += node.base

    def _swallowed(self, tag: str) -> None:
        why = "what stands behind < is taken for a tag: no browser shows it; write &lt; where the sign is meant"
        self._found.lost(self._line, why, f"<{tag}")

    def _leave(self, reason: str, text: str) -> None:
        self._left.setdefault(reason, []).append(text)


def _together(places: list[int], end: int) -> list[int]:
    """Return the places at the end of a list that follow each other up to ``end``."""
    kept: list[int] = []
    for place in reversed(places):
        if place != end - len(kept) - 1:
            break
        kept.append(place)
    return kept
