"""How much of the speech has text, and what is put into the stretches that have none."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from samvad.documents import coverage
from samvad.documents.coverage import Coverage, Gap
from samvad.documents.segments import HEARD_TWICE, Segment, SegmentsDocument, Word
from samvad.media.sound_curve import SoundCurve
from samvad.stages.asr import gaps, quiet, windows, word_times
from samvad.stages.asr.chunks import Chunk, RawWord
from samvad.stages.asr.regions import Region
from samvad.text.repetition import outside_loops, without_runs

FIGURES = {"avg_logprob": -0.3, "no_speech_prob": 0.1, "compression_ratio": 1.0, "temperature": 0.0}


def raw(text: str, start_ms: int, end_ms: int) -> RawWord:
    return RawWord(f" {text}", start_ms, end_ms, 0.9)


def chunk(words: list[RawWord], speech: tuple[Region, ...], **figures: float) -> Chunk:
    (window,) = windows.spans(speech)
    text = "".join(word.text for word in words).strip()
    return Chunk(window.start_ms, window.end_ms, "en", text, tuple(words), {**FIGURES, **figures}, window)


def test_a_text_that_ends_early_leaves_a_gap_and_a_pause_is_none():
    words = [(200, 600, "seven"), (700, 1_100, "words"), (14_000, 14_500, "end.")]
    found = coverage.measure([(0, 1_500), (3_000, 12_000), (13_800, 15_000)], words)
    assert found == Coverage(11_700, 2_700, (Gap(3_000, 12_000, 9_000),))
    assert round(found.share, 2) == 0.23


def test_a_word_drawn_out_over_unheard_speech_does_not_cover_it():
    (gap,) = coverage.measure([(0, 17_000)], [(0, 16_800, "And")]).gaps
    assert gap.start_ms < 2_000 and gap.end_ms == 17_000


def test_marks_behind_a_word_are_not_said():
    words = [(0, 6_000, "है" + "।" * 30)]
    assert [gap.end_ms for gap in coverage.measure([(0, 6_000)], words).gaps] == [6_000]
    assert coverage.longest_ms("है।।।") == coverage.longest_ms(" है")


def test_speech_in_short_stretches_without_a_word_is_one_gap():
    (gap,) = coverage.measure([(0, 800), (1_200, 1_900), (2_300, 3_100)], []).gaps
    assert gap == Gap(0, 3_100, 2_300)
    assert coverage.measure([(0, 450), (5_000, 5_450)], []).gaps == ()
    assert coverage.measure([(0, 800), (1_700, 2_500)], []).gaps == (Gap(0, 2_500, 1_600),)
    assert coverage.measure([(0, 800), (1_700, 2_500)], [(1_050, 1_450, "no")]).gaps == (), "no gap over a word"


SIX, AND_SO = (153_928, 154_552), (155_528, 157_560)


@pytest.mark.parametrize(
    ("speech", "words", "gaps"),
    [
        ((SIX, AND_SO), [], [(153_928, 157_560)]),
        ((SIX, AND_SO), [(155_600, 157_500, "And so my fellow")], [SIX]),
        ((SIX, AND_SO), [(154_000, 154_400, "six"), (155_600, 157_500, "And so my fellow")], []),
        (((153_928, 154_328), AND_SO), [(155_600, 157_500, "And so my fellow")], []),
        (((154_700, 155_324), AND_SO), [(155_600, 157_500, "And so my fellow")], []),
        (((154_700, 155_528), AND_SO), [(155_800, 157_500, "And so my fellow")], []),
    ],
    ids=["all", "a word passed over", "none", "a breath", "too near to what was said", "one stretch that was cut"],
)
def test_a_word_by_itself_that_was_passed_over_is_missing(speech, words, gaps):
    found = coverage.measure(speech, words)
    assert [(gap.start_ms, gap.end_ms) for gap in found.gaps] == gaps
    assert found.speech_ms - found.with_text_ms == sum(gap.speech_ms for gap in found.gaps)


def test_a_word_by_itself_that_was_passed_over_is_named_and_not_decoded_again():
    def decode(found, strategy):
        raise AssertionError("of a breath a model makes up a word")

    speech = tuple(Region(*times, "en") for times in (SIX, AND_SO))
    said = chunk([raw("And", 155_600, 156_200), raw("so", 156_250, 156_900), raw("my", 156_950, 157_500)], speech)
    sound = Sound(np.zeros(2_600_000, np.float32))
    assert [one.text for one in gaps.GapFiller(decode, sound, lambda one: []).fill([said], speech)] == ["And so my"]


def test_without_speech_nothing_is_missing():
    assert coverage.measure([], []).share == 1.0


def test_what_was_taken_out_as_made_up_is_no_text():
    words = tuple(Word(at, at + 400, "word") for at in range(0, 5_000, 500))
    segment = Segment(1, 0, 5_000, "word", "en", words)
    assert coverage.of_document([(0, 5_000)], SegmentsDocument("en", 5_000, (segment,))).gaps == ()
    removed = SegmentsDocument("en", 5_000, (replace(segment, verdict="quarantine"),))
    assert coverage.of_document([(0, 5_000)], removed).with_text_ms == 0


def test_coverage_comes_back_as_it_was_written(tmp_path):
    found = Coverage(5_000, 3_000, (Gap(1_000, 3_000, 2_000),), (coverage.Piece(0, 6_000, 5_000, 3_000),))
    coverage.write(tmp_path / "coverage.json", found)
    assert coverage.read(tmp_path / "coverage.json") == found
    assert coverage.in_words(found.gaps) == "00:00:01.000 (2.0 s)"


SPEECH = (Region(0, 20_000, "en"),)
EARLY = [raw("Good", 100, 500), raw("morning", 500, 1_000), raw("and", 1_000, 1_300)]


def filler(answer, heard=None) -> gaps.GapFiller:
    def decode(found, strategy):
        if heard is not None:
            heard.extend((window.start_ms, window.end_ms) for window in found)
        return [answer(window) for window in found]

    class Silence:
        duration_ms = 20_000

        def piece(self, start_ms, end_ms):
            return np.zeros((end_ms - start_ms) * 16, dtype=np.float32)

    return gaps.GapFiller(decode, Silence(), lambda chunk: [])


def test_a_gap_is_decoded_again_in_its_own_window_and_put_where_it_belongs():
    heard: list[tuple[int, int]] = []

    def answer(window):
        said = ["and", *(f"{number * 7919 % 997:x}" for number in range(1, 41))]
        words = [
            raw(text, at, at + 300)
            for text, at in zip(said, range(window.start_ms + 200, window.end_ms - 300, 450), strict=False)
        ]
        return replace(chunk(words, window.speech), window=window, start_ms=window.start_ms, end_ms=window.end_ms)

    after = chunk([raw("Later.", 21_100, 21_500)], (Region(21_000, 21_600, "en"),))
    found = filler(answer, heard).fill([chunk(EARLY, SPEECH), after], (*SPEECH, *after.window.speech))
    assert heard[0][0] < 2_000 and heard[-1][1] >= 20_000
    text = " ".join(item.text for item in found)
    assert text.startswith("Good morning and 3ac 373") and text.endswith("Later."), "a word is not said twice"
    starts = [word.start_ms for item in found for word in item.words]
    assert starts == sorted(starts)
    assert gaps.spoken_gaps(found, SPEECH) == []
    assert found[1].decoded_again.reasons == ("speech without text",)


def test_who_calls_again_some_seconds_later_is_heard_again():
    call = ["Rahul,", "come", "back", "here."]
    speech = (Region(1_000, 3_000, "en"), Region(5_500, 7_500, "en"), Region(10_000, 12_000, "en"))

    def called(start_ms):
        return [raw(word, start_ms + 450 * at, start_ms + 450 * at + 400) for at, word in enumerate(call)]

    def answer(window):
        words = called(window.speech[0].start_ms)
        return replace(chunk(words, window.speech), window=window, start_ms=window.start_ms, end_ms=window.end_ms)

    first, last = chunk(called(1_100), speech[:1]), chunk(called(10_100), speech[2:])
    found = filler(answer).fill([first, last], speech)
    assert [item.text for item in found] == [" ".join(call)] * 3
    assert gaps.spoken_gaps(found, speech) == []


@pytest.mark.parametrize(
    "figures", [{"avg_logprob": -1.3}, {"no_speech_prob": 0.8}], ids=["unsure of its words", "no speech"]
)
def test_a_doubtful_text_is_not_put_into_a_gap(figures):
    def answer(window):
        words = [raw("Thanks", window.start_ms, window.start_ms + 500)]
        return replace(chunk(words, window.speech, **figures), window=window)

    found = filler(answer).fill([chunk(EARLY, SPEECH)], SPEECH)
    assert [item.text for item in found] == ["Good morning and"]
    assert [gap.end_ms for gap, _ in gaps.spoken_gaps(found, SPEECH)] == [20_000]


def test_a_gap_whose_text_is_no_good_is_heard_from_an_earlier_cut_which_repeats_no_word_that_is_written():
    speech = (Region(3_000, 7_000, "en"), Region(9_000, 13_000, "en"))
    morning = ["Good", "morning", "to", "all", "of", "you", "there."]
    said = chunk([raw(word, 3_000 + 550 * at, 3_500 + 550 * at) for at, word in enumerate(morning)], speech[:1])
    drawn = chunk([raw("Later.", 20_000, 20_400)], (Region(19_900, 20_600, "en"),))
    heard: list[tuple[int, int]] = []

    def answer(window):  # nothing is heard from the gap's own cut
        good = window.start_ms <= 8_500
        words = [raw(f"{at * 7919 % 997:x}", at, at + 350) for at in range(9_000, 12_900, 400)] if good else []
        return replace(chunk(words, window.speech), window=window, start_ms=window.start_ms, end_ms=window.end_ms)

    found = filler(answer, heard).fill([said, drawn], (*speech, Region(19_900, 20_600, "en")))
    assert heard == [(8_800, 13_200), (8_500, 13_200)], "the second begins 0.3 s earlier; a third is not needed"
    assert found[1].words and found[1].decoded_again.kept == "small windows, cut earlier"
    heard.clear()
    well = Region(8_300, 8_720, "en")
    late = chunk([raw("Well,", 8_320, 8_700)], (well,))
    filler(answer, heard).fill([said, late, drawn], (speech[0], well, speech[1], Region(19_900, 20_600, "en")))
    assert heard[1] == (8_700, 13_200), "not before the end of a word that has been written"


def in_gap(window, *said: str, sure: float = 0.9, **figures: float) -> Chunk:
    """Return what a try hears in a window: words in the last half of its speech."""
    first_ms = window.speech[-1].start_ms + 300
    words = [RawWord(f" {word}", first_ms + 400 * at, first_ms + 400 * at + 300, sure) for at, word in enumerate(said)]
    made = replace(chunk(words, window.speech, **figures), language=window.language, window=window)
    return replace(made, start_ms=window.start_ms, end_ms=window.end_ms)


TALK = (Region(1_000, 7_000, "en"),)
DOUBTED = {"sure": 0.3, "avg_logprob": -1.4}


def hear(
    tries: dict[str, Chunk | tuple[str, ...]],
    language: str = "en",
    voice: float | None = 0.9,
    script: str = "native",
    speech=TALK,
    **figures,
):
    """Fill a gap by what each try says; return what is found, and the windows by the try's name."""
    heard: dict[str, windows.Window] = {}

    def decode(found, strategy):
        heard.update((strategy.name, window) for window in found)
        return [in_gap(window, *tries.get(strategy.name, ()), **figures) for window in found]

    sound = Sound(np.zeros(speech[-1].end_ms * 16, np.float32))
    whole = gaps.GapFiller(decode, sound, lambda _: [], lambda *_: voice, script)
    return whole.fill([], [replace(region, language=language) for region in speech]), heard


ALIKE = {
    "a window of its own": ("we", "never", "went", "there", "again"),
    "small windows, cut earlier": ("we", "never", "meant", "there", "again"),
}


def test_what_no_try_is_sure_of_is_kept_where_two_say_the_same_and_it_is_marked():
    (found,), _ = hear(ALIKE, **DOUBTED)
    assert found.text in (" ".join(said) for said in ALIKE.values())
    assert found.decoded_again.kept == HEARD_TWICE


def test_of_what_was_heard_alike_the_one_that_says_its_end_over_and_over_is_not_the_better_one():
    said = ("we", "never", "went", "away", "from", "there")
    stammered = ("we", "never", *("away", "there") * 3)
    tries = {"a window of its own": stammered, "small windows, cut earlier": said}
    (found,), _ = hear(tries, **DOUBTED)
    assert found.text == " ".join(said)


@pytest.mark.parametrize(
    ("second", "voice"),
    [(("please", "subscribe", "to", "my", "channel"), 0.9), (ALIKE["small windows, cut earlier"], 0.1)],
    ids=["they say different things", "no voice is there"],
)
def test_unsure_text_is_left_out(second, voice):
    assert hear({**ALIKE, "small windows, cut earlier": second}, voice=voice, **DOUBTED)[0] == []


@pytest.mark.parametrize("language", ["en", "hi"])
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Thank you very much.", False),
        ("Please subscribe to my channel.", False),
        ("Thank you very much, Mr. President.", True),
    ],
)
def test_what_models_make_up_again_and_again_is_no_evidence_when_it_is_heard_twice(text, language, kept):
    again = dict.fromkeys(ALIKE, tuple(text.split()))
    found, _ = hear(again, language, script="any", **DOUBTED)
    assert [one.text for one in found] == [text] * kept


def test_what_one_try_makes_up_in_two_windows_is_not_heard_twice():
    made_up = {"small windows, cut earlier": ("thank", "you", "for", "watching", "everybody")}
    found, _ = hear(made_up, speech=(Region(0, 13_000, "en"),), **DOUBTED)
    assert found == []


def test_the_same_sound_decoded_in_the_same_way_is_no_second_try():
    """At the beginning of a film no window begins earlier: a sure model would hear the same again, and be believed."""
    same = dict.fromkeys(ALIKE, ALIKE["a window of its own"])
    found, heard = hear(same, speech=(Region(0, 6_000, "en"),), **DOUBTED)
    assert found == []
    assert list(heard) == ["a window of its own", "small windows of its own"], "the last one draws"


def test_hindi_is_heard_as_urdu_too_and_stays_hindi():
    said = {"small windows, in Urdu": ("ہم", "کبھی", "نہیں", "گئے", "وہاں")}
    (found,), heard = hear(said, "hi")
    assert heard["small windows, in Urdu"].language == "ur"
    assert found.language == "hi" and found.window.language == "hi" and found.words
    assert "small windows, in Urdu" not in hear({})[1], "English has no such relative"
    assert "small windows, in Urdu" not in hear(said, "hi", script="any")[1], "its letters would stay"


def test_what_is_heard_before_a_gap_is_not_taken():
    before, gap = Region(0, 4_000, "en"), Region(5_000, 9_000, "en")
    first = chunk([raw(f"{at * 7919 % 997:x}", at, at + 350) for at in range(100, 3_900, 400)], (before,))

    def decode(found, strategy):
        if strategy.name != "small windows, after the speech before":
            return [in_gap(window) for window in found]
        (window,) = found
        assert window.start_ms == 0 and [region.start_ms for region in window.speech] == [0, 5_000]
        words = (
            raw("Before.", 3_000, 3_500),
            *(raw(f"{at * 7907 % 991:x}", at, at + 350) for at in range(5_100, 8_900, 400)),
        )
        return [replace(in_gap(window), words=words)]

    found = gaps.GapFiller(decode, Sound(np.zeros(160_000, np.float32)), lambda _: []).fill([first], (before, gap))
    assert len(found) == 2 and "Before." not in found[1].text
    assert found[1].start_ms >= 4_000 and gaps.spoken_gaps(found, (before, gap)) == []


def test_of_a_try_that_loops_what_stands_beside_its_loop_is_kept():
    said = ("we", "never", "went", *["again"] * 6)

    def decode(found, _):
        return [in_gap(window, *said) for window in found]

    whole = gaps.GapFiller(
        decode, Sound(np.zeros(96_000, np.float32)), lambda one: ["loop"] if "again" in one.text else []
    )
    found = whole.fill([], TALK)
    assert found[0].text == "we never went"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (("तो", "पूपदाशाशाशाशाशाशाशाशा"), False),
        (("तो", "हम", "वहाँ", "गए"), True),
        (("उसने", "1000000", "दिए"), True),
        (("I", "can't", "believe", "it!") * 3, False),  # of a murmuring crowd
        (("I", "can't", "believe", "it!") * 2, True),
        (("No!",) * 3, True),
    ],
)
def test_syllables_over_and_over_are_no_text_for_a_gap(said, kept):
    def decode(found, strategy):
        return [in_gap(window, *said) for window in found]

    found = gaps.GapFiller(decode, Sound(np.zeros(96_000, np.float32)), lambda one: []).fill([], TALK)
    assert bool([one for one in found if one.text]) == kept


def times(words: list[RawWord], *speech: tuple[int, int]) -> list[tuple[str, int, int]]:
    found = tuple(Region(*times, "en") for times in speech)
    return [
        (item.word.text.strip(), item.start_ms, item.end_ms)
        for item in word_times.into_speech(chunk(words, found), found)
    ]


@pytest.mark.parametrize(
    ("first", "second_ms", "stays"),
    [
        ("And", 48_128, False),  # in laughter, and its sentence 3 s later
        ("And,", 48_128, True),  # somebody waits
        ("Done.", 48_128, True),  # a sentence by itself
        ("And", 47_850, True),  # no room for it beside the second one
    ],
)
def test_the_first_word_of_a_sentence_that_stands_in_laughter_stands_beside_the_second(first, second_ms, stays):
    words = [raw(first, 44_040, 45_030), raw("so", second_ms, second_ms + 300), raw("my", second_ms + 300, 48_800)]
    found = times(words, (44_040, 45_560), (45_800, 47_032), (47_848, 49_944))
    assert (found[0][1] == 44_040) == stays
    assert stays or found[0][2] == found[1][1] == second_ms


def test_a_word_that_fills_its_speech_stands_where_it_was_said():
    words = [raw("No", 44_040, 44_300), raw("we", 45_600, 45_900), raw("never", 45_900, 46_300)]
    assert times(words, (44_040, 44_300), (45_300, 46_400))[0][1] == 44_040


def test_a_word_without_room_before_a_pause_is_said_after_it():
    words = [raw("well.", 17_000, 17_830), raw("and", 17_830, 18_500), raw("so", 19_900, 20_200)]
    found = times(words, (15_000, 17_900), (19_600, 21_000))
    assert found[0] == ("well.", 17_000, 17_830)
    assert found[1][0] == "and" and 19_600 <= found[1][1] < found[1][2] <= 19_900


def test_a_word_lost_in_other_sound_before_a_long_pause_is_said_after_it():
    found = times([raw("He", 200, 500), raw("was", 5_400, 5_700)], (0, 1_100), (5_000, 7_000))
    assert found[0][1] >= 5_000
    assert times([raw("Yes.", 200, 500), raw("He", 5_100, 5_400)], (0, 1_100), (5_000, 7_000))[0][1] == 200


@pytest.mark.parametrize(("probability", "after"), [(0.2, True), (0.5, False)])
def test_a_doubted_word_alone_before_a_pause_begins_the_sentence_after_it_where_that_has_room(probability, after):
    speech = (53_928, 54_552), (55_528, 57_560)
    doubted = replace(raw("And", 53_928, 54_552), probability=probability)
    found = times([doubted, raw("so", 55_768, 56_108), raw("my", 56_108, 56_468)], *speech)
    assert (found[0][1] >= 55_528) == after and found[0][2] <= found[1][1]
    near = times([doubted, raw("so", 55_560, 56_108)], *speech)
    assert near[0][1] == 53_928, "no speech is left for it there"


def test_the_first_word_of_a_sentence_leaves_another_that_was_passed_over():
    said = [raw("And", 3_000, 3_990), raw("so", 10_120, 10_640), raw("my", 10_640, 10_900)]
    found = times(said, (3_000, 7_992), (10_120, 12_184))
    assert [text for text, start_ms, _ in found if start_ms >= 10_000] == ["And", "so", "my"]
    assert all(one[2] <= other[1] for one, other in pairwise(found)), "in order, and each with time"
    assert times([raw("And", 8_000, 8_400), *said[1:]], (7_950, 8_600), (10_120, 12_184))[0] == ("And", 8_000, 8_400)
    ended = [raw("No.", 3_000, 3_400), *said[1:]]
    assert times(ended, (3_000, 7_992), (10_120, 12_184))[0] == ("No.", 3_000, 3_400)


def test_the_first_word_after_a_long_pause_stays_with_its_sentence():
    said = [
        raw("back.", 1_000, 1_400),
        raw("And", 12_000, 12_060),
        raw("they", 12_060, 12_300),
        raw("go", 12_300, 12_600),
    ]
    speech = [(900, 2_000), (12_000, 13_000)]
    assert times(said, *speech)[1][1] == 12_000
    near = [raw("We", 1_000, 1_200), raw("did", 1_200, 1_400), raw("it.", 2_600, 2_640), raw("Now", 2_640, 3_000)]
    assert times(near, (900, 2_000), (2_600, 3_100))[2][2] <= 2_000, "the last word of a sentence may be timed too late"


def test_no_word_lasts_for_seconds():
    for words in ([raw("one", 1_000, 7_700), raw("two", 7_700, 8_000)], [raw("end", 1_000, 9_000)]):
        assert all(end - start <= 1_500 for _, start, end in times(words, (0, 10_000)))


def test_a_silence_that_a_detector_passed_over_parts_words():
    speech = [Region(0, 4_000, "en")]
    found = word_times.into_speech(chunk([raw("late", 1_900, 3_300)], tuple(speech)), speech, [(1_000, 3_000)])
    assert found[0].start_ms >= 3_000


class Sound:
    """A sound in memory, as the stage's own reads it."""

    def __init__(self, samples):
        self.samples, self.duration_ms = samples, len(samples) // 16

    def piece(self, start_ms, end_ms):
        return self.samples[max(0, start_ms) * 16 : end_ms * 16]


def bursts(seconds: float, level: float) -> np.ndarray:
    """Return noise that comes and goes four times a second, as syllables do."""
    time = np.arange(int(seconds * 16_000)) / 16_000
    return (np.random.default_rng(0).standard_normal(len(time)) * (np.sin(8 * np.pi * time) > 0) * level).astype(
        np.float32
    )


def test_quiet_passages_are_raised_and_steady_noise_and_silence_are_not():
    def level(samples):
        return 10 * np.log10(np.mean(np.square(samples)) + 1e-12)

    sound = np.concatenate([bursts(8, 0.1), np.zeros(48_000, np.float32), bursts(8, 0.004)])
    made = quiet.levelled(sound)
    assert level(sound[:96_000]) - level(sound[-96_000:]) > 20
    assert abs(level(made[-96_000:]) - level(made[:96_000])) < 4
    steady = np.random.default_rng(1).standard_normal(80_000).astype(np.float32) * 0.003
    assert np.array_equal(quiet.levelled(steady), steady)
    assert not quiet.levelled(np.zeros(80_000, np.float32)).any()


def test_silences_inside_speech_are_found():
    sound = np.concatenate([bursts(2, 0.1), np.zeros(16_000, np.float32), bursts(2, 0.1)])
    ((start_ms, end_ms),) = quiet.pauses(Sound(sound), [Region(0, 5_000)])
    assert abs(start_ms - 2_000) <= 150 and abs(end_ms - 3_000) <= 150


def test_speech_that_one_detector_missed_counts_where_another_hears_it():
    softer = [Region(0, 2_000), Region(5_000, 7_000), Region(9_000, 11_000)]
    speaks = [0.9] * 4 + [0.0] * 6 + [0.7] * 4 + [0.0] * 14 + [0.9] * 3
    curve = SoundCurve(500, tuple(speaks), (0.0,) * len(speaks), (0.0,) * len(speaks))
    found = quiet.with_quiet([Region(100, 1_900)], softer, curve, 16_000)
    assert [(region.start_ms, region.end_ms) for region in found] == [(100, 1_900), (5_000, 7_000), (14_000, 15_500)]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("है।।।।।।।।", "है।"),
        ("ہے۔۔۔۔۔۔", "ہے۔"),
        ("Wait......", "Wait..."),
        ("What?!", "What?!"),
        ("No!!!!", "No!"),
        ("ॐ शान्ति।।", "ॐ शान्ति।।"),
        ("है। । । । ।", "है।"),
        ("है।.।.।.।.", "है।."),
        ("है।\u200d।\u200d।\u200d।", "है।"),
        ("What?!?!?!?!", "What?!"),
        ("है . . . . .", "है ..."),
        ("हाँ ~~~~~~", "हाँ ~"),
        ("Wait… … … …", "Wait…"),
        ("Hm... Hm... Hm...", "Hm... Hm... Hm..."),
        ("$5,000.00 at 10:30:15", "$5,000.00 at 10:30:15"),
    ],
)
def test_rows_of_marks_are_one(text, left):
    assert without_runs(text) == left


def test_words_outside_a_loop_are_told_from_it():
    words = ["we", "should", "yeah", "yeah", "yeah", "yeah", "yeah", "go", "home"]
    assert [words[place] for place in outside_loops(words, 4)] == ["we", "should", "go", "home"]
    assert [words[place] for place in outside_loops(words, 4, rounds=1)] == ["we", "should", "yeah", "go", "home"]
