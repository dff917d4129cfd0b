"""What a series of films has taught: names and terms to choose from for a glossary.

A learned file has one row for each name that a film's stage 05 found and no glossary held, with how often it came, in
which films, and what was heard for it. Nothing reads it but people and ``samvad learn-terms``: a person promotes
right into a glossary, which later films of the series name.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from samvad.core import files
from samvad.documents.names import FilmName
from samvad.film import glossary, glossary_table

COLUMNS = ("term", "target", "context", "count", "films", "forms", "state")
LAYOUT = glossary_table.Layout("learned file", COLUMNS, COLUMNS[:3], "the name of the series")

#: A term is new until a person has promoted or rejected it.
NEW, PROMOTED, REJECTED = "new", "promoted", "rejected"
STATES = (NEW, PROMOTED, REJECTED)
_REMARK = "# Names that the films of this series have taught. samvad learn-terms reads and writes this file.\n"


@dataclass(frozen=True)
class Learned:
    """A term that films have taught.

    Attributes:
        term: its spelling.
        target: its spelling in English.
        context: ``person``, ``place`` or ``organisation``.
        count: how often it was spoken, over the films.
        films: their ids.
        forms: its other spellings, and what was heard for it.
        state: ``new``, ``promoted`` or ``rejected``.
    """

    term: str
    target: str
    context: str
    count: int
    films: tuple[str, ...]
    forms: tuple[str, ...] = ()
    state: str = NEW


def read(path: Path) -> list[Learned]:
    """Read a learned file; one that is not there is empty.

    Raises:
        ConfigurationError: a value is wrong; names the lines and columns.
    """
    if not path.exists():
        return []
    return glossary_table.read(path, path.name, LAYOUT, lambda row, _line: _learned(row))


def write(path: Path, learned: Iterable[Learned]) -> None:
    """Write a learned file, atomically, the most frequent terms first."""
    text = io.StringIO()
    text.write(_REMARK)
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(COLUMNS)
    for item in sorted(learned, key=lambda item: (-item.count, item.term)):
        films, forms = "|".join(item.films), "|".join(item.forms)
        writer.writerow((item.term, item.target, item.context, item.count, films, forms, item.state))
    files.write_text(path, text.getvalue())


def taught(names: Iterable[FilmName], film: str) -> list[Learned]:
    """Return what a film teaches.

    Args:
        names: as stage 05 found them.
        film: its id.
    """
    found = []
    for name in names:
        forms = dict.fromkeys(text for text in (*name.variants, *name.heard) if text != name.text)
        if name.source != "glossary":
            target = name.target or name.text
            found.append(Learned(name.text, target, name.label, name.count, (film,), tuple(forms)))
    return found


def merged(known: Iterable[Learned], new: Iterable[Learned]) -> list[Learned]:
    """Return both together; a film that was learned from before is not counted twice."""
    kept = {item.term.casefold(): item for item in known}
    for item in new:
        earlier = kept.get(item.term.casefold())
        if earlier is None:
            kept[item.term.casefold()] = item
        elif not set(item.films) <= set(earlier.films):
            kept[item.term.casefold()] = Learned(
                earlier.term,
                earlier.target,
                earlier.context,
                earlier.count + item.count,
                tuple(dict.fromkeys((*earlier.films, *item.films))),
                tuple(dict.fromkeys((*earlier.forms, *item.forms))),
                earlier.state,
            )
    return list(kept.values())


def with_rows(text: str, terms: Sequence[Learned], source: str) -> str:
    """Return a glossary's text with rows for terms added at its end, in its own order of columns.

    Args:
        text: of the glossary; empty for a new one.
        terms: to add.
        source: for the notes.
    """
    lines = text.splitlines()
    header = next((line for line in lines if line.strip("\ufeff \t") and not line.lstrip("\ufeff").startswith("#")), "")
    columns = [column.strip().casefold() for column in header.lstrip("\ufeff").split("\t")] if header else []
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    if not columns:
        columns = list(glossary.COLUMNS)
        writer.writerow(columns)
    for item in terms:
        row = {"term": item.term, "target": item.target, "context": item.context, "forms": "|".join(item.forms)}
        row |= {"notes": f"learned from {source}", "rule": glossary.SPELLING}
        writer.writerow(row.get(column, "") for column in columns)
    return text + ("\n" if text and not text.endswith("\n") else "") + out.getvalue()


def _learned(row: Mapping[str, str]) -> Learned:
    if not row["term"]:
        raise glossary_table.ProblemError("term", "it is empty")
    if row["count"] and not row["count"].isdecimal():
        raise glossary_table.ProblemError("count", f"{row['count']!r} is not a number")
    if row["state"] not in ("", *STATES):
        raise glossary_table.ProblemError("state", f"{row['state']!r} is none of {', '.join(STATES)}")
    films, forms = (tuple(filter(None, row[column].split("|"))) for column in ("films", "forms"))
    count = int(row["count"] or 0)
    return Learned(row["term"], row["target"] or row["term"], row["context"], count, films, forms, row["state"] or NEW)
