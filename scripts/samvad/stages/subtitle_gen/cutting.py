"""Cut timed text into cues and lines: the division of least cost, found by dynamic programming.

The cost is a sum of points over the cues, all of it stated in this module, in ``stream`` and in ``lines``: a cut in a
bad place, a sentence that goes on into the next cue, a word or two of it alone or in the company of another sentence, a
pause or a shot change inside a cue, two speakers in one, too little time to read or to see it, lines that are uneven or
that leave a short word alone. What may never be is not a matter of points: a line longer than allowed (but for a single
word that is), more lines than allowed, more than two voices in a cue.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from samvad.documents.subtitles.cues import Cue, Style
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import lines, reasons, timing
from samvad.stages.subtitle_gen import stream as streams
from samvad.stages.subtitle_gen.lines import LONE_SHORT_WORD, NEVER
from samvad.stages.subtitle_gen.stream import Stream
from samvad.stages.subtitle_gen.units import Unit

# Points. One is about what a viewer hardly notices, ten what anyone notices, hundreds what a broadcaster sends back.
# They are a judgement, tried on speech in English, Hindi and Spanish; the order matters more than the values.
CUE = 3.0  # for each cue: fewer are calmer
SENTENCE_GOES_ON = 3.0  # a second sentence begins within the cue
CUTS_SENTENCE = 3.0  # a sentence goes on in the next cue
STRADDLES = 8.0  # a cue holds the end of one sentence and not the end of the next
CARRIED_OVER = 6.0  # and of one of them only a word or two
ORPHAN = 14.0  # a word of a sentence alone in a cue
ORPHANS = 9.0  # two, one of which is an article, a conjunction or the like
TWO_WORDS = 3.0  # other two
TWO_SPEAKERS = 5.0  # in one cue
DOUBTFUL_TURN = 9.0  # perhaps two speakers in one cue, without dashes
SPEECH_AND_SONG = 60.0  # in one cue
TOO_SHORT = 1000.0  # and as much again in proportion to what is missing
TOO_FAST = 30.0  # and 40 times the share by which it is too fast
COMES_EARLY = 2.0  # it must come before its first word to be read or seen; and 4 a second
CUT_OFF_PER_SECOND = 40.0  # of speech after the longest time of a cue
SECOND_LINE = 1.0
OVER_SHOT = 5.0  # a shot changes while the cue stays

CALM_MS = 1000  # a cue that is gone sooner flickers: it stays as long where there is silence after it


@dataclass(frozen=True)
class Piece:
    """A cue, and the words that it is made of: from ``first`` to before ``last`` of the track's units.

    Attributes:
        why: why it ends where it does, in words.
    """

    cue: Cue
    first: int
    last: int
    why: str = ""


def cut(units: Sequence[Unit], rules: Rules, limit_ms: int, shots: Sequence[int] = ()) -> list[Piece]:
    """Return the cues of a track, in order, without overlap, with every word in them.

    Args:
        units: the words in order; starts must not run backwards (``units.in_order``).
        rules: what a cue may be.
        limit_ms: end of the film; no cue stays longer, unless speech does.
        shots: times of the film's shot changes, in order.
    """
    if not units:
        return []
    stream = streams.of(units, rules, max(limit_ms, *(unit.end_ms for unit in units)), shots)
    spans = [span for first, last in _runs(stream) for span in _best_spans(stream, first, last)]
    wishes = [
        timing.Wish(
            stream.comes_ms[first],
            _goes_ms(stream, first, last),
            _reading_ms(stream, first, last),
            stream.early_ms[first],
            said_ms=max(unit.end_ms for unit in units[first:last]),
            late_ms=_late_ms(stream, first),
        )
        for first, last in spans
    ]
    settled = timing.settle(wishes, stream.limit_ms, rules)
    return [
        Piece(_cue(stream, first, last, *placed), first, last, reasons.of_end(stream, first, last))
        for (first, last), placed in zip(spans, settled, strict=True)
    ]


def _runs(stream: Stream) -> Iterator[tuple[int, int]]:
    """Yield stretches that no cue crosses: those between long pauses, and, in songs, the lines sung."""
    first = 0
    for index in range(len(stream.units) - 1):
        if stream.stops(index):
            yield first, index + 1
            first = index + 1
    yield first, len(stream.units)


def _best_spans(stream: Stream, first: int, last: int) -> list[tuple[int, int]]:
    """Return the division of words ``first`` to before ``last`` into cues whose points are fewest."""
    best = [0.0] + [NEVER] * (last - first)
    come_from = [0] * (last - first + 1)
    for start in range(first, last):
        so_far = best[start - first]
        for end in range(start + 1, last + 1):
            points = _cue_points(stream, start, end, (first, last), best[end - first] - so_far)
            if points is None:
                break
            if so_far + points < best[end - first]:
                best[end - first], come_from[end - first] = so_far + points, start
    edges = [last]
    while edges[-1] > first:
        edges.append(come_from[edges[-1] - first])
    return list(itertools.pairwise(reversed(edges)))


def _cue_points(stream: Stream, start: int, end: int, run: tuple[int, int], bound: float) -> float | None:
    """Return the points of a cue of words ``start`` to before ``end``; None when it, and any longer one, may not be.

    A cue whose points reach ``bound`` is of no use: they are then not counted to the end.
    """
    several = end - start > 1
    if several and stream.units[end - 1].start_ms >= stream.comes_ms[start] + stream.rules.max_cue_ms:
        return None
    count = lines.needed(stream, start, end)
    if count > stream.rules.max_lines and several:
        return None
    points = _text_points(stream, start, end, run)
    if points >= bound:
        return NEVER
    points += _time_points(stream, start, end)
    if points >= bound or count == 1:
        return points
    return points + SECOND_LINE + lines.best(stream, start, end, count)[0]


def _text_points(stream: Stream, start: int, end: int, run: tuple[int, int]) -> float:
    points = CUE
    closed = stream.closes[end - 1]
    if end < run[1]:
        points += stream.points[end - 1]
        points += 0.0 if closed else CUTS_SENTENCE
    ends_inside = stream.sentences[end - 1] - stream.sentences[start]
    points += SENTENCE_GOES_ON * ends_inside
    if ends_inside:
        points += _mixing(stream, start, end)
    points += stream.pauses[end - 1] - stream.pauses[start]
    if end - start <= 2 and run != (start, end) and stream.torn(start, end):
        points += _orphaned(stream, start, end)
    if stream.voices[start] != stream.voices[end - 1]:
        points += TWO_SPEAKERS if stream.units[start].song == stream.units[end - 1].song else SPEECH_AND_SONG
    points += DOUBTFUL_TURN * (stream.doubts[end - 1] - stream.doubts[start])
    return points


def _mixing(stream: Stream, start: int, end: int) -> float:
    """Return the points of a cue in which a sentence ends and another one goes on, or has come before."""
    points = 0.0 if stream.closes[end - 1] else STRADDLES
    tail = end - stream.begins[end - 1]
    if not stream.closes[end - 1] and tail <= 2:
        points += CARRIED_OVER
    if stream.begins[start] != start:
        head = next(index for index in range(start, end) if stream.closes[index]) + 1 - start
        points += CARRIED_OVER if head <= 2 else 0.0
    return points


def _orphaned(stream: Stream, start: int, end: int) -> float:
    if end - start == 1:
        return ORPHAN + (LONE_SHORT_WORD if stream.lone[start] else 0.0)
    return ORPHANS if stream.serves[start] or stream.serves[start + 1] else TWO_WORDS


def _time_points(stream: Stream, start: int, end: int) -> float:
    rules = stream.rules
    comes_ms, goes_ms = stream.comes_ms[start], _goes_ms(stream, start, end)
    duration_ms = goes_ms - comes_ms
    reading_ms = _reading_ms(stream, start, end)
    points = 0.0
    short_ms = rules.min_cue_ms - duration_ms
    if 0 < short_ms <= min(stream.early_ms[start], rules.first_word_ms):
        points += COMES_EARLY  # as much before its first word as the guide lets it
    elif short_ms > 0:
        points += TOO_SHORT * (1 + short_ms / rules.min_cue_ms)
    early_ms = min(stream.early_ms[start], reading_ms - duration_ms)
    if early_ms > 0 and duration_ms > 0:
        points += COMES_EARLY + early_ms / 250
        duration_ms += early_ms
    if duration_ms < reading_ms:
        points += TOO_FAST + 40 * (reading_ms / max(1, duration_ms) - 1) if duration_ms > 0 else TOO_SHORT
    cut_off_ms = stream.units[end - 1].end_ms - comes_ms - rules.max_cue_ms
    if cut_off_ms > 0 and end - start > 1:
        points += CUT_OFF_PER_SECOND * (1 + cut_off_ms / 1000)
    if stream.shots:
        inside = bisect_left(stream.shots, goes_ms) - bisect_right(stream.shots, comes_ms)
        points += OVER_SHOT * max(0, inside)
    return points


def _goes_ms(stream: Stream, start: int, end: int) -> int:
    """Return when a cue goes."""
    followed = end < len(stream.units)
    room_ms = stream.comes_ms[end] - stream.rules.gap_ms if followed else stream.limit_ms
    comes_ms, said_ms = stream.comes_ms[start], stream.units[end - 1].end_ms
    calm_ms = min(CALM_MS, said_ms + stream.rules.linger_ms - comes_ms)
    needed_ms = max(stream.rules.min_cue_ms, _reading_ms(stream, start, end), calm_ms)
    return timing.out_time(
        comes_ms,
        said_ms,
        needed_ms,
        room_ms,
        stream.shots,
        stream.rules,
        followed=followed,
    )


def _late_ms(stream: Stream, first: int) -> int:
    """Return how much later than its first word a cue may come: no shot change is to be near."""
    comes_ms, rules = stream.comes_ms[first], stream.rules
    place = bisect_left(stream.shots, comes_ms)
    near = place < len(stream.shots) and stream.shots[place] - comes_ms <= rules.shot_window_ms + rules.first_word_ms
    return 0 if near or comes_ms != stream.units[first].start_ms else rules.first_word_ms


def _reading_ms(stream: Stream, start: int, end: int) -> int:
    characters = stream.width(start, end) + stream.marks[start] + stream.marks[end - 1]
    if stream.voices[start] != stream.voices[end - 1]:
        characters += 2 * len(stream.rules.dialogue_dash)
    return stream.rules.reading_ms(characters, end - start)


def _cue(stream: Stream, start: int, end: int, start_ms: int, end_ms: int) -> Cue:
    """Return a cue with its lines, dashes, marks and italics."""
    count = lines.needed(stream, start, end) if end - start > 1 else 1
    places = lines.best(stream, start, end, count)[1] if count > 1 else []
    edges = [start, *places, end]
    texts = [_line(stream.units[first:last]) for first, last in itertools.pairwise(edges)]
    sung = [stream.units[first].song for first in edges[:-1]]
    if stream.voices[start] != stream.voices[end - 1]:
        dash = stream.rules.dialogue_dash
        texts = [f"{dash}{text}" if not song else text for text, song in zip(texts, sung, strict=True)]
    styles: tuple[Style, ...] = ()
    if stream.rules.songs == "italics":
        styles = tuple(Style(number, 0, len(text), "i") for number, text in enumerate(texts) if sung[number])
    return Cue(start_ms, end_ms, tuple(_with_marks(texts, sung, stream.rules.song_mark)), styles)


def _with_marks(texts: list[str], sung: list[bool], mark: str) -> list[str]:
    """Return the lines with a mark before and after what is sung."""
    if not mark or not any(sung):
        return texts
    first, last = sung.index(True), len(sung) - 1 - sung[::-1].index(True)
    marked = list(texts)
    marked[first] = f"{mark} {marked[first]}"
    marked[last] = f"{marked[last]} {mark}"
    return marked


def _line(units: Sequence[Unit]) -> str:
    return units[0].text + "".join(unit.text if unit.glued else f" {unit.text}" for unit in units[1:])
