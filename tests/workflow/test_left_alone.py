"""What is finished, what another run works on, and what cannot be looked at is left alone, and said as what it is."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import support
from samvad.core import stages
from samvad.documents import job_manifest
from workflow import faults
from workflow.project import NOTHING, OPTIONAL, Project, attempts, environment, said

OFF = ",".join(OPTIONAL)


@pytest.fixture
def project(stood_in_copy: Project) -> Project:
    """Return a project whose second film is to be made, in few stages."""
    (stood_in_copy.root / "b.mkv").write_bytes(b"another film")
    stood_in_copy.write_sheet({"user": "a", "media": "a.mkv"}, {"user": "b", "media": "b.mkv", "stages_off": OFF})
    return stood_in_copy


@contextmanager
def held(project: Project, stage: str, *targets: str) -> Iterator[subprocess.Popen[bytes]]:
    """Begin a run, and go on when the second film's stage is at work and waits; it is let go at the end."""
    here, faults = project.root / "held", project.root / "faults"
    faults.write_text(f"{stage} b held\n", encoding="utf-8")
    run = subprocess.Popen(
        project.command(*targets), cwd=project.root, env=environment(), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 300
        while not here.exists():
            assert run.poll() is None and time.monotonic() < deadline, "the stage never began"
            time.sleep(0.02)
        faults.unlink()
        yield run
    finally:
        here.unlink(missing_ok=True)
        run.wait(300)


def manifest(job: Path, stage: str) -> Path:
    return job / stages.BY_NAME[stage].folder / "manifest.json"


def ends(job: Path) -> list[str]:
    """Return how the runs of a job ended, by its logs."""
    lines = [line for path in sorted((job / "logs").glob("99_pipeline_*.jsonl")) for line in path.open("rb")]
    return [event["status"] for event in map(json.loads, lines) if event["event"] == "job_finished"]


def test_a_run_from_another_clone_is_named_and_its_log_left_open_and_sigint_undoes_no_stage(
    project: Project, tmp_path: Path
) -> None:
    clone = project.copy(tmp_path / "clone")
    shutil.rmtree(clone.root / "made")
    (clone.root / "made").symlink_to(project.root / "made")
    job = project.job("b")
    with held(project, "asr", project.target("b")) as run:
        refused = clone.snakemake(project.target("b"))
        assert refused.returncode != 0 and f"process {run.pid} of " in said(refused)
        assert ends(job) == [], "it is the living run's"
        told = project.samvad("verify", job, "--mend", "--no-film")
        assert "Nothing is withdrawn, for a run is at work on it: process" in said(told)
        run.send_signal(signal.SIGINT)
        time.sleep(0.5)
    assert run.returncode != 0
    assert manifest(job, "asr").is_file() and not manifest(job, "translation").exists()
    done = clone.snakemake(project.target("b"))
    assert done.returncode == 0, said(done)
    assert attempts(job, "asr") == ["01"], "what had ended well is not done again"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])  # Ctrl-C; what systemd sends to all of a service
def test_what_somebody_stopped_is_called_so_in_all_records_and_the_same_command_goes_on(
    project: Project, number: signal.Signals
) -> None:
    job = project.job("b")
    with held(project, "asr", project.target("b")) as run:
        os.killpg(run.pid, number)
        run.wait(300)
    assert support.attempt_of(job, "asr")["status"] == "stopped"
    found = json.loads((job / "manifest.json").read_text("utf-8"))
    pipeline = found["pipeline"]
    assert (pipeline["status"], pipeline["stopped_stages"], pipeline["failed_stages"]) == ("stopped", ["asr"], [])
    assert (pipeline["next_stage"], found["stages"]["asr"]["status"]) == ("asr", "stopped")
    assert ends(job) == ["stopped"] and job_manifest.status(job) == "stopped"
    told = said(project.samvad("why", job))
    assert "b: stopped, last event" in told and "04_asr, attempt 1: stopped (StoppedError)" in told, told
    failures = said(project.samvad("query", "failures", job))
    assert "No stage has failed" in failures, failures
    done = project.snakemake(project.target("b"))
    assert done.returncode == 0, said(done)
    assert ends(job) == ["stopped", "success"] and attempts(job, "demux") == ["01"]


def test_every_film_of_a_killed_run_counts_as_what_it_is(project: Project) -> None:
    shutil.rmtree(project.job("a") / "10_mux")
    with held(project, "asr", project.target("a"), project.target("b")) as run:
        deadline = time.monotonic() + 100
        while not manifest(project.job("a"), "mux").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        run.kill()
    assert ends(project.job("a")) == ["success"], "of the run that had made it first"
    (project.job("b") / "04_asr" / "attempts" / "02").mkdir()  # one more try, killed before it said a word
    done = project.snakemake(project.target("b"))
    assert done.returncode == 0, said(done)
    assert ends(project.job("a")) == ["success", "success"], "it was done before the run was killed"
    # "failed" where the stage that had lost its run was still there to say so before it was killed, too.
    assert ends(project.job("b")) in (["incomplete", "success"], ["failed", "success"])


def test_a_film_that_is_away_is_named_and_neither_torn_down_nor_called_done(project: Project) -> None:
    (project.root / "a.mkv").rename(project.root / "elsewhere.mkv")
    done = project.snakemake(project.target("a"))
    assert done.returncode == 0 and NOTHING in said(done) and "the film a.mkv" in said(done)
    due = project.snakemake(project.target("a"), mux='{"container":"mp4"}')
    assert due.returncode != 0 and "the film a.mkv, which cannot be found" in said(due)
    assert manifest(project.job("a"), "mux").is_file()


def test_a_finished_film_whose_disk_is_away_is_done_for_samvad_film_and_named_by_samvad_shelf(
    project: Project, tmp_path: Path
) -> None:
    disk, other = tmp_path / "disk", tmp_path / "elsewhere"
    disk.mkdir()
    support.make_film(disk / "film.mp4")
    os.utime(disk / "film.mp4", (1e9, 1e9))
    wishes = ("--source=en", "--targets=en", "--user=me", f"--stages-off={OFF}")
    first = project.samvad("film", *wishes, disk / "film.mp4")
    assert first.returncode == 0, said(first)
    (job,) = project.root.glob("out/*/*/*/me/1")
    disk.rename(other)
    again = project.samvad("film", *wishes, disk / "film.mp4")
    assert again.returncode == 0 and f"the film {disk}/film.mp4" in said(again), said(again)
    new = project.samvad("film", *wishes[2:], "--source=en", "--targets=hi", disk / "film.mp4")
    assert new.returncode == 3 and "does not exist" in said(new), "other languages are another job, which needs it"
    disk.mkdir()  # where the disk is mounted when it is there
    shelf = project.samvad("shelf", *wishes, disk)
    assert shelf.returncode == 2 and "none of them is there" in said(shelf), said(shelf)
    assert f"not there any more: their jobs are left as they are (1):\n  {disk}/film.mp4" in said(shelf), said(shelf)
    disk.rmdir()
    other.rename(disk)
    back = project.samvad("shelf", *wishes, disk)
    assert back.returncode == 0 and "1 job: 0 new, 1 in the sheet" in said(back), said(back)
    assert attempts(job, "demux") == attempts(job, "mux") == ["01"]


def test_what_a_machine_of_a_cluster_lacks_is_named_and_what_was_made_before_stands(project: Project) -> None:
    job = project.job("a")
    faults.outdate(job, "mux")
    made = json.loads(manifest(job, "mux").read_text("utf-8"))["outputs"]
    (project.root / "faults").write_text("mux a elsewhere\n", encoding="utf-8")
    done = project.snakemake(project.target("a"))
    assert done.returncode != 0
    assert f"It is there on {platform.node()}, and not on node7" in said(done), said(done)
    assert json.loads(manifest(job, "mux").read_text("utf-8"))["outputs"] == made
    assert job_manifest.status(job) == "success"
    (project.root / "faults").unlink()
    faults.outdate(job, "mux")
    done = project.snakemake(project.target("a"))
    assert done.returncode == 0 and attempts(job, "mux") == ["01", "02", "03"], said(done)


def test_films_that_cannot_be_made_stop_no_others_and_the_run_ends_with_an_error(project: Project) -> None:
    project.write_sheet(
        {"user": "a", "media": "a.mkv"},
        {"user": "b", "media": "b.mkv", "stages_off": OFF},
        {"user": "lacking", "media": "b.mkv", "glossary": "gone.tsv"},
        {"user": "switched", "media": "b.mkv", "stages_off": "asr"},
        {"user": "wrong", "media": "b.mkv", "date": "2025-13-01"},
        {"user": "blocked", "media": "b.mkv"},
    )
    blocked = project.job("blocked") / "10_mux"
    blocked.parent.mkdir(parents=True)
    blocked.write_bytes(b"a file where a folder should be")
    done = project.snakemake("subtitle")
    assert done.returncode != 0
    assert "Traceback" not in said(done), said(done)
    assert manifest(project.job("b"), "mux").is_file() and attempts(project.job("a"), "mux") == ["01"]
    for part in (
        "a folder of its own",
        "film_glossary gone.tsv, which cannot",
        "cannot run without stage 04_asr",
        "line 6: date is '2025-",
    ):
        assert part in said(done)
    assert not any(project.job(user).exists() for user in ("lacking", "switched", "wrong")), "clear before the work"
    for user, part in (("lacking", "gone.tsv"), ("switched", "04_asr"), ("wrong", "No film in")):
        refused = project.snakemake(project.target(user))
        assert refused.returncode != 0 and part in said(refused)


def test_a_model_that_is_not_to_be_had_is_told_before_the_work_and_asked_for_only_where_it_is_needed(
    project: Project,
) -> None:
    project.write_sheet(
        {"user": "a", "media": "a.mkv"},
        {"user": "far", "media": "b.mkv", "stages_off": OFF, "settings": "asr.model=large-v3"},
        {"user": "near", "media": "b.mkv", "stages_off": OFF},
    )
    offline = {"HF_HUB_OFFLINE": "1"}
    both = project.snakemake("subtitle", env=offline)
    assert both.returncode != 0 and manifest(project.job("near"), "mux").is_file(), said(both)
    assert "04_asr is due" in said(both) and "lacks the model large-v3: it is not on this machine" in said(both)
    assert "HF_HUB_OFFLINE is set" in said(both) and "make model MODEL=large-v3" in said(both)
    assert not project.job("far").exists(), "before the work"
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": ""}
    alone = project.snakemake("-n", project.target("far"), env=nowhere)
    assert alone.returncode != 0 and "the hub 127.0.0.1:9 cannot be reached" in said(alone), said(alone)
    first = project.snakemake(project.target("far", "demux"), env=nowhere)
    assert first.returncode == 0 and manifest(project.job("far"), "demux").is_file(), "what needs no model is made"
    done = project.snakemake(project.target("near"), env=nowhere, asr='{"model":"base"}')
    assert done.returncode == 0 and NOTHING in said(done), said(done)


def test_a_profile_that_is_missing_is_no_matter_for_films_that_are_finished(project: Project) -> None:
    missing = project.root / "config" / "subtitle_profiles" / "netflix.yaml"
    missing.rename(project.root / "elsewhere.yaml")
    done = project.snakemake(project.target("a"))
    assert done.returncode == 0 and NOTHING in said(done) and "the profile netflix" in said(done)
    refused = project.snakemake(project.target("b"))
    assert refused.returncode != 0 and "no subtitle profile 'netflix'" in said(refused)
    assert not project.job("b").exists()


def test_what_could_not_begin_is_said_as_that(project: Project, tmp_path: Path) -> None:
    run = project.root / "envs" / "run"
    run.unlink()
    run.with_name("run-itself").rename(run)
    done = subprocess.run(
        project.command(project.target("b", "demux")), cwd=project.root, capture_output=True, text=True, check=False,
        env={**environment(), "SAMVAD_CACHE": str(tmp_path / "nothing")}, timeout=300,
    )  # fmt: skip
    assert done.returncode != 0 and "The environment 'media' is not built yet" in said(done)
    assert "killed" not in said(done) and "defect" not in said(done)
    record = json.loads((project.job("b") / "manifest.json").read_text("utf-8"))
    assert "is not built yet" in record["stages"]["demux"]["reason"]


def start_stage(project: Project, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [
        "envs/run",
        "media",
        "extract_audio.py",
        f"--job-folder={project.target('a', 'demux')}/../..",
        "--film=a",
    ]
    return subprocess.run(
        [*command, *options], cwd=project.root, env={**environment(), **variables},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def test_a_stage_whose_run_is_over_begins_nothing(project: Project) -> None:
    mark = project.root / ".snakemake" / "samvad_runs" / f"{platform.node()}-1-1.json"
    late = start_stage(project, "--media=a.mkv", SAMVAD_RUN=str(mark))
    assert late.returncode != 0 and "The run that started this stage is over" in late.stderr
    assert manifest(project.job("a"), "demux").is_file() and attempts(project.job("a"), "demux") == ["01"]


def test_wrong_options_are_an_error_of_the_options(project: Project) -> None:
    wrong = start_stage(project, "--media=a.mkv", "--no-such-option=1")
    assert wrong.returncode == 2 and "unrecognized arguments: --no-such-option=1" in wrong.stderr
    assert manifest(project.job("a"), "demux").is_file()


@pytest.mark.parametrize("damage", ["[]", "null"])
def test_damaged_records_of_another_film_end_no_run(project: Project, damage: str) -> None:
    for path in project.job("a").rglob("*.json"):
        path.write_text(damage, encoding="utf-8")
    done = project.snakemake(project.target("b", "demux"))
    assert done.returncode == 0, said(done)


def test_make_clean_refuses_while_a_run_is_at_work(project: Project) -> None:
    shutil.copy2(Path(__file__).resolve().parents[2] / "Makefile", project.root)
    with held(project, "demux", project.target("b", "demux")):
        refused = subprocess.run(["make", "clean"], cwd=project.root, capture_output=True, text=True, check=False)
        assert refused.returncode != 0 and "A run is at work here" in refused.stderr
        assert list((project.root / ".snakemake" / "samvad_runs").glob("*.json"))


@pytest.mark.parametrize("what", ["a file", "a file above", "a link to nothing", "a file for attempts"])
def test_a_film_whose_folder_cannot_be_is_left_out_and_the_shelf_goes_on(project: Project, what: str) -> None:
    project.write_sheet({"user": "b", "media": "b.mkv"}, {"user": "c", "media": "b.mkv", "stages_off": OFF})
    job = project.job("b")
    place = {"a file above": job.parent, "a file for attempts": job / "01_demux" / "attempts"}.get(what, job)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to("/nowhere/at/all") if what == "a link to nothing" else place.write_bytes(b"")
    asked_for = project.snakemake(project.target("b"))
    assert asked_for.returncode != 0 and "Traceback" not in said(asked_for)
    assert f"{place.relative_to(project.root)} is no" in said(asked_for), said(asked_for)[-2000:]
    shelf = project.snakemake("subtitle")
    assert shelf.returncode != 0 and "Traceback" not in said(shelf)
    assert "Not everything that was asked for is done" in said(shelf) and "move it away" in said(shelf)
    assert ends(project.job("c")) == ["success"]


@pytest.fixture
def locked() -> Iterator[Callable[[Path], None]]:
    """Return a function that lets nobody write into a folder, not even root."""
    folders = []

    def lock(folder: Path) -> None:
        folders.append(folder)
        if os.geteuid():
            folder.chmod(0o500)
        elif subprocess.run(["chattr", "+i", folder], capture_output=True, check=False).returncode:
            pytest.skip("this disk knows no files that nobody may change")

    yield lock
    for folder in folders:
        folder.chmod(0o700) if os.geteuid() else subprocess.run(["chattr", "-i", folder], check=True)


def test_a_film_whose_folder_cannot_be_written_into_is_left_out_and_the_shelf_goes_on(
    project: Project, locked: Callable[[Path], None]
) -> None:
    job = project.job("b")
    job.mkdir(parents=True)
    (manifest(project.job("a"), "mux")).unlink()
    locked(job)
    done = project.snakemake(project.target("a"), project.target("b"))
    assert done.returncode == 1 and "Traceback" not in said(done), said(done)
    assert f"change the permissions of {project.output_root}/" in said(done)
    assert manifest(project.job("a"), "mux").is_file(), said(done)


@pytest.mark.parametrize("is_empty", [False, True])
def test_a_folder_that_becomes_read_only_while_a_stage_works_in_it_ends_no_other_film(
    project: Project, locked: Callable[[Path], None], is_empty: bool
) -> None:
    if is_empty:  # Snakemake has made it, and the stage is about to begin
        script, line = project.root / "scripts" / "mux_subtitles.py", "from __future__ import annotations\n"
        script.write_text(script.read_text("utf-8").replace(line, f"{line}import time; time.sleep(2)\n"), "utf-8")
    project.work_first("mux_subtitles.py", "if run.film == 'b': time.sleep(1); raise OSError(30, 'Read-only', 'b')")
    project.work_first("extract_audio.py", "if run.film == 'a': time.sleep(4)")
    shutil.rmtree(project.job("a"))
    with subprocess.Popen(
        project.command(project.target("b"), project.target("a"), "--retries", "0"), cwd=project.root,
        env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as run:  # fmt: skip
        folder, deadline = manifest(project.job("b"), "mux").parent, time.monotonic() + 300
        while not (folder if is_empty else folder / "attempts" / "01").is_dir():
            assert run.poll() is None and time.monotonic() < deadline, "the stage never began"
            time.sleep(0.02)
        (folder / "stage.log").unlink(missing_ok=True)
        locked(folder)
        told = run.communicate(timeout=300)[0]
    assert run.returncode == 1 and "Traceback" not in told, told
    assert manifest(project.job("a"), "mux").is_file(), told
