"""Turns: a question and its answer get dashes or cues of their own; one person's sentences share a cue."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from samvad.documents.segments import Segment, SegmentsDocument, Word
from samvad.media import voices
from samvad.media.audio import FilmAudio
from samvad.media.voices import Voice
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen.tracks import make_track


def cues(text: str, language: str = "en", pitch: tuple[float, float] | None = None, word_ms: int = 120) -> list:
    """Return the lines of the cues of a text spoken fast, the second half by a voice of another pitch."""
    words, half = text.split(), len(text.split()) * word_ms / 2
    said = tuple(Word(at * word_ms, (at + 1) * word_ms, word) for at, word in enumerate(words))
    segment = Segment(1, 0, len(words) * word_ms, text, language, said)
    listen = (lambda start, _end: Voice(pitch[start >= half - 100], -20.0)) if pitch else None
    return [
        cue.lines
        for cue in make_track(SegmentsDocument(language, 6000, (segment,)), Rules(language=language), (), listen).cues
    ]


@pytest.mark.parametrize(
    ("text", "language", "lines"),
    [
        ("You think? No, never.", "en", [("-You think?", "-No, never.")]),
        ("तुम आए? हाँ, आया।", "hi", [("-तुम आए?", "-हाँ, आया।")]),
        ("tum aaye? Haan, aaya.", "hi", [("-tum aaye?", "-Haan, aaya.")]),
        ("¿Lo crees? No, nunca.", "es", [("-¿Lo crees?", "-No, nunca.")]),
    ],
)
def test_a_question_and_its_answer_get_dashes(text: str, language: str, lines: list) -> None:
    assert cues(text, language) == lines


def test_one_voice_that_asks_and_answers_itself_gets_none() -> None:
    assert cues("You think? No, never.", pitch=(110.0, 112.0)) == [("You think? No, never.",)]


def test_two_voices_get_dashes_though_no_answer_is_known_by_its_word() -> None:
    assert cues("You think? Pigs fly.", pitch=(110.0, 210.0)) == [("-You think?", "-Pigs fly.")]


def test_a_doubtful_turn_rather_begins_a_new_cue() -> None:
    text = "Where have you been all this time? The others went home."
    assert cues(text, word_ms=330) == [("Where have you been all this time?",), ("The others went home.",)]


def test_the_recognisers_own_dash_is_a_turn_and_the_profiles_is_written() -> None:
    assert cues("- You think? - Pigs fly.") == [("-You think?", "-Pigs fly.")]


def test_sentences_of_one_person_share_a_cue() -> None:
    assert cues("I know. He left.") == [("I know. He left.",)]


@pytest.mark.parametrize("pitch_hz", [95, 140, 230, 390])
def test_the_pitch_of_a_voice_is_heard_and_noise_has_none(tmp_path: Path, pitch_hz: int) -> None:
    path, times = tmp_path / "voice.wav", np.arange(16_000) / 16_000
    voiced = sum(np.sin(2 * np.pi * pitch_hz * part * times) / part for part in range(1, 8)) * 0.1
    noise = np.random.default_rng(1).normal(0, 0.05, 16_000)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((np.concatenate([voiced, noise]) * 32_000).astype("<i2").tobytes())
    audio = FilmAudio(path)
    heard = voices.heard(audio, 0, 1000)
    assert heard is not None
    assert heard.pitch_hz == pytest.approx(pitch_hz, rel=0.03)
    assert voices.heard(audio, 1000, 2000) is None
    assert voices.heard(audio, 5000, 6000) is None
