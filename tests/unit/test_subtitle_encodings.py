"""Bytes of subtitle files: Unicode in any form, older encodings where they are sure, and nothing guessed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from samvad.core.errors import MediaError
from samvad.documents.subtitles import encodings, formats
from samvad.documents.subtitles.reading import LOST, MENDED, Reading

TEXT = "Café, señor — “déjà vu” क"


def srt(text: str) -> str:
    return f"1\n00:00:01,000 --> 00:00:03,000\n{text}\n\n2\n00:00:04,000 --> 00:00:06,000\nSecond.\n"


def read(tmp_path: Path, data: bytes, **options: str) -> Reading:
    path = tmp_path / "film.srt"
    path.write_bytes(data)
    return formats.read(path, **options)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("marked", [True, False])
def test_unicode_is_read_with_or_without_its_mark(tmp_path: Path, encoding: str, marked: bool) -> None:
    text = ("\ufeff" if marked else "") + srt(TEXT)
    reading = read(tmp_path, text.encode(encoding))
    assert [cue.text for cue in reading.cues] == [TEXT, "Second."]
    assert reading.encoding == encoding
    assert [note.kind for note in reading.notes] == ([] if marked or encoding == "utf-8" else [MENDED])


def test_webvtt_in_anything_but_utf_8_is_read_though_no_browser_does(tmp_path: Path) -> None:
    path = tmp_path / "film.vtt"
    path.write_bytes("WEBVTT\n\n00:01.000 --> 00:03.000\nक\n".encode("utf-16"))
    reading = formats.read(path)
    assert [cue.text for cue in reading.cues] == ["क"]
    assert ["browsers" in note.reason for note in reading.notes] == [True]


#: Sentences of each language, and the encoding that its files have from before Unicode.
OLD = {
    "es": ("cp1252", "¿Dónde está mañana? El niño comió. “Qué pasó”, señor…"),
    "fr": ("cp1252", "Ça va être très dur, à côté de l’hôtel. Où étais-tu ?"),
    "de": ("cp1252", "Schöne Grüße. Das weiß ich nicht. „Über die Brücke“, sagte er."),
    "pt": ("cp1252", "Não sei, irmão. Amanhã à noite não há reunião."),
    "it": ("cp1252", "Perché no? È già tardi, però così è la città."),
    "sv": ("cp1252", "Jag vet inte, kanske på måndag. Var är du?"),
    "en": ("cp1252", "I don’t know — maybe. It’s “fine”, naïve…"),
    "pl": ("cp1250", "Dziękuję. Źle się czuję, muszę już iść. Łódź, gdzieś."),
    "cs": ("cp1250", "Děkuji. Příliš žluťoučký kůň úpěl ďábelské ódy."),
    "hu": ("cp1250", "Köszönöm. Őrült nő, árvíztűrő tükörfúrógép."),
    "ru": ("cp1251", "Спасибо, пожалуйста. Где ты был вчера? Всё хорошо."),
    "uk": ("cp1251", "Дякую, будь ласка. Де ти був учора? Її їжак."),
    "el": ("cp1253", "Ευχαριστώ, παρακαλώ. Πού ήσουν χθες;"),
    "tr": ("cp1254", "Teşekkür ederim. Görüşürüz, güle güle. Şimdi değil, ışık."),
    "he": ("cp1255", "תודה רבה. איפה היית אתמול?"),
    "ar": ("cp1256", "شكرا جزيلا. أين كنت أمس؟"),
    "th": ("cp874", "ขอบคุณมาก คุณอยู่ที่ไหนเมื่อวาน"),
    "ja": ("cp932", "ありがとうございます。昨日どこにいましたか。"),
    "ko": ("cp949", "감사합니다. 어제 어디에 있었어요?"),
    "zh": ("gb18030", "谢谢你。昨天你在哪里？我不知道。"),
}


@pytest.mark.parametrize("language", OLD)
def test_older_encodings_are_read_where_the_language_is_known(tmp_path: Path, language: str) -> None:
    encoding, text = OLD[language]
    reading = read(tmp_path, srt(text).encode(encoding), language=language)
    assert reading.cues[0].text == text
    assert [(note.line, note.kind) for note in reading.notes] == [(0, MENDED)]
    assert read(tmp_path, srt(text).encode(encoding), encoding=encoding).cues[0].text == text


def test_without_a_language_nothing_is_read_wrong(tmp_path: Path) -> None:
    taken = set()
    for language, (encoding, text) in OLD.items():
        try:
            reading = read(tmp_path, srt(text).encode(encoding))
        except MediaError as error:
            assert "iconv" in str(error)
        else:
            taken.add(language)
            assert reading.cues[0].text == text, language
    assert taken >= {"es", "fr", "de", "pt", "pl", "cs"}


def test_what_can_be_two_is_refused_with_both_and_a_way_out(tmp_path: Path) -> None:
    # "Ó" and "ó" are the same byte in both; "ñ" and "ń" are one byte.
    with pytest.raises(MediaError, match=r"cp1250, cp1252.*iconv -f CP1252 -t UTF-8"):
        read(tmp_path, srt("a\N{LATIN SMALL LETTER N WITH TILDE}o").encode("cp1252"))
    assert read(tmp_path, srt("año").encode("cp1252"), language="es").cues[0].text == "año"
    assert read(tmp_path, srt("koń").encode("cp1250"), language="pl").cues[0].text == "koń"


def test_the_encoding_of_japanese_mail_is_known_by_its_signs(tmp_path: Path) -> None:
    reading = read(tmp_path, srt("こんにちは、元気ですか。").encode("iso2022_jp"))
    assert (reading.encoding, reading.cues[0].text) == ("iso2022_jp", "こんにちは、元気ですか。")
    assert [note.kind for note in reading.notes] == [MENDED]


def test_a_text_in_a_known_language_is_in_no_encoding_of_others(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="not sure"):
        read(tmp_path, srt("Año nuevo, ¿qué pasó?").encode("mac-roman"), language="es")
    data = srt("We met Strøm and Åse.").encode("cp1252")
    assert read(tmp_path, data, language="en").cues[0].text == "We met Strøm and Åse."


@pytest.mark.parametrize("data", [os.urandom(0) + bytes(range(256)) * 4, b"PK\x03\x04\xff\xfe\x00\x80\x81" * 9])
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(MediaError, match="iconv"):
        read(tmp_path, data)


def test_a_few_wrong_bytes_cost_their_lines_alone_and_are_told(tmp_path: Path) -> None:
    data = srt("दुनिया में सब ठीक है").encode().replace(b"Second", b"Sec\xffond")
    reading = read(tmp_path, data)
    assert [cue.text for cue in reading.cues] == ["दुनिया में सब ठीक है", "Sec\ufffdond."]
    assert [(note.line, note.kind) for note in reading.notes] == [(7, LOST)]
    cut = read(tmp_path, srt(TEXT).encode("utf-16")[:-1])
    assert cut.cues[0].text == TEXT and [note.kind for note in cut.notes] == [LOST]


def test_an_encoding_that_xml_declares_is_obeyed_and_a_wrong_one_is_not(tmp_path: Path) -> None:
    document = (
        '<?xml version="1.0" encoding="{}"?><tt xmlns="http://www.w3.org/ns/ttml" xml:lang="es"><body><div>'
        '<p begin="1s" end="3s">Café</p></div></body></tt>'
    )
    path = tmp_path / "film.ttml"
    for declared, encoding in (("ISO-8859-1", "latin-1"), ("windows-1252", "cp1252"), ("utf-8", "utf-8")):
        path.write_bytes(document.format(declared).encode(encoding))
        assert formats.read(path).cues[0].text == "Café"
    for declared in ("us-ascii", "rot13", "unicode_escape", "no-such"):
        path.write_bytes(document.format(declared).encode())
        assert formats.read(path).cues[0].text == "Café"


def test_a_named_encoding_is_not_doubted_but_may_be_wrong(tmp_path: Path) -> None:
    assert read(tmp_path, srt("é").encode("cp850"), encoding="cp850").cues[0].text == "é"
    with pytest.raises(MediaError, match="no encoding is called 'klingon'"):
        read(tmp_path, b"", encoding="klingon")
    with pytest.raises(MediaError, match="not in the encoding utf-8"):
        read(tmp_path, b"\xff", encoding="utf-8")


def test_no_codec_of_pythons_that_is_no_encoding_of_text_is_taken() -> None:
    for name in ("rot13", "zip", "base64", "hex"):
        with pytest.raises(ValueError, match="encoding"):
            encodings.decode(b"abc", encoding=name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("film.srt", "WEBVTT\n\n00:01.000 --> 00:03.000\nHello\n"),
        ("film.vtt", "1\n00:00:01,000 --> 00:00:03,000\nHello\n"),
        ("film.srt", "[Script Info]\n\n[Events]\nDialogue: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,Hello\n"),
        ("film.ass", "\ufeff\n1\n00:00:01,000 --> 00:00:03,000\nHello\n"),
        ("film.vtt", '<?xml version="1.0"?><tt xmlns="http://www.w3.org/ns/ttml"><body><div>'
                     '<p begin="1s" end="3s">Hello</p></div></body></tt>'),
    ],
)  # fmt: skip
def test_a_file_is_read_as_what_it_is_whatever_its_name_says(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    reading = formats.read(path)
    assert [(cue.start_ms, cue.end_ms, cue.text) for cue in reading.cues] == [(1000, 3000, "Hello")]
    assert MENDED in [note.kind for note in reading.notes]


def test_only_files_of_a_size_that_subtitles_have_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.srt")
    (tmp_path / "folder.srt").mkdir()
    with (tmp_path / "huge.srt").open("wb") as file:
        file.truncate(1 << 40)
    for name in ("pipe.srt", "folder.srt", "huge.srt"):
        with pytest.raises(MediaError, match="cannot be read"):
            formats.read(tmp_path / name)
