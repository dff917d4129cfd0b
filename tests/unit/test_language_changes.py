"""A stretch of speech is cut where its language changes, and nowhere else."""

from __future__ import annotations

import wave
from types import SimpleNamespace

import numpy as np
import pytest

from samvad.media.audio import SAMPLE_RATE_HZ, FilmAudio
from samvad.stages.asr import film_languages, language, language_changes
from samvad.stages.asr.language_changes import Change
from samvad.stages.asr.regions import Region

#: Start and language of what is said, in a minute of sound; a short dip of loudness lies before each.
SAID = ((0, "hi"), (7_300, "en"), (13_100, "hi"))


def spoken(said=SAID, mumbled=()):
    """Stand where the network stands: a window has what is said in it for its languages; nothing else is mumbled."""

    def hear(found, silence_ms=0):
        answers = []
        for window in found:
            (first, last), *_ = window.stretches
            ends = [start for start, _ in said[1:]] + [60_000]
            shared = {}
            for (start, name), end in zip(said, ends, strict=True):
                inside = max(0, min(end, last) - max(start, first)) / (last - first)
                shared[name] = shared.get(name, 0.0) + inside
            sure = 0.02 if any(first < end and last > start for start, end in mumbled) else 0.95
            answers.append({name: sure * share for name, share in shared.items() if share} | {"la": 1 - sure})
        return answers

    return hear


@pytest.fixture
def audio(tmp_path):
    """A minute of noise with dips of 160 ms: where the language changes, and at other times too."""
    samples = np.random.default_rng(1).normal(0, 4_000, 60 * SAMPLE_RATE_HZ)
    for at_ms in (3_000, 6_100, 7_300, 9_000, 10_500, 13_100, 14_600):
        at = at_ms * SAMPLE_RATE_HZ // 1000
        samples[at - 1_280 : at + 1_280] /= 30
    path = tmp_path / "audio.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return FilmAudio(path)


def test_a_stretch_is_cut_at_the_quiet_moments_between_its_languages(audio):
    speech = [Region(0, 20_000), Region(30_000, 33_000)]
    found = language_changes.cut(spoken(), audio, speech, ["hi", "en"])
    assert [(change.before, change.after, change.cut) for change in found.changes] == [
        ("hi", "en", True),
        ("en", "hi", True),
    ]
    assert [change.at_ms for change in found.changes] == pytest.approx([7_300, 13_100], abs=80)
    assert [region.language for region in found.speech] == ["hi", "en", "hi", ""]
    edges = [(region.start_ms, region.end_ms) for region in found.speech]
    assert edges[0][0] == 0 and edges[2][1] == 20_000 and edges[3] == (30_000, 33_000)
    assert edges[0][1] == edges[1][0] and edges[1][1] == edges[2][0]
    assert found.unsure == [] and found.record()[0] == {**vars(found.changes[0])}


def test_what_was_cut_keeps_its_languages_when_the_rest_is_named(audio):
    found = language_changes.cut(spoken(), audio, [Region(0, 20_000), Region(30_000, 33_000)], ["hi", "en"])
    asked = []

    def hear(windows, silence_ms):
        asked.extend(window.start_ms for window in windows)
        return [{"en": 0.9} for _ in windows]

    assert [r.language for r in language.name_languages(hear, found.speech, ["hi", "en"])] == ["hi", "en", "hi", "en"]
    assert asked == [30_000]


@pytest.mark.parametrize("said", [((0, "hi"),), ((0, "ur"),), ((0, "mr"),), ((0, "en"),)])
def test_one_language_is_never_cut_however_much_of_it_is_mumbled(audio, said):
    speech = [Region(0, 28_000), Region(30_000, 37_000)]
    for mumbled in ((), ((5_000, 9_000), (20_000, 31_000))):
        found = language_changes.cut(spoken(said, mumbled), audio, speech, ["hi", "en"])
        assert found.speech == speech and found.changes == ()


def test_a_word_or_two_in_another_language_tear_no_sentence(audio):
    said = ((0, "hi"), (6_100, "en"), (7_300, "hi"))
    found = language_changes.cut(spoken(said), audio, [Region(0, 20_000)], ["hi", "en"])
    assert found.speech == [Region(0, 20_000)] and found.changes == ()


def test_a_part_that_is_no_longer_sure_when_it_is_heard_whole_is_not_cut_off_but_told_of(audio):
    hear = spoken()

    def doubts(windows, silence_ms):
        answers = hear(windows, silence_ms)
        return [
            {"la": 1.0} if window.length_ms > 4_500 and window.start_ms > 5_000 else heard
            for window, heard in zip(windows, answers, strict=True)
        ]

    found = language_changes.cut(doubts, audio, [Region(0, 20_000)], ["hi", "en"])
    assert found.speech == [Region(0, 20_000)]
    assert [change.cut for change in found.unsure] == [False, False] and len(found.changes) == 2


def test_one_doubtful_part_leaves_the_other_cuts(audio):
    """The last part is mumbled: it stays with the English before it, and the Hindi before that is still cut off."""
    hear = spoken(((0, "hi"), (7_300, "en"), (16_000, "hi")))

    def doubts(windows, silence_ms):
        answers = hear(windows, silence_ms)
        return [
            {"la": 1.0} if window.end_ms == 20_000 and 13_000 < window.start_ms != 16_000 else heard
            for window, heard in zip(windows, answers, strict=True)
        ]

    found = language_changes.cut(doubts, audio, [Region(0, 20_000)], ["hi", "en"])
    assert [(change.before, change.after, change.cut) for change in found.changes] == [
        ("hi", "en", True),
        ("en", "hi", False),
    ]
    first, second = found.speech
    assert (first.language, second.language) == ("hi", "en")
    assert first.end_ms == second.start_ms == pytest.approx(7_300, abs=80) and second.end_ms == 20_000


def test_a_sound_without_a_place_for_a_cut_is_told_of(audio):
    """The second language begins a second before the end: what is cut off would be too short."""
    found = language_changes._changes(
        language_changes._Ears(spoken(), audio, ("hi", "en")),
        Region(0, 6_000),
        [(window, name) for window, name in zip(language.parts(Region(0, 6_000)), ("en", "hi"), strict=True)],
    )
    assert [change.cut for change in found] == [True]  # 2.5 s are left on both sides
    short = Region(0, 4_900)
    windows = [language.middle(Region(0, 2_400)), language.middle(Region(2_400, 4_900))]
    ears = language_changes._Ears(spoken(), audio, ("hi", "en"))
    assert language_changes._changes(ears, short, list(zip(windows, ("en", "hi"), strict=True))) == [
        Change(2_425, "en", "hi", cut=False)
    ]


def test_songs_short_stretches_and_films_in_one_language_are_not_listened_to(audio):
    asked = []

    def hear(windows, silence_ms):
        asked.extend(windows)
        return spoken()(windows)

    speech = [Region(0, 20_000, sung=True), Region(20_000, 25_900)]
    assert language_changes.cut(hear, audio, speech, ["hi", "en"]).speech == speech
    assert language_changes.cut(hear, audio, [Region(0, 20_000)], ["hi"]).speech == [Region(0, 20_000)]
    assert asked == []


class Run:
    """What a stage tells its record."""

    def __init__(self):
        self.told, self.warnings = {}, []

    def metadata(self, key, value):
        self.told[key] = value

    def metric(self, name, value, unit):
        self.told[name] = value

    def warn(self, text):
        self.warnings.append(text)


def test_the_stage_names_and_records_what_was_cut_and_warns_of_what_was_not(audio):
    def named(hear):
        run = Run()
        recogniser = SimpleNamespace(
            audio=audio,
            fallback=SimpleNamespace(engine=SimpleNamespace(multilingual=True)),
            detect_language_briefly=hear,
        )
        speech = [Region(0, 20_000), Region(30_000, 33_000)]
        found = film_languages.name(run, recogniser, speech, ["hi", "en"])
        film_languages.record(run, found, ["hi", "en"])
        return run, found

    run, found = named(spoken())
    assert [region.language for region in found] == ["hi", "en", "hi", "hi"] and run.warnings == []
    assert [change["cut"] for change in run.told["language_changes"]] == [True, True]
    assert run.told["speech_in_en"] == pytest.approx(5.8, abs=0.2)

    hear = spoken()
    run, found = named(
        lambda windows, silence_ms: [
            {"la": 1.0} if window.length_ms > 4_500 and window.start_ms > 5_000 else heard
            for window, heard in zip(windows, hear(windows), strict=True)
        ]
    )
    assert len(found) == 2 and "near 00:00:07" in run.warnings[0] and "hi to en" in run.warnings[0]


def test_a_relative_that_is_spoken_in_the_film_counts_for_itself(audio):
    said = ((0, "mr"), (7_300, "hi"))
    found = language_changes.cut(spoken(said), audio, [Region(0, 20_000)], ["hi", "mr"])
    assert [(change.before, change.after) for change in found.changes] == [("mr", "hi")]
    assert language_changes.cut(spoken(said), audio, [Region(0, 20_000)], ["hi", "en"]).changes == ()


def test_parts_cover_a_long_region_and_a_short_one_is_heard_in_its_middle():
    windows = language.parts(Region(1_000, 10_001))
    assert [window.stretches for window in windows] == [((1_000, 4_000),), ((4_000, 7_000),), ((7_000, 10_001),)]
    assert language.parts(Region(0, 5_900))[0].stretches == ((950, 4_950),)
    assert len(language.parts(Region(0, 20_000, sung=True))) == 1
