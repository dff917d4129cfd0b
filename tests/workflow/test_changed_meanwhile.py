"""A film or code that changes while a stage is at work: the run fails by that name, and the same command goes on."""

from __future__ import annotations

import json
import shutil

import pytest

import support
from samvad.core import stages
from samvad.documents import job_folder
from samvad.reporting.archive import verify
from workflow.project import CACHE, Project, said

NAMED = {
    "input": "was replaced by another file while it was read",
    "code": "The code of stage {stage} was changed while it ran",
}


@pytest.mark.parametrize(("stage", "kind"), [("demux", "input"), ("asr", "code")])
def test_a_change_while_a_stage_is_at_work_is_named_and_the_same_command_goes_on(
    stood_in_copy: Project, stage: str, kind: str
) -> None:
    project, job = stood_in_copy, stood_in_copy.job("a")
    shutil.rmtree(job)
    (project.root / "faults").write_text(f"{stage} - {kind}\n", encoding="utf-8")
    done = project.snakemake(project.target("a"), "--retries", 0, cache=CACHE)
    assert done.returncode != 0
    error = support.failed_manifest(job, stage)["errors"][0]
    assert NAMED[kind].format(stage=stage) in error["message"] and error["category"] == "changed"
    assert not (job / stages.BY_NAME[stage].folder / "manifest.json").exists()
    entries = [json.loads(path.read_text("utf-8")) for path in (project.root / "results").glob("*/*/entry.json")]
    assert stage not in {entry["stage"] for entry in entries}
    assert json.loads((job / "manifest.json").read_text("utf-8"))["pipeline"]["failed_stages"] == [stage]

    (project.root / "faults").unlink()
    done = project.snakemake(project.target("a"), cache=CACHE)
    assert done.returncode == 0, said(done)
    report = verify.verify(job_folder.load(job), verify.Hasher(1, lambda count: None), verify.Options())
    assert report.exit_code == 0, report.findings
