"""The table on a terminal: films by stages. It needs rich, which the workflow's environment has."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import textwrap
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from samvad.core import stages
from samvad.workflow.progress.estimates import clock, left
from samvad.workflow.progress.state import FilmProgress, Shelf

_SIGNS = {"waiting": "·", "running": "▶", "success": "✓", "skipped": "–", "failed": "✗", "stopped": "■"}
_PLAIN_SIGNS = {"waiting": ".", "running": ">", "success": "+", "skipped": "-", "failed": "x", "stopped": "s"}
_STYLES = {
    "waiting": "dim",
    "running": "bold cyan",
    "success": "green",
    "skipped": "dim",
    "failed": "bold red",
    "stopped": "yellow",
}
#: Lines of the terminal that are left to what scrolls past, and to the table's head and foot.
_SPARE_LINES = 6
_MIN_ROWS = 3
#: Columns of all but the film's name: ten signs, the longest stage with its share, two durations, blanks between.
_NOW_COLUMNS = 26
_OTHER_COLUMNS = 1 + 11 + _NOW_COLUMNS + 1 + 8 + 8
#: From so many columns on, where a stage runs has a column of its own.
_WIDE, _WHERE_COLUMNS = 110, 27
#: With fewer columns than this, a film's name and its stage stand one below the other.
_NARROW = 72


@dataclass(frozen=True)
class _Row:
    """What is shown of a film at work. Each layout returns its cells, and how many lines they take.

    Attributes:
        stages: each stage with its share, and where it runs; empty where that is to be expected.
    """

    name: str
    signs: Text
    stages: list[tuple[str, str]]
    so_far: str
    left: str

    def usual(self, room: int) -> tuple[list[Text], int]:
        """Return the row with where it runs below each stage."""
        now = []
        for stage, place in self.stages:
            now += [stage, *(f"  {line}" for line in textwrap.wrap(place, _NOW_COLUMNS - 2))]
        return self._cells(now, []), max(self._lines(room), len(now))

    def wide(self, room: int) -> tuple[list[Text], int]:
        """Return the row with where it runs in a column of its own."""
        now: list[str] = []
        places: list[str] = []
        for stage, place in self.stages:
            lines = textwrap.wrap(place, _WHERE_COLUMNS - 1) or [""]
            places += lines
            now += [stage, *[""] * (len(lines) - 1)]
        return self._cells(now, [Text("\n".join(places))]), max(self._lines(room), len(now))

    def narrow(self, width: int) -> tuple[list[Text], int]:
        """Return the row as one cell, whose lines stand one below the other."""
        places = [place for _, place in self.stages if place]
        left = [f"{self.left} left"] if self.left else []
        below = textwrap.wrap("; ".join([*places, f"{self.so_far} so far", *left]), max(1, width - 3))
        lines = [Text(self.name), *(Text.assemble(self.signs, " ", stage) for stage, _ in self.stages)]
        lines += [Text(f"  {line}", style="dim") for line in below]
        return [Text("\n").join(lines)], self._lines(width) + len(lines) - 1

    def _lines(self, room: int) -> int:
        return -(-Text(self.name).cell_len // max(1, room))

    def _cells(self, now: list[str], more: list[Text]) -> list[Text]:
        return [
            Text(self.name),
            self.signs,
            Text("\n".join(now)),
            *more,
            Text(self.so_far),
            Text(self.left, style="dim"),
        ]


class Screen:
    """The terminal's last lines, drawn anew again and again; everything else that is printed appears above them.

    While it is there, the standard error of this process, and of the stages' processes, is a pipe that is read here:
    whatever anyone prints is printed above the table in whole lines.

    Args:
        shelf: what to show.

    Raises:
        OSError: the terminal cannot be had.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._terminal = os.dup(2)
        self._out = open(self._terminal, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        self._console = Console(file=self._out, force_terminal=True, highlight=False, soft_wrap=False)
        utf8 = (getattr(sys.stderr, "encoding", "") or "").lower().replace("-", "") == "utf8"
        self._signs = _SIGNS if utf8 else _PLAIN_SIGNS
        self._live: Live | None = Live(
            console=self._console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._lock = threading.Lock()
        reading, writing = os.pipe()
        sys.stderr.flush()
        os.dup2(writing, 2)
        os.close(writing)
        self._reader = threading.Thread(target=self._read, args=(reading,), name="view-lines", daemon=True)
        self._reader.start()
        self._live.start()

    def show(self) -> None:
        """Draw the table as things stand now."""
        with self._shelf.lock:
            table = self._table()
        with self._lock:
            if self._live is not None:
                self._live.update(table, refresh=True)

    def stop_drawing(self) -> None:
        """Take the table away; what is printed still appears."""
        with self._lock:
            live, self._live = self._live, None
        if live is not None:
            with contextlib.suppress(OSError, ValueError):  # the terminal may be gone
                live.stop()

    def close(self) -> None:
        """Take the table away and give the standard error back."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
        os.dup2(self._terminal, 2)  # closes this process's end of the pipe: the reader comes to its end
        self._reader.join(timeout=2)
        self.stop_drawing()

    def _read(self, reading: int) -> None:
        """Print what comes out of the pipe, and go on reading even where it cannot be printed: no stage must wait."""
        rest = b""
        while block := os.read(reading, 1 << 16):
            whole, newline, rest = (rest + block).rpartition(b"\n")
            if newline:
                self._print(whole.decode("utf-8", "replace"))
        if rest:
            self._print(rest.decode("utf-8", "replace"))
        os.close(reading)

    def _print(self, lines: str) -> None:
        with self._lock, contextlib.suppress(OSError, ValueError):  # the terminal may be gone
            if self._live is not None:
                self._console.print(Text.from_ansi(lines), soft_wrap=True)
            else:
                self._out.write(f"{lines}\n")
                self._out.flush()

    def _table(self) -> Group:
        at_work = [film for film in self._shelf.films.values() if film.running]
        rows = [self._row(film) for film in at_work]
        width = self._console.width
        table = Table(box=None, pad_edge=False, expand=False, padding=(0, 1, 0, 0))
        if width < _NARROW:
            table.show_header = False
            table.add_column(overflow="fold", max_width=width)
            drawn = [row.narrow(width) for row in rows]
        else:
            wide = width >= _WIDE and any(place for row in rows for _, place in row.stages)
            room = width - _OTHER_COLUMNS - (_WHERE_COLUMNS if wide else 0)
            table.add_column("film", overflow="fold", max_width=room)  # a long name goes on below
            table.add_column(self._heads(), no_wrap=True)
            table.add_column("now", no_wrap=True)
            if wide:
                table.add_column("where", overflow="fold", max_width=_WHERE_COLUMNS - 1)
            table.add_column("so far", justify="right", no_wrap=True)
            table.add_column("left", justify="right", no_wrap=True)
            drawn = [row.wide(room) if wide else row.usual(room) for row in rows]
        shown = drawn[: self._how_many_fit([lines for _, lines in drawn])]
        for cells, _ in shown:
            table.add_row(*cells)
        return Group(table, Text(self._foot(len(drawn) - len(shown)), style="dim"))

    def _foot(self, hidden: int) -> str:
        counts = self._shelf.counts()
        done, total = self._shelf.steps
        whole = max(self._shelf.expected, len(self._shelf.films))
        part = f"{self._shelf.part}: " if self._shelf.part else ""
        words = [f"{part}{counts['done']} of {whole} {'film' if whole == 1 else 'films'} done"]
        words += [f"{counts['failed']} failed"] if counts["failed"] else []
        machines = self._shelf.machines()
        on = f"{len(machines)} machines" if len(machines) > 1 else next(iter(machines), "")
        words += [f"{counts['running']} at work{on and ' on '}{on}"]
        words += [f"{hidden} of them not shown"] if hidden else []
        words += [f"{done} of {total} steps"] if total else []
        return "; ".join([*words, clock(self._shelf.elapsed), left(self._shelf.whole_remaining())])

    def _row(self, film: FilmProgress) -> _Row:
        signs = Text()
        for stage in stages.STAGES:
            state = film.states.get(stage.name, "")
            signs.append(self._signs.get(state, " "), style=_STYLES.get(state, ""))
        running = list(film.running.items())
        remaining = self._shelf.remaining(film)
        return _Row(
            film.name,
            signs,
            [
                (stage + (f" {run.share:.0%}" if run.share is not None else ""), self._shelf.place(run))
                for stage, run in running
            ],
            clock(film.elapsed),
            "" if remaining is None else clock(remaining),
        )

    def _how_many_fit(self, heights: Sequence[int]) -> int:
        """Return how many films the terminal has lines for."""
        lines = max(_MIN_ROWS, self._console.size.height - _SPARE_LINES)
        sums = itertools.accumulate(heights)
        return max(1, sum(height <= lines for height in sums))

    def _heads(self) -> str:
        """Return the last digits of the stages' numbers, one above each sign."""
        return "".join(str(stage.number % 10) for stage in stages.STAGES)
