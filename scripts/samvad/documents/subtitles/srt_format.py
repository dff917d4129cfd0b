"""SubRip files, written by srt and read here: no standard says what they are, and no library says what it passes over.

A cue begins with its line of times, whatever stands around it: numbers and empty lines may be missing or too many. Its
text goes to the number of the next cue. Tags are those that players obey: the few of HTML, and codes of SubStation
Alpha and MicroDVD in braces; what only looks like one is text.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from samvad.documents.subtitles import override_codes, styled, timings
from samvad.documents.subtitles.cues import STYLE_KINDS, Cue, Piece
from samvad.documents.subtitles.reading import Collector, Reading

#: Tags of HTML that players obey or leave out, and those of WebVTT that converters leave behind.
_STYLE_TAGS = {"i": "i", "em": "i", "b": "b", "strong": "b", "u": "u"}
_PASSED_TAGS = "br|font|s|strike|del|span|p|div|center|big|small|sub|sup|tt|a|html|body|c|v|lang|ruby|rt|rp"
_TAG_NAMES = "|".join((*_STYLE_TAGS, _PASSED_TAGS))
#: What begins a code, wherever it ends.
_BEGINS_CODE = re.compile(rf"<(?=\s{{0,9}}/?\s{{0,9}}(?:{_TAG_NAMES})\b)|\{{(?=\\|[A-Za-z]:)|\\(?=n)", re.IGNORECASE)


def write(cues: Sequence[Cue]) -> str:
    """Return a SubRip file; without cues it is empty."""
    import srt as library

    blocks = [
        library.Subtitle(
            number,
            timedelta(milliseconds=cue.start_ms),
            timedelta(milliseconds=cue.end_ms),
            _guarded(("{\\an8}" if cue.top else "") + styled.text(cue, _plain, styled.tag)),
        )
        for number, cue in enumerate(cues, start=1)
    ]
    return str(library.compose(blocks, reindex=False, strict=True))


def _plain(text: str) -> str:
    """Return text that is not taken for a code."""
    return _BEGINS_CODE.sub(lambda found: found.group() + styled.GUARD, text)


def _guarded(text: str) -> str:
    """Return a cue's text in which no line is taken for one of times."""
    lines = text.split("\n")
    return "\n".join(styled.GUARD + line if _is_timing(line) else line for line in lines)


def _is_timing(line: str) -> bool:
    return timings.read(_plain_arrow(line)) is not None or timings.is_broken(_plain_arrow(line))


#: The arrow as a page has it, out of which a file was copied.
_ESCAPED_ARROW = "--&gt;"


def _plain_arrow(line: str) -> str:
    return line.replace(_ESCAPED_ARROW, "-->", 1)


@dataclass(frozen=True)
class _Block:
    """A cue's lines by index.

    Attributes:
        begin: its first line: the number, or the times where there is none.
        at: its line of times.
        end: after its last line.
        number: None where it has none.
        times: None where they can't be read.
    """

    begin: int
    at: int
    end: int
    number: int | None
    times: timings.Timing | None


def read(text: str) -> Reading:
    """Return what is in a file."""
    found = Collector()
    lines = text.split("\n")
    last = len(lines)
    while last and not lines[last - 1].strip(_OLD_ENDS):
        last -= 1
    if rest := "".join(lines[last:]).strip():
        found.left(last + 1, "what old systems end a file with", rest)
    blocks = _blocks(lines[:last])
    _before_all(lines[: blocks[0].begin if blocks else last], found, alone=not blocks)
    for block in blocks:
        _cue(lines, block, found, is_last=block is blocks[-1])
    if blocks and 2 * sum(block.number is not None for block in blocks) < len(blocks):
        found.mended(blocks[0].at + 1, "its cues have no numbers: some players read none of it")
    return found.reading()


#: CP/M and early DOS filled the last block of a file with these.
_OLD_ENDS = "\0\x1a \t"
_NUMBER = re.compile(rf"[{timings.INVISIBLE}]{{0,9}}\s{{0,9}}#?(-?\d{{1,9}})[.):]?[\s{timings.INVISIBLE}]{{0,9}}")


def _number(line: str) -> int | None:
    """Return the number of a cue, or None for a line that is none."""
    found = _NUMBER.fullmatch(line)
    return int(found[1]) if found else None


def _blocks(lines: list[str]) -> list[_Block]:
    """Return the cues' blocks in order; each ends where the next one begins."""
    places: list[tuple[int, timings.Timing | None]] = []
    for at, line in enumerate(lines):
        times = timings.read(_plain_arrow(line).lstrip("\ufeff"))
        if times is not None or timings.is_broken(_plain_arrow(line)):
            places.append((at, times))
    numbered = 2 * sum(at > 0 and _number(lines[at - 1]) is not None for at, _ in places) >= len(places)
    begins: list[int] = []
    numbers: list[int | None] = []
    before, expected = -1, 1
    if not places:
        return []
    for at, _ in places:
        place = _number_above(lines, at, before, expected, numbered=numbered)
        number = None if place is None else _number(lines[place])
        begins.append(at if place is None else place)
        numbers.append(number)
        before, expected = at, (expected if number is None else number) + 1
    ends = [*begins[1:], len(lines)]
    return [
        _Block(begin, at, end, number, times)
        for begin, (at, times), end, number in zip(begins, places, ends, numbers, strict=True)
    ]


def _number_above(lines: list[str], at: int, before: int, expected: int, *, numbered: bool) -> int | None:
    """Return the index of the line with the number of the cue whose times stand at an index, or None.

    A number may be text as well ("1984"), and numbers, or the empty lines before them, may be missing.

    Args:
        lines: of the file.
        at: index of the line of times.
        before: index of the line of times before it, or -1.
        expected: the number that counting on gives.
        numbered: whether most cues of the file have a number right above their times.
    """
    place = at - 1
    while place > before and not lines[place].strip():
        place -= 1
    number = _number(lines[place]) if place > before else None
    if number is None:
        return None
    if number == expected or (place == at - 1 and numbered):
        return place
    return place if before < 0 and not any(line.strip() for line in lines[:place]) else None


def _before_all(lines: list[str], found: Collector, *, alone: bool) -> None:
    """Account for what stands before the first cue."""
    text = "\n".join(lines).strip().strip("\ufeff")
    if not text:
        return
    line = next(number for number, line in enumerate(lines, start=1) if line.strip("\ufeff \t"))
    if alone:
        found.lost(line, "it has no line of times", text)
    elif _number(text) is not None:
        found.left(line, "a number without a cue", text)
    elif any(_number(row) is not None for row in lines):
        found.lost(line, "text behind a number, without times", text)
    else:
        found.left(line, "text before the first cue, which no player shows", text)


def _cue(lines: list[str], block: _Block, found: Collector, *, is_last: bool) -> None:
    line, times, end = block.at + 1, block.times, block.end
    if times is None:
        text = "\n".join(lines[block.at : end]).strip()
        found.lost(line, "its times can't be read", text)
        return
    slips = [*times.slips, *(["it is indented"] if lines[block.at][:1].isspace() else [])]
    if _ESCAPED_ARROW in lines[block.at]:
        slips.append(f"{_ESCAPED_ARROW!r} stands where --> should")
    if block.number is not None and block.number < 0:
        slips.append("its number is negative")
    if block.number is not None and re.search("[#.):]", lines[block.begin]):
        slips.append("its number has marks beside it")
    if slips:
        found.mended(line, "; ".join(slips), lines[block.at].strip())
    if is_last and block.number is not None:
        end = _before_last_number(lines, block, found)
    _rest(times.rest.strip(), line, found)
    rows = lines[block.at + 1 : end]
    while rows and not rows[-1].strip():
        rows.pop()
    gap = next((number for number, row in enumerate(rows, start=line + 1) if not row.strip()), None)
    if gap is not None:
        found.mended(gap, "an empty line stands in the text of a cue", "\n".join(rows))
    pieces, top = _CueText(found, line + 1).read("\n".join(rows))
    found.cue(line, times.start_ms, times.end_ms, pieces, top=top)


def _before_last_number(lines: list[str], block: _Block, found: Collector) -> int:
    """Return where the text of the last cue ends: a number after an empty line is that of a cue which is not there."""
    last = block.end - 1
    while last > block.at and not lines[last].strip():
        last -= 1
    if last <= block.at + 1 or lines[last - 1].strip() or _number(lines[last]) != (block.number or 0) + 1:
        return block.end
    found.left(last + 1, "a number without a cue", lines[last].strip())
    return last


_COORDINATES = re.compile(r"(?:[XY][12]:\s{0,3}-?\d{1,6}\s{0,9}){1,8}", re.IGNORECASE)


def _rest(rest: str, line: int, found: Collector) -> None:
    """Account for what stands behind the times."""
    if _COORDINATES.fullmatch(rest) or (rest and all(":" in setting for setting in rest.split())):
        found.left(line, "its place in the picture, behind the times", rest)
    elif re.search(r"[^\W\d_]{2}", rest):
        found.lost(line, "words behind the times: no player shows them", rest)
    elif rest:
        found.left(line, "what stands behind the times", rest)


_TOKEN = re.compile(r"<[^<>]*>|\{[^{}]*\}|\\[Nn]")
_TAG = re.compile(rf"<([^\S\n]{{0,9}})(/?)[^\S\n]{{0,9}}({_TAG_NAMES})\b([^<>]*)>", re.IGNORECASE)
_CLOSING_TAG = re.compile(rf"<[^\S\n]{{0,9}}/[^\S\n]{{0,9}}({_TAG_NAMES})\s{{0,9}}>", re.IGNORECASE)
_MICRODVD_CODE = re.compile(r"\{[A-Za-z]:[^{}]*\}")
#: The height of the picture that players count in for codes of SubStation Alpha in SubRip files (VSFilter's, ffmpeg's).
_CODES_HEIGHT = 288


class _CueText:
    """The text of a cue: its tags and codes."""

    def __init__(self, found: Collector, line: int) -> None:
        self._found = found
        self._line = line
        self._pieces: list[Piece] = []
        self._on: set[str] = set()
        self._place: int | None = None
        self._height: float | None = None
        self._draws = False
        self._left: dict[str, list[str]] = {}

    def read(self, text: str) -> tuple[list[Piece], bool]:
        """Return the pieces of a cue's text, and whether it stands at the top."""
        closed = {name.lower() for name in _CLOSING_TAG.findall(text)}
        at, search_from = 0, 0
        while token := _TOKEN.search(text, search_from):
            if code := self._code(token.group(), closed):
                self._add(text[at : token.start()])
                code(token.group())
                at = search_from = token.end()
            else:
                search_from = token.start() + 1
        self._add(text[at:])
        for reason, texts in self._left.items():
            self._found.left(self._line, reason, " ".join(texts))
        if self._place not in (None, 2, _TOP_CENTRE):
            self._found.left(self._line, "its place: only whether it is at the top is kept", "")
        at_top = self._place in override_codes.TOP if self._height is None else self._height < _CODES_HEIGHT / 2
        return self._pieces, at_top

    def _add(self, text: str) -> None:
        text = text.replace(styled.GUARD, "")
        if not self._draws:
            self._pieces.append(Piece(text, frozenset(self._on)))
        elif text.strip():
            self._leave("a drawing", text.strip())

    def _code(self, token: str, closed: set[str]) -> Callable[[str], None] | None:
        """Return what obeys a code; None for what only looks like one and is text."""
        if token.startswith("{\\"):
            return self._obey_codes
        if token in ("\\N", "\\n"):
            return self._break_line
        if _MICRODVD_CODE.fullmatch(token):
            return functools.partial(self._leave, "a code of MicroDVD")
        tag = _TAG.fullmatch(token)
        if tag is None:
            return None
        name, rest = tag[3].lower(), tag[4].strip().removesuffix("/").strip()
        # "a < b > c" is arithmetic, "< b >bold</b>" is not; "<a word>" is text, "<a href=x>" is not.
        if (tag[1] and not tag[2] and name not in closed) or (rest and not _is_of_tag(name, rest)):
            return None
        return self._obey_tag

    def _break_line(self, token: str) -> None:
        self._add("\n")
        self._found.mended(self._line, "a code of SubStation Alpha is taken for the line end that it means", token)

    def _obey_tag(self, token: str) -> None:
        tag = _TAG.fullmatch(token)
        assert tag is not None
        name = tag[3].lower()
        if kind := _STYLE_TAGS.get(name):
            (self._on.discard if tag[2] else self._on.add)(kind)
        elif name == "br":
            self._add("\n")
        else:
            self._leave("a tag that cues can't hold", token)

    def _obey_codes(self, token: str) -> None:
        passed = []
        for code, value, inside in override_codes.codes_in(token[1:-1]):
            if override_codes.has_words(code, value, inside):
                why = "words stand in a code, so no player shows them: is a brace missing?"
                self._found.lost(self._line, why, token)
                break
            number = override_codes.integer(value)
            if code in STYLE_KINDS:
                (self._on.add if override_codes.turns(code, number) else self._on.discard)(code)
            elif code in ("an", "a"):
                self._place = self._place or override_codes.placed(code, number)  # the first one holds for the cue
            elif code == "p":
                self._draws = bool(number and number > 0)
            else:
                if code == "r":
                    self._on.clear()
                elif code in ("pos", "move"):
                    self._height = override_codes.height_in(inside) if self._height is None else self._height
                passed.append(f"\\{code}{value}")
        if passed:
            self._leave("a code that cues can't hold", f"{{{''.join(passed)}}}")

    def _leave(self, reason: str, text: str) -> None:
        self._left.setdefault(reason, []).append(text)


#: Where ``{\\an8}`` sets a cue, by the numbers of version 4.
_TOP_CENTRE = 6


def _is_of_tag(name: str, rest: str) -> bool:
    """Say whether what stands behind the name of a tag belongs to it."""
    if name in ("v", "lang"):
        return True
    return rest.startswith(".") if name == "c" else "=" in rest
