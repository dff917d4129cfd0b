"""SubRip and WebVTT files.

They are written here and not by pysubs2, whose text is that of SubStation Alpha: it drops what stands in braces, takes
a backslash for the beginning of a code, and writes WebVTT without the escapes that ``&`` and ``<`` need. The tests read
the files back with it.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from samvad.subtitles.rules import Cue
from samvad.times import clock

#: WebVTT's escapes for cue text (W3C, WebVTT, "WebVTT cue text span"); ``>`` so that no ``-->`` can be in it.
_VTT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def srt(cues: Sequence[Cue]) -> str:
    """Return a SubRip file; without cues it is empty."""
    return "".join(
        f"{number}\n{clock(cue.start_ms, ',')} --> {clock(cue.end_ms, ',')}\n{_text(cue)}\n\n"
        for number, cue in enumerate(cues, start=1)
    )


def vtt(cues: Sequence[Cue]) -> str:
    """Return a WebVTT file; without cues it is its header."""
    return "WEBVTT\n\n" + "".join(
        f"{number}\n{clock(cue.start_ms)} --> {clock(cue.end_ms)}\n{_text(cue).translate(_VTT_ESCAPES)}\n\n"
        for number, cue in enumerate(cues, start=1)
    )


def srt_from_vtt(text: str) -> str:
    """Return the SubRip file with the cues of a WebVTT file that ``vtt`` wrote."""
    converted = ""
    for block in text.split("\n\n")[1:]:
        if block.strip():
            number, times, *lines = block.split("\n")
            converted += "\n".join([number, times.replace(".", ","), *map(html.unescape, lines)]) + "\n\n"
    return converted


def _text(cue: Cue) -> str:
    return "\n".join(cue.lines)


WRITERS = {"srt": srt, "vtt": vtt}
