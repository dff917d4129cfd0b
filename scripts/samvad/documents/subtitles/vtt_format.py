"""WebVTT files, by the rules of the W3C (https://www.w3.org/TR/webvtt1/), whose numbers of sections stand beside them.

They are read here and not by a library: none tells what it passes over. What browsers show is read as they show it;
what they pass over is said, or taken by a repair where its meaning is sure. They are written here, too: pysubs2 leaves
out the escapes that ``&`` and ``<`` need.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from samvad.core.times import clock
from samvad.documents.subtitles import styled, timings, vtt_settings, vtt_times
from samvad.documents.subtitles.cues import Cue
from samvad.documents.subtitles.reading import Collector, Reading
from samvad.documents.subtitles.vtt_settings import Region, Settings
from samvad.documents.subtitles.vtt_text import CueText

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
    settings: Settings


@dataclass
class _Body:
    """The lines of a file, and what has been found in those that were gone through."""

    lines: list[str]
    found: Collector
    regions: dict[str, Region] = field(default_factory=dict)
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
        read = vtt_times.read(times)
        if read is None:
            why = "its times can't be read" if timings.is_broken(times) else "--> ends a cue, and here are no times"
            self.found.lost(line, f"{why}: no browser shows it", self._text(block.at, block.end))
            return
        if read.slips:
            self.found.mended(line, f"{'; '.join(read.slips)}: browsers take no cue from it", times)
        self.seen_cue = True
        if timing > block.at and not self.lines[block.at].strip().isdecimal():
            self.found.left(block.at + 1, "the name of a cue", self.lines[block.at])
        settings = vtt_settings.read(read.rest, line, self.regions, self.found)
        if timing + 1 == block.end:
            self.untold = _Untold(line, read.start_ms, read.end_ms, settings)
        else:
            self._take(line, read.start_ms, read.end_ms, settings, timing + 1, block.end)

    def _take(self, line: int, start_ms: int, end_ms: int, settings: Settings, at: int, end: int) -> None:
        pieces = CueText(self.found, at + 1).read(self._text(at, end)) if end > at else []
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
                region = vtt_settings.read_region(self._text(block.at + 1, block.end))
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
