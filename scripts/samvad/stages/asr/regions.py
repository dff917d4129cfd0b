"""Where there is speech or singing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from samvad.logs import events
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.media.sound_curve import SoundCurve

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: A film is heard in blocks, so that the memory needed does not grow with it. Each block is heard with what lies before
#: and after it: the detectors look that far.
_BLOCK_SECONDS = 300
_MARGIN_MS = 5_000
_MIN_SILENCE_MS = 300
_PAD_MS = 120
#: Singing is averaged over so many steps of the sound curve on both sides, to bridge breaths.
_SUNG_STEPS = 2
_SUNG_SHORTEST_MS = 1_500
_SUNG_PAD_MS = 250
#: A long region is cut in the quietest moment of this part of it around the place where equal parts would meet.
_CUT_SEARCH = 0.3
_CUT_FRAME_MS = 100


@dataclass(frozen=True)
class Region:
    """A stretch of speech or singing. Times in ms; ``language`` is a short code, or empty while it is not known.

    Attributes:
        sung: whether only the song detector hears a voice here.
        faint: whether there is but the least sign of a voice: it is named, not decoded.
    """

    start_ms: int
    end_ms: int
    language: str = ""
    sung: bool = False
    faint: bool = False

    @property
    def length_ms(self) -> int:
        """Return the duration in milliseconds."""
        return self.end_ms - self.start_ms


def silero_regions(
    audio: FilmAudio,
    threshold: float,
    prepare: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]] | None = None,
) -> list[Region]:
    """Find speech with Silero's network, which faster-whisper carries as ONNX.

    Args:
        audio: the film's audio.
        threshold: probability of speech, 0 to 1, from which sound counts as speech.
        prepare: what is done to the samples before they are heard; None for nothing.
    """
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(threshold=threshold, min_silence_duration_ms=_MIN_SILENCE_MS, speech_pad_ms=_PAD_MS)

    def hear(samples: npt.NDArray[np.float32]) -> Iterable[tuple[float, float]]:
        for found in get_speech_timestamps(prepare(samples) if prepare else samples, options):
            yield found["start"] * 1000 / SAMPLE_RATE_HZ, found["end"] * 1000 / SAMPLE_RATE_HZ

    return in_blocks(audio, hear)


def pyannote_regions(audio: FilmAudio, threshold: float, device: str) -> list[Region]:
    """Find speech with the pyannote network that WhisperX carries.

    Args:
        audio: the film's audio.
        threshold: probability of speech, 0 to 1, from which sound counts as speech.
        device: ``cpu`` or ``cuda``.
    """
    os.environ.setdefault("PYANNOTE_METRICS_ENABLED", "0")  # it would report its use to its makers
    import torch
    from whisperx.vads import Pyannote

    # WhisperX's own relation of the two thresholds (asr.py: vad_onset 0.5, vad_offset 0.363).
    offset = threshold * 0.726
    detector = Pyannote(torch.device(device), token=None, vad_onset=threshold, vad_offset=offset)

    def hear(samples: npt.NDArray[np.float32]) -> Iterable[tuple[float, float]]:
        found = detector({"waveform": Pyannote.preprocess_audio(samples), "sample_rate": SAMPLE_RATE_HZ})
        for chunk in Pyannote.merge_chunks(found, 30, onset=threshold, offset=offset):
            yield from ((start * 1000, end * 1000) for start, end in chunk["segments"])

    return in_blocks(audio, hear)


def in_blocks(
    audio: FilmAudio,
    hear: Callable[[npt.NDArray[np.float32]], Iterable[tuple[float, float]]],
    block_seconds: int = _BLOCK_SECONDS,
) -> list[Region]:
    """Run a detector over a film block by block; regions that touch where blocks meet are one region.

    Args:
        audio: the film's audio.
        hear: gives the (start, end) in ms of the speech in some samples.
        block_seconds: length of a block.
    """
    return in_placed_blocks(audio, lambda samples, _: hear(samples), block_seconds)


def in_placed_blocks(
    audio: FilmAudio,
    hear: Callable[[npt.NDArray[np.float32], int], Iterable[tuple[float, float]]],
    block_seconds: int = _BLOCK_SECONDS,
) -> list[Region]:
    """Run a detector over a film as ``in_blocks`` does, which is told where in the film its samples begin, in ms."""
    found: list[Region] = []
    for start_ms in range(0, audio.duration_ms, block_seconds * 1000):
        end_ms = min(start_ms + block_seconds * 1000, audio.duration_ms)
        events.progress(start_ms / 1000, audio.duration_ms / 1000, "searched_seconds")
        first_ms = max(0, start_ms - _MARGIN_MS)
        for begin, end in hear(audio.piece(first_ms, end_ms + _MARGIN_MS), first_ms):
            region = Region(max(start_ms, first_ms + round(begin)), min(end_ms, first_ms + round(end)))
            if region.length_ms > 0:
                found.append(region)
    return union(found)


def sung_regions(curve: SoundCurve, threshold: float) -> list[Region]:
    """Return where a voice sings.

    Args:
        curve: what the song detector hears.
        threshold: mean probability of singing, 0 to 1.
    """
    steps = len(curve.singing)
    regions: list[Region] = []
    for step in range(steps):
        near = curve.singing[max(0, step - _SUNG_STEPS) : step + _SUNG_STEPS + 1]
        if sum(near) / len(near) >= threshold:
            start_ms = step * curve.step_ms
            if regions and regions[-1].end_ms == start_ms:
                regions[-1] = replace(regions[-1], end_ms=start_ms + curve.step_ms)
            else:
                regions.append(Region(start_ms, start_ms + curve.step_ms, sung=True))
    return [
        replace(region, start_ms=max(0, region.start_ms - _SUNG_PAD_MS), end_ms=region.end_ms + _SUNG_PAD_MS)
        for region in regions
        if region.length_ms >= _SUNG_SHORTEST_MS
    ]


def with_singing(speech: Sequence[Region], sung: Sequence[Region], duration_ms: int) -> list[Region]:
    """Return speech and singing together: speech as it was found, and the sung stretches that it leaves out.

    A sung rest that is too short for a word is given up.
    """
    inside = [replace(region, end_ms=min(region.end_ms, duration_ms)) for region in sung]
    return sorted([*speech, *beside(inside, speech, _SUNG_SHORTEST_MS)], key=lambda region: region.start_ms)


def beside(regions: Sequence[Region], others: Sequence[Region], shortest_ms: int) -> list[Region]:
    """Return what of some regions lies outside others, in stretches of so many ms or more.

    Args:
        regions: in order of time.
        others: likewise.
        shortest_ms: what is shorter is given up.
    """
    left = []
    for region in regions:
        position = region.start_ms
        for other in [*others, Region(region.end_ms, region.end_ms)]:
            if other.end_ms < position or other.start_ms > region.end_ms:
                continue
            if min(other.start_ms, region.end_ms) - position >= shortest_ms:
                left.append(replace(region, start_ms=position, end_ms=min(other.start_ms, region.end_ms)))
            position = max(position, other.end_ms)
    return left


def union(regions: Iterable[Region]) -> list[Region]:
    """Return regions in order of time, those that overlap or touch made into one."""
    joined: list[Region] = []
    for region in sorted(regions, key=lambda region: region.start_ms):
        if joined and region.start_ms <= joined[-1].end_ms:
            joined[-1] = replace(joined[-1], end_ms=max(joined[-1].end_ms, region.end_ms))
        else:
            joined.append(region)
    return joined


def cut_long(regions: Sequence[Region], longest_ms: int, audio: FilmAudio) -> list[Region]:
    """Cut regions that are longer than Whisper's window, in quiet moments near where equal parts would meet."""
    pieces = []
    for region in regions:
        rest = region
        while rest.length_ms > longest_ms:
            parts = -(-rest.length_ms // longest_ms)
            cut_ms = _quietest(audio, rest, rest.length_ms / parts)
            pieces.append(replace(rest, end_ms=cut_ms))
            rest = replace(rest, start_ms=cut_ms)
        pieces.append(rest)
    return pieces


def halves(region: Region, audio: FilmAudio) -> list[Region]:
    """Cut a region in two in a quiet moment near its middle."""
    cut_ms = _quietest(audio, region, region.length_ms / 2)
    return [replace(region, end_ms=cut_ms), replace(region, start_ms=cut_ms)]


def _quietest(audio: FilmAudio, region: Region, part_ms: float) -> int:
    """Return the quietest moment in the last stretch of a part, which must not grow beyond its length."""
    import numpy as np

    earliest_ms = region.start_ms + round(part_ms * (1 - _CUT_SEARCH))
    latest_ms = region.start_ms + round(part_ms)
    samples = audio.piece(earliest_ms, latest_ms)
    frame = SAMPLE_RATE_HZ * _CUT_FRAME_MS // 1000
    frames = len(samples) // frame
    if not frames:
        return latest_ms
    loudness = np.square(samples[: frames * frame]).reshape(frames, frame).mean(axis=1)
    # Of equally quiet moments the last: in digital silence the part is then as long as it may be.
    place = frames - 1 - int(np.argmin(loudness[::-1]))
    return earliest_ms + place * _CUT_FRAME_MS + _CUT_FRAME_MS // 2
