"""The segments document: the one thing that travels from recognition to subtitles.

Each stage adds to it and loses nothing: keys that a stage does not know stay where they were (``extra``).
All times are integer milliseconds from the start of the film.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import typed_json
from samvad.core.errors import SamvadError

SCHEMA_VERSION = "1.0"

KEEP = "keep"
SUSPECT = "suspect"
QUARANTINE = "quarantine"
#: Flag of a translation that shows what was said, because none was fit to be shown.
AS_SAID = "shown as said"
#: Key of a segment whose words are of a language that the film was not recognised in: its short code.
READS_AS = "reads_as"
#: What a text is kept as (``decoded_again``, ``kept``) that no try at recognition was sure of, but two heard alike.
HEARD_TWICE = "heard twice alike, unsure"
#: And one that was heard where no detector hears speech, but one a sign of a voice.
HEARD_BESIDE = "heard beside all speech, unsure"
#: Each of them is to be listened to.
UNSURE = (HEARD_TWICE, HEARD_BESIDE)
#: And English words of a sound that is not surely English: a translation, it may be, that the recogniser made.
PERHAPS_TRANSLATED = "perhaps translated into English"
#: And words of a sound that surely is of another language, in which nothing better was heard.
PERHAPS_OTHER = "perhaps in another language"
#: English of a sound that surely is, where another language is spoken.
AS_ENGLISH = "English, as it sounds"


@dataclass(frozen=True)
class Word:
    """A word with its times in milliseconds and its probability (0 to 1), or None where there is none."""

    start_ms: int
    end_ms: int
    text: str
    score: float | None = None


@dataclass(frozen=True)
class Hypothesis:
    """What a model would have written instead of a doubtful translation.

    Attributes:
        text: of the whole segment.
        score: mean log probability of a token, or None.
        flags: what is wrong with it, as of a translation.
    """

    text: str
    score: float | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Translation:
    """A segment's text in another language.

    Attributes:
        text: the translation; empty when the backend gave none.
        backend: what made it: ``whisper``, ``indictrans2``, or ``same language`` for text passed on.
        score: mean log probability of a token, or None.
        flags: what a person should look at, such as ``empty`` or ``low probability``.
        others: of a translation with flags, what the model would have written instead, the best first.
    """

    text: str
    backend: str
    score: float | None = None
    flags: tuple[str, ...] = ()
    others: tuple[Hypothesis, ...] = ()


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
        schema_version: version of the document's form.
        language: short code of the language that most of the speech is in; ``und`` when nothing was said.
        duration_ms: duration of the film's audio.
        segments: in order of time.
        extra: keys of the document that this version does not know.
    """

    schema_version: str = field(default=SCHEMA_VERSION, kw_only=True)
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
        ChangedFileError: it is missing, not valid JSON, or breaks its schema.
    """
    return typed_json.read(path, SegmentsDocument, "segments document", "Run its stage again.", schema="segments")


def write(path: Path, document: SegmentsDocument) -> None:
    """Write a segments document atomically, after checking it against its schema and its times for order.

    Raises:
        SamvadError: the document breaks its schema, or times run backwards.
    """
    _check_times(document)
    typed_json.write(path, document, schema="segments")


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
