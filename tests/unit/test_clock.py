"""A film's clock: zero is the first thing that is shown or heard, whatever the container calls that moment."""

from __future__ import annotations

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from samvad.core.errors import MediaError
from samvad.documents.film_clock import FilmClock
from samvad.media import clock, film_facts, film_headers, film_packets
from samvad.stages.demux import probe

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg makes the films")

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=4")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:duration=3:sample_rate=48000")
MPEG4 = ("-c:v", "mpeg4", "-g", "25")
FRAME_MS = 40


def made(film: Path, *options: object) -> Path:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, options), str(film)], check=True)
    return film


def clock_of(film: Path) -> FilmClock:
    return clock.read(clock.opened(film))


def starts(found: FilmClock) -> dict[str, int]:
    return {span.kind: span.start_ms for span in found.spans}


@pytest.mark.parametrize("late", [0.4])
@pytest.mark.parametrize(
    ("name", "sound"),
    [
        *[("a.mkv", codec) for codec in ("aac", "libopus", "libvorbis", "flac", "ac3")],
        *[("a.mp4", codec) for codec in ("aac", "ac3", "alac")],
        *[("a.ts", codec) for codec in ("aac", "ac3", "mp2")],
        *[("a.vob", "ac3"), ("a.mov", "pcm_s16le"), ("a.flv", "aac"), ("a.3gp", "aac"), ("a.m2ts", "ac3")],
    ],
)
def test_late_sound_is_as_late_on_the_clock(tmp_path: Path, name: str, sound: str, late: float) -> None:
    picture = ("-c:v", "mpeg2video") if name.endswith((".ts", ".vob")) else MPEG4
    picture = ("-c:v", "flv1") if name.endswith(".flv") else picture
    film = made(tmp_path / name, *PICTURE, "-itsoffset", late, *SOUND, *picture, "-c:a", sound)
    found = clock_of(film)
    heard = starts(found)["audio"] - starts(found)["video"]
    assert heard == pytest.approx(late * 1000, abs=FRAME_MS), found
    assert min(starts(found).values()) == 0
    assert found.duration_ms == pytest.approx(max(4000, late * 1000 + 3000), abs=2 * FRAME_MS)


def test_an_edit_list_says_where_a_film_begins(tmp_path: Path) -> None:
    whole = made(tmp_path / "whole.mp4", *PICTURE, *SOUND, *MPEG4, "-g", "1000", "-c:a", "aac")
    found = clock_of(made(tmp_path / "cut.mp4", "-ss", "1.5", "-i", whole, "-c", "copy"))
    assert found.zero_us == pytest.approx(0, abs=2000) and starts(found) == pytest.approx(
        {"video": 0, "audio": 0}, abs=2
    )
    assert found.duration_ms == pytest.approx(2500, abs=FRAME_MS)


def test_a_clock_from_ten_seconds_begins_at_zero(tmp_path: Path) -> None:
    film = made(tmp_path / "a.mkv", *PICTURE, *SOUND, *MPEG4, "-c:a", "aac", "-output_ts_offset", "10")
    found = clock_of(film)
    assert found.zero_us == pytest.approx(10_000_000, abs=25_000)
    assert found.duration_ms == pytest.approx(4000, abs=FRAME_MS)


def test_parts_of_a_recording_whose_clock_leaps_follow_each_other(tmp_path: Path) -> None:
    parts = [
        made(tmp_path / f"{number}.ts", *PICTURE, *SOUND, *MPEG4, "-c:a", "aac", "-output_ts_offset", start)
        for number, start in enumerate((100, 50_000, 3))
    ]
    film = tmp_path / "a.ts"
    film.write_bytes(b"".join(part.read_bytes() for part in parts))
    found = clock_of(film)
    assert found.duration_ms == pytest.approx(12_000, abs=200)
    assert [jump.at_ms for jump in found.jumps] == pytest.approx([4000, 8000], abs=200)


def test_a_hole_in_the_sound_is_told(tmp_path: Path) -> None:
    holed = ("-af", "aselect='not(between(t,1,1.8))'")
    found = clock_of(made(tmp_path / "a.mkv", *PICTURE, *SOUND, *MPEG4, *holed, "-c:a", "pcm_s16le"))
    (sound,) = [span for span in found.spans if span.kind == "audio"]
    assert len(sound.gaps_ms) == 1 and sound.gaps_ms[0] == pytest.approx((1000, 1800), abs=25)
    assert sound.end_ms == pytest.approx(3000, abs=FRAME_MS)


def test_a_still_in_front_and_a_subtitle_without_end_are_not_the_film(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:30:00,000\nNo end.\n\n", encoding="utf-8")
    still = ("-f", "lavfi", "-i", "color=red:size=64x64:rate=25:duration=0.04")
    inputs = (*still, *PICTURE, *SOUND, "-i", tmp_path / "a.srt")
    maps = [word for number in range(4) for word in ("-map", number)]
    for name, text in (("a.mkv", "srt"), ("a.mp4", "mov_text")):
        film = made(tmp_path / name, *inputs, *maps, *MPEG4, "-c:v:0", "mjpeg", "-c:a", "aac", "-c:s", text)
        header = film_headers.read(film)
        found = clock.read(clock.opened(film, header))
        assert header.film_picture is not None and header.film_picture.index == 1
        assert [span.stream for span in found.spans] == [1, 2]
        assert found.duration_ms == pytest.approx(4000, abs=FRAME_MS)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mkv", (*MPEG4, "-c:a", "aac", "-output_ts_offset", "10")),
        ("a.mp4", (*MPEG4, "-bf", "2", "-c:a", "aac")),
        ("a.ts", ("-c:v", "mpeg2video", "-c:a", "mp2")),
        ("a.avi", (*MPEG4, "-c:a", "mp3")),
        ("a.ogv", ("-c:v", "libtheora", "-c:a", "libvorbis")),
    ],
)
def test_one_pass_says_the_same_as_a_look_at_the_beginning_and_a_pass(
    tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    long = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=24")  # more than what counts as the beginning
    film = made(tmp_path / name, *long, "-itsoffset", "0.4", *SOUND, *options)
    opened = clock.opened(film)
    with ThreadPoolExecutor(1) as pool:
        reading = clock.Reading(opened, pool)
        assert reading.clock() == clock.read(opened)
        times = reading.picture_times()
    asked = film_facts.frame_timing(film, opened.header, 24_000)
    assert (times is None) == opened.start.leaps
    assert times is None or len(times) == pytest.approx(600, abs=2)
    assert film_facts.frame_timing(film, opened.header, 24_000, times) == asked


@pytest.mark.parametrize(("late", "says"), [(5, True), (2, False)])
def test_a_picture_that_begins_when_all_sound_is_over_is_said(tmp_path: Path, late: int, says: bool) -> None:
    film = clock.opened(made(tmp_path / "a.mkv", *SOUND, "-itsoffset", late, *PICTURE, *MPEG4, "-c:a", "aac"))
    said = probe.picture_behind(film, clock.read(film))
    assert ("begins at 5.0 s, after all of its sound, which ends at 3.0 s" in said) is says and bool(said) is says


def test_one_pass_of_what_is_no_film_is_refused(tmp_path: Path) -> None:
    film = clock.opened(made(tmp_path / "a.mkv", *PICTURE, *SOUND, *MPEG4, "-c:a", "aac"))
    film.path.write_bytes(b"nothing that ffprobe knows")
    with ThreadPoolExecutor(1) as pool, pytest.raises(MediaError):
        clock.Reading(film, pool).clock()
    with pytest.raises(MediaError):
        clock.opened(film.path)


def test_a_film_is_opened_by_two_questions(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    film = made(tmp_path / "a.mkv", *PICTURE, *SOUND, *MPEG4, "-c:a", "aac")
    with caplog.at_level("DEBUG", logger="samvad.core.subprocesses"):
        clock.opened(film)
    begun = [record for record in caplog.records if record.getMessage().startswith("Running ['ffprobe'")]
    assert len(begun) == 2, "all that is done with a film waits for this: each start costs a tenth of a second"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mkv", (*MPEG4, "-c:a", "aac", "-output_ts_offset", "10")),
        ("a.mp4", (*MPEG4, "-bf", "2", "-c:a", "aac", "-ss", "0.3")),
        ("a.ts", ("-c:v", "mpeg2video", "-c:a", "mp2")),
        ("a.avi", (*MPEG4, "-c:a", "mp3")),
        ("a.ogv", ("-c:v", "libtheora", "-c:a", "libvorbis")),
    ],
)
def test_headers_and_first_packets_are_the_same_by_one_question_and_by_two(
    tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    long = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=24")
    film = made(tmp_path / name, *long, "-itsoffset", "0.4", *SOUND, *options)
    header, packets = film_headers.read_with_packets(film, film_packets.BEGINNING_SECONDS)
    assert header == film_headers.read(film)
    asked: list[film_packets.Packet] = []
    film_packets.read(film, asked.append, seconds=film_packets.BEGINNING_SECONDS)
    assert packets == asked
    first = film_packets.firsts(packets)
    assert first == film_packets.first_packets(film)
    assert len(first) == 2
