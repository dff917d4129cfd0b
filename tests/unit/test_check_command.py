"""``samvad check`` over many files: nothing vanishes, codes say what is wrong, and --fix loses nothing."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import pty
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import support
from samvad.commands import check
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue

GOOD = "1\n00:00:01,000 --> 00:00:03,000\nI have come back.\n"
OVERLAP = "1\n00:00:01,000 --> 00:00:03,500\nI have come back.\n\n2\n00:00:03,000 --> 00:00:05,000\nSo have I...\n"
ASS = "[Events]\nFormat: Start, End, Text\nDialogue: 0:00:01.00,0:00:03.00,I am back.\n"
OVERLAP_ASS = ASS + "Dialogue: 0:00:02.50,0:00:05.00,So have I...\n"
LOSSY = ASS + "Dialogue: bad,0:00:05.00,Lost words.\n"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def run(capsys: pytest.CaptureFixture[str], *options: object) -> tuple[int, str, str]:
    code = check.main(list(map(str, options)))
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"a_en_srt": GOOD}, 0),
        ({"a_en_srt": GOOD, "b_en_srt": OVERLAP}, 1),
        ({"a_srt": GOOD, "b_en_srt": OVERLAP}, 2),
        ({"a_hi_srt": GOOD, "b_en_srt": OVERLAP}, 2),
        ({"a_srt": GOOD, "b_en_srt": OVERLAP, "c_en_ass": LOSSY}, 3),
        ({"a_en_ass": "hello world", "b_en_srt": GOOD}, 3),
        ({"a_en_ass": ""}, 3),
        ({"a_en_srt": ""}, 3),
        ({"a_en_vtt": "WEBVTT\n"}, 3),
    ],
)
def test_the_exit_code_is_that_of_the_gravest_thing_found(
    files: dict[str, str], code: int, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(shelf, **files)
    assert run(capsys, shelf, "--quiet")[0] == code
    for kind in ("json", "sarif", "junit"):
        assert run(capsys, shelf, "--format", kind)[0] == code


def test_one_file_that_cannot_be_read_stops_no_other(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(shelf, a_en_srt=GOOD, deep__b_en_srt=OVERLAP, deep__c_en_ass=LOSSY, deep__d_txt="no subtitles", e_srt=GOOD)
    (shelf / "f.en.srt").write_bytes(b"\xff\xfe\xfd\x00" * 9)
    (shelf / "g.en.srt").symlink_to(shelf / "nowhere")
    code, out, err = run(capsys, shelf)
    assert code == 3
    assert "f.en.srt" in out + err and "g.en.srt" in err and "says no language" in err
    assert "6 files: 1 break rules, 3 cannot be read or lose text, 1 in no language" in out.splitlines()[-1]
    assert "line 4: lost: an event's time cannot be read (bad,0:00:05.00,Lost words.)" in out
    assert "So have I" not in out and "overlap: the cue before is still there" in out
    assert "no subtitles" not in out + err


def test_a_folder_that_holds_no_subtitles_stops_no_file(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(shelf, b_en_srt=GOOD, empty__notes_txt="no subtitles")
    code, out, err = run(capsys, "empty", "b.en.srt", "--format", "json")
    assert code == 2 and "empty has no subtitle file in it" in err
    assert [(Path(item["file"]).name, "error" in item) for item in json.loads(out)] == [
        ("empty", True),
        ("b.en.srt", False),
    ]


def test_a_folder_that_cannot_be_read_is_named_and_stops_no_file(
    shelf: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(shelf, b_en_srt=GOOD, closed__c_en_srt=GOOD)
    scandir, listdir = os.scandir, os.listdir

    def refuse(look: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def looked(place: Any) -> Any:
            if str(place).endswith("closed"):
                raise PermissionError(errno.EACCES, "Permission denied", str(place))
            return look(place)

        return looked

    monkeypatch.setattr(os, "scandir", refuse(scandir))
    monkeypatch.setattr(os, "listdir", refuse(listdir))
    code, out, err = run(capsys, shelf, "--quiet")
    assert code == 3 and "closed cannot be read (Permission denied)" in err
    assert "b.en.srt: 1 cues" in out


@pytest.mark.parametrize("rate", ["0", "-25", "1/0", "nan", "x", "1e9"])
def test_a_frame_rate_that_is_none_is_refused(rate: str, shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(shelf, a_en_srt=GOOD)
    with pytest.raises(SystemExit, match="2"):
        run(capsys, shelf, f"--frame-rate={rate}")
    assert "no number of frames a second" in capsys.readouterr().err


def test_a_file_without_a_cue_keeps_no_rule(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(shelf, a_en_ass="")
    code, out, _ = run(capsys, shelf)
    assert code == 3 and "no cue was read in it" in out and "100.0 %" not in out


def test_a_folder_without_subtitles_is_a_mistake_and_xml_is_looked_into(
    shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(shelf, project_en_xml="<project/>")
    assert run(capsys, shelf)[0] == 2
    (shelf / "t.en.xml").write_text(formats.write("ttml", [Cue(1000, 3000, ("I am back.",))], "en"), encoding="utf-16")
    code, out, _ = run(capsys, shelf, "--quiet", "--format", "json")
    assert [Path(item["file"]).name for item in json.loads(out)] == ["t.en.xml"]
    assert code in (0, 3)  # that it is found is what is asked here


def test_cue_ends_are_compared_with_published_subtitles(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = shelf / "ends.en.srt"
    path.write_text(
        "1\n00:00:01,000 --> 00:00:03,000\nHe left.\n\n2\n00:00:04,000 --> 00:00:06,000\nSo be it.\n", "utf-8"
    )
    check.main([str(path), "--published", str(path)])
    assert "F1 1.000 (1 of 1 and 1, among 5 of 5 words)" in capsys.readouterr().out
    check.main([str(path), "--published", str(path), "--format", "json"])
    assert json.loads(capsys.readouterr().out)[0]["agreement"]["f1"] == 1.0


def test_json_has_every_note_with_its_line(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(shelf, c_en_ass=LOSSY, d_srt=GOOD)
    (found, nameless) = json.loads(run(capsys, shelf, "--format", "json")[1])
    assert [(note["line"], note["kind"]) for note in found["notes"]] == [(4, "lost")]
    assert (found["texts"], found["lines"], found["encoding"]) == (["I am back."], [3], "utf-8")
    assert nameless["error"]["category"] == "configuration" and "--language" in nameless["error"]["remedy"]


#: What SARIF 2.1.0 (OASIS, sarif-schema-2.1.0.json) says of the objects that are written here.
TEXT = {
    "type": "object",
    "required": ["text"],
    "additionalProperties": False,
    "properties": {"text": {"type": "string"}},
}
ARTIFACT = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"uri": {"type": "string", "format": "uri-reference", "pattern": r"^[!-~]+$"}},
}
RULE = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {"id": {"type": "string"}, "shortDescription": TEXT},
}
RESULT = {
    "type": "object",
    "required": ["message"],
    "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": TEXT,
        "locations": {
            "type": "array",
            "uniqueItems": True,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "physicalLocation": {
                        "type": "object",
                        "anyOf": [{"required": ["artifactLocation"]}, {"required": ["address"]}],
                        "additionalProperties": False,
                        "properties": {
                            "artifactLocation": ARTIFACT,
                            "region": {
                                "type": "object",
                                "additionalProperties": False,
                                "properties": {"startLine": {"type": "integer", "minimum": 1}},
                            },
                        },
                    }
                },
            },
        },
    },
}
INVOCATION = {
    "type": "object",
    "required": ["executionSuccessful"],
    "additionalProperties": False,
    "properties": {"executionSuccessful": {"type": "boolean"}, "exitCode": {"type": "integer"}},
}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"enum": ["2.1.0"]},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "additionalProperties": False,
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "additionalProperties": False,
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {"type": "array", "uniqueItems": True, "items": RULE},
                                },
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "invocations": {"type": "array", "items": INVOCATION},
                    "artifacts": {
                        "type": "array",
                        "uniqueItems": True,
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {"location": ARTIFACT},
                        },
                    },
                    "results": {"type": "array", "items": RESULT},
                },
            },
        },
    },
}


def test_sarif_is_valid_and_points_at_lines(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(shelf, b_en_ass=OVERLAP_ASS, c_en_ass=LOSSY, d_srt=GOOD, e_en_ass="")
    (shelf / "ü 100%.en.ass").write_text(OVERLAP_ASS, encoding="utf-8")
    (shelf / "g.en.srt").symlink_to(shelf / "nowhere")
    document: dict[str, Any] = json.loads(run(capsys, shelf, "--format", "sarif")[1])
    jsonschema.Draft7Validator(SARIF).validate(document)
    (made,) = document["runs"]
    known = {rule["id"] for rule in made["tool"]["driver"]["rules"]}
    found = set()
    for result in made["results"]:
        place = result["locations"][0]["physicalLocation"]
        line = place.get("region", {}).get("startLine")
        found.add((place["artifactLocation"]["uri"], line, result["ruleId"], result["level"]))
    assert {rule for _, _, rule, _ in found} <= known
    assert found >= {
        ("b.en.ass", 4, "overlap", "error"),
        ("b.en.ass", 4, "ellipsis", "warning"),
        ("%C3%BC%20100%25.en.ass", 4, "overlap", "error"),
        ("c.en.ass", 4, "lost", "error"),
        ("d.srt", None, "unreadable", "error"),
    }
    assert ("g.en.srt", None, "unreadable", "error") in found  # not where the link leads
    assert any(place == "e.en.ass" and level == "error" for place, _, _, level in found)
    assert made["invocations"] == [{"executionSuccessful": False, "exitCode": 3}]


def test_junit_counts_what_went_wrong(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(shelf, b_en_ass=OVERLAP_ASS, c_en_ass=LOSSY, d_srt=GOOD)
    root = ET.fromstring(run(capsys, shelf, "--format", "junit")[1])
    suites = root.findall("testsuite")
    assert [Path(suite.get("name", "")).name for suite in suites] == ["b.en.ass", "c.en.ass", "d.srt"]
    assert (root.get("failures"), root.get("errors")) == ("1", "2")
    assert [len(root.findall(f".//{kind}")) for kind in ("failure", "error")] == [1, 2]
    assert int(root.get("tests", "")) == len(root.findall(".//testcase"))
    (failure,) = root.findall(".//testcase[@name='overlap']/failure")
    assert failure.text is not None and "b.en.ass:4: cue 2" in failure.text


def test_what_stands_in_a_file_cannot_steer_a_terminal(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(shelf, b_en_ass=ASS + "Dialogue: \x1b]52;c;eA\x07,0:00:05.00,x\u202e\n")
    for kind in ("text", "junit", "sarif"):
        code, out, _ = run(capsys, shelf, "--format", kind)
        assert code == 3 and not any(sign in out for sign in "\x1b\x07\u202e")


# -- mending ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", formats.KINDS)
def test_a_fix_is_shown_and_written_only_when_told_and_the_original_stays(
    kind: str, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, original = shelf / f"b.en.{kind}", shelf / f"b.en.{kind}.orig"
    cues = [Cue(1000, 3500, ("I have come back.",)), Cue(3000, 5000, ("So have I...",), top=True)]
    path.write_text(formats.write(kind, cues, "en"), encoding="utf-8")
    before = path.read_bytes()
    code, out, _ = run(capsys, path, "--fix")
    assert code == 1 and path.read_bytes() == before and list(shelf.iterdir()) == [path]
    assert "So have I…" in out and "\n@@ " in out and "--write" in out
    assert "2 breaches before, 0 after; 2 cues change" in out
    code, out, _ = run(capsys, path, "--fix", "--write")
    assert code == 0 and original.read_bytes() == before
    assert [(cue.start_ms, cue.end_ms, cue.text, cue.top) for cue in formats.read(path).cues] == [
        (1000, 2910 if kind == "ass" else 2916, "I have come back.", False),
        (3000, 5000, "So have I…", True),
    ]
    after = path.read_bytes()
    assert run(capsys, path, "--fix", "--write")[0] == 0
    assert path.read_bytes() == after and sorted(shelf.iterdir()) == [path, original]


def applied(old: list[str], difference: list[str]) -> list[str]:
    """Return lines after a unified difference has been applied to them, as patch does it."""
    new, at = [], 0
    for line in difference[2:]:
        if line.startswith("@@"):
            begin = int(line.split()[1].removeprefix("-").split(",")[0]) - 1
            new += old[at:begin]
            at = begin
        elif line[0] == "+":
            new.append(line[1:])
        else:
            assert old[at] == line[1:]
            new += [line[1:]] if line[0] == " " else []
            at += 1
    return new + old[at:]


@pytest.mark.parametrize("kind", formats.KINDS)
@pytest.mark.parametrize("order", [1, -1])
def test_the_difference_that_is_shown_is_the_one_that_is_written(
    kind: str, order: int, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = shelf / f"b.en.{kind}"
    cues = [
        Cue(3000 * at, 3000 * at + (2990 if at % 7 == 3 else 2000), (f"I have come {at} times.",)) for at in range(60)
    ]
    cues[20:25] = cues[20:25][::order]
    path.write_text("\n" * (kind == "srt") + formats.write(kind, cues, "en"), encoding="utf-8")
    old = path.read_text(encoding="utf-8").splitlines()
    _, out, _ = run(capsys, path, "--fix", "--write")
    lines = out.splitlines()
    begin, end = lines.index(f"--- {path}"), next(at for at, line in enumerate(lines) if "breaches before" in line)
    assert applied(old, lines[begin:end]) == path.read_text(encoding="utf-8").splitlines()
    assert order == -1 or len(lines[begin:end]) < len(old)


def test_an_older_original_is_never_overwritten(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(shelf, b_en_srt=OVERLAP)
    (shelf / "b.en.srt.orig").write_text("mine", encoding="utf-8")
    assert run(capsys, shelf, "--fix", "--write")[0] == 0
    assert (shelf / "b.en.srt.orig").read_text(encoding="utf-8") == "mine"
    assert (shelf / "b.en.srt.orig2").read_text(encoding="utf-8") == OVERLAP


def test_a_file_that_would_lose_text_is_not_mended_and_the_others_are(
    shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lossy = LOSSY + "Dialogue: 0:00:02.00,0:00:04.00,Over it.\n"
    put(shelf, b_en_srt=OVERLAP, c_en_ass=lossy)
    code, out, err = run(capsys, shelf, "--fix", "--write")
    assert code == 3 and "c.en.ass is not mended: Text or times are lost in 1 places" in err
    assert (shelf / "c.en.ass").read_text(encoding="utf-8") == lossy
    assert "b.en.srt is written" in out


@pytest.mark.parametrize(("answer", "written"), [("y", True), ("", False), ("no", False)])
def test_on_a_terminal_it_is_asked_before_anything_is_written(answer: str, written: bool, shelf: Path) -> None:
    put(shelf, b_en_srt=OVERLAP)
    terminal, inside = pty.openpty()
    command = [sys.executable, "-m", "samvad.commands", "check", "b.en.srt", "--fix", "--quiet"]
    environment = {**os.environ, "PYTHONPATH": str(support.ROOT / "scripts")}
    with subprocess.Popen(command, stdin=inside, stdout=inside, stderr=inside, env=environment) as process:
        os.close(inside)
        said = b""
        while b"[y/N]" not in said:
            said += os.read(terminal, 4096)
        os.write(terminal, f"{answer}\n".encode())
        with contextlib.suppress(OSError):  # the terminal is gone with its last program
            while os.read(terminal, 4096):
                pass
        assert process.wait(timeout=60) == (0 if written else 1)
    os.close(terminal)
    assert ((shelf / "b.en.srt").read_text("utf-8") != OVERLAP) == written
    assert (shelf / "b.en.srt.orig").exists() == written


def test_fix_goes_with_text_and_write_with_fix(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(shelf, b_en_srt=OVERLAP)
    assert run(capsys, shelf, "--write")[0] == 2
    assert run(capsys, shelf, "--fix", "--format", "json")[0] == 2


def test_twenty_thousand_cues_are_checked_in_seconds(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cues = [Cue(3000 * at, 3000 * at + 2900, (f"I have come back {at} times.",)) for at in range(20_000)]
    (shelf / "b.en.srt").write_text(formats.write("srt", cues), encoding="utf-8")
    began = time.process_time()
    assert run(capsys, shelf, "--quiet")[0] == 0
    assert time.process_time() - began < 20


def test_a_name_without_two_languages_is_of_a_file_in_none(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shelf / "film.qq-up.qq.srt").write_text(GOOD, encoding="utf-8")
    code, out, err = run(capsys, shelf / "film.qq-up.qq.srt")
    assert code == 2 and "language" in out + err
