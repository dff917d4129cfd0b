"""Lists of phrases that are made up, how they are harvested, and the sounds that they are harvested from."""

from __future__ import annotations

from pathlib import Path

import pytest

from judged_text import HINDI, PHRASES
from samvad.core import schemas
from samvad.core.errors import ConfigurationError
from samvad.sample import harvest
from samvad.sample import unspoken as sounds
from samvad.text import phrases

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
    assert {path.stem for path in lists} >= {"en", "es", "hi"}
    known = phrases.read_all(lists)
    assert set(known.values()) == {path.stem for path in lists}
    assert max(map(len, known)) <= 120


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
