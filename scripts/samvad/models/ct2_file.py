"""Read the head of a CTranslate2 model: what is in ``model.bin``, without its weights."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from samvad.core import outside
from samvad.core.errors import ModelError

#: Of Whisper's encoder: output channels, bands of the spectrogram, width.
_FIRST = "encoder/conv1/weight"
#: Versions of the file whose form is the one that is read here: CTranslate2 2.0 and later (``Model::load``).
_VERSIONS = range(4, 7)
_MOST_VARIABLES = 20_000


def mel_bands(folder: Path) -> int | None:
    """Return how many bands of a spectrogram a Whisper model was trained on; None where its file does not tell.

    Raises:
        OSError: it cannot be read.
    """
    with outside.open_regular(folder / "model.bin") as file:
        try:
            return _bands(file)
        except (struct.error, UnicodeDecodeError):
            return None


def check_bands(folder: Path) -> None:
    """Make sure that the sound is prepared for a Whisper model as it was in its training.

    Raises:
        ModelError: ``preprocessor_config.json`` says another number of bands than the model has.
    """
    try:
        bands = mel_bands(folder)
        path = folder / "preprocessor_config.json"
        found = outside.json_value(outside.read_bytes(path)) if path.is_file() else {}
    except (OSError, ValueError) as error:
        raise ModelError(f"The model in {folder} cannot be read: {error}.", "Copy or fetch it anew.") from None
    said = found.get("feature_size", 80) if isinstance(found, dict) else found
    if bands is not None and said != bands:
        raise ModelError(
            f"The model in {folder} hears {bands} bands of a spectrogram, and preprocessor_config.json beside it says "
            f"{said}.",
            "Copy preprocessor_config.json of the same model into the folder.",
            path=str(path),
        )


def _bands(file: BinaryIO) -> int | None:
    if _number(file, "I") not in _VERSIONS:
        return None
    _text(file)
    _number(file, "I")
    for _ in range(min(_number(file, "I"), _MOST_VARIABLES)):
        name = _text(file)
        sizes = [_number(file, "I") for _ in range(_number(file, "B"))]
        if name == _FIRST:
            return sizes[1] if len(sizes) == 3 else None
        _number(file, "B")
        file.seek(_number(file, "I"), 1)
    return None


def _number(file: BinaryIO, form: str) -> int:
    found: int = struct.unpack(f"<{form}", file.read(struct.calcsize(form)))[0]
    return found


def _text(file: BinaryIO) -> str:
    return file.read(_number(file, "H")).rstrip(b"\0").decode()
