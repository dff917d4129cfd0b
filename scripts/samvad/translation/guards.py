"""Guards over what a translation model writes: loops, emptiness, doubt, length, script.

Nothing is thrown away for a doubt: the translation is flagged for a person. Only a loop is cut down to one turn.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from samvad.segments import Translation

EMPTY = "empty"
FAILED = "failed"
INCOMPLETE = "incomplete"
LOW_PROBABILITY = "low probability"
REPETITION = "repetition"
TOO_LONG = "too long"
WRONG_SCRIPT = "wrong script"
UNSUPPORTED_LANGUAGE = "unsupported language"
SOURCE_SCRIPT = "source in Latin letters"

#: Mean log probability of a token below which Whisper's authors take a decoding to have failed (their
#: ``logprob_threshold``).
_LOW_LOG_PROBABILITY = -1.0
#: A unit of 2 to 60 characters, six times or more in a row: nobody says "no" so often without the source showing it.
_LOOP = re.compile(r"(.{2,60}?)\1{5,}", re.DOTALL)
#: Nobody speaks 35 characters a second; the constant lets short segments off.
_MAX_CHARACTERS_PER_SECOND = 35
_FREE_CHARACTERS = 30


@dataclass(frozen=True)
class Decoded:
    """What a model wrote for one piece of a line: text, summed log probability of its tokens, and their number."""

    text: str
    log_probability: float
    tokens: int


def is_loop(text: str, than: str) -> bool:
    """Return whether ``text`` repeats itself over and over and ``than``, its source, does not."""
    return bool(_LOOP.search(text.casefold())) and not _LOOP.search(than.casefold())


def without_loops(text: str) -> str:
    """Return the text with every loop cut down to one turn."""
    text = f"{text} "  # so that the last turn ends as the others do
    while match := _LOOP.search(text):
        unit, rest = match.group(1), text[match.end() :]
        # A loop that ran into the limit of length ends within a turn.
        text = text[: match.start()] + unit + ("" if unit.startswith(rest.rstrip()) else rest)
    return text.strip()


def translation(
    parts: Sequence[Decoded | None], *, backend: str, source: str, target: str, duration_ms: int
) -> Translation:
    """Return a line's translation, put together from its parts, with flags.

    Args:
        parts: what came out for each part of the line, in order; None where the model failed.
        backend: its name.
        source: the line's own text.
        target: short code of the target language.
        duration_ms: how long the line is spoken.
    """
    good = [part for part in parts if part is not None]
    if not good:
        return Translation("", backend, flags=(FAILED,))
    text = " ".join(" ".join(part.text for part in good).split())
    tokens = sum(part.tokens for part in good)
    score = sum(part.log_probability for part in good) / tokens if tokens else None
    looped = is_loop(text, than=source)
    if looped:
        text = without_loops(text)
    checks = (
        (INCOMPLETE, len(good) < len(parts)),
        (EMPTY, not text),
        (REPETITION, looped),
        (LOW_PROBABILITY, score is not None and score < _LOW_LOG_PROBABILITY),
        (TOO_LONG, len(text) > _FREE_CHARACTERS + _MAX_CHARACTERS_PER_SECOND * duration_ms / 1000),
        (WRONG_SCRIPT, in_wrong_script(text, target)),
    )
    flags = tuple(flag for flag, raised in checks if raised)
    return Translation(text, backend, score=None if score is None else round(score, 4), flags=flags)


def in_wrong_script(text: str, target: str) -> bool:
    """Return whether most letters are Latin and should not be, or the other way round.

    Args:
        text: in the target language, or meant to be.
        target: ``en``, or an Indian language.
    """
    letters = [character for character in text if character.isalpha()]
    latin = sum(unicodedata.name(character, "").startswith("LATIN") for character in letters)
    if not letters:
        return False
    return latin < len(letters) / 2 if target == "en" else latin > len(letters) / 2


def has_letters(text: str) -> bool:
    """Return whether there is anything to translate: a letter of any script."""
    return any(character.isalpha() for character in text)
