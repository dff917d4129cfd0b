"""Files with one oddity each, read as players show them: a browser's, ffmpeg's and imsc.js's answers are handed over.

Where the reader and the player differ, a table names the file, what is read and why. A format takes part as soon as
``SHOWN`` says how its player's answer is compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

import support
from samvad.core.errors import MediaError
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.documents.subtitles.reading import Reading

PLAYERS = support.ROOT.parent / "shared" / "cases" / "players"


class Shown(NamedTuple):
    """What is shown, and when."""

    start_ms: int
    end_ms: int
    text: str


class Difference(NamedTuple):
    """Why a file is not read as its player shows it, and what is read."""

    why: str
    cues: tuple[Shown, ...]


FIRST, SECOND, THIRD = Shown(1000, 3000, "first"), Shown(4000, 6000, "second"), Shown(7000, 9000, "third")
_BOTH = (FIRST, SECOND)

#: Times that SubRip's players refuse are taken where their meaning is sure.
_SURE = "its meaning is sure; ffmpeg takes no such file"

DIFFERENCES = {
    "v-comma-ms.vtt": Difference("times with commas are taken", _BOTH),
    "v-end-before.vtt": Difference("no player ever shows a cue that ends before it begins", (SECOND,)),
    "v-min-60.vtt": Difference(
        "61 minutes are an hour and a minute",
        (Shown(3_660_000, 3_720_000, "bad"), Shown(4_200_000, 4_202_000, "good")),
    ),
    "v-webvttx.vtt": Difference("all but the first line is sure", (FIRST,)),
    "v-xml-control.vtt": Difference("no document can hold control characters", (Shown(1000, 3000, "bell esc[0m"),)),
    "s-bom2.srt": Difference(_SURE, _BOTH),
    "s-colon-ms.srt": Difference(_SURE, (Shown(1500, 3500, "first"),)),
    "s-ctrl-z.srt": Difference("the mark of a file's end is no text", _BOTH),
    "s-double-number.srt": Difference(_SURE, _BOTH),
    "s-end-before.srt": Difference("no player ever shows a cue that ends before it begins", ()),
    "s-fullwidth-digits.srt": Difference(_SURE, (FIRST,)),
    "s-indented.srt": Difference(_SURE, _BOTH),
    "s-junk-begin.srt": Difference(_SURE, _BOTH),
    "s-lt.srt": Difference(
        "what is no tag is text: ffmpeg drops <beep> and makes the text bold",
        (Shown(1000, 3000, "I <3 you, a < b > c <beep>"),),
    ),
    "s-negative-number.srt": Difference(_SURE, _BOTH),
    "s-no-hours.srt": Difference(_SURE, _BOTH),
    "s-no-ms.srt": Difference(_SURE, (FIRST,)),
    "s-no-number.srt": Difference(_SURE, _BOTH),
    "s-no-space-arrow.srt": Difference(_SURE, _BOTH),
    "s-nul.srt": Difference("ffmpeg shows nothing behind a NUL", _BOTH),
    "s-number-end.srt": Difference("the last line is the number of a cue that is not there", _BOTH),
    "s-short-arrow.srt": Difference(_SURE, _BOTH),
    "s-spaces-in-time.srt": Difference(_SURE, (FIRST,)),
    "s-strike.srt": Difference("ffmpeg shows a tag of WebVTT", (Shown(1000, 3000, "gone c v"),)),
    "s-utf16nobom.srt": Difference("UTF-16 is known without its mark", (Shown(1000, 3000, "नमस्ते"), SECOND)),
    "s-vtt-header.srt": Difference("it is WebVTT by its first line", (FIRST,)),
    "s-zero.srt": Difference("no player ever shows a cue that ends where it begins", ()),
    "brokentime.srt": Difference("ffmpeg shows broken times as text", (FIRST, THIRD)),
    "o-zero.srt": Difference("ffmpeg shows broken times as text", (FIRST, SECOND, THIRD)),
    # libass draws SubStation Alpha in all players that draw it; ffmpeg's turning it into SubRip is another matter.
    "a-codes-comment-first.ass": Difference("libass passes over spaces before a code", (Shown(1000, 3000, "hello x"),)),
    "a-comment-braces.ass": Difference("libass shows no comments", (Shown(1000, 3000, "hello there"),)),
    "a-comment-in-codes.ass": Difference("libass shows no comments", (Shown(1000, 3000, "hello"),)),
    "a-drawing-mixed.ass": Difference("a drawing is no text", (Shown(1000, 3000, "words"),)),
    "a-drawing.ass": Difference("a drawing is no text", (Shown(4000, 6000, "text"),)),
    "a-end-before.ass": Difference("no player ever shows a cue that ends before it begins", ()),
    "a-escbrace.ass": Difference("libass shows braces after backslashes", (Shown(1000, 3000, "{a} b"),)),
    "a-h-n.ass": Difference("libass has a space for each", (Shown(1000, 3000, "a\u00a0b c\nd"),)),
    "a-no-header.ass": Difference("its meaning is sure; players open no such file", (Shown(1000, 3000, "hello"),)),
    "a-unclosed-brace.ass": Difference("libass shows a brace that nothing closes", (Shown(1000, 3000, "a {\\i1 b"),)),
    "a-zero.ass": Difference("no player ever shows a cue that ends where it begins", ()),
}


def _lines(text: str) -> str:
    """Return text without what nobody sees: empty lines, and spaces at the ends of lines."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _as_a_browser_has_it(cue: Cue) -> Shown:
    """Return a cue with the readings of ruby behind their bases, as the text of a page has them."""
    lines = list(cue.lines)
    for base in sorted(cue.ruby, reverse=True):
        lines[base.line] = lines[base.line][: base.end] + base.reading + lines[base.line][base.end :]
    return Shown(cue.start_ms, cue.end_ms, _lines("\n".join(lines)))


def _browser(row: dict[str, Any], read: Reading) -> tuple[list[Shown], list[Shown]]:
    """Return what Chromium's text track has, and what was read."""
    shown = [Shown(cue["start_ms"], cue["end_ms"], _lines(cue["text"])) for cue in row.get("cues", [])]
    return [cue for cue in shown if cue.text], [cue for cue in map(_as_a_browser_has_it, read.cues) if cue.text]


#: What ffmpeg writes around text: a track's codes and styles as SubRip has them.
_CODES = re.compile(r"</?(?:font|[ibsu])\b[^>]*>|\{\\an\d\}")


def _ffmpeg(row: dict[str, Any], read: Reading) -> tuple[list[Shown], list[Shown]]:
    """Return what ffmpeg makes of a track, in order of time as it has it, and what was read."""
    shown = [Shown(cue["start_ms"], cue["end_ms"], _lines(_CODES.sub("", cue["text"]))) for cue in row.get("cues", [])]
    ours = sorted(Shown(cue.start_ms, cue.end_ms, _lines("\n".join(cue.lines))) for cue in read.cues)
    return [cue for cue in shown if cue.text], [cue for cue in ours if cue.text]


#: How the answers of each format's player are compared: what it shows, and what was read, alike in form.
SHOWN: dict[str, Callable[[dict[str, Any], Reading], tuple[list[Shown], list[Shown]]]] = {
    ".vtt": _browser,
    ".srt": _ffmpeg,
    ".ass": _ffmpeg,
    ".ssa": _ffmpeg,
}


def _rows() -> list[dict[str, Any]]:
    path = PLAYERS / "truth.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    return [row for row in rows if "." + row["file"].rpartition(".")[2] in SHOWN]


ROWS = _rows()


@pytest.mark.skipif(not ROWS, reason=f"no files with players' answers are at {PLAYERS}")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["file"]))
def test_a_file_is_read_as_a_player_shows_it(row: dict[str, Any]) -> None:
    read = formats.read(PLAYERS / row["file"])
    shown, ours = SHOWN["." + row["file"].rpartition(".")[2]](row, read)
    difference = DIFFERENCES.get(row["file"])
    if difference is None:
        assert ours == shown
    else:
        assert ours == list(difference.cues), difference.why
        assert ours != shown, f"{row['file']} is no difference any more"


@pytest.mark.skipif(not ROWS, reason=f"no files with players' answers are at {PLAYERS}")
@pytest.mark.parametrize("name", [name for name in DIFFERENCES if any(row["file"] == name for row in ROWS)])
def test_what_differs_from_a_player_is_said(name: str) -> None:
    if name not in SAID_BY_NOBODY:
        assert formats.read(PLAYERS / name).notes, DIFFERENCES[name].why


#: Here the player alone is wrong.
SAID_BY_NOBODY = ("s-lt.srt", "a-codes-comment-first.ass", "a-escbrace.ass", "a-h-n.ass", "a-unclosed-brace.ass")


SUBTITLES = PLAYERS.parent / "subtitles"
_CAFE = ["Café, señor — “déjà vu”.", "Second."]
_THREE = ["First.", "Second.", "Third."]
#: What a viewer sees of files that hold more than one oddity, cue by cue.
SEEN = {
    "a1.en.ass": [
        "Plain, with comma second",
        "Italic by style",
        "Top by style",
        "karaoke xy",
        "soft break\u00a0hard space it back heavy",
    ],
    "a2_order.en.ass": ["Later written first", "Earlier", "SIGN same time"],
    "a4_ssa.en.ssa": ["Hello"],
    "a5_neg.en.ass": ["Neg"],
    "a7_aegisub_extra.en.ass": ["Hello"],
    "arrow.en.srt": _THREE,
    "blank_in_text.en.srt": ["First.", "Upper line lower line", "Third."],
    "bom.es.srt": _CAFE,
    "coords.en.srt": _THREE[:2],
    "cp1252.es.srt": _CAFE,
    "crcrlf.es.srt": _CAFE,
    "crlf.es.srt": _CAFE,
    "double_bom.es.srt": _CAFE,
    "empty_cues.en.srt": ["First."],
    "h100.en.srt": _THREE[:2],
    "junk_last.en.srt": _THREE[:2],
    "nel.en.srt": ["First line.", "Second two three."],
    "no_blank.en.srt": _THREE,
    "no_millis.en.srt": ["First line here.", "Second line here."],
    "nul.es.srt": _CAFE,
    "one_letter_o.en.srt": [f"Line {number}." for number in range(1, 301)],
    "only_number.en.srt": ["First.", "50", "Third."],
    "short_digits.en.srt": ["hi everybody", "I want to"],
    "sixty.en.srt": _THREE[:2],
    "tags.en.srt": [
        "Yellow it",
        "Positioned italic red",
        "Bold & nested strike &amp; &lt;3 old",
        "Top by SSA v4 Caps loose",
    ],
    "utf16be_nobom.es.srt": _CAFE,
    "utf16le_nobom.es.srt": _CAFE,
    "vtt_named.en.srt": _THREE[:2],
    "v1_blank_after_time.en.vtt": ["Someone spoke?", "He saw it on the bridge and asked me.", "Who?"],
    "v2_id_empty.en.vtt": ["subtitle 1", "", "subtitle 2"],
    "v4_ascii_entities.en.vtt": ["A  D 5 & 6", "fish & chips © 2020 AT&T", "\u200eleft\u200f \u00a0x"],
    "v5_mixed_commas.en.vtt": ["Good", "Comma", "Good again"],
    "v7_ruby.ja.vtt": ["漢字です"],
    "v8_nested.en.vtt": ["It's a blue apple tree! x"],
    "w10_badcue.en.vtt": ["Good", "Bad arrow", "Good 2"],
    "w1_style_region.en.vtt": ["[music]", "Hello there friend"],
    "w2_tsmap.en.vtt": ["Hello & bye <3\u00a0x \u200f"],
    "w4_bom.en.vtt": ["Hello"],
    "w5_noheader.en.vtt": ["Hello"],
    "w7_empty.en.vtt": [],
    "w8_vertical.ja.vtt": ["こんにちは漢"],
}
#: Of these, lines in which text is lost, since players show none of it.
LOSE = {"v4_ascii_entities.en.vtt": [4], "w10_badcue.en.vtt": [6]}


@pytest.mark.skipif(not SUBTITLES.exists(), reason=f"no files are at {SUBTITLES}")
@pytest.mark.parametrize("name", SEEN)
def test_files_of_the_wild_are_read_as_a_viewer_sees_them(name: str) -> None:
    reading = formats.read(SUBTITLES / name, language=name.split(".")[-2])
    assert [cue.text for cue in reading.cues] == SEEN[name]
    assert [note.line for note in reading.lost] == LOSE.get(name, [])


@pytest.mark.skipif(not SUBTITLES.exists(), reason=f"no files are at {SUBTITLES}")
def test_every_file_handed_over_is_read_or_something_is_said_of_it() -> None:
    for path in sorted((*SUBTITLES.iterdir(), *(PLAYERS.parent / "edited").iterdir(), *PLAYERS.iterdir())):
        if path.suffix in formats.ENDINGS:
            try:
                reading = formats.read(path, language="es")
            except MediaError as error:
                assert str(path) in str(error)
            else:
                assert reading.cues or reading.notes, path
