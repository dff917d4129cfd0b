"""Copies of films that lie elsewhere: fetched once for all jobs, whole and checked, and given back when they are done.

Each address has a folder of its own, with the film under its name, what is fetched of it so far (``part``), and what
the server said of that (``source.json``). A film that was cut off goes on where it stopped, if it is still the same.

Snakemake's plugins for storage would fetch an input file before its job, and know of it the time and the size alone:
they begin anew after a cut, and the one for HTTP takes the page of an error for the file. So a film is no file of
Snakemake's, here as elsewhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import shutil
import urllib.parse
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from http.client import HTTPMessage
from pathlib import Path

from samvad.core import files, locks, outside
from samvad.core.errors import DiskError, MediaError, NetworkError, SamvadError
from samvad.media import addresses
from samvad.media.addresses import ChangedError, Facts
from samvad.models import http

log = logging.getLogger(__name__)

_BLOCK_BYTES = 1 << 20
#: Bytes that a file's name has at most.
_LONGEST_NAME = 150
#: A film that changes so often while it is fetched is not whole at any time.
_MOST_CHANGES = 3
#: Servers are asked for so many films at once.
_AT_ONCE = 16
#: What this process was told, or None where it got no answer: a run asks once.
_told: dict[str, Facts | None] = {}


def place(address: str, folder: Path) -> Path:
    """Return where the copy of a film lies, or will lie.

    Args:
        address: the film's.
        folder: of all such copies.
    """
    name = urllib.parse.unquote(urllib.parse.urlsplit(address).path).rstrip("/").rpartition("/")[2]
    name = re.sub(r"[\0-\x1f\x7f/\\]", "_", name).lstrip(".-") or "film"
    stem, dot, ending = name.rpartition(".")
    while len(os.fsencode(name)) > _LONGEST_NAME:
        stem = stem[:-1]
        name = f"{stem}{dot}{ending}"[-_LONGEST_NAME:]
    return folder / hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:16] / name


def ask_all(found: Iterable[str]) -> None:
    """Ask for what many films are now, side by side; ``now`` knows it then."""
    new = [address for address in dict.fromkeys(found) if address not in _told]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        _told.update(zip(new, pool.map(_asked, new), strict=True))


def now(address: str) -> Facts | None:
    """Return what a film is now, as this process was told first; None where it cannot be looked at."""
    if address not in _told:
        _told[address] = _asked(address)
    return _told[address]


def _asked(address: str) -> Facts | None:
    try:
        return addresses.look(address)
    except SamvadError as error:
        log.warning("%s", error)
        return None


def fetch(address: str, path: Path) -> Facts:
    """Make sure that a film's copy is there, whole, and is what lies at its address now.

    Args:
        address: the film's.
        path: from ``place``.

    Raises:
        SamvadError: it cannot be had; says why. What has been fetched stays for the next attempt.
    """
    with files.disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with locks.exclusive(path.parent / "lock"), files.disk_errors(path):
        for _ in range(_MOST_CHANGES):
            facts = addresses.look(address)
            if path.is_file() and path.stat().st_size == facts.size_bytes and _known(path) == facts:
                return facts
            try:
                _complete(address, path, facts)
            except ChangedError:
                continue
            return facts
    raise MediaError(f"{address} changes all the time.", "Run the same command again when it is whole.")


def give_back(address: str, folder: Path) -> bool:
    """Delete the copy of a film, unless somebody fetches it now; return whether that was done."""
    path = place(address, folder)
    if not path.is_file() or (handle := locks.try_take(path.parent / "lock")) is None:
        return False
    with contextlib.suppress(OSError):
        path.unlink()
        path.with_name("source.json").unlink(missing_ok=True)
    locks.release(path.parent / "lock", handle)
    with contextlib.suppress(OSError):  # somebody waited, and fetches it anew
        path.parent.rmdir()
    return True


def _known(path: Path) -> Facts | None:
    """Return what the server said of what has been fetched; None where nothing is known."""
    try:
        return Facts(**outside.json_value(outside.read_bytes(path.with_name("source.json"), 1 << 16)))
    except (OSError, ValueError, TypeError):
        return None


def _complete(address: str, path: Path, facts: Facts) -> None:
    """Fetch what is missing of a film, check it, and put it into its place."""
    part = path.with_name("part")
    if _known(path) != facts or not facts.unchanged:
        part.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        files.write_json(path.with_name("source.json"), asdict(facts))
    had = part.stat().st_size if part.is_file() else 0
    if shutil.disk_usage(path.parent).free < facts.size_bytes - had:
        what = f"The disk of {path.parent} has no room for {address} ({files.megabytes(facts.size_bytes)})."
        raise DiskError(what, "Free some, or name another folder in machines.films.", path=str(path.parent))
    log.info("Fetching %s, %d of %d bytes are here", address, had, facts.size_bytes)
    while (have := part.stat().st_size if part.is_file() else 0) != facts.size_bytes:
        if have > facts.size_bytes:
            part.unlink()
            continue
        try:
            http.call(addresses.endpoint(address), addresses.endpoint(address), lambda: _go_on(address, part, facts))
        except NetworkError:
            if not part.is_file() or part.stat().st_size <= have:
                raise
    if facts.md5 and _md5(part) != facts.md5:
        part.unlink()
        raise NetworkError(f"What was fetched from {address} is not what lies there: its checksum is another.")
    files.flush(part)
    part.replace(path)


def _go_on(address: str, part: Path, facts: Facts) -> None:
    have = part.stat().st_size if part.is_file() else 0
    wanted = {"Range": f"bytes={have}-"} if have else {}
    with addresses.opened(address, headers={**wanted, **facts.unchanged}) as answer:
        goes_on = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        _check(answer.headers, facts, facts.size_bytes - (have if goes_on else 0))
        with part.open("ab" if have and goes_on else "wb") as file:
            while block := _block(answer):
                file.write(block)
                if file.tell() > facts.size_bytes:
                    raise ChangedError
    if part.stat().st_size < facts.size_bytes:
        raise http.TransientError("ended in the middle of the film")


def _check(headers: HTTPMessage, facts: Facts, rest: int) -> None:
    """Make sure, before a byte of it is kept, that an answer is of the film that was asked about.

    A proxy's page that says what is wrong comes with a status of success, too, and some servers heed no ``If-Match``:
    what would come after such bytes would make them look whole.

    Raises:
        ChangedError: it has another tag.
        TransientError: it is of another size.
    """
    if facts.etag and headers.get("ETag", facts.etag).removeprefix("W/") != facts.etag.removeprefix("W/"):
        raise ChangedError
    if (announced := headers.get("Content-Length", "")).isdigit() and int(announced) != rest:
        raise http.TransientError(f"sent {announced} bytes in place of {rest}")


def _block(answer: object) -> bytes:
    try:
        block: bytes = answer.read(_BLOCK_BYTES)  # type: ignore[attr-defined]
    except Exception as error:  # whatever ends a connection
        raise http.TransientError(f"was cut off ({type(error).__name__})") from None
    return block


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
