"""English that a model wrote where another language is spoken: heard anew, marked, or left where it was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from samvad.documents.segments import PERHAPS_TRANSLATED
from samvad.stages.asr import doubts, film_languages, translated
from samvad.stages.asr.account import Account
from samvad.stages.asr.chunks import Chunk, RawWord
from samvad.stages.asr.regions import Region
from samvad.stages.asr.strategy import DecodingStrategy
from samvad.stages.asr.windows import Window
from samvad.text import word_frequency

ENGLISH = {"today", "is", "the", "day", "of", "there", "no", "place", "in", "that", "house", "are", "sure", "we", "one"}
FIGURES = {"avg_logprob": -0.3, "no_speech_prob": 0.1, "compression_ratio": 1.0, "temperature": 0.0}
HINDI, TRANSLATION = "कांता से उसे रश्क हो रहा था।", "Today is the day of Eid."
HEARD = "आज ईद का दिन है"


@pytest.fixture(autouse=True)
def uses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a small list stand for wordfreq's, which the stage's environment has and this one has not."""

    def mean(words: Sequence[str], language: str) -> float | None:
        return None if language != "en" else sum(6.0 if word in ENGLISH else 1.0 for word in words) / len(words)

    monkeypatch.setattr(word_frequency, "uses", mean)


def chunk(text: str, start_ms: int = 1_000, language: str = "hi", *, sung: bool = False) -> Chunk:
    """Return a piece of which each word takes 300 ms."""
    words = tuple(
        RawWord(f" {word}", start_ms + 300 * place, start_ms + 300 * (place + 1), 0.9)
        for place, word in enumerate(text.split())
    )
    region = Region(start_ms, start_ms + 300 * len(words), language, sung=sung)
    window = Window(((region.start_ms, region.end_ms),), (region,))
    return Chunk(region.start_ms, region.end_ms, language, text, words, FIGURES, window, 10, heard={language: 0.9})


class Ear:
    """In place of a model: hears one language in all that it is asked of, and decodes all to one text."""

    def __init__(self, shares: dict[str, float], text: str = HEARD) -> None:
        self.shares, self.text = shares, text
        self.asked: list[Window] = []

    def hear(self, found: Sequence[Window], _: int) -> list[dict[str, float]]:
        self.asked += found
        return [self.shares for _ in found]

    def decode(self, found: Sequence[Window], _: DecodingStrategy) -> list[Chunk]:
        return [chunk(self.text, window.start_ms, window.language) for window in found]


def listen(ear: Ear, chunks: Sequence[Chunk]) -> tuple[list[Chunk], Account]:
    kept = Account()
    listener = translated.Listener(ear.hear, ear.decode, lambda _: [], "native", kept)
    return listener.as_said(chunks), kept


def test_what_was_translated_is_heard_anew_and_what_stands_beside_it_stays() -> None:
    before = chunk(f"{TRANSLATION} {HINDI}")
    found, kept = listen(Ear({"hi": 0.8, "ur": 0.1, "en": 0.01}), [before])
    assert [one.text for one in found] == [HEARD, HINDI]
    assert found[0].decoded_again is not None and found[0].decoded_again.kept == translated.ANEW
    assert found[0].end_ms <= found[1].words[0].start_ms, "in order of time"
    assert found[1].words == before.words[6:], "no word of it has moved"
    assert [one.heard for one in found] == [before.heard, {}], "what was heard counts once"
    assert [item.text for item in kept.taken] == [TRANSLATION]


@pytest.mark.parametrize(
    ("shares", "text"),
    [
        ({"hi": 0.4, "en": 0.4}, HEARD),  # the sound does not tell
        ({"hi": 0.9}, "Today is the day of the house."),  # it is translated once more
        ({"hi": 0.9}, ""),  # nothing is heard
    ],
)
def test_english_that_does_not_sound_so_stays_and_is_marked(shares: dict[str, float], text: str) -> None:
    found, kept = listen(Ear(shares, text), [chunk(f"{HINDI} {TRANSLATION}")])
    assert [one.text for one in found] == [HINDI, TRANSLATION] and not kept.taken
    assert found[1].decoded_again is not None and found[1].decoded_again.kept == PERHAPS_TRANSLATED
    assert found[0].decoded_again is None
    again, _ = listen(Ear(shares), found)
    assert again == found, "what was asked once is not asked again"


def test_english_that_was_said_stays_and_is_named() -> None:
    found, kept = listen(Ear({"en": 0.98}), [chunk(f"{HINDI} {TRANSLATION} There is no place.")])
    assert [(one.language, one.text) for one in found] == [
        ("hi", HINDI),
        ("en", TRANSLATION),
        ("en", "There is no place."),
    ]
    assert {region.language for one in found[1:] if one.window for region in one.window.speech} == {"en"}
    assert not kept.taken


def test_a_sentence_that_was_translated_is_found_beside_one_that_was_said_in_english() -> None:
    class Both(Ear):
        def hear(self, found: Sequence[Window], _: int) -> list[dict[str, float]]:
            return [{"en": 0.98} if window.start_ms < 2_000 else {"hi": 0.9} for window in found]

    found, kept = listen(Both({}), [chunk(f"There is no place in that house. {TRANSLATION}")])
    assert [one.text for one in found] == ["There is no place in that house.", HEARD]
    assert [item.text for item in kept.taken] == [TRANSLATION]


@pytest.mark.parametrize(("pause_ms", "texts"), [(500, [HEARD, "There is no place in that house."]), (0, [HEARD])])
def test_two_sentences_without_a_full_stop_between_them_are_two_where_somebody_pauses(
    pause_ms: int, texts: list[str]
) -> None:
    class Both(Ear):
        def hear(self, found: Sequence[Window], _: int) -> list[dict[str, float]]:
            return [{"en": 0.98} if window.start_ms > 2_500 else {"hi": 0.9} for window in found]

    before = chunk(f"{TRANSLATION[:-1]} There is no place in that house.")
    words = tuple(
        replace(word, start_ms=word.start_ms + pause_ms, end_ms=word.end_ms + pause_ms) if place >= 6 else word
        for place, word in enumerate(before.words)
    )
    found, _ = listen(Both({}), [replace(before, words=words, end_ms=before.end_ms + pause_ms)])
    assert [one.text for one in found] == texts


def test_a_few_english_words_in_a_sentence_stay_where_they_are() -> None:
    before = chunk("मुझे लगता है there is no place in that house यार।")
    found, _ = listen(Ear({"en": 0.98}), [before])
    assert found == [before]
    listener = translated.Listener(Ear({"en": 0.98}).hear, Ear({}).decode, lambda _: [], "native", Account())
    apart = replace(listener, apart=True).as_said([before])
    assert [one.text for one in apart] == ["मुझे लगता है", "there is no place in that house", "यार।"]


@pytest.mark.parametrize(
    "before",
    [
        chunk(HINDI),
        chunk("Zab ghodamu me ai mal ki kami ka biora ankit."),
        chunk("We are sure."),  # too few words
        chunk("We are sure that is the place.", language="en"),
        chunk("We are sure that is the place.", sung=True),
    ],
)
def test_where_there_is_nothing_to_doubt_nothing_is_asked(before: Chunk) -> None:
    ear = Ear({"hi": 0.9})
    assert listen(ear, [before])[0] == [before]
    assert not ear.asked


def test_words_of_an_english_sentence_that_english_seldom_uses_are_english_as_well() -> None:
    said = f"{TRANSLATION[:-1]} Zundigum."
    found, _ = listen(Ear({"en": 0.98}), [chunk(f"{HINDI} {said}")])
    assert [(one.language, one.text) for one in found] == [("hi", HINDI), ("en", said)]


def test_fewer_of_its_words_need_be_english_where_the_piece_sounds_so() -> None:
    before = chunk(f"{HINDI} The zundigum is in that quonk.")  # a mean of 0.8
    assert listen(Ear({"en": 0.98}), [before])[0] == [before]
    found, _ = listen(Ear({"en": 0.98}), [replace(before, heard={"en": 0.6, "hi": 0.3})])
    assert [one.language for one in found] == ["hi", "en"]


@pytest.mark.parametrize(("pause_ms", "language"), [(500, "en"), (0, "hi")])
def test_english_behind_a_pause_is_a_piece_of_its_own_though_no_full_stop_is_before_it(
    pause_ms: int, language: str
) -> None:
    before = chunk("Zab ghodamu me ai mal ki kami ka biora there is no place in that house")
    words = tuple(
        replace(word, start_ms=word.start_ms + pause_ms, end_ms=word.end_ms + pause_ms) if place >= 9 else word
        for place, word in enumerate(before.words)
    )
    found, _ = listen(Ear({"en": 0.98}), [replace(before, words=words, end_ms=before.end_ms + pause_ms)])
    assert found[-1].language == language
    assert " ".join(one.text for one in found) == before.text


def test_a_person_is_told_of_english_in_a_film_of_another_language() -> None:
    told: list[str] = []
    run: Any = SimpleNamespace(warn=told.append, metric=lambda *_: None)
    said = [chunk(HINDI), chunk(TRANSLATION, 5_000)]
    named, doubted = (listen(Ear({"en": share}), said)[0] for share in (0.98, 0.4))
    for known in (["hi"], ["hi", "en"]):
        film_languages.tell_of_unnamed(run, named, known)
    film_languages.tell_of_unnamed(run, doubted, ["hi"])
    for chunks in (named, doubted):
        doubts.record(run, chunks, [])
    assert len(told) == 2
    assert told[0].startswith("English is spoken at 00:00:05.000,")
    assert "does not sound so" in told[1]
