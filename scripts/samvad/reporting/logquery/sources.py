"""Find the event logs below folders: merged ones of runs, and those of attempts that no run has merged."""

from __future__ import annotations

import glob
import logging
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from samvad.core import outside, stages
from samvad.core.errors import ConfigurationError

log = logging.getLogger(__name__)

#: What a log holds: events of a run, merged, or of one attempt; and the same of figures (the performance channel).
RUN, ATTEMPT, PERFORMANCE, ATTEMPT_PERFORMANCE = "run", "attempt", "performance", "attempt performance"
#: Of each of these, lines that the other kind has as well count once: what a run merges stays where it was.
MERGED_FROM = {RUN: ATTEMPT, PERFORMANCE: ATTEMPT_PERFORMANCE}
FIGURES = (PERFORMANCE, ATTEMPT_PERFORMANCE)

_STAGE_FOLDERS = frozenset(stage.folder for stage in stages.STAGES)
_END = re.compile(rb'"event": ?"job_finished"')
_TAILS_BYTES = (1 << 12, 1 << 17)  # a run's end is its log's last line or nearly so
_DEEPEST = 12  # an output root is five folders above its jobs; more than this is somebody's whole disk


@dataclass(frozen=True)
class Source:
    """A log file, and what tells whether it has changed since it was read."""

    path: str
    kind: str
    size: int
    mtime_ns: int


def find(places: Iterable[str], *, performance: bool = False) -> list[Source]:
    """Return the logs at the given places, each once, sorted by path.

    Args:
        places: job folders, folders with jobs anywhere below, log files, or patterns of any of these.
        performance: whether to return the performance channel too.

    Raises:
        ConfigurationError: a place does not exist.
    """
    found: dict[str, Source] = {}
    for place in places:
        for path in _expand(place):
            whole = os.path.realpath(path)
            logs = _below(whole, performance, _DEEPEST) if path.is_dir() else _source(whole)
            found.update((source.path, source) for source in logs)
    return [found[path] for path in sorted(found)]


def job_folder(log: str) -> Path:
    """Return the job folder that a log lies in: its own folder where it lies in none."""
    path = Path(log)
    if path.parent.name == "logs":
        return path.parent.parent
    if path.parent.parent.name == "attempts":
        return path.parents[3]
    return path.parent


def _expand(place: str) -> list[Path]:
    if os.path.lexists(place):
        return [Path(place)]
    found = sorted(glob.glob(place, recursive=True)) if glob.has_magic(place) else []
    if not found:
        raise ConfigurationError(
            f"There is nothing at {place}." if place else "An empty text is no path.",
            "Name a job folder, the folder of all jobs (output_root, such as out), or .jsonl files.",
            path=place,
        )
    return [Path(path) for path in found]


def _below(folder: str, performance: bool, depth: int) -> Iterator[Source]:
    try:
        with os.scandir(folder) as listing:
            entries = list(listing)
    except OSError:  # not ours to read, or gone since it was listed
        return
    folders = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
    if "logs" in folders or folders & _STAGE_FOLDERS:
        yield from _of_job(folder, folders, performance)
        return
    for entry in entries:
        if entry.name in folders:
            if depth and not entry.name.startswith("."):
                yield from _below(entry.path, performance, depth - 1)
        elif entry.name.endswith(".jsonl"):
            yield from (log for log in _source(entry.path) if performance or log.kind not in FIGURES)


def _of_job(folder: str, folders: set[str], performance: bool) -> Iterator[Source]:
    logs = [found for found in _listed(f"{folder}/logs") if performance or found.kind not in FIGURES]
    yield from logs
    runs = [log for log in logs if log.kind == RUN]
    merged_ns = max(log.mtime_ns for log in runs) if runs and all(_ended(log) for log in runs) else -1
    for name in sorted(folders & _STAGE_FOLDERS):
        try:
            if os.stat(f"{folder}/{name}/attempts").st_mtime_ns <= merged_ns:
                continue  # no attempt was begun since all was merged
            attempts = sorted(os.listdir(f"{folder}/{name}/attempts"))
        except OSError:
            continue
        for number in attempts:
            own = _listed(f"{folder}/{name}/attempts/{number}")
            yield from (log for log in own if performance or log.kind not in FIGURES)


def _listed(folder: str) -> list[Source]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [log for name in names if name.endswith(".jsonl") for log in _source(f"{folder}/{name}")]


def _source(path: str) -> list[Source]:
    """Return the log at a path, or nothing where it cannot be read."""
    try:
        status = os.stat(path)
        outside.check_kind(Path(path))
    except outside.UnfitFileError as error:
        log.warning("%s It is passed over.", error)
        return []
    except OSError:
        return []
    if status.st_size > outside.LARGEST_LOG_BYTES:
        log.warning("The log %s is larger than any, and passed over.", path)
        return []
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ConfigurationError(
            f"The name of the log {path!r} is not UTF-8.", "Rename the folder that it lies in."
        ) from None
    return [Source(path, _kind(path), status.st_size, status.st_mtime_ns)]


def _kind(path: str) -> str:
    folder, name = os.path.split(path)
    kind = PERFORMANCE if "performance" in name else RUN
    return MERGED_FROM[kind] if os.path.basename(os.path.dirname(folder)) == "attempts" else kind


def _ended(log: Source) -> bool:
    """Return whether a run's log ends with the run: otherwise it goes on now, or was killed."""
    try:
        with open(log.path, "rb", buffering=0) as file:
            for tail in _TAILS_BYTES:
                file.seek(max(0, log.size - tail))
                if _END.search(file.read(tail)):
                    return True
            return False
    except OSError:
        return False
