"""Translate by Whisper's own ``task=translate``: from the sound of each line, into English, in batches."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from samvad.core import outside
from samvad.core.errors import ModelError
from samvad.documents.provenance import Model
from samvad.documents.segments import Hypothesis, Translation, Word
from samvad.media.audio import FilmAudio
from samvad.models import weights
from samvad.models.whisper import Whisper
from samvad.stages.translation import backends, guards, windows
from samvad.stages.translation.backends import Line
from samvad.stages.translation.guards import Decoded
from samvad.stages.translation.keeping import Keeping
from samvad.stages.translation.request import BackendRequest
from samvad.stages.translation.terms import Glossary
from samvad.text import indic, languages, sentence_ends

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

_TASK = "translate"
#: What Whisper hears at once, in milliseconds.
_WINDOW_MS = 30_000
#: Tokens that a piece may come to: fast English speech is about 5 tokens a second. The most is half of
#: Whisper's context.
_FREE_TOKENS = 24
_TOKENS_PER_SECOND = 12
_MAX_TOKENS = 224
#: Hypotheses of a piece that are kept; no more than the beam has.
_HYPOTHESES = 5
#: Doubts for which a line is heard once more.
_TRIED_AGAIN = guards.UNFIT | {
    guards.NAMES, guards.NEGATION, guards.NEGATION_ADDED, guards.REPETITION, guards.WRONG_SCRIPT,
}  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """A stretch of sound of at most 30 s: the place of its window, its own times, the language spoken in it."""

    window: int
    start_ms: int
    end_ms: int
    language: str


def _no_glossary(target: str) -> Glossary:
    return Glossary(target=target)


class WhisperBackend:
    """Whisper, forced to each line's own language and to the task of translating.

    Args:
        model: name of the model, hub id, or folder.
        revision: commit of a hub id.
        audio: the film's sound, a WAV of 16 kHz, mono, 16 bits.
        device: ``auto``, ``cpu`` or ``cuda``.
        compute_type: ``auto`` or a type of CTranslate2.
        threads: CPU threads.
        batch_size: pieces decoded at once.
        beam_size: hypotheses kept.
        glossary: returns the glossary for a target, for words that are too short to be heard alone.
        phrases: that models are known to make up, in plain form.
        keeping: where what the model writes is kept as it comes.

    Raises:
        ModelError: the model's name says that it cannot translate.
    """

    name = "whisper"

    def __init__(
        self,
        *,
        model: str,
        revision: str,
        audio: Path,
        device: str,
        compute_type: str,
        threads: int,
        batch_size: int,
        beam_size: int,
        glossary: Callable[[str], Glossary] = _no_glossary,
        phrases: Collection[str] = (),
        keeping: Keeping | None = None,
    ) -> None:
        """Remember what to load, after refusing a model that says of itself that it cannot translate."""
        refuse_by_name(model)
        self._wanted = (model, revision)
        self._audio = audio
        self._device = (device, compute_type)
        self._threads = threads
        self._batch_size = batch_size
        self._beam_size = beam_size
        self._glossary = glossary
        self._phrases = phrases
        self._keeping = keeping or Keeping()
        self._actual_device: str | None = None

    def refusal(self, source: str, target: str) -> str | None:
        """Return why Whisper cannot translate ``source`` to ``target``, or None where it can."""
        if target != "en":
            return "Whisper translates into English only"
        return None if source in languages.WHISPER else "Whisper was not trained on that language"

    def find(self, pairs: frozenset[tuple[str, str]]) -> None:
        """Find the weights and the device.

        Raises:
            ModelError: they are not to be had, or cannot translate.
        """
        self._found = weights.resolve_whisper(*self._wanted)
        refuse_by_shape(self._found.folder)
        self._actual_device, self._compute_type = weights.resolve_device(*self._device)

    def load(self) -> None:
        """Load the weights that were found.

        Raises:
            ModelError: they cannot be loaded, or cannot translate.
        """
        device = self._actual_device or "cpu"
        self._model = Whisper(self._found, device, self._compute_type, self._threads)
        if not self._model.multilingual:
            raise _cannot_translate(self._found.name, "it knows English only")

    def translate(self, lines: Sequence[Line], target: str) -> list[Translation]:
        """Return a translation for each line, in their order; what was said where none is fit to be shown.

        Raises:
            MediaError: the sound is not what stage 01 writes.
            ModelError: the model was not trained on the language of a line.
        """
        decoder = _Decoder(self._model, FilmAudio(self._audio), self._beam_size)
        parts, alone = self._in_windows(decoder, lines)
        tries = [
            [self._judged(found, line, target)] if found else [_known(line, self._glossary(target))]
            for found, line in zip(parts, lines, strict=True)
        ]
        for strictly in (False, True):
            again = [
                place
                for place, found in enumerate(tries)
                if parts[place] and (strictly or place not in alone) and all(map(_is_doubtful, found))
            ]
            log.info("Trying %d doubtful lines again, alone%s", len(again), ", strictly" if strictly else "")
            windows_again = [(place,) for place in again]
            heard = self._decode(decoder, windows_again, lines, strictly=strictly, may_fail=True)
            for place, found in zip(again, heard, strict=True):
                tries[place].append(self._judged(found, lines[place], target))
        return [_best(found, line, self._glossary(target)) for found, line in zip(tries, lines, strict=True)]

    def _judged(self, parts: Sequence[Decoded | None], line: Line, target: str) -> Translation:
        def made(chosen: Sequence[Decoded | None]) -> Translation:
            return guards.translation(chosen, line, backend=self.name, target=target, phrases=self._phrases)

        # A line of several parts is longer than 30 s: its hypotheses are none of the whole.
        others = parts[0].others if len(parts) == 1 and parts[0] else ()
        return guards.with_others(made(parts), (made([other]) for other in others))

    def _in_windows(
        self, decoder: _Decoder, lines: Sequence[Line]
    ) -> tuple[list[list[Decoded | None]], frozenset[int]]:
        """Return the parts of each line's translation, heard with its neighbours as far as that is sure.

        A line that is too short to be heard alone has no parts where its window could not be shared out.

        Returns:
            The parts, and the places of the lines that were heard alone.
        """
        parts: list[list[Decoded | None]] = [[] for _ in lines]
        alone: set[int] = set()
        waiting = windows.windows_of(lines)
        while waiting:
            waiting = [window for window in waiting if not windows.is_too_short(window, lines)]
            log.info("Translating %d windows", len(waiting))
            again: list[tuple[int, ...]] = []
            for window, heard in zip(waiting, self._decode(decoder, waiting, lines), strict=True):
                shared = None
                if len(window) == 1:
                    parts[window[0]] = heard
                    alone.add(window[0])
                elif heard[0] is not None:
                    shared = windows.share_out(heard[0], [lines[place] for place in window])
                if shared:
                    for place, part in zip(window, shared, strict=True):
                        parts[place] = [part]
                elif len(window) > 1:
                    again += windows.halves(window, lines)
            waiting = again
        return parts, frozenset(alone)

    def _decode(
        self,
        decoder: _Decoder,
        waiting: Sequence[tuple[int, ...]],
        lines: Sequence[Line],
        *,
        strictly: bool = False,
        may_fail: bool = False,
    ) -> list[list[Decoded | None]]:
        """Return what came out for each window: one part, or several for a single line of more than 30 s."""
        pieces = [
            piece for place, window in enumerate(waiting) for piece in pieces_of([lines[i] for i in window], place)
        ]
        sources = [" ".join(lines[i].text for i in waiting[piece.window]) for piece in pieces]
        # Pieces of like length go together: a batch takes as many steps as its longest text.
        order = sorted(range(len(pieces)), key=lambda index: pieces[index].start_ms - pieces[index].end_ms)
        batches = [order[at : at + self._batch_size] for at in range(0, len(order), self._batch_size)]
        heard: list[list[Decoded | None]] = [[] for _ in waiting]
        results = backends.decode_guarded(
            pieces,
            sources,
            batches,
            lambda items, loops: self._keeping.decode(
                items,
                lambda missing: decoder.decode(missing, strictly or loops),
                lambda piece: (self.name, piece.start_ms, piece.end_ms, piece.language, strictly or loops),
            ),
            may_fail=may_fail,
            places=[(piece.start_ms, lines[waiting[piece.window][0]].id) for piece in pieces],
        )
        for piece, result in zip(pieces, results, strict=True):
            heard[piece.window].append(result)
        return heard

    def models(self) -> tuple[Model, ...]:
        """Return the weights that were found."""
        return (Model(self._found.name, self._found.revision, self._found.checksum),)

    def folders(self) -> tuple[Path, ...]:
        """Return the folder that holds all that the model consists of."""
        return (self._found.folder,)

    def device(self) -> str | None:
        """Return the device that the weights are for."""
        return self._actual_device


class _Decoder:
    """Decodes pieces of sound."""

    def __init__(self, model: Whisper, sound: FilmAudio, beam_size: int) -> None:
        self._model = model
        self._sound = sound
        self._beam_size = beam_size
        self._english = model.tokenizer("en", _TASK)
        self._suppressed = sorted(model.unspoken("en", _TASK))

    def decode(self, pieces: Sequence[Piece], strictly: bool) -> list[Decoded]:
        """Return what Whisper writes for the pieces; with ``strictly``, nothing that repeats itself."""
        features = self._model.features([self._samples(piece) for piece in pieces])
        prompts = [self._model.prompt(piece.language, _TASK) for piece in pieces]
        longest_ms = max(piece.end_ms - piece.start_ms for piece in pieces)
        most_tokens = min(_MAX_TOKENS, _FREE_TOKENS + _TOKENS_PER_SECOND * longest_ms // 1000)
        results = self._model.model.model.generate(
            self._model.encode(features),
            prompts,
            beam_size=self._beam_size,
            max_length=self._model.length_limit(len(prompts[0]), most_tokens),
            num_hypotheses=min(_HYPOTHESES, self._beam_size),  # the beam has them anyhow
            return_scores=True,
            suppress_tokens=self._suppressed,
            # Three words twice in a row are forbidden only once a loop was seen: real speech does repeat itself.
            no_repeat_ngram_size=3 if strictly else 0,
            repetition_penalty=1.1 if strictly else 1.0,
        )
        return [
            guards.ranked([self._decoded(*each) for each in zip(result.sequences_ids, result.scores, strict=True)])
            for result in results
        ]

    def _decoded(self, tokens: list[int], mean: float) -> Decoded:
        # CTranslate2 gives the mean over the text's tokens; the end token counts too, as in Whisper's avg_logprob.
        text = self._english.decode(tokens).strip()
        return Decoded(text if guards.has_letters(text) else "", mean * len(tokens), len(tokens) + 1)

    def _samples(self, piece: Piece) -> NDArray[numpy.float32]:
        sound = self._sound.piece(piece.start_ms, piece.end_ms)
        if not len(sound):
            raise ValueError(f"there is no sound from {piece.start_ms} to {piece.end_ms} ms")
        return sound


def _is_doubtful(made: Translation) -> bool:
    return bool(_TRIED_AGAIN.intersection(made.flags))


def _best(tries: Sequence[Translation], line: Line, glossary: Glossary) -> Translation:
    """Return the try with the least against it, or the glossary's word, or what was said where none is to be shown."""
    best = min(tries, key=lambda made: (bool(guards.UNFIT.intersection(made.flags)), len(made.flags)))
    others = [other for made in tries for other in (made, *(_as_translation(item) for item in made.others))]
    if not guards.UNFIT.intersection(best.flags):
        return guards.with_others(best, others)
    known = _known(line, glossary)
    return known if known.flags == () else guards.with_others(guards.as_said(line.text, best), others)


def _as_translation(other: Hypothesis) -> Translation:
    return Translation(other.text, WhisperBackend.name, other.score, other.flags)


def _known(line: Line, glossary: Glossary) -> Translation:
    """Return a line whose words are all in the glossary in the glossary's; otherwise none, for it is too short."""
    text, spans = line.text, glossary.find(line.text)
    for span in reversed(spans):
        text = text[: span.start] + span.wanted + text[span.end :]
    rest = list(line.text)
    for span in spans:
        rest[span.start : span.end] = " " * (span.end - span.start)
    if not spans or guards.has_letters("".join(rest)):
        return Translation("", WhisperBackend.name, flags=(guards.TOO_SHORT,))
    return Translation(sentence_ends.with_capitals(indic.polished(text, "en"), begins=True), WhisperBackend.name)


def refuse_by_name(model: str) -> None:
    """Refuse a model whose name says that it cannot translate.

    Raises:
        ModelError: it is a turbo or an English-only model.
    """
    name = Path(model).name.casefold()
    if "turbo" in name:
        raise _cannot_translate(model, "turbo models were not trained to translate")
    if name.endswith(".en") or name.startswith(("distil-", "faster-distil-")):
        raise _cannot_translate(model, "it was trained to write English speech down, not to translate")


def refuse_by_shape(folder: Path) -> None:
    """Refuse a folder with a turbo model, whatever its name: 128 mel bands, but four layers of decoder.

    Raises:
        ModelError: it is one.
    """
    try:
        heads = outside.json_value(outside.read_bytes(folder / "config.json")).get("alignment_heads", [])
        bands = outside.json_value(outside.read_bytes(folder / "preprocessor_config.json")).get("feature_size", 80)
    except FileNotFoundError:  # models before large-v3 have no preprocessor_config.json
        return
    if heads and bands == 128 and max(layer for layer, _ in heads) < 4:
        raise _cannot_translate(str(folder), "it has the shape of a turbo model, which was not trained to translate")


def pieces_of(window: Sequence[Line], place: int) -> list[Piece]:
    """Return the stretches of sound to decode for a window: itself with some padding, or cut where it is too long.

    Args:
        window: lines that follow each other, in one language.
        place: the window's place among all.
    """
    start_ms, end_ms = window[0].earliest_ms, window[-1].latest_ms
    words = [word for line in window for word in line.words]
    cuts = [start_ms, *cut_points(start_ms, end_ms, words), end_ms]
    return [Piece(place, start, end, window[0].language) for start, end in pairwise(cuts)]


def cut_points(start_ms: int, end_ms: int, words: Sequence[Word]) -> list[int]:
    """Return where to cut a stretch that is longer than 30 s: in the widest gap between words of each window's second
    half, or at its end where there is none.

    Args:
        start_ms: of the stretch.
        end_ms: of the stretch.
        words: with times, in order.
    """
    gaps = [
        (after.start_ms - before.end_ms, (before.end_ms + after.start_ms) // 2) for before, after in pairwise(words)
    ]
    points = []
    while end_ms - start_ms > _WINDOW_MS:
        latest = start_ms + _WINDOW_MS
        within = [(width, middle) for width, middle in gaps if start_ms + _WINDOW_MS // 2 < middle <= latest]
        start_ms = max(within)[1] if within else latest
        points.append(start_ms)
    return points


def _cannot_translate(model: str, reason: str) -> ModelError:
    return ModelError(
        f"The Whisper model {model} (translation.whisper_model) cannot translate: {reason}.",
        "Set translation.whisper_model to base, small, medium, large-v2 or large-v3.",
    )


def make(request: BackendRequest) -> WhisperBackend:
    """Return the backend that a request is for."""
    options = request.options
    return WhisperBackend(
        model=options.whisper_model,
        revision=options.whisper_revision,
        audio=request.audio,
        device=options.device,
        compute_type=options.compute_type,
        threads=request.threads,
        batch_size=options.batch_size,
        beam_size=options.beam_size,
        glossary=request.glossary,
        phrases=request.phrases,
        keeping=request.keeping,
    )
