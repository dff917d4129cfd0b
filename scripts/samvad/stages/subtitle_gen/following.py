"""What stage 09 reads to follow a film's words, and what it tells of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from samvad.core import typed_json
from samvad.documents import word_account
from samvad.documents.segments import SegmentsDocument
from samvad.documents.subtitles.cues import Cue
from samvad.documents.tracks import FurtherTrack
from samvad.documents.word_account import Funnel
from samvad.runner.stage_run import StageRun
from samvad.stages.subtitle_gen import funnel
from samvad.stages.subtitle_gen.funnel import Spoken
from samvad.stages.subtitle_gen.tracks import Track
from samvad.text import languages


def spoken(run: StageRun, document: SegmentsDocument) -> Spoken | None:
    """Return the way of a film's words up to stage 07; None where recognition has left no record of them."""
    heard = run.read_optional("asr", "heard")
    if heard is None:
        return None
    renamed = funnel.read_renamed(run.read_optional("ner", "names_replaced"))

    def texts_of(stage: str) -> Mapping[int, str] | None:
        path = run.read_optional(stage, "segments")
        return None if path is None else _texts(path)

    return Spoken(word_account.read_heard(heard), document, renamed, texts_of)


def _texts(path: Path) -> dict[int, str]:
    found = typed_json.load(path, "segments document", "Run its stage again.")["segments"]
    return {item["id"]: item.get("original_text", item["text"]) for item in found}


def of_track(run: StageRun, way: Spoken | None, track: Track, cues: Sequence[Cue], *, corrected: bool) -> Funnel | None:
    """Return the way of the film's words into a track, and record it; None where it is not known.

    Args:
        run: the stage's run.
        way: the way up to stage 07.
        track: as the machine made it.
        cues: that viewers see.
        corrected: whether a person has corrected the cues.
    """
    if way is None:
        return None
    found = funnel.of_track(way, track, cues, corrected=corrected)
    run.metric(f"words_taken_out_{track.language}", sum(item.words for item in found.taken), "words")
    run.metric(f"words_unexplained_{track.language}", found.lost + found.added, "words")
    if found.unexplained:
        run.warn(
            f"Words of the track in {languages.name(track.language)} were lost, or added, without a record: "
            f"{word_account.in_words(found.unexplained)}. Please report this."
        )
    return found


def of_further(run: StageRun, entry: FurtherTrack, found: Funnel | None) -> None:
    """Record what went, or came, on the way into a track that is made of others."""
    if found is None:
        return
    run.metric(f"words_unexplained_{entry.key}", found.lost + found.added, "words")
    if found.unexplained:
        run.warn(
            f"Words of the track {entry.suffix} were lost, or added, without a record: "
            f"{word_account.in_words(found.unexplained)}. Please report this."
        )
