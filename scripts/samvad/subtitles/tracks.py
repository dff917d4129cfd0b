"""Which tracks a film gets, and what each says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from samvad.segments import SegmentsDocument
from samvad.subtitles.cutting import cut
from samvad.subtitles.rules import Cue, Rules
from samvad.subtitles.units import in_order, text_in, units_of


@dataclass(frozen=True)
class Track:
    """Subtitles in one language.

    Attributes:
        language: short code.
        translated: whether that is not the language that most of the film is spoken in.
        cues: in order.
        segments: how many segments viewers are to see.
        left_out: ids of those that have no text in the language.
    """

    language: str
    translated: bool
    cues: tuple[Cue, ...]
    segments: int
    left_out: tuple[int, ...]


def spoken_language(document: SegmentsDocument) -> str | None:
    """Return the language that most of the shown segments are in, the document's own where it is among them."""
    counts = Counter(segment.language for segment in document.shown())
    if not counts:
        return None
    return document.language if document.language in counts else counts.most_common(1)[0][0]


def languages_of_tracks(document: SegmentsDocument, targets: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the languages to make tracks in, and the targets that have no text at all.

    A target without any text gets no track; then the film gets one in the language spoken, so that it has at least
    that. A film in which nothing was said gets an empty track for each target.
    """
    targets = list(dict.fromkeys(targets))
    spoken = spoken_language(document)
    if spoken is None:
        return targets, []
    shown = list(document.shown())
    without = [target for target in targets if all(text_in(segment, target) is None for segment in shown)]
    made = [target for target in targets if target not in without]
    return ([*made, spoken] if without and spoken not in made else made), without


def make_track(document: SegmentsDocument, language: str, rules: Rules) -> Track:
    """Return the subtitles of a film in one language."""
    shown = list(document.shown())
    left_out = tuple(segment.id for segment in shown if text_in(segment, language) is None)
    units = in_order([unit for segment in shown for unit in units_of(segment, language)])
    cues = tuple(cut(units, language, rules, document.duration_ms))
    spoken = spoken_language(document)
    return Track(language, spoken is not None and language != spoken, cues, len(shown), left_out)
