"""Jobs that a killed run has left in SLURM's queue: none is forgotten, and nothing begins beside one.

SLURM's programs are stand-ins here that fail in ways that the real ones cannot be made to; tests/workflow/test_slurm.py
has the real ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from samvad.core.errors import ClusterError
from samvad.runner import slurm
from samvad.workflow import run_registry

Program = Callable[[str, str], None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Return a function that makes a program, in a shell where there are no others of SLURM's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "sleep", "cat", "rm"):
        (folder / name).symlink_to(Path("/bin") / name)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(slurm, "_POLL_SECONDS", 0.05)
    monkeypatch.chdir(tmp_path)

    def make(name: str, text: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (folder / name).chmod(0o755)

    return make


def test_without_jobs_nothing_is_cancelled(program: Program) -> None:
    program("squeue", "exit 0")
    program("scancel", "echo >> cancelled")
    assert slurm.cancel("run-1", 5) == 0
    assert not Path("cancelled").exists()


def test_jobs_are_cancelled_by_their_runs_name_and_waited_for(program: Program) -> None:
    Path("queue").write_text("7|RUNNING\n9|PENDING\n")
    program("squeue", '[ "$2" = --name=run-1 ] && cat queue; echo >> asked; [ -s queue ] || rm -f queue; exit 0')
    program("scancel", 'echo "$@" >> cancelled; echo "7|COMPLETING" > queue; [ -e again ] && : > queue; : > again')
    assert slurm.cancel("run-1", 20) == 2
    assert set(Path("cancelled").read_text().split()) == {"--name=run-1"}
    assert len(Path("asked").read_text()) >= 3, "it looked until they were gone"


def test_jobs_that_do_not_end_are_named_and_nothing_begins(program: Program) -> None:
    program("squeue", "echo '7|COMPLETING'")
    program("scancel", "exit 0")
    with pytest.raises(ClusterError, match=r"do not end: 7 \(COMPLETING\).*run again"):
        slurm.cancel("run-1", 0.3)


def test_a_controller_that_comes_back_is_waited_for(program: Program) -> None:
    program("squeue", "[ -e up ] || { : > up; echo 'Unable to contact slurm controller' >&2; exit 1; }")
    assert slurm.cancel("run-1", 20) == 0


def test_a_controller_that_stays_away_is_named_with_what_it_said(program: Program) -> None:
    program("squeue", "echo 'Unable to contact slurm controller' >&2; exit 1")
    with pytest.raises(ClusterError, match=r"Unable to contact slurm controller.*scancel --name=run-1"):
        slurm.cancel("run-1", 0.3)


def test_a_slow_answer_is_given_up(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm, "_ANSWER_SECONDS", 0.2)
    program("squeue", "exec sleep 30")
    with pytest.raises(ClusterError, match="gave no answer within"):
        slurm.cancel("run-1", 0.3)


def test_where_slurm_is_missing_a_run_does_not_begin_and_forgets_nothing(program: Program, tmp_path: Path) -> None:
    marks = tmp_path / ".snakemake" / "samvad_runs"
    marks.mkdir(parents=True)
    lock = tmp_path / ".snakemake" / "locks" / "0.output.lock"
    lock.parent.mkdir()
    lock.touch()
    mark = marks / "host-1-1.json"
    mark.write_text(json.dumps({"pid": 1, "slurm": "run-1", "locks": [lock.name]}), encoding="utf-8")
    with pytest.raises(ClusterError, match=r"squeue is not installed here.*samvad_runs"):
        run_registry.enter(tmp_path / ".snakemake")
    assert mark.exists() and lock.exists()
    program("squeue", "exit 0")
    run_registry.enter(tmp_path / ".snakemake").leave()
    assert not mark.exists() and not lock.exists()


def test_a_run_writes_down_the_name_of_its_jobs(tmp_path: Path) -> None:
    run = run_registry.enter(tmp_path)
    run.submits("run-1")
    run.owns(["0.output.lock"])
    assert json.loads(run.path.read_text("utf-8"))["slurm"] == "run-1"
    run.leave()
    assert [path.name for path in (tmp_path / "samvad_runs").iterdir()] == ["guard.lock"]
