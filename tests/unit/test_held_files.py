"""A file is one file from before it is read to after: whatever is done to it meanwhile is seen."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faults import CHANGES
from samvad.core import checksums, files, held_files
from samvad.core.errors import ChangedFileError, DiskError
from support import needs_ffmpeg

SIZE = 3 << 20


@pytest.fixture(autouse=True)
def nothing_held() -> Iterator[None]:
    yield
    held_files.release()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film $x\n दो.mkv"
    path.write_bytes(b"a" * SIZE)
    os.utime(path, (1e9, 1e9))
    return path


@pytest.fixture
def other(tmp_path: Path) -> Path:
    path = tmp_path / "other.mkv"
    path.write_bytes(b"b" * SIZE)
    return path


def do(text: str, film: Path, other: Path) -> None:
    subprocess.run(["sh", "-c", text], env={**os.environ, "FILM": str(film), "OTHER": str(other)}, check=True)


@pytest.mark.parametrize("change", CHANGES)
def test_a_film_that_changes_while_it_is_held_is_seen_and_what_was_opened_is_read(
    tmp_path: Path, film: Path, other: Path, change: str
) -> None:
    held = held_files.hold(film, tmp_path, "film")
    checksum = held.sha256()
    assert held_files.hold(film, tmp_path) is held and held_files.opened(film) != film
    do(CHANGES[change].before, film, other)
    if change.startswith(("replaced", "moved", "deleted")):
        assert held_files.opened(film).read_bytes() == b"a" * SIZE, "programs read what was opened"
    do(CHANGES[change].after, film, other)
    with pytest.raises(ChangedFileError, match=r"(?s)film .* while it was read"):
        held.check(checksum)


@pytest.mark.parametrize("change", ["replaced", "written into", "written into, with its time put back", "deleted"])
def test_a_file_that_changes_while_it_is_hashed_has_no_checksum(
    film: Path, other: Path, change: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(checksums.time, "time", lambda: 4e9)  # long after: it is settled
    read, began = os.pread, []

    def first_block(descriptor: int, count: int, place: int) -> bytes:
        block = read(descriptor, count, place)
        if count > 1 << 19 and not began:
            began.append(place)
            do(CHANGES[change].before, film, other)
        return block

    monkeypatch.setattr(held_files.os, "pread", first_block)
    with pytest.raises(ChangedFileError, match="while it was read"):
        checksums.checksum(film)
    assert began and not list((tmp_path / "cache").rglob("*")), "nothing is remembered"


@pytest.mark.parametrize(
    "touch",
    [
        lambda path: path.chmod(0o600),
        lambda path: os.link(path, path.with_name("link")),
    ],
    ids=["permissions", "a link"],
)
def test_what_leaves_the_bytes_alone_is_no_change_where_the_bytes_are_known(
    tmp_path: Path, film: Path, touch: Callable[[Path], None]
) -> None:
    held = held_files.hold(film, tmp_path, "film")
    touch(film)
    assert film.stat().st_ctime_ns != held.status.st_ctime_ns
    held.check(files.sha256_of(film))
    with pytest.raises(ChangedFileError):
        held.check("sha256:" + "0" * 64)


def test_a_file_that_is_only_read_is_what_it_was(tmp_path: Path, film: Path) -> None:
    held = held_files.hold(film, tmp_path, "film")
    assert held.sha256() == files.sha256_of(film)
    film.read_bytes()
    held.check(None)
    held_files.release()
    assert held_files.opened(film) == film and not list(tmp_path.glob(f"{held_files.LINK}*"))


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mkv")
    for place in (tmp_path / "pipe.mkv", tmp_path, Path("/dev/null")):
        with pytest.raises(OSError):
            held_files.hold(place, tmp_path)


@needs_ffmpeg
def test_programs_are_told_one_name_and_people_the_other(tmp_path: Path, film: Path) -> None:
    from samvad.media import ffmpeg

    held_files.hold(film, tmp_path)
    done = ffmpeg.run([ffmpeg.source(film)], None, {"f": "null"})
    assert done.code and held_files.LINK not in done.tail and str(film).partition("\n")[0] in done.tail


@needs_ffmpeg
@pytest.mark.parametrize("program", ["ffmpeg", "ffprobe"])
@pytest.mark.parametrize("fails", [True, False])
def test_a_disk_that_fails_is_told_from_a_damaged_film(
    tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch, program: str, fails: bool
) -> None:
    """Both say "Input/output error", and end as if all were well: the film is read to see which it is."""
    from samvad.media import ffmpeg, ffprobe

    held_files.hold(film, tmp_path, "film")
    (tmp_path / program).write_text(
        '#!/bin/sh\nfor word; do :; done\necho "$word: Input/output error" >&2\necho "{}"\n'
    )
    (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    read = os.pread

    def failing(descriptor: int, count: int, place: int) -> bytes:
        if fails and place:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(descriptor, count, place)

    monkeypatch.setattr(held_files.os, "pread", failing)

    def ask() -> None:
        if program == "ffmpeg":
            ffmpeg.run([ffmpeg.source(film)], None, {"f": "null"})
        else:
            ffprobe.run(film, "-v", "error")

    if not fails:
        ask()
        return
    with pytest.raises(DiskError, match="its disk fails"):
        ask()


def test_the_fingerprint_of_weights_stays_until_one_of_them_is_another(tmp_path: Path, other: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"weights")
    (folder / "vocabulary.json").write_bytes(b"{}")
    before = checksums.fingerprint(folder)
    assert checksums.fingerprint(folder) == before
    status = (folder / "model.bin").stat()
    (folder / "model.bin").write_bytes(b"weightz")
    os.utime(folder / "model.bin", ns=(status.st_atime_ns, status.st_mtime_ns))
    written_into = checksums.fingerprint(folder)
    (folder / "vocabulary.json").rename(folder / "words.json")
    assert len({before, written_into, checksums.fingerprint(folder), checksums.fingerprint(other)}) == 4
    assert checksums.of_place(folder) == checksums.of_folder(folder)
    with pytest.raises(OSError):
        checksums.fingerprint(tmp_path / "none")
