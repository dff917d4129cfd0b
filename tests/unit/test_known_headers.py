"""What ffprobe said of a film's headers is taken once more for the same film, and for no other."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from samvad.core.errors import MediaError
from samvad.media import film_headers, film_packets

SECONDS = film_packets.BEGINNING_SECONDS


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "headers"


@pytest.fixture
def settled(tmp_path: Path, cache: Path) -> Path:
    """Return a film that nobody has changed for some seconds."""
    film = make(tmp_path / "a.mkv", 2)
    time.sleep(2.1)
    return film


def make(film: Path, seconds: int) -> Path:
    source = ("-f", "lavfi", "-i", f"sine=duration={seconds}")
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *source, "-c:a", "flac", film], check=True)
    return film


@pytest.fixture
def asked(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("DEBUG", logger="samvad.core.subprocesses")
    return caplog


def starts(asked: pytest.LogCaptureFixture) -> int:
    """Return how often ffprobe was started since this was last asked."""
    found = sum(record.getMessage().startswith("Running ['ffprobe'") for record in asked.records)
    asked.clear()
    return found


def test_the_headers_of_a_film_are_asked_for_once(settled: Path, asked: pytest.LogCaptureFixture) -> None:
    header, packets = film_headers.read_with_packets(settled, SECONDS)
    assert starts(asked) == 1
    assert film_headers.read_with_packets(settled, SECONDS) == (header, packets)
    assert film_headers.read(settled) == header
    assert starts(asked) == 0
    assert header.duration_ms == pytest.approx(2000, abs=100)
    assert packets


def test_packets_are_asked_for_where_only_the_headers_are_known(settled: Path, asked: pytest.LogCaptureFixture) -> None:
    header = film_headers.read(settled)
    assert film_headers.read(settled) == header
    assert starts(asked) == 1
    assert film_headers.read_with_packets(settled, SECONDS)[1]
    assert starts(asked) == 1


def test_another_film_under_the_same_name_is_asked_for(settled: Path, asked: pytest.LogCaptureFixture) -> None:
    film_headers.read(settled)
    before = settled.stat()
    make(settled, 4)
    os.utime(settled, ns=(before.st_atime_ns, before.st_mtime_ns))
    starts(asked)
    duration_ms = film_headers.read(settled).duration_ms
    assert duration_ms == pytest.approx(4000, abs=100)
    film_headers.read(settled)
    assert starts(asked) == 2, "it has just been written: what is written in the same moment would not show"
    settled.write_bytes(b"nothing")
    with pytest.raises(MediaError):
        film_headers.read(settled)


@pytest.mark.parametrize("said", ["", "stated", "stated\n{", 'stated\n{"streams": [{"index": "a"}]}', "else\n{}"])
def test_what_is_damaged_is_asked_again(settled: Path, cache: Path, said: str, asked: pytest.LogCaptureFixture) -> None:
    header = film_headers.read(settled)
    (memo,) = cache.iterdir()
    whole = memo.read_text("utf-8")
    memo.write_text(said, "utf-8")
    starts(asked)
    assert film_headers.read(settled) == header
    assert starts(asked) == 1
    assert memo.read_text("utf-8") == whole


def test_what_anybody_may_have_written_or_is_old_counts_for_nothing(
    settled: Path, cache: Path, asked: pytest.LogCaptureFixture
) -> None:
    header = film_headers.read(settled)
    cache.chmod(0o777)
    starts(asked)
    assert film_headers.read(settled) == header
    assert starts(asked) == 1
    cache.chmod(0o700)
    (memo,) = cache.iterdir()
    (cache / "of_another_film.json").write_text("", "utf-8")
    for place in cache.iterdir():
        os.utime(place, (1, 1))
    assert film_headers.read(settled) == header
    assert starts(asked) == 1
    assert list(cache.iterdir()) == [memo]


def test_another_ffprobe_is_asked(
    settled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: pytest.LogCaptureFixture
) -> None:
    film_headers.read(settled)
    other = tmp_path / "bin" / "ffprobe"
    other.parent.mkdir()
    other.write_text(f'#!/bin/sh\nexec "$(command -v {_ffprobe()})" "$@"\n', "utf-8")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(other.parent), prepend=os.pathsep)
    starts(asked)
    film_headers.read(settled)
    assert starts(asked) == 1


def _ffprobe() -> str:
    return subprocess.run(["sh", "-c", "command -v ffprobe"], capture_output=True, text=True, check=True).stdout.strip()
