"""What a stage found out on its way, kept for other jobs by the checksum of all that it depends on (``StageRun.key``).

It is no result of its own: the stage uses it where it would have found the same again.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, TypeVar

from samvad.core import files, typed_json
from samvad.core.errors import DiskError, SamvadError

log = logging.getLogger(__name__)

T = TypeVar("T")


def find(room: str, key: str | None, kind: type[T]) -> T | None:
    """Return what was kept; None where nothing was, or anybody may have written it.

    Args:
        room: the folder of the cache that such findings lie in.
        key: the checksum of all that they depend on; None where nothing is kept.
        kind: the dataclass that they are.
    """
    if key is None or files.open_to_others(_folder(room)):
        return None
    try:
        return typed_json.read(_file(room, key), kind, f"finding in the cache's {room}", "Remove it.")
    except SamvadError:
        return None


def keep(room: str, key: str | None, found: Any) -> None:
    """Keep what was found; a cache that cannot be written is passed over. The arguments are those of ``find``."""
    if key is None:
        return
    files.make_private(_folder(room))
    try:
        typed_json.write(_file(room, key), found)
    except (OSError, DiskError) as error:
        log.info("What was found is not kept in the cache's %s: %s", room, error)


def _folder(room: str) -> Path:
    return files.cache_folder() / room


def _file(room: str, key: str) -> Path:
    return _folder(room) / f"{key.removeprefix('sha256:')}.json"
