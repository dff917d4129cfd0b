"""Translation by Whisper without its model: what it refuses, how lines are cut, what is read."""

from __future__ import annotations

import wave
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samvad.core.errors import MediaError, ModelError
from samvad.documents.segments import Word
from samvad.media.audio import FilmAudio
from samvad.stages.translation import whisper_backend
from samvad.stages.translation.backends import Line


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
    with pytest.raises(ValueError, match="no sound"):
        decoder._samples(whisper_backend.Piece(0, 1000, 2000, "es"))


def test_sound_of_another_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="not 1 at 16000 Hz"):
        FilmAudio(sound_file(tmp_path / "a.wav", rate_hz=48000))
