"""Follow a Snakemake run from its one main process: the pipeline's log, ``run.json`` and each job's manifest.

Snakemake tells its logger of every job that starts, ends or fails, also of those on a cluster. One handler there is
the only writer of these files, so that stages never race for them.
"""

from __future__ import annotations

import getpass
import logging
import os
import platform
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from samvad import files, job, stages, times
from samvad.attempt import last_run_id, new_run_id
from samvad.config import Film
from samvad.errors import SamvadError

#: With more films than this in a run, each gets one line at its end.
_FULL_SUMMARIES = 3


@dataclass
class _Job:
    """A film's job in this run."""

    film: Film
    folder: Path
    wanted: list[str]
    log: logging.Logger
    running: dict[str, str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    began: datetime = field(default_factory=datetime.now)
    last: datetime = field(default_factory=datetime.now)


class PipelineHandler(logging.Handler):
    """Listen to Snakemake's events and keep the records of each job that they concern.

    Args:
        films: the films by job folder (``YYYY/MM/DD/USER/N``).
        wanted: for each job folder, the stages that the film is to go through.
        output_root: where the job folders are.
        cache: settings of the cache of results, or None.
    """

    def __init__(
        self, films: dict[str, Film], wanted: Any, output_root: Path, cache: dict[str, Any] | None = None
    ) -> None:
        super().__init__(logging.INFO)
        self._films = films
        self._wanted = wanted
        self._output_root = output_root.resolve()
        self._cache = cache
        self._jobs: dict[str, _Job] = {}
        self._stages: dict[int, tuple[str, str]] = {}
        self._start = datetime.now()

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of an event. A full disk must not end the run from here: stages report it themselves."""
        try:
            self._take(record)
        except (OSError, SamvadError) as error:
            sys.stderr.write(f"samvad: the job's records could not be written: {error}\n")

    def finish(self) -> None:
        """Write the last line of each job's log, and print where its results are.

        Who prints that anyway (the Makefile does, also when there was nothing to do) sets SAMVAD_SUMMARY=no.
        """
        show = os.environ.get("SAMVAD_SUMMARY") != "no"
        brief = len(self._jobs) > _FULL_SUMMARIES
        failures = []
        for found in self._jobs.values():
            found.running.clear()
            failures += [
                f"  {found.film.film}, {stages.BY_NAME[stage].folder}: {job.failure_reason(found.folder, stage)}"
                for stage in found.failed
            ]
            try:
                manifest = job.write(found.folder, found.wanted, {})
                status = manifest["pipeline"]["status"]
                found.log.info("Job finished: %s (%.1f s)", status, (found.last - found.began).total_seconds())
                if show or found.failed:
                    line = f"{found.film.title} ({status}): {found.folder}"
                    sys.stderr.write((line if brief else "\n" + job.summary(found.folder)) + "\n")
            except (OSError, SamvadError) as error:
                sys.stderr.write(f"samvad: the job's records could not be written: {error}\n")
        if failures:
            sys.stderr.write("\nFailed:\n" + "\n".join(failures) + "\n")

    def _take(self, record: logging.LogRecord) -> None:
        event = str(getattr(record, "event", None) or "")
        if event == "job_info" and record.__dict__.get("rule_name") in stages.BY_NAME:
            self._started(record.__dict__["jobid"], record.__dict__["rule_name"], record.__dict__["wildcards"]["job"])
        elif event == "job_finished" and record.__dict__.get("job_id") in self._stages:
            self._ended(record.__dict__["job_id"], failed=False)
        elif event == "job_error" and record.__dict__.get("jobid") in self._stages:
            self._ended(record.__dict__["jobid"], failed=True)

    def _started(self, number: int, stage: str, folder: str) -> None:
        found = self._jobs.get(folder) or self._begin(folder)
        self._stages[number] = (folder, stage)
        found.running[stage] = times.utc_now()
        found.log.info("Stage %s: started", stage)
        job.write(found.folder, found.wanted, found.running)

    def _ended(self, number: int, *, failed: bool) -> None:
        folder, stage = self._stages[number]
        found = self._jobs[folder]
        found.running.pop(stage, None)
        found.last = datetime.now()
        manifest = job.write(found.folder, found.wanted, found.running)
        state = manifest["stages"][stage]
        if failed:
            found.failed.append(stage)
            found.log.error("Stage %s: failed: %s", stage, job.failure_reason(found.folder, stage))
        else:
            found.log.info("Stage %s: %s (%.1f s)", stage, state["status"], state["duration_seconds"] or 0.0)

    def _begin(self, folder: str) -> _Job:
        film = self._films[folder]
        place = self._output_root / folder
        files.write_json(
            place / "run.json",
            {
                "run_id": new_run_id(film.film),
                "parent_run_id": last_run_id(place),
                "workflow": film.workflow,
                "film": film.film,
                "title": film.title,
                "year": film.year,
                "media": film.media,
                "cache": self._cache,
            },
        )
        log = _file_logger(place / "logs" / f"99_pipeline_{self._start:%Y%m%d_%H%M%S}.log", folder)
        found = self._jobs[folder] = _Job(film, place, self._wanted(film), log)
        log.info("Job received: %s (%s), %s", film.film, film.title, film.media)
        log.info("Started by %s on %s", getpass.getuser(), platform.node())
        return found


def _file_logger(path: Path, name: str) -> logging.Logger:
    with files.disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("[%(asctime)s] [pipeline] [%(levelname)s] %(message)s", "%Y-%m-%d %H:%M:%S"))
    log = logging.getLogger(f"samvad.pipeline.{os.getpid()}.{name.replace('.', '_')}")
    log.propagate = False
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    return log
