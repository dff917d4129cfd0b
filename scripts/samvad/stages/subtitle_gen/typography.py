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
from samvad.text import numerals, scripts
from samvad.text.sentence_ends import ends_sentence

_DOTS = re.compile(r"(?:…|\.(?: ?\.){2,})(?:…|\.)*")
_OPENING_QUOTES, _CLOSING_QUOTES = "“„«", "”»"
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
    stop = _full_stop(made, rules)
    texts = [unit.text for unit in made]
    done = []
    for index, unit in enumerate(made):
        before = texts[index - 1] if index else ""
        following = texts[index + 1] if index + 1 < len(texts) else ""
        text = _marks(unit.text, following, rules, stop)
        if rules.numbers == SPELLED:
            text = numerals.money(text, before, following, rules.language)
            text = numerals.spelled(text, before, following, rules.language)
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
            unit = replace(unit, text=f"{first.text} {unit.text}", start_ms=first.start_ms, turn=first.turn)  # noqa: PLW2901
        made.append(unit)
    return made


def _full_stop(units: Sequence[Unit], rules: Rules) -> str:
    """Return the full stop of a text, or nothing where it stays as it is: a danda suits no Latin letters."""
    own = scripts.script_of(rules.full_stop) if rules.full_stop else None
    if own is None and not rules.full_stop:
        return ""
    latin = sum(character.isascii() and character.isalpha() for unit in units for character in unit.text)
    letters = sum(character.isalpha() for unit in units for character in unit.text)
    return "." if latin * 2 > letters else rules.full_stop


def _marks(text: str, following: str, rules: Rules, stop: str) -> str:
    if rules.ellipsis in ("…", "..."):
        text = _DOTS.sub(rules.ellipsis, text)
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
    if bare[-1:] not in ("|", "।", ".") or bare.endswith(("..", "।।")):
        return text
    word = bare[:-1].rstrip()
    if not word or (bare[-1] == "." and not ends_sentence(bare, following)) or word[-1:] in "?!…।.":
        return text
    return word + stop + tail.lstrip()
