"""`make shelf`: a folder of films with hostile names, one of them bad; the next time only what is new is done."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import support
from workflow.project import attempts, environment, new_project

END = "from samvad.runner.stage_run import Skipped; raise Skipped('recognition is not what is tried here')"
GOOD = 'it\'s $HOME "a" (1999).mkv'
MOVED = "-दूसरा नाम.mkv"


def film(path: Path, frequency: int) -> None:
    """Make a film of three seconds, of another sound each time, that was put there an hour ago."""
    inputs = ["-f", "lavfi", "-i", f"sine=f={frequency}:d=3", "-f", "lavfi", "-i", "testsrc=s=64x64:d=3:r=5"]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, f"file:{path}"], check=True)
    then = path.stat().st_mtime - 3600
    os.utime(path, (then, then))


def test_a_shelf_is_done_and_done_again_only_where_something_is_new(tmp_path: Path) -> None:
    project = new_project(tmp_path / "project")
    shutil.copy2(support.ROOT / "Makefile", project.root)
    project.work_first("recognize_speech.py", END)
    project.work_first("translate_dialogue.py", END)
    project.work_first("translate_dialogue.py", "if run.film == 'bad': raise ValueError('the second one is no good')")
    shelf = tmp_path / "my films"
    shelf.mkdir()
    film(shelf / GOOD, 440)
    film(shelf / "bad.mkv", 550)
    (shelf / "broken.mkv").write_bytes(b"\x1aE\xdf\xa3" * 300)
    os.utime(shelf / "broken.mkv", (1, 1))

    def make() -> subprocess.CompletedProcess[str]:
        off = "tmdb,glossary_load,ner,lyrics_detection,hallucination_removal"
        return subprocess.run(
            ["make", "shelf", f"DIR={shelf}", "SOURCE=en", "TARGETS=en", "USER_NAME=me", f"STAGES_OFF={off}",
             "WORKFLOW=translate"],
            cwd=project.root, env=environment(), capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip

    first = make()
    assert first.returncode != 0
    assert "2 jobs: 2 new" in first.stdout
    assert "broken.mkv: " in first.stdout
    assert "2 films: 1 done, 1 not" in first.stdout
    assert "bad (failed)" in first.stdout
    assert "08_translation failed: ValueError: the second one is no good" in first.stdout
    done = {(job / "08_translation/manifest.json").exists(): job for job in project.root.glob("out/*/*/*/me/*")}
    good, bad = done[True], done[False]

    (shelf / GOOD).rename(shelf / MOVED)
    film(shelf / "third.mkv", 660)
    (shelf / "broken.mkv").unlink()
    second = make()
    assert second.returncode != 0
    assert "3 jobs: 1 new, 2 in the sheet before" in second.stdout
    assert "Moved (1)" in second.stdout
    assert MOVED in second.stdout
    assert "3 films: 2 done, 1 not" in second.stdout
    assert [attempts(good, stage) for stage in ("demux", "asr", "translation")] == [["01"]] * 3
    assert [attempts(bad, stage) for stage in ("demux", "translation")] == [["01"], ["01", "02"]]

    (shelf / "bad.mkv").unlink()
    third = make()
    assert third.returncode == 0, third.stdout + third.stderr
    assert "2 films: 2 done, 0 not" in third.stdout
    assert [attempts(good, stage) for stage in ("demux", "asr", "translation")] == [["01"]] * 3
