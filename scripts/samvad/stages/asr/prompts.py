"""Prompts: names and terms of the film, which Whisper then spells as they are to be spelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from samvad.core import typed_json
from samvad.text import scripts
from samvad.text.repetition import plain

#: So many terms of the prompt in its own order are no coincidence.
_LEAKED_TERMS = 4
#: Characters of a prompt. Longer ones push real context out, and are repeated in silence more often.
_MAX_CHARACTERS = 300


@dataclass(frozen=True)
class _Terms:
    terms: tuple[str, ...]


def read_terms(path: Path) -> list[str]:
    """Read ``prompt_terms.json`` of stage 03: the film's terms, most important first.

    Raises:
        ChangedFileError: the file is not such a list.
    """
    found = typed_json.read(path, _Terms, "list of prompt terms", "Run stage glossary_load again.")
    return list(dict.fromkeys(" ".join(term.split()) for term in found.terms if term.strip()))


def prompt(terms: Sequence[str], language: str, script: str) -> str:
    """Return the prompt for a language, or an empty text.

    A term in a script that the text may not have is left out: Whisper would go on in the prompt's script.

    Args:
        terms: most important first.
        language: short code.
        script: the setting of asr.script.
    """
    allowed = scripts.allowed_scripts(language, script)
    chosen: list[str] = []
    for term in terms:
        if not scripts.foreign_letters(term, allowed) and len(", ".join([*chosen, term])) < _MAX_CHARACTERS:
            chosen.append(term)
    return ", ".join(chosen) + "." if chosen else ""


def leaks(text: str, terms: Sequence[str]) -> bool:
    """Return whether a text repeats the prompt: several of its terms one after the other, in its order."""
    said = plain(text)
    known = [plain(term) for term in terms]
    for first in range(len(known) - _LEAKED_TERMS + 1):
        run = " ".join(known[first : first + _LEAKED_TERMS])
        if run and f" {run} " in f" {said} ":
            return True
    return False
