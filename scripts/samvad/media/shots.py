"""Shot changes of a film, from the differences between its pictures, cached by the film's checksum.

ffmpeg's filter ``scdet`` says how much each picture differs from the one before it; a cut is where that is several
times as much as around it. PySceneDetect's adaptive detector goes by the same rule: docs/subtitles.md compares them.
``cut_search.py`` says which pictures need not be decoded for that.
"""

from __future__ import annotations

import itertools
import logging
import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from samvad.core import checksums, files, held_files
from samvad.core.errors import DiskError, MediaError, SamvadError
from samvad.core.stopped_threads import Pool
from samvad.documents import shots
from samvad.media import clock, cut_search, ffmpeg, film_facts, film_headers, film_packets, moments
from samvad.media.clock import Film
from samvad.media.film_headers import Stream

log = logging.getLogger(__name__)

#: A difference (mean of all pixels' luma, in per cent) below this is no cut, however still the pictures around it.
MIN_DIFFERENCE = 5.0
#: A cut differs from the pictures around it by this factor.
MIN_RATIO = 3.0
#: Pictures before and after that it is compared with.
NEIGHBOURS = 2
#: One that is further away than this, in usual distances of pictures, is no neighbour: the pictures between them were
#: like the first of the two, and were not written or not decoded.
_FARTHEST = 4
#: Counts up when the way of finding cuts changes, so that older results are not taken for new ones.
METHOD = "scdet-adaptive-7"

#: Pictures are made this small first: what differs is seen all the same, and how much depends on it a little.
HEIGHT = 240
#: Key pictures are made so small: a camera's move is to change less than a cut.
_KEY_SIZE = (64, 36)
#: So many threads decode them at most.
_KEY_THREADS = 4
#: A film of such pictures, or smaller ones, is decoded as a whole: that costs no more than looking where to look.
WHOLE_PIXELS = 640 * 360
#: Pictures of so few pixels are decoded, made small and compared by one thread each: handing them on costs more
#: (of 7,075 pictures of 320 by 180, 0.4 instead of 0.8 CPU seconds, and half the time).
_ONE_THREAD_PIXELS = 320 * 240
#: Pieces of a film that one ffmpeg reads: each has a decoder of its own, with all its pictures in memory.
_AT_ONCE = 6
#: Times are told in whole milliseconds: ffmpeg prints seconds with six figures, too few for a long film.
_TELL = "settb=1/1000,scdet=t=100:sc_pass=0,metadata=print:file=-"
#: What ffmpeg prints of several pieces is told apart by times that are so far apart, in ms.
_APART_MS = 10**9
#: With ``auto``, ffmpeg is asked to let hardware decode where one of these is.
_DECODERS = ("dri/renderD128", "nvidia0")


def scale(height: int) -> str:
    """Return the filter that makes pictures of a height, or smaller where they are: an even number, for encoders."""
    return f"scale=w=-2:h=trunc(min({height}\\,ih)/2)*2:flags=fast_bilinear"


_TIME = re.compile(r" pts:(-?\d+)")
_DIFFERENCE = re.compile(r"lavfi\.scd\.mafd=([\d.]+)")


@dataclass(frozen=True)
class Differences:
    """Times of pictures in ms, and how much each differs from the one before it."""

    times_ms: tuple[int, ...]
    values: tuple[float, ...]

    def since(self, begin_ms: int) -> Differences:
        """Return the same without pictures before a time."""
        first = bisect_left(self.times_ms, begin_ms - 1)
        return Differences(self.times_ms[first:], self.values[first:])


class DifferenceReader:
    """Takes what ffmpeg's filters print, line by line; a film has some 200,000 pictures."""

    def __init__(self) -> None:
        self._time_ms = 0
        self._times: list[int] = []
        self._values: list[float] = []

    def take(self, line: str) -> None:
        """Take a line; other lines than the filters' are passed over."""
        if found := _TIME.search(line):
            self._time_ms = int(found.group(1))
        elif found := _DIFFERENCE.search(line):
            self._times.append(max(0, self._time_ms))
            self._values.append(float(found.group(1)))

    def result(self) -> Differences:
        """Return all that was taken."""
        return Differences(tuple(self._times), tuple(self._values))


def cuts(differences: Differences) -> list[int]:
    """Return the times of the cuts in ms: each is that of a shot's first picture."""
    values, times_ms = differences.values, differences.times_ms
    gaps = sorted(after - before for before, after in itertools.pairwise(times_ms))
    farthest_ms = _FARTHEST * gaps[len(gaps) // 2] if gaps else 0
    found = []
    for index in range(1, len(values)):
        value = values[index]
        if value < MIN_DIFFERENCE:
            continue
        first, last = max(1, index - NEIGHBOURS), min(len(values), index + NEIGHBOURS + 1)
        others = [other for other in range(first, last) if other != index]
        around = [values[other] for other in others if abs(times_ms[other] - times_ms[index]) <= farthest_ms]
        calm = sum(around) / len(around) if around else 0.0
        if value >= MIN_RATIO * calm and value >= max(around, default=0.0):
            found.append(times_ms[index])
    return found


@dataclass(frozen=True)
class Search:
    """What looking for a film's cuts gave: their times in ms, how much of the film was decoded for that (0 to 1)."""

    cuts_ms: list[int]
    decoded: float


def detect(film: Path) -> list[int]:
    """Return the times of a film's cuts, by reading no more of its pictures than that takes.

    Raises:
        MediaError: ffmpeg cannot read it, or it has no video.
        ToolError: ffmpeg is missing, or hung.
    """
    return search(clock.opened(film)).cuts_ms


def search(film: Film, threads: int = 0, hwaccel: str = "auto", warn: Callable[[str], None] = log.warning) -> Search:
    """Look for a film's cuts.

    Args:
        film: the film.
        threads: CPU threads to use; 0 for as many as there are.
        hwaccel: which hardware decodes what must be decoded as a whole: ffmpeg's name of it, ``auto`` or ``none``.
        warn: called with what a person should know: a hardware decoder that has lost pictures.

    Raises:
        MediaError: ffmpeg cannot read it, or it has no video.
        ToolError: ffmpeg is missing, or hung.
    """
    picture = film.header.film_picture
    if picture is None:
        raise MediaError(f"{str(film.path)!r} has no picture.", "Give the film, not its sound.", path=str(film.path))
    packets = None if _is_small(picture) else cut_search.packets(film, picture)
    plan = cut_search.plan(packets, _keys(film, picture, threads)) if packets else None
    if packets is None or plan is None:
        return Search(cuts(decode_all(film, picture, threads, hwaccel, warn)), 1.0)
    batches = [plan.spans[first : first + _AT_ONCE] for first in range(0, len(plan.spans), _AT_ONCE)]
    with Pool(max(1, threads)) as pool:
        found = list(pool.map(lambda batch: _pieces(film, picture, packets, batch), batches))
    length_ms = max(1, packets.times_ms[-1] - packets.times_ms[0])
    decoded = sum(end - begin for begin, end in plan.spans) / length_ms
    return Search(sorted({*plan.cuts_ms, *(cut for part in found for cut in part)}), round(decoded, 3))


def _is_small(picture: Stream) -> bool:
    """Return whether a stream's pictures have so few pixels that all of them can be decoded."""
    return picture.picture is not None and picture.picture.width * picture.picture.height <= WHOLE_PIXELS


def decode_all(
    film: Film, picture: Stream, threads: int, hwaccel: str = "auto", warn: Callable[[str], None] = log.warning
) -> Differences:
    """Return how much each picture of a film differs from the one before, by decoding all of them.

    A hardware decoder does it where there is one. Where that fails, or gives fewer pictures than the film has packets
    of them, though it tells of no error, the processor does.

    Args:
        film: the film.
        picture: which of its streams.
        threads: CPU threads to use; 0 for as many as there are.
        hwaccel: as ``search`` takes it.
        warn: as ``search`` takes it.

    Raises:
        MediaError: ffmpeg cannot read it.
        ToolError: ffmpeg is missing, or hung.
    """
    hard = hwaccel != "none" and (hwaccel != "auto" or any(Path("/dev", name).exists() for name in _DECODERS))
    found: Differences | None = None
    if hard:
        try:
            found = _decode(film, picture, threads, {"hwaccel": hwaccel})
        except MediaError as error:
            log.info("The hardware decoder (%s) failed, the processor decodes: %s", hwaccel, error.what)
    if found is not None and len(found.times_ms) >= _shown_packets(film, picture):
        return found
    whole = _decode(film, picture, threads, {})
    if found is not None and len(found.times_ms) < len(whole.times_ms):
        warn(
            f"The hardware decoder ({hwaccel}) gave {len(found.times_ms)} of {len(whole.times_ms)} pictures and "
            "told of no error: shot changes are those that the processor found. subtitle.hwaccel: none leaves it out."
        )
    return whole


def _decode(film: Film, picture: Stream, threads: int, options: dict[str, str | int | None]) -> Differences:
    reader = DifferenceReader()
    shape = picture.picture
    few = shape is not None and 0 < shape.width * shape.height <= _ONE_THREAD_PIXELS
    source = film.source(threads=1 if few else threads, skip_loop_filter="all", **options)
    done = ffmpeg.run(
        [source[str(picture.index)]],
        None,
        {"vf": f"{ffmpeg.SHOWN},{scale(HEIGHT)},{_TELL}", "f": "null"},
        stdout_line=reader.take,
        read_along=film.read_along,
        global_options={"filter_threads": 1} if few else ffmpeg.NO_OPTIONS,
    )
    if done.code:
        raise _unreadable(film, done.last_line)
    return reader.result()


def _shown_packets(film: Film, picture: Stream) -> int:
    """Return how many of a picture's packets are shown, so many pictures at least are to come out of a decoder.

    Some packets hold half a picture, or none to be shown, or come before the first key: then there are fewer pictures,
    and only a second decoder can tell whether that is right.
    """
    count = 0

    def take(packet: film_packets.Packet) -> None:
        nonlocal count
        early = packet.pts_us is not None and not film.start.leaps and packet.pts_us < film.start.zero_us - 1000
        count += not packet.dropped and not early

    film_packets.read(film.path, take, stream=picture.index)
    return count


def _keys(film: Film, picture: Stream, threads: int) -> dict[int, float]:
    """Return for each key picture, by its time in ms, how much it differs from the one before it, made small."""
    reader = DifferenceReader()
    # Each thread keeps whole pictures: of four, 50 MB of a film of 3,840 by 2,160.
    source = film.source(threads=min(threads, _KEY_THREADS) or _KEY_THREADS, skip_frame="nokey", skip_loop_filter="all")
    width, height = _KEY_SIZE
    chain = f"{ffmpeg.SHOWN},scale={width}:{height}:flags=area,{_TELL}"
    done = ffmpeg.run(
        [source[str(picture.index)]],
        None,
        {"vf": chain, "fps_mode": "passthrough", "f": "null"},
        stdout_line=reader.take,
    )
    if done.code:
        raise _unreadable(film, done.last_line)
    found = reader.result()
    return dict(zip(found.times_ms, found.values, strict=True))


def _pieces(film: Film, picture: Stream, packets: cut_search.Packets, spans: Sequence[tuple[int, int]]) -> list[int]:
    """Return the cuts in pieces of a film, each of which begins with a key picture."""
    found = _look(film, picture, spans, [packets.sought_ms(begin_ms) for begin_ms, _ in spans])
    looks = enumerate(zip(spans, found, strict=True))
    astray = [place for place, (span, part) in looks if not packets.are_in(part.times_ms, span)]
    if astray:  # an index that leads elsewhere: the group before is decoded as well, so that nothing is left out
        log.info("%d of %d pieces are not where the film's index says, and are looked for", len(astray), len(spans))
        again = _look(film, picture, [spans[place] for place in astray], [None] * len(astray))
        for place, part in zip(astray, again, strict=True):
            found[place] = part
    return [cut for part in found for cut in cuts(part)]


def _look(
    film: Film, picture: Stream, spans: Sequence[tuple[int, int]], sought_ms: Sequence[int | None]
) -> list[Differences]:
    """Return the differences in pieces of a film.

    Args:
        film: the film.
        picture: which of its streams.
        spans: the pieces, each from the time of a key picture in ms.
        sought_ms: for each, the moment from which ffmpeg is led back to that picture; None to let it begin with some
            key picture before, and throw away what is too early.
    """
    begins = [begin if sought is None else sought for (begin, _), sought in zip(spans, sought_ms, strict=True)]
    chains = []
    for number, ((begin_ms, end_ms), sought) in enumerate(zip(spans, sought_ms, strict=True)):
        options = moments.seek(film, begins[number] / 1000, (end_ms - begin_ms + 1) / 1000)
        options |= {"an": None, "sn": None, "dn": None, "threads": 1, "skip_loop_filter": "all"}
        options |= {} if sought is None else {"noaccurate_seek": None}
        shown = ffmpeg.source(film.path, f="", **options)[str(picture.index)]
        small = shown.filter("scale", w=-2, h=f"trunc(min({HEIGHT},ih)/2)*2", flags="fast_bilinear")
        told = small.filter("settb", "1/1000").filter("setpts", f"PTS+{(number + 1) * _APART_MS}")
        told = told.filter("scdet", t=100, sc_pass=0).filter("metadata", "print", file="-")
        chains.append(told.filter("setpts", "N/25/TB").filter("setsar", 1))
    readers = [DifferenceReader() for _ in spans]
    place = 0

    def take(line: str) -> None:
        nonlocal place
        if found := _TIME.search(line):
            place = round(int(found.group(1)) / _APART_MS) - 1
            line = f" pts:{int(found.group(1)) + begins[place] - (place + 1) * _APART_MS}"
        readers[place].take(line)

    done = ffmpeg.run([ffmpeg.joined(chains)], None, {"fps_mode": "passthrough", "f": "null"}, stdout_line=take)
    if done.code:
        raise _unreadable(film, done.last_line)
    return [reader.result().since(begin_ms) for reader, (begin_ms, _) in zip(readers, spans, strict=True)]


def _unreadable(film: Film, reason: str) -> MediaError:
    return MediaError(
        f"The pictures of {str(film.path)!r} cannot be read: {reason}.",
        "Play it to see whether it is whole.",
        path=str(film.path),
    )


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
    rate = film_facts.frame_timing(film, film_headers.read(film), None).rate
    return rate if rate and 10 <= rate <= 120 else None


def _cache_file(checksum: str) -> Path:
    return files.cache_folder() / "shots" / f"{checksum.removeprefix('sha256:')}-{METHOD}.json"
