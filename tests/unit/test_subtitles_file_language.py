"""The language of a subtitle file: what its name says, what no name says, and what its letters speak against."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samvad.core.errors import ConfigurationError
from samvad.documents.subtitles import file_language
from samvad.documents.subtitles.file_language import Named
from samvad.text import languages

HINDI, ENGLISH = "तुम कहाँ थे कल रात?", "Where were you last night?"
TALK = "What are you doing? I came with the train.\nNo, my sister is waiting for us."


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("film.hi.srt", "hi"),
        ("film.en.hi.srt", "en"),
        ("film.hi.hi.srt", "hi"),
        ("film.en.forced.hi.srt", "en"),
        ("film.hi.sdh.srt", "hi"),
        ("film.eng.sdh.srt", "en"),
        ("film.en.forced.srt", "en"),
        ("film.en.default.forced.vtt", "en"),
        ("film.default.en.srt", "en"),
        ("film.en.cc.srt", "en"),
        ("film.fre.srt", "fr"),
        ("film.fra.srt", "fr"),
        ("film.pt-BR.srt", "pt"),
        ("film.pt-br.hi.srt", "pt"),
        ("film.en_US.srt", "en"),
        ("film.es-419.srt", "es"),
        ("film.zh-Hant-TW.ass", "zh"),
        ("film.English.srt", "en"),
        ("film.ENGLISH.srt", "en"),
        ("film.Chinese (Simplified).srt", "zh"),
        ("film.(English).srt", "en"),
        ("film.English [SDH].srt", "en"),
        ("film.eng.HI.srt", "en"),
        ("film.EN-HI.srt", "en"),
        ("film.Deutsch.srt", "de"),
        ("film.हिन्दी.srt", "hi"),
        ("film.2_English.srt", "en"),
        ("film.[en].srt", "en"),
        ("film.EN.srt", "en"),
        ("Film (2012).1080p.x264-GRP.eng.srt", "en"),
        ("film.en-orig.vtt", "en"),
        ("film.en-sdh.srt", "en"),
        ("film.en (1).srt", "en"),
        ("film.en.edited.v2.srt", "en"),
        ("Dr.No.hi.srt", "hi"),
        ("Dr.No.en.hi.srt", "en"),
        ("Let.It.Be.en.srt", "en"),
        ("film.mai.ttml", "mai"),
        ("film.fil.srt", "fil"),
        ("film.no.srt", "no"),
        (".en.srt", "en"),
        *(
            (name, None)
            for name in ("Dr.No.srt", "Let.It.Be.srt", "DR.NO.srt", "Up.In.The.Air.srt", "Kal.Ho.Na.Ho.srt")
        ),
        *(
            (name, None)
            for name in ("Mother.India.srt", "Hindi.Medium.srt", "Spider.Man.srt", "Who.Am.I.srt", "IT.srt")
        ),
        *((name, None) for name in ("film.srt", "hi.srt", "film.the.srt", "film.xx.srt", "film.1080p.srt", "srt", "")),
        *(
            (name, None)
            for name in ("film.en-HI-zz.srt", "film.spider-man.srt", "film.forced.srt", "film.sdh.cc.srt", "..")
        ),
    ],
)
def test_a_name_says_a_language_as_media_servers_write_it_or_none(name: str, language: str | None) -> None:
    found = file_language.in_name(name)
    assert (found and found.language) == language


def test_a_script_in_the_name_is_kept() -> None:
    assert file_language.in_name("film.hi-Latn.srt") == Named("hi", "Latn")


_CODES = sorted(code for code in languages.NLLB if len(code) == 2)
_FLAGS = st.lists(st.sampled_from(["forced", "sdh", "cc", "default", "Forced", "SDH", "2"]), max_size=3)


@given(
    st.sampled_from(["film", "Dr.No", "Let.It.Be", "शोले", "a b.c"]),
    st.sampled_from(_CODES),
    _FLAGS,
    _FLAGS,
    st.booleans(),
)
def test_any_code_is_found_among_any_flags(
    title: str, code: str, before: list[str], after: list[str], deaf: bool
) -> None:
    parts = [title, *before, code, *after, *(["hi"] if deaf else []), "srt"]
    found = file_language.in_name(".".join(parts))
    assert found is not None and found.language == languages.normalise(code, "x")


@given(st.text(max_size=40))
def test_no_name_is_a_crash_and_what_it_says_is_a_language(name: str) -> None:
    found = file_language.in_name(name)
    assert found is None or languages.normalise(found.language, "x") == found.language


@pytest.mark.parametrize(
    ("name", "text", "given_language", "said"),
    [
        ("film.hi.srt", ENGLISH, None, "letters are not of Hindi"),
        ("film.en.srt", HINDI, None, "letters are not of English"),
        ("film.hi-Latn.srt", HINDI, None, "letters are not of Hindi"),
        ("let.it.be.srt", ENGLISH, None, "letters are not of Belarusian"),
        ("dr.no.srt", TALK, None, "4 of 16 words are such as English has"),
        ("this.is.it.srt", TALK, None, "words are such as English has"),
        ("Dr.No.srt", ENGLISH, None, "says no language"),
        ("film.srt", ENGLISH, "klingonish", "no language code|not a language code"),
    ],
)
def test_a_guess_that_the_letters_speak_against_is_refused(
    name: str, text: str, given_language: str | None, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said) as refused:
        file_language.of(Path(name), [text], given_language, by_words=True)
    assert given_language or "--language" in refused.value.remedy


@pytest.mark.parametrize(
    ("name", "text", "given_language", "language"),
    [
        ("film.hi.srt", HINDI, None, "hi"),
        ("film.hi.srt", f"{HINDI} OK?", None, "hi"),
        ("film.hi.srt", "1984", None, "hi"),
        ("film.hi.srt", "", None, "hi"),
        ("film.hi-Latn.srt", "Tum kahan the?", None, "hi"),
        ("film.hi.srt", "Tum kahan the?", "hin", "hi"),
        ("film.en.hi.srt", ENGLISH, None, "en"),
        ("film.zh-Hant.srt", "你好", None, "zh"),
        ("film.ja.srt", "映画は", None, "ja"),
        ("film.sr.srt", "Dobar dan", None, "sr"),
        ("dr.no.srt", "Hva gjør du her? Jeg vet ikke. OK, that is it.", None, "no"),
        ("film.de.srt", "Das ist the best, sagt er, und dann geht er wieder nach Hause. What?", None, "de"),
        ("film.hi-Latn.srt", TALK, None, "hi"),
        ("x.pt-BR.srt", TALK, None, "pt"),
        ("dr.no.srt", TALK, "no", "no"),
        ("film.ko.srt", "안녕", None, "ko"),
    ],
)
def test_a_language_that_the_letters_bear_out_is_taken(
    name: str, text: str, given_language: str | None, language: str
) -> None:
    assert file_language.of(Path(name), [text], given_language, by_words=True) == language
