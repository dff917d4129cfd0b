"""WebVTT by the W3C's rules: what browsers show is read, what they pass over is said or mended where it is sure."""

from __future__ import annotations

from pathlib import Path

import pytest

from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue, Ruby, Style
from samvad.documents.subtitles.reading import LEFT, LOST, MENDED, Reading
from samvad.stages.subtitle_gen import corrections

TIMES = "00:00:01.000 --> 00:00:03.000"


def read(text: str) -> Reading:
    return formats.parse(text, "vtt")


def said(reading: Reading) -> list[tuple[int, str]]:
    return [(note.line, note.kind) for note in reading.notes]


@pytest.mark.parametrize(
    ("times", "start_ms", "end_ms"),
    [
        ("0:00:01.000-->0:00:03.000", 1000, 3000),
        ("\t00:01.000 -->\t00:03.000", 1000, 3000),
        ("100:00:01.000 --> 123456:00:03.000", 360_001_000, 444_441_603_000),
    ],
)
def test_times_that_browsers_take_are_read_without_a_word(times: str, start_ms: int, end_ms: int) -> None:
    assert read(f"WEBVTT\n\n{times}\nHello\n") == Reading((Cue(start_ms, end_ms, ("Hello",)),))


@pytest.mark.parametrize(
    ("times", "start_ms", "end_ms"),
    [
        ("00:00:01,000 --> 00:00:03,000", 1000, 3000),
        ("1:01.000 --> 1:03.000", 61_000, 63_000),
        ("00:01.0 --> 00:03.25", 1000, 3250),
        ("00:61:00.000 --> 00:62:00.000", 3_660_000, 3_720_000),
        ("00:00:01.000 -> 00:00:03.000", 1000, 3000),
        ("00:00:01 --> 00:00:03", 1000, 3000),
    ],
)
def test_times_whose_meaning_is_sure_are_mended(times: str, start_ms: int, end_ms: int) -> None:
    reading = read(f"WEBVTT\n\nintro\n{times}\nHello\n\n00:00:07.000 --> 00:00:09.000\nyou\n")
    assert [(cue.start_ms, cue.end_ms, cue.text) for cue in reading.cues] == [
        (start_ms, end_ms, "Hello"),
        (7000, 9000, "you"),
    ]
    assert (4, MENDED) in said(reading) and not reading.lost


@pytest.mark.parametrize(
    ("text", "cues", "notes"),
    [
        ("NOTE 7\n" + TIMES + "\nA", ["A"], [(3, LEFT)]),
        ("STYLED\n" + TIMES + "\nA", ["A"], [(3, LEFT)]),
        ("STYLE\n::cue{}\n" + TIMES + "\nA", ["A"], [(3, LEFT)]),
        ("NOTE two\nlines\n" + TIMES + "\nA\n00:04.000 --> 00:05.000\nB", ["A", "B"], [(3, LEFT)]),
        (TIMES + "\n\nA\nB\n\n00:04.000 --> 00:05.000\nC", ["A B", "C"], [(3, MENDED)]),
        (TIMES + "\n\n2\n00:04.000 --> 00:05.000\nC", ["", "C"], []),
        (TIMES + "\n\nNOTE x\n\nB", [""], [(5, LEFT), (7, LOST)]),
        (TIMES + "\nA\n\nB", ["A"], [(6, LOST)]),
        (TIMES + "\nA\ngo --> there\nB\n\n00:04.000 --> 00:05.000\nC", ["A", "C"], [(5, LOST)]),
        (TIMES + "\nA\n\n00:0x.000 --> 00:05.000\nB\n\n00:06.000 --> 00:07.000\nC", ["A", "C"], [(6, LOST)]),
        (TIMES + "\nA\n\n00:05.000 --> 00:04.000\nB", ["A"], [(6, LOST)]),
        (TIMES + " line:0 hello there\nA", ["A"], [(3, LOST)]),
        (TIMES + "x align:middle\nA", ["A"], [(3, LEFT)]),
        (TIMES + "\nA\n\n7\n", ["A"], [(6, LEFT)]),
        (TIMES + "\nA\n\nWEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0", ["A"], [(6, LEFT)]),
        (TIMES + "\nA\n \nB", ["A B"], []),
    ],
)
def test_blocks_are_told_apart_as_browsers_do(text: str, cues: list[str], notes: list[tuple[int, str]]) -> None:
    reading = read(f"WEBVTT\n\n{text}\n")
    assert [cue.text for cue in reading.cues] == cues
    assert said(reading) == notes


@pytest.mark.parametrize(
    ("head", "notes"),
    [
        ("WEBVTT - a title", [(1, LEFT)]),
        ("WEBVTT\nKind: captions", [(2, LEFT)]),
        ("WEBVTTX", [(1, MENDED)]),
        ("webvtt", [(1, MENDED)]),
        ("", [(1, MENDED)]),
        ("\ufeff\ufeffWEBVTT", [(1, MENDED)]),
    ],
)
def test_a_header_that_browsers_refuse_refuses_no_file(head: str, notes: list[tuple[int, str]]) -> None:
    reading = read(f"{head}\n\n{TIMES}\nA\n")
    assert [cue.text for cue in reading.cues] == ["A"]
    assert said(reading) == notes


def test_a_file_of_nothing_and_one_of_no_cue_are_told_apart() -> None:
    assert said(read("WEBVTT")) == [(0, LEFT)]
    assert (0, LOST) in said(read("WEBVTT\n\nhello world\n"))
    assert (0, LOST) in said(read("hello world"))


@pytest.mark.parametrize(
    ("text", "lines", "styles", "ruby"),
    [
        ("R&B and AT&T; Q&A", ("R&B and AT&T; Q&A",), "", ()),
        ("&rlm;x&lrm; &zwnj;&zwj; &hellip; &nbsp;&eacute; &#2325;&#x915;", None, "", ()),
        ("&#0; &#xD800; &#99999999; &word; &copy 1", ("\ufffd \ufffd \ufffd &word; © 1",), "", ()),
        ("<i>a</b>b</i> c</i>", ("ab c",), "0 0 2 i", ()),
        ("<b>a<i>b</i></b><u>c\nd", ("abc", "d"), "0 0 2 b,0 1 2 i,0 2 3 u,1 0 1 u", ()),
        ("<c.red>a</c> <v Amit>b</v> <lang hi>c</lang> <00:02.000>d", ("a b c d",), "", ()),
        ("<beat>a</beat> </font>b", ("a b",), "", ()),
        ("<ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>です", ("漢字です",), "", ("0 0 1 かん", "0 1 2 じ")),
        ("<ruby><i>a</i>b<rt>c</ruby> d", ("ab d",), "0 0 1 i", ("0 0 2 c",)),
        ("<ruby>a\nb<rt>c\nd</rt></ruby></ruby>", ("a", "b"), "", ("1 0 1 c d",)),
        ("<ruby>a<ruby>b<rt>c</rt></ruby></ruby> d", ("ab d",), "", ("0 1 2 c",)),
        ("<ruby>a<i><rt>b</rt></i></ruby>", ("ab",), "0 1 2 i", ()),
        ("<ruby><rt>b</rt></ruby>c", ("bc",), "", ()),
        ("<rt>x", ("x",), "", ()),
        ("a&#13;b&#10;c&#x2028;d&#12;e&#1;", ("a", "b", "c", "d", "e"), "", ()),
        ("<ruby>a</ruby>b", ("ab",), "", ()),
        ("&nbsp;", ("",), "", ()),
        ('a<BR />b <i class="x y">c</i></>', ("ab c",), "0 3 4 i", ()),
    ],
)
def test_text_is_what_a_browser_shows(
    text: str, lines: tuple[str, ...] | None, styles: str, ruby: tuple[str, ...]
) -> None:
    reading = read(f"WEBVTT\n\n{TIMES}\n{text}\n")
    (cue,) = reading.cues
    assert cue.lines == (lines or ("\u200fx\u200e \u200c\u200d … \u00a0é कक",))
    assert ",".join(f"{style.line} {style.start} {style.end} {style.kind}" for style in cue.styles) == styles
    assert tuple(f"{base.line} {base.start} {base.end} {base.reading}" for base in cue.ruby) == ruby
    assert not reading.lost
    assert formats.parse(formats.write("vtt", [cue]), "vtt").cues == (cue,)


@pytest.mark.parametrize(
    ("text", "shown", "lost"),
    [
        ("a < b and b > c", "a  c", "< b and b "),
        ("I <3 you\ntoo", "I", "<3 you\ntoo"),
        ("hello <", "hello", "<"),
        ("hello <i world", "hello", "<i world"),
        ("hello </3 my heart> you", "hello  you", "</3 my heart"),
        ("a <b and c> d", "a  d", "<b and c"),
        ("<Narrator speaks> d", "d", "<Narrator speaks"),
        ('<i class="x" and so> d', "d", '<i class="x" and so'),
    ],
)
def test_words_that_vanish_in_a_tag_are_lost_by_name(text: str, shown: str, lost: str) -> None:
    reading = read(f"WEBVTT\n\n{TIMES}\n{text}\n")
    assert "\n".join(reading.cues[0].lines) == shown
    assert [(note.line, note.text) for note in reading.lost] == [(4, lost)]


def test_times_behind_the_first_word_are_lost_with_their_cue() -> None:
    reading = read(f"WEBVTT {TIMES}\nA\n\n{TIMES}\nB\n")
    assert [(note.line, note.text) for note in reading.lost] == [(1, TIMES)]


def test_what_is_wrong_with_times_is_said_as_it_is() -> None:
    commas, digits = read(f"WEBVTT\n\n{TIMES.replace('.', ',')}\nA\n\n0:0:4.000 --> 0:0:5.000\nB\n").notes
    assert "comma" in commas.reason and "comma" not in digits.reason


_HIGH = "REGION\nid:up\nlines:2\nregionanchor:0%,0%\nviewportanchor:10%,10%\n\n"


@pytest.mark.parametrize(
    ("settings", "top"),
    [
        ("line:0", True),
        ("line:3", True),
        ("line:14", False),
        ("line:-1", False),
        ("line:-2", False),
        ("line:-16", True),
        ("line:999999999999999999999999", False),
        ("line:10%", True),
        ("line:20%,end", True),
        ("line:84.66% position:50%", False),
        ("line:52%,end", True),
        ("line:0,foo", False),
        ("line:x", False),
        ("line:101%", False),
        ("region:up", True),
        ("region:down", False),
        ("region:up size:50%", False),
        ("region:up line:-1", False),
        ("vertical:rl line:0", False),
        ("\u00a0line:0", False),
        ("", False),
    ],
)
def test_a_cue_in_the_upper_half_stands_at_the_top(settings: str, top: bool) -> None:
    assert read(f"WEBVTT\n\n{_HIGH}{TIMES} {settings}\nA\n").cues == (Cue(1000, 3000, ("A",), top=top),)


def test_what_is_the_same_all_through_a_file_is_told_once_with_its_lines() -> None:
    block = "cue {0}\n00:{0}.000 --> 00:{0}.900 align:start\n<3 {0}\n\n"
    reading = read("WEBVTT\n\n" + "".join(block.format(number) for number in range(10, 40)))
    told = [note for note in reading.notes if note.kind == LEFT]
    assert [note.line for note in told] == [3, 4]
    assert "30 times, next in lines 7, 11, 15, 19, 23" in told[0].reason and "cue 39" in told[0].text
    assert len(reading.lost) == 30  # these are told one by one


def test_ruby_is_written_between_its_tags() -> None:
    cue = Cue(0, 1000, ("漢字です",), (Style(0, 1, 4, "i"),), ruby=(Ruby(0, 0, 2, "かん<じ"),))
    written = formats.write("vtt", [cue])
    assert "<ruby>漢<i>字</i><rt>かん&lt;じ</rt></ruby><i>です</i>" in written
    assert formats.parse(written, "vtt").cues == (cue,)


def test_a_correction_with_ruby_is_kept_with_readings_in_parentheses_and_says_so() -> None:
    reading = read(f"WEBVTT\n\n{TIMES}\n<ruby>漢<rt>かん</rt></ruby>です\n")
    cues, mended = corrections.whole(Path("film.ja.vtt"), reading, 9000)
    assert [cue.lines for cue in cues] == [("漢(かん)です",)]
    assert [(note.line, note.kind) for note in mended] == [(3, MENDED)]
