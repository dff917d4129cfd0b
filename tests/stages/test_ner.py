"""Stage 05 as it is run, with the real English model."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import support
from samvad import segments
from samvad.segments import Segment, SegmentsDocument

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


def find(job: Path, spoken: SegmentsDocument, *options: object) -> subprocess.CompletedProcess[str]:
    manifest = job / "04_asr" / "manifest.json"
    if not manifest.exists():
        content = json.dumps(segments.as_json(spoken)).encode()
        support.finished_stage(job, "asr", {"segments": ("segments.json", content)})
    return support.run_script(
        "ner", "--job-folder", job, "--film", "t", "--asr", manifest, "--segments", manifest, *options
    )


def names(job: Path) -> dict[str, tuple[str, str]]:
    value = json.loads((job / "05_ner" / "names.json").read_text("utf-8"))
    return {name["text"]: (name["label"], name["source"]) for name in value["names"]}


def metrics(job: Path) -> dict[str, Any]:
    return {item["name"]: item["value"] for item in support.manifest_of(job, "ner")["metrics"]}


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
    assert found["अदिति"] == ("person", "glossary")
    assert found["Jai"] == ("person", "tmdb")
    assert found["London"] == ("place", model["name"])
    assert found["Barack Obama"] == ("person", model["name"])
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
