"""What the commands that ask the logs share: their options, and loading."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from samvad.core import this_machine
from samvad.core.errors import ConfigurationError
from samvad.reporting.logquery import sources, store, views
from samvad.settings import configuration, naming

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Logs:
    """Logs that have been loaded."""

    connection: duckdb.DuckDBPyConnection
    loaded: store.Loaded
    now: datetime
    index: Path | None


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which logs are read and which events count."""
    parser.add_argument(
        "places", nargs="*", metavar="PLACE", help="job folders, folders of jobs, .jsonl files; default: output_root"
    )
    parser.add_argument("--since", help="from then on: 90m, 12h, 7d, 2w (ago), or a day or time in UTC")
    parser.add_argument("--until", help="before then, written as --since")
    parser.add_argument("--film", action="append", default=[], help="only this film (may be given again)")
    parser.add_argument("--stage", action="append", default=[], help="only this stage (may be given again)")
    parser.add_argument("--performance", action="store_true", help="read the performance channel too")
    parser.add_argument("--no-index", action="store_true", help="read the logs themselves, and keep nothing")


def parse(parser: argparse.ArgumentParser, argv: list[str] | None) -> argparse.Namespace:
    """Parse a command line; places may stand after options too, which argparse alone does not take."""
    options, rest = parser.parse_known_args(argv)
    unknown = [word for word in rest if word.startswith("-")]
    if unknown:
        parser.error(f"unknown option: {unknown[0]} (write ./{unknown[0]} for a folder of that name)")
    options.places += rest
    return options


def load(options: argparse.Namespace) -> Logs:
    """Find and load the logs that the options name, and make the tables that questions are asked of.

    Raises:
        ConfigurationError: a place does not exist, there is no log in it, or a filter is wrong.
    """
    import duckdb

    now = datetime.now(UTC).replace(tzinfo=None)
    places = options.places or [default_place()]
    filters = views.Filters(
        views.moment(options.since, now, "--since") if options.since else None,
        views.moment(options.until, now, "--until") if options.until else None,
        tuple(options.film),
        _known_stages(options.stage),
    )
    logs = sources.find(places, performance=options.performance)
    if not logs:
        raise ConfigurationError(
            f"There are no event logs (.jsonl) in {', '.join(places)}.",
            "A run writes them to logs/ of its job folder; name the folder of the jobs.",
        )
    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    index = None if options.no_index else store.index_folder(places)
    loaded = store.load(connection, logs, index)
    views.make(connection, filters, now)
    views.processes_gone(connection, this_machine.node())
    if not loaded.lines - loaded.foreign:
        raise ConfigurationError(
            f"The {loaded.logs} logs in {', '.join(places)} hold no event ({loaded.foreign} lines of something else).",
            "Nothing has run yet, or these are not logs of Samvad.",
        )
    return Logs(connection, loaded, now, index)


def default_place() -> str:
    """Return the folder of all jobs: ``output_root`` of the configuration."""
    return str(naming.output_root(configuration.project()))


def _known_stages(names: list[str]) -> tuple[str, ...]:
    from samvad.core.stages import BY_NAME

    for name in names:
        if name not in BY_NAME:
            raise ConfigurationError(f"--stage: there is no stage {name!r}.", f"The stages are {', '.join(BY_NAME)}.")
    return tuple(names)
