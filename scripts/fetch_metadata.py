"""Stage 02: title, cast and characters of the film, from TMDB or from a file in its place."""

from __future__ import annotations

import logging
import os
import sys

from samvad.core import places
from samvad.core.errors import NetworkError
from samvad.documents import provenance
from samvad.film import metadata
from samvad.models import patience
from samvad.runner.stage_process import run_stage
from samvad.runner.stage_run import Skipped, StageRun
from samvad.stages.tmdb import client, search
from samvad.stages.tmdb.options import STAGE, Options

log = logging.getLogger(__name__)

#: What to do where the key is missing or no good.
_SET_KEY = "Set it to a key of themoviedb.org, or name a file of metadata in the column tmdb_file of the film sheet."


def work(run: StageRun, options: Options) -> None:
    """Get the metadata and write it; without a key or an answer, skip."""
    if options.file:
        path = places.find(options.file)
        film = metadata.read_file(run.add_external_input(path, "film_metadata_file"), options.max_cast)
    else:
        film = _ask(run, options)
    metadata.write(run.output("film_metadata.json", "film_metadata"), film)
    run.metric("cast", len(film.cast), "names")
    run.metric("soundtrack", len(film.soundtrack), "titles")
    run.metadata("title", film.title)
    run.metadata("year", film.year)
    run.metadata("tmdb_id", film.tmdb_id)


def _ask(run: StageRun, options: Options) -> metadata.FilmMetadata:
    """Ask TMDB.

    Raises:
        Skipped: there is no key, TMDB cannot be reached or refuses, or it does not know the film.
    """
    key = os.environ.get(client.KEY, "").strip()
    if not key:
        raise Skipped(f"no TMDB key: the variable TMDB_API_KEY is not set. {_SET_KEY}", variable=client.KEY)
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise Skipped(f"the variable TMDB_API_KEY holds characters that no key has. {_SET_KEY}", variable=client.KEY)
    service = client.Service(
        key=key,
        url=client.check_url(os.environ.get("SAMVAD_TMDB_URL") or client.DEFAULT_URL),
        language=options.language,
        rules=patience.policy(),
    )
    run.used(**provenance.library_versions("requests"))
    try:
        film, doubt = search.find_film(service, options.title, options.year, options.max_cast, options.tmdb_id)
    except client.RefusedKeyError as error:
        raise Skipped(f"{error} {_SET_KEY}", variable=client.KEY) from None
    except NetworkError as error:
        remedy = "Run the same command again when it can be reached: the stage is then made."
        raise Skipped(f"{error} {remedy}", endpoint=error.endpoint, url=service.url) from None
    for reason in [*service.stale, *([doubt] if doubt else [])]:
        run.warn(f"{reason}.")
    run.metric("tmdb_requests", service.requests, "answers")
    run.metric("tmdb_from_cache", service.from_cache, "answers")
    run.metric("tmdb_oldest_answer_days", service.oldest_days, "days")
    run.metadata("attribution", metadata.ATTRIBUTION)
    run.metadata("candidates", [vars(item) for item in film.candidates])
    return film


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_stage(STAGE, work, argv)


if __name__ == "__main__":
    sys.exit(main())
