"""What models make up is told from what was said, in many languages; sentences that are joined begin with capitals."""

from __future__ import annotations

import pytest

from samvad.core import schemas
from samvad.stages.translation import whisper_backend, windows
from samvad.stages.translation.backends import Line
from samvad.stages.translation.terms import Glossary, Term
from samvad.text import made_up, sentence_ends


@pytest.mark.parametrize(
    ("made", "target", "said", "language", "is_made_up"),
    [
        ("Please subscribe to our channel.", "en", "आज की ताज़ा ख़बर दिल्ली से", "hi", True),
        ("Don't forget to subscribe to our channel.", "en", "हमारे चैनल को सब्सक्राइब करना ना भूलें", "hi", False),
        ("The link is in the description below.", "en", "La casa es muy bonita y grande.", "es", True),
        ("Thank you.", "en", "मुझे घर जाना है", "hi", True),
        ("Thank you.", "en", "शुक्रिया", "hi", False),
        ("Thank you.", "en", "bahut shukria bhai", "hi", False),
        ("Thank you very much!", "en", "بہت شکریہ", "ur", False),
        ("Thank you, I will go home.", "en", "मैं घर जाऊँगा", "hi", False),
        ("Thank you.", "en", "ẹ kú", "yo", False),  # nobody here knows how Yoruba gives thanks
        ("Bye-bye.", "en", "चलो", "hi", True),
        ("See you tomorrow at the office.", "en", "कल", "hi", False),
        ("Merci d'avoir regardé cette vidéo !", "fr", "He went home.", "en", True),
        ("Abonnez-vous !", "fr", "Subscribe!", "en", False),
        ("谢谢观看", "zh", "I see the house.", "en", True),
        ("Vielen Dank fürs Zuschauen!", "de", "Thanks for watching the children.", "en", False),
        ("Subtitles by the Amara.org community", "en", "Hola, ¿qué tal?", "es", True),
        ("", "en", "नमस्ते", "hi", False),
    ],
)
def test_a_plea_credits_or_thanks_that_nobody_said_are_made_up(
    made: str, target: str, said: str, language: str, is_made_up: bool
) -> None:
    assert made_up.is_made_up(made, target, said, language) is is_made_up


def test_thanks_within_a_doubtful_translation_are_made_up_too() -> None:
    said = ("Thank you so much for coming.", "en", "Dhanyasam ki taram nikal gaya", "hi")
    assert not made_up.is_made_up(*said)
    assert made_up.is_made_up(*said, unsure=True)


def test_every_language_that_whisper_writes_pleas_in_has_topics_and_no_word_stands_twice() -> None:
    told = {topic.language for topic in made_up.topics() if topic.telling}
    assert told >= {"en", "hi", "es", "fr", "de", "pt", "it", "ru", "ar", "zh", "ja", "ko", "tr", "vi", "id", "pl"}
    keys = [(topic.name, topic.language) for topic in made_up.topics()]
    assert len(keys) == len(set(keys))
    assert made_up.TOPICS.parent == schemas.ROOT / "config"


@pytest.mark.parametrize(
    ("joined", "right"),
    [
        ("He left. then she came. iPhone rings.", "He left. Then she came. iPhone rings."),
        ("Dr. rao met Mr. K. at 5 p.m. yesterday… and left.", "Dr. rao met Mr. K. at 5 p.m. yesterday… and left."),
        ("Il part. élise reste.", "Il part. Élise reste."),
        ("वह गया। फिर आया।", "वह गया। फिर आया।"),
    ],
)
def test_a_sentence_that_was_joined_begins_with_a_capital(joined: str, right: str) -> None:
    assert sentence_ends.with_capitals(joined) == right


def test_a_line_of_a_moment_is_not_heard_alone_but_looked_up() -> None:
    moment, longer = (Line(1, "hi", "हाँ।", 0, end_ms, 0, end_ms) for end_ms in (300, 600))
    assert windows.is_too_short((0,), [moment]) and not windows.is_too_short((0,), [longer])
    assert not windows.is_too_short((0, 1), [moment, longer])
    known = whisper_backend._known(moment, Glossary((Term("हाँ", ("yes",)),)))
    assert (known.text, known.flags) == ("Yes.", ())
    unknown = whisper_backend._best([whisper_backend._known(moment, Glossary())], moment, Glossary())
    assert (unknown.text, unknown.flags) == ("हाँ।", ("too short to translate", "shown as said"))
