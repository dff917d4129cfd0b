"""Each word that was heard is followed into a track: planted losses are named with stage, time, text."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samvad.core.errors import ChangedFileError
from samvad.documents.headline import Headline
from samvad.documents.segments import AS_SAID, QUARANTINE, Segment, SegmentsDocument, Translation, Word
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.documents.word_account import Funnel, Heard, Said, Unexplained
from samvad.settings import subtitle_profiles
from samvad.settings.subtitle_rules import FILM_FRAME_RATE
from samvad.stages.asr import account, gaps, given_text
from samvad.stages.asr.account import Account
from samvad.stages.asr.chunks import Chunk, DecodedAgain, RawWord
from samvad.stages.subtitle_gen import funnel
from samvad.stages.subtitle_gen.funnel import Renamed, Spoken
from samvad.stages.subtitle_gen.tracks import make_track
from samvad.text import word_forms

SAID = ("Where were you last night?", "I was at home with Rahul.", "He owes me five hundred rupees.", "All right then.")


def segment(number: int, text: str, language: str = "en", **more: Any) -> Segment:
    """Return a segment of 3 s whose words are spread evenly over it."""
    start, parts = number * 4_000, text.split()
    step = 3_000 // max(1, len(parts))
    words = tuple(Word(start + step * at, start + step * (at + 1), word) for at, word in enumerate(parts))
    return Segment(number, start, start + 3_000, text, language, words, **more)


def film(*segments: Segment, language: str = "en") -> SegmentsDocument:
    return SegmentsDocument(language, 60_000, segments)


def heard_of(document: SegmentsDocument) -> Heard:
    said = tuple(Said(one.id, one.start_ms, one.end_ms, one.text) for one in document.segments)
    return Heard(words=sum(len(word_forms.of(one.text)) for one in said), said=said)


def way(
    heard: SegmentsDocument,
    document: SegmentsDocument,
    language: str = "en",
    *,
    renamed: tuple[Renamed, ...] = (),
    between: dict[str, SegmentsDocument] | None = None,
    drop: str = "",
    corrected: list[Cue] | None = None,
    take: bool = False,
    profile: str = "netflix",
) -> Funnel:
    """Return the way of a film's words into a track of it, made for this; ``drop``: a word that its cues lose."""

    def texts_of(stage: str) -> dict[int, str] | None:
        found = (between or {}).get(stage, document if stage == "translation" else None)
        if found is None:
            return None
        return {one.id: str(one.extra.get("original_text", one.text)) for one in found.segments}

    spoken = Spoken(heard_of(heard), document, renamed, texts_of)
    rules = subtitle_profiles.load(profile).rules(language, FILM_FRAME_RATE)
    shorten = (lambda found: [replace(item, taken=True) for item in found]) if take else None
    track = make_track(document, rules, shorten=shorten)
    if drop:
        track = replace(track, cues=tuple(_without(cue, drop) for cue in track.cues))
    cues = track.cues if corrected is None else corrected
    return funnel.of_track(spoken, track, cues, corrected=corrected is not None)


def _without(cue: Cue, word: str) -> Cue:
    return replace(cue, lines=tuple(" ".join(part for part in line.split() if part != word) for line in cue.lines))


def wrong(found: Funnel) -> list[tuple[str, str, int, str]]:
    return [(item.stage, item.how, item.start_ms, item.text) for item in found.unexplained]


WHOLE = film(*(segment(number, text) for number, text in enumerate(SAID, start=1)))


def changed(number: int, **to: Any) -> SegmentsDocument:
    return replace(WHOLE, segments=tuple(replace(one, **to) if one.id == number else one for one in WHOLE.segments))


def test_a_film_whose_words_are_all_shown_has_nothing_unexplained_and_counts_them() -> None:
    found = way(WHOLE, WHOLE)
    assert wrong(found) == [] and found.taken == ()
    assert {step.words for step in found.steps} == {5 + 6 + 6 + 3}
    assert found.told().endswith("each word accounted for")


@pytest.mark.parametrize("stage", funnel.CHAIN)
def test_a_word_that_a_stage_loses_is_named_with_that_stage_its_time_and_its_text(stage: str) -> None:
    poorer = changed(2, text="I was at home with.")
    after = funnel.CHAIN[funnel.CHAIN.index(stage) :]
    between = {name: poorer if name in after else WHOLE for name in funnel.CHAIN}
    folder = {"ner": "05", "lyrics_detection": "06", "hallucination_removal": "07", "translation": "08"}[stage]
    found = way(WHOLE, poorer, between=between)
    assert wrong(found) == [(f"{folder}_{stage}", "lost", 8_000, "rahul")]
    assert found.lost == 1 and "1 LOST WITHOUT A RECORD" in found.told()


def test_a_segment_that_is_gone_and_one_that_came_are_named() -> None:
    poorer = replace(WHOLE, segments=WHOLE.segments[:-1])
    assert [item[1:] for item in wrong(way(WHOLE, poorer))] == [("lost", 16_000, "all right then")]
    assert [item[1:] for item in wrong(way(poorer, WHOLE))] == [("added", 16_000, "all right then")]


def test_what_stage_07_takes_out_with_a_reason_is_a_record_and_without_one_is_none() -> None:
    reasons = ("voice detection heard speech in only 12% of its time (0.30)", "a phrase")
    with_reason = changed(4, verdict=QUARANTINE, reasons=reasons)
    found = way(WHOLE, with_reason)
    assert wrong(found) == [] and [(item.rule, item.words, item.start_ms) for item in found.taken] == [
        (f"{funnel.NOT_SPOKEN}: voice detection heard speech in only … of its time", 3, 16_000)
    ]
    without = changed(4, verdict=QUARANTINE)
    assert wrong(way(WHOLE, without)) == [("07_hallucination_removal", "lost", 16_000, "all right then")]
    person = changed(4, verdict=QUARANTINE, reasons=("decided by a person: quarantine",))
    assert [item.rule for item in way(WHOLE, person).taken] == [funnel.BY_A_PERSON]


def test_a_loop_that_is_cut_back_is_a_record_of_the_words_that_went() -> None:
    looped = film(segment(1, "no " * 40 + "he left"))
    cut = film(
        segment(
            1, "no he left", verdict="suspect", reasons=("a loop",), extra={"original_text": "no " * 40 + "he left"}
        )
    )
    found = way(looped, cut)
    assert wrong(found) == [] and [(item.rule, item.words) for item in found.taken] == [(funnel.LOOP_CUT, 39)]
    # What was there before is what was heard: a word that the cut text lacks, and the original too, is lost.
    poorer = film(replace(cut.segments[0], extra={"original_text": "no " * 40 + "left"}, text="no left"))
    assert [item[1:] for item in wrong(way(looped, poorer))] == [("lost", 4_000, "he")]


def test_a_name_that_is_written_anew_is_a_record_and_another_word_beside_it_is_none() -> None:
    renamed = changed(2, text="I was at home with Rohan.")
    assert wrong(way(WHOLE, renamed, renamed=(Renamed(2, "Rahul", "Rohan"),))) == []
    assert {item[1] for item in wrong(way(WHOLE, renamed))} == {"lost", "added"}
    also = changed(2, text="I was at with Rohan.")
    assert [item[1:] for item in wrong(way(WHOLE, also, renamed=(Renamed(2, "Rahul", "Rohan"),)))] == [
        ("lost", 8_000, "home")
    ]


@pytest.mark.parametrize(
    ("heard", "written", "names"),
    [
        ("Raahul's house.", "Rahul's house.", [("Raahul", "Rahul")]),
        ("Ramesh and Ram came.", "Ramesh and Raam came.", [("Ram", "Raam")]),
        ("रामू और राम आए।", "रामू और रामलाल आए।", [("राम", "रामलाल")]),
        ("Con not place, now.", "Connaught Place, now.", [("Con not place", "Connaught Place")]),
        (
            "Raj's Raju and Ravi's Rahul.",
            "Raju's Rajiv and Rahul's Ravi.",
            [("Raj", "Raju"), ("Raju", "Rajiv"), ("Ravi", "Rahul"), ("Rahul", "Ravi")],
        ),
        ("Raahul saw Raahul.", "Rahul saw Rahul.", [("Raahul", "Rahul"), ("Raahul", "Rahul")]),
    ],
)
def test_names_are_followed_in_whatever_words_they_stand(
    heard: str, written: str, names: list[tuple[str, str]]
) -> None:
    said, now = (film(segment(1, text)) for text in (heard, written))
    assert wrong(way(said, now, renamed=tuple(Renamed(1, old, new) for old, new in names))) == []


def test_a_word_that_no_cue_has_is_named_where_it_was_said() -> None:
    assert wrong(way(WHOLE, WHOLE, drop="home")) == [("09_subtitle_gen", "lost", 8_000, "home")]


def test_a_word_of_a_cue_that_two_segments_share_is_missed_though_the_other_has_it_too() -> None:
    said = film(replace(segment(1, "he is"), end_ms=4_900), replace(segment(2, "is he"), start_ms=4_950, words=()))
    spoken = Spoken(heard_of(said), said, (), lambda _: None)
    track = make_track(said, subtitle_profiles.load("netflix").rules("en", FILM_FRAME_RATE))
    poorer = replace(track, cues=(replace(track.cues[0], lines=("he is he",)), *track.cues[1:]))
    assert len(track.cues) == 1
    assert [
        (item.how, item.text) for item in funnel.of_track(spoken, poorer, poorer.cues, corrected=False).unexplained
    ] == [("lost", "is")]


def test_numbers_that_a_profile_writes_otherwise_are_no_loss_and_one_that_is_gone_is() -> None:
    said = film(
        segment(1, "There were 5 of them."), segment(2, "He paid 2500000 rupees."), segment(3, "Room seven, please.")
    )
    found = way(said, said)
    assert wrong(found) == []
    assert wrong(way(said, said, drop="seven,")) == [("09_subtitle_gen", "lost", 12_000, "seven")]


def test_corrections_by_a_person_and_shorter_texts_that_were_taken_are_records() -> None:
    rules = subtitle_profiles.load("netflix").rules("en", FILM_FRAME_RATE)
    cues = list(make_track(WHOLE, rules).cues)
    edited = [replace(cues[0], lines=("Where were you?",)), *cues[1:-1]]
    found = way(WHOLE, WHOLE, corrected=edited)
    assert wrong(found) == []
    assert [(item.rule, item.text) for item in found.taken] == [
        (funnel.CORRECTED, "last night"),
        (funnel.CORRECTED, "all right then"),
    ]
    hurried = "Well, you know, I mean, I was, I was there, you know, basically, at ten, you know."
    fast = film(*(in_a_second(at, hurried) for at in range(1, 8)))
    shorter = way(fast, fast, take=True)
    assert wrong(shorter) == [] and {item.rule for item in shorter.taken} == {funnel.SHORTER}


def test_where_a_person_has_written_since_a_lost_word_is_no_proof_that_failed() -> None:
    poorer = changed(2, text="I was at home with.")
    cues = list(make_track(poorer, subtitle_profiles.load("netflix").rules("en", FILM_FRAME_RATE)).cues)
    assert [item.text for item in way(WHOLE, poorer, corrected=cues).unexplained] == ["rahul"]
    mended = [replace(cue, lines=("I was at home with Rahul.",)) if "home" in cue.text else cue for cue in cues]
    found = way(WHOLE, poorer, corrected=mended)
    assert wrong(found) == [] and [(item.rule, item.text) for item in found.taken] == [(funnel.SEEN, "rahul")]


def test_what_has_no_text_in_a_language_is_lost_where_one_was_asked_for_and_a_record_where_none_was() -> None:
    said = film(segment(1, "तुम कहाँ थे?", "hi"), segment(2, "At home.", "en"), language="hi")
    assert [item.rule for item in way(said, said, "en").taken] == [funnel.IN_ANOTHER]
    made = tuple(
        replace(one, translations={"en": Translation(text, how)})
        for one, text, how in zip(said.segments, ("", "At home."), ("nllb", "same language"), strict=True)
    )
    assert wrong(way(said, film(*made, language="hi"), "en")) == [("08_translation", "lost", 4_000, "तुम कहाँ थे")]
    by_hand = film(replace(made[0], translations={"en": Translation("", "person")}), made[1], language="hi")
    assert wrong(way(said, by_hand, "en")) == []


def test_what_is_passed_on_in_its_own_language_keeps_its_words_and_a_loop_that_is_shown_once_is_a_record() -> None:
    def with_text(text: str, *flags: str, backend: str = "nllb") -> SegmentsDocument:
        said = segment(1, "जा जा जा जा जा जा घर", "hi")
        return film(replace(said, translations={"en": Translation(text, backend, flags=flags)}), language="hi")

    said = film(segment(1, "जा जा जा जा जा जा घर", "hi"), language="hi")
    cut = way(said, with_text("जा घर", "loop", AS_SAID), "en")
    assert wrong(cut) == [] and [(item.rule, item.words) for item in cut.taken] == [(funnel.LOOP_CUT, 5)]
    assert wrong(way(said, with_text("जा जा", AS_SAID), "en")) != []
    english = film(replace(segment(1, "I am here."), translations={"en": Translation("I am.", "same language")}))
    assert wrong(way(film(segment(1, "I am here.")), english)) == [("08_translation", "lost", 4_000, "here")]


def test_a_line_of_which_one_sentence_stands_as_it_was_said_is_no_alarm_and_one_that_says_nothing_is() -> None:
    said = segment(1, "वह घर गया। मुझे पानी दो।", "hi")

    def with_text(text: str, *flags: str) -> list[tuple[str, str, int, str]]:
        made = replace(said, translations={"en": Translation(text, "nllb", flags=flags)})
        return wrong(way(film(said, language="hi"), film(made, language="hi"), "en"))

    assert with_text("He went home. मुझे पानी दो।", "empty", AS_SAID) == []
    assert with_text("वह घर गया।", AS_SAID) == [("08_translation", "lost", 4_000, "मुझे पानी दो")]
    assert with_text("…") == [("08_translation", "lost", 4_000, "वह घर गया मुझे पानी दो")]


def test_the_number_of_an_item_that_is_a_segment_of_its_own_stands_in_the_next_cue() -> None:
    number = replace(segment(1, "2."), end_ms=4_500, words=())
    said = film(number, replace(segment(2, "Close the door."), start_ms=4_600, words=()))
    assert wrong(way(said, said)) == []
    assert [item[1:] for item in wrong(way(said, said, drop="2."))] == [("lost", 4_000, "2")]


def test_a_number_is_missed_though_another_one_is_there_in_whatever_digits_they_are_written() -> None:
    said = film(
        segment(1, "मुझे 5 रुपये और 2500000 डॉलर दो।", "hi"), segment(2, "वह ५ बार आया, १२ लोग थे।", "hi"), language="hi"
    )
    assert wrong(way(said, said, "hi")) == []
    crores = film(segment(1, "एक करोड़ में से 2500000 रुपये दो।", "hi"), language="hi")
    assert wrong(way(crores, crores, "hi")) == []
    assert wrong(way(said, said, "hi", drop="१२")) == [("09_subtitle_gen", "lost", 8_000, "१२")]
    give = film(segment(1, "एक आदमी को पानी दो।", "hi"), language="hi")
    assert wrong(way(give, give, "hi", drop="दो।")) == [("09_subtitle_gen", "lost", 4_000, "दो")]


def test_cues_that_a_person_moved_or_merged_have_lost_no_word() -> None:
    cues = list(make_track(WHOLE, subtitle_profiles.load("netflix").rules("en", FILM_FRAME_RATE)).cues)
    later = [replace(cue, start_ms=cue.start_ms + 9_000, end_ms=cue.end_ms + 9_000) for cue in cues]
    merged = [replace(cues[0], end_ms=cues[1].end_ms, lines=(*cues[0].lines, *cues[1].lines)), *cues[2:]]
    for corrected in (later, merged):
        found = way(WHOLE, WHOLE, corrected=corrected)
        assert wrong(found) == [] and found.taken == ()


HOSTILE = [
    ("hi", "क़लम ज़्यादा अँगूठा क्‍ष श्री‌मान हैं।"),
    ("ar", "أَهْلًا وَسَهْلًا بِكَ يَا صَدِيقِي"),
    ("he", "שָׁלוֹם עֲלֵיכֶם חברים"),
    ("ur", "آپ کا نام کیا ہے؟"),
    ("ja", "今日は、とても良い天気ですね。ラーメンを食べましょう。"),
    ("zh", "我们明天早上八点见面吧。"),
    ("th", "สวัสดีครับ ผมชื่อสมชาย"),
    ("en", "“Don't,” she said — ‘twas O'Brien’s 3rd café at 5:30 p.m., né?"),
    ("hi", "मुझे पाँच सौ रुपये दो, 25 लाख नहीं; 7 बजे मिलो।"),
    ("en", "A\u200dB e\u0301te\u0301 \u2060word \ufeffend 👨‍👩‍👧 family ½ x² ３５"),
    ("ta", "நான் நாளை வருகிறேன், 10 மணிக்கு"),
    ("te", "నేను రేపు వస్తాను"),
]


@pytest.mark.parametrize(("language", "text"), HOSTILE)
@pytest.mark.parametrize("profile", ["netflix", "bbc", "netflix-sdh"])
@pytest.mark.parametrize("kind", ["dialogue", "song"])
def test_no_script_and_no_form_of_writing_is_taken_for_a_loss(
    language: str, text: str, profile: str, kind: str
) -> None:
    for form in ("NFC", "NFD"):
        said = film(
            *(segment(at, unicodedata.normalize(form, text), language, kind=kind) for at in (1, 2)), language=language
        )
        assert wrong(way(said, said, language, profile=profile)) == []


SIGNS = st.text(st.sampled_from("abcé I'’हिनदी़कषत्र।.,?!—-日本ー語。ン３５09♪…()\u200d\u200e ﷺاَ\n"), max_size=40)


@given(st.lists(SIGNS, min_size=1, max_size=5), st.sampled_from(("en", "hi", "ja", "es")))
@settings(max_examples=60, deadline=None)
def test_nothing_that_can_be_written_is_taken_for_a_loss(texts: list[str], language: str) -> None:
    said = film(
        *(segment(at, " ".join(text.split()), language) for at, text in enumerate(texts, start=1)), language=language
    )
    assert wrong(way(said, said, language)) == []


def test_a_track_that_lost_a_word_is_red_and_says_so_first() -> None:
    fine = Headline(10, 60.0, 1.0, 0.9, 0, 0, 1.0)
    lost = replace(fine, unexplained=2)
    assert (fine.grade, lost.grade) == ("good", "bad")
    assert lost.told().startswith("look at it: 2 words lost or added without a record, ")
    empty = Headline(0, 60.0, 0.0, None, 0, 0, 0.0, unexplained=3)
    assert empty.grade == "bad" and "3 words lost" in empty.told()


def in_a_second(number: int, text: str) -> Segment:
    said = segment(number, text)
    words = tuple(
        replace(word, start_ms=number * 1_000 + 50 * at, end_ms=number * 1_000 + 50 * at + 45)
        for at, word in enumerate(said.words)
    )
    return replace(said, start_ms=number * 1_000, end_ms=number * 1_000 + 950, words=words)


@pytest.mark.parametrize("text", ["", "old\tnew\n", "old\tnew\tsegment\nA\tB\tx\n", "old\tnew\tsegment\nA\n", "\ud800"])
def test_a_damaged_table_of_names_is_named(tmp_path: Any, text: str) -> None:
    path = tmp_path / "names_replaced.tsv"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    if text == "old\tnew\n":
        assert funnel.read_renamed(path) == []
        return
    with pytest.raises(ChangedFileError, match="is no table of names"):
        funnel.read_renamed(path)


# Stage 04 -------------------------------------------------------------------------------------------------------------


def chunk(start_ms: int, text: str, language: str = "en") -> Chunk:
    words = tuple(
        RawWord(f" {part}", start_ms + 300 * at, start_ms + 300 * at + 250, 0.9) for at, part in enumerate(text.split())
    )
    return Chunk(start_ms, start_ms + 10_000, language, text, words, {"avg_logprob": -0.2})


def test_words_of_the_pieces_that_are_in_no_segment_are_named() -> None:
    pieces = [chunk(0, SAID[0]), chunk(10_000, SAID[1])]
    kept = Account()
    assert kept.into_segments(pieces, WHOLE.segments[:2]) == 11 and kept.unexplained == []
    kept.into_segments(pieces, [WHOLE.segments[0], replace(WHOLE.segments[1], text="I was at home.")])
    assert kept.unexplained == [Unexplained(account.STAGE, "lost", 10_000, 20_000, 2, "with rahul")]


@pytest.mark.parametrize(
    ("language", "text"), [("th", "สวัสดีครับผมชื่อสมชาย"), ("zh", "我们明天早上八点见面吧。"), ("hi", "मैंने कहा—चलो।")]
)
def test_where_segments_part_a_piece_is_no_loss(language: str, text: str) -> None:
    kept = Account()
    for at in range(1, len(text)):
        parts = [segment(1, text[:at].strip(), language), segment(2, text[at:].strip(), language)]
        kept.into_segments([chunk(0, text, language)], parts)
    assert kept.unexplained == []


def test_what_goes_between_two_states_of_the_pieces_is_taken_out_by_a_rule_or_is_named() -> None:
    before, after = [chunk(0, "a b c d"), chunk(10_000, "e f")], [chunk(0, "a b"), chunk(10_000, "e f g")]
    kept = Account()
    kept.take(before[0].words[2:3], account.LOOP)
    kept.compare(before, after, 0)
    assert kept.taken[0].words == 1 and kept.taken[0].start_ms == 600
    assert [(item.text, item.start_ms) for item in kept.unexplained] == [("d", 0)]


def test_a_piece_of_a_script_without_spaces_that_is_parted_over_a_gap_is_no_loss() -> None:
    parts = ["สวัสดี", "ครับ", "ผมชื่อ", "สมชาย"]
    whole = Chunk(
        0,
        10_000,
        "th",
        "".join(parts),
        tuple(RawWord(part, 1_000 * n, 1_000 * n + 900, 0.9) for n, part in enumerate(parts)),
        {},
    )
    parted = [
        replace(whole, words=own, text="".join(word.text for word in own)) for own in (whole.words[:2], whole.words[2:])
    ]
    kept = Account()
    kept.compare([whole], parted, 0)
    assert kept.unexplained == []
    kept.compare([whole], parted[:1], 0)
    assert [item.how for item in kept.unexplained] == ["lost"]


def test_what_was_heard_in_a_gap_does_not_stand_for_a_word_that_was_lost_beside_it() -> None:
    new = replace(chunk(20_000, "the door"), decoded_again=DecodedAgain((gaps.REASON,), "as it is", 1))
    kept = Account()
    kept.compare([chunk(0, "open the door")], [one for one in (chunk(0, "open"), new) if not gaps.was_gap(one)], 0)
    assert [item.text for item in kept.unexplained] == ["the door"]


def test_a_given_text_is_a_record_of_what_it_replaces_and_a_line_that_vanishes_is_named() -> None:
    heard = film(segment(1, "wear where you last nite"), segment(4, "beside the text"))
    lines = ["Where were you last night?", "Never said."]
    placed = film(
        segment(1, lines[0], extra={given_text.KEY: given_text.GIVEN}),
        segment(4, "beside the text", extra={given_text.KEY: given_text.HEARD}),
    )
    kept = Account()
    kept.replaced(heard, placed, lines, lines[1:])
    assert kept.unexplained == [] and kept.given == 5
    assert {item.rule: item.words for item in kept.taken} == {account.GIVEN_INSTEAD: 5, account.NOT_SAID: 2}
    lost = Account()
    lost.replaced(heard, placed, lines, [])
    assert Counter(item.text for item in lost.unexplained) == Counter(["never said"])
    found = kept.heard(8, placed)
    assert (found.words, found.given, [one.id for one in found.said]) == (8, 5, [1, 4])


def test_a_word_of_a_given_line_that_vanishes_is_named_though_the_same_word_was_recognised_elsewhere() -> None:
    heard = film(segment(1, "go home now"), segment(4, "he says yes"))
    stays = segment(4, "he says yes", extra={given_text.KEY: given_text.HEARD})
    placed = film(segment(1, "Go home now", extra={given_text.KEY: given_text.GIVEN}), stays)
    kept = Account()
    kept.replaced(heard, placed, ["Go home now", "Yes."], [])
    assert [(item.how, item.text) for item in kept.unexplained] == [("lost", "yes")]
    assert [(item.text, item.start_ms, item.end_ms) for item in kept.taken] == [("go home now", 4_000, 7_000)]
    added = Account()
    added.replaced(heard, film(*placed.segments, replace(stays, id=5, text="he says nothing")), ["Go home now"], [])
    assert [(item.how, item.words) for item in added.unexplained] == [("added", 2), ("added", 1)]


def test_alignment_that_changes_what_segments_say_is_named() -> None:
    kept = Account()
    kept.finished(WHOLE.segments, WHOLE)
    assert kept.unexplained == []
    kept.finished(WHOLE.segments, changed(3, text="He owes me."))
    assert [(item.how, item.text, item.start_ms) for item in kept.unexplained] == [
        ("lost", "five hundred rupees", 12_000)
    ]


def test_the_file_of_each_kind_gives_back_every_word(tmp_path: Any) -> None:
    rules = subtitle_profiles.load("netflix").rules("hi", FILM_FRAME_RATE)
    said = film(*(segment(at, text, "hi") for at, (_, text) in enumerate(HOSTILE, start=1)), language="hi")
    cues = make_track(said, rules).cues
    for kind in formats.KINDS:
        path = tmp_path / f"film.hi.{kind}"
        path.write_text(formats.write(kind, cues, "hi"), encoding="utf-8")
        back = formats.read(path, language="hi").cues
        assert Counter(word for cue in back for word in word_forms.of(cue.text)) == Counter(
            word for cue in cues for word in word_forms.of(cue.text)
        ), kind
