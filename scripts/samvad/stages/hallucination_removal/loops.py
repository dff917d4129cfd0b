"""Cut a loop in a segment back to its first round, which may be all that was really said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from samvad.documents.segments import Segment, Word
from samvad.stages.hallucination_removal.limits import Limits
from samvad.text.repetition import longest_word_loop, loop, loop_span, plain

#: Keys of a segment that keep what was recognised, where its text was cut.
ORIGINAL_TEXT, ORIGINAL_WORDS = "original_text", "original_words"


def cut_back(segment: Segment, limits: Limits) -> Segment | None:
    """Return the segment with its loop cut back to one round, or None where it has no words, or no loop in them.

    The text and words as recognised are kept under ``original_text`` and ``original_words``. The segment ends with the
    last word that is left.
    """
    words = _cut_letters(_cut_words(segment.words, limits), limits)
    if not words or words == segment.words:
        return None
    spaced = " " if " " in segment.text.strip() or len(segment.words) == 1 else ""
    return replace(
        segment,
        text=spaced.join(word.text for word in words),
        words=words,
        end_ms=words[-1].end_ms,
        extra={**segment.extra, ORIGINAL_TEXT: segment.text, ORIGINAL_WORDS: [vars(word) for word in segment.words]},
    )


def may_be_said(segment: Segment, limits: Limits) -> bool:
    """Return whether the loop of a segment is of few rounds of whole words, each with time enough to say it."""
    found = longest_word_loop([plain(word.text) for word in segment.words], limits.loop_repeats, limits.loop_characters)
    if found is None:
        return False
    first, period, end = found
    rounds = [segment.words[at : at + period] for at in range(first, end, period)]
    return len(rounds) <= limits.said_rounds and all(
        1000 * sum(len(word.text) for word in one) <= limits.characters_per_second * (one[-1].end_ms - one[0].start_ms)
        for one in rounds
    )


def words_left(segment: Segment, limits: Limits) -> int:
    """Return how many different words a segment says beside a word that loops: what may be a sentence, cut back.

    A word that loops by itself, or that has a loop inside it, does not count; the words of a longer unit do.
    """
    keys = [key for word in segment.words for key in plain(word.text).split()]
    alone = {
        key for key, times in ((key, len(list(run))) for key, run in groupby(keys)) if times >= limits.loop_repeats
    }
    whole = [key for key in dict.fromkeys(keys) if key not in alone and loop(key, limits.loop_repeats)[0] == 0]
    return len(whole)


def _cut_words(words: Sequence[Word], limits: Limits) -> tuple[Word, ...]:
    """Leave the first round of every loop of whole words."""
    kept = tuple(words)
    while True:
        found = longest_word_loop([plain(word.text) for word in kept], limits.loop_repeats, limits.loop_characters)
        if found is None:
            return kept
        first, period, end = found
        kept = kept[: first + period] + kept[end:]


def _cut_letters(words: Sequence[Word], limits: Limits) -> tuple[Word, ...]:
    """Leave the first round of a loop inside a single word."""
    kept = []
    for word in words:
        span = loop_span(word.text, limits.loop_repeats)
        if span is not None and span[2] - span[0] >= limits.loop_characters:
            first, period, end = span
            word = replace(word, text=(word.text[: first + period] + word.text[end:]).strip())  # noqa: PLW2901 -- the cut word
        kept.append(word)
    return tuple(kept)
