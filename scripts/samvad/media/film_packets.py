"""The packets of a media file, as ffprobe reads them: when each is shown and decoded, its size, its checksum."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from samvad.core.times import seconds_to_ms
from samvad.core.typed_json import JsonObject
from samvad.media import ffprobe

#: The fields of a packet that are asked for.
_ENTRIES = "stream_index,pts_time,dts_time,duration_time,size,pos,flags"
#: Tracks that say nothing in the first minute are not searched for: an empty one would cost a reading of the film.
_FIRST_SECONDS = 60
#: What counts as a film's beginning: there its time zero is looked for. A stream that starts later is not the earliest.
BEGINNING_SECONDS = 10


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


def read(
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

    def split(*fields: str) -> None:
        take(_packet(*fields))

    interval = "" if seconds is None else f"%+{seconds}"
    ffprobe.packet_fields(path, _ENTRIES, split, "" if stream is None else str(stream), interval)


def _packet(number: str, pts: str, dts: str, length: str, size: str, place: str, flags: str, *_: str) -> Packet:
    """Return a packet by its fields as ffprobe prints them."""
    times = (ffprobe.microseconds(pts), ffprobe.microseconds(dts), ffprobe.microseconds(length))
    begins = int(place) if place.isdigit() else None
    return Packet(int(number), *times, int(size) if size.isdigit() else 0, "K" in flags, "D" in flags, begins)


def read_subtitles(path: Path, take: Callable[[int, int, int], None]) -> None:
    """Give the packets of all subtitle tracks to ``take``: the track's number, the time (µs), and the size in bytes.

    Raises:
        MediaError: ffprobe cannot read the file.
        ToolError: ffprobe is missing, or hung.
    """

    def split(stream: str, pts: str, size: str, *_: str) -> None:
        time_us = ffprobe.microseconds(pts)
        if time_us is not None and size.isdigit():
            take(int(stream), time_us, int(size))

    ffprobe.packet_fields(path, "stream_index,pts_time,size", split, "s")


def first_packets(path: Path) -> dict[int, Packet]:
    """Return the first packet of each stream that begins in the first ten seconds, as the container has them.

    Raises:
        MediaError: ffprobe cannot read it.
    """
    found: list[Packet] = []
    read(path, found.append, seconds=BEGINNING_SECONDS)
    return firsts(found)


def firsts(packets: Iterable[Packet]) -> dict[int, Packet]:
    """Return the first packet of each stream, of some in their order."""
    found: dict[int, Packet] = {}
    for packet in packets:
        found.setdefault(packet.stream, packet)
    return found


def of_beginning(seconds: float) -> tuple[str, ...]:
    """Return ffprobe's options that have it print the packets of so many seconds besides what else it is asked for."""
    return "-show_entries", f"packet={_ENTRIES}", "-read_intervals", f"%+{seconds}"


def of_json(printed: JsonObject) -> Packet:
    """Return a packet that ffprobe has printed as JSON.

    Raises:
        KeyError: it is not what ffprobe prints.
    """
    return _packet(str(printed["stream_index"]), *(str(printed.get(name, "N/A")) for name in _ENTRIES.split(",")[1:]))


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
        time = ffprobe.number(text)
        if time is not None:
            found[int(number)] = min(found.get(int(number), time), time)

    ffprobe.packet_fields(path, "stream_index,pts_time", take, *chosen)
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
        time = ffprobe.number(text)
        if kind in ("video", "audio") and time is not None:
            first, last = min(first, time), max(last, time + (ffprobe.number(length) or 0.0))

    ffprobe.packet_fields(path, "codec_type,pts_time,duration_time", take)
    return seconds_to_ms(max(0.0, last - first))


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
        time = ffprobe.microseconds(rest.partition(",")[0])
        if stream.isdigit() and time is not None:
            found.setdefault(int(stream), time)

    options = ["-v", "error", "-select_streams", "a", "-show_entries", "frame=stream_index,pts_time"]
    # A sound that cannot be decoded has no entry; the stage that decodes it says so.
    ffprobe.run(path, *options, "-read_intervals", f"%+{seconds}", "-of", "csv=p=0", stdout_line=take)
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
        time = ffprobe.number(text)
        if time is not None and checksum not in seen:
            found[checksum] = time
        else:
            found.pop(checksum, None)
        seen.add(checksum)

    interval = f"{start:.6f}%+{seconds}"
    ffprobe.packet_fields(path, "pts_time,data_hash", take, str(stream), interval, "-show_data_hash", "md5")
    return found
