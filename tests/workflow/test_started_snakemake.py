"""A copy of a Snakemake that has been started, which the tests use in place of its command, does what that does."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

import support
from workflow.project import Project, attempts, carry_out, environment, planned, said

#: What a process is, as far as what it does could hang on it. It is told at its end, and by an error that ends it.
TELL = """
import atexit, json, os, sys, threading
def tell():
    facts = {
        "words": sys.argv, "as typed": sys.orig_argv[1:], "path": sys.path, "folder": os.getcwd(), "main": __name__,
        "environment": {key: value for key, value in os.environ.items() if not key.startswith("SNAKEMAKE")},
        "threads": threading.active_count(), "handles": sorted(os.listdir("/proc/self/fd")), "input": sys.stdin.read(),
        "own": sorted(name for name in sys.modules if name.partition(".")[0] == "samvad"),
    }
    open("told.json", "w").write(json.dumps(facts))
tell()
atexit.register(lambda: print("at the end", flush=True))
"""


@pytest.mark.parametrize("end", ["", "raise ValueError('ended by an error')\n", "os.kill(os.getpid(), 15)\n"])
def test_a_copy_is_what_the_command_is(tmp_path: Path, end: str) -> None:
    (tmp_path / "Snakefile").write_text(f"{TELL}{end}rule all:\n    shell: 'true'\n", encoding="utf-8")
    program = str(support.ROOT / ".venv" / "bin" / "snakemake")
    command, env = [program, "-n", "--quiet"], {**environment(), "OWN_WORD": "सच"}
    told, ended = [], []
    for run in (
        lambda: subprocess.run(
            command, cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        ),
        lambda: carry_out(command, tmp_path, env),
    ):
        done = run()
        told.append(json.loads((tmp_path / "told.json").read_text("utf-8")))
        ended.append((done.returncode, re.sub(r"(?m)(Date|Workflow ID): .*", "", said(done))))
        (tmp_path / "told.json").unlink()
    assert told[1] == told[0]
    assert ended[1] == ended[0]


def test_a_run_and_a_plan_say_and_make_the_same(stood_in_copy: Project) -> None:
    target, job = stood_in_copy.target("a"), stood_in_copy.job("a")
    for asked in ((target, "-n"), (stood_in_copy.target("nobody"), "-n")):
        itself, copied = stood_in_copy.snakemake_itself(*asked), stood_in_copy.snakemake(*asked)
        assert (copied.returncode, copied.stdout, copied.stderr) == (itself.returncode, itself.stdout, itself.stderr)
    forced = (target, "-n", "--forceall")  # in an order, and at a time, that no two plans share
    assert planned(stood_in_copy.snakemake(*forced)) == planned(stood_in_copy.snakemake_itself(*forced))
    for number, run in (("02", stood_in_copy.snakemake_itself), ("03", stood_in_copy.snakemake)):
        (job / "10_mux" / "manifest.json").unlink()
        done = run(target)
        assert done.returncode == 0, said(done)
        assert attempts(job, "mux")[-1] == number and attempts(job, "subtitle_gen") == ["01"]
    assert not list((stood_in_copy.root / ".snakemake" / "samvad_runs").glob("*.json")), "nobody is at work any more"
