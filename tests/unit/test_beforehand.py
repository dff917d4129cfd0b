"""What cannot be done for a film's languages is told when a run is planned, with the pairs and what to do."""

from __future__ import annotations

import socket
import struct
import threading
from pathlib import Path
from typing import Any

import pytest

from samvad.core import stages
from samvad.core.errors import ConfigurationError
from samvad.models import http, weights
from samvad.settings import configuration
from samvad.stages.asr import beforehand as of_speech
from samvad.stages.translation import beforehand, own_models
from samvad.workflow import languages_check

SPEECH = {"model": "base", "revision": ""}
VALUES = {"backend": ["auto"], "indictrans2_dir": "", "runtime": "ctranslate2", "pivot": False}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the machine has fetched out of it."""
    monkeypatch.setenv("SAMVAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(languages_check, "_known", {})


def fetched(*directions: str) -> None:
    for direction in directions:
        file = own_models.root() / direction / "model.bin"
        file.parent.mkdir(parents=True)
        file.touch()


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


@pytest.mark.parametrize("name", ["en-indic-preprint/ct2_int8_model", "en-indic-deploy/ct2_fp16_model"])
def test_models_are_found_under_the_names_that_their_archives_unpack_to(name: str) -> None:
    fetched(name)
    assert own_models.at_hand() == {"en-indic"}
    assert own_models.folder_of(own_models.root(), "en-indic").name == name.partition("/")[0]
    assert not beforehand.refusal(VALUES, ("en",), ("hi",))


def test_languages_that_no_model_hears_are_named() -> None:
    assert of_speech.refusal(SPEECH, ("hi", "xx", "en"), ()) == (
        "no Whisper model was trained on xx. Correct the column source of the film sheet."
    )
    assert of_speech.refusal(SPEECH, ("hi", "en", "ta"), ()) == ""


def whisper_file(folder: Path, bands: int, said: str = "") -> Path:
    """Write the head of a CTranslate2 Whisper model, as CTranslate2 4 writes it, with two weights."""
    folder.mkdir(parents=True)

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    head = struct.pack("<I", 6) + text("WhisperSpec") + struct.pack("<II", 3, 2)
    other = text("decoder/scale") + struct.pack("<BIBI", 1, 2, 0, 8) + b"\0" * 8
    first = text("encoder/conv1/weight") + struct.pack("<BIIIBI", 3, 1, bands, 3, 0, 12 * bands)
    (folder / "model.bin").write_bytes(head + other + first + b"\0" * 12 * bands)
    for name in ("config.json", "tokenizer.json", "vocabulary.json"):
        (folder / name).write_text("{}")
    if said:
        (folder / "preprocessor_config.json").write_text(said)
    return folder


def test_a_model_that_is_none_or_would_hear_other_bands_than_it_knows_is_told_before_the_work(tmp_path: Path) -> None:
    right = whisper_file(tmp_path / "right", 128, '{"feature_size": 128}')
    wrong = whisper_file(tmp_path / "wrong", 128)
    (tmp_path / "empty").mkdir()
    for model, said in (
        (str(right), ""),
        (str(wrong), "hears 128 bands of a spectrogram, and preprocessor_config.json beside it says 80"),
        (str(tmp_path / "empty"), "holds no model.bin"),
        ("larg-v3", "no model is called 'larg-v3'"),
        ("large-v3", ""),
    ):
        told = of_speech.refusal({"model": model, "revision": ""}, ("hi",), ())
        assert (said in told) if said else told == "", model


def test_the_cache_of_the_hub_s_own_client_is_used_at_the_pinned_commit_when_the_model_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    known = weights.known_models()["large-v3"]
    folder = tmp_path / f"models--{known['hub'].replace('/', '--')}" / "snapshots"
    whisper_file(folder / ("0" * 40), 128)
    assert weights.place_of("large-v3") is None, "another commit"
    whole = whisper_file(folder / known["revision"], 128)
    assert weights.place_of("large-v3") == (whole, known["revision"])
    (whole / "vocabulary.json").unlink()
    assert weights.place_of("large-v3") is None, "it is still being fetched"


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


@pytest.mark.parametrize(
    ("backend", "source", "targets", "wanted"),
    [
        ("auto", "hi", "en", True),
        ("auto", "", "en", False),  # what is spoken is not known: perhaps English
        ("auto", "en", "en", False),
        ("none", "hi", "en", False),
        ("nllb,whisper", "hi", "en", False),
        ("whisper,nllb", "hi", "en", True),
    ],
)
def test_a_model_to_translate_with_is_asked_for_where_it_is_surely_needed(
    backend: str, source: str, targets: str, wanted: bool
) -> None:
    values = {**VALUES, "backend": backend.split(","), "whisper_model": "large-v3", "whisper_revision": ""}
    spoken = tuple(filter(None, source.split(",")))
    assert beforehand.models(values, spoken, tuple(targets.split(","))) == ([("large-v3", "")] if wanted else [])


def test_a_model_that_is_here_needs_no_network_and_one_that_is_not_has_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    monkeypatch.setattr(weights.http, "unreachable", lambda url: looked.append(url) or "nobody answers")
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("SAMVAD_MODELS", str(tmp_path / "mine"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert weights.out_of_reach("large-v3") == "HF_HUB_OFFLINE is set" and looked == []
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    assert weights.out_of_reach("large-v3") == "the hub hub.invalid cannot be reached: nobody answers"
    (tmp_path / "mine" / "large-v3").mkdir(parents=True)
    (tmp_path / "mine" / "large-v3" / "model.bin").touch()
    looked.clear()
    assert weights.out_of_reach("large-v3") == "" and looked == []
    assert weights.out_of_reach("no-such-model") == "" and looked == [], "that is told elsewhere"


def test_whether_a_server_takes_connections_is_known_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "no_proxy",
        "NO_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert http.unreachable(f"http://127.0.0.1:{port}/whatever") == ""
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        assert http.unreachable("http://hub.invalid/") == "", "by way of a proxy"
        monkeypatch.delenv("http_proxy")
        monkeypatch.setenv("ALL_PROXY", f"socks5h://127.0.0.1:{port}")
        assert http.unreachable("http://other.invalid/") == "", "by way of the proxy for all"
    monkeypatch.setenv("ALL_PROXY", "http://me:pass/word@proxy.invalid:3128")
    assert "pass" not in http.unreachable("http://third.invalid/")
    monkeypatch.delenv("ALL_PROXY")
    assert "refused" in http.unreachable(f"http://127.0.0.1:{port}/").lower()
    assert http.unreachable("http://hub.invalid/a") != ""
    assert http.unreachable("http://127.0.0.1:99999/") != ""


def test_a_server_that_never_answers_is_waited_for_no_longer_than_said(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(socket, "create_connection", lambda *given, **more: ended.wait(60))
    assert http.unreachable("http://silent.invalid/", 0.05) == "no answer within 0.05 s"
    ended.set()
