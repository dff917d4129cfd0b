"""Find pieces of a film's sound in the result, each at its time, by correlation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from samvad.core.errors import MediaError
from samvad.documents.mux_proof import Place, StreamProof
from samvad.media import moments
from samvad.media.film_headers import Stream
from samvad.media.moments import Sound
from samvad.stages.mux import compared
from samvad.stages.mux.compared import Compared

#: What two decodings of the same sound have in common at least. Other sound of the same film has below 0.6.
_SAME = 0.99
#: Sound with noise of the decoder's own still has this in common; wrongly decoded sound has nothing.
_ALIKE = 0.6
#: A place is sure if nothing else fits so well: in a steady tone or a loop, several do.
_SURE = 0.98
#: Quieter than this (of 1), a piece says nothing.
_SILENT = 0.0005
#: A decoder that begins in the middle of a sound needs so long until it gives what it would have given (Opus: 80 ms, by
#: RFC 7845, section 4.6; MP3 refers up to three packets back, Vorbis and AAC one).
_WARM_UP_SECONDS = 0.1
#: So much of a sound is read from its beginning at most, where a seek has not led to a piece.
_FROM_BEGINNING_SECONDS = 600.0
#: What comes so much after the film's end is looked for no more.
BEYOND_SECONDS = 10.0
#: Around that, the loudest piece of so long a stretch is taken.
_STRETCH_SECONDS = 6.0


def prove(film: Compared, result: Compared, own: Stream, made: Stream) -> StreamProof:
    """Look for a sound of the film in its counterpart at some places."""
    complaints: list[str] = []
    # Where the channels change on the way, headers tell those of one part or another.
    made = replace(made, sound=own.sound)
    try:
        if not film.is_short:
            stretches = _stretches(film, result, own, made, complaints)
            found, alike = _look(stretches, own, from_beginning(result, made))
        if film.is_short or (found.lost_at_ms and film.duration <= compared.WHOLE_UNSOUGHT_SECONDS):
            most = film.duration + BEYOND_SECONDS
            one = moments.sound(film.film, own, at_most=most, said=complaints.append)
            other = moments.sound(result.film, made, at_most=most)
            found, alike = _look([(piece, other) for piece in loud_pieces(_warm(one), compared.ENOUGH)], own)
    except MediaError:
        # What cannot be decoded in the result is lost; what cannot be decoded in the film cannot be compared.
        lost = StreamProof(own.index, "audio", "sound", (), (0,))
        return lost if _decodes(film, own) else compared.by_packets(film, result, own, made)
    if found.places and not found.lost_at_ms:
        return found
    # Some decoders make noise of their own, another each time (AAC's noise substitution): the bytes tell.
    packets = compared.by_packets(film, result, own, made) if alike else found
    if (packets.places and packets is not found) or not found.lost_at_ms:
        return packets
    return compared.with_damage(found) if any(map(compared.tells_of_damage, complaints)) else found


def _stretches(
    film: Compared, result: Compared, own: Stream, made: Stream, complaints: list[str]
) -> Iterable[tuple[Sound, Sound]]:
    for shares in (compared.SHARES[: compared.ENOUGH], compared.SHARES[compared.ENOUGH :]):
        starts = list(dict.fromkeys(share * film.duration for share in shares))
        stretches = moments.sounds(film.film, own, starts, _STRETCH_SECONDS, complaints.append)
        heard = [stretch if start else _warm(stretch) for start, stretch in zip(starts, stretches, strict=True)]
        pieces = [piece for stretch in heard for piece in loud_pieces(stretch, 1)]
        yield from zip(pieces, around_pieces(pieces, result, made), strict=True)


def _warm(sound: Sound) -> Sound:
    """Return a film's beginning without its first moment, for which a copy's decoder lacks what came before a cut."""
    return sound.piece(_WARM_UP_SECONDS, len(sound.samples) / sound.rate_hz)


def around_pieces(pieces: Sequence[Sound], result: Compared, made: Stream) -> list[Sound]:
    """Return what the result has around the times of pieces."""
    if not pieces:
        return []
    starts = [piece.start - compared.AROUND_SECONDS for piece in pieces]
    return moments.sounds(result.film, made, starts, compared.PIECE_SECONDS + 2 * compared.AROUND_SECONDS)


def from_beginning(result: Compared, made: Stream) -> Callable[[Sound], Sound | None]:
    """Return what gives the part of a sound around a piece without a seek, or None where that would take too long.

    A seek in Matroska leads to a key picture: past all sound that is heard before the first of them.
    """
    read: list[Sound] = []

    def around(piece: Sound) -> Sound | None:
        length = len(piece.samples) / piece.rate_hz + 2 * compared.AROUND_SECONDS
        begin = max(0.0, piece.start - compared.AROUND_SECONDS)
        if begin + length > _FROM_BEGINNING_SECONDS:
            return None
        if not read or len(read[0].samples) / read[0].rate_hz < begin + length:
            read[:] = [moments.sound(result.film, made, at_most=begin + length)]
        return read[0].piece(begin, length)

    return around


def _look(
    pairs: Iterable[tuple[Sound, Sound]], own: Stream, again: Callable[[Sound], Sound | None] = lambda _: None
) -> tuple[StreamProof, bool]:
    """Look for pieces until enough of them have been found; say too whether those that were not were alike at least.

    Args:
        pairs: pieces, each with what is around its time in the result.
        own: the film's sound.
        again: gives that in another way, for a piece that is not found.
    """
    places: list[Place] = []
    lost: list[int] = []
    alike = True
    for piece, where in pairs:
        match = moments.find(piece, where)
        if (match is None or match.likeness < _SAME) and (other := again(piece)) is not None:
            match = moments.find(piece, other) or match
        if match is None or match.likeness < _SAME:
            lost.append(round(piece.start * 1000))
            alike = alike and match is not None and match.likeness >= _ALIKE
        elif match.rival < _SURE * match.likeness:
            places.append(place(piece, match))
        if len(places) + len(lost) == compared.ENOUGH:
            break
    return StreamProof(own.index, "audio", "sound", compared.in_order(places), tuple(lost)), alike


def place(piece: Sound, match: moments.Match) -> Place:
    """Return where a piece of sound was found."""
    return Place(
        round(piece.start * 1000), round(match.shift * 1000, 1), round(min(1.0, match.likeness), 4), match.exact
    )


def loud_pieces(sound: Sound, count: int) -> list[Sound]:
    """Return the loudest pieces of so many equal parts of a sound, without those that are silent."""
    import numpy as np

    sums = np.concatenate([[0.0], np.cumsum(np.square(sound.samples).sum(axis=1, dtype=np.float64))])
    samples, step = len(sound.samples), round(0.5 * sound.rate_hz)
    length = min(round(compared.PIECE_SECONDS * sound.rate_hz), samples // count)
    found = []
    for part in range(count) if length else ():
        firsts = np.arange(samples * part // count, samples * (part + 1) // count - length + 1, step)
        first = int(firsts[np.argmax(sums[firsts + length] - sums[firsts])])
        piece = Sound(sound.start + first / sound.rate_hz, sound.rate_hz, sound.samples[first : first + length])
        if piece.loudness > _SILENT:
            found.append(piece)
    return found


def _decodes(film: Compared, stream: Stream) -> bool:
    try:
        return bool(len(moments.sound(film.film, stream, 0.0, compared.PIECE_SECONDS).samples))
    except MediaError:
        return False
