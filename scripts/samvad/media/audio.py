"""The sound that stage 01 extracts, read piece by piece: whoever takes pieces holds no three-hour film in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from samvad.core.errors import MediaError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SAMPLE_RATE_HZ = 16_000


class FilmAudio:
    """A 16 kHz mono 16-bit WAV file that behaves, as far as needed, like a float32 array from -1 to 1.

    A slice is read from the disk when it is taken, and nothing is kept: a mapped file would count as this process's
    memory as far as it has been read, and a film would seem to fill it.

    Raises:
        MediaError: the file is not such a WAV file.
    """

    def __init__(self, path: Path) -> None:
        import wave

        try:
            with wave.open(str(path), "rb") as file:
                shape = (file.getnchannels(), file.getsampwidth(), file.getframerate())
                frames = file.getnframes()
        except (wave.Error, EOFError) as error:
            raise MediaError(f"{path} is not a WAV file ({error}).", "Run stage demux again.", path=str(path)) from None
        if shape != (1, 2, SAMPLE_RATE_HZ):
            channels, width, rate = shape
            raise MediaError(
                f"{path} has {channels} channels at {rate} Hz with {width * 8} bits, "
                f"not 1 at {SAMPLE_RATE_HZ} Hz with 16.",
                "Run stage demux again.",
                path=str(path),
            )
        self.path = path
        self._frames = frames
        self._data_offset = path.stat().st_size - frames * 2

    def __len__(self) -> int:
        """Return the number of samples."""
        return self._frames

    @property
    def duration_ms(self) -> int:
        """Return the duration in milliseconds."""
        return round(len(self) * 1000 / SAMPLE_RATE_HZ)

    def __getitem__(self, piece: slice) -> npt.NDArray[np.float32]:
        """Return the samples of a slice without a step as float32."""
        import numpy as np

        start, end, _ = piece.indices(self._frames)
        return self.integers(start, end).astype(np.float32) / np.float32(32768)

    def integers(self, start: int, end: int) -> npt.NDArray[np.int16]:
        """Return the samples from one number to before another as they lie in the file, 16 bits each."""
        import numpy as np

        end = min(end, self._frames)
        count = max(0, end - start)
        return np.fromfile(self.path, dtype="<i2", count=count, offset=self._data_offset + 2 * start)

    def piece(self, start_ms: int, end_ms: int) -> npt.NDArray[np.float32]:
        """Return the samples between two times."""
        return self[max(0, start_ms) * SAMPLE_RATE_HZ // 1000 : max(0, end_ms) * SAMPLE_RATE_HZ // 1000]

    def blocks(self, seconds: int) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        """Yield (start in ms, samples) for stretches of so many seconds."""
        step = seconds * SAMPLE_RATE_HZ
        for start in range(0, len(self), step):
            yield start * 1000 // SAMPLE_RATE_HZ, self[start : start + step]
