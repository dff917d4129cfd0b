"""What a media file holds, in the one closed shape that manifests record of films, sound and results.

ffprobe reads headers, and headers are wrong or silent in known ways. What can be measured cheaply is measured: when a
track's first packet comes, whether frames come evenly, and how long a file lasts that does not say so itself.
"""

from __future__ import annotations

import contextlib
import logging
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from samvad.core import files, held_files, outside, subprocesses
from samvad.core.errors import MediaError, ToolError
from samvad.core.times import seconds_to_ms
from samvad.core.typed_json import JsonObject
from samvad.documents.media_facts import AudioFacts, MediaFacts, StreamFacts, VideoFacts
from samvad.media import ffmpeg, film_file, mp4_names

log = logging.getLogger(__name__)

#: Tracks that say nothing in the first minute are not searched for: an empty one would cost a reading of the film.
_FIRST_SECONDS = 60
_BEGINNING_SECONDS = 10
#: Frames are timed in three places, this long each.
_SAMPLE_SECONDS = 20
#: What is so much later than the packet before belongs to the next place.
_SEPARATE_SECONDS = 5
#: Frames that come late in decoding order may be missing at the end of a sample; H.264 reorders 16 at most.
_REORDERED = 16
_MIN_FRAMES = 8
#: How far a rate may be from the one that is measured: 24 and 24000/1001 differ by a thousandth.
_RATE_TOLERANCE = 0.0005
#: ffmpeg's name of MPEG-TS, and the option by which a recording whose programme gets new numbers for its streams (PIDs,
#: in the middle: another broadcast, parts put together) stays one film: the picture goes on as the picture.
TRANSPORT_STREAM = "mpegts"
ONE_PROGRAM: Mapping[str, str | int | None] = MappingProxyType({"merge_pmt_versions": 1})
#: What ffprobe calls the properties of colours, and its words for those that it does not know.
_COLOUR = ("color_range", "color_space", "color_transfer", "color_primaries")
_UNKNOWN = ("unknown", "unspecified", "reserved")
#: What ffprobe says when it divides a file's size by its first bit rate (raw AAC, MP3 without a header).
_ESTIMATE = "Estimating duration from bitrate"


@dataclass(frozen=True)
class Picture:
    """A stream of moving pictures, as its header tells.

    Attributes:
        width: in pixels, as coded, before any rotation.
        height: in pixels.
        pixel_aspect: width:height of a pixel.
        average_rate: frames a second; None where the stream does not say.
        base_rate: the least common multiple of the rates that occur; of interlaced pictures, it can be that of fields.
        interlaced: None where the stream does not say.
        rotation_degrees: by how much it is turned against the clock to be shown.
        colour: ffmpeg's words for its range, space, transfer and primaries, those that are known.
        side_data: the kinds of data that travel beside the pictures, such as ``DOVI configuration record``.
    """

    width: int
    height: int
    pixel_aspect: str | None
    average_rate: Fraction | None
    base_rate: Fraction | None
    interlaced: bool | None
    rotation_degrees: int
    colour: Mapping[str, str] = field(default_factory=dict)
    side_data: frozenset[str] = frozenset()

    @property
    def aspect(self) -> Fraction | None:
        """Return the width of the picture to its height as it is shown, before it is turned; None where unknown."""
        across, _, down = (self.pixel_aspect or "1:1").partition(":")
        known = self.width and self.height and across.isdigit() and down.isdigit() and int(down)
        return Fraction(self.width * (int(across) or int(down)), self.height * int(down)) if known else None

    @property
    def rate(self) -> Fraction | None:
        """Return the frames a second that the header states, or None."""
        return self.average_rate or self.base_rate


@dataclass(frozen=True)
class Stream:
    """A stream of a file, as its header tells.

    Attributes:
        index: its number among all streams.
        kind: ``video``, ``audio``, ``subtitle``, ``data`` or ``attachment``; a cover picture is an attachment.
        codec: ffmpeg's name.
        language: the tag as it stands, such as ``hin``, or None.
        title: the track's name, or empty; of an attached file, the file's; of MP4's sound, its handler's, if need be.
        default: whether players choose it by themselves.
        forced: whether it is to be shown even when subtitles are off.
        hearing_impaired: whether it is for the deaf and hard of hearing.
        start_seconds: on the container's clock; None where it is not stated.
        length_ms: the duration that is stated, or None.
        ends_ms: of Matroska, when the track ends; there, ``length_ms`` is that of the film.
        frames: how many packets it has, where the header says so.
        flags: ffmpeg's words for what else the container says of it, such as ``comment`` or ``visual_impaired``.
        picture: of moving pictures.
        sound: of sound.
        tick: the step in seconds in which the container counts its times; None where that is not known.
    """

    index: int
    kind: str
    codec: str
    language: str | None
    title: str
    default: bool
    forced: bool
    hearing_impaired: bool
    start_seconds: float | None
    length_ms: int | None
    ends_ms: int | None
    frames: int | None
    flags: tuple[str, ...]
    picture: Picture | None
    sound: AudioFacts | None
    tick: Fraction | None = None

    @property
    def is_known(self) -> bool:
        """Return whether ffmpeg found out what it needs to decode it; not of a picture without one key frame."""
        return not (self.picture and not self.picture.width) and not (self.sound and not self.sound.channels)

    @property
    def start_us(self) -> int | None:
        """Return the stated start in microseconds on the container's clock."""
        return None if self.start_seconds is None else round(self.start_seconds * 1_000_000)

    def duration_ms(self, start_ms: int) -> int | None:
        """Return how long it lasts if it starts at a time (ms from the film's start), or None where that is unknown."""
        return self.length_ms if self.ends_ms is None else max(0, self.ends_ms - start_ms)


@dataclass(frozen=True)
class Header:
    """What ffprobe reads from a file's headers.

    Attributes:
        container: ffmpeg's name of it, whatever the file is called.
        start_seconds: its own first time, which is the film's time 0; MPEG-TS seldom begins at 0.
        duration_ms: the duration that is stated, or None where none is, or a guess.
        estimated: whether durations are guesses from the bit rate, which can be wrong tenfold.
        streams: in order.
        chapters: how many it has.
        marks: when each begins, in microseconds on the container's clock, and its title.
    """

    container: str
    start_seconds: float
    duration_ms: int | None
    estimated: bool
    streams: tuple[Stream, ...]
    chapters: int
    marks: tuple[tuple[int, str], ...] = ()

    @property
    def start_ms(self) -> int:
        """Return the container's first time in milliseconds."""
        return seconds_to_ms(self.start_seconds)

    def of_kind(self, kind: str) -> list[Stream]:
        """Return the streams of a kind, in order."""
        return [stream for stream in self.streams if stream.kind == kind]

    @property
    def moving(self) -> list[Stream]:
        """Return the moving pictures: of several tracks, one of a single picture is a cover, flagged so or not."""
        pictures = self.of_kind("video")
        return [stream for stream in pictures if stream.frames != 1] or pictures

    @property
    def undecodable(self) -> list[Stream]:
        """Return what nothing can decode where others of its kind can be, such as the AC-3 that a TrueHD lacks."""
        unknown = [stream for stream in self.streams if not stream.is_known]
        known = {stream.kind for stream in self.streams if stream.is_known}
        return [stream for stream in unknown if stream.kind in known]

    @property
    def film_picture(self) -> Stream | None:
        """Return the moving picture that a player shows: the one that is flagged as default, or the first."""
        return next((stream for stream in self.moving if stream.default), next(iter(self.moving), None))

    @property
    def has_edit_lists(self) -> bool:
        """Return whether it is of the family of MP4, where a list says what is played of each track, and when."""
        return self.container.startswith("mov,")

    def stream(self, index: int) -> Stream:
        """Return the stream of a number."""
        return next(stream for stream in self.streams if stream.index == index)


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet of a stream; times in microseconds on the container's clock.

    Attributes:
        stream: the stream's number.
        pts_us: when it is shown; None where the container does not say.
        dts_us: when it is decoded.
        duration_us: None where it is not known.
        size: in bytes.
        key: whether decoding can begin with it.
        dropped: whether it is decoded and not shown: an edit list leaves it out.
        position: where it begins in the file, in bytes; None where the container does not say.
    """

    stream: int
    pts_us: int | None
    dts_us: int | None
    duration_us: int | None
    size: int
    key: bool
    dropped: bool
    position: int | None = None


def read_header(path: Path) -> Header:
    """Ask ffprobe what a file's headers say.

    Raises:
        MediaError: ffmpeg cannot read it.
        ToolError: ffprobe is missing.
    """
    done = _run(path, "-v", "warning", "-show_format", "-show_streams", "-show_chapters", "-of", "json")
    if done.code:
        _check_kind(path, done)
        reason = done.last_line.rsplit(": ", 1)[-1]
        raise MediaError(
            f"{str(path)!r} is not a film that ffmpeg can read ({reason}).",
            "Play it to see whether it is whole; if it is not, copy it again.",
            path=str(path),
            stderr_tail=done.tail,
        )
    try:
        found = outside.json_value(done.stdout)
        header = _header(found, estimated=_ESTIMATE in done.tail)
        tracks = {int(stream["index"]): _track(stream) for stream in found.get("streams", [])}
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
        raise ToolError(
            f"What ffprobe says of {str(path)!r} is not what it says of films.", "Is it a whole, current version?"
        ) from None
    return _with_stills_counted(path, _with_names(path, header, tracks) if header.has_edit_lists else header)


def of(path: Path, header: Header | None = None) -> MediaFacts:
    """Return what a manifest records of a media file.

    Args:
        path: the file.
        header: from ``read_header``, or None to read it now.

    Raises:
        MediaError: ffmpeg cannot read it.
        ToolError: ffprobe is missing.
    """
    header = header or read_header(path)
    length_ms = header.duration_ms or playing_span_ms(path)
    # A WAV file has no times: its sound begins at 0.
    first = {0: 0.0} if header.container == "wav" else first_times(path)
    return describe(header, length_ms, first, frame_timing(path, header, length_ms))


def describe(header: Header, length_ms: int | None, first: Mapping[int, float], timing: FrameTiming) -> MediaFacts:
    """Return what a manifest records of a media file.

    Args:
        header: from ``read_header``.
        length_ms: how long it lasts.
        first: from ``first_times``.
        timing: from ``frame_timing``.
    """
    return MediaFacts(
        container=header.container,
        start_ms=header.start_ms,
        duration_ms=length_ms,
        duration_from="header" if header.duration_ms else "packets",
        streams=tuple(_stream_facts(stream, header, first.get(stream.index), timing) for stream in header.streams),
    )


def first_times(path: Path, stream: int | None = None) -> dict[int, float]:
    """Return the time (s, on the container's clock) of the first packet of each audio track of the first minute.

    ffprobe's own ``start_time`` of a Matroska track that starts 5 s late can be 0.

    Args:
        path: the file.
        stream: look for the first packet of this one alone, however late it comes.
    """
    chosen = ("a", f"%+{_FIRST_SECONDS}") if stream is None else (str(stream), "%+#1")
    found: dict[int, float] = {}

    def take(number: str, text: str, *_: str) -> None:
        time = _number(text)
        if time is not None:
            found[int(number)] = min(found.get(int(number), time), time)

    _read_packets(path, "stream_index,pts_time", take, *chosen)
    return found


@dataclass(frozen=True)
class FrameTiming:
    """How a picture's frames come.

    Attributes:
        varies: whether they come unevenly; None without a picture or times.
        rate: frames a second; None where nothing says.
    """

    varies: bool | None
    rate: Fraction | None


def frame_timing(path: Path, header: Header, length_ms: int | None) -> FrameTiming:
    """Return how the frames of a film's picture come, measured at its beginning, in the middle and near its end.

    Averages in headers do not tell: of Matroska, ffprobe averages the first frames only; of fragmented MP4, it counts
    the time before the first frame. Frames vary if more than one step in a hundred differs; where they do not, the rate
    is the one of the header's two that fits what was measured.
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
    for texts in _times_of_samples(path, stream.index, header.start_seconds, starts):
        numbers = [_number(text) for text in texts]
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


def _times_of_samples(path: Path, stream: int, zero: float, starts: Sequence[float]) -> list[list[str]]:
    """Return the times of a stream's packets, as ffprobe prints them, for some seconds from each of several moments.

    ffprobe is started once for all, and does not say where one sample ends. That is where the packets' order (their
    decoding times) goes back, or ahead by seconds. Where there are not as many such places as there must be, each
    sample is asked for by itself.
    """
    intervals = [f"{f'{zero + start:.3f}' if start else ''}%+{_SAMPLE_SECONDS}" for start in starts]
    found: list[list[str]] = [[]]
    waiting: list[str] = []  # the first packets after a leap to another place may have no decoding time
    last: float | None = None

    def take(time: str, order: str, *_: str) -> None:
        nonlocal last
        waiting.append(time)
        if (at := _number(order)) is None:
            return
        if last is not None and not last <= at < last + _SEPARATE_SECONDS:
            found.append([])
        last = at
        found[-1] += waiting
        waiting.clear()

    if len(starts) > 1:
        with contextlib.suppress(MediaError):
            _read_packets(path, "pts_time,dts_time", take, str(stream), ",".join(intervals))
            if len(found) == len(starts) and not waiting:
                return found
    found = []
    for interval in intervals:
        texts: list[str] = []
        _read_packets(path, "pts_time", lambda *fields, texts=texts: texts.append(fields[0]), str(stream), interval)
        found.append(texts)
    return found


def playing_span_ms(path: Path) -> int:
    """Return the time from the first to the last moment of picture and sound, by reading every packet.

    Containers measure their duration in different ways (from zero, from the first packet, or not at all); this does
    not depend on them. It reads the whole file.

    Raises:
        MediaError: ffprobe cannot read it.
    """
    first, last = float("inf"), 0.0

    def take(kind: str, text: str, length: str, *_: str) -> None:
        nonlocal first, last
        time = _number(text)
        if kind in ("video", "audio") and time is not None:
            first, last = min(first, time), max(last, time + (_number(length) or 0.0))

    _read_packets(path, "codec_type,pts_time,duration_time", take)
    return seconds_to_ms(max(0.0, last - first))


def duration_ms(text: str | None) -> int | None:
    """Read a duration in seconds (``49.25``) or on the clock (``00:00:49.250000000``), as Matroska's tags have it."""
    try:
        parts = [float(part) for part in (text or "").split(":")]
    except ValueError:  # N/A, or a tag that someone wrote by hand
        return None
    return seconds_to_ms(sum(part * 60**power for power, part in enumerate(reversed(parts))))


def read_packets(
    path: Path, take: Callable[[Packet], None], *, seconds: float | None = None, stream: int | None = None
) -> None:
    """Give a file's packets to ``take``, one at a time, in the file's order: a film has a million of them.

    Args:
        path: the file.
        take: called with each packet.
        seconds: read so much of the beginning; None for the whole file.
        stream: the number of the only stream whose packets are wanted; None for all.

    Raises:
        MediaError: ffprobe cannot read the file.
        ToolError: ffprobe is missing, or hung.
    """

    def split(number: str, pts: str, dts: str, length: str, size: str, place: str, flags: str, *_: str) -> None:
        times = (_microseconds(pts), _microseconds(dts), _microseconds(length))
        begins = int(place) if place.isdigit() else None
        take(Packet(int(number), *times, int(size) if size.isdigit() else 0, "K" in flags, "D" in flags, begins))

    entries = "stream_index,pts_time,dts_time,duration_time,size,pos,flags"
    interval = "" if seconds is None else f"%+{seconds}"
    _read_packets(path, entries, split, "" if stream is None else str(stream), interval)


def read_subtitle_packets(path: Path, take: Callable[[int, int, int], None]) -> None:
    """Give the packets of all subtitle tracks to ``take``: the track's number, the time (µs), and the size in bytes.

    Raises:
        MediaError: ffprobe cannot read the file.
        ToolError: ffprobe is missing, or hung.
    """

    def split(stream: str, pts: str, size: str, *_: str) -> None:
        time_us = _microseconds(pts)
        if time_us is not None and size.isdigit():
            take(int(stream), time_us, int(size))

    _read_packets(path, "stream_index,pts_time,size", split, "s")


def first_heard_us(path: Path, seconds: float) -> dict[int, int]:
    """Return when the first sample of each sound is heard, in microseconds on the container's clock.

    What comes out of the decoder has no priming samples any more, whichever way the container tells of them.

    Args:
        path: the file.
        seconds: how much of its beginning is looked at; sounds that begin later are not in the result.

    Raises:
        ToolError: ffprobe is missing, or hung.
    """
    found: dict[int, int] = {}

    def take(line: str) -> None:
        stream, _, rest = line.strip().partition(",")
        time = _microseconds(rest.partition(",")[0])
        if stream.isdigit() and time is not None:
            found.setdefault(int(stream), time)

    options = ["-v", "error", "-select_streams", "a", "-show_entries", "frame=stream_index,pts_time"]
    # A sound that cannot be decoded has no entry; the stage that decodes it says so.
    _run(path, *options, "-read_intervals", f"%+{seconds}", "-of", "csv=p=0", stdout_line=take)
    return found


def packet_hashes(path: Path, stream: int, start: float, seconds: float) -> dict[str, float]:
    """Return the checksums of the bytes of a stream's packets, each with its time (s, on the container's clock).

    Packets whose bytes are those of another are left out: they tell no time.

    Args:
        path: the file.
        stream: the stream's number.
        start: from when on, on the container's clock.
        seconds: how much is read from there.

    Raises:
        MediaError: ffprobe cannot read it.
    """
    found: dict[str, float] = {}
    seen: set[str] = set()

    def take(text: str, checksum: str, *_: str) -> None:
        time = _number(text)
        if time is not None and checksum not in seen:
            found[checksum] = time
        else:
            found.pop(checksum, None)
        seen.add(checksum)

    interval = f"{start:.6f}%+{seconds}"
    _read_packets(path, "pts_time,data_hash", take, str(stream), interval, "-show_data_hash", "md5")
    return found


def first_packets(path: Path) -> dict[int, Packet]:
    """Return the first packet of each stream that begins in the first ten seconds, as the container has them.

    Raises:
        MediaError: ffprobe cannot read it.
    """
    found: dict[int, Packet] = {}

    def take(packet: Packet) -> None:
        found.setdefault(packet.stream, packet)

    read_packets(path, take, seconds=_BEGINNING_SECONDS)
    return found


def _header(found: JsonObject, *, estimated: bool) -> Header:
    """Turn ffprobe's own ``format``, ``streams`` and ``chapters`` into a header."""
    form = found.get("format", {})
    return Header(
        container=str(form.get("format_name", "unknown")),
        start_seconds=float(form.get("start_time") or 0.0),
        duration_ms=None if estimated else duration_ms(form.get("duration")),
        estimated=estimated,
        streams=tuple(_stream(stream) for stream in found.get("streams", [])),
        chapters=len(found.get("chapters", [])),
        marks=tuple(_mark(chapter) for chapter in found.get("chapters", [])),
    )


def _mark(chapter: JsonObject) -> tuple[int, str]:
    return round((_number(chapter.get("start_time")) or 0.0) * 1e6), str(chapter.get("tags", {}).get("title", ""))


def _track(found: JsonObject) -> tuple[int, str]:
    """Return the number of MP4's track, and its name as ffprobe has it: that of what handles it."""
    return int(str(found.get("id", "0")), 0), str(found.get("tags", {}).get("handler_name", ""))


def _with_names(path: Path, header: Header, tracks: Mapping[int, tuple[int, str]]) -> Header:
    """Give MP4's tracks that have no title the names that are theirs; ``tracks`` is from ``_track``, by stream."""
    with files.disk_errors(path, "read"):
        names = mp4_names.read(path)

    def name(stream: Stream) -> str:
        number, handler = tracks[stream.index]
        return names.get(number) or (mp4_names.of_handler(handler) if stream.kind == "audio" else "")

    named = (replace(stream, title=stream.title or name(stream)) for stream in header.streams)
    return replace(header, streams=tuple(named))


def _with_stills_counted(path: Path, header: Header) -> Header:
    """Look for stills among several pictures whose header does not say how many frames they have."""
    pictures = [stream.index for stream in header.of_kind("video") if stream.frames is None]
    if len(header.of_kind("video")) < 2 or not pictures:
        return header
    counts: dict[int, int] = {}

    def take(packet: Packet) -> None:
        counts[packet.stream] = counts.get(packet.stream, 0) + 1

    read_packets(path, take, seconds=_FIRST_SECONDS)
    if all(counts.get(number, 0) <= 1 for number in pictures):
        return header
    return replace(
        header,
        streams=tuple(
            replace(stream, frames=1) if stream.index in pictures and counts.get(stream.index) == 1 else stream
            for stream in header.streams
        ),
    )


def _stream(found: JsonObject) -> Stream:
    disposition, kind = found.get("disposition", {}), str(found.get("codec_type", "data"))
    tags = {key.lower(): str(value) for key, value in found.get("tags", {}).items()}
    kind = "attachment" if disposition.get("attached_pic") else kind
    return Stream(
        index=int(found["index"]),
        kind=kind,
        codec=str(found.get("codec_name", "unknown")),
        language=tags.get("language"),
        title=tags.get("title") or (tags.get("filename", "") if kind == "attachment" else ""),
        default=bool(disposition.get("default")),
        forced=bool(disposition.get("forced")),
        hearing_impaired=bool(disposition.get("hearing_impaired")),
        start_seconds=_number(found.get("start_time")),
        length_ms=duration_ms(found.get("duration")),
        ends_ms=duration_ms(tags.get("duration")),
        flags=tuple(sorted(name for name, value in disposition.items() if value and name not in ("default", "forced"))),
        frames=_whole_number(found.get("nb_frames") or tags.get("number_of_frames")),
        picture=_picture(found) if kind == "video" else None,
        sound=_sound(found) if kind == "audio" else None,
        tick=_rate(found.get("time_base")),
    )


def _picture(found: JsonObject) -> Picture:
    order = found.get("field_order")
    turned = [side["rotation"] for side in found.get("side_data_list", []) if "rotation" in side]
    return Picture(
        width=int(found.get("width", 0)),
        height=int(found.get("height", 0)),
        pixel_aspect=found.get("sample_aspect_ratio"),
        average_rate=_rate(found.get("avg_frame_rate")),
        base_rate=_rate(found.get("r_frame_rate")),
        interlaced=None if order in (None, "unknown") else order != "progressive",
        rotation_degrees=int(turned[0]) if turned else 0,
        colour={key: str(found[key]) for key in _COLOUR if found.get(key, "unknown") not in _UNKNOWN},
        side_data=frozenset(str(side.get("side_data_type")) for side in found.get("side_data_list", [])),
    )


def _sound(found: JsonObject) -> AudioFacts:
    return AudioFacts(
        channels=int(found.get("channels", 0)),
        layout=found.get("channel_layout") or None,
        sample_rate_hz=int(found.get("sample_rate", 0)),
    )


def _rate(text: str | None) -> Fraction | None:
    """Read a fraction such as the frame rate ``24000/1001``; None for ``0/0``."""
    numerator, _, denominator = (text or "0/0").partition("/")
    if not int(numerator) or not int(denominator or 1):
        return None
    return Fraction(int(numerator), int(denominator or 1))


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


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:  # N/A, or nothing
        return None


def _whole_number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _microseconds(text: str) -> int | None:
    """Read a time that ffprobe prints, in seconds with six digits; None for ``N/A``."""
    try:
        return round(float(text) * 1_000_000)
    except ValueError:
        return None


def _read_packets(
    path: Path, entries: str, take: Callable[..., None], streams: str = "", interval: str = "", *more: str
) -> None:
    """Give the fields of a file's packets to ``take``, one packet at a time: a film has a million of them.

    Raises:
        MediaError: ffprobe cannot read the file.
    """
    options = ["-v", "error", *more, "-show_entries", f"packet={entries}", "-of", "csv=p=0"]
    options += ["-select_streams", streams] if streams else []
    options += ["-read_intervals", interval] if interval else []
    wanted = entries.count(",") + 1

    def split(line: str) -> None:
        fields = line.strip().split(",")
        if len(fields) >= wanted and fields[0]:  # side data follows on lines and fields of its own
            take(*fields)

    done = _run(path, *options, stdout_line=split)
    if done.code:
        _check_kind(path, done)
        raise MediaError(
            f"ffprobe cannot read {str(path)!r} (exit code {done.code}).",
            "Play the film to see whether it is whole; if it is not, copy it again.",
            path=str(path),
        )


def _run(path: Path, *options: str, stdout_line: Callable[[str], None] | None = None) -> subprocesses.Done:
    """Ask ffprobe about a file. ffmpeg-python's own ``probe`` runs it itself, unlogged, and keeps all that it says."""
    given = {**ffmpeg.closed(), **ONE_PROGRAM}  # ffprobe does not mind it where the file is of another kind
    closed = [word for name, value in given.items() for word in (f"-{name}", str(value))]
    words = ["ffprobe", *options, *closed, f"file:{held_files.opened(path)}"]
    done = subprocesses.run(words, stdout_line=stdout_line)
    if any(map(held_files.cannot_read, done.tail.splitlines())):
        held_files.read_through()
    return done


def _check_kind(path: Path, done: subprocesses.Done) -> None:
    """Refuse a file of a kind that is no film's, by the name of the kind.

    Raises:
        MediaError: it is one.
    """
    kind = ffmpeg.refused_kind(done.tail)
    if kind is None:
        return
    listed = film_file.LISTS.get(kind)
    what = f"is {listed}, not a film: its picture and sound would come from other files" if listed else "is no film"
    raise MediaError(
        f"{str(path)!r} {what} (ffmpeg calls its kind {kind!r}).",
        "Make one file of it first, such as `ffmpeg -i LIST -c copy film.mkv`, and give that one."
        if listed
        else "Give the film itself, or convert it to MKV or MP4.",
        path=str(path),
        stderr_tail=done.tail,
    )
