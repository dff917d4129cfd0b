"""Speech under other sound that no detector is sure of: found by weak signs, recognised where sure, else named."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from samvad.documents import coverage
from samvad.documents.coverage import Coverage, Gap
from samvad.documents.segments import Segment, Word
from samvad.media import sound_events
from samvad.media.sound_curve import SoundCurve
from samvad.stages.asr import covered, gaps, loudness, regions, steps, windows
from samvad.stages.asr.chunks import Chunk, RawWord
from samvad.stages.asr.loudness import Loudness
from samvad.stages.asr.regions import Region

RATE_HZ = 16_000
SURE = {"avg_logprob": -0.3, "no_speech_prob": 0.1, "compression_ratio": 1.0, "temperature": 0.0}


QUIET = SoundCurve(500, (0.0,) * 60, (0.0,) * 60, (0.0,) * 60)
#: Beside speech all else is soft.
SOFT = Loudness(np.full(60, -40.0))


def nobody(times_ms: Any) -> Any:
    return np.zeros(len(times_ms))


class Sound:
    """A sound in memory, as the stage's own reads it."""

    def __init__(self, seconds: float) -> None:
        self.duration_ms = round(seconds * 1000)

    def piece(self, start_ms: int, end_ms: int) -> Any:
        return np.zeros((min(end_ms, self.duration_ms) - start_ms) * 16, dtype=np.float32)


def level(samples: Any) -> float:
    return float(10 * np.log10(np.mean(np.square(samples)) + 1e-12))


def test_what_stays_the_same_is_taken_out_and_what_comes_and_goes_stays() -> None:
    time = np.arange(12 * RATE_HZ) / RATE_HZ
    chord = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220, 277, 330)) * 0.1
    syllables = np.where((time % 1 > 0.8) & (time > 6), np.sin(2 * np.pi * 1_000 * time), 0) * 0.1
    before = (chord + syllables).astype(np.float32)
    after = covered.uncovered(before)
    assert len(after) == len(before) and after.dtype == np.float32
    spoken, bare = (time > 8) & (time < 11) & (time % 1 > 0.85), (time > 2) & (time < 5)
    assert abs(level(before[spoken]) - level(before[bare])) < 2
    assert level(after[spoken]) - level(after[bare]) > 6
    assert not covered.uncovered(np.zeros(5 * RATE_HZ, np.float32)).any()
    assert len(covered.uncovered(np.zeros(100, np.float32))) == 100


def test_what_stays_is_the_median_of_each_frequency() -> None:
    frames = np.random.default_rng(1).random((63, 5)).astype(np.float32)
    np.testing.assert_array_equal(covered._middle(frames), np.median(frames, axis=0))
    np.testing.assert_array_equal(covered._middle(frames[:4]), np.sort(frames[:4], axis=0)[2])


def test_what_may_be_speech_is_what_lies_beside_that_which_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(covered, "_weak_voices", lambda *_: [(1_000, 9_000, False, 0.5), (20_000, 22_000, True, 0.5)])
    found = covered.perhaps([Region(3_000, 5_000), Region(8_500, 10_000, sung=True)], Sound(30), QUIET, SOFT)  # type: ignore[arg-type]
    assert [(region.start_ms, region.end_ms) for region in found] == [(1_000, 3_000), (5_000, 8_500), (20_000, 22_000)]
    assert [region.faint for region in found] == [False, False, True], "of the last there is but the least sign"
    short = covered.perhaps([Region(1_900, 20_000), Region(20_900, 22_000)], Sound(30), QUIET, SOFT)  # type: ignore[arg-type]
    assert short == [], "less than a second is the edge of what was heard"


def test_only_what_is_more_than_the_least_sign_is_decoded_and_all_of_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [
        (4_000, 6_000, False, 0.5),
        (15_000, 15_400, False, 0.5),
        (1_000, 4_000, True, 0.5),
        (6_000, 9_000, True, 0.5),
        (15_400, 19_000, True, 0.5),
    ]
    monkeypatch.setattr(covered, "_weak_voices", lambda *_: found)
    parts = covered.perhaps([], Sound(30), QUIET, SOFT)  # type: ignore[arg-type]
    assert [(one.start_ms, one.end_ms) for one in parts if not one.faint] == [(4_000, 6_000)], (
        "less is too short to try"
    )
    assert [(one.start_ms, one.end_ms) for one in regions.union(parts)] == [(1_000, 9_000), (15_000, 19_000)]


def test_weak_voices_are_times_in_the_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = np.zeros(400, np.float32)
    heard[100:200] = 0.3
    network = SimpleNamespace(get_vad_model=lambda: lambda _: heard)
    monkeypatch.setattr(sound_events, "speech", lambda samples, step: np.full(-(-len(samples) // step), 0.05))
    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(vad=network))
    monkeypatch.setitem(sys.modules, "faster_whisper.vad", network)
    ((start_ms, end_ms, faint, _),) = covered._weak_voices(np.zeros(400 * 512, np.float32), [], nobody)
    assert 2_300 < start_ms < 3_300 and 6_300 < end_ms < 7_300 and not faint
    beside = [(0.0, 3_200.0), (6_400.0, 20_000.0)]
    ((start_ms, end_ms, faint, _),) = covered._weak_voices(np.zeros(400 * 512, np.float32), beside, nobody)
    assert abs(start_ms - 3_200) <= 32 and abs(end_ms - 6_400) <= 32 and not faint
    heard[:] = 0.9
    heard[100:140] = 0.0
    pause = [(0.0, 3_200.0), (4_480.0, 20_000.0)]
    assert list(covered._weak_voices(np.zeros(400 * 512, np.float32), pause, nobody)) == [], "a pause in speech"


@pytest.mark.parametrize(
    ("silero", "song_detector", "cleared", "found"),
    [
        (0.05, 0.6, 0.0, True),
        (0.05, 0.1, 0.0, False),
        (0.005, 0.9, 0.9, False),
        (0.2, 0.0, 0.02, True),
        (0.2, 0.0, 0.005, False),
        (0.025, 0.0, 0.2, True),
        (0.025, 0.0, 0.05, False),
    ],
    ids=[
        "both hear a little",
        "one hears a little",
        "a siren",
        "one hears more",
        "one hears more, the other next to nothing: hiss",
        "both hear a little once the sound is cleared",
        "one hears a little once it is",
    ],
)
def test_a_voice_that_two_detectors_hear_a_little_of_is_a_weak_sign(
    monkeypatch: pytest.MonkeyPatch, silero: float, song_detector: float, cleared: float, found: bool
) -> None:
    asked: list[int] = []

    def speech(samples: Any, step: int) -> Any:
        asked.append(len(samples))
        return np.full(-(-len(samples) // step), cleared, np.float32)

    monkeypatch.setattr(sound_events, "speech", speech)
    heard = np.zeros(800, np.float32)
    heard[100:400] = silero
    network = SimpleNamespace(get_vad_model=lambda: lambda _: heard)
    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(vad=network))
    monkeypatch.setitem(sys.modules, "faster_whisper.vad", network)
    curve = SoundCurve(500, (0.0,) * 6 + (song_detector,) * 20, (0.0,) * 26, (0.0,) * 26)
    stretches = covered.perhaps([], Sound(25.6), curve, SOFT)  # type: ignore[arg-type]
    assert bool(stretches) == found
    assert all(one.faint == (silero < 0.03) for one in stretches), "what only the cleared sound shows is not decoded"
    assert all(2_000 < one.start_ms < 5_000 and 11_000 < one.end_ms < 14_500 for one in stretches)
    assert bool(asked) == (silero > 0.02)
    assert sum(asked) < 16 * RATE_HZ, "only where it may decide is it asked"


@pytest.mark.parametrize(("singing", "found"), [(0.3, True), (0.0, False)])
def test_a_singer_is_heard_by_the_song_detector_where_speech_is_not(
    monkeypatch: pytest.MonkeyPatch, singing: float, found: bool
) -> None:
    monkeypatch.setattr(covered, "_weak_voices", lambda *_: [(4_000, 9_000, False, 0.0)])
    curve = SoundCurve(500, (0.0,) * 60, (singing,) * 60, (0.0,) * 60)
    assert bool(covered.perhaps([], Sound(30), curve, SOFT)) is found  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("silero", "song_detector", "over_db", "found"),
    [(0.015, 0.6, 0.0, True), (0.015, 0.45, 0.0, False), (0.004, 0.9, 0.0, False), (0.015, 0.6, -6.0, False)],
    ids=["both hear a little", "one hears little", "a siren", "other sound is soft"],
)
def test_deep_under_louder_sound_two_detectors_together_are_a_sign_which_is_but_named(
    monkeypatch: pytest.MonkeyPatch, silero: float, song_detector: float, over_db: float, found: bool
) -> None:
    cleared: list[tuple[int, float]] = []

    def uncovered(samples: Any, times: float = 1.0, least: float = 0.05) -> Any:
        cleared.append((len(samples), times))
        return np.full(len(samples), 0.5 if times > 1 else 0.0, np.float32)

    monkeypatch.setattr(covered, "uncovered", uncovered)
    network = SimpleNamespace(get_vad_model=lambda: lambda samples: samples[::512] * 2 * silero)
    monkeypatch.setattr(sound_events, "speech", lambda samples, step: np.full(-(-len(samples) // step), song_detector))
    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(vad=network))
    monkeypatch.setitem(sys.modules, "faster_whisper.vad", network)
    loud = Loudness(np.where((np.arange(60) >= 30) & (np.arange(60) < 40), over_db, -20.0))
    stretches = covered.perhaps([Region(17_000, 18_000)], Sound(30), QUIET, loud)  # type: ignore[arg-type]
    assert [(round(one.start_ms, -2), round(one.end_ms, -2)) for one in stretches] == (
        [(15_000, 17_000), (18_000, 20_000)] if found else []
    )
    assert all(one.faint for one in stretches), "it is not decoded"
    assert [samples < 14 * RATE_HZ for samples, times in cleared if times > 1] == [True] * (over_db >= -3), (
        "what is not loud is not heard again"
    )


class Film(Sound):
    """Speech at -30 dB of full scale, then music at -20, then both softly."""

    def piece(self, start_ms: int, end_ms: int) -> Any:
        levels = np.repeat([-30.0, -20.0, -60.0], 10 * RATE_HZ)
        return (np.power(10, levels / 20).astype(np.float32) * np.resize([1, -1], len(levels)))[
            start_ms * 16 : min(end_ms, self.duration_ms) * 16
        ]


def test_sound_that_is_louder_than_a_film_s_speech_could_hide_somebody() -> None:
    speech = [Region(1_000, 8_000), Region(14_000, 15_000, sung=True)]
    loud = loudness.measure(Film(30), speech)  # type: ignore[arg-type]
    assert abs(loud.over_db[30] - 10) < 0.1 and abs(loud.over_db[5]) < 0.1 and loud.over_db[50] < -29
    assert not loud.near(np.array([26_000.0, 40_000.0])).any(), "nor after the film's end"
    hidden = loud.hiding([*speech, Region(11_200, 12_200)], 30_000)
    assert [(one.start_ms, one.end_ms) for one in hidden[1:]] == [(12_200, 14_000), (15_000, 20_000)], (
        "silence behind it is none"
    )
    none = loudness.measure(Film(30), [])  # type: ignore[arg-type]
    assert abs(none.over_db[30] - 6) < 0.1, "without speech the usual level of speech counts"
    assert loudness.measure(Film(0), []).hiding([], 0) == []  # type: ignore[arg-type]


class Scene(Sound):
    """Words with pauses at -30 dB of full scale for 10 s, then 20 s over music at -20, where they are found, too."""

    def piece(self, start_ms: int, end_ms: int) -> Any:
        time = np.arange(30 * RATE_HZ) / RATE_HZ
        levels = np.where(time >= 10, -20.0, np.where(time % 0.5 < 0.3, -30.0, -70.0))
        return (np.power(10, levels / 20).astype(np.float32) * np.resize([1, -1], len(levels)))[
            start_ms * 16 : min(end_ms, self.duration_ms) * 16
        ]


def test_how_loud_people_speak_is_asked_where_they_speak_in_the_clear() -> None:
    loud = loudness.measure(Scene(30), [Region(0, 28_000)])  # type: ignore[arg-type]
    assert abs(loud.over_db[50] - 12.2) < 0.1, "with the pauses the words are at -32.2 dB"
    assert [(one.start_ms, one.end_ms) for one in loud.hiding([Region(0, 28_000)], 30_000)] == [(28_000, 30_000)]


def test_where_nobody_could_be_heard_is_written_down_and_is_no_warning(tmp_path: Path) -> None:
    run: Any = Run(tmp_path)
    heard = [Segment(1, 1_000, 3_000, "We never left that house at all.", "en")]
    hidden = [Region(10_000, 12_000), Region(20_000, 90_000)]
    given = [*heard, Segment(2, 10_000, 12_000, "A line that was given.", "en")]
    recognised = steps.Recognised(heard, 7, [], [Region(1_000, 3_000)], [], hidden)
    steps.record_coverage(run, recognised, given, given)
    written = coverage.read(tmp_path / "coverage.json")
    assert written.loud == (Gap(20_000, 90_000, 70_000),), "what has text is hidden from nobody"
    assert written.share == 1 and written.perhaps == () and run.warnings == []
    assert coverage.loud(tmp_path / "coverage.json") == ((20_000, 90_000),)
    assert run.metrics["loud_sound_without_speech"] == 70


def test_words_without_time_are_told_of_as_they_are_written(tmp_path: Path) -> None:
    """An aligner gives words other times than the recogniser, and a given text has words of its own."""
    crammed = tuple(Word(1_000 + 10 * n, 1_010 + 10 * n, "words", 0.5) for n in range(6))
    aligned = tuple(Word(1_000 + 400 * n, 1_400 + 400 * n, "words", 0.5) for n in range(6))
    tight, loose = (Segment(1, 1_000, words[-1].end_ms, "words " * 6, "en", words) for words in (crammed, aligned))
    for heard, written, told in ((tight, loose, 0), (loose, tight, 6)):
        run: Any = Run(tmp_path)
        found = steps.Recognised([heard], 6, [], [Region(1_000, 3_400)], [])
        steps.record_coverage(run, found, [heard], [written])
        assert run.metrics["words_without_time"] == told
        assert any("less time than anybody needs" in text for text in run.warnings) == bool(told)


def test_what_may_be_speech_is_heard_in_the_language_that_is_spoken_next_to_it() -> None:
    speech = [Region(0, 4_000, "en"), Region(8_000, 9_000, "es", sung=True), Region(20_000, 24_000, "hi")]
    found = covered.in_languages([Region(7_000, 8_000), Region(15_000, 19_000)], speech)
    assert [region.language for region in found] == ["en", "hi"]
    assert covered.in_languages([Region(5_000, 7_000)], speech[1:2])[0].language == "es", "where all of it is sung"


def said(*words: tuple[str, int, int], sure: float = 0.9, **figures: float) -> Chunk:
    raw = tuple(RawWord(f" {text}", start, end, sure) for text, start, end in words)
    (window,) = windows.spans([Region(raw[0].start_ms, raw[-1].end_ms, "en")])
    return Chunk(window.start_ms, window.end_ms, "en", " ".join(w[0] for w in words), raw, {**SURE, **figures}, window)


def test_a_stretch_counts_as_speech_from_its_first_word_to_its_last() -> None:
    found = covered.with_text(
        [Region(1_000, 9_000, "en"), Region(20_000, 25_000, "en")],
        [said(("we", 2_000, 2_200), ("never", 2_300, 2_700)), said(("left", 30_000, 30_400))],
    )
    assert found == [Region(1_800, 2_900, "en")]


def test_what_lies_between_two_words_of_a_long_stretch_stays_perhaps_speech(tmp_path: Path) -> None:
    region = Region(0, 60_000, "en")
    chunks = [said(("we", 5_000, 5_300)), said(("left", 55_000, 58_900))]  # drawn out by the recogniser
    added = covered.with_text([region], chunks)
    assert added == [Region(4_800, 5_500, "en"), Region(54_800, 56_320, "en")]
    run: Any = Run(tmp_path)
    segments = [Segment(1, 5_000, 5_300, "we", "en"), Segment(2, 55_000, 56_000, "left", "en")]
    steps.record_coverage(run, steps.Recognised(segments, 2, chunks, added, [region]), segments, segments)
    written = coverage.read(tmp_path / "coverage.json")
    assert written.gaps == () and len(written.perhaps) == 3, "a place is named once"


def test_a_word_between_two_weak_signs_is_heard_no_second_time() -> None:
    heard: list[tuple[int, int]] = []

    def decode(found: Any, _: Any) -> list[Chunk]:
        heard.extend(stretch for window in found for stretch in window.stretches)
        return [replace(said(("x", 0, 1)), words=(), window=window) for window in found]

    filler = gaps.GapFiller(decode, Sound(20), lambda _: [], lambda *_: 0.9, weak=True)  # type: ignore[arg-type]
    filler.fill([said(("no", 3_210, 3_390))], [Region(1_000, 3_000, "en"), Region(3_600, 5_600, "en")])
    assert heard and all(end <= 3_210 or start >= 3_390 for start, end in heard)


def weakly(logprob: float, sure: float = 0.9) -> tuple[list[Chunk], list[str]]:
    """Let a model answer in a weak stretch of six seconds; return what is taken, and the tries."""
    tries: list[str] = []

    def decode(found: Any, strategy: Any) -> list[Chunk]:
        tries.extend(strategy.name for _ in found)
        words = [(f"{at * 7919 % 997:x}", at, at + 350) for at in range(1_200, 6_800, 400)]
        heard = said(*words, sure=sure, avg_logprob=logprob)
        return [replace(heard, window=window, start_ms=window.start_ms, end_ms=window.end_ms) for window in found]

    filler = gaps.GapFiller(decode, Sound(20), lambda _: [], lambda *_: 0.9, weak=True)  # type: ignore[arg-type]
    return filler.fill([], [Region(1_000, 7_000, "en")]), tries


def test_only_a_sure_text_is_taken_where_the_sign_is_weak() -> None:
    (taken,), tries = weakly(-0.5)
    assert taken.words and tries == ["a window of its own"]
    for doubted in (weakly(-1.0), weakly(-0.5, sure=0.3)):
        assert doubted == ([], ["a window of its own", "small windows, cut earlier"]), "two alike are not enough"


class Run:
    """What a stage's run keeps of what it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.metrics, self.warnings = folder, dict[str, Any](), list[str]()

    def output(self, name: str, _: str) -> Path:
        return self.folder / name

    def metric(self, name: str, value: Any, _: str = "") -> None:
        self.metrics[name] = value

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def test_a_film_all_of_whose_speech_is_covered_does_not_pass_for_a_silent_one(tmp_path: Path) -> None:
    run: Any = Run(tmp_path)
    found = steps.no_speech(run, steps.Heard([], [Region(2_000, 6_500)], [], lambda *_: None))
    steps.record_coverage(run, found, found.segments, found.segments)
    assert coverage.read(tmp_path / "coverage.json").perhaps == (Gap(2_000, 6_500, 4_500),)
    assert coverage.perhaps(tmp_path / "coverage.json") == ((2_000, 6_500),)
    assert run.metrics["perhaps_speech_without_text"] == 4.5
    assert any("may cover 4.5 s of speech" in text and "00:00:02.000" in text for text in run.warnings)
    assert json.loads((tmp_path / "speech_regions.json").read_text("utf-8"))["regions"] == []


def test_given_text_that_stands_where_somebody_perhaps_speaks_is_text(tmp_path: Path) -> None:
    run: Any = Run(tmp_path)
    found = steps.no_speech(run, steps.Heard([], [Region(2_000, 6_500)], [], lambda *_: None))
    given = [Segment(1, 2_000, 6_500, "Nobody heard this line, but here it is.", "en")]
    steps.record_coverage(run, found, given, given)
    assert coverage.read(tmp_path / "coverage.json").perhaps == ()
    assert run.metrics["perhaps_speech_without_text"] == 0


def test_what_was_recognised_under_other_sound_is_speech_from_then_on(tmp_path: Path) -> None:
    run: Any = Run(tmp_path)
    whole = [Region(0, 4_000), Region(9_000, 12_000, sung=True)]
    steps.write_regions(run, steps.Heard(whole, [], whole, lambda *_: None), [Region(5_000, 7_000, "en")])
    found = json.loads((tmp_path / "speech_regions.json").read_text("utf-8"))["regions"]
    assert [item["start_ms"] for item in found] == [0, 5_000, 9_000] and found[2]["sung"]
    assert run.metrics == {"covered_speech_added": 2.0, "speech_duration": 9.0}


def test_what_has_text_is_no_longer_perhaps_speech_and_older_records_have_none(tmp_path: Path) -> None:
    run: Any = Run(tmp_path)
    steps.write_coverage(run, Coverage(1_000, 1_000), [], ())
    assert run.warnings == [] and coverage.perhaps(tmp_path / "coverage.json") == ()
    old = json.loads((tmp_path / "coverage.json").read_text("utf-8"))
    del old["perhaps"], old["loud"]
    (tmp_path / "coverage.json").write_text(json.dumps(old), "utf-8")
    assert coverage.read(tmp_path / "coverage.json").perhaps == ()
    assert coverage.loud(tmp_path / "coverage.json") == ()


def test_regions_beside_others() -> None:
    found = regions.beside([Region(0, 10_000, sung=True)], [Region(2_000, 3_000), Region(9_500, 12_000)], 1_500)
    assert found == [Region(0, 2_000, sung=True), Region(3_000, 9_500, sung=True)]
