"""Stages that are switched off: the plan goes around them, or says which one is missing and by whose word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from samvad.core import stages
from workflow.project import OPTIONAL, Project, planned, said

ALL = {stage.name: 1 for stage in stages.STAGES}

Shelf = Callable[..., Project]


def without(*names: str) -> dict[str, int]:
    return {name: 1 for name in ALL if name not in names}


def switched_off(name: str) -> dict[str, str]:
    return {"stages": f'{{"{name}":false}}'}


@pytest.fixture
def film(tmp_path: Any) -> dict[str, object]:
    """Return a row for a film that is good enough for a plan."""
    path = tmp_path / "film.mp4"
    path.write_bytes(b"film")
    return {"user": "a", "media": path}


def test_without_a_switch_all_ten_stages_are_planned(shelf: Shelf, film: dict[str, object]) -> None:
    project = shelf(film)
    assert planned(project.snakemake(project.target("a"), "-n")) == ALL


@pytest.mark.parametrize("name", OPTIONAL)
def test_an_optional_stage_can_be_switched_off_by_its_key(shelf: Shelf, film: dict[str, object], name: str) -> None:
    project = shelf(film)
    assert planned(project.snakemake(project.target("a"), "-n", **switched_off(name))) == without(name)


def test_translation_can_be_off_for_subtitles_in_the_language_spoken(shelf: Shelf, film: dict[str, object]) -> None:
    project = shelf(film)
    done = project.snakemake(project.target("a"), "-n", **switched_off("translation"))
    assert planned(done) == without("translation")


def test_a_variable_switches_a_stage_off(shelf: Shelf, film: dict[str, object]) -> None:
    project = shelf(film)
    done = project.snakemake(project.target("a"), "-n", env={"STAGE_06_LYRICS_ENABLED": "false"})
    assert planned(done) == without("lyrics_detection")


def test_a_variable_that_is_neither_true_nor_false_is_refused(shelf: Shelf, film: dict[str, object]) -> None:
    project = shelf(film)
    done = project.snakemake(project.target("a"), "-n", env={"STAGE_06_LYRICS_ENABLED": "maybe"})
    assert done.returncode != 0
    assert "STAGE_06_LYRICS_ENABLED" in said(done) and "'maybe'" in said(done)


def test_films_of_one_shelf_go_without_different_stages(shelf: Shelf, film: dict[str, object]) -> None:
    rows = [{**film, "user": name.replace("_", "-"), "film": name, "stages_off": name} for name in OPTIONAL]
    project = shelf(*rows, {**film, "user": "none", "film": "none", "stages_off": ", ".join(OPTIONAL)})
    counts = planned(project.snakemake("subtitle", "-n"))
    assert counts == {name: 4 if name in OPTIONAL else 6 for name in ALL}


@pytest.mark.parametrize("name", ["demux", "asr", "subtitle_gen"])
def test_a_stage_that_the_film_cannot_do_without_is_missed_by_name_and_key(
    shelf: Shelf, film: dict[str, object], name: str
) -> None:
    project = shelf(film)
    done = project.snakemake(project.target("a"), "-n", **switched_off(name))
    assert done.returncode != 0
    assert f"cannot run without stage {stages.BY_NAME[name].folder}" in said(done)
    assert f"stages.{name}" in said(done)
    assert "Traceback (most recent call last)" not in said(done)


def test_a_need_that_a_row_switched_off_is_missed_by_its_line(shelf: Shelf, film: dict[str, object]) -> None:
    project = shelf({**film, "stages_off": "asr"})
    done = project.snakemake(project.target("a"), "-n")
    assert done.returncode != 0
    assert "the column stages_off of the film sheet (line 2)" in said(done)


def test_asking_for_a_stage_that_is_off_is_refused(shelf: Shelf, film: dict[str, object]) -> None:
    project = shelf(film)
    done = project.snakemake(project.target("a", "ner"), "-n", **switched_off("ner"))
    assert done.returncode != 0
    assert "05_ner is asked for but switched off by the key stages.ner" in said(done)
