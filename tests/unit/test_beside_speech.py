"""Words heard beside all speech: they keep their times where a voice may be, and never stand in no time at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samvad.documents.segments import HEARD_BESIDE, HEARD_TWICE, Segment, Word
from samvad.stages.asr import account, beside_speech, covered, doubts, sentences, word_room
from samvad.stages.asr.account import Account
from samvad.stages.asr.beside_speech import Placer
from samvad.stages.asr.chunks import Chunk, RawWord
from samvad.stages.asr.regions import Region
from samvad.stages.asr.windows import Window
from samvad.stages.asr.word_room import Timed, crammed, needs_ms
from samvad.stages.asr.word_times import into_speech

FIGURES = {"avg_logprob": -0.5, "no_speech_prob": 0.1, "compression_ratio": 1.2, "temperature": 0.0}
#: Two stretches of speech, and 20 s between them in which no detector hears any.
SPEECH = (Region(1_000, 3_000, "en"), Region(23_000, 25_000, "en"))


class Hum:
    """Sound of one level, without a pause."""

    duration_ms = 30_000

    def piece(self, start_ms: int, end_ms: int) -> Any:
        return np.full((end_ms - start_ms) * 16, 0.1, np.float32)


def raw(text: str, start_ms: int, end_ms: int) -> RawWord:
    return RawWord(f" {text}", start_ms, end_ms, 0.6)


def row(text: str, start_ms: int, step_ms: int) -> list[RawWord]:
    return [raw(word, start_ms + n * step_ms, start_ms + (n + 1) * step_ms) for n, word in enumerate(text.split())]


def chunk(words: Sequence[RawWord], speech: tuple[Region, ...] = SPEECH) -> Chunk:
    window = Window(((speech[0].start_ms - 200, speech[-1].end_ms + 200),), speech)
    text = "".join(word.text for word in words).strip()
    return Chunk(window.start_ms, window.end_ms, "en", text, tuple(words), FIGURES, window)


#: A sentence in the first stretch, one in the middle of the pause, one in the last stretch.
FILM = chunk(
    [
        *row("Houston, we read you.", 1_200, 400),
        *row("We started on the tag and I guess we will go on.", 12_000, 250),
        *row("Carrots are good for you.", 23_100, 350),
    ]
)
MIDDLE = "We started on the tag and I guess we will go on."


def place(
    peak: float | None, *, again: str | None = None, perhaps: Sequence[Region] = (), film: Chunk = FILM
) -> tuple[list[Chunk], Account, list[Window]]:
    heard: list[Window] = []

    def decode(windows: Sequence[Window], _: object) -> list[Chunk]:
        heard.extend(windows)
        return [replace(chunk(row(again or "", one.start_ms, 200), one.speech), window=one) for one in windows]

    kept = Account()
    ask = None if peak is None else lambda *_: peak
    placer = Placer(decode if again is not None else None, Hum(), perhaps, ask, kept)  # type: ignore[arg-type]
    assert film.window is not None
    return placer.place([film], film.window.speech), kept, heard


def segments(chunks: Sequence[Chunk]) -> list[Segment]:
    return sentences.build_segments(chunks, [], 14_000)


@pytest.mark.parametrize(
    ("peak", "perhaps"),
    [(0.5, ()), (0.0, (Region(12_500, 14_000, faint=True),))],
    ids=["a voice", "perhaps a voice under other sound"],
)
def test_words_in_a_pause_keep_their_times_where_a_voice_may_be(peak: float, perhaps: tuple[Region, ...]) -> None:
    found, kept, _ = place(peak, perhaps=perhaps)
    assert " ".join(one.text for one in found) == FILM.text and not kept.taken
    middle = next(one for one in segments(found) if one.text == MIDDLE)
    assert (middle.start_ms, middle.end_ms) == (12_000, 15_000), "as they were heard, not at the edge of speech"
    note = middle.extra["decoded_again"]
    assert (note["kept"], note["attempts"]) == (HEARD_BESIDE, 0), "it was not decoded again"
    others = [one for one in segments(found) if one.text != MIDDLE]
    assert [(one.start_ms, one.end_ms) for one in others] == [(1_200, 2_800), (23_100, 24_850)], "nothing else moves"
    ((start_ms, end_ms),) = [(one.start_ms, one.end_ms) for one in beside_speech.with_text((), SPEECH, found)]
    assert 11_500 <= start_ms <= 12_000 and 15_000 <= end_ms <= 15_500, "it counts as speech from then on"


def test_what_its_own_window_gives_again_is_marked_as_heard_twice() -> None:
    found, _, heard = place(0.2, again="We've started on the tack, and I guess we go on.")
    assert [(one.start_ms < 12_000, one.end_ms > 15_000) for one in heard] == [(True, True)], "that stretch alone"
    assert [one.decoded_again.kept for one in found if one.decoded_again] == [HEARD_TWICE]


@pytest.mark.parametrize(
    "text",
    [
        "Мы начали с метки и пойдём дальше вместе",
        "Ξεκινήσαμε από την ετικέτα και πάμε πιο κάτω",
        "我 们 从 标 签 开 始 走",
    ],
    ids=["Russian", "Greek", "Chinese"],
)
def test_what_is_heard_again_stays_in_letters_that_tell_no_consonants(text: str) -> None:
    film = chunk([*row("Да мы слышим", 1_200, 400), *row(text, 12_000, 250), *row("Морковь полезна", 23_100, 350)])
    found, kept, _ = place(0.2, again=text, film=film)
    assert not kept.taken and [one.decoded_again.kept for one in found if one.decoded_again] == [HEARD_TWICE]
    other = "Продолжение следует на канале" if text[0] != "我" else "字 幕 由 社 群 提 供"
    assert [item.text for item in place(0.2, again=other, film=film)[1].taken] == [text]


def test_the_second_hearing_has_room_for_all_of_a_text_whose_letters_take_many_tokens() -> None:
    said = "हमने निशान से शुरू किया और मुझे लगता है कि हम आगे बढ़ते रहेंगे जब तक कोई हमें वापस नहीं बुलाता और काम पूरा नहीं होता"
    film = chunk([*row("हम सुन रहे", 1_200, 400), *row(said, 9_000, 400), *row("गाजर अच्छी है", 23_100, 350)])

    def decode(windows: Sequence[Window], strategy: Any) -> list[Chunk]:
        text = f" {said}".encode()[: strategy.max_tokens].decode(errors="ignore")  # a token a byte: it never takes more
        return [replace(chunk(row(text, one.start_ms, 200), one.speech), window=one) for one in windows]

    kept = Account()
    (window,) = [film.window]
    assert window is not None
    found = Placer(decode, Hum(), (), lambda *_: 0.2, kept).place([film], window.speech)  # type: ignore[arg-type]
    assert not kept.taken and [one.text for one in found if one.decoded_again] == [said]


def test_where_nothing_is_decoded_again_a_little_of_a_voice_takes_no_words_out() -> None:
    found, kept, _ = place(0.2)
    assert found == [FILM] and not kept.taken


@pytest.mark.parametrize(("peak", "again"), [(0.2, "Thank you very much for watching."), (0.0, MIDDLE), (0.0, None)])
def test_what_is_in_no_voice_and_has_no_room_is_taken_out_and_told(peak: float, again: str | None) -> None:
    found, kept, _ = place(peak, again=again)
    assert " ".join(one.text for one in found) == "Houston, we read you. Carrots are good for you."
    assert [(item.rule, item.text, item.words) for item in kept.taken] == [(account.NOWHERE, MIDDLE, 12)]
    assert [(one.start_ms, one.end_ms) for one in segments(found)] == [(1_200, 2_800), (23_100, 24_850)]
    kept.compare([FILM], found, 0)
    assert not kept.unexplained


def test_without_a_detector_to_ask_nothing_is_taken_out() -> None:
    found, kept, _ = place(None)
    assert found == [FILM] and not kept.taken


def test_words_with_room_in_the_speech_beside_them_are_drawn_there_as_before() -> None:
    film = chunk([*row("Houston, we", 1_100, 300), raw("read.", 4_000, 4_300), *row("Carrots are good.", 23_100, 350)])
    found, kept, _ = place(0.9, film=film)
    assert found == [film] and not kept.taken


def test_a_hole_in_speech_stays_in_its_sentence() -> None:
    speech = (Region(1_000, 2_000, "en"), Region(2_700, 4_000, "en"))
    film = chunk(
        [*row("we could have", 1_000, 333), *row("taken it", 2_050, 300), *row("out of there", 2_700, 400)], speech
    )
    found, _, _ = place(0.9, film=film)
    (segment,) = segments(found)
    assert [(word.start_ms, word.end_ms) for word in segment.words[3:5]] == [(2_050, 2_350), (2_350, 2_650)]


def test_words_before_the_first_speech_share_its_room() -> None:
    # "I think we" in the last 0.2 s before a detector begins to hear speech, by Whisper's times.
    early = [raw("I", 800, 800), raw("think", 800, 820), raw("we", 820, 990)]
    film = chunk([*early, *row("will not have anyone like that", 1_700, 200)])
    found, _, _ = place(0.9, film=film)
    timed = [(word.start_ms, word.end_ms, word.text) for one in segments(found) for word in one.words]
    assert len(timed) == 9 and crammed(timed) == []


def test_a_pause_inside_what_was_heard_beside_speech_is_no_speech() -> None:
    found, _, _ = place(0.5)
    assert beside_speech.with_text((), SPEECH, found)[0].length_ms == pytest.approx(3_400, abs=50)
    parted = [
        replace(one, words=(*one.words[:3], *one.words[9:])) if beside_speech.was_beside(one) else one for one in found
    ]
    assert [one.length_ms < 1_500 for one in beside_speech.with_text((), SPEECH, parted)] == [True, True]


def test_the_word_before_speech_that_begins_its_sentence_stays_in_it() -> None:
    film = chunk(
        [
            *row("Houston, we read you.", 1_200, 400),
            *row("I am going through a three-way scene.", 20_500, 250),
            raw("We", 22_500, 22_700),
            *row("started with an arrow.", 23_050, 350),
        ]
    )
    found, _, _ = place(0.5, film=film)
    assert [(one.text, one.start_ms) for one in segments(found)][1:] == [
        ("I am going through a three-way scene.", 20_500),
        ("We started with an arrow.", 22_500),
    ]


def test_a_looping_text_is_left_to_those_who_know_loops() -> None:
    film = chunk([*row("Houston, we read you.", 1_200, 400), *row("the tag " * 30, 5_000, 100)])
    assert place(0.0, film=film)[0] == [film]


def test_what_may_be_speech_is_counted_once() -> None:
    found, _, _ = place(0.5)
    added = beside_speech.with_text([Region(10_000, 18_000)], SPEECH, found)
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(added))
    assert sum(one.length_ms for one in added) == pytest.approx(3_400, abs=50)
    assert covered.with_text([Region(10_000, 18_000)], found)


def test_a_word_that_lasts_through_a_pause_pushes_none_of_those_after_it() -> None:
    # Music before a sentence: its first word was drawn over all of the sentence, whose words were left no time; so it
    # counted as speech without text, and was heard and shown twice.
    speech = (Region(11_368, 12_600), Region(23_816, 28_600))
    rest = row("Quilter is the apostle of the middle classes and we are glad", 23_888, 250)
    film = chunk([*row("Mary rolled the barrel.", 11_400, 250), raw("Mr.", 17_228, 23_728), *rest], speech)
    found = into_speech(film, speech)
    assert [(one.start_ms, one.end_ms) for one in found[5:]] == [(one.start_ms, one.end_ms) for one in rest]
    assert (found[4].start_ms, found[4].end_ms) == (23_816, 23_888)


def test_crammed_words_take_the_time_that_others_have_to_spare() -> None:
    words = [raw("And", 1_000, 2_800), *row("so we go out", 2_800, 20), raw("then.", 4_000, 4_300)]
    timed = [Timed(word, word.start_ms, word.end_ms) for word in words]
    found = word_room.with_room(timed, [Region(1_000, 2_880), Region(4_000, 4_300)], 4_500)
    assert not crammed([(one.start_ms, one.end_ms, one.word.text) for one in found])
    assert found[0].start_ms == 1_000 and found[4].end_ms == 2_880 and found[5] == timed[5]
    for one in found[1:5]:
        assert one.end_ms - one.start_ms >= needs_ms(one.word.text) / word_room.FASTEST - 2


def test_words_that_are_not_crammed_stay_as_they_are() -> None:
    # "I'm talking pretty fast here", as Whisper times the fastest speech among the recordings: 2.4 of 3.
    words = [
        raw("I'm", 0, 90),
        raw("talking", 90, 250),
        raw("pretty", 250, 390),
        raw("fast", 390, 470),
        raw("here", 470, 700),
    ]
    timed = [Timed(word, word.start_ms, word.end_ms) for word in words]
    assert word_room.with_room(timed, [Region(0, 5_000)], 5_000) == timed


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 29_000), st.integers(0, 900)), min_size=1, max_size=40),
    st.lists(st.integers(0, 30_000), min_size=2, max_size=8, unique=True).filter(lambda cuts: len(cuts) % 2 == 0),
)
def test_whatever_the_times_words_stay_in_order(times: list[tuple[int, int]], cuts: list[int]) -> None:
    edges = sorted(cuts)
    speech = [Region(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    position, timed = 0, []
    for start, length in sorted(times):
        begin = max(start, position)
        position = begin + length
        timed.append(Timed(raw("word", begin, position), begin, position))
    found = word_room.with_room(timed, speech, 30_000)
    assert [one.word for one in found] == [one.word for one in timed]
    for one in found:
        assert one.start_ms <= one.end_ms
    for one, other in pairwise(found):
        assert one.end_ms <= other.start_ms


def test_words_that_nothing_gave_time_to_are_told_of() -> None:
    said = tuple(Word(1_000 + 10 * n, 1_010 + 10 * n, "words", 0.5) for n in range(6))
    segment = Segment(id=1, start_ms=1_000, end_ms=1_060, text="words " * 6, language="en", words=said)
    assert doubts.places_without_time([segment]) == [(1_000, 6)]
    told: dict[str, Any] = {"warnings": []}
    run = SimpleNamespace(metric=lambda name, value, unit: told.update({name: value}), warn=told["warnings"].append)
    doubts.record(run, [], [segment])  # type: ignore[arg-type]
    assert told["words_without_time"] == 6 and "00:00:01.000" in told["warnings"][0]
