"""Subtitles that a film has already, in stage 04: put in time, taken or refused, compared, prompted."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import Any, cast

import pytest

import support
from samvad.documents.existing_subtitles import ExistingCue, ExistingSubtitles
from samvad.documents.segments import Segment, SegmentsDocument, Word
from samvad.runner.stage_run import StageRun
from samvad.stages.asr import existing, given_text, steps
from samvad.stages.asr.given_text import GIVEN, KEY, UNHEARD
from samvad.stages.asr.regions import Region

SAID = (
    "The train to the city leaves at nine.",
    "My sister is waiting by the river with two baskets of mangoes.",
    "Nobody told the captain about the broken lantern.",
    "We shall walk home through the old market before it rains.",
    "Then the monkey stole my grandfather's spectacles!",
    "What a wonderful evening this has been.",
    "Yesterday Fatima and Fatima's cousin from Jaipur wrote a letter.",
    "I said that Jaipur is far away for Fatima.",
)
EACH_MS = 6000


def recognised(lines: tuple[str, ...] = SAID, without: tuple[int, ...] = ()) -> SegmentsDocument:
    """Return what was recognised: a line each six seconds, some not."""
    made = []
    for number, line in enumerate(lines):
        if number in without:
            continue
        at, words = 1000 + number * EACH_MS, []
        for text in line.split():
            words.append(Word(at, at + 60 * len(text), text, 0.9))
            at += 60 * len(text) + 60
        made.append(Segment(number + 1, words[0].start_ms, words[-1].end_ms, line, "en", tuple(words)))
    return SegmentsDocument("en", len(lines) * EACH_MS + 2000, tuple(made))


def subtitles(
    shift_ms: int = 0, lines: tuple[str, ...] = SAID, use: str = "translate", language: str = "en"
) -> ExistingSubtitles:
    cues = tuple(
        ExistingCue(max(0, 1000 + number * EACH_MS + shift_ms), 4500 + number * EACH_MS + shift_ms, line)
        for number, line in enumerate(lines)
    )
    return ExistingSubtitles(use=use, source="track 0: English (subrip)", language=language, ocr=False, cues=cues)


def speech(document: SegmentsDocument) -> list[tuple[int, int]]:
    return [(segment.start_ms, segment.end_ms) for segment in document.segments]


class Told:
    """A stage's run that keeps what it is told."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.metrics: dict[str, Any] = {}
        self.facts: dict[str, Any] = {}
        self.run = cast(
            StageRun,
            SimpleNamespace(
                warn=self.warnings.append,
                metric=lambda name, value, unit="": self.metrics.update({name: value}),
                metadata=lambda name, value: self.facts.update({name: value}),
            ),
        )


@pytest.mark.parametrize("shift_ms", [0, 2500, -800])
def test_subtitles_that_are_off_are_put_right_and_said_to_be(shift_ms: int) -> None:
    document, own, told = recognised(), subtitles(shift_ms), Told()
    found = existing.fit(own, document, speech(document))
    assert existing.usable(told.run, own, found)
    assert told.metrics["existing_shift"] == pytest.approx(-shift_ms / 1000, abs=0.15)
    assert bool(told.warnings) == bool(shift_ms) and found.told().startswith("off" if shift_ms else "in time")
    placed = given_text.place(document, existing.lines(own, found))
    assert [segment.text for segment in placed.document.segments] == list(SAID)
    true = [segment.start_ms for segment in document.segments]
    assert all(abs(one.start_ms - start) < 100 for one, start in zip(placed.document.segments, true, strict=True))


def test_a_line_that_was_not_recognised_stands_where_its_subtitle_is_in_the_films_time() -> None:
    document, own = recognised(without=(2, 5)), subtitles(2500)
    found = existing.fit(own, document, speech(recognised()))
    placed = given_text.place(document, existing.lines(own, found))
    assert (placed.by_times, placed.left_out) == (2, ())
    third = placed.document.segments[2]
    assert (third.text, third.extra[KEY]) == (SAID[2], UNHEARD)
    assert abs(third.start_ms - (1000 + 2 * EACH_MS)) < 200
    assert placed.document.segments[1].extra[KEY] == GIVEN


def test_words_that_were_recognised_far_from_their_subtitle_do_not_stretch_a_line_over_the_film() -> None:
    """The last words of the sixth line are heard too early, in what somebody else says."""
    document = recognised()
    words = list(document.segments[5].words)
    words[0] = Word(words[0].start_ms - 5500, words[0].start_ms - 5300, words[0].text, 0.9)
    segments = list(document.segments)
    segments[5] = Segment(6, words[0].start_ms, words[-1].end_ms, SAID[5], "en", tuple(words))
    document = SegmentsDocument("en", document.duration_ms, tuple(segments))
    own = subtitles()
    found = existing.fit(own, document, speech(recognised()))
    placed = given_text.place(document, existing.lines(own, found))
    sixth = next(segment for segment in placed.document.segments if segment.text == SAID[5])
    assert sixth.end_ms - sixth.start_ms < 5000 and abs(sixth.start_ms - (1000 + 5 * EACH_MS)) < 500


def test_another_films_subtitles_are_not_taken() -> None:
    other = (
        "Colonel, the bridge has been blown up during the night.",
        "Send two divisions to the eastern hills at once!",
        "Our radio has been silent since midnight, sir.",
    )
    document, own, told = recognised(), subtitles(lines=other), Told()
    found = existing.fit(own, document, speech(document))
    assert found.words == 0
    if found.found is None:
        assert not existing.usable(told.run, own, found)
        assert "do not fit its sound" in told.warnings[0]
    else:
        pytest.fail(f"a clock was found: {found.told()}")


def test_agreement_says_words_times_and_what_one_of_both_lacks() -> None:
    document, own, told = recognised(without=(3,)), subtitles(use="measure", lines=(*SAID[:6], "", "")), Told()
    own = ExistingSubtitles(**{**vars(own), "cues": own.cues[:6]})
    found = existing.fit(own, document, speech(recognised()))
    existing.measure(told.run, own, found, document)
    lacking, more = len(SAID[3].split()), len(" ".join(SAID[6:]).replace("'s", "").split())
    most = max(sum(len(line.split()) for line in SAID[:6]), sum(len(s.text.split()) for s in document.segments))
    assert told.metrics["existing_words_agree"] == pytest.approx(1 - (lacking + more) / most, abs=0.02)
    assert told.metrics["existing_cues_in_time"] == told.metrics["existing_cues_recognised"] == 5
    assert told.metrics["existing_not_recognised"] == pytest.approx(3.5, abs=0.3)
    assert "nothing was recognised: 00:00:19" in told.warnings[0]
    assert "where the film's own subtitles have none: 00:00:37" in told.warnings[1]
    assert told.facts["existing"]["fit"].startswith("in time")


def test_the_same_text_agrees_wholly() -> None:
    document, own, told = recognised(), subtitles(use="measure"), Told()
    existing.measure(told.run, own, existing.fit(own, document, speech(document)), document)
    assert (told.metrics["existing_words_agree"], told.warnings) == (1.0, [])


@pytest.mark.parametrize("use", ["translate", "measure"])
def test_a_given_text_comes_first_and_is_said_to(use: str) -> None:
    told, document = Told(), recognised()
    regions = [Region(start_ms, end_ms) for start_ms, end_ms in speech(document)]
    given = [given_text.Line("Another text.")]
    assert steps.use_existing(told.run, document, subtitles(use=use), regions, given) == given
    assert bool(told.warnings) == (use == "translate")
    assert ("existing_words_agree" in told.metrics) == (use == "measure")


def test_names_are_told_to_the_recogniser_once() -> None:
    assert existing.terms(subtitles(), ["Sita"])[:2] == ["Fatima", "Jaipur"]
    assert existing.terms(subtitles(), ["Fatima"]) == ["Jaipur"]


@pytest.mark.parametrize(
    ("language", "lines", "told"),
    [
        ("hi", ("तब ज्ञानेश्वरी स्टेशन गई।", "और ज्ञानेश्वरी ने मुझे देखा।", "मैं घर गया। मैं घर गया।"), ["ज्ञानेश्वरी"]),
        ("hi", ("OK ज्ञानेश्वरी, चलो।", "और ज्ञानेश्वरी ने मुझे देखा।"), ["ज्ञानेश्वरी"]),
        ("ja", ("山田太郎 です", "山田太郎 だ"), ["山田太郎"]),
    ],
)
def test_in_a_script_without_capitals_rare_words_that_come_again_are_told(
    language: str, lines: tuple[str, ...], told: list[str]
) -> None:
    """In the stage's own environment: the frequencies of words are a package of that."""
    code = (
        "import sys; sys.path.insert(0, 'scripts')\n"
        "from samvad.documents.existing_subtitles import ExistingCue, ExistingSubtitles\n"
        "from samvad.stages.asr import existing\n"
        f"lines = {lines!r}\n"
        "cues = tuple(ExistingCue(at * 1000, at * 1000 + 900, line) for at, line in enumerate(lines))\n"
        f"own = ExistingSubtitles(use='prompt', source='', language={language!r}, ocr=False, cues=cues)\n"
        "print(existing.terms(own, []))"
    )
    line = ["bash", "-c", 'source envs/lib.bash; exec "$(environment_dir asr)/bin/python" "$@"', "-", "-c", code]
    done = subprocess.run(line, cwd=support.ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == repr(told), done.stderr
