"""Stage 04 with other models beside Whisper, with too little memory, and what it refuses."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import support
from recognising import (
    FAST,
    decoded,
    document,
    error_rate,
    metrics_of,
    noise,
    recognise,
    silence,
    spoken,
    text_of,
    warnings_of,
    wav,
)
from samvad.core.errors import MissingToolError, ModelError
from samvad.stages.asr import film_languages

pytestmark = pytest.mark.model


def test_when_memory_runs_out_the_batch_is_halved_and_the_film_goes_on(tmp_path: Path, sample: Any) -> None:
    """The process may have just so many addresses that it works, and not sixteen stretches at once.

    How many that is hangs on the library that computes (MKL reserves 1 GB more than oneDNN), so it is looked for in
    steps, from too few (which soon fails) to enough for all sixteen, and between these two by halves.
    """
    sound = wav(np.tile(spoken(sample, 2, 8), 10))
    options = ["--model", "base", *FAST, "--languages", "en", "--singing=false", "--retries=0"]
    few = {"OMP_NUM_THREADS": "2", "MALLOC_ARENA_MAX": "2"}
    ran_out = "Memory ran out with int8 on cpu, 16 at once"
    too_few, enough = 800, 0
    while True:
        limit_mb = (too_few + enough) // 2 if enough else too_few + 200
        job = support.make_job(tmp_path / str(limit_mb))  # a new one: what a failed attempt has decoded is kept
        demux = support.finished_stage(job, "demux", {"audio": ("audio.wav", sound)})
        run = [support.ROOT / "envs" / "run", "asr", "recognize_speech.py", "--job-folder", job, "--film", "test"]
        words = ["--demux", demux, *options, "--batch-size=16", "--threads=2"]
        command = ["prlimit", f"--as={limit_mb << 20}", *run, *words]
        done = subprocess.run(
            list(map(str, command)), capture_output=True, text=True, env={**os.environ, **few}, check=False
        )
        if done.returncode == 0 and ran_out in warnings_of(job):
            break
        too_few, enough = (limit_mb, enough) if done.returncode else (too_few, limit_mb)
        assert too_few < 4500 and enough - too_few not in range(10), f"{too_few} to {enough} MB: {done.stderr}"
    assert json.loads((job / "04_asr" / "metadata.json").read_text("utf-8"))["decoding"]["batch_size"] < 16
    assert (
        error_rate(
            " ".join(line["text"] for line in 10 * sample.truth["lines"][2:9]), text_of(document(job)["segments"])
        )
        < 0.4
    )


def test_a_killed_recognition_goes_on_where_it_was_and_gives_the_same_to_the_byte_by_however_many(
    tmp_path: Path, sample: Any
) -> None:
    """Two decoders side by side, unbroken; and one alone that is killed after its first pieces, and begun again."""
    options = (*FAST, "--languages", "en", "es", "--threads=2")
    whole, done = recognise(tmp_path / "whole", spoken(sample, 0, 9), *options)
    assert done.returncode == 0, done.stderr
    assert len(document(whole)["segments"]) >= 6
    job = support.make_job(tmp_path / "broken")
    demux = support.finished_stage(job, "demux", {"audio": ("audio.wav", wav(spoken(sample, 0, 9)))})
    told = ("--job-folder", job, "--film", "test", "--demux", demux, "--model", "base", *options, "--workers=1")
    pieces = job / "04_asr" / "attempts" / "pieces.jsonl"
    killed = support.run_until(1, "asr", *told)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    kept = pieces.read_bytes().count(b"\n") - 1
    with pieces.open("ab") as file:
        file.write(b'["torn by the kill", [')
    done = support.run_script("asr", *told)
    assert done.returncode == 0, done.stderr
    assert (job / "04_asr" / "segments.json").read_bytes() == (whole / "04_asr" / "segments.json").read_bytes()
    resumed = metrics_of(job)["resumed"].split()
    assert int(resumed[0]) == kept < int(resumed[2]), resumed
    assert not pieces.exists() and "resumed" not in metrics_of(whole)


def test_voices_are_not_separated_without_the_program_for_it(tmp_path: Path) -> None:
    if shutil.which("demucs"):
        pytest.skip("demucs is installed here")
    job, done = recognise(tmp_path, noise(1), "--separate-voices", "htdemucs")
    assert done.returncode == MissingToolError.exit_code
    assert "demucs is not installed" in done.stderr and "uv tool install demucs" in done.stderr
    assert not (job / "04_asr" / "manifest.json").exists()


def test_voices_are_separated_by_a_model_from_a_folder(tmp_path: Path, sample: Any) -> None:
    """The model has learned nothing: what it leaves of the sound is not speech."""
    demucs = shutil.which("demucs")
    if not demucs:
        pytest.skip("demucs is not installed")
    python = Path(demucs).resolve().parent / "python"
    folder = tmp_path / "models"
    subprocess.run([python, support.ROOT / "tests" / "toy_separator.py", folder], check=True, capture_output=True)
    job, done = recognise(tmp_path, spoken(sample, 0, 0), "--separate-voices", folder / "toy", *FAST, "--singing=false")
    assert done.returncode == 0, done.stderr
    assert document(job)["duration_ms"] == round(len(spoken(sample, 0, 0)) / 16)
    assert "No speech was found" in warnings_of(job)


@pytest.mark.slow
def test_speakers_are_named_by_a_pipeline_from_a_folder(tmp_path: Path, sample: Any) -> None:
    folder = tmp_path / "pipeline"
    run = [support.ROOT / "envs" / "run", "asr", "../tests/toy_diarizer.py", folder]
    subprocess.run(run, check=True, capture_output=True)
    options = ("--languages", "en", "--singing=false", "--speakers", folder, *FAST)
    job, done = recognise(tmp_path, spoken(sample, 0, 0), *options)
    assert done.returncode == 0, done.stderr
    assert {segment["speaker"] for segment in document(job)["segments"]} == {"SPEAKER_00"}
    assert metrics_of(job)["speakers"] == 1


def test_a_folder_without_weights_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "no model").mkdir()
    job, done = recognise(tmp_path, noise(1), "--model", tmp_path / "no model")
    assert done.returncode == 4
    assert f"The model folder {tmp_path / 'no model'} holds no model.bin" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (job / "04_asr" / "manifest.json").exists()


def test_weights_that_are_no_weights_are_refused(tmp_path: Path, sample: Any) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"not a model" * 100)
    (folder / "tokenizer.json").write_text("{}")
    start = sample.truth["lines"][0]["start_ms"] / 1000
    job, done = recognise(tmp_path, decoded(sample.film, "-ss", str(start), "-t", "3"), "--model", folder)
    assert done.returncode == 4, done.stderr
    assert f"The model in {folder} cannot be loaded" in done.stderr
    assert not (job / "04_asr" / "manifest.json").exists()


def test_a_text_that_the_decoder_had_to_end_is_known_to_be_cut_off(tmp_path: Path) -> None:
    """CTranslate2 writes half of what the model has room for; in a short try no more than anybody can have said."""
    (tmp_path / "sound.wav").write_bytes(wav(noise(3)))
    run = [support.ROOT / "envs" / "run", "asr", "../tests/endless_text.py", tmp_path / "sound.wav"]
    done = subprocess.run(list(map(str, run)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [[224 + 1, True], [30 + 3 * 40 + 1, True], [50 + 1, True]]


def test_a_model_that_nobody_knows_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    _, done = recognise(tmp_path, noise(1), "--model", "basis")
    assert done.returncode == 4
    assert "'basis'" in done.stderr and "large-v3" in done.stderr


def test_a_model_that_knows_only_english_is_refused_for_hindi() -> None:
    class EnglishOnly:
        multilingual = False

    recogniser: Any = SimpleNamespace(fallback=SimpleNamespace(engine=EnglishOnly()))
    with pytest.raises(ModelError, match=r"English alone.*hi.*asr\.model"):
        film_languages.name(None, recogniser, [], ["hi"])  # type: ignore[arg-type]


@pytest.mark.parametrize(("given", "code"), [("tl", "fil"), ("jw", "jv")])
def test_a_language_that_whisper_calls_otherwise_is_recognised(
    tmp_path: Path, sample: Any, given: str, code: str
) -> None:
    # English is said: with second tries it would be recognised as that, which it surely sounds like.
    tries = ("--singing=false", "--retries=0")
    job, done = recognise(tmp_path, spoken(sample, 0, 0), "--languages", given, *FAST, *tries)
    assert done.returncode == 0, done.stderr
    found = document(job)
    assert found["language"] == code and {segment["language"] for segment in found["segments"]} == {code}


def test_a_language_that_the_model_was_not_trained_on_is_refused_by_name(tmp_path: Path, sample: Any) -> None:
    _, done = recognise(tmp_path, spoken(sample, 0, 0), "--languages", "yue", *FAST, "--singing=false")
    assert done.returncode == ModelError.exit_code
    assert "The Whisper model base was not trained on the language yue" in done.stderr and "large-v3" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_without_a_tokenizer_is_refused_without_asking_the_hub(tmp_path: Path, sample: Any) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.bin").write_bytes(b"weights")
    _, done = recognise(tmp_path, spoken(sample, 0, 0), *FAST, "--model", tmp_path / "model", "--singing=false")
    assert done.returncode == ModelError.exit_code
    assert "has no tokenizer.json" in done.stderr


def test_sound_of_another_make_than_stage_01s_is_refused(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    demux = support.finished_stage(job, "demux", {"audio": ("audio.wav", b"RIFF, more or less")})
    done = support.run_script("asr", "--job-folder", job, "--film", "test", "--demux", demux, "--model", "base")
    assert done.returncode == 3
    assert "is not a WAV file" in done.stderr and "Run stage demux again" in done.stderr


def test_a_sound_that_has_changed_since_stage_01_is_refused(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    demux = support.finished_stage(job, "demux", {"audio": ("audio.wav", wav(silence(1)))})
    (job / "01_demux" / "audio.wav").write_bytes(wav(noise(1)))
    done = support.run_script("asr", "--job-folder", job, "--film", "test", "--demux", demux, "--model", "base")
    assert done.returncode != 0
    assert "is not what stage demux wrote" in done.stderr


@pytest.mark.slow
def test_an_aligner_from_a_folder_gives_every_word_a_time_and_loses_none(tmp_path: Path, sample: Any) -> None:
    """The network has learned nothing, so its times mean nothing; that they are used and in order is what counts."""
    folder = tmp_path / "aligner"
    run = [support.ROOT / "envs" / "run", "asr", "../tests/toy_aligner.py", folder]
    subprocess.run(run, check=True, capture_output=True)
    line = sample.truth["lines"][0]
    samples = decoded(sample.film, "-ss", str(line["start_ms"] / 1000 - 0.5), "-t", "4.5")
    options = ("--languages", "en", "--align-model")
    job, done = recognise(tmp_path / "aligned", samples, *options, folder)
    assert done.returncode == 0, done.stderr
    plain, _ = recognise(tmp_path / "plain", samples, *options, "whisper")
    aligned, own = document(job)["segments"], document(plain)["segments"]
    assert text_of(aligned) == text_of(own)
    times = [
        [(word["start_ms"], word["end_ms"]) for segment in found for word in segment["words"]]
        for found in (aligned, own)
    ]
    assert len(times[0]) == len(times[1]) and times[0] != times[1]
    assert [start for start, _ in times[0]] == sorted(start for start, _ in times[0])
    assert set(aligned[0]["decoding"]) == set(own[0]["decoding"]), "alignment keeps Whisper's figures"
    names = [model["name"] for model in support.manifest_of(job, "asr")["software"]["models"]]
    assert any(name.startswith("aligner ") for name in names)


def test_a_folder_without_an_aligner_is_refused_before_anything_is_recognised(tmp_path: Path) -> None:
    job, done = recognise(tmp_path, noise(1), "--align-model", tmp_path)
    assert done.returncode == ModelError.exit_code
    assert "is not a folder with a wav2vec2 model" in done.stderr
    assert not (job / "04_asr" / "manifest.json").exists()
