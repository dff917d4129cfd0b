"""The sample film: what its truth file says is what the film holds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samvad.commands import make_sample_film
from samvad.sample import picture, sound, story
from support import ROOT

PER_MS = 48
needs_tools = pytest.mark.skipif(
    not (shutil.which("espeak-ng") and shutil.which("ffmpeg")), reason="espeak-ng and ffmpeg make the film"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("sample")
    make_sample_film.make(folder / "film.mp4", folder / "film.json")
    return folder / "film.mp4", json.loads((folder / "film.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def heard(made: tuple[Path, dict[str, Any]]) -> np.ndarray:
    """The film's sound, shape (samples, 2), 48 kHz."""
    command = ["ffmpeg", "-v", "error", "-i", made[0], "-f", "s16le", "-ac", "2", "-ar", "48000", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, "<i2").reshape(-1, 2) / 32768


def probe(film: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", film]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


# --- the story, without any tool ---

LINES = [item for item in story.STORY if isinstance(item, story.Line)]


def test_the_story_has_enough_lines_of_both_languages_by_different_voices() -> None:
    spoken = [story.VOICES[line.speaker] for line in LINES]
    assert sum(voice.language == "en" for voice in spoken) >= 12
    assert sum(voice.language == "es" for voice in spoken) >= 3
    assert len({voice.name for voice in spoken if voice.language == "en"}) == 2
    assert all((line.english is not None) == (story.VOICES[line.speaker].language == "es") for line in LINES)


def test_every_name_of_the_truth_is_spoken() -> None:
    said = " ".join(line.text for line in LINES)
    assert all(name in said for name in story.NAMES)


def test_every_picture_of_the_story_is_drawn_and_differs_from_the_one_before() -> None:
    timeline = story.place(story.STORY, dict.fromkeys(LINES, 2500))
    stills = [picture.still(shot.shot.picture) for shot in timeline.shots]
    assert all(still.shape == (picture.HEIGHT, 960, 3) for still in stills)
    for before, after in pairwise(stills):
        changed = np.abs(before.astype(int) - after.astype(int)).mean()
        assert changed > 10, "a cut that no detector would see"


@given(st.lists(st.integers(300, 6000), min_size=len(LINES), max_size=len(LINES)))
def test_whatever_the_pace_of_the_voices_the_timeline_stays_in_order(durations_ms: list[int]) -> None:
    timeline = story.place(story.STORY, dict(zip(LINES, durations_ms, strict=True)))
    sounds = sorted([*timeline.lines, *timeline.stretches], key=lambda placed: placed.start_ms)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(sounds))
    assert [placed.end_ms - placed.start_ms for placed in timeline.lines] == durations_ms
    assert timeline.shots[0].start_ms == 0
    assert timeline.shots[-1].end_ms == timeline.duration_ms > sounds[-1].end_ms
    # Every cut is at once a whole frame and a whole millisecond.
    assert all(cut * story.FRAME_RATE % 1000 == 0 for cut in timeline.cuts_ms)
    assert sum(shot.frames for shot in timeline.shots) * 1000 == timeline.duration_ms * story.FRAME_RATE


def test_a_story_that_does_not_begin_with_a_shot_is_refused() -> None:
    with pytest.raises(ValueError, match="begins with a shot"):
        story.place(LINES[:1], {LINES[0]: 1000})  # type: ignore[arg-type]


def test_resampling_keeps_pitch_loudness_and_length() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(22050) / 22050)
    changed = sound.resample(tone, 22050)
    assert len(changed) == 48000
    assert np.argmax(np.abs(np.fft.rfft(changed))) == 1000
    assert np.abs(changed).max() == pytest.approx(1, abs=0.02)


def test_the_music_is_more_than_a_tone_and_dies_away() -> None:
    piece = sound.music(10_800).mean(axis=0)
    spectrum = np.abs(np.fft.rfft(piece))
    assert (spectrum > spectrum.max() / 20).sum() > 50
    assert np.abs(piece[-PER_MS * 10 :]).max() < 0.01 < np.abs(piece).max()


# --- the film itself ---


@needs_tools
def test_the_film_has_the_promised_format_and_length(made: tuple[Path, dict[str, Any]]) -> None:
    film, truth = made
    video, audio = probe(film)["streams"]
    assert (video["codec_name"], video["r_frame_rate"], video["width"], video["height"]) == ("h264", "24/1", 640, 360)
    assert int(video["nb_frames"]) * 1000 == truth["duration_ms"] * 24
    assert (audio["codec_name"], audio["sample_rate"], audio["channels"]) == ("aac", "48000", 2)
    assert float(audio["start_time"]) == float(video["start_time"]) == 0
    assert 60_000 <= truth["duration_ms"] <= 90_000
    assert truth["film"] == film.name


@needs_tools
def test_the_truth_has_what_a_benchmark_needs(made: tuple[Path, dict[str, Any]]) -> None:
    truth = made[1]
    longest = dict.fromkeys(("music", "noise", "silence"), 0)
    for stretch in truth["stretches"]:
        longest[stretch["kind"]] = max(longest[stretch["kind"]], stretch["end_ms"] - stretch["start_ms"])
    assert longest["music"] >= 10_000 and longest["noise"] >= 5_000 and longest["silence"] >= 5_000
    assert len(truth["cuts_ms"]) >= 5
    spanish = [line for line in truth["lines"] if line["language"] == "es"]
    english = [line for line in truth["lines"] if line["language"] == "en"]
    assert all(line["english"] for line in spanish) and not any("english" in line for line in english)
    before = max(line["end_ms"] for line in english if line["end_ms"] <= spanish[0]["start_ms"])
    after = min(line["start_ms"] for line in english if line["start_ms"] >= spanish[-1]["end_ms"])
    assert spanish[0]["start_ms"] - before >= 1500 and after - spanish[-1]["end_ms"] >= 1500


@needs_tools
def test_every_line_begins_and_ends_in_the_film_when_the_truth_says(
    made: tuple[Path, dict[str, Any]], heard: np.ndarray
) -> None:
    loudness = np.abs(heard).max(axis=1)
    for line in made[1]["lines"]:
        first = (line["start_ms"] - 250) * PER_MS
        near = loudness[first : (line["end_ms"] + 250) * PER_MS]
        audible = np.flatnonzero(near > 0.008)
        assert first / PER_MS + audible[0] / PER_MS == pytest.approx(line["start_ms"], abs=10), line["text"]
        assert first / PER_MS + audible[-1] / PER_MS == pytest.approx(line["end_ms"], abs=15), line["text"]


@needs_tools
def test_nothing_is_said_between_the_lines(made: tuple[Path, dict[str, Any]], heard: np.ndarray) -> None:
    quiet = np.abs(heard).max(axis=1)
    for span in [*made[1]["lines"], *made[1]["stretches"]]:
        quiet[max(0, span["start_ms"] - 30) * PER_MS : (span["end_ms"] + 30) * PER_MS] = 0
    assert quiet.max() < 0.01


@needs_tools
def test_the_stretches_sound_as_they_are_called(made: tuple[Path, dict[str, Any]], heard: np.ndarray) -> None:
    for stretch in made[1]["stretches"]:
        inner = heard[(stretch["start_ms"] + 50) * PER_MS : (stretch["end_ms"] - 50) * PER_MS].mean(axis=1)
        if stretch["kind"] == "silence":
            assert np.abs(inner).max() == 0
            continue
        band_hz = np.fft.rfftfreq(len(inner), 1 / 48000)
        power = np.abs(np.fft.rfft(inner))[(band_hz > 300) & (band_hz < 7000)] ** 2
        flatness = np.exp(np.log(power).mean()) / power.mean()
        assert np.sqrt((inner**2).mean()) > 0.01
        # Rain fills its band; chords stand on lines.
        assert flatness > 0.1 if stretch["kind"] == "noise" else flatness < 0.01, flatness


@needs_tools
def test_the_picture_cuts_where_the_truth_says_and_nowhere_else(made: tuple[Path, dict[str, Any]]) -> None:
    film, truth = made
    wanted = "select='gt(scene,0.1)',metadata=print:file=-"
    command = ["ffmpeg", "-v", "error", "-i", film, "-an", "-vf", wanted, "-f", "null", os.devnull]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    cuts = [round(float(word.removeprefix("pts_time:")) * 1000) for word in printed.split() if "pts_time:" in word]
    assert cuts == truth["cuts_ms"]


@needs_tools
def test_the_film_is_the_same_every_time_and_replaces_the_one_before(made: tuple[Path, dict[str, Any]]) -> None:
    film, truth = made
    again = film.with_name("again.mp4")
    again.write_bytes(b"an older film")
    make_sample_film.make(again, film.with_name("again.json"))
    assert again.read_bytes() == film.read_bytes()
    repeated = json.loads(film.with_name("again.json").read_text("utf-8"))
    assert {**repeated, "film": truth["film"]} == truth
    assert sorted(path.name for path in film.parent.iterdir()) == ["again.json", "again.mp4", "film.json", "film.mp4"]


@needs_tools
def test_without_a_font_the_film_is_made_without_captions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "no_fonts.conf"
    settings.write_text(f"<fontconfig><dir>{tmp_path}</dir><cachedir>{tmp_path}</cachedir></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(settings))
    assert not picture.can_write_text()
    make_sample_film.make(tmp_path / "film.mp4", tmp_path / "film.json")
    assert len(probe(tmp_path / "film.mp4")["streams"]) == 2


# --- the command ---


def run_with(path: str, *options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "samvad.commands", "make-sample-film", *map(str, options)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "scripts")},
        check=False,
    )


def folder_of(tmp_path: Path, *programs: str) -> str:
    """A PATH on which only these programs are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for program in programs:
        (folder / program).symlink_to(shutil.which(program) or pytest.skip(f"{program} is not installed"))
    return str(folder)


@pytest.mark.parametrize(("present", "missing"), [("ffmpeg", "espeak-ng"), ("espeak-ng", "ffmpeg")])
def test_a_missing_program_is_named_and_an_older_film_stays(tmp_path: Path, present: str, missing: str) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"an older film")
    done = run_with(folder_of(tmp_path, present), "--output", film, "--truth", tmp_path / "film.json")
    assert done.returncode == 2
    assert f"{missing} is not installed" in done.stderr and "Traceback" not in done.stderr
    assert film.read_bytes() == b"an older film" and not (tmp_path / "film.json").exists()


def test_a_failing_ffmpeg_is_reported_with_its_last_words(tmp_path: Path) -> None:
    folder = Path(folder_of(tmp_path, "espeak-ng"))
    (folder / "ffmpeg").write_text("#!/bin/sh\necho 'no encoder here' >&2\nexit 1\n")
    (folder / "ffmpeg").chmod(0o755)
    done = run_with(str(folder), "--output", tmp_path / "film.mp4", "--truth", tmp_path / "film.json")
    assert done.returncode == 3
    assert "no encoder here" in done.stderr and "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin"]


@pytest.mark.parametrize(("output", "truth"), [("film.mkv", "film.json"), ("film.mp4", "film.mp4")])
def test_names_that_cannot_be_are_refused(tmp_path: Path, output: str, truth: str) -> None:
    done = run_with(os.environ["PATH"], "--output", tmp_path / output, "--truth", tmp_path / truth)
    assert done.returncode == 2 and "--output" in done.stderr and "Traceback" not in done.stderr
