"""Cut timed text into cues and lines: the division of least cost, found by dynamic programming.

The cost is a sum of points over the cues, all of it stated in this module: a cut in a bad place, a sentence that goes
on into the next cue, a pause inside a cue, too little time to read or to see it, lines that are uneven or that leave a
short word alone. What may never be is not a matter of points: a line longer than allowed (but for a single word that
is), more lines than allowed, a cue longer than allowed, cues that overlap.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from samvad.subtitles import grammar
from samvad.subtitles.rules import Cue, Rules
from samvad.subtitles.units import Unit

# Points. One is about what a viewer hardly notices, ten what anyone notices. They are a judgement, tried on speech in
# English and Hindi; the order matters more than the values.
CUE = 3.0  # for each cue: fewer are calmer
SENTENCE_GOES_ON = 3.0  # a second sentence begins within the cue
BETWEEN_SEGMENTS = 1.0  # a cut there, where no sentence ends
STRADDLES = 6.0  # a cue holds the end of one sentence and not the end of the next
PAUSE_PER_SECOND = 4.0  # of heard silence within the cue, beyond a breath
TOO_SHORT = 10.0  # and as much again in proportion to what is missing, twice over
TOO_FAST = 12.0  # and 30 times the share by which it is too fast
HARDLY_SEEN = 500.0  # shorter than MIN_SEEN_MS
CUT_OFF_PER_SECOND = 40.0  # of speech after the longest time of a cue
LONE_SHORT_WORD = 8.0  # as a line, or as a cue in the middle of a sentence
SECOND_LINE = 1.0
UNEVEN = 4.0  # times the difference of two lines as a share of the longest allowed
LINE_BREAK_SHARE = 0.5  # a bad break between lines weighs half of one between cues

BREATH_MS = 300
SCENE_PAUSE_MS = 1500  # a pause as long as this always ends a cue
MIN_SEEN_MS = 200
SHORT_WORD_CHARACTERS = 4

_NOTE = "♪"


@dataclass(frozen=True)
class _Stream:
    """The units of a track with what the search looks up again and again.

    Attributes:
        units: the words.
        starts: column at which each word begins when all are written in one line.
        ends: column after each word.
        points: of ending a cue or line after each word.
        sentences: how many sentences or segments end before each word.
        pauses: points of the pauses before each word, summed.
        limit_ms: end of the film.
    """

    units: Sequence[Unit]
    starts: list[int]
    ends: list[int]
    points: list[float]
    sentences: list[int]
    pauses: list[float]
    limit_ms: int

    def width(self, first: int, last: int) -> int:
        """Return the characters of words ``first`` to before ``last``, with the spaces between them."""
        return self.ends[last - 1] - self.starts[first]


def cut(units: Sequence[Unit], language: str, rules: Rules, limit_ms: int) -> list[Cue]:
    """Return the cues of a track, in order, without overlap, with every word in them.

    Args:
        units: the words in order; starts must not run backwards (``units.in_order``).
        language: short code of the text's language.
        rules: what a cue may be.
        limit_ms: end of the film; no cue stays longer, unless speech does.
    """
    if not units:
        return []
    stream = _stream(units, language, max(limit_ms, *(unit.end_ms for unit in units)))
    spans = [span for first, last in _runs(units) for span in _best_spans(stream, first, last, rules)]
    return _without_overlap([_cue(stream, first, last, rules) for first, last in spans], rules)


def _stream(units: Sequence[Unit], language: str, limit_ms: int) -> _Stream:
    starts, ends, points, sentences, pauses = [], [], [], [0], [0.0]
    column = 0
    for index, unit in enumerate(units):
        column += 0 if index == 0 or unit.glued else 1
        starts.append(column)
        column += len(unit.text)
        ends.append(column)
        if index + 1 == len(units):
            break
        following = units[index + 1]
        break_points = grammar.break_points(unit.text, following.text, language, same_name=unit.joins_next)
        next_segment = following.segment != unit.segment  # a phrase ends there, whatever punctuation says
        break_points = min(break_points, BETWEEN_SEGMENTS) if next_segment else break_points
        silence_ms = following.start_ms - unit.end_ms
        # The times of a translation's words are reckoned: a pause among those of one segment says nothing.
        told = next_segment or (unit.heard and following.heard)
        points.append(max(0.0, break_points - min(4.0, silence_ms / 200)) if told and silence_ms > 0 else break_points)
        sentences.append(sentences[-1] + (next_segment or grammar.ends_sentence(unit.text)))
        pauses.append(pauses[-1] + (max(0, silence_ms - BREATH_MS) / 1000 * PAUSE_PER_SECOND if told else 0.0))
    return _Stream(units, starts, ends, points, sentences, pauses, limit_ms)


def _runs(units: Sequence[Unit]) -> Iterator[tuple[int, int]]:
    """Yield stretches that no cue crosses: one speaker, speech or song, without a long pause."""
    first = 0
    for index, (unit, following) in enumerate(itertools.pairwise(units), start=1):
        other_speaker = unit.speaker != following.speaker and None not in (unit.speaker, following.speaker)
        another_kind = unit.song != following.song or (unit.song and unit.segment != following.segment)
        told = unit.segment != following.segment or (unit.heard and following.heard)
        long_pause = told and following.start_ms - unit.end_ms >= SCENE_PAUSE_MS
        if other_speaker or another_kind or long_pause:
            yield first, index
            first = index
    yield first, len(units)


def _best_spans(stream: _Stream, first: int, last: int, rules: Rules) -> list[tuple[int, int]]:
    """Return the division of words ``first`` to before ``last`` into cues whose points are fewest."""
    best = [0.0] + [float("inf")] * (last - first)
    come_from = [0] * (last - first + 1)
    for start in range(first, last):
        for end in range(start + 1, last + 1):
            points = _cue_points(stream, start, end, rules, run=(first, last))
            if points is None:
                break
            total = best[start - first] + points
            if total < best[end - first]:
                best[end - first], come_from[end - first] = total, start
    edges = [last]
    while edges[-1] > first:
        edges.append(come_from[edges[-1] - first])
    return list(itertools.pairwise(reversed(edges)))


def _cue_points(stream: _Stream, start: int, end: int, rules: Rules, run: tuple[int, int]) -> float | None:
    """Return the points of a cue of words ``start`` to before ``end``; None when it, and any longer one, may not be."""
    units = stream.units
    start_ms = units[start].start_ms
    if end - start > 1 and units[end - 1].start_ms >= start_ms + rules.max_cue_ms:
        return None
    needed = _lines_needed(stream, start, end, rules)
    if needed > rules.max_lines and end - start > 1:
        return None
    duration_ms = _end_ms(stream, start, end, rules) - start_ms
    points = CUE + _time_points(_characters(stream, start, end), duration_ms, rules)
    cut_off_ms = units[end - 1].end_ms - start_ms - rules.max_cue_ms
    if cut_off_ms > 0 and end - start > 1:
        points += CUT_OFF_PER_SECOND * (1 + cut_off_ms / 1000)
    if end < run[1]:
        points += stream.points[end - 1]
    ends_inside = stream.sentences[end - 1] - stream.sentences[start]
    points += SENTENCE_GOES_ON * ends_inside
    if ends_inside and end < run[1] and stream.sentences[end] == stream.sentences[end - 1]:
        points += STRADDLES
    points += stream.pauses[end - 1] - stream.pauses[start]
    if _is_lone(stream, start, end) and run != (start, end) and not _is_sentence(stream, start, end, run):
        points += LONE_SHORT_WORD
    if needed > 1 and end - start > 1:
        points += SECOND_LINE + _best_breaks(stream, start, end, needed, rules)[0]
    return points


def _time_points(characters: int, duration_ms: int, rules: Rules) -> float:
    if duration_ms < MIN_SEEN_MS:
        return HARDLY_SEEN
    points = 0.0
    if duration_ms < rules.min_cue_ms:
        points += TOO_SHORT * (1 + 2 * (rules.min_cue_ms - duration_ms) / rules.min_cue_ms)
    if duration_ms < rules.reading_ms(characters):
        points += TOO_FAST + 30 * (rules.reading_ms(characters) / duration_ms - 1)
    return points


def _end_ms(stream: _Stream, start: int, end: int, rules: Rules) -> int:
    """Return when a cue goes: with its last word, or later where it is to be read and there is room.

    It goes ``gap_ms`` before the next one at the latest, and just then where the pause would only flicker.
    """
    start_ms = stream.units[start].start_ms
    needed_ms = max(rules.min_cue_ms, rules.reading_ms(_characters(stream, start, end)))
    wanted_ms = max(stream.units[end - 1].end_ms, start_ms + needed_ms)
    longest_ms = start_ms + rules.max_cue_ms
    if end == len(stream.units):
        return min(wanted_ms, longest_ms, stream.limit_ms)
    room_ms = stream.units[end].start_ms - rules.gap_ms
    end_ms = min(wanted_ms, longest_ms, room_ms)
    flickers = end_ms < room_ms <= end_ms + rules.flicker_ms - rules.gap_ms
    return room_ms if flickers and room_ms <= longest_ms else end_ms


def _mark_width(stream: _Stream, start: int) -> int:
    return len(_NOTE) + 1 if stream.units[start].song else 0


def _characters(stream: _Stream, start: int, end: int) -> int:
    return stream.width(start, end) + 2 * _mark_width(stream, start)


def _fits(stream: _Stream, first: int, last: int, extra: int, rules: Rules) -> bool:
    """Say whether words fit in a line; a single one always does, for it cannot be broken."""
    return last - first == 1 or stream.width(first, last) + extra <= rules.max_line_characters


def _lines_needed(stream: _Stream, start: int, end: int, rules: Rules) -> int:
    """Return the fewest lines that hold a cue, filling each in turn."""
    mark = _mark_width(stream, start)
    lines, first = 1, start
    for index in range(start + 1, end):
        extra = (mark if first == start else 0) + (mark if index + 1 == end else 0)
        if not _fits(stream, first, index + 1, extra, rules):
            lines, first = lines + 1, index
    return lines


def _best_breaks(
    stream: _Stream, start: int, end: int, lines: int, rules: Rules, *, at_top: bool = True
) -> tuple[float, list[int]]:
    """Return the points and places of the line breaks that are best for so many lines."""
    mark = _mark_width(stream, start)
    if lines == 1:
        fits = _fits(stream, start, end, mark * (1 + at_top), rules)
        return (LONE_SHORT_WORD if _is_lone(stream, start, end) else 0.0) if fits else float("inf"), []
    best: tuple[float, list[int]] = (float("inf"), [])
    even = stream.width(start, end) / lines
    for middle in range(start + 1, end):
        if not _fits(stream, start, middle, mark * at_top, rules):
            break
        width = stream.width(start, middle)
        points = LINE_BREAK_SHARE * stream.points[middle - 1]
        points += UNEVEN * abs(width - even) * 2 / rules.max_line_characters
        points += LONE_SHORT_WORD if _is_lone(stream, start, middle) else 0.0
        if points < best[0]:
            rest, places = _best_breaks(stream, middle, end, lines - 1, rules, at_top=False)
            if points + rest < best[0]:
                best = points + rest, [middle, *places]
    return best


def _is_lone(stream: _Stream, first: int, last: int) -> bool:
    return last - first == 1 and len(stream.units[first].text) <= SHORT_WORD_CHARACTERS


def _is_sentence(stream: _Stream, start: int, end: int, run: tuple[int, int]) -> bool:
    begins = start == run[0] or grammar.ends_sentence(stream.units[start - 1].text)
    return begins and (end == run[1] or grammar.ends_sentence(stream.units[end - 1].text))


def _cue(stream: _Stream, start: int, end: int, rules: Rules) -> Cue:
    needed = _lines_needed(stream, start, end, rules) if end - start > 1 else 1
    places = _best_breaks(stream, start, end, needed, rules)[1] if needed > 1 else []
    lines = [_line(stream.units[first:last]) for first, last in itertools.pairwise([start, *places, end])]
    if stream.units[start].song:
        lines[0] = f"{_NOTE} {lines[0]}"
        lines[-1] = f"{lines[-1]} {_NOTE}"
    return Cue(stream.units[start].start_ms, _end_ms(stream, start, end, rules), tuple(lines))


def _line(units: Sequence[Unit]) -> str:
    return units[0].text + "".join(unit.text if unit.glued else f" {unit.text}" for unit in units[1:])


def _without_overlap(cues: list[Cue], rules: Rules) -> list[Cue]:
    """Move cues later where the words' times leave no room, so that each is seen and none overlaps the next."""
    placed: list[Cue] = []
    free_ms = 0
    for cue in cues:
        start_ms = max(cue.start_ms, free_ms)
        end_ms = max(cue.end_ms, start_ms + MIN_SEEN_MS)
        placed.append(Cue(start_ms, end_ms, cue.lines))
        free_ms = end_ms + rules.gap_ms
    return placed
