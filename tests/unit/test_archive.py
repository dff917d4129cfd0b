"""Looking back at jobs: what verification finds of each kind of damage, and what the history tells."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import wcwidth

import support
from samvad.commands import export as export_crate
from samvad.commands import history as show_history
from samvad.commands import verify as verify_job
from samvad.core import files, stages
from samvad.core.errors import ChangedFileError
from samvad.documents import job_folder, stage_manifest
from samvad.reporting.archive import crate_files, history, history_text, verify
from samvad.runner import staging
from samvad.workflow import run_log

FILM_NAME = "-दिल \"से\" $HOME\n'98'.mkv"
TITLE = "दिल से.. 100% 🎬"
RUN = "test_20250101T000000Z_abc123"


def write_run(job: Path, run_id: str = RUN) -> None:
    facts = {"run_id": run_id, "parent_run_id": None, "workflow": "subtitle", "film": "test", "title": TITLE}
    files.write_json(job / "run.json", {**facts, "year": 1998, "media": FILM_NAME})


def stage(job: Path, name: str, outputs: dict[str, tuple[str, bytes]], *inputs: dict[str, Any]) -> dict[str, Any]:
    """Make a finished stage with the record of its attempt; return the records of its outputs by type."""
    folder = job / stages.BY_NAME[name].folder
    path = support.finished_stage(job, name, outputs, list(inputs))
    (folder / "attempts" / "01").mkdir(parents=True)
    shutil.copy2(path, folder / "attempts" / "01" / "manifest.json")
    return {item["type"]: item for item in json.loads(path.read_text("utf-8"))["outputs"]}


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job of four stages, with the film beside it."""
    film = tmp_path / FILM_NAME
    film.write_bytes(b"film" * 1000)
    return make(tmp_path, film)


def make(place: Path, film: Path, number: int = 1) -> Path:
    job = support.make_job(place, f"out/2025/01/01/tester/{number}")
    write_run(job)
    source = support.file_record(film, "film")
    first = stage(job, "demux", {"audio": ("audio.wav", b"sound"), "probe": ("probe.json", b"{}")}, source)
    heard = stage(job, "asr", {"segments": ("segments.json", b"[1]")}, first["audio"])
    cues = stage(job, "subtitle_gen", {"srt_en": ("test.en.srt", b"1\n")}, heard["segments"], first["probe"])
    stage(job, "mux", {"subtitled_film": ("test.mkv", b"mkv" * 500)}, source, first["probe"], cues["srt_en"])
    return job


def edit(job: Path, name: str, change: Callable[[dict[str, Any]], None], *, both: bool = True) -> None:
    """Change what a stage's manifest says, and its attempt's."""
    folder = job / stages.BY_NAME[name].folder
    for path in (folder / "manifest.json", *([folder / "attempts" / "01" / "manifest.json"] if both else [])):
        manifest = json.loads(path.read_text("utf-8"))
        change(manifest)
        files.write_json(path, manifest)


def verified(job: Path, **options: Any) -> verify.Report:
    return verify.verify(job_folder.load(job), verify.Hasher(2, lambda count: None), verify.Options(**options))


def wrong(report: verify.Report) -> set[tuple[str, str]]:
    return {(found.status, found.path) for found in report.findings if found.status in verify.EXIT_CODES}


def flip_a_byte(path: Path) -> None:
    """Change a file so that neither its size nor its time tells."""
    status, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_job_that_nobody_touched_is_well_and_leads_back_to_its_film(job: Path) -> None:
    report = verified(job)
    assert wrong(report) == set() and report.exit_code == 0
    film = str(job.parents[5] / FILM_NAME)
    assert [(step.read_by, step.written_by) for step in report.lineage if step.path == film] == [
        ("10_mux", None),
        ("01_demux", None),
    ]
    assert {(step.read_by, step.written_by) for step in report.lineage} >= {
        ("10_mux", "09_subtitle_gen"),
        ("09_subtitle_gen", "04_asr"),
        ("04_asr", "01_demux"),
    }


def film_of(job: Path) -> Path:
    return job.parents[5] / FILM_NAME


def set_input(index: int, checksum: str) -> Callable[[dict[str, Any]], None]:
    def change(manifest: dict[str, Any]) -> None:
        manifest["inputs"][index]["checksum"] = checksum

    return change


def made_again(job: Path) -> None:
    """Stage 04 has run once more and written something else; 09 has not read it."""
    (job / "04_asr" / "segments.json").write_bytes(b"[2]")
    output = support.file_record(job / "04_asr" / "segments.json", "segments", "04_asr/segments.json")
    manifest = json.loads((job / "04_asr" / "manifest.json").read_text("utf-8"))
    manifest |= {"attempt": 2, "outputs": [output]}
    (job / "04_asr" / "attempts" / "02").mkdir()
    files.write_json(job / "04_asr" / "attempts" / "02" / "manifest.json", manifest)
    files.write_json(job / "04_asr" / "manifest.json", manifest)


ZEROS = "sha256:" + "0" * 64
DAMAGE: dict[str, tuple[Callable[[Path], object], int, tuple[str, str]]] = {
    "a byte of a result": (
        lambda job: flip_a_byte(job / "09_subtitle_gen" / "test.en.srt"),
        10,
        ("changed", "09_subtitle_gen/test.en.srt"),
    ),
    "a byte of the film": (lambda job: flip_a_byte(film_of(job)), 10, ("changed", "FILM")),
    "a result that grew": (
        lambda job: (job / "10_mux" / "test.mkv").write_bytes(b"more" * 5000),
        10,
        ("changed", "10_mux/test.mkv"),
    ),
    "a final manifest": (
        lambda job: edit(job, "asr", lambda m: m.update(duration_seconds=9.9), both=False),
        10,
        ("changed", "04_asr/manifest.json"),
    ),
    "a lost result": (lambda job: (job / "10_mux" / "test.mkv").unlink(), 11, ("missing", "10_mux/test.mkv")),
    "a lost film": (lambda job: film_of(job).unlink(), 11, ("missing", "FILM")),
    "a folder in the place of a file": (
        lambda job: ((job / "10_mux" / "test.mkv").unlink(), (job / "10_mux" / "test.mkv").mkdir()),
        11,
        ("missing", "10_mux/test.mkv"),
    ),
    "an unknown key": (
        lambda job: edit(job, "asr", lambda m: m.update(colour="red")),
        12,
        ("invalid", "04_asr/manifest.json"),
    ),
    "a record cut off": (
        lambda job: (job / "04_asr" / "manifest.json").write_text('{"schema_version": "1.0"'),
        12,
        ("invalid", "04_asr/manifest.json"),
    ),
    "a contradiction": (
        lambda job: edit(job, "asr", lambda m: m["config"].update(beam=5)),
        12,
        ("invalid", "04_asr/manifest.json"),
    ),
    "a record of another stage": (
        lambda job: shutil.copy2(job / "01_demux" / "manifest.json", job / "04_asr" / "manifest.json"),
        12,
        ("invalid", "04_asr/manifest.json"),
    ),
    "a checksum that nobody wrote": (
        lambda job: edit(job, "subtitle_gen", set_input(0, ZEROS)),
        13,
        ("broken", "04_asr/segments.json"),
    ),
    "another film at the end than at the beginning": (
        lambda job: edit(job, "mux", set_input(0, ZEROS)),
        13,
        ("broken", "FILM"),
    ),
    "a stage that was made again": (made_again, 14, ("stale", "04_asr/segments.json")),
    "a stage that was undone": (
        lambda job: (job / "04_asr" / "manifest.json").unlink(),
        14,
        ("stale", "04_asr/segments.json"),
    ),
    "a file that nobody named": (
        lambda job: (job / "10_mux" / "नोट $x\n.txt").write_text("?"),
        15,
        ("orphaned", "10_mux/नोट $x\n.txt"),
    ),
    "half a file of a killed attempt": (
        lambda job: ((job / "10_mux" / ".work-02").mkdir(), (job / "10_mux" / ".work-02" / "a.mkv").write_text("?")),
        15,
        ("orphaned", "10_mux/.work-02/a.mkv"),
    ),
    "a stray file beside the stages": (lambda job: (job / "notes.txt").write_text("?"), 15, ("orphaned", "notes.txt")),
    "a broken link": (lambda job: (job / "logs").symlink_to("nowhere"), 15, ("orphaned", "logs")),
}


def test_links_to_the_logs_of_attempts_are_known(job: Path) -> None:
    (job / "logs").mkdir()
    (job / "04_asr" / "attempts" / "01").mkdir(parents=True, exist_ok=True)
    (job / "04_asr" / "attempts" / "01" / "stage.log").write_text("…")
    link, stray = job / "logs" / "04_asr_20250101_120000.log", job / "logs" / "05_ner_20250101_120000.log"
    link.symlink_to("../04_asr/attempts/01/stage.log")
    stray.symlink_to("/etc/hostname")
    assert [path for _, path in wrong(verified(job))] == ["logs/05_ner_20250101_120000.log"]


@pytest.mark.parametrize("fault", DAMAGE)
def test_damage_is_found_and_named(job: Path, fault: str) -> None:
    damage, code, (status, path) = DAMAGE[fault]
    damage(job)
    report = verified(job)
    assert (status, path.replace("FILM", str(film_of(job)))) in wrong(report)
    assert report.exit_code <= code, "of the gravest finding"
    if status not in ("invalid", "stale"):
        assert {found for found, _ in wrong(report)} <= {status, "orphaned"} and report.exit_code == code


@pytest.mark.parametrize("fault", DAMAGE)
def test_what_is_found_is_mended_by_what_is_named(job: Path, fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Commands are run as they stand; a film is put back. What is left tells of work to do, and of no fault."""
    film = film_of(job).read_bytes()
    DAMAGE[fault][0](job)
    for _ in range(2):  # what a first remedy withdraws may show another file that nobody named
        for finding in verified(job).findings:
            assert bool(finding.remedy) == (finding.status in verify.EXIT_CODES), finding
            if finding.remedy.startswith(verify.MEND):
                verify_job.main([*shlex.split(finding.remedy)[2:], "--no-film"])
            elif finding.remedy.startswith("rm "):
                subprocess.run(["sh", "-c", finding.remedy], check=True)
            elif finding.remedy:
                assert "put the file back" in finding.remedy
                film_of(job).write_bytes(film)
    report = verified(job)
    assert wrong(report) == set() and report.exit_code == 0, capsys.readouterr().out


def test_what_an_earlier_attempt_made_is_told_and_is_no_fault(job: Path) -> None:
    """A track of a language that is asked for no more, for one."""
    (job / "04_asr" / "old.json").write_bytes(b"[]")
    made_again(job)
    old = support.file_record(job / "04_asr" / "old.json", "old", "04_asr/old.json")
    path = job / "04_asr" / "attempts" / "01" / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    files.write_json(path, {**manifest, "outputs": [*manifest["outputs"], old]})
    found = {finding.path: finding for finding in verified(job).findings}["04_asr/old.json"]
    assert (found.status, found.note) == ("unchecked", "an earlier attempt made it")


def test_mending_leaves_alone_what_is_whole_and_the_films_finished_file(job: Path) -> None:
    assert verify.mend(verified(job)) == []
    flip_a_byte(job / "09_subtitle_gen" / "test.en.srt")
    gone = verify.mend(verified(job))
    assert {path.relative_to(job).as_posix() for path in gone} == {
        "09_subtitle_gen/manifest.json", "10_mux/manifest.json", "manifest.json",
    }  # fmt: skip
    assert (job / "10_mux" / "test.mkv").exists() and (job / "04_asr" / "manifest.json").exists()


@pytest.mark.parametrize("last", ["glossary_load", "demux"])
def test_a_job_that_was_stopped_after_any_stage_is_whole(job: Path, last: str) -> None:
    """A glossary is made of glossaries: no line leads from it to the film, and none has to."""
    for folder in ("04_asr", "09_subtitle_gen", "10_mux"):
        shutil.rmtree(job / folder)
    if last == "glossary_load":
        stage(job, "glossary_load", {"glossary": ("glossary.json", b"{}")})
    report = verified(job)
    assert wrong(report) == set() and report.exit_code == 0
    assert [step.read_by for step in report.lineage] == ["01_demux"]


def leave(folder: Path, name: str) -> Path:
    """Let a process be killed while it writes a record; return what it leaves."""
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom samvad.core import files\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "files.write_json(Path(sys.argv[1]), {'half': 1})\n"
    )
    before = set(folder.iterdir())
    env = {**os.environ, "PYTHONPATH": str(support.ROOT / "scripts")}
    done = subprocess.run([sys.executable, "-c", code, folder / name], env=env, check=False)
    assert done.returncode == -signal.SIGKILL
    [left] = set(folder.iterdir()) - before
    return left


def test_what_a_kill_leaves_is_no_fault_and_goes_with_the_next_attempt(job: Path) -> None:
    stage_folder = job / "04_asr"
    left = [
        leave(stage_folder, "metadata.json"),
        leave(stage_folder, "manifest.json"),
        leave(stage_folder / "attempts" / "01", "manifest.json"),
        leave(job, "run.json"),
        leave(job, "manifest.json"),
        stage_folder / "attempts" / ".look-a1b2c3d4",
        stage_folder / f"{files.MOVING}17-segments.json",
        stage_folder / ".metadata.json.a1b2c3d4",  # of an older version
    ]
    for path in left[-3:]:
        path.write_bytes(b"")
    report = verified(job)
    assert wrong(report) == set() and report.exit_code == 0
    assert report.counts()["left over"] == len(left)
    work = staging.new_work_folder(stage_folder, 2)
    work.rmdir()
    assert [path.name for path in left if path.exists()] == []
    assert verified(job).counts().get("left over") is None


def test_what_a_living_process_writes_is_not_swept(job: Path) -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        mine = job / f".run.json.{files._host()}-{sleeper.pid}-a1b2c3d4"
        theirs = job / f".run.json.0a0b0c-{sleeper.pid}-a1b2c3d4"  # of another machine, just now
        for path in (mine, theirs):
            path.write_bytes(b"half")
        files.sweep(job, staging.JOB_RECORDS)
        assert mine.exists() and theirs.exists()
    finally:
        sleeper.kill()
        sleeper.wait()
    os.utime(theirs, (1, 1))
    files.sweep(job, staging.JOB_RECORDS)
    assert not mine.exists() and not theirs.exists()


def test_a_lineage_that_ends_before_the_film_is_broken(job: Path) -> None:
    edit(job, "mux", lambda manifest: manifest.update(inputs=manifest["inputs"][2:]))
    edit(job, "subtitle_gen", lambda manifest: manifest.update(inputs=[]))
    report = verified(job)
    assert wrong(report) == {("broken", "10_mux/test.mkv")} and report.exit_code == 13


def test_what_was_deleted_on_purpose_and_what_is_elsewhere_is_no_fault(job: Path) -> None:
    (job / "01_demux" / "audio.wav").unlink()
    film_of(job).rename(job.parents[5] / "moved.mkv")
    assert wrong(verified(job)) == {("missing", "01_demux/audio.wav"), ("missing", str(film_of(job)))}
    gone = frozenset({"audio"})
    assert verified(job, film=False, may_be_gone=gone).exit_code == 0
    assert verified(job, film_path=job.parents[5] / "moved.mkv", may_be_gone=gone).counts()["removed"] == 1


def test_a_try_that_was_killed_or_failed_is_told_and_is_no_fault(job: Path) -> None:
    (job / "04_asr" / "attempts" / "02").mkdir()
    report = verified(job)
    assert report.exit_code == 0 and report.counts()["unchecked"] == 1


def test_a_copied_job_is_as_good_as_the_first(job: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(job, tmp_path / "आर्काइव" / "tester" / "1")
    assert verified(copy).exit_code == 0


def test_the_command_tells_of_many_jobs_in_text_and_json(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second = make(job.parents[5], film_of(job), 2)
    flip_a_byte(second / "10_mux" / "test.mkv")
    place = str(job.parents[5] / "out")
    assert verify_job.main([place]) == 10
    told = capsys.readouterr().out
    assert "changed   10_mux/test.mkv" in told and told.count("all is well") == 1
    assert "\\n'98'.mkv" in told, "a newline in a name breaks no line"
    assert verify_job.main([place, "--json"]) == 10
    document = json.loads(capsys.readouterr().out)
    assert [found["exit_code"] for found in document["jobs"]] == [0, 10]
    assert document["hashed_bytes"] < 2 * 1500 + 2 * 100 + 4000 + 1, "the film of two jobs is hashed once"
    assert verify_job.main([str(job / "nowhere")]) == 2
    assert verify_job.main([str(job / "04_asr")]) == 2


def retry(job: Path, number: int, **values: Any) -> None:
    """Add an attempt of stage 04 that is recorded only in its own folder."""
    manifest = json.loads((job / "04_asr" / "manifest.json").read_text("utf-8"))
    manifest |= {"attempt": number, "retries": number - 1, **values}
    manifest["config_hash"] = stage_manifest.config_hash(manifest["config"])
    (job / "04_asr" / "attempts" / f"{number:02d}").mkdir()
    files.write_json(job / "04_asr" / "attempts" / f"{number:02d}" / "manifest.json", manifest)


ERROR = {
    "timestamp": "2025-01-02T00:00:01.000Z",
    "type": "MemoryShortageError",
    "category": "out_of_memory",
    "message": "There is not enough memory for दिल से.",
    "file": None,
    "traceback": "",
}


@pytest.fixture
def eventful(job: Path) -> Path:
    """A job with a failed attempt of another configuration on the next day, and one that was killed."""
    later = {"started_at": "2025-01-02T00:00:00.000Z", "ended_at": "2025-01-02T00:00:01.000Z"}
    later |= {"timestamp": "2025-01-02T00:00:01.000Z", "run_id": "test_20250102T000000Z_def456"}
    retry(job, 2, config={"beam_size": 1}, status="failed", exit_code=7, outputs=[], errors=[ERROR], **later)
    (job / "04_asr" / "attempts" / "03").mkdir()
    return job


def told(folder: Path, wanted: str, width: int = 100) -> list[str]:
    known = [job_folder.load(place) for place in job_folder.find([folder])]
    return list(history_text.lines(history.of(history.choose(known, wanted)), width))


def test_the_history_tells_every_run_and_try_with_its_result(eventful: Path) -> None:
    text = "\n".join(told(eventful.parents[4], "test"))
    assert TITLE in text and "[test]" in text
    assert text.index(RUN) < text.index("test_20250102T000000Z_def456") < text.index("run unknown")
    rows = [line.split()[:3] for line in text.splitlines() if line.startswith("  04_asr")]
    assert rows == [["04_asr", "1", "success"], ["04_asr", "2", "failed"], ["04_asr", "3", "killed"]]
    assert "changed beam_size: (none) → 1" in text
    assert "error: There is not enough memory for दिल से." in text
    assert "subtitled_film: 10_mux/test.mkv" in text


def test_a_record_of_another_version_is_told_and_a_damaged_one_is_named(eventful: Path) -> None:
    edit(eventful, "subtitle_gen", lambda manifest: manifest.update(mood="glad"))
    edit(eventful, "mux", lambda manifest: manifest.pop("software"))
    rows = [line.split()[:3] for line in told(eventful.parents[4], "test") if line[2:4] in ("09", "10")]
    assert rows == [["09_subtitle_gen", "1", "success"], ["10_mux", "1", "unreadable"]]


@pytest.mark.parametrize("width", [60, 100])
def test_no_line_of_the_history_is_wider_than_the_terminal(eventful: Path, width: int) -> None:
    lines = told(eventful.parents[4], "test", width)
    table = max(len(line) for line in lines if line.startswith("  stage"))
    assert max(wcwidth.width(line) for line in lines) <= max(width, table)


def test_a_film_is_found_by_id_path_checksum_copy_and_job(job: Path) -> None:
    root = job.parents[4]
    copy = shutil.copy2(film_of(job), job.parents[5] / "कॉपी.mkv")
    checksum = files.sha256_of(film_of(job))
    for wanted in ("test", str(film_of(job)), str(copy), checksum, checksum[7:19], str(job)):
        assert f"run {RUN}" in "\n".join(told(root, wanted)), wanted
    flip_a_byte(copy)
    for wanted in (str(copy), "other", "12345678", "1"):
        with pytest.raises(job_folder.ConfigurationError, match="No job is known"):
            told(root, wanted)


def test_all_jobs_of_a_film_are_one_history(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(job.parents[5], film_of(job), 2)
    other = job.parents[5] / "other.mkv"
    other.write_bytes(b"another film")
    third = make(job.parents[5], other, 3)
    for name in ("demux", "asr", "subtitle_gen", "mux"):
        edit(third, name, lambda manifest: manifest.update(film="other", run_id=RUN.replace("test", "other")))
    files.write_json(third / "run.json", {"run_id": RUN, "film": "other", "title": "Other"})
    assert show_history.main([str(job), "--output-root", str(job.parents[4]), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {Path(found["job"]).name for found in document["results"]} == {"1", "2"}
    assert sum(len(run["attempts"]) for run in document["runs"]) == 8
    assert show_history.main(["nothing", "--output-root", str(job.parents[4])]) == 2


def test_a_run_goes_on_from_the_one_before(job: Path) -> None:
    run = json.loads((job / "run.json").read_text("utf-8"))
    files.write_json(job / "run.json", {**run, "run_id": RUN, "stamp": "20250101_000000"})
    found = run_log.recover(job, lambda: "success")
    assert found is not None and found.run_id == RUN
    (job / "run.json").write_text("{")
    assert run_log.recover(job, lambda: "success") is None


def exported(job: Path, target: Path, *options: str) -> dict[str, dict[str, Any]]:
    """Export a crate; return its entities by id."""
    assert export_crate.main([str(job), "--output", str(target), *options]) == 0
    document = json.loads((target / "ro-crate-metadata.json").read_text("utf-8"))
    return {entity["@id"]: entity for entity in document["@graph"]}


def test_a_crate_tells_of_every_try_what_it_read_made_and_why_it_failed(eventful: Path, tmp_path: Path) -> None:
    entities = exported(eventful, tmp_path / "crate", "--agent", "कोई")
    failure = entities["#attempt-04_asr-02"]
    assert failure["actionStatus"].endswith("/FailedActionStatus") and "memory" in failure["error"]
    assert entities["#attempt-04_asr-01"]["actionStatus"].endswith("/CompletedActionStatus")
    made = entities[entities["#attempt-04_asr-01"]["result"]["@id"]]
    assert made["@id"] == "results/04_asr/segments.json" and made["contentSize"] == "3"
    assert "sha256:" + made["sha256"] == files.sha256_of(tmp_path / "crate" / made["@id"])
    assert entities["#04_asr-02-beam_size"]["value"] == "1"
    assert entities["#agent"]["name"] == "कोई"
    film = "#" + files.sha256_of(film_of(eventful)).replace(":", "-")
    assert entities[film]["@type"] == "CreativeWork" and {"@id": film} == entities["#attempt-01_demux-01"]["object"]


CARRIED = {"none": set[str](), "result": {"test.mkv"}, "all": {"test.mkv", "audio.wav"}}


@pytest.mark.parametrize("media", CARRIED)
def test_films_and_sound_are_carried_only_when_they_are_asked_for(job: Path, tmp_path: Path, media: str) -> None:
    entities = exported(job, tmp_path / "crate", "--media", media)
    names = {path.name for path in (tmp_path / "crate").rglob("*") if path.suffix in (".mkv", ".wav")}
    films = {name for name in names if name.endswith(FILM_NAME)}
    assert names - films == CARRIED[media] and bool(films) == (media == "all")
    for entity in entities.values():
        if "File" in entity["@type"]:
            assert (tmp_path / "crate" / unquote(entity["@id"])).is_file(), entity["@id"]


def test_a_crate_without_personal_data_names_no_folder_host_or_user(job: Path, tmp_path: Path) -> None:
    exported(job, tmp_path / "crate", "--no-personal-data")
    private = crate_files.private_words(job_folder.load(job))
    for path in (tmp_path / "crate").rglob("*"):
        if path.is_file() and "workflow" not in path.parts:
            text = path.read_text("utf-8")
            assert crate_files.hide(text, private) == text, path
            assert str(tmp_path) not in text and "tester" not in text, path


def test_a_crate_is_made_of_whole_files_or_not_at_all(job: Path, tmp_path: Path) -> None:
    flip_a_byte(job / "09_subtitle_gen" / "test.en.srt")
    target = tmp_path / "crate.zip"
    assert export_crate.main([str(job), "--output", str(target)]) == ChangedFileError.exit_code
    assert not target.exists() and not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    options = argparse.Namespace(**vars(export_crate.parser().parse_args([str(job), "--output", str(job)])))
    with pytest.raises(Exception, match="is not what its stage wrote"):
        export_crate.export(job_folder.load(job), options)


@pytest.mark.parametrize("linked", ["09_subtitle_gen/test.en.srt", "09_subtitle_gen", "run.json", "manifest.json"])
@pytest.mark.parametrize("name", ["crate", "crate.zip"])
def test_what_a_link_in_a_job_leads_to_elsewhere_is_in_no_crate(
    job: Path, tmp_path: Path, linked: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even where the file there is, byte for byte, the one that the record tells of."""
    place = job / linked
    if not place.exists():
        place.write_text("{}")
    elsewhere = tmp_path / "elsewhere"
    shutil.move(place, elsewhere)
    place.symlink_to(elsewhere)
    assert export_crate.main([str(job), "--output", str(tmp_path / name)]) == ChangedFileError.exit_code
    assert "leads out of the job's folder" in capsys.readouterr().err
    assert not (tmp_path / name).exists()
    if linked.startswith("09"):
        assert ("missing", "09_subtitle_gen/test.en.srt") in wrong(verified(job))


def test_a_crate_never_overwrites(job: Path, tmp_path: Path) -> None:
    (tmp_path / "crate").mkdir()
    assert export_crate.main([str(job), "--output", str(tmp_path / "crate")]) == 2
