"""Stage 10: SubStation Alpha, MP4, and subtitles drawn into the picture."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import support
import tools
from muxing import (
    HINDI,
    SOUND,
    X264,
    ffmpeg,
    identified,
    make_job,
    messages,
    packets,
    probe,
    run,
    subtitle_streams,
    text_of,
)
from samvad.documents.subtitles.cues import Cue, Ruby, Style, without_overlap
from samvad.text import languages


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
    assert without_overlap(cues) == [
        Cue(0, 1000, ("a",)),
        Cue(1000, 3000, ("c", "b")),
        Cue(5000, 6000, ("d",)),
    ]
    italic, reading = Style(0, 0, 1, "i"), Ruby(0, 0, 1, "x")
    whole = [
        Cue(0, 2000, ("a", "b"), (italic,)),
        Cue(0, 2500, ("c",), (italic,), ruby=(reading,)),
        Cue(1000, 3000, ("d",)),
    ]
    assert without_overlap(whole) == [
        Cue(0, 1000, ("a", "b", "c"), (italic, Style(2, 0, 1, "i")), ruby=(Ruby(2, 0, 1, "x"),)),
        Cue(1000, 3000, ("d",)),
    ]
    assert [languages.iso_639_2(language) for language in ("hi", "en", "mai", "brx", "ta")] == [
        "hin",
        "eng",
        "mai",
        "brx",
        "tam",
    ]


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
