"""What a stage asks a cluster for: by the film, by the attempt, and as the user says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

import support
from samvad.core import schemas, stages
from samvad.core.errors import ConfigurationError
from samvad.settings import resource_requests

HOUR = 1.0


def table(folder: Path, text: str) -> resource_requests.Table:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return resource_requests.load(str(path))


def test_the_table_that_is_delivered_has_a_row_for_each_stage() -> None:
    found = resource_requests.load()
    assert set(found.stages) == set(stages.BY_NAME)
    for stage in stages.BY_NAME:
        asked = found.request(stage, HOUR, 1)
        assert set(asked) == {"mem_mb", "runtime"} and all(value > 0 for value in asked.values())


def test_a_longer_film_and_a_later_try_ask_for_more(tmp_path: Path) -> None:
    row = "{mem_mb: 1000, mem_mb_per_hour: 100, runtime: 10, runtime_per_hour: 60}"
    found = table(tmp_path, f"growth: 2\nstages: {{asr: {row}}}")
    assert found.request("asr", 0.5, 1) == {"mem_mb": 1050, "runtime": 40}
    assert found.request("asr", 2.0, 1) == {"mem_mb": 1200, "runtime": 130}
    assert found.request("asr", 2.0, 3) == {"mem_mb": 4800, "runtime": 520}


def test_a_film_that_was_not_measured_yet_counts_as_a_long_one(tmp_path: Path) -> None:
    found = table(tmp_path, "film_hours: 4\nstages: {demux: {runtime: 1, runtime_per_hour: 10}}")
    assert found.request("demux", None, 1)["runtime"] == 41


def test_nothing_asks_for_more_than_there_is(tmp_path: Path) -> None:
    found = table(tmp_path, "most: {mem_mb: 8000, runtime: 100}\nstages: {asr: {mem_mb: 6000, runtime: 90}}")
    assert found.request("asr", HOUR, 1) == {**found.request("asr", HOUR, 1), "mem_mb": 6500, "runtime": 100}
    assert found.request("asr", HOUR, 5)["mem_mb"] == 8000


def test_a_file_of_the_users_says_only_what_differs(tmp_path: Path) -> None:
    found, delivered = table(tmp_path, "stages: {asr: {cores: 3}}"), resource_requests.load()
    assert found.cores("asr") == 3
    assert found.stages["asr"]["mem_mb"] == delivered.stages["asr"]["mem_mb"]
    assert found.stages["mux"] == delivered.stages["mux"]
    assert (found.growth, found.most) == (delivered.growth, delivered.most)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stages: {asr: {memory: 5}}", "unknown key 'stages.asr.memory'"),
        ("stages: {ars: {mem_mb: 5}}", "stages.ars is no stage"),
        ("stages: {asr: {mem_mb: much}}", "stages.asr.mem_mb is 'much'"),
        ("stages: {asr: 5}", "stages.asr"),
        ("most: {cores: 5}", "unknown key 'most.cores'"),
        ("growth: 0.5", "growth: 0.5 is less"),
        ("a: b: c", "cannot be read"),
        ("- asr", "is no table of resources"),
    ],
)
def test_what_the_table_does_not_know_is_refused_with_the_file_and_the_key(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        table(tmp_path, text)
    assert said in str(caught.value) and "mine.yaml" in str(caught.value)


def test_a_missing_file_names_the_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"machines\.resources"):
        resource_requests.load(str(tmp_path / "none.yaml"))


def test_each_figure_of_the_delivered_table_is_explained() -> None:
    text = resource_requests.DEFAULT.read_text(encoding="utf-8")
    for key in schemas.schema("resources")["$defs"]["row"]["properties"]:
        assert re.search(rf"^#? +{key}: \d+ +# ", text, re.MULTILINE), key
    assert yaml.safe_load(text)["growth"] > 1


def test_the_length_of_a_film_comes_from_stage_01(tmp_path: Path) -> None:
    assert resource_requests.hours_of(str(tmp_path)) is None
    manifest = support.finished_stage(tmp_path, "demux", {"audio": ("audio.wav", b"x")})
    metrics = [{"name": "film_duration", "value": 5400.0, "unit": "s"}]
    manifest.write_text(json.dumps({**json.loads(manifest.read_text("utf-8")), "metrics": metrics}), "utf-8")
    assert resource_requests.hours_of(str(tmp_path)) == 1.5
    manifest.write_text("{", "utf-8")
    assert resource_requests.hours_of(str(tmp_path)) is None
