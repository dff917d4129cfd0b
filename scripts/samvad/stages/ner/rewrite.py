"""Write names anew in a segment: in its text, in its words, and in the entities that were found in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from samvad.documents.segments import Entity, Segment, Word


@dataclass(frozen=True)
class Change:
    """``new`` for the characters from ``start`` to ``end`` (code points) of a segment's text."""

    start: int
    end: int
    new: str


def rewritten(segment: Segment, changes: Sequence[Change]) -> Segment | None:
    """Return the segment with the changes made, or None where its words do not follow its text.

    Args:
        segment: as recognised.
        changes: in order of place, none over another.
    """
    words = _words(segment, changes)
    if words is None:
        return None
    text = ""
    position = 0
    for change in changes:
        text += segment.text[position : change.start] + change.new
        position = change.end
    text += segment.text[position:]
    return replace(segment, text=text, words=words, entities=tuple(moved(segment.entities, changes, text)))


def moved(entities: Sequence[Entity], changes: Sequence[Change], text: str) -> list[Entity]:
    """Return the entities where they lie in the changed text; one that a change cuts takes in all of the change."""
    found = []
    for entity in entities:
        start, end = entity.start, entity.end
        for change in changes:
            if change.start < entity.end and change.end > entity.start:
                start, end = min(start, change.start), max(end, change.end)
        start, end = start + _shift(start, changes), end + _shift(end, changes)
        found.append(replace(entity, text=text[start:end], start=start, end=end))
    return found


def _shift(position: int, changes: Sequence[Change]) -> int:
    return sum(len(change.new) - (change.end - change.start) for change in changes if change.end <= position)


def _words(segment: Segment, changes: Sequence[Change]) -> tuple[Word, ...] | None:
    """Return the words with the changes made; a name over several words takes their time together."""
    spans = _spans(segment)
    if spans is None:
        return None
    made: list[Word] = []
    index = 0
    waiting = list(changes)
    while index < len(spans):
        last = index
        here: list[Change] = []
        while waiting and waiting[0].start < spans[last][1]:
            here.append(waiting.pop(0))
            while spans[last][1] < here[-1].end:
                last += 1
        made += _changed(segment, spans[index : last + 1], segment.words[index : last + 1], here)
        index = last + 1
    return tuple(made)


def _changed(
    segment: Segment, spans: Sequence[tuple[int, int]], words: Sequence[Word], changes: Sequence[Change]
) -> list[Word]:
    if not changes:
        return list(words)
    text = segment.text[spans[0][0] : spans[-1][1]]
    for change in reversed(changes):
        text = text[: change.start - spans[0][0]] + change.new + text[change.end - spans[0][0] :]
    scores = [word.score for word in words if word.score is not None]
    return _spread(text.split(), words[0].start_ms, words[-1].end_ms, min(scores) if scores else None)


def _spread(texts: Sequence[str], start_ms: int, end_ms: int, score: float | None) -> list[Word]:
    """Return words over a stretch of time, each as long as its letters are many."""
    total = sum(map(len, texts))
    made = []
    done = 0
    for text in texts:
        begin = start_ms + (end_ms - start_ms) * done // total
        done += len(text)
        made.append(Word(begin, start_ms + (end_ms - start_ms) * done // total, text, score))
    return made


def _spans(segment: Segment) -> list[tuple[int, int]] | None:
    """Return where each word lies in the text; None where one does not follow the one before."""
    spans = []
    position = 0
    for word in segment.words:
        text = word.text.strip()
        start = segment.text.find(text, position)
        if start < 0 or segment.text[position:start].strip():
            return None
        position = start + len(text)
        spans.append((start, position))
    return spans
