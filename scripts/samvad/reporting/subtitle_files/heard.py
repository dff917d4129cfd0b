"""What is said in a film and when, from its job: what stage 04 recognised, and stage 08's translations of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from samvad.core import stages
from samvad.core.errors import ConfigurationError
from samvad.documents import segments, speech_regions, stage_manifest
from samvad.documents.segments import Segment, SegmentsDocument, Word


@dataclass(frozen=True)
class Heard:
    """What is said in a film.

    Attributes:
        texts: words with times by language: what was recognised (of all languages together, under the main one), and
            its translations, whose words have the times of their sentence.
        language: short code of the language that most of the speech is in.
        speech: start and end in ms of each stretch of speech.
        film_ms: how long the film is.
        media: a copy of the film that a browser plays, where there is one.
    """

    texts: dict[str, tuple[Word, ...]]
    language: str
    speech: tuple[tuple[int, int], ...]
    film_ms: int
    media: Path | None


def has_words(job_folder: Path) -> bool:
    """Return whether stage 04 of a job is done."""
    return _segments(job_folder, "asr") is not None


def read(job_folder: Path) -> Heard:
    """Return what a job knows of the speech of its film.

    Raises:
        SamvadError: stage 04 is not done, or a document of it is damaged.
    """
    path = _segments(job_folder, "asr")
    if path is None:
        raise ConfigurationError(f"The speech of {job_folder} is not recognised yet.", "Run its stage asr first.")
    document = segments.read(path)
    texts = {document.language: tuple(word for segment in document.segments for word in _words(segment))}
    translated = _segments(job_folder, "translation")
    for language, words in (_translations(segments.read(translated)) if translated else {}).items():
        texts.setdefault(language, words)
    manifest = stage_manifest.read(job_folder / stages.BY_NAME["asr"].folder / "manifest.json")
    regions = manifest.output("speech_regions")
    speech = speech_regions.read(job_folder / regions.path) if regions else ()
    return Heard(texts, document.language, speech, document.duration_ms, _copy(job_folder))


def _segments(job_folder: Path, stage: str) -> Path | None:
    manifest = stage_manifest.read_optional(job_folder / stages.BY_NAME[stage].folder / "manifest.json")
    made = manifest.output("segments") if manifest else None
    return job_folder / made.path if made and (job_folder / made.path).is_file() else None


def _words(segment: Segment) -> tuple[Word, ...]:
    return segment.words or _spread(segment, segment.text)


def _spread(segment: Segment, text: str) -> tuple[Word, ...]:
    """Return the words of a text that is said during a segment, each as long as its letters."""
    found, letters = text.split(), sum(len(word) + 1 for word in text.split())
    made, before = [], 0
    for word in found:
        start = segment.start_ms + (segment.end_ms - segment.start_ms) * before // letters
        before += len(word) + 1
        end = segment.start_ms + (segment.end_ms - segment.start_ms) * before // letters
        made.append(Word(start, end, word))
    return tuple(made)


def _translations(document: SegmentsDocument) -> dict[str, tuple[Word, ...]]:
    languages = sorted({language for segment in document.segments for language in segment.translations})
    return {
        language: tuple(
            word
            for segment in document.segments
            if (made := segment.translations.get(language)) is not None
            for word in _spread(segment, made.text)
        )
        for language in languages
    }


def _copy(job_folder: Path) -> Path | None:
    manifest = stage_manifest.read_optional(job_folder / stages.BY_NAME["subtitle_gen"].folder / "manifest.json")
    made = manifest.output("proxy") if manifest else None
    return job_folder / made.path if made and (job_folder / made.path).is_file() else None
