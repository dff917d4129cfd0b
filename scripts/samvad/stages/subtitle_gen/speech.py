"""Find when the words of a cue were spoken, for files of which that is not known."""

from __future__ import annotations

import re
from collections.abc import Sequence

from samvad.documents.segments import SegmentsDocument
from samvad.documents.subtitles.cues import Cue
from samvad.stages.subtitle_gen.units import Unit, units_of
from samvad.text import numerals, scripts


def times_of(cues: Sequence[Cue], document: SegmentsDocument, language: str) -> list[tuple[int, int] | None]:
    """Return for each cue when its first word begins and its last ends, in ms; None where its words are not found.

    The cues' words are looked for in the document's in order, so that a word that is said twice is found in its place.
    """
    units = [unit for segment in document.shown() for unit in units_of(segment, language)]
    said = [(bare, unit) for unit in units if (bare := _bare(unit.text, language))]
    found: list[tuple[int, int] | None] = []
    position = 0
    for cue in cues:
        words = [word for text in cue.text.split() if (word := _bare(text, language))]
        place = _find(words, said, position)
        if place is None:
            found.append(None)
            continue
        position = place + len(words)
        found.append((said[place][1].start_ms, said[min(position, len(said)) - 1][1].end_ms))
    return found


def _find(words: Sequence[str], said: Sequence[tuple[str, Unit]], position: int) -> int | None:
    """Return where a cue's words begin, at or after a position; its first two words must be found together."""
    for place in range(position, len(said)):
        if words and said[place][0] == words[0]:
            second = words[1] if len(words) > 1 else None
            if second is None or (place + 1 < len(said) and said[place + 1][0] == second):
                return place
    return None


def _bare(text: str, language: str) -> str:
    return numerals.as_digits(re.sub(f"[^{scripts.WORD}]", "", text).casefold(), language)
