"""Say what lies between the places at which pictures and sounds were found: all of their packets, or all that is heard.

Where a result has the very packets of the film, in their order and at their times, it looks and sounds the same
throughout, and nothing need be decoded. A packet that is missing is a fault, unless the film is damaged there.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

from samvad.core.errors import MediaError
from samvad.documents.mux_proof import Place, StreamProof
from samvad.media import moments
from samvad.media.clock import Film
from samvad.media.film_headers import Stream
from samvad.media.packet_runs import Run
from samvad.stages.mux import compared, packets, picture_places, sound_places, whole
from samvad.stages.mux.compared import Compared

#: So many pictures that another form of packets may hide are looked at, evenly among all.
_LOOKED_AT = 8
#: So many places are told.
_TOLD = 3
#: So many places are looked at for damage of the film, those first where most is missing.
_DAMAGES = 24
#: Around a place, so much (s) of the film is decoded to see whether it is damaged.
_AROUND_SECONDS = 2.0
#: How ffmpeg's names of sounds begin that are kept without loss.
_WITHOUT_LOSS = ("pcm_", "flac", "alac")
#: So many pictures in a row tell how far they are shifted, by the middle one.
_IN_A_ROW = 25


def pictures(
    found: StreamProof,
    film: Compared,
    result: Compared,
    pair: tuple[Stream, Stream],
    runs: tuple[Run, Run] | None,
    *,
    in_time: bool,
) -> StreamProof:
    """Return the proof of a picture with what its packets say of all of it.

    Args:
        found: the places.
        film: the film, or what stands in for one whose times leap.
        result: what was made of it.
        pair: the film's picture and its counterpart.
        runs: the packets of both; None where they cannot be compared.
        in_time: whether the times of the film's packets are on its clock: they neither leap nor are they counted.
    """
    if runs is None or found.lost_at_ms:
        return found
    mine, theirs = _behind_joint(film, runs)
    told = packets.compared(mine, theirs, is_sound=False)
    if told is None:
        return found
    in_time = in_time and mine.times_us is not None and theirs.times_us is not None
    other_ms = [_ms(mine, at, film, in_time=in_time) for at in told.lost]
    if told.altered and not other_ms:
        if not in_time:
            return found
        step = -(-len(told.altered) // _LOOKED_AT)
        seconds = [_ms(mine, at, film, in_time=True) / 1000 for at in told.altered[::step]]
        other_ms = picture_places.missing(film, result, pair, seconds)
    if other_ms:
        return _with_lost(found, film, pair[0], other_ms)
    furthest = _furthest(told, mine, theirs, film) if in_time else []
    return replace(found, whole="packets", places=compared.in_order([*found.places, *furthest]))


def sound(
    found: StreamProof,
    film: Compared,
    original: tuple[Film, Stream],
    result: tuple[Film, Stream],
    runs: tuple[Run, Run] | None,
) -> StreamProof:
    """Return the proof of a sound with what its packets, or all of it that is heard, say.

    Args:
        found: the places.
        film: the film, or what stands in for one whose times leap.
        original: the film itself, and its sound.
        result: the result and the counterpart.
        runs: the packets of both; None where they cannot be compared.
    """
    if runs is not None:
        mine, theirs = runs
        if packets.are_same(mine, theirs, film.film.start.zero_us):
            return replace(found, whole="packets")
        told = packets.compared(mine, theirs, is_sound=True)
        if told is not None and told.lost and mine.times_us is not None:
            lost_ms = [_ms(mine, at, film, in_time=True) for at in told.lost]
            found = _with_lost(found, film, original[1], lost_ms)
            if found.lost_at_ms:
                return found
    return heard(found, original, result, film.duration)


def exact_sounds(
    film: Compared,
    result: Compared,
    pairs: Sequence[tuple[Stream, Stream]],
    packets_of: Future[dict[int, tuple[Run, Run]]],
) -> frozenset[int]:
    """Return the numbers of sounds without loss, packed anew, that are the same sample by sample.

    Args:
        film: the film.
        result: what was made of it.
        pairs: streams, each with its counterpart.
        packets_of: gives the packets of both: those that are the same need no decoding.
    """
    runs = packets_of.result()
    anew = [
        (own, made)
        for own, made in pairs
        if own.codec.startswith(_WITHOUT_LOSS)
        and made.codec.startswith(_WITHOUT_LOSS)
        and not (own.index in runs and packets.are_same(*runs[own.index], film.film.start.zero_us))
    ]
    return whole.exactly_same(film.film, result.film, anew, film.duration + sound_places.BEYOND_SECONDS)


def heard(found: StreamProof, film: tuple[Film, Stream], result: tuple[Film, Stream], seconds: float) -> StreamProof:
    """Return the proof of a sound with what is otherwise between the places that were found, if anything is.

    Both are decoded from end to end; where that cannot be done, the proof remains what it was.

    Args:
        found: the places.
        film: the film and its sound.
        result: the result and the counterpart.
        seconds: how long the film is.
    """
    complaints: list[str] = []
    shift = (found.shift_ms or 0.0) / 1000
    try:
        all_of_it = whole.decoded(film, result, seconds + sound_places.BEYOND_SECONDS, shift, complaints.append)
    except MediaError:
        return found
    if not all_of_it.compared:  # both are silent throughout
        return replace(found, whole="sound")
    moved = [Place(at, shift_ms, 1.0, exact=False) for at, shift_ms in all_of_it.moved]
    lost = tuple(at for at, _ in all_of_it.other)
    proof = replace(found, places=compared.in_order([*found.places, *moved]), lost_at_ms=lost, whole="sound")
    if not any(map(compared.tells_of_damage, complaints)):
        return proof
    # Where the film is silent, no damage of the film makes a sound.
    new = tuple(at for at, silent in all_of_it.other if silent)
    damaged = tuple(sorted({*found.damaged_at_ms, *lost} - {*new}))
    return replace(proof, lost_at_ms=new, damaged_at_ms=damaged)


def _behind_joint(film: Compared, runs: tuple[Run, Run]) -> tuple[Run, Run]:
    """Return packets without those before the moment until which the picture was encoded anew."""
    mine, theirs = runs
    if film.joint is None or mine.times_us is None or theirs.times_us is None:
        return runs
    joint_us = round((film.joint - compared.SHIFT_MS / 1000) * 1e6)
    later, later_made = mine.times_us - film.film.start.zero_us >= joint_us, theirs.times_us >= joint_us
    return Run(mine.times_us[later], mine.sums[later]), Run(theirs.times_us[later_made], theirs.sums[later_made])


def _ms(run: Run, number: int, film: Compared, *, in_time: bool) -> int:
    """Return when a packet of the film is shown, or nearly where nobody knows."""
    if in_time and run.times_us is not None:
        return max(0, round((int(run.times_us[number]) - film.film.start.zero_us) / 1000))
    return round(film.duration * 1000 * number / len(run.sums))


def _with_lost(found: StreamProof, film: Compared, own: Stream, at_ms: list[int]) -> StreamProof:
    """Return a proof with places at which the result is otherwise: lost, or damaged in the film."""
    lost: list[int] = []
    damaged: list[int] = []
    for at in at_ms:
        if len(lost) == _TOLD or len(damaged) == _DAMAGES:
            break
        if any(abs(at - other) < _AROUND_SECONDS * 1000 for other in damaged):
            continue  # what is said there is said here, too
        (damaged if _is_damaged(film.film, own, at / 1000) else lost).append(at)
    return replace(
        found, lost_at_ms=tuple(sorted({*lost})), damaged_at_ms=tuple(sorted({*found.damaged_at_ms, *damaged}))
    )


def _is_damaged(film: Film, stream: Stream, at: float) -> bool:
    """Say whether the film is damaged around a moment: whoever copies it leaves out something else there."""
    begin = max(0.0, at - _AROUND_SECONDS)
    return any(map(compared.tells_of_damage, moments.complaints(film, stream, begin, at - begin + _AROUND_SECONDS)))


def _furthest(told: packets.Compared, mine: Run, theirs: Run, film: Compared) -> list[Place]:
    """Return where the packets are shifted most to either side, a few in a row: one alone is moved at a joint."""
    import numpy as np

    assert mine.times_us is not None and theirs.times_us is not None
    own, made = told.pairs
    if len(own) < _IN_A_ROW:
        return []
    shifts = theirs.times_us[made] - (mine.times_us[own] - film.film.start.zero_us)
    steady = np.median(np.lib.stride_tricks.sliding_window_view(shifts, _IN_A_ROW), axis=1)
    ends = dict.fromkeys((int(steady.argmin()), int(steady.argmax())))
    return [
        Place(_ms(mine, int(own[end]), film, in_time=True), round(float(steady[end]) / 1000, 1), 1.0, exact=True)
        for end in ends
    ]
