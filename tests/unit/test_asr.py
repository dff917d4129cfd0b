from __future__ import annotations

import wave
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samvad.asr import regions, sentences
from samvad.asr.regions import Region
from samvad.asr.whisperx_engine import Chunk, RawWord, _same_language_runs
from samvad.audio import FilmAudio
from samvad.errors import MediaError


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


@given(
    st.lists(st.tuples(st.integers(0, 29_000), st.integers(0, 3_000)), min_size=1, max_size=40),
    st.lists(st.integers(0, 30_000), min_size=2, max_size=8, unique=True).filter(lambda cuts: len(cuts) % 2 == 0),
)
def test_words_are_always_in_order_and_inside_their_segment(times, cuts):
    words = [(f"w{number}", start, min(30_000, start + length)) for number, (start, length) in enumerate(times)]
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


def test_a_run_of_one_language_never_reaches_over_another():
    speech = [Region(0, 1, "en"), Region(2, 3, "en"), Region(4, 5, "es"), Region(6, 7, "en")]
    assert _same_language_runs(speech, "en") == [speech[:2], speech[3:]]
    assert _same_language_runs(speech, "es") == [speech[2:3]]


class HearsSpanishAfterTenSeconds:
    """Stands where the network stands: says what it hears from the first sample, which holds the time."""

    def language_probabilities(self, pieces):
        for piece in pieces:
            yield {"es": 0.9, "en": 0.05} if piece[0] > 0.3 else {"ur": 0.6, "es": 0.3, "en": 0.1}


@pytest.fixture
def film_audio(tmp_path):
    """20 s: quiet at first, loud from the tenth second on."""
    path = tmp_path / "audio.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"\x00\x01" * 160_000 + b"\x00\x40" * 160_000)
    return FilmAudio(path)


def test_each_region_gets_its_language(film_audio):
    speech = [Region(0, 3000), Region(10_500, 15_000), Region(15_200, 15_400)]
    named = regions.name_languages(HearsSpanishAfterTenSeconds(), film_audio, speech, ["hi", "es"])
    assert [region.language for region in named] == ["hi", "es", "es"]  # Urdu counts for Hindi


def test_a_doubtful_region_takes_the_language_of_the_speech_that_it_is_close_to():
    doubtful, spanish, english = {"en": -0.4, "es": -1.1}, {"en": -4.6, "es": 0.0}, {"en": 0.0, "es": -4.6}
    near, far = 1.7, 0.3  # prices of a change after 0.2 s and after 1.9 s
    assert regions.likeliest_sequence([english, doubtful, spanish], [far, near]) == ["en", "es", "es"]
    assert regions.likeliest_sequence([english, doubtful, spanish], [near, far]) == ["en", "en", "es"]
    assert regions.likeliest_sequence([english, spanish, english], [near, near]) == ["en", "es", "en"]


def test_the_vote_counts_urdu_for_hindi(film_audio):
    language, shares = regions.vote(HearsSpanishAfterTenSeconds(), film_audio, [Region(0, 3000)])
    assert language == "hi"
    assert shares == {"hi": 0.6, "es": 0.3, "en": 0.1}


def test_regions_longer_than_whispers_window_are_cut():
    assert regions.cut_long([Region(0, 60_000, "hi")], 28_000) == [
        Region(0, 20_000, "hi"),
        Region(20_000, 40_000, "hi"),
        Region(40_000, 60_000, "hi"),
    ]


def test_audio_is_read_by_time(film_audio):
    assert film_audio.duration_ms == 20_000
    assert len(film_audio.piece(1000, 2000)) == 16_000
    assert film_audio.piece(12_000, 12_001)[0] == pytest.approx(0.5)
    assert [start for start, _ in film_audio.blocks(8)] == [0, 8000, 16_000]


def test_sound_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF0000")
    with pytest.raises(MediaError, match="not a WAV file"):
        FilmAudio(tmp_path / "a.wav")
