"""Stage 10: which tracks go into the film, and how they are named and flagged."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import langcodes
import pytest

import support
from muxing import (
    PICTURE,
    SOUND,
    X264,
    ffmpeg,
    identified,
    make_job,
    manifest,
    messages,
    packets,
    probe,
    run,
    subtitle_streams,
    text_of,
)
from samvad.text import languages


def test_the_tracks_go_in_with_language_name_and_flags_and_the_streams_stay(tmp_path: Path, films: Path) -> None:
    result, done = run(make_job(tmp_path, films / "plain.mp4"), "--title", "संवाद “1”")
    assert done.returncode == 0, done.stderr
    assert packets(result) == packets(films / "plain.mp4")
    hindi, english = subtitle_streams(result)
    assert (hindi["tags"]["language"], english["tags"]["language"]) == ("hin", "eng")
    assert (hindi["tags"]["title"], english["tags"]["title"]) == ("Hindi (Samvad)", "English (Samvad)")
    assert [stream["disposition"]["default"] for stream in (hindi, english)] == [0, 1]
    assert [stream["disposition"]["forced"] for stream in (hindi, english)] == [0, 0]
    assert "text in en" in text_of(result, 1)
    assert "00:00:00,500 --> 00:00:01,400" in text_of(result, 1)
    assert probe(result)["format"]["tags"]["title"] == "संवाद “1”"
    identified = subprocess.run(["mkvmerge", "-J", result], capture_output=True, check=True).stdout
    assert [track["properties"].get("language_ietf") for track in json.loads(identified)["tracks"]][2:] == ["hi", "en"]


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_a_track_in_any_language_that_whisper_knows_is_tagged(tmp_path: Path, films: Path, container: str) -> None:
    spoken = sorted(languages.WHISPER)
    tracks = tuple((language, False) for language in spoken)
    result, done = run(
        make_job(tmp_path, films / "plain.mp4", tracks), "--container", container, languages=tuple(spoken)
    )
    assert done.returncode == 0, done.stderr
    tags = [stream["tags"]["language"] for stream in subtitle_streams(result.with_suffix(f".{container}"))]
    written = [languages.iso_639_2(language) for language in spoken]
    if container == "mkv":  # its older tag is of ISO 639-2/B, and the newer one beside it the language's own
        written = [langcodes.Language.get(code).to_alpha3(variant="B") for code in written]
        tracks_found = [track["properties"].get("language_ietf") for track in identified(result)["tracks"]]
        assert tracks_found[-len(spoken) :] == spoken
    assert tags == written


def test_the_manifest_tells_what_the_film_holds(tmp_path: Path, films: Path) -> None:
    result, _ = run(make_job(tmp_path, films / "plain.mp4"))
    proof, output = [item for item in manifest(result)["outputs"] if item["type"] != "metadata"]
    assert (proof["type"], proof["path"]) == ("proof", "10_mux/proof.json")
    assert (output["type"], output["path"]) == ("subtitled_film", "10_mux/test.mkv")
    assert abs(output["media"]["duration_ms"] - 3000) <= 200
    assert [stream["kind"] for stream in output["media"]["streams"]] == ["video", "audio", "subtitle", "subtitle"]
    assert {item["type"] for item in manifest(result)["inputs"]} == {"probe", "film", "tracks", "srt_hi", "srt_en"}
    assert manifest(result)["warnings"] == []
    assert sorted(path.name for path in result.parent.iterdir() if not path.is_dir()) == sorted(
        ["manifest.json", "metadata.json", "proof.json", "stage.log", "test.mkv"]
    )


@pytest.mark.parametrize("name", ["own.mkv", "own.mp4"])
def test_the_films_own_subtitles_and_audio_flags_are_kept(tmp_path: Path, films: Path, name: str) -> None:
    result, done = run(make_job(tmp_path, films / name))
    assert done.returncode == 0, done.stderr
    assert packets(result) == packets(films / name)
    audio = [stream for stream in probe(result)["streams"] if stream["codec_type"] == "audio"]
    assert [stream["tags"]["language"] for stream in audio] == ["eng", "hin"]
    assert [stream["disposition"]["default"] for stream in audio] == [0, 1]
    old, *_ = streams = subtitle_streams(result)
    assert [stream["tags"]["language"] for stream in streams] == ["eng", "hin", "eng"]
    assert [stream["disposition"]["default"] for stream in streams] == [0, 0, 1]
    assert "the film's own" in text_of(result, 0)
    if name == "own.mkv":
        assert (old["tags"]["title"], old["disposition"]["forced"]) == ("Old", 1)
        assert probe(result)["format"]["tags"]["title"] == "Kept title"


@pytest.mark.parametrize(("choice", "flags"), [("translated", [0, 0, 1]), ("first", [0, 1, 0]), ("none", [1, 0, 0])])
def test_one_subtitle_track_at_most_is_the_default(tmp_path: Path, films: Path, choice: str, flags: list[int]) -> None:
    result, _ = run(make_job(tmp_path, films / "own.mkv"), choice=choice)
    assert [stream["disposition"]["default"] for stream in subtitle_streams(result)] == flags


def test_an_empty_track_is_never_the_default(tmp_path: Path, films: Path) -> None:
    result, done = run(make_job(tmp_path, films / "plain.mp4", empty=("en",)))
    assert done.returncode == 0, done.stderr
    assert [stream["disposition"]["default"] for stream in subtitle_streams(result)] == [0, 0]
    assert any("English is empty" in text for text in messages(result))


def test_tracks_follow_the_order_of_the_targets_and_one_that_is_missing_is_named(tmp_path: Path, films: Path) -> None:
    result, _ = run(make_job(tmp_path, films / "plain.mp4"), languages=("ta", "en"))
    assert [stream["tags"]["language"] for stream in subtitle_streams(result)] == ["eng", "hin"]
    assert any("Tamil" in text for text in messages(result))


def test_webvtt_goes_in_where_there_is_no_subrip(tmp_path: Path, films: Path) -> None:
    result, done = run(make_job(tmp_path, films / "plain.mp4", kind="vtt"))
    assert done.returncode == 0, done.stderr
    assert "text in hi" in text_of(result, 0)


@pytest.mark.parametrize(
    "name", ["-rf @film.mp4", "@options.mp4", "=join.mp4", "$(touch x) `y` 'q' \"z\" (1).mp4", "दोस्ती\nline {a} %d.mp4"]
)
def test_no_name_of_a_film_is_taken_for_an_option(tmp_path: Path, films: Path, name: str) -> None:
    folder = tmp_path / "( @शोले $HOME"
    folder.mkdir()
    film = folder / name
    film.write_bytes((films / "plain.mp4").read_bytes())
    inputs = make_job(folder, film)
    options = ["--languages", "hi", "en", "--default-track", "none", "--title=-o @x"]
    done = support.run_script("mux", *inputs, *options, env={"LC_ALL": "C"})
    assert done.returncode == 0, done.stderr
    result = Path(str(inputs[1])) / "10_mux" / "test.mkv"
    assert packets(result) == packets(film)
    assert probe(result)["format"]["tags"]["title"] == "-o @x"


@pytest.mark.parametrize("name", ["film.wmv", "late.mkv", "late.ts", "film.avi"])
def test_other_containers_work_and_subtitles_keep_to_the_picture(tmp_path: Path, name: str) -> None:
    film = tmp_path / name
    codecs = {"wmv": ["-c:v", "wmv2", "-c:a", "wmav2"], "avi": ["-c:v", "mpeg4", "-c:a", "mp3"]}.get(
        film.suffix[1:], X264
    )
    late = ["-output_ts_offset", "5"] if name.startswith("late") else []
    ffmpeg(*PICTURE, *SOUND, *codecs, *late, film)
    result, done = run(make_job(tmp_path, film))
    assert done.returncode == 0, done.stderr
    found = probe(result)
    picture = float(found["streams"][0]["start_time"])
    assert [stream["codec_type"] for stream in found["streams"]] == ["video", "audio", "subtitle", "subtitle"]
    command = ["ffprobe", "-v", "error", "-select_streams", "s:0", "-show_entries", "packet=pts_time", "-of", "csv=p=0"]
    shown = subprocess.run([*command, result], capture_output=True, text=True, check=True).stdout
    assert float(shown) - picture == pytest.approx(0.5, abs=0.05)
    if name != "late.ts":  # mkvmerge stores H.264 of a transport stream in Matroska's way
        for made, own in zip(packets(result), packets(film), strict=True):
            assert own[-len(made) :] == made, "but for what comes before zero and is not heard"
            assert len(own) - len(made) <= 2


def test_tracks_for_the_deaf_and_hard_of_hearing_are_flagged(tmp_path: Path, films: Path) -> None:
    for impaired in (False, True):
        folder = tmp_path / str(impaired)
        result, done = run(make_job(folder, films / "own.mkv", hearing_impaired=impaired))
        assert done.returncode == 0, done.stderr
        flags = [
            track["properties"]["flag_hearing_impaired"]
            for track in identified(result)["tracks"]
            if track["type"] == "subtitles"
        ]
        assert flags == [False, impaired, impaired], "said of every track, also of the film's own"
        assert ("SDH" in subtitle_streams(result)[1]["tags"]["title"]) == impaired
