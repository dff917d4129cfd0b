from __future__ import annotations

import itertools
import math
import random
import wave
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samvad.core.errors import MediaError
from samvad.media.audio import FilmAudio
from samvad.media.sound_curve import SoundCurve
from samvad.stages.asr import language, regions, sentences, windows
from samvad.stages.asr.chunks import Chunk, RawWord
from samvad.stages.asr.engine import workers_for
from samvad.stages.asr.regions import Region


def chunk(*words: tuple[str, int, int], start_ms: int = 0, end_ms: int = 30_000, language: str = "en") -> Chunk:
    raw = tuple(RawWord(f" {text}", begin, end, 0.9) for text, begin, end in words)
    return Chunk(start_ms, end_ms, language, "".join(word.text for word in raw).strip(), raw, {"avg_logprob": -0.2})


EVERYWHERE = [Region(0, 30_000)]


def texts(found):
    return [segment.text for segment in found]


def test_sentences_end_at_full_stops_question_marks_and_dandas():
    found = sentences.build_segments(
        [chunk(("कौन", 0, 300), ("है?", 300, 600), ("मैं", 700, 900), ("हूँ।", 900, 1200), ("आओ", 1300, 1500))],
        EVERYWHERE,
        14_000,
    )
    assert texts(found) == ["कौन है?", "मैं हूँ।", "आओ"]
    assert [segment.id for segment in found] == [1, 2, 3]


def test_an_abbreviation_does_not_end_a_sentence():
    assert texts(sentences.build_segments([chunk(("Dr.", 0, 300), ("Rao.", 300, 600))], EVERYWHERE, 14_000)) == [
        "Dr. Rao."
    ]


def test_a_long_silence_parts_sentences_without_a_full_stop():
    found = sentences.build_segments([chunk(("wait", 0, 300), ("now", 3000, 3300))], EVERYWHERE, 14_000)
    assert texts(found) == ["wait", "now"]


def test_a_sentence_that_is_too_long_is_cut_at_its_comma_and_no_word_is_lost():
    words = [(f"w{number}" + ("," if number == 14 else ""), number * 500, number * 500 + 400) for number in range(30)]
    found = sentences.build_segments([chunk(*words)], EVERYWHERE, 10_000)
    assert [word.text for segment in found for word in segment.words] == [text for text, _, _ in words]
    assert texts(found)[0].endswith("w14,")
    assert all(segment.end_ms - segment.start_ms <= 10_000 for segment in found)


def test_a_word_that_begins_in_the_silence_is_drawn_to_the_speech():
    found = sentences.build_segments(
        [chunk(("Banana.", 12_000, 40_300), end_ms=41_000)], [Region(40_000, 41_000)], 14_000
    )
    assert (found[0].start_ms, found[0].end_ms) == (40_000, 40_300)


def test_a_word_outside_all_speech_goes_to_the_nearest():
    found = sentences.build_segments([chunk(("No.", 3_000, 3_200))], [Region(0, 1_000), Region(3_500, 5_000)], 14_000)
    assert (found[0].start_ms, found[0].end_ms) == (3_500, 3_700)


@pytest.mark.parametrize(
    ("word", "language", "begins_ms"),
    [
        ("Un", "es", 3_600),
        ("un", "es", 1_700),  # no capital: nothing says that a line begins with it
        ("México", "es", 1_700),  # a name
        ("And", "en", 3_600),
        ("I", "en", 1_700),  # has its capital anyway
        ("AM", "en", 1_700),  # "at nine AM": so has that
        ("A,", "en", 1_700),  # "vitamin A,": a stop stands behind no article
    ],
)
@pytest.mark.parametrize(
    "speech",
    [[Region(0, 6_000)], [Region(0, 2_200), Region(3_200, 6_000)]],
    ids=["sung all through", "a pause that a detector hears"],
)
def test_a_word_with_which_a_line_begins_stands_behind_the_pause(word, language, begins_ms, speech):
    line = (("de", 200, 500), ("sí", 500, 1_000), ("mismo", 1_000, 1_700), (word, 1_700, 2_100))
    words = chunk(*line, ("hueco", 4_000, 4_600), ("fin", 4_600, 5_000))
    found = sentences.build_segments([replace(words, language=language)], speech, 14_000)
    said = {item.text: item for segment in found for item in segment.words}
    assert said[word].start_ms == begins_ms
    assert [segment.text for segment in found] == (
        [f"de sí mismo {word}", "hueco fin"] if begins_ms == 1_700 else ["de sí mismo", f"{word} hueco fin"]
    )


@pytest.mark.parametrize(("word", "begins_ms"), [("My", 9_000), ("Rahul", 300)])
def test_a_possessive_alone_in_speech_that_was_passed_over_stands_beside_its_noun(word, begins_ms):
    words = chunk((word, 300, 1_100), ("brother", 9_000, 9_420), ("is", 9_420, 9_700), ("here.", 9_700, 10_100))
    found = sentences.build_segments([words], [Region(0, 1_500), Region(9_000, 10_500)], 14_000)
    assert found[0].words[0].start_ms == begins_ms


def test_a_word_behind_a_full_stop_stays_before_the_pause():
    words = chunk(("casa.", 1_000, 1_700), ("Un", 1_700, 2_100), ("hueco", 4_000, 4_600))
    found = sentences.build_segments([replace(words, language="es")], [Region(0, 6_000)], 14_000)
    assert next(item for segment in found for item in segment.words if item.text == "Un").start_ms == 1_700


@given(
    st.lists(st.tuples(st.integers(0, 29_000), st.integers(0, 3_000)), min_size=1, max_size=40),
    st.lists(st.integers(0, 30_000), min_size=2, max_size=8, unique=True).filter(lambda cuts: len(cuts) % 2 == 0),
)
def test_words_are_always_in_order_and_inside_their_segment(times, cuts):
    written = ("And", "then", "it", "The")
    words = [
        (f"{written[number % 4]}{number // 4 or ''}", start, min(30_000, start + length))
        for number, (start, length) in enumerate(times)
    ]
    edges = sorted(cuts)
    speech = [Region(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    found = sentences.build_segments([chunk(*words)], speech, 14_000)
    flat = [word for segment in found for word in segment.words]
    assert [word.text for word in flat] == [text for text, _, _ in words]
    for before, after in pairwise(flat):
        assert before.start_ms <= before.end_ms <= after.start_ms <= after.end_ms
    for segment in found:
        assert segment.start_ms == segment.words[0].start_ms
        assert segment.end_ms == segment.words[-1].end_ms


def hears_spanish_after_ten_seconds(found, silence_ms=0):
    """Stand where the network stands: Spanish in what begins after 10 s, Urdu more than anything before."""
    return [
        {"es": 0.9, "en": 0.05} if window.start_ms >= 10_000 else {"ur": 0.6, "es": 0.3, "en": 0.1} for window in found
    ]


def wav(folder, frames):
    path = folder / "audio.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(frames)
    return FilmAudio(path)


@pytest.fixture
def film_audio(tmp_path):
    """20 s: quiet at first, loud from the tenth second on."""
    return wav(tmp_path, b"\x00\x01" * 160_000 + b"\x00\x40" * 160_000)


def test_each_region_gets_its_language():
    speech = [Region(0, 3000), Region(10_500, 15_000), Region(15_200, 15_400)]
    named = language.name_languages(hears_spanish_after_ten_seconds, speech, ["hi", "es"])
    assert [region.language for region in named] == ["hi", "es", "es"]  # Urdu counts for Hindi


def test_only_what_is_heard_doubtfully_is_heard_again_whole_and_with_silence():
    asked = []

    def hear(found, silence_ms):
        asked.append(([window.stretches for window in found], silence_ms))
        return [{"hi": 0.5, "en": 0.4} if not silence_ms and w.start_ms > 8_000 else {"en": 0.97} for w in found]

    speech = [Region(0, 3000), Region(9_000, 21_000), Region(30_000, 31_000)]
    assert [region.language for region in language.name_languages(hear, speech, ["hi", "en"])] == ["en"] * 3
    parts = [((0, 3000),), ((9_000, 13_000),), ((13_000, 17_000),), ((17_000, 21_000),), ((30_000, 31_000),)]
    assert asked == [(parts, 0), ([((9_000, 21_000),), ((30_000, 31_000),)], 6_000)]
    asked.clear()
    assert [region.language for region in language.name_languages(hear, speech, ["es"])] == ["es"] * 3 and not asked


def test_what_the_speech_around_it_settles_is_not_heard_again():
    """The same doubt a tenth of a second after clear speech, and ten seconds after it."""
    asked = []

    def hear(found, silence_ms):
        asked.extend(window.start_ms for window in found if silence_ms)
        return [{"hi": 0.6, "en": 0.3} if window.length_ms < 2_000 else {"hi": 0.97} for window in found]

    speech = [Region(0, 4_000), Region(4_100, 5_100), Region(5_200, 9_000), Region(19_000, 20_000)]
    assert [region.language for region in language.name_languages(hear, speech, ["hi", "en"])] == ["hi"] * 4
    assert asked == [19_000]


def test_margins_are_those_of_all_sequences():
    """Beside every sequence there is, valued one by one."""
    dice = random.Random(3)
    evidence = [{label: math.log(dice.uniform(0.05, 1)) for label in "abc"} for _ in range(5)]
    prices = [dice.uniform(0, 2) for _ in range(4)]
    values = {
        path: sum(scores[label] for scores, label in zip(evidence, path, strict=True))
        - sum(price for price, (one, other) in zip(prices, pairwise(path), strict=True) if one != other)
        for path in itertools.product("abc", repeat=5)
    }
    best = max(values, key=values.__getitem__)
    assert language.likeliest_sequence(evidence, prices) == list(best)
    others = [max(value for path, value in values.items() if path[place] != best[place]) for place in range(5)]
    assert language.margins(evidence, prices) == pytest.approx([values[best] - other for other in others])


def test_the_decoders_of_many_cores_share_the_threads():
    assert [workers_for("auto", "cpu", threads) for threads in (1, 2, 3, 4, 8, 16, 64)] == [1, 2, 2, 2, 4, 8, 16]
    assert [workers_for(number, "cpu", 8) for number in (1, 3, 99)] == [1, 3, 8]
    assert workers_for("auto", "cuda", 64) == workers_for(4, "cuda", 64) == 1


def test_a_doubtful_region_takes_the_language_of_the_speech_that_it_is_close_to():
    doubtful, spanish, english = {"en": -0.4, "es": -1.1}, {"en": -4.6, "es": 0.0}, {"en": 0.0, "es": -4.6}
    near, far = 1.7, 0.3  # prices of a change after 0.2 s and after 1.9 s
    assert language.likeliest_sequence([english, doubtful, spanish], [far, near]) == ["en", "es", "es"]
    assert language.likeliest_sequence([english, doubtful, spanish], [near, far]) == ["en", "en", "es"]
    assert language.likeliest_sequence([english, spanish, english], [near, near]) == ["en", "es", "en"]


def test_the_vote_counts_urdu_for_hindi_and_tells_its_margin():
    found = language.vote(hears_spanish_after_ten_seconds, [Region(0, 3000)])
    assert found.language == "hi"
    assert found.shares == {"hi": 0.6, "es": 0.3, "en": 0.1}
    assert found.margin == pytest.approx(0.3)
    assert found.record()["windows"] == [{"start_ms": 0, "language": "ur", "probability": 0.6}]


def test_voters_are_spread_over_the_film_and_a_long_rival_is_named():
    speech = [Region(at * 60_000, at * 60_000 + 28_000) for at in range(100)]
    asked = []

    def hears_hindi_first(found):
        asked.extend(window.start_ms for window in found)
        return [{"hi": 0.8} if window.start_ms < 3_600_000 else {"en": 0.9} for window in found]

    found = language.vote(hears_hindi_first, speech)
    assert (min(asked), max(asked), len(asked)) == (0, 99 * 60_000 - 200, 9)
    assert (found.language, found.rivals()) == ("hi", ["en"])


def test_voters_who_all_agree_are_enough():
    asked = []

    def hears_hindi(found):
        asked.extend(found)
        return [{"ur": 0.5, "hi": 0.4} for _ in found]

    speech = [Region(at * 60_000, at * 60_000 + 28_000) for at in range(100)]
    assert language.vote(hears_hindi, speech).shares == {"hi": 0.9}
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("share", "stretches", "uncertain"), [(0.8, 1, True), (0.9, 1, False), (0.8, 3, False), (0.4, 3, True)]
)
def test_of_few_voters_more_is_asked_until_the_language_is_certain(share, stretches, uncertain):
    speech = [Region(at * 60_000, at * 60_000 + 28_000) for at in range(stretches)]
    assert language.vote(lambda found: [{"th": share, "ta": 0.1} for _ in found], speech).uncertain == uncertain


def test_singing_has_no_vote_where_somebody_speaks():
    def hears(found):
        return [{"en": 1.0} if window.start_ms < 30_000 else {"hi": 1.0} for window in found]

    speech = [Region(0, 20_000, sung=True), Region(40_000, 45_000)]
    assert language.vote(hears, speech).language == "hi"


@pytest.mark.parametrize(
    ("heard", "given", "same"),
    [("ur", ["hi"], True), ("hi", ["pa"], True), ("en", ["hi"], False), ("en", ["en"], True)],
)
def test_what_whisper_takes_for_a_language_counts_for_it(heard, given, same):
    assert language.counts_for(heard, given) is same


# -- regions and windows ----------------------------------------------------------------------------------------------


def test_regions_longer_than_whispers_window_are_cut_and_nothing_is_lost(film_audio):
    pieces = regions.cut_long([Region(0, 20_000, "hi")], 6_000, film_audio)
    assert (pieces[0].start_ms, pieces[-1].end_ms) == (0, 20_000)
    assert all(before.end_ms == after.start_ms for before, after in pairwise(pieces))
    assert all(0 < piece.length_ms <= 6_000 and piece.language == "hi" for piece in pieces)


def test_a_long_region_is_cut_where_it_is_quiet(tmp_path):
    quiet = (7_000, 7_300)
    loud, silent = b"\x00\x40" * 16, b"\x00\x00" * 16
    audio = wav(tmp_path, b"".join(silent if quiet[0] <= at < quiet[1] else loud for at in range(16_000)))
    cut = regions.halves(Region(0, 16_000), audio)[0].end_ms
    assert quiet[0] <= cut <= quiet[1]


def test_what_a_detector_hears_across_blocks_is_one_region(film_audio):
    def everything(samples):
        return [(0.0, len(samples) / 16)]

    assert regions.in_blocks(film_audio, everything, block_seconds=6) == [Region(0, 20_000)]


def test_singing_is_added_only_where_no_speech_was_found():
    speech = [Region(0, 4_000), Region(10_000, 12_000)]
    found = regions.with_singing(speech, [Region(3_000, 20_000, sung=True), Region(30_000, 31_000, sung=True)], 40_000)
    assert found == [
        Region(0, 4_000),
        Region(4_000, 10_000, sung=True),
        Region(10_000, 12_000),
        Region(12_000, 20_000, sung=True),
    ]


def test_singing_is_heard_over_breaths_and_not_in_a_moment():
    singing = [0.0] * 4 + [0.9, 0.9, 0.1, 0.9, 0.9, 0.8] + [0.0] * 10 + [0.9] + [0.0] * 4
    curve = SoundCurve(500, tuple(0.0 for _ in singing), tuple(singing), tuple(1.0 for _ in singing))
    (found,) = regions.sung_regions(curve, 0.5)
    assert found.sung
    assert found.start_ms == pytest.approx(2_000, abs=800)
    assert found.end_ms == pytest.approx(5_000, abs=800)


SPEECH = [
    Region(0, 5_000, "en"),
    Region(20_000, 25_000, "en"),
    Region(40_000, 48_000, "en"),
    Region(49_000, 60_000, "es"),
]


def test_spans_reach_from_the_first_word_to_the_last_in_thirty_seconds_with_a_little_sound_around():
    stretches = [window.stretches for window in windows.spans(SPEECH)]
    assert stretches == [((0, 5_200),), ((19_800, 48_200),), ((48_800, 60_200),)]


@pytest.mark.parametrize("cut", [windows.spans, windows.packed])
def test_windows_are_parted_in_long_pauses_and_no_more_than_they_need_be(cut):
    starts = [0, 5_100, 10_200, 17_000, 22_100]  # pauses of 100 ms, and one of 1.8 s
    speech = [Region(start, start + 5_000, "hi") for start in starts]
    assert [window.speech for window in cut(speech, 18_000)] == [tuple(speech[:3]), tuple(speech[3:])]
    assert [window.speech for window in cut(speech, 16_000)] == [tuple(speech[:3]), tuple(speech[3:])]
    assert len(cut(speech)) == 1


def test_a_region_that_is_longer_than_windows_are_is_one_by_itself():
    speech = [Region(0, 5_000, "hi"), Region(5_200, 30_000, "hi"), Region(30_300, 33_000, "hi")]
    assert [len(window.speech) for window in windows.packed(speech, 14_000)] == [1, 1, 1]


def test_packed_windows_leave_out_long_pauses_and_never_reach_over_another_language():
    first, second = windows.packed(SPEECH)
    assert first.stretches == ((0, 5_300), (19_700, 25_300), (39_700, 48_200))
    assert (first.language, second.language) == ("en", "es")
    assert first.length_ms == 19_400 and first.speech_ms == 18_000


def test_no_sound_is_heard_twice_where_speech_follows_on_speech():
    cut = [Region(0, 20_000, "hi"), Region(20_000, 40_000, "hi"), Region(40_100, 60_000, "hi")]
    assert [window.stretches[0] for window in windows.packed(cut)] == [(0, 20_000), (20_000, 40_050), (40_050, 60_200)]


def test_times_in_a_packed_window_lead_back_to_the_film():
    window = windows.packed(SPEECH)[0]
    assert window.in_film(1_000, 2_000) == (1_000, 2_000)
    assert window.in_film(5_400, 5_900) == (19_800, 20_300)
    assert window.in_film(5_200, 5_900) == (19_700, 20_300)  # the larger part lies after the seam
    assert window.in_film(90_000, 95_000) == (48_200, 48_200)


def test_a_window_is_made_smaller_at_its_longest_pause(film_audio):
    window = windows.packed([Region(0, 4_000, "en"), Region(4_200, 6_000, "en"), Region(9_000, 14_000, "en")])[0]
    assert [part.speech for part in windows.smaller(window, film_audio)] == [window.speech[:2], window.speech[2:]]
    short = windows.packed([Region(0, 4_000, "en")])[0]
    assert windows.smaller(short, film_audio) == [short]


@given(st.lists(st.integers(0, 600_000), min_size=2, max_size=60, unique=True).filter(lambda cuts: len(cuts) % 2 == 0))
def test_windows_hold_all_speech_in_order_and_fit_into_thirty_seconds(cuts):
    edges = sorted(cuts)
    speech = [Region(start, min(end, start + 28_000), "hi") for start, end in zip(edges[::2], edges[1::2], strict=True)]
    for made in (windows.packed(speech), windows.spans(speech)):
        assert [region for window in made for region in window.speech] == speech
        assert all(window.length_ms <= windows.LONGEST_MS for window in made)


# -- audio ------------------------------------------------------------------------------------------------------------


def test_audio_is_read_by_time(film_audio):
    assert film_audio.duration_ms == 20_000
    assert len(film_audio.piece(1000, 2000)) == 16_000
    assert film_audio.piece(12_000, 12_001)[0] == pytest.approx(0.5)
    assert [start for start, _ in film_audio.blocks(8)] == [0, 8000, 16_000]


def test_sound_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF0000")
    with pytest.raises(MediaError, match="not a WAV file"):
        FilmAudio(tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("speech", "words"),
    [
        (
            [(2_888, 3_544), (8_872, 9_592), (14_888, 15_544)],
            [("Yes", 2_688, 8_728), ("No", 8_728, 9_248), ("Yes", 9_248, 15_168)],
        ),
        (
            [(680, 1_368), (1_960, 2_648), (3_176, 3_928), (4_488, 5_048), (5_544, 6_168), (6_696, 7_416)],
            [("4", 480, 1_160), ("7", 1_160, 2_400), ("9", 2_400, 3_580), ("2", 3_580, 4_780), ("8", 4_780, 6_000),
             ("0", 6_000, 7_180)],
        ),
    ],
    ids=["single words far apart", "a number that is dictated"],
)  # fmt: skip
def test_a_word_that_is_timed_over_a_pause_is_said_in_the_speech_that_has_no_other(speech, words):
    """As Whisper timed them: it reaches about as far into the speech before the pause."""
    found = sentences.build_segments([chunk(*words)], [Region(*times, "en") for times in speech], 14_000)
    said = [word for segment in found for word in segment.words]
    assert [word.text for word in said] == [text for text, _, _ in words]
    assert all(start <= word.start_ms < word.end_ms <= end for word, (start, end) in zip(said, speech, strict=True))


def test_a_word_that_is_drawn_out_over_a_pause_stays_where_more_of_it_is():
    """What comes after the pause was passed over: it is no more that word's than a bit of it reaches in."""
    speech = [Region(1_000, 2_000, "en"), Region(3_000, 5_000, "en")]
    (found,) = sentences.build_segments([chunk(("go", 1_000, 1_300), ("on.", 1_300, 3_200))], speech, 14_000)
    assert found.end_ms == 2_000
