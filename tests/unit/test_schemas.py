"""What a manifest may not say: each refusal of the schemas, and of the checks that no schema can make."""

from __future__ import annotations

import copy
import datetime
import json
import math
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError, validators

import support
from samvad.core import schemas, times, typed_json
from samvad.core.errors import SamvadError
from samvad.documents import segments, stage_manifest

Manifest = dict[str, Any]

MEDIA = {
    "container": "matroska,webm",
    "start_ms": 0,
    "duration_ms": 6000,
    "duration_from": "header",
    "streams": [
        {
            "index": 0,
            "kind": "video",
            "codec": "h264",
            "language": None,
            "title": "",
            "default": True,
            "forced": False,
            "start_ms": 0,
            "duration_ms": None,
            "audio": None,
            "video": {
                "width": 128,
                "height": 72,
                "pixel_aspect": "1:1",
                "frame_rate": "24/1",
                "variable_frame_rate": False,
                "interlaced": None,
                "rotation_degrees": 0,
            },
        }
    ],
}
ERROR = {
    "timestamp": "2025-01-01T00:00:01.000Z",
    "type": "MediaError",
    "category": "media",
    "message": "The film is gone.",
    "file": "/films/दिल से.mkv",
    "traceback": "",
}
WARNING = {"timestamp": "2025-01-01T00:00:01.000Z", "message": "skipped: no key"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """A manifest with something in every list."""
    folder = tmp_path_factory.mktemp("whole")
    film = folder / "film.mkv"
    film.write_bytes(b"film")
    read = [{**support.file_record(film, "film"), "media": MEDIA}]
    path = support.finished_stage(support.make_job(folder), "demux", {"audio": ("audio.wav", b"x")}, read)
    manifest: Manifest = json.loads(path.read_text("utf-8"))
    manifest["intermediate_files"] = [{"path": "copy.mkv", "size_bytes": 1, "retained": False, "reason": "a copy"}]
    manifest["config"] = {"beam_size": 5, "languages": ["hi", "en"], "revision": None}
    manifest["config_hash"] = stage_manifest.config_hash(manifest["config"])
    manifest["software"]["tools"] = {"ffmpeg": "5.1"}
    manifest["software"]["models"] = [{"name": "base", "revision": None, "checksum": "sha256:" + "0" * 64}]
    manifest["software"]["engines"] = [{"name": "ctranslate2", "instruction_set": "AVX2", "library": None}]
    manifest["metrics"] = [{"name": "film_duration", "value": 6.0, "unit": "s"}]
    manifest["warnings"] = [WARNING]
    return manifest


def changed(manifest: Manifest, *steps: Any, value: Any = None) -> Manifest:
    """A copy in which the value at a path is another one, or is gone (``...``)."""
    made = copy.deepcopy(manifest)
    place: Any = made
    for step in steps[:-1]:
        place = place[step]
    if value is ...:
        del place[steps[-1]]
    else:
        place[steps[-1]] = value
    return made


def paths(value: Any, *above: Any) -> list[tuple[Any, ...]]:
    """The path of every object in a document."""
    found: list[tuple[Any, ...]] = [above] if isinstance(value, dict) else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [path for key, item in items for path in paths(item, *above, key)]


def parsed(manifest: Manifest) -> stage_manifest.StageManifest:
    return typed_json.parse(stage_manifest.StageManifest, manifest)


def failed(manifest: Manifest) -> Manifest:
    return {**manifest, "status": "failed", "exit_code": 3, "outputs": [], "errors": [ERROR]}


def skipped(manifest: Manifest) -> Manifest:
    return {**manifest, "status": "skipped", "outputs": []}


def running(manifest: Manifest) -> Manifest:
    return {**manifest, "status": "running", "exit_code": None, "ended_at": None, "outputs": []}


@pytest.mark.parametrize("state", [dict, failed, skipped, running])
def test_each_state_can_be_told(whole: Manifest, state: Callable[[Manifest], Manifest]) -> None:
    assert schemas.problems(state(whole), "stage_manifest") == []
    assert stage_manifest.contradictions(parsed(state(whole))) == []


REFUSED: dict[str, Callable[[Manifest], Manifest]] = {
    "a missing checksum of an output": lambda m: changed(m, "outputs", 0, "checksum", value=...),
    "a missing checksum of an input": lambda m: changed(m, "inputs", 0, "checksum", value=...),
    "no checksum": lambda m: changed(m, "outputs", 0, "checksum", value=None),
    "a short checksum": lambda m: changed(m, "outputs", 0, "checksum", value="sha256:abc"),
    "a checksum in capitals": lambda m: changed(m, "outputs", 0, "checksum", value="sha256:" + "A" * 64),
    "another kind of checksum": lambda m: changed(m, "outputs", 0, "checksum", value="md5:" + "0" * 32),
    "a negative size": lambda m: changed(m, "outputs", 0, "size_bytes", value=-1),
    "a file without a path": lambda m: changed(m, "outputs", 0, "path", value=""),
    "a failure without an error": lambda m: {**failed(m), "errors": []},
    "a failure with exit code 0": lambda m: {**failed(m), "exit_code": 0},
    "a failure with outputs": lambda m: {**failed(m), "outputs": m["outputs"]},
    "an error without a message": lambda m: {**failed(m), "errors": [{**ERROR, "message": ""}]},
    "an error of no known category": lambda m: {**failed(m), "errors": [{**ERROR, "category": "weather"}]},
    "a success with an error": lambda m: {**m, "errors": [ERROR]},
    "a success with an exit code": lambda m: {**m, "exit_code": 1},
    "a success without outputs": lambda m: {**m, "outputs": []},
    "a skipped stage that says not why": lambda m: {**skipped(m), "warnings": []},
    "a skipped stage with outputs": lambda m: {**skipped(m), "outputs": m["outputs"]},
    "a running stage that has ended": lambda m: {**running(m), "ended_at": m["ended_at"]},
    "a finished stage without an end": lambda m: {**m, "ended_at": None},
    "a status of its own": lambda m: {**m, "status": "done"},
    "a local time": lambda m: {**m, "started_at": "2025-01-01T05:30:00.000+05:30"},
    "a time without a zone": lambda m: {**m, "ended_at": "2025-01-01T00:00:00.000"},
    "a time without milliseconds": lambda m: {**m, "timestamp": "2025-01-01T00:00:00Z"},
    "a local time of a warning": lambda m: changed(m, "warnings", 0, "timestamp", value="2025-01-01 00:00:00"),
    "a run id with a space": lambda m: {**m, "run_id": "test abc123"},
    "a run id that is a path": lambda m: {**m, "run_id": "../abc123"},
    "a job id without a number": lambda m: {**m, "job_id": "tester"},
    "what is no name of a stage": lambda m: {**m, "stage": "Dub 1"},
    "an exit code beyond 255": lambda m: {**failed(m), "exit_code": 256},
    "an attempt 0": lambda m: {**m, "attempt": 0},
    "a secret among the options": lambda m: changed(m, "config", "tmdb_api_key", value="abc"),
    "a password among the options": lambda m: changed(m, "config", "password", value="abc"),
    "an option with parts": lambda m: changed(m, "config", "beam", value={"size": 5}),
    "a model without a hash key": lambda m: changed(m, "software", "models", 0, "checksum", value=...),
    "an engine without a library key": lambda m: changed(m, "software", "engines", 0, "library", value=...),
    "an engine without a name": lambda m: changed(m, "software", "engines", 0, "name", value=""),
    "a tool without a version": lambda m: changed(m, "software", "tools", "ffmpeg", value=""),
    "a truth as a number": lambda m: changed(m, "cache", "hit", value=1),
    "a frame rate in decimals": lambda m: changed(
        m, "inputs", 0, "media", "streams", 0, "video", "frame_rate", value="23.976"
    ),
    "media facts without streams": lambda m: changed(m, "inputs", 0, "media", "streams", value=...),
    "a kept file without a reason": lambda m: changed(m, "intermediate_files", 0, "reason", value=""),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_stage_manifest_is_refused_for(whole: Manifest, fault: str) -> None:
    assert schemas.problems(REFUSED[fault](whole), "stage_manifest"), fault


def test_an_unknown_key_is_refused_at_any_depth_but_among_options_and_tools(whole: Manifest) -> None:
    free = {("config",), ("software", "tools")}
    everywhere = [path for path in paths(failed(whole) | {"outputs": whole["outputs"]}) if path not in free]
    assert len(everywhere) > 12
    for path in everywhere:
        made = changed(whole | {"errors": [ERROR]}, *path, "colour", value="red")
        assert any("colour" in problem for problem in schemas.problems(made, "stage_manifest")), path


#: Keys that came later: a job of before is as good as it was.
LATER = {"inode", "ctime_ns", "code", "contents", "skip"}


def test_every_key_of_a_manifest_is_required_but_options_and_tools(whole: Manifest) -> None:
    for path in paths(whole):
        node: Any = whole
        for step in path:
            node = node[step]
        for key in set(node) - LATER if path not in {("config",), ("software", "tools")} else ():
            assert schemas.problems(changed(whole, *path, key, value=...), "stage_manifest"), (*path, key)


CONTRADICTIONS: dict[str, Callable[[Manifest], Manifest]] = {
    "is before started_at": lambda m: {**m, "ended_at": "2024-12-31T23:59:59.999Z"},
    "config_hash is not that of config": lambda m: changed(m, "config", "beam_size", value=6),
    "but demux is stage 1": lambda m: {**m, "stage_number": 2},
    "retries is 1 in attempt 1": lambda m: {**m, "retries": 1},
    "names no film": lambda m: {**m, "inputs": []},
    "two outputs are called": lambda m: {**m, "outputs": m["outputs"] * 2},
    "is not in 01_demux": lambda m: changed(m, "outputs", 0, "path", value="02_tmdb/audio.wav"),
}


@pytest.mark.parametrize("said", CONTRADICTIONS)
def test_what_no_schema_can_tell_is_checked_before_a_manifest_is_written(
    whole: Manifest, said: str, tmp_path: Path
) -> None:
    made = CONTRADICTIONS[said](whole)
    assert schemas.problems(made, "stage_manifest") == []
    with pytest.raises(SamvadError, match=said):
        stage_manifest.write(parsed(made), tmp_path / "manifest.json")
    assert not (tmp_path / "manifest.json").exists()


def test_the_present_moment_is_told_as_the_schema_wants_it(whole: Manifest) -> None:
    assert schemas.problems({**whole, "timestamp": times.utc_now()}, "stage_manifest") == []


JOB = {
    "version": "1.0",
    "job_id": "tester/1",
    "run_id": "test_20250101T000000Z_abc123",
    "input": {"file": "/films/a.mkv", "title": "दिल से", "year": 1998, "duration_seconds": 6.0},
    "output": {
        "directory": "/out/2025/01/01/tester/1",
        "files": [{"type": "srt_en", "path": "09_subtitle_gen/a.en.srt", "checksum": "sha256:" + "0" * 64}],
    },
    "pipeline": {
        "status": "success",
        "current_stage": None,
        "next_stage": None,
        "completed_stages": ["demux"],
        "failed_stages": [],
        "skipped_stages": ["tmdb"],
        "run": None,
    },
    "stages": {"demux": {"status": "success", "duration_seconds": 0.5, "manifest": "m", "log": None, "reason": None}},
    "timing": {"started_at": "2025-01-01T00:00:00.000Z", "ended_at": None, "stage_seconds": 0.5},
    "devices": {"requested": ["auto"], "actual": ["cpu"]},
}
JOB_REFUSED: dict[str, Callable[[Manifest], Manifest]] = {
    "a success with a failed stage": lambda m: changed(m, "pipeline", "failed_stages", value=["asr"]),
    "a success with a stage that waits": lambda m: changed(m, "pipeline", "next_stage", value="asr"),
    "a failure without a failed stage": lambda m: changed(m, "pipeline", "status", value="failed"),
    "what is no name of a stage": lambda m: changed(m, "stages", "Dub 1", value=m["stages"]["demux"]),
    "a completed stage without a name": lambda m: changed(m, "pipeline", "completed_stages", value=[""]),
    "a stage completed twice": lambda m: changed(m, "pipeline", "completed_stages", value=["asr", "asr"]),
    "a local time": lambda m: changed(m, "timing", "started_at", value="2025-01-01T05:30:00.000+05:30"),
    "a missing checksum": lambda m: changed(m, "output", "files", 0, "checksum", value=...),
    "another run id": lambda m: {**m, "run_id": "yester day"},
    "a negative time": lambda m: changed(m, "stages", "demux", "duration_seconds", value=-1),
}


def test_a_job_manifest_is_accepted() -> None:
    assert schemas.problems(JOB, "job_manifest") == []


@pytest.mark.parametrize("fault", JOB_REFUSED)
def test_a_job_manifest_is_refused_for(fault: str) -> None:
    assert schemas.problems(JOB_REFUSED[fault](JOB), "job_manifest"), fault


def test_an_unknown_key_of_a_job_manifest_is_refused_at_any_depth() -> None:
    for path in paths(JOB):
        made = changed(JOB, *path, "colour", value="red")
        assert any("colour" in problem for problem in schemas.problems(made, "job_manifest")), path


@pytest.mark.parametrize("path", sorted(Path(schemas.SCHEMA_DIR).glob("*.json")), ids=lambda path: path.name)
def test_every_schema_is_one(path: Path) -> None:
    schema = json.loads(path.read_text("utf-8"))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


# -- the quick validator and the one that explains ---------------------------------------------------------------------

SCHEMAS = sorted(path.name.removesuffix(".schema.json") for path in schemas.SCHEMA_DIR.glob("*.schema.json"))
ODD = [
    *(None, True, False, 0, 1, -1, 1.0, 0.5, -0.0, 10**9, 10**30, 1e300, math.nan, math.inf),
    *("", "a", "success", "failed", "1\n", "हिन्दी", "१", "\udcff", [], ["a", "a"], [1, 1.0], {}, {1: 2}, ("a",)),
    *(Path("a"), datetime.date(2025, 1, 31)),
]


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


def mutated(value: Any, chance: random.Random) -> Iterator[Any]:
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


def oracle(name: str) -> Any:
    """jsonschema's own validator for JSON: NaN is no number, a tuple is a list, and ``$`` is the end of the text."""

    def pattern(_: Any, wanted: str, value: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(value, str) and re.search(wanted.replace("$", r"\Z"), value) is None:
            yield ValidationError(wanted)

    types = Draft202012Validator.TYPE_CHECKER.redefine(
        "number",
        lambda _, value: isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
    ).redefine("array", lambda _, value: isinstance(value, list | tuple))
    made = validators.extend(Draft202012Validator, {"pattern": pattern}, type_checker=types)  # type: ignore[no-untyped-call]
    return made(schemas.schema(name))


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_is_valid_and_what_is_not_is_as_the_standard_says_and_every_refusal_has_its_reason(
    name: str, tmp_path: Path
) -> None:
    full = oracle(name)
    chance = random.Random(name)
    found = {True: 0, False: 0}
    for document in documents(name, tmp_path):
        for value in [document, *mutated(document, chance)]:
            valid = full.is_valid(value)
            found[valid] += 1
            said = schemas.problems(value, name)
            assert (said == []) == valid, value
            assert "it is not valid" not in said, "both validators agree"
    assert found[True], found
    assert found[False] > 20, found


def patterns(node: Any) -> Iterator[str]:
    """The patterns of a schema, wherever they stand."""
    for key, value in node.items() if isinstance(node, dict) else ():
        if key == "pattern" and isinstance(value, str):
            yield value
        yield from patterns(value)
    for value in node if isinstance(node, list) else ():
        yield from patterns(value)


PATTERNS = sorted({pattern for name in SCHEMAS for pattern in patterns(schemas.schema(name))})


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_pattern_means_the_same_in_rust_and_in_python(pattern: str, data: st.DataObject) -> None:
    matching = st.from_regex(pattern)
    odd = st.sampled_from(["", "\n", " ", "१", "٣", "é", "ſ", "K", "\u2028", "\x00", "{", "\\"])
    text = data.draw(matching | st.text(max_size=8) | st.tuples(odd, matching, odd).map("".join))
    expected = re.search(pattern.replace("$", r"\Z"), text) is not None
    assert jsonschema_rs.is_valid({"pattern": pattern}, text) == expected


def test_no_schema_asks_for_a_format_for_none_is_checked() -> None:
    for path in schemas.SCHEMA_DIR.glob("*.json"):
        assert '"format":' not in path.read_text("utf-8").replace(" ", ""), path.name


def test_a_line_break_at_the_end_is_no_part_of_a_name() -> None:
    for name in ("film\n", "film\n\n", "\nfilm"):
        row = {**documents("film", Path())[0], "film": name}
        (problem,) = schemas.problems(row, "film")
        assert problem.startswith(f"film is {name!r}, but must be: film id")


def test_numbers_of_numpy_are_numbers(whole: Manifest) -> None:
    import numpy as np

    value = changed(whole, "metrics", 0, "value", value=np.float64(6.5))
    assert schemas.problems(value, "stage_manifest") == []
    assert schemas.problems(changed(whole, "metrics", 0, "value", value=np.float64("nan")), "stage_manifest")


def test_16000_words_are_checked_in_an_instant_and_jsonschema_is_not_loaded() -> None:
    code = """
import sys, time
from samvad.core import schemas, typed_json
from samvad.documents import segments
words = tuple(segments.Word(n * 300, n * 300 + 250, "शब्द", 0.5) for n in range(8))
segment = segments.Segment(1, 0, 2400, "अ", "hi", words=words)
document = typed_json.plain(segments.SegmentsDocument("hi", 10**7, (segment,)))
document["segments"] *= 2000
schemas.problems(document, "segments")
began = time.process_time()
assert schemas.problems(document, "segments") == []
assert time.process_time() - began < 0.06, time.process_time() - began
assert "jsonschema" not in sys.modules
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=support.ROOT / "scripts", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
