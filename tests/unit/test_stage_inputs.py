"""A stage's life in one process: what it read, what its options named, what its code was, and why it was skipped."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import samvad
import support
from samvad.core import checksums, files, held_files, stages
from samvad.runner import code_hash, gpus
from samvad.runner.result_cache import ResultCache
from samvad.runner.stage_process import run_stage
from samvad.runner.stage_run import Skipped, StageRun

STAGE = stages.BY_NAME["translation"]
Work = Callable[[StageRun, Any], None]


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a job with what stage 08 needs, and a cache of results."""
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(gpus, "release", lambda: None)
    job = support.make_job(tmp_path)
    support.finished_stage(job, "demux", {"audio": ("audio.wav", b"sound")})
    support.finished_stage(job, "asr", {"segments": ("segments.json", b"{}")})
    settings = {"folder": str(tmp_path / "results"), "max_gb": 1}
    files.write_json(job / "run.json", {"run_id": "test_20250101T000000Z_abc123", "film": "test", "cache": settings})
    return job


def ran(job: Path, work: Work, *options: object) -> int:
    """Do the work as stage 08; return its exit code."""
    manifests = {name: job / stages.BY_NAME[name].folder / "manifest.json" for name in ("demux", "asr")}
    given = [f"--{name}={path}" for name, path in (*manifests.items(), ("segments", manifests["asr"]))]
    words = [f"--job-folder={job}", "--film=test", *given, "--targets=en", "--phrases=", *map(str, options)]
    code = run_stage(STAGE, work, words)
    assert held_files.find(job / "01_demux" / "audio.wav") is None, "nothing stays open"
    return code


def write(run: StageRun, text: str = "{}") -> None:
    run.output("segments.json", "segments").write_text(text, encoding="utf-8")


def failure(job: Path) -> str:
    message: str = support.failed_manifest(job, "translation")["errors"][0]["message"]
    assert not (job / STAGE.folder / "manifest.json").exists() and not (job / STAGE.folder / "segments.json").exists()
    return message


def kept(job: Path) -> int:
    return len(ResultCache(job.parents[4] / "results", 1 << 30).entries())


def test_a_manifest_says_all_that_decides_whether_the_stage_is_due(job: Path, tmp_path: Path) -> None:
    named = tmp_path / "nllb"
    named.mkdir()
    (named / "model.bin").write_bytes(b"weights")
    (tmp_path / "notes.txt").write_text("a note")

    def work(run: StageRun, _: Any) -> None:
        run.read("demux", "audio")
        run.add_external_input(tmp_path / "notes.txt", "notes")
        run.reuse()
        write(run)

    assert ran(job, work, f"--nllb-dir={named}", "--whisper-model=base") == 0
    manifest = support.manifest_of(job, "translation")
    assert manifest["software"]["code"] == code_hash.code_hash("translation")
    assert manifest["skip"] is None and manifest["config"]["nllb_dir"] == str(named)
    assert manifest["contents"] == [
        {
            **{"option": "nllb_dir", "path": str(named)},
            **{"fingerprint": checksums.fingerprint(named), "checksum": checksums.of_folder(named)},
        }
    ]
    audio, notes = manifest["inputs"]
    status = (tmp_path / "notes.txt").stat()
    assert (notes["inode"], notes["ctime_ns"], notes["mtime_ns"]) == (
        *(status.st_ino, status.st_ctime_ns),
        status.st_mtime_ns,
    )
    assert (audio["inode"], audio["ctime_ns"]) == (None, None), "its maker's manifest says what it is"
    assert kept(job) == 1


def replaced(path: Path) -> None:
    path.with_suffix(".new").write_bytes(path.read_bytes()[::-1])
    path.with_suffix(".new").replace(path)


def written_into(path: Path) -> None:
    status = path.stat()
    path.write_bytes(path.read_bytes()[::-1])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("change", [replaced, written_into, Path.unlink])
@pytest.mark.parametrize("which", ["an output of a stage", "a file from outside"])
def test_an_input_that_changes_before_the_end_leaves_nothing(
    job: Path, tmp_path: Path, which: str, change: Callable[[Path], None]
) -> None:
    (tmp_path / "notes.txt").write_text("a note")

    def work(run: StageRun, _: Any) -> None:
        audio = run.read("demux", "audio")
        notes = run.add_external_input(tmp_path / "notes.txt", "notes")
        run.reuse()
        write(run)
        change(audio if which == "an output of a stage" else notes)

    assert ran(job, work) == 6
    assert "while it was read. Nothing that was made of it is kept." in failure(job)
    assert kept(job) == 0


def test_a_link_to_an_input_is_no_change_of_it(job: Path) -> None:
    """The cache of results makes links to what stages made, and takes them away, while others read it."""

    def work(run: StageRun, _: Any) -> None:
        audio = run.read("demux", "audio")
        os.link(audio, audio.with_name("link"))
        audio.with_name("link").unlink()
        write(run)

    assert ran(job, work) == 0


def test_weights_that_change_before_the_end_leave_nothing_and_a_copy_in_their_place_is_the_same(
    job: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"weights")

    def work(run: StageRun, _: Any) -> None:
        run.reuse(models=[run.holds("whisper_model", folder)])
        write(run)
        written_into(folder / "model.bin")

    assert ran(job, work) == 6
    assert f"{folder} was changed while the stage ran" in failure(job)
    assert kept(job) == 0

    def copied(run: StageRun, _: Any) -> None:
        run.reuse(models=[run.holds("whisper_model", folder)])
        write(run)
        shutil.copytree(folder, tmp_path / "copy")
        shutil.rmtree(folder)
        (tmp_path / "copy").rename(folder)

    assert ran(job, copied) == 0


def test_weights_that_an_option_names_are_looked_at_before_the_stage_begins(job: Path, tmp_path: Path) -> None:
    (tmp_path / "nllb").mkdir()
    (tmp_path / "nllb" / "model.bin").write_bytes(b"weights")

    def work(run: StageRun, _: Any) -> None:
        write(run)
        shutil.rmtree(tmp_path / "nllb")

    assert ran(job, work, f"--nllb-dir={tmp_path / 'nllb'}") == 6
    assert f"{tmp_path / 'nllb'} was changed while the stage ran" in failure(job)


def test_code_that_changed_while_the_stage_waited_is_seen_before_it_works(
    job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a GPU, or for another job that makes the same: both have come when the cache has been looked into."""
    worked = []

    def work(run: StageRun, _: Any) -> None:
        monkeypatch.setattr(samvad, "file_state", lambda path: None)
        run.reuse()
        worked.append(run)

    assert ran(job, work) == 6 and not worked
    assert "The code of stage translation was changed while it ran" in failure(job)
    assert kept(job) == 0


def test_a_stage_that_fails_because_its_film_changed_says_that(job: Path) -> None:
    def work(run: StageRun, _: Any) -> None:
        replaced(run.read("demux", "audio"))
        raise ValueError("not a WAV file")

    assert ran(job, work) == 6
    assert "was replaced by another file while it was read" in failure(job)


def test_a_stage_that_finds_its_film_gone_says_that(job: Path) -> None:
    def work(run: StageRun, _: Any) -> None:
        audio = run.read("demux", "audio")
        audio.unlink()
        audio.read_bytes()

    assert ran(job, work) == 6
    assert "was moved away or deleted while it was read" in failure(job)


def test_a_stage_that_fails_by_itself_says_that(job: Path) -> None:
    def work(run: StageRun, _: Any) -> None:
        run.read("demux", "audio")
        raise ValueError("not a WAV file")

    assert ran(job, work) == 1
    assert "not a WAV file" in failure(job)


@pytest.mark.parametrize(
    ("skipped", "said"),
    [
        (Skipped("no pictures"), {"because": "settled", "variable": None}),
        (Skipped("no key", variable="TMDB_API_KEY"), {"because": "unset", "variable": "TMDB_API_KEY"}),
        (Skipped("no answer", endpoint="tmdb", url="http://a"), {"because": "unanswered", "endpoint": "tmdb"}),
    ],
)
def test_why_a_stage_was_skipped_is_recorded(job: Path, skipped: Skipped, said: dict[str, Any]) -> None:
    def work(run: StageRun, _: Any) -> None:
        raise skipped

    assert ran(job, work) == 0
    manifest = support.manifest_of(job, "translation")
    assert manifest["status"] == "skipped"
    assert {**manifest["skip"], **said, "reason": str(skipped)} == manifest["skip"]
    assert json.loads((job / STAGE.folder / "attempts" / "01" / "manifest.json").read_text("utf-8")) == manifest
