"""A shorter text is proposed for cues that cannot be read, and taken only when somebody says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from samvad.documents import review
from samvad.documents.segments import Segment, SegmentsDocument, Word
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import checking, shortening
from samvad.stages.subtitle_gen.tracks import Track, make_track
from samvad.text import weak


def track(text: str, language: str = "en", shorten: object = None, letter_ms: int = 38) -> Track:
    """Return the track of a text that is spoken so fast that it cannot be read, with nothing to be won around it."""
    words, now_ms = [], 0
    for word in text.split():
        words.append(Word(now_ms, now_ms + letter_ms * (len(word) + 1), word))
        now_ms = words[-1].end_ms
    segment = Segment(1, 0, now_ms, text, language, tuple(words))
    return make_track(SegmentsDocument(language, now_ms, (segment,)), Rules(language=language), (), None, shorten)


def taken(found: list) -> list:
    return shortening.decided(found, (), "en", take_all=True)


@pytest.mark.parametrize(
    ("text", "language", "shorter"),
    [
        ("We're just, you know, leaving.", "en", "We're just, leaving."),
        ("Um, the the bridge was, uh, closed.", "en", "The bridge was, closed."),
        ("I went to I went to the mill.", "en", "I went to the mill."),
        ("He lives in a th- three-room house.", "en", "He lives in a three-room house."),
        ("Well, it was very very cold.", "en", "It was very very cold."),
        ("मतलब, मैं मैं धीरे धीरे चला।", "hi", "मैं धीरे धीरे चला।"),
        ("Matlab, main main dheere dheere chala.", "hi", "Main dheere dheere chala."),
        ("Bueno, yo yo fui, o sea, a casa.", "es", "Yo fui, a casa."),
        ("It was you know the last bridge.", "en", "It was the last bridge."),
        ("But I mean we were all there.", "en", "But we were all there."),
        ("You're the expert here, okay?", "en", "You're the expert here."),
        ("You were at the mill, you know.", "en", "You were at the mill."),
        ("So I guess we're going home.", "en", "I guess we're going home."),
        ("वहाँ जाना था, समझे?", "hi", "वहाँ जाना था।"),
        ("लेकिन मतलब हम वहाँ नहीं थे।", "hi", "लेकिन हम वहाँ नहीं थे।"),
        ("Y yo no lo he visto nunca, ¿sabes?", "es", "Yo no lo he visto nunca."),
        # What asks by itself goes on asking.
        ("Where are you going today, um?", "en", "Where are you going today?"),
        ("But is he the one you saw, you know?", "en", "But is he the one you saw?"),
        ("तुम वहाँ कब जाना चाहते हो, समझे?", "hi", "तुम वहाँ कब जाना चाहते हो?"),
        ("¿Vienes conmigo a la casa, vale?", "es", "¿Vienes conmigo a la casa?"),
    ],
)
def test_what_says_nothing_may_go_and_what_is_said_twice_on_purpose_stays(
    text: str, language: str, shorter: str
) -> None:
    made = track(text, language)
    assert [item.shorter for item in made.shorter] == [shorter]
    assert " ".join(cue.text for cue in made.cues) == text


@pytest.mark.parametrize(
    ("text", "language", "few"),
    [
        ("it was a very old man", "en", []),
        ("it was a really very old man", "en", []),
        ("it was a very big man", "en", ["very"]),
        ("he is a just man now", "en", []),
        ("esto para nosotros es bueno", "es", []),
        ("a nosotros nos gusta", "es", []),
        ("fui yo quien llamó", "es", []),
        ("mañana nosotros vamos allá", "es", ["nosotros"]),
        ("तुम्हें ज़रा भी शर्म नहीं", "hi", []),
        ("वह वैसे ही आया", "hi", []),
        ("मैं ज़रा थक गया", "hi", ["ज़रा"]),
    ],
)
def test_a_word_that_others_need_is_none_that_says_little(text: str, language: str, few: list[str]) -> None:
    words = text.split()
    assert [words[place] for place in weak.places(words, language)] == few


@pytest.mark.parametrize(
    ("text", "language", "shorter"),
    [
        # Short forms, but not of a word that ends its clause, or that means to own.
        ("I do not think that he is going home.", "en", "I don't think that he's going home."),
        ("It is not what I am.", "en", "It's not what I am."),
        ("We had not, and they had not.", "en", "We hadn't, and they hadn't."),
        ("We have been there, and they have two cats.", "en", "We've been there, and they have two cats."),
        # Words that say little, as many as it takes.
        ("I think that this is really very good for you.", "en", "I think this is good for you."),
        ("मुझे लगता है कि वह बिल्कुल सही है।", "hi", "मुझे लगता है वह सही है।"),
        ("mujhe lagta hai ki woh bilkul sahi hai.", "hi", "mujhe lagta hai woh sahi hai."),
        ("Yo creo que es realmente muy bueno.", "es", "Creo que es muy bueno."),
    ],
)
def test_what_cannot_be_read_gets_short_forms_and_loses_what_says_little(
    text: str, language: str, shorter: str
) -> None:
    letter_ms = _just_enough_ms(shorter, text, language)
    made = track(text, language, letter_ms=letter_ms)
    assert [item.shorter for item in made.shorter] == [shorter]
    kept = track(text, language, letter_ms=letter_ms, shorten=taken)
    assert " ".join(cue.text for cue in kept.cues) == shorter
    assert "reading speed" not in {item.rule for item in checking.check(kept.cues, Rules(language=language))}


def _just_enough_ms(shorter: str, text: str, language: str) -> int:
    """Return the milliseconds a letter at which the shorter text can just be read in the time of all of it."""
    return -(-Rules(language=language).reading_ms(len(shorter), 1) // (len(text) + 1)) + 1


def test_a_word_that_says_little_stays_where_the_cue_could_not_be_read_without_it_either() -> None:
    assert track("I think that this is really very good for you.", letter_ms=20).shorter == ()
    (item,) = track("She was not very good at what he said.", letter_ms=30).shorter
    assert item.shorter == "She wasn't very good at what he said."  # "not very" turns over what "very" alone would not


@pytest.mark.parametrize(
    "text",
    [
        "You know what I mean by that.",
        "I like the old mill.",
        "I know. I know.",
        "So be it.",
        "He left and you know it's true.",
        "They were there and I mean it.",
        "Well done, my old friend and brother.",
        "So is he going home this evening?",
        "It belongs to you know who.",
        "Are you the one they call okay?",
    ],
)
def test_words_that_mean_something_are_never_proposed(text: str) -> None:
    assert track(text).shorter == ()


def test_a_cue_that_can_be_read_gets_no_proposal() -> None:
    assert track("We're just, you know, leaving.", letter_ms=90).shorter == ()


def test_what_is_taken_is_left_out_marked_and_its_time_goes_to_its_neighbours() -> None:
    text = "Well, the the old bridge, you know, was closed."
    plain, made = track(text), track(text, shorten=taken)
    (cue,) = made.cues
    assert (cue.text, made.origins[0].full) == ("The old bridge, was closed.", text)
    assert (cue.start_ms, cue.end_ms) == (plain.cues[0].start_ms, plain.cues[-1].end_ms)
    fast = [[item.rule for item in checking.check(some.cues, Rules())] for some in (plain, made)]
    assert fast == [["reading speed"], []]


def test_a_person_ticks_a_proposal_in_the_file_and_unticks_one_that_the_setting_takes(tmp_path: Path) -> None:
    found = list(track("We're just, you know, leaving.").shorter)
    path = tmp_path / "shorter.tsv"
    for word, take_all, expected in (("yes", False, True), ("no", True, False), ("", False, False), ("", True, True)):
        path.write_text(
            shortening.table(("en", item) for item in found).replace("\n\t", f"\n{word}\t"), encoding="utf-8"
        )
        decisions = review.read_shorter(path)
        assert [item.taken for item in shortening.decided(found, decisions, "en", take_all=take_all)] == [expected]
    path.write_text(shortening.table([("hi", found[0])]).replace("\n\t", "\nyes\t"), encoding="utf-8")
    assert not shortening.decided(found, review.read_shorter(path), "en", take_all=False)[0].taken
