"""Find the films in a folder: which files may be films, which are left out, and why."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from samvad.core import stages
from samvad.media import film_file, made_here
from samvad.settings import film_sheet

#: The folders of a job, one for each stage.
_STAGES = frozenset(stage.folder for stage in stages.BY_NAME.values())
#: Endings that films share with much else, and the bytes by which a film with one is known: a Video CD's, as the disc
#: has it (RIFF) or as a stream of MPEG packs; a camera's.
_BEGINNINGS = {".dat": (b"RIFF", b"\x00\x00\x01\xba"), ".mod": (b"\x00\x00\x01\xba",)}
#: A DVD's film lies in several of these; the one with 0 is its menu.
_DVD_PART = re.compile(r"VTS_\d\d_\d", re.IGNORECASE)
#: A file of this size that has another ending is told of: it may be a film that has to be renamed or converted.
_LARGE_BYTES = 100_000_000
#: Folders and endings of names by which media servers know what comes with a film and is none.
_EXTRA_FOLDERS = frozenset(
    {"sample", "samples", "trailer", "trailers", "extras", "featurettes", "behind-the-scenes", "deleted-scenes"}
)
_EXTRA_NAME = re.compile(r"(^|[-._ ])(sample|trailer|teaser|featurette)\d*$", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """A file that may be a film: its path as it is reached from the shelf, and its size."""

    path: Path
    size: int


@dataclass
class Look:
    """What was found in a folder.

    Attributes:
        folder: where.
        films: files that may be films, in the order of their paths.
        unknown: files and folders that could not be understood, with the reason.
        extras: samples and trailers, left out.
        growing: files that were changed just now, left for the next time.
        own: films with Samvad's subtitles: its results, put on the shelf.
        doubled: other names (links) of a file that is among ``films``.
    """

    folder: Path
    films: list[Found] = field(default_factory=list)
    unknown: dict[Path, str] = field(default_factory=dict)
    extras: list[Path] = field(default_factory=list)
    growing: list[Path] = field(default_factory=list)
    own: list[Path] = field(default_factory=list)
    doubled: list[Path] = field(default_factory=list)


def look(shelf: Path, leave_out: Collection[Path], settle_seconds: float) -> Look:
    """Look through a folder and all below it.

    Links are followed; each folder and each file counts once, however it is reached. Names that begin with a dot are
    passed over.

    Args:
        shelf: the folder.
        leave_out: folders that hold our own results, resolved.
        settle_seconds: a file that changed within so many seconds may still be being copied.
    """
    found = Look(shelf)
    files: dict[tuple[int, int], Path] = {}
    for path, is_extra in _walk(shelf, leave_out, found):
        try:
            status = path.stat()
        except OSError as error:
            if path.suffix.lower() in film_file.SUFFIXES:
                found.unknown[path] = (
                    f"a link to nothing ({error.strerror})" if path.is_symlink() else str(error.strerror)
                )
            continue
        if not _ends_as_a_film(path):
            if status.st_size >= _LARGE_BYTES:
                found.unknown[path] = "its name does not end as a film's does"
        elif fault := _fault(path):
            found.unknown[path] = fault
        elif is_extra or _EXTRA_NAME.search(path.stem):
            found.extras.append(path)
        elif film_sheet.UNFIT.search(str(path)):
            found.unknown[path] = "its name has bytes that are not UTF-8, or a carriage return: rename it"
        elif abs(time.time() - status.st_mtime) < settle_seconds:
            found.growing.append(path)
        elif (status.st_dev, status.st_ino) in files:
            found.doubled.append(path)
        elif _is_own(path):
            found.own.append(path)
        else:
            files[status.st_dev, status.st_ino] = path
            found.films.append(Found(path, status.st_size))
    return found


def _fault(path: Path) -> str:
    if not path.is_file():
        return "it is no file"
    is_part = _DVD_PART.fullmatch(path.stem)
    return "a part of a DVD: make one film of it first, with MakeMKV or ffmpeg" if is_part else ""


def _is_own(path: Path) -> bool:
    try:
        return made_here.is_result(path)
    except OSError:
        return False  # it is told of, with the reason, when it is read


def _ends_as_a_film(path: Path) -> bool:
    """Return whether a name ends as a film's does; where that says little, whether the file begins as a film does."""
    ending = path.suffix.lower()
    if ending not in _BEGINNINGS:
        return ending in film_file.SUFFIXES
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) in _BEGINNINGS[ending]
    except OSError:
        return True  # it is told of, with the reason, when it is read


def _walk(shelf: Path, leave_out: Collection[Path], found: Look) -> Iterator[tuple[Path, bool]]:
    """Yield every file, in the order of names, and whether it lies in a folder of extras."""
    seen: set[tuple[int, int]] = set()

    def trouble(error: OSError) -> None:
        found.unknown[Path(error.filename)] = f"cannot be read ({error.strerror})"

    for folder, folders, names in os.walk(shelf, onerror=trouble, followlinks=True):
        here = Path(folder)
        status = here.stat()
        if (status.st_dev, status.st_ino) in seen or here.resolve() in leave_out:
            folders.clear()
            continue
        if here.name in _STAGES and "manifest.json" in names:  # a job's folder: of another project, or a copy
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        is_extra = any(_is_extra(part) for part in here.relative_to(shelf).parts)
        if "VIDEO_TS" in folders:
            folders.remove("VIDEO_TS")
            found.unknown[here / "VIDEO_TS"] = (
                "a DVD, which is many files: make one of it first, with MakeMKV or ffmpeg"
            )
        for name in sorted(names):
            if not name.startswith("."):
                yield here / name, is_extra


def _is_extra(folder: str) -> bool:
    return re.sub(r"[-._ ]+", "-", folder.casefold()) in _EXTRA_FOLDERS
