"""Fonts for subtitles: which family a script needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from samvad.text import scripts

#: Google's Noto fonts (SIL Open Font License) by the ISO 15924 code of the script.
_FAMILIES = {
    "Arab": "Noto Sans Arabic",
    "Beng": "Noto Sans Bengali",
    "Deva": "Noto Sans Devanagari",
    "Gujr": "Noto Sans Gujarati",
    "Guru": "Noto Sans Gurmukhi",
    "Hani": "Noto Sans CJK JP",
    "Jpan": "Noto Sans CJK JP",
    "Knda": "Noto Sans Kannada",
    "Mlym": "Noto Sans Malayalam",
    "Mtei": "Noto Sans Meetei Mayek",
    "Olck": "Noto Sans Ol Chiki",
    "Orya": "Noto Sans Oriya",
    "Taml": "Noto Sans Tamil",
    "Telu": "Noto Sans Telugu",
}
_LATIN = "Noto Sans"


def family_for(texts: Iterable[str]) -> str:
    """Return the font family for texts: that of the script that most of their letters are in."""
    counted: Counter[str] = Counter()
    for text in texts:
        counted.update(scripts.of_letters(text))
    best = counted.most_common(1)
    return _FAMILIES.get(best[0][0], _LATIN) if best else _LATIN


def package_of(family: str) -> str:
    """Return the Debian package that installs a family of ``family_for``."""
    return "fonts-noto-cjk" if "CJK" in family else "fonts-noto-core"
