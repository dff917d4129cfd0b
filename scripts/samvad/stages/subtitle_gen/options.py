"""Stage 09 in one place: what it is, what it asks for, and its options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from samvad.core.declarations import ResourceRequest, Stage, option, sheet_option


@dataclass(frozen=True, kw_only=True)
class Options:
    """What stage 09 can be told."""

    film_file: Path | None = sheet_option(
        "where the film lies now, if it was moved since stage 01 read it", default=None, place=True
    )
    address: str = sheet_option(
        "where the film is fetched from, to lie at --film-file: https://… or s3://…",
        default="",
        empty=True,
        place=True,
    )
    title: str = sheet_option("the film's title, for the report", default="", empty=True, column="title")
    languages: tuple[str, ...] = sheet_option("targets of the film: hi en …", column="targets")
    formats: tuple[Literal["srt", "vtt", "ass", "ttml"], ...] = option(
        ("srt", "vtt"), "files to write for each language"
    )
    profile: str = option(
        "netflix", "rules of the cues: a name of config/subtitle_profiles, or a YAML file", content="profile"
    )
    further: tuple[Literal["forced", "sdh"], ...] = option(
        (),
        "tracks beside each target's: forced, what is spoken in other languages than the film's; sdh, for the deaf and "
        "hard of hearing, with names of speakers and sounds",
        empty=True,
    )
    sdh_profile: str = option("netflix-sdh", "rules of the track sdh, as profile", content="profile")
    bilingual: tuple[str, ...] = option(
        (),
        "two of the film's targets, for a track with both, the upper one first: hi en; none: no such track",
        empty=True,
        pattern=r"^[a-z]{2,3}$",
    )
    transcript: tuple[Literal["txt", "docx"], ...] = option(
        (), "the text for reading, with speakers and times, of each target", empty=True
    )
    shorten: Literal["propose", "take"] = option(
        "propose",
        "cues that cannot be read in their time get a shorter text, without fillers, repeats and false starts: it is "
        "proposed in shorter.tsv, or taken and marked",
    )
    shots: bool = option(True, "whether to find the film's shot changes: cues come and go with them")
    hwaccel: Literal["auto", "none", "cuda", "vaapi", "qsv", "vdpau", "videotoolbox"] = option(
        "auto",
        "which hardware decodes a film whose pictures must all be looked at, by ffmpeg's name; where it fails or "
        "loses pictures, the processor does",
        place=True,
    )
    proxy_height: int = option(
        0,
        "height of a small copy of the film that the report plays; 0 for none: it plays the film itself",
        unit="pixels",
        minimum=0,
        maximum=1080,
    )
    review: Path | None = sheet_option("a person's decisions, which win: shorter.tsv, edited", default=None)


STAGE = Stage(
    number=9,
    name="subtitle_gen",
    summary="Cut the film's text into cues and lines, and write subtitle files",
    script="write_subtitles.py",
    environment="media",
    section="subtitle",
    options=Options,
    writes=(
        *("srt_*", "vtt_*", "ass_*", "ttml_*", "txt_*", "docx_*"),
        *("tracks", "cues", "qc", "shorter", "shots", "proxy", "report"),
    ),
    results=("srt_*", "vtt_*", "ass_*", "ttml_*", "txt_*", "docx_*", "report"),
    corrected=True,
    decisions="shorter.tsv",
    needs=("demux", "asr"),
    after=("ner", "lyrics_detection", "hallucination_removal", "translation"),
    refuses="beforehand",
    reads_segments=True,
    asks=ResourceRequest(cores=4, mem_mb=1500, mem_mb_per_hour=100, runtime=10, runtime_per_hour=30),
    milestones=("languages", "cues_*", "segments_left_out_*", "shot_changes"),
)
