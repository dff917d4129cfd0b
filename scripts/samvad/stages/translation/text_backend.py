"""What the backends share that translate text with CTranslate2: loading, decoding, and the way through the engine."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core import checksums, outside
from samvad.core.errors import ModelError
from samvad.core.failures import is_memory_shortage
from samvad.documents.provenance import Model
from samvad.documents.segments import Translation
from samvad.models import origins
from samvad.stages.translation.backends import Line
from samvad.stages.translation.engine import TextTranslator
from samvad.stages.translation.guards import Decoded
from samvad.stages.translation.memory import Memory
from samvad.stages.translation.request import BackendRequest
from samvad.stages.translation.sentence_model import Prepared, Request, Settings
from samvad.stages.translation.sentences import Sentence
from samvad.stages.translation.terms import Glossary, Use

log = logging.getLogger(__name__)

#: Hypotheses of which the first that keeps all placeholders is taken; no more than the beam has.
HYPOTHESES = 5
_MAX_TARGET = 256


@dataclass(frozen=True)
class Options:
    """What text backends have in common.

    Attributes:
        device: ``auto``, ``cpu`` or ``cuda``.
        compute_type: ``auto`` or a type of CTranslate2.
        threads: CPU threads.
        beam_size: hypotheses kept.
        settings: how to translate.
        memory: of earlier translations and corrections.
        glossary: returns the glossary for a target.
    """

    device: str
    compute_type: str
    threads: int
    beam_size: int
    settings: Settings
    memory: Memory
    glossary: Callable[[str], Glossary]


def options_of(request: BackendRequest) -> Options:
    """Return what text backends have in common, out of what a backend is made from."""
    options = request.options
    return Options(
        device=options.device,
        compute_type=options.compute_type,
        threads=request.threads,
        beam_size=options.beam_size,
        settings=request.settings,
        memory=request.memory,
        glossary=request.glossary,
    )


class TextBackend(ABC):
    """A backend that translates text; loaded once for all targets."""

    name: str

    def __init__(self, options: Options) -> None:
        """Remember how to translate."""
        self.options = options
        self.uses: list[Use] = []
        self.counts: Counter[str] = Counter()

    def translate(self, lines: Sequence[Line], target: str) -> list[Translation]:
        """Return a translation for each line, in their order."""
        options = self.options
        glossary = options.glossary(target)
        translator = TextTranslator(self, target, glossary, options.memory, options.settings, self.context)
        made = translator.translate(lines)
        options.memory.save()
        self.uses += translator.uses
        self.counts += translator.counts
        return made

    def context(self, wanted: Sequence[Sentence], place: int, lines: Sequence[Line]) -> str:
        """Return what the model is told beside a sentence: nothing, as most read none but the sentence itself."""
        return ""

    @abstractmethod
    def prepare(self, request: Request) -> list[Prepared]:
        """Return the pieces that the model is to read."""

    @abstractmethod
    def decode(self, pieces: Sequence[Prepared], strictly: bool) -> list[Decoded]:
        """Return what the model writes."""

    @abstractmethod
    def key(self, source: str, target: str) -> str:
        """Return what a translation depends on."""


class Weights:
    """One loaded CTranslate2 model.

    Args:
        folder: of ``model.bin``.
        device: ``cpu`` or ``cuda``.
        compute_type: of CTranslate2.
        threads: CPU threads.

    Raises:
        ModelError: it cannot be loaded, or is not what was published.
    """

    def __init__(self, folder: Path, device: str, compute_type: str, threads: int) -> None:
        """Load it."""
        import ctranslate2

        origins.check(folder, origins.ANEW)
        try:
            self.translator: Any = ctranslate2.Translator(
                str(folder), device=device, compute_type=compute_type, intra_threads=threads
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise cannot_load(folder, error) from error
        self.adds_end = bool(config_of(folder).get("add_source_eos"))

    def decode(
        self,
        sources: Sequence[Sequence[str]],
        beam_size: int,
        *,
        strictly: bool,
        prefix: Sequence[str] | None = None,
    ) -> list[list[tuple[list[str], float, int]]]:
        """Return for each source its hypotheses: subwords without the prefix, summed log probability, tokens.

        Args:
            sources: subwords, with tags.
            beam_size: hypotheses kept while decoding.
            strictly: nothing may repeat itself.
            prefix: subwords that the translation begins with.
        """
        longest = max(map(len, sources))
        results = self.translator.translate_batch(
            [list(source) for source in sources],
            target_prefix=[list(prefix)] * len(sources) if prefix else None,
            beam_size=beam_size,
            num_hypotheses=min(HYPOTHESES, beam_size),
            max_input_length=0,  # the cutting was done before, and loses nothing
            max_decoding_length=min(_MAX_TARGET, 2 * longest + 16),
            return_scores=True,
            # Three subwords twice in a row are forbidden only once a loop was seen: real speech does repeat itself.
            no_repeat_ngram_size=3 if strictly else 0,
            repetition_penalty=1.1 if strictly else 1.0,
        )
        skip = len(prefix or ())
        return [
            [
                (subwords[skip:], mean * max(1, len(subwords)), max(1, len(subwords)))
                for subwords, mean in zip(result.hypotheses, result.scores, strict=True)
            ]
            for result in results
        ]


def model_of(folder: Path) -> Model:
    """Return the record of the weights in a folder."""
    return Model(str(folder), None, checksums.checksum(folder / "model.bin"))


def load_pieces(path: Path) -> Any:
    """Return a SentencePiece model.

    Raises:
        ModelError: it is damaged.
    """
    import sentencepiece

    try:
        return sentencepiece.SentencePieceProcessor(model_file=str(path))
    except (RuntimeError, ValueError, OSError) as error:
        raise cannot_load(path.parent, error) from error


def cannot_load(folder: Path, error: Exception) -> Exception:
    """Return the error for a model that cannot be loaded: the same one where there is too little memory for it."""
    if is_memory_shortage(error):
        return error
    return ModelError(
        f"The translation model in {folder} cannot be loaded ({error}).",
        "Fetch it again: it may be damaged, or made for another version of CTranslate2.",
        path=str(folder),
    )


def config_of(folder: Path) -> dict[str, Any]:
    """Return a CTranslate2 model's ``config.json``; empty where it has none."""
    path = folder / "config.json"
    if not path.is_file():
        return {}
    found: dict[str, Any] = outside.json_value(outside.read_bytes(path))
    return found


def vocabulary_of(folder: Path) -> set[str] | None:
    """Return the words of a CTranslate2 model's source vocabulary, or None where it lists none."""
    listed = next(iter([*folder.glob("source_vocabulary.*"), *folder.glob("shared_vocabulary.*")]), None)
    if listed is None:
        return None
    text = outside.read_text(listed)
    return set(outside.json_value(text) if listed.suffix == ".json" else text.splitlines())


def has(folder: Path, name: str) -> bool:
    """Return whether a file is in a folder."""
    return (folder / name).is_file()


def cut_subwords(subwords: Sequence[str], limit: int) -> list[list[str]]:
    """Cut a sentence that the model cannot take whole, before a word, so that nothing is lost.

    Args:
        subwords: of the sentence.
        limit: the most that may go together.
    """
    parts = []
    rest = list(subwords)
    while len(rest) > limit:
        starts = [index for index in range(limit // 2, limit + 1) if rest[index].startswith("▁")]
        cut = starts[-1] if starts else limit
        parts.append(rest[:cut])
        rest = rest[cut:]
    return [*parts, rest] if rest else parts
