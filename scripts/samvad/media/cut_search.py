"""Where a film's cuts can be: most of a film need not be decoded to know.

Encoders that look for changes of scene (x264, x265 and their like, as nearly all films are encoded) begin a new group
of pictures with a cut. So the pictures that groups begin with ("key" pictures) are decoded alone, a twentieth of the
cost of all, and small copies of them are compared:

- A group shorter than the encoder's own limit was ended by the encoder because of what it saw. Where the pictures
  before and after differ, that is a cut, on the key picture.
- Where they do not, something comes and goes within: the group is decoded, and looked at picture by picture.
- Soon after a key picture, an encoder begins no new group. It writes the cut as a picture without a key, which is as
  large as one that has no other to refer to: there, the few pictures up to it are decoded.
- A cut between dark pictures may be no change of scene to an encoder. Its picture is small beside a key picture, but
  stands out among those around it: there, too.
- A cut to a calmer shot may be no larger than what moved before it. It is large beside what comes after it.

Where no more than a few groups have the longest length of all, that may be the encoder's limit, or chance. An encoder
that wrote down its limit (``encoder_note.py``) settles it: shorter groups were ended because of what it saw.

An encoder that begins its groups by the clock (live television, hardware, streaming) says nothing by them. There, a
group is passed over only where the key pictures before and after are the same picture and close to each other. What
must be decoded is; without the loop filter, which makes pictures more beautiful, and nothing here different.

How well that does is in docs/subtitles.md, from benchmarks/shots.py.
"""

from __future__ import annotations

import functools
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from samvad.core import files
from samvad.media import encoder_note, film_packets
from samvad.media.clock import Film
from samvad.media.film_headers import Stream

#: Codecs whose decoders can leave out all but key pictures, and whose encoders place them on cuts. (ffmpeg's decoders
#: of VP9 and AV1 decode all the same; MPEG-2 and MPEG-4 cost little.)
CODECS = frozenset({"h264", "hevc"})
#: ffmpeg's containers in which a seek leads to the very picture that is asked for.
_CONTAINERS = ("matroska", "mov")
#: Key pictures differ, made small (mean of all pixels' luma, in per cent).
_UNLIKE = 6.0
#: They are the same picture.
_ALIKE = 3.0
#: From so large a part of groups that are not as long as most of them, the encoder places them by what it sees.
_PLACED_SHARE = 0.15
#: So few groups of the longest length are looked through: they may be chance.
_FEW = 3
#: In groups longer than this, something may come and go between two key pictures that are alike.
_SHORT_MS = 2_500
#: So long after a key picture there is no new one: x264 and x265 keep 25 pictures (``min-keyint``).
_NO_KEY_MS = 1_050
#: A picture without a key that a cut may lie on: so large beside the key picture before it, and beside those around it.
_LARGE, _LARGER = 0.2, 1.1
#: Later in its group it has to stand out by this: encoders write such pictures for motion as well.
_STANDS_OUT = 2.2
_AROUND = 12
#: Or, as the first of a calmer shot: larger than those after it by this; or by so much that it may be smaller beside
#: the key picture, and those before it larger. (benchmarks/shots.py: set on the joins of --seed 5.)
_CALMER, _MUCH_CALMER, _SMALL = 2.6, 5.0, 0.05
#: So many pictures after it tell whether a shot is calm.
_ENOUGH = 4
#: A seek to a key picture is led so far behind it at the most.
_SOUGHT_MS = 500
#: Pictures after a place that are decoded with it, to tell a cut from motion.
_AFTER = 4
#: If more of the film than this is to be decoded in pieces, it is decoded as a whole: each piece costs a start.
_MOST = 0.6


@dataclass(frozen=True)
class Packets:
    """A picture's packets in the order in which they are shown.

    Attributes:
        times_ms: when, on the film's clock.
        sizes: in bytes.
        keys: whether a group begins with it.
        limit: after how many pictures the encoder begins a new group, whatever it sees; None where it does not say.
    """

    times_ms: tuple[int, ...]
    sizes: tuple[int, ...]
    keys: tuple[bool, ...]
    limit: int | None = None

    @property
    def key_places(self) -> list[int]:
        """Return the places of key pictures."""
        return [place for place, key in enumerate(self.keys) if key]

    @functools.cached_property
    def _keys_ms(self) -> list[int]:
        return [self.times_ms[place] for place in self.key_places]

    def sought_ms(self, key_ms: int) -> int | None:
        """Return a moment from which a seek leads back to a key picture; None where none is sure to.

        ffmpeg looks for times of decoding, in some containers from 0.13 s before the moment (three pictures of 23 a
        second): to a key picture's own time, it would begin with the one before.
        """
        place = bisect_right(self._keys_ms, key_ms)
        following_ms = self._keys_ms[place] if place < len(self._keys_ms) else key_ms + 2 * _SOUGHT_MS
        return key_ms + min(_SOUGHT_MS, (following_ms - key_ms) // 2) if place > 1 else None

    def are_in(self, times_ms: Sequence[int], span: tuple[int, int]) -> bool:
        """Say whether all pictures of a span are among those of some times, and none of its group is before them."""
        wanted = self.times_ms[bisect_left(self.times_ms, span[0]) : bisect_right(self.times_ms, span[1])]
        return len(times_ms) >= len(wanted) and abs(times_ms[0] - span[0]) <= 1 and times_ms[-1] >= wanted[-1] - 1


@dataclass(frozen=True)
class Plan:
    """What is known of a film's cuts from its key pictures, and what must be decoded to know more.

    Attributes:
        cuts_ms: cuts that are known, in order.
        spans: where to look picture by picture: from the time of a key picture, to that of the last one to look at.
    """

    cuts_ms: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]


def packets(film: Film, stream: Stream) -> Packets | None:
    """Return a picture's packets; None where its key pictures cannot be found by them.

    Raises:
        DiskError: the film cannot be read.
        MediaError: ffprobe cannot read it.
        ToolError: ffprobe is missing, or hung.
    """
    if film.start.leaps or stream.codec not in CODECS or not film.header.container.startswith(_CONTAINERS):
        return None
    rows: list[tuple[int, int, bool]] = []
    untimed = 0
    first_at: int | None = None

    def take(packet: film_packets.Packet) -> None:
        nonlocal untimed, first_at
        if first_at is None and packet.key:
            first_at = packet.position
        if packet.pts_us is None:
            untimed += 1
        elif not packet.dropped:
            rows.append((round((packet.pts_us - film.start.zero_us) / 1000), packet.size, packet.key))

    film_packets.read(film.path, take, stream=stream.index)
    # Where an edit list begins within a group, its key picture is not shown: ffmpeg decodes from it, we cannot.
    rows = sorted(row for row in rows if row[0] >= 0)
    if untimed or len(rows) < 2 or not rows[0][2]:
        return None
    times, sizes, keys = zip(*rows, strict=True)
    with files.disk_errors(film.path, "read"):
        found = Packets(times, sizes, keys, encoder_note.group_limit(film.path, first_at))
    return found if len(found.key_places) * 2 < len(rows) else None


def plan(found: Packets, unlike: dict[int, float]) -> Plan | None:
    """Say what key pictures tell of cuts, and where to look for others.

    Args:
        found: the packets.
        unlike: for each key picture, by its time in ms, how much it differs from the one before it, made small.

    Returns:
        The plan; None where all is to be decoded.
    """
    places = found.key_places
    times = [found.times_ms[place] for place in places] + [found.times_ms[-1] + 1]
    lengths = [after - before for before, after in pairwise(places)]
    usual = Counter(lengths).most_common(1)[0][0] if lengths else 0
    longest = max(lengths, default=0)
    odd = sum(abs(length - usual) > 1 and length < longest - 1 for length in lengths)
    placed = odd >= _PLACED_SHARE * max(1, len(lengths)) and odd > 1
    # Groups of the longest length were ended by the clock, unless none but a few has that length.
    by_clock = sum(length >= longest - 1 for length in lengths) > _FEW
    # Where a few have it, they are doubtful, but for an encoder that says it would have let them be longer.
    limited = by_clock or found.limit is None or longest >= found.limit - 1
    cuts, spans = [], []
    for number in range(1, len(places)):
        begin_ms, key_ms = times[number - 1], times[number]
        differs = unlike.get(key_ms)
        if differs is None:
            return None  # a key picture that the decoder does not show: nothing is certain
        full = limited and lengths[number - 1] >= longest - 1
        whole = (begin_ms, _after(found, places[number]))
        if not placed:
            if differs >= _ALIKE or key_ms - begin_ms > _SHORT_MS:
                spans.append(whole)
        elif full or differs < _UNLIKE:
            spans += [] if full and by_clock else [whole]
        else:
            cuts.append(key_ms)
    if not placed:
        spans.append((times[-2], found.times_ms[-1]))
    else:
        spans += [span for number in range(len(places)) for span in _hidden(found, places, number)]
    spans = _joined(spans)
    length_ms = found.times_ms[-1] - found.times_ms[0]
    if sum(end - begin for begin, end in spans) > _MOST * length_ms:
        return None
    return Plan(tuple(cuts), tuple(spans))


def _hidden(found: Packets, places: Sequence[int], number: int) -> list[tuple[int, int]]:
    """Return where, in a key picture's group, a large one without a key may be a cut."""
    key = places[number]
    end = places[number + 1] if number + 1 < len(places) else len(found.sizes)
    limit = bisect_left(found.times_ms, found.times_ms[key] + _NO_KEY_MS)
    last = None
    for place in range(key + 1, end):
        size = found.sizes[place]
        if size < _SMALL * found.sizes[key]:
            continue
        before = found.sizes[max(key + 1, place - _AROUND) : place]
        after = found.sizes[place + 1 : min(end, place + _AROUND + 1)]
        usual = _high([*before, *after]) if before or after else 0.0
        calm = _high(after) if len(after) >= _ENOUGH else float("inf")
        large = size >= _LARGE * found.sizes[key] and (
            size >= (_LARGER if place < limit else _STANDS_OUT) * usual or size >= max(usual, _CALMER * calm)
        )
        if large or size >= _MUCH_CALMER * calm:
            last = place
    return [] if last is None else [(found.times_ms[key], _after(found, last))]


def _high(sizes: Sequence[int]) -> float:
    """Return a size that nine tenths do not reach: those of pictures that refer to one other, not to several."""
    ordered = sorted(sizes)
    return max(float(ordered[int(len(ordered) * 0.9)]), median(ordered))


def _after(found: Packets, place: int) -> int:
    return found.times_ms[min(len(found.times_ms) - 1, place + _AFTER)]


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, those that overlap as one."""
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined
