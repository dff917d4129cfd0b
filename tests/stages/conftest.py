"""What tests of stages use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import support
from muxing import PICTURE, SOUND, SRT, X264, ffmpeg


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make small films: a plain MP4, and an MKV with two languages and a default subtitle track of its own."""
    folder = tmp_path_factory.mktemp("films")
    ffmpeg(*PICTURE, *SOUND, *X264, folder / "plain.mp4")
    (folder / "old.srt").write_text(SRT.format("the film's own"), encoding="utf-8")
    two = [*PICTURE, *SOUND, "-f", "lavfi", "-i", "sine=frequency=880:duration=3", "-i", folder / "old.srt"]
    tags = ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=hin", "-metadata:s:s:0", "language=eng"]
    flags = ["-disposition:a:0", "0", "-disposition:a:1", "default"]
    maps = ["-map", "0", "-map", "1", "-map", "2", "-map", "3"]
    own = ["-metadata:s:s:0", "title=Old", "-disposition:s:0", "default+forced", "-metadata", "title=Kept title"]
    ffmpeg(*two, *maps, *X264, *tags, *flags, *own, folder / "own.mkv")
    ffmpeg(*two, *maps, *X264, *tags, *flags, "-c:s", "mov_text", folder / "own.mp4")
    return folder


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what runs in this process keep what it finds in a cache of its own: shot changes, checksums."""
    for name, value in support.new_cache(tmp_path).items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def pieces(once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """Return the folder of encoded pictures and sounds, one for all of pytest's processes."""
    return once("pieces", lambda _: None)
