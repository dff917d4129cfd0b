"""Where one attempt of a stage lives: its number and folder, and the run that it belongs to."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from samvad.core import files, locks, outside
from samvad.core.errors import ConfigurationError, SupersededError
from samvad.documents import provenance, run_record, stage_manifest
from samvad.documents.run_record import RunRecord
from samvad.documents.stage_entries import FileRecord
from samvad.documents.stage_manifest import Option
from samvad.runner import slurm

#: How the names of files begin by which a folder on a network disk is looked at anew.
LOOK = ".look-"


def next_attempt(folder: Path) -> tuple[int, Path]:
    """Make the folder of a stage's next attempt, and return its number and path.

    Raises:
        DiskError: it cannot be made.
    """
    with files.disk_errors(folder):
        (folder / "attempts").mkdir(parents=True, exist_ok=True)
        attempt = max(_numbers(folder), default=0) + 1
        while True:
            attempt_folder = folder / "attempts" / f"{attempt:02d}"
            try:
                attempt_folder.mkdir()
                return attempt, attempt_folder
            except FileExistsError:  # another machine's, which does not show yet
                attempt += 1


def _numbers(folder: Path) -> list[int]:
    """Return the numbers of a stage's attempts, as the disk has them now.

    A network disk may show what was in a folder some seconds ago. What changes the folder makes it look again.
    """
    attempts = folder / "attempts"
    handle, name = tempfile.mkstemp(dir=attempts, prefix=LOOK)
    os.close(handle)
    Path(name).unlink()
    return [int(entry.name) for entry in attempts.iterdir() if entry.name.isdigit()]


def shortages(folder: Path, run_id: str, attempt: int) -> int:
    """Return how many attempts of a stage in this run ended for want of memory, or were killed, before this one.

    The kernel that ends a process for want of memory lets it say nothing: so an attempt without a record counts.

    Args:
        folder: the stage's folder.
        run_id: the run at work.
        attempt: number of this attempt.
    """
    found = 0
    for number in range(attempt - 1, 0, -1):
        place = folder / "attempts" / f"{number:02d}"
        record = stage_manifest.read_optional(place / "manifest.json")
        run = record.run_id if record else _run_of(place)
        if run != run_id:
            break
        found += record is None or any(error.category == "out_of_memory" for error in record.errors)
    return found


def put_back(folder: Path) -> bool:
    """Give a stage the record of its last success again, where all that it made then is still as it was.

    Snakemake takes away what it is about to make anew. Where that could not even begin, what was made before stands.

    Args:
        folder: the stage's folder, without a manifest.

    Returns:
        Whether the record is there.
    """
    for place in sorted((folder / "attempts").glob("[0-9]*"), key=lambda path: path.name.zfill(9), reverse=True):
        record = stage_manifest.read_optional(place / "manifest.json")
        if record is not None and record.done:
            if all(_is_untouched(folder.parent / made.path, made) for made in record.outputs):
                stage_manifest.write(record, folder / "manifest.json")
                return True
            return False
    return False


def _is_untouched(path: Path, made: FileRecord) -> bool:
    try:
        there = path.stat()
    except OSError:
        return False
    return (there.st_size, there.st_mtime_ns) == (made.size_bytes, made.mtime_ns)


def _run_of(attempt_folder: Path) -> str | None:
    """Return the run that an attempt belongs to, as the first of its events says."""
    try:
        with outside.open_regular(attempt_folder / "events.jsonl") as file:
            value = outside.json_value(file.readline(1 << 20))
    except (OSError, ValueError):
        return None
    run = value.get("run_id") if isinstance(value, dict) else None
    return run if isinstance(run, str) else None


def job_id(job_folder: Path) -> str:
    """Return the job's name: ``USER/N``."""
    return "/".join(job_folder.parts[-2:])


def claim(job_folder: Path, stage_folder: str) -> AbstractContextManager[None]:
    """Return a lock under which an attempt of a stage begins, and under which it moves its results into place.

    Two attempts of a stage can live at once: where Snakemake was killed and its stage was not, for one. The later one
    takes the stage over when it begins; the earlier one finds that out before it moves anything.
    """
    return locks.exclusive(job_folder.resolve() / ".locks" / stage_folder)


def check_newest(folder: Path, attempt: int) -> None:
    """Make sure that no later attempt has taken a stage over.

    Raises:
        SupersededError: one has.
    """
    newest = max(_numbers(folder), default=attempt)
    if newest > attempt:
        raise SupersededError(
            f"Attempt {attempt} has been overtaken by attempt {newest}, which makes the results.",
            "Nothing is to be done.",
            path=str(folder),
        )


def resume(
    folder: Path, job_folder: Path, run_id: str | None, config: Mapping[str, Option], code: provenance.RanCode
) -> bool:
    """Bring back what a stage made earlier in the same run, if it still holds; say whether it did.

    Stages that go to a cluster as one job are tried again as one, also those that were done: Snakemake takes their
    manifests away, but what they made is there. A run whose id was given from outside may be another run than it says.

    Args:
        folder: the stage's folder.
        job_folder: the job's folder.
        run_id: the run at work.
        config: the stage's options.
        code: the stage's code as it is now.
    """
    numbered = (path for path in folder.glob("attempts/*") if path.name.isdigit())
    attempts = sorted(numbered, key=lambda path: int(path.name))
    if not attempts or slurm.JOB_VARIABLE not in os.environ or os.environ.get("SAMVAD_RUN_ID"):
        return False
    last = attempts[-1] / "manifest.json"
    manifest = stage_manifest.read_optional(last)
    if manifest is None or not manifest.done:
        return False
    made_by = (manifest.run_id, manifest.config, manifest.software.code, manifest.software.lock_hash)
    if made_by != (run_id, config, code.code, code.lock_hash):
        return False
    try:
        there = all(_is_there(job_folder, made) for made in manifest.outputs)
        if not there or not all(_is_still_made(job_folder, read) for read in manifest.inputs):
            return False
        content = outside.read_bytes(last)
    except OSError:
        return False
    files.write_bytes(folder / "manifest.json", content)
    return True


def _is_there(job_folder: Path, made: FileRecord) -> bool:
    status = (job_folder / made.path).stat()
    same = (status.st_size, status.st_mtime_ns) == (made.size_bytes, made.mtime_ns)
    known = made.ctime_ns is not None  # of a file that no stage made
    return same and (not known or (status.st_ino, status.st_ctime_ns) == (made.inode, made.ctime_ns))


def _is_still_made(job_folder: Path, read: FileRecord) -> bool:
    """Say whether an input is what it was: another stage's output by its manifest, any other file by size and time."""
    if Path(read.path).is_absolute():
        return _is_there(job_folder, read)
    maker = stage_manifest.read_optional(job_folder / Path(read.path).parts[0] / "manifest.json")
    return maker is not None and any((made.path, made.checksum) == (read.path, read.checksum) for made in maker.outputs)


def new_run_id(film: str) -> str:
    """Return ``{film}_{YYYYMMDDTHHMMSSZ}_{six of a-z0-9}``."""
    alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{film}_{stamp}_{''.join(secrets.choice(alphabet) for _ in range(6))}"


def given_id(variable: str, pattern: str, example: str) -> str | None:
    """Return an id that was given in the environment, or None where none was.

    Raises:
        ConfigurationError: it has characters that an id must not have.
    """
    value = os.environ.get(variable, "")
    if value and not re.fullmatch(pattern, value):
        raise ConfigurationError(
            f"The variable {variable} is {value!r}, which is no id.",
            f"Begin with a letter or digit, go on with letters, digits and . _ - (at most 128), such as {example}.",
        )
    return value or None


def run_facts(job_folder: Path, film: str) -> RunRecord:
    """Return the record of the run that the workflow wrote down for this job, or that of a run by hand.

    Raises:
        ConfigurationError: the film id or the job folder is not one.
        SamvadError: the record is damaged.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", film):
        raise ConfigurationError(f"--film {film!r} is not a film id.", "Use small letters, digits, - and _.")
    if len(job_folder.parts) < 3 or not job_folder.name.isdigit():
        raise ConfigurationError(f"--job-folder {job_folder} is not a job folder.", "It ends in USER/N.")
    with files.disk_errors(job_folder, "written"):
        if not run_record.path_of(job_folder).exists():
            return RunRecord(run_id=new_run_id(film), film=film)
    return run_record.read(job_folder)
