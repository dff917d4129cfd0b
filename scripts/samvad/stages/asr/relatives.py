"""Sound heard as the language that is spoken alike and written in letters that a small model knows better.

A small Whisper model hears Hindi, begins to write Devanagari, and loops; of the same sound, named Urdu, it writes
nearly every word. samvad.stages.asr.own_script puts those letters into the language's own afterwards.
"""

from __future__ import annotations

from dataclasses import replace

from samvad.stages.asr.windows import Window
from samvad.text import respelling, scripts

_RELATIVES = {"hi": "ur"}


def as_relative(window: Window, setting: str) -> Window | None:
    """Return a window with its speech named as its language's nearest relative.

    None where it has none, or where the relative's letters would stay in the text.

    Args:
        window: with the language of its speech.
        setting: of asr.script.
    """
    named = _RELATIVES.get(window.language)
    if named is None or not respelling.target(window.language, setting):
        return None
    return replace(window, speech=tuple(replace(region, language=named) for region in window.speech))


def in_letters_of_relative(text: str, language: str) -> bool:
    """Return whether a text is in the letters of its language's nearest relative already."""
    return scripts.is_written_in(text, _RELATIVES.get(language, language))
