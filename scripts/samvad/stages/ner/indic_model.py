"""Find names in texts of Indian scripts with a model of transformers, such as ai4bharat/IndicNER."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core import files, places
from samvad.core.errors import ModelError, NetworkError
from samvad.documents import provenance
from samvad.documents.segments import Entity
from samvad.film.known_names import Word, split
from samvad.models import origins
from samvad.models import weights as models
from samvad.stages.ner.model import LoadedModel, ModelMissingError
from samvad.text.romanise import is_indic

log = logging.getLogger(__name__)

#: Languages that IndicNER was trained on (its model card).
LANGUAGES = frozenset({"as", "bn", "gu", "hi", "kn", "ml", "mr", "or", "pa", "ta", "te"})

#: What a label such as B-PER says, by what follows the B- or I-.
LABELS = {
    "PER": "person",
    "PERSON": "person",
    "LOC": "place",
    "LOCATION": "place",
    "GPE": "place",
    "ORG": "organisation",
    "ORGANIZATION": "organisation",
}

BATCH_SIZE = 16
_MAX_TOKENS = 256
#: Probability of a word's label from which it counts.
_SURE = 0.5

_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_PATTERNS = ["config.json", *_WEIGHTS, "tokenizer*", "vocab*", "special_tokens_map.json", "*.model"]


@dataclass(frozen=True)
class IndicModel(LoadedModel):
    """A loaded model of transformers."""

    _tokenizer: Any
    _model: Any

    def find(self, texts: Sequence[str]) -> list[list[Entity]]:
        """Return the names in each text, in order."""
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))  # little padding in a batch
        found: list[list[Entity]] = [[] for _ in texts]
        for first in range(0, len(order), BATCH_SIZE):
            batch = order[first : first + BATCH_SIZE]
            for index, entities in zip(batch, self._find([texts[index] for index in batch]), strict=True):
                found[index] = entities
        return found

    def _find(self, texts: list[str]) -> list[list[Entity]]:
        import torch

        words = [split(text) for text in texts]
        encoded = self._tokenizer(
            [[text[word.start : word.end] for word in found] for text, found in zip(texts, words, strict=True)],
            is_split_into_words=True,
            truncation=True,
            max_length=_MAX_TOKENS,
            padding=True,
            return_tensors="pt",
        )
        with torch.inference_mode():
            scores = self._model(**encoded).logits.softmax(-1)
        best = scores.max(-1)
        names = self._model.config.id2label
        made = []
        for row, (text, found) in enumerate(zip(texts, words, strict=True)):
            labels = ["O"] * len(found)
            seen = None
            for token, word in enumerate(encoded.word_ids(row)):
                if word is not None and word != seen and float(best.values[row, token]) >= _SURE:
                    labels[word] = names[int(best.indices[row, token])]
                seen = word
            made.append(entities_of(text, found, labels, self.name))
        return made


def entities_of(text: str, words: Sequence[Word], labels: Sequence[str], source: str) -> list[Entity]:
    """Return the entities that a row of labels, one a word, makes: B- begins one, I- goes on with it."""
    found: list[Entity] = []
    kind = ""
    start = end = 0

    def finish() -> None:
        if kind:
            found.append(Entity(text[start:end], LABELS[kind], start, end, source))

    for word, label in zip(words, labels, strict=True):
        begins, _, named = label.upper().partition("-")
        if named not in LABELS:
            finish()
            kind = ""
        elif begins == "I" and kind == named:
            end = word.end
        else:
            finish()
            kind, start, end = named, word.start, word.end
    finish()
    return found


def reads(language: str, text: str) -> bool:
    """Return whether the model can say anything about a text of a language."""
    return language in LANGUAGES and any(map(is_indic, text))


def load(name: str, revision: str) -> IndicModel:
    """Load a model: a folder (a relative one lies in the project's folder), or a hub id at a commit.

    Raises:
        ModelMissingError: it is not on this machine and cannot be fetched, is damaged, or finds no names.
    """
    began = time.monotonic()
    folder = _folder(name, revision)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import transformers

        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, use_fast=True)
        model = transformers.AutoModelForTokenClassification.from_pretrained(folder, local_files_only=True).eval()
    except (OSError, ImportError, ValueError, KeyError, RuntimeError) as error:
        raise ModelMissingError(f"the model {name} cannot be loaded ({str(error).partition(chr(10))[0]})") from None
    kinds = {label.upper().partition("-")[2] for label in model.config.id2label.values()}
    if not kinds & set(LABELS) or not tokenizer.is_fast:
        raise ModelMissingError(f"the model {name} does not find names (its labels: {', '.join(sorted(kinds))})")
    weights = next(path for path in _weights(folder))
    record = provenance.Model(name, revision or None, files.sha256_of(weights))
    return IndicModel(Path(name).name, record, time.monotonic() - began, tokenizer, model)


def _folder(name: str, revision: str) -> Path:
    if (folder := places.find(name)).is_dir():
        if not any(_weights(folder)):
            raise ModelMissingError(f"the folder {name} holds no {' or '.join(_WEIGHTS)}")
        origins.check(folder, origins.ANEW)
        return folder
    if name.count("/") != 1 or name.startswith(("/", ".", "~")):
        raise ModelMissingError(f"there is no folder {name}")
    if not revision:
        raise ModelMissingError(f"the model {name} has no pinned revision (the key ner.indic_revision)")
    try:
        return models.hub_snapshot(name, revision, _PATTERNS, _WEIGHTS)
    except (ModelError, NetworkError) as error:
        endpoint = error.endpoint if isinstance(error, NetworkError) else None
        place = models.hub_folder(name, revision)
        raise ModelMissingError(error.what.rstrip("."), place=place, endpoint=endpoint) from None


def _weights(folder: Path) -> Iterable[Path]:
    return (folder / name for name in _WEIGHTS if (folder / name).is_file())
