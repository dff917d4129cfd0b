"""Teach the translation memory what people have corrected: tables that stand beside an edited subtitle track."""

from __future__ import annotations

import argparse

from samvad.commands import _parsing
from samvad.core import console
from samvad.core.errors import SamvadError
from samvad.stages.translation import memory

#: The environment that the command runs in.
ENVIRONMENT = "translation"


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command's options."""
    made = _parsing.Parser(
        description="Teach the translation memory people's corrections. They win over every machine from then on, "
        "wherever the same text is said in a film.",
        epilog="Exit codes: 0 success, 2 configuration, 1 anything else.",
    )
    made.add_argument(
        "tables",
        type=console.path,
        nargs="+",
        help="tab-separated tables, such as JOB/corrections/en.tsv, with the columns "
        f"{', '.join(memory.COLUMNS)} (others are passed over); or job folders",
    )
    made.add_argument("--memory-file", default="", help="as translation.memory_file; default: in the cache folder")
    return made


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(argv)
    store = memory.Memory(memory.place_of(options.memory_file))
    try:
        for given in options.tables:
            for table in sorted((given / "corrections").glob("*.tsv")) if given.is_dir() else [given]:
                found = memory.read_corrections(table)
                count = store.learn(found, str(table.resolve()))
                silent = len(found) - count
                without = f" {silent} have no letter or digit, and are passed over." if silent else ""
                print(f"{table}: {count} corrections learned.{without}")
    except SamvadError as error:
        console.complain("samvad learn-corrections", error)
        return error.exit_code
    if store.problem:
        console.complain("samvad learn-corrections", store.problem)
        return 1
    return 0
