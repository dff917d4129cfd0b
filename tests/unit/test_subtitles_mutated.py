"""Files that are damaged at random: nothing ends in an error, and every word is in the cues or in a note.

``SAMVAD_FUZZ=10000`` tries as many of each format.
"""

from __future__ import annotations

import html
import os
import random
import re
import time

import pytest

from samvad.core.times import clock
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.reading import LATEST_MS, Reading

COUNT = int(os.environ.get("SAMVAD_FUZZ", "300"))

FILES = {
    "srt": """1
00:00:01,000 --> 00:00:03,000
Alphabet <i>bravery</i> charming
{\\an8}deltaic {\\i1}echoes{\\i0}

2
00:00:04,000 --> 00:00:06,000 X1:100 X2:200 Y1:100 Y2:200
<font color="#ffffff">foxtrot</font> golfing & hotels
1984

3
00:00:07,000 --> 00:00:09,000
India's <b>juliet</b>

4
00:00:10,000 --> 00:00:12,000
नमस्ते <u>दुनिया</u> {y:i}kilometre
""",
    "vtt": """WEBVTT - header words
Kind: captions

STYLE
::cue { background: none }

REGION
id:upper
lines:2

NOTE a comment here

intro
00:00:01.000 --> 00:00:03.000 line:0 position:10%
Alphabet <i>bravery</i> <c.yellow>charming</c>
<v Mira Nair>deltaic</v> echoes

00:04.000 --> 00:06.000 region:upper
<ruby>foxtrot<rt>golfing</rt></ruby> hotels &amp; India

3
00:00:07.000 --> 00:00:09.000
<b>juliet <lang hi>नमस्ते</lang></b> <00:00:08.000>kilometre
""",
}
SIGNS = [
    *"\n\n\n <>&-:.,;{}\\/0129éx\0\x1a\ufeff\t\r\u2028\u200d",
    "-->",
    "->",
    "<i>",
    "</i>",
    "<ruby>",
    "<rt>",
    "&lt;",
]
SIGNS += ["{\\an8}", "\n\n", "00:00:05,000 --> 00:00:06,000", "<font ", "{\\pos(1,2)}", "<v ", "NOTE\n", "STYLE\n"]
#: Words of the formats themselves.
SYNTAX = {"webvtt", "note", "style", "region", "line", "position", "font", "color", "ruby", "lang"}


def damaged(chance: random.Random, text: str) -> str:
    """Return a text with a few signs, words or lines missing, doubled, moved or put in."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        lines = text.split("\n")
        here, there = chance.randrange(len(lines)), chance.randrange(len(lines))
        how = chance.choice(("put", "put", "put", "cut", "cut", "replace", "drop", "double", "swap", "end"))
        if how == "put":
            text = text[:at] + chance.choice(SIGNS) + text[at:]
        elif how == "cut":
            text = text[:at] + text[at + chance.randint(1, 4) :]
        elif how == "replace":
            text = text[:at] + chance.choice(SIGNS) + text[at + 1 :]
        elif how == "end":
            text = text[: max(at, len(text) // 2)]
        else:
            if how == "drop":
                del lines[here]
            elif how == "double":
                lines.insert(there, lines[here])
            else:
                lines[here], lines[there] = lines[there], lines[here]
            text = "\n".join(lines)
    return text


def told(reading: Reading) -> str:
    """Return all the words of what was read, and of what is said of the rest."""
    words = [text for cue in reading.cues for text in (*cue.lines, *(base.reading for base in cue.ruby))]
    return "\n".join([*words, *(note.text for note in reading.notes)]).lower()


def missing(text: str, reading: Reading) -> list[str]:
    """Return the words of a file that nobody hears of; a tag or a line end may stand inside a word."""
    known = told(reading)
    joined = known.replace("\n", "")
    words = {word.lower() for word in re.findall(r"[^\W\d_]{4,}", html.unescape(text))}
    return sorted(word for word in words - SYNTAX if word not in known and word not in joined)


@pytest.mark.parametrize("kind", FILES)
def test_no_damage_ends_in_an_error_or_takes_a_word_away_in_silence(kind: str) -> None:
    for seed in range(COUNT):
        text = damaged(random.Random(seed), FILES[kind])
        reading = formats.parse(text, kind)
        assert reading.cues or reading.notes, (seed, text)
        assert all(0 <= cue.start_ms < cue.end_ms <= LATEST_MS for cue in reading.cues), (seed, text)
        assert missing(text, reading) == [], (seed, text, reading.notes)


#: Files whose own words are many: only what is said in them is looked for.
OTHERS = {
    "ass": """[Script Info]
ScriptType: v4.00+
PlayResX: 384
PlayResY: 288

[V4+ Styles]
Format: Name, Fontname, Fontsize, Italic, Alignment
Style: Default,Arial,20,0,2
Style: Slanted,Arial,20,-1,8

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,Alphabet {\\i1}bravery{\\i0} charming\\Ndeltaic echoes
Dialogue: 0,0:00:04.00,0:00:06.00,Slanted,,0,0,0,,{\\an8\\pos(1,2)}foxtrot {golfing} hotels
Dialogue: 0,0:00:07.00,0:00:09.00,Default,,0,0,0,,{\\r}india's \\{juliet\\} kilometre
""",
    "ttml": """<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" xml:lang="en">
<head><styling><style xml:id="slanted" tts:fontStyle="italic"/></styling></head>
<body><div>
<p begin="1s" end="3s">Alphabet <span tts:fontStyle="italic">bravery</span> charming<br/>deltaic echoes</p>
<p begin="00:00:04.000" dur="2s" style="slanted">foxtrot golfing hotels</p>
</div><div begin="7s"><p end="2s">india juliet &amp; kilometre</p></div></body></tt>
""",
}
SPOKEN = frozenset(
    ("alphabet", "bravery", "charming", "deltaic", "echoes", "foxtrot", "golfing", "hotels", "juliet", "kilometre")
)


@pytest.mark.parametrize("kind", OTHERS)
def test_no_damage_takes_a_spoken_word_away_in_silence(kind: str) -> None:
    read = 0
    for seed in range(COUNT // 2):
        text = damaged(random.Random(seed), OTHERS[kind])
        try:
            reading = formats.parse(text, kind)
        except ValueError:
            continue  # the file is refused, in words
        read += 1
        assert not SPOKEN.intersection(missing(text.replace("\\N", " "), reading)), (seed, text, reading.notes)
    assert read > COUNT // 4


@pytest.mark.parametrize("kind", FILES)
def test_what_is_read_of_a_damaged_file_is_written_and_read_back_the_same(kind: str) -> None:
    for seed in range(COUNT // 4):
        cues = formats.parse(damaged(random.Random(seed), FILES[kind]), kind).cues
        for written in ("srt", "vtt"):
            again = formats.parse(formats.write(written, cues), written)
            assert not again.notes or not cues, (seed, again.notes)
            if written == kind:
                assert again.cues == tuple(cues), seed


#: Long runs of what a reader may look at again and again, each as a cue's text.
RUNS = ("\t", " ", "<", "{", "<font ", "<i>", "<i>a</i>", "{\\i1}", "{\\", "&", "&amp;", "a ", "-", " -->", "<ruby>")
RUNS += ("<ruby>a<rt>b</rt></ruby>", "<ruby>a<rt>b", "{\\an8<", "\n", "1\n", "\u2028", "\x1a", "00:00:01,000 ", "1:")
HEADS = {"srt": "1\n00:00:01,000 --> 00:00:02,000\n", "vtt": "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n"}


#: The same inside of a single tag, code or line.
INSIDE = (
    "<{}>",
    "<i{}>",
    "</{}i>",
    "<font {}",
    "{{{}}}",
    "{{\\{}}}",
    "{{\\pos({})}}",
    "<v {}>x",
    "&{};",
    "00:00:01,000{}-->",
    "{}-->",
)


def seconds(text: str, kind: str) -> float:
    """Return the processor's time that a file takes to be read and written again, the better of two tries."""
    taken = []
    for _ in range(2):
        began = time.process_time()
        formats.write(kind, formats.parse(text, kind).cues)
        taken.append(time.process_time() - began)
    return min(taken)


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("run", RUNS, ids=repr)
def test_the_time_grows_with_the_length_of_a_text_not_with_its_square(run: str, kind: str) -> None:
    long = seconds(HEADS[kind] + run * 8000, kind)
    # What takes so little is no matter; a square would be 16 times as much.
    assert long < 0.1 or long < 9 * seconds(HEADS[kind] + run * 2000, kind)


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("around", INSIDE)
def test_the_time_grows_with_the_length_of_a_tag(around: str, kind: str) -> None:
    for filling in (" ", "\t", "a", "1", "=", "\\", ".", ":", "/", " a", "a ", "1:"):
        long = seconds(HEADS[kind] + around.format(filling * 8000), kind)
        assert long < 0.1 or long < 9 * seconds(HEADS[kind] + around.format(filling * 2000), kind), filling


@pytest.mark.parametrize("kind", ["srt", "vtt"])
@pytest.mark.parametrize("numbered", [True, False])
def test_the_time_grows_with_the_number_of_cues(kind: str, numbered: bool) -> None:
    def file(count: int) -> str:
        mark = "," if kind == "srt" else "."
        blocks = (
            f"{number}\n" * numbered
            + f"{clock(number * 1000, mark)} --> {clock(number * 1000 + 900, mark)}\n<i>a</i> b\n"
            for number in range(1, count + 1)
        )
        return ("WEBVTT\n\n" if kind == "vtt" else "") + "\n".join(blocks)

    assert len(formats.parse(file(20), kind).cues) == 20
    assert seconds(file(2000), kind) < 9 * seconds(file(500), kind)
