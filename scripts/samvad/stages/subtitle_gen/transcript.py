"""The text of a film for reading: who said what when, in paragraphs, as plain text and as a document of Word's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from samvad.core import times
from samvad.documents.machine_cues import Origin
from samvad.documents.segments import SegmentsDocument
from samvad.documents.subtitles.cues import Cue
from samvad.stages.subtitle_gen import sdh
from samvad.stages.subtitle_gen.units import text_in
from samvad.text import languages

#: The kinds of files.
KINDS = ("txt", "docx")
#: A pause as long as this, and as many characters, begin a new paragraph of the same voice.
_PAUSE_MS, _LONG = 3000, 500


@dataclass(frozen=True)
class Saying:
    """What one voice says without a long pause.

    Attributes:
        speaker: what the voice is called; empty where nobody told voices apart.
        song: whether it is sung.
    """

    start_ms: int
    end_ms: int
    speaker: str
    text: str
    song: bool = False


def of_segments(document: SegmentsDocument, language: str) -> list[Saying]:
    """Return what is said, in a language; what has no text in it stands as it was said, with its language named."""
    shown = list(document.shown())
    names = sdh.names_of(shown, language)
    found = []
    for segment in shown:
        text = text_in(segment, language)
        if text is None:
            text = f"{segment.text} ({languages.name(segment.language)})"
        speaker = names[segment.speaker] if segment.speaker else ""
        found.append(Saying(segment.start_ms, segment.end_ms, speaker, _flat(text), segment.kind == "song"))
    return list(_joined(found))


def of_cues(
    cues: Sequence[Cue], origins: Sequence[Origin | None], document: SegmentsDocument, language: str
) -> list[Saying]:
    """Return what a person's corrected cues say, with the speakers of the segments that they come from."""
    by_id = {segment.id: segment for segment in document.segments}
    names = sdh.names_of(list(document.shown()), language)
    found = []
    for cue, origin in zip(cues, origins, strict=True):
        said = [by_id[number] for number in origin.segments if number in by_id] if origin else []
        speakers = {segment.speaker for segment in said}
        label = speakers.pop() if len(speakers) == 1 else None
        sung = bool(said) and all(segment.kind == "song" for segment in said)
        found.append(Saying(cue.start_ms, cue.end_ms, names.get(label or "", ""), _flat(cue.text), sung))
    return list(_joined(found))


def _flat(text: str) -> str:
    return " ".join(text.split())


def _joined(found: Sequence[Saying]) -> Iterator[Saying]:
    open_: Saying | None = None
    for item in found:
        goes_on = (
            open_ is not None
            and (open_.speaker, open_.song) == (item.speaker, item.song)
            and item.start_ms - open_.end_ms < _PAUSE_MS
            and len(open_.text) < _LONG
        )
        if open_ is not None and goes_on:
            text = f"{open_.text} {item.text}"
            open_ = Saying(open_.start_ms, max(open_.end_ms, item.end_ms), item.speaker, text, item.song)
            continue
        if open_ is not None:
            yield open_
        open_ = item
    if open_ is not None:
        yield open_


def as_text(sayings: Sequence[Saying]) -> str:
    """Return one line for each paragraph: its time, who speaks, what is said."""
    return "".join(
        f"[{_clock(item.start_ms)}] {item.speaker + ': ' if item.speaker else ''}{_sung(item)}\n" for item in sayings
    )


def as_docx(sayings: Sequence[Saying], title: str, language: str) -> bytes:
    """Return a document of Word's: the title, and a paragraph for each, the time small, the speaker bold."""
    from samvad.documents import docx_file

    paragraphs = [
        docx_file.Paragraph(
            (
                docx_file.Run(f"{_clock(item.start_ms)}  ", "time"),
                *([docx_file.Run(f"{item.speaker}: ", "speaker")] if item.speaker else []),
                docx_file.Run(_sung(item), "song" if item.song else ""),
            )
        )
        for item in sayings
    ]
    return docx_file.write(f"{title} ({languages.name(language)})", paragraphs, language)


def _sung(item: Saying) -> str:
    return f"♪ {item.text.strip('♪ ')} ♪" if item.song else item.text


def _clock(time_ms: int) -> str:
    return times.clock(time_ms).rsplit(".", 1)[0]
