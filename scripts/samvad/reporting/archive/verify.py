"""Check a job against its own records: every file's checksum, every manifest, and the line from film to film."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from samvad.core import files, outside, stages
from samvad.core.declarations import Stage
from samvad.documents import beside_files, job_manifest
from samvad.documents.job_folder import Job, Record
from samvad.documents.stage_entries import FileRecord
from samvad.reporting import delivery
from samvad.runner import staging
from samvad.runner.attempts import LOOK
from samvad.workflow import notices

#: The command that mends what it can, without the job's folder.
MEND = "./samvad verify --mend"
#: What is found, the gravest first, with the exit code of a command that finds nothing graver.
EXIT_CODES = {"changed": 10, "missing": 11, "invalid": 12, "broken": 13, "stale": 14, "orphaned": 15}
_HARMLESS = ("ok", "removed", "unchecked", "left over")
#: What a stage and the workflow write beside the outputs: no manifest names it.
_STAGE_FILES = frozenset({"manifest.json", "stage.log", "metadata.json", "benchmark.tsv"})
#: Files of the job's folder that no manifest names: its records, and those of what was written or told elsewhere.
_JOB_FILES = frozenset(
    {"manifest.json", "run.json", beside_files.RECORD, delivery.RECORD, delivery.UNDER_WAY, notices.RECORD}
)
#: Locks of the stages, and what people decided: no stage makes these.
_OTHER_FOLDERS = frozenset({".locks", "corrections", "review"})
_ATTEMPT_FILES = frozenset({"manifest.json", "stage.log", "events.jsonl", "performance.jsonl"})
#: The name of a link to the log of an attempt, with the stage's folder.
_LINK = re.compile(r"([0-9]{2}_[a-z0-9_]+)_[0-9]{8}_[0-9]{6}\.log")
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Finding:
    """What is true of one file.

    Attributes:
        status: ``ok``, ``removed`` (deleted on purpose), ``unchecked``, ``left over`` (by what was killed; the next
            attempt takes it away), or a key of ``EXIT_CODES``.
        path: relative to the job's folder, or the file's own path outside it.
        stage: whose file it is, or None for the job's.
        note: what is wrong, for people.
        remedy: what mends it, where something is wrong: a command, or what only people can do.
    """

    status: str
    path: str
    stage: str | None
    note: str = ""
    size_bytes: int | None = None
    checksum: str | None = None
    remedy: str = ""


@dataclass(frozen=True)
class Step:
    """A file that a stage read, found again by its checksum: ``written_by`` is the stage's folder, None outside."""

    read_by: str
    path: str
    checksum: str
    written_by: str | None


@dataclass(frozen=True)
class Report:
    """All that was found of a job; ``lineage`` goes from the last result back to the film."""

    job: Job
    findings: tuple[Finding, ...]
    lineage: tuple[Step, ...]

    @property
    def exit_code(self) -> int:
        """Return the exit code of the gravest finding."""
        found = {finding.status for finding in self.findings}
        return next((code for status, code in EXIT_CODES.items() if status in found), 0)

    def counts(self) -> dict[str, int]:
        """Return how many files were found in each state."""
        found = Counter(finding.status for finding in self.findings)
        return {status: found[status] for status in (*_HARMLESS, *EXIT_CODES) if found[status]}


@dataclass(frozen=True)
class Options:
    """How to verify.

    Attributes:
        film: whether to hash files outside the job's folder, such as the film.
        film_path: where the film lies now, if it has moved.
        may_be_gone: types of outputs that may have been deleted to save space.
    """

    film: bool = True
    film_path: Path | None = None
    may_be_gone: frozenset[str] = frozenset()


class Hasher:
    """Hash files in threads, each file once; always from its bytes, for that is what is in question.

    Args:
        threads: how many files to read at the same time.
        progress: called with the number of bytes of each block that was read.
    """

    def __init__(self, threads: int, progress: Callable[[int], None]) -> None:
        self._progress = progress
        self._threads = threads
        self._known: dict[tuple[int, int], str | OSError] = {}

    def take(self, paths: list[Path]) -> None:
        """Hash the files that are not hashed yet, the largest first, so that none is waited for alone."""
        wanted = {key: path for path in paths if path.is_file() and (key := _identity(path)) not in self._known}
        order = sorted(wanted.values(), key=lambda path: path.stat().st_size, reverse=True)
        with ThreadPoolExecutor(self._threads) as pool:
            for path, checksum in zip(order, pool.map(self._hash, order), strict=True):
                self._known[_identity(path)] = checksum

    def of(self, path: Path) -> str:
        """Return a file's checksum as ``sha256:…``.

        Raises:
            OSError: it cannot be read.
        """
        if _identity(path) not in self._known:
            self.take([path])
        found = self._known[_identity(path)]
        if isinstance(found, OSError):
            raise found
        return found

    def _hash(self, path: Path) -> str | OSError:
        digest, block = hashlib.sha256(), memoryview(bytearray(_BLOCK_BYTES))
        try:
            with path.open("rb", buffering=0) as file:
                while count := file.readinto(block):
                    digest.update(block[:count])
                    self._progress(count)
        except OSError as error:
            return error
        return f"sha256:{digest.hexdigest()}"


def files_of(job: Job, options: Options) -> list[Path]:
    """Return the files that a job's final manifests name and that are to be hashed."""
    return [path for path, *_ in _named(job, options)]


def verify(job: Job, hasher: Hasher, options: Options) -> Report:
    """Check everything that a job's records tell."""
    findings = [
        *_manifests(job),
        *(_file(*named, hasher, options) for named in _named(job, options)),
        *_outside_unread(job, options),
        *_inputs(job),
        *_orphans(job),
    ]
    lineage, broken = _lineage(job)
    told = (replace(found, remedy=_remedy(job, found)) for found in (*findings, *broken))
    return Report(job, tuple(told), lineage)


def _remedy(job: Job, found: Finding) -> str:
    if found.status in _HARMLESS:
        return ""
    if found.status == "orphaned":
        return f"rm -r -- {shlex.quote(str(job.folder / found.path))}"
    if found.status in ("changed", "missing") and found.stage and _maker(found.path) is None:
        return "put the file back, or run the film again: what was made of it is begun anew"
    return f"{MEND} {shlex.quote(str(job.folder))}"


def mend(report: Report) -> list[Path]:
    """Withdraw what is not as it was recorded, and all that was made of it, so that the next run makes it anew.

    What is withdrawn is a stage's final manifest: the results stay where they are until they are made again, and the
    attempt keeps its record. What only people can decide on stays: files that no manifest names, another film.

    Args:
        report: what was found.

    Returns:
        The records that were taken away.
    """
    job = report.job
    faulty = [found for found in report.findings if found.remedy.startswith(MEND)]
    records = {record.path: record for record in job.attempts}
    gone: list[Path] = []
    stages_at_fault = set()
    for found in faulty:
        path = job.folder / found.path
        if path in records:
            _restore_record(job, records[path])
        elif found.stage is not None:
            stages_at_fault.add(found.stage)
    withdrawn = _with_followers(job, stages_at_fault)
    gone += [record.path for name, record in job.final.items() if name in withdrawn]
    if faulty:
        gone.append(job_manifest.path_of(job.folder))  # the next run derives it from what stands
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def _restore_record(job: Job, record: Record) -> None:
    """Write a damaged record of an attempt anew, if the stage's final manifest is of that attempt; else remove it."""
    final = job.final.get(record.stage.name)
    if final is not None and final.valid is not None and final.valid.attempt == record.attempt:
        files.write_bytes(record.path, final.path.read_bytes())
    else:
        record.path.unlink(missing_ok=True)


def _with_followers(job: Job, names: set[str]) -> set[str]:
    """Return stages and all that have read something of theirs, directly or not."""
    found = set(names)
    for record in job.final.values():  # in the order of the stages: what is read was made before
        makers = {maker.name for item in (record.valid.inputs if record.valid else ()) if (maker := _maker(item.path))}
        if makers & found:
            found.add(record.stage.name)
    return found


def _manifests(job: Job) -> Iterator[Finding]:
    if job.problems:
        yield Finding("invalid", "manifest.json", None, "; ".join(job.problems))
    attempts = {(record.stage.name, record.attempt): record for record in job.attempts}
    for record in (*job.final.values(), *job.attempts):
        name = record.path.relative_to(job.folder).as_posix()
        if record.problems:
            yield Finding("invalid", name, record.stage.name, "; ".join(record.problems))
        elif record.manifest is None:
            note = "the attempt was killed before it could write its record"
            yield Finding("unchecked", name, record.stage.name, note)
        elif record.attempt is None and _differs(record, attempts):
            yield Finding("changed", name, record.stage.name, "it is not what its own attempt wrote")
        else:
            yield Finding("ok", name, record.stage.name)
    told = {file.path: file.checksum for file in job.manifest.output.files} if job.manifest else {}
    if job.manifest and not job.problems and told != {item.path: item.checksum for _, item in _outputs(job)}:
        yield Finding("stale", "manifest.json", None, "its list of files is not that of the stages")


def _differs(final: Record, attempts: dict[tuple[str, int | None], Record]) -> bool:
    assert final.manifest is not None
    own = attempts.get((final.stage.name, final.manifest.attempt))
    return own is not None and own.manifest is not None and own.manifest != final.manifest


def _outputs(job: Job) -> list[tuple[Record, FileRecord]]:
    return [(record, item) for record in job.final.values() if record.valid for item in record.valid.outputs]


def _sources(job: Job) -> dict[str, tuple[Record, FileRecord]]:
    """Return the files outside the job that its stages read, by path."""
    found: dict[str, tuple[Record, FileRecord]] = {}
    for record in job.final.values():
        if record.valid:
            for item in record.valid.inputs:
                if _maker(item.path) is None:
                    found.setdefault(item.path, (record, item))
    return found


def _named(job: Job, options: Options) -> list[tuple[Path, Record, FileRecord]]:
    inside = [(_within(job, item.path), record, item) for record, item in _outputs(job)]
    if not options.film:
        return inside
    return [*inside, *((_place(item, options), record, item) for record, item in _sources(job).values())]


def _within(job: Job, path: str) -> Path:
    """Return where a file of the job's folder is; a link that leads out of the folder leads nowhere."""
    try:
        return outside.inside(job.folder, path)
    except (ValueError, OSError, RuntimeError):
        return job.folder / path / "(a link that leads out of the job's folder)"


def _place(item: FileRecord, options: Options) -> Path:
    return options.film_path if item.type == "film" and options.film_path else Path(item.path)


def _file(path: Path, record: Record, item: FileRecord, hasher: Hasher, options: Options) -> Finding:
    def finding(status: str, note: str = "") -> Finding:
        return Finding(status, item.path, record.stage.name, note, item.size_bytes, item.checksum)

    try:
        size = path.stat().st_size if path.is_file() else None
        if size is None:
            if item.type in options.may_be_gone:
                return finding("removed", "deleted, as the options allow")
            return finding("missing", f"there is no {path}" if str(path) != item.path else "")
        if size != item.size_bytes:
            return finding("changed", f"{size} bytes instead of {item.size_bytes}")
        if hasher.of(path) != item.checksum:
            return finding("changed", "other bytes than were recorded")
    except OSError as error:
        return finding("missing", f"it cannot be read ({error.strerror})")
    return finding("ok")


def _outside_unread(job: Job, options: Options) -> Iterator[Finding]:
    if not options.film:
        for path, (record, item) in _sources(job).items():
            note = "outside the job's folder: left out"
            yield Finding("unchecked", path, record.stage.name, note, item.size_bytes, item.checksum)


def _inputs(job: Job) -> Iterator[Finding]:
    """Compare what each stage read with what its producer has written."""
    films = {source.checksum for source in job.film_records()}
    for record in job.final.values():
        for item in record.valid.inputs if record.valid else ():
            producer = _maker(item.path)
            if producer is None:
                if item.type == "film" and item.checksum not in films:
                    yield Finding("broken", item.path, record.stage.name, "another film than stage 01 read")
            elif item.checksum not in _written(job.final.get(producer.name), item.path):
                attempts = [other for other in job.attempts if other.stage is producer]
                once = any(item.checksum in _written(other, item.path) for other in attempts)
                note = f"stage {record.stage.name} read " + (
                    "an earlier version; run the job again" if once else "what no stage has written"
                )
                yield Finding("stale" if once else "broken", item.path, record.stage.name, note)


def _maker(path: str) -> Stage | None:
    """Return the stage in whose folder a recorded path lies, or None for a file from outside the job."""
    return next((stage for stage in stages.STAGES if path.startswith(f"{stage.folder}/")), None)


def _written(record: Record | None, path: str) -> set[str]:
    if record is None or record.valid is None:
        return set()
    return {item.checksum for item in record.valid.outputs if item.path == path}


def _orphans(job: Job) -> Iterator[Finding]:
    named = {item.path for _, item in _outputs(job)}
    once = {item.path for record in job.attempts if record.valid for item in record.valid.outputs}
    folders = {stage.folder: stage for stage in stages.STAGES}
    for path in sorted(job.folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        relative = path.relative_to(job.folder)
        name, parts = relative.as_posix(), relative.parts
        stage = folders.get(parts[0])
        if stage is None:
            known = len(parts) == 1 and parts[0] in _JOB_FILES
            known |= len(parts) == 2 and parts[0] == "logs" and (parts[1].startswith("99_") or _is_link(job, path))
            known |= len(parts) == 2 and parts[0] in _OTHER_FOLDERS
        elif len(parts) == 2:
            known = parts[1] in _STAGE_FILES or name in named
        else:
            known = (len(parts) == 4 and parts[1] == "attempts" and parts[3] in _ATTEMPT_FILES) or name in named
        half = stage is not None and len(parts) > 1 and parts[1].startswith(".work-")
        if not known and not half and _is_left(parts):
            note = "of a process that was killed; the stage's next attempt takes it away"
            yield Finding("left over", name, stage.name if stage else None, note, path.lstat().st_size)
        elif not known and name in once:
            done = stage is not None and stage.name in job.final
            note = "an earlier attempt made it" if done else "the stage is to be done again"
            yield Finding("unchecked", name, stage.name if stage else None, note, path.lstat().st_size)
        elif not known:
            note = "left by an attempt that was killed" if half else "no manifest names it"
            yield Finding("orphaned", name, stage.name if stage else None, note, path.lstat().st_size)


def _is_link(job: Job, path: Path) -> bool:
    """Say whether a file in ``logs`` is a link to the log of an attempt (the key ``logs.per_stage_links``)."""
    match = _LINK.fullmatch(path.name)
    if match is None or not path.is_symlink():
        return False
    target = path.readlink()
    return target.parts[:3] == ("..", match[1], "attempts") and target.name == "stage.log" and path.is_file()


def _is_left(parts: tuple[str, ...]) -> bool:
    """Return whether a file is what a process leaves that is killed while it writes a record."""
    written = files.temporary_of(parts[-1])
    if len(parts) == 1:
        return written in staging.JOB_RECORDS
    if parts[0] == "logs":
        return len(parts) == 2 and (written or "").startswith("99_")
    inside = len(parts) == 2 or (len(parts) == 4 and parts[1] == "attempts")
    looked = len(parts) == 3 and parts[1] == "attempts" and parts[2].startswith(LOOK)
    return looked or (inside and (written in staging.STAGE_RECORDS or parts[-1].startswith(files.MOVING)))


def _lineage(job: Job) -> tuple[tuple[Step, ...], list[Finding]]:
    """Walk from the job's last result to the film by checksum alone; return the steps, and where they end too soon."""
    done = [record for record in job.final.values() if record.valid and record.valid.outputs]
    made = [record for record in done if _comes_from_film(record.stage)]
    if not made:
        return (), []
    waiting, steps = [made[-1]], []
    seen = {made[-1].stage.name}
    while waiting:
        reader = waiting.pop(0)
        for item in reader.valid.inputs if reader.valid else ():
            producer = _producer(job, item)
            written_by = producer.stage.folder if producer else None
            steps.append(Step(reader.stage.folder, item.path, item.checksum, written_by))
            if producer and producer.stage.name not in seen:
                seen.add(producer.stage.name)
                waiting.append(producer)
    films = {film.checksum for film in job.film_records()}
    if any(step.checksum in films for step in steps):
        return tuple(steps), []
    result = made[-1].valid.outputs[-1].path if made[-1].valid else made[-1].stage.folder
    return tuple(steps), [Finding("broken", result, made[-1].stage.name, "its checksums do not lead back to a film")]


def _comes_from_film(stage: Stage) -> bool:
    """Return whether a stage's results must lead back to the film; a glossary may be made of glossaries alone."""
    return stage.number == 1 or any(_comes_from_film(stages.BY_NAME[name]) for name in stage.needs)


def _producer(job: Job, item: FileRecord) -> Record | None:
    """Return who wrote the bytes that were read; of several, the one that wrote them to that path."""
    found = [(record, output) for record, output in _outputs(job) if output.checksum == item.checksum]
    return next((record for record, output in found if output.path == item.path), found[0][0] if found else None)


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
