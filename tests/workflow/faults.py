"""Films of which one stage fails, first or when it is done again, in a way of its own; then the cause is mended.

All films of a batch are asked for at once: Snakemake's start costs more than the stages, which do no work.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import support
from samvad.core import stages
from workflow.project import Project, attempts

#: The ways of ``tests/stand_in.py`` in which a stage alone ends without a result.
KINDS = ("model", "memory", "killed", "full", "defect", "input", "brim", "inodes")
#: And those that are every film's of a run: its code is changed, it is killed.
OF_ALL = ("code", "run")
NAMES = tuple(stage.name for stage in stages.STAGES)
#: A film's own disk, for the kinds that fill one: bytes and inodes, enough for a job of the stand-ins.
_DISK = (4 << 20, 600)

Disk = Callable[..., Path]


class Case(NamedTuple):
    """A film whose stage fails; ``redo``: after all of its stages had been done."""

    stage: str
    kind: str
    redo: bool


def all_cases(kinds: Sequence[str] = KINDS) -> list[Case]:
    """Return every stage with every kind, first and again."""
    return [Case(*found) for found in itertools.product(NAMES, kinds, (False, True))]


def few_cases(kinds: Sequence[str] = KINDS) -> list[Case]:
    """Return each stage once, with all kinds among them."""
    return [Case(name, kinds[number % len(kinds)], number % 3 != 0) for number, name in enumerate(NAMES)]


def user(number: int) -> str:
    """Return whose film a case is."""
    return f"c{number}"


def prepare(project: Project, cases: Sequence[Case], disk: Disk) -> None:
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
        if case.kind in ("brim", "inodes"):
            job.parent.mkdir(parents=True)
            disk(job.parent, *_DISK)
        support.copy_job(finished, job, "a", name)
        for stage in stages.STAGES:
            if not case.redo and stage.number >= stages.BY_NAME[case.stage].number:
                shutil.rmtree(job / stage.folder)
        if case.redo:
            outdate(job, case.stage)
    project.write_sheet(*rows)
    (project.root / "faults").write_text("\n".join(faults), encoding="utf-8")


def outdate(job: Path, stage: str) -> None:
    """Let a stage have been made by another code."""
    path = job / stages.BY_NAME[stage].folder / "manifest.json"
    value = json.loads(path.read_text("utf-8"))
    value["software"]["code"] = "0" * 16
    path.write_text(json.dumps(value), encoding="utf-8")


def mend(project: Project, cases: Sequence[Case]) -> None:
    """Take the causes away."""
    (project.root / "faults").unlink()
    for number in range(len(cases)):
        job = project.job(user(number))
        (job / "filler").unlink(missing_ok=True)
        shutil.rmtree(job / "fillers", ignore_errors=True)


def check_failed(cases: Sequence[Case], jobs: Sequence[Path]) -> None:
    """Check that each film's stage has failed, that its record says so, and that nothing says that the film is done."""
    for case, job in zip(cases, jobs, strict=True):
        manifest = job / stages.BY_NAME[case.stage].folder / "manifest.json"
        if case.kind in ("brim", "inodes") and case.redo and manifest.exists():
            is_whole(job, case)  # its new results took the place of the old ones, which made room for the record
            continue
        assert not manifest.exists(), case
        if case.kind not in ("brim", "inodes", *OF_ALL):  # there is no room for a record, or nobody left to write it
            pipeline = json.loads((job / "manifest.json").read_text("utf-8"))["pipeline"]
            assert (pipeline["status"], pipeline["failed_stages"]) == ("failed", [case.stage]), case


def is_whole(job: Path, case: Case) -> None:
    """Check that a stage was done again, and that every file that it names is there and is what it names."""
    record = support.manifest_of(job, case.stage)
    assert record["status"] == "success" and record["attempt"] == 2, case
    assert record["software"]["code"] != "0" * 16, case
    for made in record["outputs"]:
        digest = hashlib.sha256((job / made["path"]).read_bytes()).hexdigest()
        assert made["checksum"] == f"sha256:{digest}", (case, made["path"])


def check_done(cases: Sequence[Case], jobs: Sequence[Path], wanted: dict[str, str] | None = None) -> None:
    """Check that each film is done, with the result of the undisturbed one, and only what was due done again."""
    for case, job in zip(cases, jobs, strict=True):
        found = result(job)
        if wanted is not None and (case.stage, case.kind) != ("demux", "input"):  # that is another film now
            assert found == wanted, case
        assert json.loads((job / "manifest.json").read_text("utf-8"))["pipeline"]["status"] == "success", case
        assert not list(job.rglob(".work-*")), case
        if case.kind in ("input", "code"):
            continue  # what was replaced is made again, and so is what another code had made
        before = [stage for stage in stages.STAGES if stage.number < stages.BY_NAME[case.stage].number]
        on = [stage for stage in before if (job / stage.folder).is_dir()]
        again = [stage.name for stage in on if len(attempts(job, stage.name)) > 1]
        assert again == [], case


def result(job: Path) -> dict[str, str]:
    """Return the checksum of every output of a film's job."""
    return {
        made["path"]: made["checksum"]
        for stage in stages.STAGES
        if (job / stage.folder).is_dir()
        for made in support.manifest_of(job, stage.name)["outputs"]
    }
