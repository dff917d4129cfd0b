"""Find the film in the result: its sound and its pictures, at several places, each at its time.

A result is believed for what it shows, not for what the program that wrote it said. A few seconds of each sound and a
few pictures of each picture stream are decoded from the film and looked for in the result, by correlation and by their
shades. A place that is found elsewhere gives the shift, which the muxing that follows takes back.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from samvad.core.errors import MediaError
from samvad.core.stopped_threads import Pool
from samvad.documents.mux_proof import Place, StreamProof
from samvad.logs import events
from samvad.media import film_packets, moments
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.media.clock import Film
from samvad.media.film_headers import Stream
from samvad.media.moments import Look, Sound
from samvad.stages.mux import whole

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: A shift below this is the rounding of Matroska's times (1 ms) and of codecs (AC-3 begins with 5.3 ms that are not
#: heard, which no copy can leave out), and none for eye and ear.
SHIFT_MS = 6.0
#: By how much the shifts of a stream may differ: half of it to each side.
SPREAD_MS = 2 * SHIFT_MS
_LOOSE_SPREAD_MS = 40.0
#: What stands in a proof that compares the sound that was recognised, and by how much that may be off.
_HEARD, _HEARD_SHIFT_MS = "recognised sound", 30.0
_AFTER_LEAP_MS = 20.0
#: What two decodings of the same sound have in common at least. Other sound of the same film has below 0.6.
_SAME = 0.99
#: Sound with noise of the decoder's own still has this in common; wrongly decoded sound has nothing.
_ALIKE = 0.6
#: A place is sure if nothing else fits so well: in a steady tone or a loop, several do.
_SURE = 0.98
#: Stage 01's sound is one channel or a mix of them; another mix is still the same speech.
_SAME_SPEECH = 0.6
_SURE_SPEECH = 0.8
#: Quieter than this (of 1), a piece says nothing.
_SILENT = 0.0005
#: Films up to so long are decoded from end to end: a seek costs as much. Where seeks may miss, longer ones, too.
_WHOLE_SECONDS, _WHOLE_UNSOUGHT_SECONDS = 20.0, 120.0
#: Containers (ffmpeg's names) in which a seek leads just where it is to.
_EXACT = ("mov,", "matroska")
_PIECE_SECONDS = 2.0
#: A decoder that begins in the middle of a sound needs so long until it gives what it would have given (Opus: 80 ms, by
#: RFC 7845, section 4.6; MP3 refers up to three packets back, Vorbis and AAC one).
_WARM_UP_SECONDS = 0.1
#: So much of a sound is read from its beginning at most, where a seek has not led to a piece.
_FROM_BEGINNING_SECONDS = 600.0
#: What comes so much after the film's end is looked for no more.
_BEYOND_SECONDS = 10.0
#: A shift is looked for so far around a moment.
_AROUND_SECONDS = 1.5
#: Around that, the loudest piece of so long a stretch is taken.
_STRETCH_SECONDS = 6.0
#: Where films are looked at, as shares of their length; the later ones are for films that are silent at the first.
_SHARES = (0.0, 0.5, 0.93, 0.25, 0.75, 0.12, 0.37, 0.62)
_ENOUGH = 3
#: Two pictures are the same with a mean difference of so many shades of 256: what encoding anew does to them.
_SAME_SHADES = 4.0
_NOISE_SHADES = 0.3
_PICTURE_SECONDS = 0.5
_AT_MOST, _ALL = 6, 240
#: What ffmpeg says of pictures and sound of which bytes are missing: ``[h264 @ 0x5] error while decoding MB``. What its
#: output says (``null``, to which a film whose times leap is read along) is of no film.
_DAMAGED = re.compile(
    r"^(\[(?!null )\w+ @ \S+\] .*(error|corrupt|conceal|damaged|missing|invalid)|error while decoding)", re.IGNORECASE
)
#: Pictures with which decoding begins cost least. They come at most so far apart, or the seek led elsewhere.
_KEY_SECONDS = 15.0
#: First, they are looked for this near their times.
_NEAR_SECONDS = 0.05
#: What the progress of it counts.
_UNIT = "tracks_compared"


@dataclass(frozen=True)
class Compared:
    """A file that is looked into.

    Attributes:
        film: the file, to be read on its clock.
        duration: in seconds.
        joint: when (s) the result goes from one part to another, to be looked at, too; None where it is of one part.
    """

    film: Film
    duration: float
    joint: float | None = None

    @property
    def timed(self) -> bool:
        """Return whether pictures have true times after a seek.

        AVI and MXF count frames instead, FLV has no index, and in MPEG-PS not every picture has a time.
        """
        return self.film.header.container not in ("avi", "flv", "mpeg", "mxf", "gxf")

    @property
    def is_short(self) -> bool:
        """Return whether its sound is decoded from end to end."""
        exact = self.film.header.container.startswith(_EXACT)
        return self.duration <= (_WHOLE_SECONDS if exact else _WHOLE_UNSOUGHT_SECONDS)

    def by_packets(self, stream: Stream, start: float, length: float) -> dict[str, float]:
        """Return the checksums of a stream's packets from a moment on, with their times on the film's clock."""
        zero = self.film.start.zero_us / 1e6
        found = film_packets.packet_hashes(self.film.path, stream.index, zero + start, length)
        return {checksum: time - zero for checksum, time in found.items()}


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
            return _prove_picture(film, result, own, made)
        found = _prove_sound(film, result, own, made)
        if found.lost_at_ms or found.spread_ms > SPREAD_MS or abs(found.shift_ms or 0.0) > SHIFT_MS:
            return found  # it is wrong as it is, and is looked at again when that has been put right
        if own.index in same.result():
            return replace(found, whole="packets")
        return prove_all_of_it(found, original or (film.film, own), (result.film, made), film.duration)

    # What muxes has said 100 % by now: without a count of its own, this would look like a stage that hangs at its end.
    proofs: list[StreamProof] = []
    events.progress(0, len(pairs), _UNIT)
    with Pool(1) as beside, Pool(max(1, workers)) as pool:
        sounds = [pair for pair in pairs if pair[0].kind == "audio"] if leaping is None else []
        same = beside.submit(whole.with_same_packets, film.film, result.film, sounds)
        for done in pool.map(look, pairs, originals):
            proofs.append(done)
            events.progress(len(proofs), len(pairs), _UNIT)
    return proofs


def prove_all_of_it(
    found: StreamProof, film: tuple[Film, Stream], result: tuple[Film, Stream], seconds: float
) -> StreamProof:
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
        heard = whole.decoded(film, result, seconds + _BEYOND_SECONDS, shift, complaints.append)
    except MediaError:
        return found
    if not heard.compared:
        return found
    moved = [Place(at, shift_ms, 1.0, exact=False) for at, shift_ms in heard.moved]
    lost = tuple(at for at, _ in heard.other)
    all_of_it = replace(found, places=_in_order([*found.places, *moved]), lost_at_ms=lost, whole="sound")
    if not any(map(tells_of_damage, complaints)):
        return all_of_it
    # Where the film is silent, no damage of the film makes a sound.
    new = tuple(at for at, silent in heard.other if silent)
    damaged = tuple(sorted({*found.damaged_at_ms, *lost} - {*new}))
    return replace(all_of_it, lost_at_ms=new, damaged_at_ms=damaged)


def _prove_sound(film: Compared, result: Compared, own: Stream, made: Stream) -> StreamProof:
    complaints: list[str] = []
    try:
        if not film.is_short:
            stretches = _stretches(film, result, own, made, complaints)
            found, alike = _look(stretches, own, _from_beginning(result, made))
        if film.is_short or (found.lost_at_ms and film.duration <= _WHOLE_UNSOUGHT_SECONDS):
            most = film.duration + _BEYOND_SECONDS
            one = moments.sound(film.film, own, at_most=most, said=complaints.append)
            other = moments.sound(result.film, made, at_most=most)
            found, alike = _look([(piece, other) for piece in _loud_pieces(_warm(one), _ENOUGH)], own)
    except MediaError:
        # What cannot be decoded in the result is lost; what cannot be decoded in the film cannot be compared.
        lost = StreamProof(own.index, "audio", "sound", (), (0,))
        return lost if _decodes(film, own) else _by_packets(film, result, own, made)
    if found.places and not found.lost_at_ms:
        return found
    # Some decoders make noise of their own, another each time (AAC's noise substitution): the bytes tell.
    packets = _by_packets(film, result, own, made) if alike else found
    if (packets.places and packets is not found) or not found.lost_at_ms:
        return packets
    return with_damage(found) if any(map(tells_of_damage, complaints)) else found


def tells_of_damage(line: str) -> bool:
    """Say whether a line of ffmpeg's is about damage of the film that it reads."""
    return _DAMAGED.search(line) is not None


def with_damage(found: StreamProof) -> StreamProof:
    """Return a proof in which what was not found counts as damaged in the film, where more than that was found.

    Of a damaged packet, one decoder makes noise, and a program that copies it leaves it out.
    """
    if len(found.places) <= len(found.lost_at_ms):
        return found
    return replace(found, lost_at_ms=(), damaged_at_ms=found.lost_at_ms)


def _stretches(
    film: Compared, result: Compared, own: Stream, made: Stream, complaints: list[str]
) -> Iterable[tuple[Sound, Sound]]:
    for shares in (_SHARES[:_ENOUGH], _SHARES[_ENOUGH:]):
        starts = list(dict.fromkeys(share * film.duration for share in shares))
        stretches = moments.sounds(film.film, own, starts, _STRETCH_SECONDS, complaints.append)
        heard = [stretch if start else _warm(stretch) for start, stretch in zip(starts, stretches, strict=True)]
        pieces = [piece for stretch in heard for piece in _loud_pieces(stretch, 1)]
        yield from zip(pieces, _around(pieces, result, made), strict=True)


def _warm(sound: Sound) -> Sound:
    """Return a film's beginning without its first moment, for which a copy's decoder lacks what came before a cut."""
    return sound.piece(_WARM_UP_SECONDS, len(sound.samples) / sound.rate_hz)


def _around(pieces: Sequence[Sound], result: Compared, made: Stream) -> list[Sound]:
    """Return what the result has around the times of pieces."""
    starts = [piece.start - _AROUND_SECONDS for piece in pieces]
    return moments.sounds(result.film, made, starts, _PIECE_SECONDS + 2 * _AROUND_SECONDS) if pieces else []


def _from_beginning(result: Compared, made: Stream) -> Callable[[Sound], Sound | None]:
    """Return what gives the part of a sound around a piece without a seek, or None where that would take too long.

    A seek in Matroska leads to a key picture: past all sound that is heard before the first of them.
    """
    read: list[Sound] = []

    def around(piece: Sound) -> Sound | None:
        length = len(piece.samples) / piece.rate_hz + 2 * _AROUND_SECONDS
        begin = max(0.0, piece.start - _AROUND_SECONDS)
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
            places.append(_place(piece, match))
        if len(places) + len(lost) == _ENOUGH:
            break
    return StreamProof(own.index, "audio", "sound", _in_order(places), tuple(lost)), alike


def _place(piece: Sound, match: moments.Match) -> Place:
    return Place(
        round(piece.start * 1000), round(match.shift * 1000, 1), round(min(1.0, match.likeness), 4), match.exact
    )


def _in_order(places: Sequence[Place]) -> tuple[Place, ...]:
    return tuple(sorted(places, key=lambda place: place.at_ms))


def _loud_pieces(sound: Sound, count: int) -> list[Sound]:
    """Return the loudest pieces of so many equal parts of a sound, without those that are silent."""
    import numpy as np

    sums = np.concatenate([[0.0], np.cumsum(np.square(sound.samples).sum(axis=1, dtype=np.float64))])
    samples, step = len(sound.samples), round(0.5 * sound.rate_hz)
    length = min(round(_PIECE_SECONDS * sound.rate_hz), samples // count)
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
        return bool(len(moments.sound(film.film, stream, 0.0, _PIECE_SECONDS).samples))
    except MediaError:
        return False


def _by_packets(film: Compared, result: Compared, own: Stream, made: Stream) -> StreamProof:
    """Compare the bytes and times of packets: for a sound without a place of its own, such as a tone or silence."""
    places = []
    for share in _SHARES[:_ENOUGH]:
        at = share * film.duration
        mine = film.by_packets(own, at, _PICTURE_SECONDS)
        begin = max(0.0, at - _AROUND_SECONDS)
        theirs = result.by_packets(made, begin, at - begin + _PIECE_SECONDS)
        shifts = [theirs[key] - time for key, time in mine.items() if key in theirs]
        if shifts:
            places.append(Place(round(at * 1000), round(statistics.median(shifts) * 1000, 1), 1.0, exact=True))
    return StreamProof(own.index, own.kind, "packets" if places else "nothing", _in_order(places))


def _prove_picture(film: Compared, result: Compared, own: Stream, made: Stream) -> StreamProof:
    shares = _SHARES[:_ENOUGH] if film.timed else _SHARES[:1]
    looks = [
        Look(share * film.duration, _KEY_SECONDS, 1, keys=True, before=True)
        if share
        else Look(0.0, _PICTURE_SECONDS, _AT_MOST)
        for share in shares
    ]
    if film.joint is not None:
        looks.append(Look(max(0.0, film.joint - _PICTURE_SECONDS / 4), _PICTURE_SECONDS, _AT_MOST))
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
        if missing or not all(place.exact and abs(place.shift_ms) <= SHIFT_MS for place in found):
            (wider,) = _pictures(result, made, [_near(mine, _AROUND_SECONDS)])
            found, missing = _found_pictures(mine, wider)
        places += found
        if missing:
            lost.append(round(mine[0].time * 1000))
    if not places and not lost:
        return _by_packets(film, result, own, made)
    if lost and places and any(map(tells_of_damage, complaints)):
        return StreamProof(own.index, "video", "picture", _in_order(places), (), tuple(lost))
    return StreamProof(own.index, "video", "picture", _in_order(places), tuple(lost))


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


def prove_heard(
    audio: Path, result: Compared, made: Stream, own: int, film: tuple[Compared, Stream] | None = None
) -> StreamProof:
    """Look for the sound that was recognised in the result's: the cues' times are those of this sound.

    Args:
        audio: stage 01's sound, on the film's clock.
        result: what was made of the film.
        made: the result's stream of the track that was recognised.
        own: its number in the film.
        film: the film and its stream of that track, where a seek in it leads where it should. A piece that is not
            found there either, when it is decoded another time, says nothing: soft noise in AC-3 is another each time.
    """
    heard = FilmAudio(audio)
    places: list[Place] = []
    lost: list[int] = []
    pieces = _loud_speech(heard)
    try:
        found = _matches(pieces, result, made)
    except MediaError:
        return StreamProof(own, "audio", _HEARD, (), (0,))
    for piece, best in zip(pieces, found, strict=True):
        if best is not None and best.likeness >= _SAME_SPEECH:
            if best.rival < _SURE_SPEECH * best.likeness:
                places.append(_place(piece, best))
        elif film is None or _is_found(piece, *film):
            lost.append(round(piece.start * 1000))
    return StreamProof(own, "audio", _HEARD if places or lost else "nothing", _in_order(places), tuple(lost))


def _is_found(piece: Sound, film: Compared, stream: Stream) -> bool:
    try:
        (best,) = _matches([piece], film, stream)
    except MediaError:
        return True
    return best is not None and best.likeness >= _SAME_SPEECH


def _matches(pieces: Sequence[Sound], where: Compared, stream: Stream) -> list[moments.Match | None]:
    """Return where pieces of stage 01's sound are best found in a track, whatever was made of its channels."""
    stream = replace(stream, sound=stream.sound and replace(stream.sound, sample_rate_hz=SAMPLE_RATE_HZ))
    again = _from_beginning(where, stream)
    found = []
    for piece, around in zip(pieces, _around(pieces, where, stream), strict=True):
        best = _match(piece, around)
        if (best is None or best.likeness < _SAME_SPEECH) and (other := again(piece)) is not None:
            best = _match(piece, other) or best
        found.append(best)
    return found


def _match(piece: Sound, around: Sound) -> moments.Match | None:
    mixes = (Sound(around.start, SAMPLE_RATE_HZ, mix) for mix in _mixes(around.samples))
    matches = [match for mix in mixes if (match := moments.find(piece, mix)) is not None]
    return max(matches, key=lambda match: match.likeness, default=None)


def _loud_speech(heard: FilmAudio) -> list[Sound]:
    """Return the loudest pieces of three parts of stage 01's sound; of a long film, of a minute of each part."""
    found: list[Sound] = []
    part = heard.duration_ms / 1000 / _ENOUGH
    for number in range(_ENOUGH):
        begin = number * part
        samples = heard.piece(round(begin * 1000), round((begin + min(part, 60.0)) * 1000))
        found += _loud_pieces(Sound(begin, SAMPLE_RATE_HZ, samples.reshape(-1, 1)), 1)
    return found


def _mixes(samples: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
    """Return what stage 01 can have made of a sound's channels: their mean, each by itself, the side of two."""
    channels = samples.shape[1]
    mixes = [samples.mean(axis=1, keepdims=True)]
    if channels > 1:
        mixes += [samples[:, number : number + 1] for number in range(channels)]
        mixes.append(samples[:, :1] - samples[:, 1:2])
    return mixes


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
        heard = proof.by == _HEARD
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
