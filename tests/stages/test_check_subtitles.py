"""The checker as a command of its own: for any file, with text and JSON, and an exit code that scripts can use."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import support
import tools
from samvad.core import typed_json
from samvad.documents.segments import Segment, SegmentsDocument, Word
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue, Style

GOOD = "1\n00:00:01,000 --> 00:00:03,000\nतुम कहाँ थे कल रात?\n\n2\n00:00:05,000 --> 00:00:06,500\nकहीं नहीं।\n"
BAD = (
    "1\n00:00:01,000 --> 00:00:01,500\nराजधानी के सबसे पुराने बाज़ार में आज सुबह से बहुत ज़्यादा भीड़ हो गई थी\n\n"
    "2\n00:00:01,400 --> 00:00:03,000\nकहीं...\n"
)


def check(*options: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [support.ROOT / "samvad", "check", *options]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def test_a_good_file_passes_with_its_figures_and_sources(tmp_path: Path) -> None:
    path = tmp_path / "( शोले 'x' $HOME.hi.srt"
    path.write_text(GOOD, encoding="utf-8")
    done = check(path, "--profile", "netflix")
    assert done.returncode == 0, done.stderr
    assert "2 cues in Hindi" in done.stdout
    assert "code points" in done.stdout and "graphemes" in done.stdout
    assert "hi, Reading Speed Limits" in done.stdout
    assert "not checked: no --video" in done.stdout


def test_a_bad_file_fails_and_every_breach_names_its_cue(tmp_path: Path) -> None:
    path = tmp_path / "film.srt"
    path.write_text(BAD, encoding="utf-8")
    done = check(path, "--language", "hin", "--format", "json")
    assert done.returncode == 1, done.stderr
    (found,) = json.loads(done.stdout)
    breaches = {(item["cue"], item["rule"]) for item in found["findings"]}
    assert breaches == {(1, "line length"), (1, "shortest"), (1, "reading speed"), (2, "overlap"), (2, "ellipsis")}
    assert found["within"]["hard"] == 0
    text = check(path, "--language", "hi")
    assert text.returncode == 1
    assert "1  00:00:01.000 --> 00:00:01.500  error   line length: a line has" in text.stdout


def test_warnings_fail_only_when_asked_to(tmp_path: Path) -> None:
    path = tmp_path / "film.en.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:03,000\nNo...\n", encoding="utf-8")
    assert check(path).returncode == 0
    assert check(path, "--strict").returncode == 1


def test_the_films_shots_and_frame_rate_are_looked_up(tmp_path: Path, sample: Any) -> None:
    path = tmp_path / "film.en.vtt"
    cues = [Cue(11_875, 14_000, ("Good morning.",)), Cue(27_000, 29_000, ("Did you sleep well?",))]
    path.write_text(formats.write("vtt", cues), encoding="utf-8")
    done = check(path, "--video", sample.film, "--format", "json")
    (found,) = json.loads(done.stdout)
    assert found["limits"]["frame_rate"] == sample.truth["frame_rate"]
    assert found["checked"]["shots"]
    assert [(item["cue"], item["rule"]) for item in found["findings"]] == [(2, "in at shot")]


def test_in_times_are_checked_against_the_words_of_a_document(tmp_path: Path) -> None:
    words = tuple(Word(1000 + 400 * i, 1400 + 400 * i, word) for i, word in enumerate(["Not", "at", "all."]))
    document = SegmentsDocument("en", 9000, (Segment(1, 1000, 2200, "Not at all.", "en", words),))
    (tmp_path / "segments.json").write_text(json.dumps(typed_json.plain(document)), encoding="utf-8")
    path = tmp_path / "film.en.srt"
    path.write_text("1\n00:00:01,300 --> 00:00:03,000\nNot at all.\n", encoding="utf-8")
    (found,) = json.loads(check(path, "--words", tmp_path / "segments.json", "--format", "json").stdout)
    assert [(item["rule"], item["value"]) for item in found["findings"]] == [("first word", 300)]


@pytest.mark.parametrize(
    ("name", "options", "code", "said"),
    [
        ("film.srt", [], 2, "language"),
        ("film.en.srt", ["--profile", "nonsense"], 2, "no subtitle profile"),
        ("film.en.srt", ["--video", "/nowhere.mkv"], 3, "nowhere.mkv"),
        ("film.en.txt", [], 3, "known by its ending"),
        ("missing.en.srt", [], 3, "cannot be read"),
    ],
)
def test_what_cannot_be_checked_has_another_exit_code(
    tmp_path: Path, name: str, options: list[str], code: int, said: str
) -> None:
    if not name.startswith("missing"):
        (tmp_path / name).write_text(GOOD, encoding="utf-8")
    done = check(tmp_path / name, *options)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_webvtt_is_found_valid_by_the_reader_that_finds_what_others_pass_over(tmp_path: Path) -> None:
    script = tmp_path / "read.mjs"
    script.write_text(
        'import { createRequire } from "node:module"; import { readFileSync } from "node:fs";\n'
        'const { WebVTTParser } = createRequire(process.argv[2] + "/x.js")("webvtt-parser");\n'
        'const tree = new WebVTTParser().parse(readFileSync(process.argv[3], "utf-8"), "subtitles");\n'
        "process.stdout.write(JSON.stringify({ errors: tree.errors, cues: tree.cues.length }));\n"
    )

    def read(text: str) -> dict[str, Any]:
        path = tmp_path / "film.vtt"
        path.write_text(text, encoding="utf-8")
        command = [tools.program("node"), script, tools.browser_modules(), path]
        result: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        return result

    cues = [
        Cue(0, 1500, ("Tom & Jerry <3 {laughs}", "a --> b <i>x</i>")),
        Cue(2000, 3000, ("♪ ये दोस्ती ♪", "1984"), (Style(0, 2, 4, "i"), Style(1, 0, 4, "b")), top=True),
    ]
    assert read(formats.write("vtt", cues)) == {"errors": [], "cues": 2}
    assert read(formats.write("vtt", [])) == {"errors": [], "cues": 0}
    assert read("WEBVTT\n\n00:00:01.000 --> 00:00:00.500\nTom & Jerry\n")["errors"]
