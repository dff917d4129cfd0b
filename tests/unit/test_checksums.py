"""Remembered checksums: a film is hashed once, and a changed file never passes for the old one."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from samvad.core import checksums, files
from samvad.documents import provenance


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that has settled: nothing can set back the time of an inode's change, so the clock goes on."""
    path = tmp_path / "film.mkv"
    path.write_bytes(b"a" * 10_000)
    later(monkeypatch)
    return path


def later(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time
    monkeypatch.setattr(checksums.time, "time", lambda: now() + 3600)


def test_a_settled_file_is_hashed_once(film: Path) -> None:
    assert checksums.remembered(film) is None
    assert checksums.checksum(film) == files.sha256_of(film)
    assert checksums.remembered(film) == files.sha256_of(film)


def test_a_file_that_changed_lately_is_never_trusted(tmp_path: Path) -> None:
    path = tmp_path / "new.mkv"
    path.write_bytes(b"a")
    assert checksums.checksum(path) == files.sha256_of(path)
    assert checksums.remembered(path) is None


def test_a_file_from_the_future_is_never_trusted(film: Path) -> None:
    os.utime(film, (time.time() + 1e6, time.time() + 1e6))
    checksums.checksum(film)
    assert checksums.remembered(film) is None


def test_another_content_of_the_same_size_and_time_is_seen(film: Path) -> None:
    status = film.stat()
    checksums.checksum(film)
    film.write_bytes(b"b" * 10_000)
    os.utime(film, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert film.stat().st_mtime_ns == status.st_mtime_ns
    assert checksums.checksum(film) == files.sha256_of(film)


def test_a_memory_that_cannot_be_written_or_is_damaged_costs_time_alone(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checksums.checksum(film)
    for memo in (tmp_path / "cache" / "checksums").iterdir():
        memo.write_bytes(b"\xffnonsense")
    assert checksums.remembered(film) is None
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "file"))
    assert checksums.checksum(film) == files.sha256_of(film)


def test_hostile_names_are_just_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "-a 'b' \"$c\"\n हिन्दी"
    path.write_bytes(b"x")
    later(monkeypatch)
    checksums.checksum(path)
    assert checksums.remembered(path) == files.sha256_of(path)


def test_a_folders_checksum_follows_its_files_and_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "vocab").mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"weights")
    (folder / "vocab" / "a.json").write_bytes(b"{}")
    before = checksums.of_folder(folder)
    assert checksums.of_folder(folder) == before
    (folder / "vocab" / "a.json").rename(folder / "vocab" / "b.json")
    renamed = checksums.of_folder(folder)
    (folder / "model.bin").write_bytes(b"weightz")
    assert len({before, renamed, checksums.of_folder(folder)}) == 3


def test_a_programs_version_is_remembered_until_it_is_another_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    program = tmp_path / "some program"
    shutil.copyfile(shutil.which("sed") or "", program)
    program.chmod(0o755)
    version = provenance.tool_version(program.name)
    [memo] = (tmp_path / "cache" / "versions").iterdir()
    memo.write_text("0.0.1\n")
    assert provenance.tool_version(program.name) == "0.0.1", "it was not asked again"
    memo.write_text("")
    assert provenance.tool_version(program.name) == version, "the memory is damaged"
    memo.write_text("0.0.1\n")
    program.unlink()
    shutil.copyfile(shutil.which("grep") or "", program)
    program.chmod(0o755)
    assert provenance.tool_version(program.name) not in ("0.0.1", version)


def test_a_script_is_asked_each_time_for_it_may_call_another_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    program = tmp_path / "tool"
    program.write_text('#!/bin/sh\ncat "${0%/*}/version"\n')
    program.chmod(0o755)
    for version in ("1.0", "2.0"):
        (tmp_path / "version").write_text(version)
        assert provenance.tool_version("tool") == version
