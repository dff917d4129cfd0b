"""Hear lines together: Whisper translates a short line far better with its neighbours in the same window.

A window's translation is shared out again only where that is sure: as many sentences as lines, each about as long as
its line is spoken. Otherwise the window is halved at its widest pause and heard again, down to single lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from samvad.stages.translation.backends import Line
from samvad.stages.translation.guards import Decoded
from samvad.text import sentence_ends

#: A little less than the 30 s that Whisper hears at once.
_LONGEST_MS = 28_000
#: A pause this long is a change of scene or subject more often than not.
_WIDEST_PAUSE_MS = 2_500
#: How far a sentence's share of the text may be from its line's share of the time.
_LIKENESS = 3.5
#: Less sound than this is heard with its neighbours or not at all.
_SHORTEST_ALONE_MS = 500


def windows_of(lines: Sequence[Line]) -> list[tuple[int, ...]]:
    """Group lines into windows: neighbours of one language, with nothing between them, of 28 s at most.

    Args:
        lines: in order of time.

    Returns:
        The places of the lines in each window.
    """
    windows: list[list[int]] = []
    for place, line in enumerate(lines):
        if windows and _goes_with(lines[windows[-1][0]], lines[windows[-1][-1]], line):
            windows[-1].append(place)
        else:
            windows.append([place])
    return [tuple(window) for window in windows]


def is_too_short(window: Sequence[int], lines: Sequence[Line]) -> bool:
    """Return whether a window is one line too short to be heard alone: Whisper makes up what it might have been."""
    return len(window) == 1 and lines[window[0]].duration_ms < _SHORTEST_ALONE_MS


def halves(window: Sequence[int], lines: Sequence[Line]) -> list[tuple[int, ...]]:
    """Cut a window of two lines or more in two at its widest pause; of equal ones, at that nearest to its middle."""
    pauses = [
        (lines[after].start_ms - lines[before].end_ms, -abs(2 * cut - len(window)), cut)
        for cut, (before, after) in enumerate(pairwise(window), 1)
    ]
    cut = max(pauses)[2]
    return [tuple(window[:cut]), tuple(window[cut:])]


def share_out(decoded: Decoded, lines: Sequence[Line]) -> list[Decoded] | None:
    """Return the part of a window's translation that belongs to each of its lines, or None where that is not sure.

    Args:
        decoded: what Whisper wrote for the window.
        lines: the window's lines.
    """
    if len(lines) == 1:
        return [decoded]
    sentences = sentence_ends.split(decoded.text)
    if len(sentences) != len(lines):
        return None
    characters = sum(map(len, sentences))
    milliseconds = sum(line.end_ms - line.start_ms for line in lines) or 1
    parts = []
    for sentence, line in zip(sentences, lines, strict=True):
        share = len(sentence) / characters
        time_share = max(1, line.end_ms - line.start_ms) / milliseconds
        if not 1 / _LIKENESS < share / time_share < _LIKENESS:
            return None
        tokens = max(1, round(decoded.tokens * share))
        parts.append(Decoded(sentence, decoded.log_probability / decoded.tokens * tokens, tokens))
    others = [shared for other in decoded.others if (shared := share_out(other, lines)) is not None]
    return [replace(part, others=tuple(shared[place] for shared in others)) for place, part in enumerate(parts)]


def _goes_with(first: Line, previous: Line, line: Line) -> bool:
    return (
        line.language == previous.language
        and line.id == previous.id + 1  # a line between them is of another language, or was quarantined
        and line.start_ms - previous.end_ms <= _WIDEST_PAUSE_MS
        and line.latest_ms - first.earliest_ms <= _LONGEST_MS
    )
