"""Show how a run goes: a table on a terminal that is kept up to date, plain lines anywhere else.

A view never harms the run: it reads and writes in a thread of its own, and what goes wrong there ends the view alone.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from samvad.core import stages
from samvad.core.console import printable
from samvad.core.redaction import redact
from samvad.workflow import snakemake_events
from samvad.workflow.progress.estimates import clock, left
from samvad.workflow.progress.state import FilmProgress, Running, Shelf

if TYPE_CHECKING:
    from samvad.workflow.progress.terminal import Screen

#: Chooses the view in place of the key logs.view.
VARIABLE = "SAMVAD_VIEW"
CHOICES = ("auto", "plain", "off")
_POLL_SECONDS = 1.0
_PLAIN_PROGRESS_SECONDS = 30.0
#: So many letters of why a stage failed are shown at once; the end of the run says all of it.
_MOST_OF_A_REASON = 150


class View:
    """Follow a run and show it.

    Args:
        output_root: where the job folders are; what earlier films took is learnt from there.
        choice: auto, plain or off.
        sent_away: stages are sent to a cluster.
    """

    def __init__(self, output_root: Path, choice: str, *, sent_away: bool = False) -> None:
        self._choice = choice
        self._shelf = Shelf(output_root, sent_away=sent_away)
        self._screen: Screen | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._told: dict[tuple[str, str], float] = {}
        self._places: dict[tuple[str, str], str] = {}

    @property
    def tells(self) -> bool:
        """Say whether it shows anything."""
        return self._choice != "off"

    def quieten(self, logger: logging.Logger) -> None:
        """Keep Snakemake's lines about each job from the terminal; they stay in its own log in .snakemake/log."""
        if self._choice != "off":
            snakemake_events.hide_routine(logger)

    def started(self, key: str, film: FilmProgress, stage: str, before: Path | None) -> None:
        """Take note that Snakemake has started a stage.

        Args:
            key: the film's job.
            film: the film as it stands now.
            stage: what has been started.
            before: the last attempt of the stage before.
        """
        if self._choice == "off":
            return
        with self._shelf.lock:
            found = self._shelf.films.setdefault(key, film)
            found.states = {**film.states, stage: "running"}
            found.film_seconds = film.film_seconds
            found.running[stage] = Running(stage, before, time.monotonic())
            self._places.pop((key, stage), None)
        self._begin()
        if self._screen is None:
            self._say(f"{film.name}: {stages.BY_NAME[stage].folder} started")

    def ended(
        self, key: str, stage: str, status: str, seconds: float | None, film_seconds: float | None, reason: str = ""
    ) -> None:
        """Take note that a stage has ended."""
        found = self._shelf.films.get(key)
        if found is None:
            return
        with self._shelf.lock:
            found.running.pop(stage, None)
            found.states[stage] = status
            self._shelf.ended[stage] += status != "failed"
            found.film_seconds = film_seconds
            if status == "success":
                self._shelf.estimates.add(stage, seconds, film_seconds)
        took = f" ({clock(seconds)})" if seconds is not None else ""
        if self._screen is None or status in ("failed", "stopped"):
            why = f": {_beginning(reason)}" if reason else ""
            self._say(f"{found.name}: {stages.BY_NAME[stage].folder} {status}{took}{why}")
        elif not found.running and "waiting" not in found.states.values():
            self._say(f"{found.name}: done in {clock(found.elapsed)}")

    def steps(self, done: int, total: int) -> None:
        """Take note of how many of all stages of all films are done."""
        self._shelf.steps = (done, total)

    def expect(self, films: int, part: str = "") -> None:
        """Take note of how many films the run is to work on, and which part of a large plan they are, in words."""
        self._shelf.expected = films
        self._shelf.part = part

    def planned(self, counts: Mapping[str, int]) -> None:
        """Take note of how many jobs of each stage are planned: what is not asked for takes no time."""
        self._shelf.planned = frozenset(counts)
        self._shelf.counts_planned = dict(counts)
        self._shelf.steps = (0, sum(counts.values()))

    def finish(self) -> None:
        """Take the view from the terminal, and leave that as it was."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
            self._thread = None
        if self._screen is not None:
            self._screen.close()
            self._screen = None

    def _begin(self) -> None:
        if self._thread is not None:
            return
        if self._choice == "auto" and _is_terminal():
            with contextlib.suppress(ImportError, OSError):  # a Snakemake of the user's own may lack rich
                from samvad.workflow.progress.terminal import Screen

                self._screen = Screen(self._shelf)
        atexit.register(self.finish)
        self._thread = threading.Thread(target=self._run, name="view", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        """Show the run until it ends."""
        try:
            self._shelf.estimates.load(self._shelf.output_root)
            while not self._stop.wait(_POLL_SECONDS):
                self._shelf.follow()
                if self._screen is not None:
                    self._screen.show()
                else:
                    self._tell_progress()
        except Exception as error:  # whatever it is, the films matter more: the view ends, the run goes on
            if self._screen is not None:
                self._screen.stop_drawing()
            with contextlib.suppress(OSError, ValueError):
                self._say(f"samvad: the view has ended ({type(error).__name__}: {error}); the run goes on")

    def _tell_progress(self) -> None:
        now = time.monotonic()
        with self._shelf.lock:
            at_work = [(key, film, run) for key, film in self._shelf.films.items() for run in film.running.values()]
        for key, film, run in at_work:
            place = self._shelf.place(run) if run.host else ""
            if place != self._places.get((key, run.stage), ""):
                self._places[key, run.stage] = place
                self._say(f"{film.name}: {stages.BY_NAME[run.stage].folder} {place or 'goes on'}")
            last = self._told.setdefault((key, run.stage), run.since)
            if run.share is not None and now - max(last, run.since) >= _PLAIN_PROGRESS_SECONDS:
                self._told[key, run.stage] = now
                done = f"{run.share:.0%}, {run.done:.0f} of {run.total:.0f} {run.unit.replace('_', ' ')}"
                remaining = left(self._shelf.remaining(film))
                self._say(f"{film.name}: {stages.BY_NAME[run.stage].folder} {done}, {clock(run.elapsed)}; {remaining}")

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # the terminal may be gone
            sys.stderr.write(redact(f"[{time.strftime('%H:%M:%S')}] {printable(' '.join(text.split()))}\n"))
            sys.stderr.flush()


def chosen(configured: str) -> str:
    """Return the view to show: that of the variable SAMVAD_VIEW, else the configured one.

    Raises:
        ConfigurationError: the variable names no view.
    """
    from samvad.core.errors import ConfigurationError

    value = os.environ.get(VARIABLE) or configured
    if value not in CHOICES:
        raise ConfigurationError(f"The variable {VARIABLE} is {value!r}.", f"Set it to one of {', '.join(CHOICES)}.")
    return value


def _is_terminal() -> bool:
    try:
        return os.isatty(2) and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    except (OSError, ValueError):
        return False


def _beginning(reason: str) -> str:
    """Return the first sentences of a reason, or its first words: it is told whole when the run ends."""
    reason = redact(reason)  # before it is cut: half a secret is not known for one
    if len(reason) <= _MOST_OF_A_REASON:
        return reason
    head = reason[:_MOST_OF_A_REASON]
    sentences, _, rest = head.rpartition(". ")
    return f"{sentences}. …" if rest and sentences else f"{head.rpartition(' ')[0] or head} …"
