"""Stage 08 with Whisper base on synthetic speech, and what is done without any model."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import support
from recognising import error_rate
from samvad.core.errors import ModelError
from samvad.documents.segments import QUARANTINE, Segment, SegmentsDocument, Translation
from samvad.models import weights
from translating import hindi, job_with, metrics, translate, translations, wav

SENTENCES = {
    "es": "Buenas noches, Raúl. ¿Dónde está mi hermano?",
    "de": "Ich habe heute ein neues Buch gekauft.",
}
ENGLISH = "Good evening, Raúl. Where is my brother? I bought a new book today."


@pytest.fixture(scope="session")
def whisper_base() -> str:
    """Return the name of a Whisper model that is on this machine."""
    try:
        found = weights.find_whisper("base")
    except ModelError as error:
        pytest.skip(str(error))
    if found is None:
        pytest.skip("the Whisper base weights are not on this machine (make model)")
    return "base"


def said(language: str, text: str) -> bytes:
    """Return a text spoken by a machine, as samples of 16 kHz mono sound."""
    spoken = subprocess.run(["espeak-ng", "-v", language, "--stdout", text], capture_output=True, check=True).stdout
    command = ["ffmpeg", "-v", "error", "-i", "pipe:0", "-ar", "16000", "-ac", "1", "-f", "s16le", "pipe:1"]
    return subprocess.run(command, input=spoken, capture_output=True, check=True).stdout


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[tuple[str, int, int]]]:
    """Return a WAV with the sentences, spoken by a machine, and the language and times of each."""
    folder = tmp_path_factory.mktemp("speech")
    samples = bytes(2 * 16_000)
    times = []
    for language, text in SENTENCES.items():
        spoken = said(language, text)
        times.append((language, len(samples) // 32, (len(samples) + len(spoken)) // 32))
        samples += spoken + bytes(2 * 16_000)
    return wav(folder / "film.wav", samples), times


@pytest.mark.model
def test_whisper_translates_each_segment_in_its_own_language(
    tmp_path: Path, whisper_base: str, speech: tuple[bytes, list[tuple[str, int, int]]]
) -> None:
    audio, times = speech
    spoken = [
        Segment(at + 1, start, end, SENTENCES[language], language) for at, (language, start, end) in enumerate(times)
    ]
    end = spoken[-1].end_ms
    extra = [
        Segment(3, end, end + 100, "Hello there.", "en"),
        Segment(4, end + 100, end + 200, "Thank you.", "es", verdict=QUARANTINE, reasons=("phrase",)),
        Segment(5, end + 99_000, end + 99_500, "Nada.", "es"),
    ]
    document = SegmentsDocument("es", end + 100_000, (*spoken, *extra))
    job = job_with(tmp_path, document, audio)
    done = translate(job, "--targets", "en", "--backend", "whisper", "--whisper-model", whisper_base)
    assert done.returncode == 0, done.stderr
    spanish, german, english, quarantined, beyond = translations(job)
    assert spanish is not None and german is not None
    rate = error_rate(ENGLISH, f"{spanish.text} {german.text}")
    assert rate <= 0.6, f"WER {rate:.3f}: {spanish.text} {german.text}"
    assert error_rate(" ".join(SENTENCES.values()), f"{spanish.text} {german.text}") >= 0.7, "it is not translated"
    assert spanish.backend == german.backend == "whisper"
    assert spanish.score is not None and spanish.score < 0
    assert english == Translation("Hello there.", "same language")
    assert quarantined is None
    assert beyond == Translation("Nada.", "whisper", flags=("failed", "shown as said")), "it fails alone"
    lines = (job / "08_translation" / "transcript_en.txt").read_text("utf-8").splitlines()
    assert len(lines) == 4
    assert lines[0] == f"[00:00:01.000] {spanish.text}"
    found = metrics(job)
    assert (found["translated_en"], found["passed_on_en"]) == (3, 1)
    assert found["flagged_en"] == sum(bool(made.flags) for made in (spanish, german, english, beyond))
    software = support.manifest_of(job, "translation")["software"]
    assert software["models"][0]["name"] == whisper_base
    assert software["device_actual"] == "cpu"
    (engine,) = software["engines"]
    assert engine["name"] == "ctranslate2" and engine["library"]
    assert engine["instruction_set"] == os.environ.get("CT2_FORCE_CPU_ISA", engine["instruction_set"])


def test_whisper_into_another_language_than_english_is_refused_before_anything_is_loaded(
    tmp_path: Path, silence: bytes
) -> None:
    job = job_with(tmp_path, hindi("नमस्ते"), silence)
    done = translate(job, "--targets", "ta", "--backend", "whisper", "--whisper-model", "/no/such/model")
    assert done.returncode == 2
    message = support.failed_manifest(job, "translation")["errors"][0]["message"]
    assert "translation.backend" in message
    assert "hi to ta" in message


def test_a_turbo_model_is_refused(tmp_path: Path, silence: bytes) -> None:
    job = job_with(tmp_path, hindi("नमस्ते"), silence)
    done = translate(job, "--targets", "en", "--backend", "whisper", "--whisper-model", "large-v3-turbo")
    assert done.returncode == 4
    assert "turbo" in done.stderr


def test_a_film_without_speech_gives_empty_results_and_loads_no_model(tmp_path: Path, silence: bytes) -> None:
    job = job_with(tmp_path, hindi(language="und"), silence)
    done = translate(job, "--targets", "en", "ta", "--backend", "whisper", "--whisper-model", "/no/such/model")
    assert done.returncode == 0, done.stderr
    assert (job / "08_translation" / "transcript_ta.txt").read_text() == ""
    assert support.manifest_of(job, "translation")["software"]["models"] == []


@pytest.mark.model
def test_a_pair_that_no_backend_serves_goes_through_english_by_two_models(
    tmp_path: Path, whisper_base: str, toy_models: Path
) -> None:
    sentence = "Mañana vamos a la casa de mi hermano."  # of which the model is sure: what it guesses goes no further
    audio = wav(tmp_path / "film.wav", said("es", sentence))
    spoken = hindi(sentence, language="es")
    both = ["--backend", "whisper", "indictrans2", "--indictrans2-dir", toy_models, "--whisper-model", whisper_base]
    through, direct, refused = (tmp_path / name for name in ("through", "direct", "refused"))
    for folder in (through, direct, refused):
        folder.mkdir()
    job = job_with(through, spoken, audio)
    done = translate(job, "--targets", "en", "hi", *both, "--pivot", "true")
    assert done.returncode == 0, done.stderr
    (english,), (made,) = translations(job, "en"), translations(job, "hi")
    assert english is not None and english.text and english.backend == "whisper"
    assert made is not None and made.backend == "whisper, indictrans2"
    assert set(english.flags) <= set(made.flags), "the doubts of the first step stay"
    assert len(support.manifest_of(job, "translation")["software"]["models"]) == 2

    # The second step is the same as if the English had been there from the start.
    job = job_with(direct, hindi(english.text, language="en"), audio)
    assert translate(job, "--targets", "hi", *both).returncode == 0
    (alone,) = translations(job, "hi")
    assert alone is not None and alone.text == made.text

    job = job_with(refused, spoken, audio)
    done = translate(job, "--targets", "hi", *both)
    assert done.returncode == 2
    assert "translation.pivot" in done.stderr
