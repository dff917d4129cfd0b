"""Stage 10 in one place: what it is, what it asks for, and its options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from samvad.core.declarations import ResourceRequest, Stage, option, sheet_option


@dataclass(frozen=True, kw_only=True)
class Options:
    """What stage 10 can be told."""

    film_file: Path | None = sheet_option(
        "where the film lies now, if it was moved since stage 01 read it", default=None, place=True
    )
    address: str = sheet_option(
        "where the film is fetched from, to lie at --film-file: https://… or s3://…",
        default="",
        empty=True,
        place=True,
    )
    title: str = sheet_option(
        "the film's title; without it the film keeps the one that it has", default="", empty=True, column="title"
    )
    languages: tuple[str, ...] = sheet_option("targets of the film, in order", column="targets")
    default_track: Literal["translated", "first", "none"] = option(
        "translated", "which new track a player shows by itself"
    )
    container: Literal["mkv", "mp4"] = option("mkv", "what the film becomes")
    subtitle_format: Literal["srt", "ass"] = option("srt", "format of the tracks in mkv")
    burn_in: str = option(
        "none",
        "none, default, or the language to draw into the picture of a copy",
        pattern=r"^(none|default|[a-z]{2,3})$",
    )
    burn_in_crf: int = option(
        20, "quality of that copy: 18 is large, 28 small", unit="H.264 CRF", minimum=10, maximum=40
    )


STAGE = Stage(
    number=10,
    name="mux",
    summary="Put subtitle tracks beside the film's own streams, which stay as they are",
    script="mux_subtitles.py",
    environment="media",
    options=Options,
    writes=("subtitled_film", "burned_film", "proof"),
    results=("subtitled_film", "burned_film"),
    needs=("demux", "subtitle_gen"),
    asks=ResourceRequest(cores=2, mem_mb=1000, runtime=10, runtime_per_hour=30),
    milestones=("new_subtitle_tracks", "own_streams", "route", "duration"),
)
