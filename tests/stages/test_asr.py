"""Stage 04 as a command, with the base weights: what was said, when, in which language; nothing where nobody spoke."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import statistics
import subprocess
import wave
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import jiwer
import numpy as np
import pytest

import support
from samvad import schemas
from samvad.asr import steps, writing
from samvad.errors import ModelError, ToolError

pytestmark = pytest.mark.model

RATE_HZ = 16_000
#: The engine that starts quickly; the Spanish scene is recognised with the other.
FAST = ("--engine", "faster-whisper")
Samples = np.ndarray[Any, np.dtype[np.int16]]


class Spoken(NamedTuple):
    """A recording and what is true of it: words with the times of their starts."""

    samples: Samples
    text: str
    starts: list[tuple[str, float]]


def decoded(path: Path, *options: str) -> Samples:
    """Return a file's sound as stage 01 would make it."""
    command = ["ffmpeg", "-nostdin", "-v", "error", *options, "-i", str(path), "-ac", "1", "-ar", str(RATE_HZ)]
    done = subprocess.run([*command, "-f", "s16le", "-"], capture_output=True, check=True)
    return np.frombuffer(done.stdout, dtype="<i2")


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE_HZ), dtype=np.int16)


def noise(seconds: float) -> Samples:
    return (np.random.default_rng(0).standard_normal(int(seconds * RATE_HZ)) * 2000).astype(np.int16)


def wav(samples: Samples) -> bytes:
    raw = io.BytesIO()
    with wave.open(raw, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())
    return raw.getvalue()


def recognise(
    folder: Path, samples: Samples, *options: object, env: dict[str, str] | None = None
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Run the stage on a sound; return its job folder and how it went."""
    job = support.make_job(folder)
    demux = support.finished_stage(job, "demux", {"audio": ("audio.wav", wav(samples))})
    given = [] if "--model" in options else ["--model", "base"]
    run = ("asr", "--job-folder", job, "--film", "test", "--demux", demux, *given, *options)
    return job, support.run_script(*run, env=env)


def warnings_of(job: Path) -> str:
    return " ".join(warning["message"] for warning in support.manifest_of(job, "asr")["warnings"])


def metrics_of(job: Path) -> dict[str, Any]:
    return {metric["name"]: metric["value"] for metric in support.manifest_of(job, "asr")["metrics"]}


def spoken(sample: Any, first: int, last: int) -> Samples:
    """Return the sound of some lines of the sample film, half a second around them."""
    lines = sample.truth["lines"][first : last + 1]
    start_ms, end_ms = lines[0]["start_ms"] - 500, lines[-1]["end_ms"] + 500
    return decoded(sample.film, "-ss", str(start_ms / 1000), "-t", str((end_ms - start_ms) / 1000))


def document(job: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((job / "04_asr" / "segments.json").read_text("utf-8"))
    assert schemas.problems(found, "segments") == []
    return found


def text_of(segments: list[dict[str, Any]]) -> str:
    return " ".join(segment["text"] for segment in segments)


def words(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.casefold()))


def error_rate(truth: str, found: str) -> float:
    return float(jiwer.wer(words(truth), words(found)))


# -- nobody speaks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "samples",
    [silence(5), noise(5), (np.sin(np.arange(RATE_HZ) / 6) * 9000).astype(np.int16)],
    ids=["silence", "noise", "a second of a tone"],
)
def test_where_nobody_speaks_the_document_is_empty_and_a_warning_says_so(tmp_path: Path, samples: Samples) -> None:
    job, done = recognise(tmp_path, samples)
    assert done.returncode == 0, done.stderr
    found = document(job)
    assert (found["segments"], found["language"]) == ([], "und")
    assert found["duration_ms"] == round(len(samples) * 1000 / RATE_HZ)
    manifest = support.manifest_of(job, "asr")
    assert any("No speech was found" in warning["message"] for warning in manifest["warnings"])
    assert (job / "04_asr" / "transcript.txt").read_text() == ""
    assert {output["type"] for output in manifest["outputs"]} >= {"segments", "speech_regions", "transcript_txt"}


# -- two languages in one film ----------------------------------------------------------------------------------------


class Scene(NamedTuple):
    """The Spanish scene of the sample film and two lines before it; times from the start of the scene."""

    job: Path
    lines: list[dict[str, Any]]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, sample: Any) -> Scene:
    spanish = [number for number, line in enumerate(sample.truth["lines"]) if line["language"] == "es"]
    lines = sample.truth["lines"][spanish[0] - 2 : spanish[-1] + 1]
    offset_ms = lines[0]["start_ms"] - 500
    seconds = (lines[-1]["end_ms"] + 500 - offset_ms) / 1000
    samples = decoded(sample.film, "-ss", str(offset_ms / 1000), "-t", str(seconds))
    job, done = recognise(tmp_path_factory.mktemp("scene"), samples, "--languages", "en", "es")
    assert done.returncode == 0, done.stderr
    moved = [{**line, "start_ms": line["start_ms"] - offset_ms, "end_ms": line["end_ms"] - offset_ms} for line in lines]
    return Scene(job, moved)


def segments_of(line: dict[str, Any], job: Path) -> list[dict[str, Any]]:
    return [
        segment
        for segment in document(job)["segments"]
        if line["start_ms"] <= (segment["start_ms"] + segment["end_ms"]) / 2 <= line["end_ms"]
    ]


@pytest.mark.slow
def test_each_line_is_heard_in_its_own_language(scene: Scene) -> None:
    for line in scene.lines:
        found = segments_of(line, scene.job)
        assert {segment["language"] for segment in found} == {line["language"]}, (line["text"], text_of(found))
    assert document(scene.job)["language"] == "es", "more is said in Spanish than in English"
    regions = json.loads((scene.job / "04_asr" / "metadata.json").read_text("utf-8"))["regions_by_language"]
    assert set(regions) == {"en", "es"}


@pytest.mark.parametrize(("language", "limit"), [("en", 0.15), ("es", 0.5)])
def test_both_languages_are_understood(scene: Scene, language: str, limit: float) -> None:
    lines = [line for line in scene.lines if line["language"] == language]
    truth = " ".join(line["text"] for line in lines)
    found = text_of([segment for line in lines for segment in segments_of(line, scene.job)])
    assert error_rate(truth, found) <= limit, found


def test_segments_begin_and_end_with_the_line(scene: Scene) -> None:
    for line in scene.lines:
        found = segments_of(line, scene.job)
        assert found[0]["start_ms"] == pytest.approx(line["start_ms"], abs=400), line["text"]
        assert found[-1]["end_ms"] == pytest.approx(line["end_ms"], abs=400), line["text"]


def test_words_lie_in_order_inside_their_segment_and_add_up_to_its_text(scene: Scene) -> None:
    for segment in document(scene.job)["segments"]:
        assert " ".join(word["text"] for word in segment["words"]).split() == segment["text"].split()
        position = segment["start_ms"]
        for word in segment["words"]:
            assert position <= word["start_ms"] <= word["end_ms"] <= segment["end_ms"]
            assert 0 <= word["score"] <= 1
            position = word["start_ms"]


def test_whispers_own_figures_are_kept_for_what_removes_hallucinations(scene: Scene) -> None:
    for segment in document(scene.job)["segments"]:
        figures = segment["decoding"]
        assert set(figures) == {"avg_logprob", "no_speech_prob", "compression_ratio", "temperature"}
        assert figures["avg_logprob"] < 0 and 0 <= figures["no_speech_prob"] <= 1
        assert figures["compression_ratio"] > 0.3


def test_transcripts_tell_what_the_document_tells(scene: Scene) -> None:
    found = document(scene.job)["segments"]
    lines = (scene.job / "04_asr" / "transcript.txt").read_text("utf-8").splitlines()
    assert [line.split("] ", 1)[1] for line in lines] == [segment["text"] for segment in found]
    assert re.match(r"\[00:00:0\d[.,]\d{3}\] ", lines[0])
    layout = json.loads((scene.job / "04_asr" / "transcript.json").read_text("utf-8"))
    assert [segment["text"] for segment in layout["segments"]] == [segment["text"] for segment in found]
    assert set(layout["segments"][0]["words"][0]) == {"word", "start", "end", "score"}


def test_the_manifest_names_the_weights_the_libraries_and_the_device(scene: Scene) -> None:
    manifest = support.manifest_of(scene.job, "asr")
    software = manifest["software"]
    (model,) = [model for model in software["models"] if model["name"].startswith("whisper")]
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", model["checksum"])
    assert {"whisperx", "faster-whisper", "ctranslate2"} <= set(software["tools"])
    assert software["device_requested"] == "auto" and software["device_actual"] in ("cpu", "cuda")
    assert manifest["resources"]["peak_rss_mb"] > 100
    assert {"segments", "words", "speech_duration"} <= {metric["name"] for metric in manifest["metrics"]}
    assert manifest["config"]["languages"] == ["en", "es"]


# -- the language is not given ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_language_is_found_by_a_vote(tmp_path: Path, sample: Any) -> None:
    spanish = [line for line in sample.truth["lines"] if line["language"] == "es"]
    start_ms, end_ms = spanish[0]["start_ms"] - 500, spanish[-1]["end_ms"] + 500
    samples = decoded(sample.film, "-ss", str(start_ms / 1000), "-t", str((end_ms - start_ms) / 1000))
    job, done = recognise(tmp_path, samples)
    assert done.returncode == 0, done.stderr
    vote = json.loads((job / "04_asr" / "metadata.json").read_text("utf-8"))["language_vote"]
    assert vote["language"] == "es" and vote["margin"] > 0, vote
    assert all(window["language"] for window in vote["windows"])
    assert document(job)["language"] == "es"
    assert {"hermano", "madrid"} <= set(words(text_of(document(job)["segments"])).split())
    messages = " ".join(warning["message"] for warning in support.manifest_of(job, "asr")["warnings"])
    assert ("uncertain" in messages) == (vote["share"] < 0.5)


# -- real recordings --------------------------------------------------------------------------------------------------


def librivox(name: str) -> Spoken:
    """Return a reading with the times that an aligner of another make gave its words."""
    aligned = json.loads((support.MEDIA / "refs" / f"{name}.words.json").read_text("utf-8"))
    starts = [(re.sub(r"\(\d\)$", "", word["t"]), word["b"]) for word in aligned["w"] if word["t"] != "<sil>"]
    return Spoken(decoded(support.MEDIA / "B_english" / f"{name}.wav"), aligned["t"], starts)


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[float, Spoken]]]:
    """Recognise real recordings, one after the other with two seconds in between; return each with its start."""
    jfk = support.MEDIA / "B_english" / "en_jfk.flac"
    if not jfk.exists():
        pytest.skip(f"the recordings are not at {support.MEDIA}")
    text = (support.MEDIA / "refs" / "en_jfk.flac.txt").read_text("utf-8")
    clips = [Spoken(decoded(jfk), text, []), *(librivox(f"en_librivox_{name}") for name in ("0870", "0890", "0930"))]
    parts, starts, position = [], [], 0.0
    for clip in clips:
        starts.append((position, clip))
        parts += [clip.samples, silence(2)]
        position += len(clip.samples) / RATE_HZ + 2
    sound = np.concatenate(parts)
    job, done = recognise(tmp_path_factory.mktemp("readings"), sound, "--languages", "en", *FAST)
    assert done.returncode == 0, done.stderr
    return job, starts


def words_between(job: Path, start: float, end: float) -> list[tuple[str, float]]:
    """Return the words that begin between two times (s), with their starts from the first of them."""
    return [
        (words(word["text"]), word["start_ms"] / 1000 - start)
        for segment in document(job)["segments"]
        for word in segment["words"]
        if start <= word["start_ms"] / 1000 < end
    ]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(4), ids=["jfk", "0870", "0890", "0930"])
def test_a_real_recording_is_understood(readings: tuple[Path, list[tuple[float, Spoken]]], number: int) -> None:
    job, starts = readings
    start, clip = starts[number]
    found = " ".join(word for word, _ in words_between(job, start, start + len(clip.samples) / RATE_HZ + 1))
    spoken = clip.text.replace("cold hearted", "cold-hearted").replace("mister", "mr")
    rate = error_rate(spoken, found.replace("mister", "mr"))
    assert rate <= 0.1, f"WER {rate:.3f}: {found}"


def test_words_are_timed_as_another_aligner_times_them(readings: tuple[Path, list[tuple[float, Spoken]]]) -> None:
    job, starts = readings
    errors_ms = []
    for start, clip in starts[1:]:
        found = words_between(job, start, start + len(clip.samples) / RATE_HZ + 1)
        pairs = jiwer.process_words(" ".join(word for word, _ in clip.starts), " ".join(word for word, _ in found))
        for chunk in pairs.alignments[0]:
            if chunk.type == "equal":
                for number in range(chunk.ref_end_idx - chunk.ref_start_idx):
                    said, heard = clip.starts[chunk.ref_start_idx + number], found[chunk.hyp_start_idx + number]
                    errors_ms.append(round((heard[1] - said[1]) * 1000))
    assert len(errors_ms) >= 35
    median = statistics.median(map(abs, errors_ms))
    assert median <= 80, f"median error of a word's start {median:.0f} ms: {errors_ms}"


# -- languages and scripts --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hindi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recognise Hindi spoken by a synthesizer."""
    folder = tmp_path_factory.mktemp("hindi")
    text = "नमस्ते, आप कैसे हैं? मेरा नाम राहुल है। मैं मुंबई में रहता हूँ। यह मेरा घर है।"
    subprocess.run(["espeak-ng", "-v", "hi", "-s", "140", "-w", str(folder / "said.wav"), text], check=True)
    options = ("--languages", "hi", *FAST, "--romanise=True", "--singing=False")
    job, done = recognise(folder, decoded(folder / "said.wav"), *options)
    assert done.returncode == 0, done.stderr
    return job


def test_hindi_is_written_in_devanagari_alone(hindi: Path) -> None:
    found = text_of(document(hindi)["segments"])
    assert {"आप", "मेरा", "हैं"} & set(found.split()), found
    assert writing.foreign_letters(found, frozenset({"Deva"})) == ""


def test_the_same_text_in_latin_letters_is_written_on_request(hindi: Path) -> None:
    for segment in document(hindi)["segments"]:
        assert segment["roman"] and writing.foreign_letters(segment["roman"], frozenset({"Latn"})) == ""
    track = (hindi / "04_asr" / "transcript_roman.srt").read_text("utf-8")
    assert track.count(" --> ") == len(document(hindi)["segments"])
    assert "transcript_roman" in {output["type"] for output in support.manifest_of(hindi, "asr")["outputs"]}


def test_a_wrong_language_is_obeyed_and_a_warning_says_what_is_heard(tmp_path: Path, sample: Any) -> None:
    job, done = recognise(tmp_path, spoken(sample, 0, 0), "--languages", "hi", *FAST, "--singing=False", "--retries=0")
    assert done.returncode == 0, done.stderr
    assert "was given as hi, but it sounds like en" in warnings_of(job)
    assert writing.foreign_letters(text_of(document(job)["segments"]), frozenset({"Deva"})) == ""


def test_real_hindi_without_a_limit_of_scripts_is_the_reason_for_it(tmp_path: Path) -> None:
    clip = support.MEDIA / "A_indic" / "hi_story_1203_086.wav"
    if not clip.exists():
        pytest.skip(f"the recordings are not at {support.MEDIA}")
    options = ("--languages", "hi", *FAST, "--singing=False", "--retries=0")
    native, _ = recognise(tmp_path / "native", decoded(clip), *options)
    anything, _ = recognise(tmp_path / "any", decoded(clip), *options, "--script=any")
    texts = [text_of(document(job)["segments"]) for job in (native, anything)]
    foreign = [writing.foreign_letters(text, frozenset({"Deva"})) for text in texts]
    assert texts[0] and not foreign[0]
    assert foreign[1], "base writes Hindi in Urdu or Latin letters where it may"


# -- what the film's metadata and its songs add -----------------------------------------------------------------------


def test_the_films_names_go_to_the_model_and_not_into_the_text(tmp_path: Path, sample: Any) -> None:
    terms = {"schema_version": "1.0", "terms": ["Priya", "Raahul", "Sholay", "Mumbai", "Gabbar", "Basanti"]}
    job = support.make_job(tmp_path)
    demux = support.finished_stage(job, "demux", {"audio": ("audio.wav", wav(spoken(sample, 0, 0)))})
    given = {"prompt_terms": ("prompt_terms.json", json.dumps(terms).encode())}
    glossary = support.finished_stage(job, "glossary_load", given)
    run = ("--job-folder", job, "--film", "test", "--demux", demux, "--glossary-load", glossary, "--model", "base")
    done = support.run_script("asr", *run, *FAST, "--languages", "en", "--singing=False")
    assert done.returncode == 0, done.stderr
    found = text_of(document(job)["segments"])
    assert "Raahul" in found, f"spelled as the prompt spells it: {found}"
    assert "Sholay" not in found and "Basanti" not in found
    facts = json.loads((job / "04_asr" / "metadata.json").read_text("utf-8"))
    assert facts["prompts"] == {"en": "Priya, Raahul, Sholay, Mumbai, Gabbar, Basanti."}
    assert "prompt_terms" in {item["type"] for item in support.manifest_of(job, "asr")["inputs"]}


def test_a_song_is_not_dropped(tmp_path: Path) -> None:
    song = support.MEDIA / "C_music_noise" / "song_es_Fantasma_-_L.mp3"
    if not song.exists():
        pytest.skip(f"the recordings are not at {support.MEDIA}")
    job, done = recognise(tmp_path, decoded(song, "-ss", "10", "-t", "12"), *FAST, "--languages", "es", "--retries=0")
    assert done.returncode == 0, done.stderr
    regions = json.loads((job / "04_asr" / "speech_regions.json").read_text("utf-8"))["regions"]
    sung = [region for region in regions if region.get("sung")]
    assert sung, "Silero alone leaves singing out"
    assert metrics_of(job)["singing_added"] > 2
    lines = [segment for segment in document(job)["segments"] if segment["text"]]
    assert any(
        line["start_ms"] < region["end_ms"] and region["start_ms"] < line["end_ms"] for line in lines for region in sung
    ), "the small model mishears the words, but a line stands where it is sung"


# -- poor sound, little memory, missing parts -------------------------------------------------------------------------


def test_telephone_sound_that_clips_is_understood_and_missing_speakers_are_a_warning(
    tmp_path: Path, sample: Any
) -> None:
    narrow = np.clip(spoken(sample, 0, 0)[::2].astype(np.int32) * 12, -32768, 32767).astype(np.int16)
    clipped = np.repeat(narrow, 2)
    options = ("--languages", "en", "--speakers", tmp_path / "nowhere", *FAST)
    job, done = recognise(tmp_path, clipped, *options)
    assert done.returncode == 0, done.stderr
    assert "morning" in text_of(document(job)["segments"]).casefold()
    assert "Speakers are not told apart" in warnings_of(job) and "nowhere" in warnings_of(job)
    assert {segment["speaker"] for segment in document(job)["segments"]} == {None}


def test_when_memory_runs_out_the_batch_is_halved_and_the_film_goes_on(tmp_path: Path, sample: Any) -> None:
    """The process may have 1.25 GB of addresses; hearing the language of eight stretches at once takes more."""
    job = support.make_job(tmp_path)
    demux = support.finished_stage(job, "demux", {"audio": ("audio.wav", wav(spoken(sample, 2, 8)))})
    run = [support.ROOT / "envs" / "run", "asr", "recognize_speech.py", "--job-folder", job, "--film", "test"]
    options = ["--demux", demux, "--model", "base", *FAST, "--languages", "en", "es", "--singing=False", "--retries=0"]
    command = ["prlimit", f"--as={1250 << 20}", *run, *options, "--batch-size=8", "--threads=2"]
    few = {"OMP_NUM_THREADS": "2", "MALLOC_ARENA_MAX": "2"}
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env={**os.environ, **few}, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Memory ran out with int8 on cpu, 8 at once" in warnings_of(job)
    assert json.loads((job / "04_asr" / "metadata.json").read_text("utf-8"))["decoding"]["batch_size"] < 8
    assert (
        error_rate(" ".join(line["text"] for line in sample.truth["lines"][2:9]), text_of(document(job)["segments"]))
        < 0.4
    )


def test_voices_are_not_separated_without_the_program_for_it(tmp_path: Path) -> None:
    if shutil.which("demucs"):
        pytest.skip("demucs is installed here")
    job, done = recognise(tmp_path, noise(1), "--separate-voices", "htdemucs")
    assert done.returncode == ToolError.exit_code
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
    job, done = recognise(tmp_path, spoken(sample, 0, 0), "--separate-voices", folder / "toy", *FAST, "--singing=False")
    assert done.returncode == 0, done.stderr
    assert document(job)["duration_ms"] == round(len(spoken(sample, 0, 0)) / 16)
    assert "No speech was found" in warnings_of(job)


@pytest.mark.slow
def test_speakers_are_named_by_a_pipeline_from_a_folder(tmp_path: Path, sample: Any) -> None:
    folder = tmp_path / "pipeline"
    run = [support.ROOT / "envs" / "run", "asr", "../tests/toy_diarizer.py", folder]
    subprocess.run(run, check=True, capture_output=True)
    options = ("--languages", "en", "--singing=False", "--speakers", folder, *FAST)
    job, done = recognise(tmp_path, spoken(sample, 0, 0), *options)
    assert done.returncode == 0, done.stderr
    assert {segment["speaker"] for segment in document(job)["segments"]} == {"SPEAKER_00"}
    assert metrics_of(job)["speakers"] == 1


# -- models -----------------------------------------------------------------------------------------------------------


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


def test_a_model_that_nobody_knows_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    _, done = recognise(tmp_path, noise(1), "--model", "basis")
    assert done.returncode == 4
    assert "'basis'" in done.stderr and "large-v3" in done.stderr


def test_a_model_that_knows_only_english_is_refused_for_hindi() -> None:
    class EnglishOnly:
        multilingual = False

    recogniser: Any = SimpleNamespace(ladder=SimpleNamespace(engine=EnglishOnly()))
    with pytest.raises(ModelError, match=r"English alone.*hi.*asr\.model"):
        steps.name_languages(None, recogniser, [], ["hi"])  # type: ignore[arg-type]


def test_a_model_without_a_tokenizer_is_refused_without_asking_the_hub(tmp_path: Path, sample: Any) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.bin").write_bytes(b"weights")
    _, done = recognise(tmp_path, spoken(sample, 0, 0), *FAST, "--model", tmp_path / "model", "--singing=False")
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


# -- an aligner -------------------------------------------------------------------------------------------------------


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
