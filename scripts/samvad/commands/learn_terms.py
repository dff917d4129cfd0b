"""Collect the names that a series of films teaches, and promote those that are right into a glossary."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from pathlib import Path

from samvad.commands import _parsing
from samvad.core import console, files, outside, places, stages
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.documents import names, stage_manifest
from samvad.film import glossary, learned_terms

#: The environment that the command runs in.
ENVIRONMENT = "text"

FOLDER = places.work() / "config" / "glossary" / "learned"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    p = _parsing.Parser(description=__doc__)
    p.add_argument("--folder", type=console.path, default=FOLDER, help="folder of the learned files")
    commands = p.add_subparsers(dest="command", required=True)
    collect = commands.add_parser("collect", help="take in the names of finished films")
    collect.add_argument("series", help="name of the series: letters, digits, - and _")
    collect.add_argument("jobs", nargs="+", type=console.path, help="job folders, such as out/2025/11/27/baseline/1")
    show = commands.add_parser("list", help="print what is not promoted or rejected yet")
    show.add_argument("series", help="name of the series")
    for name, text in (("promote", "add terms to a glossary"), ("reject", "let terms be shown no more")):
        command = commands.add_parser(name, help=text)
        command.add_argument("series", help="name of the series")
        command.add_argument("terms", nargs="+", help="terms, as they are listed")
        if name == "promote":
            command.add_argument(
                "--into", type=console.path, required=True, help="glossary file; made where it is missing"
            )
    return p


def series_file(folder: Path, series: str) -> Path:
    """Return the learned file of a series.

    Raises:
        ConfigurationError: the name would not be a plain file name.
    """
    if not re.fullmatch(r"\w[\w-]{0,63}", series):
        raise ConfigurationError(f"{series!r} is not a name for a series.", "Use letters, digits, - and _ only.")
    return folder / f"{series}.tsv"


def collect(path: Path, jobs: list[Path]) -> int:
    """Add what the jobs' films teach; return how many terms are new.

    Raises:
        ConfigurationError: a job has no names.
    """
    known = learned_terms.read(path)
    found = known
    for job in jobs:
        folder = job / stages.BY_NAME["ner"].folder
        if not (folder / "manifest.json").is_file() or not (folder / "names.json").is_file():
            raise ConfigurationError(f"{job} has no names: stage 05 has not finished there.", "Name a finished job.")
        film = stage_manifest.read(folder / "manifest.json").film
        found = learned_terms.merged(found, learned_terms.taught(names.read(folder / "names.json").names, film))
    learned_terms.write(path, found)
    return len(found) - len(known)


def choose(path: Path, terms: list[str]) -> list[learned_terms.Learned]:
    """Return terms of a learned file.

    Raises:
        ConfigurationError: one is not in the file.
    """
    known = learned_terms.read(path)
    wanted = {term.casefold() for term in terms}
    chosen = [item for item in known if item.term.casefold() in wanted]
    missing = wanted - {item.term.casefold() for item in chosen}
    if missing:
        raise ConfigurationError(
            f"{path.name} has no term {', '.join(sorted(missing))}.", "See: ./samvad learn-terms list."
        )
    return chosen


def settle(path: Path, chosen: list[learned_terms.Learned], state: str) -> None:
    """Give terms of a learned file another state."""
    learned_terms.write(
        path, [replace(item, state=state) if item in chosen else item for item in learned_terms.read(path)]
    )


def promote(path: Path, terms: list[str], into: Path) -> list[learned_terms.Learned]:
    """Add terms to a glossary and mark them as promoted; a term that the glossary has already is left as it is."""
    held = glossary.read_table(into, str(into)) if into.exists() else ()
    have = {entry.term.casefold() for entry in held}
    chosen = choose(path, terms)
    new = [item for item in chosen if item.term.casefold() not in have]
    text = outside.read_bytes(into, outside.LARGEST_TABLE_BYTES).decode("utf-8") if into.exists() else ""
    files.write_text(into, learned_terms.with_rows(text, new, path.stem))
    glossary.read_table(into, str(into))
    settle(path, chosen, learned_terms.PROMOTED)
    return new


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = parser().parse_args(argv)
    try:
        path = series_file(options.folder, options.series)
        if options.command == "collect":
            print(f"{path}: {collect(path, options.jobs)} new terms")
        elif options.command == "list":
            for item in learned_terms.read(path):
                if item.state == learned_terms.NEW:
                    films, forms = ", ".join(item.films), ", ".join(item.forms)
                    print(f"{item.term}\t{item.context}\t{item.count}\t{films}\t{forms}")
        elif options.command == "promote":
            print(f"{options.into}: {len(promote(path, options.terms, options.into))} terms added")
        else:
            chosen = choose(path, options.terms)
            settle(path, chosen, learned_terms.REJECTED)
            print(f"{path}: {len(chosen)} terms rejected")
    except SamvadError as error:
        console.complain("samvad learn-terms", error)
        return error.exit_code
    return 0
