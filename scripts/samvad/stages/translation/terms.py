"""Glossary terms and names: find them in what is said, and see how they came out in the translation."""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path

from samvad.documents.segments import SegmentsDocument
from samvad.film import glossary as film_glossary
from samvad.stages.translation.markup import NAME, TERM, Span
from samvad.text import scripts

#: Flag of a translation that lacks a glossary term which its source has.
TERM_MISSING = "glossary term missing"

#: How a term came into a translation.
BY_PLACEHOLDER, BY_MODEL, REPAIRED, PLACED, MISSING = "placeholder", "model", "repaired", "placed", "missing"

_LETTER = f"[{scripts.WORD}]"
_NAME_CONTEXTS = frozenset({"name", "person", "place", "organisation", "organization"})
_NUKTA = "\u093c"
#: From this likeness (0 to 1) on two spellings are one name: Rahul and Raahul, not Rahul and Rohan.
_SAME_NAME = 0.75


@dataclass(frozen=True)
class Term:
    """A term of the glossary, or a name, and every way in which it may be written in the translation.

    Attributes:
        term: as it is spoken.
        allowed: its wordings in the target language, the wanted one first.
        forms: other forms of the term that mean the same.
        is_name: names have no plural.
    """

    term: str
    allowed: tuple[str, ...]
    forms: tuple[str, ...] = ()
    is_name: bool = False


@dataclass(frozen=True)
class Use:
    """A term in one segment: how it was said, what was wanted, and how it came out (``BY_PLACEHOLDER`` …)."""

    segment: int
    target: str
    term: str
    said: str
    wanted: str
    how: str


@dataclass(frozen=True)
class Glossary:
    """The terms for one target language."""

    terms: tuple[Term, ...] = ()
    target: str = "en"
    _wordings: dict[str, tuple[Term, str]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Work out the wording for every form; a form of its own wins over one that is derived."""
        for derived in (False, True):
            for term in self.terms:
                for form, plural in _derived(term) if derived else [(text, False) for text in (term.term, *term.forms)]:
                    wanted = term.allowed[0]
                    if plural and not term.is_name and self.target == "en":
                        wanted = _plural(wanted)
                    self._wordings.setdefault(_key(form), (term, wanted))

    @cached_property
    def hash(self) -> str:
        """Return 16 hexadecimal digits that change when a term does."""
        text = json.dumps([[t.term, t.allowed, t.forms, t.is_name] for t in self.terms], ensure_ascii=False)
        return hashlib.sha256(f"{self.target}{text}".encode()).hexdigest()[:16]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return whole_words(sorted(self._wordings, key=lambda form: (-len(form), form)), any_nukta=True)

    def find(self, text: str) -> list[Span]:
        """Return the terms in a text, the longest where several begin at one place, with the wanted wordings."""
        if not self._wordings:
            return []
        spans = []
        for match in self._pattern.finditer(text):
            term, wanted = self._wordings[_key(match.group())]
            kind = NAME if term.is_name else TERM
            spans.append(Span(match.start(), match.end(), kind, wanted))
        return spans

    def term_of(self, said: str) -> Term:
        """Return the term that a form found by ``find`` belongs to."""
        return self._wordings[_key(said)][0]

    def is_in(self, text: str, said: str) -> bool:
        """Return whether a translation has the term, in any wording that the glossary allows."""
        term, wanted = self._wordings[_key(said)]
        singular_or_plural = [form for wording in term.allowed for form in (wording, _plural(wording))]
        return bool(whole_words([wanted, *singular_or_plural]).search(text))


def read_terms(path: Path, target: str = "en") -> list[Term]:
    """Read the terms of stage 03's ``glossary.json`` that have a wording in a target language.

    Args:
        path: the file.
        target: short code; an entry without wordings by language has English ones.
    """
    return [term for entry in film_glossary.read(path).entries if (term := _term(entry, target)) is not None]


def _term(entry: film_glossary.Entry, target: str) -> Term | None:
    is_name = entry.context.strip().casefold() in _NAME_CONTEXTS
    alternatives: tuple[str, ...] = ()
    if entry.rule == film_glossary.SPELLING:
        return None  # written in one spelling before translation
    if entry.rule == film_glossary.KEEP:
        wanted = entry.targets.get(target) or (entry.target if target == "en" else entry.term)
    elif target in entry.targets:
        wanted = entry.targets[target]
    elif target == "en" and entry.target:
        wanted, alternatives = entry.target, entry.alternatives
    else:
        return None
    if not scripts.is_written_in(wanted, target) and entry.rule != film_glossary.KEEP:
        return None  # a name in another script than the target's: the model writes it in that script
    return Term(entry.term, (wanted, *alternatives), entry.forms, is_name)


def names_of(document: SegmentsDocument, target: str, known: Iterable[Term]) -> list[Term]:
    """Return the names that stage 05 found and the glossary lacks, where they are written in the target's script."""
    seen = {_key(form) for term in known for form in (term.term, *term.forms)}
    found: dict[str, Term] = {}
    for entity in (entity for segment in document.segments for entity in segment.entities):
        key = _key(entity.text)
        is_name = entity.label in _NAME_CONTEXTS and scripts.is_written_in(entity.text, target)
        if is_name and entity.text.strip() and key not in seen:
            found.setdefault(key, Term(entity.text, (entity.text,), is_name=True))
    return list(found.values())


def check_terms(document: SegmentsDocument, target: str, glossary: Glossary) -> tuple[SegmentsDocument, list[Use]]:
    """Flag the translations that lack a term; for translations that were not made from the text.

    Args:
        document: with translations.
        target: the language to look at.
        glossary: for that language.

    Returns:
        The document, and every use of a term.
    """
    uses: list[Use] = []
    checked = []
    for segment in document.segments:
        made = segment.translations.get(target)
        if made and made.text and segment.language != target:
            ours = [
                use(segment.id, target, segment.text[span.start : span.end], span.wanted, made.text, glossary)
                for span in glossary.find(segment.text)
            ]
            uses += ours
            if any(item.how == MISSING for item in ours) and TERM_MISSING not in made.flags:
                flagged = replace(made, flags=(*made.flags, TERM_MISSING))
                segment = replace(segment, translations={**segment.translations, target: flagged})  # noqa: PLW2901 -- a changed copy
        checked.append(segment)
    return replace(document, segments=tuple(checked)), uses


def use(segment: int, target: str, said: str, wanted: str, text: str, glossary: Glossary) -> Use:
    """Return how a term came out where the model was left alone."""
    how = BY_MODEL if glossary.is_in(text, said) else MISSING
    return Use(segment, target, glossary.term_of(said).term, said, wanted, how)


def with_how(found: Sequence[Use], known: Iterable[Use]) -> list[Use]:
    """Return the uses of ``found`` with how they came out, where a backend has said that.

    Args:
        found: by ``check_terms``: every use.
        known: what text backends recorded.
    """
    said = {(use.segment, use.target, use.said): use.how for use in known}
    return [
        replace(use, how=said.get((use.segment, use.target, use.said), use.how) if use.how != MISSING else MISSING)
        for use in found
    ]


def table(uses: Iterable[Use]) -> str:
    """Return the uses as tab-separated text with a header: which term was used where, and how it came out."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow([item.name for item in fields(Use)])
    writer.writerows([getattr(use, item.name) for item in fields(Use)] for use in uses)
    return out.getvalue()


def mended(text: str, wanted: str, rendering: str, is_name: bool) -> str | None:
    """Return a translation with the model's word for a term replaced by the wanted one, or None where it has none.

    Args:
        text: lacks the wanted wording.
        wanted: how the term is to be written.
        rendering: what the model makes of the term alone.
        is_name: then a word that is spelled nearly alike is taken for it.
    """
    bare = rendering.strip(" .?!।,\"'")
    for word in dict.fromkeys([bare, _plural(bare)] if bare else []):
        made, count = whole_words([word]).subn(lambda _: wanted, text, count=1)
        if count:
            return made
    if not is_name:
        return None
    for match in re.finditer(rf"{_LETTER}+", text):
        word = match.group()
        likeness = difflib.SequenceMatcher(None, word.casefold(), wanted.casefold()).ratio()
        if word[:1].isupper() == wanted[:1].isupper() and likeness >= _SAME_NAME:
            return text[: match.start()] + wanted + text[match.end() :]
    return None


def whole_words(texts: Sequence[str], *, any_nukta: bool = False) -> re.Pattern[str]:
    """Return a pattern of texts as whole words, whatever their case.

    Args:
        texts: in the order in which they are tried.
        any_nukta: whether Devanagari letters match with and without their dot, which few people write rightly.
    """
    # \b is no help: Devanagari vowel signs are no word characters to Python, so it stands in the middle of Hindi words.
    choices = "|".join(_with_any_nukta(text) if any_nukta else re.escape(text) for text in texts)
    return re.compile(rf"(?<!{_LETTER})(?:{choices})(?!{_LETTER})", re.IGNORECASE)


def _with_any_nukta(text: str) -> str:
    plain = unicodedata.normalize("NFD", text).replace(_NUKTA, "")
    plain = unicodedata.normalize("NFC", plain)
    return "".join(
        rf"{character}{_NUKTA}?" if "\u0915" <= character <= "\u0939" else _precomposed(character)
        for character in plain
    )


def _precomposed(character: str) -> str:
    return r"\s+" if character.isspace() else re.escape(character)


def _key(text: str) -> str:
    bare = unicodedata.normalize("NFD", " ".join(text.split()).casefold()).replace(_NUKTA, "")
    return unicodedata.normalize("NFC", bare)


def _derived(term: Term) -> list[tuple[str, bool]]:
    """Return the oblique and plural forms of a Hindi term, and whether each is plural beyond doubt.

    The endings of Hindi's noun classes (McGregor, Outline of Hindi Grammar, 1995, chapters 1 and 2): masculine in -ā,
    feminine in -ī and in a consonant; the last letter of a term of several words is what changes.
    """
    base = term.term
    last = base[-1:]
    if not "\u0904" <= last <= "\u097f":
        return []
    if last == "ा":
        stem = base[:-1]
        return [(f"{stem}े", False), (f"{stem}ों", True), (f"{stem}ो", False)]
    if last == "ी":
        stem = base[:-1]
        return [(f"{stem}ियाँ", True), (f"{stem}ियां", True), (f"{stem}ियों", True), (f"{stem}ियो", True)]
    if "\u0915" <= last <= "\u0939" or last == _NUKTA:
        return [(f"{base}ें", True), (f"{base}ों", True), (f"{base}ो", True)]
    if last in "ुू":
        stem = base[:-1]
        return [(f"{stem}ुओं", True), (f"{stem}ुएँ", True)]
    return []


def _plural(english: str) -> str:
    if not re.search(r"[A-Za-z]$", english) or re.search(r"s$", english):
        return english
    if re.search(r"(?:x|z|ch|sh)$", english):
        return f"{english}es"
    if re.search(r"[^aeiou]y$", english):
        return f"{english[:-1]}ies"
    if re.search(r"\bman$", english):
        return f"{english[:-2]}en"
    return f"{english}s"
