"""Where there is speech, and in which language."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from samvad.asr.audio import SAMPLE_RATE_HZ, FilmAudio

log = logging.getLogger(__name__)

_BLOCK_SECONDS = 1200
_MIN_SILENCE_MS = 300
_PAD_MS = 120
#: A piece shorter than this says too little of its language (Whisper's detector is trained on 30 s).
_MIN_LANGUAGE_MS = 900
_VOTE_WINDOWS = 9
_WINDOW_MS = 30_000
#: Whisper hears Hindi as these, too: the languages are close, and one of them is the same speech in another script.
_HINDI_ALIASES = ("ur", "pa")


@dataclass(frozen=True)
class Region:
    """A stretch of speech. Times in milliseconds; ``language`` is a short code, or empty while it is not known."""

    start_ms: int
    end_ms: int
    language: str = ""


def silero_regions(audio: FilmAudio, threshold: float) -> list[Region]:
    """Find speech with Silero's network, which faster-whisper carries as ONNX.

    Args:
        audio: the film's audio.
        threshold: probability of speech, 0 to 1, from which sound counts as speech.
    """
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(threshold=threshold, min_silence_duration_ms=_MIN_SILENCE_MS, speech_pad_ms=_PAD_MS)
    regions = []
    for start_ms, samples in audio.blocks(_BLOCK_SECONDS):
        for found in get_speech_timestamps(samples, options):
            regions.append(
                Region(
                    start_ms + found["start"] * 1000 // SAMPLE_RATE_HZ,
                    start_ms + found["end"] * 1000 // SAMPLE_RATE_HZ,
                )
            )
    return regions


def pyannote_regions(audio: FilmAudio, threshold: float, device: str) -> list[Region]:
    """Find speech with the pyannote network that WhisperX carries.

    Args:
        audio: the film's audio.
        threshold: probability of speech, 0 to 1, from which sound counts as speech.
        device: ``cpu`` or ``cuda``.
    """
    import torch
    from whisperx.vads import Pyannote

    detector = Pyannote(torch.device(device), token=None, vad_onset=threshold, vad_offset=threshold * 0.72)
    waveform = Pyannote.preprocess_audio(audio[:])
    found = detector({"waveform": waveform, "sample_rate": SAMPLE_RATE_HZ})
    merged = Pyannote.merge_chunks(found, 30, onset=threshold, offset=threshold * 0.72)
    return [
        Region(round(start * 1000), round(end * 1000)) for chunk in merged for start, end in chunk["segments"]
    ]


def cut_long(regions: Sequence[Region], longest_ms: int) -> list[Region]:
    """Cut regions that are longer than Whisper's window into equal parts."""
    pieces = []
    for region in regions:
        parts = -(-(region.end_ms - region.start_ms) // longest_ms) or 1
        step = (region.end_ms - region.start_ms) / parts
        for number in range(parts):
            pieces.append(
                replace(
                    region,
                    start_ms=region.start_ms + round(number * step),
                    end_ms=region.start_ms + round((number + 1) * step),
                )
            )
    return pieces


def vote(model: Any, audio: FilmAudio, regions: Sequence[Region]) -> tuple[str, dict[str, float]]:
    """Detect the film's language by a vote over windows of speech spread through the film.

    The first 30 s alone often mislead: titles, songs, a narrator.

    Args:
        model: a WhisperX model with ``encode`` and ``language_probabilities``.
        audio: the film's audio.
        regions: its speech.

    Returns:
        The language, and the mean probability of each language that got more than 1 %.
    """
    step = max(1, len(regions) // _VOTE_WINDOWS)
    windows = [region.start_ms for region in regions[::step]][:_VOTE_WINDOWS]
    pieces = [audio.piece(start_ms, start_ms + _WINDOW_MS) for start_ms in windows]
    totals: dict[str, float] = {}
    for probabilities in model.language_probabilities(pieces):
        for language, probability in probabilities.items():
            counted = "hi" if language in _HINDI_ALIASES else language
            totals[counted] = totals.get(counted, 0.0) + probability / len(pieces)
    ranking = dict(sorted(totals.items(), key=lambda item: -item[1]))
    return next(iter(ranking)), {language: round(share, 4) for language, share in ranking.items() if share > 0.01}


def name_languages(model: Any, audio: FilmAudio, regions: Sequence[Region], candidates: Sequence[str]) -> list[Region]:
    """Name the language of each region, out of those spoken in the film.

    A region too short to tell takes the language of its nearest neighbour in time.

    Args:
        model: a WhisperX model with ``language_probabilities``.
        audio: the film's audio.
        regions: its speech.
        candidates: the languages spoken, most important first.
    """
    if len(candidates) == 1:
        return [replace(region, language=candidates[0]) for region in regions]
    telling = [region for region in regions if region.end_ms - region.start_ms >= _MIN_LANGUAGE_MS] or list(regions)
    found = model.language_probabilities([audio.piece(region.start_ms, region.end_ms) for region in telling])
    named = {}
    for region, probabilities in zip(telling, found, strict=True):
        shares = {
            language: probabilities.get(language, 0.0)
            + sum(probabilities.get(alias, 0.0) for alias in _HINDI_ALIASES if language == "hi" and alias not in candidates)
            for language in candidates
        }
        named[region] = max(candidates, key=lambda language: shares[language])
    result = []
    for region in regions:
        nearest = min(telling, key=lambda other: max(other.start_ms - region.end_ms, region.start_ms - other.end_ms))
        result.append(replace(region, language=named.get(region) or named[nearest]))
    return result
