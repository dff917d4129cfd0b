"""The films of a shelf, as a table has them: how each stands, what it is worth, what it needs."""

from __future__ import annotations

import math
import re
import shlex
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.core import places, stages
from samvad.core.errors import ConfigurationError, SamvadError
from samvad.core.typed_json import JsonObject
from samvad.documents import job_manifest, subtitle_check
from samvad.documents.headline import Headline
from samvad.documents.job_manifest import JobManifest
from samvad.review import reports
from samvad.settings import naming
from samvad.settings.configuration import Film
from samvad.text import languages

_JOBS = "[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]/*/[0-9]*/"
_ID = re.compile(r"[0-9]{4}~[0-9]{2}~[0-9]{2}~[A-Za-z0-9][A-Za-z0-9._-]*~[0-9]+")
_NOT_BEGUN = "not begun"


@dataclass(frozen=True)
class Place:
    """A film of the shelf: its id for the page, its job's folder, and its row; None where the sheet has none."""

    id: str
    folder: Path
    film: Film | None


class Shelf:
    """All films of the sheet, and the jobs of the output root that have no row any more.

    Args:
        settings: the configuration, checked.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.root = naming.output_root(settings)
        self._lock = threading.Lock()
        self._rows: dict[str, tuple[object, JsonObject]] = {}
        self._more: dict[str, Place] = {}
        self._sheet: tuple[object, dict[str, Film]] = (None, {})

    def rows(self) -> dict[str, Film]:
        """Return the films of the sheet by job folder; it is read again when it has changed.

        Raises:
            ConfigurationError: the sheet is wrong.
        """
        path = naming.sheet(self.settings)
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError:
            return {}
        if self._sheet[0] != stamp:
            self._sheet = stamp, naming.films(self.settings)
        return self._sheet[1]

    def _rows_as_known(self) -> dict[str, Film]:
        """Return the films of the sheet; as it was, while somebody edits it: no edit on a page is refused for that.

        Raises:
            ConfigurationError: the sheet is wrong, and was never right.
        """
        try:
            return self.rows()
        except SamvadError:
            if self._sheet[0] is None:
                raise
            return self._sheet[1]

    def add(self, folder: Path) -> str:
        """Let a job that lies elsewhere be opened, too; return its id."""
        resolved = folder.absolute()
        if resolved.is_relative_to(self.root):
            return id_of(str(resolved.relative_to(self.root)))
        named = id_of("/".join(resolved.parts[-5:]))
        self._more[named] = Place(named, resolved, None)
        return named

    def place(self, film_id: str) -> Place:
        """Return the film of an id.

        Raises:
            ConfigurationError: there is none, or it is no id: nothing else leads to a folder.
        """
        if film_id in self._more:
            return self._more[film_id]
        if not _ID.fullmatch(film_id):
            raise ConfigurationError("There is no such film.")
        job = film_id.replace("~", "/")
        film = self._rows_as_known().get(job)
        folder = self.root / job
        if film is None and not folder.is_dir():
            raise ConfigurationError("There is no such film.")
        if folder.exists() and not folder.resolve().is_relative_to(self.root.resolve()):
            raise ConfigurationError("There is no such film.")  # a link that leads out of the jobs
        return Place(film_id, folder, film)

    def films(self, seconds: float = math.inf) -> list[JsonObject]:
        """Return all films as rows of the table; only those whose records have changed are read again.

        Args:
            seconds: that it may take; of films that nobody has read by then, the row says ``reading``.
        """
        until = time.monotonic() + seconds
        try:
            rows = self.rows()
        except SamvadError:
            rows = {}
        known = {id_of(job): Place(id_of(job), self.root / job, film) for job, film in rows.items()}
        for path in self.root.glob(_JOBS):
            job = path.relative_to(self.root).as_posix()
            known.setdefault(id_of(job), Place(id_of(job), path, None))
        with self._lock:
            return [self._row(place, until) for place in (*known.values(), *self._more.values())]

    def _row(self, place: Place, until: float) -> JsonObject:
        stamp = _stamp(place)
        kept = self._rows.get(place.id)
        if kept is None and time.monotonic() > until:
            return _unread(place)
        if kept is None or kept[0] != stamp or kept[1]["state"] == "running":
            kept = stamp, row(place, self.root)
            self._rows[place.id] = kept
        return kept[1]


def _unread(place: Place) -> JsonObject:
    """Return the row of a film whose records nobody has read yet: what the sheet says of it."""
    film = place.film
    about = {"title": film.title, "year": film.year, "source": list(film.source)} if film else {}
    empty = {"id": place.id, "title": place.folder.name, "state": "reading", "job": place.id.replace("~", "/")}
    return {
        **empty,
        "targets": list(film.targets) if film else [],
        "tracks": [],
        "approved": [],
        "page": False,
        **about,
    }


def id_of(job: str) -> str:
    """Return the id of a job ``YYYY/MM/DD/USER/N``, as it stands in addresses."""
    return job.replace("/", "~")


def _stamp(place: Place) -> object:
    """Return what tells whether a film's records have changed."""
    made: list[object] = [place.film]
    for path in _records(place.folder):
        try:
            status = path.stat()
            made.append((status.st_mtime_ns, status.st_size))
        except OSError:
            made.append(None)
    return tuple(made)


def _records(folder: Path) -> list[Path]:
    checks = folder / stages.BY_NAME["subtitle_gen"].folder / "qc.json"
    return [job_manifest.path_of(folder), checks, folder / "corrections" / "approved.json"]


def row(place: Place, root: Path) -> JsonObject:
    """Return a film as a row of the table."""
    manifest, film = job_manifest.read_optional(place.folder), place.film
    found = subtitle_check.headlines(place.folder)
    state = job_manifest.status_of(place.folder, manifest) if manifest else _NOT_BEGUN
    title = (film.title if film else "") or (manifest.input.title if manifest else "") or place.folder.name
    return {
        "id": place.id,
        "title": title,
        "year": film.year if film else (manifest.input.year if manifest else None),
        "state": state,
        "stage": manifest.pipeline.current_stage or manifest.pipeline.next_stage if manifest else None,
        "progress": _progress(manifest),
        "job": place.id.replace("~", "/"),
        "source": list(film.source) if film else [],
        "targets": list(film.targets) if film else list(found),
        **figures_of(found),
        "seconds": manifest.timing.stage_seconds if manifest else None,
        "updated": manifest.timing.updated_at if manifest else None,
        "reason": job_manifest.reason(place.folder) if manifest and state not in ("success", "running") else None,
        "next": _next(state, place, manifest),
        "approved": approvals_of(place.folder),
        "page": bool(found),
        **reports.addresses(place.id, place.folder),
    }


def approvals_of(folder: Path) -> list[JsonObject]:
    """Return who has approved which languages of a film."""
    return [dict(vars(item)) for item in job_manifest.approved_tracks(folder)]


def figures_of(found: Mapping[str, Headline]) -> JsonObject:
    """Return what a row says of a film's tracks, by their languages."""
    tracks = [
        {"language": code, "name": languages.name(code), "grade": item.grade, "told": item.told()}
        for code, item in found.items()
    ]
    return {"tracks": tracks, **_worth(found)}


def _worth(found: Mapping[str, Headline]) -> JsonObject:
    """Return the worst figure of a film's tracks; None where it is not known, as of a film without cues."""
    shown = [item for item in found.values() if item.cues]

    def least(values: list[float | None]) -> float | None:
        return min((value for value in values if value is not None), default=None)

    return {
        "coverage": least([item.coverage for item in shown]),
        "sure": least([item.sure for item in shown]),
        "rules": least([item.rules for item in shown]),
        "needs": sum(item.doubtful + round(item.cues * (1 - item.rules)) for item in shown) if found else None,
        "cues": sum(item.cues for item in found.values()) if found else None,
    }


def _progress(manifest: JobManifest | None) -> float | None:
    """Return the share (0 to 1) of a film's stages that are done, while it is at work."""
    if manifest is None or manifest.pipeline.status != "running":
        return None
    done = len(manifest.pipeline.completed_stages) + len(manifest.pipeline.skipped_stages)
    return round(done / max(1, len(manifest.stages)), 3)


def _next(state: str, place: Place, manifest: JobManifest | None) -> str | None:
    """Return the command that does what is next."""
    if state in ("success", "running") or place.film is None:
        return None
    typed = places.own_command()
    if state == "failed":
        return f"{typed} why {place.id.replace('~', '/')}"
    return f"{typed} film {shlex.quote(place.film.media)}"
