"""IndicTrans2 without its weights: directions, files, sentences, subwords."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samvad.core.errors import ModelError
from samvad.stages.translation import indictrans2_backend, terms, text_backend
from samvad.stages.translation.memory import Memory
from samvad.stages.translation.sentence_model import Settings
from samvad.text import indic


def options() -> text_backend.Options:
    return text_backend.Options(
        device="cpu", compute_type="auto", threads=1, beam_size=5, settings=Settings(), memory=Memory(None),
        glossary=lambda target: terms.Glossary((), target),
    )  # fmt: skip


def test_indictrans2_serves_its_languages_and_no_others(tmp_path: Path) -> None:
    backend = indictrans2_backend.IndicTrans2Backend(tmp_path, options())
    assert backend.refusal("hi", "ta") is None
    assert "does not know es" in (backend.refusal("es", "en") or "")


def test_english_never_goes_into_the_model_between_indian_languages() -> None:
    pairs = {("en", "hi"): "en-indic", ("hi", "en"): "indic-en", ("hi", "ta"): "indic-indic"}
    assert {pair: indictrans2_backend.direction_of(*pair) for pair in pairs} == pairs


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


@pytest.mark.parametrize("weights", ["model.bin", "ct2_int8_model/model.bin", "ct2_fp16_model/model.bin"])
@pytest.mark.parametrize("vocabulary", ["vocab", "fairseq_model/vocab"])
def test_every_layout_of_packers_is_found(tmp_path: Path, weights: str, vocabulary: str) -> None:
    put(tmp_path / "indic-en", weights, f"{vocabulary}/model.SRC", f"{vocabulary}/model.TGT")
    found = indictrans2_backend.find_files(tmp_path, "indic-en", "int8")
    assert found.weights / "model.bin" == tmp_path / "indic-en" / weights
    assert found.source_pieces.is_file()
    assert found.target_pieces.is_file()


def test_the_weights_that_fit_the_type_are_preferred(tmp_path: Path) -> None:
    put(tmp_path / "indic-en", "ct2_int8_model/model.bin", "ct2_fp16_model/model.bin", "vocab/model.SRC")
    put(tmp_path / "indic-en", "vocab/model.TGT")
    chosen = {kind: indictrans2_backend.find_files(tmp_path, "indic-en", kind).weights.name for kind in FOLDERS}
    assert chosen == FOLDERS


FOLDERS = {"int8": "ct2_int8_model", "int8_float16": "ct2_int8_model", "float16": "ct2_fp16_model"}


def test_a_missing_model_is_named_with_its_size_source_and_licence(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        indictrans2_backend.find_files(tmp_path, "en-indic", "int8")
    said = str(caught.value)
    parts = ["en-indic", "model.bin", "ai4bharat/indictrans2-en-indic-dist-200M", " GB", "gated", "MIT"]
    assert [part for part in parts if part not in said] == []


def test_a_model_of_other_languages_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "indic-en/model.bin", "indic-en/vocab/model.SRC", "indic-en/vocab/model.TGT")
    (tmp_path / "indic-en" / "source_vocabulary.json").write_text('["<s>", "eng_Latn", "hin_Deva"]')
    place = indictrans2_backend.find_files(tmp_path, "indic-en", "int8")
    indictrans2_backend.check_tags(place, {"hin_Deva", "eng_Latn"})
    with pytest.raises(ModelError, match="tam_Taml"):
        indictrans2_backend.check_tags(place, {"tam_Taml", "eng_Latn"})


def test_digits_of_every_script_become_0_to_9_and_numbers_stay_apart() -> None:
    assert indic.normalise_punctuation("१२ ৩৪ ௫६") == "12 34 56"


@given(st.lists(st.sampled_from(["▁a", "b"]), max_size=60), st.integers(2, 20))
def test_cutting_subwords_loses_none_and_keeps_the_limit(subwords: list[str], limit: int) -> None:
    parts = text_backend.cut_subwords(subwords, limit)
    assert [piece for part in parts for piece in part] == subwords
    assert all(0 < len(part) <= limit for part in parts)


def test_subwords_are_cut_before_a_word() -> None:
    assert text_backend.cut_subwords(["▁a", "b", "▁c", "d"], 3) == [["▁a", "b"], ["▁c", "d"]]
