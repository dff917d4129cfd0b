"""The sound that stage 01 extracts, read piece by piece: a three-hour film is never held in memory whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from samvad.errors import MediaError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SAMPLE_RATE_HZ = 16_000


class FilmAudio:
    """A 16 kHz mono 16-bit WAV file that behaves as far as needed like a float32 array from -1 to 1.

    A slice is read from the disk when it is taken. WhisperX slices its audio, so it can work on this.

    Raises:
        MediaError: the file is not such a WAV file.
    """

    def __init__(self, path: Path) -> None:
        import wave

        import numpy as np

        try:
            with wave.open(str(path), "rb") as file:
                shape = (file.getnchannels(), file.getsampwidth(), file.getframerate())
                frames = file.getnframes()
        except (wave.Error, EOFError) as error:
            raise MediaError(f"{path} is not a WAV file ({error}).", "Run stage demux again.", path=str(path)) from None
        if shape != (1, 2, SAMPLE_RATE_HZ):
            raise MediaError(f"{path} is not 16 kHz mono with 16 bits.", "Run stage demux again.", path=str(path))
        offset = path.stat().st_size - frames * 2
        self._samples = np.memmap(path, dtype="<i2", mode="r", offset=offset, shape=(frames,))

    def __len__(self) -> int:
        """Return the number of samples."""
        return int(self._samples.shape[0])

    @property
    def shape(self) -> tuple[int]:
        """Return the shape, as an array does."""
        return (len(self),)

    @property
    def duration_ms(self) -> int:
        """Return the duration in milliseconds."""
        return round(len(self) * 1000 / SAMPLE_RATE_HZ)

    def __getitem__(self, piece: slice) -> npt.NDArray[np.float32]:
        """Return a piece as float32."""
        import numpy as np

        return np.asarray(self._samples[piece], dtype=np.float32) / np.float32(32768)

    def piece(self, start_ms: int, end_ms: int) -> npt.NDArray[np.float32]:
        """Return the samples between two times."""
        return self[max(0, start_ms) * SAMPLE_RATE_HZ // 1000 : max(0, end_ms) * SAMPLE_RATE_HZ // 1000]

    def blocks(self, seconds: int) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        """Yield (start in ms, samples) for stretches of so many seconds."""
        step = seconds * SAMPLE_RATE_HZ
        for start in range(0, len(self), step):
            yield start * 1000 // SAMPLE_RATE_HZ, self[start : start + step]
