"""What is looked at to judge a film: files, weights, profiles, variables, services; and a note of each look.

Who judges may ask for the notes: as long as everything that was looked at is what it was, the verdict is, too.
"""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from samvad.core import checksums, files, places
from samvad.core.errors import SamvadError
from samvad.documents import stage_entries
from samvad.media import fetched
from samvad.media.addresses import Facts
from samvad.runner import lacking
from samvad.settings import subtitle_profiles

#: What tells a file from what it was before: size, time of change, inode, and the inode's own time of change.
Node = tuple[int, int, int, int]


@dataclass
class Notes:
    """What was looked at.

    Attributes:
        seen: each look, as a kind and a name, with what was found: of a file its ``Node``, or None.
        lasting: whether the same would be found as long as all of that stays: not where a service was asked.
    """

    seen: dict[tuple[str, str], object] = field(default_factory=dict)
    lasting: bool = True


#: The notes that are taken now; the innermost are the last.
_taken: list[Notes] = []


@contextmanager
def noting() -> Iterator[Notes]:
    """Take notes of the looks that are taken inside."""
    _taken.append(Notes())
    try:
        yield _taken[-1]
    finally:
        _taken.pop()


def again(kind: str, name: str) -> object:
    """Look at something once more, and return what is found."""
    if kind == "file":
        there = _stat(name)
        return None if there is None else node(there)
    if kind == "weights":
        return _fingerprint(name)
    if kind == "profile":
        return _profile(name)
    if kind == "place":
        return str(places.find(name).absolute())
    return stage_entries.variable_value(name)


def node(there: os.stat_result) -> Node:
    """Return what tells a file from what it was before."""
    return there.st_size, there.st_mtime_ns, there.st_ino, there.st_ctime_ns


def file(path: Path | str) -> os.stat_result | None:
    """Return what the system says of a file, or None where it cannot be looked at."""
    there = _stat(path)
    if _taken:
        _taken[-1].seen["file", str(path)] = None if there is None else node(there)
    return there


def opened(path: Path, there: os.stat_result) -> None:
    """Take note of a file that has been opened."""
    if _taken:
        _taken[-1].seen["file", str(path)] = node(there)


def place(name: str) -> Path:
    """Return where a file or folder lies that settings name: one of the folder of work takes the project's place."""
    return Path(str(_noted("place", name)))


def fingerprint(path: Path) -> str:
    """Return the fingerprint of weights, taken once a process; empty where they cannot be looked at."""
    return str(_noted("weights", str(path)))


def profile(value: str) -> tuple[str, ...] | str:
    """Return the checksums of a profile's files, or why it cannot be read."""
    _noted("profile", value)
    return _profile(value)


def variable(name: str) -> str:
    """Return the digits that stand for what a variable of the environment holds."""
    return str(_noted("variable", name))


def answers(endpoint: str, url: str) -> bool:
    """Say whether a service answers."""
    if _taken:
        _taken[-1].lasting = False
    return lacking.answers(endpoint, url)


def remote(address: str) -> Facts | None:
    """Return what a film at an address is now; None where it cannot be looked at."""
    if _taken:
        _taken[-1].lasting = False
    return fetched.now(address)


@functools.cache
def checksum(path: str) -> str:
    """Return the checksum of a file or folder, taken once a process.

    Raises:
        OSError: it cannot be read.
        ChangedFileError: it was changed meanwhile.
    """
    return checksums.of_place(Path(path))


def _noted(kind: str, name: str) -> object:
    found = again(kind, name)
    if _taken:
        _taken[-1].seen[kind, name] = found
    return found


def lacking_room(media: str, place: Path, copies: int = 1) -> str:
    """Return, in words, the room that copies of a film need and that a folder's disk has not; empty where it has.

    No note is taken: what a disk has left is another with every look.
    """
    film = _stat(media)
    there = next((folder for folder in (place.absolute(), *place.absolute().parents) if folder.is_dir()), None)
    if film is None or there is None:
        return ""
    try:
        free = shutil.disk_usage(there).free
    except OSError:
        return ""
    needed = files.room_for_copies(film.st_size, copies)
    if needed <= free:
        return ""
    return (
        f"room for its copy with subtitles: that needs {files.megabytes(needed)}, and the disk of {there} has "
        f"{files.megabytes(free)} left (free some, or set output_root to a folder on another disk)"
    )


def _stat(path: Path | str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 -- asked for thousands of times
    except OSError:
        return None


@functools.cache
def _fingerprint(path: str) -> str:
    try:
        return checksums.fingerprint(Path(path))
    except OSError:
        return ""


@functools.cache
def _profile(value: str) -> tuple[str, ...] | str:
    try:
        return tuple(checksum(str(path)) for path in subtitle_profiles.load(value).files)
    except (SamvadError, OSError) as error:
        return str(error)
