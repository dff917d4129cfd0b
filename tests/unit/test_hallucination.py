"""What is taken for text that nobody spoke, and that real dialogue is left alone."""

from __future__ import annotations

import dataclasses
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samvad import review, schemas, segments
from samvad.errors import ConfigurationError, SamvadError
from samvad.hallucination import harvest, loops, phrases, regions, report, sounds, verdicts
from samvad.hallucination.limits import Limits
from samvad.hallucination.measures import Evidence
from samvad.hallucination.text import compression_ratio, loop, loop_span, other_scripts, plain
from samvad.lyrics.curve import SoundCurve
from samvad.review import Decision
from samvad.segments import Segment, SegmentsDocument, Word

PHRASES = phrases.read(schemas.ROOT / "config" / "hallucinations" / "en.tsv")
SPOKEN = {"avg_logprob": -0.35, "no_speech_prob": 0.05, "compression_ratio": 1.3, "temperature": 0.0}
NOISE = {"avg_logprob": -1.65, "no_speech_prob": 0.69, "compression_ratio": 0.6, "temperature": 0.0}

# An ordinary passage of some 80 words.
HINDI = (
    "गाँव के बाहर नदी के किनारे एक पुराना मंदिर था। शाम होते ही बच्चे वहाँ खेलने आते और बूढ़े लोग अपनी कहानियाँ सुनाते। "
    "एक दिन शहर से एक आदमी आया और उसने सबको बताया कि अब यहाँ सड़क बनेगी। कुछ लोग खुश हुए, कुछ चुप रहे। "
    "दादी ने बस इतना कहा कि सड़क आएगी तो बेटे भी लौट आएँगे, और नदी की तरफ़ देखने लगीं। "
    "उस रात किसी को नींद नहीं आई, क्योंकि सबके मन में एक ही सवाल था।"
)


def said(text: str, start_ms: int = 1000, end_ms: int = 3000, **changes: object) -> Segment:
    """Return a segment as clear speech leaves it, with what differs."""
    segment = Segment(1, start_ms, end_ms, text, "hi", (Word(start_ms, end_ms, text, 0.85),), decoding=SPOKEN)
    return dataclasses.replace(segment, **changes)  # type: ignore[arg-type]


def judge(
    *made: Segment, evidence: Evidence | None = None, strictness: str = "strict", decisions: tuple[Decision, ...] = ()
) -> verdicts.Judged:
    numbered = tuple(dataclasses.replace(segment, id=number) for number, segment in enumerate(made, start=1))
    evidence = evidence or Evidence(regions=((0, 600_000),), curve=None, phrases=PHRASES)
    document = SegmentsDocument("hi", 600_000, numbered)
    return verdicts.judge(document, evidence, verdicts.RULES[strictness], decisions=decisions)


def given_verdicts(judged: verdicts.Judged) -> list[str]:
    return [segment.verdict for segment in judged.document.segments]


# -- real dialogue survives ----------------------------------------------------------------------------------------


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


def test_a_short_word_beside_its_speech_region_is_kept() -> None:
    evidence = Evidence(regions=((1150, 1500),), phrases=PHRASES)
    assert given_verdicts(judge(said("हाँ।", 900, 1150), evidence=evidence)) == ["keep"]


def test_the_same_short_answer_again_and_again_stays_in_the_subtitles() -> None:
    answers = [said("हाँ।", 1000 + 3000 * number, 1600 + 3000 * number) for number in range(9)]
    found = given_verdicts(judge(*answers))
    assert found[:5] == ["keep"] * 5
    assert "quarantine" not in found


def test_a_line_said_twice_in_a_scene_is_kept() -> None:
    line = "तुम समझते क्यों नहीं हो?"
    lines = [line, "मैं समझता हूँ।", line, "बैठ जाओ।"]
    found = judge(*[said(text, 4000 * number, 4000 * number + 2500) for number, text in enumerate(lines)])
    assert given_verdicts(found) == ["keep"] * 4


def test_mumbled_speech_is_at_most_suspect() -> None:
    mumbled = said("तू जा यार", words=(Word(1000, 3000, "तू", 0.2),), decoding={**SPOKEN, "avg_logprob": -1.4})
    judged = judge(mumbled)
    assert given_verdicts(judged) == ["suspect"]
    assert judged.signals[1] == ("doubt",)  # tokens and words say the same: it counts once


def test_without_any_figures_nothing_is_invented() -> None:
    bare = Segment(1, 0, 2000, "Good morning, sir.", "en")
    judged = judge(bare, evidence=Evidence())
    assert given_verdicts(judged) == ["keep"]
    assert judged.document.segments[0].signals["speech_overlap"] is None
    assert judged.document.segments[0].signals["no_speech_prob"] is None
    assert judged.document.segments[0].signals["word_probability"] is None


# -- what Whisper base writes of noise, with its own figures ---------------------------------------------------------


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


# -- phrases ---------------------------------------------------------------------------------------------------------


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


# -- songs -----------------------------------------------------------------------------------------------------------


def test_a_song_may_repeat_itself() -> None:
    chorus = "दिल है कि मानता नहीं " * 6
    made = [said(chorus, 10_000 * number, 10_000 * number + 9000, kind="song") for number in range(4)]
    assert given_verdicts(judge(*made, evidence=Evidence(regions=(), phrases=PHRASES))) == ["keep"] * 4
    spoken = [dataclasses.replace(segment, kind="dialogue") for segment in made]
    assert given_verdicts(judge(*spoken, evidence=Evidence(regions=())))[3] == "quarantine"


def test_noise_in_a_song_is_still_found() -> None:
    assert given_verdicts(judge(said("Thanks for watching", kind="song", decoding=NOISE))) == ["quarantine"]


# -- verdicts and what is kept ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strictness", "figures", "expected"),
    [
        ("strict", {}, "keep"),
        ("strict", {"no_speech_prob": 0.7}, "suspect"),
        ("gentle", {"no_speech_prob": 0.7}, "suspect"),
        ("strict", {"no_speech_prob": 0.7, "avg_logprob": -1.4}, "quarantine"),
        ("gentle", {"no_speech_prob": 0.7, "avg_logprob": -1.4}, "suspect"),
    ],
)
def test_the_strictness_decides_how_many_signals_take_a_segment_out(
    strictness: str, figures: dict[str, float], expected: str
) -> None:
    judged = judge(said("Hello there", decoding={**SPOKEN, **figures}), strictness=strictness)
    assert given_verdicts(judged) == [expected]
    assert bool(judged.document.segments[0].reasons) == (expected != "keep")
    assert judged.document.segments[0].signals["no_speech_prob"] == figures.get("no_speech_prob", 0.05)


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
        "compression_ratio", "repeats", "characters_per_second", "phrase",
    }  # fmt: skip
    assert (values["heard_speech"], values["heard_singing"], values["heard_music"]) == (0.5, 0.25, 1.0)


# -- wrong script ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("तुम कहाँ हो", "hi", 0.0), ("तुम late हो यार", "hi", 0.0), ("Where are you", "hi", 0.0), ("یہ کیا ہے", "hi", 1.0),
        ("یہ کیا ہے", "ur", 0.0), ("привет", "en", 1.0), ("ありがとう", "es", 1.0), ("ありがとう 東京", "ja", 0.0),
        ("¿Qué?", "es", 0.0), ("123", "hi", None), ("नमस्ते Привет", "hi", 0.6),
    ],
)  # fmt: skip
def test_the_part_in_scripts_that_a_language_is_not_written_in(
    text: str, language: str, expected: float | None
) -> None:
    found = other_scripts(text, [language])
    assert found == expected if expected is None else found == pytest.approx(expected, abs=0.06)


def test_a_wrong_script_is_a_signal() -> None:
    assert judge(said("Продолжение следует", language="hi")).signals[1] == ("script",)
    russian = said("Продолжение следует", language="ru")
    assert judge(russian).signals[1] == ()
    assert judge(said("Мы дома", 5000, 6000, language="en"), russian).signals == {1: (), 2: ()}  # spoken in the film


# -- loops cut back --------------------------------------------------------------------------------------------------


def spoken_words(text: str, start_ms: int = 1000, word_ms: int = 300) -> Segment:
    words = tuple(
        Word(start_ms + word_ms * n, start_ms + word_ms * (n + 1), word, 0.8) for n, word in enumerate(text.split())
    )
    return said(text, start_ms, words[-1].end_ms, words=words, extra={"unknown": 1})


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("where are you now " + "I got a helmet " * 8 + "all right", "where are you now I got a helmet all right"),
        ("मैं घर जा रहा हूँ " + "आपना " * 12, "मैं घर जा रहा हूँ आपना"),
        ("चलो अब चलते हैं " + "हा" * 40, "चलो अब चलते हैं हा"),
        ("Come in, come in, " * 6 + "please sit down there", "Come in, please sit down there"),
    ],
)
def test_a_loop_over_real_speech_is_cut_back_to_one_round_and_the_original_is_kept(text: str, left: str) -> None:
    judged = judge(spoken_words(text)).document.segments[0]
    assert (judged.text, judged.verdict) == (left, "suspect")
    assert [word.text for word in judged.words] == left.split()
    assert judged.end_ms == judged.words[-1].end_ms
    assert judged.extra[loops.ORIGINAL_TEXT] == text
    assert len(judged.extra[loops.ORIGINAL_WORDS]) == len(text.split())
    assert judged.extra["unknown"] == 1
    assert any("cut back" in reason for reason in judged.reasons)


def test_a_loop_where_nobody_speaks_is_not_cut_back_but_taken_out() -> None:
    text = "where are you now " + "I got a helmet " * 8
    judged = judge(spoken_words(text), evidence=Evidence(regions=())).document.segments[0]
    assert (judged.text, judged.verdict) == (text, "quarantine")
    assert loops.ORIGINAL_TEXT not in judged.extra


def test_a_loop_of_a_single_word_and_nothing_else_is_taken_out() -> None:
    assert judge(spoken_words("पूद " * 30)).document.segments[0].verdict == "quarantine"


def test_a_loop_in_a_song_is_left_alone() -> None:
    text = "la la la la " * 8
    judged = judge(dataclasses.replace(spoken_words(text), kind="song")).document.segments[0]
    assert (judged.text, judged.verdict) == (text, "keep")


@given(st.text(alphabet="ab ", max_size=60), st.integers(2, 5))
def test_the_span_of_a_loop_is_one(text: str, at_least: int) -> None:
    found = loop_span(text, at_least)
    if found is not None:
        first, period, end = found
        assert end - first >= at_least * period
        assert all(text[n] == text[n + period] for n in range(first, end - period))


# -- a person's decisions --------------------------------------------------------------------------------------------


def test_a_person_s_verdict_wins_over_the_signals() -> None:
    noise = said("Thanks for watching", 60_000, 62_000, decoding=NOISE)
    line = said("Good morning, sir.", 5000, 7000)
    decisions = (
        Decision(2, 60_000, 62_000, "keep", "thanks for WATCHING!"), Decision(3, 4900, 7050, "quarantine"),
        Decision(4, 5000, 7000, "keep", "Something else"),
    )  # fmt: skip
    judged = judge(line, noise, evidence=Evidence(regions=((0, 10_000),), phrases=PHRASES), decisions=decisions)
    assert given_verdicts(judged) == ["quarantine", "keep"]
    assert all(segment.reasons[0].startswith("decided by a person") for segment in judged.document.segments)
    assert judged.unused == (decisions[2],)


def test_whole_brings_a_loop_back_that_was_cut_and_keep_leaves_it_cut() -> None:
    text = "where are you now " + "I got a helmet " * 8
    segment = spoken_words(text)
    for verdict, shown in (("whole", text), ("keep", "where are you now I got a helmet")):
        decision = Decision(2, segment.start_ms, segment.end_ms, verdict, "where are you now I got a helmet")
        judged = judge(segment, decisions=(decision,)).document.segments[0]
        assert (judged.text, judged.verdict) == (shown, "keep")


def test_what_is_written_for_people_is_what_is_read_back(tmp_path: Path) -> None:
    made = [
        said('He said "no",\tand left\n', 1000, 2000, decoding=NOISE),
        said('"', 3000, 4000, decoding=NOISE),
        said("=1+1; Thanks", 3_725_001, 3_726_000, decoding=NOISE),
    ]
    judged = judge(*made, evidence=Evidence(regions=())).document
    path = tmp_path / "quarantine.tsv"
    path.write_text(report.quarantine_tsv(judged), encoding="utf-8")
    rows = review.read_verdicts(path)
    assert [(row.start_ms, row.end_ms, row.value) for row in rows] == [
        (segment.start_ms, segment.end_ms, segment.verdict) for segment in judged.segments
    ]
    assert [row.text for row in rows] == ['He said "no", and left', '"', "=1+1; Thanks"]
    again = judge(*made, evidence=Evidence(regions=()), decisions=rows)
    assert again.unused == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("start\tend\n0\t1\n", "line 1: the column verdict is missing"),
        ("start\tend\tverdict\n0:00\t0:01\tdelete\n", "line 2: verdict is 'delete'"),
        ("start\tend\tverdict\n0:00\tsoon\tkeep\n", "line 2: 'soon' is no time"),
        ("# note\nstart\tend\tverdict\n0:05\t0:01\tkeep\n", "line 3: it ends before it starts"),
    ],
)
def test_a_faulty_review_file_is_refused_with_its_line(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "quarantine.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message) as caught:
        review.read_verdicts(path)
    assert str(path) in str(caught.value)


def test_a_review_file_needs_only_its_columns_and_rows_without_a_verdict_decide_nothing(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.tsv"
    path.write_bytes("\ufeffVerdict\tnote\tEnd\tStart\r\nKEEP\t\t1:02,5\t61\r\n\t\t9\t8\r\n".encode())
    assert review.read_verdicts(path) == (Decision(2, 61_000, 62_500, "keep", ""),)


# -- harvesting ------------------------------------------------------------------------------------------------------


LONG = HINDI.replace("।", "")[:150]


def test_phrases_that_come_for_several_sounds_are_harvested_of_loops_the_first_round_and_no_long_texts(
    tmp_path: Path,
) -> None:
    texts = ["धन्यवाद। फिर मिलेंगे।", "फिर मिलेंगे!", "धन्यवाद", "शा" * 60, "शा" * 60, "", "हाँ", LONG, LONG, "नहीं " * 40, "नहीं"]
    found = harvest.phrases(texts, least=2)
    assert found == {"धन्यवाद": 2, "नहीं": 2, "फिर मिलेंगे": 2, "शा": 2}
    path = tmp_path / "hi.tsv"
    path.write_text(harvest.as_list(found, "hi", "harvest base", ["a note"]), encoding="utf-8")
    assert phrases.read(path) == dict.fromkeys(found, "hi")
    assert "harvest base (2)" in path.read_text(encoding="utf-8")


def test_made_sounds_are_as_long_as_asked_the_same_every_time_and_not_too_loud() -> None:
    for kind in sounds.KINDS:
        made = sounds.make(kind, 2.5, 4)
        assert len(made) == 2.5 * sounds.RATE_HZ
        assert abs(made).max() <= 1
        assert (made == sounds.make(kind, 2.5, 4)).all()
        assert kind == "silence" or made.any()
    assert (sounds.make("rain", 1, 1) != sounds.make("rain", 1, 2)).any()


def test_several_lists_are_one_and_those_that_come_with_samvad_are_sound() -> None:
    lists = sorted((schemas.ROOT / "config" / "hallucinations").glob("*.tsv"))
    assert {path.stem for path in lists} >= {"en", "hi"}
    known = phrases.read_all(lists)
    assert set(known.values()) == {path.stem for path in lists}
    assert max(map(len, known)) <= 120


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
    assert schemas.problems(segments.as_json(judged), "segments") == []
    assert report.quarantine_tsv(judged).count("\n") == 1 + sum(s.verdict != "keep" for s in judged.segments)


# -- measures --------------------------------------------------------------------------------------------------------


def test_plain_form_keeps_the_vowels_of_hindi() -> None:
    assert plain("«हिन्दी»,  क्\u200dया?") == "हिन्दी क्या"
    assert plain("  I'm SORRY… ") == "i m sorry"
    assert plain("♪ ۔ !") == ""


@given(st.text())
def test_plain_form_is_its_own_plain_form(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no no no no", (11, 4)),
        ("no no no", (0, 0)),
        ("aaaaaaaa", (8, 8)),
        ("शाशाशाशा", (8, 4)),
        ("well abcabcabcabc then", (12, 4)),
        ("i am here i am here i am here i am here", (39, 4)),
        ("", (0, 0)),
        ("a plain sentence without any loop", (0, 0)),
    ],
)
def test_a_loop_is_found_with_its_length_and_its_count(text: str, expected: tuple[int, int]) -> None:
    assert loop(text, 4) == expected


def test_hindi_does_not_seem_repetitive_because_of_its_bytes() -> None:
    utf8 = HINDI.encode()
    assert len(utf8) / len(zlib.compress(utf8)) > 2.4  # Whisper's own figure and limit would throw this text away
    assert compression_ratio(HINDI) < 1.8
    assert compression_ratio("पूद " * 80) > 5
    assert compression_ratio("") == 0.0


# -- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("language\tphrase\tsource\nen\tthank you\n", "line 2: 2 columns where 3 are needed"),
        ("# a note\nlanguage\tphrase\tsource\n\nen\t...\tme\n", "line 4: the phrase is empty"),
        (
            "language\tphrase\tsource\nenglish please\tthank you\tme\n",
            "line 2: 'english please' is not a language code",
        ),
        ("language\tphrase\tsource\nen\tthank you\t \n", "line 2: the source is empty"),
        ("en\tthank you\tme\n", "line 1: the header must be"),
        ("language\tphrase\tsource\n", "the list has no phrases"),
        ("", "the list has no phrases"),
    ],
)
def test_a_faulty_phrase_list_is_refused_with_its_line(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "phrases.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message) as caught:
        phrases.read(path)
    assert str(path) in str(caught.value)


def test_a_phrase_list_that_is_missing_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        phrases.read(tmp_path / "none.tsv")
    (tmp_path / "latin.tsv").write_bytes("language\tphrase\tsource\nes\taño\tme\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        phrases.read(tmp_path / "latin.tsv")


def test_the_list_that_comes_with_samvad_holds_no_ordinary_dialogue() -> None:
    assert {"thanks for watching", "thank you", "you"} <= set(PHRASES)
    assert set(PHRASES.values()) == {"en"}
    assert not {"yes", "no", "i don t know", "let s go", "what are you doing", "oh my god"} & set(PHRASES)


def test_speech_regions_are_read_in_order_and_a_faulty_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "speech_regions.json"
    path.write_text('{"regions": [{"start_ms": 5, "end_ms": 9}, {"start_ms": 1, "end_ms": 3}]}')
    assert regions.read(path) == ((1, 3), (5, 9))
    path.write_text('{"regions": [{"start": 5}]}')
    with pytest.raises(SamvadError, match=str(path)):
        regions.read(path)


def test_the_overlap_with_speech_is_the_part_of_the_segment_in_widened_regions() -> None:
    evidence = Evidence(regions=((0, 800), (2000, 2200), (3800, 9000)))
    value = judge(said("text", 1000, 4000), evidence=evidence).document.segments[0].signals["speech_overlap"]
    assert value == pytest.approx((600 + 400) / 3000, abs=0.001)  # regions reach 1000, 1800 to 2400, and from 3600


def test_the_list_for_people_is_one_line_a_segment_whatever_the_text_holds() -> None:
    evil = said("one\ttwo\nthree\r\nfour\u2028five", decoding=NOISE)
    table = report.quarantine_tsv(judge(said("kept"), evil).document)
    header, row = table.splitlines()
    assert header.split("\t") == ["id", "start", "end", "verdict", "reasons", "text", "recognised"]
    assert row.split("\t")[:4] == ["2", "00:00:01.000", "00:00:03.000", "quarantine"]
    assert row.split("\t")[5] == "one two three four five"


def test_counts_and_share_are_of_what_was_judged() -> None:
    judged = judge(
        said("Where were you yesterday night"),
        said("y" * 10, decoding=NOISE),
        said("z" * 10, decoding={"no_speech_prob": 0.7}),
    )
    assert report.counts(judged) == {
        "kept": 1, "suspect": 1, "quarantined": 1, "loops_cut_back": 0, "signal_doubt": 1, "signal_no_speech_prob": 2,
    }  # fmt: skip
    assert report.quarantined_share(judged.document) == pytest.approx(10 / 50)
    assert report.quarantined_share(SegmentsDocument("und", 0)) == 0.0
