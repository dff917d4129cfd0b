"""What a film sounds and looks like at a moment: pieces of decoded sound and small pictures with their times.

Two files that hold the same film are compared by these: a piece of one is looked for in the other. Times are seconds
on the film's one clock. All is decoded the way a player does it: gaps of the sound are
silence, and what an edit list cuts away is not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from samvad.core.errors import MediaError
from samvad.media import ffmpeg, ffprobe
from samvad.media.audio import SAMPLE_RATE_HZ
from samvad.media.clock import Film
from samvad.media.film_headers import Stream

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: A small picture is so many pixels wide and high, in grey: enough to tell two pictures apart.
THUMB = 16
#: The largest sample of 16-bit sound, the step in which sounds are said to be the same.
_STEP = 1 / 32768
_HAIR_SECONDS = 1e-5
#: How the filter that shows sound tells a block: its time and length, in samples.
_SHOWN_SOUND = re.compile(r"^\[Parsed_ashowinfo_\d+ @ \S+\] n:\d+ pts:(-?\d+) .* nb_samples:(\d+) ")
#: How ffmpeg's lines begin in which it tells what it reads and writes.
_NO_COMPLAINT = ("[Parsed_", "Input #", "Output #", "Stream mapping", "  ", "size=", "video:", "Press ")
#: Times of pictures from several looks are kept apart by so much.
_APART_US = 10**12
#: A few small pieces are decoded: threads would cost more than they give.
_FEW_THREADS: ffmpeg.Options = MappingProxyType({"filter_complex_threads": 1})
#: After a seek, ffmpeg takes a first packet that comes ten seconds later for a leap of the clock, and has it at once:
#: so it would be with a picture that begins long behind the sound. No seek is made where times do leap.
_NO_LEAPS: ffmpeg.Options = MappingProxyType({"dts_delta_threshold": 10**6})
_SOUGHT: ffmpeg.Options = MappingProxyType({**_FEW_THREADS, **_NO_LEAPS})


@dataclass(frozen=True)
class Sound:
    """A piece of sound.

    Attributes:
        start: when its first sample is heard, in seconds.
        rate_hz: samples a second.
        samples: float32 from -1 to 1, one row a sample, one column a channel.
    """

    start: float
    rate_hz: int
    samples: npt.NDArray[np.float32]

    def piece(self, start: float, length: float) -> Sound:
        """Return what is heard from a moment on, for so many seconds; shorter at the ends."""
        first = max(0, round((start - self.start) * self.rate_hz))
        last = max(first, round((start + length - self.start) * self.rate_hz))
        return Sound(self.start + first / self.rate_hz, self.rate_hz, self.samples[first:last])

    @property
    def loudness(self) -> float:
        """Return the root of the mean square."""
        import numpy as np

        return float(np.sqrt(np.mean(np.square(self.samples, dtype=np.float64)))) if self.samples.size else 0.0


@dataclass(frozen=True)
class Match:
    """Where a piece of sound was found in another.

    Attributes:
        shift: how much later it is there, in seconds.
        likeness: the correlation there, 1 for the same.
        rival: the best correlation anywhere else than there; near ``likeness`` the place is not certain.
        exact: whether the samples are the same, but for rounding to 16 bits.
    """

    shift: float
    likeness: float
    rival: float
    exact: bool


@dataclass(frozen=True)
class Picture:
    """A picture: when it is shown (s), and how it looks, made small (``THUMB`` squared shades of grey)."""

    time: float
    thumb: bytes

    def unlike(self, other: Picture) -> float:
        """Return the mean difference of the two in shades of 256."""
        import numpy as np

        one, two = (np.frombuffer(item.thumb, dtype=np.uint8).astype(np.int16) for item in (self, other))
        return float(np.abs(one - two).mean())


def sound(
    film: Film,
    stream: Stream,
    start: float = 0.0,
    length: float | None = None,
    at_most: float | None = None,
    said: Callable[[str], None] = lambda _: None,
) -> Sound:
    """Decode a sound of a film, as many channels and samples a second as its header says.

    Args:
        film: the film.
        stream: its sound.
        start: from when on, in seconds on the film's clock; there is silence where nothing is heard then.
        length: for how many seconds; None for all that there is from zero on, read without a seek: a clock that leaps
            leads seeks astray.
        at_most: no more than so many seconds: what comes after 26 hours of silence, as MPEG-TS whose times begin anew
            can have it, is too much to be held.
        said: called with each line in which ffmpeg complains of damaged sound.

    Raises:
        MediaError: it cannot be decoded.
        ToolError: ffmpeg is missing, or hung.
    """
    import numpy as np

    rate_hz, channels = shape(stream)
    begin = start
    if length is None:
        source, along = film.source(), film.read_along
    else:
        begin += rounding(film, stream, start)
        source, along = ffmpeg.source(film.path, f="", vn=None, sn=None, dn=None, **seek(film, start, length)), []
    decoded: dict[str, str | int] = {"ac": channels, "ar": rate_hz, "c:a": "pcm_f32le", "f": "f32le"}
    decoded |= {} if at_most is None else {"t": f"{at_most:.3f}"}
    # A sound may change its channels on the way: each part tells its times.
    in_time = ffmpeg.sound_in_time(rate_hz, film.off_seconds, from_zero=False)
    told: list[tuple[int, int]] = []

    def take(line: str) -> None:
        if found := _SHOWN_SOUND.search(line):
            told.append((int(found[1]), int(found[2])))
        elif not line.startswith(_NO_COMPLAINT):
            said(line)

    done = ffmpeg.run(
        [source[str(stream.index)]],
        None,
        {"af": f"{in_time},ashowinfo", **decoded},
        level="info",
        stderr_line=take,
        global_options={"hide_banner": None, **(ffmpeg.NO_OPTIONS if length is None else _NO_LEAPS)},
        read_along=along,
    )
    if done.code:
        raise _undecodable(film.path, stream, done.last_line)
    values = np.frombuffer(done.output, dtype="<f4")
    rows = values[: values.size // channels * channels].reshape(-1, channels)
    return Sound(begin, rate_hz, _placed(rows, told))


def _placed(samples: npt.NDArray[np.float32], told: Sequence[tuple[int, int]]) -> npt.NDArray[np.float32]:
    """Return samples each at its time, with silence where nothing is heard.

    Args:
        samples: in the order in which they came.
        told: of each block of them, the first one's time and how many there are, counted in samples.
    """
    import numpy as np

    end = max((time + count for time, count in told), default=0)
    placed = np.zeros((max(0, end), samples.shape[1]), dtype=np.float32)
    taken = 0
    for time, count in told:
        block = samples[taken : taken + count][max(0, -time) :]
        placed[max(0, time) : max(0, time) + len(block)] = block
        taken += count
    return placed


def sounds(
    film: Film,
    stream: Stream,
    starts: Sequence[float],
    length: float,
    said: Callable[[str], None] = lambda _: None,
) -> list[Sound]:
    """Decode several pieces of a film's sound, all of one length, with one start of ffmpeg.

    What is before the film and after its end is silence.

    Args:
        film: the film.
        stream: its sound.
        starts: from when on, in seconds on the film's clock.
        length: for how many seconds.
        said: called with each line in which ffmpeg complains of damaged sound.

    Raises:
        MediaError: it cannot be decoded.
        ToolError: ffmpeg is missing, or hung.
    """
    import numpy as np

    rate_hz, channels = shape(stream)
    count = round(length * rate_hz)
    pieces = []
    for start in starts:
        source = ffmpeg.source(film.path, f="", vn=None, sn=None, dn=None, threads=1, **seek(film, start, length))
        heard = ffmpeg.in_time(source[str(stream.index)], rate_hz, film.off_seconds)
        # Of silence alone the times are unknown, and two such pieces cannot be joined: samples are counted.
        whole = heard.filter("apad", whole_len=count).filter("atrim", end_sample=count)
        pieces.append(whole.filter("asetpts", "N/SR/TB"))
    decoded: ffmpeg.Options = {"ac": channels, "ar": rate_hz, "c:a": "pcm_f32le", "f": "f32le"}
    joined = ffmpeg.joined_sounds(*pieces)
    done = ffmpeg.run([joined], None, decoded, stderr_line=said, global_options=_SOUGHT)
    values = np.frombuffer(done.output, dtype="<f4")
    if done.code or values.size != len(starts) * count * channels:
        # Where the sound changes its channels within a piece, all of them would begin anew.
        alone = [sound(film, stream, start, length, said=said) for start in starts]
        return [replace(one, samples=_padded(one.samples, count)) for one in alone]
    parts = values.reshape(len(starts), count, channels)
    begins = [start + rounding(film, stream, start) for start in starts]
    return [Sound(begin, rate_hz, part) for begin, part in zip(begins, parts, strict=True)]


def _padded(samples: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.float32]:
    """Return so many samples, with silence behind those that there are."""
    import numpy as np

    return np.pad(samples[:count], ((0, max(0, count - len(samples))), (0, 0)))


def complaints(film: Film, stream: Stream, start: float, length: float) -> list[str]:
    """Return what ffmpeg says as it reads and decodes a part of a picture or sound, from a place where that can begin.

    Args:
        film: the film.
        stream: its picture or sound.
        start: from when on, in seconds on the film's clock.
        length: for how many seconds.

    Raises:
        ToolError: ffmpeg is missing, or hung.
    """
    said: list[str] = []
    source = ffmpeg.source(film.path, f="", noaccurate_seek=None, **seek(film, start, length))
    nowhere: ffmpeg.Options = {"f": "null"}
    streams = [source[str(stream.index)]]
    ffmpeg.run(streams, None, nowhere, level="warning", stderr_line=said.append, global_options=_NO_LEAPS)
    return said


def shape(stream: Stream) -> tuple[int, int]:
    """Return the samples a second and the channels of a sound."""
    sound = stream.sound
    return (sound.sample_rate_hz or SAMPLE_RATE_HZ, max(1, sound.channels)) if sound else (SAMPLE_RATE_HZ, 1)


@dataclass(frozen=True)
class Look:
    """A look at the pictures of a film.

    Attributes:
        start: from when on, in seconds on the film's clock.
        length: for how many seconds.
        at_most: end after so many.
        keys: only pictures that are coded by themselves; they cost least.
        before: begin with the one before ``start`` from which decoding begins, wherever that is.
    """

    start: float
    length: float
    at_most: int
    keys: bool = False
    before: bool = False


def pictures(
    film: Film, stream: Stream, looks: Sequence[Look], said: Callable[[str], None] = lambda _: None
) -> list[list[Picture]]:
    """Decode pictures of a film, as they are coded (not turned, not stretched), with one start of ffmpeg.

    Args:
        film: the film.
        stream: its picture.
        looks: when.
        said: called with each line that ffmpeg says besides: of damaged pictures, its decoders complain.

    Returns:
        The pictures of each look.

    Raises:
        MediaError: they cannot be decoded.
        ToolError: ffmpeg is missing, or hung.
    """
    times: list[list[float]] = [[] for _ in looks]
    begins = [look.start + rounding(film, stream, look.start) for look in looks]

    def take(line: str) -> None:
        _, sign, rest = line.partition(" pts:")
        if sign and "Parsed_showinfo" in line and rest.split()[0].lstrip("-").isdigit():
            time_us = int(rest.split()[0])
            number = round(time_us / _APART_US) - 1
            times[number].append(round(begins[number] + (time_us - (number + 1) * _APART_US) / 1e6, 6))
        else:
            said(line)

    done = ffmpeg.run(
        [ffmpeg.joined([_shades(film, stream, look, number) for number, look in enumerate(looks)])],
        None,
        {"fps_mode": "passthrough", "c:v": "rawvideo", "f": "rawvideo"},
        level="info",
        stderr_line=take,
        global_options={"hide_banner": None, **_SOUGHT},
    )
    if done.code:
        raise _undecodable(film.path, stream, done.last_line)
    size = THUMB * THUMB
    shades = iter([done.output[place : place + size] for place in range(0, len(done.output) - size + 1, size)])
    return [[Picture(time, shade) for time, shade in zip(found, shades, strict=False)] for found in times]


def _shades(film: Film, stream: Stream, look: Look, number: int) -> ffmpeg.Stream:
    """Return the small pictures of a look, which tell their times on the way: the number of the look in front."""
    options = seek(film, look.start, look.length)
    options |= {"skip_frame": "nokey"} if look.keys else {}
    options |= {"noaccurate_seek": None} if look.before else {}
    source = ffmpeg.source(film.path, f="", an=None, sn=None, dn=None, autorotate=0, threads=1, **options)
    small = source[str(stream.index)].filter("trim", end_frame=look.at_most)
    small = small.filter("scale", THUMB, THUMB, flags="area").filter("format", "gray").filter("setsar", 1)
    told = small.filter("settb", "1/1000000").filter("setpts", f"PTS+{(number + 1) * _APART_US}").filter("showinfo")
    return told.filter("setpts", "N/25/TB")


def shades(
    film: Film,
    stream: Stream,
    times: Sequence[float],
    size: tuple[int, int],
    changed: Callable[[ffmpeg.Stream], object],
) -> list[npt.NDArray[np.uint8]]:
    """Decode the first picture from each of some moments on, as it is shown (turned), small and in grey.

    Args:
        film: the film.
        stream: its picture.
        times: in seconds on the film's clock.
        size: how many pixels wide and high they are made, whatever their shape.
        changed: what is done with each picture before.

    Returns:
        The pictures; none at all where the film has ended before one of the moments.

    Raises:
        MediaError: they cannot be decoded.
        ToolError: ffmpeg is missing, or hung.
    """
    import numpy as np

    small = []
    for time in times:
        source = ffmpeg.source(film.path, f="", an=None, sn=None, dn=None, threads=1, **seek(film, time, 1.0))
        first = source[str(stream.index)].filter("trim", end_frame=1).filter("setpts", "N/25/TB")
        whole: ffmpeg.Stream = changed(first)
        small.append(whole.filter("scale", *size, flags="area").filter("format", "gray").filter("setsar", 1))
    options: ffmpeg.Options = {"fps_mode": "passthrough", "c:v": "rawvideo", "f": "rawvideo"}
    done = ffmpeg.run([ffmpeg.joined(small)], None, options, global_options=_SOUGHT)
    if done.code:
        raise _undecodable(film.path, stream, done.last_line)
    values = np.frombuffer(done.output, dtype=np.uint8)
    return list(values.reshape(len(times), -1)) if values.size == len(times) * size[0] * size[1] else []


def seek(film: Film, start: float, length: float) -> dict[str, str | int | None]:
    """Return ffmpeg's options for a part of a film.

    Of MPEG-TS and the like, ffmpeg takes the start of the streams that it reads for zero if it is to begin just where
    the file does; a hair's breadth earlier, it keeps to the clock.
    """
    if film.header.container.startswith(("avi", "flv", "matroska")) and start <= 0:
        # A seek to the beginning leads past the first picture, where others refer to it and where there is no index; in
        # Matroska, to the first key picture: past all sound before it, if a recording begins between two of them.
        late_us = film.start.ffmpeg_zero_us - film.start.zero_us - round(start * 1e6)
        return {"itsoffset": f"{late_us}us", "t": f"{length:.6f}"}
    begin = film.start.zero_us / 1e6 + start - _HAIR_SECONDS
    whole = ffprobe.ONE_PROGRAM if film.header.container == ffprobe.TRANSPORT_STREAM else {}
    return {"ss": f"{begin:.6f}", "seek_timestamp": 1, "t": f"{length:.6f}", **whole}


def rounding(film: Film, stream: Stream, start: float) -> float:
    """Return how many seconds later than ``start`` is what ffmpeg gives for that moment, or earlier (below zero).

    ffmpeg takes the moment off a stream's times in whole ticks of its container: of MP3 at a variable rate in AVI, a
    tick is a packet of 24 ms, of DV a picture of 40 ms.
    """
    options = seek(film, start, 0.0)
    begin = Fraction(str(options["ss"])) if "ss" in options else Fraction(film.start.zero_us, 10**6) + Fraction(start)
    if not stream.tick:
        return 0.0
    ticks = begin / stream.tick
    nearest = int(abs(ticks) + Fraction(1, 2)) * (1 if ticks >= 0 else -1)  # half a tick away from zero, as ffmpeg does
    return float(nearest * stream.tick - Fraction(film.start.zero_us, 10**6) - Fraction(start))


def find(piece: Sound, where: Sound) -> Match | None:
    """Look for a piece of sound in a longer one by their normalised cross-correlation.

    Both have the same rate and channels. Where several places fit as well, as in a steady tone, the one with the
    smallest shift is taken, and ``rival`` tells. None where either is silent or the longer one is the shorter.
    """
    import numpy as np

    sought, field = (item.samples.astype(np.float64) for item in (piece, where))
    places = len(field) - len(sought) + 1
    power = float(np.square(sought).sum())
    if places < 1 or not power:
        return None
    size = 1 << (len(field) - 1).bit_length()
    products = np.fft.irfft(
        (np.fft.rfft(field, size, axis=0) * np.conj(np.fft.rfft(sought, size, axis=0))).sum(axis=1), size
    )[:places]
    sums = np.concatenate([[0.0], np.cumsum(np.square(field).sum(axis=1))])
    powers = np.maximum(sums[len(sought) :] - sums[: -len(sought)], 0.0)
    # A stretch of near silence would make chance look alike: it counts as loud as a hundredth of the piece.
    likeness = products / np.sqrt(power * np.maximum(powers, power / 100))
    expected = round((piece.start - where.start) * piece.rate_hz)
    best = float(likeness.max())
    fits = np.flatnonzero(likeness >= best - 1e-4)
    place = int(fits[np.argmin(np.abs(fits - expected))])
    near = round(0.005 * piece.rate_hz)
    others = np.concatenate([likeness[: max(0, place - near)], likeness[place + near + 1 :]])
    rival = float(others.max()) if others.size else 0.0
    difference = float(np.abs(field[place : place + len(sought)] - sought).max())
    return Match((place - expected) / piece.rate_hz, best, rival, exact=difference <= _STEP)


def _undecodable(path: Path, stream: Stream, reason: str) -> MediaError:
    return MediaError(
        f"Stream {stream.index} of {str(path)!r} cannot be decoded: {reason}.",
        "Play the film to see whether it is whole; if it is not, copy it again.",
        path=str(path),
    )
