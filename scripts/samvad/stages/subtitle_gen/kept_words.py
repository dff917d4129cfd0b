"""Whether every word that was to be shown is in the cues: compared with the cues as they are written, not believed.

The words of a track are held in their order against those of the text: one that a cue lost is missed though another
cue has it twice. Where two speak at once, either may stand first: a word that is but moved, to a cue of the same time,
is not lost. Numbers, which a profile may write otherwise, are counted by segment.
"""

from __future__ import annotations

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


def of(
    document: SegmentsDocument,
    cues: Sequence[Cue],
    language: str,
    shorter: Iterable[Proposal] = (),
    labels: Iterable[str] = (),
) -> Balance:
    """Compare the words of a track's cues with those of all segments that viewers are to see, in their order.

    What is left out by name is not expected: quarantined segments, those without text in the language, and the words of
    shorter texts that were taken.

    Args:
        document: the film's segments.
        cues: of the track, as they are written.
        language: of the track.
        shorter: proposals of a shorter text, with those that were taken.
        labels: texts that the cues have beside what was said; what was said may have them, too.
    """
    named = _longest_first(labels)
    expected: list[Placed] = [
        (segment, word)
        for segment in document.shown()
        for word in _words(_bare(text_in(segment, language) or "", named), language)
    ]
    after = 0
    for item in shorter:
        if item.taken:
            after = _shorten(expected, item, after, language)
    return _compared(expected, [(cue, word) for cue in without(cues, named) for word in _words(cue.text, language)])


def _compared(expected: Sequence[Placed], written: Sequence[Placed]) -> Balance:
    """Return the words of one side that are not in the longest common subsequence of both, but for those moved."""
    said, kept = ([word for _, word in words] for words in (expected, written))
    lost: list[Placed] = []
    added: list[Placed] = []
    if said != kept:
        from rapidfuzz.distance import LCSseq  # what is right, as a rule, need not wait for it to load

        for block in LCSseq.opcodes(said, kept):
            if block.tag != "equal":
                lost += expected[block.src_start : block.src_end]
                added += written[block.dest_start : block.dest_end]
    return Balance(len(expected), *_without_moved(lost, added))


def _without_moved(lost: Iterable[Placed], added: Sequence[Placed]) -> tuple[tuple[Placed, ...], tuple[Placed, ...]]:
    """Return what is lost and added without each word that both have at the same time."""
    by_word: dict[str, list[int]] = {}
    for number, (_, word) in enumerate(added):
        by_word.setdefault(word, []).append(number)
    moved: set[int] = set()
    gone: list[Placed] = []
    for place, word in lost:
        for number in by_word.get(word, ()):
            other = added[number][0]
            if number not in moved and other.start_ms < place.end_ms and place.start_ms < other.end_ms:
                moved.add(number)
                break
        else:
            gone.append((place, word))
    return tuple(gone), tuple(item for number, item in enumerate(added) if number not in moved)


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
    named = _longest_first(labels)
    balance = of(document, track.cues, track.language, track.shorter, named)
    in_cues: dict[int, list[Cue]] = {}
    for cue, origin in zip(without(track.cues, named), track.origins, strict=True):
        for number in origin.segments:
            in_cues.setdefault(number, []).append(cue)
    # Of a round sum in lakh and crore that was left out, no digit can be told: such segments are not asked for numbers.
    shortened = [item for item in track.shorter if item.taken and _leaves_a_number(item, track.language)]
    shown = [(one, text) for one in document.shown() if (text := text_in(one, track.language)) is not None]
    lost, following = list(balance.lost), list[Cue]()
    for segment, text in reversed(shown):
        # The number of an item stands in the cue of the text after it.
        cues = following = in_cues.get(segment.id) or following
        whole: list[Segment | Cue] = [segment, *cues]  # a translation may stay longer than what it translates
        start_ms, end_ms = min(one.start_ms for one in whole), max(one.end_ms for one in whole)
        if not any(item.start_ms < end_ms and start_ms < item.end_ms for item in shortened):
            lost += [(segment, number) for number in _numbers_lost(_bare(text, named), cues, track.language)]
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
    named, made = _longest_first(labels), []
    for cue in cues:
        lines = tuple(_bare(line, named) for line in cue.lines)
        made.append(cue if lines == cue.lines else replace(cue, lines=lines, styles=()))
    return made


def _longest_first(labels: Iterable[str]) -> list[str]:
    return sorted(set(labels), key=len, reverse=True)


def _bare(text: str, named: Sequence[str]) -> str:
    for label in named:
        text = text.replace(label, " ")
    return text


def _told(how: str, found: Iterable[Placed]) -> list[Unexplained]:
    """Return words by the segment, or the cue, that they belong to, in order of time."""
    by_place: dict[tuple[int, int], list[str]] = {}
    for place, word in found:
        by_place.setdefault((place.start_ms, place.end_ms), []).append(word)
    return [Unexplained(_STAGE, how, *times, len(words), " ".join(words)) for times, words in sorted(by_place.items())]


def _words(text: str, language: str) -> list[str]:
    """Return a text's words without numbers, which a profile may write otherwise."""
    return [word for word in word_forms.of(text) if not is_number(word, language)]


def _leaves_a_number(item: Proposal, language: str) -> bool:
    full, shorter = (
        [word for word in word_forms.of(text) if is_number(word, language)] for text in (item.text, item.shorter)
    )
    return len(shorter) < len(full)


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
