"""Events, their fields, who they are about, and what never gets into them."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import resource
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from samvad.core import redaction
from samvad.core.errors import MediaError
from samvad.core.failures import describe
from samvad.core.redaction import MASK, Redactor
from samvad.logs import events
from samvad.logs.line_file import LineFile
from samvad.logs.rate_limit import RateLimiter
from samvad.logs.stage_logs import StageLogs

CONTEXT = events.Context("film_run", "film", "user/1", "parent/7", "asr", 2, "parent_run")
log = logging.getLogger("samvad.test")


class Logs:
    """The logs of an attempt, open, and what is in them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.attempt = folder / "attempts" / "02"
        self.attempt.mkdir(parents=True)
        self.handler = StageLogs(CONTEXT, folder, self.attempt, verbose=False)

    def lines(self, channel: str = "events") -> list[dict[str, Any]]:
        path = self.attempt / f"{channel}.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def text(self) -> str:
        return (self.folder / "stage.log").read_text("utf-8")


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Logs]:
    found = Logs(tmp_path)
    yield found
    found.handler.close()


def test_every_line_has_its_fields_in_their_order(logs: Logs) -> None:
    log.info("Hello %s", "“सत्या”\n\x00")
    with contextlib.suppress(MediaError), events.timed("asr") as timer:
        timer.counts["lines"] = 3
        raise MediaError("No sound.", path="/films/a.mkv")
    lines = logs.lines()
    for line in lines:
        assert list(line) == [name for name in events.FIELDS if name in line]
        about = [line[name] for name in events.ABOUT]
        assert about == ["film_run", "film", "user/1", "parent/7", "parent_run", "asr", 2]
    assert [line["event"] for line in lines] == ["log", "asr_started", "asr_failed"]
    assert lines[0]["message"] == "Hello “सत्या”\n\x00"
    failed = lines[2]
    assert {name: failed[name] for name in ("status", "counts", "error_type", "error_category", "error_file")} == {
        "status": "failed",
        "counts": {"lines": 3},
        "error_type": "MediaError",
        "error_category": "media",
        "error_file": "/films/a.mkv",
    }
    assert "No sound." in failed["error_message"] and "Traceback" in failed["traceback"]


def test_times_are_utc_with_milliseconds(logs: Logs) -> None:
    before = time.time()
    log.info("now")
    stamp = logs.lines()[0]["ts"]
    assert len(stamp) == len("2025-11-27T13:30:05.123Z") and stamp.endswith("Z")
    from datetime import datetime

    assert before - 0.002 <= datetime.fromisoformat(stamp).timestamp() <= time.time()


def test_threads_pools_and_libraries_carry_the_context_without_being_told(logs: Logs) -> None:
    threading.Thread(target=log.info, args=("thread",)).start()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(logging.getLogger("library").info, ["a", "b"]))
    lines = logs.lines()
    assert len(lines) == 3
    assert {line["run_id"] for line in lines} == {"film_run"} and {line["attempt"] for line in lines} == {2}
    assert len({line["thread"] for line in lines}) >= 2


def test_a_context_of_ones_own_ends_with_its_block(logs: Logs) -> None:
    with events.context(events.Context(run_id="other")):
        log.info("inside")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(log.info, "elsewhere").result()
    log.info("after")
    assert [line["run_id"] for line in logs.lines()] == ["other", "film_run", "film_run"]


def test_the_timer_is_a_decorator_too_and_lets_errors_go_on(logs: Logs) -> None:
    @events.timed("part")
    def work(fail: bool) -> int:
        if fail:
            raise ValueError("no")
        return 7

    assert work(False) == 7
    with pytest.raises(ValueError, match="no"):
        work(True)
    assert [line["event"] for line in logs.lines()] == [
        *("part_started", "part_completed", "part_started", "part_failed"),
    ]
    assert logs.lines()[1]["duration_seconds"] >= 0 and logs.lines()[1]["status"] == "success"
    assert logs.lines()[3]["error_type"] == "ValueError" and logs.lines()[3]["error_category"] == "bug"


def test_stage_log_has_debug_and_the_event_log_has_not(logs: Logs) -> None:
    log.debug("fine print")
    logging.getLogger("httpx").info("GET /")
    logging.getLogger("httpx").warning("slow")
    assert "fine print" in logs.text() and "slow" in logs.text() and "GET /" not in logs.text()
    assert [line["message"] for line in logs.lines()] == ["slow"]


def test_warnings_and_errors_of_threads_are_logged(logs: Logs) -> None:
    warnings.warn("this is old", stacklevel=1)
    thread = threading.Thread(target=lambda: 1 / 0, name="lost")
    thread.start()
    thread.join()
    assert "this is old" in logs.text()
    assert "The thread lost failed" in logs.text() and "ZeroDivisionError" in logs.text()
    assert logs.lines()[-1]["error_type"] == "ZeroDivisionError"


def test_figures_go_to_their_own_channel(logs: Logs) -> None:
    events.performance("cues_en", 12, "cues")
    events.performance("broken", float("nan"))
    assert [(line["message"], line.get("counts")) for line in logs.lines("performance")] == [
        ("cues_en cues", {"value": 12}),
        ("broken", None),
    ]
    assert logs.lines() == []


def test_progress_is_told_about_once_a_second_and_at_the_end(logs: Logs) -> None:
    for done in range(1001):
        events.progress(done, 1000, "sentences")
    events.progress(1000, 1000, "sentences")
    lines = [line for line in logs.lines() if line["event"] == "progress"]
    assert 2 <= len(lines) <= 4
    assert sum(line["counts"]["done"] == 1000 for line in lines) == 1
    assert lines[-1]["counts"] == {"done": 1000, "total": 1000} and lines[-1]["message"] == "sentences"
    assert logs.text() == ""


def test_closing_leaves_logging_as_it_was(tmp_path: Path) -> None:
    before = (logging.getLogger().level, list(logging.getLogger().handlers), threading.excepthook, events.current())
    Logs(tmp_path).handler.close()
    assert before == (
        *(logging.getLogger().level, list(logging.getLogger().handlers), threading.excepthook, events.current()),
    )


def test_a_forked_process_writes_a_file_of_its_own(logs: Logs) -> None:
    child = os.fork()
    if not child:
        log.info("from the child")
        os._exit(0)
    os.waitpid(child, 0)
    log.info("from the parent")
    own = logs.attempt / f"events.{child}.jsonl"
    assert json.loads(own.read_text("utf-8"))["message"] == "from the child"
    assert [line["message"] for line in logs.lines()] == ["from the parent"]


# -- secrets -----------------------------------------------------------------------------------------------------------

SECRETS = {
    "TMDB_API_KEY": "0123456789abcdef0123456789abcdef",
    "HF_TOKEN": "hf_AbCdEfGhIjKlMnOpQrStUvWxYz",
    "HUGGING_FACE_HUB_TOKEN": "plain-looking-hub-value",
    "SAMVAD_PROXY_PASSWORD": 'odd "quoted" & välue',
}


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    redaction.learn(os.environ)
    yield
    monkeypatch.undo()
    redaction.learn(os.environ)


def test_no_secret_gets_into_any_log(secrets: None, logs: Logs) -> None:
    for value in SECRETS.values():
        log.info("The value is %s", value)
        log.error("as shown: %r", value)
        events.emit(events.Event("asr_failed", failure=describe(MediaError(f"bad {value}", path=f"/x/{value}"))), value)
    try:
        raise ValueError(SECRETS["HF_TOKEN"])
    except ValueError:
        log.exception("failed")
    written = "".join(path.read_text("utf-8") for path in logs.folder.rglob("*") if path.is_file())
    for value in SECRETS.values():
        assert value not in written
        assert json.dumps(value)[1:-1] not in written and json.dumps(value, ensure_ascii=False)[1:-1] not in written
    assert MASK in written and "The value is" in written
    assert len(logs.lines()) == 13, "the lines are still JSON"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("GET https://api.themoviedb.org/3/search?api_key=abcdef123456&query=Satya", "&query=Satya"),
        ("Authorization: Bearer eyJhbGciOi.JIUzI1NiJ9.abc", "Authorization: Bearer"),
        ("using hf_abcdefghijklmnopqrstuv for the hub", "for the hub"),
        ("https://me:opensesame@example.org/x", "@example.org/x"),
        ('{"token": "abcdefghijkl"}', '{"token": "'),
    ],
)
def test_what_looks_like_a_secret_is_masked_whoever_it_belongs_to(text: str, kept: str) -> None:
    masked = Redactor({})(text)
    assert MASK in masked and kept in masked
    assert not any(secret in masked for secret in ("abcdef123456", "eyJhb", "hf_abcdef", "opensesame", "abcdefghijkl"))


@pytest.mark.parametrize(
    "text",
    ["12 tokens: 345678 in all", "key: value", "https://example.org/a@b", "Stage tmdb: success", "max_tokens 448"],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert Redactor({"HF_TOKEN": "false", "SSH_KEY": "/root/.ssh/id", "X_TOKEN": ""})(text) == text


def test_a_stored_hub_token_is_a_secret_too(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hub-token-of-mine\n", "utf-8")
    assert Redactor({"HF_HOME": str(tmp_path)})("it is hub-token-of-mine.") == f"it is {MASK}."


# -- the rate limit ----------------------------------------------------------------------------------------------------


class Limited:
    """A limiter with a clock that a test moves."""

    def __init__(self, messages: int = 3, window: float = 10.0) -> None:
        self.now = 0.0
        self.reports: list[str] = []
        self.limiter = RateLimiter(lambda record: self.reports.append(record.getMessage()), messages, window, self.time)

    def time(self) -> float:
        return self.now

    def allows(self, message: str = "again %d", level: int = logging.INFO, line: int = 1, **extra: object) -> bool:
        record = logging.LogRecord("x", level, "file.py", line, message, (7,) if "%" in message else (), None)
        record.__dict__.update(extra)
        return self.limiter.allows(record)


def test_only_so_many_of_a_kind_pass_in_a_sliding_window() -> None:
    limited = Limited()
    passed = []
    for limited.now in (0, 4, 8, 9, 9.9, 10, 11, 14):
        passed.append(limited.allows())
    assert passed == [True, True, True, False, False, True, False, True]
    assert limited.reports == ["2 more like this left out: again 7", "1 more like this left out: again 7"]


def test_other_places_templates_and_keys_have_limits_of_their_own() -> None:
    limited = Limited(messages=1)
    assert limited.allows() and not limited.allows()
    assert limited.allows(line=2) and limited.allows("other") and limited.allows(rate_key="mine")


def test_errors_always_pass() -> None:
    limited = Limited(messages=1)
    assert all(limited.allows(level=logging.ERROR) for _ in range(50))
    assert limited.reports == []


def test_what_was_left_out_is_said_at_the_end_of_the_window_though_nothing_else_is_logged() -> None:
    reports: list[str] = []
    told = threading.Event()
    limiter = RateLimiter(lambda record: (reports.append(record.getMessage()), told.set())[1], 2, 2.0)
    record = logging.LogRecord("x", logging.INFO, "file.py", 1, "again", (), None)
    assert [limiter.allows(record) for _ in range(5)] == [True, True, False, False, False]
    assert told.wait(60)
    assert reports == ["3 more like this left out: again"]
    limiter.close()
    assert len(reports) == 1, "not twice"


def test_what_was_left_out_is_said_when_the_log_is_closed(tmp_path: Path) -> None:
    found = Logs(tmp_path)
    for number in range(100):
        log.warning("again %d", number)
    found.handler.close()
    left_out = [line["message"] for line in found.lines() if "left out" in line["message"]]
    assert len(left_out) == 1 and len(found.lines()) == 31
    assert left_out[0] == "70 more like this left out: again 30"


def test_many_threads_lose_no_count() -> None:
    limited = Limited(messages=10)
    with ThreadPoolExecutor(8) as pool:
        passed = sum(pool.map(lambda _: limited.allows(), range(4000)))
    limited.limiter.close()
    assert passed == 10
    assert limited.reports == ["3990 more like this left out: again 7"]


def test_kinds_without_number_do_not_fill_the_memory() -> None:
    limited = Limited(messages=1)
    for number in range(5000):
        limited.now += 0.01
        limited.allows(rate_key=number)
    assert len(limited.limiter._kinds) <= 2000


# -- a disk that is full -----------------------------------------------------------------------------------------------


def test_a_line_that_does_not_fit_is_left_out_whole(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "events.jsonl").open()
    file.write_bytes(b"first\n")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            file.write_bytes(b"a line that is much longer than there is room for\n")
        assert (tmp_path / "events.jsonl").read_text("utf-8") == "first\n"
        file.write_bytes(b"second\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "events.jsonl").read_text("utf-8") == "first\nsecond\n"


def test_a_full_disk_is_said_once_and_the_stage_goes_on(logs: Logs, capsys: pytest.CaptureFixture[str]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        for _ in range(5):
            log.info("no room")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    log.info("room again")
    said = capsys.readouterr().err
    assert said.count("cannot be written") == 1 and "Traceback" not in said
    assert [line["message"] for line in logs.lines()] == ["room again"]


def test_a_name_that_is_no_text_is_written_all_the_same(logs: Logs) -> None:
    log.info("film %s", os.fsdecode(b"caf\xe9.mkv"))
    assert logs.lines()[0]["message"] == "film caf?.mkv"


def test_importing_it_needs_no_package() -> None:
    import subprocess

    import support

    modules = "samvad.logs.stage_logs, samvad.workflow.run_log, samvad.core.subprocesses"
    code = f"import {modules}, sys; assert 'rich' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=support.ROOT / "scripts", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("told", [True, False])
def test_a_stage_prints_no_warning_where_its_run_tells_of_it_and_the_log_has_it(
    told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SAMVAD_TOLD", "yes" if told else "")
    logs = Logs(tmp_path)
    try:
        logging.getLogger("samvad.tests").warning("the sound is odd")
    finally:
        logs.handler.close()
    assert ("the sound is odd" in capsys.readouterr().err) != told
    assert "[WARNING] the sound is odd" in logs.text()
