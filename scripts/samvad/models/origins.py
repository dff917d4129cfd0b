"""Hold weights against the checksums that are known of them, before anything loads them.

What is known of a file:

- the hub's own cache keeps each file under the name of its checksum (``blobs/<digits>``), with a link to it;
- what ``hf download --local-dir`` fetches has a note beside it, with the checksum that the hub told;
- what Samvad fetched from the hub has such a list in its folder (``CHECKSUMS``);
- ``config/models.yaml`` has the checksums of copies in the package registry.

A file that nothing is known of passes; the manifest has its checksum, so that a change of it is seen at the next run.
Large files are hashed once (``samvad.core.checksums``).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from samvad.core import checksums, files, outside
from samvad.core.errors import ModelError

#: The list that lies in a folder that was fetched from the hub: checksums by the files' names.
CHECKSUMS = "samvad-checksums.json"
#: What to do about files of a folder of the user's own.
ANEW = "Copy or fetch it anew. Where the change is your own: keep it in a folder without the fetcher's notes (.cache)."
_NOTES = Path(".cache", "huggingface", "download")
#: 64 digits: SHA-256 of a large file. 40: git's own for a small one, which is SHA-1 of its length and content.
_DIGITS = re.compile(r"[0-9a-f]{64}|[0-9a-f]{40}")


def check(folder: Path, remedy: str, known: Mapping[str, str] | None = None) -> None:
    """Check all files of a model's folder that something is known of.

    Args:
        folder: the model's files; links into the hub's cache are followed.
        remedy: what to do about a file that is another.
        known: checksums by name, where the caller knows some.

    Raises:
        ModelError: a file is not what was published; names it.
        OSError: one cannot be read.
    """
    told = {**_told(folder), **(known or {})}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if name.parts[0] == ".cache" or not path.is_file():
            continue
        wanted = told.get(name.as_posix()) or _of_blob(path.resolve()) or _of_note(folder, name)
        if wanted:
            _hold(path, wanted, remedy)


def check_cached(hub: str, remedy: str = "") -> None:
    """Check what the hub's own cache has of a model, or of several (``owner/*``), whose files a library will load.

    Raises:
        ModelError: a file is not what was published; names it.
        OSError: one cannot be read.
    """
    for folder in sorted(_hub_cache().glob(f"models--{hub.replace('/', '--')}")):
        for blob in sorted((folder / "blobs").glob("*")):
            if wanted := _of_blob(blob):
                _hold(blob, wanted, remedy or f"Delete {folder}, so that it is fetched again.")


def cached_snapshots(hub: str) -> Path:
    """Return the folder in which the hub's own cache has what it fetched of a model (``owner/name``), if it did."""
    return _hub_cache() / f"models--{hub.replace('/', '--')}" / "snapshots"


def note(folder: Path) -> None:
    """Write down the checksums that the hub told of what it sent into a folder, once each file is held against its own.

    Raises:
        ModelError: a file is not what the hub said that it is.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if name.parts[0] != ".cache" and path.is_file() and (wanted := _of_note(folder, name)):
            _hold(path, wanted, "It was changed on its way; try again.")
            found[name.as_posix()] = wanted
    found = {**_told(folder), **found}
    if found:
        files.write_text(folder / CHECKSUMS, json.dumps(found, indent=2) + "\n")


def _hold(path: Path, wanted: str, remedy: str) -> None:
    if len(wanted) == 40:
        data = outside.read_bytes(path)
        found = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    else:
        found = checksums.checksum(path).removeprefix("sha256:")
    if found != wanted:
        raise ModelError(
            f"{path} is not what was published: its checksum is {found}, not {wanted}.", remedy, path=str(path)
        )


def _told(folder: Path) -> dict[str, str]:
    """Return the list in a folder: none where it has none."""
    path = folder / CHECKSUMS
    if not path.is_file():
        return {}
    try:
        value = outside.json_value(outside.read_bytes(path))
        return {str(name): digits for name, digits in value.items() if _DIGITS.fullmatch(digits)}
    except (ValueError, TypeError, AttributeError):
        raise ModelError(
            f"{path} is damaged.", f"Delete {folder}, and fetch the model again.", path=str(path)
        ) from None


def _of_blob(path: Path) -> str | None:
    return path.name if path.parent.name == "blobs" and _DIGITS.fullmatch(path.name) else None


def _of_note(folder: Path, name: Path) -> str | None:
    try:
        lines = outside.read_text(folder / _NOTES / f"{name}.metadata").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return lines[1].strip() if len(lines) > 1 and _DIGITS.fullmatch(lines[1].strip()) else None


def _hub_cache() -> Path:
    """Return where the hub's library keeps what it fetches, as it decides itself."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    cache = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE") or Path(home) / "hub"
    return Path(cache).expanduser()
