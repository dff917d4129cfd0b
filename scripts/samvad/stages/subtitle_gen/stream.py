"""A track's words with all that the search for cues looks up, and what each place for a cut is worth."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import timing
from samvad.stages.subtitle_gen.units import Unit
from samvad.text import grammar
from samvad.text.sentence_ends import as_begun, begin_small, ends_sentence

# Points: see ``cutting``.
BETWEEN_SEGMENTS = 1.0  # a cut there, where a phrase ends and no mark says so
PAUSE_PER_SECOND = 4.0  # of heard silence within the cue, beyond a breath
LONG_PAUSE_PER_SECOND = 7.0  # of what is longer than SCENE_PAUSE_MS

BREATH_MS = 300
SCENE_PAUSE_MS = 1500  # a pause as long as this always ends a cue where a sentence ends
LONGEST_PAUSE_MS = 3000  # and one as long as this wherever it is
_STOPS_MS = 700  # after a pause as long as this "you" or "it" may have ended what was said
SHORT_WORD_CHARACTERS = 4
_WORDS_A_MARK = 40  # a text has marks at sentences' ends where it has one for so many words, or more


@dataclass(frozen=True)
class Stream:
    """The units of a track with what the search looks up; every list has an item a word.

    Attributes:
        units: the words.
        rules: what a cue may be.
        shots: times of the shot changes.
        limit_ms: end of the film.
        comes_ms: when a cue comes that begins with the word.
        early_ms: how much earlier it may come, into silence, where it cannot be read otherwise.
        starts: column at which the word begins when all are written in one line.
        ends: column after it.
        points: of ending a cue after it.
        breaks: of ending a line after it.
        sentences: how many sentences or phrases end before it.
        pauses: points of the pauses before it, summed.
        silences: heard silence after it in ms, 0 where it is not known.
        voices: number of the voice that says it, counted up at each change.
        doubts: how many turns that are in doubt come before it.
        marks: characters that the mark of a song, and its space, take before and again after a cue with it.
        lone: whether it is a short word that should not stand alone.
        closes: whether a sentence or a phrase ends with it.
        serves: whether it is a function word: an article, a conjunction.
        begins: the first word of its sentence or phrase.
    """

    units: Sequence[Unit]
    rules: Rules
    shots: Sequence[int]
    limit_ms: int
    comes_ms: list[int] = field(default_factory=list)
    early_ms: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    points: list[float] = field(default_factory=list)
    breaks: list[float] = field(default_factory=list)
    sentences: list[int] = field(default_factory=lambda: [0])
    pauses: list[float] = field(default_factory=lambda: [0.0])
    silences: list[int] = field(default_factory=list)
    voices: list[int] = field(default_factory=list)
    doubts: list[int] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    lone: list[bool] = field(default_factory=list)
    closes: list[bool] = field(default_factory=list)
    serves: list[bool] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)

    def width(self, first: int, last: int) -> int:
        """Return the characters of words ``first`` to before ``last``, with the spaces between them."""
        return self.ends[last - 1] - self.starts[first]

    def stops(self, index: int) -> bool:
        """Say whether no cue holds a word and the next: after a long pause, and after a line that is sung."""
        unit, following = self.units[index], self.units[index + 1]
        silence_ms = following.start_ms - unit.end_ms
        if unit.song and following.song and unit.segment != following.segment and silence_ms >= BREATH_MS:
            return True
        longest_ms = SCENE_PAUSE_MS if self.closes[index] or unit.song or following.song else LONGEST_PAUSE_MS
        return self.silences[index] >= longest_ms

    def torn(self, start: int, end: int) -> bool:
        """Say whether words ``start`` to before ``end`` are a part of a sentence, not one or several as a whole."""
        return self.begins[start] != start or not self.closes[end - 1]


def of(units: Sequence[Unit], rules: Rules, limit_ms: int, shots: Sequence[int]) -> Stream:
    """Return the stream of a track's words."""
    made = Stream(units, rules, shots, limit_ms)
    column, voice, doubts, said_ms, begins = 0, 0, 0, 0, 0
    mark = len(rules.song_mark) + 1 if rules.song_mark else 0
    small = begin_small([unit.text for unit in units])
    marked = sum(ends_sentence(unit.text) for unit in units) * _WORDS_A_MARK >= len(units)
    for index, unit in enumerate(units):
        column += 0 if index == 0 or unit.glued else 1
        made.starts.append(column)
        column += len(unit.text)
        made.ends.append(column)
        comes_ms = timing.in_time(unit.start_ms, said_ms, shots, rules)
        made.comes_ms.append(comes_ms)
        made.early_ms.append(_early(comes_ms, said_ms, shots, rules))
        said_ms = max(said_ms, unit.end_ms)
        made.marks.append(mark if unit.song else 0)
        made.lone.append(len(unit.text) <= SHORT_WORD_CHARACTERS)
        made.serves.append(grammar.is_function_word(unit.text, rules.language))
        voice += index > 0 and _other_voice(units[index - 1], unit)
        doubts += unit.turn == "doubtful"
        made.voices.append(voice)
        made.doubts.append(doubts)
        made.begins.append(begins)
        if index + 1 < len(units):
            _add_place(made, unit, units[index + 1], marked=marked, small=small)
            begins = index + 1 if made.closes[-1] else begins
        else:
            made.closes.append(True)
            made.silences.append(0)
    return made


def _early(comes_ms: int, said_before_ms: int, shots: Sequence[int], rules: Rules) -> int:
    """Return how much earlier a cue may come: into silence, and no nearer to a shot change than the window."""
    silent_from_ms = said_before_ms + rules.gap_ms if said_before_ms else 0
    earliest_ms = max(silent_from_ms, comes_ms - rules.early_ms)
    place = bisect_right(shots, comes_ms)
    if place:
        earliest_ms = max(earliest_ms, shots[place - 1] + rules.shot_window_ms)
    return max(0, comes_ms - earliest_ms)


def _add_place(made: Stream, unit: Unit, following: Unit, *, marked: bool, small: bool) -> None:
    """Add what the place between two words is worth: as the end of a line, as the end of a cue."""
    language = made.rules.language
    right = as_begun(unit.text, following.text, small=small)
    line_points = grammar.break_points(unit.text, right, language, same_name=unit.joins_next)
    next_segment = following.segment != unit.segment
    # The times of a translation's words are reckoned: a pause among those of one segment says nothing.
    told = next_segment or (unit.heard and following.heard)
    silence_ms = max(0, following.start_ms - unit.end_ms) if told else 0
    ends_phrase = ends_sentence(unit.text, right)
    if next_segment and not ends_phrase:
        ends_phrase = line_points < grammar.WITHIN_PHRASE and not _goes_on(unit, following, language, marked=marked)
    points = min(line_points, BETWEEN_SEGMENTS) if ends_phrase else line_points
    if silence_ms >= _STOPS_MS and grammar.may_end(unit.text, language, following.text):
        points = min(points, grammar.ANYWHERE)
    made.breaks.append(line_points)
    made.points.append(max(0.0, points - min(4.0, silence_ms / 200)))
    made.closes.append(ends_phrase)
    made.sentences.append(made.sentences[-1] + ends_phrase)
    made.silences.append(silence_ms)
    usual_ms, long_ms = min(silence_ms, SCENE_PAUSE_MS) - BREATH_MS, silence_ms - SCENE_PAUSE_MS
    cost = max(0, usual_ms) * PAUSE_PER_SECOND + max(0, long_ms) * LONG_PAUSE_PER_SECOND
    made.pauses.append(made.pauses[-1] + cost / 1000)


def _goes_on(unit: Unit, following: Unit, language: str, *, marked: bool) -> bool:
    """Say whether a sentence goes on from one segment into the next, though recognition has parted them.

    It parts at pauses, where windows meet, and in sentences that are very long. A small letter shows that the sentence
    goes on, and so does a word that wants another after it. Scripts without capitals show it by the mark that is not
    there, where the text has marks at all (``marked``). Otherwise a phrase ends.
    """
    left, right = unit.text, following.text
    if unit.song or following.song or unit.speaker != following.speaker or following.turn:
        return False
    if grammar.dangles(left, right, language) or grammar.leans_left(right, language):
        return True
    cased = right[:1].lower() != right[:1].upper()
    return right[:1].islower() if cased else marked


def _other_voice(unit: Unit, following: Unit) -> bool:
    other_speaker = unit.speaker != following.speaker and None not in (unit.speaker, following.speaker)
    return other_speaker or following.turn == "sure" or unit.song != following.song
