"""What a model wrote in other letters is put into the script that was asked for, by sound, and marked."""

from dataclasses import replace

import pytest

from samvad.stages.asr import own_script, sentences
from samvad.stages.asr.chunks import Chunk, RawWord
from samvad.stages.asr.own_script import Writer
from samvad.stages.asr.regions import Region
from samvad.stages.asr.windows import Window
from samvad.text import english, lexicon, respelling, scripts, skeletons

WORDS = {
    "ने": 7.2,
    "आज": 5.9, "ईद": 4.3, "का": 7.4, "दिन": 6.0, "देन": 4.2, "और": 7.5, "ओर": 5.8, "इस": 6.9, "के": 7.8, "घर": 5.8,
    "में": 7.6, "मैं": 6.9, "दाना": 3.6, "नहीं": 6.8, "है": 7.7, "कमी": 5.0, "की": 7.5, "कि": 7.0, "अत्यावश्यक": 3.2,
    "राहुल": 5.0, "स्कूल": 5.4, "वैक्सीन": 3.9, "तो": 6.5, "हम": 6.2, "ब्योरा": 3.8, "साथ": 6.3, "सात": 5.2, "बच्चों": 5.4,
}  # fmt: skip
URDU = "آج اید کا دین ہے"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_film(language: str, own: tuple[str, ...] = ()) -> lexicon.Lexicon:
        own_words = {word: 6.5 for term in own for word in term.split()}
        return lexicon.of_words({**WORDS, **own_words} if language == "hi" else own_words)

    monkeypatch.setattr(lexicon, "lexicon", of_film)
    known = {"my": 6.5, "please": 5.9, "sorry": 5.6, "vaccine": 4.6, "the": 7.7, "to": 7.4, "school": 5.7, "hum": 3.6}
    known |= {"he": 6.9, "made": 6.1}
    monkeypatch.setattr(english, "frequency", lambda word: known.get(word.casefold(), 0.0))


def chunk(text: str, language: str = "hi", tokens: int = 10) -> Chunk:
    words = [RawWord(f" {word}", 100 * place, 100 * place + 90, 0.8) for place, word in enumerate(text.split())]
    region = Region(0, 100 * len(words), language)
    window = Window(((0, 100 * len(words)),), (region,))
    return Chunk(0, 100 * len(words), language, text, tuple(words), {"avg_logprob": -0.5, "no_speech_prob": 0.1},
                 window, tokens)  # fmt: skip


def written(text: str, language: str = "hi", setting: str = "native", terms: tuple[str, ...] = ()) -> str:
    return Writer(language, setting, terms).write(chunk(text, language)).text


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("آج اید کا دین ہے اور اس کے گھر میں دھانا نہیں۔", "आज ईद का दिन है और इस के घर में दाना नहीं।"),
        ("بچوں کے ساتھ", "बच्चों के साथ"),
        ("nahi hai, ghar mein", "नहीं है, घर में"),
        ("kamiki biora", "कमी की ब्योरा"),  # one word for two
        ("atya vashyak", "अत्यावश्यक"),  # two for one
        ("आज ghar में", "आज घर में"),
    ],
    ids=range(6),
)
def test_words_of_other_letters_become_the_words_that_sound_like_them(heard: str, said: str) -> None:
    assert written(heard) == said


def test_words_that_are_written_alike_are_told_apart_by_what_stands_around_them() -> None:
    assert written("میں گھر میں ہے۔ گھر میں میں نے") == "मैं घर में है। घर में मैं ने"
    assert written("اور میں اس کے گھر میں") == "और मैं इस के घर में"


def test_a_word_that_nobody_knows_is_spelled_letter_by_letter() -> None:
    assert written("پیار والا") == "प्यार वाला"
    assert written("rahi kutumb", "gu") == "રહિ કુતુંબ"
    assert written("मी पुस्तक", "te") == "మీ పుస్తక"
    assert set(scripts.of_letters(respelling.into("ख़ुशी फॉर्म भळ", "Taml"))) == {"Taml"}


def test_the_films_names_come_first() -> None:
    assert written("کانتا", terms=("काँता",)) == "काँता"


def test_english_words_stay_or_are_written_in_the_script_as_the_setting_says() -> None:
    assert written("hum ghar please my school", setting="native_latin") == "हम घर please my school"
    assert written("hum ghar please my school") == "हम घर प्लीज़ माय स्कूल"
    assert written("he made sorry please night") == "ही मेड सॉरी प्लीज़ नाइट"
    assert written("to hum", setting="native_latin") == "तो हम"
    assert written("to the school", setting="native_latin") == "to the school"


def test_what_is_in_the_script_already_and_other_settings_and_languages_stay() -> None:
    for text, language, setting in (
        ("आज घर", "hi", "native"), (URDU, "hi", "any"), (URDU, "ur", "native"), ("ghar", "hi", "latin"),
        ("hello", "en", "native"),
    ):  # fmt: skip
        given = chunk(text, language)
        assert Writer(language, setting).write(given) is given
        assert (
            not own_script.in_own_script([given], lambda *_: pytest.fail("decoded again"), setting, ())[0]
            .words[0]
            .heard
        )


def test_words_that_were_rewritten_are_less_sure_and_the_segment_keeps_what_was_heard() -> None:
    new = Writer("hi", "native").write(chunk("آج ghar घर زبلپر"))
    assert [round(word.probability, 2) for word in new.words[:3]] == [0.72, 0.72, 0.8]
    assert 0.35 <= new.words[3].probability <= 0.4
    (segment,) = sentences.build_segments([new], [], 14_000)
    assert segment.extra["heard"] == "آج ghar घर زبلپر"
    assert segment.extra["heard_roman"].startswith("aaj ghar ghar ")
    assert [word.text for word in segment.words[:3]] == ["आज", "घर", "घर"]


def test_times_of_words_cut_in_two_follow_each_other() -> None:
    found = Writer("hi", "native").write(chunk("kamiki")).words
    assert [(word.text, word.start_ms, word.end_ms) for word in found] == [(" कमी", 0, 60), (" की", 60, 90)]


def test_the_barred_text_is_kept_where_it_says_the_same_sounds() -> None:
    asked = []

    def decode(windows, strategy):
        asked.append((len(windows), strategy.own_script, strategy.max_tokens))
        return [chunk("आज ईद का दिन है") for _ in windows]

    same, other = chunk(URDU), chunk("بچوں کے ساتھ موجود رہی", tokens=5)
    found = own_script.in_own_script([same, same, same, other], decode, "native", ())
    assert [item.text for item in found][:3] == ["आज ईद का दिन है"] * 3 and not found[0].words[0].heard
    assert found[3].text.startswith("बच्चों के साथ") and found[3].words[0].heard
    assert asked == [(3, True, 54), (1, True, 54)]


def test_a_barred_text_that_had_to_end_early_is_not_taken_for_it_may_lack_the_last_words() -> None:
    said = chunk("آج اید کا دین ہے اور اس کے گھر میں دھانا نہیں۔")

    def decode(windows, strategy):
        return [replace(chunk("आज ईद का दिन है और इस के घर में दाना"), cut_off=True) for _ in windows]

    (found,) = own_script.in_own_script([said], decode, "native", [])
    assert found.text.split()[-1] == "नहीं।"


def test_a_model_that_cannot_write_the_script_is_not_asked_again() -> None:
    asked = []

    def decode(windows, strategy):
        asked.append(len(windows))
        return [chunk("आपाशाशाशाशाशा") for _ in windows]

    found = own_script.in_own_script([chunk(URDU)] * 9, decode, "native", ())
    assert asked == [3]
    assert {item.text for item in found} == {"आज ईद का दिन है"}


def test_consonants_agree_whatever_the_letters() -> None:
    assert skeletons.agreement("آج اید کا دین", "आज ईद का दिन") == 1
    assert skeletons.agreement("Vaccine ke liye", "वैक्सीन के लिए") == 1
    assert skeletons.agreement("آج اید کا دین", "आपाशाशाशाशा") < 0.4
    assert skeletons.agreement("", "") == 0


def test_the_scripts_that_may_be_decoded_can_all_be_put_into_the_asked_one() -> None:
    assert respelling.decodable("hi", "native") >= {"Deva", "Arab", "Latn", "Telu"}
    assert respelling.decodable("ur", "native") == {"Arab"}
    assert respelling.decodable("en", "native") == {"Latn"}
    assert respelling.decodable("hi", "latin") == {"Latn"}
    for script in respelling.SCRIPTS:
        for word in ("آج", "ghar", "घर", "ఇల్లు", "বাড়ি"):
            assert set(scripts.of_letters(respelling.respell(word, script))) == {script}, (word, script)


def test_a_name_in_latin_letters_is_written_as_the_language_has_it() -> None:
    lexicon._build.cache_clear()
    film = lexicon._build("gu", ("રાહુલ", "Rahul", "Kanta"))
    assert [film.nearest(heard)[0].word for heard in ("راہل", "rahul", "kanta")] == ["રાહુલ", "રાહુલ", "કંતા"]
