"""WhisperX as Samvad uses it: its batched pipeline, with the figures and word times that it would drop kept."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import types
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from samvad.asr.regions import Region
from samvad.audio import FilmAudio
from samvad.errors import MemoryShortageError, ModelError
from samvad.models import ResolvedModel

log = logging.getLogger(__name__)

_FRAMES_A_SECOND = 100
_CHUNK_SECONDS = 30


@dataclass(frozen=True)
class RawWord:
    """A word as decoded: its text with the space before it, times in ms from the film's start, probability."""

    text: str
    start_ms: int
    end_ms: int
    probability: float


@dataclass(frozen=True)
class Chunk:
    """A piece of at most 30 s as decoded in one go.

    Attributes:
        decoding: avg_logprob, no_speech_prob, compression_ratio, temperature.
    """

    start_ms: int
    end_ms: int
    language: str
    text: str
    words: tuple[RawWord, ...]
    decoding: dict[str, float | None]


@dataclass(frozen=True)
class EngineOptions:
    """How to decode: device and number type as resolved, threads, sizes."""

    device: str
    compute_type: str
    threads: int
    batch_size: int
    beam_size: int
    vad: str


class WhisperXEngine:
    """A Whisper model behind WhisperX's pipeline.

    Raises:
        ModelError: the weights cannot be loaded.
    """

    def __init__(self, model: ResolvedModel, options: EngineOptions) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", str(options.threads))
        asr = _import_whisperx(options.vad)
        import torch

        torch.set_num_threads(options.threads)
        self._options = options
        self._asr = asr
        try:
            self._model = _recording_model(asr)(
                str(model.folder),
                device=options.device,
                compute_type=options.compute_type,
                cpu_threads=options.threads,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelError(
                f"The model in {model.folder} cannot be loaded: {error}.",
                "Is it a Whisper model in CTranslate2 form? Delete the folder to have it fetched again.",
                path=str(model.folder),
            ) from error

    @property
    def multilingual(self) -> bool:
        """Return whether the model knows more than English."""
        return bool(self._model.model.is_multilingual)

    def language_probabilities(self, pieces: Sequence[Any]) -> Iterator[dict[str, float]]:
        """Yield for each piece of audio (float32, up to 30 s) the probability of each language."""
        size = self._options.batch_size
        for start in range(0, len(pieces), size):
            features = self._features(pieces[start : start + size])
            for ranking in self._model.model.detect_language(self._model.encode(features)):
                yield {token[2:-2]: probability for token, probability in ranking}

    def transcribe(
        self, audio: FilmAudio, regions: Sequence[Region], progress: Callable[[float, float], None]
    ) -> list[Chunk]:
        """Recognise the speech in the regions, language by language, and return it in order of time.

        Args:
            audio: the film's audio.
            regions: speech with its language.
            progress: called with the seconds of speech done so far, and those to do in all.

        Raises:
            MemoryShortageError: the device has too little memory for the batch.
        """
        given = {
            language: _given_chunks(_same_language_runs(regions, language))
            for language in dict.fromkeys(region.language for region in regions)
        }
        lengths = {
            language: sum(chunk["end"] - chunk["start"] for chunk in vad.chunks) for language, vad in given.items()
        }
        total, done = sum(lengths.values()), 0.0
        chunks: list[Chunk] = []
        for language, vad in given.items():

            def report(share: float, before: float = done, length: float = lengths[language]) -> None:
                progress(before + share * length, total)

            chunks += self._pipeline(language, vad, audio, report)
            done += lengths[language]
        return sorted(chunks, key=lambda chunk: chunk.start_ms)

    def _pipeline(
        self,
        language: str,
        vad: Any,
        audio: FilmAudio,
        progress: Callable[[float], None],
    ) -> list[Chunk]:
        with contextlib.redirect_stdout(io.StringIO()):  # WhisperX announces the detector it was given
            pipeline = self._asr.load_model(
                "given",
                self._options.device,
                compute_type=self._options.compute_type,
                language=language,
                model=self._model,
                vad_model=vad,
                threads=self._options.threads,
                asr_options={"beam_size": self._options.beam_size},
            )
        seconds = [chunk["end"] - chunk["start"] for chunk in vad.chunks]
        self._model.begin([round(length * _FRAMES_A_SECOND) for length in seconds])
        try:
            result = pipeline.transcribe(
                audio,
                batch_size=self._options.batch_size,
                chunk_size=_CHUNK_SECONDS,
                progress_callback=lambda percent: progress(percent / 100),
            )
        except RuntimeError as error:
            if "out of memory" in str(error).lower():
                raise MemoryShortageError(
                    f"{self._options.device} has too little memory for batches of {self._options.batch_size}.",
                    "Set asr.batch_size lower, asr.compute_type to int8, or use a smaller model.",
                ) from error
            raise
        return [
            _chunk(segment, words, figures, language)
            for segment, words, figures in zip(result["segments"], self._model.words, self._model.figures, strict=True)
        ]

    def _features(self, pieces: Sequence[Any]) -> Any:
        import torch
        from whisperx.audio import N_SAMPLES, log_mel_spectrogram

        size = self._model.feat_kwargs.get("feature_size") or 80
        return torch.stack(
            [
                log_mel_spectrogram(piece[:N_SAMPLES], n_mels=size, padding=max(0, N_SAMPLES - len(piece)))
                for piece in pieces
            ]
        )


def _given_chunks(runs: Sequence[Sequence[Region]]) -> Any:
    """Return a voice detector for WhisperX that knows the speech already.

    WhisperX merges regions into chunks of up to 30 s. It is done here for each run by itself, so that no chunk
    reaches over speech of another language.
    """
    from whisperx.vads import Vad

    class GivenChunks(Vad):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(vad_onset=0.5)
            self.chunks: list[dict[str, Any]] = []
            for run in runs:
                seconds = [
                    types.SimpleNamespace(start=region.start_ms / 1000, end=region.end_ms / 1000, speaker="")
                    for region in run
                ]
                self.chunks += Vad.merge_chunks(seconds, _CHUNK_SECONDS, onset=0.5, offset=None)

        def __call__(self, audio: dict[str, Any]) -> None:
            return None

        def merge_chunks(self, segments: None, chunk_size: int, onset: float, offset: float) -> list[dict[str, Any]]:
            return self.chunks

    return GivenChunks()


def _same_language_runs(regions: Sequence[Region], language: str) -> list[list[Region]]:
    """Group the regions of one language so that no chunk reaches over speech of another language."""
    runs: list[list[Region]] = []
    previous = ""
    for region in regions:
        if region.language == language:
            if previous != language:
                runs.append([])
            runs[-1].append(region)
        previous = region.language
    return runs


def _chunk(
    segment: dict[str, Any], words: Sequence[dict[str, Any]], figures: dict[str, float | None], language: str
) -> Chunk:
    start_ms, end_ms = round(segment["start"] * 1000), round(segment["end"] * 1000)
    return Chunk(
        start_ms=start_ms,
        end_ms=end_ms,
        language=language,
        text=segment["text"].strip(),
        words=tuple(
            RawWord(
                word["word"],
                min(end_ms, start_ms + round(float(word["start"]) * 1000)),
                min(end_ms, start_ms + round(float(word["end"]) * 1000)),
                float(word["probability"]),
            )
            for word in words
            if word["word"].strip()
        ),
        decoding=figures,
    )


def _import_whisperx(vad: str) -> Any:
    """Import WhisperX's recogniser without what it does not need.

    It imports both of its voice detectors, and with them pyannote and lightning: a third of its start (4 of 12 CPU
    seconds). Where neither is used, empty modules stand in for them.
    """
    if vad != "pyannote":
        for module_name, class_name in (("pyannote", "Pyannote"), ("silero", "Silero")):
            module = types.ModuleType(f"whisperx.vads.{module_name}")
            setattr(module, class_name, type(class_name, (), {}))
            sys.modules.setdefault(module.__name__, module)
    import whisperx.asr

    return whisperx.asr


def _recording_model(asr: Any) -> Any:
    """Return WhisperX's model class with a decoding step that keeps word times and all of Whisper's figures."""
    from faster_whisper.transcribe import merge_punctuations

    class RecordingModel(asr.WhisperModel):  # type: ignore[misc]
        def begin(self, frames: Sequence[int]) -> None:
            """Forget the last film; ``frames`` are the lengths of the chunks to come, in hundredths of a second."""
            self._frames = list(frames)
            self.words: list[list[dict[str, Any]]] = []
            self.figures: list[dict[str, float | None]] = []

        def generate_segment_batched(
            self, features: Any, tokenizer: Any, options: Any, encoder_output: Any = None
        ) -> dict[str, list[Any]]:
            size = features.shape[0]
            encoded = self.encode(features)
            prompt = self.get_prompt(tokenizer, [], without_timestamps=True, hotwords=options.hotwords)
            results = self.model.generate(
                encoded,
                [prompt] * size,
                beam_size=options.beam_size,
                patience=options.patience,
                length_penalty=options.length_penalty,
                max_length=self.max_length,
                suppress_blank=options.suppress_blank,
                suppress_tokens=options.suppress_tokens,
                return_scores=True,
                return_no_speech_prob=True,
            )
            tokens = [[token for token in result.sequences_ids[0] if token < tokenizer.eot] for result in results]
            texts = tokenizer.tokenizer.decode_batch(tokens)
            first = len(self.words)
            aligned = self.find_alignment(tokenizer, tokens, encoded, self._frames[first : first + size])
            logprobs = []
            for result, text, words in zip(results, texts, aligned, strict=True):
                length = len(result.sequences_ids[0])
                logprobs.append(result.scores[0] * length**options.length_penalty / (length + 1))
                merge_punctuations(words, "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、।॥…")
                self.words.append(words)
                self.figures.append(
                    {
                        "avg_logprob": round(logprobs[-1], 4),
                        "no_speech_prob": round(result.no_speech_prob, 4),
                        "compression_ratio": _compression_ratio(text),
                        "temperature": 0.0,
                    }
                )
            return {"text": texts, "avg_logprob": logprobs}

    return RecordingModel


def _compression_ratio(text: str) -> float | None:
    """Return Whisper's own figure: bytes of UTF-8 over bytes after zlib; None for no text."""
    raw = text.encode("utf-8")
    return round(len(raw) / len(zlib.compress(raw)), 4) if raw else None
