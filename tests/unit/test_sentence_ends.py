"""Where sentences end: the same for recognition, translation and subtitles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samvad.stages.translation import sentences
from samvad.stages.translation.backends import Line
from samvad.text.sentence_ends import belongs_to, ends_sentence, split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ठीक है। चलो! कहाँ?", ["ठीक है।", "चलो!", "कहाँ?"]),
        ("Mr. Sharma is here. Come in.", ["Mr. Sharma is here.", "Come in."]),
        ("डॉ. राव आए हैं। बैठिए।", ["डॉ. राव आए हैं।", "बैठिए।"]),
        ("“Dr. Rao?” K. L. Saigal sang.", ["“Dr. Rao?”", "K. L. Saigal sang."]),
        ("No. I will not.", ["No.", "I will not."]),
        ("There are 5. Take one.", ["There are 5.", "Take one."]),
        ("He costs 3.50 rupees", ["He costs 3.50 rupees"]),
        ("“Go.” She went…", ["“Go.”", "She went…"]),
        ("وہ آیا۔ کیا؟ ہاں", ["وہ آیا۔", "کیا؟", "ہاں"]),
        ("It costs Rs. 500 only. Take it.", ["It costs Rs. 500 only.", "Take it."]),
        ("Room No. 5 is free. No. Five is not.", ["Room No. 5 is free.", "No.", "Five is not."]),
        (
            "He came at 5 p.m. yesterday. She left at 6 p.m. We stayed.",
            ["He came at 5 p.m. yesterday.", "She left at 6 p.m.", "We stayed."],
        ),
        ("Mr. A. K. Hangal spoke. So do I. We listened.", ["Mr. A. K. Hangal spoke.", "So do I.", "We listened."]),
        ("I. K. Gujral was there.", ["I. K. Gujral was there."]),
        ("मैं बी.ए. पास हूँ। पं. नेहरू आए। मुझे रु. 500 दो।", ["मैं बी.ए. पास हूँ।", "पं. नेहरू आए।", "मुझे रु. 500 दो।"]),
        ("all over the world. country by country", ["all over the world. country by country"]),
        ("जी. चलिए. वह आई. फिर गई.", ["जी.", "चलिए.", "वह आई.", "फिर गई."]),
        ("ए. आर. रहमान और के. आसिफ आए.", ["ए. आर. रहमान और के. आसिफ आए."]),
        ("in 2005. 10 years later", ["in 2005.", "10 years later"]),
        ("El Sr. García llegó. Vino la Dra. Ruiz.", ["El Sr. García llegó.", "Vino la Dra. Ruiz."]),
        ("apples, pears, etc. They were ripe.", ["apples, pears, etc.", "They were ripe."]),
        (
            "The U.S. army came. She is from the U.S. He is not.",
            ["The U.S. army came.", "She is from the U.S.", "He is not."],
        ),
        ("", []),
        ("A.R. Rahman sang. R.K. Narayan wrote.", ["A.R. Rahman sang.", "R.K. Narayan wrote."]),
        ("It is on M.G. Road. The U.S. Army came.", ["It is on M.G. Road.", "The U.S. Army came."]),
        ('"Is it you?" she asked. "Stop!" He ran.', ['"Is it you?" she asked.', '"Stop!"', "He ran."]),
        ("Mt. Everest is high. It is 6 ft. He won.", ["Mt. Everest is high.", "It is 6 ft.", "He won."]),
        ("Am 5. Mai war es. Er ist 5. Gut.", ["Am 5. Mai war es.", "Er ist 5.", "Gut."]),
        ("He lives in Washington D.C. She does not.", ["He lives in Washington D.C.", "She does not."]),
        ("Plan B. We need it. Vitamin C. It helps.", ["Plan B.", "We need it.", "Vitamin C.", "It helps."]),
        ("The Rt. Hon. Mr. Smith spoke. I listened.", ["The Rt. Hon. Mr. Smith spoke.", "I listened."]),
        ("Lt. Col. Singh, Brig. Rao and Hav. Ram came.", ["Lt. Col. Singh, Brig. Rao and Hav. Ram came."]),
        ("Flat 5, Bldg. 7. Art. 370 too. Ext. 12.", ["Flat 5, Bldg. 7.", "Art. 370 too.", "Ext. 12."]),
        ("He said hmm. Shh. 5 men came.", ["He said hmm.", "Shh.", "5 men came."]),
        ("Only Re. 1. Cap. 3, Pág. 5, n. 7.", ["Only Re. 1.", "Cap. 3, Pág. 5, n. 7."]),
        (
            "Das ist z. B. gut. Son las 5 p. m. ya. EE. UU. ganó.",
            ["Das ist z. B. gut.", "Son las 5 p. m. ya.", "EE. UU. ganó."],
        ),
        ("बी.टेक. भी। उ.प्र. सरकार। ता. 5 को।", ["बी.टेक. भी।", "उ.प्र. सरकार।", "ता. 5 को।"]),
        ("वि. सं. 2050 में। ई. पू. 300 में। स्व. इंदिरा गांधी।", ["वि. सं. 2050 में।", "ई. पू. 300 में।", "स्व. इंदिरा गांधी।"]),
        ("है. हाँ. ना. ना. खाया था. 5 लोग आए.", ["है.", "हाँ.", "ना.", "ना.", "खाया था.", "5 लोग आए."]),
        ("எம். ஜி. ஆர். வந்தார். உ.வே. சாமிநாத ஐயர் வந்தார்.", ["எம். ஜி. ஆர். வந்தார்.", "உ.வே. சாமிநாத ஐயர் வந்தார்."]),
        ("ఎన్. టి. రామారావు వచ్చారు. నువ్వు పో. నేను రాను.", ["ఎన్. టి. రామారావు వచ్చారు.", "నువ్వు పో.", "నేను రాను."]),
        ("ਹਾਂ ਜੀ. ਉਹ ਆਇਆ. હા જી. એ આવ્યો.", ["ਹਾਂ ਜੀ.", "ਉਹ ਆਇਆ.", "હા જી.", "એ આવ્યો."]),
        ("মি. রায়। এ. পি. জে. আব্দুল কালাম এলেন।", ["মি. রায়।", "এ. পি. জে. আব্দুল কালাম এলেন।"]),
        ("મો. ક. ગાંધી આવ્યા. રૂ. 500 આપો.", ["મો. ક. ગાંધી આવ્યા.", "રૂ. 500 આપો."]),
        ("ಡಿ. ವಿ. ಗುಂಡಪ್ಪ ಬಂದರು. പി. ടി. ഉഷ വന്നു.", ["ಡಿ. ವಿ. ಗುಂಡಪ್ಪ ಬಂದರು.", "പി. ടി. ഉഷ വന്നു."]),
    ],
)
def test_a_text_is_split_where_its_sentences_end(text: str, expected: list[str]) -> None:
    assert split(text) == expected


@pytest.mark.parametrize("word", ["है।", "go.”", "(what?)", "well…", "ہے۔", "か？", "la. ♪"])
def test_a_sentence_ends_with_its_mark_whatever_closes_after_it(word: str) -> None:
    assert ends_sentence(word)


@pytest.mark.parametrize("word", ["Mr.", "(Dr.", "श्री.", "K.", "now,", "3.50", "", "”"])
def test_a_sentence_goes_on_after_an_abbreviation_an_initial_or_no_mark(word: str) -> None:
    assert not ends_sentence(word)


def test_a_figure_stays_in_one_piece() -> None:
    for word, rest in (("3", ".6"), ("3.", "6"), ("2020", "-5"), ("10", ":30"), ("5", "%"), ("1", ",000")):
        assert belongs_to(word, rest)
    for word, following in (("3.", " 6"), ("five", " .6"), ("there", "5"), ("3.", " Then")):
        assert not belongs_to(word, following)


@given(st.text(alphabet='ab .?!।"', max_size=60))
def test_splitting_loses_nothing(text: str) -> None:
    assert "".join("".join(split(text)).split()) == "".join(text.split())


def test_a_line_that_stops_at_an_abbreviation_is_translated_with_the_next() -> None:
    said = ["This is Dr.", "Rao from Delhi.", "He is late."]
    times = [(1000 * number, 1000 * number + 900) for number in range(len(said))]
    lines = [Line(n, "en", text, *time, *time) for n, (text, time) in enumerate(zip(said, times, strict=True), 1)]
    assert [sentence.text for sentence in sentences.sentences_of(lines)] == [
        "This is Dr. Rao from Delhi.",
        "He is late.",
    ]
