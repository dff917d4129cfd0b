"""What is taken for text that nobody spoke, and that real dialogue is left alone."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judged_text import HINDI, NOISE, PHRASES, SPOKEN, given_verdicts, judge, said
from samvad.core import schemas, typed_json
from samvad.documents.segments import HEARD_TWICE, PERHAPS_TRANSLATED, READS_AS, Segment, Word
from samvad.media.sound_curve import SoundCurve
from samvad.stages.hallucination_removal import report
from samvad.stages.hallucination_removal.limits import Limits
from samvad.stages.hallucination_removal.measures import Evidence


@pytest.mark.parametrize(
    "text",
    [
        "Yes.", "No!", "हाँ।", "नहीं!", "Thank you.", "Thanks for watching.", "I'm sorry.", "You?", "हम्म", "OK", "7",
        "No, no, no, no!", "नहीं नहीं नहीं!", "चलो, चलो, चलो, चलो!", "Ha ha ha ha ha ha!", "हा हा हा हा हा", "Nooooooo!",
        "बस बस बस बस", "Ram Ram Ram Ram Ram", "जय श्री राम! जय श्री राम! जय श्री राम!", "ज़रा इधर आओ", HINDI,
    ],
)  # fmt: skip
def test_what_was_clearly_spoken_is_kept(text: str) -> None:
    length_ms = max(600, 60 * len(text))
    judged = judge(said(text, 1000, 1000 + length_ms))
    assert given_verdicts(judged) == ["keep"], judged.signals


@pytest.mark.parametrize(
    ("text", "kept", "verdict"),
    [
        ("I'm not sure if I can get the.", HEARD_TWICE, "quarantine"),
        ("I'm not sure if I can get the.", "a window of its own", "keep"),
        ("We never went there again.", HEARD_TWICE, "keep"),
    ],
    ids=["a known phrase of which no try was sure", "a phrase that was heard surely", "no phrase"],
)
def test_a_phrase_that_was_only_heard_twice_alike_is_taken_out(text: str, kept: str, verdict: str) -> None:
    again = {"decoded_again": {"reasons": ["speech without text"], "kept": kept, "attempts": 2}}
    assert given_verdicts(judge(said(text, extra=again))) == [verdict]


@pytest.mark.parametrize(
    ("peak", "logprob", "word", "verdict"),
    [
        (0.99, -0.13, 0.91, "suspect"),  # as it was said under music as loud
        (0.5, -0.13, 0.91, "quarantine"),
        (0.99, -0.7, 0.91, "quarantine"),
        (0.99, -0.13, 0.5, "quarantine"),
    ],
)
def test_a_known_phrase_that_was_surely_spoken_is_not_taken_out_for_what_was_decoded_with_it(
    peak: float, logprob: float, word: float, verdict: str
) -> None:
    figures = {**SPOKEN, "avg_logprob": logprob, "no_speech_prob": 0.73}
    curve = SoundCurve(500, (peak,) * 20, (0.0,) * 20, (0.6,) * 20)
    evidence = Evidence(regions=((0, 10_000),), curve=curve, phrases=PHRASES)
    made = said("I'm sorry.", 1_000, 2_200, words=(Word(1_000, 2_200, "I'm sorry.", word),), decoding=figures)
    assert given_verdicts(judge(made, evidence=evidence)) == [verdict]


def test_a_line_in_a_language_that_nobody_named_is_suspect_and_no_more() -> None:
    figures = {**SPOKEN, "avg_logprob": -1.4}
    judged = judge(
        said("Lo siento, no comprendí su respuesta.", language="en", extra={READS_AS: "es"}),
        said(
            "No sé quién ha enviado este mensaje.", 4000, 6000, language="en", extra={READS_AS: "es"}, decoding=figures
        ),
    )
    assert given_verdicts(judged) == ["suspect", "suspect"]
    assert judged.document.segments[0].reasons == ("its words are Spanish, and it was heard as English",)


def test_a_line_that_may_be_a_translation_is_suspect() -> None:
    again = {"decoded_again": {"reasons": [], "kept": PERHAPS_TRANSLATED, "attempts": 2}}
    judged = judge(said("Today is the day of Eid.", language="hi", extra=again))
    assert given_verdicts(judged) == ["suspect"]
    (reason,) = judged.document.segments[0].reasons
    assert reason == "it is English, and does not surely sound so: it may be a translation"


def test_a_short_word_beside_its_speech_region_is_kept() -> None:
    evidence = Evidence(regions=((1150, 1500),), phrases=PHRASES)
    assert given_verdicts(judge(said("हाँ।", 900, 1150), evidence=evidence)) == ["keep"]


def test_the_same_short_answer_again_and_again_stays_in_the_subtitles() -> None:
    answers = [said("हाँ।", 1000 + 3000 * number, 1600 + 3000 * number) for number in range(9)]
    found = given_verdicts(judge(*answers))
    assert found[:5] == ["keep"] * 5
    assert "quarantine" not in found


@pytest.mark.parametrize(
    ("start_ms", "logprob", "verdict"),
    [(1350, -1.1, "quarantine"), (1350, -0.3, "suspect"), (9000, -1.1, "suspect")],
    ids=["a copy in 20 ms of which the model was unsure", "the same, and sure", "the word once more, later"],
)
def test_a_word_that_follows_itself_in_next_to_no_time_counts_as_said_again(
    start_ms: int, logprob: float, verdict: str
) -> None:
    figures = {**SPOKEN, "avg_logprob": logprob}
    judged = judge(said("Banana.", 1000, 1330), said("Banana.", start_ms, start_ms + 20, decoding=figures))
    assert given_verdicts(judged) == ["keep", verdict]


def test_a_line_said_twice_in_a_scene_is_kept() -> None:
    line = "तुम समझते क्यों नहीं हो?"
    lines = [line, "मैं समझता हूँ।", line, "बैठ जाओ।"]
    found = judge(*[said(text, 4000 * number, 4000 * number + 2500) for number, text in enumerate(lines)])
    assert given_verdicts(found) == ["keep"] * 4


def test_a_sentence_that_comes_again_in_no_time_is_taken_out() -> None:
    line = "He might even have been made amiable himself."
    assert given_verdicts(judge(said(line, 0, 3000), said(line, 3000, 3800))) == ["keep", "quarantine"]
    assert given_verdicts(judge(said(line, 0, 3000), said(line, 3000, 5500))) == ["keep", "keep"]
    assert given_verdicts(judge(said(line, 3000, 3800))) == ["suspect"], "said once, the times may be wrong"
    short = "Come with me now!"
    assert given_verdicts(judge(said(short, 0, 900), said(short, 900, 1300))) == ["keep", "keep"], "times are too rough"


def test_mumbled_speech_is_at_most_suspect() -> None:
    mumbled = said("तू जा यार", words=(Word(1000, 3000, "तू", 0.2),), decoding={**SPOKEN, "avg_logprob": -1.4})
    judged = judge(mumbled)
    assert given_verdicts(judged) == ["suspect"]
    assert judged.signals[1] == ("doubt",)  # tokens and words say the same: it counts once


@pytest.mark.parametrize(
    ("word", "no_speech", "expected", "verdict"),
    [
        (0.4, 0.1, ("doubt",), "suspect"),
        (0.2, 0.1, ("doubt", "guess"), "suspect"),
        (0.4, 0.7, ("no_speech_prob", "doubt"), "suspect"),
        (0.2, 0.7, ("no_speech_prob", "doubt", "guess"), "quarantine"),
    ],
)
def test_the_recogniser_s_own_figures_take_words_out_only_when_all_agree(
    word: float, no_speech: float, expected: tuple[str, ...], verdict: str
) -> None:
    figures = {**SPOKEN, "avg_logprob": -1.8, "no_speech_prob": no_speech}
    judged = judge(said("बह गय", words=(Word(1000, 3000, "बह", word),), decoding=figures))
    assert judged.signals[1] == expected
    assert given_verdicts(judged) == [verdict]


def test_one_figure_of_the_recogniser_s_and_a_sign_of_another_kind_are_two() -> None:
    doubted = said("Hello there", decoding={**SPOKEN, "avg_logprob": -1.4})
    assert given_verdicts(judge(doubted)) == ["suspect"]
    assert given_verdicts(judge(doubted, evidence=Evidence(regions=()))) == ["quarantine"]


def test_without_any_figures_nothing_is_invented() -> None:
    bare = Segment(1, 0, 2000, "Good morning, sir.", "en")
    judged = judge(bare, evidence=Evidence())
    assert given_verdicts(judged) == ["keep"]
    assert judged.document.segments[0].signals["speech_overlap"] is None
    assert judged.document.segments[0].signals["no_speech_prob"] is None
    assert judged.document.segments[0].signals["word_probability"] is None


@pytest.mark.parametrize(
    ("text", "start_ms", "end_ms", "logprob", "no_speech", "word"),
    [
        ("BAH!", 0, 2380, -1.22, 0.517, 0.21),  # a dog
        ("I'm sorry.", 0, 2880, -1.65, 0.685, 0.11),  # thunder
        ("you", 0, 1980, -1.17, 0.676, 0.08),  # digital silence
        ("I'm going to go to the back.", 57_180, 59_980, -1.81, 0.781, 0.27),  # rain
        ("भी " * 220, 3580, 4980, -0.1, 0.685, 0.93),
        ("आप वाँवाँ " + "वाँ" * 150, 0, 4980, -0.22, 0.517, 0.45),
        ("अग़ पा" + "शा" * 220, 21_620, 24_420, -0.15, 0.829, 0.57),  # a silent track
        ("यह अपनाशे वूराता " + "आपना " * 60, 77_160, 99_020, -0.27, 0.085, 0.84),
    ],
)
def test_text_made_of_noise_is_quarantined(
    *, text: str, start_ms: int, end_ms: int, logprob: float, no_speech: float, word: float
) -> None:
    made = said(
        text,
        start_ms,
        end_ms,
        words=(Word(start_ms, end_ms, text, word),),
        decoding={"avg_logprob": logprob, "no_speech_prob": no_speech},
    )
    judged = judge(made, evidence=Evidence(regions=(), phrases=PHRASES))
    assert given_verdicts(judged) == ["quarantine"], judged.signals
    assert len(judged.document.segments[0].reasons) >= 2


def test_a_loop_inside_real_speech_is_found_though_whisper_is_confident() -> None:
    judged = judge(said("अच अप अप " + "पूद " * 80, 6800, 29_980))
    assert given_verdicts(judged) == ["suspect"]
    assert judged.document.segments[0].text == "अच अप अप पूद"
    assert set(judged.signals[1]) == {"loop", "compression"}


def test_a_loop_over_several_segments_is_quarantined_but_for_its_first_line() -> None:
    line, piece = "We were going to have a meeting with him.", {**SPOKEN, "avg_logprob": -0.14}
    loop_of_ten = [said(line, 60_000 + 2500 * n, 62_400 + 2500 * n, decoding=piece) for n in range(10)]
    before = said("Apollo 11, Houston, we got a recommendation for you.", 50_000, 56_000)
    found = judge(before, *loop_of_ten)
    assert given_verdicts(found)[:2] == ["keep", "suspect"]
    assert given_verdicts(found)[3:] == ["quarantine"] * 8
    assert "came 2 times in the 30 s before" in " ".join(found.document.segments[3].reasons)


def test_the_true_lines_of_a_piece_that_ends_in_a_loop_are_kept() -> None:
    texts = ["Where have you been all night?", "I was at the station."] + ["I got a little bit of helmet in here."] * 9
    made = [said(text, 2000 * number, 2000 * number + 1900) for number, text in enumerate(texts)]
    assert given_verdicts(judge(*made))[:2] == ["keep", "keep"]
    assert given_verdicts(judge(*made))[4:] == ["quarantine"] * 7


def test_text_without_a_letter_is_a_signal() -> None:
    assert judge(said("۔۔۔")).signals[1] == ("no_letters",)
    assert judge(said("")).signals[1] == ()


def test_text_too_fast_for_any_speaker_is_a_signal() -> None:
    line = "It's not much of our concern."
    assert judge(said(line, 1000, 1400)).signals[1] == ("pace",)
    assert judge(said(line, 1000, 2500)).signals[1] == ()
    assert judge(said("Yes.", 1000, 1050)).signals[1] == ()


@pytest.mark.parametrize(
    ("heard", "regions", "expected"),
    [
        ({"speech": 0.05, "singing": 0.01}, None, ("no_voice",)),
        ({"speech": 0.05, "singing": 0.8}, None, ()),
        ({"speech": 0.05, "singing": 0.01}, (), ("outside_speech", "no_voice")),
        # Where voice detection is sure of speech, the curve must be surer: loud noise hides speech from it.
        ({"speech": 0.05, "singing": 0.01}, ((0, 10_000),), ()),
        ({"speech": 0.01, "singing": 0.01}, ((0, 10_000),), ("no_voice",)),
    ],
)
def test_the_sound_curve_counts_where_no_voice_is_heard(
    heard: dict[str, float], regions: tuple[tuple[int, int], ...] | None, expected: tuple[str, ...]
) -> None:
    curve = SoundCurve(500, (heard["speech"],) * 20, (heard["singing"],) * 20, (0.9,) * 20)
    evidence = Evidence(regions=regions, curve=curve, phrases=PHRASES)
    assert judge(said("Some text"), evidence=evidence).signals[1] == expected


def test_a_known_phrase_counts_only_beside_another_signal() -> None:
    assert judge(said("Thank you.")).signals[1] == ()
    unsure = judge(said("Thank you.", decoding={**SPOKEN, "avg_logprob": -1.2}))
    assert unsure.signals[1] == ("doubt", "phrase")
    assert given_verdicts(unsure) == ["quarantine"]


def test_a_known_phrase_counts_only_as_a_whole_segment_whatever_its_case_and_punctuation() -> None:
    def found(text: str) -> bool:
        return "phrase" in judge(said(text, decoding=NOISE)).signals[1]

    assert found("  THANKS for watching!!! ")
    assert found("I'm sorry")
    assert not found("Thanks for watching my back.")


def test_a_song_may_repeat_itself() -> None:
    chorus = "दिल है कि मानता नहीं " * 6
    made = [said(chorus, 10_000 * number, 10_000 * number + 9000, kind="song") for number in range(4)]
    assert given_verdicts(judge(*made, evidence=Evidence(regions=(), phrases=PHRASES))) == ["keep"] * 4
    spoken = [dataclasses.replace(segment, kind="dialogue") for segment in made]
    assert given_verdicts(judge(*spoken, evidence=Evidence(regions=())))[3] == "quarantine"


def test_noise_in_a_song_is_still_found() -> None:
    assert given_verdicts(judge(said("Thanks for watching", kind="song", decoding=NOISE))) == ["quarantine"]


@pytest.mark.parametrize(
    ("strictness", "end_ms", "no_speech", "expected"),
    [
        ("strict", 3000, 0.05, "keep"),
        ("strict", 3000, 0.7, "suspect"),
        ("gentle", 3000, 0.7, "suspect"),
        ("strict", 1500, 0.7, "quarantine"),
        ("gentle", 1500, 0.7, "suspect"),
    ],
    ids=str,
)
def test_the_strictness_decides_how_many_signals_take_a_segment_out(
    strictness: str, end_ms: int, no_speech: float, expected: str
) -> None:
    made = said("Hello there, my old friend", 1000, end_ms, decoding={**SPOKEN, "no_speech_prob": no_speech})
    judged = judge(made, strictness=strictness)
    assert given_verdicts(judged) == [expected], judged.signals
    assert bool(judged.document.segments[0].reasons) == (expected != "keep")
    assert judged.document.segments[0].signals["no_speech_prob"] == no_speech


def test_three_signals_take_a_segment_out_even_by_the_gentle_rule() -> None:
    judged = judge(said("Hello there", decoding=NOISE), evidence=Evidence(regions=()), strictness="gentle")
    assert judged.signals[1] == ("outside_speech", "no_speech_prob", "doubt")
    assert given_verdicts(judged) == ["quarantine"]


def test_the_values_that_a_verdict_rests_on_are_kept_in_the_segment() -> None:
    curve = SoundCurve(500, (0.5,) * 20, (0.25,) * 20, (1.0,) * 20)
    values = judge(said("यह क्या है"), evidence=Evidence(((0, 9000),), curve, PHRASES)).document.segments[0].signals
    assert set(values) == {
        "speech_overlap", "voice_peak", "heard_speech", "heard_singing", "heard_music", "no_speech_prob", "avg_logprob",
        "word_probability", "letters", "other_scripts", "loop_characters", "loop_repeats", "loop_share",
        "compression_ratio", "repeats", "after_itself_ms", "characters_per_second", "phrase",
    }  # fmt: skip
    assert (values["heard_speech"], values["heard_singing"], values["heard_music"]) == (0.5, 0.25, 1.0)


def test_a_wrong_script_is_a_signal() -> None:
    assert judge(said("Продолжение следует", language="hi")).signals[1] == ("script",)
    russian = said("Продолжение следует", language="ru")
    assert judge(russian).signals[1] == ()
    assert judge(said("Мы дома", 5000, 6000, language="en"), russian).signals == {1: (), 2: ()}  # spoken in the film


def test_limits_are_those_that_the_documentation_names() -> None:
    text = (schemas.ROOT / "docs" / "songs-and-hallucinations.md").read_text(encoding="utf-8")
    for name in ("no_speech_prob", "avg_logprob", "word_probability", "compression_ratio", "characters_per_second"):
        assert f"{abs(getattr(Limits(), name)):g}" in text, name


def test_an_earlier_verdict_is_replaced_and_everything_else_stays() -> None:
    segment = said(
        "Good morning.", verdict="quarantine", reasons=("old",), signals={"other": 1.0}, speaker="A", extra={"x": [1]}
    )
    judged = judge(segment).document.segments[0]
    assert (judged.verdict, judged.reasons, judged.signals["other"]) == ("keep", (), 1.0)
    assert (judged.text, judged.words, judged.speaker, judged.extra) == (segment.text, segment.words, "A", {"x": [1]})


@settings(deadline=None)  # the first text of a language loads its data
@given(
    st.lists(st.tuples(st.text(max_size=80), st.sampled_from([SPOKEN, NOISE, {}]), st.integers(0, 5000)), max_size=9)
)
def test_no_segment_is_lost_or_changed_and_the_document_stays_valid(
    rows: list[tuple[str, dict[str, float | None], int]],
) -> None:
    made = [
        Segment(number, 2000 * number, 2000 * number + length_ms, text, "hi", decoding=decoding)
        for number, (text, decoding, length_ms) in enumerate(rows, start=1)
    ]
    judged = judge(*made).document
    assert [(s.id, s.start_ms, s.end_ms, s.text) for s in judged.segments] == [
        (s.id, s.start_ms, s.end_ms, s.text) for s in made
    ]
    assert schemas.problems(typed_json.plain(judged), "segments") == []
    assert report.quarantine_tsv(judged).count("\n") == 1 + sum(s.verdict != "keep" for s in judged.segments)
