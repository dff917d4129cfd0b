"""What surely sounds like another language than the film was given as is heard in that, or marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from samvad.documents.segments import PERHAPS_OTHER, Segment
from samvad.stages.asr import doubts, film_languages, named_by_words
from samvad.stages.asr.account import Account
from samvad.stages.asr.chunks import Chunk
from samvad.stages.asr.recogniser import Recogniser
from samvad.stages.asr.regions import Region
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.windows import Window
from samvad.stages.hallucination_removal.limits import Limits
from samvad.stages.hallucination_removal.measures import Context, Evidence, measure
from samvad.stages.hallucination_removal.signals import signals
from samvad.text import word_frequency
from written_words import Batches, Hears

SPEECH = [Region(1_000, 5_000, "hi"), Region(21_000, 25_000, "hi")]
SAID = {("hi", 1_000): "आज ईद का दिन है", ("hi", 21_000): "पोर फवोर एसपेरे ला", ("es", 21_000): "por favor espere la"}


@pytest.fixture(autouse=True)
def uses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be known of words: wordfreq is of the stage's environment."""
    monkeypatch.setattr(word_frequency, "uses", lambda *_: None)


class Ear(Hears):
    """In place of a model: hears Spanish in the second stretch, and writes it in the language that it is told."""

    def __init__(self, shares: dict[str, float], sure: dict[str, float], said: dict[tuple[str, int], str]) -> None:
        super().__init__({})
        self.shares, self.sure, self.told, self.asked = shares, sure, said, 0

    def brief_language_probabilities(self, _: Any, found: Sequence[Window], __: int) -> list[dict[str, float]]:
        self.asked += len(found)
        return [self._shares(window) for window in found]

    def _shares(self, window: Window) -> dict[str, float]:
        return self.shares if window.start_ms > 10_000 else {"hi": 0.9}

    def decode(self, _: Any, batch: Sequence[Window], strategy: DecodingStrategy, **asks: Any) -> list[Chunk]:
        found = []
        for window in batch:
            self.said = {one.start_ms: self.told.get((window.language, one.start_ms), "") for one in window.speech}
            chunk = self.written(window)
            figures = {**chunk.decoding, "avg_logprob": self.sure.get(window.language, -0.5)}
            heard = self._shares(window) if asks.get("hear") else {}
            found.append(replace(chunk, decoding=figures, heard=heard))
        return found


def recognise(ear: Ear, attempts: int = 4) -> list[Chunk]:
    sound: Any = SimpleNamespace(
        duration_ms=30_000, piece=lambda start, end: np.full((end - start) * 16, 0.1, np.float32)
    )
    engine: Any = Batches(ear)
    kept = Account()
    chunks = Recogniser(engine, sound, "any", (), attempts, lambda *_: None, account=kept).recognise(SPEECH)
    assert not kept.unexplained
    return chunks


def test_speech_of_a_language_that_the_film_was_not_given_as_is_written_in_it() -> None:
    chunks = recognise(Ear({"es": 0.96}, {"es": -0.2}, SAID))
    assert [(one.language, one.text) for one in chunks] == [
        ("hi", SAID["hi", 1_000]),
        ("es", SAID["es", 21_000]),
    ]
    assert [region.language for region in named_by_words.as_decoded(SPEECH, chunks)] == ["hi", "es"]
    told: list[str] = []
    run: Any = SimpleNamespace(warn=told.append)
    film_languages.tell_of_unnamed(run, chunks, ["hi"])
    assert [text.split(",")[0] for text in told] == ["Spanish is spoken at 00:00:20.800"]
    film_languages.tell_of_unnamed(run, chunks, ["hi", "es"])
    assert len(told) == 1


@pytest.mark.parametrize(
    ("sure", "said"),
    [
        ({"es": -0.9}, SAID),  # less sure of it
        ({"es": -0.2}, {**SAID, ("es", 21_000): "por"}),  # most of it is not there
    ],
)
def test_what_is_no_better_in_that_language_stays_and_is_marked(
    sure: dict[str, float], said: dict[tuple[str, int], str]
) -> None:
    chunks = recognise(Ear({"es": 0.96}, sure, said))
    assert [one.text for one in chunks] == [SAID["hi", 1_000], SAID["hi", 21_000]]
    assert [one.decoded_again.kept if one.decoded_again else "" for one in chunks] == ["", PERHAPS_OTHER]
    told: list[str] = []
    run: Any = SimpleNamespace(warn=told.append, metric=lambda *_: None)
    doubts.record(run, chunks, [])
    assert [text[:33] for text in told] == ["What is said at 00:00:20.800 soun"]


@pytest.mark.parametrize(
    ("shares", "attempts", "asked"),
    [
        ({"hi": 0.6, "es": 0.4}, 4, 0),  # of its own language: nothing is asked
        ({"ur": 0.96}, 4, 0),  # and so is Urdu
        ({"es": 0.7, "hi": 0.1}, 4, 1),  # not surely another
        ({"es": 0.96}, 0, 0),  # nothing is to be decoded again
    ],
)
def test_where_the_sound_is_not_surely_another_all_stays(shares: dict[str, float], attempts: int, asked: int) -> None:
    ear = Ear(shares, {"es": -0.2}, SAID)
    chunks = recognise(ear, attempts)
    assert [(one.language, one.decoded_again) for one in chunks] == [("hi", None), ("hi", None)]
    assert ear.asked == asked


def test_what_is_marked_is_suspect() -> None:
    segment = Segment(1, 0, 2_000, "पोर फवोर एसपेरे ला", "hi", extra={"decoded_again": {"kept": PERHAPS_OTHER}})
    limits = Limits()
    found = signals(segment, measure(segment, Context(), Evidence(), limits), limits)
    assert [one.name for one in found] == ["language"]
