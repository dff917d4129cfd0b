"""Translate by IndicTrans2, between English and 22 Indian languages, with CTranslate2: data only, no hub code runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from samvad.core import checksums, computing
from samvad.core.errors import ModelError
from samvad.documents.provenance import Model
from samvad.stages.translation import guards, own_models, text_backend, transformers_runtime
from samvad.stages.translation.guards import Decoded
from samvad.stages.translation.request import BackendRequest
from samvad.stages.translation.sentence_model import Prepared, Request
from samvad.stages.translation.text_backend import Options, TextBackend, Weights
from samvad.stages.translation.transformers_runtime import TransformersWeights
from samvad.text import indic
from samvad.text.languages import INDICTRANS2

#: What the model was trained on: subwords in a source, with the two tags and the end (IndicTrans2, fairseq
#: ``max_source_positions`` 256).
_MAX_SOURCE = 256
_END = "</s>"


@dataclass(frozen=True)
class Direction:
    """One of IndicTrans2's three models: the hub's repositories of it, small and large, their sizes on disk, and the
    small one's pinned commit."""

    folder: str
    small: str
    large: str
    small_gb: str
    large_gb: str
    revision: str


_HUB = "ai4bharat/indictrans2-"
#: Sizes: parameters in the repositories' names and the embeddings, at one byte each (int8) and two (float16).
DIRECTIONS = {
    direction.folder: direction
    for direction in (
        Direction(
            "indic-en",
            f"{_HUB}indic-en-dist-200M",
            f"{_HUB}indic-en-1B",
            "0.25 to 0.5",
            "1.1 to 2.2",
            "eb9e49d81077cfc5311e82ff36d8c1fc11557b5d",
        ),
        Direction(
            "en-indic",
            f"{_HUB}en-indic-dist-200M",
            f"{_HUB}en-indic-1B",
            "0.3 to 0.6",
            "1.1 to 2.2",
            "173b94239f7c38886b2747b8d4a5db771a7e1232",
        ),
        Direction(
            "indic-indic",
            f"{_HUB}indic-indic-dist-320M",
            f"{_HUB}indic-indic-1B",
            "0.35 to 0.7",
            "1.2 to 2.4",
            "ffb7582b6d43791f1fb26b2153fc065f2e9ea575",
        ),
    )
}


@dataclass(frozen=True)
class ModelFiles:
    """Where one direction's model lies: folder of ``model.bin``, and the two SentencePiece models."""

    weights: Path
    source_pieces: Path
    target_pieces: Path


class IndicTrans2Backend(TextBackend):
    """IndicTrans2 in up to three directions; only those that a film needs are loaded.

    Args:
        root: folder with ``indic-en``, ``en-indic``, ``indic-indic``.
        options: what text backends have in common.
        runtime: ``ctranslate2``, or ``transformers``.
        only: the directions to serve, where others are left to other backends; None: all.
    """

    name = "indictrans2"

    def __init__(
        self, root: Path, options: Options, runtime: str = "ctranslate2", only: frozenset[str] | None = None
    ) -> None:
        """Remember what to load."""
        super().__init__(options)
        self._only = only
        self._runtime = runtime
        self._sources: dict[str, tuple[transformers_runtime.Source, dict[str, Path]]] = {}
        self._root = root
        self._runtimes: dict[str, _Runtime] = {}
        self._places: dict[str, ModelFiles] = {}
        self._actual_device = self._compute_type = ""

    def refusal(self, source: str, target: str) -> str | None:
        """Return why IndicTrans2 cannot translate ``source`` to ``target``, or None where it can."""
        reason = refusal(source, target)
        if reason is None and self._only is not None and (direction := direction_of(source, target)) not in self._only:
            return f"its model {direction} is not at hand (./samvad model indictrans2-{direction} fetches it)"
        return reason

    def find(self, pairs: frozenset[tuple[str, str]]) -> None:
        """Find the model of each direction that the pairs need.

        Raises:
            ModelError: one is missing, or has other languages.
        """
        from samvad.models import weights as models

        needed = sorted({direction_of(*pair) for pair in pairs})
        if self._runtime == "transformers":
            self._find_hub(needed)
            return
        self._actual_device, self._compute_type = models.resolve_device(self.options.device, self.options.compute_type)
        self._places = {direction: find_files(self._root, direction, self._compute_type) for direction in needed}
        for direction, place in self._places.items():
            tags = {INDICTRANS2[code] for pair in pairs if direction_of(*pair) == direction for code in pair}
            check_tags(place, tags)

    def _find_hub(self, needed: Sequence[str]) -> None:
        import torch

        gpu = torch.cuda.is_available() and self.options.device != "cpu"
        self._actual_device, self._compute_type = "cuda" if gpu else "cpu", "float32"
        for name in needed:
            direction = DIRECTIONS[name]
            found = transformers_runtime.find(self._root / name, direction.small, direction.revision)
            self._sources[name] = found
            vocabulary = found[1]
            self._places[name] = ModelFiles(
                vocabulary["model.SRC"].parent, vocabulary["model.SRC"], vocabulary["model.TGT"]
            )

    def load(self) -> None:
        """Load the models that were found.

        Raises:
            ModelError: one is damaged.
        """
        for direction, (source, vocabulary) in self._sources.items():
            weights = TransformersWeights(source, vocabulary, self._actual_device, self.options.threads)
            self._runtimes[direction] = _Runtime(self._places[direction], weights)
        if self._sources:
            return
        for direction, place in self._places.items():
            loaded = Weights(place.weights, self._actual_device, self._compute_type, self.options.threads)
            self._runtimes[direction] = _Runtime(place, loaded)

    def prepare(self, request: Request) -> list[Prepared]:
        """Return the pieces that the model is to read: two tags and subwords."""
        runtime = self._runtimes[direction_of(request.source, request.target)]
        tags = (INDICTRANS2[request.source], INDICTRANS2[request.target])
        end = () if runtime.weights.adds_end else (_END,)
        subwords = runtime.source.encode(indic.prepare(request.text, request.source, tags[0]), out_type=str)
        return [
            Prepared(request, (*tags, *part, *end))
            for part in text_backend.cut_subwords(subwords, _MAX_SOURCE - len(tags) - 1)
        ]

    def decode(self, pieces: Sequence[Prepared], strictly: bool) -> list[Decoded]:
        """Return what the model writes, in everyday writing."""
        target = pieces[0].request.target
        runtime = self._runtimes[direction_of(pieces[0].request.source, target)]
        found = runtime.weights.decode([piece.subwords for piece in pieces], self.options.beam_size, strictly=strictly)
        tag = INDICTRANS2[target]
        return [
            guards.ranked(
                [
                    Decoded(indic.restore(runtime.target.decode(subwords), target, tag), score, tokens)
                    for subwords, score, tokens in hypotheses
                ]
            )
            for hypotheses in found
        ]

    def key(self, source: str, target: str) -> str:
        """Return what a translation depends on."""
        model = self._model_of(direction_of(source, target))
        weights, way = model.checksum or model.revision, computing.way(self._runtime, self._actual_device)
        return f"{weights} {self._runtime} {self._compute_type} {self.options.beam_size} {way}"

    def models(self) -> tuple[Model, ...]:
        """Return the weights that were found."""
        return tuple(self._model_of(direction) for direction in self._places)

    def _model_of(self, direction: str) -> Model:
        if direction not in self._sources:
            return text_backend.model_of(self._places[direction].weights)
        source, _ = self._sources[direction]
        if source.revision:  # a commit says what the weights are
            return Model(source.place, source.revision, None)
        return Model(source.place, None, checksums.checksum(Path(source.place) / "model.safetensors"))

    def folders(self) -> tuple[Path, ...]:
        """Return the folders that hold all that the models consist of."""
        return tuple(
            folder for place in self._places.values() for folder in (place.weights, place.source_pieces.parent)
        )

    def device(self) -> str | None:
        """Return the device that the weights are for."""
        return self._actual_device or None


class _Runtime:
    """One loaded model with its two SentencePiece models."""

    def __init__(self, place: ModelFiles, weights: Weights | TransformersWeights) -> None:
        self.source = text_backend.load_pieces(place.source_pieces)
        self.target = text_backend.load_pieces(place.target_pieces)
        self.weights = weights


def refusal(source: str, target: str) -> str | None:
    """Return why IndicTrans2 cannot translate ``source`` to ``target``, or None where it can."""
    unknown = [code for code in (source, target) if code not in INDICTRANS2]
    if unknown:
        return f"IndicTrans2 does not know {' and '.join(unknown)}"
    return "it would translate a language into itself" if source == target else None


def direction_of(source: str, target: str) -> str:
    """Return which of the three models translates a pair.

    English never goes into ``indic-indic``: that model takes it and writes Hindi, whatever is asked for.
    """
    if source == "en":
        return "en-indic"
    return "indic-en" if target == "en" else "indic-indic"


def find_files(root: Path, direction: str, compute_type: str) -> ModelFiles:
    """Find one direction's model, as the official archives and other packers lay it out.

    Args:
        root: folder of all directions.
        direction: name of its folder.
        compute_type: float16 prefers the float16 weights where there are two.

    Raises:
        ModelError: weights or vocabularies are missing; says which, how large, and where to get them.
    """
    folder = own_models.folder_of(root, direction)
    kinds = ["ct2_int8_model", "ct2_fp16_model"]
    if "float16" in compute_type and "int8" not in compute_type:
        kinds.reverse()
    weights = next(
        (place for place in (folder, *(folder / kind for kind in kinds)) if text_backend.has(place, "model.bin")), None
    )
    vocabularies = [
        place / "vocab" for place in (folder, folder / "fairseq_model", root, *((weights,) if weights else ()))
    ]
    vocabulary = next(
        (
            place
            for place in vocabularies
            if text_backend.has(place, "model.SRC") and text_backend.has(place, "model.TGT")
        ),
        None,
    )
    if weights is None or vocabulary is None:
        raise _missing(
            folder, DIRECTIONS[direction], "model.bin" if weights is None else "vocab/model.SRC and model.TGT"
        )
    return ModelFiles(weights, vocabulary / "model.SRC", vocabulary / "model.TGT")


def check_tags(place: ModelFiles, tags: set[str]) -> None:
    """Check that a model knows the languages that it is to translate between.

    Raises:
        ModelError: a language's tag is not in its vocabulary: it is another direction's model, or another model.
    """
    words = text_backend.vocabulary_of(place.weights)
    if words is None:
        return
    unknown = sorted(tags - words)
    if unknown:
        raise ModelError(
            f"The model in {place.weights} does not know {', '.join(unknown)}.",
            "Put each direction's own model into its folder: indic-en, en-indic, indic-indic.",
            path=str(place.weights),
        )


def _missing(folder: Path, direction: Direction, what: str) -> ModelError:
    return ModelError(
        f"IndicTrans2's {direction.folder} model is needed, but {folder} (below translation.indictrans2_dir) has no "
        f"{what}.",
        f"Put a CTranslate2 conversion of {direction.small} ({direction.small_gb} GB) or {direction.large} "
        f"({direction.large_gb} GB) there. The repositories on the model hub are gated: accept their terms with an "
        "account first. The README of AI4Bharat's IndicTrans2 also links archives with ready ct2_int8_model/, "
        "ct2_fp16_model/ and vocab/. The weights are under the MIT licence.",
        path=str(folder),
    )


def make(request: BackendRequest) -> IndicTrans2Backend:
    """Return the backend that a request is for."""
    given = request.options.indictrans2_dir
    there = own_models.at_hand(given)
    if not given and not there:
        remedy = (
            "Fetch a model (./samvad model indictrans2-indic-en), or set it to the folder that holds indic-en/, "
            "en-indic/ or indic-indic/; docs/translation.md says more."
        )
        request.folder(IndicTrans2Backend.name, "indictrans2_dir", remedy)
    only = there if own_models.AUTO in request.options.backend else None
    return IndicTrans2Backend(own_models.root(given), text_backend.options_of(request), request.options.runtime, only)
