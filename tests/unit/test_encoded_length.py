"""On a CPU, windows are short and encoded in their own length; what is kept of them is kept of that length."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from samvad.media.audio import FilmAudio
from samvad.runner.kept_pieces import KeptPieces
from samvad.stages.asr.chunks import Chunk
from samvad.stages.asr.engine import Engine, EngineOptions
from samvad.stages.asr.regions import Region
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.whisperx_engine import WhisperXEngine
from samvad.stages.asr.windows import Window

LONG, SHORT = (
    Window(((start_ms, end_ms),), (Region(start_ms, end_ms, "en"),))
    for start_ms, end_ms in ((0, 11_500), (20_000, 23_500))
)
OWN_LENGTH = DecodingStrategy(own_length=True)


class Deaf(Engine):
    """An engine without weights, which remembers how it was to decode what."""

    def __init__(self, device: str = "cpu") -> None:
        self.options = EngineOptions(device, "int8", 1, 5, workers=1)
        self.workers, self._halves, self._whisper = 1, 1, None  # type: ignore[assignment]
        self._share([], print)
        self.asked: list[tuple[int, int, int]] = []

    def _suppressed(self, language: str, own_script: bool) -> list[int]:
        return []

    def _drawing(self) -> Any:
        return None

    def _decode(
        self, whisper: Any, audio: FilmAudio, batch: Sequence[Window], strategy: DecodingStrategy, *, hear: bool
    ) -> list[Chunk]:
        self.asked.append((len(batch), strategy.encoded_ms, strategy.max_tokens))
        return [Chunk(one.start_ms, one.end_ms, "en", "", (), {}, window=one) for one in batch]


@pytest.fixture
def film_audio(tmp_path: Path) -> FilmAudio:
    with wave.open(str(tmp_path / "audio.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(2 * 16_000))
    return FilmAudio(tmp_path / "audio.wav")


@pytest.fixture
def deaf() -> Any:
    engine = Deaf()
    yield engine
    engine.close()


def test_what_is_left_of_a_unit_is_encoded_in_the_length_of_the_whole(
    tmp_path: Path, film_audio: FilmAudio, deaf: Deaf
) -> None:
    """Else a film that was killed and goes on may get another text than one that was not."""
    file = tmp_path / "pieces.jsonl"
    deaf.decode(film_audio, [LONG, SHORT], OWN_LENGTH, kept=KeptPieces(file, "it"))
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))  # the kill tore the last line off
    deaf.decode(film_audio, [LONG, SHORT], OWN_LENGTH, kept=KeptPieces(file, "it"))
    most_tokens = 30 + 40 * 11_500 // 1000
    assert deaf.asked == [(2, 14_000, most_tokens), (1, 14_000, most_tokens)]


def test_what_was_kept_in_another_length_is_made_anew(tmp_path: Path, film_audio: FilmAudio, deaf: Deaf) -> None:
    file = tmp_path / "pieces.jsonl"
    deaf.decode(film_audio, [LONG, SHORT], OWN_LENGTH, kept=KeptPieces(file, "it"))
    again = KeptPieces(file, "it")
    deaf.decode(film_audio, [SHORT], OWN_LENGTH, kept=again)
    deaf.decode(film_audio, [LONG, SHORT], OWN_LENGTH, kept=again)
    assert [asked[:2] for asked in deaf.asked] == [(2, 14_000), (1, 6_000)]


def test_what_is_drawn_is_encoded_in_its_own_length_as_well(film_audio: FilmAudio, deaf: Deaf) -> None:
    deaf.decode(film_audio, [LONG, SHORT], DecodingStrategy(temperature=0.4, own_length=True), size=1)
    deaf.decode(film_audio, [SHORT], DecodingStrategy(temperature=0.4))
    assert [asked[:2] for asked in deaf.asked] == [(1, 14_000), (1, 6_000), (1, 0)]


def test_a_word_by_itself_is_encoded_in_the_least_length(film_audio: FilmAudio, deaf: Deaf) -> None:
    first = DecodingStrategy(own_length=True, least_ms=12_000)
    for unit in ([SHORT], [LONG, SHORT]):
        deaf.decode(film_audio, unit, first)
    assert [asked[:2] for asked in deaf.asked] == [(1, 12_000), (2, 14_000)]


@pytest.mark.parametrize(
    ("kind", "device", "longest_ms"),
    [
        (Engine, "cpu", 14_000),
        (Engine, "cuda", 30_000),
        (WhisperXEngine, "cpu", 18_000),
        (WhisperXEngine, "cuda", 30_000),
    ],
)
def test_windows_are_short_on_a_cpu(kind: type[Engine], device: str, longest_ms: int) -> None:
    engine = object.__new__(kind)
    engine.options = EngineOptions(device, "int8", 1, 5)
    speech = [Region(start, start + 3_500, "en") for start in range(0, 60_000, 4_000)]
    lengths = [window.length_ms for window in engine.windows(speech)]
    assert longest_ms - 4_400 < max(lengths) <= longest_ms
    assert engine.own_length == (device == "cpu")
