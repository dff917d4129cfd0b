"""What a film and its result are held against each other by: the two files, places of them, their packets."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from samvad.documents.mux_proof import Place, StreamProof
from samvad.media import film_packets
from samvad.media.clock import Film
from samvad.media.film_headers import Stream

#: A shift below this is the rounding of Matroska's times (1 ms) and of codecs (AC-3 begins with 5.3 ms that are not
#: heard, which no copy can leave out), and none for eye and ear.
SHIFT_MS = 6.0
#: By how much the shifts of a stream may differ: half of it to each side.
SPREAD_MS = 2 * SHIFT_MS
#: Where films are looked at, as shares of their length; the later ones are for films that are silent at the first.
SHARES = (0.0, 0.5, 0.93, 0.25, 0.75, 0.12, 0.37, 0.62)
ENOUGH = 3
#: A shift is looked for so far around a moment.
AROUND_SECONDS = 1.5
PIECE_SECONDS = 2.0
PICTURE_SECONDS = 0.5
#: Films up to so long are decoded from end to end: a seek costs as much. Where seeks may miss, longer ones, too.
_WHOLE_SECONDS, WHOLE_UNSOUGHT_SECONDS = 20.0, 120.0
#: Containers (ffmpeg's names) in which a seek leads just where it is to.
_EXACT = ("mov,", "matroska")
#: What ffmpeg says of pictures and sound of which bytes are missing: ``[h264 @ 0x5] error while decoding MB``. What its
#: output says (``null``, to which a film whose times leap is read along; of times that go back, any) is of no film, and
#: that a picture is missing to refer to, it says wherever a seek leads to an open group of pictures.
_DAMAGED = re.compile(
    r"^(?!.*(non.?monoton|reference picture))"
    r"(\[(?!null )\w+ @ \S+\] .*(error|corrupt|conceal|damaged|missing|invalid)|error while decoding)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Compared:
    """A file that is looked into.

    Attributes:
        film: the file, to be read on its clock.
        duration: in seconds.
        joint: when (s) the result goes from one part to another, to be looked at, too; None where it is of one part.
    """

    film: Film
    duration: float
    joint: float | None = None

    @property
    def timed(self) -> bool:
        """Return whether pictures have true times after a seek.

        AVI and MXF count frames instead, FLV has no index, and in MPEG-PS not every picture has a time.
        """
        return self.film.header.container not in ("avi", "flv", "mpeg", "mxf", "gxf")

    @property
    def is_short(self) -> bool:
        """Return whether its sound is decoded from end to end."""
        exact = self.film.header.container.startswith(_EXACT)
        return self.duration <= (_WHOLE_SECONDS if exact else WHOLE_UNSOUGHT_SECONDS)

    def by_packets(self, stream: Stream, start: float, length: float) -> dict[str, float]:
        """Return the checksums of a stream's packets from a moment on, with their times on the film's clock."""
        zero = self.film.start.zero_us / 1e6
        found = film_packets.packet_hashes(self.film.path, stream.index, zero + start, length)
        return {checksum: time - zero for checksum, time in found.items()}


def by_packets(film: Compared, result: Compared, own: Stream, made: Stream) -> StreamProof:
    """Compare the bytes and times of packets: for a sound without a place of its own, such as a tone or silence."""
    places = []
    for share in SHARES[:ENOUGH]:
        at = share * film.duration
        mine = film.by_packets(own, at, PICTURE_SECONDS)
        begin = max(0.0, at - AROUND_SECONDS)
        theirs = result.by_packets(made, begin, at - begin + PIECE_SECONDS)
        shifts = [theirs[key] - time for key, time in mine.items() if key in theirs]
        if shifts:
            places.append(Place(round(at * 1000), round(statistics.median(shifts) * 1000, 1), 1.0, exact=True))
    return StreamProof(own.index, own.kind, "packets" if places else "nothing", in_order(places))


def in_order(places: Sequence[Place]) -> tuple[Place, ...]:
    """Return places by their times in the film."""
    return tuple(sorted(places, key=lambda place: place.at_ms))


def tells_of_damage(line: str) -> bool:
    """Say whether a line of ffmpeg's is about damage of the film that it reads."""
    return _DAMAGED.search(line) is not None


def with_damage(found: StreamProof) -> StreamProof:
    """Return a proof in which what was not found counts as damaged in the film, where more than that was found.

    Of a damaged packet, one decoder makes noise, and a program that copies it leaves it out.
    """
    if len(found.places) <= len(found.lost_at_ms):
        return found
    return replace(found, lost_at_ms=(), damaged_at_ms=found.lost_at_ms)
