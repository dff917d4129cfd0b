"""What cannot be done for a film's languages is told when a run is planned, with the pairs and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from samvad.core import stages
from samvad.core.errors import ConfigurationError
from samvad.settings import configuration
from samvad.stages.asr import beforehand as of_speech
from samvad.stages.translation import beforehand, own_models
from samvad.workflow import languages_check

VALUES = {"backend": ["auto"], "indictrans2_dir": "", "runtime": "ctranslate2", "pivot": False}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the machine has fetched out of it."""
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(languages_check, "_known", {})


def fetched(*directions: str) -> None:
    for direction in directions:
        weights = own_models.root() / direction / "model.bin"
        weights.parent.mkdir(parents=True)
        weights.touch()


@pytest.mark.parametrize(
    ("backend", "source", "targets", "told"),
    [
        ("auto", "hi", "en", ""),
        ("auto", "en", "es,hi", "en to es, en to hi"),
        ("auto", "hi", "hi", ""),
        ("auto", "hi,en", "hi,en", ""),
        ("auto", "", "es", ""),
        ("auto", "en", "hi,en", "en to hi"),
        ("none", "en", "es", ""),
        ("nllb", "en", "es,hi", ""),
        ("nllb", "en", "tlh", "en to tlh"),
        ("indictrans2", "en", "hi", "en to hi"),
        ("indictrans2", "es", "hi", "es to hi"),
        ("whisper,nllb", "en", "es", ""),
        ("whisper", "hi,mr", "ta", "hi to ta, mr to ta"),
    ],
)
def test_pairs_that_nothing_at_hand_translates_are_named(backend: str, source: str, targets: str, told: str) -> None:
    spoken = tuple(filter(None, source.split(",")))
    said = beforehand.refusal({**VALUES, "backend": backend.split(",")}, spoken, tuple(targets.split(",")))
    assert said.partition(": translation.backend is")[0] == told
    if "hi" in targets and told and source == "en":
        assert "./samvad model indictrans2-en-indic" in said
        assert "nllb" in said and "take" in said


def test_with_a_model_at_hand_its_direction_is_served_and_no_other() -> None:
    fetched("en-indic")
    assert not beforehand.refusal(VALUES, ("en",), ("hi", "ta"))
    assert beforehand.refusal(VALUES, ("en",), ("es", "hi")).startswith("en to es: ")
    assert beforehand.refusal(VALUES, ("hi",), ("ta",)).startswith("hi to ta: ")
    assert not beforehand.refusal({**VALUES, "pivot": True}, ("hi",), ("ta",)), "Whisper to English, then on"
    assert beforehand.refusal({**VALUES, "backend": ["indictrans2"]}, ("hi",), ("en",)).startswith("hi to en: ")


def test_languages_that_no_model_hears_are_named() -> None:
    assert of_speech.refusal({}, ("hi", "xx", "en"), ()) == (
        "no Whisper model was trained on xx. Correct the column source of the film sheet."
    )
    assert of_speech.refusal({}, ("hi", "en", "ta"), ()) == ""


def test_a_stage_that_was_done_is_not_asked(tmp_path: Path) -> None:
    config = configuration.project()
    configuration.check(config)
    values: dict[str, Any] = {"source": ("en",), "targets": ("es", "hi")}
    film = configuration.Film(
        2, "film", "film.mkv", "A film", None, values["source"], values["targets"], "me", "2025-01-01", 1, "subtitle",
        None, "", "", "", (),
    )  # fmt: skip
    with pytest.raises(ConfigurationError, match=r"stage 08_translation cannot do its work, en to es, en to hi"):
        languages_check.check(config, film, stages.BY_NAME["translation"], tmp_path)
    languages_check.check(config, film, stages.BY_NAME["demux"], tmp_path)
    done = tmp_path / film.folder / "08_translation" / "manifest.json"
    done.parent.mkdir(parents=True)
    done.touch()
    languages_check.check(config, film, stages.BY_NAME["translation"], tmp_path)


def test_a_film_is_judged_by_its_own_settings_whichever_comes_first(tmp_path: Path) -> None:
    fetched("en-indic")
    config = configuration.project()
    row = dict.fromkeys(configuration.COLUMNS, "") | {"film": "f", "media": "m", "title": "T", "source": "en"}
    row |= {"targets": "ta", "user": "me", "date": "2025-01-01", "job": "1", "workflow": "subtitle"}
    served = configuration.film_of_row(row, "here", 2)
    by_whisper = configuration.film_of_row({**row, "settings": "translation.backend=whisper"}, "here", 3)
    for _ in range(2):
        languages_check.check(config, served, stages.BY_NAME["translation"], tmp_path)
        with pytest.raises(ConfigurationError, match="en to ta"):
            languages_check.check(config, by_whisper, stages.BY_NAME["translation"], tmp_path)
