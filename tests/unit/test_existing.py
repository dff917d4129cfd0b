"""Subtitles that a film has already: found, told apart, counted where they count, read on its clock, by OCR too."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

import subtitle_pictures
import support
from samvad.core.errors import ToolError
from samvad.documents import beside_files
from samvad.media import clock, film_headers
from samvad.media.existing import found, ocr, texts
from samvad.media.existing.found import Existing
from samvad.runner.stage_run import StageRun

FFMPEG = ("ffmpeg", "-v", "error", "-nostdin", "-y")
ENGLISH = [(1000, 3000, "Where are you going, Rahul?"), (5000, 7500, "We meet at the station\ntomorrow at nine.")]
HINDI = [(1000, 3000, "तुम कहाँ जा रहे हो राहुल?"), (5000, 7500, "मैं कल सुबह नौ बजे\nस्टेशन पर मिलूँगा।")]


def srt(path: Path, lines: list[subtitle_pictures.Line]) -> Path:
    def time(ms: int) -> str:
        return f"00:00:{ms // 1000:02},{ms % 1000:03}"

    path.write_text("".join(f"{n}\n{time(a)} --> {time(b)}\n{text}\n\n" for n, (a, b, text) in enumerate(lines, 1)))
    return path


def film(path: Path, *options: object) -> Path:
    """Make a film of ten seconds with ffmpeg: a picture and a sound, and what the options add."""
    base = [*FFMPEG, "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=10:duration=10"]
    base += ["-f", "lavfi", "-i", "sine=frequency=300:duration=10", *map(str, options)]
    subprocess.run([*base, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", path], check=True)
    return path


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a film with text tracks of several kinds, one of them Samvad's own, and files beside it."""
    folder = tmp_path_factory.mktemp("shelf")
    lines = srt(folder / "made.srt", ENGLISH)
    inputs = [word for _ in range(5) for word in ("-i", lines)]
    maps = [word for number in range(7) for word in ("-map", number)]
    tags = ["-metadata:s:s:0", "language=eng", "-metadata:s:s:0", "title=English (SDH)"]
    tags += ["-metadata:s:s:1", "language=hin", "-disposition:s:1", "forced"]
    tags += ["-metadata:s:s:2", "language=eng", "-metadata:s:s:2", "title=Director's Commentary"]
    tags += ["-metadata:s:s:4", "language=hin", "-metadata:s:s:4", "title=Hindi (Samvad)"]
    made = film(folder / "Dr.No.mkv", *inputs, *maps, *tags, "-c:s", "srt", "-c:s:3", "ass")
    lines.unlink()
    for name, text in {
        "Dr.No.srt": ENGLISH,
        "Dr.No.hi.forced.srt": HINDI,
        "Dr.No.en.hi.srt": ENGLISH,
        "Dr.No.hi.srt": ENGLISH,  # its name lies
        "Another.hi.srt": HINDI,
    }.items():
        srt(folder / name, text)
    (folder / "Dr.No.ta.vtt").write_text("WEBVTT\n")
    (folder / "Dr.No.en.ttml").write_text("<tt")
    (folder / "Subs" / "Dr.No").mkdir(parents=True)
    srt(folder / "Subs" / "Dr.No" / "2_Hindi.srt", HINDI)
    (folder / "Dr.No.idx").write_text("# VobSub index file, v7\nid: en, index: 0\nid: hi, index: 1\n")
    return made


def look(path: Path, own: tuple[beside_files.Written, ...] = ()) -> dict[str, Existing]:
    return {f"{item.place} {item.language}": item for item in found.look(path, film_headers.read(path), own)}


def test_tracks_and_files_are_told_apart_by_language_and_kind(tracks: Path) -> None:
    there = look(tracks)
    told = {key: (item.kind, item.forced, item.hearing_impaired, item.commentary) for key, item in there.items()}
    assert told == {
        "track 0 en": ("text", False, True, False),
        "track 1 hi": ("text", True, False, False),
        "track 2 en": ("text", False, False, True),
        "track 3 None": ("text", False, False, False),  # track 4 is Samvad's own
        "Dr.No.srt None": ("text", False, False, False),
        "Dr.No.hi.forced.srt hi": ("text", True, False, False),
        "Dr.No.en.hi.srt en": ("text", False, True, False),
        "Dr.No.hi.srt None": ("text", False, False, False),
        "Dr.No.ta.vtt ta": ("unreadable", False, False, False),
        "Dr.No.en.ttml en": ("unreadable", False, False, False),
        "Dr.No.idx en": ("bitmap", False, False, False),
        "Dr.No.idx hi": ("bitmap", False, False, False),
        "Subs/Dr.No/2_Hindi.srt hi": ("text", False, False, False),
    }
    assert "letters are not of Hindi" in there["Dr.No.hi.srt None"].why
    assert there["track 3 None"].codec == "ass"


def test_a_file_in_a_folder_of_several_films_counts_by_its_name_alone(tmp_path: Path, tracks: Path) -> None:
    for name in ("One.mkv", "Two.mkv"):
        shutil.copy(tracks, tmp_path / name)
    (tmp_path / "Subs").mkdir()
    srt(tmp_path / "Subs" / "English.srt", ENGLISH)
    srt(tmp_path / "Subs" / "One.en.srt", ENGLISH)
    files = [item.place for item in look(tmp_path / "One.mkv").values() if item.path]
    assert files == ["Subs/One.en.srt"]
    (tmp_path / "Two.mkv").unlink()
    files = [item.place for item in look(tmp_path / "One.mkv").values() if item.path]
    assert files == ["Subs/English.srt", "Subs/One.en.srt"]


def test_a_name_of_another_encoding_is_told_and_stops_nothing(tmp_path: Path, tracks: Path) -> None:
    path = tmp_path / "film.mkv"
    shutil.copy(tracks, path)
    name = os.fsdecode("film.\xe9.en.srt".encode("latin-1"))
    srt(tmp_path / name, ENGLISH)
    (item,) = (item for item in found.look(path, film_headers.read(path)) if item.path)
    assert (item.kind, item.place) == ("unreadable", "film.\\xe9.en.srt")
    assert "rename it" in item.told()
    job, error = demux(tmp_path / "job", path, "--languages=ta", "--existing=translate")
    assert not error
    assert "film.\\xe9.en.srt" in support.manifest_of(job, "demux")["warnings"][0]["message"]


def test_what_samvad_wrote_beside_a_film_is_none_until_somebody_edits_it(tmp_path: Path, tracks: Path) -> None:
    shutil.copy(tracks, tmp_path / "Film.mkv")
    path = srt(tmp_path / "Film.ta.srt", ENGLISH)
    own = (beside_files.Written(str(path), hashlib.sha256(path.read_bytes()).hexdigest()),)
    assert not any(item.path for item in look(tmp_path / "Film.mkv", own).values())
    srt(path, HINDI)
    assert any(item.path for item in look(tmp_path / "Film.mkv", own).values())


def test_forced_comments_pictures_and_unknown_languages_do_not_count_and_are_named(tracks: Path) -> None:
    there = tuple(look(tracks).values())
    assert found.judge(there, ["en", "hi"], bitmaps=False).has_all
    inside = tuple(item for item in there if item.path is None)
    verdict = found.judge(inside, ["en", "hi"], bitmaps=False)
    assert not verdict.has_all and verdict.told.startswith("no subtitles in Hindi; ")
    assert "it has some lines alone" in verdict.told and "its language is not known" in verdict.told
    pictures = tuple(item for item in there if item.kind == "bitmap")
    assert not found.judge(pictures, ["en"], bitmaps=False).has_all
    assert "--ocr counts them" in found.judge(pictures, ["en"], bitmaps=False).told
    assert found.judge(pictures, ["en", "hi"], bitmaps=True).has_all


def test_a_long_films_few_cues_are_some_of_its_lines_alone(tracks: Path) -> None:
    header = film_headers.read(tracks)
    streams = tuple(replace(stream, frames=12) for stream in header.streams)
    long = replace(header, duration_ms=5_400_000, streams=streams)
    first = found.look(tracks.with_name("Alone.mkv"), long)[0]
    assert first.forced and first.why == "12 cues in 90 minutes, which is too few for all that is said"
    many = replace(long, streams=tuple(replace(stream, frames=900) for stream in streams))
    assert not found.look(tracks.with_name("Alone.mkv"), many)[0].forced


def test_the_choice_is_whole_text_in_the_first_language_that_is_spoken(tracks: Path) -> None:
    there = tuple(look(tracks).values())
    taken = found.choice(there, ["hi", "en"], bitmaps=True)
    assert taken is not None and taken.place == "Subs/Dr.No/2_Hindi.srt"
    taken = found.choice(there, ["en"], bitmaps=False)
    assert taken is not None and taken.place == "track 0"
    assert found.choice(there, ["ta"], bitmaps=True) is None


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mkv", "srt"), ("a.mkv", "ass"), ("a.mkv", "webvtt"), ("a.mp4", "mov_text")],
)
@pytest.mark.parametrize("late_seconds", [0, 3])
def test_text_is_read_on_the_films_clock(tmp_path: Path, name: str, codec: str, late_seconds: int) -> None:
    """A container that begins at 3 s: the film begins there, and so do its subtitles' times."""
    lines = srt(tmp_path / "a.srt", ENGLISH)
    late = ["-output_ts_offset", late_seconds] if late_seconds and name.endswith("mkv") else []
    path = film(tmp_path / name, "-i", lines, "-map", 0, "-map", 1, "-map", 2, "-c:s", codec,
                "-metadata:s:s:0", "language=eng", *late)  # fmt: skip
    lines.unlink()
    opened = clock.opened(path)
    (item,) = found.look(path, opened.header)
    cues = texts.read(opened, item, tmp_path)
    assert [cue.text for cue in cues] == [text for _, _, text in ENGLISH]
    for cue, (start, end, _) in zip(cues, ENGLISH, strict=True):
        assert abs(cue.start_ms - start) <= 30 and abs(cue.end_ms - end) <= 30


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a film with pictures of English and Hindi, as a Blu-ray has them."""
    folder = tmp_path_factory.mktemp("pictures")
    subtitle_pictures.write_pgs(folder / "en.sup", ENGLISH)
    subtitle_pictures.write_pgs(folder / "hi.sup", HINDI, "Noto Sans Devanagari")
    inputs = ["-copyts", "-i", folder / "en.sup", "-i", folder / "hi.sup"]
    maps = [word for number in range(4) for word in ("-map", number)]
    tags = ["-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=hin"]
    return film(folder / "pgs.mkv", *inputs, *maps, *tags, "-c:s", "copy")


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
@pytest.mark.parametrize("kind", ["hdmv_pgs_subtitle", "dvd_subtitle", "file beside"])
@pytest.mark.parametrize(("number", "language", "lines"), [(0, "en", ENGLISH), (1, "hi", HINDI)])
def test_pictures_are_read_by_ocr_with_times_and_sureness(
    tmp_path: Path, pictures: Path, kind: str, number: int, language: str, lines: list[subtitle_pictures.Line]
) -> None:
    if lacking := ocr.lacking([language]):
        pytest.skip(lacking)
    path = pictures
    if kind == "dvd_subtitle":
        path = tmp_path / "dvd.mkv"
        command = ["ffmpeg", "-v", "error", "-nostdin", "-i", pictures, "-map", "0", "-c", "copy", "-c:s", "dvdsub"]
        subprocess.run([*map(str, command), path], check=True)
    elif kind == "file beside":
        path = tmp_path / "Film.mkv"
        shutil.copy(pictures, path)
        shutil.copy(pictures.with_name(f"{language}.sup"), tmp_path / f"Film.{language}.sup")
    opened = clock.opened(path)
    items = [item for item in found.look(path, opened.header) if (item.path is not None) == (kind == "file beside")]
    item = items[0 if kind == "file beside" else number]
    assert (item.kind, item.language) == ("bitmap", language)
    folder = tmp_path / "100% drawn"  # in ffmpeg's names of pictures, a sign of per cent is a pattern
    folder.mkdir()
    cues = texts.read(opened, item, folder)
    assert [cue.text for cue in cues] == [text for _, _, text in lines]
    assert all(cue.sure is not None and cue.sure > 80 for cue in cues)
    for cue, (start, end, _) in zip(cues, lines, strict=True):
        assert abs(cue.start_ms - start) <= 30
        assert kind == "dvd_subtitle" or abs(cue.end_ms - end) <= 30  # ffmpeg writes no ends into a DVD's


def test_a_missing_tesseract_or_its_data_is_said_before_the_work(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tesseract"
    program.write_text("#!/bin/sh\necho 'List of available languages (1):'\necho eng\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ocr.lacking(["en"]) == ""
    assert ocr.lacking(["en", "hi"]).startswith(
        "tesseract has no data for Hindi (hin). Install it (Debian: tesseract-ocr"
    )
    program.unlink()
    assert ocr.lacking(["en"]).startswith("tesseract is not installed")


def test_stage_01_is_refused_when_a_run_is_planned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from samvad.stages.demux import beforehand

    monkeypatch.setenv("PATH", str(tmp_path))
    assert "not installed" in beforehand.refusal({"ocr": True, "existing": "translate"}, ["hi"], ["en"])
    assert beforehand.refusal({"ocr": True, "existing": "ignore"}, ["hi"], ["en"]) == ""
    assert beforehand.refusal({"ocr": False, "existing": "translate"}, ["hi"], ["en"]) == ""


def test_ffmpeg_that_fails_is_no_empty_track(tmp_path: Path, tracks: Path) -> None:
    opened = clock.opened(tracks)
    gone = replace(found.look(tracks, opened.header)[0], stream=99)
    with pytest.raises(ToolError, match="cannot read"):
        texts.read(opened, gone, tmp_path)


def demux(folder: Path, path: Path, *options: str) -> tuple[Path, str]:
    job = support.make_job(folder)
    done = support.run_script("demux", "--job-folder", job, "--film", "test", f"--media={path}", *options)
    return job, done.stderr if done.returncode else ""


def test_a_job_that_is_in_no_folder_of_jobs_has_no_other_jobs_files(tracks: Path) -> None:
    from samvad.stages.demux import existing
    from samvad.stages.demux.options import Options

    run = cast(StageRun, SimpleNamespace(job_folder=Path("/job")))
    known = existing.plan(run, tracks, Options(media=tracks, languages=("en",), existing="measure"))
    assert known.taken is not None and known.taken.language == "en"


def test_stage_01_gives_stage_04_the_subtitles_and_says_where_there_are_none(tmp_path: Path, tracks: Path) -> None:
    from samvad.documents import existing_subtitles

    job, error = demux(tmp_path / "one", tracks, "--languages=en", "--existing=translate")
    assert not error
    given = existing_subtitles.read(job / "01_demux" / "existing.json")
    assert (given.use, given.language, given.ocr) == ("translate", "en", False)
    assert [cue.text for cue in given.cues] == [text for _, _, text in ENGLISH]
    job, error = demux(tmp_path / "two", tracks, "--languages=ta", "--existing=measure")
    (warning,) = support.manifest_of(job, "demux")["warnings"]
    assert "no subtitles in Tamil" in warning["message"] and not (job / "01_demux" / "existing.json").exists()
    job, error = demux(tmp_path / "three", tracks, "--languages=hi", "--existing=prompt")
    assert "existing_subtitles" in [item["type"] for item in support.manifest_of(job, "demux")["inputs"]]
