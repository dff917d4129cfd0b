"""The words that came of a stretch say which of a film's languages it is in, where its sound was taken for another."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from samvad.documents.segments import PERHAPS_TRANSLATED
from samvad.stages.asr import named_by_words
from samvad.stages.asr.account import Account
from samvad.stages.asr.chunks import Chunk
from samvad.stages.asr.recogniser import Recogniser
from samvad.stages.asr.regions import Region
from samvad.stages.asr.windows import Window
from samvad.text import word_frequency
from written_words import FIGURES, Batches, Hears

ENGLISH = {"the", "please", "wait", "you", "are", "now", "conference", "is", "this", "line", "while"}
SPANISH = {"lo", "siento", "por", "favor", "espere", "la", "conferencia", "no", "su", "respuesta", "para"}
REAL_USES = word_frequency.uses


@pytest.fixture(autouse=True)
def uses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two small lists stand for wordfreq's, which the stage's environment has and this one has not."""
    lists = {"en": ENGLISH, "es": SPANISH}

    def mean(words: Sequence[str], language: str) -> float | None:
        known = lists.get(language)
        return None if known is None else sum(6.0 if word in known else 1.0 for word in words) / len(words)

    monkeypatch.setattr(word_frequency, "uses", mean)
    monkeypatch.setattr(word_frequency, "listed", lambda: ["en", "es", "ru"])


@pytest.mark.parametrize(
    ("text", "language", "spoken", "read"),
    [
        ("Lo siento, no su respuesta.", "en", ["en", "es"], "es"),
        ("Lo siento, no su respuesta.", "en", ["en", "hi"], "en"),  # what is not spoken in the film is not thought of
        ("Por favor.", "en", ["en", "es"], "en"),  # two words say too little
        ("Please wait, por favor.", "en", ["en", "es"], "en"),  # of both
        ("You are now in this conference.", "hi", ["hi", "en"], "hi"),  # Hindi may be in Latin letters, too
        ("1 2 3 4 5", "en", ["en", "es"], "en"),
        ("Lo siento, no su respuesta.", "fi", ["fi", "es"], "fi"),  # no list of Finnish
    ],
)
def test_words_say_their_language_where_they_are_enough(text: str, language: str, spoken: list[str], read: str) -> None:
    assert named_by_words.reading(text, language, spoken) == read


@pytest.mark.parametrize(
    ("text", "language", "spoken", "read"),
    [
        ("Lo siento, no su respuesta.", "en", ["en"], "es"),
        ("Lo siento, no su respuesta.", "en", ["en", "es"], ""),  # a language of the film is no foreign one
        ("Lo siento, no su respuesta.", "ru", ["ru", "es"], ""),  # nor is it called one of its relatives
        ("Lo siento, no.", "en", ["en"], ""),  # too few words
        ("Please wait while you are now in línea.", "en", ["en"], ""),
        ("Xyzzy plugh quux frobnicate.", "en", ["en"], ""),  # of no language
        ("Lo siento, no su respuesta.", "hi", ["hi"], ""),  # in Hindi, Latin letters say nothing
    ],
)
def test_a_text_in_a_language_that_nobody_named_is_known(
    text: str, language: str, spoken: list[str], read: str
) -> None:
    assert named_by_words.foreign(text, language, spoken) == read


SPEECH = [
    *(Region(start_ms, start_ms + 3_000, "en") for start_ms in (1_000, 5_000, 9_000)),
    Region(13_000, 16_000, "es"),
]
SAID = {
    1_000: "please wait while you are now",
    5_000: "lo siento no su respuesta",
    9_000: "you are now the conference",
    13_000: "por favor espere la conferencia",
}


def recognise(engine: Hears, attempts: int = 4, speech: Sequence[Region] = SPEECH) -> tuple[list[Chunk], Account]:
    sound: Any = SimpleNamespace(
        duration_ms=20_000, piece=lambda start, end: np.full((end - start) * 16, 0.1, np.float32)
    )
    kept = Account()
    engine_alone: Any = Batches(engine)
    recogniser = Recogniser(engine_alone, sound, "any", (), attempts, lambda *_: None, account=kept)
    return recogniser.recognise(speech), kept


def test_a_stretch_is_heard_anew_in_the_language_that_its_words_are_of() -> None:
    chunks, kept = recognise(Hears(SAID))
    assert [region.language for region in named_by_words.as_decoded(SPEECH, chunks)] == ["en", "es", "en", "es"]
    languages = {word.text.strip(): chunk.language for chunk in chunks for word in chunk.words}
    assert (languages["siento"], languages["wait"], languages["now"], languages["espere"]) == ("es", "en", "en", "es")
    assert sum(len(chunk.words) for chunk in chunks) == sum(len(text.split()) for text in SAID.values())
    assert not kept.unexplained
    noted = {chunk.text: chunk.decoded_again.reasons for chunk in chunks if chunk.decoded_again}
    assert noted == {SAID[5_000]: ("words of another language",)}  # those beside it are but cut anew


@pytest.mark.parametrize("attempts", [0, 4])
def test_what_gives_less_text_in_the_other_language_stays_as_it_was(attempts: int) -> None:
    engine = Hears({**SAID, 13_000: "por favor"}, deaf_in="es")
    chunks, kept = recognise(engine, attempts)
    said = " ".join(chunk.text for chunk in chunks)
    assert ("siento" in said, "wait" in said, kept.unexplained) == (True, True, [])
    assert [region.language for region in named_by_words.as_decoded(SPEECH, chunks)][:3] == ["en", "en", "en"]


def test_a_sentence_is_english_by_its_sound_though_no_stretch_is() -> None:
    chunks, _ = recognise(Hears({13_000: "please wait while you are now"}), speech=SPEECH[3:])
    assert [chunk.language for chunk in chunks] == ["en"]


def test_a_region_is_in_the_language_of_most_of_it() -> None:
    parts = Region(13_000, 14_000, "en"), Region(14_000, 16_000, "es")
    found = [Window(((part.start_ms, part.end_ms),), (part,)) for part in parts]
    chunks = [Chunk(one.start_ms, one.end_ms, one.language, "", (), FIGURES, one) for one in found]
    assert named_by_words.as_decoded(SPEECH[3:], chunks) == SPEECH[3:]


def test_what_may_be_a_translation_is_not_taken_for_english_by_its_words() -> None:
    # Spanish by its sound, and written in English however often it is heard.
    engine = Hears({**SAID, 13_000: SAID[1_000]}, heard={"es": 0.9})
    chunks, _ = recognise(engine)
    found = chunks[-1]
    assert found.decoded_again is not None
    assert (found.language, found.text, found.decoded_again.kept) == ("es", SAID[1_000], PERHAPS_TRANSLATED)


def test_a_language_without_a_list_is_not_read_by_its_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """wordfreq takes English for Welsh, of which it has none; some lists have another name than the language."""
    asked = []

    def zipf(_: str, language: str, wordlist: str) -> float:
        asked.append(language)
        return 4.0

    monkeypatch.setitem(sys.modules, "wordfreq", SimpleNamespace(zipf_frequency=zipf))
    monkeypatch.setattr(word_frequency, "listed", lambda: ("en", "nb"))
    assert [REAL_USES(["mae", "hen"], name) for name in ("cy", "no", "en")] == [None, 4.0, 4.0]
    assert set(asked) == {"nb", "en"}
