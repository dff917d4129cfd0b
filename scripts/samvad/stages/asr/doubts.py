"""What of the words a person should listen to: those that no try was sure of, and those that stand in no time."""

from __future__ import annotations

from collections.abc import Sequence

from samvad.core.times import clock
from samvad.documents.segments import (
    AS_ENGLISH,
    HEARD_BESIDE,
    HEARD_TWICE,
    PERHAPS_TRANSLATED,
    READS_AS,
    UNSURE,
    Segment,
)
from samvad.runner.stage_run import StageRun
from samvad.stages.asr.chunks import Chunk
from samvad.stages.asr.translated import ENGLISH
from samvad.stages.asr.word_room import crammed

#: So many places are named.
_SHOWN = 5
_SAID = {
    HEARD_TWICE: "The model was not sure of what is said at {}, but heard it twice alike. Listen there.",
    HEARD_BESIDE: "Words were heard at {}, where no detector is sure that somebody speaks. Listen there.",
    PERHAPS_TRANSLATED: "English was recognised at {} that does not sound so: the model may have translated it. "
    "Listen there.",
}


def record(run: StageRun, chunks: Sequence[Chunk], found: Sequence[Segment]) -> None:
    """Count what is unsure, and warn of it.

    Args:
        run: the stage's run.
        chunks: what was recognised.
        found: the segments that people get: aligned, or of a given text.
    """
    kept = [(chunk, chunk.decoded_again.kept) for chunk in chunks if chunk.decoded_again is not None and chunk.words]
    unsure = sum(len(chunk.words) for chunk, how in kept if how in UNSURE)
    run.metric("words_heard_unsurely", unsure, "words")
    for name, said in _SAID.items():
        if places := [chunk.start_ms for chunk, how in kept if how == name]:
            run.warn(said.format(_places(places)))
    # What reads as another language is named in a warning already.
    told = [(one.start_ms, one.end_ms) for one in found if READS_AS in one.extra]
    if places := [
        chunk.start_ms
        for chunk, how in kept
        if how == AS_ENGLISH
        and chunk.language != ENGLISH
        and not any(start < chunk.end_ms and end > chunk.start_ms for start, end in told)
    ]:
        run.warn(
            f"English is spoken at {_places(places)}, and is none of the languages that the film is recognised in: "
            "name all of them in the column source of the film sheet."
        )
    tight = places_without_time(found)
    run.metric("words_without_time", sum(words for _, words in tight), "words")
    if tight:
        run.warn(
            f"{sum(words for _, words in tight)} words stand in less time than anybody needs to say them, at "
            f"{_places([start_ms for start_ms, _ in tight])}. Listen there, and set their times."
        )


def places_without_time(found: Sequence[Segment]) -> list[tuple[int, int]]:
    """Return where words stand in less time than anybody needs, in ms, and how many do, by run of such words."""
    words = [(word.start_ms, word.end_ms, word.text) for segment in found for word in segment.words]
    return [(words[first][0], after - first) for first, after in crammed(words)]


def _places(starts_ms: Sequence[int]) -> str:
    shown = ", ".join(map(clock, starts_ms[:_SHOWN]))
    return f"{shown} and {len(starts_ms) - _SHOWN} more" if starts_ms[_SHOWN:] else shown
