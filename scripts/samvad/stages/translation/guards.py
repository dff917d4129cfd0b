"""Guards over what a translation model writes: loops, emptiness, doubt, length, script.

Nothing is thrown away for a doubt: the translation is flagged for a person. Only a loop is cut down to one turn.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from samvad.documents.segments import Translation
from samvad.stages.translation import figures, markup, negation
from samvad.text import scripts

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
    """What a model wrote for one piece of a line: text, summed log probability of its tokens, and their number.

    ``others`` are its other hypotheses, the most probable first.
    """

    text: str
    log_probability: float
    tokens: int
    others: tuple[Decoded, ...] = ()


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


def line_flags(
    text: str, source: str, source_language: str, target: str, score: float | None, duration_ms: int
) -> list[str]:
    """Return the flags of a whole line's translation.

    Args:
        text: the translation.
        source: the line.
        source_language: short code.
        target: short code.
        score: mean log probability of a token, where there is one.
        duration_ms: how long the line is spoken.
    """
    checks = (
        (EMPTY, not text),
        (LOW_PROBABILITY, score is not None and score < _LOW_LOG_PROBABILITY),
        (TOO_LONG, len(text) > _FREE_CHARACTERS + _MAX_CHARACTERS_PER_SECOND * duration_ms / 1000),
        (WRONG_SCRIPT, in_wrong_script(text, target)),
        (UNKNOWN, bool(_UNKNOWN.search(text))),
        # Hindi in Latin letters: text models have hardly seen it, and copy it or make something up.
        (SOURCE_SCRIPT, in_wrong_script(source, source_language)),
    )
    return [flag for flag, raised in checks if raised]


def in_wrong_script(text: str, target: str) -> bool:
    """Return whether most letters are of a script that the language is not written in.

    Args:
        text: in the target language, or meant to be.
        target: short code.
    """
    letters = [scripts.script_of(character) for character in text if character.isalpha()]
    own = scripts.scripts_of(target)
    return bool(own) and sum(script not in own for script in letters) > len(letters) / 2


def has_letters(text: str) -> bool:
    """Return whether there is anything to translate: a letter of any script."""
    return any(character.isalpha() for character in text)


# -- what is asked of every sentence that a text model has written ---------------------------------------------------


LEAK = "placeholder left over"
LEFTOVER = "source script left over"
NUMBERS = "number changed"
LENGTH = "length out of proportion"
UNKNOWN = "unknown word"
NEGATION = "negation lost"
#: What a model's vocabulary has no word for, and a placeholder without its number.
_UNKNOWN = re.compile(r"\s*(?:<unk>|⁇|\ufffd|<\s*ID\s*>)")
#: From this many characters of the source on, its translation is neither a quarter nor four times as long.
_RATIO_FROM = 12
_MAX_RATIO = 4.0


def problems(source: str, made: str, source_language: str, target: str) -> frozenset[str]:
    """Return what is wrong with a sentence's translation, by flags.

    Args:
        source: the sentence as it was said.
        made: its translation, with all values put back.
        source_language: short code.
        target: short code.
    """
    ratio = len(made) / max(1, len(source))
    checks = (
        (EMPTY, has_letters(source) and not has_letters(made)),
        (LEAK, markup.leaks(made) > markup.leaks(source)),
        (LEFTOVER, bool(left_over(made, source_language, target))),
        (NUMBERS, bool(figures.lost(source, made))),
        (UNKNOWN, bool(_UNKNOWN.search(made)) and not _UNKNOWN.search(source)),
        (NEGATION, negation.is_lost(source, made, source_language, target)),
        (REPETITION, is_loop(made, than=source)),
        (LENGTH, len(source) >= _RATIO_FROM and not 1 / _MAX_RATIO <= ratio <= _MAX_RATIO),
    )
    return frozenset(flag for flag, raised in checks if raised)


def without_unknown(text: str) -> str:
    """Return the text without the signs of words that a model does not know."""
    return _UNKNOWN.sub("", text).strip()


def left_over(text: str, source_language: str, target: str) -> list[str]:
    """Return the words that are still in the source's script, where the target has another."""
    theirs = scripts.scripts_of(source_language) - scripts.scripts_of(target)
    if not theirs or scripts.LATIN in theirs:  # English words stand in every language's dialogue
        return []
    return [word for word in text.split() if not theirs.isdisjoint(scripts.of_letters(word))]
