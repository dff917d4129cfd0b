"""WebVTT files, by the rules of the W3C (https://www.w3.org/TR/webvtt1/), whose numbers of sections stand beside them.

They are read here and not by a library: none tells what it passes over. What browsers show is read as they show it;
what they pass over is said, or taken by a repair where its meaning is sure. They are written here, too: pysubs2 leaves
out the escapes that ``&`` and ``<`` need.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from samvad.core.times import clock
from samvad.documents.subtitles import styled, timings
from samvad.documents.subtitles.cues import Annotation, Cue, Piece
from samvad.documents.subtitles.reading import Collector, Reading

_VTT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def write(cues: Sequence[Cue]) -> str:
    """Return a WebVTT file; without cues it is its header."""

    return "WEBVTT\n\n" + "".join(
        f"{number}\n{clock(cue.start_ms)} --> {clock(cue.end_ms)}{' line:0' if cue.top else ''}\n"
        f"{styled.text(cue, _escaped, styled.tag, ruby=_ruby, coloured=_coloured)}\n\n"
        for number, cue in enumerate(cues, start=1)
    )


def _escaped(text: str) -> str:
    return text.translate(_VTT_ESCAPES)


def _coloured(line: str) -> str:
    return f"<c.yellow>{line}</c>"  # a class that browsers know by themselves (section 5.2)


def _ruby(base: str, reading: str) -> str:
    return f"<ruby>{base}<rt>{reading}</rt></ruby>"


_HEADER = re.compile(r"WEBVTT(?:[ \t](.*))?", re.DOTALL)
_NOTE = re.compile(r"NOTE(?:[ \t].*)?", re.DOTALL)
_STYLE = re.compile(r"STYLE[ \t\f]*")
_REGION = re.compile(r"REGION[ \t\f]*")


def read(text: str) -> Reading:
    """Return what is in a file (section 6.1, WebVTT file parsing)."""
    found = Collector()
    lines = text.replace("\0", "\ufffd").split("\n")
    header = _HEADER.fullmatch(lines[0])
    if header is None:
        found.mended(1, "it does not begin with WEBVTT: no browser reads it", lines[0])
    elif (header[1] or "").strip():
        (found.lost if "-->" in header[1] else found.left)(1, "what stands behind WEBVTT", header[1])
    at = 0 if header is None and not lines[0].lstrip().upper().startswith("WEBVTT") else 1
    body = _Body(lines, found)
    if at and at < len(lines) and lines[at]:
        at = body.header(at)
    body.blocks(at)
    return found.reading()


@dataclass
class _Block:
    """Lines without an empty one between them.

    Attributes:
        at: index of its first line.
        timing: index of its line of times, or None.
        end: index after its last line.
    """

    at: int
    timing: int | None
    end: int


@dataclass
class _Untold:
    """A cue whose text is missing: it may stand in the next block, behind an empty line."""

    line: int
    start_ms: int
    end_ms: int
    settings: _Settings


@dataclass
class _Body:
    """The lines of a file, and what has been found in those that were gone through."""

    lines: list[str]
    found: Collector
    regions: dict[str, _Region] = field(default_factory=dict)
    seen_cue: bool = False
    untold: _Untold | None = None

    def header(self, at: int) -> int:
        """Pass over the header's own lines (metadata that browsers ignore); return the index after them."""
        block = self._collect(at, in_header=True)
        if block.end > at:
            self.found.left(at + 1, "metadata of the header", self._text(at, block.end))
        return block.end

    def blocks(self, at: int) -> None:
        """Read all blocks from an index on."""
        while at < len(self.lines):
            if not self.lines[at]:
                at += 1
                continue
            block = self._collect(at, in_header=False)
            if block.timing is not None:
                self._empty_cue()
                self._cue(block, block.timing)
            else:
                self._other(block)
            at = block.end
        self._empty_cue()

    def _collect(self, at: int, *, in_header: bool) -> _Block:
        """Return the block that begins at an index ("collect a WebVTT block")."""
        timing: int | None = None
        for place in range(at, len(self.lines)):
            line = self.lines[place]
            if not line:
                return _Block(at, timing, place)
            # A line with an arrow that browsers don't know is text to them; they show times in it to no one's use.
            if "-->" in line or timings.read(line) is not None:
                if in_header or timing is not None or place > at + 1:
                    return _Block(at, timing, place)
                timing = place
        return _Block(at, timing, len(self.lines))

    def _text(self, at: int, end: int) -> str:
        return "\n".join(self.lines[at:end])

    def _cue(self, block: _Block, timing: int) -> None:
        line, times = timing + 1, self.lines[timing]
        read = _times(times)
        if read is None:
            why = "its times can't be read" if timings.is_broken(times) else "--> ends a cue, and here are no times"
            self.found.lost(line, f"{why}: no browser shows it", self._text(block.at, block.end))
            return
        if read.slips:
            self.found.mended(line, f"{'; '.join(read.slips)}: browsers take no cue from it", times)
        self.seen_cue = True
        if timing > block.at and not self.lines[block.at].strip().isdecimal():
            self.found.left(block.at + 1, "the name of a cue", self.lines[block.at])
        settings = _settings(read.rest, line, self.regions, self.found)
        if timing + 1 == block.end:
            self.untold = _Untold(line, read.start_ms, read.end_ms, settings)
        else:
            self._take(line, read.start_ms, read.end_ms, settings, timing + 1, block.end)

    def _take(self, line: int, start_ms: int, end_ms: int, settings: _Settings, at: int, end: int) -> None:
        pieces = _CueText(self.found, at + 1).read(self._text(at, end)) if end > at else []
        self.found.cue(line, start_ms, end_ms, pieces, top=settings.is_at_top(end - at))

    def _empty_cue(self) -> None:
        """Take the cue that was waiting for its text: it has none."""
        if self.untold is not None:
            waiting, self.untold = self.untold, None
            self._take(waiting.line, waiting.start_ms, waiting.end_ms, waiting.settings, 0, 0)

    def _other(self, block: _Block) -> None:
        """Account for a block without times."""
        first, line = self.lines[block.at], block.at + 1
        text = self._text(block.at, block.end)
        if any(kind.fullmatch(first) for kind in (_NOTE, _HEADER, _STYLE, _REGION)):
            self._empty_cue()
        if _NOTE.fullmatch(first):
            self.found.left(line, "a comment", text)
        elif _HEADER.fullmatch(first):
            self.found.left(line, "a header inside the file, as pieces of a stream that were joined have", text)
        elif _STYLE.fullmatch(first):
            self.found.left(line, "a style sheet" if not self.seen_cue else "a style sheet behind a cue", text)
        elif _REGION.fullmatch(first):
            if not self.seen_cue:
                region = _region(self._text(block.at + 1, block.end))
                self.regions[region.name] = region
            self.found.left(line, "a region: only whether it is at the top is kept", text)
        elif self.untold is not None:
            waiting, self.untold = self.untold, None
            self.found.mended(
                waiting.line, "an empty line stands between times and text: no browser shows the text", text
            )
            self._take(waiting.line, waiting.start_ms, waiting.end_ms, waiting.settings, block.at, block.end)
        elif block.end == block.at + 1 and first.strip().isdecimal():
            self.found.left(line, "a number without a cue", text)
        else:
            self.found.lost(line, "text without times: no browser shows it", text)


_STRICT = re.compile(
    r"[ \t\f\r]*(?P<start>\d+:\d\d(?::\d\d)?\.\d{3})(?!\d)[ \t\f\r]*-->"
    r"[ \t\f\r]*(?P<end>\d+:\d\d(?::\d\d)?\.\d{3})(?!\d)(?P<rest>.*)",
    re.ASCII | re.DOTALL,
)


def _times(line: str) -> timings.Timing | None:
    """Return a line's times (section 6.3): as browsers take it, or by a repair, or None."""
    strict = _STRICT.fullmatch(line)
    if strict:
        start_ms, end_ms = _timestamp(strict["start"]), _timestamp(strict["end"])
        if start_ms is not None and end_ms is not None:
            return timings.Timing(start_ms, end_ms, strict["rest"], ())
    read = timings.read(line)
    if read is not None and not read.slips:
        return timings.Timing(read.start_ms, read.end_ms, read.rest, (_slip(line),))
    return read


def _slip(line: str) -> str:
    """Return what is wrong with times that are right in SubRip."""
    if "," in line.partition("-->")[0] or re.search(r",\d{3}", line.partition("-->")[2]):
        return "a comma stands before thousandths of a second"
    return "a time is not written as WebVTT has it"


def _timestamp(text: str) -> int | None:
    """Return a timestamp in ms ("collect a WebVTT timestamp"), or None for one that browsers refuse."""
    whole, _, thousandths = text.partition(".")
    parts = whole.split(":")
    if len(parts) == 2:
        if len(parts[0]) != 2:
            return None  # what is not of two digits is hours
        parts.insert(0, "0")
    hours, minutes, seconds = (timings.value_of(part) for part in parts)
    if minutes > 59 or seconds > 59:
        return None
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + int(thousandths)


#: How many lines of text Chromium puts into the height of a picture: its letters are 5.33 % of it.
_LINES_OF_A_PICTURE = 16


@dataclass(frozen=True)
class _Region:
    """A region of the picture (section 6.2): its name, its lines, and where it is fixed, in per cent."""

    name: str = ""
    lines: int = 3
    anchor_percent: float = 100
    viewport_percent: float = 100

    @property
    def middle_percent(self) -> float:
        """Return how far its middle is from the picture's top."""
        height = 100 * self.lines / _LINES_OF_A_PICTURE
        return self.viewport_percent - height * self.anchor_percent / 100 + height / 2


@dataclass
class _Settings:
    """Where a cue stands (section 6.3): what matters for whether that is at the top."""

    vertical: str = ""
    line: float | None = None
    snaps: bool = True
    align: str = "start"
    size: float = 100
    region: _Region | None = None

    def is_at_top(self, lines: int) -> bool:
        """Say whether a cue of so many lines stands in the upper half of the picture."""
        if self.vertical:
            return False
        if self.line is None:
            # A region is obeyed by no cue that has a place of its own.
            return self.region is not None and self.size == 100 and self.region.middle_percent < 50
        height = 100 * max(1, lines) / _LINES_OF_A_PICTURE
        if self.snaps:
            begin = self.line if self.line >= 0 else _LINES_OF_A_PICTURE + self.line
            top = min(max(0.0, 100 * begin / _LINES_OF_A_PICTURE), 100 - height)
        else:
            top = self.line - {"start": 0, "center": height / 2, "end": height}[self.align]
        return top + height / 2 < 50


def _settings(rest: str, line: int, regions: dict[str, _Region], found: Collector) -> _Settings:
    """Return what stands behind the times ("parse the WebVTT cue settings"); say what is not obeyed."""
    made = _Settings()
    passed = []
    kept = True
    for setting in _settings_of(rest):
        name, _, value = setting.partition(":")
        if not (name and value and _obey(made, name, value, regions)):
            passed.append(setting)
        elif not (name == "line" and made.snaps and made.line in (0, -1)) and setting not in _USUAL:
            kept = False
    if not kept:
        found.left(line, "its place: only whether it is at the top is kept", rest.strip())
    if any(":" not in setting and re.search(r"[^\W\d_]{2}", setting) for setting in passed):
        found.lost(line, "words behind the times: no browser shows them", rest.strip())
    elif passed:
        found.left(line, "settings that no browser obeys", " ".join(passed))
    return made


def _settings_of(text: str) -> list[str]:
    """Return what stands between spaces, which are those of ASCII alone."""
    return [setting for setting in re.split(r"[ \t\n\f\r]+", text) if setting]


#: Settings that say what holds without them.
_USUAL = ("align:center", "align:middle", "position:50%", "size:100%")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)


def _obey(made: _Settings, name: str, value: str, regions: dict[str, _Region]) -> bool:
    """Set what a setting says; say whether browsers obey it."""
    if name == "vertical" and value in ("rl", "lr"):
        made.vertical = value
    elif name == "line":
        number, comma, align = value.partition(",")
        percent = _percent(number)
        if (percent is None and not _NUMBER.fullmatch(number)) or (comma and align not in ("start", "center", "end")):
            return False
        made.line, made.snaps = (float(number), True) if percent is None else (percent, False)
        made.align = align or "start"
    elif name == "position":
        place, comma, align = value.partition(",")
        return _percent(place) is not None and (not comma or align in ("line-left", "center", "line-right"))
    elif name == "size" and (size := _percent(value)) is not None:
        made.size = size
    elif name == "region" and value in regions:
        made.region = regions[value]
    else:
        return name == "align" and value in ("start", "center", "end", "left", "right")
    return True


def _percent(text: str) -> float | None:
    """Return a percentage from 0 to 100 ("parse a percentage string"), or None."""
    if not re.fullmatch(r"\d+(?:\.\d+)?%", text, re.ASCII):
        return None
    value = float(text[:-1])
    return value if value <= 100 else None


def _region(text: str) -> _Region:
    """Return a region from its settings ("collect WebVTT region settings")."""
    values = {
        name: value for name, _, value in (setting.partition(":") for setting in _settings_of(text)) if name and value
    }
    lines = values.get("lines", "")
    return _Region(
        values.get("id", ""),
        min(int(lines[:9]), 100) if lines.isascii() and lines.isdecimal() else _Region.lines,
        _height(values.get("regionanchor", ""), _Region.anchor_percent),
        _height(values.get("viewportanchor", ""), _Region.viewport_percent),
    )


def _height(pair: str, default: float) -> float:
    across, _, down = pair.partition(",")
    height = _percent(down)
    return default if _percent(across) is None or height is None else height


_TIMESTAMP = re.compile(r"\d+:\d\d(?::\d\d)?\.\d{3}", re.ASCII)
_NAME = re.compile(r"([^\t\n\f .]*)((?:\.[^\t\n\f .]*)*)(?:[\t\n\f ](.*))?", re.DOTALL)
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


class _CueText:
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
            if stamp and _timestamp(stamp) is not None:
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


_ELEMENTS = frozenset(("c", "i", "b", "u", "ruby", "rt", "v", "lang"))


def _together(places: list[int], end: int) -> list[int]:
    """Return the places at the end of a list that follow each other up to ``end``."""
    kept: list[int] = []
    for place in reversed(places):
        if place != end - len(kept) - 1:
            break
        kept.append(place)
    return kept
