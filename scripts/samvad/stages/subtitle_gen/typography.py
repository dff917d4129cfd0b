"""Write words as the profile and the language do: ellipses, quotation marks, dashes, full stops, numbers.

Words as they were heard come from recognition or translation, each of which has its own habits. Nothing is left out,
and no word becomes another, but for the numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen.units import Unit
from samvad.text import numerals
from samvad.text.sentence_ends import ends_sentence

_DOTS = re.compile(r"(?:…|\.(?: ?\.){2,})(?:…|\.)*")
#: A mark that recognition or translation set off by a space; French does so by its own rules.
_SET_OFF = re.compile(r"(?<=\S) +(?=(?:…|[.?!,;:।])+[\"”’»)]*$)")
#: A double mark typed as two single ones, at a word's edge.
_TWO_SINGLE = re.compile(r"(?:(?<=^)|(?<=^[¿¡(]))(?:''|‘‘)|(?:''|’’)(?=[.,;:?!…।)]*$)")
_SPACED_MARKS = frozenset({"fr"})
_OPENING_QUOTES, _CLOSING_QUOTES = "“„«", "”»"
_DOUBLE_QUOTES = f'"{_OPENING_QUOTES}{_CLOSING_QUOTES}'
#: A dash before what another person says: "- No.", "–No"; not that of "-5".
_TURN = re.compile(r"[-–—‐‑]+\s?(?=[^\W\d])")
_INTERRUPTED = re.compile(r"(?<=\w)\s?(?:[—–]|-{1,3})(?=[\"”']*$)")
SPELLED = "spell to ten"


def written(units: Sequence[Unit], rules: Rules) -> list[Unit]:
    """Return a segment's units as they are to be written.

    A dash of the recogniser's before what another person says becomes a turn (``Unit.turn``); the cutting sets the
    profile's own where two share a cue. The number of an item ("2.") joins the word after it.
    """
    turned = [_turned(unit, index == 0 or ends_sentence(units[index - 1].text)) for index, unit in enumerate(units)]
    made = _enumerated(turned) if rules.numbers == SPELLED else turned
    latin = _is_latin(made)
    stop = "." if rules.full_stop and latin else rules.full_stop
    texts = [unit.text for unit in made]
    if rules.quotes and not any(mark in text for text in texts for mark in _DOUBLE_QUOTES):
        texts = _single_quoted(texts)
    numbers = numerals.language_of(rules.language, latin=latin)
    done = []
    for index, unit in enumerate(made):
        around = numerals.Around.of(texts, index)
        text = _marks(texts[index], around.following, rules, stop)
        if rules.numbers == SPELLED:
            text = numerals.money(text, around, numbers)
            text = numerals.spelled(text, around, numbers)
        done.append(replace(unit, text=text) if text != unit.text else unit)
    return done


def is_item(units: Sequence[Unit], rules: Rules) -> bool:
    """Say whether a segment is the number of an item and nothing else."""
    return rules.numbers == SPELLED and len(units) == 1 and numerals.is_enumerator(units[0].text) and not units[0].song


def _turned(unit: Unit, begins: bool) -> Unit:
    dash = _TURN.match(unit.text) if begins and not unit.song else None
    return replace(unit, text=unit.text[dash.end() :], turn="sure") if dash else unit


def _enumerated(units: list[Unit]) -> list[Unit]:
    made: list[Unit] = []
    for unit in units:
        if made and numerals.is_enumerator(made[-1].text) and (len(made) == 1 or ends_sentence(made[-2].text)):
            first = made.pop()
            text = f"{first.text} {unit.text}"
            unit = replace(unit, text=text, start_ms=first.start_ms, turn=first.turn, glued=first.glued)  # noqa: PLW2901
        made.append(unit)
    return made


def _is_latin(units: Sequence[Unit]) -> bool:
    """Say whether a text is written in Latin letters: no danda suits it, and no Hindi word for a number."""
    latin = sum(character.isascii() and character.isalpha() for unit in units for character in unit.text)
    letters = sum(character.isalpha() for unit in units for character in unit.text)
    return latin * 2 > letters


def _single_quoted(texts: Sequence[str]) -> list[str]:
    """Write a quotation in single marks with double ones: ‘Leave.’, 'Leave.', ''no''.

    A straight mark, or ’, is an apostrophe as well: it closes only after another mark.
    """
    made = [_TWO_SINGLE.sub('"', text) for text in texts]
    opened: int | None = None
    for index, text in enumerate(made):
        if opened is None and re.match(r"[¿¡(]*[‘'](?=\w)", text):
            opened = index
        if opened is not None and re.search(r"[.,?!…।][’'][.,?!…।]*$", text):
            made[opened] = re.sub(r"[‘']", '"', made[opened], count=1)
            made[index] = re.sub(r"[’'](?=[.,?!…।]*$)", '"', made[index])
            opened = None
        elif opened is not None and ends_sentence(text):
            opened = None  # an apostrophe: "'Tis late."
    return made


def _marks(text: str, following: str, rules: Rules, stop: str) -> str:
    if rules.ellipsis in ("…", "..."):
        text = _DOTS.sub(rules.ellipsis, text)
    if rules.language not in _SPACED_MARKS:
        text = _SET_OFF.sub("", text)
    if rules.quotes:
        text = _quoted(text, rules.quotes)
    if rules.interruption:
        text = _INTERRUPTED.sub(rules.interruption, text)
    return _stopped(text, following, stop) if stop else text


def _quoted(text: str, quotes: str) -> str:
    opening, closing = quotes[0], quotes[-1]
    made = "".join(
        opening if character in _OPENING_QUOTES else closing if character in _CLOSING_QUOTES else character
        for character in text
    )
    if opening != closing and '"' in made:
        made = re.sub(r'^"|(?<=[\s(\[])"', opening, made).replace('"', closing)
    return made


def _stopped(text: str, following: str, stop: str) -> str:
    """Write a full stop as the text's script does: "है |", "है." and "है।" are one."""
    bare = text.rstrip("\"'”’) ")
    tail = text[len(bare) :]
    bare = re.sub(r"(?:\|\||।।[।|]*)$", "।", bare)  # a double danda, or what a recogniser stammers
    if bare[-1:] not in ("|", "।", ".") or bare.endswith(".."):
        return text
    word = bare[:-1].rstrip()
    if not word or (bare[-1] == "." and not ends_sentence(bare, following)) or word[-1:] in "?!…।.":
        return text
    return word + stop + tail.lstrip()
