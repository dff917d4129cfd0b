"""Shot changes: found where pictures differ suddenly, not where they move, and remembered by the film's checksum."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from samvad.core.errors import ChangedFileError, MediaError
from samvad.media import clock, cut_search, encoder_note, film_headers, shots, small_copy

CUTS_MS = [1200, 2000, 3600]
#: Shots of the longer film: what is shown, for how many seconds.
SHOTS = (
    ("testsrc", 2.0),
    ("mandelbrot", 3.2),
    ("testsrc2", 1.2),
    ("smptebars", 4.0),
    ("mandelbrot", 2.4),
    ("testsrc2", 2),
)
LONG_CUTS_MS = [2000, 5200, 6400, 10_400, 12_800]


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


@pytest.fixture(scope="module")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a film of six shots, almost without loss."""
    target = tmp_path_factory.mktemp("long") / "film.mkv"
    inputs: list[object] = []
    for kind, seconds in SHOTS:
        inputs += ["-f", "lavfi", "-t", seconds, "-i", f"{kind}=size=320x180:rate=25"]
    ffmpeg(*inputs, "-filter_complex", "concat=n=6", "-c:v", "libx264", "-preset", "ultrafast", "-crf", 8, target)
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


ENCODERS = {
    "keys on cuts": ("x.mkv", "libx264", "-preset", "veryfast"),
    "keys by the clock": ("x.mp4", "libx264", "-preset", "veryfast", "-sc_threshold", "0", "-g", "24"),
    "one key": ("x.mp4", "libx264", "-preset", "ultrafast", "-sc_threshold", "0"),
    "hevc": ("x.mkv", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"),
    "uneven times": ("x.mkv", "libx264", "-preset", "veryfast", "-vf", "select='mod(n,5)-3'", "-fps_mode", "vfr"),
}


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS.keys())
def test_what_is_not_decoded_is_not_missed(
    long_film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoder: tuple[str, ...]
) -> None:
    """The film's shots last 1.2 to 4 s; two come again. So small a film would be decoded as a whole."""
    monkeypatch.setattr(shots, "WHOLE_PIXELS", 0)
    name, codec, *options = encoder
    ffmpeg("-i", long_film, "-c:v", codec, *options, tmp_path / name)
    found = shots.search(clock.opened(tmp_path / name), 1)
    assert found.cuts_ms == pytest.approx(LONG_CUTS_MS, abs=41)
    if encoder is ENCODERS["keys on cuts"]:
        assert found.decoded < 0.5, "most of it needs no look"


def test_a_piece_of_the_film_is_looked_at_only_where_key_pictures_leave_a_doubt() -> None:
    """Groups ended by what the encoder saw, by the clock, and one whose pictures before and after are alike."""
    keys = [0, 40, 140, 200, 300, 330, 430, 530, 560]
    times = tuple(range(0, 24_000, 40))
    sizes = tuple(1000 if place in keys else 10 for place in range(600))
    packets = cut_search.Packets(times, sizes, tuple(place in keys for place in range(600)))
    unlike = {40 * place: 20.0 for place in keys} | {200 * 40: 0.5}
    plan = cut_search.plan(packets, unlike)
    assert plan is not None
    assert plan.cuts_ms == (40 * 40, 330 * 40, 560 * 40)
    assert plan.spans == ((140 * 40, 204 * 40),)
    large = (*sizes[:345], 900, *sizes[346:])
    hidden = cut_search.plan(cut_search.Packets(times, large, packets.keys), unlike)
    assert hidden is not None and hidden.spans == (*plan.spans, (330 * 40, 349 * 40)), "too soon for a key picture"


def test_a_cut_that_the_encoder_did_not_see_is_looked_at_where_its_picture_stands_out() -> None:
    """Long after the key picture, and a quarter as large; in motion, where all are as large, it tells nothing."""
    keys = [0, 40, 140, 200, 300, 330, 430, 530, 560]
    times = tuple(range(0, 24_000, 40))
    unlike = {40 * place: 20.0 for place in keys}
    sizes = [1000 if place in keys else 10 for place in range(600)]
    sizes[490] = 250
    packets = cut_search.Packets(times, tuple(sizes), tuple(place in keys for place in range(600)))
    plan = cut_search.plan(packets, unlike)
    assert plan is not None and (430 * 40, 494 * 40) in plan.spans
    sizes[470:530] = [250] * 60
    moving = cut_search.plan(cut_search.Packets(times, tuple(sizes), packets.keys), unlike)
    assert moving is not None and not any(begin == 430 * 40 for begin, _ in moving.spans)


def test_a_cut_to_a_calmer_shot_is_looked_at_though_it_is_no_larger_than_the_motion_before_it() -> None:
    """Soon after a key picture, and a seventeenth as large; where motion goes on after it, it tells nothing."""
    keys = [0, 40, 140, 200, 300, 330, 430, 530, 560]
    times = tuple(range(0, 24_000, 40))
    unlike = {40 * place: 20.0 for place in keys}
    sizes = [1000 if place in keys else 10 for place in range(600)]
    sizes[431:451] = [60] * 20
    packets = cut_search.Packets(times, tuple(sizes), tuple(place in keys for place in range(600)))
    plan = cut_search.plan(packets, unlike)
    assert plan is not None and (430 * 40, 454 * 40) in plan.spans
    sizes[451:530] = [20] * 79
    moving = cut_search.plan(cut_search.Packets(times, tuple(sizes), packets.keys), unlike)
    assert moving is not None and not any(begin == 430 * 40 for begin, _ in moving.spans)


@pytest.mark.parametrize("limit", [None, 100, 101, 250])
def test_the_longest_groups_are_looked_through_unless_the_encoder_would_have_let_them_be_longer(
    limit: int | None,
) -> None:
    """Two groups of 100 pictures, which may be the encoder's limit; what it wrote down settles it."""
    keys = [0, 40, 140, 200, 260, 330, 360, 460, 530]
    times = tuple(range(0, 24_000, 40))
    sizes = tuple(1000 if place in keys else 10 for place in range(600))
    packets = cut_search.Packets(times, sizes, tuple(place in keys for place in range(600)), limit)
    plan = cut_search.plan(packets, {40 * place: 20.0 for place in keys})
    assert plan is not None
    doubtful = limit is None or limit <= 101
    assert (140 * 40 in plan.cuts_ms, 460 * 40 in plan.cuts_ms) == (not doubtful, not doubtful)
    assert ((40 * 40, 144 * 40) in plan.spans) == doubtful


@pytest.mark.parametrize(
    ("name", "options", "limit"),
    [
        ("x.mkv", ("libx264", "-g", "77"), 77),
        ("x.mp4", ("libx264", "-g", "77", "-movflags", "+faststart"), 77),
        ("x.mkv", ("libx264", "-x264-params", "keyint=infinite"), sys.maxsize),
        ("x.mkv", ("libx265", "-x265-params", "keyint=88:min-keyint=9:log-level=error"), 88),
        ("x.mkv", ("libx264", "-g", "77", "-bsf:v", "filter_units=remove_types=6"), None),
    ],
)
def test_what_the_encoder_wrote_of_its_groups_is_read(
    film: Path, tmp_path: Path, name: str, options: tuple[str, ...], limit: int | None
) -> None:
    ffmpeg("-i", film, "-frames:v", 30, "-preset", "ultrafast", "-c:v", *options, tmp_path / name)
    opened = clock.opened(tmp_path / name)
    assert opened.header.film_picture is not None
    found = cut_search.packets(opened, opened.header.film_picture)
    assert found is not None and found.limit == limit


def test_a_note_of_no_encoder_says_nothing_and_takes_no_time(tmp_path: Path) -> None:
    started = time.process_time()
    for number, (note, limit) in enumerate(
        (
            (b"x264 - core " * 6000, None),
            (b"x265 (build" + b" " * 65_000, None),
            (b"", None),
            (b"x264 - core 164 keyint_min=25 keyint=2147483647 ", None),
            (b"x265 (build 9) min-keyint=25 keyint=250 \0x264 - core 164 keyint=60 keyint_min=6", 60),
        )
    ):
        (tmp_path / str(number)).write_bytes(note)
        assert encoder_note.group_limit(tmp_path / str(number), 10**12) == limit
    assert time.process_time() - started < 1


GROUPS = {
    "Matroska": ("x.mkv", "libx264", "-preset", "veryfast", "-g", "30", "-bf", "3"),
    "MP4": ("x.mp4", "libx264", "-preset", "veryfast", "-g", "30", "-bf", "3"),
    "open groups": ("x.mkv", "libx264", "-preset", "veryfast", "-g", "30", "-x264-params", "open-gop=1"),
    "hevc": ("x.mp4", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=30:log-level=error"),
    "late": ("x.mkv", "libx264", "-preset", "veryfast", "-g", "30", "-output_ts_offset", "3"),
}


@pytest.mark.parametrize("encoder", GROUPS.values(), ids=GROUPS.keys())
def test_pieces_begin_with_their_own_key_picture(long_film: Path, tmp_path: Path, encoder: tuple[str, ...]) -> None:
    """A seek to just before it leads to the group before, all of which is decoded then: the same pictures come."""
    name, codec, *options = encoder
    ffmpeg("-i", long_film, "-c:v", codec, *options, tmp_path / name)
    film = clock.opened(tmp_path / name)
    picture = film.header.film_picture
    assert picture is not None
    packets = cut_search.packets(film, picture)
    assert packets is not None
    keys = [packets.times_ms[place] for place in packets.key_places]
    spans = [(begin, end + 40) for begin, end in itertools.pairwise(keys)][:6]
    short = shots._look(film, picture, spans, [packets.sought_ms(begin) for begin, _ in spans])
    assert short == shots._look(film, picture, spans, [None] * len(spans))
    assert all(packets.are_in(part.times_ms, span) for part, span in zip(short, spans, strict=True))
    assert [packets.sought_ms(begin) is None for begin, _ in spans] == [True] + [False] * (len(spans) - 1)


@pytest.mark.parametrize("astray_ms", [-1500, 4000])
def test_a_seek_that_leads_elsewhere_costs_no_cut(
    long_film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, astray_ms: int
) -> None:
    monkeypatch.setattr(shots, "WHOLE_PIXELS", 0)
    monkeypatch.setattr(cut_search.Packets, "sought_ms", lambda self, key_ms: max(1, key_ms + astray_ms))
    name, codec, *options = ENCODERS["keys on cuts"]
    ffmpeg("-i", long_film, "-c:v", codec, *options, tmp_path / name)
    found = shots.search(clock.opened(tmp_path / name), 1)
    assert found.decoded < 0.5, "so it was looked at in pieces"
    assert found.cuts_ms == pytest.approx(LONG_CUTS_MS, abs=41)


def test_a_small_film_is_decoded_as_a_whole(film: Path) -> None:
    assert shots.search(clock.opened(film), 1).decoded == 1


def test_tiny_pictures_are_decoded_by_one_thread_with_the_same_result(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    larger = tmp_path / "larger.mp4"
    ffmpeg("-i", film, "-vf", "scale=640:360", "-c:v", "libx264", "-preset", "ultrafast", larger)

    def found(path: Path) -> tuple[shots.Differences, list[tuple[str, str]]]:
        caplog.clear()
        opened = clock.opened(path)
        picture = opened.header.film_picture
        assert picture is not None
        with caplog.at_level("DEBUG"):
            differences = shots.decode_all(opened, picture, 3, "none")
        commands = [record.getMessage() for record in caplog.records if "scdet" in record.getMessage()]
        assert len(commands) == 1
        return differences, re.findall(r"'-((?:filter_)?threads)', '(\d+)'", commands[0])

    tiny, by_one = found(film)
    assert by_one == [("threads", "1"), ("filter_threads", "1")]
    assert found(larger)[1] == [("threads", "3")]
    monkeypatch.setattr(shots, "_ONE_THREAD_PIXELS", 0)
    several, by_three = found(film)
    assert by_three == [("threads", "3")]
    assert tiny == several and len(tiny.times_ms) > 100


@pytest.mark.parametrize("hwaccel", ["auto", "none", "vaapi", "drm"])
def test_a_hardware_decoder_that_fails_costs_no_cut(film: Path, monkeypatch: pytest.MonkeyPatch, hwaccel: str) -> None:
    """``drm`` has no device anywhere; vaapi may have one; and with ``auto``, what looks like one is none."""
    monkeypatch.setattr(shots, "_DECODERS", ("null",))
    codes = []
    run = shots.ffmpeg.run

    def noted(*given: Any, **options: Any) -> Any:
        done = run(*given, **options)
        codes.append(done.code)
        return done

    monkeypatch.setattr(shots.ffmpeg, "run", noted)
    assert shots.search(clock.opened(film), 1, hwaccel).cuts_ms == CUTS_MS
    assert codes[-1] == 0
    assert hwaccel != "drm" or len(codes) == 2, "ffmpeg fails with it, and is run again without"


@pytest.mark.parametrize("loses", [True, False])
def test_a_hardware_decoder_that_loses_pictures_and_ends_with_0_costs_no_cut(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, loses: bool
) -> None:
    """An ffmpeg whose "hardware" is the processor, which is told to leave out all but key pictures."""
    real = shutil.which("ffmpeg")
    stand_in = tmp_path / "ffmpeg"
    instead = "-skip_frame nokey" if loses else "-skip_frame default"
    calls = tmp_path / "calls"
    stand_in.write_text(
        f"""#!/bin/bash
echo "$*" >> '{calls}'
words=()
while [ $# -gt 0 ]; do
  if [ "$1" = -hwaccel ]; then words+=({instead}); shift 2; else words+=("$1"); shift; fi
done
exec '{real}' "${{words[@]}}"
"""
    )
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    told: list[str] = []
    opened = clock.opened(film)
    assert shots.search(opened, 1, "vaapi", told.append).cuts_ms == CUTS_MS
    decoded = [line for line in calls.read_text().splitlines() if "scdet" in line]
    assert len(decoded) == (2 if loses else 1), "what is whole is not decoded again"
    assert bool(told) == loses
    if loses:
        assert "of 115 pictures" in told[0] and "vaapi" in told[0]
        lossy = shots._decode(opened, opened.header.film_picture, 1, {"hwaccel": "vaapi"})  # type: ignore[arg-type]
        assert len(lossy.times_ms) < 115 and shots.cuts(lossy) == [], "without the count, cuts would be lost unseen"


@pytest.mark.parametrize("height", [120, 480])
def test_a_small_copy_is_made_when_it_is_wanted_and_kept(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, height: int
) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    whole, checksum = tmp_path / "whole.mkv", "sha256:" + "a" * 64
    large = ("-vf", "scale=640:-2", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "flac")
    ffmpeg("-i", film, "-f", "lavfi", "-i", "aevalsrc='sin(t)|-sin(t)':duration=4.6", *large, whole)
    assert small_copy.kept(checksum, height) is None
    told: list[float] = []
    made = small_copy.on_demand(whole, checksum, 1, height, progress=told.append)
    (picture,), (sound,) = (film_headers.read(made).of_kind(kind) for kind in ("video", "audio"))
    assert picture.picture is not None and picture.picture.height == min(height, 360)
    assert (picture.codec, sound.codec, sound.sound and sound.sound.channels) == ("h264", "aac", 2)
    assert told and told[-1] == pytest.approx(4.6, abs=0.2)
    whole.unlink()
    assert small_copy.on_demand(whole, checksum, 1, height) == small_copy.kept(checksum, height) == made


def test_a_small_copy_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    film = tmp_path / "broken.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc=duration=1", "-c:v", "libx264", film)
    film.write_bytes(film.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_MPEG4/ISO/XXX"))
    with pytest.raises(MediaError, match="No small copy"):
        small_copy.on_demand(film, "sha256:ab", None)
    assert not list(tmp_path.rglob("*.mp4"))
