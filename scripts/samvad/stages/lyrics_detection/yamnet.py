"""Hear speech, singing and music with YAMNet, a network for 521 classes of sound, from an ONNX file.

YAMNet (Google, Apache License 2.0) looks at patches of 0.96 s, each 0.48 s after the last. Its conversions differ in
what they take: the sound itself, or patches of a mel spectrogram. The latter is computed here as its own front end does
(TensorFlow Model Garden, research/audioset/yamnet: params.py, features.py).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samvad.core import checksums, places, schemas
from samvad.core.errors import ConfigurationError, ModelError
from samvad.documents import provenance
from samvad.logs import events
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.media.sound_curve import STEP_MS, SoundCurve
from samvad.models import origins
from samvad.models import weights as models
from samvad.stages.lyrics_detection.backends import Backend
from samvad.stages.lyrics_detection.options import Options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CLASSES = 521
GROUPS = ("speech", "singing", "music", "laughter", "applause")
_CLASS_LIST = schemas.ROOT / "config" / "sound_classes" / "yamnet.tsv"

#: The spectrogram: windows of 25 ms every 10 ms, 64 bands from 125 to 7,500 Hz on the mel scale, natural logarithm.
_WINDOW, _HOP, _FFT = 400, 160, 512
BANDS, _LOW_HZ, _HIGH_HZ, _OFFSET = 64, 125.0, 7500.0, 0.001
#: A patch has 96 windows and comes 48 after the last.
PATCH, _PATCH_HOP = 96, 48
_HOP_SAMPLES = _PATCH_HOP * _HOP
PATCH_SAMPLES = (PATCH - 1) * _HOP + _WINDOW
_HOP_MS = 1000 * _HOP_SAMPLES // SAMPLE_RATE_HZ

#: Patches that go through the network at once: a minute of sound.
_AT_ONCE = 125

#: Names that a hub's conversion has.
_FILES = ("yamnet.onnx", "model.onnx", "onnx/model.onnx")

_REMEDY = (
    "Set lyrics.yamnet_model to an ONNX conversion of Google's YAMNet: a file, a folder with yamnet.onnx in it, or a "
    "hub id with lyrics.yamnet_revision. The weights have 15 MB, under the Apache License 2.0."
)


def find(model: str, revision: str) -> Path:
    """Return the file of the weights, fetched from the hub if need be.

    Args:
        model: an ONNX file, a folder with one (a relative path begins in the folder of work), or a hub id.
        revision: commit of a hub id.

    Raises:
        ModelError: it is not there; says how to get it.
        NetworkError: the hub cannot be reached.
    """
    if not model:
        raise ModelError("YAMNet has no weights: lyrics.yamnet_model is empty.", _REMEDY)
    if (place := places.find(model)).is_file():
        return place
    if place.is_dir():
        origins.check(place, origins.ANEW)
        return _in_folder(place)
    if model.count("/") != 1 or model.startswith(("/", ".", "~")):
        raise ModelError(f"There is no file or folder {model}, where YAMNet should be.", _REMEDY, path=model)
    if not revision:
        raise ConfigurationError(
            f"The model {model} has no pinned revision.",
            "Set lyrics.yamnet_revision to a commit of 40 hexadecimal digits.",
        )
    return _in_folder(models.hub_snapshot(model, revision, list(_FILES), _FILES, asks_for=".gitattributes"))


def _in_folder(folder: Path) -> Path:
    for name in _FILES:
        if (folder / name).is_file():
            return folder / name
    raise ModelError(f"The folder {folder} holds no {' or '.join(_FILES)}.", _REMEDY, path=str(folder))


def record(model: str, path: Path, revision: str) -> provenance.Model:
    """Return what the manifest says of the weights."""
    return provenance.Model(
        f"yamnet {model}", None if places.find(model).exists() else revision, checksums.checksum(path)
    )


class Network:
    """YAMNet in ONNX Runtime, on one thread.

    Args:
        path: the ONNX file. It takes a sound (one dimension, or two of which the first is 1), or patches of 96 by 64
            with a dimension of 1 before or after them, or none; one at a time, or any number. One of its outputs has
            521 columns.

    Raises:
        ModelError: the file cannot be loaded, or takes or gives something else.
    """

    def __init__(self, path: Path) -> None:
        """Load it."""
        self._path = path
        try:
            import onnxruntime
        except ModuleNotFoundError:
            raise ModelError("The package onnxruntime is missing.", "Build the media environment anew.") from None
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = settings.inter_op_num_threads = 1
        settings.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
        except _runtime_errors() as error:
            raise self._error(f"cannot be loaded ({str(error).splitlines()[0]})") from None
        taken = self._session.get_inputs()
        shape = taken[0].shape
        self._input, self._rank = taken[0].name, len(shape)
        self._takes_sound = self._rank == 1 or (self._rank == 2 and shape[0] == 1)
        self._fixed_samples = shape[-1] if self._takes_sound and isinstance(shape[-1], int) else None
        self._single = not self._takes_sound and shape[0] == 1
        #: Where the patches have a dimension of 1: after the number of them, or at the end.
        self._channel = 1 if self._rank == 4 and shape[1] == 1 else -1
        plain = [size for size in shape[1:] if size != 1]
        if len(taken) != 1 or not (self._takes_sound or (self._rank in (3, 4) and plain == [PATCH, BANDS])):
            raise self._error(
                f"takes {[item.shape for item in taken]}, which is neither a sound nor patches of 96 by 64"
            )

    def scores(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities (patches by classes) of sound from -1 to 1; ``patch_count`` says how many patches.

        Raises:
            ModelError: the network fails, or is not YAMNet.
        """
        import numpy as np

        if self._takes_sound:
            windows = [samples] if self._fixed_samples is None else list(_windows(samples, self._fixed_samples))
            parts = [self._run(window.reshape((1,) * (self._rank - 1) + (-1,))) for window in windows]
        else:
            found = patches(samples)
            shaped = np.expand_dims(found, self._channel) if self._rank == 4 else found
            parts = [self._run(part) for part in (np.split(shaped, len(shaped)) if self._single else [shaped])]
        table = np.concatenate(parts)
        if len(table) != patch_count(len(samples)):
            raise self._error(f"gives {len(table)} rows for {patch_count(len(samples))} patches")
        return table

    def _run(self, given: NDArray[np.float32]) -> NDArray[np.float32]:
        import numpy as np

        try:
            outputs: list[Any] = self._session.run(None, {self._input: np.ascontiguousarray(given, dtype=np.float32)})
        except _runtime_errors() as error:
            raise self._error(f"failed ({str(error).splitlines()[0]})") from None
        for output in outputs:
            if np.ndim(output) >= 2 and output.shape[-1] == CLASSES:
                return np.asarray(output, dtype=np.float32).reshape(-1, CLASSES)
        raise self._error(f"gives no {CLASSES} classes ({[np.shape(output) for output in outputs]})")

    def _error(self, what: str) -> ModelError:
        return ModelError(f"YAMNet's file {self._path} {what}.", _REMEDY, path=str(self._path))


def _runtime_errors() -> tuple[type[Exception], ...]:
    """Return ONNX Runtime's errors, which have no base of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    found = [getattr(state, name) for name in dir(state)]
    own = (item for item in found if isinstance(item, type) and issubclass(item, Exception))
    return (*own, RuntimeError, ValueError)


def listen(sound: FilmAudio, network: Network, unit: str) -> SoundCurve:
    """Return the sound curve of a film's sound, a minute at a time; progress is counted in ``unit``.

    Patches have nothing to do with each other, so the minutes need no sound in common but the last patch's end.
    """
    import numpy as np

    groups = class_groups()
    rows = []
    for start, samples in _minutes(sound):
        events.progress(start / SAMPLE_RATE_HZ, len(sound) / SAMPLE_RATE_HZ, unit)
        scores = network.scores(samples)
        rows.append(np.stack([scores[:, groups[name]].max(axis=1) for name in GROUPS], axis=1))
    steps = -(-len(sound) * 1000 // (SAMPLE_RATE_HZ * STEP_MS))
    table = np.concatenate(rows) if rows else np.zeros((0, len(GROUPS)))
    # A step takes the patch whose middle is nearest to its own.
    nearest = (
        np.rint((np.arange(steps) * STEP_MS + STEP_MS / 2) / _HOP_MS - 1).astype(int).clip(0, max(0, len(table) - 1))
    )
    columns = [tuple(float(value) for value in column) for column in table[nearest].T]
    speech, singing, music, laughter, applause = columns
    return SoundCurve(STEP_MS, speech, singing, music, "yamnet", laughter, applause)


def _minutes(sound: FilmAudio) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield the first sample's number and the sound of so many whole patches, the last filled up with silence."""
    import numpy as np

    total = patch_count(len(sound)) if len(sound) else 0
    for first in range(0, total, _AT_ONCE):
        count = min(_AT_ONCE, total - first)
        start, length = first * _HOP_SAMPLES, (count - 1) * _HOP_SAMPLES + PATCH_SAMPLES
        samples = sound[start : start + length]
        yield start, np.pad(samples, (0, length - len(samples)))


def patch_count(samples: int) -> int:
    """Return how many patches so many samples make, the last filled up; one at least."""
    return 1 + max(0, -(-(samples - PATCH_SAMPLES) // _HOP_SAMPLES))


def _windows(samples: NDArray[np.float32], length: int) -> Iterator[NDArray[np.float32]]:
    """Yield the sound of each patch, cut or filled up to the length that a network takes."""
    import numpy as np

    for first in range(0, patch_count(len(samples)) * _HOP_SAMPLES, _HOP_SAMPLES):
        window = samples[first : first + length]
        yield np.pad(window, (0, length - len(window)))


def patches(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the patches (number, 96, 64) of the logarithmic mel spectrogram of a sound, the last filled up."""
    import numpy as np

    count = patch_count(len(samples))
    length = (count - 1) * _HOP_SAMPLES + PATCH_SAMPLES
    padded = np.pad(samples, (0, length - len(samples))).astype(np.float64)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    size = np.abs(np.fft.rfft(frames * hann, _FFT, axis=1))
    mel = np.log(size @ mel_weights() + _OFFSET).astype(np.float32)
    return np.lib.stride_tricks.sliding_window_view(mel, PATCH, axis=0)[::_PATCH_HOP].transpose(0, 2, 1)


@functools.cache
def mel_weights() -> NDArray[np.float64]:
    """Return the weights of 257 frequencies in 64 bands: triangles of height 1 on the mel scale, 1127 ln(1 + f / 700).

    The constant part of the sound (0 Hz) is in no band.
    """
    import numpy as np

    edges = np.linspace(hz_to_mel(_LOW_HZ), hz_to_mel(_HIGH_HZ), BANDS + 2)
    at = np.array([hz_to_mel(hz) for hz in np.linspace(0, SAMPLE_RATE_HZ / 2, _FFT // 2 + 1)])[:, None]
    rising = (at - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - at) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0.0, np.minimum(rising, falling))
    weights[0] = 0.0
    return np.asarray(weights)


def hz_to_mel(hz: float) -> float:
    """Return a frequency on the mel scale, as HTK has it."""
    return 1127.0 * math.log1p(hz / 700.0)


@functools.cache
def class_groups() -> dict[str, list[int]]:
    """Return the numbers of the classes of each group, from ``config/sound_classes/yamnet.tsv``."""
    found: dict[str, list[int]] = {name: [] for name in GROUPS}
    for line in _CLASS_LIST.read_text(encoding="utf-8").splitlines():
        index, _, rest = line.partition("\t")
        if index.isdigit():
            found[rest.rpartition("\t")[2]].append(int(index))
    return found


def make(options: Options) -> Backend:
    """Return the backend.

    Raises:
        ModelError: the weights are not there, or are no YAMNet.
        NetworkError: the hub that they come from cannot be reached.
    """
    path = find(options.yamnet_model, options.yamnet_revision)
    network = Network(path)
    return Backend(
        "yamnet",
        lambda audio: listen(FilmAudio(audio), network, "audio_seconds"),
        (record(options.yamnet_model, path, options.yamnet_revision),),
        ("numpy", "onnxruntime"),
    )
