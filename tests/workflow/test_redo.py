"""What failed is done by the same command, however it was asked for, the first time and when it is done again.

``SAMVAD_KILLS=20`` (``make test-kills``) makes it a campaign: each of ten stages, first and again, in the ten ways of
``workflow.faults``, asked for by its path and by the rule for all films; some by make film and make shelf.
"""

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
from workflow.project import NOTHING, OPTIONAL, TIMEOUT_SECONDS, Project, environment, said
from workflow.test_shelf import film
from workflow.test_snakemake_versions import SBATCH

CAMPAIGN = bool(os.environ.get("SAMVAD_KILLS"))
if CAMPAIGN:  # twenty films in three runs, on a machine that may be busy
    pytestmark = pytest.mark.timeout(10 * TIMEOUT_SECONDS)

#: Before any project is copied for the test.
ONLY_CAMPAIGN = pytest.mark.skipif(not CAMPAIGN, reason="make test-kills runs it")

#: The stages on a cluster that takes no jobs.
ANSWERS = {"sbatch": SBATCH, "scontrol": "#!/bin/sh\necho 'MinJobAge = 3600 sec'\n"}


def by_path(project: Project, names: list[str]) -> subprocess.CompletedProcess[str]:
    return project.snakemake(*(project.target(name) for name in names))


def by_rule(project: Project, names: list[str]) -> subprocess.CompletedProcess[str]:
    return project.snakemake("subtitle")


def name_of(cases: list[faults.Case]) -> str:
    return "-".join(dict.fromkeys(case.kind for case in cases)) if len(cases) > len(faults.NAMES) else "few"


@pytest.mark.parametrize("ask", [by_path, pytest.param(by_rule, marks=ONLY_CAMPAIGN)])
@pytest.mark.parametrize(
    "cases",
    [*(pytest.param(faults.all_cases([kind]), marks=ONLY_CAMPAIGN) for kind in faults.KINDS), faults.few_cases()],
    ids=name_of,
)
def test_a_stage_that_failed_alone_is_done_by_the_same_command_once_its_cause_is_mended(
    stood_in_copy: Project,
    cases: list[faults.Case],
    ask: Callable[[Project, list[str]], subprocess.CompletedProcess[str]],
    disk: Callable[..., Path],
) -> None:
    names = [faults.user(number) for number in range(len(cases))]
    jobs = [stood_in_copy.job(name) for name in names]
    faults.prepare(stood_in_copy, cases, disk)
    failed = ask(stood_in_copy, names)
    assert failed.returncode != 0, said(failed)
    faults.check_failed(cases, jobs)
    faults.mend(stood_in_copy, cases)
    done = ask(stood_in_copy, names)
    assert done.returncode == 0, said(done)
    faults.check_done(cases, jobs, faults.result(stood_in_copy.job("a")))
    assert NOTHING in said(ask(stood_in_copy, names))


@pytest.mark.parametrize("kind", faults.OF_ALL)
def test_a_run_that_was_killed_or_whose_code_was_changed_goes_on_by_the_same_command(
    stood_in_copy: Project, kind: str, disk: Callable[..., Path]
) -> None:
    cases = faults.all_cases([kind]) if CAMPAIGN else [faults.Case("translation", kind, redo=True)]
    wanted = faults.result(stood_in_copy.job("a"))
    faults.prepare(stood_in_copy, cases, disk)
    lines = (stood_in_copy.root / "faults").read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        (stood_in_copy.root / "faults").write_text(line, encoding="utf-8")
        failed = by_path(stood_in_copy, [faults.user(number)])
        assert failed.returncode != 0, said(failed)
        faults.check_failed(cases[number : number + 1], [stood_in_copy.job(faults.user(number))])
        (stood_in_copy.root / "faults").unlink()
        done = by_path(stood_in_copy, [faults.user(number)])  # at once: what the run had begun may still be at work
        assert done.returncode == 0, said(done)
    faults.check_done(cases, [stood_in_copy.job(faults.user(number)) for number in range(len(cases))], wanted)


def test_a_submission_that_failed_is_made_up_for(stood_in_copy: Project, tmp_path: Path) -> None:
    cluster = tmp_path / "cluster"
    cluster.mkdir()
    for name in ("sbatch", "scontrol", "squeue", "scancel", "sinfo", "sacct", "sacctmgr"):
        (cluster / name).write_text(ANSWERS.get(name, "#!/bin/sh\nexit 0\n"), encoding="utf-8")
        (cluster / name).chmod(0o755)
    wanted = faults.result(stood_in_copy.job("a"))
    (stood_in_copy.job("a") / "04_asr" / "transcript_txt.json").write_bytes(b"damaged")
    command = stood_in_copy.command(stood_in_copy.target("a"), "--retries=0", "--latency-wait=1")
    failed = subprocess.run(
        [word.replace("profiles/local-cpu", "profiles/slurm") for word in command],
        cwd=stood_in_copy.root, env={**environment(), "PATH": f"{cluster}:{os.environ['PATH']}"},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert failed.returncode != 0
    manifest = json.loads((stood_in_copy.job("a") / "manifest.json").read_text("utf-8"))
    assert manifest["pipeline"]["failed_stages"] == ["asr"]
    assert "SLURM took no job for it: SLURM sbatch failed" in said(failed)
    done = stood_in_copy.snakemake(stood_in_copy.target("a"))
    assert done.returncode == 0, said(done)
    assert faults.result(stood_in_copy.job("a")) == wanted


def make(project: Project, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *words], cwd=project.root, env=environment(), capture_output=True, text=True, check=False, timeout=300
    )


#: Of make film, which is asked for each film alone, some.
BY_HAND = [faults.Case(stage, kind, True) for stage, kind in (("demux", "killed"), ("asr", "model"), ("mux", "full"))]
BY_SHELF = [faults.Case(stage, kind, True) for stage, kind in zip(faults.NAMES, faults.KINDS[:6] * 2, strict=False)]


@pytest.mark.parametrize("way", ["film", pytest.param("shelf", marks=ONLY_CAMPAIGN)])
def test_make_film_and_make_shelf_redo_what_failed_and_end_with_an_error_until_it_is_done(
    stood_in_copy: Project, tmp_path: Path, way: str
) -> None:
    cases = BY_SHELF if way == "shelf" else BY_HAND if CAMPAIGN else BY_HAND[1:2]
    project, films = stood_in_copy, tmp_path / "films"
    shutil.copy2(support.ROOT / "Makefile", project.root)
    films.mkdir()
    for number in range(len(cases)):
        film(films / f"c{number}.mkv", 440 + number)
    named = (
        [f"DIR={films}"] if way == "shelf" else [f"MEDIA={films / f'c{number}.mkv'}" for number in range(len(cases))]
    )
    off = [] if CAMPAIGN else [f"STAGES_OFF={','.join(OPTIONAL)}"]
    wishes = [[way, what, "SOURCE=en", "TARGETS=en", "USER_NAME=me", *off] for what in named]
    for wish in wishes:
        first = make(project, *wish)
        assert first.returncode == 0, said(first)
    jobs = sorted(project.root.glob("out/*/*/*/me/*"), key=lambda job: int(job.name))
    ids = [json.loads((job / "run.json").read_text("utf-8"))["film"] for job in jobs]
    for case, job in zip(cases, jobs, strict=True):
        faults.outdate(job, case.stage)
    lines = [f"{case.stage} {film_id} {case.kind}" for case, film_id in zip(cases, ids, strict=True)]
    (project.root / "faults").write_text("\n".join(lines), encoding="utf-8")
    for wish in wishes:
        failed = make(project, *wish)
        assert failed.returncode != 0, said(failed)
    faults.check_failed(cases, jobs)
    (project.root / "faults").unlink()
    for wish in wishes:
        done = make(project, *wish)
        assert done.returncode == 0, said(done)
    faults.check_done(cases, jobs)
