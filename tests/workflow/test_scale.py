"""What a run reads does not grow with the film sheet: of a shelf, only the films that are asked for are opened."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from pathlib import Path

import pytest

import support
from workflow.project import Project, environment, new_project, said

FILMS = 50
#: So many of them have been subtitled, and their job manifests were left by a run that was killed.
DONE = 6

#: Runs Snakemake, and writes down every file that its process opens.
WATCHED = """
import sys
from snakemake import cli
report = open(sys.argv[1], "w", encoding="utf-8")
sys.addaudithook(lambda event, args: event == "open" and isinstance(args[0], str) and print(args[0], file=report))
cli.main(sys.argv[2:])
"""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make a project with a long sheet."""
    project = new_project(tmp_path_factory.mktemp("shelf") / "project")
    support.leave_out_work(project.root)
    for number in range(FILMS):
        (project.root / f"film {number}.mkv").write_bytes(b"a film")
        os.utime(project.root / f"film {number}.mkv", (1_000_000_000, 1_000_000_000))
    project.write_sheet(*({"user": f"u{number}", "media": f"film {number}.mkv"} for number in range(FILMS)))
    done = project.snakemake(project.target("u0"))
    assert done.returncode == 0, said(done)
    for number in range(1, DONE):
        support.copy_job(project.job("u0"), project.job(f"u{number}"), "u0", f"u{number}")
    for number in range(DONE):
        job = project.job(f"u{number}")
        killed = {"host": platform.node(), "pid": 1, "mark": str(project.root / "gone.json")}
        interrupted = {"pipeline": {"status": "running", "run": killed}}
        (job / "manifest.json").write_text(json.dumps(interrupted), encoding="utf-8")
    return project


def opened(project: Project, *arguments: str) -> set[str]:
    """Run Snakemake and return the files that it opened, from the project's folder."""
    report = project.root / "opened.txt"
    _, *words = project.command(*arguments)
    done = subprocess.run(
        [".venv/bin/python", "-c", WATCHED, str(report), *words],
        cwd=project.root, env=environment(), capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, said(done)
    found = {Path(line) for line in report.read_text("utf-8").splitlines()}
    return {str(path.relative_to(project.root) if path.is_relative_to(project.root) else path) for path in found}


def status(project: Project, number: int) -> str:
    """Return the status in a job's manifest."""
    text = (project.job(f"u{number}") / "manifest.json").read_text("utf-8")
    return str(json.loads(text)["pipeline"]["status"])


def test_a_dry_run_of_one_film_opens_no_other(shelf: Project) -> None:
    read = opened(shelf, shelf.target(f"u{FILMS - 1}"), "-n")
    assert {path for path in read if path.endswith(".mkv")} == set()
    assert all(f"/u{FILMS - 1}/" in path for path in read if "made/" in path and path.endswith(".json"))


def test_a_run_of_one_film_mends_its_record_and_opens_no_other_job(shelf: Project) -> None:
    read = opened(shelf, shelf.target("u0"))
    jobs = {path for path in read if "made/" in path}
    # The mark of the run is of no job.
    assert jobs and all("/u0/" in path or "made/.runs/" in path for path in jobs)
    assert [status(shelf, number) for number in range(DONE)] == ["success"] + ["running"] * (DONE - 1)


def test_a_run_of_several_mends_their_records_and_one_of_the_sheet_those_of_all(shelf: Project) -> None:
    opened(shelf, shelf.target("u1"), shelf.target("u2"))
    assert [status(shelf, number) for number in range(DONE)] == ["success"] * 3 + ["running"] * (DONE - 3)
    shelf.write_sheet(*({"user": f"u{number}", "media": f"film {number}.mkv"} for number in range(DONE)))
    opened(shelf, "subtitle")
    assert {status(shelf, number) for number in range(DONE)} == {"success"}


def test_modules_that_were_parsed_once_are_not_parsed_again(shelf: Project, tmp_path: Path) -> None:
    code = (
        "import ast, sys; sys.path.insert(0, 'scripts'); parse = ast.parse; count = []\n"
        "ast.parse = lambda *given: count.append(1) or parse(*given)\n"
        "from samvad.core import stages\nfrom samvad.runner import code_hash\n"
        "print([code_hash.code_hash(stage.name) for stage in stages.STAGES], file=sys.stderr); print(len(count))"
    )

    def parsed() -> tuple[int, str]:
        done = subprocess.run(
            [".venv/bin/python", "-c", code], cwd=shelf.root, capture_output=True, text=True, check=True,
            env={**environment(), "SAMVAD_CACHE": str(tmp_path)},
        )  # fmt: skip
        return int(done.stdout), done.stderr

    first, hashes = parsed()
    assert first > 50
    assert parsed() == (0, hashes)
    module = shelf.root / "scripts" / "samvad" / "core" / "times.py"
    module.write_text(module.read_text("utf-8") + "\n# another text\n", encoding="utf-8")
    assert parsed()[0] == 1
    next(tmp_path.glob("modules-*.json")).write_text('{"damaged": 1}', encoding="utf-8")
    count, after = parsed()
    assert count == first
    assert after != hashes
