"""What a media file holds, in the one closed shape that manifests record of films, sound and results.

Headers are wrong or silent in known ways. What can be measured cheaply is measured: when a track's first packet comes,
whether frames come evenly, and how long a file lasts that does not say so itself.
"""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from samvad.core.errors import MediaError
from samvad.core.times import seconds_to_ms
from samvad.documents.media_facts import MediaFacts, StreamFacts, VideoFacts
from samvad.media import ffprobe, film_headers, film_packets
from samvad.media.film_headers import Header, Picture, Stream
from samvad.media.film_packets import Packet

#: Frames are timed in three places, this long each.
_SAMPLE_SECONDS = 20
#: What is so much later than the packet before belongs to the next place.
_SEPARATE_SECONDS = 5
#: Frames that come late in decoding order may be missing at the end of a sample; H.264 reorders 16 at most.
_REORDERED = 16
_MIN_FRAMES = 8
#: How far a rate may be from the one that is measured: 24 and 24000/1001 differ by a thousandth.
_RATE_TOLERANCE = 0.0005


@dataclass(frozen=True)
class FrameTiming:
    """How a picture's frames come.

    Attributes:
        varies: whether they come unevenly; None without a picture or times.
        rate: frames a second; None where nothing says.
    """

    varies: bool | None
    rate: Fraction | None


def of(path: Path, header: Header | None = None, beginning: Iterable[Packet] = ()) -> MediaFacts:
    """Return what a manifest records of a media file.

    Args:
        path: the file.
        header: from ``film_headers.read``, or None to read it now.
        beginning: packets of its first seconds, where they are known.

    Raises:
        MediaError: ffmpeg cannot read it.
        ToolError: ffprobe is missing.
    """
    header = header or film_headers.read(path)
    length_ms = header.duration_ms or film_packets.playing_span_ms(path)
    first = _first_times(path, header, beginning)
    return describe(header, length_ms, first, frame_timing(path, header, length_ms))


def _first_times(path: Path, header: Header, beginning: Iterable[Packet]) -> dict[int, float]:
    """Return what ``film_packets.first_times`` does; ffprobe is asked where a track is not in what is known already."""
    if header.container == "wav":  # it has no times: its sound begins at 0
        return {0: 0.0}
    tracks = {stream.index for stream in header.of_kind("audio")}
    first: dict[int, float] = {}
    for packet in beginning:
        if packet.stream in tracks and packet.pts_us is not None:
            time = packet.pts_us / 1e6
            first[packet.stream] = min(first.get(packet.stream, time), time)
    return first if tracks <= first.keys() else film_packets.first_times(path)


def describe(header: Header, length_ms: int | None, first: Mapping[int, float], timing: FrameTiming) -> MediaFacts:
    """Return what a manifest records of a media file.

    Args:
        header: from ``film_headers.read``.
        length_ms: how long it lasts.
        first: from ``film_packets.first_times``.
        timing: from ``frame_timing``.
    """
    return MediaFacts(
        container=header.container,
        start_ms=header.start_ms,
        duration_ms=length_ms,
        duration_from="header" if header.duration_ms else "packets",
        streams=tuple(_stream_facts(stream, header, first.get(stream.index), timing) for stream in header.streams),
    )


def frame_timing(
    path: Path, header: Header, length_ms: int | None, known: Sequence[float | None] | None = None
) -> FrameTiming:
    """Return how the frames of a film's picture come, measured at its beginning, in the middle and near its end.

    Averages in headers do not tell: of Matroska, ffprobe averages the first frames only; of fragmented MP4, it counts
    the time before the first frame. Frames vary if more than one step in a hundred differs; where they do not, the rate
    is the one of the header's two that fits what was measured.

    Args:
        path: the film.
        header: from ``film_headers.read``.
        length_ms: how long it lasts; None: only its beginning is looked at.
        known: the times (s) of all packets of its picture on the container's clock, None of one that has no time; None:
            ffprobe is asked.
    """
    stream = header.film_picture
    if stream is None or stream.picture is None:
        return FrameTiming(None, None)
    base, average = stream.picture.base_rate, stream.picture.average_rate
    ratio = base / average if base and average else Fraction(1)
    # The least common rate of interlaced pictures can be that of their fields: twice the average.
    uneven = all(abs(ratio / whole - 1) > Fraction(1, 100) for whole in (1, 2))
    length = (length_ms or 0) / 1000
    starts = [0.0] if length <= _SAMPLE_SECONDS else [0.0, length * 0.5, length * 0.9]
    steps: list[float] = []
    if known and known.count(None) > len(known) * 0.01:
        return FrameTiming(uneven, stream.picture.rate)
    zero = header.start_seconds
    for numbers in _in_samples(known, zero, starts) if known else _times_of_samples(path, stream.index, zero, starts):
        times = sorted({time for time in numbers if time is not None})
        if len(times) < len(numbers) * 0.99:  # MPEG program streams time some frames only
            return FrameTiming(uneven, stream.picture.rate)
        if length > _SAMPLE_SECONDS:
            times = times[:-_REORDERED]
        steps += [later - earlier for earlier, later in pairwise(times)]
    if len(steps) < _MIN_FRAMES:
        return FrameTiming(uneven, stream.picture.rate)
    usual = statistics.median(steps)
    # Matroska rounds to milliseconds, so that even frames come 41 and 42 ms after each other.
    even = [step for step in steps if abs(step - usual) <= max(0.0011, usual * 0.03)]
    seen = len(even) / sum(even)
    fitting = [rate for rate in (average, base, base and base / 2) if rate and abs(rate / seen - 1) < _RATE_TOLERANCE]
    # What the header calls the least common rate of a film whose clock leaps is no rate at all.
    varies = len(steps) - len(even) > len(steps) / 100 or (uneven and average not in fitting)
    if varies or not fitting:
        return FrameTiming(varies, stream.picture.rate)
    return FrameTiming(False, min(fitting, key=lambda rate: (rate.denominator not in (1, 1001), abs(rate - seen))))


def _in_samples(known: Sequence[float | None], zero: float, starts: Sequence[float]) -> list[list[float | None]]:
    """Return those times of a stream that lie in the samples from several moments on."""
    ends = [(zero + start, zero + start + _SAMPLE_SECONDS) for start in starts]
    return [[time for time in known if time is not None and begin <= time < end] for begin, end in ends]


def _times_of_samples(path: Path, stream: int, zero: float, starts: Sequence[float]) -> list[list[float | None]]:
    """Return the times (s) of a stream's packets, as ffprobe says them, for some seconds from each of several moments.

    ffprobe is started once for all, and does not say where one sample ends. That is where the packets' order (their
    decoding times) goes back, or ahead by seconds. Where there are not as many such places as there must be, each
    sample is asked for by itself.
    """
    intervals = [f"{f'{zero + start:.3f}' if start else ''}%+{_SAMPLE_SECONDS}" for start in starts]
    found: list[list[float | None]] = [[]]
    waiting: list[float | None] = []  # the first packets after a leap to another place may have no decoding time
    last: float | None = None

    def take(time: str, order: str, *_: str) -> None:
        nonlocal last
        waiting.append(ffprobe.number(time))
        if (at := ffprobe.number(order)) is None:
            return
        if last is not None and not last <= at < last + _SEPARATE_SECONDS:
            found.append([])
        last = at
        found[-1] += waiting
        waiting.clear()

    if len(starts) > 1:
        with contextlib.suppress(MediaError):
            ffprobe.packet_fields(path, "pts_time,dts_time", take, str(stream), ",".join(intervals))
            if len(found) == len(starts) and not waiting:
                return found
    found = []
    for interval in intervals:
        times: list[float | None] = []

        def add(time: str, *_: str, times: list[float | None] = times) -> None:
            times.append(ffprobe.number(time))

        ffprobe.packet_fields(path, "pts_time", add, str(stream), interval)
        found.append(times)
    return found


def _stream_facts(stream: Stream, header: Header, first: float | None, timing: FrameTiming) -> StreamFacts:
    # An encoder's priming samples come a little before the track's start; a start that is later is the true one.
    start = max((time for time in (stream.start_seconds, first) if time is not None), default=None)
    start_ms = None if start is None else max(0, seconds_to_ms(start - header.start_seconds))
    return StreamFacts(
        index=stream.index,
        kind=stream.kind,
        codec=stream.codec,
        language=None if stream.language in ("", "und") else stream.language,
        title=stream.title,
        default=stream.default,
        forced=stream.forced,
        start_ms=start_ms,
        duration_ms=None if header.estimated else stream.duration_ms(start_ms or 0),
        video=_picture_facts(
            stream.picture, timing if stream == header.film_picture else FrameTiming(None, stream.picture.rate)
        )
        if stream.picture
        else None,
        audio=stream.sound,
    )


def _picture_facts(picture: Picture, timing: FrameTiming) -> VideoFacts:
    return VideoFacts(
        width=picture.width,
        height=picture.height,
        pixel_aspect=picture.pixel_aspect,
        frame_rate=f"{timing.rate.numerator}/{timing.rate.denominator}" if timing.rate else None,
        variable_frame_rate=timing.varies,
        interlaced=picture.interlaced,
        rotation_degrees=picture.rotation_degrees,
    )
