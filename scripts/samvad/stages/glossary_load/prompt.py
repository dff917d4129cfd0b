"""The film's names and terms for the recogniser's prompt, the most important first."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from samvad.core import files
from samvad.film import people
from samvad.film.glossary import KEEP, SPELLING, Entry
from samvad.film.metadata import FilmMetadata

SCHEMA_VERSION = "1.0"

#: Whisper's prompt holds about 220 tokens; the rest is for recognisers that take hot words.
MAX_TERMS = 200


def prompt_terms(own: Iterable[Entry], others: Iterable[Entry], film: FilmMetadata | None) -> list[str]:
    """Return terms as they are to be spelled: the film's own, the characters as they are called, the user's.

    A built-in glossary gives none: its words are common, and a prompt is short.

    Args:
        own: entries of the film's own glossary.
        others: entries of the user's other glossaries.
        film: from stage 02, or None.
    """
    characters = people.characters(film) if film else []
    called = [part for name in characters for part in people.parts(name) or [name]]
    terms = [*_spelled(own), *called, *_spelled(others), *characters, *([film.title] if film else [])]
    seen: dict[str, str] = {}
    for term in terms:
        seen.setdefault(term.casefold(), term)
    return list(seen.values())[:MAX_TERMS]


def write(path: Path, terms: list[str]) -> None:
    """Write ``prompt_terms.json``, atomically."""
    files.write_json(path, {"schema_version": SCHEMA_VERSION, "terms": terms})


def _spelled(entries: Iterable[Entry]) -> list[str]:
    """Return the names, and the terms whose spelling matters, in the script in which they are spoken."""
    return [entry.term for entry in entries if entry.label or entry.rule in (KEEP, SPELLING)]
