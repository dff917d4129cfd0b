"""What people are told of doubted text, and what they decide."""

from __future__ import annotations

from pathlib import Path

import pytest

from judged_text import NOISE, PHRASES, given_verdicts, judge, said, spoken_words
from samvad.core.errors import ConfigurationError
from samvad.documents import review
from samvad.documents.review import Decision
from samvad.documents.segments import SegmentsDocument
from samvad.stages.hallucination_removal import report
from samvad.stages.hallucination_removal.measures import Evidence


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


def test_the_list_for_people_is_one_line_a_segment_whatever_the_text_holds() -> None:
    evil = said("one\ttwo\nthree\r\nfour\u2028five", 1000, 1500, decoding=NOISE)
    table = report.quarantine_tsv(judge(said("kept"), evil).document)
    header, row = table.splitlines()
    assert header.split("\t") == ["id", "start", "end", "verdict", "reasons", "text", "recognised"]
    assert row.split("\t")[:4] == ["2", "00:00:01.000", "00:00:01.500", "quarantine"]
    assert row.split("\t")[5] == "one two three four five"


def test_counts_and_share_are_of_what_was_judged() -> None:
    judged = judge(
        said("Where were you yesterday night"),
        said("y" * 20, 1000, 1200, decoding=NOISE),
        said("z" * 10, decoding={"no_speech_prob": 0.7}),
    )
    assert report.counts(judged) == {
        "kept": 1, "suspect": 1, "quarantined": 1, "loops_cut_back": 0, "signal_doubt": 1, "signal_no_speech_prob": 2,
        "signal_pace": 1,
    }  # fmt: skip
    assert report.quarantined_share(judged.document) == pytest.approx(20 / 60)
    assert report.quarantined_share(SegmentsDocument("und", 0)) == 0.0
