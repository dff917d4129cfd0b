"""WebVTT files, written here: pysubs2 leaves out the escapes that ``&`` and ``<`` need; read by ttconv."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence

from samvad.core.times import clock
from samvad.documents.subtitles import styled, ttml_format
from samvad.documents.subtitles.cues import Cue
from samvad.documents.subtitles.reading import Reading

_VTT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def write(cues: Sequence[Cue]) -> str:
    """Return a WebVTT file; without cues it is its header."""

    return "WEBVTT\n\n" + "".join(
        f"{number}\n{clock(cue.start_ms)} --> {clock(cue.end_ms)}{' line:0' if cue.top else ''}\n"
        f"{styled.text(cue, lambda text: text.translate(_VTT_ESCAPES), styled.tag)}\n\n"
        for number, cue in enumerate(cues, start=1)
    )


def read(text: str) -> Reading:
    """Return what is in a file.

    Raises:
        ValueError: it is broken.
    """
    import ttconv.vtt.reader

    if not text.lstrip("\ufeff").startswith("WEBVTT"):
        raise ValueError("it does not begin with WEBVTT")
    logging.getLogger("ttconv").setLevel(logging.ERROR)  # it warns of every tag that it passes over
    document = ttconv.vtt.reader.to_model(io.StringIO(text))
    if document is None:
        raise ValueError("its cues cannot be told apart")
    return Reading(tuple(ttml_format.cues_of(document)))
