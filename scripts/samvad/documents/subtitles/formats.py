"""Subtitle files: SubRip, WebVTT, SubStation Alpha and TTML (IMSC 1.1 text), written and read.

UTF-8 without a mark at its beginning; lines end with a line feed, which every player takes. SubRip is written and read
by srt, SubStation Alpha by pysubs2, TTML by ttconv, which reads WebVTT, too. WebVTT is written here: pysubs2 leaves
out the escapes that ``&`` and ``<`` need, and ttconv styles what nobody asked for.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from samvad.core.errors import MediaError
from samvad.core.times import clock
from samvad.documents.subtitles import fonts
from samvad.documents.subtitles.cues import STYLE_KINDS, Cue, from_parts

#: Invisible (U+2060, word joiner): set where text would otherwise be taken for a code, and taken away on reading.
_GUARD = "\u2060"
_VTT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
#: Codes stand in braces; a brace after a backslash is text.
_ASS_CODES = re.compile(r"(?<!\\)\{\\([^}]*)\}")
_TAG = re.compile(r"<(/?)([ibu])>|</?font[^>]*>|\{\\(an?\d+)\}", re.IGNORECASE)


def srt(cues: Sequence[Cue]) -> str:
    """Return a SubRip file; without cues it is empty."""
    import srt as library

    def tag(kind: str, *, opens: bool) -> str:
        return f"<{kind}>" if opens else f"</{kind}>"

    def plain(text: str) -> str:
        return re.sub(
            r"<(?=/?([ibu]|font)\b)|\{(?=\\)", lambda found: found.group() + _GUARD, text, flags=re.IGNORECASE
        )

    blocks = [
        library.Subtitle(
            number,
            timedelta(milliseconds=cue.start_ms),
            timedelta(milliseconds=cue.end_ms),
            ("{\\an8}" if cue.top else "") + _styled(cue, plain, tag),
        )
        for number, cue in enumerate(cues, start=1)
    ]
    return str(library.compose(blocks, reindex=False, strict=True))


def vtt(cues: Sequence[Cue]) -> str:
    """Return a WebVTT file; without cues it is its header."""

    def tag(kind: str, *, opens: bool) -> str:
        return f"<{kind}>" if opens else f"</{kind}>"

    return "WEBVTT\n\n" + "".join(
        f"{number}\n{clock(cue.start_ms)} --> {clock(cue.end_ms)}{' line:0' if cue.top else ''}\n"
        f"{_styled(cue, lambda text: text.translate(_VTT_ESCAPES), tag)}\n\n"
        for number, cue in enumerate(cues, start=1)
    )


def ass(cues: Sequence[Cue]) -> str:
    """Return a SubStation Alpha file, in the font of its script; its times are rounded to hundredths of a second."""
    import pysubs2

    file = pysubs2.SSAFile()
    file.info.update({"PlayResX": "1920", "PlayResY": "1080", "WrapStyle": "2", "ScaledBorderAndShadow": "yes"})
    family = fonts.family_for(cue.text for cue in cues)
    file.styles["Default"] = pysubs2.SSAStyle(
        fontname=family, fontsize=66.0, outline=3.0, shadow=1.0, marginl=120, marginr=120, marginv=66
    )
    for cue in cues:
        text = ("{\\an8}" if cue.top else "") + _styled(cue, _ass_text, _ass_tag, "\\N")
        file.events.append(pysubs2.SSAEvent(start=_hundredths(cue.start_ms), end=_hundredths(cue.end_ms), text=text))
    return str(file.to_string("ass"))


def ttml(cues: Sequence[Cue], language: str = "") -> str:
    """Return a TTML file of the profile IMSC 1.1 text."""
    from samvad.documents.subtitles import imsc

    return imsc.write(cues, language)


def write(kind: str, cues: Sequence[Cue], language: str) -> str:
    """Return a file of a kind: ``srt``, ``vtt``, ``ass`` or ``ttml``."""
    writers: dict[str, Callable[[Sequence[Cue]], str]] = {"srt": srt, "vtt": vtt, "ass": ass}
    return ttml(cues, language) if kind == "ttml" else writers[kind](cues)


#: The kinds that can be written; each is the ending of its files.
KINDS = ("srt", "vtt", "ass", "ttml")

_ENDINGS = {
    ".srt": "srt",
    ".vtt": "vtt",
    ".ass": "ass",
    ".ssa": "ass",
    ".ttml": "ttml",
    ".dfxp": "ttml",
    ".xml": "ttml",
}


def read(path: Path) -> list[Cue]:
    """Read a subtitle file of any kind, in the order in which its cues are written.

    Raises:
        MediaError: it is not UTF-8 or UTF-16, of no kind that is known, or broken.
    """
    kind = _ENDINGS.get(path.suffix.lower())
    if kind is None:
        raise MediaError(
            f"{str(path)!r} is no subtitle file that is known by its ending.",
            f"Known are {', '.join(sorted(_ENDINGS))}.",
            path=str(path),
        )
    try:
        data = path.read_bytes()
        utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        return parse(data.decode("utf-16" if utf16 else "utf-8-sig"), kind)
    except OSError as error:
        raise MediaError(f"{str(path)!r} cannot be read ({error.strerror}).", path=str(path)) from None
    except UnicodeDecodeError as error:
        raise MediaError(f"{str(path)!r} is not UTF-8 ({error}).", "Save it as UTF-8.", path=str(path)) from None
    except ValueError as error:
        raise MediaError(f"{str(path)!r} is broken: {error}.", "Open it in an editor.", path=str(path)) from None


def parse(text: str, kind: str) -> list[Cue]:
    """Return the cues of a file's text.

    Raises:
        ValueError: it is broken.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    readers: dict[str, Callable[[str], list[Cue]]] = {"srt": _read_srt, "ass": _read_ass}
    if kind in readers:
        return readers[kind](text)
    from samvad.documents.subtitles import imsc

    return imsc.read_vtt(text) if kind == "vtt" else imsc.read(text)


def _read_srt(text: str) -> list[Cue]:
    import srt as library

    try:
        blocks = list(library.parse(text))
    except library.SRTParseError as error:
        raise ValueError(f"what stands at character {error.expected_start} is no cue") from None
    return [
        _tagged(
            round(block.start / timedelta(milliseconds=1)), round(block.end / timedelta(milliseconds=1)), block.content
        )
        for block in blocks
    ]


def _tagged(start_ms: int, end_ms: int, text: str) -> Cue:
    """Return the cue of text with SubRip's tags."""
    top = False
    parts: list[tuple[str, frozenset[str]]] = []
    on: set[str] = set()
    position = 0
    for found in _TAG.finditer(text):
        parts.append((text[position : found.start()], frozenset(on)))
        position = found.end()
        if found.group(2):
            (on.discard if found.group(1) else on.add)(found.group(2).lower())
        elif found.group(3):
            top = found.group(3).lower() in ("an7", "an8", "an9", "a5", "a6", "a7")
    parts.append((text[position:], frozenset(on)))
    return from_parts(start_ms, end_ms, [(part.replace(_GUARD, ""), kinds) for part, kinds in parts], top=top)


def _read_ass(text: str) -> list[Cue]:
    import pysubs2

    try:
        events = pysubs2.SSAFile.from_string(text, format_="ass").events
    except pysubs2.Pysubs2Error as error:
        raise ValueError(str(error)) from None
    return [_from_ass(event) for event in events if not event.is_comment]


def _from_ass(event: Any) -> Cue:
    top = False
    parts: list[tuple[str, frozenset[str]]] = []
    on: set[str] = set()
    position = 0
    for found in _ASS_CODES.finditer(event.text):
        parts.append((event.text[position : found.start()], frozenset(on)))
        position = found.end()
        for code in found.group(1).split("\\"):
            if re.fullmatch(r"an[789]", code):
                top = True
            elif re.fullmatch(r"[ibu]\d*", code):
                (on.discard if code[1:] in ("", "0") else on.add)(code[0])
            elif code.startswith("r"):
                on.clear()
    parts.append((event.text[position:], frozenset(on)))
    return from_parts(event.start, event.end, [(_ass_plain(part), kinds) for part, kinds in parts], top=top)


def _styled(cue: Cue, plain: Callable[[str], str], tag: Callable[..., str], newline: str = "\n") -> str:
    """Return a cue's text with a format's codes, nested and closed in each line."""
    return newline.join(_styled_line(cue, number, plain, tag) for number in range(len(cue.lines)))


def _styled_line(cue: Cue, number: int, plain: Callable[[str], str], tag: Callable[..., str]) -> str:
    line, own = cue.lines[number], [style for style in cue.styles if style.line == number]
    if not own:
        return plain(line)
    edges = sorted({0, len(line), *(style.start for style in own), *(style.end for style in own)})
    made = ""
    for begin, end in itertools.pairwise(edges):
        kinds = [kind for kind in STYLE_KINDS if any(s.kind == kind and s.start <= begin < s.end for s in own)]
        made += "".join(tag(kind, opens=True) for kind in kinds) + plain(line[begin:end])
        made += "".join(tag(kind, opens=False) for kind in reversed(kinds))
    return made


def _ass_tag(kind: str, *, opens: bool) -> str:
    return f"{{\\{kind}{int(opens)}}}"


def _ass_text(text: str) -> str:
    """Return text that libass shows as it is: a backslash begins a code, and braces hold some."""
    return text.replace("\\", f"\\{_GUARD}").replace("{", "\\{").replace("}", "\\}")


def _ass_plain(text: str) -> str:
    text = text.replace("\\{", "{").replace("\\}", "}")
    text = re.sub(r"\\[Nn]", "\n", text).replace("\\h", "\u00a0")
    return text.replace(_GUARD, "")


def _hundredths(time_ms: int) -> int:
    return time_ms - time_ms % 10
