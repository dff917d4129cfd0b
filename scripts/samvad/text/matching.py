"""Which words of two texts of the same speech are the same: a script and what was recognised, a file and a film.

Both may have words that the other lacks: misheard ones, ad-libs, scenes that were cut. What the two share in order is
the longest common subsequence (bit-parallel, by rapidfuzz); but two texts that have nothing to do with each other
also share their "the" and "and" in order. So a match counts only in a run of neighbours that has something rare in
it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from samvad.text import phonetic, scripts, skeletons

#: Words that stand no further apart than this in both texts, and equally far but for this much, are neighbours.
_NEAR, _ASTRAY = 4, 2
#: From so many bits of surprise on a run of matches is believed: three words of one in twenty, two of one in a hundred.
_BITS = 13.0
_WORD = re.compile(f"[{scripts.WORD}]+(?:['’][{scripts.WORD}]+)*")
#: How alike two words that stand between the same matches must sound to be the same word.
_ALIKE = 0.7


def words(text: str) -> list[str]:
    """Return the words of a text as they stand in it, without punctuation."""
    return _WORD.findall(text)


def key(word: str, *, by_sound: bool) -> str:
    """Return what is the same in two writings of a word.

    Args:
        word: as it stands in a text.
        by_sound: whether only its consonants count, so that Devanagari, Urdu's and Latin letters can be compared.
    """
    plain = "".join(
        str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in word.casefold().replace("’", "'")
    )
    return (skeletons.key_of(plain) or plain) if by_sound else plain


def matches(given: Sequence[str], heard: Sequence[str]) -> list[tuple[int, int]]:
    """Return the numbers of words that are the same in both texts, in order.

    Args:
        given: words of one text.
        heard: words of the other.

    Returns:
        Pairs of indices, growing in both texts.
    """
    from rapidfuzz.distance import LCSseq  # not in every environment that knows of this module

    by_sound = _main_script(given) != _main_script(heard)
    ours, theirs = ([key(word, by_sound=by_sound) for word in text] for text in (given, heard))
    common = [
        (block.src_start + step, block.dest_start + step)
        for block in LCSseq.opcodes(ours, theirs)
        if block.tag == "equal"
        for step in range(block.src_end - block.src_start)
    ]
    counts = Counter(ours) + Counter(theirs)
    bits = {name: math.log2(counts.total() / count) for name, count in counts.items()}
    believed = [pair for run in _runs(common) if sum(bits[ours[one]] for one, _ in run) >= _BITS for pair in run]
    return _with_alike(believed, given, heard)


def _main_script(text: Sequence[str]) -> str:
    found = Counter(scripts.of_first_letter(word) for word in text)
    found.pop("", None)
    return found.most_common(1)[0][0] if found else ""


def _runs(common: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Return matches that stand near each other in both texts together."""
    found: list[list[tuple[int, int]]] = []
    for one, other in common:
        if found:
            before = found[-1][-1]
            steps = one - before[0], other - before[1]
            if max(steps) <= _NEAR and abs(steps[0] - steps[1]) <= _ASTRAY:
                found[-1].append((one, other))
                continue
        found.append([(one, other)])
    return found


def _with_alike(
    believed: Sequence[tuple[int, int]], given: Sequence[str], heard: Sequence[str]
) -> list[tuple[int, int]]:
    """Add words between two matches that sound alike, where both texts have as many there: a name spelled otherwise."""
    found: list[tuple[int, int]] = []
    for pair in believed:
        if found:
            last = found[-1]
            between = pair[0] - last[0] - 1
            if 0 < between <= _NEAR and between == pair[1] - last[1] - 1:
                steps = ((last[0] + step, last[1] + step) for step in range(1, between + 1))
                found += [(one, other) for one, other in steps if _sound_alike(given[one], heard[other])]
        found.append(pair)
    return found


def _sound_alike(one: str, other: str) -> bool:
    ours, theirs = phonetic.sounds(one), phonetic.sounds(other)
    return bool(ours and theirs) and phonetic.similarity(ours, theirs) >= _ALIKE
