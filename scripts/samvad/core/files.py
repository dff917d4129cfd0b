"""Write files so that a kill at any instant leaves the old one or the new one, never half of one."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from samvad.core import outside, this_machine
from samvad.core.errors import DiskError, FailingDiskError, SamvadError, SystemLimitError

_BLOCK_BYTES = 1 << 20
#: What containers add to a film: index, headers, subtitles.
_BESIDE_A_FILM_BYTES = 64 << 20
#: Linux reads so much for an advice at least, and of a larger one the beginning alone (by default, 128 kB of each).
_AHEAD_BYTES = 1 << 17
#: What systems say of a network disk, or of one that was pulled out; without a file it may be a connection's.
_DISK_IS_GONE = frozenset({errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.ETIMEDOUT, errno.EREMOTEIO})
#: What the path that is written to, or the kind of disk that it leads to, does not allow.
_PATH_IS_WRONG = frozenset(
    {errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EFBIG, errno.EBUSY, errno.ENOLCK, errno.ETXTBSY}
)
#: How the names of files begin that are being copied from another disk.
MOVING = ".moving-"
#: Of longer names so many letters are in those of their temporary files, which have a limit, too.
_SHOWN_LETTERS = 60
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.((?P<host>[0-9a-f]{6})-(?P<process>[0-9]+)-)?[A-Za-z0-9_]+")
#: What another machine writes may be at work for so long.
_FOREIGN_SECONDS = 3600


def cache_folder() -> Path:
    """Return the folder that keeps environments, models, checksums and results between runs and clones."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "samvad"
    return Path(os.environ.get("SAMVAD_CACHE") or default)


def make_private(folder: Path) -> None:
    """Make a cache folder that is not there, for its owner alone; one that is there keeps its permissions.

    In a folder that a team shares (its group may write, what is made there is the group's) it is the team's as well.
    Where it cannot be made, whoever writes into it finds out.
    """
    with suppress(OSError):
        if folder.exists():
            return
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        team = stat.S_ISGID | stat.S_IWGRP
        if folder.parent.stat().st_mode & (team | stat.S_IWOTH) == team:
            folder.chmod(0o2770)


def open_to_others(folder: Path) -> str:
    """Return why what lies in a folder may be anybody's: an empty text where it is not, or where there is no folder."""
    try:
        status = folder.stat()
    except OSError:
        return ""
    if status.st_mode & stat.S_IWOTH:
        return "every user of this machine may write into it (chmod o-w)"
    known = (0, os.geteuid())
    in_team = status.st_mode & stat.S_IWGRP and status.st_gid in (os.getegid(), *os.getgroups())
    if os.geteuid() and status.st_uid not in known and not in_team:
        return f"it belongs to another user ({status.st_uid}), and not to a group of yours that may write into it"
    return ""


@contextmanager
def disk_errors(path: Path, purpose: str = "written") -> Iterator[None]:
    """Turn what the system says of a disk into an error for people that names the file; let other errors pass.

    Args:
        path: the file or folder that is used inside.
        purpose: what it cannot be where it fails: ``written`` or ``read``.

    Raises:
        DiskError: its disk is full or fails, or ``path`` cannot be used so.
        SystemLimitError: too many files are open.
    """
    try:
        yield
    except OSError as error:
        named = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else path
        # Of a file elsewhere, such as the source of a copy, it is not known here what was done with it.
        same = path in (named, *named.parents) or named in path.parents or named.parent == path.parent
        known = disk_error(error, path, purpose) if same else disk_error(error, named)
        if known is None:
            raise
        raise known from error


def disk_error(error: OSError, path: Path | None, purpose: str = "used") -> SamvadError | None:
    """Return the error for people for what the system says of a disk; None where it does not speak of one.

    Args:
        error: what was raised.
        path: the file or folder, where it is known.
        purpose: what it cannot be: ``written``, ``read``, or ``used`` where that is not known.
    """
    if type(error).__module__ != "builtins":  # a library's own class gives ``errno`` a meaning of its own
        return None
    code, said = error.errno, error.strerror
    if code in (errno.EMFILE, errno.ENFILE):
        return SystemLimitError(
            f"The system opens no more files ({said}).", "Raise the limit (`ulimit -n`), or run fewer jobs at once."
        )
    where = f"the disk of {path}" if path else "a disk"
    if code in (errno.ENOSPC, errno.EDQUOT):
        what = f"No space is left on {where}" if code == errno.ENOSPC else f"Your quota on {where} is used up"
        if code == errno.ENOSPC and path and not _has_inodes(path):
            what = f"{where[0].upper()}{where[1:]} takes no more files: all its inodes are used"
        remedy = "Free some space, or set output_root to a folder on another disk, and run again."
    elif path and code in (errno.EACCES, errno.EPERM, errno.EROFS):
        purpose = "written" if code == errno.EROFS else purpose
        what = f"{path} cannot be {purpose} ({said})"
        remedy = "Change its permissions"
        remedy += ", or set output_root to a folder that you may write." if purpose == "written" else "."
    elif path and purpose == "written" and code in _PATH_IS_WRONG:
        what = f"{path} cannot be {purpose} ({said})"
        remedy = "Correct the path, or set output_root to a folder on a disk that takes such files."
    elif code == errno.EIO or (path and code in _DISK_IS_GONE):
        what = f"{path} cannot be {purpose}: its disk fails ({said})" if path else f"A disk fails ({said})"
        remedy = "Is the disk, or the server that it lies on, still there and whole (`dmesg`)? Then run again."
        return FailingDiskError(f"{what}.", remedy, path=str(path) if path else None)
    else:
        return None
    return DiskError(f"{what}.", remedy, path=str(path) if path else None)


def _has_inodes(path: Path) -> bool:
    """Say whether a disk takes further files, as far as it tells; a path on it may not be there yet."""
    for place in (path, *path.parents):
        try:
            status = os.statvfs(place)
        except OSError:
            continue
        return not status.f_files or status.f_favail > 0
    return True


def megabytes(size: int) -> str:
    """Return the size of a file or of a disk's room for people, in MB (10^6 bytes) as disks are sold."""
    return f"{size / 1e6:,.1f} MB"


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically: temporary file beside it, fsync, rename.

    Raises:
        DiskError: the disk is full or the folder cannot be written.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{path.name[:_SHOWN_LETTERS]}.{_host()}-{os.getpid()}-"
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=prefix)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o666 & ~_umask())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def temporary_of(name: str) -> str | None:
    """Return the name of the file that a temporary file was to become; None: it is no temporary file of ours."""
    found = _TEMPORARY.fullmatch(name)
    return found["name"] if found else None


def sweep(folder: Path, names: Collection[str], *, alone: bool = False) -> None:
    """Take away what killed processes have left in a folder when they wrote files of some names.

    Args:
        folder: the folder itself, not those in it; it may be missing.
        names: of the files that were written.
        alone: whether no other process writes them now, so that all of it is left over.
    """
    with suppress(OSError):
        for path in folder.iterdir():
            found = _TEMPORARY.fullmatch(path.name)
            if found and found["name"] in names and (alone or _is_left(path, found)):
                path.unlink(missing_ok=True)


def _is_left(path: Path, found: re.Match[str]) -> bool:
    """Return whether nobody writes a temporary file any more."""
    if found["host"] is None:  # an older version's
        return True
    if found["host"] != _host():
        return time.time() - path.stat().st_mtime > _FOREIGN_SECONDS
    process = int(found["process"])
    if process == os.getpid():
        return True  # another's who had the same number: this one is here
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # another user's, and at work
        return False
    return False


def _host() -> str:
    return hashlib.sha256(this_machine.node().encode()).hexdigest()[:6]


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, atomically."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented UTF-8 JSON, atomically."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def move_into_place(source: Path, target: Path) -> None:
    """Move a finished file over ``target``, after its bytes have reached the disk.

    Onto another disk it is copied beside its target first: whoever looks sees the old file or the new one.
    """
    with disk_errors(target):
        flush(source)
        try:
            source.replace(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            copy = target.with_name(f"{MOVING}{os.getpid()}-{target.name}")
            try:
                shutil.copyfile(source, copy)
                copy.chmod(source.stat().st_mode & 0o7777)
                flush(copy)
                copy.replace(target)
            except BaseException:
                copy.unlink(missing_ok=True)
                raise
            source.unlink()


def flush(path: Path) -> None:
    """Ask the system whether a file's bytes have reached the disk.

    Raises:
        OSError: they have not, and cannot.
    """
    with path.open("rb") as file:
        os.fsync(file.fileno())


def read_ahead(path: Path) -> None:
    """Have the system read a file into memory that nobody uses, while something else is done; nobody waits for it.

    Where the system knows no such thing, or the file cannot be read, nothing happens: whoever needs it is told.
    """
    if hasattr(os, "posix_fadvise"):
        threading.Thread(target=_advise, args=(path,), name="reads ahead", daemon=True).start()


def _advise(path: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            for place in range(0, os.fstat(descriptor).st_size, _AHEAD_BYTES):
                os.posix_fadvise(descriptor, place, _AHEAD_BYTES, os.POSIX_FADV_WILLNEED)
        finally:
            os.close(descriptor)


def room_for_copies(film_bytes: int, copies: int) -> int:
    """Return how many bytes so many copies of a film with subtitles need: for all who ask whether a disk has them."""
    return copies * film_bytes + _BESIDE_A_FILM_BYTES


def sha256_of(path: Path) -> str:
    """Return a file's checksum as ``sha256:`` and 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with outside.open_regular(path) as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return f"sha256:{digest.hexdigest()}"


def sampled_fingerprint(path: Path) -> str:
    """Return a cheap fingerprint of a large file: its size and the hash of its head, middle and tail.

    It is made when the workflow is planned, for every film in it, so it reads 192 KiB at most. Touching or copying
    a film does not change it; replacing the film does. The full checksum is taken by stage 01.
    """
    sample = 1 << 16
    with outside.open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        digest = hashlib.sha256(str(size).encode())
        for offset in sorted({0, max(0, size // 2 - sample // 2), max(0, size - sample)}):
            file.seek(offset)
            digest.update(file.read(sample))
    return digest.hexdigest()[:16]


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
