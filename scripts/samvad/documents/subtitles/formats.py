"""Subtitle files: SubRip, WebVTT, SubStation Alpha and TTML (IMSC 1.1 text), written and read.

Written in UTF-8 without a mark at its beginning; lines end with a line feed, which every player takes. Each format has
a module of its own beside this one, with ``write`` and ``read``. It is loaded when a file of that kind is at hand, for
the module of TTML alone takes as long as all else here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from samvad.core import outside
from samvad.core.errors import MediaError
from samvad.documents.subtitles import encodings
from samvad.documents.subtitles.cues import Cue
from samvad.documents.subtitles.reading import MENDED, Note, Reading


def write(kind: str, cues: Sequence[Cue], language: str = "") -> str:
    """Return a file of a kind: ``srt``, ``vtt``, ``ass`` or ``ttml``."""
    match kind:
        case "srt":
            from samvad.documents.subtitles import srt_format

            return srt_format.write(cues)
        case "vtt":
            from samvad.documents.subtitles import vtt_format

            return vtt_format.write(cues)
        case "ass":
            from samvad.documents.subtitles import ass_format

            return ass_format.write(cues)
        case "ttml":
            from samvad.documents.subtitles import ttml_format

            return ttml_format.write(cues, language)
    raise KeyError(kind)


#: The kinds that can be written; each is the ending of its files.
KINDS = ("srt", "vtt", "ass", "ttml")

#: The kind of a file by its ending.
ENDINGS = {
    ".srt": "srt",
    ".vtt": "vtt",
    ".ass": "ass",
    ".ssa": "ass",
    ".ttml": "ttml",
    ".dfxp": "ttml",
    ".xml": "ttml",
}


#: No track of subtitles is as large: what is, is another file, and would take the machine's memory.
LARGEST_BYTES = 64 << 20


def read(path: Path, *, language: str = "", encoding: str = "") -> Reading:
    """Return what is in a subtitle file of any kind, of any maker.

    Args:
        path: the file.
        language: of its text, where it is known: it tells one older encoding from another.
        encoding: that of its bytes, where a person names it.

    Raises:
        MediaError: it can't be read, is of no kind or encoding that is known for sure, or is broken as a whole.
    """
    kind = ENDINGS.get(path.suffix.lower())
    if kind is None:
        raise MediaError(
            f"{str(path)!r} is no subtitle file that is known by its ending.",
            f"Known are {', '.join(sorted(ENDINGS))}.",
            path=str(path),
        )
    try:
        decoded = encodings.decode(outside.read_bytes(path, LARGEST_BYTES), language, encoding)
        found = parse(decoded.text, kind)
    except OSError as error:
        raise MediaError(f"{str(path)!r} cannot be read ({error.strerror}).", path=str(path)) from None
    except encodings.EncodingError as error:
        raise MediaError(f"{str(path)!r} cannot be read: {error}.", path=str(path)) from None
    except ValueError as error:
        raise MediaError(f"{str(path)!r} is broken: {error}.", "Open it in an editor.", path=str(path)) from None
    notes = list(decoded.notes)
    if decoded.encoding != "utf-8" and decoded.text.lstrip("\ufeff").startswith("WEBVTT"):
        notes.append(Note(0, MENDED, f"it is WebVTT in {decoded.encoding}: browsers read it as UTF-8 alone"))
    return replace(found, notes=(*notes, *found.notes), encoding=decoded.encoding)


_NAMES = {"srt": "SubRip", "vtt": "WebVTT", "ass": "SubStation Alpha", "ttml": "TTML"}
#: How files of each kind begin, whatever they are called.
_BEGINNINGS = {
    "vtt": re.compile(r"WEBVTT(?=[ \t\n]|\Z)"),
    "ass": re.compile(r"\[Script Info\]", re.IGNORECASE),
    "ttml": re.compile(r"<\?xml\s|<(?:\w{1,9}:)?tt[\s>]"),
    "srt": re.compile(r"\d{1,9}[ \t]{0,9}\n\d{1,3}:\d\d:\d\d,\d{3} --> \d"),
}


def parse(text: str, kind: str) -> Reading:
    """Return what is in a file's text.

    Args:
        text: of the whole file.
        kind: what its name says that it is; how it begins is believed more.

    Raises:
        ValueError: it is broken as a whole.
    """
    notes = []
    begun = text.lstrip("\ufeff")
    if text[:1] != begun[:1]:
        notes.append(Note(1, MENDED, "marks of its encoding stand where its first line should begin"))
    # Each line end was made two by a program that took them for something else.
    doubled = begun.count("\r\r\n")
    if doubled and 10 * doubled >= 9 * begun.count("\n"):
        begun = begun.replace("\r\r\n", "\n")
        notes.append(Note(0, MENDED, "its lines end with two carriage returns and a line feed: taken as one line end"))
    begun = begun.replace("\r\n", "\n").replace("\r", "\n")
    start = begun[:1000].lstrip()
    real = next((name for name, beginning in _BEGINNINGS.items() if beginning.match(start)), kind)
    if real != kind:
        notes.append(Note(0, MENDED, f"its name says that it is {_NAMES[kind]}, but it is {_NAMES[real]}"))
    found = _reader(real)(begun)
    return replace(found, notes=(*notes, *found.notes))


def _reader(kind: str) -> Callable[[str], Reading]:
    match kind:
        case "srt":
            from samvad.documents.subtitles import srt_format

            return srt_format.read
        case "vtt":
            from samvad.documents.subtitles import vtt_format

            return vtt_format.read
        case "ass":
            from samvad.documents.subtitles import ass_format

            return ass_format.read
    from samvad.documents.subtitles import ttml_format

    return ttml_format.read
