"""Check translations against the glossary: which terms came out as the glossary wants them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from samvad.segments import SegmentsDocument

#: Flag of a translation that lacks a glossary term which its source has.
TERM_MISSING = "glossary term missing"

#: Word characters and everything of the Indian scripts but the dandas.
_LETTER = r"[\w\u0900-\u0963\u0966-\u0D7F]"


@dataclass(frozen=True)
class Term:
    """A term of the glossary and every way in which it may be written in the translation."""

    term: str
    allowed: tuple[str, ...]


def read_terms(path: Path) -> list[Term]:
    """Read the terms of stage 03's ``glossary.json``."""
    entries = json.loads(path.read_text(encoding="utf-8"))["entries"]
    return [Term(entry["term"], (entry["target"], *entry["alternatives"])) for entry in entries if entry["target"]]


def check_terms(document: SegmentsDocument, target: str, terms: Sequence[Term]) -> tuple[SegmentsDocument, int, int]:
    """Flag the translations that lack a term.

    Args:
        document: with translations.
        target: the language to look at.
        terms: from ``read_terms``.

    Returns:
        The document, how many times a term stands in a translated source, and how many of them were kept.
    """
    patterns = [(_whole_words([term.term]), _whole_words(term.allowed)) for term in terms]
    used = kept = 0
    checked = []
    for segment in document.segments:
        made = segment.translations.get(target)
        found = [allowed for term, allowed in patterns if made and made.text and term.search(segment.text)]
        missing = [allowed for allowed in found if made and not allowed.search(made.text)]
        used += len(found)
        kept += len(found) - len(missing)
        if made and missing:
            flagged = replace(made, flags=(*made.flags, TERM_MISSING))
            segment = replace(segment, translations={**segment.translations, target: flagged})  # noqa: PLW2901 -- a changed copy
        checked.append(segment)
    return replace(document, segments=tuple(checked)), used, kept


def _whole_words(texts: Sequence[str]) -> re.Pattern[str]:
    # \b is no help: Devanagari vowel signs are no word characters to Python, so it stands in the middle of Hindi words.
    choices = "|".join(re.escape(text) for text in texts)
    return re.compile(rf"(?<!{_LETTER})(?:{choices})(?!{_LETTER})", re.IGNORECASE)
