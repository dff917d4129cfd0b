"""Stage 03: merge the glossaries that hold for this film, and the names of its cast."""

from __future__ import annotations

import argparse
import logging
import sys

from samvad import schemas
from samvad.glossary import entries
from samvad.stage_run import StageRun, run_stage, stage_parser
from samvad.tmdb import metadata, people

log = logging.getLogger(__name__)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    p = stage_parser("glossary_load", "Write glossary.json: terms and names, and how each is to be written.")
    p.add_argument("--files", nargs="*", default=[], help="glossary files, tab-separated; later ones win")
    p.add_argument("--film-glossary", default="", help="the film's own glossary file, which wins over all")
    return p


def work(run: StageRun, options: argparse.Namespace) -> None:
    """Read the cast, then the files in their order, then the film's own, and let the later win."""
    tables = {"tmdb": _names(run, options)}
    for name in filter(None, [*options.files, options.film_glossary]):
        path = schemas.ROOT / name
        tables.pop(name, None)  # given twice, it counts where it is given last
        tables[name] = entries.read_table(path, name)
        run.read_outside(path, "glossary_file")
    glossary = entries.merge(tables.values())
    for conflict in glossary.conflicts:
        log.info("%s: %s is kept, not %s", conflict.term, conflict.kept, conflict.dropped)
    entries.write(run.output("glossary.json", "glossary"), glossary)
    run.metric("entries", len(glossary.entries), "entries")
    run.metric("entries_from_tmdb", sum(entry.source == "tmdb" for entry in glossary.entries), "entries")
    run.metric("conflicts", len(glossary.conflicts), "terms")
    run.fact("entries_read", {name: len(table) for name, table in tables.items()})


def _names(run: StageRun, options: argparse.Namespace) -> tuple[entries.Entry, ...]:
    found = run.read_optional(options.tmdb, "film_metadata")
    if found is None:
        return ()
    film = metadata.read(found)
    cast = entries.from_names(people.actors(film), "cast")
    return cast + entries.from_names(people.characters(film), "character")


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    return run_stage("glossary_load", parser(), work, argv)


if __name__ == "__main__":
    sys.exit(main())
