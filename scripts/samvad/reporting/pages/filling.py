"""Put a page together from its parts. The index, which every run writes, needs no more of the reports than this."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path


def fill(folder: Path, values: Mapping[str, str]) -> str:
    """Return a page from its parts: ``page.html`` with ``page.css`` and ``page.js`` and values in it.

    Args:
        folder: where the parts are.
        values: text by the word that stands for it between two ``@``.
    """
    parts = {"STYLE": _part(folder / "page.css"), "SCRIPT": _part(folder / "page.js"), **values}
    pieces = _part(folder / "page.html").split("@")
    # Every second piece is a word to fill in: what is filled in is never looked through again.
    return "".join(parts[piece] if number % 2 else piece for number, piece in enumerate(pieces))


@functools.cache
def _part(path: Path) -> str:
    return path.read_text(encoding="utf-8")
