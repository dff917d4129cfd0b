"""A Whisper model behind one face: hear the language, decode windows of sound in batches, with all of its figures.

There are two engines. ``faster-whisper`` needs no PyTorch, and packs speech closely. ``whisperx`` (whisperx_engine.py)
cuts and hears sound as WhisperX does. Decoding is the same: CTranslate2, in batches.
"""

from __future__ import annotations

import functools
import logging
import unicodedata
import weakref
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.models.weights import ResolvedModel
from samvad.models.whisper import Whisper
from samvad.runner.kept_pieces import KeptPieces
from samvad.stages.asr import pieces, units, windows
from samvad.stages.asr.chunks import Chunk, RawWord
from samvad.stages.asr.pool import Decoder, LostDecoderError, Pool
from samvad.stages.asr.regions import Region
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.windows import Window
from samvad.text import respelling, scripts
from samvad.text.repetition import without_runs

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

log = logging.getLogger(__name__)

_TASK = "transcribe"
_FRAMES_A_SECOND = 100
#: Tokens of a prompt at most: the model's context holds 448, of which a text needs half.
_MAX_PROMPT_TOKENS = 200
#: Hypotheses that are drawn where sound is decoded at a temperature above 0 (Whisper's own best_of).
_DRAWS = 5
#: Sampling starts from this seed, so that a second run gives the same text.
_SEED = 20_240_101
#: On a CPU a batch is decoded in two halves at once: a beam search is too small for many threads. Two cores, base,
#: int8: the same text in a quarter less time (benchmarks/recognition.py). It is cut so whoever decodes it: what is
#: decoded together does not depend on how many do, nor does the text.
_HALVES = 2
#: Threads of one decoder of several, and decoders at most: no more batches are cut at a time.
_THREADS_EACH, _MOST_WORKERS = 2, 16
#: So many windows of one length, and so many frames in all, are asked for their language at once: the decoder reads all
#: of its weights for each question. Four of 4 s take base 46 ms each, one by one 55; longer ones gain nothing.
_ASKED_TOGETHER, _FRAMES_TOGETHER = 4, 1_600
#: Stands for bytes that are no character: half of a letter that the model did not finish.
_BROKEN = "\ufffd"
#: Signs that are read out by themselves: of currencies and of arithmetic.
_SAID = ("Sc", "Sm")
_PREPENDED = "\"'“¿([{-"
_APPENDED = "\"'.。,，!！?？:：”)]}、।॥…"


@dataclass(frozen=True)
class EngineOptions:
    """How to decode: device and number type as resolved, threads, hypotheses kept, scripts that text may have.

    Attributes:
        script: ``native``, ``native_latin``, ``latin`` or ``any`` (see samvad.text.scripts).
        workers: how many decoders share the threads; 0: ``workers_for``.
    """

    device: str
    compute_type: str
    threads: int
    beam_size: int
    script: str = "native"
    workers: int = 0


def workers_for(setting: str | int, device: str, threads: int) -> int:
    """Return how many decoders work side by side: on a GPU one, on a CPU as many as is said, or one for two threads.

    Args:
        setting: ``auto`` or a number.
        device: ``cpu`` or ``cuda``.
        threads: CPU threads that they share.
    """
    if device != "cpu":
        return 1
    if setting != "auto":
        return max(1, min(int(setting), threads, _MOST_WORKERS))
    return max(min(threads, _HALVES), min(threads // _THREADS_EACH, _MOST_WORKERS))


class Engine:
    """faster-whisper's model, without PyTorch.

    Args:
        model: the weights.
        options: how to decode.
        helpers: decoders in other processes, which share the pieces of a film with this one.
        tell: is told in words of each that is lost.

    Raises:
        ModelError: the weights cannot be loaded.
    """

    name = "faster-whisper"

    def __init__(
        self,
        model: ResolvedModel,
        options: EngineOptions,
        helpers: Sequence[Decoder] = (),
        tell: Callable[[str], None] = log.warning,
    ) -> None:
        import ctranslate2

        self.options = options
        self._shut_out: dict[tuple[str, bool], list[int]] = {}
        ctranslate2.set_random_seed(_SEED)
        self._halves = _HALVES if options.device == "cpu" else 1
        self.workers = options.workers or workers_for("auto", options.device, options.threads)
        self._load = functools.partial(Whisper, model, options.device, options.compute_type, options.threads)
        self._whisper = self._load(self.workers)
        self._sampler = self._whisper if self.workers == 1 else None
        self._share(helpers, tell)

    def _share(self, helpers: Sequence[Decoder], tell: Callable[[str], None]) -> None:
        """Begin to share work out."""
        self._expected: dict[Any, Future[list[Chunk]]] = {}
        self.pool = Pool([_Own(self), *helpers], tell)
        self.close = weakref.finalize(self, self.pool.close)  # its threads do not keep the weights in memory

    @property
    def batches_at_once(self) -> int:
        """Return how many batches keep all decoders at work."""
        return -(-self.pool.at_once // self._halves)

    @property
    def batches_ahead(self) -> int:
        """Return how many batches may be begun ahead, so that no decoder waits while pieces are looked at; 0: none.

        Where no more is worked on at a time than one batch, nobody waits.
        """
        return 2 * self.batches_at_once if self.pool.at_once > self._halves else 0

    @property
    def multilingual(self) -> bool:
        """Return whether the model knows more than English."""
        return self._whisper.multilingual

    @property
    def own_length(self) -> bool:
        """Return whether windows are encoded in their own length at the first try.

        The encoder's attention grows with the square of the length: on a CPU, two windows of 14 s take three
        quarters of what one of 28 s takes that is filled up to 30 s. On a GPU this has not been tried.
        """
        return self.options.device == "cpu"

    def windows(self, speech: Sequence[Region]) -> list[Window]:
        """Return the windows to decode."""
        return windows.packed(speech, windows.SHORT_PACKED_MS if self.own_length else windows.LONGEST_MS)

    def language_probabilities(self, sounds: Sequence[npt.NDArray[np.float32]]) -> list[dict[str, float]]:
        """Return for each piece of audio (float32, up to 30 s) the probability of each language."""
        return self._whisper.languages_heard(self._whisper.encode(self.features(sounds)))

    def brief_language_probabilities(
        self, audio: FilmAudio, found: Sequence[Window], silence_ms: int
    ) -> list[dict[str, float]]:
        """Return the same, of windows heard in their own length, not filled up to 30 s: a tenth of the work for 3 s.

        Args:
            audio: the film's audio.
            found: up to 30 s each.
            silence_ms: how much silence each is followed by.
        """

        def work(group: Sequence[Window]) -> Callable[[Decoder], list[dict[str, float]]]:
            return lambda decoder: decoder.languages(audio, group, silence_ms)

        groups = self._heard_together(found, silence_ms)
        made = self.pool.results([self.pool.submit(work([found[place] for place in group])) for group in groups])
        heard = {
            place: probabilities
            for group, answers in zip(groups, made, strict=True)
            for place, probabilities in zip(group, answers, strict=True)
        }
        return [heard[place] for place in range(len(found))]

    def _heard_together(self, found: Sequence[Window], silence_ms: int) -> list[list[int]]:
        """Return the places of windows in groups that are encoded together; it does not depend on how many decoders.

        They are of one length, as a language heard in another may be another.
        """
        frames = [
            self._whisper.brief_frames((window.length_ms + silence_ms) * SAMPLE_RATE_HZ // 1000) for window in found
        ]
        groups: list[list[int]] = []
        for length, same in groupby(sorted(range(len(found)), key=lambda place: frames[place]), frames.__getitem__):
            places = list(same)
            size = max(1, min(_ASKED_TOGETHER, _FRAMES_TOGETHER // length))
            groups += [places[first : first + size] for first in range(0, len(places), size)]
        return groups

    def decode(
        self,
        audio: FilmAudio,
        batch: Sequence[Window],
        strategy: DecodingStrategy,
        *,
        hear: bool = False,
        size: int = 0,
        kept: KeptPieces | None = None,
    ) -> list[Chunk]:
        """Recognise windows of one language, all at once.

        Args:
            audio: the film's audio.
            batch: windows of the same language: one batch, or several.
            strategy: how.
            hear: whether to tell the languages heard as well.
            size: windows in a batch; 0: it is one.
            kept: what was made of them before, and where to keep what is made now. What is drawn is not kept: each draw
                depends on those before it, so all of them are made again.
        """
        size = size or len(batch)
        if strategy.temperature > 0:  # one after the other: chance follows their order
            drawing = self._drawing()
            parts = (batch[first : first + size] for first in range(0, len(batch), size))
            return [
                chunk
                for part in parts
                for chunk in self._decode(drawing, audio, part, units.measured(strategy, part), hear=hear)
            ]
        self._suppressed(batch[0].language, strategy.own_script)  # made once, not by each thread
        together = units.of(batch, size, self._halves)
        asked = [self._asked(audio, unit, strategy, hear, kept, urgent=True) for unit in together]
        try:
            made = self.pool.results(asked)
        except BaseException:
            self.forget()
            raise
        found = {
            window: chunk
            for unit, chunks in zip(together, made, strict=True)
            for window, chunk in zip(unit, chunks, strict=True)
        }
        return [found[window] for window in batch]

    def expect(
        self,
        audio: FilmAudio,
        batch: Sequence[Window],
        strategy: DecodingStrategy,
        *,
        hear: bool = False,
        size: int,
        kept: KeptPieces | None = None,
    ) -> None:
        """Begin what ``decode`` will be asked for in the same words, as far as decoders have nothing else to do."""
        self._suppressed(batch[0].language, strategy.own_script)
        for unit in units.of(batch, size, self._halves):
            key = unit, strategy, hear
            if key not in self._expected:
                self._expected[key] = self._asked(audio, unit, strategy, hear, kept, urgent=False)

    def forget(self) -> None:
        """Begin nothing more of what was expected."""
        for future in self._expected.values():
            self.pool.cancel(future)
        self._expected = {}

    def _asked(
        self,
        audio: FilmAudio,
        unit: tuple[Window, ...],
        strategy: DecodingStrategy,
        hear: bool,
        kept: KeptPieces | None,
        *,
        urgent: bool,
    ) -> Future[list[Chunk]]:
        """Have windows decoded together, as far as nothing is kept of them; keep what is made."""
        if (begun := self._expected.pop((unit, strategy, hear), None)) is not None:
            self.pool.hasten(begun)
            return begun
        keep = kept or KeptPieces(None)
        # Of the whole unit, also where a part of it is kept: the same sound in another length may give another text.
        measured = units.measured(strategy, unit)
        how = {**vars(measured), "hear": hear}
        keys = [pieces.key(window, how, self.options.device, self.options.compute_type) for window in unit]
        found = [pieces.chunk_of(keep.get(key), window) for key, window in zip(keys, unit, strict=True)]
        missing = [place for place, chunk in enumerate(found) if chunk is None]

        if not missing:
            done: Future[list[Chunk]] = Future()
            done.set_result([chunk for chunk in found if chunk is not None])
            return done

        def work(decoder: Decoder) -> list[Chunk]:
            made = iter(decoder.decode(audio, [unit[place] for place in missing], measured, hear))
            return [next(made) if chunk is None else chunk for chunk in found]

        def won(chunks: list[Chunk]) -> None:
            keep.put({keys[place]: pieces.plain(chunks[place]) for place in missing})

        return self.pool.submit(work, won, urgent=urgent)

    def decode_together(
        self, audio: FilmAudio, unit: Sequence[Window], strategy: DecodingStrategy, hear: bool
    ) -> list[Chunk]:
        """Recognise windows of one language, in one go, by this process's own model."""
        return self._decode(self._whisper, audio, unit, strategy, hear=hear)

    def languages_briefly(self, audio: FilmAudio, group: Sequence[Window], silence_ms: int) -> list[dict[str, float]]:
        """Return the probability of each language in windows, heard in their own length."""
        return self._whisper.languages_briefly([window.samples(audio) for window in group], silence_ms)

    def _decode(
        self, whisper: Whisper, audio: FilmAudio, batch: Sequence[Window], strategy: DecodingStrategy, *, hear: bool
    ) -> list[Chunk]:
        model = whisper.model
        tokenizer = self._whisper.tokenizer(batch[0].language, _TASK)
        features = self.features([window.samples(audio) for window in batch])
        if strategy.encoded_ms:
            features = features[..., : strategy.encoded_ms * _FRAMES_A_SECOND // 1000]
        encoded = whisper.encode(features)
        prompt = self._whisper.prompt(
            batch[0].language, _TASK, strategy.prompt, _MAX_PROMPT_TOKENS, timed=strategy.timed
        )
        room = min(model.max_length // 2, model.max_length - len(prompt), strategy.max_tokens or model.max_length)
        results = model.model.generate(
            encoded,
            [prompt] * len(batch),
            **self._search(strategy, batch[0].language),
            max_length=self._whisper.length_limit(len(prompt), room),
            suppress_tokens=self._suppressed(batch[0].language, strategy.own_script),
            return_scores=True,
            return_no_speech_prob=True,
        )
        tokens = [[token for token in result.sequences_ids[0] if token < tokenizer.eot] for result in results]
        frames = [-(-window.length_ms * _FRAMES_A_SECOND // 1000) for window in batch]
        aligned = model.find_alignment(tokenizer, tokens, encoded, frames)
        heard = whisper.languages_heard(encoded) if hear and self.multilingual else [{} for _ in batch]
        return [
            _chunk(window, tokenizer.decode(found), words, result, strategy, room, languages)
            for window, found, words, result, languages in zip(batch, tokens, aligned, results, heard, strict=True)
        ]

    def _drawing(self) -> Whisper:
        """Return the model that draws hypotheses: it has one worker, as each draws a row of its own."""
        if self._sampler is None:
            self._sampler = self._load(1)
        return self._sampler

    def features(self, pieces: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
        """Return the log-mel spectrograms of pieces of sound, each filled up with silence to 30 s."""
        return self._whisper.features(pieces)

    def _search(self, strategy: DecodingStrategy, language: str) -> dict[str, Any]:
        if strategy.temperature > 0:
            found: dict[str, Any] = {
                "beam_size": 1,
                "num_hypotheses": _DRAWS,
                "sampling_topk": 0,
                "sampling_temperature": strategy.temperature,
            }
        else:
            found = {"beam_size": self.options.beam_size}
        return {**found, "no_repeat_ngram_size": self._phrase_tokens(language) if strategy.forbid_repeats else 0}

    def _phrase_tokens(self, language: str) -> int:
        """Return how many tokens three words come to: Latin words have about one each, Devanagari letters have one."""
        return 3 if scripts.LATIN in scripts.scripts_of(language) else 10

    # Kept by hand: functools.cache would keep the engine itself alive, and with it the memory of its weights.

    def _suppressed(self, language: str, own_script: bool) -> list[int]:
        """Return what may not be written: symbols that no one speaks, and scripts that nothing can be made of."""
        key = language, own_script
        if key not in self._shut_out:
            readable = scripts.allowed_scripts if own_script else respelling.decodable
            allowed = readable(language, self.options.script)
            foreign = scripts.suppressed_tokens(self._whisper.model.hf_tokenizer.get_vocab(), allowed)
            self._shut_out[key] = sorted(self._whisper.unspoken(language, _TASK) | set(foreign))
        return self._shut_out[key]


class _Own:
    """The decoder in this process. It does not keep its engine, and the memory of its weights, alive."""

    own = True

    def __init__(self, engine: Engine) -> None:
        self.name = "this process"
        self.at_once = engine.workers
        self._engine = weakref.ref(engine)

    def begin(self) -> None:
        """Do nothing: the weights are loaded."""

    def decode(self, audio: FilmAudio, unit: Sequence[Window], strategy: DecodingStrategy, hear: bool) -> list[Chunk]:
        """Decode windows together."""
        return self._there().decode_together(audio, unit, strategy, hear)

    def languages(self, audio: FilmAudio, group: Sequence[Window], silence_ms: int) -> list[dict[str, float]]:
        """Return the probability of each language in windows that are heard in their own length."""
        return self._there().languages_briefly(audio, group, silence_ms)

    def close(self) -> None:
        """Do nothing: the weights go with the engine."""

    def _there(self) -> Engine:
        engine = self._engine()
        if engine is None:
            raise LostDecoderError("its weights are let go")
        return engine


def _chunk(
    window: Window,
    text: str,
    words: list[dict[str, Any]],
    result: Any,
    strategy: DecodingStrategy,
    room: int,
    heard: dict[str, float],
) -> Chunk:
    from faster_whisper.transcribe import merge_punctuations

    merge_punctuations(words, _PREPENDED, _APPENDED)
    length = len(result.sequences_ids[0])
    raw = []
    for word in words:
        shown = without_runs(word["word"].replace(_BROKEN, ""))
        # Sound without words is often written as a row of dots, dandas or signs: none of them is a word.
        if any(_is_said(unicodedata.category(character)) for character in shown):
            times = window.in_film(round(float(word["start"]) * 1000), round(float(word["end"]) * 1000))
            raw.append(RawWord(shown, *times, float(word["probability"])))
    return Chunk(
        start_ms=window.start_ms,
        end_ms=window.end_ms,
        language=window.language,
        text="".join(word.text for word in raw).strip(),
        words=tuple(raw),
        decoding={
            # CTranslate2 gives the mean over the text's tokens; the end counts as well, as in Whisper's own figure.
            "avg_logprob": round(result.scores[0] * length / (length + 1), 4),
            "no_speech_prob": round(result.no_speech_prob, 4),
            "compression_ratio": _compression_ratio(text),
            "temperature": strategy.temperature,
        },
        window=window,
        tokens=length + 1,
        cut_off=length >= room,
        heard=heard,
    )


def _is_said(category: str) -> bool:
    """Return whether a character of a Unicode category is read out: letters, marks, figures, signs of _SAID."""
    return category[0] in "LMN" or category in _SAID


def _compression_ratio(text: str) -> float | None:
    """Return Whisper's own figure: bytes of UTF-8 over bytes after zlib; None for no text."""
    raw = text.encode("utf-8")
    return round(len(raw) / len(zlib.compress(raw)), 4) if raw else None
