"""Films of which one stage fails alone, first or when it is done again, in a way of its own; then the cause is mended.

All films of a batch are asked for at once: Snakemake's start costs more than the stages, which do no work.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Sequence
from typing import NamedTuple

import support
from samvad.core import stages
from workflow.project import Project, attempts

#: The ways of ``tests/stand_in.py`` in which a stage ends without a result.
KINDS = ("model", "memory", "killed", "full", "defect")
NAMES = tuple(stage.name for stage in stages.STAGES)


class Case(NamedTuple):
    """A film whose stage fails; ``redo``: after all of its stages had been done."""

    stage: str
    kind: str
    redo: bool


def all_cases() -> list[Case]:
    """Return every stage with every kind, first and again."""
    return [Case(*found) for found in itertools.product(NAMES, KINDS, (False, True))]


def few_cases() -> list[Case]:
    """Return each stage once, with all kinds among them."""
    return [Case(name, KINDS[number % len(KINDS)], number % 3 != 0) for number, name in enumerate(NAMES)]


def user(number: int) -> str:
    """Return whose film a case is."""
    return f"c{number}"


def prepare(project: Project, cases: Sequence[Case]) -> None:
    """Give each case a film that was done as the project's own was, up to the stage that is to fail; let it fail."""
    finished = project.job("a")
    rows, faults = [], []
    for number, case in enumerate(cases):
        name = user(number)
        film = project.root / f"{name}.mkv"
        shutil.copy2(project.root / "a.mkv", film)
        rows.append({"user": name, "media": film.name})
        faults.append(f"{case.stage} {name} {case.kind}")
        job = project.job(name)
        support.copy_job(finished, job, "a", name)
        for stage in stages.STAGES:
            if not case.redo and stage.number >= stages.BY_NAME[case.stage].number:
                shutil.rmtree(job / stage.folder)
        if case.redo:  # the stage's code was another one then
            path = job / stages.BY_NAME[case.stage].folder / "manifest.json"
            value = json.loads(path.read_text("utf-8"))
            value["software"]["code"] = "0" * 16
            path.write_text(json.dumps(value), encoding="utf-8")
    project.write_sheet(*rows)
    (project.root / "faults").write_text("\n".join(faults), encoding="utf-8")


def check_failed(project: Project, cases: Sequence[Case]) -> None:
    """Check that each film's stage has failed, that its record says so, and that nothing says that the film is done."""
    for number, case in enumerate(cases):
        job = project.job(user(number))
        assert not (job / stages.BY_NAME[case.stage].folder / "manifest.json").exists(), case
        pipeline = json.loads((job / "manifest.json").read_text("utf-8"))["pipeline"]
        assert (pipeline["status"], pipeline["failed_stages"]) == ("failed", [case.stage]), case


def check_done(project: Project, cases: Sequence[Case]) -> None:
    """Check that each film is done, with the result of the undisturbed one, and only what was due done again."""
    wanted = result(project, "a")
    for number, case in enumerate(cases):
        job = project.job(user(number))
        assert result(project, user(number)) == wanted, case
        assert json.loads((job / "manifest.json").read_text("utf-8"))["pipeline"]["status"] == "success", case
        before = [stage for stage in stages.STAGES if stage.number < stages.BY_NAME[case.stage].number]
        again = [stage.name for stage in before if len(attempts(job, stage.name)) > 1]
        assert again == [], case


def result(project: Project, name: str) -> dict[str, str]:
    """Return the checksum of every output of a film's job."""
    return {
        made["path"]: made["checksum"]
        for stage in stages.STAGES
        for made in support.manifest_of(project.job(name), stage.name)["outputs"]
    }
