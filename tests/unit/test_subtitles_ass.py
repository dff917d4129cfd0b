"""SubStation Alpha is read as libass draws it, whatever is not read is named by its line, and times survive."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue, Style
from samvad.documents.subtitles.reading import LEFT, LOST, MENDED, Reading

HEAD = """[Script Info]
ScriptType: v4.00+
PlayResX: 160
PlayResY: 90

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, Bold, Italic, Underline, BorderStyle, Outline, Alignment
Style: Default,DejaVu Sans,20,&H00FFFFFF,&H00000000,0,0,0,1,1,2
Style: Slanted,DejaVu Sans,20,&H00FFFFFF,&H00000000,0,-1,0,1,1,8

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def event(text: str, start: str = "0:00:01.00", end: str = "0:00:03.00", style: str = "Default", layer: int = 0) -> str:
    return f"Dialogue: {layer},{start},{end},{style},,0,0,0,,{text}\n"


def read(*events: str, head: str = HEAD) -> Reading:
    return formats.parse(head + "".join(events), "ass")


def kinds(reading: Reading) -> list[tuple[int, str]]:
    return [(note.line, note.kind) for note in reading.notes]


#: An event's text, and another that says the same plainly.
SAME = [
    (r"{\i(1)}x", r"{\i1}x"),
    (r"{\i 1\b1}x{\i}y", r"{\i1}{\b1}x{\i0}y"),
    (r"{\i1}a{\i2}b", r"{\i1}a{\i0}b"),
    (r"{\b700}a{\b400}b{\b2}c", r"{\b1}a{\b0}bc"),
    (r"{\rSlanted}x{\r}y", r"{\i1}x{\i0}y"),
    (r"{\rSlanted}a{\i0}b{\i}c", r"{\i1}a{\i0}b{\i1}c"),
    (r"{\i1}a{\rNobody}b", r"{\i1}a{\i0}b"),
    (r"{\a6}x", r"{\an8}x"),
    (r"{\a5}x", r"{\an7}x"),
    (r"{\a8}x", r"{\a5}x"),
    (r"{\an8\an2}x", r"{\an8}x"),
    (r"x{\an8}y", r"{\an8}xy"),
    (r"{note \i1}x", r"{\i1}x"),
    (r"a{=1}b{a comment}c", "abc"),
    (r"a {\i1 b", r"a \{\i1 b"),
    (r"\\{\i1}x", "\\\u2060\\{\\i1\\}x"),
    (r"a\nb\hc", "a b c"),
    (r"{\q2}a\nb", r"a\Nb"),
    (r"{\iclip(0,0,1,1)\be0}x", "x"),
    (r"{\t(\i1)}x", r"{\i1}x"),
    (r"{\kf0}a{\k0}b", "ab"),
    (r"{\I1\ an8}x", r"{\an8}x"),
]


def drawn(texts: Iterable[str], folder: Path) -> list[bytes]:
    """Return what libass draws of each text."""
    wanted = list(texts)
    path = folder / "drawn.ass"
    path.write_text(HEAD + "".join(event(text, f"0:00:{i:02}.00", f"0:00:{i:02}.99") for i, text in enumerate(wanted)))
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"color=black:s=160x90:r=1:d={len(wanted)}"]
    command += ["-vf", f"ass={path}", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    return [data[at : at + 160 * 90] for at in range(0, len(data), 160 * 90)]


def test_what_libass_draws_alike_is_read_alike(tmp_path: Path) -> None:
    odd, plain = drawn([text for text, _ in SAME], tmp_path), drawn([text for _, text in SAME], tmp_path)
    assert len(odd) == len(plain) == len(SAME)
    assert [pair for pair, *pictures in zip(SAME, odd, plain, strict=True) if pictures[0] != pictures[1]] == []
    for text, other in SAME:
        seen, meant = read(event(text)).cues, read(event(other)).cues
        assert [(cue.top, cue.styles, cue.text.replace("\u00a0", " ")) for cue in seen] == [
            (cue.top, cue.styles, cue.text) for cue in meant
        ], text


def test_styles_give_italics_and_the_place() -> None:
    reading = read(event("above", style="Slanted"), event("below", style="*default"), event("who", style="Nobody"))
    assert reading.cues == (
        Cue(1000, 3000, ("above",), (Style(0, 0, 5, "i"),), top=True),
        Cue(1000, 3000, ("below",)),
        Cue(1000, 3000, ("who",)),
    )
    assert reading.notes == ()


@pytest.mark.parametrize(("alignment", "top"), [(2, False), (6, True), (7, True), (8, False), (10, False), (5, True)])
def test_version_4_has_numbers_of_its_own_for_alignment_and_colours_of_any_form(alignment: int, top: bool) -> None:
    head = (
        "[Script Info]\nScriptType: v4.00\n[V4 Styles]\n"
        "Format: Name, Fontname, Fontsize, PrimaryColour, Bold, Italic, Alignment\n"
        f"Style: Default,Arial,20,&H00FFFFFF,-1,0,{alignment}\n"
        "[Events]\nFormat: Marked, Start, End, Style, Text\n"
    )
    assert read("Dialogue: Marked=0,0:00:01.00,0:00:02.00,Default,Hi, you\n", head=head).cues == (
        Cue(1000, 2000, ("Hi, you",), (Style(0, 0, 7, "b"),), top=top),
    )


def test_words_that_a_missing_brace_or_line_end_takes_into_codes_or_formats_are_lost_aloud() -> None:
    reading = read(
        event(r"{\an8\pos(1,2)one {two} three"),
        event(r"{\pos(1,2 one two} three"),
        event(r"{\clip(m 0 0 l 1 1)\t(0,5,\i1)\fnArial Black(x)}four"),
    )
    assert [note.line for note in reading.lost] == [13, 14]
    glued = read(event("five"), head=HEAD.removesuffix("\n") + event("six"))
    assert any("six" in note.text for note in glued.lost)


def test_wholly_transparent_text_is_not_shown_unless_it_comes_to_be_seen() -> None:
    reading = read(
        event(r"{\alpha&HFF&}one{\alpha&H00&}two"),
        event(r"{\alpha&HFF\t(0,500,\alpha&H00&)}three"),
        event(r"{\t(0,500,\alpha&HFF&)}four{\1a&HFF&}{\alpha255}five"),
        event(r"{\alphaFF}six{\r}seven"),
        event(r"{\alpha&HFF&}eight"),
    )
    assert [cue.text for cue in reading.cues] == ["two", "three", "fourfive", "seven"]
    assert [note.text for note in reading.notes if "transparent" in note.reason] == ["one", "six", "eight"]


@pytest.mark.parametrize(
    ("info", "code", "top"),
    [
        ("PlayResX: 1920\nPlayResY: 1080", r"\pos(960,100)", True),
        ("PlayResX: 1920\nPlayResY: 1080", r"\an8\pos(960,1000)", False),
        ("PlayResY: 1080", r"\move(960,100,960,1000)\pos(1,1000)", True),
        ("PlayResX: 1280", r"\pos(1,500)", True),
        ("PlayResX: 640", r"\pos(1,250.5)", False),
        ("", r"\pos(192,100)", True),
        ("", r"\an8\pos(nowhere)", True),
    ],
)
def test_a_place_counts_in_the_picture_that_the_file_names(info: str, code: str, top: bool) -> None:
    head = f"[Script Info]\nScriptType: v4.00+\n{info}\n[Events]\nFormat: Start, End, Text\n"
    (cue,) = read(f"Dialogue: 0:00:01.00,0:00:02.00,{{{code}}}x\n", head=head).cues
    assert cue.top == top


def test_what_nobody_sees_is_left_out_and_said() -> None:
    reading = read(
        event(r"{\p1}m 0 0 l 10 0 10 10{\p0}word"),
        event(r"{\p1}m 0 0 l 10 0 10 10"),
        event("hidden").replace("Dialogue", "Comment"),
        event(""),
        event(r"{TL: see act 2}x{\pos(1,2)\fs3}"),
    )
    assert [cue.lines for cue in reading.cues] == [("word",), ("x",)]
    assert kinds(reading) == [(13, LEFT), (14, LEFT), (15, LEFT), (16, LEFT), (17, LEFT), (17, LEFT)]
    assert "TL: see act 2" in reading.notes[4].text
    assert r"\pos (1), \fs (1)" in reading.notes[5].reason


def test_words_that_stand_where_no_text_does_are_said() -> None:
    reading = read(
        event("{\\i1 Good day{\\i0} to you"),
        ";" + event("Passed over"),
        "Dialogue: 0,0:00:01.00,0:00:03.00,Default,Mira,0,0,0,Banner;20,Hello\n",
    )
    assert [(note.line, note.kind, note.text) for note in reading.notes] == [
        (13, LOST, "{\\i1 Good day{\\i0}"),
        (14, LEFT, ";" + event("Passed over").strip()),
        (15, LEFT, "Mira"),
        (15, LEFT, "Banner;20"),
    ]
    odd = read(event("One, two"), head=HEAD.replace("Effect, Text", "Effect, Other, Text"))
    assert [(note.line, note.kind, note.text) for note in odd.notes] == [(13, LOST, "One")]
    stray = read(head="[Script Info]\nDialog " + event("Hello") + "what is this\n[Fonts]\nABC\n[Events]\n" + event("x"))
    assert kinds(stray) == [(2, LOST), (3, LEFT), (5, LEFT)]


def test_an_event_that_cannot_be_read_is_lost_alone_and_by_its_line() -> None:
    reading = read(
        event("one"),
        event("two", start="bad"),
        event("three", start=f"{'9' * 30}:00:00.00"),
        "dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,four\n",
        "Dialogue: 0,0:00:01.00\n",
        "the rest of five, after a line feed\n",
        event("six"),
    )
    assert [cue.text for cue in reading.cues] == ["one", "six"]
    assert kinds(reading) == [(line, LOST) for line in (14, 15, 16, 17, 18)]


@pytest.mark.parametrize(
    ("written", "time_ms", "noted"),
    [
        ("0:00:01.00", 1000, False),
        ("9:59:59.99", 35_999_990, False),
        ("10:00:00.00", 36_000_000, False),
        ("100:00:00.05", 360_000_050, False),
        ("0:61:00.00", 3_660_000, False),
        (" 0:00:01.00", 1000, False),
        ("0:00:01:50", 1500, True),
        ("0:00:01.5", 1050, True),
        ("0:00:01.500", 1500, True),
        ("0:00:01", 1000, True),
        ("00:01.50", 1500, True),
        ("-0:00:01.00", 1000, True),
        ("-1:59:59.00", 0, True),
    ],
)
def test_times_are_read_as_players_do_and_odd_ones_are_named(written: str, time_ms: int, noted: bool) -> None:
    reading = read(event("x", start=written, end="200:00:00.00"))
    assert reading.cues[0].start_ms == time_ms
    assert kinds(reading) == ([(13, MENDED)] if noted else [])


def test_commas_in_times_are_told_from_those_between_fields() -> None:
    reading = read(event("a, b", start="0:00:01,50", end="0:00:03,00"))
    assert reading.cues == (Cue(1500, 3000, ("a, b",)),)
    assert kinds(reading) == [(13, MENDED)] * 2


def test_formats_in_another_order_are_followed() -> None:
    head = "[Events]\nFormat: Text_, End, start, Text\n"
    assert read("Dialogue: a,0:00:02.00,0:00:01.00,b, c\n", head=head).cues == (Cue(1000, 2000, ("b, c",)),)
    assert read("Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,b\n", head="[Events]\n").cues[0].text == "b"
    middle = "[Events]\nFormat: Text, Start, End\n"
    reading = read("Dialogue: sure,0:00:01.00,0:00:02.00\n", "Dialogue: not, sure,0:00:01.00,0:00:02.00\n", head=middle)
    assert ([cue.text for cue in reading.cues], kinds(reading)) == (["sure"], [(4, LOST)])
    assert kinds(read(event("x"), head="[Events]\nFormat: Start, Text\n")) == [(0, LOST), (3, LOST)]


@pytest.mark.parametrize("text", ["", "hello world", "hello\n\nworld", "{\\rtf1 no}"])
def test_a_file_in_which_nothing_is_read_says_so(text: str) -> None:
    reading = formats.parse(text, "ass")
    assert reading.cues == () and reading.lost


def test_an_event_that_no_player_can_show_is_named() -> None:
    reading = read(event("x", end="0:00:01.00"), event("y", end="0:00:00.50"), event("z"))
    assert ([cue.text for cue in reading.cues], kinds(reading)) == (["z"], [(13, LOST), (14, LOST)])


def test_events_in_no_section_and_in_the_wrong_one_are_read_and_named() -> None:
    bare = read(event("x"), head="")
    assert ([cue.text for cue in bare.cues], kinds(bare)) == (["x"], [(0, MENDED)])
    misplaced = read(event("x"), head="[Script Info]\n")
    assert ([cue.text for cue in misplaced.cues], kinds(misplaced)) == (["x"], [(2, MENDED)])


def test_layers_over_each_other_are_one_cue_and_cues_of_one_layer_are_two() -> None:
    over = read(event("x"), event("x", layer=1))
    assert ([cue.text for cue in over.cues], kinds(over)) == (["x"], [(14, LEFT)])
    assert len(read(event("x"), event("x")).cues) == 2


_TEXT = st.text(
    st.sampled_from("ab \\Nnh{}\t,:;!é\u0915\u094d\u200d\u0937\u200f\u05d0…&<>%'\""), min_size=1, max_size=12
)
_LINES = _TEXT.map(lambda text: " ".join(text.split())).filter(bool)


@st.composite
def _cue(draw: st.DrawFn) -> Cue:
    start = 10 * draw(st.integers(0, 40_000_000))
    lines = tuple(draw(st.lists(_LINES, min_size=1, max_size=3)))
    begin = draw(st.integers(0, len(lines[0]) - 1))
    style = Style(0, begin, draw(st.integers(begin + 1, len(lines[0]))), draw(st.sampled_from("ibu")))
    styles = (style,) if draw(st.booleans()) else ()
    return Cue(start, start + 10 * draw(st.integers(1, 500)), lines, styles, draw(st.booleans()))


@settings(max_examples=200, deadline=None)
@given(st.lists(_cue(), min_size=1, max_size=4))
def test_what_is_written_is_read_back_at_any_hour_and_without_a_note(cues: list[Cue]) -> None:
    reading = formats.parse(formats.write("ass", cues), "ass")
    assert (reading.cues, reading.notes) == (tuple(cues), ())


@pytest.mark.parametrize(
    "piece", ["{", "}", "{\\t(", "{\\t(\\i1", "\\", "{\\", "{(", "\\N", "{}", "{\\p1}", "(", ",", "{a}"]
)
def test_odd_text_of_any_length_takes_no_time_and_no_depth(piece: str) -> None:
    began = time.process_time()
    read(event("x" + piece * 60_000))
    assert time.process_time() - began < 5


def test_a_damaged_file_is_never_a_crash_and_never_silent() -> None:
    chance = random.Random(7)
    whole = HEAD + "".join(event(text, style=chance.choice(["Default", "Slanted"])) for text, _ in SAME)
    pieces = ["Dialogue:", "{", "}", "\\", "\n", ",", ":", "[Events]", "\\p1", "\x00", "-", "Format:", "9" * 40, "("]
    for _ in range(500):
        at = chance.randrange(len(whole))
        cut = chance.choice([0, 1, 3, 40])
        text = whole[:at] + chance.choice(pieces) + whole[at + cut :]
        reading = formats.parse(text, "ass")
        shown = sum(line.lstrip().startswith("Dialogue:") for line in text.split("\n"))
        assert len(reading.cues) + len({note.line for note in reading.notes}) >= shown
        assert len(reading.cues) >= len(SAME) - 6 or reading.notes, text


def test_a_large_file_is_read_in_a_moment() -> None:
    text = HEAD + "".join(event(f"line {number} {{\\i1}}of{{\\i0}} many", layer=number) for number in range(20_000))
    began = time.process_time()
    assert len(formats.parse(text, "ass").cues) == 20_000
    assert time.process_time() - began < 10


def test_animations_in_animations_are_no_end_of_the_reader() -> None:
    (cue,) = formats.parse(HEAD + event("{" + "\\t(\\i1" * 5000 + ")" * 5000 + "}x"), "ass").cues
    assert cue.text == "x"
