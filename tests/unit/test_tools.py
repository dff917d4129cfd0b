"""Programs that stages call: what they print is logged, a failure keeps its last lines, a hung one is stopped."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from samvad.core import subprocesses, variables
from samvad.core.errors import ToolError


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "samvad")


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_failure_keeps_the_last_forty_lines_and_leaves_out_the_running_display() -> None:
    done = subprocesses.run(
        python(
            "import sys\n"
            "for n in range(60): print('line', n, file=sys.stderr)\n"
            "sys.stderr.write('frame=  1 fps=0.0 q=0.0 size=0kB time=00:00:01.00 bitrate=1\\r')\n"
            "sys.stderr.write('size=  256kB time=00:00:09.00 bitrate=1 speed=4x\\r')\n"
            "print('broken at last', file=sys.stderr); sys.exit(3)"
        )
    )
    lines = done.tail.splitlines()
    assert done.code == 3
    assert (len(lines), lines[0], lines[-1]) == (40, "line 21", "broken at last")
    assert done.last_line == "broken at last"


def test_what_it_prints_is_logged_with_the_bytes_it_wrote(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = tmp_path / "made.bin"
    done = subprocesses.run(
        python(f"import sys; print('note', file=sys.stderr); open({str(made)!r}, 'wb').write(bytes(77)); print('out')"),
        writes=made,
    )
    assert (done.code, done.stdout) == (0, "out\n")
    assert ": note" in caplog.text and "77 bytes written to made.bin" in caplog.text


def test_a_program_that_falls_silent_is_stopped_and_the_error_says_after_how_long() -> None:
    began = time.monotonic()
    with pytest.raises(ToolError, match=r"said nothing for 1 s and was stopped after \d+ s") as error:
        subprocesses.run(
            python("import os, sys, time; print('pid', os.getpid(), file=sys.stderr, flush=True); time.sleep(60)"),
            silence_seconds=0.6,
        )
    assert time.monotonic() - began < 50
    pid = int(error.value.stderr_tail.split()[1])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_how_long_a_program_may_be_silent_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for said, seconds in (("90", 90.0), ("", 600.0), ("long", 600.0), ("-1", 600.0), ("inf", 600.0)):
        monkeypatch.setenv(variables.SILENCE_SECONDS, said)
        assert subprocesses.allowed_silence() == seconds
    monkeypatch.setenv(variables.SILENCE_SECONDS, "0.3")
    with pytest.raises(ToolError, match=r"said nothing for 0 s"):
        subprocesses.run(python("import time; time.sleep(60)"))


def test_a_slow_program_that_talks_is_left_alone() -> None:
    said: list[str] = []
    code = "import time\nfor n in range(5): print('tick', n, flush=True); time.sleep(1)"
    assert subprocesses.run(python(code), stdout_line=said.append, silence_seconds=4).code == 0
    assert said == [f"tick {n}" for n in range(5)]


def test_a_great_deal_on_both_pipes_does_not_block() -> None:
    code = "import sys\nfor n in range(3000): sys.stdout.write('o' * 200); print('e' * 200, n, file=sys.stderr)"
    done = subprocesses.run(python(code))
    assert len(done.stdout) == 600_000 and done.last_line.endswith("2999")


def test_an_error_of_the_reader_is_the_callers_and_the_program_is_not_left_behind() -> None:
    def take(line: str) -> None:
        raise ValueError(line)

    with pytest.raises(ValueError, match=r"^\d+$") as error:
        subprocesses.run(python("import os, time; print(os.getpid(), flush=True); time.sleep(60)"), stdout_line=take)
    with pytest.raises(ProcessLookupError):
        os.kill(int(str(error.value)), 0)


def test_a_missing_program_is_named() -> None:
    with pytest.raises(ToolError, match=r"The program no-such-program is not installed\. .*make setup"):
        subprocesses.run(["no-such-program", "--version"])


def test_a_short_question_is_answered_and_a_failure_says_the_programs_own_words() -> None:
    assert subprocesses.ask(python("print('नमस्ते')")) == "नमस्ते\n"
    with pytest.raises(ToolError, match=r"failed \(exit code 3\): no such thing") as error:
        subprocesses.ask(python("import sys; print('no such thing', file=sys.stderr); sys.exit(3)"))
    assert error.value.stderr_tail == "no such thing"


def test_a_question_that_is_not_answered_in_time_is_given_up() -> None:
    began = time.monotonic()
    with pytest.raises(ToolError, match="gave no answer within 1 s"):
        subprocesses.ask(python("import time; time.sleep(60)"), seconds=1)
    assert time.monotonic() - began < 50


def test_a_missing_program_is_named_when_asked_and_no_matter_when_only_told() -> None:
    with pytest.raises(ToolError, match=r"The program no-such-program is not installed\."):
        subprocesses.ask(["no-such-program"])
    subprocesses.start(["no-such-program"])


def test_a_file_that_is_no_program_is_named(tmp_path: Path) -> None:
    program = tmp_path / "tool"
    program.write_text("not for this machine")
    with pytest.raises(ToolError, match="The program tool cannot be started: Permission denied"):
        subprocesses.run([program])


def test_a_partner_that_reads_nothing_any_more_is_ended_all_the_same() -> None:
    """As on a node that hangs: who tells it something waits for it, and who ends it does not."""
    ended = threading.Event()
    partner = subprocesses.Partner(python("import time; time.sleep(600)"), lambda _: None, lambda _: ended.set())
    refused = threading.Event()

    def say() -> None:
        with pytest.raises(ToolError, match="has ended"):
            partner.say("x" * 1_000_000)  # more than a pipe holds
        refused.set()

    threading.Thread(target=say, daemon=True).start()
    time.sleep(0.2)
    ending = threading.Thread(target=partner.end, args=(0.5,), daemon=True)
    ending.start()
    ending.join(60)
    assert not ending.is_alive() and ended.wait(60) and refused.wait(60)
