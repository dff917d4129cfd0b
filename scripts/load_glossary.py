"""Stage 03: merge the glossaries that hold for this film, and the names of its cast."""

from __future__ import annotations

import logging
import sys

from samvad.core import places
from samvad.film import glossary as entries
from samvad.film import metadata, people
from samvad.runner.stage_process import run_stage
from samvad.runner.stage_run import StageRun
from samvad.stages.glossary_load import prompt
from samvad.stages.glossary_load.options import STAGE, Options

log = logging.getLogger(__name__)

#: The project's own glossary: the lowest layer but for the cast, and none for prompts.
BUILT_IN = "config/glossary/hinglish.tsv"


def work(run: StageRun, options: Options) -> None:
    """Read the cast, then the files in their order, then the film's own, and let the later win."""
    found = run.read_optional("tmdb", "film_metadata")
    film = metadata.read(found) if found else None
    tables = {"tmdb": _names(film)}
    for name in filter(None, [*options.files, options.film_glossary]):
        tables.pop(name, None)  # given twice, it counts where it is given last
        tables[name] = entries.read_table(run.add_external_input(places.find(name), "glossary_file"), name)
    glossary = entries.merge(tables.values())
    for conflict in glossary.conflicts:
        log.info("%s: %s is kept, not %s", conflict.term, conflict.kept, conflict.dropped)
    entries.write(run.output("glossary.json", "glossary"), glossary)
    own = tables.get(options.film_glossary, ())
    users = [
        entry
        for name, table in tables.items()
        if name not in ("tmdb", BUILT_IN, options.film_glossary)
        for entry in table
    ]
    terms = prompt.prompt_terms(own, users, film)
    prompt.write(run.output("prompt_terms.json", "prompt_terms"), terms)
    run.metric("entries", len(glossary.entries), "entries")
    run.metric("entries_from_tmdb", sum(entry.source == "tmdb" for entry in glossary.entries), "entries")
    run.metric("conflicts", len(glossary.conflicts), "terms")
    run.metric("prompt_terms", len(terms), "terms")
    run.metadata("entries_read", {name: len(table) for name, table in tables.items()})


def _names(film: metadata.FilmMetadata | None) -> tuple[entries.Entry, ...]:
    if film is None:
        return ()
    cast = entries.from_names(people.actors(film), "cast")
    return cast + entries.from_names(people.characters(film), "character")


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_stage(STAGE, work, argv)


if __name__ == "__main__":
    sys.exit(main())
