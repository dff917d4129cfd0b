"""Stage 05 as it is run, with the real English model."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import support
from samvad.core import typed_json
from samvad.documents import segments
from samvad.documents.segments import Segment, SegmentsDocument

FILM = {
    "schema_version": "1.0", "source": "tmdb", "tmdb_id": 1, "title": "T", "original_title": "T", "year": 2008,
    "cast": [{"name": "Imran Khan", "character": "Jai Singh Rathore"}], "soundtrack": [],
}  # fmt: skip
GLOSSARY = {
    "schema_version": "1.0",
    "entries": [
        {"term": "अदिति", "target": "Aditi", "alternatives": [], "context": "name", "notes": "", "source": "own.tsv"},
        {"term": "yaar", "target": "man", "alternatives": [], "context": "address", "notes": "", "source": "own.tsv"},
    ],
    "conflicts": [],
}
ENGLISH = [
    "Aditi and Jai are flying from London to New York, yaar.",
    "Barack Obama works for Microsoft now.",
    "   ",
]
HINDI = ["अदिति, लंदन चलो", "Barack Obama नमस्ते"]


def document(english: list[str] = ENGLISH, hindi: list[str] = HINDI) -> SegmentsDocument:
    texts = [(text, "en") for text in english] + [(text, "hi") for text in hindi]
    return SegmentsDocument(
        "en",
        60_000,
        tuple(
            Segment(number, number * 1000, number * 1000 + 900, text, language, extra={"mood": "calm"})
            for number, (text, language) in enumerate(texts, 1)
        ),
        extra={"note": "kept"},
    )


def find(
    job: Path, spoken: SegmentsDocument, *options: object, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    manifest = job / "04_asr" / "manifest.json"
    if not manifest.exists():
        content = json.dumps(typed_json.plain(spoken)).encode()
        support.finished_stage(job, "asr", {"segments": ("segments.json", content)})
    return support.run_script(
        "ner", "--job-folder", job, "--film", "t", "--asr", manifest, "--segments", manifest, *options, env=env
    )


def names(job: Path) -> dict[str, tuple[str, str]]:
    value = json.loads((job / "05_ner" / "names.json").read_text("utf-8"))
    return {name["text"]: (name["label"], name["source"]) for name in value["names"]}


def metrics(job: Path) -> dict[str, Any]:
    return {item["name"]: item["value"] for item in support.manifest_of(job, "ner")["metrics"]}


@pytest.mark.parametrize(("minutes", "is_told"), [(98, True), (155, False), (170, False), (19, False)])
def test_metadata_of_a_film_of_another_length_are_warned_of(tmp_path: Path, minutes: int, is_told: bool) -> None:
    job = support.make_job(tmp_path)
    content = json.dumps({**FILM, "runtime_minutes": 155}).encode()
    tmdb = support.finished_stage(job, "tmdb", {"film_metadata": ("f.json", content)})
    spoken = dataclasses.replace(document(), duration_ms=minutes * 60_000)
    assert find(job, spoken, "--tmdb", tmdb, "--backend", "gazetteer").returncode == 0
    told = [item["message"] for item in support.manifest_of(job, "ner")["warnings"]]
    assert [text for text in told if "155 minutes, this one lasts 98" in text] == told and len(told) == is_told


def test_names_come_from_glossary_cast_and_model_and_the_text_stays(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    spoken = document()
    tmdb = support.finished_stage(job, "tmdb", {"film_metadata": ("f.json", json.dumps(FILM).encode())})
    glossary = support.finished_stage(job, "glossary_load", {"glossary": ("g.json", json.dumps(GLOSSARY).encode())})
    done = find(
        job, spoken, "--tmdb", tmdb, "--glossary-load", glossary, "--backend", "model", "--model", "en_core_web_sm"
    )
    assert done.returncode == 0, done.stderr
    manifest = support.manifest_of(job, "ner")
    assert manifest["warnings"] == []
    model = manifest["software"]["models"][0]
    assert model["name"].startswith("en_core_web_sm")
    assert model["checksum"].startswith("sha256:")
    found = names(job)
    assert found["Aditi"] == ("person", "glossary")
    assert found["Jai"] == ("person", "tmdb")
    known = {"London": "place", "New York": "place", "Barack Obama": "person"}
    right = [name for name, label in known.items() if found.get(name) == (label, model["name"])]
    assert len(right) >= 2, found
    assert "yaar" not in found
    marked = segments.read(job / "05_ner" / "segments.json")
    assert [item.text for item in marked.segments] == [item.text for item in spoken.segments]
    assert marked.extra == {"note": "kept"}
    assert all(item.extra == {"mood": "calm"} for item in marked.segments)
    for segment in marked.segments:
        for entity in segment.entities:
            assert segment.text[entity.start : entity.end] == entity.text
    assert marked.segments[4].entities == ()  # the English model does not read the Hindi segments


def test_without_english_the_model_is_not_loaded(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    done = find(job, document(english=[]), "--backend", "model", "--model", "en_core_web_sm")
    assert done.returncode == 0, done.stderr
    assert support.manifest_of(job, "ner")["software"]["models"] == []
    assert "model_load_seconds" not in metrics(job)


def test_the_gazetteer_backend_loads_no_model(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    done = find(job, document(), "--backend", "gazetteer", "--model", "en_core_web_sm")
    assert done.returncode == 0, done.stderr
    assert support.manifest_of(job, "ner")["software"]["models"] == []
    assert names(job) == {}


def test_a_missing_model_is_warned_of_and_known_names_are_found(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    for number, model in enumerate(("no_such_model", tmp_path / "broken"), 1):
        job = support.make_job(tmp_path, f"2025/01/01/tester/{number}")
        tmdb = support.finished_stage(job, "tmdb", {"film_metadata": ("f.json", json.dumps(FILM).encode())})
        done = find(job, document(), "--tmdb", tmdb, "--backend", "model", "--model", model)
        assert done.returncode == 0, done.stderr
        warning = support.manifest_of(job, "ner")["warnings"][0]["message"]
        assert str(model) in warning
        assert "ner.model" in warning
        assert list(names(job)) == ["Jai"]


def test_a_film_in_which_nothing_is_said_has_no_names(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    done = find(job, document([], []), "--backend", "model", "--model", "en_core_web_sm")
    assert done.returncode == 0, done.stderr
    assert names(job) == {}


def test_the_same_input_gives_the_same_output(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    contents = []
    for _ in range(2):
        assert find(job, document(), "--backend", "model", "--model", "en_core_web_sm").returncode == 0
        contents.append([(job / "05_ner" / name).read_bytes() for name in ("segments.json", "names.json")])
    assert contents[0] == contents[1]


MISHEARD = ["अदिति, इधर आओ", "अदीति कहाँ है?", "Kal Rathor aaya tha", "Rathore kahan hai?", "Asha hai ki rose milega"]


def test_misheard_names_are_written_in_one_spelling_logged_and_counted(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    tmdb = support.finished_stage(job, "tmdb", {"film_metadata": ("f.json", json.dumps(FILM).encode())})
    glossary = support.finished_stage(job, "glossary_load", {"glossary": ("g.json", json.dumps(GLOSSARY).encode())})
    (tmp_path / "my 'words' $1.tsv").write_text("old\tnew\nrose\tRosy\n", "utf-8")
    done = find(
        job, document([], MISHEARD), "--tmdb", tmdb, "--glossary-load", glossary, "--backend", "gazetteer",
        "--overrides", tmp_path / "my 'words' $1.tsv",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = segments.read(job / "05_ner" / "segments.json")
    assert [item.text for item in made.segments] == [
        "अदिति, इधर आओ", "अदिति कहाँ है?", "Kal Rathore aaya tha", "Rathore kahan hai?", "Asha hai ki Rosy milega",
    ]  # fmt: skip
    table = (job / "05_ner" / "names_replaced.tsv").read_text("utf-8").splitlines()
    assert [line.split("\t")[:3] for line in table[1:]] == [
        ["अदीति", "अदिति", "00:00:02.000"],
        ["Rathor", "Rathore", "00:00:03.000"],
        ["rose", "Rosy", "00:00:05.000"],
    ]
    value = json.loads((job / "05_ner" / "names.json").read_text("utf-8"))
    rathore = next(name for name in value["names"] if name["text"] == "Rathore")
    assert (rathore["count"], rathore["heard"], rathore["target"]) == (2, {"Rathor": 1}, "Rathore")
    aditi = next(name for name in value["names"] if name["target"] == "Aditi")
    assert aditi["spellings"] == {"Deva": "अदिति"}
    assert value["cast"] == [
        {"character": "Jai Singh Rathore", "actor": "Imran Khan", "count": 2, "first_ms": 3000},
    ]  # fmt: skip
    assert metrics(job)["replacements"] == 3
    assert "Rathore is written for Rathor" in (job / "05_ner" / "stage.log").read_text("utf-8")
    inputs = support.manifest_of(job, "ner")["inputs"]
    assert "name_overrides" in [item["type"] for item in inputs]


def test_a_table_of_replacements_is_a_file_of_overrides(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    tmdb = support.finished_stage(job, "tmdb", {"film_metadata": ("f.json", json.dumps(FILM).encode())})
    options = ("--tmdb", tmdb, "--backend", "gazetteer")
    assert find(job, document([], MISHEARD), *options).returncode == 0
    mine = tmp_path / "mine.tsv"
    made = (job / "05_ner" / "names_replaced.tsv").read_text("utf-8")
    assert "Rathor\tRathore" in made
    mine.write_text(made.replace("Rathor\tRathore", "Rathor\tRathor"), "utf-8")
    assert find(job, document([], MISHEARD), *options, "--overrides", mine).returncode == 0
    assert "Kal Rathor aaya tha" in [item.text for item in segments.read(job / "05_ner" / "segments.json").segments]


def test_names_are_only_marked_where_that_is_asked_for(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    tmdb = support.finished_stage(job, "tmdb", {"film_metadata": ("f.json", json.dumps(FILM).encode())})
    spoken = document([], MISHEARD)
    assert find(job, spoken, "--tmdb", tmdb, "--backend", "gazetteer", "--consistent", "false").returncode == 0
    made = segments.read(job / "05_ner" / "segments.json")
    assert [item.text for item in made.segments] == MISHEARD
    assert names(job) == {"Rathore": ("person", "tmdb")}


def test_a_wrong_file_of_overrides_fails_the_stage_with_line_and_column(tmp_path: Path) -> None:
    job = support.make_job(tmp_path)
    (tmp_path / "o.tsv").write_text("old\tnew\n\tx\n", "utf-8")
    done = find(job, document(), "--backend", "gazetteer", "--overrides", tmp_path / "o.tsv")
    assert done.returncode == 2
    assert "o.tsv, line 2, column old" in support.failed_manifest(job, "ner")["errors"][0]["message"]


# A model of transformers without layers: what it says of a word follows from the word alone, so its answer is known.
TINY_MODEL = """
import sys, torch
from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast
folder = sys.argv[1]
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "सिमरन", "मुंबई", "शर्मा", "में", "है"]
open(folder + "/vocab.txt", "w", encoding="utf-8").write("\\n".join(words))
labels = {0: "O", 1: "B-PER", 2: "I-PER", 3: "B-LOC"}
config = BertConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=0, num_attention_heads=1, id2label=labels,
    label2id={name: number for number, name in labels.items()}, max_position_embeddings=64)
model = BertForTokenClassification(config)
table = model.bert.embeddings
with torch.no_grad():
    for part in (table.word_embeddings, table.position_embeddings, table.token_type_embeddings):
        part.weight.zero_()
    for number in range(len(words)):
        table.word_embeddings.weight[number, number] = 1.0
    model.classifier.weight.zero_()
    model.classifier.bias.zero_()
    for number, word in enumerate(words):
        model.classifier.weight[{"सिमरन": 1, "शर्मा": 2, "मुंबई": 3}.get(word, 0), number] = 5.0
model.save_pretrained(folder)
BertTokenizerFast(vocab_file=folder + "/vocab.txt", do_lower_case=False, strip_accents=False,
    tokenize_chinese_chars=False).save_pretrained(folder)
"""


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny 'ner'"
    folder.mkdir()
    line = ["bash", "-c", 'source envs/lib.bash; exec "$(environment_dir asr)/bin/python" "$@"', "-"]
    done = subprocess.run(
        [*line, "-c", TINY_MODEL, str(folder)], cwd=support.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_a_model_of_transformers_finds_names_in_indian_languages(tmp_path: Path, tiny_model: Path) -> None:
    job = support.make_job(tmp_path)
    spoken = document([], ["मुंबई में सिमरन शर्मा है।", "क्या है", "Simran kahan hai"])
    done = find(job, spoken, "--backend", "model", "--model", "en_core_web_sm", "--indic-model", tiny_model)
    assert done.returncode == 0, done.stderr
    assert support.manifest_of(job, "ner")["warnings"] == []
    assert names(job) == {"मुंबई": ("place", tiny_model.name), "सिमरन शर्मा": ("person", tiny_model.name)}
    model = support.manifest_of(job, "ner")["software"]["models"][0]
    assert model["checksum"].startswith("sha256:")
    assert metrics(job)["indic_segments"] == 2


def test_a_model_that_is_not_to_be_had_is_warned_of_and_known_names_are_found(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    given = [
        (["--indic-model", tmp_path / "empty"], "holds no model.safetensors"),
        (["--indic-model", "ai4bharat/IndicNER"], "no pinned revision"),
        (["--indic-model", "ai4bharat/IndicNER", "--indic-revision", "0" * 40], "not in the cache"),
    ]
    for number, (options, said) in enumerate(given, 1):
        job = support.make_job(tmp_path, f"2025/01/01/tester/{number}")
        glossary = support.finished_stage(job, "glossary_load", {"glossary": ("g.json", json.dumps(GLOSSARY).encode())})
        done = find(
            job, document([]), "--glossary-load", glossary, "--backend", "model", "--model", "en_core_web_sm", *options,
            env={"HF_HUB_OFFLINE": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        (warning,) = support.manifest_of(job, "ner")["warnings"]
        assert said in warning["message"]
        assert "names come from the glossary and the cast alone" in warning["message"]
        assert list(names(job)) == ["अदिति"]
