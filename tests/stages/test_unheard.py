"""Stage 01 and what lies in a film's file unheard: a second file behind the first, parts that are gone or damaged."""

from __future__ import annotations

import os
import struct
import subprocess
import time
from pathlib import Path

import pytest

import extract_audio
import support
from muxing import ffmpeg

_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", 5, "-c:a", "aac")
_SOUND = ("-vn",)
#: How a film of each kind is coded.
CODED: dict[str, tuple[object, ...]] = {
    "mp4": _H264,
    "fragments.mp4": (*_H264, "-movflags", "+frag_keyframe+empty_moov+default_base_moof"),
    "faststart.mp4": (*_H264, "-movflags", "+faststart"),
    "mkv": _H264,
    "flv": _H264,
    "wmv": ("-c:v", "wmv2", "-c:a", "wmav2"),
    "avi": ("-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "ts": _H264,
    "wav": _SOUND,
    "w64": _SOUND,
    "caf": _SOUND,
    "flac": _SOUND,
}
#: What is said of two of them in one file. MPEG-TS and AVI are read to their end.
JOINED = {
    **dict.fromkeys(CODED, "another file begins"),
    **dict.fromkeys(("fragments.mp4", "mkv", "flac"), "goes back in time"),
    **dict.fromkeys(("ts", "avi"), ""),
}
#: What is said of one in which three tenths are zeros, as in a download that was not finished: refused, or warned of.
WITH_ZEROS = {
    "mkv": (0, "s of the sound are not in the film"),
    "ts": (0, "s of the sound are not in the film"),
    "faststart.mp4": (0, "s of the sound are damaged and cannot be decoded"),
    "fragments.mp4": (3, "a part of it that cannot be reached"),
    "flac": (0, "s of the sound are not in the film"),
}
pytestmark = pytest.mark.usefixtures("own_cache")


def _made(kind: str, folder: Path, seconds: float = 3.0) -> bytes:
    path = folder / f"{seconds}.{kind}"
    noise = f"anoisesrc=duration={seconds}:seed=1:amplitude=0.3:sample_rate=48000"
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size=64x48:rate=10:duration={seconds}", "-f", "lavfi", "-i", noise,
           *CODED[kind], path)  # fmt: skip
    return path.read_bytes()


def _run(folder: Path, film: Path, *options: str) -> tuple[int, list[str]]:
    """Run stage 01; return its exit code, and its errors or warnings."""
    job = support.make_job(folder)
    code = extract_audio.main(["--job-folder", str(job), "--film", "test", f"--media={film}", *options])
    told = support.failed_manifest(job, "demux")["errors"] if code else support.manifest_of(job, "demux")["warnings"]
    return code, [item["message"] for item in told]


@pytest.mark.parametrize("kind", [kind for kind in JOINED if kind != "faststart.mp4"])
def test_files_put_one_behind_the_other_are_no_film_of_the_first_alone(kind: str, tmp_path: Path) -> None:
    film = tmp_path / f"film.{kind.rpartition('.')[2]}"
    film.write_bytes(2 * _made(kind, tmp_path))
    code, told = _run(tmp_path, film)
    if JOINED[kind]:
        assert code == 3
        assert JOINED[kind] in told[0]
    else:
        assert (code, told) == (0, [])
        wav = tmp_path / "2025/01/01/tester/1/01_demux/audio.wav"
        assert wav.stat().st_size == pytest.approx(6 * 32_000, rel=0.05)


def test_a_short_file_behind_a_film_is_warned_of_and_a_lower_share_takes_the_first_alone(tmp_path: Path) -> None:
    film = tmp_path / "film.wav"
    film.write_bytes(_made("wav", tmp_path, 3.0) + _made("wav", tmp_path, 0.1))
    code, told = _run(tmp_path / "short", film)
    assert code == 0
    assert ["another file begins" in warning for warning in told] == [True]
    first, size = len(_made("wav", tmp_path, 3.0)), film.stat().st_size
    assert f"stops: after 3.0 s, at byte {first:,} of {size:,}, another" in told[0]
    film.write_bytes(2 * _made("wav", tmp_path))
    code, told = _run(tmp_path / "lower", film, "--min-decoded-share=0.4")
    assert code == 0
    assert ["another file begins" in warning for warning in told] == [True]


@pytest.mark.parametrize("kind", WITH_ZEROS)
def test_sound_that_is_missing_in_the_middle_is_told(kind: str, tmp_path: Path) -> None:
    film = tmp_path / f"film.{kind.rpartition('.')[2]}"
    data = bytearray(_made(kind, tmp_path, 6.0))
    film.write_bytes(data)
    assert _run(tmp_path / "whole", film) == (0, [])
    begin, end = int(len(data) * 0.4), int(len(data) * 0.7)
    data[begin:end] = bytes(end - begin)
    film.write_bytes(data)
    code, told = _run(tmp_path / "zeros", film)
    expected, what = WITH_ZEROS[kind]
    assert code == expected
    assert [message for message in told if what in message], told


def test_a_rest_that_nobody_reads_is_told(tmp_path: Path) -> None:
    film = tmp_path / "film.ts"
    film.write_bytes(_made("ts", tmp_path) + bytes(index % 251 for index in range(100_000)))
    code, told = _run(tmp_path / "ts", film)
    assert code == 0
    assert ["Nothing of the film can be read behind" in warning for warning in told] == [True]
    data = bytearray(_made("wav", tmp_path))
    at = data.index(b"data") + 4
    data[at : at + 4] = (len(data) // 3).to_bytes(4, "little")
    film = tmp_path / "film.wav"
    film.write_bytes(data)
    code, told = _run(tmp_path / "wav", film)
    assert code == 0
    assert ["Nothing of the film can be read behind" in warning for warning in told] == [True]


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def test_what_lies_in_a_box_or_a_chunk_of_its_own_is_not_missed(tmp_path: Path) -> None:
    data = _made("mp4", tmp_path)
    # A picture in HEIF begins like a film in MP4: cameras put such covers into boxes of their own.
    cover = _box(b"ftyp", b"heic\0\0\0\0mif1heic") + _box(b"mdat", data[-20_000:])
    film = tmp_path / "film.mp4"
    film.write_bytes(data + _box(b"uuid", bytes(16) + cover) + _box(b"free", data))
    assert _run(tmp_path / "mp4", film) == (0, [])
    film.write_bytes(data + _box(b"free", bytes(1000)) + data)
    assert _run(tmp_path / "two", film)[0] == 3
    film = tmp_path / "film.wav"
    noted = b"id3 " + struct.pack("<I", 100_000) + bytes(index % 251 for index in range(100_000))
    film.write_bytes(_made("wav", tmp_path) + noted)
    assert _run(tmp_path / "wav", film) == (0, [])
    film = tmp_path / "film.mkv"
    film.write_bytes(_made("mkv", tmp_path))
    subprocess.run(["mkvpropedit", "-q", film, "--add-attachment", tmp_path / "3.0.mkv"], check=True)
    assert _run(tmp_path / "mkv", film) == (0, [])


def test_padding_behind_a_film_is_not_told(tmp_path: Path) -> None:
    film = tmp_path / "film.ts"
    film.write_bytes(_made("ts", tmp_path) + 1000 * (b"\x47\x1f\xff\x10" + 184 * b"\xff") + bytes(188_000))
    assert _run(tmp_path, film) == (0, [])


@pytest.mark.parametrize("kind", ["wav", "w64", "caf"])
def test_sound_that_is_cut_off_is_refused_though_its_container_has_no_end(kind: str, tmp_path: Path) -> None:
    film = tmp_path / f"film.{kind}"
    data = _made(kind, tmp_path)
    film.write_bytes(data[: len(data) * 7 // 10])
    code, (told,) = _run(tmp_path / "cut", film)
    assert code == 3
    assert "is cut short: only 2.1 of 3.0 s of sound" in told


def test_a_wav_whose_header_knows_no_size_is_whole(tmp_path: Path) -> None:
    data = bytearray(_made("wav", tmp_path))
    at = data.index(b"data") + 4
    film = tmp_path / "film.wav"
    for size in (0, 0x7FFFF000, 1 << 31, 0xFFFFFFFF):
        data[at : at + 4] = size.to_bytes(4, "little")
        film.write_bytes(data)
        assert _run(tmp_path / str(size), film) == (0, [])


def test_fragments_that_name_a_time_twice_are_refused(tmp_path: Path) -> None:
    # Of times in whole milliseconds, as Matroska has them, ffmpeg makes fragments half of whose sound is dropped.
    _made("mkv", tmp_path, 6.0)
    film = tmp_path / "film.mp4"
    ffmpeg("-i", tmp_path / "6.0.mkv", *_H264, "-movflags", "cmaf+frag_every_frame", film)
    code, told = _run(tmp_path, film)
    assert code == 3
    assert "at times that other sound has already" in told[0]


def test_zeros_behind_an_mp4_are_searched_quickly(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(_made("mp4", tmp_path))
    os.truncate(film, 250_000_000)
    begins = time.process_time()
    assert _run(tmp_path, film) == (0, [])
    assert time.process_time() - begins < 5  # 10 s with a pattern that begins with zeros


@pytest.mark.parametrize(("begins", "late"), [(2.92, True), (2.95, False), (2.88, False), (3.1, False)])
def test_a_seam_that_is_a_leap_to_one_who_decodes_and_none_to_one_who_copies_is_told(
    begins: float, late: bool, tmp_path: Path
) -> None:
    film = tmp_path / "film.ts"
    whole = _made("ts", tmp_path)
    later = tmp_path / "later.ts"
    ffmpeg("-i", tmp_path / "3.0.ts", "-map", 0, "-c", "copy", "-output_ts_offset", begins, later)
    film.write_bytes(whole + later.read_bytes())
    code, told = _run(tmp_path / "job", film)
    assert code == 0
    assert any("ms late beside the picture from there on" in warning for warning in told) == late, told


def test_a_clock_that_begins_anew_after_26_hours_is_no_second_file(tmp_path: Path) -> None:
    film = tmp_path / "film.m2ts"
    inputs = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=12", "-f", "lavfi", "-i", "sine=duration=12")
    coded = ("-c:v", "mpeg2video", "-bf", 2, "-c:a", "ac3", "-f", "mpegts", "-mpegts_m2ts_mode", 1)
    ffmpeg(*inputs, *coded, "-output_ts_offset", 95438, film)
    assert _run(tmp_path, film) == (0, [])


def test_bytes_that_are_missing_in_avi_leave_no_time_right(tmp_path: Path) -> None:
    data = _made("avi", tmp_path, 6.0)
    film = tmp_path / "film.avi"
    film.write_bytes(data[: int(len(data) * 0.4)] + data[int(len(data) * 0.7) :])
    code, (told,) = _run(tmp_path, film)
    assert code == 3
    assert "is cut short" in told
