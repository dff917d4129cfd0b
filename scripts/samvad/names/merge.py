"""Put the names from several sources together: in a segment's text, and over the whole film."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from samvad import files
from samvad.segments import Entity, SegmentsDocument

SCHEMA_VERSION = "1.0"

_ORDER = {"glossary": 0, "tmdb": 1}
_MODEL = 2


@dataclass(frozen=True)
class FilmName:
    """A name over the whole film.

    Attributes:
        text: its most frequent spelling.
        label: ``person``, ``place`` or ``organisation``: what its best source says most often.
        source: the best of its sources: ``glossary``, then ``tmdb``, then the model.
        count: how often it stands in the film.
        first_ms: start of the first segment that it stands in.
    """

    text: str
    label: str
    source: str
    count: int
    first_ms: int


def without_overlaps(*groups: Sequence[Entity]) -> tuple[Entity, ...]:
    """Return entities of which none lies over another, in order of place.

    Args:
        groups: the trusted ones first. An earlier group wins over a later; within a group, the longest wins, then the
            first.
    """
    kept: list[Entity] = []
    for group in groups:
        for entity in sorted(group, key=lambda item: (item.start - item.end, item.start)):
            if all(entity.end <= other.start or entity.start >= other.end for other in kept):
                kept.append(entity)
    return tuple(sorted(kept, key=lambda item: item.start))


def film_names(document: SegmentsDocument) -> list[FilmName]:
    """Return every name in a document once, the most frequent first."""
    places: dict[str, list[tuple[int, Entity]]] = {}
    for segment in document.segments:
        for entity in segment.entities:
            places.setdefault(_key(entity.text), []).append((segment.start_ms, entity))
    names = []
    for found in places.values():
        best = min((entity.source for _, entity in found), key=lambda source: _ORDER.get(source, _MODEL))
        labels = Counter(entity.label for _, entity in found if entity.source == best)
        spellings = Counter(entity.text for _, entity in found)
        first_ms = min(start for start, _ in found)
        names.append(FilmName(spellings.most_common(1)[0][0], labels.most_common(1)[0][0], best, len(found), first_ms))
    return sorted(names, key=lambda name: (-name.count, name.first_ms, name.text))


def write(path: Path, names: Sequence[FilmName]) -> None:
    """Write ``names.json``, atomically."""
    files.write_json(path, {"schema_version": SCHEMA_VERSION, "names": [asdict(name) for name in names]})


def _key(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.casefold().split()))
