"""A film's sound as a picture: peaks at every zoom, made once, and spectra of the stretch that is looked at."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samvad.core import files
from samvad.core.errors import ConfigurationError
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Samples in a pair of peaks of the finest level (4 ms), and how many pairs the next level has in one.
BLOCK, STEP = 64, 4
_READ_BLOCKS = 1 << 17
#: The widest picture that is asked for, in columns, and the highest, in rows.
MOST_COLUMNS, MOST_ROWS = 8192, 512
#: A window of the spectra (32 ms), and what counts as silence, in decibels below the loudest that there can be.
_WINDOW, _SILENCE_DB = 512, -90.0
_KEPT = 40


@dataclass(frozen=True)
class Peaks:
    """The peaks of a sound: levels of pairs (least, greatest; -127 to 127), each a quarter as many as before.

    Attributes:
        levels: arrays of shape (count, 2), the finest first.
        samples: how many samples the sound has.
    """

    levels: tuple[npt.NDArray[np.int8], ...]
    samples: int


def make(audio: FilmAudio) -> Peaks:
    """Return the peaks of a sound; it is read in pieces."""
    import numpy as np

    found = []
    for start in range(0, len(audio), BLOCK * _READ_BLOCKS):
        part = audio.integers(start, start + BLOCK * _READ_BLOCKS)
        if len(part) % BLOCK:
            part = np.concatenate([part, np.zeros(BLOCK - len(part) % BLOCK, dtype=part.dtype)])
        blocks = part.reshape(-1, BLOCK)
        found.append(np.stack([blocks.min(axis=1), blocks.max(axis=1)], axis=1))
    finest = np.concatenate(found) if found else np.zeros((0, 2), dtype=np.int16)
    # Rounded away from zero, so that what is not silent never looks so.
    wide = finest.astype(np.int32)
    scaled = (np.sign(wide) * ((np.abs(wide) + 257) // 258)).clip(-127, 127).astype(np.int8)
    levels = [scaled]
    while len(levels[-1]) > STEP:
        below = levels[-1]
        whole = len(below) // STEP * STEP
        least = below[:whole, 0].reshape(-1, STEP).min(axis=1)
        greatest = below[:whole, 1].reshape(-1, STEP).max(axis=1)
        rest = below[whole:]
        if len(rest):
            least, greatest = np.append(least, rest[:, 0].min()), np.append(greatest, rest[:, 1].max())
        levels.append(np.stack([least, greatest], axis=1))
    return Peaks(tuple(levels), len(audio))


def cut(peaks: Peaks, audio: FilmAudio, from_ms: int, to_ms: int, columns: int) -> bytes:
    """Return the peaks of a stretch: for each column the least and the greatest, as signed bytes; 0 outside the sound.

    Raises:
        ConfigurationError: the stretch or the columns are no such.
    """
    import numpy as np

    check(from_ms, to_ms, columns)
    first, last = from_ms * SAMPLE_RATE_HZ / 1000, to_ms * SAMPLE_RATE_HZ / 1000
    wide = (last - first) / columns
    level, block, source = -1, 1, None
    while level + 1 < len(peaks.levels) and block * (STEP if level >= 0 else BLOCK) <= wide:
        level, block = level + 1, block * (STEP if level >= 0 else BLOCK)
    edges = np.linspace(first, last, columns + 1) / block
    low, high = int(edges[0]), int(np.ceil(edges[-1]))
    if level < 0:
        raw = audio.integers(max(0, low), max(0, high) + 1)
        scaled = (raw.astype(np.int32) // 258).clip(-127, 127).astype(np.int8)
        source = np.stack([scaled, scaled], axis=1)
    else:
        source = peaks.levels[level][max(0, low) : high + 1]
    made = np.zeros((columns, 2), dtype=np.int8)
    begins = np.floor(edges[:-1]).astype(np.int64) - max(0, low)
    within = (begins >= 0) & (begins < len(source))
    if within.any() and len(source):
        at = begins[within]
        made[within, 0] = np.minimum.reduceat(source[:, 0], at)
        made[within, 1] = np.maximum.reduceat(source[:, 1], at)
        tail = int(np.flatnonzero(within)[-1])  # reduceat takes all that is left for the last one
        end = max(int(at[-1]) + 1, min(len(source), int(np.ceil(edges[tail + 1])) - max(0, low)))
        made[tail] = source[int(at[-1]) : end, 0].min(), source[int(at[-1]) : end, 1].max()
    return made.tobytes()


def spectrogram(audio: FilmAudio, from_ms: int, to_ms: int, columns: int, rows: int) -> bytes:
    """Return the spectra of a stretch: rows of bytes, the highest frequency (8 kHz) first; 0 is silence.

    Raises:
        ConfigurationError: the stretch, the columns or the rows are no such.
    """
    import numpy as np

    check(from_ms, to_ms, columns)
    if not 1 <= rows <= MOST_ROWS:
        raise ConfigurationError(f"height is {rows}, but must lie between 1 and {MOST_ROWS}.")
    window = np.hanning(_WINDOW).astype(np.float32)
    middles = np.linspace(from_ms, to_ms, columns, endpoint=False) + (to_ms - from_ms) / columns / 2
    starts = np.round(middles * SAMPLE_RATE_HZ / 1000).astype(np.int64) - _WINDOW // 2
    if to_ms - from_ms <= 60_000:
        low = max(0, int(starts[0]))
        sound = audio[low : max(low, int(starts[-1]) + _WINDOW)]
        parts = np.stack([_window_at(sound, int(start) - low) for start in starts])
    else:  # a column of a long stretch is the spectrum of its middle
        held = [(audio[max(0, at) : max(0, at + _WINDOW)], min(0, at)) for at in map(int, starts)]
        parts = np.stack([_window_at(piece, offset) for piece, offset in held])
    power = np.abs(np.fft.rfft(parts * window, axis=1)[:, 1:]) / (_WINDOW / 4)
    edges = np.linspace(0, power.shape[1], rows + 1).astype(int)
    pooled = np.maximum.reduceat(power, edges[:-1], axis=1) if rows <= power.shape[1] else power[:, edges[:-1]]
    decibels = 20 * np.log10(np.maximum(pooled, 1e-9))
    shown = ((decibels - _SILENCE_DB) / -_SILENCE_DB * 255).clip(0, 255).astype(np.uint8)
    return bytes(np.ascontiguousarray(shown.T[::-1]).tobytes())


def _window_at(sound: npt.NDArray[np.float32], start: int) -> npt.NDArray[np.float32]:
    import numpy as np

    made = np.zeros(_WINDOW, dtype=np.float32)
    part = sound[max(0, start) : max(0, start + _WINDOW)]
    offset = max(0, -start)
    made[offset : offset + len(part)] = part[: _WINDOW - offset]
    return made


def check(from_ms: int, to_ms: int, columns: int) -> None:
    """Refuse a stretch, or a number of columns, that is none.

    Raises:
        ConfigurationError: it is none.
    """
    if not -86_400_000 <= from_ms < to_ms <= 4 * 86_400_000:
        raise ConfigurationError(f"There is no stretch from {from_ms} to {to_ms} ms.")
    if not 1 <= columns <= MOST_COLUMNS:
        raise ConfigurationError(f"px is {columns}, but must lie between 1 and {MOST_COLUMNS}.")


class Kept:
    """Peaks of films: in memory, and in the cache folder, so that they are made once for each sound."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, Peaks] = {}

    def of(self, path: Path, checksum: str) -> Peaks:
        """Return the peaks of a sound.

        Args:
            path: the sound.
            checksum: of it, as its manifest has it.
        """
        with self._lock:
            if checksum not in self._found:
                if len(self._found) >= _KEPT:
                    self._found.pop(next(iter(self._found)))
                self._found[checksum] = _load(FilmAudio(path), checksum)
            return self._found[checksum]


def _load(audio: FilmAudio, checksum: str) -> Peaks:
    import numpy as np

    folder = files.cache_folder() / "review"
    place = folder / f"peaks-{checksum.rpartition(':')[2][:32]}.npz"
    try:
        with np.load(place, allow_pickle=False) as kept:
            found = Peaks(tuple(kept[f"level_{at}"] for at in range(len(kept.files) - 1)), int(kept["samples"]))
            if found.samples == len(audio):
                return found
    except (OSError, ValueError, KeyError):
        pass
    made = make(audio)
    held = io.BytesIO()
    arrays: dict[str, Any] = {f"level_{at}": level for at, level in enumerate(made.levels)}
    np.savez(held, samples=made.samples, **arrays)
    files.make_private(files.cache_folder())
    try:
        files.write_bytes(place, held.getvalue())
        for old in sorted(folder.glob("peaks-*.npz"), key=lambda item: item.stat().st_mtime)[:-_KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        pass  # a cache that cannot be written costs seconds the next time
    return made
