"""What is kept out of a model's way comes back letter for letter; lines become sentences and sentences lines again."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import support
from samvad.stages.translation import markup, sentences
from samvad.stages.translation.backends import Line
from samvad.stages.translation.markup import Part, Span
from samvad.text import indic

#: Pieces of which texts are made that a careless pattern would tear.
HOSTILE = st.lists(
    st.sampled_from(
        [
            "ठीक है.चलो", "राम", " ", " ", "\n", "http://a.in/x?y=1", "a.b@c.in", "www.x.com", "10:30", "१०:३०",
            "₹500", "Rs. 5", "1,00,000", "3.5%", "।", "॥", "…", "...", "♪", "<i>", "</i>", "{\\an8}", "- ", "–",
            "[दरवाज़ा]", "(हँसी)", "<ID1>", "ID 2", "आईडी 3", "< ID1 >", "क़", "\u0958", "ज़", "\u200d", "@ram", "#tag",
            "12/11/2023", '"', "'", "😀", "\\", "$", "<", ">", "1", "२",
        ]
    ),
    max_size=14,
).map("".join)  # fmt: skip
ANY = st.one_of(HOSTILE, st.text(max_size=60))


@given(ANY)
@example("<i>चलो</i>")
def test_marks_and_language_joined_are_the_text(text: str) -> None:
    assert "".join(part.text for part in markup.frame(text)) == text


@given(ANY, st.booleans())
@example("<<ID1>>", True)
@example("ID 1 http://a.in ID 1", False)
def test_protecting_and_restoring_is_the_identity(text: str, all_numbers: bool) -> None:
    protected = markup.protect(text, markup.facts(text, all_numbers=all_numbers))
    assert markup.restore(protected.text, protected) == markup.Restored(text)


@given(ANY, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=5))
def test_any_spans_come_back_whole(text: str, places: list[tuple[int, int]]) -> None:
    spans = [Span(min(low, len(text)), min(high, len(text)), markup.TERM, "x") for low, high in places]
    protected = markup.protect(text, [*markup.facts(text), *spans])
    assert markup.restore(protected.text, protected).text == text


@pytest.mark.parametrize("name", ["MP3", "4K", "H2O", "24x7", "B2B", "PS5", "7up"])
def test_a_name_with_figures_in_it_is_kept_whole_where_all_numbers_are(name: str) -> None:
    assert markup.protect(f"{name} देखो", markup.facts(f"{name} देखो", all_numbers=True)).text == "<ID1> देखो"


@pytest.mark.parametrize("text", ["It is 5pm.", "The 2nd one.", "Ran 10km.", "The 90s."])
def test_a_number_with_its_unit_leaves_the_unit_to_be_translated(text: str) -> None:
    (span,) = markup.facts(text, all_numbers=True)
    assert span.wanted.isdigit()


@pytest.mark.parametrize("word", ["शुरू", "गुरु", "चारु", "गेरू", "मेरू", "पुरु", "Ayers"])
def test_no_word_that_ends_like_a_currency_is_torn(word: str) -> None:
    assert [span.wanted for span in markup.facts(f"{word} 5 बजे")] == []
    assert [span.wanted for span in markup.facts(f"{word} 10:30")] == ["10:30"]


@pytest.mark.parametrize(("text", "wanted"), [("मुझे रु 500 दो", "Rs 500"), ("रू. ५०", "Rs 50"), ("Rs. 5", "Rs. 5")])
def test_a_sum_of_money_reads_in_every_script(text: str, wanted: str) -> None:
    assert [span.wanted for span in markup.facts(text)] == [wanted]


def test_an_id_that_people_speak_of_is_translated_and_its_figure_kept() -> None:
    assert markup.protect("मेरी आईडी 12 है।", markup.facts("मेरी आईडी 12 है।")).text == "मेरी आईडी <ID1> है।"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("मेल a.b@c.in पर", "मेल <ID1> पर"),
        ("देखो https://film.in/a?b=1, अभी", "देखो <ID1>, अभी"),
        ("ठीक है.चलो", "ठीक है.चलो"),
        ("१०:३० बजे ₹१,५००", "<ID1> बजे <ID2>"),
        ("5 आदमी", "5 आदमी"),
        ("12/11/2023 को 3.5% गिरा", "<ID1> को <ID2> गिरा"),
        ("रु. 500 दो", "<ID1> दो"),
    ],
)
def test_addresses_and_composed_figures_are_protected_and_plain_text_is_not(text: str, expected: str) -> None:
    assert markup.protect(text, markup.facts(text)).text == expected


def test_figures_come_out_in_digits_0_to_9() -> None:
    protected = markup.protect("१०:३०", markup.facts("१०:३०"))
    assert markup.restore("at <ID1>", protected, lambda span: span.wanted).text == "at 10:30"


@pytest.mark.parametrize(
    "written",
    ["<ID1>", "< ID1 >", "<id1>", "<आईडी1>", "< आईडी १ >", "ID 1", "<ID1", "<ID-1>", "<આઈડી1>", "<1>", "आई.डी. 1"],
)
def test_a_placeholder_is_known_again_however_a_model_writes_it(written: str) -> None:
    protected = markup.protect("a.b@c.in", markup.facts("a.b@c.in"))
    restored = markup.restore(f"at {written} now", protected)
    assert " ".join(restored.text.split()) == "at a.b@c.in now"
    assert not restored.missing


def test_lost_doubled_and_invented_placeholders_are_told() -> None:
    protected = markup.protect("a@b.in c@d.in", markup.facts("a@b.in c@d.in"))
    restored = markup.restore("<ID2> <ID2> <ID7>", protected)
    assert (restored.missing, restored.leaks) == ((0, 1), 1)
    assert markup.leaks("x <ID7>") == 1
    assert markup.without_leaks("x <ID7> y, ID 7") == "x y, ID 7"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("<i>मैं जा रहा हूँ</i>", ["मैं जा रहा हूँ"]),
        ("♪ चलो चलें ♪", ["चलो चलें"]),
        ("- कहाँ? - घर।", ["कहाँ?", "घर।"]),
        ("-कहाँ?\n-घर।", ["कहाँ?", "घर।"]),
        ("[दरवाज़ा] चलो", ["दरवाज़ा", "चलो"]),
        ("… और फिर…", ["और फिर"]),
        ("मैं <i>बस</i> जा रहा हूँ", ["मैं <i>बस</i> जा रहा हूँ"]),
        ("उन्नीस-बीस", ["उन्नीस-बीस"]),
        ("{\\an8}हाँ", ["हाँ"]),
    ],
)
def test_marks_are_set_apart_from_language(text: str, language: list[str]) -> None:
    assert [part.text.strip() for part in markup.frame(text) if not part.is_mark] == language
    assert all(isinstance(part, Part) for part in markup.frame(text))


_PREPARE = """
import sys
from samvad.stages.translation import markup, terms
known = {"राम": "Ram", "राम लाल": "Ram Lal", "किताब": "book"}
glossary = terms.Glossary(tuple(terms.Term(said, (wanted,)) for said, wanted in known.items()))
for text in sys.argv[1:]:
    print(markup.protect(text, [*glossary.find(text), *markup.facts(text, all_numbers=True)]))
print(glossary.hash)
"""


def test_preparation_is_the_same_under_any_hash_seed() -> None:
    texts = ["राम लाल 10:30 बजे a@b.in c@d.in किताबें 5 ₹6", "http://x.in http://y.in राम"]
    found = {
        subprocess.run(
            [sys.executable, "-c", _PREPARE, *texts], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(support.ROOT / "scripts")},
        ).stdout
        for seed in ("0", "1", "4242")
    }  # fmt: skip
    assert len(found) == 1


# -- sentences -------------------------------------------------------------------------------------------------------


def spoken(*texts: str, gap_ms: int = 200, speakers: tuple[str | None, ...] = ()) -> list[Line]:
    step = 1000 + gap_ms
    return [
        Line(at + 1, "hi", text, step * at, step * at + 1000, step * at, step * at + 1000,
             speaker=speakers[at] if speakers else None)
        for at, text in enumerate(texts)
    ]  # fmt: skip


def texts(lines: list[Line]) -> list[str]:
    return [sentence.text for sentence in sentences.sentences_of(lines)]


def test_lines_are_joined_to_the_end_of_their_sentence() -> None:
    assert texts(spoken("मैं कल", "घर जाऊँगा। तुम", "आओगे?")) == ["मैं कल घर जाऊँगा।", "तुम आओगे?"]


def test_a_pause_another_speaker_a_dash_or_a_missing_line_ends_a_sentence() -> None:
    assert texts(spoken("मैं कल", "घर।", gap_ms=1000)) == ["मैं कल", "घर।"]
    assert texts(spoken("मैं कल", "घर।", speakers=("a", "b"))) == ["मैं कल", "घर।"]
    assert texts(spoken("मैं कल", "- घर।")) == ["मैं कल", "- घर।"]
    first, _, third = spoken("मैं कल", "hello", "घर।", gap_ms=0)
    assert texts([first, third]) == ["मैं कल", "घर।"]


def test_where_nobody_set_punctuation_each_line_is_a_sentence() -> None:
    assert texts(spoken("मैं कल", "घर जाऊँगा", "तुम", "आओगे")) == ["मैं कल", "घर जाऊँगा", "तुम", "आओगे"]


@given(st.lists(st.text(alphabet="अब क।?,\n", min_size=1, max_size=12).filter(str.strip), max_size=12))
def test_no_word_is_lost_between_lines_and_sentences(words: list[str]) -> None:
    lines = spoken(*words, gap_ms=0)
    made = sentences.sentences_of(lines)
    assert "".join("".join(item.text.split()) for item in made) == "".join("".join(line.text.split()) for line in lines)
    for at, line in enumerate(lines):
        shares = [share.text for item in made for share in item.shares if share.line == at]
        assert "".join("".join(shares).split()) == "".join(line.text.split())


@given(
    st.lists(st.sampled_from(["a", "word", "longer", "end.", "and,"]), min_size=1, max_size=30),
    st.lists(st.integers(1, 9000), min_size=1, max_size=6),
)
def test_as_many_parts_as_lines_each_with_a_word_and_nothing_lost(words: list[str], times: list[int]) -> None:
    shares = tuple(sentences.Share(at, "x", time) for at, time in enumerate(times))
    parts = sentences.share_out(" ".join(words), shares)
    if parts is None:
        assert len(words) < len(times)
    else:
        assert len(parts) == len(times)
        assert all(parts)
        assert " ".join(parts) == " ".join(words)


def test_a_sentence_is_cut_at_punctuation_near_the_time_of_its_lines() -> None:
    shares = [sentences.Share(0, "x", 2000), sentences.Share(1, "y", 2000)]
    made = "When I came home last night, nobody was there at all"
    assert sentences.share_out(made, shares) == ["When I came home last night,", "nobody was there at all"]


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        ("I go home ।", "en", "I go home."),
        ("मैं घर ।", "hi", "मैं घर।"),
        ("Ram 's house , now", "en", "Ram's house, now"),
        ("wait....... what", "en", "wait... what"),
    ],
)
def test_a_translation_is_written_as_its_language_writes(text: str, target: str, expected: str) -> None:
    assert indic.polished(text, target) == expected
