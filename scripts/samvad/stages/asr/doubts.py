"""What of the words a person should listen to: those that no try was sure of, and those that stand in no time."""

from __future__ import annotations

from collections.abc import Sequence

from samvad.core.times import clock
from samvad.documents.segments import HEARD_BESIDE, HEARD_TWICE, PERHAPS_OTHER, PERHAPS_TRANSLATED, UNSURE, Segment
from samvad.runner.stage_run import StageRun
from samvad.stages.asr.chunks import Chunk
from samvad.stages.asr.word_room import crammed

#: So many places are named.
_SHOWN = 5
_SAID = {
    HEARD_TWICE: "The model was not sure of what is said at {}, but heard it twice alike. Listen there.",
    HEARD_BESIDE: "Words were heard at {}, where no detector is sure that somebody speaks. Listen there.",
    PERHAPS_TRANSLATED: "English was recognised at {} that does not sound so: the model may have translated it. "
    "Listen there.",
    PERHAPS_OTHER: "What is said at {} sounds like another language than it was recognised in. Listen there, and name "
    "all of the film's languages in the column source of the film sheet.",
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
            run.warn(said.format(places_in_words(places)))
    tight = places_without_time(found)
    run.metric("words_without_time", sum(words for _, words in tight), "words")
    if tight:
        run.warn(
            f"{sum(words for _, words in tight)} words stand in less time than anybody needs to say them, at "
            f"{places_in_words([start_ms for start_ms, _ in tight])}. Listen there, and set their times."
        )


def places_without_time(found: Sequence[Segment]) -> list[tuple[int, int]]:
    """Return where words stand in less time than anybody needs, in ms, and how many do, by run of such words."""
    words = [(word.start_ms, word.end_ms, word.text) for segment in found for word in segment.words]
    return [(words[first][0], after - first) for first, after in crammed(words)]


def places_in_words(starts_ms: Sequence[int]) -> str:
    """Return some times in ms as a person reads them, the first few of them."""
    shown = ", ".join(map(clock, starts_ms[:_SHOWN]))
    return f"{shown} and {len(starts_ms) - _SHOWN} more" if starts_ms[_SHOWN:] else shown
