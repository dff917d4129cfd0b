"""Stage 03 in one place: what it is, what it asks for, and its options."""

from __future__ import annotations

from dataclasses import dataclass

from samvad.core.declarations import ResourceRequest, Stage, option, sheet_option


@dataclass(frozen=True, kw_only=True)
class Options:
    """What stage 03 can be told."""

    files: tuple[str, ...] = option(
        ("config/glossary/hinglish.tsv",), "glossary files, tab-separated; later ones win", empty=True, content="file"
    )
    film_glossary: str = sheet_option(
        "the film's own glossary file, which wins over all", default="", empty=True, column="glossary", content="file"
    )


STAGE = Stage(
    number=3,
    name="glossary_load",
    summary="Write glossary.json: terms and names, and how each is to be written",
    script="load_glossary.py",
    environment="text",
    section="glossary",
    options=Options,
    writes=("glossary", "prompt_terms"),
    after=("tmdb",),
    workflow="transcribe",
    asks=ResourceRequest(mem_mb=500),
    milestones=("entries", "conflicts", "prompt_terms"),
)
