from __future__ import annotations

import pytest

from samvad.core import stages
from samvad.core.errors import ConfigurationError

ALL_ON = {stage.name: True for stage in stages.STAGES}
ORIGIN = {stage.name: f"the key stages.{stage.name}" for stage in stages.STAGES}


def off(*names: str) -> dict[str, bool]:
    return {name: on and name not in names for name, on in ALL_ON.items()}


def test_the_stages_are_numbered_from_one_without_a_gap():
    assert [stage.number for stage in stages.STAGES] == list(range(1, len(stages.STAGES) + 1))


def test_a_stage_only_ever_needs_earlier_stages():
    for stage in stages.STAGES:
        for other in (*stage.needs, *stage.after):
            assert stages.BY_NAME[other].number < stage.number


@pytest.mark.parametrize("stage", stages.STAGES)
def test_every_stage_has_its_script_environment_and_rule(stage):
    from support import ROOT

    assert (ROOT / "scripts" / stage.script).is_file()
    assert (ROOT / "envs" / f"{stage.environment}.yaml").is_file()
    rule = (ROOT / "rules" / f"{stage.folder}.smk").read_text()
    assert f"rule {stage.name}:" in rule
    assert f"{{params.run:q}} {stage.environment} {stage.script} " in rule
    assert f'"../envs/{stage.environment}.yaml"' in rule


def test_each_stage_reads_the_segments_of_the_nearest_earlier_stage_that_is_on():
    assert stages.segments_source("subtitle_gen", ALL_ON) == "translation"
    assert stages.segments_source("subtitle_gen", off("translation")) == "hallucination_removal"
    assert stages.segments_source("translation", off("hallucination_removal", "lyrics_detection")) == "ner"
    assert stages.segments_source("ner", ALL_ON) == "asr"


def test_optional_stages_that_are_off_are_passed_over():
    assert stages.inputs_of("translation", off("ner", "glossary_load", "tmdb"), ORIGIN) == [
        "demux",
        "asr",
        "hallucination_removal",
    ]
    assert stages.inputs_of("subtitle_gen", off("translation"), ORIGIN) == [
        "demux",
        "asr",
        "ner",
        "lyrics_detection",
        "hallucination_removal",
    ]


@pytest.mark.parametrize(
    ("asked", "switched_off"), [("mux", "subtitle_gen"), ("asr", "demux"), ("translation", "asr"), ("tmdb", "tmdb")]
)
def test_a_refused_combination_names_the_stage_and_the_key(asked, switched_off):
    with pytest.raises(ConfigurationError) as error:
        stages.inputs_of(asked, off(switched_off), ORIGIN)
    assert stages.BY_NAME[asked].folder in str(error.value)
    assert f"stages.{switched_off}" in str(error.value)


def test_workflows_end_where_they_say():
    assert stages.last_stages("transcribe", ALL_ON)[-1] == "hallucination_removal"
    assert stages.last_stages("translate", ALL_ON)[-1] == "translation"
    assert stages.last_stages("subtitle", ALL_ON)[-1] == "mux"
    assert "ner" not in stages.last_stages("subtitle", off("ner"))
