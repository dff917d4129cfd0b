"""Put a page together from its parts. The index, which every run writes, needs no more of the reports than this."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from samvad.core import schemas

#: What makes the elements of all pages, and lets no text be more than text.
_COMMON = schemas.ROOT / "scripts" / "samvad" / "reporting" / "pages" / "html.js"
#: What these pages share with those of the review, which load it as it is.
_SHARED = schemas.ROOT / "scripts" / "samvad" / "reporting" / "pages" / "shared"


def fill(folder: Path, values: Mapping[str, str]) -> str:
    """Return a page from its parts: ``page.html`` with its policy, ``page.css``, ``page.js`` and values in it.

    Args:
        folder: where the parts are.
        values: text by the word that stands for it between two ``@``.
    """
    style = _part(_SHARED / "colours.css") + _part(folder / "page.css")
    # In a page of one file there is nothing to export to.
    clock = re.sub(r"^export ", "", _part(_SHARED / "clock.js"), flags=re.MULTILINE)
    script = _part(_COMMON) + clock + _part(folder / "page.js")
    parts = {"STYLE": style, "SCRIPT": script, "POLICY": policy(style, script), **values}
    pieces = _part(folder / "page.html").split("@")
    # Every second piece is a word to fill in: what is filled in is never looked through again.
    return "".join(parts[piece] if number % 2 else piece for number, piece in enumerate(pieces))


def policy(style: str, script: str) -> str:
    """Return a page's Content-Security-Policy: its own script and style run, and nothing that a text smuggles in.

    Pictures and films come from beside the page; nothing else is fetched, and nothing is sent.

    Args:
        style: all that stands in its ``style`` element; attributes have none.
        script: all that stands in its ``script`` element.
    """
    return (
        f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; img-src 'self' file: data:; "
        "media-src 'self' file:; base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    """Return the name of an inline script or style in a policy: by its hash (CSP level 2)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@functools.cache
def _part(path: Path) -> str:
    return path.read_text(encoding="utf-8")
