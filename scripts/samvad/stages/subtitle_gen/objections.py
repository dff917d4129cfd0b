"""What a person who reads the cues one after the other would object to, though no broadcaster's machine does.

None of it is a breach of a rule, and none is in the shares of ``checking``: each kind has its own number beside them.
The kinds, and from when on something counts, are Samvad's own; the half second of ``lingering`` is the profile's.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from samvad.documents.subtitle_check import Finding
from samvad.documents.subtitles.cues import Cue
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen.checking import DASHES, Context
from samvad.text import grammar, numerals, scripts
from samvad.text.sentence_ends import as_begun, begin_small, ends_sentence

#: The kinds, each with what it is, for people.
KINDS = {
    "orphan": "a word alone, torn from its sentence",
    "dangling end": "ends with a word that belongs to what follows",
    "mixed sentences": "ends a sentence, and begins another that goes on in the next cue",
    "carried over": "has only a word or two of one sentence, and another one",
    "lingering": "stays on after all is said and read",
    "missing dash": "a question and its answer without dashes",
    "flicker": "one of several cues in a row that are gone within a second",
}
NOTE = "note"

#: Nearer cues are heard as one sentence, where no mark ends it; in text that has no such marks, much nearer ones.
_ONE_SENTENCE_MS, _UNMARKED_MS = 3000, 1000
#: A text has marks where it has one for this many words, or more.
_WORDS_A_MARK = 40
_FLICKER_MS = 1000
#: Without times of words: a cue longer than this that is read this many times slower than the profile's speed.
_LONG_MS, _SLOWER = 3000, 4
_ROUNDING_MS = 10


@dataclass(frozen=True)
class Habits:
    """How a track writes its sentences.

    Attributes:
        near_ms: how near two cues are that may be one sentence: it depends on whether the track has marks.
        small: whether its sentences begin with small letters.
    """

    near_ms: int
    small: bool

    @classmethod
    def of(cls, cues: Sequence[Cue]) -> Habits:
        """Return the habits of a whole track."""
        every = [word for cue in cues for word in _words(cue)]
        marks = sum(ends_sentence(word) for word in every)
        near_ms = _ONE_SENTENCE_MS if marks * _WORDS_A_MARK >= len(every) else _UNMARKED_MS
        return cls(near_ms, begin_small(every))


@dataclass(frozen=True)
class _Place:
    """A cue among its neighbours: its words, whether a sentence goes on before and after it, and which end inside."""

    number: int
    cue: Cue
    words: tuple[str, ...]
    begun: bool
    goes_on: bool
    next_word: str
    ends: tuple[int, ...]


def find(
    cues: Sequence[Cue], rules: Rules, context: Context | None = None, habits: Habits | None = None
) -> list[Finding]:
    """Return all that a person would object to, cue by cue.

    Args:
        cues: in order of time.
        rules: those of their profile.
        context: shot changes and times of words, where they are known.
        habits: those of the whole track, where the cues are some of it.
    """
    context = context or Context()
    places = _places(cues, habits or Habits.of(cues))
    found: list[Finding] = []
    for place in places:
        found += _in_text(place, rules)
    for number, cue in enumerate(cues, start=1):
        following = cues[number] if number < len(cues) else None
        said = context.said[number - 1] if context.said else None
        message = _lingers(cue, following, said, context.shots or (), rules)
        if message:
            found.append(_finding(number, "lingering", cue.duration_ms, "ms", message))
    found += [
        _finding(number, "flicker", cues[number - 1].duration_ms, "ms", f"shown for {cues[number - 1].duration_ms} ms")
        for number in _flickering(cues)
    ]
    return sorted(found, key=lambda item: item.cue)


def counts(found: Sequence[Finding]) -> dict[str, int]:
    """Return how many cues each kind is found at, kinds that are found nowhere too."""
    several = Counter(kind for kind, _ in {(item.rule, item.cue) for item in found})
    return {kind: several[kind] for kind in KINDS}


def _finding(cue: int, kind: str, value: float | str, unit: str, message: str) -> Finding:
    return Finding(cue, kind, NOTE, value, None, unit, message)


def _places(cues: Sequence[Cue], habits: Habits) -> list[_Place]:
    texts = [_words(cue) for cue in cues]
    goes_on = [
        _goes_on(texts[index], texts[index + 1], cues[index + 1].start_ms - cues[index].end_ms, habits)
        if index + 1 < len(cues)
        else False
        for index in range(len(cues))
    ]
    return [
        _Place(
            number=index + 1,
            cue=cue,
            words=texts[index],
            begun=index > 0 and goes_on[index - 1],
            goes_on=goes_on[index],
            next_word=texts[index + 1][0] if goes_on[index] else "",
            ends=tuple(
                at for at in range(1, len(texts[index])) if _ends(texts[index][at - 1], texts[index][at], habits)
            ),
        )
        for index, cue in enumerate(cues)
    ]


def _words(cue: Cue) -> tuple[str, ...]:
    return tuple(word for word in cue.text.split() if scripts.has_words(word))


def _ends(word: str, following: str, habits: Habits) -> bool:
    if numerals.is_enumerator(word):  # "2. The second point": the number of an item is no sentence
        return False
    return ends_sentence(word, as_begun(word, following, small=habits.small))


def _goes_on(words: Sequence[str], following: Sequence[str], gap_ms: int, habits: Habits) -> bool:
    """Say whether a sentence goes on from a cue into the next."""
    if not words or not following or gap_ms > habits.near_ms or following[0][:1] in DASHES:
        return False
    return not _ends(words[-1], following[0], habits)


def _in_text(place: _Place, rules: Rules) -> Iterator[Finding]:
    words, number = place.words, place.number
    if not words:
        return
    torn = place.begun or place.goes_on
    small = sum(grammar.is_function_word(word, rules.language) for word in words)
    if torn and (len(words) == 1 or (len(words) == 2 and small)):
        yield _finding(number, "orphan", len(words), "words", f"{' '.join(words)!r} stands alone")
    if place.goes_on and grammar.dangles(words[-1], place.next_word, rules.language):
        yield _finding(number, "dangling end", words[-1], "", f"ends with {words[-1]!r}, before {place.next_word!r}")
    dashed = sum(line[:1] in DASHES for line in place.cue.lines if line) > 1
    ends = place.ends
    if ends and not dashed:
        first, last = ends[0], len(words) - ends[-1]
        few = [words[-last:]] if place.goes_on and last <= 2 else []
        few += [words[:first]] if place.begun and first <= 2 else []
        if place.goes_on:
            yield _finding(number, "mixed sentences", last, "words", f"{last} words of the next sentence")
        if few:
            some = " ".join(few[0])
            yield _finding(number, "carried over", len(few[0]), "words", f"only {some!r} of the sentence")
    if not dashed:
        for end in ends:
            if grammar.answers(words[end - 1], words[end], rules.language):
                yield _finding(number, "missing dash", words[end], "", f"{words[end]!r} answers without a dash")


def _lingers(
    cue: Cue, following: Cue | None, said: tuple[int, int] | None, shots: Sequence[int], rules: Rules
) -> str | None:
    """Return how a cue stays longer than anything asks for, or None."""
    needed_ms = max(rules.min_cue_ms, rules.reading_ms(cue.characters, cue.words))
    sung = bool(rules.song_mark and rules.song_mark in cue.text) or any(style.kind == "i" for style in cue.styles)
    slow = needed_ms * _SLOWER < cue.duration_ms and cue.duration_ms > _LONG_MS
    if slow and not sung:
        return f"shown for {cue.duration_ms / 1000:.1f} s, read in {needed_ms / 1000:.1f} s"
    over_ms = cue.end_ms - said[1] if said else 0
    if over_ms <= rules.linger_ms + _ROUNDING_MS or cue.duration_ms <= needed_ms + _ROUNDING_MS:
        return None
    chained = following is not None and following.start_ms - cue.end_ms <= rules.gap_ms + _ROUNDING_MS
    at_shot = any(
        abs(cue.end_ms - place) <= _ROUNDING_MS
        for shot in shots
        for place in (shot - rules.shot_gap_ms, shot + rules.shot_window_ms)
    )
    return None if chained or at_shot else f"stays {over_ms / 1000:.1f} s after its last word"


def _flickering(cues: Sequence[Cue]) -> list[int]:
    """Return the numbers of cues under a second that follow, or are followed by, another within a second."""
    found: set[int] = set()
    for number, (cue, following) in enumerate(itertools.pairwise(cues), start=1):
        near = following.start_ms - cue.end_ms < _FLICKER_MS
        if near and cue.duration_ms < _FLICKER_MS - _ROUNDING_MS and following.duration_ms < _FLICKER_MS - _ROUNDING_MS:
            found |= {number, number + 1}
    return sorted(found)
