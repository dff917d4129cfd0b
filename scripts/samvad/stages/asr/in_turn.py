"""Segments one after the other, whoever gave their words the times: an aligner, a given text, the recogniser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from samvad.documents.segments import Segment, Word
from samvad.stages.asr.word_times import SHORTEST_WORD_MS


def in_turn(segments: Sequence[Segment], duration_ms: int) -> list[Segment]:
    """Return segments none of whose words begins in the word before it, or takes no time; all else stays as it is.

    An aligner may end a sentence behind the beginning of one that it could not align, and a word of a given text that
    was recognised nowhere may stand between two that leave it no time.

    Args:
        segments: in order of their beginnings.
        duration_ms: of the film: no word is moved beyond it.
    """
    found = _apart([word for segment in segments for word in segment.words], duration_ms)
    words = iter(found)
    result = []
    for segment in segments:
        own = tuple(next(words) for _ in segment.words)
        if own and own != segment.words:
            segment = replace(segment, start_ms=own[0].start_ms, end_ms=own[-1].end_ms, words=own)  # noqa: PLW2901
        result.append(segment)
    return result


def _apart(words: Sequence[Word], duration_ms: int) -> list[Word]:
    made = list(words)
    for place, (word, following) in enumerate(pairwise(words)):
        if following.start_ms < word.end_ms and following.start_ms - word.start_ms >= SHORTEST_WORD_MS:
            made[place] = replace(word, end_ms=following.start_ms)
    earliest_ms = 0
    for place, word in enumerate(made):
        start_ms = max(word.start_ms, earliest_ms)
        end_ms = max(word.end_ms, start_ms + SHORTEST_WORD_MS)
        made[place] = replace(word, start_ms=start_ms, end_ms=end_ms)
        earliest_ms = end_ms
    latest_ms = max(duration_ms, *(word.end_ms for word in words)) if words else 0
    for place in range(len(made) - 1, -1, -1):
        word = made[place]
        if word.end_ms <= latest_ms:
            break
        made[place] = replace(word, start_ms=min(word.start_ms, latest_ms - SHORTEST_WORD_MS), end_ms=latest_ms)
        latest_ms = made[place].start_ms
    return made
