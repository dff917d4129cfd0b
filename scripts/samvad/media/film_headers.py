"""What the headers of a media file say, as ffprobe reads them."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from samvad.core import files, outside
from samvad.core.errors import MediaError, ToolError
from samvad.core.times import seconds_to_ms
from samvad.core.typed_json import JsonObject
from samvad.documents.media_facts import AudioFacts
from samvad.media import ffprobe, film_packets, known_headers, late_streams, mp4_names
from samvad.media.film_packets import Packet

#: How much of the beginning is read to tell a still from moving pictures, in seconds.
_FIRST_SECONDS = 60
#: Containers (ffmpeg's names) of which a look at the beginning says what there is.
_WITHOUT_INDEX = frozenset({"mpegts", "mpeg", "nsv", "pva", "wtv", "ty"})
#: What ffprobe calls the properties of colours, and its words for those that it does not know.
_COLOUR = ("color_range", "color_space", "color_transfer", "color_primaries")
_UNKNOWN = ("unknown", "unspecified", "reserved")
#: What ffprobe says when it divides a file's size by its first bit rate (raw AAC, MP3 without a header).
_ESTIMATE = "Estimating duration from bitrate"
#: And of a stream of which its first look at a file did not tell all that a decoder needs.
_UNKNOWN_AT_FIRST = "Could not find codec parameters"
_GUESSED, _STATED = "guessed", "stated"
#: How ffprobe is asked for all of a file's headers.
_QUESTION = ("-v", "warning", "-show_format", "-show_streams", "-show_chapters", "-of", "json")
log = logging.getLogger(__name__)


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
        """Return whether ffmpeg found out what it needs to decode it; not of a picture without one key frame.

        Of a track that only stands for a cover, as in fragmented MP4, there is a size, but no codec.
        """
        if self.kind in ("video", "audio") and self.codec == "unknown":
            return False
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
        every = self.of_kind("video")
        pictures = [stream for stream in every if stream.is_known] or every
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


def read(path: Path) -> Header:
    """Ask ffprobe what a file's headers say.

    Raises:
        MediaError: ffmpeg cannot read it.
        ToolError: ffprobe is missing.
    """
    found = _told(path).header
    if late_streams.options(path) or not _may_lack(found):
        return found
    late_streams.remember(path)
    further = _told(path).header
    if _known_kinds(further) == _known_kinds(found):
        late_streams.forget(path)
        return found
    return further


def read_with_packets(path: Path, seconds: float) -> tuple[Header, list[Packet]]:
    """Ask ffprobe what a file's headers say, and for the packets of its first seconds, with one start of it.

    Raises:
        MediaError: ffmpeg cannot read it.
        ToolError: ffprobe is missing.
    """
    more = film_packets.of_beginning(seconds)
    told = _told(path, *more)
    if told.is_sure:
        return told.header, told.packets
    looked_so_far = late_streams.options(path)
    header = read(path)
    is_as_before = late_streams.options(path) == looked_so_far
    return header, told.packets if is_as_before else _told(path, *more).packets


def _may_lack(header: Header) -> bool:
    """Return whether something begins so late that nothing is known of it: where no index says what there is."""
    if header.container not in _WITHOUT_INDEX:
        return False
    return len(set(_known_kinds(header))) < 2 or not all(stream.is_known for stream in header.streams)


def _known_kinds(header: Header) -> list[str]:
    return [stream.kind for stream in header.streams if stream.kind in ("video", "audio") and stream.is_known]


class _Told(NamedTuple):
    """What ffprobe says; not sure is what it may know by the packets alone, which it prints before the headers."""

    header: Header
    packets: list[Packet]
    is_sure: bool = True


def _told(path: Path, *more: str) -> _Told:
    question = (*_QUESTION, *late_streams.options(path).values())
    memo = known_headers.of(path, (*question, *more))
    # The headers are the same, whether packets were asked for besides or not.
    with_packets = known_headers.of(path, (*question, *film_packets.of_beginning(film_packets.BEGINNING_SECONDS)))
    for known in filter(None, (memo, with_packets if not more else None)):
        if (remembered := known.find()) is not None:
            with contextlib.suppress(ToolError):  # it is damaged
                found = _read(path, remembered)
                log.debug("What ffprobe says of %s is known", path)
                return _Told(*found)
    done = ffprobe.run(path, *_QUESTION, *more)
    if done.code:
        ffprobe.check_kind(path, done)
        reason = done.last_line.rsplit(": ", 1)[-1]
        raise MediaError(
            f"{str(path)!r} is not a film that ffmpeg can read ({reason}).",
            "Play it to see whether it is whole; if it is not, copy it again.",
            path=str(path),
            stderr_tail=done.tail,
        )
    said = f"{_GUESSED if _ESTIMATE in done.tail else _STATED}\n{done.stdout}"
    header, packets = _read(path, said)
    is_sure = not more or (header.container not in _WITHOUT_INDEX and _UNKNOWN_AT_FIRST not in done.tail)
    if memo is not None and is_sure:
        memo.keep(said)
    return _Told(header, packets, is_sure)


def _read(path: Path, said: str) -> tuple[Header, list[Packet]]:
    """Read what ffprobe says of a file, after a line on how it knows the length."""
    try:
        how, _, text = said.partition("\n")
        found = outside.json_value(text)
        header = _header(found, estimated={_GUESSED: True, _STATED: False}[how])
        tracks = {int(stream["index"]): _track(stream) for stream in found.get("streams", [])}
        packets = [film_packets.of_json(packet) for packet in found.get("packets", [])]
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
        raise ToolError(
            f"What ffprobe says of {str(path)!r} is not what it says of films.", "Is it a whole, current version?"
        ) from None
    named = _with_names(path, header, tracks) if header.has_edit_lists else header
    return _with_stills_counted(path, named), packets


def duration_ms(text: str | None) -> int | None:
    """Read a duration in seconds (``49.25``) or on the clock (``00:00:49.250000000``), as Matroska's tags have it."""
    try:
        parts = [float(part) for part in (text or "").split(":")]
    except ValueError:  # N/A, or a tag that someone wrote by hand
        return None
    return seconds_to_ms(sum(part * 60**power for power, part in enumerate(reversed(parts))))


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
    begins = ffprobe.number(chapter.get("start_time")) or 0.0
    return round(begins * 1e6), str(chapter.get("tags", {}).get("title", ""))


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

    film_packets.read(path, take, seconds=_FIRST_SECONDS)
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
        start_seconds=ffprobe.number(found.get("start_time")),
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


def _whole_number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
