"""Fonts on this machine: where a family is, whether it may travel with a film, which letters none can draw."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from samvad.core import subprocesses
from samvad.core.errors import MissingToolError
from samvad.documents.subtitles import fonts

_OPEN_LICENCES = ("openfontlicense.org", "scripts.sil.org/ofl", "sil open font license")


@dataclass(frozen=True)
class Font:
    """An installed font file.

    Attributes:
        may_travel: whether its licence lets it be attached to a film.
        advances: the code points that it draws, each with its width in ems.
        em: the size of its em where the letters are 1 high as SubStation Alpha counts it (the font's whole frame:
            usWinAscent and usWinDescent of the OpenType table OS/2).
    """

    path: Path
    family: str
    may_travel: bool
    advances: dict[int, float]
    em: float

    def width(self, text: str) -> float:
        """Return how wide a text is, where the letters are 1 high; at least, as ligatures are narrower.

        A letter that the font has not, which is taken from another one, counts as an em.
        """
        return self.em * sum(self.advances.get(ord(character), 1.0) for character in text if is_drawn(character))


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
        upem, metrics, frame = font["head"].unitsPerEm, font["hmtx"].metrics, font["OS/2"]
        advances = {point: metrics[glyph][0] / upem for point, glyph in font.getBestCmap().items()}
        em = upem / ((frame.usWinAscent + frame.usWinDescent) or upem)
        return Font(path, family, embeddable and open_licence, advances, em)


def is_drawn(character: str) -> bool:
    """Return whether a character needs a glyph: no space, no control, no joiner or other sign without a form."""
    selector = "\ufe00" <= character <= "\ufe0f"
    return not (character.isspace() or selector or unicodedata.category(character) in ("Cc", "Cf"))


def undrawn(texts: Iterable[str], font: Font | None) -> list[str]:
    """Return the characters of texts that no installed font has: what draws them shows empty boxes.

    Where the font itself lacks a character, fontconfig finds another that has it, as libass does.

    Raises:
        ToolError: fontconfig is missing, or fails.
    """
    wanted = {character for text in texts for character in text if is_drawn(character)}
    if font is not None:
        wanted = {character for character in wanted if ord(character) not in font.advances}
    return sorted(
        character for character in wanted if not subprocesses.ask(["fc-list", f":charset={ord(character):x}"])
    )


def drawing(texts: Iterable[str]) -> Font:
    """Return the font that texts are to be drawn in: that of their script, or another one that has its letters.

    Raises:
        MissingToolError: some letter is in no installed font, or fontconfig is missing.
        ToolError: fontconfig fails.
    """
    texts = list(texts)
    family = fonts.family_for(texts)
    font = find(family)
    missing = undrawn(texts, font)
    if missing:
        shown = ", ".join(f"{character} (U+{ord(character):04X})" for character in missing[:5])
        raise MissingToolError(
            f"No installed font has {len(missing)} of the letters to be drawn, such as {shown}: "
            "empty boxes would stand in the picture.",
            f"Install the font {family}: the Debian package {fonts.package_of(family)}, or font-ttf-noto (for Chinese, "
            "Japanese and Korean font-ttf-noto-cjk) of conda-forge; or set mux.burn_in to none.",
        )
    return font or _with_letters(texts)


def _with_letters(texts: Sequence[str]) -> Font:
    """Return the font that fontconfig prefers for the letter that is met most often."""
    counted = Counter(character for text in texts for character in text if is_drawn(character))
    common = f":charset={ord(counted.most_common(1)[0][0]):x}" if counted else ""
    answer = subprocesses.ask(["fc-match", "--format=%{file}\n%{family}", f"sans-serif{common}"])
    file, _, families = answer.partition("\n")
    return _read(Path(file), families.split(",")[0])
