"""Propose what each stage is to ask a cluster for, from the memory and time that past runs took, by film length."""

from __future__ import annotations

import argparse
import math
import shutil
import sys
from collections.abc import Sequence

from samvad.commands import _parsing
from samvad.core import console, files
from samvad.core.errors import SamvadError
from samvad.reporting import resource_proposals
from samvad.reporting.logquery import table
from samvad.reporting.resource_proposals import Proposal

#: The environment that the command runs in.
ENVIRONMENT = "workflow"

_COLUMNS = ("stage", "runs", "films (h)", "mem_mb", "mem_mb_per_hour", "runtime", "runtime_per_hour", "note")


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = _parsing.Parser(description=__doc__)
    made.add_argument("place", nargs="+", type=console.path, help="a job's folder, or one above jobs, such as out")
    made.add_argument(
        "--output", type=console.path, metavar="FILE", help="write a table for the key machines.resources"
    )
    made.add_argument(
        "--quantile", type=share, default=0.95, help="share of the runs that must have had enough (default: 0.95)"
    )
    made.add_argument("--margin", type=float, default=1.3, help="factor on top of it (default: 1.3)")
    return made


def share(text: str) -> float:
    """Return a share above 0, at most 1.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no share: above 0, at most 1")
    return value


def main(argv: list[str] | None = None) -> int:
    """Print the proposal, and write it."""
    options = parser().parse_args(argv)
    try:
        runs = resource_proposals.read(options.place)
        proposals = resource_proposals.propose(runs, options.quantile, options.margin)
        rows = [_row(proposal) for proposal in proposals]
        width = max(100, shutil.get_terminal_size((120, 24)).columns)  # narrower, the names of the keys would be cut
        print(
            table.as_table(_COLUMNS, rows, {}, width, ("note",))
            if rows
            else "No run that did its work is recorded there."
        )
        if options.output:
            if not any(proposal.memory for proposal in proposals):
                print("samvad propose-resources: nothing can be proposed, and nothing is written", file=sys.stderr)
                return 1
            files.write_text(options.output, _yaml(proposals, options))
            print(f"\nWritten to {options.output}: name it in machines.resources.")
    except SamvadError as error:
        console.complain("samvad propose-resources", error)
        return error.exit_code
    return 0


def _figures(proposal: Proposal) -> dict[str, int]:
    """Return the figures of a row of the table, rounded up; none where there is no proposal."""
    if proposal.memory is None or proposal.minutes is None:
        return {}
    memory, minutes = proposal.memory, proposal.minutes
    figures = (memory.base, memory.per_hour, minutes.base, minutes.per_hour)
    return {name: max(0, math.ceil(value)) for name, value in zip(_COLUMNS[3:7], figures, strict=True)}


def _row(proposal: Proposal) -> tuple[object, ...]:
    figures = _figures(proposal)
    films = f"{proposal.shortest_hours:.2f} to {proposal.longest_hours:.2f}"
    return (proposal.stage, proposal.runs, films, *(figures.get(name, "–") for name in _COLUMNS[3:7]), _note(proposal))


def _note(proposal: Proposal) -> str | None:
    notes = [proposal.why_not] if proposal.why_not else []
    if proposal.left_out:
        notes.append(f"{proposal.left_out} runs with other models, or on another device, left out")
    return "; ".join(notes) or None


def _yaml(proposals: Sequence[Proposal], options: argparse.Namespace) -> str:
    lines = [
        f"# Proposed from past runs: enough for {options.quantile:.0%} of them, times {options.margin:g}.",
        "# A stage that is not named here asks for what config/resources.yaml says.",
        "stages:",
    ]
    for proposal in proposals:
        figures = _figures(proposal)
        if figures:
            longest = f"{proposal.longest_hours:.2f} h"
            lines.append(f"  {proposal.stage}:    # {proposal.runs} runs, films of up to {longest}")
            lines += [
                f"    {name}: {max(1, value) if '_per_' not in name else value}" for name, value in figures.items()
            ]
    return "\n".join(lines) + "\n"
