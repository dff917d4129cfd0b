"""The converter, the runtime transformers, and real weights where they are at hand."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import support
from translating import hindi, in_environment, indictrans2, job_with, translate, translations


def test_a_converted_model_computes_what_the_architecture_says(tmp_path: Path) -> None:
    done = in_environment(support.ROOT / "tests" / "indictrans2_reference.py", tmp_path / "models")
    assert done.returncode == 0, done.stderr


def test_the_converter_says_what_is_missing(tmp_path: Path) -> None:
    done = subprocess.run(
        [support.ROOT / "samvad", "convert-indictrans2", tmp_path, tmp_path / "made"],
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
    software = support.manifest_of(job, "translation")["software"]
    assert "transformers" in software["tools"]
    assert [engine["name"] for engine in software["engines"]] == ["torch"]


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


def quality(folder: Path, silence: bytes, models: Path, rows: list[tuple[str, str]]) -> tuple[float, float]:
    """Translate Hindi by the models in a folder; return BLEU and chrF++ against the English of each row."""
    import sacrebleu

    job = job_with(folder, hindi(*(hindi_text for _, hindi_text in rows)), silence)
    done = translate(job, "--targets", "en", *indictrans2(models))
    assert done.returncode == 0, done.stderr
    made = [item.text if item else "" for item in translations(job)]
    wanted = [[english for english, _ in rows]]
    bleu = sacrebleu.corpus_bleu(made, wanted).score
    return bleu, sacrebleu.corpus_chrf(made, wanted, word_order=2).score


def known_text() -> list[tuple[str, str]]:
    if not _SENTENCES.is_file():
        pytest.skip(f"{_SENTENCES} is not on this machine")
    lines = [line.split("\t") for line in _SENTENCES.read_text("utf-8").splitlines()[1:]]
    return [(line[0], line[1]) for line in lines]


def test_quality_is_measured_right_where_the_answer_is_known(tmp_path: Path, toy_models: Path, silence: bytes) -> None:
    rows = [
        ("Ram sees the red book.", "राम लाल किताब देखता है।"), ("Sita wants the new house?", "सीता नया घर चाहता है?"),
        ("Rani brings the water.", "रानी पानी लाता है।"), ("Brother sells the old boat.", "भाई पुराना नाव बेचता है।"),
    ]  # fmt: skip
    bleu, chrf = quality(tmp_path, silence, toy_models, rows)
    assert bleu > 80
    assert chrf > 80


def test_a_model_that_does_not_know_a_language_is_measured_as_such(
    tmp_path: Path, toy_models: Path, silence: bytes
) -> None:
    # A toy knows 23 words. This says only that the text of the real measurement below goes through, and what is worst.
    bleu, chrf = quality(tmp_path, silence, toy_models, known_text()[:25])
    assert bleu < 5
    assert chrf < 30


def test_real_weights_translate_a_known_text_well(tmp_path: Path, silence: bytes) -> None:
    folder = os.environ.get("SAMVAD_TEST_INDICTRANS2", "")
    if not folder:
        pytest.skip("SAMVAD_TEST_INDICTRANS2 names no folder with IndicTrans2's weights (they are gated, and large)")
    bleu, chrf = quality(tmp_path, silence, Path(folder), known_text())
    assert (bleu > 15, chrf > 40) == (True, True), f"BLEU {bleu:.1f}, chrF++ {chrf:.1f}: no whole model is as bad"
