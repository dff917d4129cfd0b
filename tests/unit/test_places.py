"""Scratch disks, files that show late on a shared disk, and the moving of results."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import support
from samvad.core import files, variables
from samvad.core.errors import SamvadError
from samvad.documents import job_manifest, live_run, provenance
from samvad.runner import attempts, staging


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount another disk, or find one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "samvad-test", folder]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_without_a_scratch_folder_a_try_writes_beside_its_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for named in ("", "$NO_SUCH_VARIABLE", "$NO_SUCH_VARIABLE/samvad", "/proc/not/to/be/had"):
        monkeypatch.setenv(variables.SCRATCH, named)
        work = staging.new_work_folder(tmp_path / "04_asr", 2)
        assert work == tmp_path / "04_asr" / ".work-02" and work.is_dir()


def test_a_variable_is_looked_up_on_the_machine_that_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWN_DISK", str(tmp_path / "own disk"))
    monkeypatch.setenv(variables.SCRATCH, "$OWN_DISK/samvad")
    folder, other = tmp_path / "job" / "04_asr", tmp_path / "job" / "10_mux"
    folder.mkdir(parents=True)
    first, elsewhere = staging.new_work_folder(folder, 1), staging.new_work_folder(other, 1)
    assert first.parent == tmp_path / "own disk" / "samvad"
    (first / "half.mkv").write_bytes(b"half")
    second = staging.new_work_folder(folder, 2)
    assert second != first and not first.exists(), "what a killed attempt left is taken away"
    assert elsewhere.is_dir(), "that of another stage is not"


def test_what_a_try_left_that_was_killed_while_it_moved_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / ".moving-7-film.mkv").write_bytes(b"half")
    (tmp_path / ".work-01").mkdir()
    (tmp_path / "film.mkv").write_bytes(b"old")
    staging.new_work_folder(tmp_path, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".work-02", "film.mkv"]


def test_a_file_moves_onto_another_disk_whole_or_not_at_all(other_disk: Path, tmp_path: Path) -> None:
    target = tmp_path / "-दिल $HOME.mkv"
    target.write_bytes(b"old")
    source = other_disk / "new.mkv"
    source.write_bytes(b"n" * (3 << 20))
    seen = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.add(target.read_bytes()[:1] + str(target.stat().st_size).encode())

    watcher = threading.Thread(target=look)
    watcher.start()
    files.move_into_place(source, target)
    time.sleep(0.05)
    stop.set()
    watcher.join()
    assert target.read_bytes() == b"n" * (3 << 20) and not source.exists()
    assert seen <= {b"o3", b"o%d" % (3 << 20), b"n%d" % (3 << 20)}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_disk_without_room_for_the_copy_keeps_the_old_file(other_disk: Path, tmp_path: Path) -> None:
    source = tmp_path / "large"
    source.write_bytes(b"n" * (9 << 20))
    (other_disk / "film").write_bytes(b"old")
    with pytest.raises(SamvadError, match="No space is left"):
        files.move_into_place(source, other_disk / "film")
    assert (other_disk / "film").read_bytes() == b"old" and source.exists()
    assert [path.name for path in other_disk.iterdir()] == ["film"]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Return the manifest of a stage whose file was made on another machine."""
    job = support.make_job(tmp_path)
    path = support.finished_stage(job, "demux", {"audio": ("audio.wav", b"sound")})
    manifest = json.loads(path.read_text("utf-8"))
    manifest["host"]["name"] = "node7"
    path.write_text(json.dumps(manifest), "utf-8")
    return path


def later(seconds: float, path: Path, content: bytes) -> threading.Timer:
    timer = threading.Timer(seconds, lambda: files.write_bytes(path, content))
    timer.start()
    return timer


@pytest.mark.parametrize("before", [None, b"sou", b"SOUND"], ids=["missing", "short", "with old bytes"])
def test_a_file_of_another_machine_that_shows_late_is_waited_for(
    made: Path, monkeypatch: pytest.MonkeyPatch, before: bytes | None
) -> None:
    monkeypatch.setenv(variables.WAIT_SECONDS, "20")
    audio = made.parent / "audio.wav"
    audio.unlink()
    if before is not None:
        audio.write_bytes(before)
    later(0.5, audio, b"sound")
    found = staging.resolve_output(made, "audio", made.parents[1])
    assert found is not None and found[1].read_bytes() == b"sound"


def test_a_newer_manifest_that_shows_late_is_read(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variables.WAIT_SECONDS, "20")
    manifest = json.loads(made.read_text("utf-8"))
    (made.parent / "audio.wav").write_bytes(b"another")
    record = support.file_record(made.parent / "audio.wav", "audio", "01_demux/audio.wav")
    later(0.5, made, json.dumps({**manifest, "outputs": [record]}).encode())
    found = staging.resolve_output(made, "audio", made.parents[1])
    assert found is not None and found[0].checksum == record["checksum"]


def test_a_file_that_never_shows_is_named_after_the_time_for_waiting(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variables.WAIT_SECONDS, "1")
    (made.parent / "audio.wav").unlink()
    started = time.monotonic()
    with pytest.raises(SamvadError, match=r"audio\.wav, made by stage demux, is gone.*same command again"):
        staging.resolve_output(made, "audio", made.parents[1])
    assert time.monotonic() - started >= 1


def test_a_file_of_this_machine_is_not_waited_for(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variables.WAIT_SECONDS, "60")
    made.write_text(made.read_text("utf-8").replace('"node7"', json.dumps(platform.node())), "utf-8")
    (made.parent / "audio.wav").unlink()
    started = time.monotonic()
    with pytest.raises(SamvadError, match="is gone"):
        staging.resolve_output(made, "audio", made.parents[1])
    assert time.monotonic() - started < 50


def test_machines_whose_clocks_differ_by_hours_make_one_job(tmp_path: Path) -> None:
    folder = support.make_job(tmp_path)
    run = {"run_id": RUN, "media": "/films/a.mkv", "title": "A film", "year": None}
    (folder / "run.json").write_text(json.dumps(run), "utf-8")
    moments = {
        "demux": "2025-01-01T12",
        "asr": "2025-01-01T07",
        "translation": "2025-01-01T23",
        "subtitle_gen": "2024-12-31T01",
    }
    for stage, hour in moments.items():
        path = support.finished_stage(folder, stage, {"probe": ("probe.json", b"{}")})
        manifest = json.loads(path.read_text("utf-8"))
        manifest.update(dict.fromkeys(("started_at", "ended_at", "timestamp"), f"{hour}:00:00.000Z"))
        path.write_text(json.dumps(manifest), "utf-8")
        os.utime(path, (1, 1) if stage == "translation" else None)
    found = job_manifest.derive(folder, list(moments), live_run.RunState())
    assert found.pipeline.status == "success"
    assert found.timing.stage_seconds == 0.4, "durations are each machine's own, never a difference of two clocks"


def group_member(tmp_path: Path, **changed: object) -> Path:
    """Return the folder of a stage that was done in a run, as Snakemake leaves it when it tries the group again."""
    job = support.make_job(tmp_path)
    path = support.finished_stage(job, "ner", {"segments": ("segments.json", b"{}")})
    manifest = {**json.loads(path.read_text("utf-8")), **changed}
    (path.parent / "attempts" / "01").mkdir(parents=True)
    (path.parent / "attempts" / "01" / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    path.unlink()
    return path.parent


RUN = "test_20250101T000000Z_abc123"
READ = {
    **{"type": "segments", "path": "04_asr/segments.json", "size_bytes": 2},
    **{"mtime_ns": 0, "checksum": "sha256:0", "media": None},
}


def resumed(folder: Path, run_id: str = RUN, code: str | None = None) -> bool:
    ran = provenance.ran_code("asr", code)
    return attempts.resume(folder, folder.parent, run_id, {}, ran) and (folder / "manifest.json").is_file()


def test_what_a_group_has_done_is_not_done_again_when_it_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert resumed(group_member(tmp_path))


def test_a_folder_that_is_no_attempt_stops_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    folder = group_member(tmp_path)
    (folder / "attempts" / "01.bak").mkdir()
    assert resumed(folder)


@pytest.mark.parametrize(
    "why", ["other run", "failed", "options", "file", "input", "run by hand", "a given id", "code"]
)
def test_what_no_longer_holds_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    if why != "run by hand":
        monkeypatch.setenv("SLURM_JOB_ID", "7")
    if why == "a given id":
        monkeypatch.setenv("SAMVAD_RUN_ID", RUN)
    changed: dict[str, object] = {
        "failed": {"status": "failed"},
        "options": {"config": {"backend": "gazetteer"}},
        "input": {"inputs": [READ]},
    }.get(why, {})  # type: ignore[assignment]
    folder = group_member(tmp_path, **changed)
    if why == "file":
        (folder / "segments.json").write_bytes(b"[]")
    code = "0123456789abcdef" if why == "code" else None
    assert not resumed(folder, "another" if why == "other run" else RUN, code)
    assert [path.name for path in (folder / "attempts").iterdir()] == ["01"]
