"""The workflow, started from a page as the command line does it: one run a film, seen while it goes on, and stopped.

A run goes on where the server ends, and is found again by the job's own records when the server is back.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core import files, places, stages, times, variables
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.core.subprocesses import Aside
from samvad.core.typed_json import JsonObject
from samvad.documents import at_work, job_manifest, run_mark, run_record
from samvad.documents.job_manifest import JobManifest
from samvad.review import reports
from samvad.review.shelf import Place
from samvad.settings import film_row, naming
from samvad.workflow import command, event_merging
from samvad.workflow.progress.state import Running

#: What a page may ask for: the stages that are due, in each case.
WISHES = ("finish", "start", "retry")
#: So many of the films that wait for their first subtitles are at work at once; finishing one waits for nobody.
_AT_ONCE = 1


class BusyError(SamvadError):
    """A run is at work on the film: it is shown, and no second one started."""

    category = "changed"

    def __init__(self, told: JsonObject) -> None:
        super().__init__("A run is at work on this film.", "It is shown; wait for it, or stop it.")
        self.told = told


@dataclass
class _Own:
    """A run that this server has started, or is about to."""

    place: Place
    wish: str
    since: str
    process: Aside | None = None
    stopped: bool = False
    following: Running | None = None


class Runs:
    """The runs of the server, and those that others have started.

    Args:
        settings: the configuration.
        profile: of Snakemake, as a command takes it; empty for the usual one.
        tell: called with a film's id and how its run goes, where that has changed.
    """

    def __init__(
        self, settings: Mapping[str, Any], profile: str = "", tell: Callable[[str, JsonObject], None] = lambda *_: None
    ) -> None:
        self._settings = settings
        self._profile = profile
        self._tell = tell
        self._own: dict[str, _Own] = {}
        self._told: dict[str, JsonObject | None] = {}
        self._lock = threading.Lock()

    def start(self, place: Place, wish: str, before: Callable[[], None] = lambda: None) -> JsonObject:
        """Start what is due of a film; return how it goes.

        Args:
            place: the film.
            wish: one of ``WISHES``.
            before: what is to be done first, such as writing what was decided; not done where a run is at work.

        Raises:
            BusyError: a run is at work on the film.
            ConfigurationError: the film has no row, or nothing of it is switched on.
        """
        if wish not in WISHES:
            raise ConfigurationError(f"A film is asked for by one of {', '.join(WISHES)}.")
        with self._lock:
            now = self.state(place)
            if now and now["state"] in ("waiting", "running"):
                raise BusyError(now)
            film = naming.films(self._settings).get(place.id.replace("~", "/"))
            if film is None:
                raise ConfigurationError(
                    f"{place.folder} has no row in the film sheet.", "Add its film again: samvad film PATH."
                )
            film_row.end_targets(self._settings, film)  # where nothing can be asked for, that is said now
            before()
            own = _Own(place, wish, times.utc_now())
            self._own[place.id] = own
            if wish == "finish" or self._busy() < _AT_ONCE:
                self._begin(own)
            return self.state(place) or {}

    def _busy(self) -> int:
        return sum(own.process is not None and own.process.code is None for own in self._own.values())

    def _begin(self, own: _Own) -> None:
        film = naming.films(self._settings)[own.place.id.replace("~", "/")]
        words = command.words(command.profile(self._profile), film_row.end_targets(self._settings, film), [])
        environment = {**os.environ, variables.SUMMARY: "no"}
        said = reports.kept(own.place.id, own.place.folder, "run.log")
        files.make_private(files.cache_folder())
        own.process = Aside(words, places.work(), said, environment)

    def stop(self, place: Place) -> JsonObject:
        """Stop the run that is at work on a film; return how it stands.

        Raises:
            ConfigurationError: none is, or it is on another machine, or another user's.
        """
        with self._lock:
            own = self._own.get(place.id)
            if own is not None and own.process is None:
                own.stopped = True
            elif own is not None and own.process is not None and own.process.code is None:
                own.stopped = True
                own.process.stop()
            else:
                _stop_other(place.folder)
            return self.state(place) or {}

    def state(self, place: Place) -> JsonObject | None:
        """Return how the run that is at work on a film goes, or how the last one of this server ended; else None."""
        own, manifest = self._own.get(place.id), job_manifest.read_optional(place.folder)
        # After ours has ended somebody may have begun another one.
        is_over = own is None or (own.process is not None and own.process.code is not None)
        if is_over and (other := at_work.busy(place.folder)):
            return {**_told("running", ""), **self._where(place, manifest, None), "other": other}
        if own is None:
            return None
        if own.process is None:
            return {**_told("stopped" if own.stopped else "waiting", own.since), "message": "waits for another film"}
        code = own.process.code
        if code is None:
            return {**_told("running", own.since), **self._where(place, manifest, own)}
        state = "stopped" if own.stopped else "failed" if code else "success"
        if state == "failed":
            why = job_manifest.reason(place.folder) if manifest and manifest.pipeline.failed_stages else ""
            return {**_told(state, own.since), "message": why or own.process.tail(12)}
        message = "stopped: the same wish goes on where it was" if own.stopped else "done"
        return {**_told(state, own.since), "message": message, "progress": None if own.stopped else 1.0}

    def _where(self, place: Place, manifest: JobManifest | None, own: _Own | None) -> JsonObject:
        if manifest is None or manifest.pipeline.run is None:
            return {"message": "it is planned what is due"}
        stage = manifest.pipeline.current_stage
        done = len(manifest.pipeline.completed_stages) + len(manifest.pipeline.skipped_stages)
        share = self._share(place, stage, own) if stage else 0.0
        known = stages.BY_NAME.get(stage or "")
        return {
            "stage": stage or manifest.pipeline.next_stage,
            "progress": round((done + share) / max(1, len(manifest.stages)), 3),
            "message": known.summary if known else "",
        }

    def _share(self, place: Place, stage: str, own: _Own | None) -> float:
        """Return how much of the stage at work is done, 0 to 1, where it says so."""
        if own is None or own.following is None or own.following.stage != stage:
            following = Running(stage, None, 0.0)
            following.source = next(
                (path / "events.jsonl" for path in reversed(event_merging.attempts_of(place.folder, stage))), None
            )
            if own is not None:
                own.following = following
        else:
            following = own.following
        following.follow(place.folder)
        return following.share or 0.0

    def look(self, places: Mapping[str, Place]) -> set[str]:
        """Tell of all runs whose state has changed, and begin those that waited; return the films whose run has ended.

        Args:
            places: the films that somebody has open, by id.
        """
        with self._lock:
            waiting = [own for own in self._own.values() if own.process is None and not own.stopped]
            for own in waiting[: max(0, _AT_ONCE - self._busy())]:
                try:
                    self._begin(own)
                except SamvadError as error:
                    own.stopped = True
                    self._tell(own.place.id, {**_told("failed", own.since), "message": str(error)})
        ended = set()
        for film_id, place in {**places, **{key: own.place for key, own in self._own.items()}}.items():
            now, before = self.state(place), self._told.get(film_id)
            if now != before:
                self._told[film_id] = now
                self._tell(film_id, now or _told("over", ""))
                if before and before["state"] == "running" and (now is None or now["state"] != "running"):
                    ended.add(film_id)
        return ended


def _told(state: str, since: str) -> JsonObject:
    return {"state": state, "since": since, "stage": None, "progress": None, "message": ""}


def _stop_other(folder: Path) -> None:
    """Stop a run that somebody else has started, where it is on this machine and may be stopped.

    Raises:
        ConfigurationError: there is none, or it may not.
    """
    run = run_record.read_optional(folder)
    mark = at_work.run_of(run, folder) if run and at_work.busy(folder) else None
    if mark is None or mark.facts.pid is None:
        raise ConfigurationError("No run is at work on this film.")
    here = run_mark.machine()
    same = mark.facts.host == here.host and mark.facts.namespace in (None, run_mark.process_namespace())
    if not same or run_mark.born(mark.facts.pid) != mark.facts.born:
        raise ConfigurationError("The run is on another machine.", f"Stop it there: {run_mark.shown(mark)}.")
    try:
        os.kill(mark.facts.pid, signal.SIGINT)
    except PermissionError:
        raise ConfigurationError("The run is another user's.", f"Ask them: {run_mark.shown(mark)}.") from None
    except ProcessLookupError:
        pass
