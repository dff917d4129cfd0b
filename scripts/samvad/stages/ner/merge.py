"""Put the names from several sources together: in a segment's text, and over the whole film."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from samvad.documents.names import CastCount, FilmName
from samvad.documents.segments import Entity, SegmentsDocument
from samvad.film import people
from samvad.film.known_names import Name, fold, split
from samvad.film.metadata import FilmMetadata
from samvad.text.scripts import LATIN, of_first_letter

_ORDER = {"glossary": 0, "tmdb": 1}
_MODEL = 2


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


def film_names(
    document: SegmentsDocument, known: Sequence[Name] = (), heard: Mapping[str, Counter[str]] | None = None
) -> list[FilmName]:
    """Return every name in a document once, the most frequent first.

    Args:
        document: with its entities.
        known: spellings that are known to be one name.
        heard: what was written anew, by what it is written as now.
    """
    by_text: dict[str, Name] = {}
    for name in known:
        by_text.setdefault(key_of(name.text), name)
    places: dict[str, list[tuple[int, Entity]]] = {}
    for segment in document.segments:
        for entity in segment.entities:
            name_known = by_text.get(key_of(entity.text))
            identity = name_known.identity if name_known else key_of(entity.text)
            places.setdefault(identity, []).append((segment.start_ms, entity))
    names = [_film_name(found, by_text, heard or {}) for found in places.values()]
    return sorted(names, key=lambda name: (-name.count, name.first_ms, name.text))


def _film_name(
    found: Sequence[tuple[int, Entity]], by_text: Mapping[str, Name], heard: Mapping[str, Counter[str]]
) -> FilmName:
    best = min((entity.source for _, entity in found), key=lambda source: _ORDER.get(source, _MODEL))
    labels = Counter(entity.label for _, entity in found if entity.source == best)
    variants = Counter(entity.text for _, entity in found)
    spellings: dict[str, str] = {}
    for text, _ in variants.most_common():
        spellings.setdefault(of_first_letter(text), text)
    text = spellings.get(LATIN, variants.most_common(1)[0][0])
    known = by_text.get(key_of(variants.most_common(1)[0][0]))
    replaced: Counter[str] = Counter()
    for variant in variants:
        replaced.update(heard.get(variant, Counter()))
    return FilmName(
        text=text,
        label=labels.most_common(1)[0][0],
        source=best,
        count=len(found),
        first_ms=min(start for start, _ in found),
        variants=dict(variants.most_common()),
        heard=dict(replaced.most_common()),
        spellings=spellings,
        target=(known.target or known.text) if known else text,
    )


def cast_counts(names: Sequence[FilmName], film: FilmMetadata | None) -> list[CastCount]:
    """Return the characters of a cast list, in billing order, with how often each is named.

    A part of a name counts where one character alone has it.
    """
    characters = [(name, member.name) for member in film.cast for name in people.of_member(member)] if film else []
    owners = Counter(fold(part) for character, _ in dict(characters).items() for part in people.parts(character))
    by_key = {fold(spelling): name for name in names for spelling in (*name.variants, name.target)}
    counted = []
    for character, actor in dict(characters).items():
        own = [character, *(part for part in people.parts(character) if owners[fold(part)] == 1)]
        found = {id(name): name for text in own if (name := by_key.get(fold(text)))}.values()
        first_ms = min((name.first_ms for name in found), default=None)
        counted.append(CastCount(character, actor, sum(name.count for name in found), first_ms))
    return counted


def key_of(text: str) -> str:
    """Return a name's folded words with single spaces between them: the same however it is spaced and hyphenated."""
    return " ".join(word.folded for word in split(text)) or fold(text)
