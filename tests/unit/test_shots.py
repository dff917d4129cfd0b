"""Shot changes: found where pictures differ suddenly, not where they move, and remembered by the film's checksum."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from samvad.core.errors import ChangedFileError, MediaError
from samvad.documents.probe import AudioTrack
from samvad.media import clock, ffprobe, shots
from samvad.stages.demux import picture

CUTS_MS = [1200, 2000, 3600]


def ffmpeg(*options: object) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, options)], check=True)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a film of four moving shots with cuts at known times."""
    target = tmp_path_factory.mktemp("shots") / "film.mp4"
    inputs = []
    for number, seconds in enumerate((1.2, 0.8, 1.6, 1.0)):
        kind = ("testsrc", "mandelbrot", "testsrc2", "smptebars")[number]
        length = "" if kind == "mandelbrot" else f":duration={seconds}"
        inputs += ["-f", "lavfi", "-t", seconds, "-i", f"{kind}=size=320x180:rate=25{length}"]
    ffmpeg(*inputs, "-filter_complex", "concat=n=4", "-c:v", "libx264", "-preset", "ultrafast", target)
    return target


def test_cuts_are_found_to_the_picture(film: Path) -> None:
    assert shots.detect(film) == CUTS_MS


def test_the_sample_films_cuts_are_all_found_and_no_other(sample: Any) -> None:
    assert shots.detect(sample.film) == sample.truth["cuts_ms"]


def test_motion_is_no_cut() -> None:
    times = tuple(range(0, 4000, 40))
    assert shots.cuts(shots.Differences(times, (20.0,) * 100)) == []
    assert shots.cuts(shots.Differences(times, (0.0,) + (0.5, 4.9) * 49 + (0.5,))) == []
    assert shots.cuts(shots.Differences(times, (0.0,) + (1.0,) * 49 + (30.0,) + (1.0,) * 49)) == [2000]


def test_cuts_are_remembered_by_checksum(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path))
    assert shots.of_film(film) == CUTS_MS
    monkeypatch.setattr(shots, "detect", lambda film: pytest.fail("the film was looked through again"))
    assert shots.of_film(film) == CUTS_MS
    assert shots.cached("sha256:" + "0" * 64) is None


def test_cuts_of_a_film_that_is_replaced_meanwhile_are_remembered_for_none(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Path(shutil.copy2(film, tmp_path / "film.mp4"))
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    detect = shots.detect

    def replaced(film: Path) -> list[int]:
        shutil.copy2(film, f"{film}.new")
        Path(f"{film}.new").replace(film)
        return detect(film)

    monkeypatch.setattr(shots, "detect", replaced)
    with pytest.raises(ChangedFileError, match="was replaced"):
        shots.of_film(own)
    assert not (tmp_path / "cache" / "shots").exists()


def test_a_damaged_or_locked_cache_is_passed_over(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path))
    shots.remember("sha256:ab", [1, 2])
    (file,) = (tmp_path / "shots").iterdir()
    file.write_text('{"cuts_ms": "x"')
    assert shots.cached("sha256:ab") is None
    (tmp_path / "file").touch()
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "file"))
    shots.remember("sha256:ab", [1, 2])
    assert shots.cached("sha256:ab") is None


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    (tmp_path / "-x.mp4").write_text("no film")
    with pytest.raises(MediaError, match=r"-x\.mp4"):
        shots.detect(tmp_path / "-x.mp4")
    with pytest.raises(MediaError, match=r"-x\.mp4"):
        shots.frame_rate(tmp_path / "-x.mp4")


@pytest.mark.parametrize("height", [0, 120, 240, 480])
def test_cuts_do_not_depend_on_the_small_copy(film: Path, tmp_path: Path, height: int) -> None:
    sound = AudioTrack(
        **{"track": 0, "stream": 1, "codec": "aac", "language": None, "channels": 1, "layout": "mono", "title": ""},
        **{"sample_rate_hz": 48_000, "default": True, "start_ms": 0, "duration_ms": None},
    )
    whole = tmp_path / "whole.mp4"
    large = ("-vf", "scale=640:-2", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac")
    ffmpeg("-i", film, "-f", "lavfi", "-i", "sine=duration=4.6", *large, whole)
    proxy = tmp_path / "proxy.mp4" if height else None
    look = picture.look_through(clock.opened(whole), sound, proxy, height, 1, cuts=True)
    assert look.fault is None and look.cuts_ms == shots.detect(whole) == CUTS_MS
    if proxy:
        (found,) = ffprobe.read_header(proxy).moving
        assert found.picture is not None and found.picture.height == min(height, 360)
