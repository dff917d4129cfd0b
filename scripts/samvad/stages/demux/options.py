"""Stage 01 in one place: what it is, what it asks for, and its options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from samvad.core.declarations import ResourceRequest, Stage, option, sheet_option


@dataclass(frozen=True, kw_only=True)
class Options:
    """What stage 01 can be told."""

    media: Path = sheet_option("the film, or a sound file")
    address: str = sheet_option(
        "where the film is fetched from, to lie at --media: https://… or s3://…", default="", empty=True, place=True
    )
    languages: tuple[str, ...] = sheet_option(
        "languages spoken, to choose a track by its tag", default=(), empty=True, column="source"
    )
    audio_track: Literal["auto"] | int = option(
        "auto", "auto, or the number of the audio track", unit="counted from 0", minimum=0, column="audio_track"
    )
    audio_channel: str = option(
        "auto",
        "what of the track is heard: auto (what carries speech), mix, left, right, centre, or a channel's number",
        pattern="^(auto|mix|left|right|centre|center|[0-9]{1,2})$",
        column="audio_channel",
    )
    downmix: Literal["centre", "plain"] = option("centre", "how surround sound becomes mono")
    existing: Literal["ignore", "translate", "measure", "prompt"] = option(
        "ignore",
        "what becomes of subtitles in the language spoken that the film has already: nothing, their text takes the "
        "place of what is recognised, that is measured by them, or their names prompt the recogniser",
    )
    ocr: bool = option(False, "whether such subtitles are read that are pictures, with tesseract")
    becomes: Literal["mkv", "mp4"] = sheet_option(
        "what stage 10 is to make of the film: one that MP4 cannot hold is refused at once", default="mkv", place=True
    )
    min_decoded_share: float = option(
        0.95, "share of the declared duration that must be readable", unit="0 to 1", minimum=0, maximum=1
    )


STAGE = Stage(
    number=1,
    name="demux",
    summary="Find the streams of a film and extract its dialogue as 16 kHz mono audio",
    script="extract_audio.py",
    environment="media",
    options=Options,
    writes=("audio", "probe", "waveform", "poster", "existing"),
    workflow="transcribe",
    asks=ResourceRequest(cores=2, mem_mb=1000, runtime=10, runtime_per_hour=30),
    milestones=("film_duration", "audio_tracks", "audio_track", "audio_channel"),
    refuses="beforehand",
)
