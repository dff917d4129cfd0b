"""Manifests, files and segments: what is written, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from samvad.core import files, stages
from samvad.core.errors import DiskError, SamvadError
from samvad.documents import job_manifest, live_run, segments, stage_manifest
from samvad.runner import code_hash
from support import ROOT, finished_stage, make_job


def test_the_configuration_hash_does_not_hang_on_the_order_of_keys():
    assert stage_manifest.config_hash({"a": 1, "b": 2}) == stage_manifest.config_hash({"b": 2, "a": 1})
    assert stage_manifest.config_hash({"a": 1}) != stage_manifest.config_hash({"a": 2})


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "file.json"
    files.write_text(target, "old")
    with pytest.raises(TypeError):
        files.write_json(target, {"x": object()})
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_full_disk_is_named():
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with (
        pytest.raises(DiskError, match="No space is left"),
        files.disk_errors(ROOT / "out"),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")


def test_the_fingerprint_of_a_film_follows_its_content_not_its_time(tmp_path):
    film = tmp_path / "film"
    film.write_bytes(os.urandom(1 << 20))
    before = files.sampled_fingerprint(film)
    os.utime(film, (1, 1))
    assert files.sampled_fingerprint(film) == before
    changed = bytearray(film.read_bytes())
    changed[-1] ^= 1
    film.write_bytes(changed)
    assert files.sampled_fingerprint(film) != before


SEGMENT = segments.Segment(
    1, 1000, 2000, "नमस्ते दुनिया", "hi", (segments.Word(1000, 1400, "नमस्ते", 0.9), segments.Word(1400, 2000, "दुनिया"))
)


def test_a_segments_document_survives_a_round_trip_with_keys_it_does_not_know(tmp_path):
    segment = segments.Segment(**{**vars(SEGMENT), "extra": {"mood": "glad"}})
    document = segments.SegmentsDocument("hi", 5000, (segment,), {"reel": 2})
    segments.write(tmp_path / "s.json", document)
    assert segments.read(tmp_path / "s.json") == document


@pytest.mark.parametrize(
    "change",
    [
        {"end_ms": 500},
        {"words": (segments.Word(1400, 2000, "b"), segments.Word(1000, 1400, "a"))},
        {"words": (segments.Word(1000, 9000, "a"),)},
    ],
)
def test_times_that_run_backwards_are_never_written(tmp_path, change):
    segment = segments.Segment(**{**vars(SEGMENT), **change})
    with pytest.raises(SamvadError):
        segments.write(tmp_path / "s.json", segments.SegmentsDocument("hi", 5000, (segment,)))
    assert not (tmp_path / "s.json").exists()


def test_a_document_that_is_cut_off_is_refused_with_its_name(tmp_path):
    (tmp_path / "s.json").write_text('{"schema_version": "1.0"')
    with pytest.raises(SamvadError, match=r"s\.json is not JSON"):
        segments.read(tmp_path / "s.json")


@pytest.mark.parametrize("stage", stages.STAGES)
def test_the_code_hash_covers_all_that_a_stage_imports(stage):
    """Ask Python itself which of the project's modules the script loads before it does any work."""
    script = ROOT / "scripts" / stage.script
    code = (
        f"import sys, runpy; sys.path.insert(0, {str(script.parent)!r}); runpy.run_path({str(script)!r}); "
        "print('\\n'.join(m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'samvad' and m.__file__))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    hashed = {str(path) for path in code_hash.code_files(stage.name)}
    rooms = ROOT / "scripts" / "samvad" / "stages"  # the table of the stages loads all declarations
    others = {path for other in stages.STAGES for path in (rooms / other.name).glob("*.py") if other is not stage}
    declared = {str(path) for path in others if path.name in ("__init__.py", "options.py", "registry.py")}
    assert set(done.stdout.split()) - declared <= hashed
    assert not declared & hashed, "another stage's declaration reruns nothing"
    assert str(rooms / stage.name / "options.py") in hashed
    assert str(script) in hashed


def test_a_stage_is_not_rerun_for_code_of_another_stage():
    asr = {path.relative_to(ROOT / "scripts").as_posix() for path in code_hash.code_files("asr")}
    assert "samvad/stages/asr/sentences.py" in asr
    assert not any(path.startswith(("samvad/stages/mux/", "samvad/stages/subtitle_gen/")) for path in asr)


@pytest.mark.parametrize("stage", stages.STAGES)
def test_help_needs_nothing_but_python(stage):
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"""
import runpy, sys
sys.path.insert(0, {str(ROOT / "scripts")!r})
sys.argv = ["{stage.script}", "--help"]
runpy.run_path({str(ROOT / "scripts" / stage.script)!r}, run_name="__main__")
""",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "--job-folder" in done.stdout


def run_json(folder):
    files.write_json(
        folder / "run.json",
        {
            "run_id": "test_20250101T000000Z_abc123",
            "parent_run_id": None,
            "workflow": "subtitle",
            "film": "test",
            "title": "T",
            "year": None,
            "media": "m",
        },
    )


def test_the_job_manifest_says_where_the_film_stands(tmp_path):
    folder = make_job(tmp_path)
    run_json(folder)
    finished_stage(folder, "demux", {"audio": ("audio.wav", b"x")})
    (folder / "04_asr" / "attempts" / "01").mkdir(parents=True)
    found = job_manifest.derive(
        folder, ["demux", "asr", "ner", "mux"], live_run.RunState(running={"ner": "2025-01-01T00:00:00.000Z"})
    )
    assert found.pipeline == job_manifest.Pipeline(
        status="failed",  # killed: an attempt without a manifest
        current_stage="ner",
        next_stage="asr",  # where the next run begins
        completed_stages=("demux",),
        failed_stages=("asr",),
        skipped_stages=(),
        run=None,
    )


def test_a_stage_whose_input_was_made_anew_waits_and_so_does_what_follows(tmp_path):
    folder = make_job(tmp_path)
    run_json(folder)
    demux = finished_stage(folder, "demux", {"audio": ("audio.wav", b"x")})
    read = json.loads(demux.read_text("utf-8"))["outputs"]
    asr = finished_stage(folder, "asr", {"segments": ("segments.json", b"{}")}, inputs=read)
    finished_stage(folder, "ner", {"names": ("n.json", b"")}, inputs=json.loads(asr.read_text("utf-8"))["outputs"])
    wanted = ["demux", "asr", "ner"]
    assert list(job_manifest.derive(folder, wanted, live_run.RunState()).pipeline.completed_stages) == wanted
    anew = json.loads(demux.read_text("utf-8"))
    anew["outputs"][0]["checksum"] = "sha256:" + "0" * 64
    demux.write_text(json.dumps(anew), encoding="utf-8")
    found = job_manifest.derive(folder, wanted, live_run.RunState())
    assert found.pipeline.completed_stages == ("demux",) and found.pipeline.next_stage == "asr"
    assert found.pipeline.status == "incomplete"
    assert "made anew" in (found.stages["ner"].reason or "")


def test_a_manifest_that_another_machine_wrote_anew_is_seen_at_once(tmp_path, monkeypatch):
    """NFS tells of a path for a while what was there before; of a file that is opened, what is there."""
    folder = make_job(tmp_path)
    run_json(folder)
    demux = finished_stage(folder, "demux", {"audio": ("audio.wav", b"x")})
    assert job_manifest.derive(folder, ["demux"], live_run.RunState()).pipeline.status == "success"
    before, ask = demux.stat(), os.stat

    def of_a_while_ago(path, **options):
        return before if not isinstance(path, int) and Path(path) == demux else ask(path, **options)

    monkeypatch.setattr(os, "stat", of_a_while_ago)
    files.write_json(demux, {**json.loads(demux.read_text("utf-8")), "status": "skipped"})
    assert job_manifest.derive(folder, ["demux"], live_run.RunState()).stages["demux"].status == "skipped"


def test_the_hundredth_try_of_a_stage_is_its_last(tmp_path):
    folder = make_job(tmp_path)
    run_json(folder)
    for number in (2, 99, 100):
        (folder / "01_demux" / "attempts" / f"{number:02d}").mkdir(parents=True)
    (folder / "01_demux" / "attempts" / "99" / "manifest.json").write_text("{}", encoding="utf-8")
    found = job_manifest.derive(folder, ["demux"], live_run.RunState())
    assert "killed" in (found.stages["demux"].reason or "")
