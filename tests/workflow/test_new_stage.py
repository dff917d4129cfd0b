"""A stage that `samvad new-stage` drafts runs at once, is switched as others are, and stands in all records."""

from __future__ import annotations

import json
import subprocess

import pytest

import support
from samvad.core import stages
from workflow.project import Project, planned, said

pytestmark = pytest.mark.model

NUMBER = len(stages.STAGES) + 1
FOLDER = f"{NUMBER:02d}_word_count"


@pytest.fixture
def drafted(demo_copy: Project) -> Project:
    """Return a copy of the demo's project with one stage more."""
    done = demo_copy.samvad("new-stage", "word_count")
    assert done.returncode == 0, done.stderr
    assert {line.split("/")[0] for line in done.stdout.splitlines()[:6]} == {"scripts", "rules", "tests", "config"}
    return demo_copy


def test_the_eleventh_stage_runs_is_recorded_and_can_be_switched_off(drafted: Project) -> None:
    job = drafted.job("demo")
    target = f"{drafted.target('demo').rsplit('/', 2)[0]}/{FOLDER}/manifest.json"
    done = drafted.snakemake(target)
    assert done.returncode == 0, said(done)
    assert [path.name for path in job.glob("*/attempts/02")] == [], "nothing else is made anew"

    manifest = json.loads((job / FOLDER / "manifest.json").read_text("utf-8"))
    assert (manifest["status"], manifest["stage_number"], manifest["config"]) == ("success", NUMBER, {"min_words": 1})
    counted = json.loads((job / FOLDER / "word_count.json").read_text("utf-8"))
    assert counted["words"] > 20

    stage_of_job = json.loads((job / "manifest.json").read_text("utf-8"))["stages"]["word_count"]
    assert stage_of_job["status"] == "success"
    asked = drafted.samvad("query", "durations", drafted.output_root, "--json", "--no-index")
    assert "word_count" in {row["stage"] for row in json.loads(asked.stdout)}, asked.stderr
    events = drafted.samvad("query", "trace", "demo", drafted.output_root, "--stage", "word_count", "--json")
    assert {"word_count_started", "word_count_completed"} <= {row["event"] for row in json.loads(events.stdout)}
    assert drafted.samvad("report", drafted.output_root, "--output", "report.html").returncode == 0
    assert "word_count" in (drafted.root / "report.html").read_text("utf-8")
    assert "word_count" in drafted.samvad("history", "demo", "--output-root", drafted.output_root).stdout
    assert drafted.samvad("verify", job).returncode == 0

    run_again = drafted.snakemake("-n", target, word_count='{"min_words": 2}')
    assert planned(run_again) == {"word_count": 1} or "word_count" in said(run_again)
    off = drafted.snakemake("-n", target, stages='{"word_count": false}')
    assert off.returncode != 0 and f"stage {FOLDER} is asked for but switched off by the key stages.word_count" in said(
        off
    )
    whole = drafted.snakemake("-n", "subtitle", stages='{"word_count": false}')
    assert whole.returncode == 0 and "word_count" not in said(whole)


def test_a_draft_keeps_the_projects_own_checks(drafted: Project) -> None:
    bin_folder = support.ROOT / ".venv" / "bin"
    lint = subprocess.run(
        [bin_folder / "snakemake", "--lint"], cwd=drafted.root, capture_output=True, text=True, check=False
    )
    assert lint.returncode == 0, lint.stdout + lint.stderr
    for second, said_of_it in (
        ("word_count", "is taken"),
        ("Word", "is no name"),
        ("class", "is no name"),
        ("asr", "taken"),
    ):
        refused = drafted.samvad("new-stage", second)
        assert refused.returncode == 2 and said_of_it in refused.stderr
