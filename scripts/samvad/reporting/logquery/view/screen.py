"""Look through a log in a terminal with keys: filter, search, follow, and go from an error to its cause and back.

What is shown after which key is ``Screen``; it knows nothing of the terminal. ``run`` draws it with curses.
"""

from __future__ import annotations

import curses
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from samvad.core import stages
from samvad.core.console import printable
from samvad.reporting.logquery import table
from samvad.reporting.logquery.view import causes
from samvad.reporting.logquery.view.causes import Chain
from samvad.reporting.logquery.view.lines import LEVELS, PIPELINE, JobLog, Line

_POLL_MS = 500
_ESCAPE = "\x1b"
_HELP = "↑↓ move  / search  l level  s stage  e E next, last error  ⏎ cause  b back  f follow  q quit"
#: Rows above and below the lines.
_HEAD = 2
_MARGIN = 18


@dataclass
class Screen:
    """What is on the screen: lines that fit the filters with one chosen, or below it how an error came to be.

    Attributes:
        lines: all lines of the log.
        folder: of the job.
        height: rows of the terminal.
        width: its columns.
        level: index in ``LEVELS`` from which lines are shown.
        stage: whose lines alone are shown; empty: of all.
        words: what lines must contain.
        chosen: index of a line in ``lines``.
        follows: whether the newest line stays chosen.
        typed: what is being typed as a search; None: nothing is.
        chain: how the chosen error came to be, while that is shown, and which of its steps is chosen.
    """

    lines: list[Line]
    folder: Path
    height: int = 24
    width: int = 100
    level: int = LEVELS.index("INFO")
    stage: str = ""
    words: str = ""
    chosen: int = 0
    follows: bool = False
    typed: str | None = None
    chain: Chain | None = None
    step: int = 0
    said: str = ""
    _shown: list[int] = field(default_factory=list)
    _top: int = 0
    _before: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Find out which lines are shown at first."""
        self.filter()

    def add(self, new: list[Line]) -> None:
        """Take up lines that were written since."""
        self.lines += new
        if new:
            self.filter()
            self._choose_last()

    def filter(self) -> None:
        """Find out anew which lines are shown; the chosen one stays, or the next that is shown."""
        words = self.words.casefold()
        self._shown = [
            index
            for index, line in enumerate(self.lines)
            if LEVELS.index(line.level) >= self.level
            and self.stage in ("", line.stage)
            and (not words or words in line.text.casefold())
        ]
        if self._shown and self.chosen not in self._shown:
            later = (index for index in self._shown if index >= self.chosen)
            self.chosen = next(later, self._shown[-1])

    def press(self, key: str) -> bool:
        """Do what a key stands for; return whether to go on.

        Args:
            key: a character, or the name of a key as curses has it, such as ``KEY_UP``.
        """
        self.said = ""
        if self.typed is not None:
            self._type(key)
        elif key == "q":
            return False
        elif self.chain is not None:
            self._press_in_chain(key)
        else:
            self._KEYS.get(key, Screen._nothing)(self)
        return True

    def rows(self) -> list[tuple[str, str]]:
        """Return the rows of the screen, each with its style: a level, ``chosen``, ``head`` or nothing."""
        room = max(1, self.height - _HEAD)
        body = self._chain_rows(room) if self.chain else self._line_rows(room)
        body += [("", "")] * (room - len(body))
        return [(self._head(), "head"), *body, (self._foot(), "head")]

    def _head(self) -> str:
        stage = self.stage or "all stages"
        parts = [f"{len(self._shown)} of {len(self.lines)} lines", f"{LEVELS[self.level]} and up", stage]
        parts += [f"with {self.words!r}"] if self.words else []
        parts += ["following"] if self.follows else []
        return ", ".join(parts)

    def _foot(self) -> str:
        if self.typed is not None:
            return f"/{self.typed}"
        return self.said or ("↑↓ move  ⏎ go to its line  b back  q quit" if self.chain else _HELP)

    def _line_rows(self, room: int) -> list[tuple[str, str]]:
        place = self._shown.index(self.chosen) if self.chosen in self._shown else 0
        self._top = min(max(self._top, place - room + 1), place)
        self._top = max(0, min(self._top, len(self._shown) - room))
        found = []
        for index in self._shown[self._top : self._top + room]:
            line = self.lines[index]
            where = stages.BY_NAME[line.stage].folder if line.stage in stages.BY_NAME else line.stage
            text = printable(line.text.split("\n", 1)[0])
            row = f"{index + 1:6} {line.moment:%H:%M:%S} {printable(where):24.24} {line.level:8} {text}"
            found.append((row, "chosen" if index == self.chosen else line.level))
        return found

    def _chain_rows(self, room: int) -> list[tuple[str, str]]:
        assert self.chain is not None
        found = [(printable(self.chain.title), "ERROR")]
        at = 0
        for number, link in enumerate(self.chain.links):
            head = f"{link.line + 1 if link.line is not None else '':>6}  {link.role:8}  "
            text = printable(" ".join(link.text.split()))
            for more, row in enumerate(table.wrapped(text, max(20, self.width - _MARGIN))):
                at = len(found) if number == self.step else at
                style = "chosen" if number == self.step else "ERROR" if link.role == "error" else ""
                found.append(((" " * _MARGIN if more else head) + row, style))
        found += [(row, "") for row in table.hanging("  Do:   ", self.chain.remedy, self.width) if self.chain.remedy]
        top = max(0, min(at - room // 2, len(found) - room))
        return found[top : top + room]

    def _type(self, key: str) -> None:
        assert self.typed is not None
        if key in ("\n", "\r", "KEY_ENTER"):
            self.words, self.typed = self.typed, None
            self.filter()
        elif key == _ESCAPE:
            self.typed = None
        elif key in ("KEY_BACKSPACE", "\x7f", "\b"):
            self.typed = self.typed[:-1]
        elif len(key) == 1 and key.isprintable():
            self.typed += key

    def _press_in_chain(self, key: str) -> None:
        assert self.chain is not None
        last = len(self.chain.links) - 1
        if key in ("KEY_UP", "k"):
            self.step = max(0, self.step - 1)
        elif key in ("KEY_DOWN", "j"):
            self.step = min(last, self.step + 1)
        elif key in ("\n", "\r", "KEY_ENTER"):
            line = self.chain.links[self.step].line
            if line is None:
                self.said = "No line says that: it is from the stage's record."
                return
            self._before.append(self.chosen)
            self.chain = None
            self._go_to(line)
        elif key in ("b", _ESCAPE):
            self.chain = None

    def _go_to(self, index: int) -> None:
        """Choose a line; where the filters leave it out, they are taken away."""
        self.follows = False
        self.chosen = index
        if index not in self._shown:
            self.level, self.stage, self.words = 0, "", ""
            self.filter()

    def _move(self, by: int) -> None:
        self.follows = False
        if self._shown:
            place = self._shown.index(self.chosen) if self.chosen in self._shown else 0
            self.chosen = self._shown[max(0, min(len(self._shown) - 1, place + by))]

    def _choose_last(self) -> None:
        if self.follows and self._shown:
            self.chosen = self._shown[-1]

    def _to_error(self, forward: bool) -> None:
        found = [index for index, line in enumerate(self.lines) if line.is_failure]
        later = [index for index in found if (index > self.chosen if forward else index < self.chosen)]
        if not later:
            self.said = "No other error." if found else "No line is an error."
            return
        self._go_to(later[0] if forward else later[-1])

    def _cause(self) -> None:
        if not self.lines or not self.lines[self.chosen].is_failure:
            self.said = "This line is no error: e goes to the next one."
            return
        self.chain = causes.chain(self.lines, self.chosen, self.folder)
        self.step = len(self.chain.links) - 1

    def _back(self) -> None:
        if self._before:
            self._go_to(self._before.pop())

    def _next_level(self) -> None:
        self.level = (self.level + 1) % len(LEVELS)
        self.filter()

    def _next_stage(self) -> None:
        there = {line.stage for line in self.lines}
        order = ["", *(name for name in (*stages.BY_NAME, PIPELINE) if name in there)]
        self.stage = order[(order.index(self.stage) + 1) % len(order)] if self.stage in order else ""
        self.filter()

    def _follow(self) -> None:
        self.follows = not self.follows
        self._choose_last()

    def _search(self) -> None:
        self.typed = ""

    def _nothing(self) -> None:
        pass

    _KEYS = {  # noqa: RUF012 -- made once, never changed
        **dict.fromkeys(("KEY_UP", "k"), lambda self: self._move(-1)),
        **dict.fromkeys(("KEY_DOWN", "j"), lambda self: self._move(1)),
        "KEY_PPAGE": lambda self: self._move(_HEAD - self.height),
        **dict.fromkeys(("KEY_NPAGE", " "), lambda self: self._move(self.height - _HEAD)),
        **dict.fromkeys(("KEY_HOME", "g"), lambda self: self._move(-len(self.lines))),
        **dict.fromkeys(("KEY_END", "G"), lambda self: self._move(len(self.lines))),
        "e": lambda self: self._to_error(True),
        "E": lambda self: self._to_error(False),
        **dict.fromkeys(("\n", "\r", "KEY_ENTER"), _cause),
        **dict.fromkeys(("b", _ESCAPE), _back),
        "l": _next_level,
        "s": _next_stage,
        "f": _follow,
        "/": _search,
    }


def run(log: JobLog, screen: Screen, wanted: Callable[[Line], bool], colours: bool) -> None:
    """Show a screen in the terminal until ``q``, and take up what is written meanwhile.

    Args:
        log: read before; gives the lines that are new.
        screen: what is shown at first.
        wanted: whether a new line belongs there.
        colours: whether to colour.
    """
    curses.wrapper(lambda window: _loop(window, log, screen, wanted, colours))


def _loop(window: curses.window, log: JobLog, screen: Screen, wanted: Callable[[Line], bool], colours: bool) -> None:
    window.timeout(_POLL_MS)
    curses.curs_set(0)
    styles = _styles(colours)
    going = True
    while going:
        screen.height, screen.width = window.getmaxyx()
        window.erase()
        for row, (text, style) in enumerate(screen.rows()[: screen.height]):
            shown = table.wrapped(text, max(1, screen.width - 1))[0] if text else ""
            window.addstr(row, 0, shown, styles.get(style, curses.A_NORMAL))
        window.refresh()
        key = _key(window)
        if key is None:
            screen.add([line for line in log.poll() if wanted(line)])
        elif key != "KEY_RESIZE":
            going = screen.press(key)


def _styles(colours: bool) -> dict[str, int]:
    found = {"chosen": curses.A_REVERSE, "head": curses.A_BOLD, "DEBUG": curses.A_DIM}
    if colours and curses.has_colors():
        curses.use_default_colors()
        curses.init_pair(1, curses.COLOR_RED, -1)
        curses.init_pair(2, curses.COLOR_YELLOW, -1)
        red, yellow = curses.color_pair(1) | curses.A_BOLD, curses.color_pair(2)
        found |= {"ERROR": red, "CRITICAL": red, "WARNING": yellow}
    return found


def _key(window: curses.window) -> str | None:
    """Return the key that was pressed, or None where none was for a while."""
    try:
        key = window.get_wch()
    except curses.error:
        return None
    return key if isinstance(key, str) else curses.keyname(key).decode("ascii", "replace")
