"""Fonts on this machine: where a family is installed, and whether it may travel with a film."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from samvad.core import subprocesses

_OPEN_LICENCES = ("openfontlicense.org", "scripts.sil.org/ofl", "sil open font license")


@dataclass(frozen=True)
class Font:
    """An installed font file: its family, whether its licence lets it travel, and the code points that it draws."""

    path: Path
    family: str
    may_travel: bool
    covers: frozenset[int]


def find(family: str) -> Font | None:
    """Return the regular style of a font family, or None where it is not installed.

    Raises:
        ToolError: fontconfig is missing, or fails.
    """
    answer = subprocesses.ask(["fc-match", "--format=%{file}\n%{family}", f"{family}:style=Regular"])
    file, _, families = answer.partition("\n")
    # fontconfig always answers with some font: only the family asked for will do.
    if family not in families.split(","):
        return None
    return _read(Path(file), family)


def _read(path: Path, family: str) -> Font:
    from fontTools.ttLib import TTFont

    with TTFont(path, fontNumber=0, lazy=True) as font:
        licence = " ".join(str(font["name"].getDebugName(number) or "") for number in (13, 14)).lower()
        embeddable = font["OS/2"].fsType & 0x000F in (0, 8)  # installable, or editable embedding
        open_licence = any(sign in licence for sign in _OPEN_LICENCES)
        return Font(path, family, embeddable and open_licence, frozenset(font.getBestCmap()))
