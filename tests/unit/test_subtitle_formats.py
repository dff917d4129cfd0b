"""Files: a round trip through each format loses nothing, and what is broken is refused."""

from __future__ import annotations

from pathlib import Path

import pysubs2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samvad.core.errors import MediaError
from samvad.documents.subtitles import fonts, formats, styled
from samvad.documents.subtitles.cues import STYLE_KINDS, Cue, Ruby, Style
from samvad.documents.subtitles.reading import LATEST_MS

CUES = [
    Cue(0, 1500, ("Tom & Jerry <3 {laughs}", "a --> b \\N <i>no code</i> {\\an8}")),
    Cue(
        3_599_990,
        3_601_000,
        ("नमस्ते, क्ष‍त्र", "&amp; 100 %"),
        (Style(0, 0, 6, "i"), Style(1, 0, 5, "u"), Style(1, 2, 9, "b")),
    ),
    Cue(35_000_000, 35_000_830, ("♪ ये दोस्ती ♪", "1984"), top=True),
]


@pytest.mark.parametrize("kind", formats.KINDS)
def test_what_is_written_is_read_back_the_same(kind: str) -> None:
    assert formats.parse(formats.write(kind, CUES, "hi"), kind).cues == tuple(CUES)


_CHARACTERS = st.characters(
    blacklist_categories=("Cs", "Cc", "Cn", "Co"), blacklist_characters="\u2060\u2028\u2029\ufeff"
)
#: What a format could take for a part of itself, and what scripts and songs bring.
_HARD = (
    *(
        "<i>",
        "</i>",
        "< b >",
        "<font color=red>",
        "<c.x>",
        "<3",
        "{\\an8}",
        "{y:i}",
        "{note}",
        "{",
        "}",
        "\\",
        "\\N",
        "\\h",
    ),
    *(
        "&amp;",
        "&",
        "&lrm;",
        "-->",
        "->",
        "00:00:01,000 --> 00:00:02,000",
        "00:01.000 -> 0x:02",
        "1984",
        "2",
        "-1",
        "NOTE",
    ),
    *("STYLE", "WEBVTT", "Dialogue: 0", "[Events]", "<ruby>", "<rt>", "]]>", "- Who?", "♪ ला ♪", "# la #"),
    *("\u200fنعم!\u200e", "क्\u200dष", "र्\u200cय", "👨\u200d👩\u200d👧", "漢字", "e\u0301"),
)
_TEXTS = st.one_of(
    st.text(_CHARACTERS, min_size=1, max_size=20),
    st.lists(st.sampled_from(_HARD), min_size=1, max_size=4).map(" ".join),
    st.lists(st.sampled_from(_HARD), min_size=1, max_size=4).map("".join),
)
_LINES = _TEXTS.map(lambda text: " ".join(text.split())).filter(bool)


def _is_seen(text: str) -> bool:
    return any(sign.isprintable() and not sign.isspace() for sign in text)


@st.composite
def _cues(draw: st.DrawFn) -> list[Cue]:
    made, position = [], 0
    for _ in range(draw(st.integers(0, 4))):
        start = position + 10 * draw(st.integers(0, 10_000))
        position = start + 10 * draw(st.integers(1, 500))
        lines = tuple(draw(st.lists(_LINES, min_size=1, max_size=3)))
        styles, ruby = set(), []
        for number, line in enumerate(lines):
            for kind in draw(st.sets(st.sampled_from(STYLE_KINDS))):
                begin, end = sorted((draw(st.integers(0, len(line))), draw(st.integers(0, len(line)))))
                styles |= {Style(number, begin, end, kind)} if begin < end else set()
            edges = sorted(draw(st.sets(st.integers(0, len(line)), max_size=4)))
            for begin, end in zip(edges[::2], edges[1::2], strict=False):
                if _is_seen(line[begin:end]) and line[begin:end] == line[begin:end].strip():
                    ruby.append(Ruby(number, begin, end, draw(_LINES)))
        made.append(Cue(start, position, lines, tuple(sorted(styles)), draw(st.booleans()), tuple(ruby)))
    return made


@settings(max_examples=200, deadline=None)
@given(_cues(), st.sampled_from(formats.KINDS))
def test_any_text_survives_a_round_trip(cues: list[Cue], kind: str) -> None:
    reading = formats.parse(formats.write(kind, cues, "en"), kind)
    has_ruby = kind in ("vtt", "ttml")
    assert reading.cues == tuple(cue if has_ruby else styled.with_readings_in_line(cue) for cue in cues)
    assert not cues or not reading.notes


def test_millisecond_times_survive_but_in_substation_alpha_which_has_hundredths() -> None:
    cues = [Cue(1, 1999, ("a",)), Cue(2004, 3006, ("b",))]
    assert [(cue.start_ms, cue.end_ms) for cue in formats.parse(formats.write("ass", cues), "ass").cues] == [
        (0, 1990),
        (2000, 3000),
    ]
    for kind in ("srt", "vtt", "ttml"):
        assert formats.parse(formats.write(kind, cues, "en"), kind).cues == tuple(cues)


@pytest.mark.parametrize("kind", formats.KINDS)
def test_times_survive_up_to_the_latest_that_is_believed(kind: str) -> None:
    cues = (Cue(LATEST_MS - 2000, LATEST_MS, ("a",)),)
    assert formats.parse(formats.write(kind, cues, "en"), kind).cues == cues


@pytest.mark.parametrize("kind", formats.KINDS)
def test_a_file_without_cues_is_still_a_file_of_its_kind(kind: str) -> None:
    assert formats.parse(formats.write(kind, [], "en"), kind).cues == ()


@pytest.mark.parametrize("kind", formats.KINDS)
def test_lines_end_with_a_line_feed_and_nothing_stands_before_the_first(kind: str) -> None:
    data = formats.write(kind, CUES, "hi").encode()
    assert b"\r" not in data and not data.startswith(b"\xef\xbb\xbf")
    assert data.endswith(b"\n")


def test_srt_is_numbered_from_one_with_commas_in_its_times() -> None:
    assert (
        formats.write("srt", [Cue(0, 1500, ("Tom & Jerry", "ran"))])
        == "1\n00:00:00,000 --> 00:00:01,500\nTom & Jerry\nran\n\n"
    )


def test_an_independent_reader_finds_the_same_text() -> None:
    read = pysubs2.SSAFile.from_string(formats.write("srt", CUES[1:2]), format_="srt")
    assert read[0].plaintext == "नमस्ते, क्ष‍त्र\n&amp; 100 %"


def test_substation_alpha_names_the_font_of_its_script() -> None:
    read = pysubs2.SSAFile.from_string(formats.write("ass", CUES[1:]), format_="ass")
    assert read.styles["Default"].fontname == "Noto Sans Devanagari"
    assert fonts.family_for(["Hello", "नमस्ते"]) == "Noto Sans Devanagari"
    assert (fonts.family_for(["Hello"]), fonts.family_for(["வணக்கம்"]), fonts.family_for(["…"])) == (
        "Noto Sans",
        "Noto Sans Tamil",
        "Noto Sans",
    )


def test_files_of_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "film.srt"
    path.write_bytes(
        '\ufeff1\r\n00:00:01,000 --> 00:00:02,000\r\n<font color="#fff">Hi</font>, <I>you</I>\r\n'.encode()
    )
    assert formats.read(path).cues == (Cue(1000, 2000, ("Hi, you",), (Style(0, 4, 7, "i"),)),)
    path.write_text("1\n00:00:01,000 --> 00:00:02,000\nनमस्ते\n", encoding="utf-16")
    assert formats.read(path).cues[0].lines == ("नमस्ते",)
    vtt = tmp_path / "film.vtt"
    vtt.write_text("WEBVTT - x\n\nNOTE a\n\n01:02.000 --> 01:03.000 line:0 align:start\n<v Bob>Hi &amp; <c.x>bye</c>\n")
    assert formats.read(vtt).cues == (Cue(62_000, 63_000, ("Hi & bye",), top=True),)
    ttml = tmp_path / "film.dfxp"
    ttml.write_text(
        '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="25">'
        '<body begin="10s"><div><p begin="00:00:01:05" end="2s">One<br/>two</p></div></body></tt>'
    )
    assert formats.read(ttml).cues == (Cue(11_200, 12_000, ("One", "two")),)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("film.txt", b"Hi", "no subtitle file"),
        ("film.srt", b"1\n00:00:01,000 --> 00:00:02,000\n\xff\xfe\xe9\n", "not UTF-8.*iconv"),
        ("film.ttml", b"<tt><body>", "broken"),
        ("missing.srt", None, "cannot be read"),
    ],
)
def test_what_is_broken_is_refused_by_name(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(MediaError, match=said):
        formats.read(tmp_path / name)
