"""TTML files: any maker's read as a player shows them, and written as IMSC 1.1 text.

Both by the specifications: no library at hand keeps all text of a file, or says what it dropped.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from xml.sax.saxutils import escape, quoteattr

from samvad.core.times import clock
from samvad.documents.subtitles import ttml_tree
from samvad.documents.subtitles.cues import Annotation, Cue, Piece, Ruby, from_parts
from samvad.documents.subtitles.reading import LEFT, LOST, Collector, Note, Reading
from samvad.documents.subtitles.ttml_content import Content
from samvad.documents.subtitles.ttml_nodes import TEXT, Change, Node, Region, Time
from samvad.documents.subtitles.ttml_styles import Look
from samvad.documents.subtitles.ttml_times import clock_of

#: Where a cue ends that has no end of its own: 100 hours, so that nobody takes it for a time that somebody chose.
OPEN_END_MS = 360_000_000 - 1

#: How often a paragraph may change, times its pieces, and how many elements the changes of a file may have looked at:
#: beyond it, following them would take minutes.
_MOST_STEPS = 400_000

_SPACES = re.compile("[\t\n\r ]+")

#: Two regions that share nothing (IMSC 1.1, 7.12.6), within a margin of a tenth (SMPTE ST 2046-1, safe title area).
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" \
xmlns:tts="http://www.w3.org/ns/ttml#styling" \
ttp:contentProfiles="http://www.w3.org/ns/ttml/profile/imsc1.1/text" xml:lang={language}>
  <head>
    <layout>
      <region xml:id="top" tts:displayAlign="before" {region} tts:origin="10% 10%"/>
      <region xml:id="bottom" tts:displayAlign="after" {region} tts:origin="10% 50%"/>
    </layout>
  </head>
  <body>
    <div>
"""
_REGION = 'tts:extent="80% 40%" tts:fontFamily="proportionalSansSerif" tts:textAlign="center"'
_TAIL = """    </div>
  </body>
</tt>
"""
_ATTRIBUTES = {"i": 'tts:fontStyle="italic"', "b": 'tts:fontWeight="bold"', "u": 'tts:textDecoration="underline"'}


def write(cues: Sequence[Cue], language: str = "") -> str:
    """Return a TTML file of the profile IMSC 1.1 text."""
    head = _HEAD.format(language=quoteattr(language), region=_REGION)
    return head + "".join(f"      {_paragraph(cue)}\n" for cue in cues) + _TAIL


def _paragraph(cue: Cue) -> str:
    times = f'begin="{clock(cue.start_ms)}" end="{clock(cue.end_ms)}"'
    text = "<br/>".join(
        f'<span tts:color="yellow">{_line(cue, number)}</span>'
        if cue.second and number >= cue.second
        else _line(cue, number)
        for number in range(len(cue.lines))
    )
    return f'<p {times} region="{"top" if cue.top else "bottom"}" xml:space="preserve">{text}</p>'


def _line(cue: Cue, number: int) -> str:
    line = cue.lines[number]
    made, position = "", 0
    for ruby in [*(ruby for ruby in cue.ruby if ruby.line == number), Ruby(number, len(line), len(line), "")]:
        made += _styled(cue, number, position, ruby.start)
        if ruby.start < ruby.end:
            base = _styled(cue, number, ruby.start, ruby.end)
            made += f'<span tts:ruby="container"><span tts:ruby="base">{base}</span>'
            made += f'<span tts:ruby="text">{_plain(ruby.reading)}</span></span>'
        position = ruby.end
    return made


def _styled(cue: Cue, number: int, first: int, last: int) -> str:
    """Return a part of a line, each piece of one style in a span."""
    own = [style for style in cue.styles if style.line == number]
    inner = {place for style in own for place in (style.start, style.end) if first < place < last}
    made = ""
    for begin, end in itertools.pairwise(sorted({first, last} | inner)):
        on = {style.kind for style in own if style.start <= begin < style.end}
        attributes = "".join(f" {written}" for kind, written in _ATTRIBUTES.items() if kind in on)
        text = _plain(cue.lines[number][begin:end])
        made += f"<span{attributes}>{text}</span>" if attributes else text
    return made


def _plain(text: str) -> str:
    """Return text as XML can hold it: without characters that it allows in no form."""
    return escape(ttml_tree.ILLEGAL.sub("", text), {"\r": " ", "\n": " "})


def read(text: str) -> Reading:
    """Return what is in a file: for each paragraph a cue for each interval in which the same of it is shown.

    What a player shows when is what TTML2 (11.3.1, intermediate synchronic documents) and IMSC 1.2 say. A paragraph
    without an end is shown to the film's end, which the file does not know: its cue ends at ``OPEN_END_MS``.

    Raises:
        ValueError: it is no XML, not TTML, or declares entities.
    """
    found = Collector()
    root = ttml_tree.parse(text, found)
    content = Content(root, clock_of(root, found), found)
    bad_times = dict(content.bad_times)
    for paragraph in content.paragraphs:
        _Paragraph(paragraph, content, found, bad_times).read()
    for reason, line in bad_times.items():
        found.mended(line, f"{reason}; passed over, nothing is shown or hidden by it")
    return found.reading()


class _Paragraph:
    """A paragraph while cues are made of it."""

    def __init__(self, node: Node, content: Content, found: Collector, bad_times: dict[str, int]) -> None:
        self._node = node
        self._content = content
        self._found = found
        self._bad_times = bad_times
        self._leaves = list(node.leaves())
        self._shown: set[Node] = set()

    def read(self) -> None:
        """Take its cues, and say what of its text is in none."""
        by_region: dict[str, list[Node]] = {}
        for leaf in self._leaves:
            if not leaf.unplaced:
                by_region.setdefault(leaf.region, []).append(leaf)
        for name, leaves in by_region.items():
            self._read_in(self._content.regions[name], leaves)
        self._say_unseen()

    def _read_in(self, region: Region, leaves: list[Node]) -> None:
        # What a change may touch is looked for from the root at each time; the rest is known.
        looked_at = sum(leaf.steps for leaf in leaves if leaf.changing) + len(region.changes)
        self._content.steps += looked_at
        times = _times(region, leaves) if self._content.steps < _MOST_STEPS else []
        self._content.steps += looked_at * len(times)
        steps = len(times) * sum(len(leaf.text) // 16 + 1 for leaf in leaves) if len(times) > 2 else 0
        if max(steps, self._content.steps) > _MOST_STEPS:
            reason = "what is shown changes more often than is followed"
            self._found.lost(self._node.line, reason, _flat(leaf.text for leaf in leaves))
            self._shown.update(leaves)
            return
        last: tuple[Time, Time, list[Piece], bool] | None = None
        for begin, end in itertools.pairwise(times):
            pieces = self._pieces(begin, region, leaves)
            top = self._is_at_top(begin, region)
            if last is not None and last[1] == begin and _is_same(last[2:], (pieces, top)):
                last = (last[0], end, *last[2:])
                continue
            if last is not None:
                self._take(*last)
            last = (begin, end, pieces, top) if any(piece.text.strip() for piece in pieces) else None
        if last is not None:
            self._take(*last)

    def _take(self, begin: Time, end: Time, pieces: list[Piece], top: bool) -> None:
        line, start_ms = self._node.line, _ms(begin)
        if end == math.inf:
            text = _flat(piece.text for piece in pieces)
            if self._endless():
                self._found.lost(line, self._endless(), _flat(leaf.text for leaf in self._leaves))  # readings, too
                return
            self._found.mended(line, "it has no end, so it is shown to the end of the film", text)
        end_ms = max(OPEN_END_MS, start_ms + 1) if end == math.inf else _ms(end)
        self._found.cue(line, start_ms, end_ms, pieces, top=top)

    def _endless(self) -> str:
        reason = next((leaf.endless for leaf in self._leaves if leaf.endless), "")
        self._bad_times.pop(reason, None)
        return reason

    def _is_at_top(self, time: Time, region: Region) -> bool:
        styles = self._node.place
        if styles is None:
            styles = region.styles | _changed(region.changes, time)
        return self._content.screen.is_at_top(styles)

    def _pieces(self, time: Time, region: Region, leaves: list[Node]) -> list[Piece]:
        """Return what is shown of it at a time."""
        region_look = region.look
        if region.changes:
            region_look = Look().within(region.styles | _changed(region.changes, time))
        shown: list[tuple[Node, frozenset[str]]] = []
        for leaf in leaves:
            if not leaf.appears <= time < leaf.goes or not region.begin <= time < region.end:
                continue
            look = (_look_at(leaf, time) if leaf.changing else leaf.look).over(region_look)
            if look.unseen or (leaf.reading is not None and leaf.reading.ruby == "delimiter"):
                continue
            self._shown.add(leaf)
            shown.append((leaf, look.kinds))
        annotations = _annotations([leaf for leaf, _ in shown])
        pieces = []
        for leaf, kinds in shown:
            annotation = annotations.get(leaf.base) if leaf.base is not None else None
            if leaf.reading is None or leaf.container is None or leaf.container not in annotations:
                pieces.append((Piece(leaf.text, kinds, annotation), leaf))
        return _collapsed(pieces)

    def _say_unseen(self) -> None:
        """Say what text was in no cue, and why; what has one reason is said once."""
        texts: dict[tuple[str, str], list[str]] = {}
        for leaf in self._leaves:
            if leaf not in self._shown and leaf.text.strip():
                texts.setdefault(self._why_unseen(leaf), []).append(leaf.text)
        for (kind, reason), pieces in texts.items():
            self._bad_times.pop(reason, None)
            self._found.notes.append(Note(self._node.line, kind, reason, _flat(" ".join(pieces))))

    def _why_unseen(self, leaf: Node) -> tuple[str, str]:
        if leaf.unplaced:
            return LOST, leaf.unplaced
        region = self._content.regions[leaf.region]
        if leaf.reading is not None and leaf.reading.ruby == "delimiter":
            return LEFT, "what stands around a reading where ruby can't be shown"
        if leaf.never is not None:
            return LOST, _why_never(leaf.never)
        if region.unplaced:
            return LOST, f"nothing is known of when its region is shown: {region.unplaced}"
        if max(leaf.appears, region.begin) >= min(leaf.goes, region.end):
            return LOST, "its region is not shown at its time, so no player shows it"
        unseen = leaf.look.over(region.look).unseen
        return LEFT, unseen or "it is not shown (tts:display or tts:visibility)"


def _why_never(node: Node) -> str:
    """Return why there is no time at which an element is shown."""
    begin, end = node.begin, node.end
    where = f"its {'text' if node.kind == TEXT else f'<{node.name}>'} in line {node.line}"
    if begin == math.inf:
        return f"{where} follows in a sequence on what never ends, so no player shows it"
    times = f"{clock(_ms(begin))} --> {'no end' if end == math.inf else clock(_ms(end))}"
    if begin < end:
        return f"{where} has no time in common with what it stands in ({times}), so no player shows it"
    what = "ends when it begins" if begin == end else "ends before it begins"
    return f"{where} {what} ({times}), so no player shows it"


def _times(region: Region, leaves: list[Node]) -> list[Time]:
    """Return the times between which the same is shown."""
    times: set[Time] = set()
    changes: dict[int, Change] = {id(change): change for change in region.changes}
    looked_at: set[Node] = set()
    for leaf in leaves:
        begin, end = max(leaf.appears, region.begin), min(leaf.goes, region.end)
        if begin >= end or region.unplaced:
            continue
        times |= {begin, end}
        node: Node | None = leaf if leaf.changing else None
        while node is not None and node not in looked_at:
            looked_at.add(node)
            changes |= {id(change): change for change in node.changes}
            node = node.parent
    if times:
        first, last = min(times), max(times)
        times |= {time for change in changes.values() for time in (change.begin, change.end) if first < time < last}
    return sorted(times)


def _is_same(one: tuple[list[Piece], bool], other: tuple[list[Piece], bool]) -> bool:
    """Say whether two intervals show the same."""
    return from_parts(0, 1, one[0], top=one[1]) == from_parts(0, 1, other[0], top=other[1])


def _annotations(leaves: list[Node]) -> dict[Node, Annotation]:
    """Return the reading of each ruby base; containers whose readings are on bases are in it, too.

    The first base has the first reading of each ``textContainer``, the second one the second; what is left over of
    readings goes to the last base.
    """
    bases: dict[Node, list[Node]] = {}
    readings: dict[Node, dict[Node, list[Node]]] = {}
    for leaf in leaves:
        if leaf.container is None:
            continue
        if leaf.reading is not None:
            readings.setdefault(leaf.container, {}).setdefault(leaf.reading, []).append(leaf)
        elif leaf.base is not None and leaf.text.strip() and leaf.base not in bases.get(leaf.container, []):
            bases.setdefault(leaf.container, []).append(leaf.base)
    made: dict[Node, Annotation] = {}
    for container, own in bases.items():
        given: list[list[str]] = [[] for _ in own]
        numbers: dict[Node | None, int] = {}
        for reading, parts in readings.get(container, {}).items():
            number = numbers.get(reading.parent, 0)
            numbers[reading.parent] = number + 1
            text = _flat(leaf.text for leaf in parts)
            given[min(number, len(own) - 1)] += [text] if text else []
        for base, texts in zip(own, given, strict=True):
            if texts:
                made[base] = made[container] = Annotation(" ".join(texts))
    return made


def _collapsed(pieces: list[tuple[Piece, Node]]) -> list[Piece]:
    """Return pieces with white space as TTML has it (TTML2, 8.2.3): a run is a space, unless it is to be kept."""
    made: list[Piece] = []
    is_after_space = True
    for piece, node in pieces:
        text = piece.text
        if node.kind == TEXT and not node.keeps_space:
            text = _SPACES.sub(" ", text)
            if is_after_space:
                text = text.removeprefix(" ")
        if text:
            is_after_space = text[-1] in " \t\n"
            made.append(piece._replace(text=text))
    return made


def _look_at(node: Node, time: Time) -> Look:
    look = Look()
    for element in node.ancestry():
        look = look.within(element.styles | _changed(element.changes, time))
    return look


def _changed(changes: list[Change], time: Time) -> dict[str, str]:
    styles: dict[str, str] = {}
    for change in changes:
        if change.begin <= time < change.end:
            styles |= change.styles
    return styles


def _flat(texts: Iterable[str]) -> str:
    return " ".join("".join(texts).split())


def _ms(time: Time) -> int:
    return math.floor(time * 1000 + Fraction(1, 2))
