"""Where WebVTT's cues stand (6.2 and 6.3 of https://www.w3.org/TR/webvtt1/): regions, and what is said of a cue.

Of a place only whether it is in the upper half of the picture is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from samvad.documents.subtitles.reading import Collector

#: How many lines of text Chromium puts into the height of a picture: its letters are 5.33 % of it.
_LINES_OF_A_PICTURE = 16
#: Settings that say what holds without them.
_USUAL = ("align:center", "align:middle", "position:50%", "size:100%")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)


@dataclass(frozen=True)
class Region:
    """A region of the picture (section 6.2): its name, its lines, and where it is fixed, in per cent."""

    name: str = ""
    lines: int = 3
    anchor_percent: float = 100
    viewport_percent: float = 100

    @property
    def middle_percent(self) -> float:
        """Return how far its middle is from the picture's top."""
        height = 100 * self.lines / _LINES_OF_A_PICTURE
        return self.viewport_percent - height * self.anchor_percent / 100 + height / 2


@dataclass
class Settings:
    """Where a cue stands (section 6.3): what matters for whether that is at the top."""

    vertical: str = ""
    line: float | None = None
    snaps: bool = True
    align: str = "start"
    size: float = 100
    region: Region | None = None

    def is_at_top(self, lines: int) -> bool:
        """Say whether a cue of so many lines stands in the upper half of the picture."""
        if self.vertical:
            return False
        if self.line is None:
            # A region is obeyed by no cue that has a place of its own.
            return self.region is not None and self.size == 100 and self.region.middle_percent < 50
        height = 100 * max(1, lines) / _LINES_OF_A_PICTURE
        if self.snaps:
            begin = self.line if self.line >= 0 else _LINES_OF_A_PICTURE + self.line
            top = min(max(0.0, 100 * begin / _LINES_OF_A_PICTURE), 100 - height)
        else:
            top = self.line - {"start": 0, "center": height / 2, "end": height}[self.align]
        return top + height / 2 < 50


def read(rest: str, line: int, regions: dict[str, Region], found: Collector) -> Settings:
    """Return what stands behind the times ("parse the WebVTT cue settings"); say what is not obeyed."""
    made = Settings()
    passed = []
    kept = True
    for setting in _settings_of(rest):
        name, _, value = setting.partition(":")
        if not (name and value and _obey(made, name, value, regions)):
            passed.append(setting)
        elif not (name == "line" and made.snaps and made.line in (0, -1)) and setting not in _USUAL:
            kept = False
    if not kept:
        found.left(line, "its place: only whether it is at the top is kept", rest.strip())
    if any(":" not in setting and re.search(r"[^\W\d_]{2}", setting) for setting in passed):
        found.lost(line, "words behind the times: no browser shows them", rest.strip())
    elif passed:
        found.left(line, "settings that no browser obeys", " ".join(passed))
    return made


def _settings_of(text: str) -> list[str]:
    """Return what stands between spaces, which are those of ASCII alone."""
    return [setting for setting in re.split(r"[ \t\n\f\r]+", text) if setting]


def _obey(made: Settings, name: str, value: str, regions: dict[str, Region]) -> bool:
    """Set what a setting says; say whether browsers obey it."""
    if name == "vertical" and value in ("rl", "lr"):
        made.vertical = value
    elif name == "line":
        number, comma, align = value.partition(",")
        percent = _percent(number)
        if (percent is None and not _NUMBER.fullmatch(number)) or (comma and align not in ("start", "center", "end")):
            return False
        made.line, made.snaps = (float(number), True) if percent is None else (percent, False)
        made.align = align or "start"
    elif name == "position":
        place, comma, align = value.partition(",")
        return _percent(place) is not None and (not comma or align in ("line-left", "center", "line-right"))
    elif name == "size" and (size := _percent(value)) is not None:
        made.size = size
    elif name == "region" and value in regions:
        made.region = regions[value]
    else:
        return name == "align" and value in ("start", "center", "end", "left", "right")
    return True


def _percent(text: str) -> float | None:
    """Return a percentage from 0 to 100 ("parse a percentage string"), or None."""
    if not re.fullmatch(r"\d+(?:\.\d+)?%", text, re.ASCII):
        return None
    value = float(text[:-1])
    return value if value <= 100 else None


def read_region(text: str) -> Region:
    """Return a region from its settings ("collect WebVTT region settings")."""
    values = {
        name: value for name, _, value in (setting.partition(":") for setting in _settings_of(text)) if name and value
    }
    lines = values.get("lines", "")
    return Region(
        values.get("id", ""),
        min(int(lines[:9]), 100) if lines.isascii() and lines.isdecimal() else Region.lines,
        _height(values.get("regionanchor", ""), Region.anchor_percent),
        _height(values.get("viewportanchor", ""), Region.viewport_percent),
    )


def _height(pair: str, default: float) -> float:
    across, _, down = pair.partition(",")
    height = _percent(down)
    return default if _percent(across) is None or height is None else height
