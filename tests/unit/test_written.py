"""What a program has written is held against its own headers, and what it said counts as much as its exit code."""

from __future__ import annotations

import os
import shutil
import stat
import wave
from pathlib import Path

import pytest

import odd_films
from samvad.core.errors import DiskError
from samvad.media import ffmpeg, written
from support import needs_ffmpeg

SECONDS = 3


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a whole file of each kind that the stages have programs write."""
    folder = tmp_path_factory.mktemp("written")
    picture = ffmpeg.synthetic(f"testsrc=size=64x64:rate=10:duration={SECONDS}")
    sound = ffmpeg.synthetic(f"sine=duration={SECONDS}")
    both: ffmpeg.Options = {"c:v": "libx264", "preset": "ultrafast", "c:a": "aac"}
    ffmpeg.run([sound], folder / "sound.wav", {"ac": 1, "ar": 16_000, "f": "wav"})
    ffmpeg.run([picture, sound], folder / "film.mp4", {**both, "movflags": "+faststart", "f": "mp4"})
    ffmpeg.run([picture, sound], folder / "film.mkv", {**both, "f": "matroska"})
    ffmpeg.run([picture], folder / "picture.jpg", {"frames:v": 1, "update": 1, "f": "image2"})
    return folder


KINDS = ("sound.wav", "film.mp4", "film.mkv", "picture.jpg")


@needs_ffmpeg
@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_lacks_its_last_bytes_is_not_whole(made: Path, tmp_path: Path, name: str) -> None:
    data = (made / name).read_bytes()
    cut = tmp_path / name
    assert written.fault(made / name) is None
    for kept in [*range(0, len(data), len(data) // 40), len(data) - 1]:
        cut.write_bytes(data[:kept])
        assert written.fault(cut) is not None, f"{kept} of {len(data)} bytes"
    cut.write_bytes(data + b"\0" * 512)
    assert written.fault(cut) is not None, "more than there should be"


@needs_ffmpeg
def test_a_sound_whose_header_was_never_finished_is_not_whole(made: Path, tmp_path: Path) -> None:
    data = bytearray((made / "sound.wav").read_bytes())
    data[4:8] = b"\xff" * 4
    (tmp_path / "sound.wav").write_bytes(data)
    assert "its header tells of" in (written.fault(tmp_path / "sound.wav") or "")


@needs_ffmpeg
def test_a_film_whose_segment_was_never_finished_is_not_whole(made: Path, tmp_path: Path) -> None:
    data = bytearray((made / "film.mkv").read_bytes())
    place = data.index(b"\x18\x53\x80\x67") + 4
    data[place : place + 8] = b"\x01" + b"\xff" * 7
    (tmp_path / "film.mkv").write_bytes(data)
    assert "never finished" in (written.fault(tmp_path / "film.mkv") or "")


@needs_ffmpeg
def test_an_empty_element_behind_the_segment_is_no_fault(made: Path, tmp_path: Path) -> None:
    (tmp_path / "film.mkv").write_bytes((made / "film.mkv").read_bytes() + b"\xec\x83\0\0\0")
    assert written.fault(tmp_path / "film.mkv") is None


def test_a_sound_shorter_than_what_was_encoded_is_not_whole(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "sound.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(2 * 16_000))
    written.check(tmp_path / "sound.wav", "ffmpeg", 1.02)
    with pytest.raises(DiskError, match=r"holds 1\.0 of 2\.0 s"):
        written.check(tmp_path / "sound.wav", "ffmpeg", 2.0)


LOST = (
    "[out#0/wav @ 0x5581] Error writing trailer: No space left on device",
    "Error writing trailer of file:/x/audio.wav: No space left on device",
    "av_interleaved_write_frame(): No space left on device",
    "av_interleaved_write_frame(): Disk quota exceeded",
    "Error closing file file:/x/proxy.mp4: Input/output error",
    "Unable to re-open file:/x/proxy.mp4 output file for the second pass (faststart)",
    "#GUI#error The drive may be full.",
    "File too large",
)
READ = (
    "[h264 @ 0x55] error while decoding MB 3 4, bytestream -7",
    "file:/films/No space left on device.mkv: Invalid data found when processing input",
    "file:/films/Error.mkv: Input/output error",
    "[mov @ 0x55] stream 0, offset 0x30: partial file",
    "#GUI#warning The track has a duration of 3 s",
)


def test_lines_of_what_is_written_are_told_from_those_of_what_is_read() -> None:
    assert [line for line in LOST if not written.is_loss(line)] == []
    assert [line for line in READ if written.is_loss(line)] == []


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@needs_ffmpeg
@pytest.mark.parametrize(
    "fault",
    [
        'truncate -s -4096 "$last"',
        'truncate -s -1 "$last"',
        'echo "Error writing trailer of file:x: No space left on device" >&2',
        'echo "Error closing file file:x: Input/output error" >&2',
        ': >"$last"',
    ],
)
@pytest.mark.parametrize("name", KINDS[:3])
def test_an_exit_code_of_0_proves_nothing(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, fault: str
) -> None:
    """ffmpeg is another's: it copies a whole file into the place of the result, spoils it, and ends well."""
    text = f'for word; do last=${{word#file:}}; done\ncp "{made / name}" "$last"\n{fault}\nexit 0'
    program(tmp_path, "ffmpeg", text)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(DiskError):
        ffmpeg.run([ffmpeg.source(made / name)], tmp_path / f"result{Path(name).suffix}", {})


@needs_ffmpeg
@pytest.mark.skipif(shutil.which("mkvmerge") is None, reason="mkvmerge writes the film")
def test_what_mkvmerge_writes_is_whole(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from samvad.stages.mux import matroska

    film, target = odd_films.no_duration_header(tmp_path), tmp_path / "film.mkv"
    arguments = matroska.options(target, "", [(film, [])], [])
    matroska.multiplex(arguments, tmp_path, film)
    assert written.fault(target) is None
    whole = target.rename(tmp_path / "whole.mkv")
    program(tmp_path, "mkvmerge", f'head -c -256 "{whole}" >"{target}"\nexit 1')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(DiskError, match="is not whole"):
        matroska.multiplex(arguments, tmp_path, film)
