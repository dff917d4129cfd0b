"""SubRip as players and people mean it: what is sure is read, and whatever is not read as it stands is said by line."""

from __future__ import annotations

import pytest

from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue, Ruby, Style
from samvad.documents.subtitles.reading import LEFT, LOST, MENDED, Reading

TIMES = "00:00:01,000 --> 00:00:03,000"


def read(text: str) -> Reading:
    return formats.parse(text, "srt")


def said(reading: Reading) -> list[tuple[int, str]]:
    return [(note.line, note.kind) for note in reading.notes]


@pytest.mark.parametrize(
    ("times", "start_ms", "end_ms"),
    [
        (TIMES, 1000, 3000),
        ("00:00:01.000 --> 00:00:03.000", 1000, 3000),
        ("0:00:01,000 --> 0:00:03,000", 1000, 3000),
        ("100:00:01,000 --> 100:00:03,000", 360_001_000, 360_003_000),
        ("1234:00:01,000 --> 1234:00:03,000", 4_442_401_000, 4_442_403_000),
        ("00:00:01,000 --> 00:00:03,000  X1:100 X2:600 Y1:050 Y2:100", 1000, 3000),
    ],
)
def test_times_that_players_take_are_read_without_a_word_about_them(times: str, start_ms: int, end_ms: int) -> None:
    reading = read(f"1\n{times}\nHello\n")
    assert [(cue.start_ms, cue.end_ms, cue.lines) for cue in reading.cues] == [(start_ms, end_ms, ("Hello",))]
    assert not [note for note in reading.notes if note.kind != LEFT]


@pytest.mark.parametrize(
    ("times", "start_ms", "end_ms"),
    [
        ("00:01,000 --> 00:03,000", 1000, 3000),
        ("1:01,5 --> 1:03,25", 61_500, 63_250),
        ("00:00:01 --> 00:00:03", 1000, 3000),
        ("0:0:4,8 --> 0:0:7,4", 4800, 7400),
        ("00:00:01,0004 --> 00:00:03,9999", 1000, 3999),
        ("00:00:01:500 --> 00:00:03:500", 1500, 3500),
        ("00:00:O1,000 --> 00:00:O3,00O", 1000, 3000),
        ("00:00:l1,000 --> 00:00:I3,000", 11_000, 13_000),
        ("००:००:०१,००० --> ००:००:०३,०००", 1000, 3000),
        ("00：00：01，000 --> 00：00：03，000", 1000, 3000),
        ("00: 00: 01,000 --> 00 :00:03, 000", 1000, 3000),
        ("00:75:01,000 --> 00:76:99,000", 4_501_000, 4_659_000),
        ("00:00:01,000-->00:00:03,000", 1000, 3000),
        ("00:00:01,000 -> 00:00:03,000", 1000, 3000),
        ("00:00:01,000---> 00:00:03,000", 1000, 3000),
        ("00:00:01,000 -->> 00:00:03,000", 1000, 3000),
        ("\u202b00:00:01,000 --> 00:00:03,000\u202c", 1000, 3000),
        ("00:00:01,000 – > 00:00:03,000", 1000, 3000),
        ("00:00:01,000 → 00:00:03,000", 1000, 3000),
        ("00.00.01.000 --> 00.00.03.000", 1000, 3000),
        ("00:00:01,000 --> 00:00:03,000x", 1000, 3000),
        ("1 00:00:01,000 --> 00:00:03,000", 1000, 3000),
        ("-00:00:01,000 --> 00:00:03,000", 0, 3000),
        ("  00:00:01,000 --> 00:00:03,000", 1000, 3000),
    ],
)
def test_times_whose_meaning_is_sure_are_mended(times: str, start_ms: int, end_ms: int) -> None:
    reading = read(f"1\n{times}\nHello\n")
    assert [(cue.start_ms, cue.end_ms, cue.lines) for cue in reading.cues] == [(start_ms, end_ms, ("Hello",))]
    assert (2, MENDED) in said(reading) and not reading.lost


@pytest.mark.parametrize(
    "times",
    [
        "00:00:01:12 --> 00:00:03:20",  # frames, of nobody knows how many a second
        "00:00:01,000 --> 00:0x:03,000",
        "00:00:01,000 -->",
        "--> 00:00:03,000",
        "00:00:01,000 00:00:03,000",
        "00:01000 --> 00:03000",
        "00:00:03,000 --> 00:00:01,000",
        "00:00:03,000 --> 00:00:03,000",
        "-00:00:03,000 --> -00:00:01,000",
        f"{'9' * 30}:00:01,000 --> {'9' * 30}:00:03,000",
        f"{'9' * 6000}:00:01,000 --> {'9' * 6000}:00:03,000",
    ],
)
def test_times_that_can_not_be_shown_lose_their_cue_alone_by_line(times: str) -> None:
    reading = read(f"1\n{TIMES}\nFirst\n\n2\n{times}\nSecond\n\n3\n00:00:07,000 --> 00:00:09,000\nThird\n")
    assert [cue.text for cue in reading.cues] == ["First", "Third"]
    ((line, text),) = [(note.line, note.text) for note in reading.lost]
    assert line == 6 and "Second" in text


def test_a_number_between_marks_of_direction_is_one() -> None:
    reading = read(f"\u200f1\u200f\n{TIMES}\nA\n\n\u200f2\u200f\n{TIMES}\nB\n")
    assert [cue.lines for cue in reading.cues] == [("A",), ("B",)] and not reading.notes


def test_a_tag_does_not_begin_in_another_line() -> None:
    (cue,) = read(f"1\n{TIMES}\na <\ni>b</i>\n").cues
    assert cue.lines == ("a <", "i>b") and not cue.styles


def test_a_code_that_nobody_knows_is_shown_as_it_stands() -> None:
    assert [note.text for note in read(f"1\n{TIMES}\n{{\\nosuch}}A\n").notes] == ["{\\nosuch}"]


def test_words_behind_the_times_are_lost_by_name() -> None:
    assert [note.text for note in read(f"1\n{TIMES} Hello there\nyou\n").lost] == ["Hello there"]


@pytest.mark.parametrize(
    ("text", "cues"),
    [
        ("00:00:01,000 --> 00:00:03,000\nA\n\n00:00:04,000 --> 00:00:06,000\nB\n", ["A", "B"]),
        (f"1\n{TIMES}\nA\n2\n00:00:04,000 --> 00:00:06,000\nB\n", ["A", "B"]),
        (f"1\n\n{TIMES}\n\nA\n\n\n\n2\n\n00:00:04,000 --> 00:00:06,000\n\nB\n", ["A", "B"]),
        (f"1\n{TIMES}\nA\n\n1984\n\n2\n00:00:04,000 --> 00:00:06,000\nB\n", ["A 1984", "B"]),
        (f"1\n{TIMES}\nA\n7\n\n2\n00:00:04,000 --> 00:00:06,000\n1984\n", ["A 7", "1984"]),
        (f"1\n{TIMES}\n\n50\n\n2\n00:00:04,000 --> 00:00:06,000\nB\n", ["50", "B"]),
        (f"7\n{TIMES}\nA\n\n19\n00:00:04,000 --> 00:00:06,000\nB\n", ["A", "B"]),
        (f"1\n{TIMES}\n\n2\n00:00:04,000 --> 00:00:06,000\nB\n\n3\n", ["", "B"]),
        (f"1\n1\n{TIMES}\nA\n\n2\n00:00:04,000 --> 00:00:06,000\nB", ["A", "B"]),
        (f"\ufeff\ufeff1\n{TIMES}\nA\n\n\ufeff2\n00:00:04,000 --> 00:00:06,000\nB\n\x1a", ["A", "B"]),
        (f"1\r\r\n{TIMES}\r\r\nA\r\r\n\r\r\n2\r\r\n00:00:04,000 --> 00:00:06,000\r\r\nB\r\r\n", ["A", "B"]),
        (f"1\r{TIMES}\rA\r\r2\r00:00:04,000 --> 00:00:06,000\rB\r", ["A", "B"]),
        (f"0\n{TIMES}\nA\n\n-1\n00:00:04,000 --> 00:00:06,000\nB\n", ["A", "B"]),
        (f"1\n{TIMES}\ngo --> there\n\n2\n00:00:04,000 --> 00:00:06,000\nthe 9:30 --> the 10:30\n", None),
    ],
)
def test_numbers_and_empty_lines_may_be_missing_or_too_many(text: str, cues: list[str] | None) -> None:
    reading = read(text)
    assert [cue.text for cue in reading.cues] == (cues or ["go --> there", "the 9:30 --> the 10:30"])
    assert not reading.lost


def test_what_stands_outside_of_cues_is_said() -> None:
    reading = read(f"Made by me\n\n1\n{TIMES}\nA\n\nB\n\n2\n")
    assert [cue.lines for cue in reading.cues] == [("A", "B")]
    assert said(reading) == [(1, LEFT), (6, MENDED), (9, LEFT)]


def test_text_before_its_own_times_is_lost_by_name() -> None:
    assert said(read(f"1\nHello\n{TIMES}\nA\n")) == [(1, LOST), (3, MENDED)]


@pytest.mark.parametrize("text", ["hello world", "1\nHello\n", "{\\rtf1 x}", "<html><body>Not found</body></html>"])
def test_a_file_without_a_cue_says_so(text: str) -> None:
    reading = read(text)
    assert reading.cues == () and text.strip() in [note.text for note in reading.lost]


def test_an_empty_file_is_told_from_one_that_is_read() -> None:
    assert [(note.line, note.kind) for note in read("").notes] == [(0, LEFT)]


@pytest.mark.parametrize(
    ("text", "lines", "styles", "top"),
    [
        ("<i>a</i> b", ("a b",), ((0, 0, 1, "i"),), False),
        ("<i>a\nb", ("a", "b"), ((0, 0, 1, "i"), (1, 0, 1, "i")), False),
        ("<b>a<i>b</b>c</i>", ("abc",), ((0, 0, 2, "b"), (0, 1, 3, "i")), False),
        ("</i>a", ("a",), (), False),
        ("<I>a</I> <em>b</em> < i >c</ i >", ("a b c",), ((0, 0, 1, "i"), (0, 2, 3, "i"), (0, 4, 5, "i")), False),
        ('<font color="#fff">a</font> <s>b</s>', ("a b",), (), False),
        ("<c.red>a</c> <v Amit>b</v>", ("a b",), (), False),
        ("a<br>b<br/>c", ("a", "b", "c"), (), False),
        ("{\\an8}a", ("a",), (), True),
        ("{\\an8}{\\an2}a", ("a",), (), True),
        ("{\\a6}a", ("a",), (), True),
        ("{\\a10}a {\\an5}", ("a",), (), False),
        ("{\\an8\\i1}a{\\i0}b", ("ab",), ((0, 0, 1, "i"),), True),
        ("{\\b700}a{\\r}b{\\u1}c", ("abc",), ((0, 0, 1, "b"), (0, 2, 3, "u")), False),
        ("{\\pos(192,20)}a", ("a",), (), True),
        ("{\\pos(192,270)}{\\c&HFF&}a", ("a",), (), False),
        ("{\\move(192,270.5,0,0)}{\\pos(192,20)}a", ("a",), (), False),
        ("{\\p1}m 0 0 l 9 9{\\p0}a", ("a",), (), False),
        ("{y:i}a {note} {b}c{/b}", ("a {note} {b}c{/b}",), (), False),
        ("I <3 you, a < b > c, <beep>", ("I <3 you, a < b > c, <beep>",), (), False),
        ("<a word> <b and c> {unclosed <i", ("<a word> <b and c> {unclosed <i",), (), False),
        ("R&amp;B &lt;i&gt;", ("R&amp;B &lt;i&gt;",), (), False),
        ("a\\Nb", ("a", "b"), (), False),
        ("a\\nb C:\\home", ("a", "b C:\\home"), (), False),
        ("fi\0rst\x07 \x1b[0m", ("first [0m",), (), False),
        ("a\u2028b\x85c\x0bd", ("a", "b", "c", "d"), (), False),
        ("\u200fنعم!\u200e क्\u200dष", ("\u200fنعم!\u200e क्\u200dष",), (), False),
    ],
)
def test_text_is_what_a_viewer_sees(
    text: str, lines: tuple[str, ...], styles: tuple[tuple[int, int, int, str], ...], top: bool
) -> None:
    (cue,) = read(f"1\n{TIMES}\n{text}\n").cues
    assert cue == Cue(1000, 3000, lines, tuple(Style(*style) for style in styles), top)
    assert formats.parse(formats.write("srt", [cue]), "srt").cues == (cue,)


@pytest.mark.parametrize(
    "code",
    [
        "{\\i1 Good day}",
        "{\\pos(1,2)Good day}",
        "{\\an8\\move(1,2,3,4good day}",
        "{\\iNOTE\n1}",
        "{\\Hello}",
        "{\\an8 top\\i1}",
    ],
)
def test_words_in_a_code_are_said_to_be_lost(code: str) -> None:
    reading = read(f"1\n{TIMES}\nfirst {code}second\n")
    assert [note.text for note in reading.lost] == [code]
    assert not read(f"1\n{TIMES}\n{{\\fnArial\\c&HFF00FF&\\i1}}x{{\\r}}\n").lost


@pytest.mark.parametrize("mark", ["{}.", "#{}", "{}:", "{})", " {} "])
def test_a_number_with_marks_beside_it_is_a_number_and_no_text(mark: str) -> None:
    first, second = mark.format(1), mark.format(2)
    later = "00:00:04,000 --&gt; 00:00:06\u060c000"
    reading = read(f"{first}\n{TIMES}\nfirst 2.\n\n{second}\n{later}\n42.\n")
    assert [cue.lines for cue in reading.cues] == [("first 2.",), ("42.",)] and not reading.lost


@pytest.mark.parametrize(
    "line",
    [
        TIMES,
        "00:00:01 -> 00:00:03,5",
        "7",
        "00:0x:01,000 --> 00:00:03,000",
        "{\\an8}",
        "<i>",
        "< / FONT >",
        "{y:i}",
        "a\\Nb",
    ],
)
def test_text_that_looks_like_a_part_of_the_file_survives(line: str) -> None:
    cues = (Cue(1000, 2000, (line, "x", line), (Style(1, 0, 1, "i"),)), Cue(3000, 4000, (line,)))
    reading = read(formats.write("srt", cues))
    assert reading == Reading(cues)


def test_a_reading_stands_in_parentheses_behind_its_base() -> None:
    cue = Cue(0, 1000, ("漢字です",), (Style(0, 1, 4, "i"),), ruby=(Ruby(0, 0, 1, "かん"), Ruby(0, 1, 2, "じ")))
    assert "漢(かん)<i>字(じ)です</i>" in formats.write("srt", [cue])


def test_what_is_webvtt_by_its_first_line_is_read_as_it() -> None:
    reading = read("WEBVTT\n\n00:01.000 --> 00:03.000\nR&amp;B\n")
    assert [cue.text for cue in reading.cues] == ["R&B"]
    assert said(reading) == [(0, MENDED)]
