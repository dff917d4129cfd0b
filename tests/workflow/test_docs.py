"""The commands that README and docs/ show do what they are shown for: they are run as they stand."""

from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import shown_commands
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from shown_commands import Command
from workflow.project import Project, carry_out, environment, new_project, row, said

#: Options by which Snakemake runs no stage. Without one of them, a command is planned only.
_RUNS_NOTHING = {"-n", "--rulegraph", "--dag", "--lint", "--unlock"}
#: Commands of samvad that are not run for real, with the reason; tests/unit/test_docs.py has them read their options.
_ONLY_READ = {
    "film": "run by tests/workflow/test_shelf.py, as make film and make shelf do",
    "shelf": "likewise",
    "rerun": "makes a film again",
    "remove": "asks, and takes away what the others need",
    "config": "writes the settings of whoever runs it; tests/unit/test_one_command.py",
    "harvest-phrases": "loads a large model",
    "review": "serves until Ctrl-C; run by tests/workflow/test_review.py",
    "watch": "goes on until it is ended; tests/unit/test_watch.py",
    "retime": "recognises speech first; tests/unit/test_retime.py",
    "model": "fetches gigabytes from a hub; tests/stages/test_own_models.py has one of its own",
    "make-dashboard": "writes what tests/observability compare",
    "new-stage": "run by tests/workflow/test_new_stage.py; the others would find one stage more",
    "learn-terms promote": "the demo has taught no term",
    "logs FILM --interactive": "needs a terminal; tests/unit/test_logs_command.py has one",
    "deliver": "sends to a store of objects; tests/unit/test_delivery.py has one",
    "logs FILM --follow": "goes on until Ctrl-C; tests/unit/test_logs_command.py",
}
#: Exit codes that are an answer too: the file breaks rules; the demo is too little to go by.
_ANSWERS = {("check", 1), ("propose-resources", 1)}
#: What the reader has in his place, and the demo in its own.
_HERE = {
    "FILM": "demo",
    "ID": "demo",
    "JOB": "out/2025/01/01/demo/1",
    **dict.fromkeys(("PLACE", "OUT_ROOT"), "out"),
    **dict.fromkeys(("cut", "far", "gone", "full"), "demo"),
    "small": "out",
    "/shared/films/a.mkv": "film.mkv",
    "/srv/samvad/out": "out",
    "/var/lib/node_exporter/samvad.prom": "samvad.prom",
}


def plan(project: Project, commands: list[Command]) -> list[str]:
    """Plan what each command would run, once for commands that come to the same; return what is refused."""
    once: dict[str, Command] = {}
    for command in commands:
        once[f"{command.variables} {arguments_for_a_plan(command)}"] = command

    def planned(command: Command) -> subprocess.CompletedProcess[str]:
        variables = dict(variable.split("=", 1) for variable in command.variables)
        words = [".venv/bin/snakemake", *arguments_for_a_plan(command)]
        return carry_out(words, project.root, {**environment(), **variables})

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        told = list(pool.map(planned, once.values()))
    return [f"{command}\n{said(done)}" for command, done in zip(once.values(), told, strict=True) if done.returncode]


def arguments_for_a_plan(command: Command) -> list[str]:
    words = [*command.words[1:]]
    if "--profile" in words and words[words.index("--profile") + 1] == "…":
        words[words.index("--profile") + 1] = "profiles/local-cpu"
    # A report is of films that are done, conda is not here: test_targets.py makes the one, test_conda.py stands in.
    for option in {"--report", "--sdm"} & set(words):
        at = words.index(option)
        del words[at : at + 2]
    if not _RUNS_NOTHING & set(words):
        words.insert(0, "-n")
    return [word for word in words if word != "…"]


def write_shown_files(root: Path) -> None:
    """Write the files that blocks of the pages write before they use them."""
    for fence in shown_commands.fences():
        if fence.kind == shown_commands.COMMANDS:
            for line in fence.text.splitlines():
                if line.startswith("printf "):
                    subprocess.run(["bash", "-ec", line], cwd=root, check=True)


@pytest.mark.usefixtures("hub")
def test_snakemake_plans_what_is_shown(tmp_path: Path) -> None:
    project = Project(new_project(tmp_path / "project").root, "config/films.tsv", "out")
    film = tmp_path / "film.mkv"
    film.touch()
    project.write_sheet(row(user="demo", media=film), row(user="baseline", media=film, date="2025-11-27"))
    write_shown_files(project.root)
    shown = [command for command in shown_commands.shown() if command.program == "snakemake"]
    assert len(shown) > 10
    assert plan(project, shown) == []
    (swallowed,) = shown_commands.commands("here", "snakemake --configfile mine.yaml subtitle")
    assert plan(project, [swallowed])


@pytest.fixture
def readers_folder(demo: Any, demo_copy: Project) -> Project:
    """Give the demo's project the files that the pages speak of."""
    job = demo_copy.job("demo")
    (demo_copy.root / "out").symlink_to("made")
    for day in ("27", "28"):
        other = demo_copy.root / "made" / "2025" / "11" / day / "baseline"
        other.mkdir(parents=True)
        shutil.copytree(job, other / "1")
    subtitles = job / "09_subtitle_gen" / "demo.en.srt"
    shutil.copy(subtitles, demo_copy.root / "edited.en.srt")
    hindi = [Cue(1000, 3000, ("नमस्ते, आप कैसे हैं?",)), Cue(4000, 6000, ("मैं ठीक हूँ।",))]
    (demo_copy.root / "film.hi.srt").write_text(formats.write("srt", hindi), encoding="utf-8")
    shutil.copy(job / "10_mux" / "demo.mkv", demo_copy.root / "film.mkv")
    sample = demo_copy.root / "build" / "sample" / "samvad_sample.mp4"
    sample.parent.mkdir(parents=True)
    shutil.copy(demo.film, sample)
    return demo_copy


@pytest.mark.model
def test_samvad_does_what_is_shown_on_the_demo(readers_folder: Project) -> None:
    shown = {
        tuple(_HERE.get(word, word) for word in command.arguments): command
        for command in shown_commands.shown()
        if for_real(command)
    }
    assert len(shown) > 20
    failed = []
    for (name, *arguments), command in shown.items():
        done = readers_folder.samvad(name, *arguments)
        if (done.returncode and (name, done.returncode) not in _ANSWERS) or "Traceback" in said(done):
            failed.append(f"{command}: {done.returncode}\n{said(done)}")
    assert not failed, "\n".join(failed)


def for_real(command: Command) -> bool:
    """Say whether a command is run: neither one that a sentence only names, nor one that is listed."""
    words = command.arguments
    named_only = command.in_prose and len(words) < 2
    names = {words[0], " ".join(words[:2]), " ".join(words)} if words else set()
    return command.program == "samvad" and not named_only and not names & set(_ONLY_READ)
