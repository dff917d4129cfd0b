"""Where another one begins to speak, for films whose speakers nobody has told apart.

A question and an answer, a pause, and a voice that is higher or lower speak for a turn; the same voice speaks against
it. What is sure gets dashes where two share a cue; what is in doubt rather begins a new cue.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

from samvad.media.voices import Voice
from samvad.stages.subtitle_gen.units import Unit
from samvad.text import grammar
from samvad.text.sentence_ends import as_begun, begin_small, ends_sentence

Listen = Callable[[int, int], Voice | None]

# What speaks for a turn, in points. One reader's sentences lie within 2.5 semitones of each other in recordings of
# sonnets, those of different people (a Hindi scene) up to 11 apart.
_ANSWERED, _ASKED, _PAUSED = 2.0, 1.0, 0.5
_FAR, _FAR_SEMITONES = 2.0, 7.0
_OFF, _OFF_SEMITONES = 1.0, 4.0
_SAME, _SAME_SEMITONES = -1.0, 2.0
_LOUDER, _LOUDER_DB = 0.5, 8.0
_SURE, _SURE_UNASKED = 2.0, 2.5
_DOUBTFUL, _DOUBTFUL_UNASKED = 1.0, 1.5

_PAUSE_MS = 250
#: After a pause as long as this the two share no cue anyway.
_APART_MS = 1500
#: As much of a sentence is listened to.
_HEARD_MS = 2500
#: Two sentences that are longer share no cue.
_MOST_CHARACTERS = 100


def marked(units: Sequence[Unit], language: str, listen: Listen | None = None) -> list[Unit]:
    """Return the units with the turns among them (``Unit.turn``).

    Args:
        units: a track's words in order of time.
        language: short code of their text.
        listen: gives the voice between two times in ms; None where there is no sound to listen to.
    """
    sentences = _sentences(units)
    made = list(units)
    for (first, end), (_, last) in itertools.pairwise(sentences):
        before, after = units[end - 1], units[end]
        length = sum(len(unit.text) + 1 for unit in units[first:last])
        if length <= _MOST_CHARACTERS and _may_be_a_turn(before, after):
            made[end] = replace(after, turn=_turn(units[first:end], units[end:last], language, listen))
    return made


def _sentences(units: Sequence[Unit]) -> list[tuple[int, int]]:
    small = begin_small([unit.text for unit in units])
    ends = [
        index
        for index in range(1, len(units))
        if ends_sentence(units[index - 1].text, as_begun(units[index - 1].text, units[index].text, small=small))
        or (units[index - 1].segment != units[index].segment and not units[index].text[:1].islower())
    ]
    edges = [0, *ends, len(units)]
    return list(itertools.pairwise(edges))


def _may_be_a_turn(before: Unit, after: Unit) -> bool:
    told = None not in (before.speaker, after.speaker)
    return not (told or after.turn or before.song or after.song) and after.start_ms - before.end_ms < _APART_MS


def _turn(one: Sequence[Unit], other: Sequence[Unit], language: str, listen: Listen | None) -> str:
    before, after = one[-1], other[0]
    asked = before.text.rstrip("\"'”’)").endswith(("?", "؟", "？"))
    points = _ASKED if asked else 0.0
    if grammar.answers(before.text, after.text, language):
        points = _ANSWERED
    points += _PAUSED if after.start_ms - before.end_ms >= _PAUSE_MS else 0.0
    # The times of a translation's words are reckoned, but for the first of a segment.
    told = (before.heard and after.heard) or before.segment != after.segment
    if listen and told and (asked or points):
        points += _by_voice(one, other, listen)
    if points >= (_SURE if asked else _SURE_UNASKED):
        return "sure"
    return "doubtful" if points >= (_DOUBTFUL if asked else _DOUBTFUL_UNASKED) else ""


def _by_voice(one: Sequence[Unit], other: Sequence[Unit], listen: Listen) -> float:
    """Return what two sentences' voices say for a turn, or against it."""
    end_ms, start_ms = max(unit.end_ms for unit in one), other[0].start_ms
    first = listen(max(one[0].start_ms, end_ms - _HEARD_MS), end_ms)
    second = listen(start_ms, min(max(unit.end_ms for unit in other), start_ms + _HEARD_MS))
    if first is None or second is None:
        return 0.0
    apart = abs(second.semitones_from(first))
    if apart < _SAME_SEMITONES:
        return _SAME
    louder = _LOUDER if abs(second.level_db - first.level_db) >= _LOUDER_DB else 0.0
    return louder + (_FAR if apart >= _FAR_SEMITONES else _OFF if apart >= _OFF_SEMITONES else 0.0)
