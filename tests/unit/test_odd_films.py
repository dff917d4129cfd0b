"""The odd films are as odd as they promise: a fixture that lost its oddity would test nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import odd_films

pytestmark = pytest.mark.skipif(
    not (shutil.which("espeak-ng") and shutil.which("ffmpeg")), reason="espeak-ng and ffmpeg make the films"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("odd")


def probe(film: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", f"file:{film}"]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def streams(film: Path, kind: str) -> list[dict[str, Any]]:
    return [stream for stream in probe(film)["streams"] if stream["codec_type"] == kind]


def channels(film: Path, count: int) -> np.ndarray:
    """The first sound track, shape (samples, count), 16 kHz, on its own clock (from its first sample)."""
    command = ["ffmpeg", "-v", "quiet", "-i", f"file:{film}", "-map", "0:a:0", "-ar", "16000", "-f", "s16le", "-"]
    raw = subprocess.run(command, capture_output=True, check=False).stdout
    return np.frombuffer(raw, "<i2").reshape(-1, count) / 32768


def test_every_film_is_made_once(folder: Path) -> None:
    for make in odd_films.ALL:
        film = make(folder)
        made = film.stat().st_mtime_ns
        assert make(folder) == film and film.parent == folder and film.stat().st_mtime_ns == made
    assert len(list(folder.iterdir())) == len(odd_films.ALL)


@pytest.mark.parametrize("make", odd_films.UNREADABLE, ids=lambda make: make.__name__)
def test_ffprobe_reads_neither_an_empty_file_nor_a_text(folder: Path, make: odd_films.OddFilm) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        probe(make(folder))


@pytest.mark.parametrize("make", odd_films.WITH_SPEECH, ids=lambda make: make.__name__)
def test_speech_begins_after_the_lead_of_its_track(folder: Path, make: odd_films.OddFilm) -> None:
    film = make(folder)
    track = streams(film, "audio")[0]
    heard = channels(film, track["channels"])
    centre = heard[:, 2] if track["channels"] == 6 else heard[:, 0]
    onset_ms = np.flatnonzero(np.abs(centre) > 0.02)[0] / 16
    assert onset_ms == pytest.approx(odd_films.LEAD_MS, abs=30)


def test_a_truncated_film_promises_more_than_it_holds(folder: Path) -> None:
    film = odd_films.truncated(folder)
    assert float(probe(film)["format"]["duration"]) == pytest.approx(6, abs=0.1)
    assert len(channels(film, 1)) / 16000 < 5


def test_a_film_without_sound_and_sound_without_a_film(folder: Path) -> None:
    assert not streams(odd_films.no_audio(folder), "audio")
    assert not streams(odd_films.audio_only(folder), "video")


def test_the_dialogue_of_surround_sound_is_in_the_centre_alone(folder: Path) -> None:
    film = odd_films.surround_5_1(folder)
    (track,) = streams(film, "audio")
    assert track["channel_layout"].startswith("5.1") and track["codec_name"] == "ac3"
    left, right, centre, low, back_left, back_right = channels(film, 6).T
    lead = slice(800, odd_films.LEAD_MS * 16 - 800)
    assert np.abs(centre[lead]).max() < 0.005 < np.abs(left[lead]).max()
    for other in (left, right, low, back_left, back_right):
        assert abs(np.corrcoef(centre, other)[0, 1] if other.std() > 1e-4 else 0) < 0.1


@pytest.mark.parametrize("make", [odd_films.audio_offset_5s_mkv, odd_films.audio_offset_5s_mp4])
def test_the_sound_starts_five_seconds_late(folder: Path, make: odd_films.OddFilm) -> None:
    film = make(folder)
    first = ["ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries", "packet=pts_time"]
    command = [*first, "-read_intervals", "%+#1", "-of", "csv=p=0", film]
    printed = subprocess.run(command, capture_output=True, text=True, check=True)
    # The first packet of AAC comes 21 ms early: the encoder's run-up, which players drop.
    assert float(printed.stdout.split()[0].strip(",")) == pytest.approx(5, abs=0.03)
    (picture,) = streams(film, "video")
    assert float(picture["start_time"]) == pytest.approx(0, abs=0.1)


def test_the_second_language_is_the_default(folder: Path) -> None:
    tracks = streams(odd_films.two_audio_languages(folder), "audio")
    assert [track["tags"]["language"] for track in tracks] == ["eng", "hin"]
    assert [track["disposition"]["default"] for track in tracks] == [0, 1]


def test_the_hostile_name_has_all_that_breaks_scripts(folder: Path) -> None:
    name = odd_films.hostile_name(folder).name
    assert name.startswith("-") and all(mark in name for mark in "'\"$\n `;&%द🎬")


def test_the_frame_rate_varies(folder: Path) -> None:
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0"]
    film = odd_films.variable_frame_rate(folder)
    printed = subprocess.run([*command, film], capture_output=True, text=True, check=True).stdout
    times = sorted(float(line.strip(",")) for line in printed.split())
    steps = {round((after - before) * 24) for before, after in pairwise(times)}
    assert {1, 5} <= steps


def test_no_header_tells_the_duration(folder: Path) -> None:
    found = probe(odd_films.no_duration_header(folder))
    assert "duration" not in found["format"]
    assert not any("duration" in stream or "DURATION" in stream.get("tags", {}) for stream in found["streams"])


def test_a_recordings_clock_starts_late(folder: Path) -> None:
    found = probe(odd_films.mpeg_ts(folder))["format"]
    assert float(found["start_time"]) >= odd_films.TS_START_SECONDS and float(found["duration"]) < 10


def test_the_only_video_stream_is_a_cover(folder: Path) -> None:
    (cover,) = streams(odd_films.video_with_cover_art_only(folder), "video")
    assert cover["disposition"]["attached_pic"] == 1


def test_the_film_has_subtitles_of_its_own(folder: Path) -> None:
    tracks = streams(odd_films.existing_subtitles(folder), "subtitle")
    assert [track["tags"]["language"] for track in tracks] == ["eng", "hin"]
    assert [(track["disposition"]["default"], track["disposition"]["forced"]) for track in tracks] == [(1, 0), (0, 1)]
