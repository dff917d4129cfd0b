"""Fonts for subtitles: which family a script needs, where it is installed, and whether it may travel with a film."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from samvad.core.errors import ToolError
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
_OPEN_LICENCES = ("openfontlicense.org", "scripts.sil.org/ofl", "sil open font license")


@dataclass(frozen=True)
class Font:
    """An installed font file: its family, whether its licence lets it travel, and the code points that it draws."""

    path: Path
    family: str
    may_travel: bool
    covers: frozenset[int]


def family_for(texts: Iterable[str]) -> str:
    """Return the font family for texts: that of the script that most of their letters are in."""
    counted: Counter[str] = Counter()
    for text in texts:
        counted.update(scripts.of_letters(text))
    best = counted.most_common(1)
    return _FAMILIES.get(best[0][0], _LATIN) if best else _LATIN


def find(family: str) -> Font | None:
    """Return the regular style of a font family, or None where it is not installed.

    Raises:
        ToolError: fontconfig is missing.
    """
    try:
        command = ["fc-match", "--format=%{file}\n%{family}", f"{family}:style=Regular"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ToolError("The program fc-match is not installed.", "Install fontconfig.") from None
    file, _, families = done.stdout.partition("\n")
    # fontconfig always answers with some font: only the family asked for will do.
    if done.returncode or family not in families.split(","):
        return None
    return _read(Path(file), family)


def _read(path: Path, family: str) -> Font:
    from fontTools.ttLib import TTFont

    with TTFont(path, fontNumber=0, lazy=True) as font:
        licence = " ".join(str(font["name"].getDebugName(number) or "") for number in (13, 14)).lower()
        embeddable = font["OS/2"].fsType & 0x000F in (0, 8)  # installable, or editable embedding
        open_licence = any(sign in licence for sign in _OPEN_LICENCES)
        return Font(path, family, embeddable and open_licence, frozenset(font.getBestCmap()))
