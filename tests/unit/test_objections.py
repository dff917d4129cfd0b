"""What a person would object to in cues is found and counted, beside the rules; the cutting avoids it."""

from __future__ import annotations

import itertools

import pytest

from samvad.documents.segments import Segment, SegmentsDocument, Word
from samvad.documents.subtitles.cues import Cue
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import agreement, checking, objections
from samvad.stages.subtitle_gen.tracks import Track, make_track

RULES = Rules()


def shown(*texts: str, seconds: float = 2.0, gap_ms: int = 84) -> list[Cue]:
    """Return cues of texts, one after the other."""
    starts = itertools.count(1000, round(seconds * 1000) + gap_ms)
    return [
        Cue(start_ms, start_ms + round(seconds * 1000), tuple(text.split(" / ")))
        for text, start_ms in zip(texts, starts, strict=False)
    ]


def kinds(cues: list[Cue], language: str = "en", said: list | None = None, shots: list | None = None) -> dict[str, int]:
    found = objections.find(cues, Rules(language=language), checking.Context(shots, said))
    return {kind: count for kind, count in objections.counts(found).items() if count}


@pytest.mark.parametrize(
    ("texts", "language", "found"),
    [
        (("The army came and all was", "destroyed.", "Nobody knew why."), "en", {"orphan": 1, "dangling end": 1}),
        (("We went home.", "And", "then we slept."), "en", {"orphan": 1, "dangling end": 1}),
        (("It lies near Udaipur", "and Dungarpur", "in the south."), "en", {"orphan": 1}),
        (("He wrote to us.", "Yes.", "We answered him."), "en", {}),
        (("I know the river. He came to", "see us in the old house."), "en",
         {"dangling end": 1, "mixed sentences": 1}),
        (("We wait at the bridge now. Then", "they all came to the house."), "en",
         {"mixed sentences": 1, "carried over": 1}),
        (("What do you think? / No, I don't think so.",), "en", {"missing dash": 1}),
        (("-What do you think? / -No, I don't think so.",), "en", {}),
        (("क्या तुम आए? नहीं, मैं नहीं आया।",), "hi", {"missing dash": 1}),
        (("यह राम के", "घर का पुराना दरवाज़ा है।"), "hi", {"dangling end": 1}),
        (("Ella vive en la", "casa de mi padre."), "es", {"dangling end": 1}),
        (("Tell him that I told you", "what it was about."), "en", {}),
    ],
)  # fmt: skip
def test_what_a_person_would_object_to_is_found_by_its_kind(texts: tuple, language: str, found: dict) -> None:
    assert kinds(shown(*texts), language) == {kind: count for kind, count in found.items() if count}


def test_a_cue_that_lingers_is_found_with_and_without_the_times_of_words() -> None:
    assert kinds([Cue(0, 6700, ("So,",))]) == {"lingering": 1}
    cue = Cue(0, 2600, ("We went home.",))
    assert kinds([cue], said=[(0, 1400)]) == {"lingering": 1}
    assert kinds([cue], said=[(0, 2200)]) == {}
    assert kinds([cue], said=[(0, 1400)], shots=[2600 + RULES.shot_gap_ms]) == {}
    assert (
        kinds([Cue(0, 2600, ("We went home by the river and nobody was there to let us in.",))], said=[(0, 1400)]) == {}
    )


def test_short_cues_in_a_row_flicker_and_one_alone_does_not() -> None:
    assert kinds(shown("Yes.", "No.", "Why?", seconds=0.9)) == {"flicker": 3}
    assert kinds(shown("Yes.", seconds=0.9)) == {}


def test_cue_ends_are_compared_with_a_persons_by_words() -> None:
    ours = shown("He left the house.", "And nobody knew why he", "did not say 5 words.")
    theirs = shown("He left", "the house,", "and nobody knew why", "he did not say five words.")
    found = agreement.of(ours, theirs, "en")
    assert (found.both, found.ours, found.theirs, found.words) == (1, 2, 3, 14)
    assert found.f1 == pytest.approx(0.4)
    assert agreement.of(ours, ours, "en").f1 == 1


# -- what the cutting makes of such speech ---------------------------------------------------------------------------


def spoken(*parts: str | int, language: str = "en") -> SegmentsDocument:
    """Return a film's segments from words, 70 ms a letter, and pauses in ms; long ones part segments."""
    now_ms, segments, words = 1000, [], []
    for part in parts:
        if isinstance(part, int):
            now_ms += part
            if part >= 1200:
                segments, words = [*segments, words], []
            continue
        for word in part.split():
            words.append(Word(now_ms, now_ms + 70 * (len(word) + 1), word))
            now_ms = words[-1].end_ms
    made = [
        Segment(number, some[0].start_ms, some[-1].end_ms, " ".join(word.text for word in some), language, tuple(some))
        for number, some in enumerate(filter(None, [*segments, words]), start=1)
    ]
    return SegmentsDocument(language, now_ms + 5000, tuple(made))


def track(*parts: str | int, language: str = "en", rules: Rules | None = None, shots: tuple = ()) -> Track:
    return make_track(spoken(*parts, language=language), rules or Rules(language=language), shots)


def lines(made: Track) -> list[str]:
    return [cue.text for cue in made.cues]


@pytest.mark.parametrize(
    ("parts", "language"),
    [
        (("And", 1600, "then the whole army came down from the hills."), "en"),
        (("The old bridge and the mill were", 1600, "destroyed."), "en"),
        (("There was hardly any", 1700, "activity", 1600, "in the market that day."), "en"),
        (("मुझे अब", 1600, "जाना होगा।"), "hi"),
        (("mujhe ab ghar", 1600, "jaana hoga."), "hi"),
        (("Vamos a ver lo", 1600, "que pasa."), "es"),
    ],
)
def test_a_pause_inside_a_sentence_leaves_no_word_alone_and_none_dangling(parts: tuple, language: str) -> None:
    made = track(*parts, language=language)
    assert kinds(list(made.cues), language) == {}
    assert " ".join(lines(made)).split() == " ".join(part for part in parts if isinstance(part, str)).split()


def test_after_a_sentence_and_after_a_long_silence_a_cue_ends() -> None:
    assert lines(track("He left.", 1600, "Nobody knew why.")) == ["He left.", "Nobody knew why."]
    assert len(lines(track("I saw the", 3200, "house again."))) == 2


def test_a_cue_that_could_not_be_read_comes_early_into_silence_and_the_rule_allows_it() -> None:
    document = spoken("Wait for us here.", 2000, "x")
    words = tuple(Word(6000 + 60 * at, 6060 + 60 * at, word) for at, word in enumerate(FAST.split()))
    fast = Segment(2, 6000, words[-1].end_ms, FAST, "en", words)
    after = Segment(3, fast.end_ms + 90, fast.end_ms + 5000, SLOW, "en")
    made = make_track(SegmentsDocument("en", 20_000, (document.segments[0], fast, after)), RULES)
    cue = next(cue for cue in made.cues if cue.text.startswith("Nobody"))
    assert 5500 <= cue.start_ms < 5900
    said = [(origin.said_from_ms, origin.said_to_ms) for origin in made.origins]
    assert "first word" not in {item.rule for item in checking.check(made.cues, RULES, checking.Context(None, said))}


SLOW = "So be it, they said as one, and went away again over the bridge to their homes."
FAST = "Nobody said a word to him all day."


@pytest.mark.parametrize(
    ("said", "language", "written"),
    [
        ("Wait... he said “no” and left—", "en", 'Wait… he said "no" and left--'),
        ("I have 3 brothers and 12 cats.", "en", "I have three brothers and 12 cats."),
        ("It is 5 km to page 7, at 9:30.", "en", "It is 5 km to page 7, at 9:30."),
        ("2. The second point is this.", "en", "2. The second point is this."),
        ("वह घर गया | मैं यहाँ हूँ. क्या?", "hi", "वह घर गया। मैं यहाँ हूँ। क्या?"),
        ("डॉ. राव के 3 भाई हैं।", "hi", "डॉ. राव के तीन भाई हैं।"),
        ("उसने 2500000 रुपये दिए।", "hi", "उसने 25 लाख रुपये दिए।"),
        ("Compró 5 kilos y 4 libros.", "es", "Compró 5 kilos y cuatro libros."),
    ],
)
def test_text_is_written_as_the_profile_asks(said: str, language: str, written: str) -> None:
    from fractions import Fraction

    from samvad.settings import subtitle_profiles

    rules = subtitle_profiles.load("netflix").rules(language, Fraction(24))
    assert " ".join(lines(track(said, language=language, rules=rules))) == written


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        (
            ("It began so.", 1500, "2.", 1300, "The second point is this."),
            ["It began so.", "2. The second point is this."],
        ),
        (("How many?", 1600, "2.", 3500, "So be it."), ["How many?", "Two.", "So be it."]),
    ],
)
def test_the_number_of_an_item_is_no_subtitle_alone(parts: tuple, shown: list) -> None:
    assert lines(track(*parts, rules=Rules(numbers="spell to ten"))) == shown


def test_the_report_can_say_why_a_cue_ends_where_it_does() -> None:
    made = track(
        "He left.", 1600, "When my father came home from the long war,", "the old house by the river was empty again."
    )
    reasons = [origin.why for origin in made.origins]
    assert reasons[0] == "a sentence ends, a pause of 1.6 s"
    assert all(reasons)
    assert reasons[-1] == "the film's last words"
