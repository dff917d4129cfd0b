"""A stretch is heard and translated again by the stages themselves, with what a person asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

import recognising
import reviewing
import support
from samvad.core.errors import ModelError, ToolError
from samvad.models import weights
from samvad.review import again
from samvad.review.film import FilmDocument

_CLIP = support.MEDIA / "B_english" / "en_LJ002-0020.wav"


@pytest.fixture
def film(tmp_path: Path) -> FilmDocument:
    try:
        there = _CLIP.is_file() and weights.find_whisper("base") is not None
    except ModelError as error:
        pytest.skip(str(error))
    if not there:
        pytest.skip("the recording, or Whisper base, is not on this machine")
    return FilmDocument(reviewing.make_job(tmp_path, wav=recognising.wav(recognising.decoded(_CLIP))))


@pytest.mark.model
def test_a_stretch_is_heard_again_with_the_words_and_the_language_that_a_person_knows(film: FilmDocument) -> None:
    before = sorted(path for path in film.folder.rglob("*") if path.is_file())
    found = again.recognise(film.files, again.wish_of({"language": "en", "words": "Newgate"}, 0, 9000))
    said = " ".join(segment.text for segment in found)
    assert "1813" in said and all(segment.language == "en" for segment in found)
    assert all(word.score is not None for segment in found for word in segment.words)
    assert sorted(path for path in film.folder.rglob("*") if path.is_file()) == before, "the film's own files stay"
    with pytest.raises(ToolError, match="No model is called"):
        again.recognise(film.files, again.wish_of({"model": "nothing-of-that-name"}, 0, 9000))


@pytest.mark.model
def test_where_no_detector_hears_speech_a_person_who_asks_is_believed(film: FilmDocument) -> None:
    deaf = {"vad_threshold": 0.9999, "singing": False}
    found = again.recognise(film.files, again.Wish(0, 9000, "en", deaf))
    assert "1813" in " ".join(segment.text for segment in found)
