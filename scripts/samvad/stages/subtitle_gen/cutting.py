"""Cut timed text into cues and lines: the division of least cost, found by dynamic programming.

The cost is a sum of points over the cues, all of it stated in this module: a cut in a bad place, a sentence that goes
on into the next cue, a pause or a shot change inside a cue, two speakers in one, too little time to read or to see it,
lines that are uneven or that leave a short word alone. What may never be is not a matter of points: a line longer than
allowed (but for a single word that is), more lines than allowed, more than two voices in a cue.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from samvad.documents.subtitles.cues import Cue, Style
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import grammar, timing
from samvad.stages.subtitle_gen.units import Unit, of_text
from samvad.text.sentence_ends import ends_sentence

# Points. One is about what a viewer hardly notices, ten what anyone notices, hundreds what a broadcaster sends back.
# They are a judgement, tried on speech in English and Hindi; the order matters more than the values.
CUE = 3.0  # for each cue: fewer are calmer
SENTENCE_GOES_ON = 3.0  # a second sentence begins within the cue
CUTS_SENTENCE = 3.0  # a sentence goes on in the next cue
BETWEEN_SEGMENTS = 1.0  # a cut there, where no sentence ends
STRADDLES = 6.0  # a cue holds the end of one sentence and not the end of the next
PAUSE_PER_SECOND = 4.0  # of heard silence within the cue, beyond a breath
TWO_SPEAKERS = 5.0  # in one cue
SPEECH_AND_SONG = 60.0  # in one cue
TOO_SHORT = 1000.0  # and as much again in proportion to what is missing
TOO_FAST = 14.0  # and 40 times the share by which it is too fast
CUT_OFF_PER_SECOND = 40.0  # of speech after the longest time of a cue
LONE_SHORT_WORD = 8.0  # as a line, or as a cue in the middle of a sentence
SECOND_LINE = 1.0
UNEVEN = 4.0  # times the difference of two lines as a share of the longest allowed
OVER_SHOT = 5.0  # a shot changes while the cue stays

BREATH_MS = 300
SCENE_PAUSE_MS = 1500  # a pause as long as this always ends a cue
SHORT_WORD_CHARACTERS = 4

_NEVER = float("inf")


@dataclass(frozen=True)
class Piece:
    """A cue, and the words that it is made of: from ``first`` to before ``last`` of the track's units."""

    cue: Cue
    first: int
    last: int


@dataclass(frozen=True)
class _Stream:
    """The units of a track with what the search looks up again and again; every list has an item a word.

    Attributes:
        units: the words.
        rules: what a cue may be.
        shots: times of the shot changes.
        limit_ms: end of the film.
        comes_ms: when a cue comes that begins with the word.
        starts: column at which the word begins when all are written in one line.
        ends: column after it.
        points: of ending a cue after it.
        breaks: of ending a line after it.
        sentences: how many sentences or segments end before it.
        pauses: points of the pauses before it, summed.
        voices: number of the voice that says it, counted up at each change.
        marks: characters that the mark of a song, and its space, take before and again after a cue with it.
        lone: whether it is a short word that should not stand alone.
        closes: whether a sentence ends with it.
    """

    units: Sequence[Unit]
    rules: Rules
    shots: Sequence[int]
    limit_ms: int
    comes_ms: list[int]
    starts: list[int]
    ends: list[int]
    points: list[float]
    breaks: list[float]
    sentences: list[int]
    pauses: list[float]
    voices: list[int]
    marks: list[int]
    lone: list[bool]
    closes: list[bool]

    def width(self, first: int, last: int) -> int:
        """Return the characters of words ``first`` to before ``last``, with the spaces between them."""
        return self.ends[last - 1] - self.starts[first]


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
    stream = _stream(units, rules, max(limit_ms, *(unit.end_ms for unit in units)), shots)
    spans = [span for first, last in _runs(units) for span in _best_spans(stream, first, last)]
    times = [
        (stream.comes_ms[first], _goes_ms(stream, first, last), _reading_ms(stream, first, last))
        for first, last in spans
    ]
    settled = timing.settle(times, stream.limit_ms, rules)
    return [
        Piece(_cue(stream, first, last, *placed), first, last)
        for (first, last), placed in zip(spans, settled, strict=True)
    ]


def line_starts(text: str, rules: Rules) -> list[int] | None:
    """Return where the lines of a cue begin best, after the first, in its text with single spaces.

    Returns:
        Indices of characters, none where the text fits in one line; None where its lines would be too many.
    """
    units = of_text(text)
    stream = _stream(units, rules, 0, ())
    needed = _lines_needed(stream, 0, len(units)) if len(units) > 1 else 1
    if needed > rules.max_lines:
        return None
    places = _best_breaks(stream, 0, len(units), needed)[1] if needed > 1 else []
    return [stream.starts[place] for place in places]


def _stream(units: Sequence[Unit], rules: Rules, limit_ms: int, shots: Sequence[int]) -> _Stream:
    made = _Stream(units, rules, shots, limit_ms, [], [], [], [], [], [0], [0.0], [], [], [], [])
    column, voice, said_ms = 0, 0, 0
    mark = len(rules.song_mark) + 1 if rules.song_mark else 0
    for index, unit in enumerate(units):
        column += 0 if index == 0 or unit.glued else 1
        made.starts.append(column)
        column += len(unit.text)
        made.ends.append(column)
        made.comes_ms.append(timing.in_time(unit.start_ms, said_ms, shots, rules))
        said_ms = max(said_ms, unit.end_ms)
        made.marks.append(mark if unit.song else 0)
        made.lone.append(len(unit.text) <= SHORT_WORD_CHARACTERS)
        following = units[index + 1].text if index + 1 < len(units) else ""
        made.closes.append(ends_sentence(unit.text, following))
        voice += index > 0 and _other_voice(units[index - 1], unit)
        made.voices.append(voice)
        if index + 1 < len(units):
            _add_break(made, unit, units[index + 1])
    return made


def _add_break(made: _Stream, unit: Unit, following: Unit) -> None:
    """Add the points of ending a line or a cue between two words."""
    line_points = grammar.break_points(unit.text, following.text, made.rules.language, same_name=unit.joins_next)
    next_segment = following.segment != unit.segment  # a phrase ends there, whatever punctuation says
    points = min(line_points, BETWEEN_SEGMENTS) if next_segment else line_points
    silence_ms = following.start_ms - unit.end_ms
    # The times of a translation's words are reckoned: a pause among those of one segment says nothing.
    told = next_segment or (unit.heard and following.heard)
    made.breaks.append(line_points)
    made.points.append(max(0.0, points - min(4.0, silence_ms / 200)) if told and silence_ms > 0 else points)
    made.sentences.append(made.sentences[-1] + (next_segment or made.closes[-1]))
    made.pauses.append(made.pauses[-1] + (max(0, silence_ms - BREATH_MS) / 1000 * PAUSE_PER_SECOND if told else 0.0))


def _other_voice(unit: Unit, following: Unit) -> bool:
    other_speaker = unit.speaker != following.speaker and None not in (unit.speaker, following.speaker)
    return other_speaker or unit.song != following.song


def _runs(units: Sequence[Unit]) -> Iterator[tuple[int, int]]:
    """Yield stretches that no cue crosses: those between long pauses, and, in songs, the lines sung."""
    first = 0
    for index, (unit, following) in enumerate(itertools.pairwise(units), start=1):
        silence_ms = following.start_ms - unit.end_ms
        told = unit.segment != following.segment or (unit.heard and following.heard)
        another_line = unit.song and following.song and unit.segment != following.segment and silence_ms >= BREATH_MS
        if (told and silence_ms >= SCENE_PAUSE_MS) or another_line:
            yield first, index
            first = index
    yield first, len(units)


def _best_spans(stream: _Stream, first: int, last: int) -> list[tuple[int, int]]:
    """Return the division of words ``first`` to before ``last`` into cues whose points are fewest."""
    best = [0.0] + [_NEVER] * (last - first)
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


def _cue_points(stream: _Stream, start: int, end: int, run: tuple[int, int], bound: float) -> float | None:
    """Return the points of a cue of words ``start`` to before ``end``; None when it, and any longer one, may not be.

    A cue whose points reach ``bound`` is of no use: they are then not counted to the end.
    """
    several = end - start > 1
    if several and stream.units[end - 1].start_ms >= stream.comes_ms[start] + stream.rules.max_cue_ms:
        return None
    lines = _lines_needed(stream, start, end)
    if lines > stream.rules.max_lines and several:
        return None
    points = _text_points(stream, start, end, run)
    if points >= bound:
        return _NEVER
    points += _time_points(stream, start, end)
    if points >= bound or lines == 1:
        return points
    return points + SECOND_LINE + _best_breaks(stream, start, end, lines)[0]


def _text_points(stream: _Stream, start: int, end: int, run: tuple[int, int]) -> float:
    points = CUE
    if end < run[1]:
        points += stream.points[end - 1]
        points += CUTS_SENTENCE if stream.sentences[end] == stream.sentences[end - 1] else 0.0
    ends_inside = stream.sentences[end - 1] - stream.sentences[start]
    points += SENTENCE_GOES_ON * ends_inside
    if ends_inside and end < run[1] and stream.sentences[end] == stream.sentences[end - 1]:
        points += STRADDLES
    points += stream.pauses[end - 1] - stream.pauses[start]
    if end - start == 1 and stream.lone[start] and run != (start, end) and not _is_sentence(stream, start, end, run):
        points += LONE_SHORT_WORD
    if stream.voices[start] != stream.voices[end - 1]:
        points += TWO_SPEAKERS if stream.units[start].song == stream.units[end - 1].song else SPEECH_AND_SONG
    return points


def _time_points(stream: _Stream, start: int, end: int) -> float:
    rules = stream.rules
    comes_ms, goes_ms = stream.comes_ms[start], _goes_ms(stream, start, end)
    duration_ms = goes_ms - comes_ms
    points = 0.0
    if duration_ms < rules.min_cue_ms:
        points += TOO_SHORT * (1 + (rules.min_cue_ms - duration_ms) / rules.min_cue_ms)
    reading_ms = _reading_ms(stream, start, end)
    if duration_ms < reading_ms:
        points += TOO_FAST + 40 * (reading_ms / max(1, duration_ms) - 1) if duration_ms > 0 else TOO_SHORT
    cut_off_ms = stream.units[end - 1].end_ms - comes_ms - rules.max_cue_ms
    if cut_off_ms > 0 and end - start > 1:
        points += CUT_OFF_PER_SECOND * (1 + cut_off_ms / 1000)
    if stream.shots:
        inside = bisect_left(stream.shots, goes_ms) - bisect_right(stream.shots, comes_ms)
        points += OVER_SHOT * max(0, inside)
    return points


def _goes_ms(stream: _Stream, start: int, end: int) -> int:
    """Return when a cue goes."""
    followed = end < len(stream.units)
    room_ms = stream.comes_ms[end] - stream.rules.gap_ms if followed else stream.limit_ms
    needed_ms = max(stream.rules.min_cue_ms, _reading_ms(stream, start, end))
    return timing.out_time(
        stream.comes_ms[start],
        stream.units[end - 1].end_ms,
        needed_ms,
        room_ms,
        stream.shots,
        stream.rules,
        followed=followed,
    )


def _reading_ms(stream: _Stream, start: int, end: int) -> int:
    characters = stream.width(start, end) + stream.marks[start] + stream.marks[end - 1]
    if stream.voices[start] != stream.voices[end - 1]:
        characters += 2 * len(stream.rules.dialogue_dash)
    return stream.rules.reading_ms(characters, end - start)


def _lines_needed(stream: _Stream, start: int, end: int) -> int:
    """Return the fewest lines that hold a cue; more than any may have where it cannot be held."""
    rules = stream.rules
    changes = stream.voices[end - 1] - stream.voices[start]
    if changes:
        if changes > 1 or not rules.dialogue_dash:
            return rules.max_lines + 1
        turn = _turn(stream, start, end)
        return 2 if _fits_with_dash(stream, start, turn) and _fits_with_dash(stream, turn, end) else rules.max_lines + 1
    if _fits(stream, start, end, 2):
        return 1
    # Fill each line in turn: the word after it is found among the columns at which words end.
    lines, first, mark = 1, start, stream.marks[start]
    while lines <= rules.max_lines:
        taken = mark if first == start else 0
        column = stream.starts[first] + rules.max_line_characters - taken
        following = max(first + 1, bisect_right(stream.ends, column, first, end))
        if following == end and _fits(stream, first, end, 1 + (first == start)):
            return lines
        lines, first = lines + 1, min(following, end - 1)
    return lines


def _turn(stream: _Stream, start: int, end: int) -> int:
    """Return the first word of the second of two voices."""
    return bisect_left(stream.voices, stream.voices[end - 1], start, end)


def _fits(stream: _Stream, first: int, last: int, marks: int) -> bool:
    """Say whether words fit in a line; a single one always does, for it cannot be broken.

    Args:
        stream: the words.
        first: the line's first word.
        last: the word after its last.
        marks: how many of a song's two marks stand in the line.
    """
    return (
        last - first == 1 or stream.width(first, last) + marks * stream.marks[first] <= stream.rules.max_line_characters
    )


def _fits_with_dash(stream: _Stream, first: int, last: int) -> bool:
    """Say whether one of two voices' words fit in its line."""
    extra = 2 * stream.marks[first] or len(stream.rules.dialogue_dash)
    return last - first == 1 or stream.width(first, last) + extra <= stream.rules.max_line_characters


def _best_breaks(stream: _Stream, start: int, end: int, lines: int) -> tuple[float, list[int]]:
    """Return the points and places of the line breaks that are best for so many lines."""
    if stream.voices[start] != stream.voices[end - 1]:
        return 0.0, [_turn(stream, start, end)]
    return _breaks_below(stream, start, end, lines, at_top=True)


def _breaks_below(stream: _Stream, start: int, end: int, lines: int, *, at_top: bool) -> tuple[float, list[int]]:
    if lines == 1:
        fits = _fits(stream, start, end, 1 + at_top)
        return (LONE_SHORT_WORD if end - start == 1 and stream.lone[start] else 0.0) if fits else _NEVER, []
    best: tuple[float, list[int]] = (_NEVER, [])
    starts, ends = stream.starts, stream.ends
    even = stream.width(start, end) / lines
    unit = UNEVEN * 2 / stream.rules.max_line_characters
    room = stream.rules.max_line_characters - (stream.marks[start] if at_top else 0)
    for middle in range(start + 1, end):
        width = ends[middle - 1] - starts[start]
        if width > room and middle > start + 1:
            break
        points = stream.breaks[middle - 1] + unit * abs(width - even)
        if middle - start == 1 and stream.lone[start]:
            points += LONE_SHORT_WORD
        if points < best[0]:
            rest, places = _breaks_below(stream, middle, end, lines - 1, at_top=False)
            if points + rest < best[0]:
                best = points + rest, [middle, *places]
    return best


def _is_sentence(stream: _Stream, start: int, end: int, run: tuple[int, int]) -> bool:
    begins = start == run[0] or stream.closes[start - 1]
    return begins and (end == run[1] or stream.closes[end - 1])


def _cue(stream: _Stream, start: int, end: int, start_ms: int, end_ms: int) -> Cue:
    """Return a cue with its lines, dashes, marks and italics."""
    needed = _lines_needed(stream, start, end) if end - start > 1 else 1
    places = _best_breaks(stream, start, end, needed)[1] if needed > 1 else []
    edges = [start, *places, end]
    lines = [_line(stream.units[first:last]) for first, last in itertools.pairwise(edges)]
    sung = [stream.units[first].song for first in edges[:-1]]
    if stream.voices[start] != stream.voices[end - 1]:
        dash = stream.rules.dialogue_dash
        lines = [f"{dash}{line}" if not song else line for line, song in zip(lines, sung, strict=True)]
    styles: tuple[Style, ...] = ()
    if stream.rules.songs == "italics":
        styles = tuple(Style(number, 0, len(line), "i") for number, line in enumerate(lines) if sung[number])
    return Cue(start_ms, end_ms, tuple(_with_marks(lines, sung, stream.rules.song_mark)), styles)


def _with_marks(lines: list[str], sung: list[bool], mark: str) -> list[str]:
    """Return the lines with a mark before and after what is sung."""
    if not mark or not any(sung):
        return lines
    first, last = sung.index(True), len(sung) - 1 - sung[::-1].index(True)
    marked = list(lines)
    marked[first] = f"{mark} {marked[first]}"
    marked[last] = f"{marked[last]} {mark}"
    return marked


def _line(units: Sequence[Unit]) -> str:
    return units[0].text + "".join(unit.text if unit.glued else f" {unit.text}" for unit in units[1:])
