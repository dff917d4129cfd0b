"""Numbers in digits and in words: the same value in every language, and a translation is held against them."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
import translation_flags as flags
from hypothesis import given
from hypothesis import strategies as st

from samvad.core.errors import ConfigurationError
from samvad.stages.translation import figures, guards, markup, negation
from samvad.text import number_words


@pytest.mark.parametrize(
    ("language", "text", "values"),
    [
        ("en", "five hundred and twenty-five", [525]),
        ("en", "two thousand five, nine hundred and five", [2005, 905]),
        ("en", "five and six, nineteen forty-seven", [5, 6, 19, 47]),
        ("en", "5 lakh, $2.5 million, half a million, two dozen", [500_000, 2_500_000, 500_000, 24]),
        ("hi", "पाँच सौ, पांच सौ, ५००", [500, 500, 500]),
        ("hi", "डेढ़ लाख, ढाई करोड़, सवा सौ, साढ़े तीन सौ", [150_000, 25_000_000, 125, 350]),
        ("hi", "उन्नीस सौ सैंतालीस, पचास हजार पाँच सौ छः", [1947, 50_506]),
        ("hi", "20वीं, बीसवीं, पाँचवाँ", [20, 20, 5]),
        ("es", "quinientos treinta y cinco, dos mil veinticuatro, veintidos", [535, 2024, 22]),
        ("fr", "quatre-vingt-dix-sept, mille neuf cent quarante-sept", [97, 1947]),
        ("de", "fünfundzwanzig, fünfhundert", [25, 500]),
        ("pt", "cento e cinquenta e três", [153]),
        ("it", "duecento cinquanta, ventitré", [250, 23]),
        ("ur", "پانچ سو، پچیس ہزار", [500, 25_000]),
        ("mr", "पाचशे, पंचवीस हजार", [500, 25_000]),
        ("bn", "পাঁচশো, পঁচিশ হাজার", [500, 25_000]),
        ("gu", "પાંચસો", [500]),
        ("pa", "ਪੰਜ ਸੌ", [500]),
        ("ta", "ஐந்நூறு, ஐந்து லட்சம்", [500, 500_000]),
        ("te", "ఐదు వందల", [500]),
        ("ja", "五百 500", [500]),
    ],
)
def test_a_number_is_read_in_words_as_in_digits(language: str, text: str, values: list[int]) -> None:
    assert [number.value for number in number_words.of(text, language)] == values


@pytest.mark.parametrize(
    ("language", "text"),
    [("hi", "सौ " * 40), ("en", "hundred " * 40), ("en", "dozen " * 60), ("en", "1" * 45 + " two")],
)
def test_what_a_recogniser_repeats_is_no_error(language: str, text: str) -> None:
    assert number_words.of(text, language)
    assert not figures.lost(text, text, language, language).words


@given(st.integers(0, 999_999))
def test_every_english_number_is_read(number: int) -> None:
    assert [found.value for found in number_words.of(_english(number), "en")] == [Decimal(number)]


_ONES = re.findall(
    r"\w+",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def _english(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens = _TENS[number // 10 - 2]
        return f"{tens}-{_ONES[number % 10]}" if number % 10 else tens
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    rest = number % size
    joint = " and " if rest and rest < 100 else " "
    return f"{_english(number // size)} {name}" + (joint + _english(rest) if rest else "")


KEPT, CHANGED, MISSING = "kept", "changed", "missing"


@pytest.mark.parametrize(
    ("pair", "said", "made", "how"),
    [
        ("hi en", "मुझे पाँच सौ रुपये दो", "Give me five hundred rupees", KEPT),
        ("hi en", "मुझे पाँच सौ रुपये दो", "Give me 500 rupees", KEPT),
        ("hi en", "मुझे पाँच सौ रुपये दो", "Give me fifty rupees", CHANGED),
        ("hi en", "मुझे पाँच सौ रुपये दो", "Give me money", MISSING),
        ("hi es", "मुझे 500 रुपये दो", "Dame quinientas rupias", KEPT),
        ("hi en", "मुझे 500 रुपये दो", "Give me five thousand rupees", CHANGED),
        ("en es", "five hundred", "cinco mil", CHANGED),
        ("hi en", "5 लाख लोग", "500,000 people", KEPT),
        ("hi en", "पचास लाख लोग", "5 million people", KEPT),
        ("hi en", "1947 में", "in nineteen forty-seven", KEPT),
        ("en hi", "in nineteen forty-seven", "1947 में", KEPT),
        ("hi en", "नौ आठ सात छह", "9876", KEPT),
        ("hi en", "5:30 बजे", "at half past five", KEPT),
        ("hi en", "रात 9:30 बजे", "at 21:30", KEPT),
        ("hi en", "वह नौ दो ग्यारह हो गया", "He ran away", KEPT),  # an idiom
        ("hi en", "उसने पैंतीस रोटियाँ खाईं", "He ate a lot of bread", MISSING),
        ("hi en", "मैंने तीन बार कहा", "I said it four times", CHANGED),
        ("en hi", "I have three sisters", "मेरी चार बहनें हैं", CHANGED),
        ("hi en", "मुझे तीन दो", "Give me three", KEPT),  # "दो" is "give", too
        ("hi en", "सवा चार बजे", "at a quarter past four", KEPT),
        ("hi en", "सवा चार बजे", "at a quarter past seven", CHANGED),
        ("en hi", "We stayed for an hour and a half", "हम 90 मिनट रुके", KEPT),
        ("en hi", "We stayed for an hour and a half", "हम 70 मिनट रुके", CHANGED),
        ("en es", "three and a half thousand", "3500", KEPT),
        ("en hi", "We meet at ten thirty", "हम साढ़े दस बजे मिलेंगे", KEPT),
        ("en hi", "We meet at ten forty-five", "हम पौने ग्यारह बजे मिलेंगे", KEPT),
        ("en hi", "We meet at ten thirty", "हम साढ़े ग्यारह बजे मिलेंगे", CHANGED),
        ("hi en", "चौबीस घंटे बोलता है", "He talks all the time", KEPT),
        ("hi en", "सोलह आने सच", "Absolutely true", KEPT),
        ("es en", "dos horas y media", "150 minutes", KEPT),
        ("ne en", "आज बिहान भरि धेरै मान्छे छ", "There are fifty people this morning", KEPT),  # "छ" is "is", and six
        ("bn en", "এটা আমার নয়, ভাইদের", "It is not mine, it is my four brothers'", KEPT),  # "নয়" is "is not", and nine
        ("hi en", "सौ बार कहा, एक बात, दे दो", "I said it a thousand times, something, give it", KEPT),
        ("en hi", "twenty-five people", "पैंतीस लोग", CHANGED),
        ("en ta", "twenty-five people", "இருபத்தைந்து பேர்", KEPT),
        ("en ja", "twenty-five people", "二十五人", KEPT),
    ],
)
def test_a_translation_is_held_against_the_numbers_of_its_source(pair: str, said: str, made: str, how: str) -> None:
    source, target = pair.split()
    found = guards.problems(said, made, source, target)
    assert (guards.NUMBERS in found, guards.NUMBER_WORDS in found) == (how == CHANGED, how == MISSING)


def test_a_number_in_digits_that_was_said_in_words_is_not_made_up() -> None:
    assert not figures.added("पाँच सौ रुपये", "500 rupees", "hi", "en")
    assert figures.added("बहुत रुपये", "500 rupees", "hi", "en") == ["500"]
    assert {guards.NUMBERS, guards.NUMBER_WORDS} <= guards.UNFIT


@pytest.mark.parametrize(
    ("pair", "said", "made", "lost"),
    [
        ("en ta", "He did not come.", "அவன் வரவில்லை.", False),
        ("en ta", "He did not come.", "அவன் வந்தான்.", True),
        ("en kn", "He did not come.", "ಅವನು ಬರಲಿಲ್ಲ.", False),
        ("en kn", "He did not come.", "ಅವನು ಬಂದ.", True),
        ("en ml", "He did not come.", "അവൻ വന്നില്ല.", False),
        ("en ml", "He did not come.", "അവൻ വന്നു.", True),
        ("ml en", "നല്ല ദിവസം.", "A good day.", False),
        ("en ml", "It is not a good day.", "നല്ല ദിവസം.", True),
        ("kn en", "ಎಲ್ಲ ಬಂದರು.", "All came.", False),
        ("en te", "I will not come.", "నేను రాను.", False),
        ("hi pt", "मैं नहीं जानता।", "Eu não sei.", False),
        ("hi pt", "मैं नहीं जानता।", "Eu sei.", True),
        ("hi it", "मैं नहीं जानता।", "Lo so.", True),
        ("hi ru", "मैं नहीं जानता।", "Я не знаю.", False),
        ("ta en", "அவன் வரவில்லை.", "He came.", True),
        ("hi en", "चलो ना।", "Come on.", False),
        ("en hi", "Do not go.", "न जाओ।", False),
    ],
)
def test_a_negation_is_found_as_each_language_says_it(pair: str, said: str, made: str, lost: bool) -> None:
    assert negation.is_lost(said, made, *pair.split()) is lost


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("रुपये 500 दो", ["Rs 500"]),
        ("Rs.500/- only", ["Rs.500/-"]),
        ("US$ 5, A$5, $5m, 300 INR", ["US$ 5", "A$5", "$5m", "300 INR"]),
        ("કિંમત રૂ. 500 છે। ગુરૂ 5", ["Rs 500"]),
        ("விலை ரூ. 500. குரு 5", ["Rs 500"]),
        ("ధర రూ. 500. గురు 5", ["Rs 500"]),
        ("ಬೆಲೆ ರೂ. 500. ಗುರು 5", ["Rs 500"]),
        ("ਕੀਮਤ ਰੁ. 500. ਗੁਰੂ 5", ["Rs 500"]),
        ("شروع 5، روپے 500", ["Rs 500"]),
        ("शुरू 9 बजे, गुरु 5, चारु 20, गेरू 50, मेरू 7", []),
    ],
)
def test_a_sum_is_kept_out_of_the_models_way_in_every_script(text: str, wanted: list[str]) -> None:
    spans = markup.protect(text, markup.facts(text)).spans
    assert [span.wanted for span in spans if span.kind == markup.NUMBER] == wanted


@pytest.mark.parametrize(
    ("language", "said", "wanted"),
    [
        ("hi", "सात लोग, दो पच्चीस", ["7", "25"]),
        ("bn", "এটা আমার নয়, পঁচিশ টাকা দাও", ["25"]),  # "is not"
        ("it", "Sei pazzo, ne ho ventidue", ["22"]),  # "you are"
        ("fr", "un habit neuf à vingt-cinq euros", ["25"]),  # "new"
        ("ta", "நூற்று ஐந்து", []),  # 105, of which the table knows the five
    ],
)
def test_what_may_be_no_number_is_not_written_in_digits(language: str, said: str, wanted: list[str]) -> None:
    assert [span.wanted for span in figures.spans(said, language)] == wanted


@pytest.mark.parametrize(
    ("pair", "said", "made", "added"),
    [
        ("hi en", "वह आया है।", "He has not come.", True),
        ("hi en", "वह नहीं आया है।", "He has not come.", False),
        ("en hi", "He is here.", "वह यहाँ नहीं है।", True),
        ("en hi", "He is helpless.", "वह कुछ नहीं कर सकता।", False),
        ("hi en", "अभी जाओ वरना वह नाराज़ होगा।", "Go now or he will not be happy.", False),
        ("en fr", "He is here.", "Il n'est pas ici.", False),  # not told well enough there to be asked
    ],
)
def test_a_denial_that_nobody_said_is_found_between_hindi_and_english(
    pair: str, said: str, made: str, added: bool
) -> None:
    assert (guards.NEGATION_ADDED in guards.problems(said, made, *pair.split())) is added


@pytest.mark.parametrize(
    ("pair", "said", "made"),
    [
        ("hi en", "जल्दी करो नहीं तो बस छूट जाएगी।", "Hurry up, or you'll miss the bus."),
        ("hi en", "जब तक वह नहीं आता, रुको।", "Wait until he comes."),
        ("hi en", "बताओ वह आया या नहीं।", "Tell me whether he came."),
        ("hi en", "यह बात भूलना मत।", "Remember this."),
        ("en hi", "Why don't we go?", "चलो चलें?"),
        ("en hi", "You know him, don't you?", "तुम उसे जानते हो?"),
        ("fr en", "Il ne mange que du pain.", "He eats only bread."),
        ("fr en", "Une personne attend.", "A person is waiting."),
        ("es en", "Vienes, ¿no?", "You're coming, right?"),
        ("de en", "Vergiss nicht zu schreiben.", "Remember to write."),
        ("hi en", "वह ईमानदार नहीं है।", "He is dishonest."),
    ],
)
def test_what_looks_like_a_denial_and_is_none_may_be_said_without(pair: str, said: str, made: str) -> None:
    assert not negation.is_lost(said, made, *pair.split())


def test_right_translations_are_hardly_flagged_and_planted_faults_are_found() -> None:
    pairs = [*flags.pairs(flags.OWN, "tuning"), *flags.pairs(flags.OWN, "report")]
    wrong = [pair for pair in pairs if pair.flags() & frozenset(flags.FLAGS)]
    assert len(pairs) > 400
    assert len(wrong) <= 0.03 * len(pairs), wrong
    found = [(kind, bool(wanted & pair.flags(made))) for pair in pairs for kind, wanted, made in flags.planted(pair)]
    for kind, least in (("number", 0.95), ("denial put in", 0.9), ("question taken out", 1.0)):
        hits = [hit for planted, hit in found if planted == kind]
        assert len(hits) > 10
        assert sum(hits) >= least * len(hits), kind


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("hi\tunit x\tमिनट", "line 2: the kind is 'unit x', but must be unit and a number from 0 on, such as unit 60"),
        ("hi\tscale\tलाख", "but must be scale and a number from 0 on"),
        ("hi\tscale -5\tलाख", "but must be scale and a number from 0 on"),
        ("hi\tvalue NaN\tलाख", "but must be value and a number from 0 on"),
        ("hi\tsays 1e\tलाख", "but must be says and a number from 0 on"),
        ("hi\tidoms\tनौ दो ग्यारह", "line 2: the kind is 'idoms', but must be one of: ones,"),
        ("hi\tones 5\tएक", "the kind is 'ones 5', but must be one of"),
    ],
)
def test_a_row_of_the_table_with_a_kind_or_a_size_that_is_none_is_refused_by_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, told: str
) -> None:
    table = tmp_path / "number_words.tsv"
    table.write_text(f"language\tkind\twords\n{row}\n", encoding="utf-8")
    monkeypatch.setattr(number_words, "TABLE", table)
    with pytest.raises(ConfigurationError) as refused:
        number_words._tables.__wrapped__()
    assert str(table) in str(refused.value) and told in str(refused.value)


@pytest.mark.parametrize(
    ("hindi", "english"),
    [
        ("वह चार सौ बीस है।", "He is a crook."),
        ("तू बड़ा चार सौ बीस निकला!", "You turned out to be a fraud!"),
        ("मैं उसके बारह बजा दूँगा।", "I'll finish him off."),
        ("मेरे साथ चार सौ बीस करता है?", "You dare to cheat me?"),
    ],
)
def test_a_number_that_stands_for_something_else_need_not_be_in_a_translation(hindi: str, english: str) -> None:
    assert not guards.problems(hindi, english, "hi", "en") & guards.UNFIT


@pytest.mark.parametrize(
    ("hindi", "english"),
    [
        ("मुझे चार सौ बीस रुपये दो।", "Give me some money."),
        ("चार सौ बीस लोग आए।", "People came."),
        ("इसकी क़ीमत चार सौ बीस है।", "That is its price."),
        ("रात के बारह बज गए।", "It is night."),
    ],
)
def test_the_same_words_as_a_count_are_asked_for(hindi: str, english: str) -> None:
    assert guards.NUMBER_WORDS in guards.problems(hindi, english, "hi", "en")


OPPOSITES = [
    ("Relax.", "चिंता मत करो।"),
    ("Calm down.", "घबराओ मत।"),
    ("Hurry up!", "देर मत करो!"),
    ("Freeze!", "हिलना मत!"),
    ("Stay here.", "मत जाओ।"),
    ("He is dead.", "वह अब नहीं रहे।"),
    ("It is hard.", "यह आसान नहीं है।"),
    ("God knows.", "पता नहीं।"),
    ("I am busy.", "मैं ख़ाली नहीं हूँ।"),
    ("Don't worry.", "निश्चिंत रहो।"),
    ("Don't move!", "वहीं रुक जाओ!"),
    ("It's not easy.", "यह मुश्किल है।"),
    ("I'm not well.", "मैं बीमार हूँ।"),
    ("Don't be late.", "जल्दी आना।"),
]


@pytest.mark.parametrize(("english", "hindi"), OPPOSITES)
def test_what_one_language_denies_and_another_says_outright_is_no_fault(english: str, hindi: str) -> None:
    for source, made, ways in ((english, hindi, ("en", "hi")), (hindi, english, ("hi", "en"))):
        assert not negation.is_lost(source, made, *ways) and not negation.is_added(source, made, *ways)


@pytest.mark.parametrize(
    ("english", "hindi"),
    [
        ("He will go home.", "वह घर नहीं जाएगा।"),
        ("Relax, he will come.", "चिंता मत करो, वह नहीं आएगा।"),
        ("I know him.", "मैं उसे नहीं जानता।"),
        ("This is good.", "यह अच्छा नहीं है।"),
        ("Worry about it.", "चिंता मत करो।"),
        ("It is easy.", "यह आसान नहीं है।"),
        ("He is late.", "वह नहीं आ रहा।"),
        ("He is gone.", "वह नहीं जा रहा।"),
        ("He is still moving.", "वह हिल नहीं रहा।"),
        ("I know, wait.", "मैं नहीं जानता, रुको।"),
    ],
)
def test_a_denial_whose_opposite_is_not_said_is_still_lost_or_added(english: str, hindi: str) -> None:
    assert negation.is_added(english, hindi, "en", "hi") and negation.is_lost(hindi, english, "hi", "en")


@pytest.mark.parametrize(
    ("english", "hindi"),
    [
        ("I'm not going.", "मैं जा रहा हूँ।"),
        ("Don't leave.", "वह जा रहा है।"),
        ("I'm not going to stop.", "मैं रुक जाऊँगा।"),
        ("I won't quit, it feels good.", "मैं छोड़ दूँगा, अच्छा लगेगा।"),
        ("He is not alive.", "वह मरीज़ है।"),
    ],
)
def test_a_denial_that_a_translation_drops_is_lost_though_its_words_begin_like_an_opposite(
    english: str, hindi: str
) -> None:
    assert negation.is_lost(english, hindi, "en", "hi")
