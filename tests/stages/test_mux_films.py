"""Stage 10: films with quirks, what is refused, and what goes wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import support
from muxing import SOUND, ffmpeg, identified, make_job, manifest, messages, packets, run, subtitle_streams
from samvad.core.errors import DiskError, SamvadError, ToolError
from samvad.media import film_headers
from samvad.stages.mux import matroska, plan


def test_sound_without_picture_is_passed_over_with_the_reason(tmp_path: Path) -> None:
    film = tmp_path / "sound.wav"
    ffmpeg(*SOUND, film)
    result, done = run(make_job(tmp_path, film, video=False))
    assert done.returncode == 0
    assert manifest(result)["status"] == "skipped"
    assert any("no video stream" in text for text in messages(result))
    assert not result.exists()


def test_a_film_that_has_changed_since_stage_01_is_refused(tmp_path: Path, films: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes((films / "plain.mp4").read_bytes())
    inputs = make_job(tmp_path, film)
    film.write_bytes(film.read_bytes() + b"0")
    result, done = run(inputs)
    assert done.returncode == 3
    assert not result.exists()


def test_a_film_that_was_moved_is_taken_from_its_new_place_if_it_is_the_same(tmp_path: Path, films: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes((films / "plain.mp4").read_bytes())
    inputs = make_job(tmp_path, film)
    moved = film.rename(tmp_path / "moved.mp4")
    result, done = run(inputs, f"--film-file={moved}")
    assert done.returncode == 0, done.stderr
    (read,) = [item for item in manifest(result)["inputs"] if item["type"] == "film"]
    assert read["path"] == str(moved)
    moved.write_bytes(moved.read_bytes()[::-1])
    _, done = run(inputs, f"--film-file={moved}")
    assert done.returncode == 3
    assert "has changed since stage 01" in done.stderr


def test_a_result_that_lacks_a_stream_or_a_tag_is_refused(films: Path) -> None:
    result = film_headers.read(films / "own.mkv")
    identified = matroska.identify(films / "own.mkv", films)
    with pytest.raises(SamvadError, match="finds 2 audio streams, not 3"):
        plan.check_result(result, identified, {"audio": 3}, [], films)
    tamil = matroska.NewTrack(films, "ta", "Tamil (Samvad)", default=False)
    with pytest.raises(SamvadError, match=r"not ta; .* name and flags of Tamil"):
        plan.check_result(result, identified, {"subtitle": 1}, [tamil], films)


def test_a_result_that_is_too_short_is_refused(tmp_path: Path, films: Path) -> None:
    short = tmp_path / "short.mkv"
    ffmpeg("-i", films / "plain.mp4", "-t", "2", "-c", "copy", short)
    with pytest.raises(ToolError, match=r"plays for 2\.\d+ s, but .* for 3\.\d+ s"):
        plan.check_duration(films / "plain.mp4", short, 3000, film_headers.read(short))


def test_a_wrong_duration_in_a_header_is_no_reason_to_refuse_a_film(tmp_path: Path, films: Path) -> None:
    result, done = run(make_job(tmp_path, films / "plain.mp4", duration_ms=9000))
    assert done.returncode == 0, done.stderr
    assert packets(result) == packets(films / "plain.mp4")


def test_a_disk_without_room_is_named_before_anything_is_written(tmp_path: Path, films: Path) -> None:
    with pytest.raises(DiskError, match=r"MB left, but a subtitled copy of .*plain\.mp4"):
        plan.check_space(tmp_path, films / "plain.mp4", copies=1 << 40)


def test_a_disk_that_fills_up_while_the_film_is_written_is_a_disk_error(tmp_path: Path, films: Path) -> None:
    film = films / "plain.mp4"
    arguments = matroska.options(Path("/dev/full"), "", [(film, [])], [])
    with pytest.raises(DiskError, match="not enough space"):
        matroska.multiplex(arguments, tmp_path, film)


def test_what_mkvmerge_says_of_a_failure_is_passed_on(tmp_path: Path) -> None:
    arguments = matroska.options(tmp_path / "out.mkv", "", [(tmp_path / "missing.mp4", [])], [])
    with pytest.raises(ToolError, match=r"missing\.mp4' could not be opened"):
        matroska.multiplex(arguments, tmp_path, tmp_path / "missing.mp4")


REAL = {
    "multi_audio_eng_hin_subs.mkv": (49_250, 2),
    "en_movtext.mp4": (2000, 1),
    "vfr.mp4": (20_000, 0),
    "badcontainer.mp4": (5000, 0),
    "noduration.webm": (0, 0),
}


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_films_with_quirks_come_through_whole(tmp_path: Path, name: str) -> None:
    film = support.MEDIA / "D_video" / name
    if not film.exists():
        pytest.skip(f"{film} is not on this machine")
    duration_ms, own = REAL[name]
    result, done = run(make_job(tmp_path, film, duration_ms=duration_ms))
    assert done.returncode == 0, done.stderr
    assert packets(result) == packets(film)
    streams = subtitle_streams(result)
    assert len(streams) == own + 2
    assert sum(stream["disposition"]["default"] for stream in streams) == 1


def test_chapters_and_attachments_of_the_film_are_kept(tmp_path: Path, films: Path) -> None:
    film, font = tmp_path / "rich.mkv", tmp_path / "letter.txt"
    font.write_text("attached")
    chapters = tmp_path / "chapters.txt"
    chapters.write_text("CHAPTER01=00:00:00.000\nCHAPTER01NAME=One\nCHAPTER02=00:00:01.000\nCHAPTER02NAME=Two\n")
    command = ["mkvmerge", "-q", "-o", film, "--chapters", chapters, "--attach-file", font, films / "plain.mp4"]
    subprocess.run(command, check=True)
    result, done = run(make_job(tmp_path, film))
    assert done.returncode == 0, done.stderr
    assert identified(result)["chapters"][0]["num_entries"] == 2
    assert [item["file_name"] for item in identified(result)["attachments"]] == ["letter.txt"]


def test_a_broadcast_that_goes_on_in_another_codec_is_refused_in_plain_words(tmp_path: Path) -> None:
    """No track of Matroska holds both; who reads of shifts and of the program's complaints does not know what to do."""
    parts = []
    for number, codec in enumerate(["libx264", "libx265"]):
        parts.append(tmp_path / f"{codec}.ts")
        source = ("-f", "lavfi", "-i", "testsrc=duration=4:size=128x72:rate=25", "-f", "lavfi", "-i", "sine=duration=4")
        coded = ("-c:v", codec, "-preset", "ultrafast", "-g", 25, "-c:a", "aac")
        quiet = ("-x265-params", "log-level=none:pools=1") if codec == "libx265" else ()
        ffmpeg(*source, *coded, *quiet, "-output_ts_offset", 4 * number, parts[-1])
    film = tmp_path / "film.ts"
    film.write_bytes(b"".join(part.read_bytes() for part in parts))
    result, done = run(make_job(tmp_path, film, duration_ms=8000))
    assert done.returncode == 3
    assert f"{film}' goes on in another codec (h264 at its beginning, hevc at its end)" in done.stderr
    assert "convert all of it to one codec" in done.stderr
    assert not result.exists()
