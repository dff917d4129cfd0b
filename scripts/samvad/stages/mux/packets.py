"""Hold the packets of a film's pictures and sounds against the result's, all of them: none lost, none new, in order.

What is copied is the same byte for byte. A program that copies may put a few packets in another form (the first one
with the codec's parameters, key pictures of MPEG-2): those are to be looked at. What has its own form throughout cannot
be compared this way.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from samvad.core.errors import MediaError
from samvad.media import ffprobe, packet_runs
from samvad.media.clock import Film
from samvad.media.film_headers import Stream
from samvad.media.packet_runs import Run

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: So much of the beginning of a sound may be otherwise: a copy's decoder lacks what came before a cut.
BEGINNING_SECONDS = 0.1
#: So many packets of sound may be missing or new at the beginning, which are not heard, or hardly.
_PRIMING_PACKETS = 16
#: By how much the shifts of the packets of a sound may differ: rounding.
_SPREAD_US = 12_000
#: With less than this in common, a copy has them in another form.
_COMMON = 0.5


@dataclass(frozen=True)
class Compared:
    """How the packets of a result differ from those of a film; numbers count the film's packets.

    Attributes:
        lost: before which packets the result has fewer or more; first where that is the most.
        altered: which are others in the result, one for one.
        pairs: the numbers of packets that are the same in both: of the film's, and of the result's.
    """

    lost: tuple[int, ...]
    altered: tuple[int, ...]
    pairs: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


def of_both(
    film: Film,
    result: Film,
    pairs: Sequence[tuple[Stream, Stream]],
    seen: Callable[[float], None] = lambda _: None,
) -> dict[int, tuple[Run, Run]]:
    """Return the packets of a film's streams and of their counterparts, by the numbers of the film's streams.

    Args:
        film: the film.
        result: what was made of it.
        pairs: streams of picture and sound, each with its counterpart. Those of another codec are not read.
        seen: called from time to time with how much (s) of both files together has been read.

    Raises:
        ToolError: a program is missing, or hung.
    """
    alike = [pair for pair in pairs if pair[0].codec == pair[1].codec]
    if not alike:
        return {}
    is_transport = [one.header.container == ffprobe.TRANSPORT_STREAM for one in (film, result)]
    found: list[dict[int, Run]] = []
    read_before = 0.0
    for place, one in enumerate((film, result)):
        zero, latest = one.start.zero_us / 1e6, 0.0

        def tell(time: float, zero: float = zero, before: float = read_before) -> None:
            nonlocal latest
            latest = max(latest, time - zero)
            seen(before + latest)

        # ffmpeg takes the start of the streams that it reads of MPEG-TS for zero: it reads all.
        forms = {
            pair[place].index: packet_runs.form(
                pair[place], transport=is_transport[place], of_transport=any(is_transport)
            )
            for pair in (pairs if is_transport[place] else alike)
        }
        try:
            found.append(packet_runs.read(one.path, forms, tell, transport=is_transport[place]))
        except MediaError:
            return {}
        read_before = latest
    mine, theirs = found
    return {
        own.index: (mine[own.index], theirs[made.index])
        for own, made in alike
        if own.index in mine and made.index in theirs
    }


def are_same(film: Run, result: Run, zero_us: int) -> bool:
    """Say whether a result has the packets of a film's sound, all in their order and at their times.

    Args:
        film: the film's sound.
        result: the result's, which begins at zero.
        zero_us: the film's time zero on its container's clock.
    """
    import numpy as np

    if film.times_us is None or result.times_us is None or not len(result.sums):
        return False
    soon_us = round(BEGINNING_SECONDS * 1e6)
    for left_out, added in _heads():
        mine, theirs = film.sums[left_out:], result.sums[added:]
        if len(mine) != len(theirs) or not np.array_equal(mine, theirs):
            continue
        before = [*(film.times_us[:left_out] - zero_us), *result.times_us[:added]]
        shifts = result.times_us[added:] - (film.times_us[left_out:] - zero_us)
        return all(time < soon_us for time in before) and int(np.ptp(shifts)) <= _SPREAD_US
    return False


def compared(film: Run, result: Run, *, is_sound: bool) -> Compared | None:
    """Compare the packets of a stream with those of its counterpart; None where they have another form.

    What cannot be decoded at the beginning (before the first key picture) or is not heard there may be missing, and so
    may the last packet, of which a film that was cut off has a part.
    """
    import numpy as np

    if film.hidden:
        shown = ~np.isin(result.sums, np.array(sorted(film.hidden - {*film.sums.tolist()}), dtype=np.uint64))
        if not shown.all():  # a copy may have them, at the time of the picture that they stand before
            kept = np.flatnonzero(shown)
            found = compared(film, Run(None, result.sums[kept]), is_sound=is_sound)
            return found and replace(found, pairs=(found.pairs[0], kept[found.pairs[1]]))
    mine, theirs = film.sums, result.sums
    if not len(mine) or np.isin(mine, theirs).mean() < _COMMON:
        return None
    left_out, added = _head(film, result, is_sound=is_sound)
    mine, theirs = mine[left_out:], theirs[added:]
    own, made = np.flatnonzero(np.isin(mine, theirs)), np.flatnonzero(np.isin(theirs, mine))
    both = min(len(own), len(made))
    other = np.flatnonzero(mine[own[:both]] != theirs[made[:both]])
    is_other = bool(len(other)) or len(own) != len(made)
    differs = int(own[other[0] if len(other) else both]) if is_other and both < len(own) else len(mine) - 1
    if is_other:  # they come in another order, or what comes several times does so more often
        own, made = _in_order(mine, theirs)
    before, before_made = np.concatenate([[-1], own, [len(mine)]]), np.concatenate([[-1], made, [len(theirs)]])
    holes, new = np.diff(before) - 1, np.diff(before_made) - 1
    altered: list[int] = []
    lost: dict[int, int] = {}
    for hole in np.flatnonzero((holes > 0) | (new > 0)):
        first, count = int(before[hole]) + 1, int(holes[hole])
        is_cut_off = hole == len(holes) - 1 and (count, int(new[hole])) == (1, 0)
        if count == new[hole] or is_cut_off:
            altered += range(first, first + count)
        else:
            lost[min(first, len(mine) - 1)] = abs(count - int(new[hole]))
    if is_other and not lost:
        lost[differs] = 1
    unshown = frozenset() if is_sound else _undecodable(film)
    return Compared(
        tuple(at + left_out for at in sorted(lost, key=lambda at: -lost[at]) if at + left_out not in unshown),
        tuple(at + left_out for at in altered),
        (own + left_out, made + added),
    )


def _in_order(
    mine: npt.NDArray[np.uint64], theirs: npt.NDArray[np.uint64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the numbers of packets that come once in each of two files, as many as come in the same order in both."""
    import numpy as np

    def once(sums: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.intp]]:
        values, places, counts = np.unique(sums, return_index=True, return_counts=True)
        return values[counts == 1], places[counts == 1]

    (sums, places), (sums_made, places_made) = once(mine), once(theirs)
    _, at, at_made = np.intersect1d(sums, sums_made, assume_unique=True, return_indices=True)
    order = np.argsort(places[at])
    own, made = places[at][order], places_made[at_made][order]
    # The longest run of numbers that grow: of each length so far, the place at which the smallest ends one.
    ends: list[int] = []
    last: list[int] = []
    earlier: list[int] = []
    for number, place in enumerate(made.tolist()):
        length = bisect.bisect_left(ends, place)
        earlier.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        last[length : length + 1] = [number]
    kept: list[int] = []
    number = last[-1] if last else -1
    while number >= 0:
        kept.append(number)
        number = earlier[number]
    return own[kept[::-1]].astype(np.int64), made[kept[::-1]].astype(np.int64)


def _heads() -> list[tuple[int, int]]:
    """Return how many packets of sound the film, or the result, may have before those that both have."""
    return [(first, 0) for first in range(_PRIMING_PACKETS)] + [(0, first) for first in range(1, _PRIMING_PACKETS)]


def _head(film: Run, result: Run, *, is_sound: bool) -> tuple[int, int]:
    """Return how many packets of the film, and of the result, stand before the first that both are to have."""
    import numpy as np

    heads = _heads() if is_sound else [(0, 0), (film.first_key, 0)]
    for left_out, added in heads:
        mine, theirs = film.sums[left_out:][:_PRIMING_PACKETS], result.sums[added:][:_PRIMING_PACKETS]
        if len(mine) and np.array_equal(mine, theirs):
            return left_out, added
    return 0, 0


def _undecodable(film: Run) -> frozenset[int]:
    """Return the packets behind the first key picture of a film that are shown before it, and refer to what is gone."""
    first = film.first_key
    if film.times_us is None:
        return frozenset()
    after = film.times_us[first + 1 :][:_PRIMING_PACKETS] < film.times_us[first]
    return frozenset(range(first + 1, first + 1 + (len(after) if after.all() else int(after.argmin()))))
