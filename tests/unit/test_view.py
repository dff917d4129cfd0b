"""What is shown while a run goes on: progress, estimates, a terminal that may vanish."""

from __future__ import annotations

import io
import json
import logging
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import support
from samvad.core import stages
from samvad.core.errors import ConfigurationError
from samvad.workflow import as_module
from samvad.workflow.progress import state, terminal, view
from samvad.workflow.progress.estimates import Estimates, remaining_seconds
from samvad.workflow.progress.state import FilmProgress, Running, Shelf


def progress_line(done: float, total: float) -> str:
    return (
        json.dumps(
            {"event": "progress", "message": "sentences", "counts": {"done": done, "total": total}},
            separators=(",", ":"),
        )
        + "\n"
    )


def running(job: Path, stage: str = "asr", ago: float = 0.0) -> tuple[Running, Path]:
    folder = job / stages.BY_NAME[stage].folder / "attempts" / "01"
    folder.mkdir(parents=True)
    return Running(stage, None, time.monotonic() - ago), folder / "events.jsonl"


def test_progress_is_followed_while_it_is_written(tmp_path: Path) -> None:
    run, events = running(tmp_path)
    run.follow(tmp_path)
    assert run.share is None
    events.write_text('{"event":"asr_started"}\n' + progress_line(1, 10) + progress_line(2, 10)[:15], "utf-8")
    run.follow(tmp_path)
    assert run.share == 0.1
    with events.open("a", encoding="utf-8") as file:
        file.write(progress_line(2, 10)[15:])
    run.follow(tmp_path)
    assert (run.share, run.unit) == (0.2, "sentences")
    events.unlink()
    run.follow(tmp_path)
    assert run.share == 0.2, "a file that cannot be read changes nothing"


def test_the_progress_of_an_earlier_attempt_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    run, events = running(tmp_path)
    events.write_text(progress_line(9, 10), "utf-8")
    run.before = events.parent
    run.follow(tmp_path)
    assert run.share is None


def test_a_huge_event_log_is_read_from_its_end(tmp_path: Path) -> None:
    run, events = running(tmp_path)
    events.write_text(('{"event":"log","message":"' + "x" * 1000 + '"}\n') * 3000 + progress_line(7, 10), "utf-8")
    run.follow(tmp_path)
    assert run.share == 0.7


def test_estimates_are_medians_of_earlier_films_scaled_by_duration(tmp_path: Path) -> None:
    for number, (film_seconds, asr_seconds) in enumerate([(100, 50), (200, 60), (1000, 10_000)], 1):
        job = support.make_job(tmp_path, f"2025/01/0{number}/user/1")
        for stage, seconds in (("demux", 1.0), ("asr", asr_seconds)):
            path = support.finished_stage(job, stage, {})
            manifest = json.loads(path.read_text("utf-8")) | {"duration_seconds": seconds}
            if stage == "demux":
                manifest["metrics"] = [{"name": "film_duration", "value": film_seconds, "unit": "s"}]
            path.write_text(json.dumps(manifest), "utf-8")
    (tmp_path / "2025" / "notes.txt").write_text("no job", "utf-8")
    found = Estimates()
    found.load(tmp_path)
    assert found.seconds("asr", 60) == pytest.approx(30)
    assert found.seconds("asr", None) is None and found.seconds("mux", 60) is None


def test_what_came_from_the_cache_says_nothing_of_how_long_a_stage_takes(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    path = support.finished_stage(job, "demux", {})
    manifest = json.loads(path.read_text("utf-8")) | {"cache": {"key": None, "hit": True}}
    manifest["metrics"] = [{"name": "film_duration", "value": 100, "unit": "s"}]
    path.write_text(json.dumps(manifest), "utf-8")
    found = Estimates()
    found.load(tmp_path)
    assert found.seconds("demux", 100) is None


def test_what_is_left_follows_the_progress_once_there_is_some() -> None:
    assert remaining_seconds(100, 30, None) == 70
    assert remaining_seconds(100, 30, 0.01) == 70
    assert remaining_seconds(100, 30, 0.25) == pytest.approx(90)
    assert remaining_seconds(100, 300, None) == 0
    assert remaining_seconds(None, 30, None) is None


def test_a_film_has_no_estimate_until_every_stage_it_needs_has_one(tmp_path: Path) -> None:
    film = FilmProgress("a", tmp_path, {"demux": "success", "asr": "running", "mux": "waiting"}, film_seconds=100.0)
    film.running["asr"] = Running("asr", None, time.monotonic() - 10, done=1, total=2)
    found = Estimates()
    assert film.remaining(found) is None
    assert film.remaining(found, planned={"asr"}) == pytest.approx(10, abs=0.5), "what is not asked for takes no time"
    found.add("mux", 5, 100)
    assert film.remaining(found) == pytest.approx(15, abs=0.5)


def test_what_is_left_grows_less_while_a_stage_says_nothing_new(tmp_path: Path) -> None:
    def left(*, elapsed: float, done: float, told_after: float | None) -> float | None:
        film = FilmProgress("a", tmp_path, {"asr": "running"}, film_seconds=100.0)
        run = Running("asr", None, time.monotonic() - elapsed, done=done, total=100 * bool(done), told_after=told_after)
        film.running["asr"] = run
        shelf = Shelf(tmp_path)
        shelf.films["a"] = film
        shelf.began -= elapsed
        shelf.planned, shelf.counts_planned = frozenset({"asr"}), {"asr": 1}
        shelf.estimates.add("asr", 200, 100)
        film_left, whole = shelf.remaining(film), shelf.whole_remaining()
        assert film_left is not None and film_left == pytest.approx(whole, abs=0.5), "one film is all of the run"
        return film_left

    told = [left(elapsed=seconds, done=25, told_after=20) for seconds in (20, 40, 60)]
    assert told == pytest.approx([60, 40, 20], abs=0.5), "it goes on as fast as before"
    assert left(elapsed=500, done=25, told_after=20) == pytest.approx(5, abs=0.5), "it is not done before it says so"
    early = [left(elapsed=seconds, done=1, told_after=30) for seconds in (50, 100, 150)]
    assert early == pytest.approx([150, 100, 50], abs=0.5), "while a model is loaded, its pace says nothing"
    silent = [left(elapsed=seconds, done=0, told_after=None) for seconds in (50, 100, 150)]
    assert silent == pytest.approx([150, 100, 50], abs=0.5), "by what it took for other films"


def test_elsewhere_than_on_a_terminal_there_are_plain_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(view, "_PLAIN_PROGRESS_SECONDS", 0.05)
    _, events = running(tmp_path)
    events.write_text(progress_line(25, 100), "utf-8")
    shown = view.View(tmp_path, "auto")
    shown.started("key", FilmProgress("film", tmp_path, {"asr": "waiting", "mux": "waiting"}), "asr", None)
    deadline, said = time.monotonic() + 60, ""
    while "25%" not in said and time.monotonic() < deadline:
        time.sleep(0.02)
        said += capsys.readouterr().err
    shown.ended("key", "asr", "failed", 2.0, 60.0, "No\nspace api_key=abcdefgh is left.")
    shown.finish()
    said += capsys.readouterr().err
    assert re.search(r"^\[\d\d:\d\d:\d\d\] film: 04_asr started$", said, re.MULTILINE), said
    assert "film: 04_asr 25%, 25 of 100 sentences" in said and "no estimate yet" in said
    assert "film: 04_asr failed (0:02): No space api_key=[secret] is left." in said


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("No space is left. Make room.", "No space is left. Make room."),
        (f"The film is cut short. {'Much is to be said of it, ' * 9}", "The film is cut short. …"),
        (f"api_key=abcdefgh {'and so on ' * 20}", f"api_key=[secret]{' and so on' * 13} …"),
        ("x" * 400, "x" * 150 + " …"),
    ],
)
def test_a_long_reason_is_told_in_full_at_the_end_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], reason: str, shown: str
) -> None:
    told = view.View(tmp_path, "plain")
    told.started("key", FilmProgress("film", tmp_path, {}), "asr", None)
    told.ended("key", "asr", "failed", 2.0, 60.0, reason)
    told.finish()
    assert f"film: 04_asr failed (0:02): {shown}\n" in capsys.readouterr().err


def test_off_says_nothing_and_leaves_snakemakes_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logger, handler = logging.Logger("snakemake"), logging.NullHandler()
    handler.set_name("DefaultStreamHandler")
    logger.addHandler(handler)
    shown = view.View(tmp_path, "off")
    shown.quieten(logger)
    shown.started("key", FilmProgress("film", tmp_path, {}), "asr", None)
    shown.ended("key", "asr", "success", 1.0, 1.0)
    shown.finish()
    assert handler.filters == [] and capsys.readouterr().err == ""


def test_of_snakemakes_lines_those_go_that_the_run_tells_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(as_module, "_ours", {"demux": "demux"})
    logger, handler = logging.Logger("snakemake"), logging.NullHandler()
    handler.set_name("DefaultStreamHandler")
    logger.addHandler(handler)
    view.View(tmp_path, "plain").quieten(logger)

    def passes(message: str, level: int = logging.INFO, **extra: object) -> bool:
        record = logging.LogRecord("snakemake", level, "", 0, message, (), None)
        record.__dict__.update(extra)
        return bool(handler.filter(record))

    assert not passes("", event="job_info") and not passes("", event="progress")
    assert not passes("Select jobs to execute...") and not passes("Execute 2 jobs...")
    assert passes("Error in rule theirs", logging.ERROR, event="job_error", rule_name="theirs")
    assert not passes("Error in rule demux", logging.ERROR, event="job_error", rule_name="demux")
    command = "RuleException:\nCalledProcessError in file \"{}\", line 28:\nCommand '…'"
    ours = support.ROOT / "rules" / "01_demux.smk"
    assert not passes(command.format(ours), logging.ERROR, event="error")
    assert passes(command.format("/theirs/Snakefile"), logging.ERROR, event="error")
    assert passes("RuleException:\nMissingOutputException in rule demux", logging.ERROR, event="error")
    assert passes("Nothing to be done")
    assert passes("", event="run_info")


def test_a_view_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert view.chosen("plain") == "plain"
    monkeypatch.setenv("SAMVAD_VIEW", "off")
    assert view.chosen("plain") == "off"
    monkeypatch.setenv("SAMVAD_VIEW", "fancy")
    with pytest.raises(ConfigurationError, match="SAMVAD_VIEW is 'fancy'"):
        view.chosen("auto")


PROGRAM = """
import fcntl, os, struct, subprocess, sys, termios, time
from pathlib import Path
from samvad.workflow.progress.state import FilmProgress
from samvad.workflow.progress.view import View
view = View(Path(sys.argv[1]), "auto")
wanted = {"asr": "waiting", "mux": "waiting"}
for number in range(200):
    view.started(str(number), FilmProgress(f"film-{number:03d}", Path(sys.argv[1]), wanted), "asr", None)
time.sleep(1.5)
print("loud and clear", file=sys.stderr)
subprocess.run(["sh", "-c", "echo a stage says >&2"])
for number in range(198):
    view.ended(str(number), "asr", "success", 1.0, 60.0)
    view.ended(str(number), "mux", "success", 1.0, 60.0)
fcntl.ioctl(2 if os.isatty(2) else view._screen._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 8, 40, 0, 0))
time.sleep(1.5)
if sys.argv[2] == "vanish":
    Path(sys.argv[3]).write_text("now")
    time.sleep(2.5)
    for number in range(20000):
        os.write(2, b"nobody reads this, and nobody must wait for it\\n")
view.finish()
os.isatty(2) or sys.exit(9)
print("after the view", file=sys.stderr) if sys.argv[2] != "vanish" else None
Path(sys.argv[3]).write_text("done")
"""


def start(tmp_path: Path, how: str) -> tuple[subprocess.Popen[bytes], int, Path]:
    terminal, theirs = pty.openpty()
    flag = tmp_path / "flag"
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, tmp_path, how, flag],
        env={**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(support.ROOT / "scripts")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    return process, terminal, flag


def read(terminal: int, until: Path | None = None) -> str:
    said = b""
    while until is None or not until.exists():
        try:
            block = os.read(terminal, 1 << 16)
        except OSError:  # how Linux says that nobody writes there any more
            break
        if not block:
            break
        said += block
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode("utf-8", "replace")).replace("\r", "")


def test_a_terminal_shows_the_films_at_work_and_what_anyone_prints(tmp_path: Path) -> None:
    process, terminal, flag = start(tmp_path, "stay")
    said = read(terminal)
    assert process.wait(90) == 0
    assert flag.read_text() == "done"
    assert re.search(r"film +1234567890 +now +so far +left", said)
    assert "film-000" in said and "0 of 200 films done; 200 at work; " in said and "of them not shown" in said
    assert "film-199" in said.split("loud and clear")[1], "those that were not shown are when there is room"
    assert "loud and clear\n" in said and "a stage says\n" in said
    assert said.rstrip().endswith("after the view")


def test_a_terminal_that_vanishes_ends_the_view_alone(tmp_path: Path) -> None:
    process, terminal, flag = start(tmp_path, "vanish")
    read(terminal, until=flag)
    os.close(terminal)
    assert process.wait(60) == 9, "the program went on to its end; its standard error is no terminal any more"


def test_a_row_fits_80_columns_with_the_names_whole_and_the_foot_says_how_long_the_shelf_needs_still(
    tmp_path: Path,
) -> None:
    from rich.console import Console

    from samvad.workflow.progress.terminal import Screen

    shelf = state.Shelf(tmp_path)
    shelf.expected, shelf.counts_planned, shelf.steps = 4, {"hallucination_removal": 4, "tmdb": 4}, (1, 4)
    shelf.ended["tmdb"] = 4
    shelf.planned = frozenset(shelf.counts_planned)
    shelf.estimates.add("hallucination_removal", 6.0, 60.0)
    name = "a-name-of-a-film-that-is-as-long-as-an-id-may-be-64-letters-long"
    running = state.Running("hallucination_removal", None, time.monotonic() - 3)
    running.done, running.total = 50.0, 100.0
    films = {name: {"hallucination_removal": "running"}, "other": {"hallucination_removal": "success"}}
    shelf.films = {key: state.FilmProgress(key, tmp_path, states, film_seconds=60.0) for key, states in films.items()}
    shelf.films[name].running["hallucination_removal"] = running
    shelf.ended["hallucination_removal"] = 1
    shelf.began -= 30
    screen = Screen.__new__(Screen)
    screen._shelf, screen._signs = shelf, terminal._SIGNS
    screen._console = Console(width=80, height=24, file=io.StringIO())
    screen._console.print(screen._table())
    lines = screen._console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "hallucination_removal 50%" in lines[1] and "      ▶   " in lines[1]
    column = lines[0].index("1234567890")
    assert "".join(line[:column].strip() for line in lines[1:4]) == name
    assert lines[-1].startswith("1 of 4 films done; 1 at work; 1 of 4 steps; 0:30; about 0:50 left")
    del shelf.films[name]  # between two stages nothing is at work: no film is hidden, nor one too few
    screen._console.file.seek(0)
    screen._console.print(screen._table())
    assert "1 of 4 films done; 0 at work; 1 of 4 steps" in screen._console.file.getvalue()


def event_line(event: str, host: str, **fields: object) -> str:
    return json.dumps({"event": event, "message": "m", **fields, "host": host}, separators=(",", ":")) + "\n"


def test_it_is_known_where_a_stage_runs_from_what_its_process_says(tmp_path: Path) -> None:
    run, events = running(tmp_path)
    assert run.place("login", sent_away=False) == ""
    assert run.place("login", sent_away=True) == "waits for a node"
    events.write_text(event_line("asr_started", "node17.cluster.example") + progress_line(1, 10), "utf-8")
    run.follow(tmp_path)
    assert run.share == 0.1
    assert run.place("login", sent_away=True) == "on node17"
    assert run.place("node17.cluster.example", sent_away=False) == ""
    with events.open("a", encoding="utf-8") as file:
        file.write(event_line("gpu_awaited", "node17", counts={"gpus": 2}))
    run.follow(tmp_path)
    assert run.place("login", sent_away=True) == "on node17, waits for a GPU"
    assert run.place("node17.cluster.example", sent_away=False) == "waits for a GPU"
    with events.open("a", encoding="utf-8") as file:
        file.write(event_line("gpu_taken", "node17", facts={"device": "cuda:1 (NVIDIA H200)", "gpu": "1"}))
    run.follow(tmp_path)
    assert run.place("login", sent_away=True) == "on node17, GPU 1"
    assert run.place("node17.cluster.example", sent_away=False) == "on GPU 1"
    with events.open("a", encoding="utf-8") as file:
        file.write(event_line("slurm_job", "node17", facts={"job": "42", "node": "gpu-n3"}))
    run.follow(tmp_path)
    assert run.place("node17.cluster.example", sent_away=False) == "on gpu-n3, GPU 1"


def test_the_names_of_machines_cannot_write_on_the_terminal(tmp_path: Path) -> None:
    run, events = running(tmp_path)
    events.write_text(event_line("asr_started", "evil\x1b[2J\n17"), "utf-8")
    run.follow(tmp_path)
    assert "\x1b" not in run.place("here", sent_away=True) and "\n" not in run.place("here", sent_away=True)


def drawn(shelf: state.Shelf, columns: int, rows: int) -> list[str]:
    from rich.console import Console

    from samvad.workflow.progress.terminal import Screen

    screen = Screen.__new__(Screen)
    screen._shelf, screen._signs = shelf, terminal._SIGNS
    screen._console = Console(width=columns, height=rows, file=io.StringIO())
    screen._console.print(screen._table())
    assert isinstance(screen._console.file, io.StringIO)
    return screen._console.file.getvalue().splitlines()


def test_of_films_on_several_machines_each_is_shown_with_its_own_in_80_by_24(tmp_path: Path) -> None:
    shelf = state.Shelf(tmp_path, sent_away=True)
    shelf.here, shelf.expected = "login", 40
    name = "a-name-of-a-film-that-is-as-long-as-an-id-may-be-64-letters-long"
    for number in range(40):
        key = f"{number:02d}-{name}"
        film = state.FilmProgress(key, tmp_path, {"asr": "running"}, film_seconds=60.0)
        film.running["asr"] = state.Running("asr", None, time.monotonic() - 3, done=5, total=10)
        film.running["asr"].host, film.running["asr"].gpu = f"node-{number % 4}.cluster.example", str(number % 8)
        shelf.films[key] = film
    lines = drawn(shelf, 80, 24)
    assert len(lines) <= 22 and max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "asr 50%" in lines[1] and "on node-0, GPU 0" in lines[2] and "on node-1, GPU 1" in text
    shown = sum("asr 50%" in line for line in lines)
    foot = text[text.index("0 of 40 films done") :].replace("\n", " ")
    assert shown == 6 and f"40 at work on 4 machines; {40 - shown} of them not shown" in foot
    shelf.films = dict(list(shelf.films.items())[:1])
    wide = drawn(shelf, 120, 40)
    assert re.search(r"now +where +so far", wide[0]) and re.search(r"asr 50% +on node-0, GPU 0 +0:0", wide[1])
    assert "1 at work on node-0" in wide[-1]


def test_a_terminal_of_40_columns_still_has_the_names_whole(tmp_path: Path) -> None:
    shelf = state.Shelf(tmp_path)
    film = state.FilmProgress("the-film-of-a-night", tmp_path, {"hallucination_removal": "running"})
    film.running["hallucination_removal"] = state.Running("hallucination_removal", None, time.monotonic())
    shelf.films["a"] = film
    film.running["hallucination_removal"].done, film.running["hallucination_removal"].total = 1, 2
    film.running["hallucination_removal"].gpu = film.running["hallucination_removal"].host = "1"
    lines = drawn(shelf, 40, 24)
    assert max(map(len, lines)) <= 40
    assert [line.rstrip() for line in lines[:3]] == [
        "the-film-of-a-night",
        "      ▶    hallucination_removal 50%",
        "  on 1, GPU 1; 0:00 so far; 0:00 left",
    ]
    assert drawn(shelf, 2, 24), "nor does one of two end the view"
