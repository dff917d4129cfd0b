"""What failed is done by the same command, however it was asked for, the first time and when it is done again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import support
from workflow import faults
from workflow.project import NOTHING, OPTIONAL, Project, attempts, environment, said
from workflow.test_shelf import film
from workflow.test_snakemake_versions import SBATCH

CAMPAIGN = bool(os.environ.get("SAMVAD_KILLS"))

#: The stages on a cluster that takes no jobs.
ANSWERS = {"sbatch": SBATCH, "scontrol": "#!/bin/sh\necho 'MinJobAge = 3600 sec'\n"}


def by_path(project: Project, names: list[str]) -> subprocess.CompletedProcess[str]:
    return project.snakemake(*(project.target(name) for name in names))


def by_rule(project: Project, names: list[str]) -> subprocess.CompletedProcess[str]:
    return project.snakemake("subtitle")


@pytest.mark.parametrize("ask", [by_path, by_rule])
@pytest.mark.parametrize("cases", [faults.all_cases(), faults.few_cases()], ids=["all", "few"])
def test_a_stage_that_failed_alone_is_done_by_the_same_command_once_its_cause_is_mended(
    stood_in_copy: Project,
    cases: list[faults.Case],
    ask: Callable[[Project, list[str]], subprocess.CompletedProcess[str]],
) -> None:
    if not CAMPAIGN and (cases != faults.few_cases() or ask is by_rule):
        pytest.skip("make test-kills runs it")
    names = [faults.user(number) for number in range(len(cases))]
    faults.prepare(stood_in_copy, cases)
    failed = ask(stood_in_copy, names)
    assert failed.returncode != 0, said(failed)
    faults.check_failed(stood_in_copy, cases)
    (stood_in_copy.root / "faults").unlink()
    done = ask(stood_in_copy, names)
    assert done.returncode == 0, said(done)
    faults.check_done(stood_in_copy, cases)
    assert NOTHING in said(ask(stood_in_copy, names))


def test_a_submission_that_failed_is_made_up_for(stood_in_copy: Project, tmp_path: Path) -> None:
    cluster = tmp_path / "cluster"
    cluster.mkdir()
    for name in ("sbatch", "scontrol", "squeue", "scancel", "sinfo", "sacct", "sacctmgr"):
        (cluster / name).write_text(ANSWERS.get(name, "#!/bin/sh\nexit 0\n"), encoding="utf-8")
        (cluster / name).chmod(0o755)
    wanted = faults.result(stood_in_copy, "a")
    (stood_in_copy.job("a") / "04_asr" / "transcript_txt.json").write_bytes(b"damaged")
    command = stood_in_copy.command(stood_in_copy.target("a"), "--retries=0", "--latency-wait=1")
    failed = subprocess.run(
        [word.replace("profiles/local-cpu", "profiles/slurm") for word in command],
        cwd=stood_in_copy.root, env={**environment(), "PATH": f"{cluster}:{os.environ['PATH']}"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert failed.returncode != 0
    manifest = json.loads((stood_in_copy.job("a") / "manifest.json").read_text("utf-8"))
    assert manifest["pipeline"]["failed_stages"] == ["asr"]
    assert "SLURM took no job for it: SLURM sbatch failed" in said(failed)
    done = stood_in_copy.snakemake(stood_in_copy.target("a"))
    assert done.returncode == 0, said(done)
    assert faults.result(stood_in_copy, "a") == wanted


def make(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *words], cwd=project.root, env=environment(), capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.parametrize("way", ["film", "shelf"])
def test_make_film_and_make_shelf_redo_what_failed_and_end_with_an_error_until_it_is_done(
    stood_in_copy: Project, tmp_path: Path, way: str
) -> None:
    if way == "shelf" and not CAMPAIGN:
        pytest.skip("make test-kills runs it")
    project, films = stood_in_copy, tmp_path / "films"
    shutil.copy2(support.ROOT / "Makefile", project.root)
    films.mkdir()
    film(films / "one.mkv", 440)
    what = f"MEDIA={films / 'one.mkv'}" if way == "film" else f"DIR={films}"
    wish = [way, what, "SOURCE=en", "TARGETS=en", "USER_NAME=me", f"STAGES_OFF={','.join(OPTIONAL)}"]
    first = make(project, *wish)
    assert first.returncode == 0, said(first)
    key = project.root / "config" / "config.yaml"
    before = key.read_text("utf-8")
    assert "  beam_size: 5" in before
    key.write_text(before.replace("  beam_size: 5", "  beam_size: 4", 1), encoding="utf-8")
    (project.root / "faults").write_text("asr - model\n", encoding="utf-8")
    failed = make(project, *wish)
    assert failed.returncode != 0 and "The model is not there" in said(failed)
    (project.root / "faults").unlink()
    done = make(project, *wish)
    assert done.returncode == 0, said(done)
    (job,) = project.root.glob("out/*/*/*/me/1")
    assert support.manifest_of(job, "asr")["config"]["beam_size"] == 4
    assert [len(attempts(job, name)) for name in ("demux", "asr", "mux")] == [1, 3, 2]
