"""The forced track: what is spoken in another language than the film's, for those who follow the film without help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from samvad.documents.machine_cues import Origin
from samvad.documents.segments import Segment, SegmentsDocument
from samvad.documents.subtitles.cues import Cue
from samvad.stages.subtitle_gen.tracks import spoken_language
from samvad.text import languages


def segments_for(document: SegmentsDocument, target: str) -> list[Segment]:
    """Return the shown segments that a forced track is to show: those in a foreign language.

    Speech in the track's own language is none of them: who reads the track understands it.

    Args:
        document: the film's segments.
        target: short code of the track's language.
    """
    main = spoken_language(document)
    if main is None:
        return []
    return [
        segment
        for segment in document.shown()
        if not languages.same(segment.language, main) and not languages.same(segment.language, target)
    ]


def document_of(document: SegmentsDocument, segments: Sequence[Segment]) -> SegmentsDocument:
    """Return a document of some of a film's segments."""
    return replace(document, segments=tuple(segments))


def among(cues: Sequence[Cue], origins: Sequence[Origin | None], segments: Sequence[Segment]) -> list[Cue]:
    """Return those of a track's cues that say some segments: half of what they are made of, or more.

    For tracks that a person has corrected, whose words are to stay.
    """
    wanted = {segment.id for segment in segments}
    return [
        cue
        for cue, origin in zip(cues, origins, strict=True)
        if origin and origin.segments and 2 * sum(one in wanted for one in origin.segments) >= len(origin.segments)
    ]
