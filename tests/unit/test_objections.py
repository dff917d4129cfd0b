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
        (("I'm talking rather fast", "here. There's nothing going on."), "en", {"carried over": 1}),
        (("2. The second point", "is this one."), "en", {}),
        # Hindi in Latin letters begins its sentences small.
        (("woh kal ghar aaya tha.", "usne kuch kaha.", "phir woh chala gaya.", "hum sab ghar par the."), "hi", {}),
        (("woh kal ghar aaya tha. usne kuch kaha.", "phir woh chala gaya. hum sab log",
          "apne ghar par the."), "hi", {"mixed sentences": 1}),
        (("He came to the", "old house."), "en", {"dangling end": 1}),
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


def test_sentences_that_begin_small_end_cues_as_others_do() -> None:
    said = "woh kal ghar aaya tha.", 500, "usne kuch bhi nahin kaha.", 500, "phir woh chala gaya."
    assert lines(track(*said, 500, "hum sab ghar par hi the.", language="hi")) == [
        "woh kal ghar aaya tha.", "usne kuch bhi nahin kaha.", "phir woh chala gaya.", "hum sab ghar par hi the.",
    ]  # fmt: skip
    # Where the others begin with capitals, a small letter shows that the sentence goes on.
    assert "approx. 40 people" in " ".join(lines(track("We saw approx. 40 people. They left. He stayed. Then we ate.")))


@pytest.mark.parametrize(
    ("said", "language", "shown"),
    [
        # The lower line is rather the longer one, and none is left with a word or two.
        ("Una amistad noble es una obra maestra a dúo.", "es", "Una amistad noble / es una obra maestra a dúo."),
        ("El peor enemigo es el que no tiene nada que perder.", "es",
         "El peor enemigo / es el que no tiene nada que perder."),
        ("La multitud obedece más a la necesidad que a la razón,", "es",
         "La multitud obedece más a la necesidad / que a la razón,"),
        # What is one expression stays in one line.
        ("The old bridge was closed today because of the rain.", "en",
         "The old bridge was closed today / because of the rain."),
        ("खुलकर बोलूँ तो मैं उसके साथ काम नहीं करना चाहता।", "hi", "खुलकर बोलूँ तो मैं उसके साथ / काम नहीं करना चाहता।"),
    ],
)  # fmt: skip
def test_lines_break_as_a_person_would_break_them(said: str, language: str, shown: str) -> None:
    (cue,) = track(said, language=language).cues
    assert " / ".join(cue.lines) == shown


def test_a_turn_in_doubt_begins_a_cue_though_the_question_is_some_frames_too_short() -> None:
    made = track("Where is he?", 20, "In the garden.")
    assert lines(made) == ["Where is he?", "In the garden."]
    said = [(origin.said_from_ms, origin.said_to_ms) for origin in made.origins]
    assert checking.check(made.cues, RULES, checking.Context(None, said)) == []


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
        # Marks that stand off their word, by a space or in the middle of a sentence.
        ("Wait . . . what ?", "en", "Wait… what?"),
        ("रुको ... क्या ?", "hi", "रुको… क्या?"),
        ("You can't — listen to me.", "en", "You can't-- listen to me."),
        ("मैं अब आया ||", "hi", "मैं अब आया।"),
        ("वह शुरू की गई है।।।।।।", "hi", "वह शुरू की गई है।"),
        # Quotations in single marks, which are apostrophes as well.
        ("She said, ‘Leave the house.’", "en", 'She said, "Leave the house."'),
        ("He said ''no'' and left.", "en", 'He said "no" and left.'),
        ("Get 'em to the dogs' house. It's late.", "en", "Get 'em to the dogs' house. It's late."),
        # Times by the clock, lists and ranges, dates, shares.
        ("It starts at 5 o'clock.", "en", "It starts at five o'clock."),
        ("We saw between 5 and 15 people.", "en", "We saw between 5 and 15 people."),
        ("We saw 3 or 4 people.", "en", "We saw three or four people."),
        ("Vino el 5 de mayo con 3 amigos.", "es", "Vino el 5 de mayo con tres amigos."),
        ("Creció un 5 por ciento.", "es", "Creció un 5 por ciento."),
        ("उसे ₹ 2500000 मिले।", "hi", "उसे ₹25 लाख मिले।"),
        ("वहाँ 1500000 लोग आए।", "hi", "वहाँ 15 लाख लोग आए।"),
        ("फ़ोन नंबर 9810000000 है।", "hi", "फ़ोन नंबर 9810000000 है।"),
        ("मेरा नया पिन है 110000 लिखो।", "hi", "मेरा नया पिन है 110000 लिखो।"),
        ("mera code 200000 dabao.", "hi", "mera code 200000 dabao."),
        ("It has 1500000 inhabitants.", "en", "It has 1500000 inhabitants."),
        # Hindi in Latin letters has numbers in these, too.
        ("mere paas 2 gaadiyan hain.", "hi", "mere paas do gaadiyan hain."),
        ("woh 5 baje 3 log laya.", "hi", "woh 5 baje teen log laya."),
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
