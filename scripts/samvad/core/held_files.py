"""Hold a file open from before it is read until after it was read, and say whether it was one file all the time.

What a stage reads, several programs and functions read one after the other, each by the file's name. In between the
name may come to mean another file (``mv``), or the file may be written into. So a file is opened once; programs read it
through that opening, whatever its name means by then; and at the end the file, and what its name means, are compared
with what they were at the beginning: device, inode, size, the two times, and samples of the content. The time of an
inode's change (ctime) tells of a write after which somebody put the time of the content back: nobody can set it.

A process holds what it reads in one place, so that those who build commands (ffmpeg's, ffprobe's, mkvmerge's) need not
be told: they ask ``opened`` for the name to give to the program.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from samvad.core import files, outside, stopped_threads
from samvad.core.errors import ChangedFileError

_BLOCK_BYTES = 1 << 20
#: What is read of a file's beginning, middle and end to see whether it still is what it was.
_SAMPLE_BYTES = 1 << 14
#: How the names begin by which programs open held files; the ending is the file's own, for ffmpeg goes by it, too.
LINK = ".held-"
#: The system's word for a disk that fails (EIO), at the end of what ffmpeg or ffprobe says.
_CANNOT_READ = re.compile(r"(^|: |\()Input/output error\)?\.?$")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,12}")
_AGAIN = "Run the same command again when nothing writes to it any more."
_BACK = "Put it back, or name the place where it lies now, and run again."


@dataclass(frozen=True)
class Held:
    """An open file.

    Attributes:
        path: its name, absolute.
        descriptor: of the opening.
        status: what the system said of it when it was opened.
        samples: hash of its beginning, middle and end then.
        what: what it is, such as ``film``: of such a file only another right or link explains another ctime.
        link: a name by which other programs can open the same file; None: they have to go by its path.
    """

    path: Path
    descriptor: int
    status: os.stat_result
    samples: bytes
    what: str = ""
    link: Path | None = None

    def sha256(self) -> str:
        """Return the checksum of the open file as ``sha256:`` and 64 hexadecimal digits.

        Raises:
            OSError: it cannot be read.
            StoppedError: this process is being stopped.
        """
        digest, place = hashlib.sha256(), 0
        while block := os.pread(self.descriptor, _BLOCK_BYTES, place):
            stopped_threads.check()
            digest.update(block)
            place += len(block)
        return f"sha256:{digest.hexdigest()}"

    def check(self, checksum: str | None = None) -> None:
        """Check that the file is what it was when it was opened, and that its name means the same file.

        A link that was made to it or taken away, or other permissions, change its ctime as a write does. Then its bytes
        decide, where they are known. Without such a reason they do for what the project writes itself, for the cache of
        results makes links to that and takes them away; of a film another ctime is then a change.

        Args:
            checksum: of its bytes, where it is known.

        Raises:
            ChangedFileError: it was replaced, changed, or moved away.
        """
        shown = f"The {self.what or 'file'} {self.path}"
        try:
            named = _look(self.path)
        except FileNotFoundError:
            raise self._error(f"{shown} was moved away or deleted while it was read.", _BACK) from None
        if not os.path.samestat(named, self.status):
            raise self._error(f"{shown} was replaced by another file while it was read.")
        if _written(named, self.status) or _written(os.fstat(self.descriptor), self.status):
            raise self._error(f"{shown} was changed while it was read.")
        if named.st_ctime_ns != self.status.st_ctime_ns:
            explained = not self.what or _rights(named) != _rights(self.status)
            if not explained or checksum is None or self.sha256() != checksum:
                raise self._error(f"{shown} was changed while it was read.")
        if _samples(self.descriptor, self.status.st_size) != self.samples:
            raise self._error(f"{shown} was changed while it was read.")

    def _error(self, what: str, remedy: str = _AGAIN) -> ChangedFileError:
        return ChangedFileError(f"{what} Nothing that was made of it is kept.", remedy, path=str(self.path))


_held: dict[str, Held] = {}


def hold(path: Path, links: Path, what: str = "") -> Held:
    """Open a file and hold it until ``release``; one that is held already stays as it is.

    Args:
        path: the file.
        links: a folder of this process's own, for the names by which programs open what is held.
        what: what it is, such as ``film``.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    key = os.path.abspath(path)  # noqa: PTH100 -- a name, not what a link leads to
    if key not in _held:
        held = _open(Path(key))
        _held[key] = replace(held, what=what, link=_link(held, links))
    return _held[key]


def find(path: Path) -> Held | None:
    """Return the held file of a path, or None where it is not held."""
    return _held.get(os.path.abspath(path)) if _held else None  # noqa: PTH100


def opened(path: Path) -> Path:
    """Return the name by which a program opens a file: of one that is held, it leads to what this process has open.

    Raises:
        UnfitFileError: it is a pipe, a device or a folder: a program would wait for it, or read for ever.
    """
    held = find(path)
    if held is not None and held.link is not None and held.link.is_symlink():
        return held.link
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):  # the program says it in its own words
        outside.check_kind(path)
    return path


def shown(text: str) -> str:
    """Return what a program said with the names of files as people know them."""
    if LINK in text:
        for held in list(_held.values()):  # another thread may hold one more meanwhile
            if held.link is not None:
                text = text.replace(str(held.link), str(held.path))
    return text


def cannot_read(line: str) -> bool:
    """Return whether a program says that a disk fails; formats have it said of damaged files, too."""
    return bool(_CANNOT_READ.search(line))


def read_through() -> None:
    """Read all that is held from beginning to end, to see whether it is the disk that fails, or the file is damaged.

    Raises:
        DiskError: it is the disk.
    """
    for held in list(_held.values()):
        with files.disk_errors(held.path, "read"):
            held.sha256()


@contextmanager
def holding(path: Path, what: str = "") -> Iterator[Held]:
    """Hold a file for a while, if it is not held anyway; whether it stayed what it was, its ``check`` says.

    Args:
        path: the file.
        what: what it is, such as ``film``.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    known = find(path)
    if known is not None:
        yield known
        return
    held = replace(_open(path), what=what)
    try:
        yield held
    finally:
        os.close(held.descriptor)


def release(path: Path | None = None) -> None:
    """Let go of a file, or of all."""
    for key in list(_held) if path is None else [os.path.abspath(path)]:  # noqa: PTH100
        held = _held.pop(key)
        os.close(held.descriptor)
        if held.link is not None:
            held.link.unlink(missing_ok=True)


def _open(path: Path) -> Held:
    # Without O_NONBLOCK a pipe would be waited for; a regular file does not know it.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(22, "it is no regular file", str(path))
        return Held(path, descriptor, status, _samples(descriptor, status.st_size))
    except BaseException:
        os.close(descriptor)
        raise


def _link(held: Held, links: Path) -> Path | None:
    """Make the name by which other programs open a held file; None where the system has no such names."""
    place = Path(f"/proc/{os.getpid()}/fd/{held.descriptor}")
    if not place.exists():
        return None
    ending = _ENDING.fullmatch(held.path.suffix)
    link = links / f"{LINK}{held.descriptor}{ending.group() if ending else ''}"
    link.unlink(missing_ok=True)
    try:
        link.symlink_to(place)
    except OSError:  # a disk without links
        return None
    return link


def _look(path: Path) -> os.stat_result:
    """Return what a name means now. Opening asks the server of a network disk, where a look at the name may not."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except PermissionError:  # it was taken away meanwhile, which says nothing of the content
        return path.stat()
    try:
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _written(now: os.stat_result, before: os.stat_result) -> bool:
    return (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns)


def _rights(status: os.stat_result) -> tuple[int, ...]:
    return status.st_nlink, status.st_mode, status.st_uid, status.st_gid


def _samples(descriptor: int, size: int) -> bytes:
    digest = hashlib.sha256()
    for place in sorted({0, max(0, size // 2 - _SAMPLE_BYTES // 2), max(0, size - _SAMPLE_BYTES)}):
        digest.update(os.pread(descriptor, _SAMPLE_BYTES, place))
    return digest.digest()
