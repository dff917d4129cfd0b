"""Pack the log of a run for its page: all lines of all stages, and how each error came to be."""

from __future__ import annotations

import base64
import itertools
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core import stages
from samvad.core.console import printable
from samvad.reporting.logquery.view import causes
from samvad.reporting.logquery.view.lines import LEVELS, JobLog, Line

#: Lines that a page holds at most, the newest: a film of three hours has some ten thousand.
MOST_LINES = 200_000
_LONGEST = 20_000
#: What the page shows of a line besides its message, in this order.
_SHOWN = (
    *("status", "duration_seconds", "counts", "facts", "error_type", "error_category", "error_message", "error_file"),
    *("error_at_ms", "error_segment", "traceback", "logger"),
)


@dataclass(frozen=True)
class LogPart:
    """A log as its page has it.

    Attributes:
        data: JSON, compressed by zlib, as base64: letters and digits alone, whatever the log says.
        lines: how many lines it has.
        left_out: how many older ones it has not.
        errors: the indices of the first lines of failures, by stage and attempt.
    """

    data: str
    lines: int
    left_out: int
    errors: dict[tuple[str, int | None], int]


def of_run(folder: Path, run_id: str) -> LogPart | None:
    """Return the log of a run of a job, or None where nothing of it is left.

    Args:
        folder: of the job.
        run_id: the run.
    """
    found = [line for line in JobLog(folder).poll() if line.run_id == run_id]
    lines = found[-MOST_LINES:]
    if not lines:
        return None
    chains = causes.chains(lines, folder)
    errors = {(lines[chain.error].stage, lines[chain.error].attempt): chain.error for chain in chains}
    packed = json.dumps(_document(lines, chains), ensure_ascii=False, separators=(",", ":"))
    data = base64.b64encode(zlib.compress(packed.encode("utf-8", "replace"), 6)).decode("ascii")
    return LogPart(data, len(lines), len(found) - len(lines), errors)


def _document(lines: Sequence[Line], chains: Sequence[causes.Chain]) -> dict[str, Any]:
    """Return the columns of the log; times are milliseconds after the line before, which packs best."""
    places = list(dict.fromkeys(line.stage for line in lines))
    names = [stages.BY_NAME[name].folder if name in stages.BY_NAME else printable(name) for name in places]
    known = {(lines[chain.error].stage, lines[chain.error].attempt): number for number, chain in enumerate(chains)}
    times = [line.at_ms for line in lines]
    return {
        "levels": LEVELS,
        "stages": names,
        "start": times[0],
        "after": [0, *(later - before for before, later in itertools.pairwise(times))],
        "level": [LEVELS.index(line.level) for line in lines],
        "stage": [places.index(line.stage) for line in lines],
        "attempt": [line.attempt or 0 for line in lines],
        "text": [printable(line.text[:_LONGEST], lines=True) for line in lines],
        "more": {number: more for number, line in enumerate(lines) if (more := _more(line))},
        "chain": {
            number: known[line.stage, line.attempt]
            for number, line in enumerate(lines)
            if line.is_failure and (line.stage, line.attempt) in known
        },
        "chains": [
            {
                "title": printable(chain.title),
                "remedy": chain.remedy,
                "links": [[link.role, link.line, printable(link.text[:_LONGEST])] for link in chain.links],
            }
            for chain in chains
        ],
    }


def _more(line: Line) -> list[list[str]]:
    """Return what a line says besides its message: names and values, as text."""
    found = []
    for name in _SHOWN:
        value = line.fields.get(name)
        if isinstance(value, dict):
            found += [[printable(f"{name}.{key}"), _value(one)] for key, one in value.items()]
        elif value not in (None, "") and (name != "logger" or line.is_failure):
            found.append([name, _value(value)])
    return found


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return printable(text[:_LONGEST], lines=True)
