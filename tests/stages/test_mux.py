"""Stage 10 as a command: new tracks in, the film's own streams untouched, whatever the film is or is called."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import support
import tools
from samvad import files, records
from samvad.errors import DiskError, ToolError
from samvad.mux import matroska, media, mp4, plan
from samvad.subtitles import formats
from samvad.subtitles.cues import Cue

SRT = "1\n00:00:00,500 --> 00:00:01,400\n{}\n\n"
PICTURE = ["-f", "lavfi", "-i", "testsrc=duration=3:size=128x72:rate=25"]
SOUND = ["-f", "lavfi", "-i", "sine=duration=3"]
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"]


def ffmpeg(*options: object) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, options)], check=True)


def probe(path: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", f"file:{path}"]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def packets(path: Path) -> list[str]:
    """Return the checksum of each picture and sound stream's packets, byte for byte."""
    command = ["ffmpeg", "-v", "error", "-i", f"file:{path}", "-map", "0:v", "-map", "0:a?", "-c", "copy"]
    done = subprocess.run([*command, "-f", "streamhash", "-"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def subtitle_streams(path: Path) -> list[dict[str, Any]]:
    return [stream for stream in probe(path)["streams"] if stream["codec_type"] == "subtitle"]


def text_of(path: Path, number: int) -> str:
    """Return the number-th subtitle track as SubRip."""
    command = ["ffmpeg", "-v", "error", "-i", f"file:{path}", "-map", f"0:s:{number}", "-f", "srt", "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def make_job(
    folder: Path,
    film: Path,
    tracks: tuple[tuple[str, bool], ...] = (("hi", False), ("en", True)),
    *,
    kind: str = "srt",
    empty: tuple[str, ...] = (),
    duration_ms: int = 3000,
    video: bool = True,
    text: str | None = None,
    hearing_impaired: bool = False,
) -> list[object]:
    """Make stages 01 and 09 of a job and return the options that name them."""
    job = support.make_job(folder)
    facts = {
        "video": {"codec": "h264"} if video else None,
        "duration_ms": duration_ms,
        "checksum": files.sha256_of(film),
    }
    demux = support.finished_stage(
        job,
        "demux",
        {"probe": ("probe.json", json.dumps(facts).encode())},
        [records.file_record(film, "film", shown=str(film))],
    )
    outputs = {}
    listed = []
    for language, translated in tracks:
        cues = [] if language in empty else [Cue(500, 1400, (text or f"text in {language}",))]
        body = formats.write(kind, cues, language)
        name = f"test.{language}.{kind}"
        outputs[f"{kind}_{language}"] = (name, body.encode())
        listed.append(
            {
                "language": language,
                "translated": translated,
                "cues": len(cues),
                "hearing_impaired": hearing_impaired,
                "files": {kind: name},
            }
        )
    outputs["tracks"] = ("tracks.json", json.dumps({"schema_version": "1.0", "tracks": listed}).encode())
    subtitle_gen = support.finished_stage(job, "subtitle_gen", outputs)
    return ["--job-folder", job, "--film", "test", "--demux", demux, "--subtitle-gen", subtitle_gen]


def run(
    inputs: list[object], *options: str, languages: tuple[str, ...] = ("hi", "en"), choice: str = "translated"
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Run the script; return the subtitled film's path, and how it went."""
    done = support.run_script("mux", *inputs, "--languages", *languages, "--default-track", choice, *options)
    return Path(str(inputs[1])) / "10_mux" / "test.mkv", done


def manifest(result: Path) -> dict[str, Any]:
    return support.manifest_of(result.parents[1], "mux")


def messages(result: Path) -> list[str]:
    return [item["message"] for item in manifest(result)["warnings"]]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make small films: a plain MP4, and an MKV with two languages and a default subtitle track of its own."""
    folder = tmp_path_factory.mktemp("films")
    ffmpeg(*PICTURE, *SOUND, *X264, folder / "plain.mp4")
    (folder / "old.srt").write_text(SRT.format("the film's own"), encoding="utf-8")
    two = [*PICTURE, *SOUND, "-f", "lavfi", "-i", "sine=frequency=880:duration=3", "-i", folder / "old.srt"]
    tags = ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=hin", "-metadata:s:s:0", "language=eng"]
    flags = ["-disposition:a:0", "0", "-disposition:a:1", "default"]
    maps = ["-map", "0", "-map", "1", "-map", "2", "-map", "3"]
    own = ["-metadata:s:s:0", "title=Old", "-disposition:s:0", "default+forced", "-metadata", "title=Kept title"]
    ffmpeg(*two, *maps, *X264, *tags, *flags, *own, folder / "own.mkv")
    ffmpeg(*two, *maps, *X264, *tags, *flags, "-c:s", "mov_text", folder / "own.mp4")
    return folder


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


def test_the_manifest_tells_what_the_film_holds(tmp_path: Path, films: Path) -> None:
    result, _ = run(make_job(tmp_path, films / "plain.mp4"))
    (output,) = manifest(result)["outputs"]
    assert (output["type"], output["path"]) == ("subtitled_film", "10_mux/test.mkv")
    assert abs(output["media"]["duration_ms"] - 3000) <= 200
    assert [stream["kind"] for stream in output["media"]["streams"]] == ["video", "audio", "subtitle", "subtitle"]
    assert {item["type"] for item in manifest(result)["inputs"]} == {"probe", "film", "tracks", "srt_hi", "srt_en"}
    assert manifest(result)["warnings"] == []
    assert sorted(path.name for path in result.parent.iterdir() if not path.is_dir()) == sorted(
        ["manifest.json", "metadata.json", "stage.log", "test.mkv"]
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
        assert packets(result) == packets(film)


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
    result = media.probe(films / "own.mkv")
    identified = matroska.identify(films / "own.mkv", films)
    with pytest.raises(ToolError, match="finds 2 audio streams, not 3"):
        plan.check_result(result, identified, {"audio": 3}, [], films)
    tamil = matroska.NewTrack(films, "ta", "Tamil (Samvad)", default=False)
    with pytest.raises(ToolError, match=r"not ta; .* name and flags of Tamil"):
        plan.check_result(result, identified, {"subtitle": 1}, [tamil], films)


def test_a_result_that_is_too_short_is_refused(tmp_path: Path, films: Path) -> None:
    short = tmp_path / "short.mkv"
    ffmpeg("-i", films / "plain.mp4", "-t", "2", "-c", "copy", short)
    with pytest.raises(ToolError, match=r"plays for 2\.\d+ s, but .* for 3\.\d+ s"):
        plan.check_duration(films / "plain.mp4", short, 3000, media.probe(short))


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


# -- fonts, MP4, subtitles drawn into the picture ----------------------------------------------------------------------


def identified(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(subprocess.run(["mkvmerge", "-J", path], capture_output=True, check=True).stdout)
    return found


HINDI = "क्षत्रिय हिन्दी में कहते हैं"


def test_substation_alpha_goes_in_with_the_font_that_draws_its_script(tmp_path: Path, films: Path) -> None:
    tools.font("Noto Sans Devanagari")
    inputs = make_job(tmp_path, films / "own.mkv", (("hi", True),), kind="ass", text=HINDI)
    result, done = run(inputs, "--subtitle-format", "ass", languages=("hi",))
    assert done.returncode == 0, done.stderr
    assert [item["file_name"] for item in identified(result)["attachments"]] == ["NotoSansDevanagari-Regular.ttf"]
    assert subtitle_streams(result)[-1]["codec_name"] == "ass"
    assert messages(result) == []


def test_a_track_that_is_wanted_in_another_format_is_turned_into_it(tmp_path: Path, films: Path) -> None:
    result, done = run(make_job(tmp_path, films / "plain.mp4", kind="ttml"), "--subtitle-format", "ass")
    assert done.returncode == 0, done.stderr
    assert [stream["codec_name"] for stream in subtitle_streams(result)] == ["ass", "ass"]
    assert "text in hi" in text_of(result, 0)


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


def test_mp4_holds_the_tracks_within_its_limits(tmp_path: Path, films: Path) -> None:
    inputs = make_job(tmp_path, films / "own.mp4")
    _, done = run(inputs, "--container", "mp4", "--title", "संवाद “1”")
    assert done.returncode == 0, done.stderr
    result = Path(str(inputs[1])) / "10_mux" / "test.mp4"
    assert packets(result) == packets(films / "own.mp4")
    streams = subtitle_streams(result)
    assert [stream["codec_name"] for stream in streams] == ["mov_text"] * 3
    assert [stream["tags"]["language"] for stream in streams] == ["eng", "hin", "eng"]
    assert [stream["tags"]["handler_name"] for stream in streams[1:]] == ["Hindi (Samvad)", "English (Samvad)"]
    assert [stream["disposition"]["default"] for stream in streams] == [0, 0, 1]
    assert probe(result)["format"]["tags"]["title"] == "संवाद “1”"
    assert "text in en" in text_of(result, 2)


def test_mp4_never_shows_two_cues_at_once() -> None:
    cues = [Cue(0, 2000, ("a",)), Cue(1000, 3000, ("b",)), Cue(1000, 2500, ("c",)), Cue(5000, 6000, ("d",))]
    assert mp4.without_overlap(cues) == [
        Cue(0, 1000, ("a",)),
        Cue(1000, 3000, ("c", "b")),
        Cue(5000, 6000, ("d",)),
    ]
    assert [mp4.code(language) for language in ("hi", "en", "mai", "brx", "ta")] == ["hin", "eng", "mai", "brx", "tam"]


def test_what_mp4_cannot_hold_is_named(tmp_path: Path, films: Path) -> None:
    film = tmp_path / "attached.mkv"
    (tmp_path / "letter.txt").write_text("attached")
    subprocess.run(
        ["mkvmerge", "-q", "-o", film, "--attach-file", tmp_path / "letter.txt", films / "plain.mp4"], check=True
    )
    inputs = make_job(tmp_path, film)
    _, done = run(inputs, "--container", "mp4")
    assert done.returncode == 0, done.stderr
    assert any(
        "MP4 cannot hold" in text and "attachment" in text for text in messages(Path(str(inputs[1])) / "10_mux" / "x")
    )


# -- Devanagari in the picture -----------------------------------------------------------------------------------------


def drawn(tmp_path: Path, text: str) -> NDArray[np.uint8]:
    """Return the ink (grey, cropped) of a text that stage 10 drew into a black picture."""
    film = tmp_path / "black.mp4"
    if not film.exists():
        ffmpeg(
            "-f",
            "lavfi",
            "-i",
            "color=black:size=1280x720:rate=25:duration=2",
            *SOUND[:2],
            "-i",
            "sine=duration=2",
            *X264,
            film,
        )
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    inputs = make_job(folder, film, (("hi", True),), duration_ms=2000, text=text)
    done = support.run_script(
        "mux", *inputs, "--languages", "hi", "--default-track", "first", "--burn-in", "default", "--burn-in-crf", "10"
    )
    assert done.returncode == 0, done.stderr
    burned = Path(str(inputs[1])) / "10_mux" / "test.hi.burned.mp4"
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-ss",
        "1",
        "-i",
        burned,
        "-frames:v",
        "1",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "gray",
        "-",
    ]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    picture = np.frombuffer(raw, dtype=np.uint8).reshape(720, 1280)
    rows, columns = np.nonzero(picture > 100)
    assert rows.size, "something was drawn"
    return picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def test_devanagari_is_shaped_and_not_merely_drawn_letter_by_letter(tmp_path: Path) -> None:
    tools.font("Noto Sans Devanagari")
    ka, ki = drawn(tmp_path, "क"), drawn(tmp_path, "कि")
    # The sign of the short i is written after the letter and drawn before it: the letter moves to the right.
    height = min(ka.shape[0], ki.shape[0])
    right, left = ki[-height:, -ka.shape[1] :], ki[-height:, : ka.shape[1]]
    ink = ka[-height:]

    def differs(part: NDArray[np.uint8]) -> float:
        return float(np.abs(part.astype(int) - ink.astype(int)).mean())

    assert differs(right) < differs(left) / 2
    # A conjunct is one sign, narrower than its letters side by side (a zero-width non-joiner keeps them apart).
    assert drawn(tmp_path, "क्ष").shape[1] < 0.8 * drawn(tmp_path, "क्\u200cष").shape[1]


def test_letters_are_drawn_and_not_boxes(tmp_path: Path) -> None:
    tools.font("Noto Sans Devanagari")
    one, other = drawn(tmp_path, "ग"), drawn(tmp_path, "म")
    assert one.shape != other.shape or np.abs(one.astype(int) - other.astype(int)).mean() > 10
