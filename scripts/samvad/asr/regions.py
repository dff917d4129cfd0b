"""Where there is speech, and in which language."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from samvad.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.logs import events

_BLOCK_SECONDS = 1200
_MIN_SILENCE_MS = 300
_PAD_MS = 120
#: Price of a change of language without a pause, as a log probability, and the pause in ms after which it is 1/e of it.
_CHANGE_PRICE = 2.0
_CHANGE_PAUSE_MS = 1000
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
        events.progress(start_ms / 1000, audio.duration_ms / 1000, "searched_seconds")
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
    return [Region(round(start * 1000), round(end * 1000)) for chunk in merged for start, end in chunk["segments"]]


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

    The likeliest sequence is taken (Viterbi): what the network hears in each region, and a price for a change of
    language that falls with the pause before it, because people change language between turns, not between words.

    Args:
        model: a WhisperX model with ``language_probabilities``.
        audio: the film's audio.
        regions: its speech, in order of time.
        candidates: the languages spoken, most important first.
    """
    if len(candidates) == 1:
        return [replace(region, language=candidates[0]) for region in regions]
    heard = model.language_probabilities([audio.piece(region.start_ms, region.end_ms) for region in regions])
    evidence = [
        {language: weight * share for language, share in _log_shares(probabilities, candidates).items()}
        for region, probabilities in zip(regions, heard, strict=True)
        # A short piece tells little: Whisper's detector is trained on 30 s.
        for weight in [min(1.0, (region.end_ms - region.start_ms) / 1000)]
    ]
    pauses = [after.start_ms - before.end_ms for before, after in pairwise(regions)]
    path = likeliest_sequence(evidence, [_CHANGE_PRICE * math.exp(-pause / _CHANGE_PAUSE_MS) for pause in pauses])
    return [replace(region, language=language) for region, language in zip(regions, path, strict=True)]


def likeliest_sequence(evidence: Sequence[dict[str, float]], change_prices: Sequence[float]) -> list[str]:
    """Return the sequence of labels with the largest sum of evidence less the prices of its changes (Viterbi).

    Args:
        evidence: for each place, the log probability of each label.
        change_prices: for each place but the first, what a change of label before it costs.
    """
    totals = dict(evidence[0])
    came_from: list[dict[str, str]] = []
    for scores, price in zip(evidence[1:], change_prices, strict=True):
        best = {
            label: max(totals, key=lambda other: totals[other] - (price if other != label else 0.0)) for label in scores
        }
        totals = {
            label: scores[label] + totals[best[label]] - (price if best[label] != label else 0.0) for label in scores
        }
        came_from.append(best)
    path = [max(totals, key=lambda label: totals[label])]
    for best in reversed(came_from):
        path.append(best[path[-1]])
    return path[::-1]


def _log_shares(probabilities: dict[str, float], candidates: Sequence[str]) -> dict[str, float]:
    """Return the log of each candidate's share of the probability of all candidates."""
    aliases = [alias for alias in _HINDI_ALIASES if alias not in candidates]
    found = {
        language: probabilities.get(language, 0.0)
        + (sum(probabilities.get(alias, 0.0) for alias in aliases) if language == "hi" else 0.0)
        + 1e-6
        for language in candidates
    }
    total = sum(found.values())
    return {language: math.log(share / total) for language, share in found.items()}
