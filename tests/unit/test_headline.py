"""The headline of a track: what has text, how sure it is, what is to be looked at; rules alone make nothing green."""

from __future__ import annotations

from dataclasses import replace

import pytest

from samvad.documents import coverage
from samvad.documents.headline import Headline, worst
from samvad.documents.machine_cues import Origin
from samvad.documents.segments import Segment, SegmentsDocument, Translation, Word
from samvad.documents.subtitle_check import Doubt, TrackCheck
from samvad.stages.subtitle_gen import worth

GOOD = Headline(100, 300.0, 0.99, 0.9, 0, 0, 1.0)


@pytest.mark.parametrize(
    ("change", "grade", "told"),
    [
        ({}, "good", "text for 99 % of the speech, words 90 % sure, 100 % within the rules"),
        ({"cues": 0, "rules": 0.0}, "none", "no cues, though somebody speaks for 300 s"),
        ({"cues": 0, "speech_seconds": 0.3}, "none", "no cues, though somebody speaks for 1 s"),
        ({"cues": 0, "speech_seconds": 0.0}, "none", "no cues"),
        ({"sure": 0.55}, "bad", "words 55 % sure"),
        ({"sure": 0.7}, "warn", "words 70 % sure"),
        ({"coverage": 0.45}, "bad", "look at it: text for 45 % of the speech"),
        ({"doubtful": 30, "as_said": 4}, "bad", "30 of 100 cues doubtful in translation (4 show what was said)"),
        ({"doubtful": 6}, "warn", "look it over"),
        ({"rules": 0.5}, "bad", "50 % within the rules"),
        ({"unsure": 0.12}, "warn", "words 90 % sure (12 % of them in very unsure lines)"),
        ({"unsure": 0.3}, "bad", "words 90 % sure (30 % of them"),
        ({"unsure": 0.04}, "good", "words 90 % sure, 100 %"),
        ({"unsure": 0.12, "sure": 0.5}, "bad", "words 50 % sure (12 % of them"),
        ({"coverage": 0.994, "longest_gap_seconds": 19.6}, "warn", "99.4 % of the speech (none for 20 s at a stretch)"),
        ({"longest_gap_seconds": 2.0}, "good", "text for 99 % of the speech, words"),
        ({"perhaps_seconds": 4.2}, "warn", "perhaps 4.2 s of speech under music or noise without text"),
        ({"perhaps_seconds": 1.5}, "good", "perhaps 1.5 s of speech"),
        ({"perhaps_seconds": 4.2, "speech_seconds": 3600.0}, "good", "perhaps 4.2 s of speech"),
        ({"cues": 0, "perhaps_seconds": 12.0}, "none", "no cues, though somebody speaks for 300 s; perhaps 12.0 s"),
        ({"coverage": None, "sure": None}, "good", "100 % within the rules"),
        ({"loud_seconds": 750.0}, "good", "text for 99 % of the speech that was found, words"),
        (
            {"loud_seconds": 750.0},
            "good",
            "100 % within the rules; for 12:30 min other sound is louder than speech, and nothing was heard there",
        ),
        ({"loud_seconds": 42.3}, "good", "; for 42 s other sound is louder than speech"),
        ({"loud_seconds": 3.0}, "good", "text for 99 % of the speech, words"),
        ({"cues": 0, "speech_seconds": 0.0, "loud_seconds": 90.0}, "none", "no cues; for 1:30 min other sound"),
    ],
)
def test_a_headline_is_as_good_as_its_worst_figure(change: dict[str, float], grade: str, told: str) -> None:
    found = replace(GOOD, **change)  # type: ignore[arg-type]
    assert found.grade == grade
    assert told in found.told()
    assert "99.9 %" in replace(GOOD, coverage=0.99999).told(), "not all is not 100 %"


def test_of_several_grades_a_track_without_cues_comes_before_a_fair_one() -> None:
    assert worst(["good", "none", "warn"]) == "none"
    assert worst([]) == "none"


def test_the_words_of_very_unsure_lines_are_counted_whatever_the_mean_is() -> None:
    def line(number: int, *scores: float | None) -> Segment:
        words = tuple(Word(at, at + 1, "word", score) for at, score in enumerate(scores))
        return Segment(number, 0, 9, "text", "en", words=words)

    lines = [line(1, 0.9, 0.95, 0.9), line(2, 0.3, 0.6), line(3, None), line(4)]
    assert worth.unsure(lines) == 0.4
    assert worth.unsure(lines[2:]) == 0.0


def document() -> SegmentsDocument:
    words = (Word(1000, 1400, "hola", 0.9), Word(1500, 9000, "amigo", 0.3))
    first = Segment(1, 1000, 9000, "hola amigo", "es", words=words)
    made = Translation("hello friend", "whisper", flags=("made up", "shown as said"))
    second = Segment(2, 12_000, 13_000, "sí", "es", translations={"en": Translation("yes", "whisper")})
    return SegmentsDocument("es", 20_000, (replace(first, translations={"en": made}), second))


def test_speech_without_a_word_for_a_second_has_no_text_whatever_a_words_end_says() -> None:
    speech = [(900, 6000), (11_900, 13_100), (15_000, 18_000)]
    found = [(gap.start_ms, gap.end_ms) for gap in worth.gaps(document(), "es", speech)]
    assert found == [(2950, 6000), (15_000, 18_000)]
    assert len(worth.gaps(document(), "hi", speech)) == 3, "nothing is there in that language"


def test_flags_of_the_translation_and_the_words_scores_make_the_headline() -> None:
    origins = [Origin(1000, 9000, (1,), False), None, Origin(12_000, 13_000, (2,), False)]
    doubts = worth.doubts(document(), "en", origins)
    assert doubts == [Doubt(1, ("made up", "shown as said"))]
    assert worth.doubts(document(), "es", origins) == []
    check = TrackCheck("en", 3, (), {}, {"hard": 1.0}, (), doubts=tuple(doubts))
    speech, missing = [(0, 10_000)], [coverage.Gap(3000, 5000, 2000)]
    check = replace(check, perhaps=((14_000, 17_500),))
    found = worth.headline(document(), check, speech, missing, corrected=False)
    assert found == Headline(3, 10.0, 0.8, 0.6, 1, 1, 1.0, longest_gap_seconds=2.0, perhaps_seconds=3.5)
    by_hand = worth.headline(document(), replace(check, doubts=(), perhaps=()), speech, [], corrected=True)
    assert (by_hand.grade, by_hand.coverage, by_hand.sure) == ("good", None, None)
    assert worth.headline(document(), replace(check, cues=0), None, [], corrected=False).grade == "none"
