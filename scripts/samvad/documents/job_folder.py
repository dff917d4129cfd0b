"""Find jobs below folders and read what their stages wrote: the final manifests and those of every attempt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from samvad.core import outside, schemas, stages, typed_json
from samvad.core.declarations import Stage
from samvad.core.errors import ConfigurationError
from samvad.documents import job_manifest, run_record, stage_manifest
from samvad.documents.job_manifest import JobManifest
from samvad.documents.run_record import RunRecord
from samvad.documents.stage_entries import FileRecord
from samvad.documents.stage_manifest import StageManifest

T = TypeVar("T")


@dataclass(frozen=True)
class Record:
    """A manifest's file.

    Attributes:
        path: where it lies.
        stage: the stage whose folder it lies in.
        attempt: the attempt whose folder it lies in; None for a stage's final manifest.
        manifest: None where it is missing (an attempt that was killed) or cannot be read as one.
        problems: in what ways it breaks its schema or contradicts itself.
    """

    path: Path
    stage: Stage
    attempt: int | None
    manifest: StageManifest | None
    problems: tuple[str, ...]

    @property
    def valid(self) -> StageManifest | None:
        """Return the manifest if what it says can be relied upon."""
        return None if self.problems else self.manifest


@dataclass(frozen=True)
class Job:
    """A job's folder with all that its stages wrote."""

    folder: Path
    run: RunRecord | None
    manifest: JobManifest | None
    problems: tuple[str, ...]
    final: dict[str, Record]
    attempts: tuple[Record, ...]

    @property
    def film(self) -> str:
        """Return the film's id, as well as the records tell it."""
        told = [record.valid.film for record in (*self.final.values(), *self.attempts) if record.valid]
        return (self.run.film if self.run else "") or next(iter(told), self.folder.parent.name)

    @property
    def title(self) -> str:
        """Return the film's title, or an empty text where it is not known."""
        return self.run.title if self.run else ""

    def film_records(self) -> list[FileRecord]:
        """Return each different film that stage 01 has read for this job, the last one first."""
        found: dict[str, FileRecord] = {}
        for record in [*self.final.values(), *reversed(self.attempts)]:
            if record.valid and (source := record.valid.film_file()):
                found.setdefault(source.checksum, source)
        return list(found.values())


def find(places: Iterable[Path]) -> list[Path]:
    """Return the job folders at or below the given folders, sorted, each once.

    Raises:
        ConfigurationError: a place does not exist, or there is no job at or below it.
    """
    found: set[Path] = set()
    for place in places:
        if not place.is_dir():
            raise ConfigurationError(f"{place} is not a folder.", "Name a job's folder, or one above jobs.")
        below = set(_below(place.resolve()))
        if not below:
            raise ConfigurationError(f"There is no job at or below {place}.", "A job's folder is …/YYYY/MM/DD/USER/N.")
        found |= below
    return sorted(found, key=_in_order)


def load(folder: Path) -> Job:
    """Read a job's records; what cannot be read is told in ``problems``, not raised."""
    final, attempts = {}, []
    for stage in stages.STAGES:
        path = folder / stage.folder / "manifest.json"
        if path.is_file():
            final[stage.name] = _read(path, stage, None)
        place = folder / stage.folder / "attempts"
        numbers = sorted(int(entry.name) for entry in place.glob("*/") if entry.name.isascii() and entry.name.isdigit())
        attempts += [_read(place / f"{number:02d}" / "manifest.json", stage, number) for number in numbers]
    path = job_manifest.path_of(folder)
    manifest, problems = _checked(path, JobManifest, "job_manifest") if path.exists() else (None, [])
    return Job(folder, run_record.read_optional(folder), manifest, tuple(problems), final, tuple(attempts))


def _below(folder: Path) -> Iterator[Path]:
    if _is_job(folder):
        yield folder
        return
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink() and not entry.name.startswith("."):
            yield from _below(entry)


def _is_job(folder: Path) -> bool:
    return folder.name.isdigit() and (
        run_record.path_of(folder).is_file() or any((folder / stage.folder).is_dir() for stage in stages.STAGES)
    )


def _in_order(folder: Path) -> tuple[Path, int]:
    return folder.parent, int(folder.name)


def _read(path: Path, stage: Stage, attempt: int | None) -> Record:
    if not path.exists():
        return Record(path, stage, attempt, None, ())
    manifest, problems = _checked(path, StageManifest, "stage_manifest")
    if manifest is not None and not problems:
        problems = stage_manifest.contradictions(manifest)
        if not problems and manifest.stage != stage.name:
            problems = [f"it is of stage {manifest.stage}"]
        if not problems and attempt not in (None, manifest.attempt):
            problems = [f"it is of attempt {manifest.attempt}"]
    return Record(path, stage, attempt, manifest, tuple(problems))


def _checked(path: Path, kind: type[T], schema: str) -> tuple[T | None, list[str]]:
    """Return a document as far as it can be read, and in what ways it breaks its schema."""
    try:
        value = outside.json_value(outside.read_bytes(path))
    except (OSError, ValueError) as error:
        return None, [f"it cannot be read as JSON ({error})"]
    problems = schemas.problems(value, schema)
    try:
        return typed_json.parse(kind, value), problems
    except typed_json.ShapeError as error:
        return None, problems or [str(error)]
