"""What is asked of a stage's manifest to say whether the stage is due."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samvad.documents import stage_manifest
from samvad.workflow import looks


@dataclass(frozen=True, slots=True)
class File:
    """A file as a manifest has it; the last two of those that no stage made."""

    type: str
    path: str
    size_bytes: int
    mtime_ns: int
    checksum: str
    inode: int | None
    ctime_ns: int | None

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> File:
        """Return a manifest's record of a file."""
        return cls(
            value["type"],
            value["path"],
            value["size_bytes"],
            value["mtime_ns"],
            value["checksum"],
            value.get("inode"),
            value.get("ctime_ns"),
        )

    def is_untouched(self, there: os.stat_result) -> bool:
        """Say whether a file is surely as it was, by all that is known of it without reading it."""
        same_node = self.inode in (None, there.st_ino) and self.ctime_ns in (None, there.st_ctime_ns)
        return same_node and self.is_as_large_and_old_as(there)

    def is_as_large_and_old_as(self, there: os.stat_result) -> bool:
        """Say whether size and time are the same, as those of a copy that was made with its times."""
        return (there.st_size, there.st_mtime_ns) == (self.size_bytes, self.mtime_ns)

    def is_changed(self, path: Path | str, there: os.stat_result) -> bool:
        """Say whether other bytes are there; a file is read only where its size or times leave that open."""
        return not self.is_untouched(there) and (
            there.st_size != self.size_bytes or looks.checksum(str(path)) != self.checksum
        )


@dataclass(frozen=True, slots=True)
class Content:
    """What an option led to that is no input, such as a folder of weights."""

    option: str
    path: str
    fingerprint: str
    checksum: str

    def is_changed(self, path: Path, _there: os.stat_result) -> bool:
        """Say whether other bytes are there."""
        return looks.fingerprint(path) != self.fingerprint and looks.checksum(str(path)) != self.checksum


@dataclass(frozen=True, slots=True)
class Record:
    """What is asked of a stage's manifest. To read the whole of it as its type takes several times as long."""

    film: str
    status: str
    code: str | None
    lock: str
    config: Mapping[str, Any]
    inputs: tuple[File, ...]
    outputs: tuple[File, ...]
    contents: tuple[Content, ...]
    given: Mapping[str, tuple[str, str]]
    pinned: Mapping[str, str]
    skip: Mapping[str, Any]
    host: str
    lacks: tuple[Mapping[str, Any], ...]
    result: str  # checksum of the stage's result, which stages after it have written down

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Record:
        """Return what a manifest says."""
        outputs = tuple(map(File.of, value["outputs"]))
        made = ((item.type, item.path, item.checksum) for item in outputs)
        return cls(
            film=value["film"],
            status=value["status"],
            code=value["software"].get("code"),
            lock=value["software"]["lock_hash"],
            config=value["config"],
            inputs=tuple(map(File.of, value["inputs"])),
            outputs=outputs,
            contents=tuple(Content(**item) for item in value.get("contents", ())),
            given={item["option"]: (item["stage"], item["result"]) for item in value.get("given", ())},
            pinned=value.get("pinned", {}),
            skip=value.get("skip") or {},
            host=value["host"]["name"],
            lacks=tuple(value.get("lacks", ())),
            result=stage_manifest.result_hash(value["status"], made),
        )


def same(one: Any, other: Any) -> bool:
    """Say whether two values of an option are the same; in Python 1 is True."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
