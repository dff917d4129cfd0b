"""Stage 08 with several backends, a memory, and corrections."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import support
from samvad.documents.segments import Translation
from translating import hindi, indictrans2, job_with, metrics, translate, translations


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
        [support.ROOT / "samvad", "learn-corrections", table, "--memory-file", memory],
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
