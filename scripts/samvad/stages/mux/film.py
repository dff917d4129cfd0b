"""A film that is to be subtitled, and how its pictures begin."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from samvad.media import film_packets
from samvad.media.clock import Film
from samvad.media.film_headers import Header, Stream
from samvad.media.film_packets import Packet

#: The first key picture is looked for in so much of a film.
_KEY_SECONDS = 60
#: How far after a key picture a seek to it is led.
_SEEK_US = 500_000
#: Times that differ by less are the same.
_SAME_US = 1_000


@dataclass(frozen=True)
class Beginning:
    """How a picture begins whose first packets a list of edits hides; times are microseconds on the film's clock.

    Attributes:
        stream: the picture.
        shown_us: when its first picture is shown.
        key_us: when the first key picture is shown from which on all others can be decoded; None where there is none.
        delay_us: by how much that one is decoded before it is shown.
        middle_us: midway from it to the next key picture, from where a seek leads back to it: ffmpeg looks for the time
            of decoding, and from some tenths of a second before.
    """

    stream: Stream
    shown_us: int
    key_us: int | None
    delay_us: int = 0
    middle_us: int = 0

    @property
    def is_key(self) -> bool:
        """Return whether the first picture that is shown needs none before it."""
        return self.key_us is not None and self.key_us - self.shown_us <= _SAME_US


@dataclass(frozen=True)
class FilmFile:
    """A film that is to be subtitled.

    Attributes:
        film: the film, to be read on its clock.
        leaps: whether its times leap somewhere, so that no seek leads where it should.
        duration_ms: how long it is, as stage 01 found it.
        known_first: the first packet of each stream, where they are known already.
    """

    film: Film
    leaps: bool
    duration_ms: int
    known_first: Mapping[int, Packet] | None = None

    @property
    def path(self) -> Path:
        """Return where it lies."""
        return self.film.path

    @property
    def header(self) -> Header:
        """Return what ffprobe reads in it."""
        return self.film.header

    @property
    def zero_us(self) -> int:
        """Return its time zero on its container's clock."""
        return self.film.start.zero_us

    @property
    def streams(self) -> list[Stream]:
        """Return what is seen and heard of it: moving pictures, then sounds."""
        return [*self.header.moving, *self.header.of_kind("audio")]

    @functools.cached_property
    def first_packets(self) -> dict[int, film_packets.Packet]:
        """Return the first packet of each stream, as the container has it."""
        return film_packets.first_packets(self.path) if self.known_first is None else dict(self.known_first)

    @functools.cached_property
    def hidden(self) -> Beginning | None:
        """Return how the picture begins whose first packets a list of edits hides; None where there is none."""
        for stream in self.header.moving:
            packet = self.first_packets.get(stream.index)
            if packet and packet.dropped and packet.pts_us is not None and packet.pts_us < self.zero_us:
                return _beginning(self, stream)
        return None

    @property
    def begins_early(self) -> Beginning | None:
        """Return the same where what is shown first needs pictures before it: a copy cannot begin with it."""
        return None if self.hidden is None or self.hidden.is_key else self.hidden

    def first_us(self, streams: Iterable[Stream]) -> int:
        """Return the time of the first packet of some streams on the film's clock: below zero where it is not heard."""
        packets = (self.first_packets.get(stream.index) for stream in streams)
        times = [packet.pts_us for packet in packets if packet and packet.pts_us is not None]
        return min(times, default=self.zero_us) - self.zero_us


def _beginning(film: FilmFile, stream: Stream) -> Beginning:
    keys: list[Packet] = []
    shown: list[int] = []
    first_after: list[int] = []

    def take(packet: Packet) -> None:
        if packet.stream != stream.index or packet.pts_us is None:
            return
        if packet.key:
            keys.append(packet)
            first_after.append(packet.pts_us)
        elif first_after:
            # What is decoded after a key picture and shown before it needs pictures before that one.
            first_after[-1] = min(first_after[-1], packet.pts_us)
        if not packet.dropped:
            shown.append(packet.pts_us - film.zero_us)

    film_packets.read(film.path, take, seconds=_KEY_SECONDS)
    begin = min(shown, default=0)
    times = [key.pts_us or 0 for key in keys]
    following = [*times[1:], times[-1] + 2 * _SEEK_US] if times else []
    for key, time, first, after in zip(keys, times, first_after, following, strict=True):
        if not key.dropped and time >= film.zero_us and first >= time:
            time_us, delay_us = time - film.zero_us, max(0, time - (time if key.dts_us is None else key.dts_us))
            return Beginning(stream, begin, time_us, delay_us, time_us + min(_SEEK_US, (after - time) // 2))
    return Beginning(stream, begin, None)
