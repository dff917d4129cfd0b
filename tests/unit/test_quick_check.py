"""The quick check of documents says yes where, and only where, the validator finds nothing."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

import support
from samvad.core import quick_check, schemas, typed_json
from samvad.documents import segments

SCHEMAS = sorted(path.name.removesuffix(".schema.json") for path in schemas.SCHEMA_DIR.glob("*.schema.json"))
ODD = [None, True, False, 0, 1, -1, 1.0, 0.5, 10**9, "", "a", "success", "failed", "1\n", "हिन्दी", [], ["a", "a"], {}]


def documents(name: str, folder: Path) -> list[Any]:
    """Return valid documents of a schema: those that lie in the project, and those that the tests make."""
    if name in {"config", "resources"}:
        return [yaml.safe_load((support.ROOT / "config" / f"{name}.yaml").read_text("utf-8"))]
    if name == "subtitle_profile":
        found = sorted((support.ROOT / "config" / "subtitle_profiles").glob("*.yaml"))
        return [yaml.safe_load(path.read_text("utf-8")) for path in found]
    if name == "film":
        row = {"film": "a", "media": "/a b.mkv", "title": "अ", "year": "", "source": "hi", "targets": "en,hi"}
        return [{**row, "user": "me", "date": "2025-01-31", "job": "1", "workflow": "subtitle", "tmdb_id": "7"}]
    if name == "stage_manifest":
        path = support.finished_stage(support.make_job(folder), "asr", {"text": ("a.txt", b"a")})
        manifest = json.loads(path.read_text("utf-8"))
        failed = {**manifest, "status": "failed", "exit_code": 1, "outputs": []}
        skipped = {**manifest, "status": "skipped", "warnings": [{"timestamp": manifest["timestamp"], "message": "m"}]}
        return [manifest, failed, skipped]
    if name == "job_manifest":
        states = dict.fromkeys(("status", "duration_seconds", "manifest", "log", "reason"))
        lists = {f"{kind}_stages": [] for kind in ("completed", "failed", "skipped")}
        return [
            {
                **{"version": "1.0", "job_id": "me/1", "run_id": "a_1"},
                "input": {"file": "f", "title": "t", "year": None, "duration_seconds": 1.5},
                "output": {"directory": "d", "files": []},
                "pipeline": {"status": "incomplete", "current_stage": None, "next_stage": "asr", "run": None, **lists},
                "stages": {"asr": {**states, "status": "waiting"}},
                "timing": {"started_at": None, "ended_at": None, "stage_seconds": 0.0},
                "devices": {"requested": [], "actual": ["cpu"]},
            }
        ]
    segment = segments.Segment(1, 0, 5, "अ", "hi", words=(segments.Word(0, 5, "अ", 0.5),))
    return [typed_json.plain(segments.SegmentsDocument("hi", 5, (segment,)))]


def changed(value: Any, chance: random.Random) -> Iterator[Any]:
    """Yield copies of a document with one thing in it made other, taken away, added or doubled."""
    places: list[tuple[Any, ...]] = []

    def collect(item: Any, path: tuple[Any, ...]) -> None:
        places.append(path)
        for key, inner in item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ():
            collect(inner, (*path, key))

    collect(value, ())
    for path in places[1:]:
        for odd in chance.sample(ODD, 3):
            made = copy.deepcopy(value)
            parent = made
            for key in path[:-1]:
                parent = parent[key]
            parent[path[-1]] = odd
            yield made
        made = copy.deepcopy(value)
        parent = made
        for key in path[:-1]:
            parent = parent[key]
        taken = parent.pop(path[-1])
        yield made
        if isinstance(parent, list):
            yield {**made} if isinstance(made, dict) else made
            parent += [taken, taken]
        else:
            parent["a key more"] = taken
        yield made


@pytest.mark.parametrize("name", SCHEMAS)
def test_it_agrees_with_the_validator_about_documents_and_thousands_of_changed_ones(name: str, tmp_path: Path) -> None:
    schema = schemas.schema(name)
    quick, full = quick_check.compiled(schema), Draft202012Validator(schema)
    chance = random.Random(name)
    found = {True: 0, False: 0}
    for document in documents(name, tmp_path):
        for value in [document, *changed(document, chance)]:
            valid = full.is_valid(value)
            found[valid] += 1
            assert quick(value) == valid, value
    assert found[True], found
    assert found[False] > 20, found


@pytest.mark.parametrize(
    "schema",
    [
        {"format": "date"},
        {"properties": {"a": {"contains": {}}}},
        {"$ref": "other.json"},
        {"enum": [[1]]},
        {"uniqueItems": True},
        {"anyOf": [{}]},
    ],
)
def test_of_a_keyword_that_it_does_not_know_it_says_so(schema: dict[str, Any]) -> None:
    with pytest.raises(quick_check.UnknownKeywordError):
        quick_check.compiled(schema)


def test_a_schema_may_name_itself() -> None:
    tree = {"$ref": "#/$defs/node", "$defs": {"node": {"type": "array", "items": {"$ref": "#/$defs/node"}}}}
    assert quick_check.compiled(tree)([[], [[]]])
    assert not quick_check.compiled(tree)([[], [1]])
