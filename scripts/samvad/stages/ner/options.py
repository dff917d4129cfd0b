"""Stage 05 in one place: what it is, what it asks for, and its options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from samvad.core.declarations import COMMIT, ResourceRequest, Stage, option, sheet_option


@dataclass(frozen=True, kw_only=True)
class Options:
    """What stage 05 can be told."""

    backend: Literal["model", "gazetteer"] = option("model", "where names come from beside the glossary and the cast")
    model: str = option(
        "en_core_web_sm", "a spaCy pipeline for English: an installed package, or a folder", content="file"
    )
    indic_model: str = option("", "IndicNER: a folder, or a hub id; empty: none", empty=True, content="file")
    indic_revision: str = option("", "commit of a hub id, 40 hexadecimal digits, or empty", pattern=COMMIT)
    consistent: bool = option(True, "whether each name is written in one spelling")
    overrides: str = sheet_option(
        "file that says what is to be written for a name, or left alone",
        default="",
        empty=True,
        column="name_overrides",
        content="file",
    )


STAGE = Stage(
    number=5,
    name="ner",
    summary="Mark the names in the segments, write each in one spelling, and write names.json",
    script="find_names.py",
    environment="asr",
    options=Options,
    writes=("segments", "names", "names_replaced"),
    needs=("asr",),
    after=("tmdb", "glossary_load"),
    reads_segments=True,
    writes_segments=True,
    workflow="transcribe",
    asks=ResourceRequest(mem_mb=3000, runtime=10, runtime_per_hour=10),
    computes=True,
    milestones=("names", "mentions", "replacements", "undecided", "characters_named"),
)
