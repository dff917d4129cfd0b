"""`samvad logs`: all lines of a film in one order, followed and filtered, and the way from an error to its cause."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import event_shelf
import support
from samvad.commands import logs
from samvad.core.errors import ConfigurationError
from samvad.logs import events
from samvad.reporting.logquery.view import causes
from samvad.reporting.logquery.view.lines import JobLog
from samvad.reporting.logquery.view.screen import Screen

COMMAND = "Running ['/usr/bin/ffmpeg', '-i', 'file:/films/a.mkv', '-format_whitelist', 'a,b,c,d,e,f,g,h,i,j,k,l']"
MESSAGE = "'/films/a.mkv' is cut short.\nOnly half of it can be read."


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job whose stage 01 failed once in an earlier run, and fails in the newest: with all that ffmpeg said."""
    folder = tmp_path / "2025/11/28/desk/1"
    before = event_shelf.Run(folder, "film", event_shelf.NOW - timedelta(hours=9))
    before.add("job_received", "the first run")
    before.finish("failed", None)
    before.write()
    run = event_shelf.Run(folder, "film", event_shelf.NOW - timedelta(hours=2))
    run.add("job_received", "the newest run")
    run.add("demux_started", "Stage demux begins", stage="demux")
    run.add("progress", "audio_seconds", stage="demux", counts={"done": 1, "total": 2})
    run.add("log", "the sound is odd", stage="demux")
    run.lines[-1][1]["level"] = "WARNING"
    more = {
        "error_type": "MediaError",
        "error_category": "media",
        "error_message": MESSAGE,
        "error_file": "/films/a.mkv",
    }
    run.add("demux_failed", f"Stage demux failed: {MESSAGE}", stage="demux", status="failed", **more)
    run.add("stage_result", "Stage demux: failed", stage="demux", status="failed", **more)
    run.finish("failed", None)
    run.write()
    text = folder / "01_demux/attempts/01/stage.log"
    stamps = {line["message"]: local(line["ts"]) for _, line in run.lines}
    warned = stamps["the sound is odd"]
    text.write_text(
        f"[{stamps['Stage demux begins']}] [demux] [INFO] Stage demux begins\n"
        f"[{stamps['Stage demux begins']}] [demux] [DEBUG] {COMMAND}\n"
        f"[{warned}] [demux] [WARNING] the sound is odd\n"
        f"[{warned}] [demux] [DEBUG] ffmpeg: Packet corrupt\n"
        f"[{warned}] [demux] [DEBUG] ffmpeg ended after 0.3 s with exit code 1\n"
        f"[{warned}] [demux] [ERROR] Stage demux failed: {MESSAGE}\n",
        encoding="utf-8",
    )
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    return folder


def local(stamp: str) -> str:
    """Return a time as a stage's log has it, on a machine whose clock is half an hour off the whole zones."""
    return f"{datetime.fromisoformat(stamp) + timedelta(hours=5, minutes=30):%Y-%m-%d %H:%M:%S}"


@pytest.fixture
def asked(job: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    def ask(*options: str) -> list[str]:
        assert logs.main([str(job), *options]) == 0
        return capsys.readouterr().out.splitlines()

    return ask


def test_debug_lines_of_the_text_log_stand_among_the_events_where_they_were_written(job: Path) -> None:
    told = [(line.level, line.message.split("\n")[0]) for line in JobLog(job).poll()][2:]
    assert told == [
        ("INFO", "the newest run"),
        ("INFO", "Stage demux begins"),
        ("DEBUG", COMMAND),
        ("DEBUG", "audio_seconds"),
        ("WARNING", "the sound is odd"),
        ("DEBUG", "ffmpeg: Packet corrupt"),
        ("DEBUG", "ffmpeg ended after 0.3 s with exit code 1"),
        ("ERROR", "Stage demux failed: '/films/a.mkv' is cut short."),
        ("ERROR", "Stage demux: failed"),
        ("ERROR", "job_finished"),
    ], "each once: also those that the run's log has copied"


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ((), 6),
        (("--level", "debug"), 10),
        (("--level", "error"), 3),
        (("--stage", "pipeline"), 2),
        (("--stage", "demux", "--stage", "asr", "--level", "warning"), 3),
        (("--text", "HALF of it", "--text", "demux"), 2),
        (("--level", "debug", "--text", "corrupt"), 1),
        (("--since", "2025-11-28T10:00:01"), 5),
        (("--until", "2025-11-28T10:00:01"), 1),
        (("--last", "2"), 2),
        (("--all-runs",), 8),
    ],
)
def test_lines_are_filtered(options: tuple[str, ...], wanted: int, asked: Callable[..., list[str]]) -> None:
    lines = [json.loads(text) for text in asked("--json", *options)]
    assert len(lines) == wanted
    assert all(list(line)[1:] == [name for name in events.FIELDS if name in line] for line in lines)


def test_the_way_from_an_error_to_its_cause_names_input_stage_program_and_what_it_said(
    job: Path, asked: Callable[..., list[str]]
) -> None:
    found = JobLog(job).poll()
    (chain,) = causes.chains(found[2:], job)
    assert [link.role for link in chain.links] == ["input", "stage", "program", "said", "said", "warning", "error"]
    assert chain.links[0].text == "/films/a.mkv (at fault)"
    assert chain.links[2].text == "/usr/bin/ffmpeg -i file:/films/a.mkv -format_whitelist '…'"
    assert chain.title == "01_demux, attempt 1: media (MediaError)" and "good copy" in chain.remedy
    text = "\n".join(asked("--causes"))
    assert "ffmpeg: Packet corrupt" in text and "\x1b" not in text, "no colours where nobody sees them"
    number = next(json.loads(line)["line"] for line in asked("--json", "--level", "error"))
    assert "\n".join(asked("--cause-of", str(number))) == text
    assert "\n".join(asked("--cause-of", str(number + 2))) == text, "from the end of the run too"


def test_colours_are_asked_for_and_what_a_log_says_never_makes_any(job: Path, asked: Callable[..., list[str]]) -> None:
    with (job / "01_demux/attempts/01/stage.log").open("a", encoding="utf-8") as file:
        file.write("[2025-11-28 15:30:09] [demux] [DEBUG] \x1b[31mred\u202egnorw\x07\n")
    text = "\n".join(asked("--level", "debug", "--colour", "always"))
    assert "\x1b[1;31mERROR" in text
    assert "\\x1b[31mred\\u202egnorw\\x07" in text


def test_what_is_written_later_is_shown_and_half_a_line_waits_for_its_other_half(
    job: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = event_shelf.Run(job, "film", event_shelf.NOW)
    run.add("job_received", "a run that comes later")
    run.add("log", "नमस्ते", stage="asr")
    (_, first), (_, second) = run.lines
    own = job / "04_asr/attempts/01/events.jsonl"
    own.parent.mkdir(parents=True)
    line = json.dumps(second, ensure_ascii=False).encode() + b"\n"
    steps = [
        lambda: (job / "logs/99_pipeline_20251128_120000.jsonl").write_text(json.dumps(first) + "\n"),
        lambda: own.write_bytes(line[:-7]),
        lambda: own.write_bytes(line),
    ]

    def sleep(_: float) -> None:
        if not steps:
            raise KeyboardInterrupt
        steps.pop(0)()

    monkeypatch.setattr(time, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        logs.main([str(job), "--follow", "--last", "1", "--json"])
    shown = [json.loads(text)["message"] for text in capsys.readouterr().out.splitlines()]
    assert shown == ["job_finished", "a run that comes later", "नमस्ते"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--stage", "demuks"), "Did you mean demux?"),
        (("--level", "loud"), "there is no level 'loud'"),
        (("--since", "lately"), "--since 'lately' is no time"),
        (("--cause-of", "1"), "line 1 is no error"),
    ],
)
def test_a_wrong_option_is_named(
    options: tuple[str, ...], words: str, job: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert logs.main([str(job), *options]) == ConfigurationError.exit_code
    assert words in capsys.readouterr().err


def press(screen: Screen, *keys: str) -> list[str]:
    for key in keys:
        assert screen.press(key)
    return [text for text, _ in screen.rows()]


def chosen(screen: Screen) -> str:
    return next(text for text, style in screen.rows() if style == "chosen")


def test_keys_lead_from_an_error_to_its_cause_and_back(job: Path) -> None:
    screen = Screen(JobLog(job).poll()[2:], job, height=20, width=90)
    assert "6 of 10 lines, INFO and up, all stages" in press(screen)[0]
    press(screen, "e")
    assert "Stage demux failed" in chosen(screen)
    rows = press(screen, "\n")
    assert rows[1].startswith("01_demux, attempt 1: media") and any("ffmpeg: Packet corrupt" in row for row in rows)
    press(screen, "KEY_UP", "KEY_UP", "KEY_UP", "\n")
    assert "ffmpeg: Packet corrupt" in chosen(screen), "a line that the filters had left out"
    assert "10 of 10 lines, DEBUG and up" in press(screen)[0]
    press(screen, "b")
    assert "Stage demux failed" in chosen(screen)


def test_keys_filter_and_search_and_new_lines_are_followed(job: Path) -> None:
    found = JobLog(job).poll()[2:]
    screen = Screen(found[:-1], job, height=8, width=90)
    assert "1 of 9 lines, INFO and up, demux, with 'begins'" in press(screen, "/", *"beginx", "\x7f", "s", "\n", "s")[0]
    press(screen, "/", "\n", "s", "f")
    assert "1 of 9 lines, INFO and up, pipeline, following" in screen.rows()[0][0]
    screen.add(found[-1:])
    assert "job_finished" in chosen(screen) and len(screen.rows()) == 8
    assert "1 of 10 lines, ERROR and up, pipeline" in press(screen, "l", "l")[0]
    assert not screen.press("q")


def test_a_terminal_shows_it_and_takes_keys(job: Path) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 100, 0, 0))
    command = [sys.executable, "-m", "samvad.commands", "logs", str(job), "--interactive"]
    environ = {**os.environ, "PYTHONPATH": str(support.ROOT / "scripts"), "TERM": "xterm-256color"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, start_new_session=True)
    os.close(theirs)
    shown = b""
    try:
        for awaited, key in ((b"the newest run", b"E"), (b"Stage demux: failed", b"\n"), (b"Packet corrupt", b"q")):
            while awaited not in shown:
                assert select.select([ours], [], [], 60)[0], shown
                shown += os.read(ours, 65536)
            os.write(ours, key)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
