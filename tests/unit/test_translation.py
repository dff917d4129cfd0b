"""Translation without a model: what is asked for, what is refused, how lines are cut, batched and guarded."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samvad.audio import FilmAudio
from samvad.errors import ConfigurationError, MediaError, MemoryShortageError, ModelError
from samvad.records import Model
from samvad.segments import QUARANTINE, Segment, SegmentsDocument, Translation, Word
from samvad.translation import backends, guards, indic_text, indictrans2_backend, terms, text_backend, whisper_backend
from samvad.translation.backends import Line
from samvad.translation.guards import Decoded
from samvad.translation.memory import Memory
from samvad.translation.sentence_model import Settings


class Upper:
    """A backend that writes English in capitals; it knows Hindi and Spanish."""

    name = "upper"

    def refusal(self, source: str, target: str) -> str | None:
        return None if source in ("hi", "es") and target == "en" else "it cannot"

    def find(self, pairs: frozenset[tuple[str, str]]) -> None:
        pass

    def load(self) -> None:
        pass

    def translate(self, lines: Sequence[Line], target: str) -> list[Translation]:
        return [Translation(line.text.upper(), self.name) for line in lines]

    def models(self) -> tuple[Model, ...]:
        return ()

    def folders(self) -> tuple[Path, ...]:
        return ()

    def device(self) -> str | None:
        return "cpu"


def segment(number: int, text: str = "hola", language: str = "es", **more: object) -> Segment:
    return Segment(number, number * 1000, number * 1000 + 900, text, language, **more)  # type: ignore[arg-type]


def document(*segments: Segment, language: str = "es") -> SegmentsDocument:
    return SegmentsDocument(language, 60_000, segments)


def translated(made: SegmentsDocument, target: str = "en") -> SegmentsDocument:
    backend = Upper()
    return backends.apply(made, backends.plan(made, target, backend), backend)


# -- which segments are translated -----------------------------------------------------------------------------------


def test_a_segment_in_the_target_language_is_passed_on_and_the_others_translated() -> None:
    one, two = translated(document(segment(1), segment(2, "hello", "en"))).segments
    assert one.translations == {"en": Translation("HOLA", "upper")}
    assert two.translations == {"en": Translation("hello", "same language")}


def test_quarantined_and_empty_segments_are_not_translated_but_stay() -> None:
    made = translated(document(segment(1, verdict=QUARANTINE), segment(2, " "), segment(3)))
    assert [dict(item.translations) for item in made.segments[:2]] == [{}, {}]
    assert made.segments[2].translations["en"].text == "HOLA"


def test_translations_and_unknown_keys_that_were_there_are_kept() -> None:
    before = segment(1, translations={"fr": Translation("bonjour", "hand")}, extra={"shot": 7})
    after = translated(document(before)).segments[0]
    assert after.translations["fr"].text == "bonjour"
    assert after.extra == {"shot": 7}


def test_a_pair_that_the_backend_does_not_serve_is_a_configuration_error_that_names_it() -> None:
    with pytest.raises(ConfigurationError, match=r"translation\.backend is upper.*es to ta"):
        backends.plan(document(segment(1)), "ta", Upper())


def test_a_stray_segment_in_an_unserved_language_is_marked_and_does_not_stop_the_film() -> None:
    one, two = translated(document(segment(1), segment(2, "nuqneH", "tlh"))).segments
    assert one.translations["en"].text == "HOLA"
    assert two.translations["en"] == Translation("", "upper", flags=(guards.UNSUPPORTED_LANGUAGE,))


def test_nothing_is_refused_when_nothing_needs_translation() -> None:
    assert backends.plan(document(language="und"), "ta", Upper()).pairs == frozenset()
    assert backends.plan(document(segment(1, "vanakkam", "ta"), language="ta"), "ta", Upper()).pairs == frozenset()


def test_a_line_may_be_heard_with_padding_that_never_reaches_its_neighbours() -> None:
    near = [Segment(1, 1000, 2000, "a", "es"), Segment(2, 2100, 3000, "b", "es"), Segment(3, 9000, 9500, "c", "es")]
    heard = [(line.earliest_ms, line.latest_ms) for line in backends.lines_of(document(*near))]
    assert heard == [(800, 2050), (2050, 3200), (8800, 9700)]


def test_a_line_that_overlaps_the_one_before_gets_no_padding_on_that_side() -> None:
    crossed = [Segment(1, 1000, 3000, "a", "es"), Segment(2, 2500, 4000, "b", "es")]
    assert [line.earliest_ms for line in backends.lines_of(document(*crossed))] == [800, 2500]


# -- batches, failures, loops ----------------------------------------------------------------------------------------


def decoded(text: str) -> Decoded:
    return Decoded(text, -1.0, 4)


def test_one_bad_item_costs_only_itself() -> None:
    def decode(items: Sequence[str], strictly: bool) -> list[Decoded]:
        if "bad" in items:
            raise RuntimeError("cannot")
        return [decoded(item.upper()) for item in items]

    items = ["a", "b", "bad", "c", "d"]
    results = backends.decode_guarded(items, items, [[0, 1, 2, 3], [4]], decode)
    assert [result and result.text for result in results] == ["A", "B", None, "C", "D"]


def test_a_batch_too_large_for_memory_is_halved_until_it_fits() -> None:
    sizes = []

    def decode(items: Sequence[str], strictly: bool) -> list[Decoded]:
        sizes.append(len(items))
        if len(items) > 2:
            raise RuntimeError("CUDA failed with error out of memory")
        return [decoded(item) for item in items]

    results = backends.decode_guarded("abcdefgh", "abcdefgh", [range(8)], decode)
    assert "".join(result.text for result in results if result) == "abcdefgh"
    assert sizes == [8, 4, 2, 2, 4, 2, 2]


def test_too_little_memory_for_one_item_is_said_so() -> None:
    def decode(items: Sequence[str], strictly: bool) -> list[Decoded]:
        raise RuntimeError("CUDA failed with error out of memory")

    with pytest.raises(MemoryShortageError, match="batch_size"):
        backends.decode_guarded("ab", "ab", [[0, 1]], decode)


def test_a_model_that_fails_on_everything_is_an_error() -> None:
    def decode(items: Sequence[str], strictly: bool) -> list[Decoded]:
        raise ValueError("no")

    with pytest.raises(ModelError, match="everything"):
        backends.decode_guarded("ab", "ab", [[0, 1]], decode)


def test_a_loop_is_decoded_again_strictly_and_only_the_loop() -> None:
    strict = []

    def decode(items: Sequence[str], strictly: bool) -> list[Decoded]:
        if strictly:
            strict.extend(items)
            return [decoded("mended") for _ in items]
        return [decoded("the " * 20 if item == "x" else item) for item in items]

    results = backends.decode_guarded(["a", "x", "b"], ["a", "x", "b"], [[0, 1, 2]], decode)
    assert [result and result.text for result in results] == ["a", "mended", "b"]
    assert strict == ["x"]


def test_a_translation_that_repeats_what_its_source_repeats_is_no_loop() -> None:
    assert guards.is_loop("no, " * 8, than="I do not think so")
    assert not guards.is_loop("no, " * 8, than="nahin " * 8)
    assert not guards.is_loop("no, no, no, no!", than="nahin")


def test_a_loop_that_cannot_be_mended_is_cut_to_one_turn_and_flagged() -> None:
    made = whole([decoded("I am so sorry. " * 12)])
    assert made.text == "I am so sorry."
    assert made.flags == (guards.REPETITION,)


def test_a_loop_that_ran_into_the_limit_leaves_no_torn_end() -> None:
    assert guards.without_loops("Well, " + "I go home and " * 7 + "I go ho") == "Well, I go home and"


def whole(parts: Sequence[Decoded | None], duration_ms: int = 3000, target: str = "en") -> Translation:
    return guards.translation(parts, backend="toy", source="hola", target=target, duration_ms=duration_ms)


@pytest.mark.parametrize(
    ("parts", "flags"),
    [
        ([Decoded("Good night", -1.2, 4)], ()),
        ([Decoded("Good night", -4.8, 4)], (guards.LOW_PROBABILITY,)),
        ([Decoded("", -0.4, 4)], (guards.EMPTY,)),
        ([None], (guards.FAILED,)),
        ([Decoded("Good", -0.4, 4), None], (guards.INCOMPLETE,)),
        ([Decoded("नमस्ते दुनिया", -0.4, 4)], (guards.WRONG_SCRIPT,)),
        ([Decoded(" ".join(f"word{number}" for number in range(40)), -0.4, 4)], (guards.TOO_LONG,)),
    ],
)
def test_doubts_become_flags(parts: list[Decoded | None], flags: tuple[str, ...]) -> None:
    assert whole(parts).flags == flags


def test_the_score_is_the_mean_over_the_tokens_of_all_parts() -> None:
    made = whole([Decoded("Good", -1.0, 1), Decoded("night", -1.0, 4)])
    assert (made.text, made.score) == ("Good night", -0.4)


# -- Whisper: names, cuts, sound -------------------------------------------------------------------------------------


def whisper(model: str = "base") -> whisper_backend.WhisperBackend:
    return whisper_backend.WhisperBackend(
        model=model, revision="", audio=Path("none.wav"), device="cpu", compute_type="auto", threads=1, batch_size=8,
        beam_size=5,
    )  # fmt: skip


def test_whisper_translates_into_english_only() -> None:
    assert whisper().refusal("hi", "en") is None
    assert "English only" in (whisper().refusal("hi", "ta") or "")
    assert whisper().refusal("mai", "en") is not None


@pytest.mark.parametrize("model", ["turbo", "org/whisper-Large-v3-Turbo", "/models/base.en", "distil-large-v3"])
def test_models_that_cannot_translate_are_refused_by_name(model: str) -> None:
    with pytest.raises(ModelError, match="cannot translate"):
        whisper(model)


def test_a_renamed_turbo_model_is_refused_by_its_shape(tmp_path: Path) -> None:
    (tmp_path / "preprocessor_config.json").write_text('{"feature_size": 128}')
    (tmp_path / "config.json").write_text('{"alignment_heads": [[2, 4], [3, 14]]}')
    with pytest.raises(ModelError, match="turbo"):
        whisper_backend.refuse_by_shape(tmp_path)
    (tmp_path / "config.json").write_text('{"alignment_heads": [[2, 4], [31, 14]]}')
    whisper_backend.refuse_by_shape(tmp_path)


def test_a_stretch_that_whisper_hears_at_once_is_not_cut() -> None:
    assert whisper_backend.cut_points(0, 30_000, ()) == []


def test_a_long_stretch_is_cut_at_its_widest_gap_between_words() -> None:
    words = [Word(start, start + 900, "la") for start in range(0, 40_000, 1000)]
    words[20] = Word(20_300, 20_900, "la")  # a gap of 400 ms before it
    assert whisper_backend.cut_points(0, 40_000, words) == [20_100]


@given(
    start=st.integers(0, 10_000),
    length=st.integers(1, 200_000),
    times=st.lists(st.integers(0, 210_000), max_size=60).map(sorted),
)
def test_pieces_cover_the_line_without_a_hole_and_fit_the_window(start: int, length: int, times: list[int]) -> None:
    words = tuple(Word(begin, end, "a") for begin, end in zip(times[::2], times[1::2], strict=False))
    line = Line(1, "es", "a", start, start + length, start, start + length, words)
    pieces = whisper_backend.pieces_of([line], 0)
    assert [pieces[0].start_ms, pieces[-1].end_ms] == [start, start + length]
    assert all(before.end_ms == after.start_ms for before, after in pairwise(pieces))
    assert all(0 < piece.end_ms - piece.start_ms <= 30_000 for piece in pieces)


def sound_file(path: Path, rate_hz: int = 16000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(b"".join(number.to_bytes(2, "little", signed=True) for number in range(16000)))
    return path


def test_only_the_stretch_asked_for_is_read(tmp_path: Path) -> None:
    sound = FilmAudio(sound_file(tmp_path / "a.wav"))
    read = sound.piece(100, 200)
    assert (len(read), read[0]) == (1600, 1600 / 32768)
    assert len(sound.piece(900, 5000)) == 1600
    assert len(sound.piece(-200, 100)) == 1600


def test_a_piece_after_the_end_of_the_sound_is_an_error_of_that_piece(tmp_path: Path) -> None:
    decoder = object.__new__(whisper_backend._Decoder)
    decoder._sound = FilmAudio(sound_file(tmp_path / "a.wav"))
    decoder._model = SimpleNamespace(feature_extractor=None)
    with pytest.raises(ValueError, match="no sound"):
        decoder._features(whisper_backend.Piece(0, 1000, 2000, "es"))


def test_sound_of_another_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="not 1 at 16000 Hz"):
        FilmAudio(sound_file(tmp_path / "a.wav", rate_hz=48000))


# -- IndicTrans2: directions, files, sentences -----------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ठीक है। चलो! कहाँ?", ["ठीक है।", "चलो!", "कहाँ?"]),
        ("Mr. Sharma is here. Come in.", ["Mr. Sharma is here.", "Come in."]),
        ("He costs 3.50 rupees", ["He costs 3.50 rupees"]),
        ("“Go.” She went…", ["“Go.”", "She went…"]),
        ("", []),
    ],
)
def test_sentences_end_at_their_punctuation(text: str, expected: list[str]) -> None:
    assert indic_text.sentences(text) == expected


@given(st.text(alphabet='ab .?!।"', max_size=60))
def test_splitting_into_sentences_loses_nothing(text: str) -> None:
    assert "".join("".join(indic_text.sentences(text)).split()) == "".join(text.split())


def test_digits_of_every_script_become_0_to_9_and_numbers_stay_apart() -> None:
    assert indic_text.normalise_punctuation("१२ ৩৪ ௫६") == "12 34 56"


@given(st.lists(st.sampled_from(["▁a", "b"]), max_size=60), st.integers(2, 20))
def test_cutting_subwords_loses_none_and_keeps_the_limit(subwords: list[str], limit: int) -> None:
    parts = text_backend.cut_subwords(subwords, limit)
    assert [piece for part in parts for piece in part] == subwords
    assert all(0 < len(part) <= limit for part in parts)


def test_subwords_are_cut_before_a_word() -> None:
    assert text_backend.cut_subwords(["▁a", "b", "▁c", "d"], 3) == [["▁a", "b"], ["▁c", "d"]]


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(64, 1024))
def test_batches_hold_every_sentence_once_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = backends.token_batches(lengths, budget)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * max(lengths[index] for index in batch) <= budget for batch in batches)
