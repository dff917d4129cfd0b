"""One clock for a film: what a player shows at its time zero is 0, and all that Samvad says of times counts from there.

A container has a clock of its own, which starts anywhere and may leap. A player obeys edit lists, drops priming
samples, takes the first picture or sound that is left for the beginning, whatever the container calls that moment, and
plays on where the times leap. docs/design.md, "One clock", has the rules; this module is where they are kept.

``opened`` finds zero by a look at a film's beginning, and gives the film as ffmpeg's commands are to read it;
``read`` says the rest, by reading every packet. ``Reading`` does that while something else is done with the film.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from samvad.core.stopped_threads import Pool
from samvad.documents.film_clock import FilmClock, Jump, Span
from samvad.media import ffmpeg, ffprobe, film_headers, film_packets, late_streams
from samvad.media.film_headers import Header

#: ffmpeg's containers with AVFMT_TS_DISCONT: their times may leap, and ffmpeg puts the parts together as it reads.
_LEAPING = frozenset({"mpegts", "mpeg", "ogg", "nsv"})
#: ffmpeg's own bounds (``-dts_delta_threshold``, and its tenth of a second for times that go back), in microseconds.
_LEAP_US = 10_000_000
_BACK_US = 100_000
#: A hole shorter than this is what rounding and jitter make of sound without one.
GAP_MS = 30
#: No packet of sound is as long as this.
_LONGEST_PACKET_US = 1_000_000
#: Sound whose time is so much before the end of what came already is not heard: players fill a time once.
_AGAIN_US = 1_000_000
#: Decoders that take two packets before they give the first sound. No container tells of priming samples in them: what
#: comes before that is silence, which players play.
_SLOW_DECODERS = frozenset({"wmav1", "wmav2", "wmapro", "wmalossless", "wmavoice"})
#: How much of the beginning is decoded, to know how much of the first sound is priming.
_HEARD_SECONDS = 1


@dataclass(frozen=True)
class Start:
    """Where a film begins on its container's clock; see ``FilmClock`` for the fields."""

    zero_us: int
    ffmpeg_zero_us: int
    leaps: bool


@dataclass(frozen=True)
class Film:
    """A film that ffmpeg's commands can read on its clock; ``opened`` makes it.

    Attributes:
        path: of the film.
        header: what its headers say.
        start: where its clock begins.
    """

    path: Path
    header: Header
    start: Start

    def source(self, **options: str | int | None) -> ffmpeg.Stream:
        """Return the film to read with ffmpeg, with the options that stand before its name; times are on its clock.

        ffmpeg takes its own zero away from all times; the difference is put back. Holes and late starts are left in the
        times: for sound, the filter ``ffmpeg.sound_in_time`` fills them with silence.
        """
        late_us = self.start.ffmpeg_zero_us - self.start.zero_us
        if late_us:
            options["itsoffset"] = f"{late_us}us"
        if self.header.container == ffprobe.TRANSPORT_STREAM:
            options |= ffprobe.ONE_PROGRAM
        return ffmpeg.source(self.path, f="", **options)

    @property
    def off_seconds(self) -> float:
        """Return by how much its sound may be off its packets' times before it is put right (``sound_in_time``)."""
        # Ogg states the time of a page's last packet alone: those of the others are counted, and may be off.
        exact = self.start.leaps and self.header.container != "ogg"
        return ffmpeg.OFF_SECONDS_WHERE_LEAPS if exact else ffmpeg.OFF_SECONDS

    @property
    def read_along(self) -> list[int]:
        """Return the streams that every ffmpeg command must read: none, but where the container's times may leap.

        There, ffmpeg takes the earliest of the streams *that it reads* for zero, and puts the parts before and after a
        leap together by them: a command for the sound alone would have another clock than one for the picture.
        """
        return sorted(_shown_streams(self.header)) if self.start.leaps else []


def opened(path: Path, header: Header | None = None) -> Film:
    """Return a film that can be read on its clock, after a look at its headers and its first seconds.

    Args:
        path: of the film.
        header: what is to be taken for its headers, where that is less than what ffprobe reads.

    Raises:
        MediaError: ffprobe cannot read it.
        ToolError: ffprobe is missing, or hung.
    """
    looked_so_far = late_streams.options(path)
    with Pool(1) as beside:  # all that comes after waits for this: both questions are asked at the same time
        heard = beside.submit(film_packets.first_heard_us, path, _HEARD_SECONDS)
        read, packets = film_headers.read_with_packets(path, film_packets.BEGINNING_SECONDS)
        heard_us = heard.result()
    if late_streams.options(path) != looked_so_far:  # what was heard may be of streams by other numbers
        heard_us = film_packets.first_heard_us(path, _HEARD_SECONDS)
    header = header or read
    return Film(path, header, _start(header, packets, heard_us))


def on_known(path: Path, known: FilmClock, header: Header | None = None) -> Film:
    """Return a film that can be read on its clock, as stage 01 wrote it down.

    Args:
        path: of the film.
        known: its clock.
        header: from ``film_headers.read``, where it is known already.

    Raises:
        MediaError: ffprobe cannot read it.
        ToolError: ffprobe is missing, or hung.
    """
    return Film(path, header or film_headers.read(path), Start(known.zero_us, known.ffmpeg_zero_us, known.leaps))


def read(film: Film) -> FilmClock:
    """Return all that is known of a film's times, by reading every packet of it (not decoding).

    Raises:
        MediaError: ffprobe cannot read it.
        ToolError: ffprobe is missing, or hung.
    """
    packets = _Packets(film.header)
    film_packets.read(film.path, packets.take)
    return packets.clock(film.start)


@dataclass(frozen=True)
class Reach:
    """What a file's packets say of how much of it is played.

    Attributes:
        bytes: where the last of them ends in the file; 0 where the container does not say.
        again_ms: how much of a sound has times that went by already, so that it is not heard.
        again_at_ms: when that begins, on the film's clock: where the times go back; None where they do not.
        twice_ms: how much of it is left out since it has the time of the packet before: the file's times are wrong.
        packet_ms: how long a packet of it is on average.
        late_ms: by how much a sound is late behind a place where its times go back, since ffmpeg takes that for a leap
            where it decodes a sound, and not where it copies packets; 0 where there is none.
        late_at_ms: where that is, on the film's clock.
    """

    bytes: int
    again_ms: int
    again_at_ms: int | None
    twice_ms: int
    packet_ms: float
    late_ms: int = 0
    late_at_ms: int | None = None


class Reading:
    """A film whose packets are read from beginning to end, once, while other things are done with it.

    Args:
        film: to be read, on its clock.
        pool: where a thread of it has nothing else to do.
    """

    def __init__(self, film: Film, pool: ThreadPoolExecutor) -> None:
        self.film = film
        self._packets = _Packets(film.header)
        self._read: Future[None] = pool.submit(film_packets.read, film.path, self._packets.take)

    def clock(self) -> FilmClock:
        """Return all that is known of the film's times, when it has been read.

        Raises:
            MediaError: ffprobe cannot read it.
            ToolError: ffprobe is missing, or hung.
        """
        self._read.result()
        return self._packets.clock(self.film.start)

    def reach(self, stream: int) -> Reach:
        """Return how far into the file its packets reach, and what of a sound comes at a time that is past."""
        self._read.result()
        return self._packets.reach(self.film.start, stream)

    def picture_times(self) -> list[float | None] | None:
        """Return the time (s) of each packet of the film's picture on the container's clock, in the file's order.

        An item is None where the container does not say; all is None where its clock leaps, for that gives no order.
        """
        self._read.result()
        return None if self.film.start.leaps else self._packets.picture_times


def _shown_streams(header: Header) -> dict[int, str]:
    """Return the kinds of the streams that a player's clock goes by: moving pictures and sounds that can be decoded."""
    return {stream.index: stream.kind for stream in (*header.moving, *header.of_kind("audio")) if stream.is_known}


def _start(header: Header, packets: Iterable[film_packets.Packet], heard_us: Mapping[int, int]) -> Start:
    """Return where a film begins.

    Args:
        header: of the film.
        packets: those of its first seconds.
        heard_us: when the first sample of each sound is heard, from ``film_packets.first_heard_us``.
    """
    ffmpeg_us = round(header.start_seconds * 1_000_000)
    first = _first_us(_shown_streams(header), packets)
    for number, time_us in heard_us.items():
        if number in first and header.stream(number).codec not in _SLOW_DECODERS:
            first[number] = max(first[number], time_us)
    if header.has_edit_lists:  # they cut within packets, too
        stated = {number: header.stream(number).start_us for number in first}
        first = {
            number: max(time, time if (begin := stated[number]) is None else begin) for number, time in first.items()
        }
    return Start(min(first.values(), default=ffmpeg_us), ffmpeg_us, header.container in _LEAPING)


def _first_us(shown: Container[int], packets: Iterable[film_packets.Packet]) -> dict[int, int]:
    """Return when the first packet of each stream that counts is shown; those without a time before it are counted."""
    first: dict[int, int] = {}
    untimed_us: dict[int, int] = {}
    for packet in packets:
        number = packet.stream
        if number not in shown or number in first or packet.dropped:
            continue
        if packet.pts_us is None:
            untimed_us[number] = untimed_us.get(number, 0) + (packet.duration_us or 0)
        else:
            first[number] = packet.pts_us - untimed_us.get(number, 0)
    return first


class _Packets:
    """What all packets of a film add up to."""

    def __init__(self, header: Header) -> None:
        self._line = _Line(header.container in _LEAPING)
        self._tracks = {number: _Track(number, kind) for number, kind in _shown_streams(header).items()}
        self._end_bytes = 0
        self._picture = header.film_picture.index if header.film_picture else None
        self.picture_times: list[float | None] = []

    def take(self, packet: film_packets.Packet) -> None:
        """Take a packet, in the file's order."""
        if packet.position is not None and packet.position >= self._end_bytes:
            self._end_bytes = packet.position + packet.size
        if packet.stream == self._picture:
            self.picture_times.append(None if packet.pts_us is None else packet.pts_us / 1e6)
        track = self._tracks.get(packet.stream)
        if track is not None:
            self._line.follow(packet, track)
            if packet.dropped:
                track.drop(packet, self._line.offset_us)
            else:
                track.add(packet, self._line.offset_us)

    def reach(self, begins: Start, stream: int) -> Reach:
        """Return how much of the file is played, once all has been taken."""
        track = self._tracks.get(stream) or _Track(stream, "audio")

        def on_clock(time_us: int | None) -> int | None:
            return None if time_us is None else round((time_us - begins.zero_us) / 1000)

        return Reach(
            self._end_bytes,
            round(track.again_us / 1000),
            on_clock(track.again_at_us),
            round(track.twice_us / 1000),
            track.all_us / max(1, track.packets) / 1000,
            round(track.late_us / 1000) if begins.leaps else 0,
            on_clock(track.late_at_us),
        )

    def clock(self, begins: Start) -> FilmClock:
        """Return the film's clock, once all has been taken."""
        zero_us = begins.zero_us
        spans = tuple(span for track in self._tracks.values() if (span := track.span(zero_us)) is not None)
        return FilmClock(
            zero_us=zero_us,
            ffmpeg_zero_us=begins.ffmpeg_zero_us,
            leaps=begins.leaps,
            duration_ms=max((span.end_ms for span in spans), default=0),
            spans=spans,
            jumps=tuple(Jump(round((at - zero_us) / 1000), round(by / 1000)) for at, by in self._line.jumps_us),
        )


@dataclass
class _Track:
    """What the packets of a stream add up to, in microseconds on the container's clock, leaps taken out."""

    stream: int
    kind: str
    first_us: int | None = None
    end_us: int = 0
    untimed_us: int = 0
    decoded_from_us: int | None = None
    decoded_until_us: int = 0
    next_us: int | None = None
    latest_us: int | None = None
    last_pts_us: int | None = None
    length_us: int = 0
    packets: int = 0
    all_us: int = 0
    again_us: int = 0
    twice_us: int = 0
    again_at_us: int | None = None
    late_us: int = 0
    late_at_us: int | None = None
    gaps: list[tuple[int, int]] = field(default_factory=list)

    def drop(self, packet: film_packets.Packet, offset_us: int) -> None:
        """Count a packet that is not shown: no edit list, but wrong times, where it has that of the packet before."""
        if packet.pts_us is not None and packet.pts_us + offset_us == self.last_pts_us:
            self.twice_us += packet.duration_us or 0

    def add(self, packet: film_packets.Packet, offset_us: int) -> None:
        """Count a packet that is shown."""
        if packet.pts_us is None:
            if self.first_us is None:
                self.untimed_us += packet.duration_us or 0
                if packet.dts_us is not None:
                    decoded_us = packet.dts_us + offset_us
                    self.decoded_from_us = decoded_us if self.decoded_from_us is None else self.decoded_from_us
                    self.decoded_until_us = max(self.decoded_until_us, decoded_us + (packet.duration_us or 0))
            else:
                self.end_us += packet.duration_us or 0
            return
        begin = packet.pts_us + offset_us
        if self.first_us is None:
            self.first_us = begin - self.untimed_us
        elif self.kind == "audio" and begin - self.end_us > (GAP_MS * 1000 if self.length_us else _LONGEST_PACKET_US):
            self.gaps.append((self.end_us, begin))
        elif self.last_pts_us is not None and begin < self.last_pts_us and self.end_us - begin > _BACK_US:
            self.late_us += self.end_us - begin
            self.late_at_us = begin if self.late_at_us is None else self.late_at_us
        # Some containers state no lengths: the step from the packet before is as good.
        self.length_us = packet.duration_us or 0
        step_us = min(max(0, begin - self.last_pts_us), _LONGEST_PACKET_US) if self.last_pts_us is not None else 0
        self.last_pts_us = begin
        self.packets += 1
        self.all_us += self.length_us or step_us
        if self.end_us - begin > _AGAIN_US:
            self.again_us += self.length_us or step_us
            self.again_at_us = self.end_us if self.again_at_us is None else self.again_at_us
        self.end_us = max(self.end_us, begin + (self.length_us or step_us))

    def span(self, zero_us: int) -> Span | None:
        """Return when it plays; a start before zero is priming, which is not shown."""
        first_us, end_us = self.first_us, self.end_us
        if first_us is None and self.decoded_from_us is not None:
            # AVI says of H.264 only when a picture is to be decoded. Those that were dropped leave room in these times.
            first_us, end_us = self.decoded_from_us, self.decoded_until_us
        if first_us is None:
            return None

        def on_clock(time_us: int) -> int:
            return max(0, round((time_us - zero_us) / 1000))

        gaps = tuple((on_clock(begin), on_clock(end)) for begin, end in self.gaps)
        return Span(self.stream, self.kind, on_clock(first_us), on_clock(end_us), gaps)


class _Line:
    """Follows leaps of the container's times as ffmpeg does (``ts_discontinuity_process`` of its command)."""

    def __init__(self, leaps: bool) -> None:
        self.offset_us = 0
        self.jumps_us: list[tuple[int, int]] = []  # when, and by how much
        self._leaps = leaps
        self._last_us: int | None = None

    def follow(self, packet: film_packets.Packet, track: _Track) -> None:
        """Take a packet's time; where it leaps, ``offset_us`` is what takes the leap out from here on."""
        if not self._leaps or packet.dts_us is None:
            return
        time = packet.dts_us + self.offset_us
        delta = 0
        if track.next_us is not None:
            delta = time - track.next_us
            if abs(delta) <= _LEAP_US and (track.latest_us is None or time + _BACK_US >= track.latest_us):
                delta = 0
        elif self._last_us is not None and abs(time - self._last_us) > _LEAP_US:
            delta = time - self._last_us
        if delta:
            self.offset_us -= delta
            time -= delta
            self.jumps_us.append((time, delta))
        self._last_us = time
        track.latest_us = time if track.latest_us is None else max(track.latest_us, time)
        track.next_us = time + (packet.duration_us or 0)
