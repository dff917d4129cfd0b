"""Stage 07 in one place: what it is, what it asks for, and its options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from samvad.core.declarations import PHRASE_LISTS, ResourceRequest, Stage, option, sheet_option


@dataclass(frozen=True, kw_only=True)
class Options:
    """What stage 07 can be told."""

    strictness: Literal["gentle", "strict"] = option(
        "strict", "strict: quarantined (not shown) from two signals; gentle: from three. Suspect (still shown) from one"
    )
    phrases: tuple[Path, ...] = option(
        PHRASE_LISTS,
        "lists of known phrases: tab-separated columns language, phrase, source",
        empty=True,
        content="file",
    )
    review: Path | None = sheet_option("a person's decisions, which win: quarantine.tsv, edited", default=None)


STAGE = Stage(
    number=7,
    name="hallucination_removal",
    summary="Mark text that nobody spoke as suspect or quarantined; nothing is deleted",
    script="flag_hallucinations.py",
    environment="text",
    section="hallucination",
    options=Options,
    writes=("segments", "quarantine"),
    needs=("asr",),
    after=("lyrics_detection",),
    decisions="quarantine.tsv",
    reads_segments=True,
    writes_segments=True,
    workflow="transcribe",
    asks=ResourceRequest(mem_mb=1000, mem_mb_per_hour=100, runtime=10, runtime_per_hour=5),
    milestones=("kept", "suspect", "quarantined", "quarantined_character_share"),
)
