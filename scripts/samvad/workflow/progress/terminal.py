"""The table on a terminal: films by stages. It needs rich, which the workflow's environment has."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

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
_OTHER_COLUMNS = 1 + 11 + 27 + 8 + 8


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
        table = Table(box=None, pad_edge=False, expand=False, padding=(0, 1, 0, 0))
        room = self._console.width - _OTHER_COLUMNS
        table.add_column("film", overflow="fold", max_width=room)  # a long name goes on below
        table.add_column(self._heads(), no_wrap=True)
        table.add_column("now", no_wrap=True)
        table.add_column("so far", justify="right", no_wrap=True)
        table.add_column("left", justify="right", no_wrap=True)
        at_work = [film for film in self._shelf.films.values() if film.running]
        rows = max(_MIN_ROWS, self._console.size.height - _SPARE_LINES)
        for film in at_work[:rows]:
            table.add_row(*self._row(film))
        counts = self._shelf.counts()
        done, total = self._shelf.steps
        whole = max(self._shelf.expected, len(self._shelf.films))
        words = [f"{counts['done']} of {whole} {'film' if whole == 1 else 'films'} done"]
        words += [f"{counts['failed']} failed"] if counts["failed"] else []
        words += [f"{counts['running']} at work"]
        words += [f"{len(at_work) - rows} of them not shown"] if len(at_work) > rows else []
        words += [f"{done} of {total} steps"] if total else []
        words += [clock(self._shelf.elapsed), left(self._shelf.whole_remaining())]
        return Group(table, Text("; ".join(words), style="dim"))

    def _row(self, film: FilmProgress) -> list[Text]:
        signs = Text()
        for stage in stages.STAGES:
            state = film.states.get(stage.name, "")
            signs.append(self._signs.get(state, " "), style=_STYLES.get(state, ""))
        now = [
            stage + (f" {run.share:.0%}" if run.share is not None else "") for stage, run in list(film.running.items())
        ]
        remaining = self._shelf.remaining(film)
        shown = "" if remaining is None else clock(remaining)
        return [Text(film.name), signs, Text("\n".join(now)), Text(clock(film.elapsed)), Text(shown, style="dim")]

    def _heads(self) -> str:
        """Return the last digits of the stages' numbers, one above each sign."""
        return "".join(str(stage.number % 10) for stage in stages.STAGES)
