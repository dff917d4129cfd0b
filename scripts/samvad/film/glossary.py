"""Glossary entries: read a table, merge tables, write and read the merged glossary."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from samvad.core import typed_json
from samvad.core.errors import ConfigurationError
from samvad.film import glossary_table
from samvad.text import languages

SCHEMA_VERSION = "1.1"

#: Columns of a glossary file. The first two are needed; the order is free.
COLUMNS: tuple[str, ...] = ("term", "target", "alternatives", "context", "notes", "forms", "language", "rule")

LAYOUT = glossary_table.Layout(
    "glossary", COLUMNS, ("term", "target"), "the key glossary.files, or the column glossary of the film sheet"
)

#: What is to be done with a term: translate it (also where the table says nothing), keep it as it is in every
#: translation, or write it and its forms in one spelling before anything else.
TRANSLATE, KEEP, SPELLING = "translate", "keep", "spelling"
RULES = (TRANSLATE, KEEP, SPELLING)

#: Contexts of entries that are names, and the label that each gives. Names are kept and spelled one way by themselves.
NAME_LABELS: dict[str, str] = {
    "name": "person",
    "person": "person",
    "place": "place",
    "organisation": "organisation",
    "organization": "organisation",
}

#: The language of a target where the table names none.
DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True)
class Sense:
    """A wording that holds in one context only, such as ``dear`` for ``beta`` said to a daughter."""

    context: str
    wording: str


@dataclass(frozen=True)
class Entry:
    """A term and how it is to be written.

    Attributes:
        term: as it is spoken or recognised, in any script; of a name, its wanted spelling in that script.
        target: how it is to be written in an English translation; the term itself where nothing is said.
        alternatives: other wordings that are as good as the target, those of ``senses`` among them.
        context: what kind of term it is. ``name``, ``person``, ``place`` and ``organisation`` mark names.
        notes: for people.
        source: the file it comes from, or ``tmdb``.
        forms: other spellings and forms of the term: oblique and plural forms, other romanisations, other scripts.
        targets: how it is to be written, by target language.
        senses: alternatives that hold in one context.
        rule: ``translate``, ``keep`` or ``spelling``.
    """

    term: str
    target: str
    alternatives: tuple[str, ...] = ()
    context: str = ""
    notes: str = ""
    source: str = ""
    forms: tuple[str, ...] = ()
    targets: dict[str, str] = field(default_factory=dict)
    senses: tuple[Sense, ...] = ()
    rule: str = TRANSLATE

    @property
    def label(self) -> str | None:
        """Return ``person``, ``place`` or ``organisation`` of a name; None of any other term."""
        return NAME_LABELS.get(self.context.strip().casefold())


@dataclass(frozen=True)
class Conflict:
    """A term with two targets: the one that was kept and the one that was not, each with its source."""

    term: str
    kept: str
    dropped: str


@dataclass(frozen=True)
class Glossary:
    """The merged entries, in the order in which the terms first came, and the conflicts met on the way."""

    schema_version: str = field(default=SCHEMA_VERSION, kw_only=True)
    entries: tuple[Entry, ...]
    conflicts: tuple[Conflict, ...] = ()


def read_table(path: Path, source: str) -> tuple[Entry, ...]:
    """Read a glossary file: tab-separated, with a header; lines that begin with # and empty lines are passed over.

    Rows for the same term in different target languages make one entry.

    Args:
        path: where it lies.
        source: its name for the record and the messages.

    Raises:
        ConfigurationError: it cannot be read, or a column or value is wrong; names the file, the lines, the columns.
    """
    seen: dict[tuple[str, str], tuple[int, str]] = {}

    def make(row: Mapping[str, str], line: int) -> Entry:
        entry = _entry(row, source)
        language = next(iter(entry.targets), DEFAULT_LANGUAGE)
        wording = entry.targets.get(language, entry.target)
        earlier = seen.setdefault((_key(entry.term), language), (line, wording))
        if earlier[1] != wording:
            raise glossary_table.ProblemError(
                "target", f"{entry.term!r} has the target {earlier[1]!r} on line {earlier[0]}"
            )
        return entry

    made = glossary_table.read(path, source, LAYOUT, make)
    kept: dict[str, Entry] = {}
    for entry in made:
        key = _key(entry.term)
        kept[key] = _combined(kept[key], entry) if key in kept else entry
    return tuple(kept.values())


def merge(tables: Iterable[Iterable[Entry]]) -> Glossary:
    """Merge tables: of two entries with the same term, whatever its case, the later one wins, language by language.

    Entries for the same term with different targets in a language are recorded as conflicts; so is a form of one
    entry that is another entry's term: the term wins, and the form is dropped.
    """
    kept: dict[str, Entry] = {}
    conflicts = []
    for entry in (entry for table_ in tables for entry in table_):
        key = _key(entry.term)
        earlier = kept.get(key)
        if earlier is not None:
            for language in _languages(entry):
                was, now = _wording(earlier, language), _wording(entry, language)
                if was is not None and was != now:
                    conflicts.append(Conflict(entry.term, f"{now} ({entry.source})", f"{was} ({earlier.source})"))
        kept[key] = _combined(earlier, entry) if earlier is not None else entry
    return Glossary(tuple(_without_taken_forms(kept, conflicts)), tuple(conflicts))


def from_names(people: Iterable[str], notes: str) -> tuple[Entry, ...]:
    """Return entries that keep people's names as TMDB spells them."""
    return tuple(
        Entry(name, name, context="person", notes=notes, source="tmdb", rule=KEEP)
        for name in map(_tidy, people)
        if name
    )


def write(path: Path, glossary: Glossary) -> None:
    """Write ``glossary.json``, atomically."""
    typed_json.write(path, glossary)


def read(path: Path) -> Glossary:
    """Read what stage 03 wrote.

    Raises:
        SamvadError: it is missing or damaged; names the file and the key.
    """
    return typed_json.read(path, Glossary, "glossary of stage 03", "Run stage 03 again.")


def _entry(row: Mapping[str, str], source: str) -> Entry:
    value = {column: _tidy(row[column]) for column in COLUMNS}
    if not value["term"]:
        raise glossary_table.ProblemError("term", "it is empty")
    rule = value["rule"].casefold() or TRANSLATE
    if rule not in RULES:
        raise glossary_table.ProblemError("rule", f"{value['rule']!r} is none of {', '.join(RULES)}")
    alternatives, senses = _alternatives(value["alternatives"])
    if rule == KEEP and alternatives:
        raise glossary_table.ProblemError("alternatives", "a term that is kept as it is has no other wordings")
    language = _language(value["language"])
    wording = value["target"] or value["term"]
    return Entry(
        term=value["term"],
        target=wording if language == DEFAULT_LANGUAGE else value["term"],
        alternatives=alternatives,
        context=value["context"],
        notes=value["notes"],
        source=source,
        forms=tuple(item for item in _items(value["forms"]) if _key(item) != _key(value["term"])),
        targets={} if language == DEFAULT_LANGUAGE else {language: wording},
        senses=senses,
        rule=rule,
    )


def _alternatives(text: str) -> tuple[tuple[str, ...], tuple[Sense, ...]]:
    """Return the wordings in ``mate|to a daughter: dear``, and those that hold in one context."""
    wordings: dict[str, None] = {}
    senses = []
    for item in _items(text):
        context, colon, wording = item.partition(": ")
        if colon and not wording.strip():
            raise glossary_table.ProblemError("alternatives", f"no wording stands after {context!r}")
        if colon:
            senses.append(Sense(context.strip(), wording.strip()))
        wordings[wording.strip() if colon else item] = None
    return tuple(wordings), tuple(senses)


def _language(code: str) -> str:
    if not code:
        return DEFAULT_LANGUAGE
    try:
        return languages.normalise(code, "language")
    except ConfigurationError:
        raise glossary_table.ProblemError("language", f"{code!r} is not a language code such as en or ta") from None


def _combined(earlier: Entry, later: Entry) -> Entry:
    """Return the later entry, with the earlier one's targets in languages that the later says nothing of."""
    only_other_languages = later.targets and later.target == later.term and earlier.target != earlier.term
    target = earlier.target if only_other_languages else later.target
    same_file = later.source == earlier.source
    forms = tuple(dict.fromkeys((*later.forms, *earlier.forms))) if same_file else later.forms or earlier.forms
    if only_other_languages:
        later = replace(
            later, alternatives=later.alternatives or earlier.alternatives, senses=later.senses or earlier.senses
        )
    return replace(later, target=target, targets={**earlier.targets, **later.targets}, forms=forms)


def _languages(entry: Entry) -> Iterable[str]:
    return entry.targets or (DEFAULT_LANGUAGE,)


def _wording(entry: Entry, language: str) -> str | None:
    if language == DEFAULT_LANGUAGE:
        return None if entry.targets and entry.target == entry.term else entry.target
    return entry.targets.get(language)


def _without_taken_forms(kept: Mapping[str, Entry], conflicts: list[Conflict]) -> Iterable[Entry]:
    for entry in kept.values():
        taken = [form for form in entry.forms if (other := kept.get(_key(form))) and other.target != entry.target]
        for form in taken:
            other = kept[_key(form)]
            conflicts.append(Conflict(form, f"{other.target} ({other.source})", f"{entry.target} ({entry.source})"))
        yield replace(entry, forms=tuple(form for form in entry.forms if form not in taken)) if taken else entry


def _items(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item.strip() for item in text.split("|") if item.strip()))


def _tidy(text: str) -> str:
    """Return the text in Unicode's composed form, with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _key(term: str) -> str:
    return unicodedata.normalize("NFC", term.casefold())
