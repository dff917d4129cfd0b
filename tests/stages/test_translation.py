"""Stage 08 with real models: Whisper base on synthetic speech, and a toy IndicTrans2 that a test trains."""

from __future__ import annotations

import json
import os
import subprocess
import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import support
from samvad import models, segments
from samvad.errors import ModelError
from samvad.segments import QUARANTINE, Segment, SegmentsDocument, Translation

SENTENCES = {
    "es": "Buenas noches, Raúl. ¿Dónde está mi hermano?",
    "de": "Ich habe heute ein neues Buch gekauft.",
}


def in_environment(*command: object) -> subprocess.CompletedProcess[str]:
    """Run Python in the stage's environment."""
    line = ["bash", "-c", 'source envs/lib.bash; exec "$(environment_dir translation)/bin/python" "$@"', "-"]
    return subprocess.run(
        [*line, *map(str, command)], cwd=support.ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(support.ROOT / "scripts")},
    )  # fmt: skip


@pytest.fixture(scope="session")
def whisper_base() -> str:
    """Return the name of a Whisper model that is on this machine."""
    try:
        found = models.find_whisper("base")
    except ModelError as error:
        pytest.skip(str(error))
    if found is None:
        pytest.skip("the Whisper base weights are not on this machine (make model)")
    return "base"


@pytest.fixture(scope="session")
def toy_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train the toy IndicTrans2 once; return its folder."""
    folder = tmp_path_factory.mktemp("toy") / "models"
    done = in_environment(support.ROOT / "tests" / "toy_translation_model.py", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[tuple[str, int, int]]]:
    """Return a WAV with the sentences, spoken by a machine, and the language and times of each."""
    folder = tmp_path_factory.mktemp("speech")
    samples = bytes(2 * 16_000)
    times = []
    for language, text in SENTENCES.items():
        subprocess.run(["espeak-ng", "-v", language, "-w", folder / "raw.wav", text], check=True)
        command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", folder / "raw.wav", "-ar", "16000", "-ac", "1"]
        subprocess.run([*command, "-f", "s16le", folder / "raw.pcm"], check=True)
        spoken = (folder / "raw.pcm").read_bytes()
        times.append((language, len(samples) // 32, (len(samples) + len(spoken)) // 32))
        samples += spoken + bytes(2 * 16_000)
    return wav(folder / "film.wav", samples), times


def wav(path: Path, samples: bytes) -> bytes:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples)
    return path.read_bytes()


def job_with(folder: Path, document: SegmentsDocument, audio: bytes, glossary: dict[str, Any] | None = None) -> Path:
    job = support.make_job(folder)
    segments.write(folder / "segments.json", document)
    content = (folder / "segments.json").read_bytes()
    support.finished_stage(job, "demux", {"audio": ("audio.wav", audio)})
    support.finished_stage(job, "asr", {"segments": ("segments.json", content)})
    if glossary is not None:
        text = json.dumps(glossary).encode()
        support.finished_stage(job, "glossary_load", {"glossary": ("glossary.json", text)})
    return job


def translate(job: Path, *options: object) -> subprocess.CompletedProcess[str]:
    asr = job / "04_asr" / "manifest.json"
    glossary = job / "03_glossary_load" / "manifest.json"
    given = ["--glossary-load", glossary] if glossary.exists() else []
    return support.run_script(
        "translation", "--job-folder", job, "--film", "test", "--threads", "2", "--demux",
        job / "01_demux" / "manifest.json", "--asr", asr, "--segments", asr, *given, "--device", "cpu",
        *(() if "--memory-file" in options else ("--memory-file", "none")), *options,
    )  # fmt: skip


def translations(job: Path, target: str = "en") -> list[Translation | None]:
    document = segments.read(job / "08_translation" / "segments.json")
    return [segment.translations.get(target) for segment in document.segments]


def metrics(job: Path) -> dict[str, Any]:
    return {item["name"]: item["value"] for item in support.manifest_of(job, "translation")["metrics"]}


def hindi(*texts: str, language: str = "hi") -> SegmentsDocument:
    made = [Segment(at + 1, 2000 * at, 2000 * at + 1900, text, language) for at, text in enumerate(texts)]
    return SegmentsDocument(language, 2000 * len(texts), tuple(made))


SILENCE_MS = 4000


@pytest.fixture
def silence(tmp_path: Path) -> bytes:
    return wav(tmp_path / "silence.wav", bytes(32 * SILENCE_MS))


# -- Whisper -----------------------------------------------------------------------------------------------------------


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
    assert spanish.text.startswith("Good night, Ra")
    assert "Where is my brother?" in spanish.text
    assert "bought a new" in german.text
    assert spanish.backend == "whisper" and spanish.score is not None and -1 < spanish.score < 0
    assert english == Translation("Hello there.", "same language")
    assert quarantined is None
    assert beyond == Translation("", "whisper", flags=("failed",)), "a segment without sound fails alone"
    lines = (job / "08_translation" / "transcript_en.txt").read_text("utf-8").splitlines()
    assert len(lines) == 4
    assert lines[0] == f"[00:00:01.000] {spanish.text}"
    found = metrics(job)
    assert (found["translated_en"], found["passed_on_en"], found["flagged_en"]) == (3, 1, 1)
    software = support.manifest_of(job, "translation")["software"]
    assert software["models"][0]["name"] == whisper_base
    assert software["device_actual"] == "cpu"


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


# -- IndicTrans2 -------------------------------------------------------------------------------------------------------


def test_indictrans2_translates_sentence_by_sentence_from_any_script(
    tmp_path: Path, toy_models: Path, silence: bytes
) -> None:
    made = hindi("राम लाल किताब देखता है। सीता घर चाहता है?", "મોહન નયા ઘર બેચતા હૈ.", "...", "raam kitaab dekhta hai")
    gujarati = replace(made.segments[1], language="gu", text="રામ લાલ કિતાબ દેખતા હૈ ।")
    document = replace(made, segments=(made.segments[0], gujarati, *made.segments[2:]))
    entry = {"term": "किताब", "target": "volume", "alternatives": [], "context": "", "notes": "", "source": "user"}
    job = job_with(tmp_path, document, silence, {"schema_version": "1.0", "entries": [entry], "conflicts": []})
    done = translate(job, "--targets", "en", "--backend", "indictrans2", "--indictrans2-dir", toy_models)
    assert done.returncode == 0, done.stderr
    first, second, third, fourth = translations(job)
    assert first is not None and second is not None and fourth is not None
    assert first.text == "Ram sees the red volume. Sita wants the house?"
    assert first.flags == ()
    assert first.backend == "indictrans2"
    assert second.text == "Ram sees the red book."
    assert third == Translation("...", "indictrans2")
    assert "source in Latin letters" in fourth.flags
    assert (metrics(job)["glossary_terms_en"], metrics(job)["glossary_terms_kept_en"]) == (1, 1)
    used = (job / "08_translation" / "terms.tsv").read_text("utf-8").splitlines()
    assert used == ["segment\ttarget\tterm\tsaid\twanted\thow", "1\ten\tकिताब\tकिताब\tvolume\tplaceholder"]
    assert support.manifest_of(job, "translation")["software"]["models"][0]["checksum"].startswith("sha256:")


def test_indictrans2_writes_the_script_of_the_target(tmp_path: Path, toy_models: Path, silence: bytes) -> None:
    job = job_with(tmp_path, hindi("Ram sees the red book.", language="en"), silence)
    done = translate(job, "--targets", "hi", "bn", "--backend", "indictrans2", "--indictrans2-dir", toy_models)
    assert done.returncode == 0, done.stderr
    found = [translations(job, target)[0] for target in ("hi", "bn")]
    assert [item.text for item in found if item] == ["राम लाल किताब देखता है।", "রাম লাল কিতাব দেখতা হৈ।"]


def test_a_segment_longer_than_the_model_takes_is_translated_in_full(
    tmp_path: Path, toy_models: Path, silence: bytes
) -> None:
    sentences, no_stop = "राम लाल किताब देखता है। " * 40, "राम लाल किताब देखता है " * 60
    job = job_with(tmp_path, hindi(sentences, no_stop), silence)
    done = translate(job, "--targets", "en", "--backend", "indictrans2", "--indictrans2-dir", toy_models)
    assert done.returncode == 0, done.stderr
    many, one = translations(job)
    assert many is not None and many.text == " ".join(["Ram sees the red book."] * 40)
    # The toy never saw so long a sentence, and its words mean nothing; but both halves went through it.
    assert one is not None and one.text and not {"failed", "incomplete"} & set(one.flags)


def test_the_result_is_the_same_whatever_the_batches(tmp_path: Path, toy_models: Path, silence: bytes) -> None:
    texts = [f"{who} {what} देखता है।" for who in ("राम", "सीता", "रानी") for what in ("नया घर", "पानी", "बड़ा चाँद")]
    found = []
    for size in (1, 8):
        folder = tmp_path / str(size)
        folder.mkdir()
        job = job_with(folder, hindi(*texts), silence)
        options = ["--indictrans2-dir", toy_models, "--batch-size", size]
        assert translate(job, "--targets", "en", "--backend", "indictrans2", *options).returncode == 0
        found.append([item.text for item in translations(job) if item])
    assert found[0] == found[1]
    assert found[0][0] == "Ram sees the new house."


def test_a_direction_without_a_model_is_an_error_that_says_where_to_get_it(
    tmp_path: Path, toy_models: Path, silence: bytes
) -> None:
    job = job_with(tmp_path, hindi("नमस्ते"), silence)
    done = translate(job, "--targets", "ta", "--backend", "indictrans2", "--indictrans2-dir", toy_models)
    assert done.returncode == 4
    assert "ai4bharat/indictrans2-indic-indic-dist-320M" in done.stderr


def test_without_a_folder_of_models_the_key_is_named(tmp_path: Path, silence: bytes) -> None:
    job = job_with(tmp_path, hindi("नमस्ते"), silence)
    done = translate(job, "--targets", "en", "--backend", "indictrans2")
    assert done.returncode == 2
    assert "translation.indictrans2_dir" in done.stderr


_COMPARE = """
import json, sys
from IndicTransToolkit.processor import IndicProcessor
from samvad.languages import INDICTRANS2
from samvad.translation import indic_text
processor = IndicProcessor(inference=False)
for code, text in json.loads(sys.argv[1]).items():
    theirs = processor.preprocess_batch([text], INDICTRANS2[code], "eng_Latn")[0].split(" ", 2)[2]
    ours = indic_text.prepare(text, code, INDICTRANS2[code])
    if ours != theirs:
        print(code, repr(ours), repr(theirs))
"""

_TEXTS = {
    "as": "তুমি কেনে আছা? ভাল।",
    "bn": "তুমি কেমন আছো? ১২টা।",
    "en": "Where's “Mr. Sharma”, Raúl? It's 10% (or more) – at 9:30 p.m…",
    "gu": "તમે કેમ છો? હું ૫ વાગે આવીશ.",
    "hi": "उसने कहा: “मैं १२३ रुपये दूँगा” – (कभी नहीं) ! ठीक है.चलो, घर चलते हैं।",
    "kn": "ನೀವು ಹೇಗಿದ್ದೀರಿ?",
    "kok": "तूं कसो आसा?",
    "ks": "تۄہیہ چھِو وارے؟",
    "mai": "अहाँ केना छी?",
    "ml": "സുഖമാണോ?",
    "mni": "ꯅꯍꯥꯛ ꯀꯔꯝ?",
    "mr": "तू कसा आहेस?",
    "ne": "तिमी कस्तो छौ?",
    "or": "ଆପଣ କେମିତି ଅଛନ୍ତି?",
    "pa": "ਤੁਸੀਂ ਕਿਵੇਂ ਹੋ? ਘਰ।",
    "sa": "भवान् कथम् अस्ति?",
    "sat": "ᱟᱢ ᱪᱮᱫ ᱞᱮᱠᱟ ᱢᱮᱱᱟᱢᱟ?",
    "sd": "توهان ڪيئن آهيو؟",
    "ta": "நீ எங்கே போகிறாய்? வீட்டுக்கு.",
    "te": "మీరు ఎలా ఉన్నారు?",
    "ur": "آپ کیسے ہیں؟ ٹھیک۔",
}


def test_text_is_prepared_as_the_model_s_own_toolkit_prepares_it() -> None:
    done = in_environment("-c", _COMPARE, json.dumps(_TEXTS))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


# -- more than one backend, what is remembered, what goes wrong ------------------------------------------------------


def indictrans2(toy_models: Path) -> list[object]:
    return ["--backend", "indictrans2", "--indictrans2-dir", toy_models]


def test_nllb_translates_by_tags_and_its_licence_is_told(tmp_path: Path, toy_models: Path, silence: bytes) -> None:
    job = job_with(tmp_path, hindi("राम लाल किताब देखता है ।"), silence)
    done = translate(job, "--targets", "en", "--backend", "nllb", "--nllb-dir", toy_models / "nllb")
    assert done.returncode == 0, done.stderr
    (made,) = translations(job)
    assert made is not None and (made.text, made.backend) == ("Ram sees the red book.", "nllb")
    warned = " ".join(item["message"] for item in support.manifest_of(job, "translation")["warnings"])
    assert "CC BY-NC 4.0" in warned
    assert json.loads((job / "08_translation" / "metadata.json").read_text())["licence_nllb"].startswith("CC BY-NC")


def test_a_model_that_is_not_nllb_is_refused_before_it_is_loaded(
    tmp_path: Path, toy_models: Path, silence: bytes
) -> None:
    job = job_with(tmp_path, hindi("नमस्ते"), silence)
    done = translate(job, "--targets", "fr", "--backend", "nllb", "--nllb-dir", toy_models / "nllb")
    assert done.returncode == 4
    assert "fra_Latn" in done.stderr


def test_each_pair_goes_to_the_first_backend_that_serves_it(tmp_path: Path, toy_models: Path, silence: bytes) -> None:
    document = replace(hindi("Ram sees the red book.", language="en"))
    job = job_with(tmp_path, document, silence)
    both = ["--backend", "indictrans2", "none", "--indictrans2-dir", toy_models]
    done = translate(job, "--targets", "hi", "fr", *both)
    assert done.returncode == 0, done.stderr
    assert [(item.text, item.backend) for item in (translations(job, "hi")[0], translations(job, "fr")[0]) if item] == [
        ("राम लाल किताब देखता है।", "indictrans2"),
        ("Ram sees the red book.", "none"),
    ]


def test_a_pair_that_nothing_serves_is_refused_with_what_would_serve_it(
    tmp_path: Path, toy_models: Path, silence: bytes
) -> None:
    job = job_with(tmp_path, hindi("नमस्ते"), silence)
    done = translate(job, "--targets", "brx", "--backend", "nllb", "--nllb-dir", toy_models / "nllb")
    assert done.returncode == 2
    error = support.failed_manifest(job, "translation")["errors"][0]["message"]
    assert "hi to brx" in error
    assert "indictrans2" in error


def test_a_sentence_over_two_segments_comes_out_whole(tmp_path: Path, toy_models: Path, silence: bytes) -> None:
    job = job_with(tmp_path, hindi("राम लाल", "किताब देखता है।", "सीता घर चाहता है?"), silence)
    done = translate(job, "--targets", "en", *indictrans2(toy_models))
    assert done.returncode == 0, done.stderr
    found = [item.text for item in translations(job) if item]
    assert len(found) == 3
    assert all(found)
    assert " ".join(found) == "Ram sees the red book. Sita wants the house?"


def test_many_targets_load_each_model_once(tmp_path: Path, toy_models: Path, silence: bytes) -> None:
    job = job_with(tmp_path, hindi("Ram sees the red book.", language="en"), silence)
    done = translate(job, "--targets", "hi", "bn", "gu", *indictrans2(toy_models))
    assert done.returncode == 0, done.stderr
    assert len(support.manifest_of(job, "translation")["software"]["models"]) == 1
    written = {path.name for path in (job / "08_translation").glob("transcript_*.txt")}
    assert written == {"transcript_hi.txt", "transcript_bn.txt", "transcript_gu.txt"}


def test_corrections_win_and_what_was_translated_is_remembered(
    tmp_path: Path, toy_models: Path, silence: bytes
) -> None:
    memory = tmp_path / "memory" / "film's memory.sqlite"
    table = tmp_path / "en.tsv"
    table.write_text(
        "how\tsegments\tsource_language\tsource_text\tlanguage\tmachine_text\tcorrected_text\n"
        "text\t2\thi\tसीता घर चाहता है?\ten\tSita wants the house?\tDoes Sita want a home?\n",
        encoding="utf-8",
    )
    learned = subprocess.run(
        [support.ROOT / "envs" / "run", "translation", "learn_corrections.py", table, "--memory-file", memory],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (learned.returncode, learned.stdout) == (0, f"{table}: 1 corrections learned.\n"), learned.stderr
    found = []
    for attempt in ("first", "second"):
        folder = tmp_path / attempt
        folder.mkdir()
        job = job_with(folder, hindi("राम लाल किताब देखता है।", "सीता घर चाहता है?"), silence)
        done = translate(job, "--targets", "en", *indictrans2(toy_models), "--memory-file", memory)
        assert done.returncode == 0, done.stderr
        found.append((translations(job), metrics(job)["sentences_from_memory"], metrics(job)["corrected_en"]))
    assert found[0][0] == found[1][0]
    assert found[0][0][1] == Translation("Does Sita want a home?", "person")
    assert [item[1:] for item in found] == [(0, 1), (1, 1)]


def test_a_damaged_memory_costs_a_warning_and_not_the_film(tmp_path: Path, toy_models: Path, silence: bytes) -> None:
    memory = tmp_path / "memory.sqlite"
    memory.write_bytes(b"not a database" * 100)
    job = job_with(tmp_path, hindi("राम लाल किताब देखता है।"), silence)
    done = translate(job, "--targets", "en", *indictrans2(toy_models), "--memory-file", memory)
    assert done.returncode == 0, done.stderr
    assert "translation memory" in support.manifest_of(job, "translation")["warnings"][0]["message"]


def test_the_result_is_the_same_under_any_hash_seed(tmp_path: Path, toy_models: Path, silence: bytes) -> None:
    found = []
    for seed in ("1", "77"):
        folder = tmp_path / seed
        folder.mkdir()
        job = job_with(folder, hindi("राम 10:30 a@b.in देखता है।", "मोहन नया घर देखता है।"), silence)
        done = support.run_script(
            "translation", "--job-folder", job, "--film", "test", "--threads", "1",
            "--demux", job / "01_demux" / "manifest.json", "--asr", job / "04_asr" / "manifest.json",
            "--segments", job / "04_asr" / "manifest.json", "--targets", "en", *indictrans2(toy_models),
            "--memory-file", "none", env={"PYTHONHASHSEED": seed},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found.append((job / "08_translation" / "segments.json").read_bytes())
    assert found[0] == found[1]
    assert b"a@b.in" in found[0]


# -- converter, transformers, real weights ---------------------------------------------------------------------------


def test_a_converted_model_computes_what_the_architecture_says(tmp_path: Path) -> None:
    done = in_environment(support.ROOT / "tests" / "indictrans2_reference.py", tmp_path / "models")
    assert done.returncode == 0, done.stderr


def test_the_converter_says_what_is_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        [support.ROOT / "envs" / "run", "translation", "convert_indictrans2.py", tmp_path, tmp_path / "made"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert "model.safetensors" in done.stderr
    assert not (tmp_path / "made").exists()


_HUB = """
import json, sys
from pathlib import Path
import torch
from transformers import MarianConfig, MarianMTModel
folder, pieces = Path(sys.argv[1]), Path(sys.argv[2])
import sentencepiece
processor = sentencepiece.SentencePieceProcessor(model_file=str(pieces))
words = ["<s>", "<pad>", "</s>", "<unk>", "eng_Latn", "hin_Deva"]
words += [w for w in map(processor.id_to_piece, range(processor.get_piece_size())) if w not in words]
torch.manual_seed(3)
config = MarianConfig(
    vocab_size=len(words), decoder_vocab_size=len(words), d_model=16, encoder_layers=1, decoder_layers=1,
    encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, pad_token_id=1,
    eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=2, bad_words_ids=None, max_length=64,
)
MarianMTModel(config).save_pretrained(folder)
for side in ("SRC", "TGT"):
    (folder / f"dict.{side}.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / f"model.{side}").write_bytes(pieces.read_bytes())
"""


def test_transformers_is_a_runtime_too(tmp_path: Path, toy_models: Path, silence: bytes) -> None:
    folder = tmp_path / "hub" / "indic-en"
    folder.mkdir(parents=True)
    made = in_environment("-c", _HUB, folder, toy_models / "indic-en" / "vocab" / "model.SRC")
    assert made.returncode == 0, made.stderr
    job = job_with(tmp_path, hindi("राम लाल किताब देखता है।"), silence)
    done = translate(
        job, "--targets", "en", "--backend", "indictrans2", "--indictrans2-dir", tmp_path / "hub",
        "--runtime", "transformers",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (item,) = translations(job)
    assert item is not None and item.text and item.score is not None and item.score < 0
    assert "transformers" in support.manifest_of(job, "translation")["software"]["tools"]


def test_without_the_weights_transformers_says_which_at_which_commit(tmp_path: Path, silence: bytes) -> None:
    job = job_with(tmp_path, hindi("नमस्ते"), silence)
    options = ["--backend", "indictrans2", "--indictrans2-dir", tmp_path, "--runtime", "transformers"]
    asr = job / "04_asr" / "manifest.json"
    done = support.run_script(
        "translation", "--job-folder", job, "--film", "test", "--demux", job / "01_demux" / "manifest.json",
        "--asr", asr, "--segments", asr, "--targets", "en", *options,
        env={"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 4
    assert "eb9e49d81077cfc5311e82ff36d8c1fc11557b5d" in done.stderr


_SENTENCES = support.MEDIA / "E_text" / "tatoeba_en_hi_open.tsv"


def test_real_weights_translate_a_known_text_well(tmp_path: Path, silence: bytes) -> None:
    folder = os.environ.get("SAMVAD_TEST_INDICTRANS2", "")
    if not folder:
        pytest.skip("SAMVAD_TEST_INDICTRANS2 names no folder with IndicTrans2's weights (they are gated, and large)")
    if not _SENTENCES.is_file():
        pytest.skip(f"{_SENTENCES} is not on this machine")
    rows = [line.split("\t") for line in _SENTENCES.read_text("utf-8").splitlines()[1:]]
    job = job_with(tmp_path, hindi(*(row[1] for row in rows)), silence)
    done = translate(job, "--targets", "en", "--backend", "indictrans2", "--indictrans2-dir", folder)
    assert done.returncode == 0, done.stderr
    import sacrebleu

    made = [item.text if item else "" for item in translations(job)]
    wanted = [[row[0] for row in rows]]
    bleu = sacrebleu.corpus_bleu(made, wanted).score
    chrf = sacrebleu.corpus_chrf(made, wanted, word_order=2).score
    assert (bleu > 15, chrf > 40) == (True, True), f"BLEU {bleu:.1f}, chrF++ {chrf:.1f}: no whole model is as bad"
