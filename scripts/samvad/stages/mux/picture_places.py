"""Find some of a film's pictures in the result, each at its time, by their shades."""

from __future__ import annotations

from collections.abc import Sequence

from samvad.core.errors import MediaError
from samvad.documents.mux_proof import Place, StreamProof
from samvad.media import moments
from samvad.media.film_headers import Stream
from samvad.media.moments import Look
from samvad.stages.mux import compared
from samvad.stages.mux.compared import Compared

#: Two pictures are the same with a mean difference of so many shades of 256: what encoding anew does to them.
_SAME_SHADES = 4.0
_NOISE_SHADES = 0.3
_AT_MOST, _ALL = 6, 240
#: Pictures with which decoding begins cost least. They come at most so far apart, or the seek led elsewhere.
_KEY_SECONDS = 15.0
#: First, they are looked for this near their times.
_NEAR_SECONDS = 0.05
#: A picture is looked for from so much before its time on, for so long.
_HAIR_SECONDS, _PICTURE_AND_NEXT_SECONDS = 0.001, 0.5


def prove(film: Compared, result: Compared, own: Stream, made: Stream) -> StreamProof:
    """Look for a picture of the film in its counterpart at some places."""
    shares = compared.SHARES[: compared.ENOUGH] if film.timed else compared.SHARES[:1]
    looks = [
        Look(share * film.duration, _KEY_SECONDS, 1, keys=True, before=True)
        if share
        else Look(0.0, compared.PICTURE_SECONDS, _AT_MOST)
        for share in shares
    ]
    if film.joint is not None:
        looks.append(Look(max(0.0, film.joint - compared.PICTURE_SECONDS / 4), compared.PICTURE_SECONDS, _AT_MOST))
    complaints: list[str] = []
    groups = [
        mine
        for look, mine in zip(looks, _pictures(film, own, looks, complaints), strict=True)
        if mine and abs(mine[0].time - look.start) <= _KEY_SECONDS  # a seek that went astray says nothing of the result
    ]
    groups = list({mine[0].time: mine for mine in reversed(groups)}.values())[::-1]  # a short film has few of them
    near = [_near(mine, _NEAR_SECONDS, keys=len(mine) == 1) for mine in groups]
    places: list[Place] = []
    lost: list[int] = []
    for mine, theirs in zip(groups, _pictures(result, made, near), strict=True):
        found, missing = _found_pictures(mine, theirs)
        if missing or not all(place.exact and abs(place.shift_ms) <= compared.SHIFT_MS for place in found):
            (wider,) = _pictures(result, made, [_near(mine, compared.AROUND_SECONDS)])
            found, missing = _found_pictures(mine, wider)
        places += found
        if missing:
            lost.append(round(mine[0].time * 1000))
    if not places and not lost:
        return compared.by_packets(film, result, own, made)
    if lost and places and any(map(compared.tells_of_damage, complaints)):
        return StreamProof(own.index, "video", "picture", compared.in_order(places), (), tuple(lost))
    return StreamProof(own.index, "video", "picture", compared.in_order(places), tuple(lost))


def missing(film: Compared, result: Compared, pair: tuple[Stream, Stream], times: Sequence[float]) -> list[int]:
    """Return those of some moments (s) at which the film shows a picture that the result does not, in ms."""
    own, made = pair
    looks = [Look(max(0.0, time - _HAIR_SECONDS), _PICTURE_AND_NEXT_SECONDS, 1) for time in times]
    groups = [mine for mine in _pictures(film, own, looks) if mine]
    near = [_near(mine, _NEAR_SECONDS) for mine in groups]
    seen = zip(groups, _pictures(result, made, near), strict=True)
    return [round(mine[0].time * 1000) for mine, theirs in seen if _found_pictures(mine, theirs)[1]]


def _pictures(
    film: Compared, stream: Stream, looks: Sequence[Look], complaints: list[str] | None = None
) -> list[list[moments.Picture]]:
    once = list(dict.fromkeys(looks))
    take = (lambda _: None) if complaints is None else complaints.append
    try:
        found = dict(zip(once, moments.pictures(film.film, stream, once, take), strict=True)) if once else {}
    except MediaError:
        found = {}
    return [found.get(look, []) for look in looks]


def _near(mine: Sequence[moments.Picture], around: float, *, keys: bool = False) -> Look:
    """Return the look at the result so many seconds around the times of pictures."""
    begin = max(0.0, mine[0].time - around)
    return Look(begin, mine[-1].time + around - begin, _ALL, keys)


def _found_pictures(mine: Sequence[moments.Picture], theirs: Sequence[moments.Picture]) -> tuple[list[Place], int]:
    """Look for pictures among those of the result; count those that are not there.

    One that others of the result are just as like is there, but tells no time.
    """
    places: list[Place] = []
    missing = 0
    for picture in mine:
        unlike = min((picture.unlike(other) for other in theirs), default=256.0)
        # What was encoded anew is like the film's picture but for some noise.
        limit = unlike + _NOISE_SHADES if unlike else 0.0
        alike = [other for other in theirs if picture.unlike(other) <= limit]
        if unlike > _SAME_SHADES:
            missing += 1
        elif len(alike) == 1:
            shift_ms = round((alike[0].time - picture.time) * 1000, 1)
            places.append(Place(round(picture.time * 1000), shift_ms, round(1 - unlike / 255, 4), exact=unlike == 0))
    return places, missing
