"""Where a stage works, and what it reads from elsewhere: scratch disks, and files that show late on shared disks."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path

from samvad.core import files, this_machine, variables
from samvad.core.errors import ChangedFileError
from samvad.documents import stage_manifest
from samvad.documents.stage_entries import FileRecord
from samvad.documents.stage_manifest import StageManifest
from samvad.runner.attempts import LOOK
from samvad.runner.result_cache import ResultCache

log = logging.getLogger(__name__)

_POLL_SECONDS = 1.0
#: What a killed attempt may leave in a stage's folder, beside temporary files of its records.
LEFT = (".work-*", f"{files.MOVING}*", ".back-*", f"attempts/{LOOK}*")
#: What is written atomically, by a stage into its folder, and by the run into the job's.
STAGE_RECORDS, JOB_RECORDS = frozenset({"manifest.json", "metadata.json"}), frozenset({"manifest.json", "run.json"})


def new_work_folder(folder: Path, attempt: int) -> Path:
    """Make the folder in which an attempt writes: on the scratch disk, if there is one, else beside its results.

    What killed attempts of the stage have left is taken away: in the stage's folder, and on this machine's scratch.

    Args:
        folder: the stage's folder.
        attempt: number of the attempt.

    Raises:
        DiskError: it cannot be made.
    """
    for left in [left for pattern in LEFT for left in folder.glob(pattern)]:
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)  # what a killed attempt started may still write there
        else:
            left.unlink(missing_ok=True)
    files.sweep(folder, STAGE_RECORDS, alone=True)
    for other in folder.glob("attempts/*"):
        if other.name != f"{attempt:02d}":
            files.sweep(other, STAGE_RECORDS, alone=True)
    files.sweep(folder.parent, JOB_RECORDS)  # the run that is at work writes there, too
    scratch = _scratch()
    if scratch is not None:
        name = f"samvad-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}-"
        for left in scratch.glob(f"{name}*"):
            shutil.rmtree(left, ignore_errors=True)
        try:
            return Path(tempfile.mkdtemp(prefix=f"{name}{attempt:02d}-", dir=scratch))
        except OSError as error:
            log.debug("No scratch folder in %s: %s", scratch, error)
    return local_workdir(folder, attempt)


def local_workdir(folder: Path, attempt: int) -> Path:
    """Make the folder in which an attempt writes on the disk of its results.

    Raises:
        DiskError: it cannot be made.
    """
    work = folder / f".work-{attempt:02d}"
    with files.disk_errors(work):
        work.mkdir(parents=True)
    return work


def _scratch() -> Path | None:
    """Return the scratch folder of this machine, or None where none is named, or the one that is cannot be had."""
    named = os.environ.get(variables.SCRATCH, "")
    place = os.path.expandvars(os.path.expanduser(named))  # noqa: PTH111 -- beside expandvars
    if not place or "$" in place:  # a variable that is not set here
        return None
    try:
        Path(place).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        log.debug("No scratch folder: %s", error)
        return None
    return Path(place).absolute()


def resolve_output(
    manifest_path: Path, kind: str, job_folder: Path, cache: ResultCache | None = None
) -> tuple[FileRecord, Path, os.stat_result] | None:
    """Return the record, the path and the state of a stage's output, after a check that it is what its maker wrote.

    A file that was deleted comes back from the cache of results, where that has it.

    A file that was made on another machine may show late, or with the size that it had before, on a shared disk. It is
    waited for, and so is a newer manifest than the one that shows; a file of this machine's is never waited for.

    Args:
        manifest_path: the maker's manifest.
        kind: type of the output.
        job_folder: the job's folder.
        cache: where results are kept, or None.

    Returns:
        None where the maker made no such file.

    Raises:
        ChangedFileError: the file is gone, or is not what its maker wrote; says what mends it.
    """
    started = time.monotonic()
    said = False
    while True:
        manifest = stage_manifest.read(manifest_path)
        output = manifest.output(kind)
        if output is None:
            return None
        path = job_folder / output.path
        try:
            return output, path, _check_unchanged(path, output, manifest.stage)
        except ChangedFileError as error:
            if cache is not None and not path.exists() and _restore_file(cache, manifest, output, path):
                continue
            waited = time.monotonic() - started
            is_here = manifest.host.name == this_machine.node()
            if is_here or waited >= float(os.environ.get(variables.WAIT_SECONDS) or 0):
                raise
            if not said:
                log.info("Waiting for a file that was made on %s: %s", manifest.host.name, error.what)
                said = True
        _refresh(path)
        time.sleep(_POLL_SECONDS)


def _restore_file(cache: ResultCache, manifest: StageManifest, output: FileRecord, path: Path) -> bool:
    """Bring a deleted file back from the cache of results, to the byte what it was; return whether it is there."""
    key = manifest.cache.key
    if key is None or not cache.restore_file(key, output.checksum, path):
        return False
    log.info("%s, made by stage %s, was gone: brought back from the cache of results", path, manifest.stage)
    return True


def _refresh(path: Path) -> None:
    """Make a network file system ask its server again: opening and listing do, where asking for a size may not."""
    try:
        os.listdir(path.parent)  # noqa: PTH208 -- the names are of no interest
        with path.open("rb") as file:
            os.fstat(file.fileno())
    except OSError:
        return


def is_same(one: os.stat_result, other: os.stat_result) -> bool:
    """Say whether two looks at a file saw the same one, with the same content."""
    return os.path.samestat(one, other) and (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def _check_unchanged(path: Path, output: FileRecord, maker: str) -> os.stat_result:
    remedy = f"Run the same command again: it does stage {maker} anew."
    try:
        with files.disk_errors(path, "read"):
            status = path.stat()
    except FileNotFoundError:
        raise ChangedFileError(f"{path}, made by stage {maker}, is gone.", remedy, path=str(path)) from None
    if (status.st_size, status.st_mtime_ns) == (output.size_bytes, output.mtime_ns):
        return status
    with files.disk_errors(path, "read"):
        changed = status.st_size != output.size_bytes or files.sha256_of(path) != output.checksum
    if changed:
        raise ChangedFileError(f"{path} is not what stage {maker} wrote.", remedy, path=str(path))
    return status
