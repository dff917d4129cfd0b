"""Who speaks when: pyannote's diarization, where its pipeline is at hand."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from samvad.core import checksums
from samvad.documents.segments import Segment
from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.models import origins

log = logging.getLogger(__name__)

OFF = "none"
AUTO = "auto"
#: The pipeline of ``auto``: its terms have to be accepted at the hub once (CC BY 4.0).
_HUB_ID = "pyannote/speaker-diarization-community-1"
#: Part of a segment that one speaker must have for the segment to be theirs.
_OWN_SHARE = 0.5


class NoSpeakersError(Exception):
    """Speakers cannot be told apart; the text says why. The film goes on without."""


@dataclass(frozen=True)
class Turn:
    """A stretch in which one person speaks. Times in ms."""

    start_ms: int
    end_ms: int
    speaker: str


def at_hand(setting: str) -> str:
    """Return what decides the speakers' turns beside the sound: the checksum of the pipeline's folder, or its name."""
    return checksums.of_folder(Path(setting)) if Path(setting).is_dir() else setting


def place_of(setting: str) -> Path:
    """Return where the pipeline lies, when it is there."""
    return origins.cached_snapshots(_HUB_ID) if setting == AUTO else Path(setting) / "config.yaml"


def find_turns(audio: FilmAudio, setting: str, device: str) -> list[Turn]:
    """Return the turns of speakers, in order of time.

    Args:
        audio: the film's audio.
        setting: ``auto`` or a folder with a pyannote pipeline (config.yaml and its models).
        device: ``cpu`` or ``cuda``.

    Raises:
        NoSpeakersError: the pipeline is not at hand, or fails; says what to do.
        ModelError: one of its files is not what was published.
    """
    name = _HUB_ID if setting == AUTO else setting
    if setting != AUTO and not (Path(setting) / "config.yaml").is_file():
        raise NoSpeakersError(f"{setting} is not a folder with a pyannote pipeline (it has no config.yaml)")
    if setting == AUTO:
        origins.check_cached("pyannote/*")  # the pipeline names others of theirs
    else:
        origins.check(Path(setting), origins.ANEW)
    os.environ.setdefault("PYANNOTE_METRICS_ENABLED", "0")  # it would report its use to its makers
    try:
        import torch
        from pyannote.audio import Pipeline

        pipeline = Pipeline.from_pretrained(name, token=os.environ.get("HF_TOKEN") or None)
        if pipeline is None:
            raise NoSpeakersError(_how_to_get(name))
        pipeline.to(torch.device(device))
        # All of the film at once, 4 bytes a sample: pyannote takes nothing less, and would read a file whole as well.
        waveform = torch.from_numpy(audio[:]).unsqueeze(0)
        found = pipeline({"waveform": waveform, "sample_rate": SAMPLE_RATE_HZ, "uri": "film"})
    except (ImportError, OSError, MemoryError, RuntimeError, ValueError, TypeError, KeyError, AttributeError) as error:
        # pyannote and the libraries under it raise all of these for a pipeline that is missing, gated or broken.
        log.debug("Diarization failed", exc_info=error)
        missing = "gated" in str(error).lower() or isinstance(error, OSError)
        raise NoSpeakersError(
            _how_to_get(name) if missing else f"pyannote failed with {type(error).__name__}: {_short(error)}"
        ) from error
    exclusive = getattr(found, "exclusive_speaker_diarization", found)
    turns = [
        Turn(round(turn.start * 1000), round(turn.end * 1000), str(speaker))
        for turn, _, speaker in exclusive.itertracks(yield_label=True)
    ]
    return sorted(turns, key=lambda turn: turn.start_ms)


def assign(segments: Sequence[Segment], turns: Sequence[Turn]) -> list[Segment]:
    """Return the segments with their speakers: whoever speaks during most of a segment's words.

    A segment that nobody has half of keeps none: a wrong name is worse than no name. Segments and turns are in order of
    time.
    """
    named = []
    first = 0
    for segment in segments:
        while first < len(turns) and turns[first].end_ms <= segment.start_ms:
            first += 1
        shares: dict[str, int] = {}
        for turn in turns[first:]:
            if turn.start_ms >= segment.end_ms:
                break
            spoken = sum(
                max(0, min(word.end_ms, turn.end_ms) - max(word.start_ms, turn.start_ms)) for word in segment.words
            )
            shares[turn.speaker] = shares.get(turn.speaker, 0) + spoken
        total = sum(word.end_ms - word.start_ms for word in segment.words)
        best = max(shares, key=lambda speaker: shares[speaker], default=None)
        enough = best is not None and total > 0 and shares[best] >= _OWN_SHARE * total
        named.append(replace(segment, speaker=best if enough else None))
    return named


def _how_to_get(name: str) -> str:
    return (
        f"the pyannote pipeline {name} is not at hand. Accept its terms at the model hub and set HF_TOKEN, or copy it "
        "to a folder and set asr.speakers to that"
    )


def _short(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else "no message"
