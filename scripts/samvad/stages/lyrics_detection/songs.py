"""Find songs in a sound curve, and say which segments lie in one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from samvad.documents.review import Decision
from samvad.documents.segments import SegmentsDocument
from samvad.documents.songs import Song
from samvad.media.sound_curve import SoundCurve

#: Span over which the probabilities are averaged: a single false frame of singing in speech is then nothing, and a
#: singer's breath is no gap.
_WINDOW_MS = 5000

#: What a song just reaches, averaged over the window: probabilities of music and of singing, and how many times as much
#: singing as speech. Measured means: a pop song 1.0, 0.9 and over 80; Hindi and English speech over an orchestra, at 10
#: to -5 dB, 1.0, 0.02 to 0.2 and at most 0.5; synthetic speech over drums at 0 dB 0.75, 0.34 and 0.9; instrumental
#: music 1.0 and at most 0.01.
_MUSIC, _SINGING, _OVER_SPEECH = 0.5, 0.3, 1.5

#: What singing without backing just reaches: much more of singing than a song with music needs, and hardly any speech
#: beside it. Measured, the highest over any window: poetry 0.42 and 1.0, radio 0.19 and 0.5, a meeting 0.05 and 0.1,
#: Hindi scenes 0.42 and 2.7 for a moment; vowels sung by a synthesizer without backing 0.66 and 27.
_ALONE_SINGING, _ALONE_OVER_SPEECH = 0.4, 3.0

#: Over a longer span less of it tells: of speech, a moment that sounds sung is made up for by what is around it. Words
#: sung without backing are heard as speech as well: a lone singer had 0.44 of singing and as much speech, another 0.79
#: and 6 times as much; the highest of poetry 0.28 and 0.44, of lines recited on one note 0.29 and 0.46, shouted 0.16
#: and 0.23, of Hindi scenes 0.19 and 0.49. Speech over drums comes nearer (0.34, 0.9), so where there is music, this
#: says nothing. Beside a song, the long window has some of it: the short one must have these, too.
_LONG_WINDOW_MS = 10_000
_LONG_SINGING, _LONG_OVER_SPEECH = 0.32, 0.75

#: Sets the scale of the score: what just reaches all three has 1 / (1 + _HALF_STRENGTH) = 0.8.
_HALF_STRENGTH = 0.25

#: How much more a stretch counts where its text has all the marks of a song. Talk over music, with at most 0.6 of what
#: a song needs, does not become one by its words alone.
_MAX_SUPPORT = 0.4

#: Part of a song that must be over the threshold by itself, not by the closing of gaps: otherwise a talk over
#: background music, in which the detector hears singing now and then, would be closed up into a song.
_OWN_SHARE = 0.5


@dataclass(frozen=True)
class SongRule:
    """What counts as a song.

    Attributes:
        threshold: score (0 to 1) from which sound is taken for a song.
        min_song_ms: shortest song.
        merge_gap_ms: stretches closer than this are one song.
    """

    threshold: float
    min_song_ms: int
    merge_gap_ms: int


def scores(curve: SoundCurve, support: Sequence[float] = ()) -> list[float]:
    """Return how much each step of the curve is a song (0 to 1).

    A song is music and singing at once, and its voice sings rather than speaks: speech has no music, an instrumental
    piece no singing, and talk over music more speech than singing. The weakest of the three decides. Singing without
    backing needs no music, but more singing, and less speech beside it, or both for longer. With ``e`` for
    how many times it is what a song needs, the score is ``e / (e + 0.25)``: 0.8 where it is just enough, 0.67 for half
    of it, 0.89 for twice as much.

    Args:
        curve: what is heard.
        support: what the text says for a song at each step (0 to 1), or nothing.
    """
    short, long = (_heard(curve, window_ms) for window_ms in (_WINDOW_MS, _LONG_WINDOW_MS))
    half = round(_LONG_WINDOW_MS / 2 / curve.step_ms)
    found = []
    for step, ((tune, sung, spoken), (_, sung_long, spoken_long)) in enumerate(zip(short, long, strict=True)):
        strength = min(tune / _MUSIC, sung / _SINGING, sung / max(1e-9, spoken) / _OVER_SPEECH)
        strength = max(strength, min(sung / _ALONE_SINGING, sung / max(1e-9, spoken) / _ALONE_OVER_SPEECH))
        if max(curve.music[max(0, step - half) : step + half + 1]) < _MUSIC:
            strength = max(strength, min(_alone(sung_long, spoken_long), _alone(sung, spoken)))
        strength *= 1 + _MAX_SUPPORT * (support[step] if support else 0.0)
        found.append(strength / (strength + _HALF_STRENGTH))
    return found


def _alone(sung: float, spoken: float) -> float:
    """Return how many times it is what singing without backing needs over a long window."""
    return min(sung / _LONG_SINGING, sung / max(1e-9, spoken) / _LONG_OVER_SPEECH)


def find(curve: SoundCurve, rule: SongRule, support: Sequence[float] = ()) -> tuple[Song, ...]:
    """Return the songs in order of time.

    Args:
        curve: what is heard.
        rule: what counts as a song.
        support: what the text says for a song at each step (0 to 1), or nothing.
    """
    scored = scores(curve, support)
    sung = [score >= rule.threshold for score in scored]
    songs = []
    for first, end in _merged(_runs(sung), rule.merge_gap_ms // curve.step_ms):
        steps = end - first
        long_enough = steps * curve.step_ms >= rule.min_song_ms
        if long_enough and sum(sung[first:end]) >= _OWN_SHARE * steps:
            score = sum(scored[first:end]) / steps
            songs.append(Song(first * curve.step_ms, end * curve.step_ms, round(score, 2)))
    return tuple(songs)


def obey(songs: Sequence[Song], decisions: Sequence[Decision]) -> tuple[Song, ...]:
    """Return the songs as a person says they are: what is called dialogue is cut out of them, what is song put in.

    Later decisions win over earlier ones; where a song is put in, it takes the place of what was found there.
    """
    found = list(songs)
    for decision in decisions:
        found = [part for song in found for part in _without(song, decision.start_ms, decision.end_ms)]
        if decision.value == "song" and decision.end_ms > decision.start_ms:
            found.append(Song(decision.start_ms, decision.end_ms, 1.0, "person"))
    return tuple(sorted(found, key=lambda song: song.start_ms))


def _without(song: Song, start_ms: int, end_ms: int) -> list[Song]:
    """Return what is left of a song when an interval is cut out of it."""
    before = dataclasses.replace(song, end_ms=min(song.end_ms, start_ms))
    after = dataclasses.replace(song, start_ms=max(song.start_ms, end_ms))
    return [part for part in (before, after) if part.start_ms < part.end_ms]


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


def _heard(curve: SoundCurve, window_ms: int) -> list[tuple[float, float, float]]:
    """Return music, singing and speech at each step, averaged over a window."""
    columns = (_smooth(values, curve.step_ms, window_ms) for values in (curve.music, curve.singing, curve.speech))
    return list(zip(*columns, strict=True))


def _smooth(values: Sequence[float], step_ms: int, window_ms: int) -> list[float]:
    """Return the mean of the window around each step (cut off at the film's ends)."""
    half = round(window_ms / 2 / step_ms)
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
