"""What a second reader proposes in place of translations: stage 08 writes it, people and the review page read it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from samvad.core import cells, outside
from samvad.core.errors import ChangedFileError


@dataclass(frozen=True)
class Proposal:
    """What a reader would rather have: of a segment, what was said, what stands there, what should, and why."""

    segment: int
    language: str
    said: str
    translation: str
    proposal: str
    reason: str


_COLUMNS = [item.name for item in fields(Proposal)]


def table(proposals: Iterable[Proposal]) -> str:
    """Return proposals as tab-separated text with a header."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([getattr(proposal, name) for name in _COLUMNS] for proposal in proposals)
    return out.getvalue()


def read(path: Path) -> tuple[Proposal, ...]:
    """Return the proposals of a table.

    Raises:
        ChangedFileError: it cannot be read, or is no such table.
    """
    try:
        head, *rows = csv.reader(cells.lines_of(outside.read_text(path)), delimiter="\t")
        if head != _COLUMNS:
            raise ValueError("other columns")
        return tuple(Proposal(int(segment), *texts) for segment, *texts in rows)
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise ChangedFileError(
            f"{path} is no table of a second reader ({error}).", "Run stage translation again.", path=str(path)
        ) from None
