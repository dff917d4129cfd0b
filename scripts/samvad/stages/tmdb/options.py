"""Stage 02 in one place: what it is, what it asks for, and its options."""

from __future__ import annotations

from dataclasses import dataclass

from samvad.core.declarations import ResourceRequest, Stage, option, sheet_option


@dataclass(frozen=True, kw_only=True)
class Options:
    """What stage 02 can be told."""

    title: str = sheet_option("title of the film, in any script", column="title")
    year: int | None = sheet_option("year of release", unit="four digits", default=None, column="year")
    tmdb_id: int | None = sheet_option(
        "TMDB's number of the film, where it is settled", unit="of TMDB's", default=None, column="tmdb_id"
    )
    file: str = sheet_option(
        "JSON file that is read instead of asking TMDB", default="", empty=True, column="tmdb_file", content="file"
    )
    language: str = option("en-US", "language of titles and names, such as en-US", pattern=r"^[a-z]{2}(-[A-Z]{2})?$")
    max_cast: int = option(30, "how many names of the cast to keep, in billing order", unit="names", minimum=0)


STAGE = Stage(
    number=2,
    name="tmdb",
    summary="Write film_metadata.json: title, year, cast and characters of the film",
    script="fetch_metadata.py",
    environment="text",
    options=Options,
    writes=("film_metadata",),
    workflow="transcribe",
    asks=ResourceRequest(mem_mb=500),
    milestones=("cast", "soundtrack"),
)
