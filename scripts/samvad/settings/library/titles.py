"""Guess a film's title and year from the name of its file."""

from __future__ import annotations

import re
from pathlib import Path

#: ``Title (1975) …``: how people and media servers name films; nothing needs to be guessed then.
_PLAIN = re.compile(r"\s*(?P<title>\S.*?)[\s._]*[(\[](?P<year>(?:18|19|20|21)\d\d)[)\]].*", re.DOTALL)
_YEAR = re.compile(r"(18|19|20|21)\d\d")


def guess(path: Path) -> tuple[str, str]:
    """Return title and year as far as the file's name tells them; the year may be empty.

    Args:
        path: such as ``Jaane.Tu.Ya.Jaane.Na.2008.1080p.BluRay.mkv``.
    """
    import PTN

    plain = _PLAIN.fullmatch(path.stem)
    if plain:
        return _words(plain["title"]), plain["year"]
    found = PTN.parse(path.stem)
    title = _words(str(found.get("title") or ""))
    year = str(found.get("year") or "")
    if not any(letter.isalnum() for letter in title):
        return _words(path.stem) or path.name, ""
    return title, year if _YEAR.fullmatch(year) else ""


def _words(text: str) -> str:
    """Return a name with spaces where dots or underscores stood for them."""
    if " " not in text.strip() and any(letter.isalpha() for letter in text):
        text = re.sub(r"[._]+", " ", text)
    return " ".join(text.split()).strip(" ,-")
