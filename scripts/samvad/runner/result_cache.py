"""Reuse what a stage made before, for any job, from a content-addressed cache.

A result is found by everything that it depends on: the stage, its code, the locks of its environment, its options, the
checksums of its inputs, and the programs and models that it uses. Snakemake's own cache between workflows stores
declared outputs alone; a stage of Samvad declares its manifest, which is never the same twice.

An entry is a folder ``<cache>/<first two digits>/<key>/`` with the stage's files and ``entry.json``. It is made beside
its place and moved there whole, and every file is hashed again before it is used, so that an entry may be deleted or
damaged at any time: then the stage does its work. No failure of the cache ever fails a stage.
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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samvad.core import files, locks, typed_json
from samvad.core.computing import Engine
from samvad.core.errors import SamvadError
from samvad.documents.media_facts import MediaFacts
from samvad.documents.stage_manifest import IntermediateFile, Metric, Model

log = logging.getLogger(__name__)

_ENTRY = "entry.json"
_FORMAT = 1
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

    def fetch(self, ingredients: Mapping[str, Any], target: Path) -> Entry | None:
        """Put the files of a result into a folder, if it is there, whole and unchanged.

        Args:
            ingredients: what the result depends on.
            target: an existing folder.

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
            if entry.expires_at is not None and entry.expires_at < time.time():
                return None
            if not _take(place, entry, target):
                _remove(place)
                return None
            with contextlib.suppress(PermissionError):  # another user's
                os.utime(place / _ENTRY)  # when it was last used
            return entry
        except (OSError, ValueError, KeyError, TypeError) as error:
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
                    return False
                (temporary / file.name).replace(target)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
            with contextlib.suppress(PermissionError):  # another user's
                os.utime(place / _ENTRY)
        except (OSError, ValueError, KeyError, TypeError) as error:
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
                files.write_json(temporary / _ENTRY, {"format": _FORMAT, **typed_json.plain(entry)})
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
        """Return what is in the cache, the last used first."""
        found = []
        for path in self.folder.glob(f"[0-9a-f][0-9a-f]/*/{_ENTRY}"):
            try:
                entry = _read(path.parent)
                used_at = path.stat().st_mtime
            except (OSError, ValueError, KeyError, TypeError):
                continue
            if entry is not None:
                found.append(Listed(path.parent, entry, sum(file.size_bytes for file in entry.files), used_at))
        return sorted(found, key=lambda listed: -listed.used_at)

    def remove(self, listed: Listed) -> None:
        """Remove an entry."""
        _remove(listed.folder)

    def shrink(self, keep: Path | None = None) -> int:
        """Remove the entries that were not used for longest until the rest fits; return how many.

        Args:
            keep: an entry that stays, whatever its size.
        """
        total = removed = 0
        for listed in self.entries():
            total += listed.size_bytes
            if total > self.max_bytes and listed.folder != keep:
                _remove(listed.folder)
                total -= listed.size_bytes
                removed += 1
        for left in self.folder.glob(".new-*"):  # of processes that were killed
            with contextlib.suppress(OSError):
                if left.stat().st_mtime < time.time() - 86_400:
                    shutil.rmtree(left, ignore_errors=True)
        return removed

    def _place(self, key: str) -> Path:
        digits = key.removeprefix("sha256:")
        return self.folder / digits[:2] / digits


def _read(place: Path) -> Entry | None:
    try:
        value = json.loads((place / _ENTRY).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if not isinstance(value, dict) or value.get("format") != _FORMAT:
        return None
    return typed_json.parse(Entry, value)


def _take(place: Path, entry: Entry, target: Path) -> bool:
    """Put an entry's files into a folder; False, and nothing there, where one is not what it was."""
    taken = []
    try:
        for file in entry.files:
            taken.append(target / file.name)
            _provide(place / file.name, taken[-1])
            if files.sha256_of(taken[-1]) != file.checksum:
                log.warning("%s was changed after it was stored: the entry is removed.", place / file.name)
                break
        else:
            return True
    except BaseException:
        _discard(taken)
        raise
    _discard(taken)
    return False


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
