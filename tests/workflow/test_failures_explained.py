"""Four films fail in four ways, and one command says why each did."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

import odd_films
from workflow.project import OPTIONAL, Project, environment, said

pytestmark = [pytest.mark.model]

OFF = ",".join(OPTIONAL)
MIB = 1 << 20


class _InTrouble(http.server.BaseHTTPRequestHandler):
    """A hub that is there, and gives nothing: what the plan cannot know before the work."""

    def do_HEAD(self) -> None:
        """Answer that it is in trouble."""
        self.send_error(503)


def asked(project: Project, *words: object) -> str:
    """Return what `samvad query` answers, as it is typed in the project's folder."""
    command = ["./samvad", "query", *map(str, words), project.output_root]
    done = subprocess.run(command, cwd=project.root, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, said(done)
    return done.stdout


def why(project: Project, film: str) -> dict[str, Any]:
    """Return the one cause that ``why`` gives for a film."""
    (verdict,) = json.loads(asked(project, "why", film, "--json"))
    assert verdict["film"] == film
    (cause,) = verdict["causes"]
    return {**cause, "state": verdict["state"]}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Project:
    """Run a film that is cut short, and one whose model lies on a hub that gives nothing."""
    films = tmp_path_factory.mktemp("films")
    ours = dataclasses.replace(project, sheet="failing.tsv", output_root="failing")
    ours.write_sheet(
        {"user": "cut", "media": odd_films.truncated(films)},
        {"user": "far", "media": odd_films.audio_only(films), "stages_off": OFF},
    )
    targets = (ours.target("cut", "demux"), ours.target("far", "asr"))
    model = '{"model":"nobody/no-model","revision":"' + 40 * "0" + '"}'
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _InTrouble) as hub:
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{hub.server_address[1]}"
        done = ours.snakemake("--keep-going", *targets, env={"HF_ENDPOINT": address, "HF_HUB_OFFLINE": ""}, asr=model)
        hub.shutdown()
    assert done.returncode != 0, said(done)
    return ours


def test_bad_media_is_named_with_its_file(failed: Project) -> None:
    cause = why(failed, "cut")
    assert (cause["state"], cause["stage"], cause["category"]) == ("failed", "demux", "media")
    assert "is cut short" in cause["message"] and Path(cause["file"]).name == "truncated.mp4"
    assert (failed.root / cause["log"]).is_file()
    tools = ("ffprobe: [", "ffmpeg: [")
    assert any(tool in line for line in cause["last_lines"] for tool in tools), "the tool's own words"


def test_a_service_that_cannot_be_reached_is_named(failed: Project) -> None:
    cause = why(failed, "far")
    assert (cause["state"], cause["stage"], cause["category"]) == ("failed", "asr", "network")
    assert "nobody/no-model" in cause["message"] and "127.0.0.1" in cause["message"]
    assert "connection" in cause["remedy"]


def test_what_people_read_says_all_of_it_within_100_columns(failed: Project) -> None:
    text = asked(failed, "why", "cut")
    assert "01_demux, attempt 1: media (MediaError)" in text
    for word in ("Why:", "File:", "Log:", "Do:", "Last lines", "attempts/01/stage.log"):
        assert word in text, word
    explained = text.split("Last lines")[0]
    paths = [part for line in explained.splitlines() if len(line) > 100 for part in line.split() if len(part) < 80]
    assert paths == [], "no line is longer than 100 columns, unless a path is"


def test_all_failures_are_listed_newest_first(failed: Project) -> None:
    rows = json.loads(asked(failed, "failures", "--json"))
    assert {(row["film"], row["category"]) for row in rows} == {("cut", "media"), ("far", "network")}
    assert [row["failed_at"] for row in rows] == sorted((row["failed_at"] for row in rows), reverse=True)


def start_recognition(project: Project, film: Path, attempt: int) -> subprocess.Popen[bytes]:
    """Start a run of one film, and wait until stage 04 is at work on it."""
    project.write_sheet({"user": "gone", "media": film, "stages_off": OFF})
    command = project.command(project.target("gone", "asr"), "--retries", 0)
    run = subprocess.Popen(
        command,
        cwd=project.root,
        env=environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    log = project.job("gone") / "04_asr" / "attempts" / f"{attempt:02d}" / "events.jsonl"
    deadline = time.monotonic() + 120
    while not (log.exists() and log.stat().st_size):
        assert run.poll() is None and time.monotonic() < deadline, "stage 04 never began"
        time.sleep(0.05)
    return run


def recognisers(run: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the processes of a run that work on stage 04."""
    found = []
    for child in psutil.Process(run.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended since, and perhaps nobody has asked how
            if any("recognize_speech.py" in word for word in child.cmdline()):
                found.append(child)
    return found


def test_a_stage_that_is_killed_and_a_run_that_is_killed_are_told(tmp_path: Path, project: Project) -> None:
    ours = dataclasses.replace(project, sheet="gone.tsv", output_root="gone")
    film = odd_films.audio_only(tmp_path)
    with start_recognition(ours, film, 1) as run:
        for process in recognisers(run):
            process.kill()
        assert run.wait(timeout=300) != 0
    cause = why(ours, "gone")
    assert (cause["state"], cause["stage"], cause["category"]) == ("failed", "asr", "killed")
    assert "killed" in cause["message"] and "run the same command again" in cause["remedy"]

    unlocked = ours.snakemake(ours.target("gone", "asr"), "--unlock")
    assert unlocked.returncode == 0, said(unlocked)
    with start_recognition(ours, film, 2) as run:
        (running,) = json.loads(asked(ours, "active", "--json"))
        assert (running["film"], running["stages"], running["state"]) == ("gone", "asr", "running")
        os.killpg(run.pid, signal.SIGKILL)
        run.wait(timeout=300)
    (killed,) = json.loads(asked(ours, "active", "--json"))
    assert killed["state"] == "killed" and killed["run_id"] == running["run_id"]
    cause = why(ours, "gone")
    assert (cause["state"], cause["stage"], cause["attempt"], cause["category"]) == ("killed", "asr", 2, "killed")
    unlocked = ours.snakemake(ours.target("gone", "asr"), "--unlock")
    assert unlocked.returncode == 0, said(unlocked)


def test_a_full_disk_is_named(tmp_path: Path, project: Project) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MIB}", "samvad-test", small]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        ours = dataclasses.replace(project, sheet="full.tsv", output_root=str(small))
        ours.write_sheet({"user": "full", "media": odd_films.no_duration_header(tmp_path)})
        done = ours.snakemake(ours.target("full", "demux"))
        assert done.returncode != 0, said(done)
        cause = why(ours, "full")
        with contextlib.suppress(OSError), (small / "filler").open("wb") as filler:
            filler.write(bytes(2 * MIB))
        note = " ".join(asked(ours, "why", "full").split("Note: ")[-1].split())
    finally:
        subprocess.run(["umount", "-l", small], check=True)
    assert (cause["state"], cause["stage"], cause["category"]) == ("failed", "demux", "disk")
    assert "is full" in note, "what comes now may leave no log"
    assert str(small) in cause["file"] and "Free some space" in cause["remedy"]
