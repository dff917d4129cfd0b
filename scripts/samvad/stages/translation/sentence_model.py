"""What the engine asks of a model that reads sentences, and how it is to be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from samvad.stages.translation.guards import Decoded
from samvad.stages.translation.keeping import Keeping


@dataclass(frozen=True)
class Request:
    """A sentence as a model is to read it: plain text with placeholders, the pair of languages, and what is around it.

    ``context`` is for models that heed it, in a form of their own; empty for all others.
    """

    text: str
    source: str
    target: str
    context: str = ""


@dataclass(frozen=True)
class Prepared:
    """A piece of a request that the model takes at once: what ``SentenceModel.prepare`` made, and its subwords."""

    request: Request
    subwords: tuple[str, ...]


class SentenceModel(Protocol):
    """A model that reads sentences."""

    @property
    def name(self) -> str:
        """Return the name of the backend."""

    def prepare(self, request: Request) -> list[Prepared]:
        """Return the pieces that the model is to read, mostly one; none where there is nothing to translate."""

    def decode(self, pieces: Sequence[Prepared], strictly: bool) -> list[Decoded]:
        """Return what the model writes for pieces of one pair, with its other hypotheses; strictly: without loops."""

    def key(self, source: str, target: str) -> str:
        """Return what a translation by this model depends on: weights, runtime, beam, number type."""


@dataclass(frozen=True)
class Settings:
    """How to translate.

    Attributes:
        batch_size: long sentences decoded at once.
        margin: how much less probable (mean log probability of a token) a hypothesis may be that reads faster.
        keeping: where what the model writes is kept as it comes.
    """

    batch_size: int = 8
    margin: float = 0.3
    keeping: Keeping = field(default_factory=Keeping)
