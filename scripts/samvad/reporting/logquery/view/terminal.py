"""Show lines of a log in a terminal: one below the other, in colour where there is one who sees it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from samvad.core import stages
from samvad.core.console import printable
from samvad.reporting.logquery import table
from samvad.reporting.logquery.view.causes import Chain
from samvad.reporting.logquery.view.lines import LEVELS, Line

#: Select Graphic Rendition (ECMA-48) by what is shown.
_STYLES = {
    "DEBUG": "2",
    "WARNING": "33",
    "ERROR": "1;31",
    "CRITICAL": "1;31",
    "place": "36",
    "faint": "2",
    "strong": "1",
}
_LEVEL_WIDTH = max(map(len, LEVELS))
_PLACE_WIDTH = max(len(stage.folder) for stage in stages.STAGES)
_MARGIN = " " * 2
_WIDTH = 100


def colours_wanted(asked: str, is_terminal: bool) -> bool:
    """Return whether to colour: asked for, or on a terminal that can, and not forbidden (no-color.org)."""
    if asked != "auto":
        return asked == "always"
    return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


@dataclass
class Painter:
    """Writes lines as text; all that comes from a log is made printable, and only then coloured."""

    colours: bool
    day: date | None = None

    def line(self, line: Line, number: int) -> str:
        """Return a line, below a line with the day where that is another one."""
        moment = line.moment
        head = "" if moment.date() == self.day else self.paint(f"{moment:%Y-%m-%d} (UTC)", "faint") + "\n"
        self.day = moment.date()
        place = line.stage if line.stage not in stages.BY_NAME else stages.BY_NAME[line.stage].folder
        place += f" #{line.attempt}" if line.attempt and line.attempt > 1 else ""
        is_exact = line.level != "DEBUG" or line.at_ms % 1000
        clock = f"{moment:%H:%M:%S}" + (f".{moment.microsecond // 1000:03d}" if is_exact else "    ")
        level = f"{line.level:{_LEVEL_WIDTH}}"
        first, *more = printable(line.text, lines=True).split("\n")
        parts = [
            self.paint(f"{number:6} {clock}", "faint"),
            self.paint(f"{printable(place):{_PLACE_WIDTH}}", "place"),
            self.paint(level, line.level),
            self.paint(first, line.level),
        ]
        rest = "".join("\n" + " " * 9 + self.paint(text, line.level) for text in more)
        return head + _MARGIN.join(parts).rstrip() + rest

    def chain(self, found: Chain, lines: Sequence[Line]) -> str:
        """Return how an error came to be, as a paragraph of its own."""
        error = lines[found.error]
        shown = [f"{self.paint(printable(found.title), 'ERROR')}, {error.moment:%Y-%m-%d %H:%M:%S} UTC"]
        for link in found.links:
            line = self.paint(f"{link.line + 1:6}" if link.line is not None else " " * 6, "faint")
            role = self.paint(f"{link.role:8}", "strong" if link.role == "error" else "place")
            text = table.wrapped(printable(" ".join(link.text.split())), _WIDTH - 18)
            shown += [f"{line}  {role}  {text[0]}", *(" " * 18 + more for more in text[1:])]
        if found.remedy:
            shown += table.hanging("  Do:   ", found.remedy, _WIDTH)
        return "\n".join(shown)

    def paint(self, text: str, style: str) -> str:
        """Return a text in a style; as it is where there are no colours, or the style has none."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colours and style in _STYLES else text
