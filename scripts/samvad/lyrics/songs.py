"""Find songs in a sound curve, and say which segments lie in one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from samvad.lyrics.curve import SoundCurve
from samvad.segments import SegmentsDocument

#: Span over which the probabilities are averaged: a single false frame of singing in speech is then nothing, and a
#: singer's breath is no gap.
_WINDOW_MS = 5000

#: Part of a song that must be over both thresholds by itself, not by the closing of gaps: otherwise a talk over
#: background music, in which the detector hears singing now and then, would be closed up into a song.
_OWN_SHARE = 0.5


@dataclass(frozen=True)
class SongRule:
    """What counts as a song.

    Attributes:
        music_threshold: mean probability of music over 5 s (0 to 1).
        singing_threshold: mean probability of singing over 5 s (0 to 1).
        min_song_ms: shortest song.
        merge_gap_ms: stretches closer than this are one song.
    """

    music_threshold: float
    singing_threshold: float
    min_song_ms: int
    merge_gap_ms: int


@dataclass(frozen=True)
class Song:
    """A song's times in milliseconds, and its score: the mean of the music's and the singing's probability (0 to 1)."""

    start_ms: int
    end_ms: int
    score: float


def find(curve: SoundCurve, rule: SongRule) -> tuple[Song, ...]:
    """Return the songs in order of time.

    A song is music and singing at once: speech has no music, an instrumental piece no singing.
    """
    music, singing = _smooth(curve.music, curve.step_ms), _smooth(curve.singing, curve.step_ms)
    sung = [
        here >= rule.music_threshold and voice >= rule.singing_threshold
        for here, voice in zip(music, singing, strict=True)
    ]
    songs = []
    for first, end in _merged(_runs(sung), rule.merge_gap_ms // curve.step_ms):
        steps = end - first
        long_enough = steps * curve.step_ms >= rule.min_song_ms
        if long_enough and sum(sung[first:end]) >= _OWN_SHARE * steps:
            score = (sum(curve.music[first:end]) + sum(curve.singing[first:end])) / (2 * steps)
            songs.append(Song(first * curve.step_ms, end * curve.step_ms, round(score, 2)))
    return tuple(songs)


def mark(document: SegmentsDocument, songs: Sequence[Song]) -> SegmentsDocument:
    """Return the document with ``kind`` set: ``song`` where the larger part of a segment lies in songs."""
    return dataclasses.replace(
        document,
        segments=tuple(
            dataclasses.replace(
                segment, kind="song" if _mostly_in(segment.start_ms, segment.end_ms, songs) else "dialogue"
            )
            for segment in document.segments
        ),
    )


def _mostly_in(start_ms: int, end_ms: int, songs: Sequence[Song]) -> bool:
    if start_ms == end_ms:
        return any(song.start_ms <= start_ms < song.end_ms for song in songs)
    inside = sum(max(0, min(end_ms, song.end_ms) - max(start_ms, song.start_ms)) for song in songs)
    return 2 * inside > end_ms - start_ms


def _smooth(values: Sequence[float], step_ms: int) -> list[float]:
    """Return the mean of the window around each step (cut off at the film's ends)."""
    half = round(_WINDOW_MS / 2 / step_ms)
    sums = [0.0]
    for value in values:
        sums.append(sums[-1] + value)
    means = []
    for step in range(len(values)):
        first, end = max(0, step - half), min(len(values), step + half + 1)
        means.append((sums[end] - sums[first]) / (end - first))
    return means


def _runs(flags: Sequence[bool]) -> list[tuple[int, int]]:
    """Return the first and the end index of every unbroken run of True."""
    edges = [index for index, (left, right) in enumerate(pairwise([False, *flags, False])) if left != right]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _merged(runs: Sequence[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Join runs that fewer than ``gap`` steps part."""
    joined: list[tuple[int, int]] = []
    for first, end in runs:
        if joined and first - joined[-1][1] < gap:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((first, end))
    return joined
