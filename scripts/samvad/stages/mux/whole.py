"""Decode all of a film's sound and the result's, from the beginning to the end: nothing missing, nothing that is new.

So it is where packets were put together anew (uncompressed sound, what was decoded): both are decoded at once and
compared, a tenth of a second at a time, each channel by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from samvad.core.errors import MediaError
from samvad.media import ffmpeg, moments
from samvad.media.audio import SAMPLE_RATE_HZ
from samvad.media.clock import Film
from samvad.media.film_headers import Stream
from samvad.media.moments import Sound
from samvad.stages.mux.packets import BEGINNING_SECONDS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: What is told apart, and what is compared at once, in seconds.
_STEP_SECONDS, _BLOCK_STEPS = 0.1, 5
#: So far before and behind its time a block is looked for, in seconds.
_AROUND_SECONDS = 0.75
#: So much may sound be off its packets' times before it is put right (``ffmpeg.OFF_SECONDS``), in the film and in the
#: result at different moments.
_OFF_SECONDS = ffmpeg.OFF_SECONDS + 0.006
#: Blocks that have so much in common are the same; with less than the second, a loud one is another.
_SAME, _ALIKE = 0.9, 0.6
#: A place is sure if nothing else fits so well.
_SURE = 0.98
#: Below this (root of the mean square, of 1) nothing is heard; below the second, decoders' own noise may be all.
_SILENT, _SOFT = 0.001, 0.01
#: How much louder or softer a step may be.
_FACTOR = 2.0
#: So many steps in a row that differ are a difference; less is where a packet was cut.
_IN_A_ROW = 2
#: Above so many channels, decoders know no order of them: they are mixed.
_CHANNELS = 8
#: The loudest sample of 16 bits.
_LOUDEST = 32768


@dataclass
class Found:
    """Where a result sounds otherwise.

    Attributes:
        other: moments (ms) at which it begins to, and whether the film is silent there.
        moved: moments (ms) of what is heard at another time, and how much later (ms).
        compared: whether there was sound to be compared.
    """

    other: list[tuple[int, bool]] = field(default_factory=list)
    moved: list[tuple[int, float]] = field(default_factory=list)
    compared: bool = False


def exactly_same(film: Film, result: Film, pairs: Sequence[tuple[Stream, Stream]], seconds: float) -> frozenset[int]:
    """Decode sounds of a film and their counterparts with one start of ffmpeg; return those that are the same.

    What is kept without loss is so sample by sample, and nothing that was added to it, however soft, would pass.

    Args:
        film: the film.
        result: what was made of it.
        pairs: the film's sounds, each with its counterpart.
        seconds: for how long.

    Raises:
        ToolError: ffmpeg is missing, or hung.
    """
    if not pairs or film.read_along:
        return frozenset()
    sums: list[list[str]] = [[] for _ in range(2 * len(pairs))]

    def take(line: str) -> None:
        if line[:1].isdigit():
            number, _, _, _, _, checksum, *_ = (word.strip() for word in line.split(","))
            sums[int(number)].append(checksum)

    sources = (film.source(), result.source())
    streams = [sources[place][str(pair[place].index)] for place in (0, 1) for pair in pairs]
    options: dict[str, str | int] = {"c:a": "pcm_s32le", "f": "framehash", "hash": "murmur3", "t": f"{seconds:.3f}"}
    for number, (own, _) in enumerate([*pairs, *pairs]):
        rate_hz, channels = moments.shape(own)
        in_time = ffmpeg.sound_in_time(rate_hz, film.off_seconds)
        chain = (in_time, f"apad=whole_dur={seconds:.3f}", f"asetnsamples={rate_hz}")
        options |= {f"filter:{number}": ",".join(chain), f"ac:{number}": channels}
    done = ffmpeg.run(streams, None, options, stdout_line=take)
    if done.code:
        return frozenset()
    return frozenset(
        own.index for number, (own, _) in enumerate(pairs) if sums[number] and sums[number] == sums[number + len(pairs)]
    )


def decoded(
    film: tuple[Film, Stream],
    result: tuple[Film, Stream],
    seconds: float,
    shift: float = 0.0,
    said: Callable[[str], None] = lambda _: None,
) -> Found:
    """Decode a sound of a film and its counterpart, and say where they differ.

    Args:
        film: the film, and its sound.
        result: what was made of it, and the counterpart.
        seconds: for how long; after its end a film is silent.
        shift: how many seconds later the result is as a whole, as is known.
        said: called with each line in which ffmpeg complains of damaged sound.

    Raises:
        MediaError: one of them cannot be decoded.
        ToolError: ffmpeg is missing, or hung.
    """
    channels = min(_CHANNELS, moments.shape(film[1])[1])
    beside = Beside(channels, shift)
    anew: list[str] = []

    def take(line: str) -> None:
        if ffmpeg.is_begun_anew(line):
            anew.append(line)
        said(line)

    heard = [
        ffmpeg.in_time(one.source()[str(stream.index)], SAMPLE_RATE_HZ, one.off_seconds)
        .filter("aformat", channel_layouts=f"{channels}c")
        .filter("apad", whole_dur=f"{seconds:.3f}")
        for one, stream in (film, result)
    ]
    done = ffmpeg.run(
        [ffmpeg.beside(heard)],
        None,
        {"c:a": "pcm_s16le", "f": "s16le", "t": f"{seconds:.3f}"},
        stdout_block=beside.take,
        stderr_line=take,
        read_along=film[0].read_along,
    )
    # Where a sound changes its channels on the way, ffmpeg begins its filters anew, and fills all the time before.
    if done.code or anew:
        raise MediaError(f"Sound of {str(film[0].path)!r} cannot be decoded: {done.last_line}.", "Play the film.")
    return beside.end()


class Beside:
    """Two sounds that are compared as they come, sample by sample of one and the other.

    Args:
        channels: of each.
        shift: how many seconds later the second one is as a whole.
    """

    def __init__(self, channels: int, shift: float = 0.0) -> None:
        self._channels = channels
        self._lag = round(shift * SAMPLE_RATE_HZ)
        self._whole_lag = self._lag
        self._bytes = bytearray()
        self._at = 0  # the sample with which the bytes begin
        self._next = 0  # the first sample that is not compared yet
        self._other: list[tuple[int, bool]] = []
        self._found = Found()

    def take(self, data: bytes) -> None:
        """Take what comes next: 16-bit samples, the channels of the first sound, those of the second, by turns."""
        self._bytes += data
        if len(self._bytes) >= 20 * SAMPLE_RATE_HZ * self._width:
            self._compare(self._samples())

    def end(self) -> Found:
        """Return what was found, when all has been taken."""
        import numpy as np

        silence = np.zeros((self._margin + self._block, 2 * self._channels), dtype=np.float32)
        self._compare(np.concatenate([self._samples(), silence]))
        steps = [step for step, _ in self._other]
        for place, (step, silent) in enumerate(self._other):
            begins = not place or steps[place - 1] < step - 1
            if begins and steps[place : place + _IN_A_ROW] == list(range(step, step + _IN_A_ROW)):
                self._found.other.append((round(step * _STEP_SECONDS * 1000), silent))
        return self._found

    @property
    def _width(self) -> int:
        return 2 * 2 * self._channels

    @property
    def _block(self) -> int:
        return _BLOCK_STEPS * self._step

    @property
    def _step(self) -> int:
        return round(_STEP_SECONDS * SAMPLE_RATE_HZ)

    @property
    def _margin(self) -> int:
        return round(_AROUND_SECONDS * SAMPLE_RATE_HZ) + abs(self._whole_lag)

    def _samples(self) -> npt.NDArray[np.float32]:
        import numpy as np

        whole = len(self._bytes) // self._width * self._width
        values = np.frombuffer(bytes(self._bytes[:whole]), dtype="<i2").reshape(-1, 2 * self._channels)
        return values.astype(np.float32) / np.float32(_LOUDEST)

    def _compare(self, both: npt.NDArray[np.float32]) -> None:
        """Compare all blocks behind which enough is known."""
        last = self._at + len(both) - self._block - self._margin
        while self._next <= last:
            self._compare_block(both, self._next - self._at)
            self._next += self._block
        unneeded = max(0, min(self._next - self._margin, self._at + len(both)) - self._at)
        del self._bytes[: unneeded * self._width]
        self._at += unneeded

    def _compare_block(self, both: npt.NDArray[np.float32], first: int) -> None:
        mine = both[first : first + self._block, : self._channels]
        begin, end = first - self._margin, first + self._block + self._margin
        around = _padded(both[:, self._channels :], begin, end)
        place = self._margin + self._lag
        theirs = around[place : place + self._block]
        loud = max(_loudness(mine).max(), _loudness(theirs).max()) > _SILENT
        self._found.compared |= bool(loud)
        if not loud or _are_same(mine, theirs):
            return
        at = self._next / SAMPLE_RATE_HZ
        where = Sound(at - self._margin / SAMPLE_RATE_HZ, SAMPLE_RATE_HZ, around)
        match = moments.find(Sound(at, SAMPLE_RATE_HZ, mine), where)
        if match is not None and match.likeness >= _SAME and match.rival < _SURE * match.likeness:
            lag = round(match.shift * SAMPLE_RATE_HZ)
            if abs(lag - self._whole_lag) > _OFF_SECONDS * SAMPLE_RATE_HZ:
                self._found.moved.append((round(at * 1000), round(match.shift * 1000, 1)))
                return
            self._lag = lag
        self._compare_steps(mine, around)

    def _compare_steps(self, mine: npt.NDArray[np.float32], around: npt.NDArray[np.float32]) -> None:
        for number in range(_BLOCK_STEPS):
            step = self._next // self._step + number
            if step * _STEP_SECONDS < BEGINNING_SECONDS:
                continue
            begin = number * self._step
            piece = mine[begin : begin + self._step]
            wide = round(_OFF_SECONDS * SAMPLE_RATE_HZ)
            place = self._margin + self._lag + begin
            field = around[place - wide : place + self._step + wide]
            if any(_is_other(piece[:, [one]], field[:, [one]], wide) for one in range(self._channels)):
                self._other.append((step, bool(_loudness(piece).max() <= _SILENT)))


def _padded(samples: npt.NDArray[np.float32], begin: int, end: int) -> npt.NDArray[np.float32]:
    """Return some samples, with silence for those before the first and after the last."""
    import numpy as np

    inside = samples[max(0, begin) : max(0, end)]
    before = max(0, -begin)
    return np.pad(inside, ((before, end - begin - before - len(inside)), (0, 0)))


def _loudness(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the root of the mean square of each channel."""
    import numpy as np

    found: npt.NDArray[np.float32] = np.sqrt(np.mean(np.square(samples), axis=0))
    return found


def _are_same(mine: npt.NDArray[np.float32], theirs: npt.NDArray[np.float32]) -> bool:
    """Say whether each channel of a block, and each of its steps, is the same in both, but for a hair."""
    import numpy as np

    steps = (_BLOCK_STEPS, -1, mine.shape[1])
    one, two = mine.reshape(steps), theirs.reshape(steps)
    off = np.sqrt(np.mean(np.square(one - two), axis=1))
    loud = np.sqrt(np.mean(np.square(one), axis=1))
    # What is left of a difference of one from the other, where they have so much in common.
    return bool((off <= np.maximum(_SILENT, loud * np.sqrt(2 - 2 * _SAME))).all())


def _is_other(mine: npt.NDArray[np.float32], field: npt.NDArray[np.float32], wide: int) -> bool:
    """Say whether one channel of a step is not heard at its time, or near it, in the other sound."""
    loud = float(_loudness(mine)[0])
    around = [float(_loudness(field[begin : begin + len(mine)])[0]) for begin in (0, wide, 2 * wide)]
    softest, loudest = min(around), max(around)
    if softest > _FACTOR * loud + _SILENT or loud > _FACTOR * loudest + _SILENT:
        return True
    if max(loud, softest) <= _SOFT:
        return False
    match = moments.find(Sound(0.0, SAMPLE_RATE_HZ, mine), Sound(-wide / SAMPLE_RATE_HZ, SAMPLE_RATE_HZ, field))
    return match is None or match.likeness < _ALIKE
