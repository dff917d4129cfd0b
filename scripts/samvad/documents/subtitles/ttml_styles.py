"""The styles of TTML as far as cues hold them: what is shown at all, how it is set, where it stands (TTML2, 10)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from samvad.documents.subtitles.reading import Collector
from samvad.documents.subtitles.ttml_tree import PARAMETER, STYLING, TT, Element

#: The attributes that say what is shown, how and where; no others are looked at.
_OF_INTEREST = frozenset({"display", "visibility", "fontStyle", "fontWeight", "textDecoration", "ruby"})
_OF_INTEREST |= {"origin", "extent", "position", "displayAlign", "writingMode"}

#: Rows of the grid that lengths in ``c`` are counted by (ttp:cellResolution), and the heights that pictures have, in
#: pixels, for files that count in pixels and do not say of how many.
_ROWS = 15
_HEIGHTS = (480, 576, 720, 1080, 2160, 4320)
#: Width over height where a file counts in widths of the picture.
_ASPECT = 16 / 9
#: How much of a picture's height a few lines of text take.
_TEXT_HEIGHT = 0.2

Styles = Mapping[str, str]


class Look(NamedTuple):
    """What is known of how an element looks. None: nothing is said, so it is as around it.

    Opacity is no part of it, as colours are not: it is 0 where text is faded in and out.
    """

    italic: bool | None = None
    bold: bool | None = None
    underlined: bool | None = None
    hidden: bool | None = None
    removed: bool = False

    def within(self, styles: Styles) -> Look:
        """Return the look of an element with styles of its own in an element that looks like this."""
        slant, weight = styles.get("fontStyle"), styles.get("fontWeight")
        decoration = styles.get("textDecoration", "").split()
        visibility = styles.get("visibility")
        italic, bold, underlined, hidden = self.italic, self.bold, self.underlined, self.hidden
        if slant in ("italic", "oblique", "reverseOblique", "normal"):
            italic = slant != "normal"
        if weight is not None and (weight in ("bold", "normal") or weight.isdecimal()):
            bold = weight == "bold" or (weight.isdecimal() and int(weight[:5]) >= 600)
        if "underline" in decoration:
            underlined = True
        elif "noUnderline" in decoration or "none" in decoration:
            underlined = False
        if visibility in ("hidden", "visible"):
            hidden = visibility == "hidden"
        removed = self.removed or styles.get("display") == "none"
        return Look(italic, bold, underlined, hidden, removed)

    def over(self, region: Look) -> Look:
        """Return this look in a region: what it leaves open is as the region has it."""
        return Look(
            region.italic if self.italic is None else self.italic,
            region.bold if self.bold is None else self.bold,
            region.underlined if self.underlined is None else self.underlined,
            region.hidden if self.hidden is None else self.hidden,
            region.removed or self.removed,
        )

    @property
    def kinds(self) -> frozenset[str]:
        """Return the styles that cues know."""
        on = (("i", self.italic), ("b", self.bold), ("u", self.underlined))
        return frozenset(kind for kind, is_on in on if is_on)

    @property
    def unseen(self) -> str:
        """Return why nothing of it is seen; empty if it is."""
        if self.removed:
            return 'tts:display="none": no player shows it'
        return 'tts:visibility="hidden": no player shows it' if self.hidden else ""


class StyleSheet:
    """The styles of a file's head, and what elements get from them."""

    def __init__(self, root: Element, found: Collector) -> None:
        """Look at a file's styles; what is referred to and not there is said once."""
        self._found = found
        self._unknown: set[str] = set()
        self._by_id: dict[str, Element] = {}
        self.initial: dict[str, str] = {}
        for element in _all(root, "styling"):
            for child in element.children:
                if not isinstance(child, Element) or child.space != TT:
                    continue
                if child.name == "style" and (key := identifier(child)):
                    if key in self._by_id:
                        found.left(self._by_id[key].line, f"a style {key!r}, of which a later one has the name")
                    self._by_id[key] = child
                elif child.name == "initial":
                    self.initial.update(own(child))
        self._flat: dict[str, dict[str, str]] = {}

    def of(self, element: Element) -> dict[str, str]:
        """Return the styles that an element specifies: its own, then those in it, then those it refers to."""
        nested = {}
        for child in element.children:
            if isinstance(child, Element) and (child.space, child.name) == (TT, "style"):
                nested.update(own(child))
        return self._referred(element) | nested | own(element)

    def _referred(self, element: Element) -> dict[str, str]:
        styles: dict[str, str] = {}
        for key in (element.get("style") or "").split():
            styles.update(self._chained(key, element.line))
        return styles

    def _chained(self, first: str, line: int) -> dict[str, str]:
        """Return a style with those that it refers to in turn; a circle of them ends where it comes to itself."""
        pending, open_now = [(first, line)], set[str]()
        while pending:
            key, at = pending[-1]
            if key in self._flat:
                pending.pop()
                continue
            element = self._by_id.get(key)
            if element is None:
                if key not in self._unknown:
                    self._unknown.add(key)
                    self._found.left(at, f"there is no style {key!r}, to which it refers")
                self._flat[key] = {}
                continue
            open_now.add(key)
            references = (element.get("style") or "").split()
            missing = [key for key in references if key not in self._flat and key not in open_now]
            if missing:
                pending += [(key, element.line) for key in missing]
                continue
            styles: dict[str, str] = {}
            for other in references:
                styles.update(self._flat.get(other, {}))
            self._flat[key] = styles | own(element)
        return self._flat[first]


def own(element: Element) -> dict[str, str]:
    """Return the styles that stand on an element itself."""
    return {
        name: value.strip()
        for (space, name), value in element.attributes.items()
        if space == STYLING and name in _OF_INTEREST
    }


def identifier(element: Element) -> str | None:
    """Return an element's name; files that write ``id`` for ``xml:id`` mean the same."""
    return element.get("id", "xml") or element.get("id")


def _all(root: Element, name: str) -> Iterator[Element]:
    for head in root.children:
        if isinstance(head, Element) and (head.space, head.name) == (TT, "head"):
            for child in head.children:
                if isinstance(child, Element) and (child.space, child.name) == (TT, name):
                    yield child


def regions_of(root: Element) -> Iterator[Element]:
    """Yield the regions of a file's head."""
    for layout in _all(root, "layout"):
        for child in layout.children:
            if isinstance(child, Element) and (child.space, child.name) == (TT, "region"):
                yield child


_LENGTH = re.compile(r"([+-]?[0-9]{1,9}(?:\.[0-9]{1,9})?)(%|px|em|c|rh|rw|)")
_KEYWORDS = {"top": 0.0, "center": 0.5, "bottom": 1.0}


class Screen:
    """The picture that regions are laid out on, as far as heights go."""

    def __init__(self, root: Element, regions: list[Styles]) -> None:
        """Look at what a file says of it."""
        found = re.fullmatch(r"\s*[0-9]{1,9}\s+([0-9]{1,9})\s*", root.get("cellResolution", PARAMETER) or "")
        self._rows = (int(found[1]) if found else 0) or _ROWS
        pixels = (own(root).get("extent") or "").split()
        said = _LENGTH.fullmatch(pixels[1]) if len(pixels) == 2 else None
        self._height = float(said[1]) if said and said[2] in ("px", "") else 0.0
        if self._height <= 0:
            lowest = max((_pixels(styles) for styles in regions), default=0.0)
            self._height = next((height for height in _HEIGHTS if height >= lowest), lowest)

    def is_at_top(self, styles: Styles) -> bool:
        """Say whether text of a region stands in the upper half. A region that names no place has it at the foot.

        By the book (TTML2, 10.2.11) it would begin at the top of the picture; but files that say nothing of a place are
        subtitles, and players put these where subtitles stand.
        """
        if not any(name in styles for name in ("origin", "position", "displayAlign")):
            return False
        extent = styles.get("extent", "").split()
        height = self._share(extent[1]) if len(extent) == 2 else None
        height = 1.0 if height is None else height
        origin = styles.get("origin", "").split()
        begin = self._share(origin[1]) if len(origin) == 2 else None
        if begin is None:
            begin = self._positioned(styles.get("position", "").split(), height)
        align = styles.get("displayAlign", "before")
        if styles.get("writingMode", "").startswith("tb") or align in ("center", "justify"):
            middle = begin + height / 2  # of vertical lines the edge says nothing
        else:
            text = min(height, _TEXT_HEIGHT)
            middle = begin + height - text / 2 if align == "after" else begin + text / 2
        return round(middle, 6) < 0.5

    def _positioned(self, words: list[str], height: float) -> float:
        """Return where a region begins by its tts:position (TTML2, 10.2.35), which is that of CSS backgrounds."""
        free = 1 - height
        if len(words) <= 2:
            vertical = [word for word in words if word in ("top", "bottom")]
            is_swapped = len(words) == 2 and (words[0] in ("top", "bottom") or words[1] in ("left", "right"))
            word = vertical[0] if vertical else words[0 if is_swapped else 1] if len(words) == 2 else "center"
            if not words:
                word = "top"
            if word in _KEYWORDS:
                return free * _KEYWORDS[word]
            return self._offset(word, free)
        for number, word in enumerate(words):
            if word in ("top", "bottom"):
                following = words[number + 1] if number + 1 < len(words) else ""
                offset = self._offset(following, free) if _LENGTH.fullmatch(following) else 0.0
                return offset if word == "top" else free - offset
        return free / 2

    def _offset(self, written: str, free: float) -> float:
        share = self._share(written) or 0.0
        return share * free if written.endswith("%") else share

    def _share(self, written: str) -> float | None:
        """Return a length as a share of the picture's height; None if it is none."""
        found = _LENGTH.fullmatch(written)
        if found is None:
            return None
        number, unit = float(found[1]), found[2]
        if unit in ("%", "rh"):
            return number / 100
        if unit == "rw":
            return number / 100 * _ASPECT
        if unit in ("c", "em"):  # a letter is as high as a cell, unless it is said otherwise
            return number / self._rows
        return number / self._height


def _pixels(styles: Styles) -> float:
    """Return the lowest pixel of a region that is laid out in pixels."""
    lowest = 0.0
    for name in ("origin", "extent"):
        words = styles.get(name, "").split()
        found = _LENGTH.fullmatch(words[1]) if len(words) == 2 else None
        if found and found[2] in ("px", ""):
            lowest += float(found[1])
    return lowest
