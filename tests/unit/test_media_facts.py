"""Facts of media files are true where headers are not: measured on films made odd in one way each."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import odd_films
import support
from samvad.core import schemas, typed_json
from samvad.core.errors import MediaError
from samvad.media import film_facts, film_headers, film_packets
from samvad.stages.demux import extract

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg makes the films")

PICTURE = "testsrc2=size=128x72:rate=24:duration="
H264 = ("-c:v", "libx264", "-preset", "ultrafast")


def made(film: Path, *options: object) -> Path:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, options), film], check=True)
    return film


def facts(film: Path) -> dict[str, Any]:
    """The facts, after a check that a manifest may hold them."""
    found: dict[str, Any] = typed_json.plain(film_facts.of(film))
    shape = schemas.schema("stage_manifest")
    from jsonschema import Draft202012Validator

    Draft202012Validator({"$ref": "#/$defs/media", "$defs": shape["$defs"]}).validate(found)
    return found


def picture(film: Path) -> dict[str, Any]:
    (stream,) = [stream for stream in facts(film)["streams"] if stream["kind"] == "video"]
    return stream["video"]


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4"])
def test_a_rate_that_changes_after_two_seconds_varies_in_every_container(tmp_path: Path, name: str) -> None:
    """ffprobe calls the Matroska one 24 frames a second and no more."""
    fewer = "select='lt(t,2)+not(mod(n,5))'"
    film = made(tmp_path / name, "-f", "lavfi", "-i", f"{PICTURE}8", "-vf", fewer, "-fps_mode", "vfr", *H264)
    assert picture(film)["variable_frame_rate"] is True


def test_a_rate_that_changes_in_the_middle_of_a_long_film_varies(tmp_path: Path) -> None:
    fewer = "select='lt(t,40)+gt(t,60)+not(mod(n,2))'"
    film = made(tmp_path / "a.mkv", "-f", "lavfi", "-i", f"{PICTURE}100", "-vf", fewer, "-fps_mode", "vfr", *H264)
    assert picture(film)["variable_frame_rate"] is True


@pytest.mark.parametrize(
    ("name", "rate", "options"),
    [
        ("ntsc.mkv", "24000/1001", H264),
        ("ntsc.mp4", "30000/1001", H264),
        ("recording.ts", "25/1", (*H264, "-output_ts_offset", "3600")),
        ("old.avi", "25/1", ("-c:v", "mpeg4")),
        ("disc.vob", "30000/1001", ("-c:v", "mpeg2video")),
    ],
)
def test_an_even_rate_is_even_in_every_container(tmp_path: Path, name: str, rate: str, options: tuple[str]) -> None:
    source = f"testsrc2=size=128x72:rate={rate}:duration=30"
    found = picture(made(tmp_path / name, "-f", "lavfi", "-i", source, *options))
    assert (found["frame_rate"], found["variable_frame_rate"]) == (rate, False)


def test_fields_of_interlaced_pictures_are_no_varying_rate(tmp_path: Path) -> None:
    source = ("-f", "lavfi", "-i", "testsrc2=size=720x576:rate=50:duration=3", "-vf", "interlace")
    found = picture(made(tmp_path / "tv.ts", *source, "-flags", "+ildct+ilme", *H264, "-x264opts", "tff=1"))
    assert (found["interlaced"], found["variable_frame_rate"], found["frame_rate"]) == (True, False, "25/1")


def test_a_telephones_film_is_told_to_be_turned(tmp_path: Path) -> None:
    upright = made(tmp_path / "upright.mp4", "-f", "lavfi", "-i", f"{PICTURE}1", *H264)
    turned = made(tmp_path / "turned.mp4", "-i", upright, "-c", "copy", "-metadata:s:v", "rotate=90")
    assert picture(upright)["rotation_degrees"] == 0
    assert abs(picture(turned)["rotation_degrees"]) == 90
    assert (picture(turned)["width"], picture(turned)["height"]) == (128, 72)


def test_each_late_track_has_its_own_start(tmp_path: Path) -> None:
    """Of the second and third track, ffprobe says 0."""
    late = [word for start in (0, 3, 5) for word in ("-itsoffset", start, "-f", "lavfi", "-i", "sine=duration=4")]
    maps = [word for number in range(4) for word in ("-map", number)]
    film = made(tmp_path / "a.mkv", "-f", "lavfi", "-i", f"{PICTURE}12", *late, *maps, *H264, "-c:a", "flac")
    sounds = [stream for stream in facts(film)["streams"] if stream["kind"] == "audio"]
    assert [stream["start_ms"] for stream in sounds] == pytest.approx([0, 3000, 5000], abs=5)
    assert [stream["duration_ms"] for stream in sounds] == pytest.approx([4000] * 3, abs=60)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("raw.aac", ("-c:a", "aac", "-q:a", "1", "-f", "adts")),
        ("plain.mp3", ("-c:a", "libmp3lame", "-q:a", "0", "-write_xing", "0")),
    ],
)
def test_a_length_that_ffprobe_guesses_is_measured(tmp_path: Path, name: str, options: tuple[str]) -> None:
    swell = "anoisesrc=duration=20,volume='if(lt(t,15),0.0001,1)':eval=frame"
    found = facts(made(tmp_path / name, "-f", "lavfi", "-i", swell, *options))
    assert found["duration_ms"] == pytest.approx(20_000, abs=100)
    assert found["duration_from"] == "packets"


def test_a_piped_film_is_as_long_as_its_longest_stream(tmp_path: Path) -> None:
    sources = ("-f", "lavfi", "-i", f"{PICTURE}6", "-f", "lavfi", "-i", "sine=duration=3")
    command = ["ffmpeg", "-v", "error", "-nostdin", *sources, *H264, "-f", "matroska", "pipe:1"]
    film = tmp_path / "piped.mkv"
    film.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    found = facts(film)
    assert (found["duration_from"], found["duration_ms"]) == ("packets", pytest.approx(6000, abs=50))


def test_covers_fonts_and_time_codes_are_neither_picture_nor_sound(tmp_path: Path) -> None:
    cover = made(tmp_path / "cover.png", "-f", "lavfi", "-i", "testsrc2=size=64x64", "-frames:v", "1")
    font = tmp_path / "font.ttf"
    font.write_bytes(b"not read by anybody")
    attach = ("-attach", font, "-metadata:s:t", "mimetype=application/x-truetype-font")
    film = made(tmp_path / "a.mkv", "-f", "lavfi", "-i", f"{PICTURE}2", *H264, *attach)
    assert [stream["kind"] for stream in facts(film)["streams"]] == ["video", "attachment"]
    sources = ("-f", "lavfi", "-i", f"{PICTURE}2", "-i", cover, "-map", "0", "-map", "1")
    boxed = made(tmp_path / "a.mp4", *sources, *H264, "-c:v:1", "copy", "-disposition:v:1", "attached_pic")
    assert [stream["kind"] for stream in facts(boxed)["streams"]] == ["video", "attachment"]
    reel = made(tmp_path / "a.mov", "-f", "lavfi", "-i", f"{PICTURE}2", *H264, "-timecode", "01:00:00:00")
    assert [stream["kind"] for stream in facts(reel)["streams"]] == ["video", "data"]


def test_the_container_is_what_the_file_is_not_what_it_is_called(tmp_path: Path) -> None:
    film = made(tmp_path / "film.mkv", "-f", "lavfi", "-i", f"{PICTURE}1", *H264).rename(tmp_path / "film.mp4")
    assert facts(film)["container"] == "matroska,webm"


def test_a_tag_that_is_no_duration_is_passed_over() -> None:
    read = [film_headers.duration_ms(text) for text in (None, "", "N/A", "two hours", "1:00.5")]
    assert read == [None] * 4 + [60_500]


@pytest.mark.parametrize("make", odd_films.UNREADABLE, ids=lambda make: make.__name__)
def test_what_is_no_film_is_refused(tmp_path: Path, make: odd_films.OddFilm) -> None:
    with pytest.raises(MediaError, match="not a film that ffmpeg can read"):
        facts(make(tmp_path))


@pytest.mark.parametrize(
    ("name", "seconds", "varies"),
    [("vfr.mp4", 20.0, True), ("noduration.webm", 4.94, True), ("badcontainer.mp4", 5.0, False)],
)
def test_real_odd_films(name: str, seconds: float, varies: bool) -> None:
    film = support.MEDIA / "D_video" / name
    if not film.is_file():
        pytest.skip("the recordings are not here")
    found = facts(film)
    assert found["duration_ms"] == pytest.approx(seconds * 1000, abs=20)
    assert picture(film)["variable_frame_rate"] is varies
    assert json.dumps(found)


@pytest.mark.parametrize("codec", [["-c:v", "libx264", "-bf", "2", "-g", "24"], ["-c:v", "mpeg4", "-g", "1000"]])
@pytest.mark.parametrize("suffix", ["mkv", "mp4", "ts", "avi"])
def test_samples_of_a_film_are_the_same_in_one_look_as_each_by_itself(
    tmp_path: Path, codec: list[str], suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = tmp_path / f"film.{suffix}"
    source = ["-f", "lavfi", "-i", "testsrc=s=64x64:d=150:r=24"]
    subprocess.run(["ffmpeg", "-v", "error", *source, *codec, str(film)], check=True)
    header = film_headers.read(film)
    starts = [0.0, 75.0, 135.0]
    together = film_facts._times_of_samples(film, 0, header.start_seconds, starts)
    # No place is told from another: each is looked at by itself.
    monkeypatch.setattr(film_facts, "_SEPARATE_SECONDS", 1e9)
    assert together == film_facts._times_of_samples(film, 0, header.start_seconds, starts)
    assert len(together) == len(starts) and all(together)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
def test_all_times_of_a_picture_say_what_samples_of_it_say(tmp_path: Path, name: str) -> None:
    even = made(tmp_path / f"even{name}", "-f", "lavfi", "-i", f"{PICTURE}45", *H264)
    uneven = "select='lt(t,20)+not(mod(n,2))'"
    varies = made(tmp_path / name, "-f", "lavfi", "-i", f"{PICTURE}45", "-vf", uneven, "-fps_mode", "vfr", *H264)
    for film, wanted in ((even, False), (varies, True)):
        header = film_headers.read(film)
        times: list[float | None] = []
        film_packets.read(film, lambda packet, times=times: times.append((packet.pts_us or 0) / 1e6))  # type: ignore[misc]
        known = film_facts.frame_timing(film, header, 45_000, times)
        assert known == film_facts.frame_timing(film, header, 45_000)
        assert known.varies is wanted
    untimed = film_facts.frame_timing(even, film_headers.read(even), 45_000, [*times[:50], None])
    assert untimed.varies is False and untimed.rate == 24, "by the header: of too few pictures the time is known"


def test_what_is_said_of_the_sound_that_was_extracted_is_what_ffprobe_says(tmp_path: Path) -> None:
    sound = ("-f", "lavfi", "-i", "sine=frequency=440:duration=2.7131", "-ar", "16000", "-ac", "1")
    audio = made(tmp_path / "audio.wav", *sound, "-c:a", "pcm_s16le")
    assert extract.facts(audio) == film_facts.of(audio)


def test_tracks_that_begin_late_are_asked_for_and_those_known_are_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sounds = ("-f", "lavfi", "-i", "sine=duration=20", "-itsoffset", "15", "-f", "lavfi", "-i", "sine=duration=2")
    late = made(tmp_path / "late.mkv", *sounds, "-map", "0", "-map", "1", "-c:a", "flac")
    early = made(tmp_path / "early.mkv", *sounds[:4], "-c:a", "flac")
    for film, wanted in ((late, 1), (early, 0)):
        header, packets = film_headers.read_with_packets(film, film_packets.BEGINNING_SECONDS)
        said = film_facts.of(film)
        with caplog.at_level("DEBUG", logger="samvad.core.subprocesses"):
            caplog.clear()
            assert film_facts.of(film, header, packets) == said
        assert sum("Running ['ffprobe'" in record.getMessage() for record in caplog.records) == wanted
    assert [stream.start_ms for stream in film_facts.of(late).streams] == [0, 15_000]
