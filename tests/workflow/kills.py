"""Kill a run of the workflow at a moment, and say what it had done by then."""

from __future__ import annotations

import base64
import contextlib
import os
import random
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import psutil

import support
from samvad.core import stages
from workflow.project import Project, attempts, environment

VICTIMS = ("stage", "snakemake", "both")
#: Outputs that hold when or where they were made, so that two runs never write the same bytes: the report names the run
#: and the seconds of each stage.
VARYING: frozenset[str] = frozenset({"report", "metadata"})


class Kill(NamedTuple):
    """What was killed, when, and how far the run had come.

    Attributes:
        victim: one of ``VICTIMS``.
        seconds: after Snakemake's start.
        stage: the stages at work.
        attempts: for each stage that was done, the numbers of its attempts; empty where the run had ended before.
        ended: whether the run had ended by itself before its moment came.
    """

    victim: str
    seconds: float
    stage: str
    attempts: dict[str, list[str]]
    ended: bool


def at_work(project: Project) -> dict[str, list[psutil.Process]]:
    """Return the processes of stages that work on the project's jobs, by stage."""
    found: dict[str, list[psutil.Process]] = {}
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = process.info["cmdline"] or []
        if process.info["cwd"] != str(project.root) or process.status() == psutil.STATUS_ZOMBIE:
            continue
        for stage in stages.STAGES:
            if len(words) > 1 and words[1].endswith(f"/scripts/{stage.script}"):
                found.setdefault(stage.name, []).append(process)
    return found


def noted(project: Project, job: Path) -> dict[str, list[str]]:
    """Return the stages that Snakemake knows to be done, with the numbers of their attempts."""
    unfinished = {path.name for path in (project.root / ".snakemake" / "incomplete").rglob("*") if path.is_file()}
    if not job.is_dir():
        return {}
    return {
        stage.name: attempts(job, stage.name)
        for stage in stages.STAGES
        if (job / stage.folder / "manifest.json").is_file()
        and not any(_names(name, project, job, stage) for name in unfinished)
    }


def kill_at(
    project: Project, user: str, seconds: float, victim: str, *, stage: str | None = None, wanted: str = "mux"
) -> Kill:
    """Begin a run, kill -9 the victim at a moment, and return when nothing of the run is left but orphans.

    Args:
        project: where.
        user: whose film.
        seconds: after Snakemake's start, or after the stage's.
        victim: one of ``VICTIMS``.
        stage: the stage after whose start the seconds count.
        wanted: the stage that is asked for.
    """
    job = project.job(user)
    before = attempts_of(job, stage)
    began = time.monotonic()
    process = subprocess.Popen(
        project.command(project.target(user, wanted)),
        cwd=project.root,
        env=environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while stage and attempts_of(job, stage) == before and process.poll() is None:
        time.sleep(0.005)
    try:
        process.wait(seconds)
        return Kill(victim, time.monotonic() - began, "", {}, ended=True)
    except subprocess.TimeoutExpired:
        pass
    working = at_work(project)
    while victim != "snakemake" and not working and process.poll() is None:
        time.sleep(0.01)  # between two stages
        working = at_work(project)
    moment = time.monotonic() - began
    if victim != "stage":
        process.kill()
    if victim != "snakemake":
        for found in [one for several in working.values() for one in several]:
            with contextlib.suppress(psutil.NoSuchProcess):  # it ended by itself just now
                found.kill()
    attempts = noted(project, job)
    process.wait()
    return Kill(victim, moment, "+".join(sorted(working)) or "none", attempts, ended=False)


def attempts_of(job: Path, stage: str | None) -> list[str]:
    """Return the numbers of a stage's attempts; none where it has not begun."""
    return attempts(job, stage) if stage and (job / stages.BY_NAME[stage].folder / "attempts").is_dir() else []


def result(job: Path) -> dict[str, str]:
    """Return the checksum of every output of a finished job that is the same in each run."""
    return {
        f"{stage.folder}/{output['type']}": output["checksum"]
        for stage in stages.STAGES
        for output in support.manifest_of(job, stage.name)["outputs"]
        if output["type"] not in VARYING
    }


def made_again(job: Path) -> list[str]:
    """Return the stages that were tried more than once."""
    return [stage.name for stage in stages.STAGES if len(attempts_of(job, stage.name)) > 1]


def moments(seed: int, number: int, job: Path) -> list[tuple[str, float, str]]:
    """Return random moments of a run like that of a finished job; the same for the same seed.

    Each is a stage, the seconds since it began, and a victim. Every stage is hit, for each fails in its own way.
    """
    chance = random.Random(seed)
    names = [stage.name for stage in stages.STAGES] * (-(-number // len(stages.STAGES)))
    chosen = chance.sample(names, number)
    lasted = {name: support.manifest_of(job, name)["duration_seconds"] for name in set(chosen)}
    return [(name, chance.uniform(0, lasted[name]), chance.choice(VICTIMS)) for name in chosen]


def rewind(project: Project, user: str, stage: str) -> None:
    """Bring a finished job back to where it stood when a stage began: nothing of it and of later ones is there."""
    later = [other for other in stages.STAGES if other.number >= stages.BY_NAME[stage].number]
    for other in later:
        shutil.rmtree(project.job(user) / other.folder, ignore_errors=True)
        for records in (project.root / ".snakemake" / "metadata", project.root / ".snakemake" / "incomplete"):
            for path in records.rglob("*"):
                if path.is_file() and _names(path.name, project, project.job(user), other):
                    path.unlink()


def stages_to_kill(seed: int, number: int) -> list[tuple[str, float, str]]:
    """Return random stages in the order of their numbers, each with seconds after its start and a victim."""
    chance = random.Random(seed)
    chosen = sorted(chance.sample(range(len(stages.STAGES)), number))
    return [(stages.STAGES[at].name, chance.uniform(0, 0.6), VICTIMS[place % 3]) for place, at in enumerate(chosen)]


def _names(record: str, project: Project, job: Path, stage: stages.Stage) -> bool:
    """Say whether a record of Snakemake's, named in base 64, is of a stage's manifest."""
    name = os.path.relpath(job / stage.folder / "manifest.json", project.root)
    return record == base64.urlsafe_b64encode(name.encode()).decode()
