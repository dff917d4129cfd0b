"""A run that is killed, a disk that fills up: nothing half-made counts as done, and the same command finishes later."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pysubs2
import pytest

import odd_films
import support
from recognising import error_rate
from workflow.project import OPTIONAL, Project, attempts, environment, said

MIB = 1 << 20


class Killed(NamedTuple):
    """A run that was killed in stage 04, and the same command given again until it worked."""

    project: Project
    left: list[str]
    finished: subprocess.CompletedProcess[str]


def alive(job: str) -> list[str]:
    """Return the commands that still work on a job, which they name as the workflow does."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        if job in command and process.status() != psutil.STATUS_ZOMBIE:
            found.append(command)
    return found


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Killed:
    films = tmp_path_factory.mktemp("films")
    ours = dataclasses.replace(project, sheet="killed.tsv", output_root="killed")
    film = odd_films.audio_offset_5s_mp4(films)
    ours.write_sheet({"user": "a", "media": film, "stages_off": ",".join(OPTIONAL)})
    job, target = ours.job("a"), ours.target("a")
    with subprocess.Popen(
        ours.command(target),
        cwd=ours.root,
        env=environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        deadline = time.monotonic() + 120
        while not (job / "04_asr" / "attempts" / "01" / "stage.log").exists():
            assert process.poll() is None and time.monotonic() < deadline, "stage 04 never began"
            time.sleep(0.05)
        time.sleep(1)
        assert alive(target.removesuffix("/10_mux/manifest.json")), "stage 04 is at work"
        os.killpg(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while alive(target.removesuffix("/10_mux/manifest.json")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert alive(target.removesuffix("/10_mux/manifest.json")) == []
    left = sorted(str(path.relative_to(job)) for path in job.rglob("manifest.json"))
    return Killed(ours, left, ours.snakemake(target))


@pytest.mark.slow
@pytest.mark.model
def test_a_killed_stage_leaves_no_manifest(killed: Killed) -> None:
    assert killed.left == ["01_demux/attempts/01/manifest.json", "01_demux/manifest.json", "manifest.json"]


@pytest.mark.model
def test_the_same_command_finishes_what_a_killed_run_began(killed: Killed) -> None:
    assert killed.finished.returncode == 0, said(killed.finished)
    job = killed.project.job("a")
    assert attempts(job, "demux") == ["01"], "what was finished is not done twice"
    assert attempts(job, "asr") == ["01", "02"]
    assert support.manifest_of(job, "asr")["attempt"] == 2
    assert not list(job.rglob(".work-*"))
    assert json.loads((job / "manifest.json").read_text("utf-8"))["pipeline"]["status"] == "success"


@pytest.mark.model
def test_a_film_without_any_optional_stage_is_subtitled(killed: Killed) -> None:
    job = killed.project.job("a")
    assert sorted(path.name for path in job.iterdir() if path.is_dir() and path.name not in ("logs", ".locks")) == [
        "01_demux",
        "04_asr",
        "08_translation",
        "09_subtitle_gen",
        "10_mux",
    ]
    command = [
        "ffprobe",
        "-v",
        "error",
        "-show_entries",
        "stream=codec_type",
        "-of",
        "csv=p=0",
        job / "10_mux" / "a.mkv",
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert found.split() == ["video", "audio", "subtitle"]
    cues = pysubs2.load(str(job / "09_subtitle_gen" / "a.en.srt"), encoding="utf-8")
    assert error_rate(odd_films.ENGLISH, " ".join(cue.plaintext for cue in cues)) <= 0.4
    assert cues[0].start == pytest.approx(odd_films.LATE_SPEECH_MS, abs=1500), "the film's clock, not that of its sound"


def test_a_disk_without_room_for_the_sound_is_named_and_room_mends_it(
    tmp_path: Path, project: Project, disk: Callable[..., Path]
) -> None:
    small = disk(tmp_path / "small", MIB)
    ours = dataclasses.replace(project, sheet="disk.tsv", output_root=str(small))
    ours.write_sheet({"user": "a", "media": odd_films.no_duration_header(tmp_path)})
    command = [ours.target("a", "demux")]
    done = ours.snakemake(*command)
    assert done.returncode != 0
    assert f"{ours.job('a')} has " in said(done) and "MB left" in said(done)
    assert "output_root" in said(done)
    assert support.failed_manifest(ours.job("a"), "demux")["errors"][0]["category"] == "disk"
    assert not (ours.job("a") / "01_demux" / "manifest.json").exists()
    disk(small, 16 * MIB)
    done = ours.snakemake(*command)
    assert done.returncode == 0, said(done)
    assert attempts(ours.job("a"), "demux") == ["01", "02"]


@pytest.mark.model
def test_a_disk_that_is_full_when_the_film_is_written_is_named_and_room_mends_it(
    tmp_path: Path, demo: Any, disk: Callable[..., Path]
) -> None:
    project = demo.project.copy(tmp_path / "copy")
    made = project.root / project.output_root
    kept = made.rename(tmp_path / "kept")
    disk(made, 64 * MIB)
    shutil.copytree(kept, made, dirs_exist_ok=True)
    used = shutil.disk_usage(made).used
    job = project.job("demo")
    again = {"mux": '{"default_track":"first"}'}

    disk(made, used + 3 * 4096)  # next to nothing is left: not even the log finds room
    done = project.snakemake(project.target("demo"), **again)
    assert done.returncode != 0
    assert "o space" in said(done) or "MB left" in said(done), said(done)
    assert "defect" not in said(done) and "Traceback" not in said(done), said(done)

    disk(made, used + MIB)  # surely too little: it is told before the work, and what was made before stands
    done = project.snakemake(project.target("demo"), **again)
    assert done.returncode != 0
    assert "10_mux is due" in said(done) and "lacks room" in said(done), said(done)
    assert (job / "10_mux" / "manifest.json").exists()

    disk(made, 128 * MIB)
    done = project.snakemake(project.target("demo"), **again)
    assert done.returncode == 0, said(done)
    assert attempts(job, "subtitle_gen") == ["01"], "what was finished is not done twice"
    assert support.manifest_of(job, "mux")["status"] == "success"
    assert json.loads((job / "manifest.json").read_text("utf-8"))["pipeline"]["status"] == "success"
