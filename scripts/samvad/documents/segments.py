"""The segments document: the one thing that travels from recognition to subtitles.

Each stage adds to it and loses nothing: keys that a stage does not know stay where they were (``extra``).
All times are integer milliseconds from the start of the film.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from samvad.core import files, schemas
from samvad.core.errors import SamvadError

SCHEMA_VERSION = "1.0"

KEEP = "keep"
SUSPECT = "suspect"
QUARANTINE = "quarantine"


@dataclass(frozen=True)
class Word:
    """A word with its times in milliseconds and its probability (0 to 1), or None where there is none."""

    start_ms: int
    end_ms: int
    text: str
    score: float | None = None


@dataclass(frozen=True)
class Translation:
    """A segment's text in another language.

    Attributes:
        text: the translation; empty when the backend gave none.
        backend: what made it: ``whisper``, ``indictrans2``, or ``same language`` for text passed on.
        score: mean log probability of a token, or None.
        flags: what a person should look at, such as ``empty`` or ``low probability``.
    """

    text: str
    backend: str
    score: float | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entity:
    """A name in a segment's text.

    Attributes:
        text: the name as it stands in the text.
        label: ``person``, ``place``, ``organisation`` or ``term``.
        start: index of its first character in the segment's text, in code points.
        end: index after its last character.
        source: ``glossary``, ``tmdb`` or the model that found it.
    """

    text: str
    label: str
    start: int
    end: int
    source: str


@dataclass(frozen=True)
class Segment:
    """A stretch of speech, about a sentence.

    Attributes:
        id: number of the segment, from 1, for the whole life of the document.
        language: short code of the language spoken in it.
        decoding: Whisper's figures for the piece that it was decoded in: avg_logprob, no_speech_prob,
            compression_ratio, temperature.
        kind: ``dialogue`` or ``song``.
        verdict: ``keep``, ``suspect`` or ``quarantine``.
        reasons: why the verdict is not ``keep``.
        signals: the values that the verdict rests on.
        translations: by target language.
        extra: keys of the document that this version does not know.
    """

    id: int
    start_ms: int
    end_ms: int
    text: str
    language: str
    words: tuple[Word, ...] = ()
    speaker: str | None = None
    decoding: dict[str, float | None] = field(default_factory=dict)
    kind: str = "dialogue"
    verdict: str = KEEP
    reasons: tuple[str, ...] = ()
    signals: dict[str, float | None] = field(default_factory=dict)
    entities: tuple[Entity, ...] = ()
    translations: dict[str, Translation] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SegmentsDocument:
    """All segments of a film.

    Attributes:
        language: short code of the language that most of the speech is in; ``und`` when nothing was said.
        duration_ms: duration of the film's audio.
        segments: in order of time.
        extra: keys of the document that this version does not know.
    """

    language: str
    duration_ms: int
    segments: tuple[Segment, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)

    def shown(self) -> Iterator[Segment]:
        """Yield the segments that a viewer is to see: all but the quarantined and the empty."""
        return (segment for segment in self.segments if segment.verdict != QUARANTINE and segment.text.strip())


def read(path: Path) -> SegmentsDocument:
    """Read a segments document.

    Raises:
        SamvadError: it is not valid JSON or breaks its schema.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise SamvadError(f"{path} is not JSON ({error}).", "Run its stage again.", path=str(path)) from None
    found = schemas.problems(value, "segments")
    if found:
        raise SamvadError(f"{path}: {found[0]}.", "Run its stage again.", path=str(path))
    segments = tuple(_segment(item) for item in value["segments"])
    return SegmentsDocument(
        language=value["language"],
        duration_ms=value["duration_ms"],
        segments=segments,
        extra=_unknown(value, {"schema_version", "language", "duration_ms", "segments"}),
    )


def write(path: Path, document: SegmentsDocument) -> None:
    """Write a segments document atomically, after checking it against its schema and its times for order.

    Raises:
        SamvadError: the document breaks its schema, or times run backwards.
    """
    value = as_json(document)
    schemas.check_record(value, "segments")
    _check_times(document)
    files.write_json(path, value)


def as_json(document: SegmentsDocument) -> dict[str, Any]:
    """Return the document as plain JSON values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "language": document.language,
        "duration_ms": document.duration_ms,
        **document.extra,
        "segments": [_segment_json(segment) for segment in document.segments],
    }


def _segment(value: dict[str, Any]) -> Segment:
    known = {item.name for item in fields(Segment)} - {"extra"}
    plain = {key: value[key] for key in ("id", "start_ms", "end_ms", "text", "language")}
    return Segment(
        **plain,
        words=tuple(Word(**word) for word in value["words"]),
        speaker=value["speaker"],
        decoding=value["decoding"],
        kind=value["kind"],
        verdict=value["verdict"],
        reasons=tuple(value["reasons"]),
        signals=value["signals"],
        entities=tuple(Entity(**entity) for entity in value["entities"]),
        translations={
            language: Translation(**{**item, "flags": tuple(item["flags"])})
            for language, item in value["translations"].items()
        },
        extra=_unknown(value, known),
    )


def _segment_json(segment: Segment) -> dict[str, Any]:
    value = {item.name: getattr(segment, item.name) for item in fields(Segment) if item.name != "extra"}
    value["words"] = [vars(word) for word in segment.words]
    value["reasons"] = list(segment.reasons)
    value["entities"] = [vars(entity) for entity in segment.entities]
    value["translations"] = {
        language: {**vars(item), "flags": list(item.flags)} for language, item in segment.translations.items()
    }
    return {**value, **segment.extra}


def _unknown(value: dict[str, Any], known: set[str]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key not in known}


def _check_times(document: SegmentsDocument) -> None:
    last_start = 0
    for segment in document.segments:
        if segment.start_ms < last_start or segment.end_ms < segment.start_ms:
            raise SamvadError(f"Segment {segment.id} is out of order or ends before it starts.", "Please report this.")
        last_start = segment.start_ms
        position = segment.start_ms
        for word in segment.words:
            if word.start_ms < position or word.end_ms < word.start_ms or word.end_ms > segment.end_ms:
                raise SamvadError(
                    f"Word {word.text!r} of segment {segment.id} is out of order or outside it.", "Please report this."
                )
            position = word.start_ms
