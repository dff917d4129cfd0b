"""What a stage says that it read is what it read: a film or code that changes meanwhile fails it by that name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import faults
import muxing
import support
from samvad.core import checksums, files, stages
from samvad.runner.result_cache import ResultCache

pytestmark = support.needs_ffmpeg

#: Pitches of the sound of the film and of the other one.
FILM_HZ, OTHER_HZ = 300, 900


class Films(NamedTuple):
    """Two films of the same size that can be told by their sound."""

    film: Path
    other: Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Films:
    folder = tmp_path_factory.mktemp("films")
    for name, pitch in (("film.mkv", FILM_HZ), ("other.mkv", OTHER_HZ)):
        source = ["-f", "lavfi", "-i", "testsrc=duration=2:size=64x64:rate=10"]
        sound = ["-f", "lavfi", "-i", f"sine=frequency={pitch}:duration=2"]
        muxing.ffmpeg(*source, *sound, "-c:v", "ffv1", "-c:a", "pcm_s16le", "-bitexact", folder / name)
    return Films(folder / "film.mkv", folder / "other.mkv")


@pytest.fixture
def films(tmp_path: Path, made: Films) -> Films:
    """Return copies of the films for one test."""
    return Films(*(Path(shutil.copy2(film, tmp_path / film.name)) for film in made))


def job_with_cache(folder: Path, number: int = 1) -> tuple[Path, ResultCache]:
    """Return a job whose results are kept for others."""
    job = support.make_job(folder, f"2025/01/01/tester/{number}")
    settings = {"folder": str(folder / "results"), "max_gb": 1}
    record = {"run_id": "test_20250101T000000Z_abc123", "film": "test", "cache": settings}
    files.write_json(job / "run.json", record)
    return job, ResultCache(folder / "results", 1 << 30)


def demux(job: Path, film: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    options = ("--film", "test", f"--media={film}")
    return support.run_script("demux", "--job-folder", job, *options, env=env)


def pitch_hz(job: Path) -> float:
    with wave.open(str(job / "01_demux" / "audio.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(float)
    return float(np.argmax(np.abs(np.fft.rfft(samples)))) * 16_000 / len(samples)


SOUND, PICTURE, HEADER = ("ffmpeg", "*audio.wav*"), ("ffmpeg", "*poster.jpg*"), ("ffprobe", "*-show_format*")
CASES = [
    (*SOUND, "replaced"),
    (*SOUND, "replaced and put back"),
    (*SOUND, "changed in one byte at its end, with its time put back"),
    (*SOUND, "moved away"),
    (*PICTURE, "written into, with its time put back"),
    (*HEADER, "written into"),
]


@pytest.mark.parametrize(("program", "call", "change"), CASES)
def test_a_film_that_changes_while_stage_01_reads_it_leaves_nothing(
    tmp_path: Path, films: Films, monkeypatch: pytest.MonkeyPatch, program: str, call: str, change: str
) -> None:
    job, cache = job_with_cache(tmp_path)
    own = support.new_cache(tmp_path)
    fault = tmp_path / "fault"
    env = faults.change_film(fault, program, call, change, films.film, films.other)
    done = demux(job, films.film, {**env, **own})
    assert faults.happened(fault)
    assert done.returncode == 6, done.stderr
    error = support.failed_manifest(job, "demux")["errors"][0]
    assert f"The film {films.film} was " in error["message"] and "while it was read" in error["message"]
    assert error["file"] == str(films.film)
    assert not (job / "01_demux" / "manifest.json").exists() and not (job / "01_demux" / "audio.wav").exists()
    assert cache.entries() == []
    monkeypatch.setenv("SAMVAD_CACHE", own["SAMVAD_CACHE"])
    if films.film.exists():
        assert checksums.remembered(films.film) in (None, files.sha256_of(films.film))

    if change == "replaced":
        done = demux(job, films.film, own)
        assert done.returncode == 0, done.stderr
        film = next(item for item in support.manifest_of(job, "demux")["inputs"] if item["type"] == "film")
        assert film["checksum"] == files.sha256_of(films.film)
        assert pitch_hz(job) == pytest.approx(OTHER_HZ, abs=5)


def test_a_film_that_changes_while_its_result_is_taken_from_the_cache_leaves_nothing(
    tmp_path: Path, films: Films
) -> None:
    """The checksum is remembered, the result is there, and the film is another one before the stage's end."""
    own = support.new_cache(tmp_path)
    first, cache = job_with_cache(tmp_path)
    assert demux(first, films.film, own).returncode == 0
    status, memo = films.film.stat(), tmp_path / "cache" / "checksums"
    memo.mkdir(exist_ok=True)  # the film is too young to be remembered by itself
    (memo / checksums._memo(films.film, status).name).write_text(files.sha256_of(films.film) + "\n", encoding="ascii")
    second, _ = job_with_cache(tmp_path, 2)
    env = faults.change_film(tmp_path / "fault", "ffprobe", "*-version*", "replaced", films.film, films.other)
    done = demux(second, films.film, {**env, **own})
    assert faults.happened(tmp_path / "fault")
    assert done.returncode == 6, done.stderr
    assert not (second / "01_demux" / "manifest.json").exists()
    assert len(cache.entries()) == 1


@pytest.mark.skipif(shutil.which("mkvmerge") is None, reason="mkvmerge writes the film")
@pytest.mark.parametrize("change", ["replaced", "written into, with its time put back", "replaced and put back"])
def test_a_film_that_changes_while_mkvmerge_reads_it_leaves_nothing(tmp_path: Path, films: Films, change: str) -> None:
    inputs = muxing.make_job(tmp_path, films.film)
    job = Path(str(inputs[1]))
    fault = tmp_path / "fault"
    env = faults.change_film(fault, "mkvmerge", "*--output*", change, films.film, films.other)
    done = support.run_script("mux", *inputs, "--languages", "hi", "en", env=env)
    assert faults.happened(fault)
    assert done.returncode == 6, done.stderr
    assert "while it was read" in support.failed_manifest(job, "mux")["errors"][0]["message"]
    assert not (job / "10_mux" / "manifest.json").exists() and not list((job / "10_mux").glob("*.mkv"))


def test_a_full_disk_at_the_last_bytes_is_no_success_and_room_mends_it(tmp_path: Path, films: Films) -> None:
    """ffmpeg loses the end of the sound, says so, and ends with 0; nothing of it is kept for anybody."""
    long = films.film.with_name("long.mkv")
    sound = ["-f", "lavfi", "-i", f"sine=frequency={FILM_HZ}:duration=30"]
    muxing.ffmpeg(*sound, "-c:a", "flac", long)
    job, cache = job_with_cache(tmp_path)
    fault = tmp_path / "fault"
    done = demux(job, long, faults.stand_in(fault, "ffmpeg", "*audio.wav*", after=faults.FULL))
    assert faults.happened(fault)
    assert done.returncode == 6, done.stderr
    error = support.failed_manifest(job, "demux")["errors"][0]
    assert error["category"] == "disk" and "No space is left" in error["message"]
    assert cache.entries() == [] and not (job / "01_demux" / "audio.wav").exists()
    assert demux(job, long, {}).returncode == 0
    assert len(cache.entries()) == 1
    with wave.open(str(job / "01_demux" / "audio.wav")) as file:
        assert file.getnframes() == 30 * 16_000


def test_a_disk_that_is_full_for_a_while_is_no_success_and_room_mends_it(
    tmp_path: Path, films: Films, disk: Callable[..., Path]
) -> None:
    """The disk has room when the stage looks, and none when ffmpeg writes: a real one, of a few megabytes."""
    long = films.film.with_name("long.mkv")
    muxing.ffmpeg("-f", "lavfi", "-i", f"sine=frequency={FILM_HZ}:duration=60", "-c:a", "flac", long)
    small = disk(tmp_path / "small", 6 << 20)
    job, cache = job_with_cache(small)
    fill = 'free=$(df --output=avail -k "$DISK" | tail -1); head -c $(((free - 1000) * 1024)) /dev/zero >"$DISK/fill"'
    env = {**faults.stand_in(tmp_path / "fault", "ffmpeg", "*audio.wav*", fill), "DISK": str(small)}
    done = demux(job, long, env)
    assert faults.happened(tmp_path / "fault") and (small / "fill").stat().st_size > 1 << 20
    assert done.returncode == 6, done.stderr
    assert support.failed_manifest(job, "demux")["errors"][0]["category"] == "disk"
    assert not (job / "01_demux" / "manifest.json").exists() and cache.entries() == []
    (small / "fill").unlink()
    assert demux(job, long, {}).returncode == 0
    with wave.open(str(job / "01_demux" / "audio.wav")) as file:
        assert file.getnframes() == 60 * 16_000


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project whose stage 03 does what a variable says before its work."""
    root = tmp_path_factory.mktemp("project") / "root"
    for name in ("scripts", "envs", "config"):
        shutil.copytree(support.ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    script = root / "scripts" / stages.BY_NAME["glossary_load"].script
    head, work, rest = script.read_text("utf-8").partition("def work(run: StageRun, options: Options) -> None:\n")
    assert work
    line = "    import os, subprocess; subprocess.run(['sh', '-c', os.environ.get('FAULT', ':')], check=True)\n"
    script.write_text(head + work + line + rest, encoding="utf-8")
    return root


def glossary(root: Path, job: Path, fault: str) -> subprocess.CompletedProcess[str]:
    command = [root / "envs" / "run", "text", "load_glossary.py", "--job-folder", job, "--film", "test", "--files"]
    env = {**os.environ, "FAULT": fault}
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, env=env, check=False)


@pytest.mark.parametrize("edit", ["edited", "edited and put back", "a new lock"])
def test_code_that_is_edited_while_a_stage_runs_leaves_nothing(tmp_path: Path, project: Path, edit: str) -> None:
    root = tmp_path / "root"
    shutil.copytree(project, root, symlinks=True)
    job, _ = job_with_cache(tmp_path)
    lock = root / "envs" / f"{stages.BY_NAME['glossary_load'].environment}.yaml"
    text = f"echo '# newer' >>'{lock}'" if edit == "a new lock" else faults.change_code(root, put_back="back" in edit)
    done = glossary(root, job, text)
    assert done.returncode == 6, done.stderr
    assert "The code of stage glossary_load was changed while it ran" in done.stderr
    failed: dict[str, Any] = support.failed_manifest(job, "glossary_load")
    assert failed["errors"][0]["category"] == "changed"
    assert not (job / "03_glossary_load" / "manifest.json").exists()
    assert not (job / "03_glossary_load" / "glossary.json").exists()
    if edit == "edited":
        done = glossary(root, job, ":")
        assert done.returncode == 0, done.stderr
        made = json.loads((job / "03_glossary_load" / "manifest.json").read_text("utf-8"))
        assert made["software"]["code"] not in (None, failed["software"]["code"]), "it tells of the code that ran"


def test_edits_of_other_code_and_no_edit_are_no_matter(tmp_path: Path, project: Path) -> None:
    job, _ = job_with_cache(tmp_path)
    done = glossary(project, job, f"echo '# edited' >>'{project}/scripts/samvad/stages/mux/burn.py'")
    assert done.returncode == 0, done.stderr
    made = support.manifest_of(job, "glossary_load")
    assert len(made["software"]["code"]) == 16
