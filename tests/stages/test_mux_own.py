"""Stage 10: what else is the film's own comes through, is mended or told; nothing else is told."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import support
from muxing import SRT, ffmpeg, make_job, manifest, probe, run
from samvad.documents import mux_proof
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.media import clock
from samvad.stages.mux import own
from samvad.stages.mux.film import FilmFile

CHAPTERS = ";FFMETADATA1\n" + "".join(
    f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={start + 1000}\ntitle={title}\n"
    for start, title in ((0, "One"), (1000, "Two"))
)


def warnings(result: Path) -> list[str]:
    return [item["message"] for item in manifest(result)["warnings"]]


def opened(path: Path) -> FilmFile:
    return FilmFile(clock.opened(path), leaps=False, duration_ms=3000)


@pytest.fixture
def chaptered(tmp_path: Path, films: Path) -> Path:
    """Return an MP4 with chapters, for which it has a track of text, and a cover."""
    (tmp_path / "chapters.txt").write_text(CHAPTERS)
    cover, film = tmp_path / "cover.png", tmp_path / "chaptered.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x64", "-frames:v", 1, cover)
    inputs = ("-i", films / "plain.mp4", "-i", tmp_path / "chapters.txt", "-i", cover)
    maps = ("-map", 0, "-map", 2, "-map_chapters", 1, "-c", "copy", "-disposition:v:1", "attached_pic")
    ffmpeg(*inputs, *maps, film)
    assert [stream["codec_name"] for stream in probe(film)["streams"]] == ["h264", "aac", "bin_data", "png"]
    return film


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_chapters_and_a_cover_in_mp4_come_through_without_a_warning(
    tmp_path: Path, chaptered: Path, container: str
) -> None:
    result, done = run(make_job(tmp_path, chaptered), "--container", container)
    assert done.returncode == 0, done.stderr
    assert warnings(result) == []
    made = opened(result.with_suffix(f".{container}"))
    assert [title for _, title in made.header.marks] == ["One", "Two"]
    assert len(made.header.of_kind("attachment")) == 1
    told = mux_proof.told({metric["name"]: metric["value"] for metric in manifest(result)["metrics"]})
    assert told is not None and "none off by more than" in told and "2 cues read back" in told


def test_names_languages_and_flags_that_a_result_lacks_are_mended(tmp_path: Path, films: Path) -> None:
    film = tmp_path / "film.mkv"
    flags = ("--commentary-flag", 1, "--visual-impaired-flag", 2, "--original-flag", 2, "--track-name", "1:Talk")
    command = ["mkvmerge", "-q", "-o", film, *flags, "--forced-display-flag", "3:1", films / "own.mkv"]
    subprocess.run(list(map(str, command)), check=True)
    result = tmp_path / "result.mkv"
    ffmpeg("-i", film, "-map", 0, "-c", "copy", "-map_metadata", -1, "-disposition", 0, result)
    assert len(own.differences(opened(film), opened(result), 0)) > 5
    own.mend(opened(film).header, opened(result), 0)
    left = own.differences(opened(film), opened(result), 0)
    assert all("default" in text for text in left), left


def test_an_attached_file_may_lose_the_folders_of_its_name_and_nothing_else(tmp_path: Path, films: Path) -> None:
    font, film, result = tmp_path / "font.ttf", tmp_path / "film.mkv", tmp_path / "result.mkv"
    font.write_bytes(b"\0\1\0\0")
    named = ("-metadata:s:t", "mimetype=application/x-truetype-font", "-metadata:s:t", "filename=../../a font.ttf")
    ffmpeg("-i", films / "own.mkv", "-map", 0, "-c", "copy", "-attach", font, *named, film)
    for options, lacks in (((), []), (("--no-attachments",), ["the attached file 'a font.ttf' is not in it"])):
        subprocess.run(["mkvmerge", "-q", "-o", result, *options, film], check=True)
        assert [text for text in own.differences(opened(film), opened(result), 0) if "attached" in text] == lacks


def test_own_subtitles_and_chapters_that_come_late_are_told(tmp_path: Path, films: Path) -> None:
    late = ("--sync", "3:200", "--chapter-sync", "100")
    (tmp_path / "chapters.txt").write_text(CHAPTERS)
    film, result = tmp_path / "film.mkv", tmp_path / "result.mkv"
    chapters = ("-i", tmp_path / "chapters.txt", "-map_chapters", 1)
    ffmpeg("-i", films / "own.mkv", *chapters, "-map", 0, "-c", "copy", film)
    subprocess.run(["mkvmerge", "-q", "-o", result, *late, film], check=True)
    assert own.differences(opened(film), opened(result), 0) == [
        "subtitle 3 is shifted: its first and last by 200 and 200 ms",
        "chapter 1 comes 100 ms late",
        "chapter 2 comes 100 ms late",
    ]
    fewer = tmp_path / "fewer.mkv"
    (tmp_path / "empty.srt").write_text(SRT.format("one") + SRT.replace("1\n", "2\n", 1).format("two"))
    subprocess.run(["mkvmerge", "-q", "-o", fewer, "--no-subtitles", film, tmp_path / "empty.srt"], check=True)
    told = own.differences(opened(film), opened(fewer), 0)
    assert any("has 2 texts or pictures, not 1" in text for text in told)


def test_cues_on_cuts_are_on_the_cuts_of_the_subtitled_film_too(tmp_path: Path, sample: Any) -> None:
    truth = sample.truth
    inputs = make_job(tmp_path, sample.film, duration_ms=truth["duration_ms"])
    result, done = run(inputs)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "cuts.en.srt"
    cuts = [cut for cut, after in pairwise([*truth["cuts_ms"], truth["duration_ms"]]) if after - cut > 3000]
    cues = [Cue(cut, cut + 1250, ("Good morning.",)) for cut in cuts]
    path.write_text(formats.write("srt", cues), encoding="utf-8")
    found = []
    for film in (sample.film, result):
        command = [support.ROOT / "samvad", "check", path, "--video", film, "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        (checked,) = json.loads(done.stdout)
        assert checked["checked"]["shots"]
        found.append((checked["findings"], checked["within"]))
    assert found[0] == found[1]
    assert found[0][0] == []


@pytest.mark.skipif(not (support.CASES / "films").is_dir(), reason="shared/cases is not beside this checkout")
def test_pictures_of_text_in_a_transport_stream_are_compared(tmp_path: Path) -> None:
    film, late, result = (tmp_path / name for name in ("film.ts", "late.mkv", "same.mkv"))
    maps = ("-map", "0:v", "-map", "0:a", "-map")
    ffmpeg("-i", support.CASES / "films" / "l2_vobsub.mkv", *maps, "0:s", "-c", "copy", "-c:s", "dvbsub", film)
    ffmpeg("-i", film, *maps, "0:s", "-c", "copy", result)
    ffmpeg("-i", film, "-itsoffset", 0.1, "-i", film, *maps, "1:s", "-c", "copy", late)
    assert own.differences(opened(film), opened(result), 0) == []
    (said,) = own.differences(opened(film), opened(late), 0)
    assert said == "subtitle 2 is shifted: its first and last by 100 and 100 ms"


def test_a_text_of_the_films_own_that_claims_hours_ends_with_the_film(tmp_path: Path, films: Path) -> None:
    text, film = tmp_path / "hours.srt", tmp_path / "film.mkv"
    cues = "1\n00:00:00,500 --> 00:00:01,000\nshort\n\n2\n00:00:01,500 --> 10:00:00,000\nlong\n\n"
    text.write_text(cues, encoding="utf-8")
    ffmpeg("-i", films / "plain.mp4", "-i", text, "-map", "0", "-map", "1", "-c", "copy", "-c:s", "srt", film)
    result, done = run(make_job(tmp_path, film))
    assert done.returncode == 0, done.stderr
    assert float(probe(film)["format"]["duration"]) > 35_000
    assert float(probe(result)["format"]["duration"]) == pytest.approx(3, abs=0.1)
    (short, long), (first, last) = _shown(film, 0), _shown(result, 0)
    assert first == pytest.approx(short, abs=0.01)
    assert last == pytest.approx((long[0], 3), abs=0.1)


@pytest.mark.skipif(not (support.CASES / "films").is_dir(), reason="shared/cases is not beside this checkout")
def test_pictures_of_text_without_an_end_leave_with_the_film(tmp_path: Path) -> None:
    result, done = run(make_job(tmp_path, support.CASES / "films" / "l2_vobsub.mkv", duration_ms=11_029))
    assert done.returncode == 0, done.stderr
    assert float(probe(result)["format"]["duration"]) == pytest.approx(11.03, abs=0.1)
    assert [start for start, _ in _shown(result, 0)] == pytest.approx([0.021, 5.021])


def _shown(film: Path, track: int) -> list[tuple[float, float]]:
    """Return when each packet of a subtitle track comes and goes, in seconds."""
    entries = ("-select_streams", f"s:{track}", "-show_entries", "packet=pts_time,duration_time")
    command = ["ffprobe", "-v", "error", *entries, "-of", "csv=p=0", str(film)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return [(start, round(start + length, 3)) for start, length in (map(float, line.split(",")[:2]) for line in lines)]
