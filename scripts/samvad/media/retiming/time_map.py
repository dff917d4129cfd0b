"""From the clock of a subtitle file to that of a film: pieces of constant shift at one rate, found from what both say.

A file that is off was made for another copy of the film: it begins earlier or later, runs at another frame rate, or
lacks or has scenes and breaks for advertisements, after each of which the shift is another. What is known is a time
of the film for some cues, each more or less sure, some of them wrong. The map is the one that explains most of them
at the least cost, where each new shift costs as much as several cues that do not fit (Viterbi over the shifts that
occur).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

#: Frame rates that films and files are converted between: one over another is what a file's clock runs wrong by.
_FRAME_RATES = (Fraction(24000, 1001), Fraction(24), Fraction(25))
RATES = tuple(sorted({one / other for one in _FRAME_RATES for other in _FRAME_RATES}))
#: Shifts that differ by less are one.
_STEP_MS = 40
#: Pieces whose shifts differ by less are one: nobody cuts a film by so little.
_SAME_MS = 200
#: A cue that is further than this from the map is not explained by it.
OUTLIER_MS = 700.0
#: What a new shift costs, in cues that do not fit.
_NEW_SHIFT = 3.0
#: So many shifts are tried, those that most cues speak for.
_MOST_SHIFTS = 400
#: A rate of its own is believed where it costs no more than this share of the one before.
_OWN_RATE_GAIN = 0.99
#: No clock runs slower than this, or so much faster; the slope of so many anchors at either end is looked at.
_LEAST_RATE, _MOST_FOR_RATE = 0.8, 200
#: What another rate than the film's costs, beside the cues that do not fit.
_OTHER_RATE = 1.1
#: So often a rate of its own is made surer.
_REFINED = 8
#: From so many cues, over so long, a rate can be told from a shift.
_FEWEST_FOR_RATE, _SHORTEST_FOR_RATE_MS = 8, 60_000


@dataclass(frozen=True)
class Anchor:
    """A cue whose time in the film is known from what is said there.

    Attributes:
        cue: number of the cue, from 0.
        file_ms: where the file has it.
        film_ms: where the film has it.
        unsure_ms: how far off that may well be.
        words: how many of its words were recognised there.
    """

    cue: int
    file_ms: int
    film_ms: float
    unsure_ms: float = 80.0
    words: int = 1


@dataclass(frozen=True)
class Piece:
    """A stretch of the file that one shift holds for.

    Attributes:
        first_ms: where it begins on the file's clock: at its first cue that speaks for it,
        last_ms: where its last such cue begins.
        shift_ms: what is added after the rate.
        cues: how many cues speak for it.
    """

    first_ms: int
    last_ms: int
    shift_ms: float
    cues: int


@dataclass(frozen=True)
class TimeMap:
    """What a time of the file is on the film's clock.

    Attributes:
        rate: film's time by file's time.
        pieces: in order; at least one.
        explained: share of the anchors, by weight, that it explains, 0 to 1.
    """

    rate: Fraction
    pieces: tuple[Piece, ...]
    explained: float

    def at(self, file_ms: float, piece: Piece | None = None) -> float:
        """Return the film's time of a time of the file, by the piece that holds there or another."""
        return float(self.rate) * file_ms + (piece or self.piece(file_ms)).shift_ms

    def piece(self, file_ms: float) -> Piece:
        """Return the piece that is nearest to a time of the file."""
        return min(self.pieces, key=lambda one: max(one.first_ms - file_ms, file_ms - one.last_ms, 0))


def fit(anchors: Sequence[Anchor]) -> TimeMap | None:
    """Return the map that explains most anchors; None without any.

    Args:
        anchors: in order of the file's time.
    """
    if not anchors:
        return None
    span = anchors[-1].file_ms - anchors[0].file_ms
    telling = len(anchors) >= _FEWEST_FOR_RATE and span >= _SHORTEST_FOR_RATE_MS
    found = [_at_rate(anchors, rate) for rate in (RATES if telling else (Fraction(1),))]
    best = min(found, key=_cost)
    for _ in range(_REFINED if telling else 0):  # each time the pieces are longer, and their slope is surer
        other = min((_at_rate(anchors, rate) for rate in _own_rates(anchors, best[1])), default=best, key=_cost)
        if other[0] >= _OWN_RATE_GAIN * best[0]:
            break
        best = other
    return best[1]


def _at_rate(anchors: Sequence[Anchor], rate: Fraction) -> tuple[float, TimeMap]:
    """Return what the best map of a rate costs, and that map."""
    files = np.array([anchor.file_ms for anchor in anchors], dtype=float)
    films = np.array([anchor.film_ms for anchor in anchors], dtype=float)
    unsure = np.array([anchor.unsure_ms for anchor in anchors], dtype=float)
    weight = np.sqrt(np.minimum(4, [anchor.words for anchor in anchors]))
    shifts = films - float(rate) * files
    tried = _candidates(shifts, weight)
    # In cues: 0 for one that fits to the millisecond, up to 1 for one that does not; more for one with many words.
    off = np.abs(shifts[:, None] - tried[None, :])
    tolerated = OUTLIER_MS + unsure[:, None]
    costs = weight[:, None] * np.minimum(1, off / tolerated)
    path, cost = _cheapest(costs)
    pieces = _pieces(path, files, shifts, weight, unsure)
    near = np.array(
        [abs(shift - pieces[number].shift_ms) for shift, number in zip(shifts, _numbers(path), strict=True)]
    )
    explained = float(weight[near <= OUTLIER_MS].sum() / weight.sum())
    kept = _worthwhile(pieces)
    return cost, TimeMap(rate, kept, explained)


def _candidates(shifts: npt.NDArray[np.float64], weight: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the shifts to be tried: those that occur, the frequent ones first."""
    bins, place = np.unique(np.round(shifts / _STEP_MS).astype(int), return_inverse=True)
    votes = np.bincount(place, weights=weight)
    return bins[np.argsort(-votes, kind="stable")[:_MOST_SHIFTS]] * float(_STEP_MS)


def _cheapest(costs: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.intp], float]:
    """Return which shift each anchor has on the cheapest way through all, and what that costs (Viterbi)."""
    count, states = costs.shape
    came = np.empty((count, states), dtype=np.intp)
    so_far = costs[0].copy()
    own = np.arange(states)
    for number in range(1, count):
        best = int(so_far.argmin())
        jump = so_far[best] + _NEW_SHIFT < so_far
        came[number] = np.where(jump, best, own)
        so_far = np.minimum(so_far, so_far[best] + _NEW_SHIFT) + costs[number]
    path = np.empty(count, dtype=np.intp)
    path[-1] = so_far.argmin()
    for number in range(count - 1, 0, -1):
        path[number - 1] = came[number, path[number]]
    return path, float(so_far.min())


def _numbers(path: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return the number of the piece that each anchor is in."""
    return np.concatenate([[0], np.cumsum(path[1:] != path[:-1])]).astype(np.intp)


def _pieces(
    path: npt.NDArray[np.intp],
    files: npt.NDArray[np.float64],
    shifts: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
    unsure: npt.NDArray[np.float64],
) -> list[Piece]:
    """Return the pieces of a path, each with the middle of its shifts, those that are surest counting most."""
    numbers, found = _numbers(path), []
    for number in range(int(numbers[-1]) + 1):
        inside = numbers == number
        near = inside & (np.abs(shifts - np.median(shifts[inside])) <= OUTLIER_MS)
        taken = near if near.any() else inside
        middle = _weighted_median(shifts[taken], weight[taken] / unsure[taken])
        times = files[taken]
        found.append(Piece(int(times.min()), int(times.max()), middle, int(taken.sum())))
    return found


def _worthwhile(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Return the pieces without those that one cue alone speaks for: the neighbours decide there."""
    strong = [piece for piece in pieces if piece.cues > 1]
    kept: list[Piece] = []
    for piece in strong or pieces:
        if kept and abs(kept[-1].shift_ms - piece.shift_ms) < _SAME_MS:
            both = kept.pop()
            cues = both.cues + piece.cues
            shift = (both.shift_ms * both.cues + piece.shift_ms * piece.cues) / cues
            kept.append(Piece(both.first_ms, piece.last_ms, shift, cues))
        else:
            kept.append(piece)
    return tuple(kept)


def _weighted_median(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> float:
    order = np.argsort(values)
    sums = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(sums, sums[-1] / 2)])


def _cost(found: tuple[float, TimeMap]) -> tuple[float, float]:
    # A file whose clock is right is the usual case: another rate must explain more than chance does.
    return found[0] * (1 if found[1].rate == 1 else _OTHER_RATE), abs(float(found[1].rate) - 1)


def _own_rates(anchors: Sequence[Anchor], found: TimeMap) -> Iterator[Fraction]:
    """Yield the rates of straight lines: through all anchors, and through those of the longest piece alone.

    The middle of the slopes between early and late anchors (Theil and Sen): nearly a third of them may be wrong.
    """
    piece = max(found.pieces, key=lambda one: one.last_ms - one.first_ms)
    inside = [
        anchor
        for anchor in anchors
        if piece.first_ms <= anchor.file_ms <= piece.last_ms
        and abs(anchor.film_ms - found.at(anchor.file_ms, piece)) <= 3 * OUTLIER_MS
    ]
    for chosen in (anchors, inside):
        third = len(chosen) // 3
        if third < 3 or chosen[-1].file_ms - chosen[0].file_ms < _SHORTEST_FOR_RATE_MS:
            continue
        slopes = [
            (late.film_ms - early.film_ms) / (late.file_ms - early.file_ms)
            for early in chosen[:third][:_MOST_FOR_RATE]
            for late in chosen[-third:][-_MOST_FOR_RATE:]
            if late.file_ms > early.file_ms
        ]
        slope = float(np.median(slopes)) if slopes else 1.0
        if _LEAST_RATE < slope < 1 / _LEAST_RATE:
            yield Fraction(slope).limit_denominator(1_000_000)
