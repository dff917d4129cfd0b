"""Translate by IndicTrans2, between English and 22 Indian languages, with CTranslate2: data only, no hub code runs."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad import checksums
from samvad.errors import ModelError
from samvad.languages import INDICTRANS2
from samvad.records import Model
from samvad.segments import Translation
from samvad.translation import backends, guards, indic_text
from samvad.translation.backends import Line
from samvad.translation.guards import Decoded

log = logging.getLogger(__name__)

#: What the model was trained on: subwords in a source, with the two tags and the end (IndicTrans2, fairseq
#: ``max_source_positions`` 256).
_MAX_SOURCE = 256
_MAX_TARGET = 256
_WORD_START = "▁"
_END = "</s>"
#: Subwords that ``batch_size`` counts as one sentence when batches are made: a long line of dialogue.
_SUBWORDS_PER_SENTENCE = 64


@dataclass(frozen=True)
class Direction:
    """One of IndicTrans2's three models: the hub's repositories of it, small and large, and their sizes on disk."""

    folder: str
    small: str
    large: str
    small_gb: str
    large_gb: str


_HUB = "ai4bharat/indictrans2-"
#: Sizes: parameters in the repositories' names and the embeddings, at one byte each (int8) and two (float16).
DIRECTIONS = {
    direction.folder: direction
    for direction in (
        Direction("indic-en", f"{_HUB}indic-en-dist-200M", f"{_HUB}indic-en-1B", "0.25 to 0.5", "1.1 to 2.2"),
        Direction("en-indic", f"{_HUB}en-indic-dist-200M", f"{_HUB}en-indic-1B", "0.3 to 0.6", "1.1 to 2.2"),
        Direction("indic-indic", f"{_HUB}indic-indic-dist-320M", f"{_HUB}indic-indic-1B", "0.35 to 0.7", "1.2 to 2.4"),
    )
}


@dataclass(frozen=True)
class ModelFiles:
    """Where one direction's model lies: folder of ``model.bin``, and the two SentencePiece models."""

    weights: Path
    source_pieces: Path
    target_pieces: Path


@dataclass(frozen=True)
class Sentence:
    """A part of a line as the model reads it: place of the line, direction, subwords with the two tags."""

    line: int
    direction: str
    subwords: tuple[str, ...]


class IndicTrans2Backend:
    """IndicTrans2 in up to three directions; only those that a film needs are loaded.

    Args:
        root: folder with ``indic-en``, ``en-indic``, ``indic-indic``.
        device: ``auto``, ``cpu`` or ``cuda``.
        compute_type: ``auto`` or a type of CTranslate2.
        threads: CPU threads.
        batch_size: long sentences translated at once.
        beam_size: hypotheses kept.
    """

    name = "indictrans2"

    def __init__(
        self, *, root: Path, device: str, compute_type: str, threads: int, batch_size: int, beam_size: int
    ) -> None:
        """Remember what to load."""
        self._root = root
        self._device = (device, compute_type)
        self._threads = threads
        self._batch_size = batch_size
        self._beam_size = beam_size
        self._runtimes: dict[str, _Runtime] = {}
        self._places: dict[str, ModelFiles] = {}
        self._actual_device = self._compute_type = ""

    def refusal(self, source: str, target: str) -> str | None:
        """Return why IndicTrans2 cannot translate ``source`` to ``target``, or None where it can."""
        unknown = [code for code in (source, target) if code not in INDICTRANS2]
        return f"IndicTrans2 does not know {' and '.join(unknown)}" if unknown else None

    def find(self, pairs: frozenset[tuple[str, str]]) -> None:
        """Find the model of each direction that the pairs need.

        Raises:
            ModelError: one is missing, or has other languages.
        """
        from samvad import models

        needed = sorted({direction_of(*pair) for pair in pairs})
        self._actual_device, self._compute_type = models.resolve_device(*self._device)
        self._places = {direction: find_files(self._root, direction, self._compute_type) for direction in needed}
        for direction, place in self._places.items():
            tags = {INDICTRANS2[code] for pair in pairs if direction_of(*pair) == direction for code in pair}
            check_tags(place, tags)

    def load(self) -> None:
        """Load the models that were found.

        Raises:
            ModelError: one is damaged.
        """
        for direction, place in self._places.items():
            self._runtimes[direction] = _Runtime(place, self._actual_device, self._compute_type, self._threads)

    def translate(self, lines: Sequence[Line], target: str) -> list[Translation]:
        """Return a translation for each line, in their order."""
        sentences = [sentence for index, line in enumerate(lines) for sentence in self._sentences(index, line, target)]
        decoded: list[Decoded | None] = [None] * len(sentences)
        for direction, runtime in self._runtimes.items():
            places = [index for index, sentence in enumerate(sentences) if sentence.direction == direction]
            ours = [sentences[index] for index in places]
            batches = token_batches([len(item.subwords) for item in ours], self._batch_size * _SUBWORDS_PER_SENTENCE)
            texts = [lines[item.line].text for item in ours]
            decoder = _Decoder(runtime, target, self._beam_size)
            results = backends.decode_guarded(ours, texts, batches, decoder.decode)
            for index, result in zip(places, results, strict=True):
                decoded[index] = result
        parts: list[list[Decoded | None]] = [[] for _ in lines]
        for sentence, result in zip(sentences, decoded, strict=True):
            parts[sentence.line].append(result)
        return [self._translation(line, parts[index], target) for index, line in enumerate(lines)]

    def models(self) -> tuple[Model, ...]:
        """Return the weights that were found."""
        return tuple(
            Model(str(place.weights), None, checksums.checksum(place.weights / "model.bin"))
            for place in self._places.values()
        )

    def folders(self) -> tuple[Path, ...]:
        """Return the folders that hold all that the models consist of."""
        return tuple(
            folder for place in self._places.values() for folder in (place.weights, place.source_pieces.parent)
        )

    def device(self) -> str | None:
        """Return the device that the weights are for."""
        return self._actual_device or None

    def _sentences(self, place: int, line: Line, target: str) -> list[Sentence]:
        direction = direction_of(line.language, target)
        tags = (INDICTRANS2[line.language], INDICTRANS2[target])
        found = []
        for text in indic_text.sentences(line.text):
            if not guards.has_letters(text):
                continue  # given "..." or "5" alone, the model makes something up
            subwords = self._runtimes[direction].source.encode(
                indic_text.prepare(text, line.language, tags[0]), out_type=str
            )
            room = _MAX_SOURCE - len(tags) - 1
            found += [Sentence(place, direction, (*tags, *part)) for part in cut_subwords(subwords, room)]
        return found

    def _translation(self, line: Line, parts: list[Decoded | None], target: str) -> Translation:
        if not parts:
            return Translation(line.text, self.name)
        made = guards.translation(
            parts,
            backend=self.name,
            source=line.text,
            target=target,
            duration_ms=line.end_ms - line.start_ms,
        )
        if guards.in_wrong_script(line.text, line.language):
            # Hindi in Latin letters: IndicTrans2 has never seen it, and copies it or makes something up.
            return Translation(made.text, made.backend, made.score, (*made.flags, guards.SOURCE_SCRIPT))
        return made


class _Runtime:
    """One loaded model with its two SentencePiece models."""

    def __init__(self, place: ModelFiles, device: str, compute_type: str, threads: int) -> None:
        import ctranslate2
        import sentencepiece

        try:
            self.source: Any = sentencepiece.SentencePieceProcessor(model_file=str(place.source_pieces))
            self.target: Any = sentencepiece.SentencePieceProcessor(model_file=str(place.target_pieces))
            self.translator: Any = ctranslate2.Translator(
                str(place.weights), device=device, compute_type=compute_type, intra_threads=threads
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(
                f"The IndicTrans2 model in {place.weights} cannot be loaded ({error}).",
                "Fetch it again: it may be damaged, or made for another version of CTranslate2.",
                path=str(place.weights),
            ) from error
        self.adds_end = bool(_config(place.weights).get("add_source_eos"))


class _Decoder:
    """Translates sentences of one direction into one language."""

    def __init__(self, runtime: _Runtime, target: str, beam_size: int) -> None:
        self._runtime = runtime
        self._target = target
        self._beam_size = beam_size

    def decode(self, sentences: Sequence[Sentence], strictly: bool) -> list[Decoded]:
        """Return what the model writes for the sentences; with ``strictly``, nothing that repeats itself."""
        end = () if self._runtime.adds_end else (_END,)
        longest = max(len(sentence.subwords) for sentence in sentences)
        results = self._runtime.translator.translate_batch(
            [[*sentence.subwords, *end] for sentence in sentences],
            beam_size=self._beam_size,
            max_input_length=0,  # the cutting was done by cut_subwords, which loses nothing
            max_decoding_length=min(_MAX_TARGET, 2 * longest + 16),
            return_scores=True,
            # Three subwords twice in a row are forbidden only once a loop was seen: real speech does repeat itself.
            no_repeat_ngram_size=3 if strictly else 0,
            repetition_penalty=1.1 if strictly else 1.0,
        )
        return [self._decoded(result.hypotheses[0], result.scores[0]) for result in results]

    def _decoded(self, subwords: list[str], mean: float) -> Decoded:
        text = self._runtime.target.decode(subwords)
        length = max(1, len(subwords))
        return Decoded(indic_text.restore(text, self._target, INDICTRANS2[self._target]), mean * length, length)


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
    folder = root / direction
    kinds = ["ct2_int8_model", "ct2_fp16_model"]
    if "float16" in compute_type and "int8" not in compute_type:
        kinds.reverse()
    weights = next((place for place in (folder, *(folder / kind for kind in kinds)) if _has(place, "model.bin")), None)
    vocabularies = [
        place / "vocab" for place in (folder, folder / "fairseq_model", root, *((weights,) if weights else ()))
    ]
    vocabulary = next((place for place in vocabularies if _has(place, "model.SRC") and _has(place, "model.TGT")), None)
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
    listed = next(iter([*place.weights.glob("source_vocabulary.*"), *place.weights.glob("shared_vocabulary.*")]), None)
    if listed is None:
        return
    text = listed.read_text(encoding="utf-8")
    words = set(json.loads(text) if listed.suffix == ".json" else text.splitlines())
    unknown = sorted(tags - words)
    if unknown:
        raise ModelError(
            f"The model in {place.weights} does not know {', '.join(unknown)}.",
            "Put each direction's own model into its folder: indic-en, en-indic, indic-indic.",
            path=str(place.weights),
        )


def cut_subwords(subwords: Sequence[str], limit: int) -> list[list[str]]:
    """Cut a sentence that the model cannot take whole, before a word, so that nothing is lost.

    Args:
        subwords: of the sentence.
        limit: the most that may go together.
    """
    parts = []
    rest = list(subwords)
    while len(rest) > limit:
        starts = [index for index in range(limit // 2, limit + 1) if rest[index].startswith(_WORD_START)]
        cut = starts[-1] if starts else limit
        parts.append(rest[:cut])
        rest = rest[cut:]
    return [*parts, rest] if rest else parts


def token_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Return indices in batches whose count times longest length stays within a budget, longest first.

    Args:
        lengths: of the sentences, in subwords.
        budget: subwords in a batch, padding included; a sentence longer than that goes alone.
    """
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda item: -lengths[item]):
        # The first of a batch is its longest.
        if batches and lengths[batches[-1][0]] * (len(batches[-1]) + 1) <= budget:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def _config(weights: Path) -> dict[str, Any]:
    path = weights / "config.json"
    if not path.is_file():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _has(folder: Path, name: str) -> bool:
    return (folder / name).is_file()


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
