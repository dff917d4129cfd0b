"""Whether every word that was to be shown is in the cues: compared with the cues as they are written, not believed.

The words of a track are held in their order against those of the text: one that a cue lost is missed though another
cue has it twice. Numbers, which a profile may write otherwise, are counted by segment.
"""

from __future__ import annotations

import difflib
import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from samvad.core import stages
from samvad.documents.segments import Segment, SegmentsDocument
from samvad.documents.subtitles.cues import Cue
from samvad.documents.word_account import Unexplained
from samvad.stages.subtitle_gen.shortening import Proposal
from samvad.stages.subtitle_gen.tracks import Track
from samvad.stages.subtitle_gen.units import text_in
from samvad.text import numerals, word_forms

_STAGE = stages.BY_NAME["subtitle_gen"].folder
#: A word, and the segment or the cue that it stands in.
Placed = tuple[Segment | Cue, str]


@dataclass(frozen=True)
class Balance:
    """What a track's cues have of the words that were to be shown.

    Attributes:
        expected: how many these are; numbers, which a profile may write otherwise, do not count.
        lost: those that no cue has in their place, each with its segment.
        added: those that no text has in their place, each with its cue.
    """

    expected: int
    lost: tuple[Placed, ...] = ()
    added: tuple[Placed, ...] = ()


def of(document: SegmentsDocument, cues: Sequence[Cue], language: str, shorter: Iterable[Proposal] = ()) -> Balance:
    """Compare the words of a track's cues with those of all segments that viewers are to see, in their order.

    What is left out by name is not expected: quarantined segments, those without text in the language, and the words of
    shorter texts that were taken.

    Args:
        document: the film's segments.
        cues: of the track, as they are written.
        language: of the track.
        shorter: proposals of a shorter text, with those that were taken.
    """
    expected: list[Placed] = [
        (segment, word) for segment in document.shown() for word in _words(text_in(segment, language) or "", language)
    ]
    after = 0
    for item in shorter:
        if item.taken:
            after = _shorten(expected, item, after, language)
    return _compared(expected, [(cue, word) for cue in cues for word in _words(cue.text, language)])


def _compared(expected: Sequence[Placed], written: Sequence[Placed]) -> Balance:
    said, kept = ([word for _, word in words] for words in (expected, written))
    lost: list[Placed] = []
    added: list[Placed] = []
    if said != kept:
        for how, first, last, from_, to in difflib.SequenceMatcher(a=said, b=kept, autojunk=False).get_opcodes():
            if how != "equal":
                lost += expected[first:last]
                added += written[from_:to]
    return Balance(len(expected), tuple(lost), tuple(added))


def _shorten(expected: list[Placed], item: Proposal, after: int, language: str) -> int:
    """Put the words of a shorter text in the place of those of the full one, where these stand nearest to its time.

    Args:
        expected: all words, which are changed.
        item: the proposal that was taken.
        after: where the words of the one before end.
        language: of the track.

    Returns:
        Where the shorter text ends; ``after`` where the full one was not found.
    """
    full, shorter = (_words(text, language) for text in (item.text, item.shorter))
    words = [word for _, word in expected]
    starts = [at for at in range(after, len(words)) if full and words[at] == full[0]]
    places = [at for at in starts if words[at : at + len(full)] == full]
    if not places:
        return after
    at = min(places, key=lambda place: abs(_time_of(expected, place) - item.start_ms))
    expected[at : at + len(full)] = [(expected[at][0], word) for word in shorter]
    return at + len(shorter)


def _time_of(expected: Sequence[Placed], place: int) -> float:
    """Return about when a word is said, in ms: by its place among those of its segment."""
    segment = expected[place][0]
    first = last = place
    while first and expected[first - 1][0] is segment:
        first -= 1
    while last + 1 < len(expected) and expected[last + 1][0] is segment:
        last += 1
    return segment.start_ms + (segment.end_ms - segment.start_ms) * (place - first) / (last - first + 1)


def lost_and_added(document: SegmentsDocument, track: Track, labels: Iterable[str] = ()) -> list[Unexplained]:
    """Return the words that were to be shown and are in no cue, and those that are in no text, each with its time.

    Args:
        document: what the track is made of.
        track: as it was cut.
        labels: texts that the track has beside what was said.
    """
    bare = without(track.cues, labels)
    balance = of(document, bare, track.language, track.shorter)
    in_cues: dict[int, list[Cue]] = {}
    for cue, origin in zip(bare, track.origins, strict=True):
        for number in origin.segments:
            in_cues.setdefault(number, []).append(cue)
    shortened = [item for item in track.shorter if item.taken]
    shown = [(one, text) for one in document.shown() if (text := text_in(one, track.language)) is not None]
    lost = list(balance.lost)
    for place, (segment, text) in enumerate(shown):
        if not any(item.start_ms < segment.end_ms and segment.start_ms < item.end_ms for item in shortened):
            cues = in_cues.get(segment.id, [])
            if not cues and place + 1 < len(shown):  # the number of an item stands in the cue of the text after it
                cues = in_cues.get(shown[place + 1][0].id, [])
            lost += [(segment, number) for number in _numbers_lost(text, cues, track.language)]
    return [*_told("lost", lost), *_told("added", balance.added)]


def changed(before: Iterable[Cue], after: Iterable[Cue], labels: Iterable[str] = ()) -> list[Unexplained]:
    """Return the words that went, or came, where the cues of a track were made of those of another.

    Args:
        before: cues as they were.
        after: what was made of them.
        labels: texts that both may have beside what was said.
    """
    one, other = (
        [(cue, word) for cue in without(cues, labels) for word in word_forms.of(cue.text)] for cues in (before, after)
    )
    balance = _compared(one, other)
    return [*_told("lost", balance.lost), *_told("added", balance.added)]


def without(cues: Iterable[Cue], labels: Iterable[str]) -> list[Cue]:
    """Return cues without some texts that stand in them."""
    named = sorted(set(labels), key=len, reverse=True)
    made = []
    for cue in cues:
        lines = cue.lines
        for label in named:
            lines = tuple(line.replace(label, " ") for line in lines)
        made.append(cue if lines == cue.lines else replace(cue, lines=lines, styles=()))
    return made


def _told(how: str, found: Iterable[Placed]) -> list[Unexplained]:
    """Return words by the segment, or the cue, that they belong to, in order of time."""
    by_place: dict[tuple[int, int], list[str]] = {}
    for place, word in found:
        by_place.setdefault((place.start_ms, place.end_ms), []).append(word)
    return [Unexplained(_STAGE, how, *times, len(words), " ".join(words)) for times, words in sorted(by_place.items())]


def _words(text: str, language: str) -> list[str]:
    """Return a text's words without numbers, which a profile may write otherwise."""
    return [word for word in word_forms.of(text) if not is_number(word, language)]


def _numbers_lost(text: str, cues: Sequence[Cue], language: str) -> list[str]:
    """Return the numbers of a segment's text that its cues do not have, in digits or in words.

    Where a round sum is written in lakh and crore, its digits are others: then any number will do.
    """
    numbers = [word for word in word_forms.of(text) if is_number(word, language)]
    if not numbers:
        return []
    written = [word for cue in cues for word in word_forms.of(cue.text) if is_number(word, language)]
    scales, said = (sum(word in numerals.SCALE_WORDS for word in words) for words in (written, numbers))
    if scales > said:
        return []
    left, lost = Counter(_value(word, language) for word in written), []
    for word in numbers:
        value = _value(word, language)
        if not left[value]:
            lost.append(word)
        left[value] -= 1
    return lost


def _value(word: str, language: str) -> str:
    """Return a number in one form, whether it is written in words, or in the digits of whatever script."""
    digits = numerals.as_digits(word, language)
    return str(int(digits)) if digits.isdecimal() else digits


@functools.lru_cache(maxsize=1 << 14)
def is_number(word: str, language: str) -> bool:
    """Say whether a word is a number, or one that stands for noughts: "2500000" is written "25 लाख"."""
    return word in numerals.SCALE_WORDS or any(sign.isnumeric() for sign in numerals.as_digits(word, language))
