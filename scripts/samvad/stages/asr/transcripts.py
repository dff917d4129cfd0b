"""Files for people and for other tools, made from the segments document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from samvad.core import files
from samvad.core.times import clock
from samvad.documents.segments import Segment, SegmentsDocument
from samvad.stages.asr.regions import Region
from samvad.text import scripts
from samvad.text.romanise import romanise


def write_regions(path: Path, regions: Sequence[Region]) -> None:
    """Write where there is speech, and where only singing was heard."""
    found = [
        {"start_ms": region.start_ms, "end_ms": region.end_ms, **({"sung": True} if region.sung else {})}
        for region in regions
    ]
    files.write_json(path, {"schema_version": "1.0", "regions": found})


def write_text(path: Path, document: SegmentsDocument) -> None:
    """Write one line a segment, with its time."""
    lines = [f"[{clock(segment.start_ms)}] {segment.text}\n" for segment in document.segments]
    files.write_text(path, "".join(lines))


def write_whisperx_json(path: Path, document: SegmentsDocument) -> None:
    """Write the layout of the whisperx command's JSON, for tools that read that."""
    files.write_json(path, {"language": document.language, "segments": [_layout(item) for item in document.segments]})


def with_roman(document: SegmentsDocument) -> SegmentsDocument:
    """Return the document with the text in Latin letters (``roman``) beside each segment of another script."""
    return replace(document, segments=tuple(_with_roman(segment) for segment in document.segments))


def write_roman_srt(path: Path, document: SegmentsDocument) -> None:
    """Write the film's text in Latin letters as a subtitle file, one cue a segment."""
    shown = [segment for segment in document.segments if segment.text]
    cues = [
        f"{number}\n{clock(segment.start_ms, ',')} --> {clock(segment.end_ms, ',')}\n"
        f"{segment.extra.get('roman', segment.text)}\n"
        for number, segment in enumerate(shown, start=1)
    ]
    files.write_text(path, "\n".join(cues))


def _with_roman(segment: Segment) -> Segment:
    if not scripts.foreign_letters(segment.text, frozenset({scripts.LATIN})):
        return segment
    # Of what was put into another script, the letters that were heard; not what was made of them.
    roman = segment.extra.get("heard_roman") or romanise(segment.text)
    return replace(segment, extra={**segment.extra, "roman": roman})


def _layout(segment: Segment) -> dict[str, Any]:
    return {
        "start": segment.start_ms / 1000,
        "end": segment.end_ms / 1000,
        "text": segment.text,
        **({"speaker": segment.speaker} if segment.speaker else {}),
        "words": [
            {"word": word.text, "start": word.start_ms / 1000, "end": word.end_ms / 1000, "score": word.score}
            for word in segment.words
        ],
    }
