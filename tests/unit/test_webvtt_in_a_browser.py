"""WebVTT beside Chromium: what its text track has of hundreds of odd files is what is read of them."""

from __future__ import annotations

import base64
import json
import random
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import browse
import support
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Cue
from samvad.documents.subtitles.reading import LATEST_MS, MENDED

HANDED = support.ROOT.parent / "shared" / "cases" / "players"

#: Load each file as a track of a video, and return what the browser made of it.
STEPS = """
return await tab.evaluate(async () => {
  const video = document.querySelector("video");
  const shown = (cue) => {
    const box = document.createElement("div");
    box.append(cue.getCueAsHTML());
    return { start: cue.startTime, end: cue.endTime, html: box.innerHTML };
  };
  const load = (file) => new Promise((done) => {
    const track = document.createElement("track");
    track.src = "data:text/vtt;base64," + file;
    track.onload = () => { done(Array.from(track.track.cues, shown)); track.remove(); };
    track.onerror = () => { done(null); track.remove(); };
    video.append(track);
    track.track.mode = "hidden";
  });
  const all = [];
  for (const file of FILES) all.push(await load(file));
  return all;
});
"""

TIMES = """00:00:01.000 --> 00:00:03.000
0:00:01.000-->0:00:03.000
\t00:01.000\t-->\t00:03.000\t
00:00:01,000 --> 00:00:03,000
00:00:01.00 --> 00:00:03.000
00:00:01.000 --> 00:00:03.0000
00:61:00.000 --> 00:62:00.000
61:00.000 --> 62:00.000
100:00:01.000 --> 100:00:03.000
00:00:01.000 --> 00:00:03.000x line:0
00:00:01.000 --> 00:00:03.000 --> 00:00:05.000
00:00:01.000 --->  00:00:03.000
00:00:01.000 -->> 00:00:03.000
00:00:01.000 -->
--> 00:00:03.000
-->
a --> b
1 00:00:01.000 --> 00:00:03.000
-00:00:01.000 --> 00:00:03.000
00:00:03.000 --> 00:00:01.000
00:00:01.000\u00a0--> 00:00:03.000
1:00.000 --> 2:00.000""".split("\n")  # noqa: SIM905 -- a table

TEXTS = """first
<i>it</i> <b>b<i>bi</b>x</i>
<i>a</b>b</i> c
</i>x</ruby>y
<u>open
x <3 y
a < b > c
<>e < i>x</i> <i >y</i >
<i.a.b>c</i> <c.red.blue>c</c>
<v.loud Bob Smith>hi</v> <lang en><v x>y</lang>z
<ruby>a<rt>b</rt></ruby> <ruby>a<rt>b</ruby>c
<ruby>a<rt>b<rt>c</ruby>
<ruby>a<rt>b</rt>c<rt>d</rt></ruby>
<rt>x</rt> <ruby><i>a<rt>b</rt></i></ruby>
<i><ruby>a<rt><b>b</b></rt></ruby></i>
<ruby>a</ruby>b<rtx>z</rtx>
<ruby>a</rt>b
<00:00:01.500>x<0>y<00:61:00.000>z
<b
<B>x</B> <font color=red>x</font> <br>x</c.red>
<a href='x>y'>z</a> <!-- c -->x
&amp;&lt;i&gt;&nbsp;x &lrm;x&rlm; &hellip &copy 2020 &copyx &notit; &unknown;
&#65;&#x41&#65x &#0;&#xD800;&#128;&#x110000; &#; &#x; &; & &AMP;&apos;&NotEqualTilde;
<v &amp;>x <c.&amp;>y
{\\an8}x y
   x   y   \tz
क्\u200dष <i>र्\u200cय</i> نعم!
<i>\0</i>x\u2028y\x0cz
NOTE x
STYLE
- a <v a><i>b</v>c</i>d
<i/>x<.a>y</>z
x -> y --""".split("\n")  # noqa: SIM905 -- a table

BLOCKS = [
    "NOTE\ncomment",
    "NOTE inline",
    "NOTEx\nno note",
    "STYLE\n::cue { color: red }",
    "STYLE x\n::cue{}",
    "REGION\nid:a",
    "text alone",
    "two\nlines alone",
    "1",
    "id",
    "STYLE",
    "NOTE",
    "STYLE\n::cue{}\n00:07.000 --> 00:08.000\nafter",
    "id\nid2\n00:07.000 --> 00:08.000\ntwo names",
    "NOTE\n00:05.000 --> 00:06.000\nin a note",
]
HEADS = ["WEBVTT", "WEBVTT", "WEBVTT - t", "WEBVTT\nKind: x", "WEBVTT\n00:00.000 --> 00:00.900\nat once", "WEBVTT\tx"]
REFUSED_HEADS = ["WEBVTTx", "webvtt", " WEBVTT", "WEBVTT\x0c", ""]


class Shown(NamedTuple):
    """A cue as a viewer sees it: each visible character with its styles; readings stand behind their bases."""

    start_ms: int
    end_ms: int
    text: tuple[tuple[str, str], ...]


def _files() -> list[str]:
    made = [f"{head}\n\n00:01.000 --> 00:02.000\nA\n" for head in [*HEADS, *REFUSED_HEADS]]
    made += [f"WEBVTT\n\n{name}{times}\nA\n\n00:07.000 --> 00:08.000\nB\n" for times in TIMES for name in ("", "id\n")]
    made += [f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}\n\n00:07.000 --> 00:08.000\nB" for text in TEXTS]
    made += [
        f"WEBVTT\n\n{block}{gap}00:01.000 --> 00:02.000\nA\n\n{block}" for block in BLOCKS for gap in ("\n", "\n\n")
    ]
    for seed in range(120):
        chance = random.Random(seed)
        parts = [chance.choice(HEADS)]
        for second in range(chance.randint(1, 5)):
            times = f"00:0{second}.000 --> 00:0{second + 1}.500" if chance.random() < 0.7 else chance.choice(TIMES)
            lines = [
                chance.choice(("", "", "1\n", "id\n", "NOTE\n")) + times,
                chance.choice(TEXTS),
                chance.choice(TEXTS),
            ]
            parts.append("\n".join(lines[: chance.randint(1, 3)]) if chance.random() < 0.8 else chance.choice(BLOCKS))
        text = "".join(part + chance.choice(("\n\n", "\n\n", "\n\n\n", "\n", "\n \n")) for part in parts)
        made.append(text.replace("\n", chance.choice(("\n", "\n", "\n", "\r\n", "\r"))))
    made += [path.read_bytes().decode("utf-8") for path in sorted(HANDED.glob("*.vtt"))]
    return made


#: What no document holds, and what ends a line wherever it stands: the reader says so, the browser has it as it is.
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")


class _Page(HTMLParser):
    """The characters of a browser's HTML with their styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[tuple[str, str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        kinds = "" if "rt" in self.open else "".join(kind for kind in "biu" if kind in self.open)
        self.text += [(sign, kinds) for sign in _UNSEEN.sub("", data)]


def _shown_by_the_browser(cues: list[dict[str, Any]]) -> list[Shown]:
    shown = [
        Shown(round(cue["start"] * 1000), round(cue["end"] * 1000), tuple(_Page(cue["html"]).text)) for cue in cues
    ]
    return [cue for cue in shown if cue.text and cue.start_ms < cue.end_ms <= LATEST_MS]


def _shown_by_the_reader(cue: Cue) -> Shown:
    text = []
    for number, line in enumerate(cue.lines):
        kinds = [[style for style in cue.styles if style.line == number and style.start <= at < style.end]
                 for at in range(len(line))]  # fmt: skip
        readings = {base.end: base.reading for base in cue.ruby if base.line == number}
        for at, sign in enumerate(line):
            text.append((sign, "".join(sorted(style.kind for style in kinds[at]))))
            text += [(small, "") for small in readings.get(at + 1, "")]
    return Shown(cue.start_ms, cue.end_ms, tuple((sign, kinds) for sign, kinds in text if not _UNSEEN.match(sign)))


def test_what_a_browser_shows_is_read(tmp_path: Path) -> None:
    files = _files()
    page = tmp_path / "page.html"
    encoded = json.dumps([base64.b64encode(text.encode()).decode() for text in files])
    page.write_text(f"<!doctype html><video></video><script>window.FILES = {encoded}</script>", encoding="utf-8")
    visit = browse.visit(page, STEPS, tmp_path)
    differing = []
    for text, cues in zip(files, visit.result, strict=True):
        reading = formats.parse(text.removeprefix("\ufeff"), "vtt")
        # What was mended, no browser has; it is told apart by its line.
        mended = {note.line for note in reading.notes if note.kind == MENDED and "browser" in note.reason}
        own = [cue for cue in reading.cues if cue.file_line not in mended]
        ours = sorted(map(_shown_by_the_reader, own), key=lambda cue: (cue.start_ms, -cue.end_ms))
        ours = [cue for cue in ours if cue.text]
        if 1 in mended:
            assert cues is None, text
        elif ours != _shown_by_the_browser(cues or []):
            differing.append((text, ours, cues))
    assert differing == []
    assert sum(bool(cues) for cues in visit.result) > 150
