"""The map from a file's clock to a film's where no words help: cues are shown while somebody speaks.

As in other programs of the kind, when cues are shown is correlated with when somebody speaks, at every shift at once
(by Fourier transform), for each rate that frame rates make likely. Here that is done stretch by stretch, and the
shifts of neighbours go together (Viterbi), so that a film that was cut is found out. At the end the shift is taken
from where cues and speech begin: cues end later than what is said in them.
"""

from __future__ import annotations

import itertools
import random
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from samvad.media.retiming import time_map
from samvad.media.retiming.time_map import Piece, TimeMap

Curve = npt.NDArray[np.float64]
#: How well a map fits, its rate, and its pieces.
Found = tuple[float, Fraction, tuple[Piece, ...]]

#: One sample of the curves, in ms.
_STEP_MS = 40
#: The file is looked at in stretches of so long,
_STRETCH_MS = 90_000
#: each shifted by up to so much, in ms.
_FURTHEST_MS = 600_000
#: A change of shift costs as much as a stretch that fits worse by this share of its cues' time.
_CHANGE = 0.45
#: So many peaks of each stretch are tried everywhere.
_PEAKS = 6
#: A fit is believed from this share of the cues' time on that lies in speech, silence counted against it,
_BELIEVED = 0.3
#: that is this much above what the same cues have in any of so many other orders, which is chance.
_ABOVE_CHANCE, _SHUFFLES = 0.15, 5
#: Cues whose ends are no further from those of speech, in ms, tell the shift to the frame,
_NEAR_MS = 500
#: so many of them.
_FEWEST = 8
#: Two stretches of speech are told apart from this silence on, in ms.
_PAUSE_MS = 250
#: Cues begin so long before their speech, in ms, where nothing else is known (a frame or two).
_LEAD_MS = 40
#: How much of a cue's time in speech it is worth to begin a second nearer to that: it tells only between equals.
_BY_ONSET = 0.012
#: Half of the cues must begin within so many ms of each other, counted from where speech begins, of those
#: that begin within so many of that.
_ASTRAY_MS, _CHECKED_MS = 350, 1500
#: A rate other than the film's must fit better by this share of the cues' time.
_OTHER_RATE = 0.01
#: So much later than speech ends, in ms, its regions end: Silero waits for silence.
_HANGOVER_MS = 120
#: Exact shifts are looked for in steps of so many ms.
_FINE_MS = 10


def fit(
    cues: Sequence[tuple[int, int]], speech: Sequence[tuple[int, int]], film_ms: int
) -> tuple[TimeMap, float] | None:
    """Return the map under which cues and speech fall together, and how sure it is, 0 to 1; None where none stands out.

    Args:
        cues: start and end in ms, in order of time.
        speech: start and end in ms of each stretch of speech.
        film_ms: how long the film is.
    """
    if not cues or not speech:
        return None
    spoken = _spoken(speech, film_ms)
    tried = [_at_rate(cues, spoken, rate) for rate in sorted(time_map.RATES, key=lambda one: abs(one - 1))]
    best = max(tried, key=lambda one: one[0] - (_OTHER_RATE if one[1] != 1 else 0))
    for slope in (_steps, _drift, _drift, _drift):
        own = slope(best, cues, speech)
        other = _at_rate(cues, spoken, own) if own is not None else best
        best = other if other[0] > best[0] + _OTHER_RATE / 2 else best
    score, rate, pieces = best
    chance = max(_at_rate(other, spoken, rate)[0] for other in _by_chance(cues))
    if score < _BELIEVED or score - chance < _ABOVE_CHANCE:
        return None
    exact = tuple(_at_its_cut(pieces, rate, cues, spoken))
    found = to_the_frame(TimeMap(rate, exact, min(1.0, score)), cues, speech)
    early = _early([(found.at(start), found.at(end)) for start, end in cues], _onsets(speech), _CHECKED_MS)
    if len(early) >= _FEWEST and _closest_half(early)[1] > _ASTRAY_MS:
        return None
    return found, min(1.0, score)


def _spoken(speech: Sequence[tuple[int, int]], film_ms: int) -> Curve:
    """Return +1 where somebody speaks and -1 where nobody does, with so much silence around as a shift can reach."""
    around = (_FURTHEST_MS + _STRETCH_MS * 2) // _STEP_MS
    made = np.full(film_ms // _STEP_MS + 2 * around, -1.0)
    for start, end in speech:
        made[start // _STEP_MS + around : -(-end // _STEP_MS) + around] = 1
    return made


def _by_chance(cues: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """Yield cues as long as these, with the same gaps between them, in other orders: what fits by chance alone."""
    gaps = [cues[0][0], *(max(0, after[0] - before[1]) for before, after in itertools.pairwise(cues))]
    for number in range(_SHUFFLES):
        order = random.Random(number)
        lengths, pauses = [end - start for start, end in cues], gaps.copy()
        order.shuffle(lengths)
        order.shuffle(pauses)
        made, at = [], 0
        for length, pause in zip(lengths, pauses, strict=True):
            made.append((at + pause, at + pause + length))
            at += pause + length
        yield made


def _at_rate(cues: Sequence[tuple[int, int]], spoken: Curve, rate: Fraction) -> Found:
    """Return how well the best shifts fit at a rate, the rate, and the pieces."""
    around = (_FURTHEST_MS + _STRETCH_MS * 2) // _STEP_MS
    reach = _FURTHEST_MS // _STEP_MS
    stretches = _stretches(cues)
    curves = []
    for inside in stretches:
        begins = round(inside[0][0] * float(rate) / _STEP_MS)
        spans = [
            (start * float(rate) / _STEP_MS - begins, end * float(rate) / _STEP_MS - begins) for start, end in inside
        ]
        length = int(max(end for _, end in spans)) + 2
        shown = np.zeros(length)
        for start, end in spans:
            shown[max(0, round(start)) : round(end)] = 1
        first = begins + around - reach
        window = spoken[max(0, first) : first + 2 * reach + length]
        missing = 2 * reach + length - len(window)
        window = np.pad(window, (max(0, missing if first < 0 else 0), missing if first >= 0 else 0), constant_values=-1)
        curves.append(_correlated(shown, window)[: 2 * reach + 1] / max(1.0, shown.sum()))
    weight = np.array([sum(end - start for start, end in inside) for inside in stretches], dtype=float)
    weight /= weight.sum()
    together = np.average(curves, axis=0, weights=weight)
    states = np.unique(np.concatenate([_peaks(curve) for curve in [*curves, together]]))
    gains = np.array([curve[states] for curve in curves])
    chosen = _best_path(gains)
    changes = sum(one != other for one, other in itertools.pairwise(chosen))
    score = float(sum(weight[n] * gains[n, state] for n, state in enumerate(chosen))) - 0.02 * changes
    return score, rate, _pieces(stretches, [float((states[s] - reach) * _STEP_MS) for s in chosen])


def _correlated(shown: Curve, window: Curve) -> Curve:
    size = 1 << int(np.ceil(np.log2(len(shown) + len(window))))
    product = np.fft.irfft(np.fft.rfft(window, size) * np.conj(np.fft.rfft(shown, size)), size)
    return product[: len(window) - len(shown) + 1]


def _peaks(curve: Curve) -> npt.NDArray[np.intp]:
    """Return where a curve is highest, no two places within a second."""
    apart, found, left = 1000 // _STEP_MS, [], curve.copy()
    for _ in range(_PEAKS):
        place = int(left.argmax())
        found.append(place)
        left[max(0, place - apart) : place + apart] = -2
    return np.array(found, dtype=np.intp)


def _stretches(cues: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Return the cues in stretches; a short one goes with the one before."""
    made: list[list[tuple[int, int]]] = []
    for cue in cues:
        if (
            made
            and (cue[0] - made[-1][0][0] < _STRETCH_MS or len(made[-1]) < 8)
            and cue[0] - made[-1][0][0] < 2 * _STRETCH_MS
        ):
            made[-1].append(cue)
        else:
            made.append([cue])
    return made


def _best_path(gains: Curve) -> list[int]:
    so_far, came = gains[0].copy(), []
    for row in gains[1:]:
        best = int(so_far.argmax())
        came.append(np.where(so_far[best] - _CHANGE > so_far, best, np.arange(len(so_far))))
        so_far = np.maximum(so_far, so_far[best] - _CHANGE) + row
    path = [int(so_far.argmax())]
    for step in reversed(came):
        path.append(int(step[path[-1]]))
    return path[::-1]


def _pieces(stretches: Sequence[Sequence[tuple[int, int]]], shifts: Sequence[float]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for inside, shift in zip(stretches, shifts, strict=True):
        if pieces and pieces[-1].shift_ms == shift:
            last = pieces[-1]
            pieces[-1] = Piece(last.first_ms, inside[-1][0], shift, last.cues + len(inside))
        else:
            pieces.append(Piece(inside[0][0], inside[-1][0], shift, len(inside)))
    return tuple(pieces)


def _steps(found: Found, _cues: Sequence[tuple[int, int]], _speech: Sequence[tuple[int, int]]) -> Fraction | None:
    """Return the rate of a line through many small shifts that all go one way; None where they do not."""
    _, rate, pieces = found
    if len(pieces) < 4:
        return None
    middles = np.array([(piece.first_ms + piece.last_ms) / 2 for piece in pieces])
    shifts = np.array([piece.shift_ms for piece in pieces])
    slopes = [
        (shifts[late] - shifts[early]) / (middles[late] - middles[early])
        for early in range(len(pieces))
        for late in range(early + 1, len(pieces))
    ]
    return (rate + Fraction(float(np.median(slopes)))).limit_denominator(1_000_000)


def _drift(found: Found, cues: Sequence[tuple[int, int]], speech: Sequence[tuple[int, int]]) -> Fraction | None:
    """Return the rate that lets late cues of a piece begin as far from speech as early ones; None with too few cues."""
    _, rate, pieces = found
    mapped, onsets = TimeMap(rate, pieces, 0.0), _onsets(speech)
    slopes, weights = [], []
    for piece in pieces:
        near = [
            (start, early[0])
            for start, end in cues
            if piece.first_ms <= start <= piece.last_ms
            and (early := _early([(mapped.at(start, piece), mapped.at(end, piece))], onsets, _CHECKED_MS))
        ]
        third = len(near) // 3
        if third >= _FEWEST:
            first, last = np.array(near[:third]), np.array(near[-third:])
            gone = float(np.median(last[:, 0]) - np.median(first[:, 0]))
            slopes.append((_closest_half(list(last[:, 1]))[0] - _closest_half(list(first[:, 1]))[0]) / max(1.0, gone))
            weights.append(len(near))
    return (
        (rate + Fraction(float(np.average(slopes, weights=weights)))).limit_denominator(1_000_000) if slopes else None
    )


def _at_its_cut(pieces: Sequence[Piece], rate: Fraction, cues: Sequence[tuple[int, int]], spoken: Curve) -> list[Piece]:
    """Return pieces that meet where most speech lies under cues: stretches say that only roughly."""
    around = (_FURTHEST_MS + _STRETCH_MS * 2) // _STEP_MS
    sums = np.concatenate([[0.0], np.cumsum(spoken)])

    def under(cue: tuple[int, int], piece: Piece) -> float:
        places = [round((time * float(rate) + piece.shift_ms) / _STEP_MS) + around for time in cue]
        start, end = np.clip(places, 0, len(sums) - 1)
        return float(sums[end] - sums[start])

    made = list(pieces)
    for number in range(1, len(made)):
        before, after = made[number - 1], made[number]
        middle = before.last_ms
        near = [cue for cue in cues if middle - _STRETCH_MS <= cue[0] <= middle + _STRETCH_MS + 1]
        near = [cue for cue in near if before.first_ms <= cue[0] <= after.last_ms]
        gain = np.cumsum([0.0, *(under(cue, before) - under(cue, after) for cue in near)])
        last = int(gain.argmax())
        if 0 < last < len(near):
            made[number - 1] = replace(before, last_ms=near[last - 1][0])
            made[number] = replace(after, first_ms=near[last][0])
    return made


def to_the_frame(found: TimeMap, cues: Sequence[tuple[int, int]], speech: Sequence[tuple[int, int]]) -> TimeMap:
    """Return a map with its shifts made exact by where speech begins and ends.

    The best shift has most speech under cues and most silence between them. Where cues stay on after their speech, many
    shifts are as good: of these, the one that lets cues begin as speech does.

    Args:
        found: the map, right to within half a second.
        cues: start and end in ms, in order of time.
        speech: start and end in ms of each stretch of speech, in order of time.
    """
    if not speech:
        return found
    last = max(speech[-1][1], round(found.at(cues[-1][1]))) + 2 * _NEAR_MS
    curve = np.full(last // _FINE_MS + 2, -1.0)
    for start, end in speech:
        curve[start // _FINE_MS : max(start, end - _HANGOVER_MS) // _FINE_MS] = 1
    sums = np.concatenate([[0.0], np.cumsum(curve)])
    inside: dict[Piece, list[tuple[float, float]]] = {piece: [] for piece in found.pieces}
    for start, end in cues:
        piece = found.piece(start)
        inside[piece].append((found.at(start, piece), found.at(end, piece)))
    common = _best_shift([span for spans in inside.values() for span in spans], sums, _onsets(speech))
    pieces = []
    for piece, spans in inside.items():
        own = _best_shift(spans, sums, _onsets(speech)) if len(spans) >= _FEWEST else common
        pieces.append(Piece(piece.first_ms, piece.last_ms, piece.shift_ms + own, piece.cues))
    return TimeMap(found.rate, tuple(pieces), found.explained)


def _best_shift(spans: Sequence[tuple[float, float]], sums: Curve, onsets: Sequence[int]) -> float:
    tried = np.arange(-_NEAR_MS, _NEAR_MS + 1, _FINE_MS)
    times = np.array(spans)
    places = np.clip(np.round((times[:, :, None] + tried) / _FINE_MS).astype(int), 0, len(sums) - 1)
    under = (
        (sums[places[:, 1]] - sums[places[:, 0]]).sum(axis=0)
        * _FINE_MS
        / max(1.0, float((times[:, 1] - times[:, 0]).sum()))
    )
    early = _early(spans, onsets)
    if len(early) >= _FEWEST:
        under -= _BY_ONSET * np.abs(_closest_half(early)[0] - _LEAD_MS - tried) / 1000
    return float(tried[int(under.argmax())])


def _onsets(speech: Sequence[tuple[int, int]]) -> list[int]:
    """Return where speech begins after a pause."""
    before = [-_PAUSE_MS, *(end for _, end in speech)]
    return [start for (start, _), end in zip(speech, before, strict=False) if start - end >= _PAUSE_MS]


def _early(spans: Sequence[tuple[float, float]], onsets: Sequence[int], within: int = _NEAR_MS) -> list[float]:
    """Return by how many ms each cue begins before speech does, of those that begin near to that."""
    found = []
    for start, _ in spans:
        at = bisect_left(onsets, start)
        near = min((onsets[n] - start for n in (at - 1, at) if 0 <= n < len(onsets)), key=abs, default=within)
        if abs(near) < within:
            found.append(near)
    return found


def _closest_half(values: Sequence[float]) -> tuple[float, float]:
    """Return the middle of the half of the values that lies closest together, and how far it reaches."""
    ordered = np.sort(np.array(values))
    half = len(ordered) // 2 + 1
    widths = ordered[half - 1 :] - ordered[: len(ordered) - half + 1]
    first = int(widths.argmin())
    return float(np.median(ordered[first : first + half])), float(widths[first])
