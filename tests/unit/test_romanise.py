"""Indian scripts in Latin letters: as people type them, not as scholars do."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samvad.stages.tmdb import match
from samvad.text.indic import romanised
from samvad.text.romanise import romanise

#: Words and names, and how people type them in messages, on posters and in song titles. Where they do not agree
#: (achha, accha; aagya, agya), the one that is typed most.
TYPED = """
ज्ञानेश gyanesh      ज्ञान gyan           विज्ञान vigyan       आज्ञा aagya          यज्ञ yagya
लड़की ladki          लड़का ladka          पढ़ाई padhai         पढ़ना padhna         खिड़की khidki
ज़िंदगी zindagi       ज़रूर zaroor         ख़बर khabar          फ़िल्म film           ग़ज़ल ghazal
क़िस्मत qismat        ख़ुदा khuda          क्षत्रिय kshatriya    लक्ष्मी lakshmi      शुक्रिया shukriya
नमस्ते namaste       नहीं nahin           हाँ haan             माँ maan             मैं main
में mein             हूँ hoon             है hai               हैं hain             तू tu
क्या kya             क्यों kyon           कहाँ kahan           यह yeh               वह woh
गए gaye              लिए liye             चाहिए chahiye        आइए aaiye            जाओ jao
भाई bhai             कोई koi              हुई hui              ईश्वर ishwar         स्वागत swagat
अच्छा accha          बच्चा baccha         पत्थर patthar        दोस्त dost           प्यार pyar
बात baat             काम kaam             साथ saath            आप aap               बताना batana
करना karna           सपने sapne           कहना kehna           पहला pehla           जगह jagah
पहुँचना pahunchna    कमरा kamra           औरत aurat            मौसम mausam          दिल dil
मित्र mitra          सत्य satya           धर्म dharm           राज्य rajya          कृष्ण krishna
प्रिय priya          गर्व garv            ऋषि rishi            अमृत amrit           भारतीय bhartiya
मुंबई mumbai         लखनऊ lakhnau         संपूर्ण sampoorn     सिंह singh           राहुल rahul
दीपिका deepika       प्रियंका priyanka    सरस्वती saraswati    अनुष्का anushka      सिमरन simran
"""


@pytest.mark.parametrize(("word", "typed"), [*zip(TYPED.split()[::2], TYPED.split()[1::2], strict=True)])
def test_a_word_is_written_as_people_type_it(word: str, typed: str) -> None:
    assert romanise(word) == typed
    assert romanise(unicodedata.normalize("NFD", word)) == typed


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("क्या कर रहे हो?", "kya kar rahe ho?"),
        ("मैं घर जा रहा हूँ।", "main ghar ja raha hoon."),
        ("आप में तुम्हारे सपने", "aap mein tumhare sapne"),
        ("OK, १२३ 2024 ॐ", "OK, 123 2024 om"),
        ("नमस्\u200dते", "namaste"),
        ("दिल 👨\u200d👩", "dil 👨\u200d👩"),
        ("", ""),
    ],
)
def test_a_sentence_keeps_all_that_is_not_indian(text: str, latin: str) -> None:
    assert romanise(text) == latin


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("আমাৰ কলকাতা ভালোবাসা", "aamar kalkata bhalobasa"),
        ("ਸਤ ਸ੍ਰੀ ਅਕਾਲ ਪੜ੍ਹਾਈ", "sat sri akal padhai"),
        ("નમસ્તે, કેમ છો?", "namaste, kem chho?"),
        ("ନମସ୍କାର", "namaskara"),
        ("நான் வருகிறேன்", "naan varukiren"),
        ("నమస్కారం", "namaskaram"),
        ("ನಮಸ್ಕಾರ", "namaskara"),
        ("അവൻ സുഖമാണോ", "avan sukhamano"),
    ],
)
def test_nine_scripts_are_read(text: str, latin: str) -> None:
    assert romanise(text) == latin


@given(st.text(st.characters(min_codepoint=0x900, max_codepoint=0xD7F), max_size=12))
def test_no_order_of_letters_and_signs_is_too_odd(text: str) -> None:
    romanise(text)


def test_a_title_is_looked_for_in_two_spellings() -> None:
    assert match.transliterations("जाने तू या जाने ना") == ["jaane too ya jaane na", "jane tu ya jane na"]
    assert match.transliterations("ज्ञानेश") == ["gyaanesh", "gyanesh"]
    assert match.transliterations("3 इडियट्स") == ["3 idiyats"]
    assert match.transliterations("Jaane Tu") == []


def test_a_word_that_a_model_left_untranslated_is_written_as_people_type_it() -> None:
    assert romanised("ज्ञानेश") == "Gyanesh"
    assert romanised("लड़की,") == "Ladki,"
    assert romanised("ਜੀ") == "Ji"
    assert romanised("سلام") == "…", "a script that is not read here"
