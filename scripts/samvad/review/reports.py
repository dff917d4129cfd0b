"""A film's report, and that of its last run: shown in a frame of the page, where their scripts reach nothing of it."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

from samvad.core import files, schemas, stages, subprocesses
from samvad.core.errors import ConfigurationError, ToolError
from samvad.documents import job_manifest

#: What each is called in addresses.
FILM, RUN = "report", "run"
#: A frame without an origin: no cookie, no storage, no request. The reports' own policies say which scripts run.
POLICY = (
    "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; media-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
HEADERS = {"Content-Security-Policy": POLICY, "X-Frame-Options": "SAMEORIGIN", "Cache-Control": "no-cache"}
#: A report of one film's logs takes seconds; one that says nothing for so long hangs.
_SILENCE_SECONDS = 120.0
_ONE = threading.Lock()


def path_of(folder: Path) -> Path | None:
    """Return the report that stage 09 wrote of a film; None where it has none."""
    path = folder / stages.BY_NAME["subtitle_gen"].folder / "report.html"
    return path if path.is_file() else None


def addresses(film_id: str, folder: Path) -> dict[str, str | None]:
    """Return where a film's report and its run's are shown; None where there is nothing to show."""
    logs = job_manifest.path_of(folder).is_file()
    return {
        "report": f"/film/{film_id}/{FILM}" if path_of(folder) else None,
        "runReport": f"/film/{film_id}/{RUN}" if logs else None,
    }


def check(kind: str) -> None:
    """Refuse what is no kind of report.

    Raises:
        ConfigurationError: it is none.
    """
    if kind not in (FILM, RUN):
        raise ConfigurationError("There is no such page.")


def find(film_id: str, folder: Path, kind: str) -> Path:
    """Return the file of a report; that of a run is made by ``samvad report``, anew where the job has changed since.

    Raises:
        ConfigurationError: there is none.
        ToolError: it cannot be made; says why.
    """
    check(kind)
    found = path_of(folder) if kind == FILM else _of_run(film_id, folder)
    if found is None:
        raise ConfigurationError(f"The film has no {kind} to show.")
    return found


def kept(film_id: str, folder: Path, ending: str) -> Path:
    """Return a file of a film's in the cache.

    All projects of a person share that, and jobs of two may have the same day, user and number.
    """
    place = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return files.cache_folder() / "review" / f"{film_id}.{place}.{ending}"


def _of_run(film_id: str, folder: Path) -> Path | None:
    manifest = job_manifest.path_of(folder)
    if not manifest.is_file():
        return None
    files.make_private(files.cache_folder())
    target = kept(film_id, folder, "run.html")
    with _ONE:
        if not target.is_file() or target.stat().st_mtime_ns < manifest.stat().st_mtime_ns:
            target.parent.mkdir(parents=True, exist_ok=True)
            run = schemas.ROOT / "envs" / "run"
            words = ["workflow", "samvad", "report", f"--run={folder}", f"--output={target}"]
            done = subprocesses.run([run, *words], silence_seconds=_SILENCE_SECONDS)
            if done.code:
                raise ToolError(f"The run has no report: {done.last_line or 'no message'}", "samvad report says more.")
    return target
