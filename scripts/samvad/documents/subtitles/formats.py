"""Subtitle files: SubRip, WebVTT, SubStation Alpha and TTML (IMSC 1.1 text), written and read.

UTF-8 without a mark at its beginning; lines end with a line feed, which every player takes. Each format has a module of
its own beside this one, with ``write`` and ``read``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from samvad.core.errors import MediaError
from samvad.documents.subtitles import ass_format, srt_format, ttml_format, vtt_format
from samvad.documents.subtitles.cues import Cue
from samvad.documents.subtitles.reading import Reading


def write(kind: str, cues: Sequence[Cue], language: str = "") -> str:
    """Return a file of a kind: ``srt``, ``vtt``, ``ass`` or ``ttml``."""
    writers: dict[str, Callable[[Sequence[Cue]], str]] = {
        "srt": srt_format.write,
        "vtt": vtt_format.write,
        "ass": ass_format.write,
    }
    return ttml_format.write(cues, language) if kind == "ttml" else writers[kind](cues)


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


def read(path: Path) -> Reading:
    """Return what is in a subtitle file of any kind.

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
        encoding = "utf-16" if utf16 else "utf-8-sig"
        return replace(parse(data.decode(encoding), kind), encoding=encoding.removesuffix("-sig"))
    except OSError as error:
        raise MediaError(f"{str(path)!r} cannot be read ({error.strerror}).", path=str(path)) from None
    except UnicodeDecodeError as error:
        raise MediaError(f"{str(path)!r} is not UTF-8 ({error}).", "Save it as UTF-8.", path=str(path)) from None
    except ValueError as error:
        raise MediaError(f"{str(path)!r} is broken: {error}.", "Open it in an editor.", path=str(path)) from None


def parse(text: str, kind: str) -> Reading:
    """Return what is in a file's text.

    Raises:
        ValueError: it is broken.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    readers: dict[str, Callable[[str], Reading]] = {
        "srt": srt_format.read,
        "vtt": vtt_format.read,
        "ass": ass_format.read,
        "ttml": ttml_format.read,
    }
    return readers[kind](text)
