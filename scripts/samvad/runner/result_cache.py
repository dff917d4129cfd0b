"""Reuse what a stage made before, for any job, from a content-addressed cache.

A result is found by everything that it depends on: the stage, its code, the locks of its environment, its options, the
checksums of its inputs, and the programs and models that it uses. Snakemake's own cache between workflows stores
declared outputs alone; a stage of Samvad declares its manifest, which is never the same twice.

An entry is a folder ``<cache>/<first two digits>/<key>/`` with the stage's files and ``entry.json``. It is made beside
its place and moved there whole, and every file is hashed again before it is used, the record by the checksum that it
begins with, so that an entry may be deleted or damaged at any time: then the stage does its work. What is damaged is
set aside in ``<cache>/damaged/`` and named. No failure of the cache ever fails a stage.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import files, locks, outside, typed_json
from samvad.core.computing import Engine
from samvad.core.errors import SamvadError
from samvad.documents.media_facts import MediaFacts
from samvad.documents.provenance import Model
from samvad.documents.stage_entries import IntermediateFile, Lack, Metric

log = logging.getLogger(__name__)

_ENTRY = "entry.json"
_FORMAT = 2
#: How a record begins: with the checksum of all its other bytes.
_HEAD = b'{"checksum": "sha256:'
_DIGITS = 64
_DAMAGED = "damaged"
_DAMAGED_DAYS = 7
#: Smaller files are copied: people edit them, and an edit in place must not reach another job's file.
_LINK_FROM_BYTES = 8 << 20


@dataclass(frozen=True)
class CachedFile:
    """A file of an entry: its name, the type and media facts that the manifest gives it, its size and checksum."""

    name: str
    type: str
    size_bytes: int
    checksum: str
    media: MediaFacts | None = None

    def __post_init__(self) -> None:
        """Refuse a name that leads out of the entry's folder, and a false checksum."""
        typed_json.check_name(self.name, "name")
        typed_json.check_checksum(self.checksum, "checksum")


@dataclass(frozen=True)
class Said:
    """What a stage said besides its files; ``facts`` are those of its ``metadata.json``."""

    metrics: tuple[Metric, ...] = ()
    warnings: tuple[str, ...] = ()
    intermediates: tuple[IntermediateFile, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    tools: dict[str, str] = field(default_factory=dict)
    models: tuple[Model, ...] = ()
    device_actual: str | None = None
    engines: tuple[Engine, ...] = ()
    lacks: tuple[Lack, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A stage's result.

    Attributes:
        stage: its name.
        ingredients: everything that the result depends on.
        files: what it wrote.
        record: what it said besides.
        run_id: the run that made it.
        made_at: when (UTC).
        seconds: wall time that it took.
        expires_at: seconds since 1970 from which it is not used, or None.
    """

    stage: str
    ingredients: dict[str, Any]
    files: tuple[CachedFile, ...]
    record: Said = field(default_factory=Said)
    run_id: str = ""
    made_at: str = ""
    seconds: float = 0.0
    expires_at: float | None = None


@dataclass(frozen=True)
class Listed:
    """An entry as the command shows it: where it lies, its bytes, and when it was last used (seconds since 1970)."""

    folder: Path
    entry: Entry
    size_bytes: int
    used_at: float


@dataclass(frozen=True)
class _Other:
    """A result of another version of Samvad: it takes room, and nothing here can use it."""

    folder: Path
    size_bytes: int
    used_at: float


class _DamagedError(Exception):
    """An entry is not what was stored; the text says in what."""


def key_of(ingredients: Mapping[str, Any]) -> str:
    """Return the key of a result: the checksum of its ingredients, ``sha256:`` and 64 digits."""
    canonical = json.dumps(ingredients, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode('utf-8', 'surrogatepass')).hexdigest()}"


class ResultCache:
    """The cache in a folder.

    Args:
        folder: where it lies; made when something is stored.
        max_bytes: size from which the entries that were not used for longest are removed.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder = folder
        self.max_bytes = max_bytes

    def fetch(
        self, ingredients: Mapping[str, Any], target: Path, fits: Callable[[Entry], bool] = lambda _: True
    ) -> Entry | None:
        """Put the files of a result into a folder, if it is there, whole and unchanged.

        Args:
            ingredients: what the result depends on.
            target: an existing folder.
            fits: says of a whole entry whether it is wanted.

        Returns:
            The entry, or None.
        """
        place = self._place(key_of(ingredients))
        try:
            entry = _read(place)
            if entry is None:
                return None
            if entry.ingredients != json.loads(json.dumps(ingredients)):
                log.warning("The cache entry %s is not what its name says: it is not used.", place)
                return None
            if (entry.expires_at is not None and entry.expires_at < time.time()) or not fits(entry):
                return None
            _take(place, entry, target)
            with contextlib.suppress(PermissionError):  # another user's
                os.utime(place / _ENTRY)  # when it was last used
            return entry
        except _DamagedError as error:
            self._set_aside(place, str(error))
        except OSError as error:
            log.debug("The cache entry %s cannot be used: %s", place, error)
        return None

    def restore_file(self, key: str, checksum: str, target: Path) -> bool:
        """Put one file of a result back where it was, whole or not at all.

        Args:
            key: the result's, as its stage's manifest has it.
            checksum: the file's (``sha256:…``).
            target: where it was; its folder exists, and nothing lies there.

        Returns:
            Whether it is there: False where the cache has no such file, or it has been changed.
        """
        place = self._place(key)
        try:
            entry = _read(place)
            file = next((file for file in entry.files if file.checksum == checksum), None) if entry else None
            if file is None:
                return False
            temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=".back-"))
            try:
                _provide(place / file.name, temporary / file.name)
                if files.sha256_of(temporary / file.name) != checksum:
                    raise _DamagedError(f"{file.name} is not what was stored")
                (temporary / file.name).replace(target)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
            with contextlib.suppress(PermissionError):  # another user's
                os.utime(place / _ENTRY)
        except _DamagedError as error:
            self._set_aside(place, str(error))
            return False
        except OSError as error:
            log.debug("Nothing is brought back from the cache entry %s: %s", place, error)
            return False
        return True

    def store(self, entry: Entry, source: Path) -> None:
        """Keep a result; whatever goes wrong is logged, and nothing else.

        Args:
            entry: the result.
            source: the folder that holds its files.
        """
        place = self._place(key_of(entry.ingredients))
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(dir=self.folder, prefix=".new-"))
            try:
                for file in entry.files:
                    _provide(source / file.name, temporary / file.name)
                files.write_bytes(temporary / _ENTRY, _record(entry))
                temporary.chmod(0o755)
                if place.is_dir():
                    _remove(place)
                temporary.rename(place)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
            self.shrink(keep=place)
        except OSError as error:
            log.warning("The result could not be kept for other jobs: %s", error)

    @contextlib.contextmanager
    def lock(self, ingredients: Mapping[str, Any]) -> Iterator[None]:
        """Hold a result's lock, so that two jobs do not make the same at once; wait while another process holds it.

        The lock saves work and nothing hangs on it: where the file system has none, both jobs do the work.
        """
        path = self.folder / "locks" / key_of(ingredients).removeprefix("sha256:")
        try:
            handle = locks.try_take(path)
            if handle is None:
                log.info("Another job makes the same result just now: waiting for it")
                handle = locks.take(path)
        except (OSError, SamvadError) as error:
            log.debug("No lock in the cache: %s", error)
            yield
            return
        try:
            yield
        finally:
            locks.release(path, handle)

    def entries(self) -> list[Listed]:
        """Return what is in the cache, the last used first; what is damaged is set aside and named."""
        return [listed for listed in self._all() if isinstance(listed, Listed)]

    def _all(self) -> list[Listed | _Other]:
        """Return all that is in the cache, the last used first, with the results of other versions of Samvad."""
        found: list[Listed | _Other] = []
        for path in self.folder.glob(f"[0-9a-f][0-9a-f]/*/{_ENTRY}"):
            place = path.parent
            try:
                entry, used_at = _read(place), path.stat().st_mtime
                if entry is not None:
                    found.append(Listed(place, entry, sum(file.size_bytes for file in entry.files), used_at))
                else:
                    found.append(_Other(place, sum(file.stat().st_size for file in place.iterdir()), used_at))
            except _DamagedError as error:
                self._set_aside(place, str(error))
            except OSError:
                continue
        return sorted(found, key=lambda listed: -listed.used_at)

    def check(self, listed: Listed) -> bool:
        """Hash every file of an entry again; set it aside, and say so, where one is not what was stored."""
        for file in listed.entry.files:
            path = listed.folder / file.name
            if not path.is_file() or files.sha256_of(path) != file.checksum:
                self._set_aside(listed.folder, f"{file.name} is not what was stored")
                return False
        return True

    def damaged(self) -> list[Path]:
        """Return the folders of the entries that were set aside."""
        return sorted((self.folder / _DAMAGED).glob("*"))

    def remove(self, listed: Listed) -> None:
        """Remove an entry."""
        _remove(listed.folder)

    def _set_aside(self, place: Path, why: str) -> None:
        """Take a damaged entry out of the way, for people to look at; say so."""
        aside = self.folder / _DAMAGED / place.name
        log.warning("The cache entry %s is damaged: %s. It is set aside in %s.", place, why, aside.parent)
        try:
            aside.parent.mkdir(exist_ok=True)
            if aside.exists():
                _remove(aside)
            place.rename(aside)
            os.utime(aside)
        except OSError as error:
            log.debug("%s is not set aside: %s", place, error)

    def shrink(self, keep: Path | None = None) -> int:
        """Remove the entries that were not used for longest until the rest fits; return how many.

        Args:
            keep: an entry that stays, whatever its size.
        """
        total = removed = 0
        for listed in self._all():
            total += listed.size_bytes
            if total > self.max_bytes and listed.folder != keep:
                _remove(listed.folder)
                total -= listed.size_bytes
                removed += 1
        killed = self.folder.glob(".new-*")  # of processes that were killed
        for left, days in [*((each, 1) for each in killed), *((each, _DAMAGED_DAYS) for each in self.damaged())]:
            with contextlib.suppress(OSError):
                if left.stat().st_mtime < time.time() - days * 86_400:
                    shutil.rmtree(left, ignore_errors=True)
        return removed

    def _place(self, key: str) -> Path:
        digits = key.removeprefix("sha256:")
        return self.folder / digits[:2] / digits


def _record(entry: Entry) -> bytes:
    """Return an entry's record as JSON whose first key is the checksum of all that comes before and after it."""
    text = json.dumps({"format": _FORMAT, **typed_json.plain(entry)}, ensure_ascii=False, indent=2)
    rest = b'",' + text.encode("utf-8", "surrogatepass").removeprefix(b"{") + b"\n"
    return _HEAD + _own_checksum(rest) + rest


def _own_checksum(rest: bytes) -> bytes:
    return hashlib.sha256(_HEAD + rest).hexdigest().encode()


def _read(place: Path) -> Entry | None:
    """Return the entry in a folder; None where there is none, or it is another version's.

    Raises:
        _DamagedError: its record is not what was written.
        OSError: it cannot be read.
    """
    try:
        data = outside.read_bytes(place / _ENTRY)
    except FileNotFoundError:
        return None
    return _parsed(data)


def _parsed(data: bytes) -> Entry | None:
    """Return the entry of a record; None where it is another version's.

    Raises:
        _DamagedError: it is not what was written.
    """
    told, rest = data[len(_HEAD) : len(_HEAD) + _DIGITS], data[len(_HEAD) + _DIGITS :]
    whole = data.startswith(_HEAD) and told == _own_checksum(rest)
    try:
        value = outside.json_value(data)
        if isinstance(value, dict) and value.get("format") != _FORMAT and (whole or "checksum" not in value):
            return None
        if not whole:
            raise _DamagedError(f"the checksum in {_ENTRY} is not that of its other bytes")
        entry = typed_json.parse(Entry, value)
    except ValueError as error:
        raise _DamagedError(f"{_ENTRY} is no record of a result ({error})") from None
    for file in entry.files:
        if file.name == _ENTRY:
            raise _DamagedError(f"{_ENTRY} names itself among its files")
    return entry


def _take(place: Path, entry: Entry, target: Path) -> None:
    """Put an entry's files into a folder, all or none.

    Raises:
        _DamagedError: one is not what was stored.
        OSError: one cannot be read or written.
    """
    taken: list[Path] = []
    try:
        for file in entry.files:
            source = place / file.name
            if not source.is_file() and (place / _ENTRY).exists():  # else somebody has removed the entry just now
                raise _DamagedError(f"{file.name} is gone")
            taken.append(target / file.name)
            _provide(source, taken[-1])
            if files.sha256_of(taken[-1]) != file.checksum:
                raise _DamagedError(f"{file.name} is not what was stored")
    except BaseException:
        _discard(taken)
        raise


def _discard(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _provide(source: Path, target: Path) -> None:
    """Put a file into another folder: a large one as a hard link where that can be, else as a copy."""
    if source.stat().st_size >= _LINK_FROM_BYTES:
        try:
            os.link(source, target)
            # The two names are one file from now on: nobody is to write into it.
            target.chmod(target.stat().st_mode & ~0o222)
            return
        except OSError:  # another disk, or a file system without links
            target.unlink(missing_ok=True)
    shutil.copyfile(source, target)


def _remove(place: Path) -> None:
    """Take an entry away at once, then delete it: nobody ever sees half of one."""
    grave = place.parent / f".gone-{os.getpid()}-{time.monotonic_ns()}"
    with contextlib.suppress(FileNotFoundError):
        place.rename(grave)
    shutil.rmtree(grave, ignore_errors=True)
