"""Guards over what a translation model writes: loops, emptiness, doubt, length, script.

Nothing is thrown away for a doubt: the translation is flagged for a person. Only a loop is cut down to one turn.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from samvad.documents import segments
from samvad.documents.segments import Hypothesis, Translation
from samvad.stages.translation import figures, markup, negation, untranslated
from samvad.text import consonants, made_up, phonetic, repetition, scripts, sentence_ends, word_forms

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
#: Below this Whisper might as well have written anything else: each such translation of the project's recordings was
#: made up.
_GUESS_LOG_PROBABILITY = -1.5
#: A unit of 2 to 60 characters, six times or more in a row, also inside a word, and a longer one three times: what is
#: written without spaces. Loops of whole words count sooner (``repetition.word_loop``).
_LOOP = re.compile(r"(.{2,60}?)\1{5,}|(\S{6,60}?)\2{2,}", re.DOTALL)
#: A source that says anything twice in a row, of two signs or more, may be said so in its translation, in up to so many
#: times its signs.
_TWICE = re.compile(r"(\w[\W\w]{1,60}?)[\W_]*\1", re.DOTALL)
_TWICE_AS_LONG = 4
#: So many other hypotheses of a doubtful line are kept: as many as a person chooses from on keys.
MOST_OTHERS = 4
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


def ranked(hypotheses: Sequence[Decoded]) -> Decoded:
    """Return the first hypothesis with the others beside it."""
    return replace(hypotheses[0], others=tuple(hypotheses[1:]))


class Spoken(Protocol):
    """What is said in one segment: text, short code of its language, names in it, and how long it is spoken."""

    @property
    def text(self) -> str:
        """Return what was recognised."""

    @property
    def language(self) -> str:
        """Return its short code."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of people and places in it."""

    @property
    def duration_ms(self) -> int:
        """Return how long it is spoken."""


def is_loop(text: str, than: str) -> bool:
    """Return whether ``text`` repeats itself over and over and ``than``, its source, does not."""
    if _LOOP.search(text.casefold()):
        return not _LOOP.search(than.casefold()) and not _rounds(than)
    found = _rounds(text)
    if not found or _rounds(than):
        return False
    first, period, _ = found
    unit = "".join(repetition.plain(text).split()[first : first + period])
    said = max((_length(match[1]) for match in _TWICE.finditer(repetition.plain(than))), default=0.0)
    return _length(unit) > _TWICE_AS_LONG * said


def _length(unit: str) -> float:
    """Return how long a text is: the vowel signs of India's scripts count, and a Chinese sign for three."""
    return max(made_up.letters(unit), len(unit.replace(" ", "")))


def loops(text: str) -> bool:
    """Return whether a text repeats itself over and over: such a source is no yardstick."""
    return bool(_LOOP.search(text.casefold()) or _rounds(text))


def _rounds(text: str) -> tuple[int, int, int] | None:
    return repetition.word_loop(repetition.plain(text).split())


def without_loops(text: str) -> str:
    """Return the text with every loop cut down to one turn."""
    text = f"{text} "  # so that the last turn ends as the others do
    while match := _LOOP.search(text):
        unit, rest = match.group(1) or match.group(2), text[match.end() :]
        # A loop that ran into the limit of length ends within a turn.
        text = text[: match.start()] + unit + ("" if unit.startswith(rest.rstrip()) else rest)
    words = [word for word in text.split() if repetition.plain(word)]
    while found := repetition.word_loop([repetition.plain(word) for word in words]):
        first, period, end = found
        # The last word's mark ends the whole: "so, so, so." is "so.".
        words = [*words[: first + period - 1], words[end - 1], *words[end:]]
    return " ".join(words) if len(words) < len(text.split()) else text.strip()


def translation(
    parts: Sequence[Decoded | None], line: Spoken, *, backend: str, target: str, phrases: Collection[str] = ()
) -> Translation:
    """Return a line's translation, put together from its parts, with flags.

    Args:
        parts: what came out for each part of the line, in order; None where the model failed.
        line: what was said.
        backend: its name.
        target: short code of the target language.
        phrases: that models are known to make up, in plain form.
    """
    good = [part for part in parts if part is not None]
    if not good:
        return Translation("", backend, flags=(FAILED,))
    text = sentence_ends.with_capitals(" ".join(" ".join(part.text for part in good).split()))
    tokens = sum(part.tokens for part in good)
    score = sum(part.log_probability for part in good) / tokens if tokens else None
    wrong = problems(line.text, text, line.language, target)
    if REPETITION in wrong:
        text = without_loops(text)
        wrong = problems(line.text, text, line.language, target) | {REPETITION}
    if UNKNOWN in wrong:
        text = without_unknown(text)
    unsure = score is not None and score < _LOW_LOG_PROBABILITY
    lost = is_name_lost(text, line.names)
    # Neither alone says much: people say these phrases, recognisers misspell names. With another doubt they do.
    phrase = made_up.is_known(text, line.text, phrases)
    out = _ratio(line.text, text)
    added = figures.added(line.text, text, line.language, target)
    said = not loops(line.text)
    if unsure and said and (added or made_up.is_made_up(text, target, line.text, line.language, unsure=True)):
        wrong |= {MADE_UP}
    if (phrase or lost) and (unsure or not 1 / _DOUBTFUL_RATIO <= out <= _DOUBTFUL_RATIO):
        wrong |= {MADE_UP}
    checks = (
        (INCOMPLETE, len(good) < len(parts)),
        (LOW_PROBABILITY, unsure),
        (GUESS, score is not None and score < _GUESS_LOG_PROBABILITY),
        (TOO_LONG, len(text) > _FREE_CHARACTERS + _MAX_CHARACTERS_PER_SECOND * line.duration_ms / 1000),
        (WRONG_SCRIPT, in_wrong_script(text, target)),
        (NAMES, lost),
    )
    flags = (*(flag for flag, raised in checks if raised), *sorted(wrong | ({EMPTY} if not text else set())))
    return Translation(text, backend, score=None if score is None else round(score, 4), flags=flags)


def with_others(made: Translation, found: Iterable[Translation]) -> Translation:
    """Return a doubtful translation with what else a model has written of the line, that with the least wrong first.

    Args:
        made: what is shown.
        found: other translations of the same line; what says the same, or nothing, is left out.
    """
    if not made.flags:
        return made
    texts: dict[str, Translation] = {}
    for other in found:
        if has_letters(other.text) and other.text != made.text:
            texts.setdefault(other.text, other)
    best = sorted(texts.values(), key=lambda other: (bool(UNFIT.intersection(other.flags)), len(other.flags)))
    others = tuple(Hypothesis(other.text, other.score, other.flags) for other in best[:MOST_OTHERS])
    return replace(made, others=others)


def is_name_lost(text: str, names: Sequence[str]) -> bool:
    """Return whether a translation lacks a name that was said, in whatever letters: as its consonants sound."""
    heard = f" {consonants.sound_of(text)} "
    return any((key := consonants.sound_of(name)) and f" {key}" not in heard for name in names if _has_sounds(name))


def _has_sounds(name: str) -> bool:
    return all(phonetic.sounds(word) for word in name.split())


def as_said(source: str, found: Translation) -> Translation:
    """Return what was said in place of a translation that must not be shown, with its flags."""
    shown = without_loops(source) if loops(source) else source
    return replace(found, text=shown, flags=tuple(dict.fromkeys((*found.flags, AS_SAID))))


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
#: A number that was said in words is not there, and no other in its place.
NUMBER_WORDS = "number in words missing"
LENGTH = "length out of proportion"
UNKNOWN = "unknown word"
NEGATION = "negation lost"
#: The translation denies, and nothing in its source does.
NEGATION_ADDED = "negation added"
QUESTION = "question lost"
#: It has so few words and letters beside its source that a clause may be missing.
SAYS_LESS = "says less"
#: It is what was said, in the language of that: Whisper, asked to translate, now and then writes down what it hears.
UNTRANSLATED = "left untranslated"
#: It has the letters of English, and hardly one of its words: a mantra, dishes, or what a model could not say.
NOT_ENGLISH = "not in English"
#: Marks of a question in the scripts of our languages. Some write others (Greek, Armenian, Amharic), or as a rule none
#: (Thai, Lao, Khmer, Burmese, Tibetan), and are not judged by it.
_QUESTIONS = frozenset("?؟？")
_OTHER_QUESTIONS = frozenset({"am", "bo", "dz", "el", "hy", "km", "lo", "my", "th", "ti"})
#: What a model's vocabulary has no word for, and a placeholder without its number.
_UNKNOWN = re.compile(r"\s*(?:<unk>|⁇|\ufffd|<\s*ID\s*>)")
MADE_UP = "made up"
NAMES = "name lost"
GUESS = "a guess"
#: Flag of a line too short to be heard alone, of which its neighbours' translation gave nothing.
TOO_SHORT = "too short to translate"
AS_SAID = segments.AS_SAID
#: What must not be shown as a translation: where nothing better is found, what was said stands in its place.
UNFIT = frozenset({EMPTY, FAILED, MADE_UP, LENGTH, NUMBERS, NUMBER_WORDS, GUESS, TOO_SHORT, UNTRANSLATED})
#: A translation has at most three times as many letters as its source, and these, which "Of course." for a nod needs.
_MAX_RATIO, _FREE_LETTERS = 3.0, 10
#: From so many letters of the source on, it has at least a quarter of them.
_RATIO_FROM = 12
_MIN_RATIO = 0.25
#: Between languages that need about as many words and letters as each other, a sentence of so many words has more than
#: these parts of its words and letters when it is translated. Set on the tuning half of translation_flags.py in
#: benchmarks/: of 204 right translations none has so few, of 27 without one of their clauses 15.
_LESS_BETWEEN, _LESS_FROM_WORDS, _LESS_WORDS, _LESS_LETTERS = frozenset({"hi", "en"}), 6, 0.45, 0.5
#: A translation so many times as long or short as its source is doubtful beside another doubt.
_DOUBTFUL_RATIO = 2.5


def problems(source: str, made: str, source_language: str, target: str) -> frozenset[str]:
    """Return what is wrong with a sentence's translation, by flags.

    Args:
        source: the sentence as it was said.
        made: its translation, with all values put back.
        source_language: short code.
        target: short code.
    """
    looped = is_loop(made, than=source)
    lost = figures.lost(source, made, source_language, target)
    checks = (
        (EMPTY, has_letters(source) and not has_letters(made)),
        (LEAK, markup.leaks(made) > markup.leaks(source)),
        (LEFTOVER, bool(left_over(made, source_language, target))),
        (NUMBERS, bool(lost.figures or lost.changed)),
        (NUMBER_WORDS, bool(lost.words) and not lost.changed),
        (UNKNOWN, bool(_UNKNOWN.search(made)) and not _UNKNOWN.search(source)),
        (NEGATION, negation.is_lost(source, made, source_language, target)),
        (NEGATION_ADDED, negation.is_added(source, made, source_language, target)),
        (QUESTION, is_question_lost(source, made, source_language, target)),
        (REPETITION, looped),
        (LENGTH, is_out_of_proportion(source, without_loops(made) if looped else made)),
        (SAYS_LESS, says_less(source, made, source_language, target)),
        (UNTRANSLATED, untranslated.is_untranslated(source, made, source_language, target)),
        (NOT_ENGLISH, untranslated.is_no_english(made, target)),
        (MADE_UP, made_up.is_made_up(made, target, source, source_language)),
    )
    return frozenset(flag for flag, raised in checks if raised)


def is_question_lost(source: str, made: str, source_language: str, target: str) -> bool:
    """Return whether a source asks and its translation, of several sentences or one, nowhere does."""
    if not made or not _OTHER_QUESTIONS.isdisjoint((source_language, target)):
        return False
    return not _QUESTIONS.isdisjoint(source) and _QUESTIONS.isdisjoint(made)


def is_out_of_proportion(source: str, made: str) -> bool:
    """Return whether a translation is far longer or shorter than what was said."""
    said, written = made_up.letters(source), made_up.letters(made)
    if not said or not written or loops(source):
        return False
    too_short = said >= _RATIO_FROM and written < _MIN_RATIO * said
    return too_short or written > _MAX_RATIO * said + _FREE_LETTERS


def says_less(source: str, made: str, source_language: str, target: str) -> bool:
    """Return whether a translation is so much shorter than its source that a part of it may not be said."""
    said, written = len(word_forms.of(source)), len(word_forms.of(made))
    if not {source_language, target} <= _LESS_BETWEEN or said < _LESS_FROM_WORDS or not written or loops(source):
        return False
    return written <= _LESS_WORDS * said and made_up.letters(made) <= _LESS_LETTERS * made_up.letters(source)


def _ratio(source: str, made: str) -> float:
    return made_up.letters(made) / max(1.0, made_up.letters(source))


def without_unknown(text: str) -> str:
    """Return the text without the signs of words that a model does not know."""
    return _UNKNOWN.sub("", text).strip()


def left_over(text: str, source_language: str, target: str) -> list[str]:
    """Return the words that are still in the source's script, where the target has another."""
    theirs = scripts.scripts_of(source_language) - scripts.scripts_of(target)
    if not theirs or scripts.LATIN in theirs:  # English words stand in every language's dialogue
        return []
    return [word for word in text.split() if not theirs.isdisjoint(scripts.of_letters(word))]
