"""How far cues end where a person's end: the share of cue ends that two files of the same speech have in common."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from samvad.documents.subtitles.cues import Cue
from samvad.text import numerals, scripts


@dataclass(frozen=True)
class Agreement:
    """Cue ends, after words that stand in both files.

    Attributes:
        both: how many cues end after the same word in both.
        ours: how many end there in the one.
        theirs: how many do in the other.
        words: how many words stand in both.
        all_words: how many stand in the other.
    """

    both: int
    ours: int
    theirs: int
    words: int
    all_words: int

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall, from 0 to 1; 1 where nothing ends in either."""
        return 2 * self.both / (self.ours + self.theirs) if self.ours + self.theirs else 1.0


def of(cues: Sequence[Cue], published: Sequence[Cue], language: str) -> Agreement:
    """Return how far cues end where the published ones do.

    Words are compared without case and punctuation. Ends after words that stand in one of the files alone say nothing
    of the cutting, and are not counted; nor is the last end of both.
    """
    (ours, our_ends), (theirs, their_ends) = (_words(some, language) for some in (cues, published))
    pairs = [
        (block.a + place, block.b + place)
        for block in difflib.SequenceMatcher(a=ours, b=theirs, autojunk=False).get_matching_blocks()
        for place in range(block.size)
    ]
    inner = [(one in our_ends, other in their_ends) for one, other in pairs[:-1]]
    return Agreement(
        both=sum(one and other for one, other in inner),
        ours=sum(one for one, _ in inner),
        theirs=sum(other for _, other in inner),
        words=len(pairs),
        all_words=len(theirs),
    )


def _words(cues: Sequence[Cue], language: str) -> tuple[list[str], set[int]]:
    words: list[str] = []
    ends: set[int] = set()
    for cue in cues:
        bare = (re.sub(f"[^{scripts.WORD}]", "", word).casefold() for word in cue.text.split())
        words += [numerals.as_digits(word, language) for word in bare if word]
        ends.add(len(words) - 1)
    return words, ends
