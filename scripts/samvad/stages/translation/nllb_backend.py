"""Translate by NLLB-200 with CTranslate2: for targets that IndicTrans2 lacks. Its licence forbids commercial use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from samvad.core import computing
from samvad.core.errors import ModelError
from samvad.documents.provenance import Model
from samvad.stages.translation import guards, text_backend
from samvad.stages.translation.guards import Decoded
from samvad.stages.translation.registry import BACKENDS
from samvad.stages.translation.request import BackendRequest
from samvad.stages.translation.sentence_model import Prepared, Request
from samvad.stages.translation.text_backend import Options, TextBackend, Weights
from samvad.text.languages import NLLB

#: Subwords in a source: more than a sentence has, less than what NLLB takes.
_MAX_SOURCE = 256
_END = "</s>"


class NllbBackend(TextBackend):
    """NLLB-200, any of its sizes: between about 200 languages.

    Args:
        folder: with ``model.bin``, a vocabulary, and ``sentencepiece.bpe.model``.
        options: what text backends have in common.
    """

    name = "nllb"

    def __init__(self, folder: Path, options: Options) -> None:
        """Remember what to load."""
        super().__init__(options)
        self._folder = folder
        self._actual_device = self._compute_type = ""

    def refusal(self, source: str, target: str) -> str | None:
        """Return why NLLB cannot translate ``source`` to ``target``, or None where it can."""
        unknown = [code for code in (source, target) if code not in NLLB]
        return f"NLLB does not know {' and '.join(unknown)}" if unknown else None

    def find(self, pairs: frozenset[tuple[str, str]]) -> None:
        """Find the model and the device.

        Raises:
            ModelError: it is missing, or has not the languages.
        """
        from samvad.models import weights

        self._actual_device, self._compute_type = weights.resolve_device(self.options.device, self.options.compute_type)
        self._pieces = find_pieces(self._folder)
        words = text_backend.vocabulary_of(self._folder)
        unknown = sorted({NLLB[code] for pair in pairs for code in pair} - words) if words is not None else []
        if unknown:
            raise ModelError(
                f"The model in {self._folder} does not know {', '.join(unknown)}: it is not NLLB-200.",
                "Set translation.nllb_dir to a CTranslate2 conversion of NLLB-200.",
                path=str(self._folder),
            )

    def load(self) -> None:
        """Load the model that was found.

        Raises:
            ModelError: it is damaged.
        """
        self._processor: Any = text_backend.load_pieces(self._pieces)
        self._weights = Weights(self._folder, self._actual_device, self._compute_type, self.options.threads)

    def prepare(self, request: Request) -> list[Prepared]:
        """Return the pieces that the model is to read: the source's tag, subwords, the end."""
        tag = NLLB[request.source]
        subwords = self._processor.encode(request.text, out_type=str)
        end = () if self._weights.adds_end else (_END,)
        return [Prepared(request, (tag, *part, *end)) for part in text_backend.cut_subwords(subwords, _MAX_SOURCE - 2)]

    def decode(self, pieces: Sequence[Prepared], strictly: bool) -> list[Decoded]:
        """Return what the model writes; NLLB falls into loops more often than others, and is then decoded strictly."""
        found = self._weights.decode(
            [piece.subwords for piece in pieces],
            self.options.beam_size,
            strictly=strictly,
            prefix=(NLLB[pieces[0].request.target],),
        )
        return [
            guards.ranked(
                [Decoded(self._processor.decode(words).strip(), score, tokens) for words, score, tokens in hypotheses]
            )
            for hypotheses in found
        ]

    def key(self, source: str, target: str) -> str:
        """Return what a translation depends on."""
        way = computing.way("ctranslate2", self._actual_device)
        return f"{self.models()[0].checksum} ctranslate2 {self._compute_type} {self.options.beam_size} {way}"

    def models(self) -> tuple[Model, ...]:
        """Return the weights that were found."""
        return (text_backend.model_of(self._folder),)

    def folders(self) -> tuple[Path, ...]:
        """Return the folder of the weights."""
        return (self._folder,)

    def device(self) -> str | None:
        """Return the device that the weights are for."""
        return self._actual_device or None


def find_pieces(folder: Path) -> Path:
    """Return the SentencePiece model of an NLLB folder.

    Raises:
        ModelError: weights or pieces are missing; says which, how large, and where to get them.
    """
    names = ("sentencepiece.bpe.model", "flores200_sacrebleu_tokenizer_spm.model", "sentencepiece.model")
    found = next((folder / name for name in names if text_backend.has(folder, name)), None)
    if found is None or not text_backend.has(folder, "model.bin"):
        lacking = names[0] if text_backend.has(folder, "model.bin") else "model.bin"
        raise ModelError(
            f"NLLB is needed, but {folder} (translation.nllb_dir) has no {lacking}.",
            "Put a CTranslate2 conversion of facebook/nllb-200-distilled-600M there (0.6 GB as int8, 1.2 GB as "
            "float16; ct2-transformers-converter makes it) with its sentencepiece.bpe.model. The weights are under "
            f"{BACKENDS['nllb'].licence}.",
            path=str(folder),
        )
    return found


def make(request: BackendRequest) -> NllbBackend:
    """Return the backend that a request is for."""
    remedy = "Set it to the folder with model.bin and sentencepiece.bpe.model; docs/translation.md says more."
    return NllbBackend(request.folder(NllbBackend.name, "nllb_dir", remedy), text_backend.options_of(request))
