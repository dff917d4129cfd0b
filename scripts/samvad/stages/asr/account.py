"""The account of the words that were heard: which of them stage 04 takes out, by which rule; all others stay."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from samvad.core import stages
from samvad.documents.segments import Segment, SegmentsDocument
from samvad.documents.word_account import Heard, Said, Taken, Unexplained
from samvad.stages.asr import given_text
from samvad.stages.asr.chunks import Chunk, RawWord, text_of
from samvad.text import word_forms

STAGE = stages.BY_NAME["asr"].folder
#: The rules of this stage.
FROM_PROMPT = "a term of the prompt where nobody speaks"
NO_WORDS = "no words, or a short loop, after all tries"
LOOP = "a loop beside words, cut to its first round"
HEARD_ANEW = "a loop, in whose place something was heard anew"
TRANSLATED = "English for what was said in another language, in whose place that was heard anew"
GIVEN_INSTEAD = "what was recognised, in whose place the given text stands"
NOWHERE = "heard where no voice is, with no room in the speech beside it"
NOT_SAID = "given, but not said in the film"
#: So many characters are told of what a given text has replaced: it may be all of a film.
_TOLD = 300


@dataclass
class Account:
    """What stage 04 has taken out so far, what was found to be lost without a record, and how many words were given."""

    taken: list[Taken] = field(default_factory=list)
    unexplained: list[Unexplained] = field(default_factory=list)
    given: int = 0

    def take(self, words: Sequence[RawWord], rule: str) -> None:
        """Record words that a rule takes out of a piece."""
        if words and (count := len(word_forms.of(text := text_of(words)))):
            self.taken.append(Taken(STAGE, rule, "", words[0].start_ms, words[-1].end_ms, count, text))

    def forget(self, stretches: Sequence[tuple[int, int]]) -> None:
        """Forget what was taken out of stretches (start and end in ms) whose words are replaced by a better try."""
        self.taken = [
            item for item in self.taken if not any(start <= (item.start_ms or 0) < end for start, end in stretches)
        ]

    def compare(self, before: Sequence[Chunk], after: Sequence[Chunk], taken_before: int) -> None:
        """Record what went between two states of a film's pieces and was not taken out since ``taken_before`` records.

        Args:
            before: the pieces.
            after: the same, perhaps parted; without what was heard in between, which says nothing of these.
            taken_before: how many records there were before.
        """
        still = [*(chunk.text for chunk in after), *(item.text for item in self.taken[taken_before:])]
        if Counter(_letters(chunk.text for chunk in before)) <= Counter(_letters(still)):
            return  # of scripts without spaces a part of a piece is another word
        said = _counted(still)
        gone = _counted(chunk.text for chunk in before) - said
        self.unexplained += _placed(gone, [(chunk.start_ms, chunk.end_ms, chunk.text) for chunk in before])

    def into_segments(self, chunks: Sequence[Chunk], found: Sequence[Segment]) -> int:
        """Record what is in the pieces and in no segment, or the other way round.

        Returns:
            How many words were recognised, with those that were taken out.
        """
        before, after = _counted(chunk.text for chunk in chunks), _counted(segment.text for segment in found)
        if _letters(chunk.text for chunk in chunks) != _letters(segment.text for segment in found):
            places = [(chunk.start_ms, chunk.end_ms, chunk.text) for chunk in chunks]
            self.unexplained += _placed(before - after, places)
            self.unexplained += _placed(after - before, _places(found), added=True)
        return after.total() + sum(item.words for item in self.taken)

    def finished(self, found: Sequence[Segment], document: SegmentsDocument) -> None:
        """Record what aligning words and naming speakers has changed of what segments say: it must be nothing."""
        before, after = (_counted(one.text for one in segments) for segments in (found, document.segments))
        self.unexplained += _placed(before - after, _places(found))
        self.unexplained += _placed(after - before, _places(document.segments), added=True)

    def replaced(
        self, before: SegmentsDocument, after: SegmentsDocument, given: Sequence[str], left_out: Sequence[str]
    ) -> None:
        """Record what became of the words that were recognised, and of those given, which stand in their place.

        Args:
            before: as recognised.
            after: with the given text.
            given: its lines.
            left_out: those that are not said in the film.
        """
        stay = [one for one in after.segments if one.extra.get(given_text.KEY) == given_text.HEARD]
        placed = [one for one in after.segments if one.extra.get(given_text.KEY) != given_text.HEARD]
        lines, shown = _counted(given) - _counted(left_out), _counted(one.text for one in placed)
        self.given = lines.total()
        self.unexplained += _placed(lines - shown, [(0, after.duration_ms, text) for text in given])
        self.unexplained += _placed(shown - lines, _places(placed), added=True)
        said, kept = _counted(one.text for one in before.segments), _counted(one.text for one in stay)
        self.unexplained += _placed(kept - said, _places(stay), added=True)
        if gone := _in_order(said - kept, before.segments):
            told = " ".join(words for _, words in gone)
            told = told if len(told) <= _TOLD else f"{told[:_TOLD]} …"
            first, last, count = gone[0][0], gone[-1][0], (said - kept).total()
            self.taken.append(Taken(STAGE, GIVEN_INSTEAD, "", first.start_ms, last.end_ms, count, told))
        self.taken += [Taken(STAGE, NOT_SAID, "", None, None, len(word_forms.of(text)), text) for text in left_out]

    def heard(self, words: int, document: SegmentsDocument) -> Heard:
        """Return the record of what was heard.

        Args:
            words: how many were recognised, with those that were taken out.
            document: as it is written.
        """
        return Heard(
            words=words,
            given=self.given,
            taken=tuple(sorted(self.taken, key=lambda item: item.start_ms or 0)),
            unexplained=tuple(sorted(self.unexplained, key=lambda item: item.start_ms)),
            said=tuple(Said(one.id, one.start_ms, one.end_ms, one.text) for one in document.segments),
        )


def _places(found: Iterable[Segment]) -> list[tuple[int, int, str]]:
    return [(one.start_ms, one.end_ms, one.text) for one in found]


def _counted(texts: Iterable[str]) -> Counter[str]:
    return Counter(word for text in texts for word in word_forms.of(text))


def _in_order(words: Counter[str], segments: Iterable[Segment]) -> list[tuple[Segment, str]]:
    """Return the segments that say some words, in order of time, each with those of them that it says."""
    left, found = Counter(words), []
    for segment in segments:
        own = []
        for word in word_forms.of(segment.text):
            if left[word] > 0:
                left[word] -= 1
                own.append(word)
        if own:
            found.append((segment, " ".join(own)))
    return found


def _letters(texts: Iterable[str]) -> str:
    """Return all letters, digits and marks of texts in order: the same wherever words and segments are parted."""
    whole = unicodedata.normalize("NFC", "".join(texts)).casefold()
    return "".join(sign for sign in whole if sign.isalnum() or unicodedata.category(sign)[0] == "M")


def _placed(words: Counter[str], places: Sequence[tuple[int, int, str]], *, added: bool = False) -> list[Unexplained]:
    """Return words with the first places that have them."""
    left, found = Counter(words), []
    for start_ms, end_ms, text in places if words else ():
        here = left & _counted([text])
        if here:
            left -= here
            told = " ".join(here.elements())
            found.append(Unexplained(STAGE, "added" if added else "lost", start_ms, end_ms, here.total(), told))
    return found
