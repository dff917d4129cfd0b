"""Find the sound that was recognised in the result, each piece at its time: the cues' times are those of this sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from samvad.core.errors import MediaError
from samvad.documents.mux_proof import Place, StreamProof
from samvad.media import moments
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.media.film_headers import Stream
from samvad.media.moments import Sound
from samvad.stages.mux import compared, sound_places
from samvad.stages.mux.compared import Compared

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: What stands in a proof that compares the sound that was recognised.
HEARD = "recognised sound"
#: Stage 01's sound is one channel or a mix of them; another mix is still the same speech.
_SAME_SPEECH = 0.6
_SURE_SPEECH = 0.8


def prove(
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
        return StreamProof(own, "audio", HEARD, (), (0,))
    for piece, best in zip(pieces, found, strict=True):
        if best is not None and best.likeness >= _SAME_SPEECH:
            if best.rival < _SURE_SPEECH * best.likeness:
                places.append(sound_places.place(piece, best))
        elif film is None or _is_found(piece, *film):
            lost.append(round(piece.start * 1000))
    return StreamProof(own, "audio", HEARD if places or lost else "nothing", compared.in_order(places), tuple(lost))


def _is_found(piece: Sound, film: Compared, stream: Stream) -> bool:
    try:
        (best,) = _matches([piece], film, stream)
    except MediaError:
        return True
    return best is not None and best.likeness >= _SAME_SPEECH


def _matches(pieces: Sequence[Sound], where: Compared, stream: Stream) -> list[moments.Match | None]:
    """Return where pieces of stage 01's sound are best found in a track, whatever was made of its channels."""
    stream = replace(stream, sound=stream.sound and replace(stream.sound, sample_rate_hz=SAMPLE_RATE_HZ))
    again = sound_places.from_beginning(where, stream)
    found = []
    for piece, around in zip(pieces, sound_places.around_pieces(pieces, where, stream), strict=True):
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
    part = heard.duration_ms / 1000 / compared.ENOUGH
    for number in range(compared.ENOUGH):
        begin = number * part
        samples = heard.piece(round(begin * 1000), round((begin + min(part, 60.0)) * 1000))
        found += sound_places.loud_pieces(Sound(begin, SAMPLE_RATE_HZ, samples.reshape(-1, 1)), 1)
    return found


def _mixes(samples: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
    """Return what stage 01 can have made of a sound's channels: their mean, each by itself, the side of two."""
    channels = samples.shape[1]
    mixes = [samples.mean(axis=1, keepdims=True)]
    if channels > 1:
        mixes += [samples[:, number : number + 1] for number in range(channels)]
        mixes.append(samples[:, :1] - samples[:, 1:2])
    return mixes
