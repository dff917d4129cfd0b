"""All packets of a film's pictures and sounds, from its beginning to its end: when each comes, its checksum.

Two files that hold the same film have the same packets. MPEG-TS has some in a form of its own (marks between the
units of H.264 and HEVC, parameters that are told again, a header before each packet of AAC): where one of the files is
of that kind, what goes beyond the picture or the sound itself is taken off in both.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from samvad.core.errors import MediaError
from samvad.media import ffmpeg, ffprobe
from samvad.media.film_headers import Stream

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: The checksum that costs least, of those that ffmpeg and ffprobe take; it is to find accidents.
_HASH = "murmur3"
#: What stands before it where ffprobe prints it.
_SUM = f"{_HASH}:"
#: Units of a packet that are a part of a picture, by codec: their numbers, and ffmpeg's filter to the form that has
#: marks between them.
_UNITS = {"h264": ("1-5", "h264_mp4toannexb"), "hevc": ("0-31", "hevc_mp4toannexb")}
_HEADERS = {"aac": "aac_adtstoasc"}
#: What is below is no time.
_NO_TIME = -(2**62)
#: Every so many packets it is told how far the reading is.
_TELL_EVERY = 500


@dataclass(frozen=True)
class Run:
    """All packets of a stream that are shown or heard, in the file's order: of a million, a few bytes each.

    Attributes:
        times_us: when each is shown, on the container's clock; None where it does not say of one of them.
        sums: a checksum of the bytes of each.
        first_key: how many come before the first with which decoding can begin; 0 where nobody says.
        hidden: the checksums of those that a list of edits leaves out.
    """

    times_us: npt.NDArray[np.int64] | None
    sums: npt.NDArray[np.uint64]
    first_key: int = 0
    hidden: frozenset[int] = frozenset()


def form(stream: Stream, *, transport: bool, of_transport: bool) -> str:
    """Return the filters of packets that put a stream's in the form in which they are compared; empty for none.

    Args:
        stream: a picture or sound.
        transport: whether its file is MPEG-TS.
        of_transport: whether one of the two files that are compared is.
    """
    if of_transport and stream.codec in _UNITS:
        units, filtered = _UNITS[stream.codec]
        marked = [] if transport else [filtered]
        return ",".join([*marked, f"filter_units=pass_types={units}"])
    return _HEADERS.get(stream.codec, "") if transport else ""


def read(
    path: Path, forms: Mapping[int, str], seen: Callable[[float], None] = lambda _: None, *, transport: bool = False
) -> dict[int, Run]:
    """Return the packets of some streams of a file by one reading; those that a list of edits leaves out are not in.

    Args:
        path: the file.
        forms: the streams' numbers, each with what ``form`` says.
        seen: called from time to time with the time (s, on the container's clock) of a packet.
        transport: whether it is MPEG-TS.

    Raises:
        MediaError: it cannot be read.
        ToolError: a program is missing, or hung.
    """
    found = {number: _Packets() for number in forms}
    count = 0

    def take(number: int, time_us: int | None, checksum: str, flags: str) -> None:
        nonlocal count
        if number not in found:
            return
        if "D" in flags:
            found[number].hidden.add(_number(checksum))
            return
        found[number].add(time_us, checksum, key="K" in flags)
        count += 1
        if time_us is not None and count % _TELL_EVERY == 0:
            seen(time_us / 1e6)

    if any(forms.values()):
        _filtered(path, forms, take, transport=transport)
    else:
        _as_they_are(path, take)
    runs = {number: packets.run() for number, packets in found.items() if packets.sums}
    return runs if transport or not any(forms.values()) else _with_times(path, runs)


class _Packets:
    """The packets of a stream, as they come."""

    def __init__(self) -> None:
        self.sums = array("Q")
        self.hidden: set[int] = set()
        self._times = array("q")
        self._is_timed = True
        self._first_key: int | None = None

    def add(self, time_us: int | None, checksum: str, *, key: bool) -> None:
        """Take a packet."""
        if key and self._first_key is None:
            self._first_key = len(self.sums)
        self._is_timed = self._is_timed and time_us is not None
        self._times.append(time_us or 0)
        self.sums.append(_number(checksum))

    def run(self) -> Run:
        """Return all of them."""
        import numpy as np

        times = np.frombuffer(self._times, dtype=np.int64) if self._is_timed else None
        sums = np.frombuffer(self.sums, dtype=np.uint64)
        return Run(times, sums, self._first_key or 0, frozenset(self.hidden))


def _with_times(path: Path, runs: Mapping[int, Run]) -> dict[int, Run]:
    """Return packets with the times that ffprobe reads: ffmpeg changes them by what it guesses of decoding."""
    import numpy as np

    times: dict[int, array[int]] = {number: array("q") for number in runs}

    def take(number: str, pts: str, flags: str, *_: str) -> None:
        time_us = ffprobe.microseconds(pts)
        if time_us is not None and "D" not in flags and int(number) in times:
            times[int(number)].append(time_us)

    ffprobe.packet_fields(path, "stream_index,pts_time,flags", take)
    return {
        number: replace(
            run, times_us=np.frombuffer(times[number], dtype=np.int64) if len(times[number]) == len(run.sums) else None
        )
        for number, run in runs.items()
    }


def _number(checksum: str) -> int:
    return int(checksum[:16], 16)


def _as_they_are(path: Path, take: Callable[[int, int | None, str, str], None]) -> None:
    known = ["", "", ""]

    def split(line: str) -> None:
        # What goes with a packet (priming samples) is told before its checksum, which then stands on a line of its own.
        before, sign, checksum = line.strip().partition(_SUM)
        if before.strip(","):
            known[:] = before.split(",")[: len(known)]
        number, pts, flags = known
        if sign and number.isdigit():
            take(int(number), ffprobe.microseconds(pts), checksum, flags)

    entries = ("-show_entries", "packet=stream_index,pts_time,flags,data_hash")
    ffprobe.printed(path, split, "-v", "error", "-show_data_hash", _HASH, *entries, "-of", "csv=p=0")


def _filtered(
    path: Path, forms: Mapping[int, str], take: Callable[[int, int | None, str, str], None], *, transport: bool
) -> None:
    numbers = list(forms)
    ticks: dict[int, float] = {}

    def split(line: str) -> None:
        if line.startswith("#tb "):
            place, _, tick = line.removeprefix("#tb ").partition(": ")
            above, _, below = tick.partition("/")
            ticks[int(place)] = int(above) / int(below) * 1e6
        elif line[:1].isdigit():
            place, _, pts, _, _, checksum, *_ = (word.strip() for word in line.split(","))
            time = int(pts)
            take(numbers[int(place)], round(time * ticks[int(place)]) if time > _NO_TIME else None, checksum, "")

    source = ffmpeg.source(path, f="", **(ffprobe.ONE_PROGRAM if transport else {}))
    filters = {f"bsf:{place}": words for place, words in enumerate(forms.values()) if words}
    done = ffmpeg.run(
        [source[str(number)] for number in numbers],
        None,
        {"c": "copy", **filters, "f": "framehash", "hash": _HASH},
        stdout_line=split,
        global_options={"copyts": None},
    )
    if done.code:
        raise MediaError(f"The packets of {str(path)!r} cannot be read: {done.last_line}.", "Play the film.")
