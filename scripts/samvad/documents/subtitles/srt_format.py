"""SubRip files, by srt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from samvad.documents.subtitles import styled
from samvad.documents.subtitles.cues import Cue, from_parts
from samvad.documents.subtitles.reading import Reading

_TAG = re.compile(r"<(/?)([ibu])>|</?font[^>]*>|\{\\(an?\d+)\}", re.IGNORECASE)


def write(cues: Sequence[Cue]) -> str:
    """Return a SubRip file; without cues it is empty."""
    import srt as library

    def plain(text: str) -> str:
        return re.sub(
            r"<(?=/?([ibu]|font)\b)|\{(?=\\)", lambda found: found.group() + styled.GUARD, text, flags=re.IGNORECASE
        )

    blocks = [
        library.Subtitle(
            number,
            timedelta(milliseconds=cue.start_ms),
            timedelta(milliseconds=cue.end_ms),
            ("{\\an8}" if cue.top else "") + styled.text(cue, plain, styled.tag),
        )
        for number, cue in enumerate(cues, start=1)
    ]
    return str(library.compose(blocks, reindex=False, strict=True))


def read(text: str) -> Reading:
    """Return what is in a file.

    Raises:
        ValueError: it is broken.
    """
    import srt as library

    try:
        blocks = list(library.parse(text))
    except library.SRTParseError as error:
        raise ValueError(f"what stands at character {error.expected_start} is no cue") from None
    cues = [
        _tagged(
            round(block.start / timedelta(milliseconds=1)), round(block.end / timedelta(milliseconds=1)), block.content
        )
        for block in blocks
    ]
    return Reading(tuple(cues))


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
    return from_parts(start_ms, end_ms, [(part.replace(styled.GUARD, ""), kinds) for part, kinds in parts], top=top)
