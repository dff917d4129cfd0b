"""What a killed run leaves is taken away; what a living one holds, or one elsewhere, stays."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import support
from samvad.core import variables
from samvad.documents import at_work, run_mark, run_record
from samvad.workflow import claims, run_registry

BEGIN = """
import sys, time
from pathlib import Path
from samvad.workflow import claims, run_registry
folder = Path(sys.argv[1])
run = run_registry.enter(folder)
for name in sys.argv[2:]:
    (folder / "locks" / name).write_text("some/output")
{told}
print(run.path, flush=True)
time.sleep(60)
"""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder as Snakemake's own, with locks that nobody knows the owner of."""
    (tmp_path / ".snakemake" / "locks").mkdir(parents=True)
    (tmp_path / ".snakemake" / "locks" / "9.output.lock").write_text("of/somebody")
    return tmp_path / ".snakemake"


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Return a function that starts a run which takes locks, and is then killed, or killed at the end of the test."""
    begun = []

    def run(*names: str, tells: bool = True, then: str = "") -> subprocess.Popen[str]:
        told = then or ("run.owns(sys.argv[2:])" if tells else "")
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(BEGIN).format(told=told), folder, *names],
            env={**os.environ, "PYTHONPATH": str(support.ROOT / "scripts")},
            stdout=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield run
    for process in begun:
        process.kill()
        process.communicate()


def mark_of(process: subprocess.Popen[str]) -> Path:
    assert process.stdout
    return Path(process.stdout.readline().strip())


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


def locks(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "locks").iterdir())


@pytest.mark.parametrize("tells", [True, False], ids=["after it told which are its own", "before"])
def test_the_locks_of_a_killed_run_are_taken_away_and_no_others(folder: Path, start: Start, tells: bool) -> None:
    os.utime(folder / "locks" / "9.output.lock", (0, 0))
    killed = start("0.output.lock", "0.input.lock", tells=tells)
    mark = mark_of(killed)
    kill(killed)
    assert run_mark.is_dead(mark)
    run = run_registry.enter(folder)
    assert locks(folder) == ["9.output.lock"], "the one that was there before it belongs to somebody else"
    assert run.others == [] and not mark.exists()
    run.leave()
    assert not run.path.exists()


@pytest.mark.parametrize("tells", [True, False])
def test_the_locks_of_a_living_run_stay_and_it_is_named(folder: Path, start: Start, tells: bool) -> None:
    dead, living = start("0.output.lock"), start("1.output.lock", tells=tells)
    mark_of(dead)
    mark = mark_of(living)
    kill(dead)
    run = run_registry.enter(folder)
    assert not run_mark.is_dead(mark)
    assert "1.output.lock" in locks(folder) and "9.output.lock" in locks(folder)
    assert len(run.others) == 1 and f"process {living.pid} of " in run.others[0]
    run.leave()


def test_a_number_that_a_living_run_uses_again_is_its_own(folder: Path, start: Start) -> None:
    dead = start("0.output.lock")
    mark_of(dead)
    kill(dead)
    living = start("0.output.lock")
    mark_of(living)
    run_registry.enter(folder).leave()
    assert "0.output.lock" in locks(folder)


def machine(mark: Path, **facts: object) -> None:
    """Make a mark tell something else, such as another machine."""
    told = json.loads(mark.read_text("utf-8"))
    mark.write_text(json.dumps({**told, **facts}), encoding="utf-8")


def test_the_locks_of_a_run_on_another_machine_stay(folder: Path, start: Start) -> None:
    elsewhere = start("0.output.lock")
    mark = mark_of(elsewhere)
    kill(elsewhere)
    machine(mark, boot_id="other", machine_id="other", host="node7")
    run = run_registry.enter(folder)
    assert "0.output.lock" in locks(folder)
    assert "on node7" in run.others[0]
    run.leave()


def test_a_run_on_another_machine_that_gives_no_sign_of_life_is_dead_whatever_the_clocks_say(
    folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = start("0.output.lock")
    mark = mark_of(elsewhere)
    kill(elsewhere)
    machine(mark, boot_id="other", machine_id="other", host="node7")
    monkeypatch.setattr(time, "time", lambda: 0.0)  # this machine's clock is of no importance
    silent = mark.stat().st_mtime - run_mark.SILENT_SECONDS
    os.utime(mark, (silent + 60, silent + 60))
    run_registry.enter(folder).leave()
    assert "0.output.lock" in locks(folder)
    os.utime(mark, (silent - 60, silent - 60))
    run_registry.enter(folder).leave()
    assert "0.output.lock" not in locks(folder)


def refuse(*given: Any) -> None:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def test_on_a_disk_that_knows_no_locks_the_process_is_asked(
    folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", refuse)
    dead, living = start("0.output.lock"), start("1.output.lock")
    marks = [mark_of(dead), mark_of(living)]
    kill(dead)
    facts = run_mark.read(marks[1]).facts
    dead_one, living_one = (run_mark.may_live(str(facts.host), mark, folder / "no claim") for mark in marks)
    assert living_one and not dead_one
    run = run_registry.enter(folder)
    assert "0.output.lock" not in locks(folder) and "1.output.lock" in locks(folder)
    assert len(run.others) == 1 and f"process {living.pid} of " in run.others[0]
    run.leave()
    machine(marks[1], born=1)  # its number is another process's now
    run_registry.enter(folder).leave()
    assert "1.output.lock" not in locks(folder)


def test_a_container_that_gives_no_sign_of_life_is_dead_on_a_disk_that_knows_no_locks(
    folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", refuse)
    mark = mark_of(start("0.output.lock"))
    machine(mark, namespace="pid:[1]")
    assert not run_mark.is_dead(mark)
    silent = time.time() - run_mark.SILENT_SECONDS - 60
    os.utime(mark, (silent, silent))
    run_registry.enter(folder).leave()
    assert "0.output.lock" not in locks(folder)


def test_the_locks_of_a_run_from_before_the_machine_was_restarted_are_taken_away(folder: Path, start: Start) -> None:
    if not Path("/etc/machine-id").is_file() or not Path("/etc/machine-id").read_text("ascii").strip():
        pytest.skip("this machine has no number of its own")
    before = start("0.output.lock")
    mark = mark_of(before)
    kill(before)
    machine(mark, boot_id="the one before")
    run_registry.enter(folder).leave()
    assert "0.output.lock" not in locks(folder)


def test_runs_that_begin_at_the_same_moment_leave_each_others_locks(folder: Path, start: Start) -> None:
    dead = start("100.output.lock")
    mark_of(dead)
    kill(dead)
    together = [start(f"{number}.output.lock") for number in range(6)]
    for process in together:
        mark_of(process)
    assert locks(folder) == sorted([*(f"{number}.output.lock" for number in range(6)), "9.output.lock"])


CLAIM = """claims.claim(folder.parent / 'out', ['2025/01/01/a/1', '2025/01/01/b/1'], run)"""


def test_of_two_runs_that_begin_at_once_in_one_folder_of_jobs_the_second_is_told_of_the_first(
    folder: Path, start: Start, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = start(then=CLAIM)
    mark = mark_of(first)
    run = run_registry.enter(tmp_path / "clone")
    with pytest.raises(claims.TakenError, match=rf"2025/01/01/b/1: process {first.pid} of "):
        claims.claim(out, ["2025/01/01/b/1"], run)
    claims.claim(out, ["2025/01/01/c/1"], run)
    job = out / "2025/01/01/b/1"
    job.mkdir(parents=True)
    run_record.write(job, run_record.RunRecord(run_id="first", mark=str(mark)))
    claims.claim(out, ["2025/01/01/b/1"], run)  # the first has made it, and works on other films
    with pytest.raises(claims.TakenError):
        claims.claim(out, ["2025/01/01/a/1"], run)
    kill(first)
    claims.claim(out, ["2025/01/01/a/1"], run)
    run.leave()


def test_a_run_whose_mark_cannot_be_read_may_live_as_long_as_its_claim_says_so_and_is_named(
    folder: Path, start: Start, tmp_path: Path
) -> None:
    out, clone = tmp_path / "out", tmp_path / "clone"
    first = start(then=CLAIM)
    mark = mark_of(first)
    run = run_registry.enter(clone)
    folder.rename(folder.with_name("away"))  # its disk is not here
    told = rf"b/1: process {first.pid} of .* may be at work: {re.escape(str(mark))} cannot be read \(No such file"
    with pytest.raises(claims.TakenError, match=told):
        claims.claim(out, ["2025/01/01/b/1"], run)
    folder.mkdir()
    (folder / "samvad_runs").mkdir()  # somebody has cleared away what is in it
    with pytest.raises(claims.TakenError, match=told):
        claims.claim(out, ["2025/01/01/b/1"], run)
    shutil.rmtree(folder)
    claim = out / at_work.CLAIMS / mark.name
    value = json.loads(claim.read_text("utf-8"))
    value["run"] |= {"boot_id": "other", "machine_id": "other", "host": "node7"}
    claim.write_text(json.dumps(value), encoding="utf-8")
    kill(first)
    with pytest.raises(claims.TakenError, match="on node7, which may be at work"):  # only its signs of life can tell
        claims.claim(out, ["2025/01/01/b/1"], run)
    silent = time.time() - run_mark.SILENT_SECONDS - 60
    os.utime(claim, (silent, silent))
    claims.claim(out, ["2025/01/01/b/1"], run)
    run.leave()


def test_a_mark_that_was_cut_off_in_writing_blocks_nobody(folder: Path) -> None:
    (folder / "samvad_runs").mkdir()
    (folder / "samvad_runs" / "host-1-1.json").write_text('{"pid": 1, "ho', encoding="utf-8")
    run = run_registry.enter(folder)
    assert run.others == []
    run.leave()


STAGE = """
import os, subprocess, sys, time
from samvad.runner import run_watch
run_watch.end_with_run("04_asr a (a/1)")
child = subprocess.Popen(["sleep", "50"])
print(child.pid, flush=True)
time.sleep(50)
"""


def test_a_stage_and_what_it_started_end_with_the_run_that_started_it(start: Start) -> None:
    run = start()
    mark = mark_of(run)
    env = {**os.environ, "PYTHONPATH": str(support.ROOT / "scripts"), variables.RUN: str(mark)}
    stage = subprocess.Popen([sys.executable, "-c", STAGE], env=env, stdout=subprocess.PIPE, text=True)
    assert stage.stdout
    child = int(stage.stdout.readline())
    time.sleep(1.5)
    assert stage.poll() is None, "it works as long as its run lives"
    kill(run)
    assert stage.wait(40) != 0
    stage.stdout.close()
    deadline = time.monotonic() + 40
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "what the stage had started works on"
        time.sleep(0.05)


def test_a_stage_that_is_a_job_of_slurms_does_not_end_with_the_run(start: Start) -> None:
    run = start()
    mark = mark_of(run)
    # A number that no job has: the stage tells SLURM what its job is at, and the tests of SLURM may run beside this.
    path = {"PYTHONPATH": str(support.ROOT / "scripts"), variables.RUN: str(mark), "SLURM_JOB_ID": "67000000"}
    stage = subprocess.Popen(
        [sys.executable, "-c", STAGE],
        env={**os.environ, **path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert stage.stdout
    child = int(stage.stdout.readline())
    kill(run)
    time.sleep(2.5)
    assert stage.poll() is None, "the next run cancels it, by its job"
    stage.terminate()
    stage.wait(60)
    psutil.Process(child).kill()
    assert "KeyboardInterrupt" in stage.communicate()[1], "it is told, and can record its end"
