"""Shot changes of a film, from the differences between its pictures, cached by the film's checksum.

ffmpeg's filter ``scdet`` says how much each picture differs from the one before it; a cut is where that is several
times as much as around it. PySceneDetect's adaptive detector goes by the same rule: docs/subtitles.md compares them.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from samvad.core import checksums, files, held_files
from samvad.core.errors import DiskError, MediaError, SamvadError
from samvad.core.times import seconds_to_ms
from samvad.documents import shots
from samvad.media import clock, ffmpeg, ffprobe

log = logging.getLogger(__name__)

#: A difference (mean of all pixels' luma, in per cent) below this is no cut, however still the pictures around it.
MIN_DIFFERENCE = 5.0
#: A cut differs from the pictures around it by this factor.
MIN_RATIO = 3.0
#: Pictures before and after that it is compared with.
NEIGHBOURS = 2
#: Counts up when the way of finding cuts changes, so that older results are not taken for new ones.
METHOD = "scdet-adaptive-2"

#: Pictures are made this small first: what differs is seen all the same. All films are looked at in this size, whatever
#: else is made of their pictures: how much two of them differ depends on it a little.
HEIGHT = 240
FILTER = "scdet=t=100:sc_pass=0,metadata=print:file=-"


def scale(height: int) -> str:
    """Return the filter that makes pictures of a height, or smaller where they are: an even number, for encoders."""
    return f"scale=w=-2:h=trunc(min({height}\\,ih)/2)*2:flags=fast_bilinear"


_TIME = re.compile(r"pts_time:(-?[\d.]+)")
_DIFFERENCE = re.compile(r"lavfi\.scd\.mafd=([\d.]+)")


@dataclass(frozen=True)
class Differences:
    """Times of pictures in ms, and how much each differs from the one before it."""

    times_ms: tuple[int, ...]
    values: tuple[float, ...]


class DifferenceReader:
    """Takes what ffmpeg's filters print with ``FILTER``, line by line; a film has some 200,000 pictures."""

    def __init__(self) -> None:
        self._time_ms = 0
        self._times: list[int] = []
        self._values: list[float] = []

    def take(self, line: str) -> None:
        """Take a line; other lines than the filters' are passed over."""
        if found := _TIME.search(line):
            self._time_ms = seconds_to_ms(float(found.group(1)))
        elif found := _DIFFERENCE.search(line):
            self._times.append(max(0, self._time_ms))
            self._values.append(float(found.group(1)))

    def result(self) -> Differences:
        """Return all that was taken."""
        return Differences(tuple(self._times), tuple(self._values))


def cuts(differences: Differences) -> list[int]:
    """Return the times of the cuts in ms: each is that of a shot's first picture."""
    values = differences.values
    found = []
    for index in range(1, len(values)):
        value = values[index]
        if value < MIN_DIFFERENCE:
            continue
        first, last = max(1, index - NEIGHBOURS), min(len(values), index + NEIGHBOURS + 1)
        around = [values[other] for other in range(first, last) if other != index]
        calm = sum(around) / len(around) if around else 0.0
        if value >= MIN_RATIO * calm and value == max(values[first:last]):
            found.append(differences.times_ms[index])
    return found


def detect(film: Path) -> list[int]:
    """Return the times of a film's cuts, by reading all its pictures.

    Raises:
        MediaError: ffmpeg cannot read it, or it has no video.
        ToolError: ffmpeg is missing, or hung.
    """
    reader = DifferenceReader()
    opened = clock.opened(film)
    picture = opened.header.film_picture
    if picture is None:
        raise MediaError(f"{str(film)!r} has no picture.", "Give the film, not its sound.", path=str(film))
    done = ffmpeg.run(
        [opened.source()[str(picture.index)]],
        None,
        {"vf": f"{scale(HEIGHT)},{FILTER}", "f": "null"},
        stdout_line=reader.take,
        read_along=opened.read_along,
    )
    if done.code:
        raise MediaError(
            f"The pictures of {str(film)!r} cannot be read: {done.last_line}.",
            "Play it to see whether it is whole.",
            path=str(film),
        )
    return cuts(reader.result())


def cached(checksum: str) -> list[int] | None:
    """Return the cuts of the film of a checksum (``sha256:…``), where they were found before."""
    try:
        return list(shots.read(_cache_file(checksum)).cuts_ms)
    except SamvadError:
        return None


def remember(checksum: str, cuts_ms: Sequence[int]) -> None:
    """Keep the cuts of a film in the cache; a cache that cannot be written is passed over."""
    try:
        shots.write(_cache_file(checksum), document(cuts_ms))
    except (OSError, DiskError) as error:
        log.info("The shot changes are not kept in the cache: %s", error)


def document(cuts_ms: Sequence[int]) -> shots.Shots:
    """Return cuts as a document."""
    return shots.Shots(method=METHOD, cuts_ms=tuple(cuts_ms))


def of_film(film: Path) -> list[int]:
    """Return a film's cuts from the cache, or find and keep them.

    Raises:
        ChangedFileError: it was changed or replaced while it was read.
        DiskError: it cannot be read.
        MediaError: ffmpeg cannot read it, or it has no video.
        ToolError: ffmpeg is missing, or hung.
    """
    with files.disk_errors(film, "read"), held_files.holding(film, "film") as held:
        checksum = checksums.checksum(film)
        found = cached(checksum)
        if found is None:
            found = detect(film)
            held.check(checksum)
            remember(checksum, found)
        return found


def frame_rate(film: Path) -> Fraction | None:
    """Return a film's frames a second, measured at its beginning; None where it has no video or does not say.

    Raises:
        MediaError: ffprobe cannot read it.
        ToolError: ffprobe is missing, or hung.
    """
    rate = ffprobe.frame_timing(film, ffprobe.read_header(film), None).rate
    return rate if rate and 10 <= rate <= 120 else None


def _cache_file(checksum: str) -> Path:
    return files.cache_folder() / "shots" / f"{checksum.removeprefix('sha256:')}-{METHOD}.json"
