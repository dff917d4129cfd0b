"""Find the film in the result: its sound and its pictures, at several places, each at its time.

A result is believed for what it shows, not for what the program that wrote it said. A few seconds of each sound and a
few pictures of each picture stream are decoded from the film and looked for in the result, by correlation and by their
shades. A place that is found elsewhere gives the shift, which the muxing that follows takes back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from samvad.core.stopped_threads import Pool
from samvad.documents.mux_proof import StreamProof
from samvad.logs import events
from samvad.media.clock import Film
from samvad.media.film_headers import Stream
from samvad.stages.mux import between, packets, picture_places, recognised_sound, sound_places
from samvad.stages.mux.compared import SHIFT_MS, SPREAD_MS, Compared

_LOOSE_SPREAD_MS = 40.0
#: By how much the sound that was recognised may be off.
_HEARD_SHIFT_MS = 30.0
_AFTER_LEAP_MS = 20.0
#: What the progress of it counts: tracks, and seconds of the film and of its result.
_UNIT, _READ_UNIT = "tracks_compared", "seconds_read"


def prove(
    film: Compared,
    result: Compared,
    pairs: Sequence[tuple[Stream, Stream]],
    workers: int,
    leaping: tuple[Film, Sequence[Stream]] | None = None,
) -> list[StreamProof]:
    """Look for each stream of the film in its counterpart.

    Args:
        film: the film, or what stands in for one whose times leap.
        result: what was made of it.
        pairs: streams of picture and sound of the film, each with its counterpart.
        workers: how many programs may run at a time.
        leaping: the film itself whose times leap, and its streams in the same order; None where they do not.
    """
    originals = [None] * len(pairs) if leaping is None else [(leaping[0], stream) for stream in leaping[1]]

    def look(pair: tuple[Stream, Stream], original: tuple[Film, Stream] | None) -> StreamProof:
        own, made = pair
        if own.kind != "audio":
            found = picture_places.prove(film, result, own, made)
            runs = packets_of.result().get((original[1] if original else own).index)
            return between.pictures(found, film, result, pair, runs, in_time=film.timed and leaping is None)
        found = sound_places.prove(film, result, own, made)
        if found.lost_at_ms or found.spread_ms > SPREAD_MS or abs(found.shift_ms or 0.0) > SHIFT_MS:
            return found  # it is wrong as it is, and is looked at again when that has been put right
        runs = packets_of.result().get(own.index) if leaping is None else None
        if own.index in exact.result():
            return replace(found, whole="sound")
        return between.sound(found, film, original or (film.film, own), (result.film, made), runs)

    def read(seconds: float) -> None:
        events.progress(min(seconds, 2 * film.duration), 2 * film.duration, _READ_UNIT)

    # What muxes has said 100 % by now: without a count of its own, this would look like a stage that hangs at its end.
    proofs: list[StreamProof] = []
    read_of = pairs
    if leaping is not None:  # times of sound are those of what stands in for it
        both = zip(leaping[1], pairs, strict=True)
        read_of = [(stream, made) for stream, (_, made) in both if stream.kind != "audio"]
    events.progress(0, len(pairs), _UNIT)
    with Pool(1) as beside, Pool(max(1, workers)) as pool:
        packets_of = beside.submit(packets.of_both, leaping[0] if leaping else film.film, result.film, read_of, read)
        exact = beside.submit(between.exact_sounds, film, result, read_of, packets_of)
        for done in pool.map(look, pairs, originals):
            proofs.append(done)
            events.progress(len(proofs), len(pairs), _UNIT)
    return proofs


def judge(
    proofs: Sequence[StreamProof], say: Callable[[StreamProof], str], *, loose: bool, leaps: bool = False
) -> list[str]:
    """Return what is wrong with a result, in words; empty where all was found in its place.

    Args:
        proofs: where the film's streams were found.
        say: names a stream.
        loose: whether the film's own times are not exact.
        leaps: whether they leap. Stage 01's sound is right to 10 ms after a leap (``Film.off_seconds``); that of a copy
            overlaps there, or has a hole, of up to a packet, which players and mkvmerge make a delay to its end.
    """
    wrong = []
    for proof in proofs:
        heard = proof.by == recognised_sound.HEARD
        spread_ms = _LOOSE_SPREAD_MS if loose or heard else SPREAD_MS
        shift_ms = _HEARD_SHIFT_MS if heard else SHIFT_MS
        if heard and leaps:
            spread_ms = shift_ms = _AFTER_LEAP_MS
        if proof.lost_at_ms:
            places = ", ".join(f"{at / 1000:.1f} s" for at in proof.lost_at_ms)
            wrong.append(f"{say(proof)} at {places} is not in it")
        elif proof.spread_ms > spread_ms:
            first, *_, last = sorted(proof.places, key=lambda place: place.shift_ms)
            told = f"is shifted by {first.shift_ms} ms at {first.at_ms / 1000:.1f} s"
            wrong.append(f"{say(proof)} {told} and by {last.shift_ms} ms at {last.at_ms / 1000:.1f} s")
        elif abs(proof.shift_ms or 0.0) > shift_ms:
            wrong.append(f"{say(proof)} comes {proof.shift_ms} ms late")
    return wrong
