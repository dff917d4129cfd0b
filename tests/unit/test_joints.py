"""Joints: where two pieces of text meet, the case and the stop are right, and names stay as they are."""

from __future__ import annotations

import pytest

from samvad.documents.segments import Segment, SegmentsDocument, Translation
from samvad.stages.translation.backends import PERSON
from samvad.stages.translation.joining import at_joints
from samvad.text.joints import Spelling, mended

FILM = Spelling.of(
    [
        "He said that any country may come, and that Manuel and Mary would see the world.",
        "We saw Manuel with a few friends in Will, not in Mary.",
    ]
)


@pytest.mark.parametrize(
    ("left", "right", "pause_ms", "language", "texts"),
    [
        ("We smooth out", "Any creases here.", 100, "en", ("We smooth out", "any creases here.")),
        (
            "He has seen the world.",
            "country after country.",
            200,
            "en",
            ("He has seen the world", "country after country."),
        ),
        ("I met Manuel.", "a few weeks ago it rained.", 1500, "en", ("I met Manuel.", "A few weeks ago it rained.")),
        ("This is the.", "Country that we know.", 100, "en", ("This is the", "country that we know.")),
        ("I went with", "Manuel to the river.", 100, "en", ("I went with", "Manuel to the river.")),
        ("I asked", "I think so.", 100, "en", ("I asked", "I think so.")),
        ("He met Dr.", "and left.", 100, "en", ("He met Dr.", "and left.")),
        ("They came home.", "Any news?", 100, "en", ("They came home.", "Any news?")),
        ("They came home", "Zanzibar is far.", 100, "en", ("They came home", "Zanzibar is far.")),
        ("And so we waited…", "for you.", 2000, "en", ("And so we waited…", "for you.")),
        ("What?", "- No.", 100, "en", ("What?", "- No.")),
        ("यह घर की।", "छत है।", 100, "hi", ("यह घर की", "छत है।")),
        ("वह घर गया।", "मैं यहाँ हूँ।", 100, "hi", ("वह घर गया।", "मैं यहाँ हूँ।")),
        ("Fuimos a la", "Casa de mi padre.", 100, "es", ("Fuimos a la", "Casa de mi padre.")),
        ("Él vino.", "y se fue con", 100, "es", ("Él vino", "y se fue con")),
    ],
)
def test_a_joint_is_mended_and_names_stay(left: str, right: str, pause_ms: int, language: str, texts: tuple) -> None:
    assert mended(left, right, pause_ms, language, FILM) == texts


def line(number: int, text: str, made: str, backend: str = "whisper") -> Segment:
    times = number * 2000, number * 2000 + 1900
    return Segment(number, *times, text, "hi", translations={"en": Translation(made, backend)})


def test_lines_through_which_a_sentence_runs_meet_and_what_a_person_wrote_stays() -> None:
    lines = (
        line(1, "वह घर", "He went to the."),
        line(2, "गया और", "House and"),
        line(3, "सो गया।", "They slept."),
        line(4, "वह घर", "He went to the.", PERSON),
        line(5, "गया।", "House."),
    )
    made = at_joints(SegmentsDocument("hi", 20_000, lines), "en")
    texts = [segment.translations["en"].text for segment in made.segments]
    assert texts == ["He went to the", "House and", "they slept.", "He went to the.", "House."]
