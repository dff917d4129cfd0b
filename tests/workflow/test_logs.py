"""What a run leaves to be read: events of several films at once, after kills, and never a secret."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

import odd_films
from workflow.project import Project, environment, new_project, said

TMDB_KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
HUB_TOKEN = "hf_PlantedPlantedPlantedPlanted00"
ODD_SECRET = "pa$$ 'w\"ord"
SECRETS = {"TMDB_API_KEY": TMDB_KEY, "HF_TOKEN": HUB_TOKEN, "SAMVAD_STORE_PASSWORD": ODD_SECRET}
OFF = "ner,lyrics_detection,hallucination_removal"


class SilentServer:
    """A service that takes every request and never answers: a stage that asks it is at work until it is ended."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.asked = threading.Event()
        self._held: list[socket.socket] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                self._held.append(self.socket.accept()[0])
            except OSError:
                return
            self.asked.set()


@pytest.fixture(scope="module")
def silent_server() -> Iterator[SilentServer]:
    server = SilentServer()
    yield server
    server.socket.close()


class Run(NamedTuple):
    """A run of three films, one of which is none, with secrets in its environment."""

    project: Project
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def shelf_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Take three films through stages 01 to 03; a port that nobody listens on stands for TMDB."""
    folder = tmp_path_factory.mktemp("logs")
    project = new_project(folder / "project")
    film = odd_films.audio_offset_5s_mp4(folder)
    none = folder / f"token={HUB_TOKEN}.mp4"
    none.write_bytes(bytes(range(256)) * 4)
    project.write_sheet(
        *({"user": user, "media": none if user == "c" else film, "stages_off": OFF} for user in ("a", "b", "c"))
    )
    done = project.snakemake(
        *(project.target(user, stage) for user in ("a", "b", "c") for stage in ("demux", "glossary_load")),
        env={
            **SECRETS,
            "SAMVAD_TMDB_URL": "http://127.0.0.1:9",
            "SAMVAD_RUN_ID": "nightly-7",
            "SAMVAD_PARENT_JOB_ID": "archive/3",
        },
        logs='{"per_stage_links":true}',
        network='{"attempts":1}',
    )
    return Run(project, done)


def log_of(job: Path, suffix: str = "jsonl", which: int = -1) -> Path:
    return sorted((job / "logs").glob(f"99_pipeline_*.{suffix}"))[which]


def events_of(job: Path, which: int = -1) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log_of(job, which=which).read_text("utf-8").splitlines()]


def named(events: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [(event["event"], event["stage"], event.get("status")) for event in events if event["event"] in names]


def test_the_events_of_each_film_tell_its_whole_story(shelf_run: Run) -> None:
    events = events_of(shelf_run.project.job("a"))
    assert {(event["run_id"], event["film"], event["job_id"], event["parent_job_id"]) for event in events} == {
        ("nightly-7", "a", "a/1", "archive/3")
    }
    first, *results, last = named(events, "job_received", "stage_result", "job_finished")
    assert (first, last) == (("job_received", None, None), ("job_finished", None, "incomplete"))
    assert sorted(results) == [  # the first two are at work at once
        ("stage_result", "demux", "success"),
        ("stage_result", "glossary_load", "success"),
        ("stage_result", "tmdb", "skipped"),
    ]
    for stage in ("demux", "tmdb", "glossary_load"):
        assert [event["event"] for event in events if event["event"].startswith(f"{stage}_")] == [
            f"{stage}_started",
            f"{stage}_completed",
        ]
    result = next(event for event in events if event["event"] == "stage_result" and event["stage"] == "demux")
    assert result["counts"]["output_bytes"] > 100_000 and result["counts"]["peak_rss_mb"] > 1
    assert events[-1]["counts"]["film_seconds"] == pytest.approx(10, abs=0.5)


def test_every_line_of_every_attempt_is_in_the_merged_log_once(shelf_run: Run) -> None:
    for user in ("a", "b", "c"):
        job = shelf_run.project.job(user)
        for channel, merged in (("events", "99_pipeline"), ("performance", "99_performance")):
            written = Counter(
                line
                for path in job.glob(f"*/attempts/*/{channel}*.jsonl")
                for line in path.read_text("utf-8").splitlines()
            )
            found = Counter(next((job / "logs").glob(f"{merged}_*.jsonl")).read_text("utf-8").splitlines())
            assert written <= found
            assert all('"logger":"samvad.pipeline"' in line for line in found - written)
            assert written


def test_a_failure_says_why_in_every_log(shelf_run: Run) -> None:
    job = shelf_run.project.job("c")
    assert shelf_run.done.returncode != 0
    events = events_of(job)
    failed = [event for event in events if event.get("error_category")]
    assert [event["event"] for event in failed] == ["demux_failed", "stage_result"]
    for event in failed:
        assert event["error_category"] == "media" and event["error_type"] == "MediaError"
        assert "Invalid data found when processing input" in event["error_message"]
        assert "The program's last lines:" in event["traceback"]
    assert events[-1]["status"] == "failed" and events[-1]["counts"]["stages_failed"] == 1
    for text in (log_of(job, "log").read_text("utf-8"), (job / "01_demux" / "stage.log").read_text("utf-8")):
        assert "Invalid data found when processing input" in text
    assert "Invalid data found when processing input" in said(shelf_run.done)


def test_the_pipelines_log_has_its_form_and_says_how_far_the_film_is(shelf_run: Run) -> None:
    lines = log_of(shelf_run.project.job("a"), "log").read_text("utf-8").splitlines()
    for line in lines:
        assert re.match(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] \[pipeline\] \[(INFO|WARNING|ERROR)\] \S", line), line
    assert any(re.search(r"\[INFO\] Stage demux: success \(\d+\.\d s\)$", line) for line in lines)
    assert any("Stage glossary_load: started (" in line and " of 7 done)" in line for line in lines)
    assert any("Started by " in line for line in lines)


def test_links_to_the_logs_of_the_stages_are_made_on_request(shelf_run: Run) -> None:
    links = {path.name: path for path in (shelf_run.project.job("a") / "logs").iterdir() if path.is_symlink()}
    assert [re.sub(r"\d{8}_\d{6}", "START", name) for name in sorted(links)] == [
        "01_demux_START.log",
        "02_tmdb_START.log",
        "03_glossary_load_START.log",
    ]
    assert all("Stage " in path.read_text("utf-8") for path in links.values())


def test_the_stages_logs_have_what_the_programs_said(shelf_run: Run) -> None:
    text = (shelf_run.project.job("a") / "01_demux" / "stage.log").read_text("utf-8")
    assert re.search(r"\[demux\] \[DEBUG\] ffmpeg ended after [\d.]+ s: \d+ bytes written to audio.wav", text)
    assert "out_time" not in text and "speed=" not in text


def test_no_secret_is_in_anything_that_the_run_leaves_or_says(shelf_run: Run) -> None:
    folder = shelf_run.project.root
    known = (folder / "shelf.tsv").read_text("utf-8")
    assert HUB_TOKEN in known, "the film's own name has it: only there, and where the path itself is recorded"
    looked_at = 0
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and ".venv" not in path.parts and path.name != "shelf.tsv":
            content = path.read_bytes()
            looked_at += 1
            assert TMDB_KEY.encode() not in content, path
            for form in (ODD_SECRET, json.dumps(ODD_SECRET)[1:-1]):
                assert form.encode() not in content, path
            if path.suffix in (".log", ".jsonl") and ".snakemake" not in path.parts:
                assert HUB_TOKEN.encode() not in content, path
            if path.name == "manifest.json" and "attempts" in path.parts:
                record = json.loads(content)
                assert HUB_TOKEN not in json.dumps([record["errors"], record["warnings"]]), path
    assert looked_at > 50
    assert TMDB_KEY not in said(shelf_run.done) and ODD_SECRET not in said(shelf_run.done)


def test_plain_lines_say_what_goes_on_in_place_of_snakemakes(shelf_run: Run) -> None:
    text = said(shelf_run.done)
    assert re.search(r"^\[\d\d:\d\d:\d\d\] a: 01_demux started$", text, re.MULTILINE)
    assert re.search(r"^\[\d\d:\d\d:\d\d\] a: 01_demux success \(0:\d\d\)$", text, re.MULTILINE)
    assert re.search(r"^\[\d\d:\d\d:\d\d\] c: 01_demux failed", text, re.MULTILINE)
    for noise in ("Finished jobid", "Error in rule demux", "RuleException", "CalledProcessError", "WorkflowError"):
        assert noise not in text, noise
    whole = "".join(path.read_text("utf-8") for path in (shelf_run.project.root / ".snakemake/log").iterdir())
    assert "Error in rule demux" in whole, "Snakemake's own log has it"


def test_what_a_stage_warns_of_and_why_one_failed_is_told_once(shelf_run: Run) -> None:
    text = said(shelf_run.done)
    assert "[WARNING]" not in text and "[ERROR]" not in text, "stages print nothing that the run tells"
    (why,) = re.findall(r"c: 01_demux failed \(0:\d\d\): (.+)", text)
    assert text.count(why.removesuffix(" …")) == 2, "when it happens, and at the end, whole if it is long"


def test_an_id_that_is_none_is_refused_before_anything_runs(project: Project) -> None:
    project.write_sheet({"user": "a", "media": "none.mp4"})
    done = project.snakemake(project.target("a", "demux"), env={"SAMVAD_RUN_ID": "two words"})
    assert done.returncode != 0 and "SAMVAD_RUN_ID is 'two words'" in said(done)
    assert not project.job("a").exists()


# -- kills -------------------------------------------------------------------------------------------------------------


class Killed(NamedTuple):
    """A film whose stage 02 was killed, then the whole run in the same stage; then the command again to its end."""

    job: Path
    run_ids: list[str]


def wait_for(process: subprocess.Popen[bytes], server: SilentServer) -> None:
    assert server.asked.wait(120) and process.poll() is None, "stage 02 never began"
    time.sleep(0.3)


def run_id(job: Path) -> str:
    return str(json.loads((job / "run.json").read_text("utf-8"))["run_id"])


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory, silent_server: SilentServer) -> Killed:
    folder = tmp_path_factory.mktemp("killed_logs")
    project = new_project(folder / "project")
    project.write_sheet({"user": "a", "media": odd_films.audio_offset_5s_mp4(folder), "stages_off": OFF})
    job, target, run_ids = project.job("a"), project.target("a", "glossary_load"), []
    env = {**environment(), "TMDB_API_KEY": TMDB_KEY, "SAMVAD_TMDB_URL": silent_server.url}
    for whole_run in (False, True):
        silent_server.asked.clear()
        with subprocess.Popen(
            project.command(target, network='{"timeout_seconds":60}'),
            cwd=project.root,
            env=env,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            wait_for(process, silent_server)
            run_ids.append(run_id(job))
            if whole_run:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                stage = [
                    child
                    for child in psutil.Process(process.pid).children(recursive=True)
                    if any(word.endswith("fetch_metadata.py") for word in child.cmdline()) and "python" in child.name()
                ]
                stage[-1].kill()
    command = [target]
    again = project.snakemake(*command)
    if again.returncode:
        assert project.snakemake(*command, "--unlock").returncode == 0
        again = project.snakemake(*command)
    assert again.returncode == 0, said(again)
    run_ids.append(run_id(job))
    return Killed(job, run_ids)


def test_a_stage_that_was_killed_has_a_result_that_says_so(killed: Killed) -> None:
    events = events_of(killed.job, 0)
    result = next(event for event in events if event["event"] == "stage_result" and event["stage"] == "tmdb")
    assert (result["status"], result["error_category"], result["attempt"]) == ("failed", "killed", 1)
    assert named(events, "tmdb_started", "tmdb_completed", "tmdb_failed") == [("tmdb_started", "tmdb", "running")]
    assert named(events, "job_finished") == [("job_finished", None, "failed")]
    assert "killed" in log_of(killed.job, "log", 0).read_text("utf-8")


def test_a_run_that_was_killed_is_brought_to_its_end_by_the_next_one(killed: Killed) -> None:
    events = events_of(killed.job, 1)
    assert {event["run_id"] for event in events} == {killed.run_ids[1]}
    assert named(events, "job_received", "tmdb_started", "stage_result", "job_finished") == [
        ("job_received", None, None),
        ("tmdb_started", "tmdb", "running"),
        ("stage_result", "tmdb", "failed"),
        ("job_finished", None, "failed"),
    ]
    assert all(event["attempt"] == 2 for event in events if event["stage"] == "tmdb")


def test_no_line_is_lost_and_none_is_there_twice_after_kills(killed: Killed) -> None:
    written = [
        line
        for path in sorted(killed.job.glob("*/attempts/*/events*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
    found = Counter(
        line
        for path in (killed.job / "logs").glob("99_pipeline_*.jsonl")
        for line in path.read_text("utf-8").splitlines()
    )
    assert Counter(written) <= found and max(found.values()) == 1
    assert len({json.loads(line)["attempt"] for line in written if '"stage":"tmdb"' in line}) == 3


def test_each_run_names_the_one_before_it(killed: Killed) -> None:
    assert len(set(killed.run_ids)) == 3
    assert json.loads((killed.job / "run.json").read_text("utf-8"))["parent_run_id"] == killed.run_ids[1]
    assert named(events_of(killed.job), "stage_result", "job_finished") == [
        ("stage_result", "tmdb", "skipped"),
        ("stage_result", "glossary_load", "success"),
        ("job_finished", None, "incomplete"),
    ]
