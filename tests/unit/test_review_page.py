"""The pages of the review hold to types, and to the rules, times and texts of the code behind them."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import support
import tools
from samvad.core.times import clock, from_clock
from samvad.documents.subtitles.cues import Cue, Style, graphemes
from samvad.review import showing
from samvad.settings.subtitle_rules import Rules
from samvad.stages.subtitle_gen import checking

_SCRIPTS = support.ROOT / "scripts" / "samvad"
_PAGES = (_SCRIPTS / "review" / "page", _SCRIPTS / "reporting" / "pages" / "shared")
_TEXTS = (
    "This wedding can't happen. Not tonight.",
    "मैंने तुमसे कहा था, विनोद, उस आदमी पर भरोसा मत करना!",
    "یہ شادی نہیں ہو سکتی۔ آج رات نہیں۔",
    "-Who are you?\n-Nobody important.",
    "– Wait...\n-What?",
    "♪ Hum honge kaamyaab ♪",
    "# la la la #",
    "…",
    "",
    "two  spaces \ufffd and\u0007 a bell",
    "A line that goes on and on for far more than forty-two characters",
    "one\ntwo\nthree",
)
_RULES = (
    Rules(),
    Rules("hi", italics=False, ellipsis="…", songs="♪", hearing_impaired=True, levels={"songs": "warning"}),
    Rules(
        "en", reading_speed_cps=None, reading_speed_wpm=160, ellipsis="...", dialogue_dash="", one_line_if_it_fits=False
    ),
)


def _node(folder: Path, code: str) -> Any:
    """Run the body of an asynchronous function in Node beside the pages' modules; return what it returns."""
    for page in _PAGES:
        for module in page.glob("*.js"):
            shutil.copy(module, folder)
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    script = folder / "steps.js"
    script.write_text(f"const run = async () => {{\n{code}\n}};\nconsole.log(JSON.stringify(await run()));\n", "utf-8")
    done = subprocess.run(
        [tools.program("node"), script], capture_output=True, text=True, encoding="utf-8", check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _cues(chance: random.Random, count: int) -> list[Cue]:
    """Return cues that follow each other, some too near, too short, too long, and over each other."""
    made, at = [], 0
    for _ in range(count):
        lines = tuple(line.strip() for line in chance.choice(_TEXTS).split("\n")) or ("",)
        at += chance.choice((0, 40, 84, 90, 200, 499, 700, -300))
        end = at + chance.choice((0, 300, 823, 833, 1500, 2600, 7005, 7300))
        styles = (Style(0, 0, len(lines[0]), "i"),) if lines[0] and chance.random() < 0.2 else ()
        made.append(Cue(max(0, at), max(0, end), lines, styles))
        at = max(at, end)
    return made


def _marked(cue: Cue) -> str:
    first = f"<i>{cue.lines[0]}</i>" if cue.styles else cue.lines[0]
    return "\n".join((first, *cue.lines[1:]))


def test_the_page_judges_each_keystroke_as_the_check_does(tmp_path: Path) -> None:
    chance = random.Random(3)
    films = [(rules, sorted(_cues(chance, 150), key=lambda cue: cue.start_ms)) for rules in _RULES]
    given = [
        {
            "rules": showing.rules_of(rules),
            "cues": [{"start": cue.start_ms, "end": cue.end_ms, "text": _marked(cue)} for cue in cues],
        }
        for rules, cues in films
    ]
    (tmp_path / "films.json").write_text(json.dumps(given), encoding="utf-8")
    found = _node(
        tmp_path,
        """
        const { check, CHEAP } = await import("./rules.js");
        const fs = await import("node:fs");
        const films = JSON.parse(fs.readFileSync(new URL("films.json", import.meta.url)));
        const short = (flag) => flag.slice(0, 2);
        return { cheap: CHEAP, found: films.map(({ rules, cues }) =>
          cues.map((cue, n) => check(cue, cues[n - 1] || null, cues[n + 1] || null, rules).map(short))) };
        """,
    )
    assert set(found["cheap"]) < set(checking.RULES)
    rules_seen = set()
    for (rules, cues), pages in zip(films, found["found"], strict=True):
        expected: list[list[list[str]]] = [[] for _ in cues]
        for item in checking.check(cues, rules):
            if item.rule in found["cheap"]:
                expected[item.cue - 1].append([item.rule, item.level])
                rules_seen.add(item.rule)
        for number, (cue, page) in enumerate(zip(cues, pages, strict=True)):
            assert sorted(page) == sorted(expected[number]), (rules.language, cue)
    assert rules_seen == set(found["cheap"]), "every rule was broken somewhere"


def test_the_pages_times_and_graphemes_are_those_of_the_code(tmp_path: Path) -> None:
    times = [0, 1, 999, 59_999, 60_000, 3_599_999, 3_600_000, 10_123_456]
    typed = ["01:02:03.500", "62:03", "3723.5", "1:2:3,4", "61", "00:61", "1:61:00", "", "x", "-1", "1:00:00:00"]
    found = _node(
        tmp_path,
        f"""
        const {{ parseClock, srtClock }} = await import("./clock.js");
        const {{ graphemes, cutText, toggleTag }} = await import("./text.js");
        return {{ srt: {json.dumps(times)}.map(srtClock), typed: {json.dumps(typed)}.map(parseClock),
          clusters: {json.dumps(_TEXTS)}.map((text) => graphemes(text).length),
          cut: [cutText("<i>नमस्ते दोस्त</i>", 8), cutText("क्षत्रिय", 2)],
          italics: [toggleTag("one two", 4, 7, "i").text, toggleTag("one <i>two</i>", 7, 10, "i").text] }};
        """,
    )
    assert found["srt"] == [clock(ms, ",") for ms in times]
    assert found["typed"] == [_typed(text) for text in typed]
    assert found["clusters"] == [graphemes(text) for text in _TEXTS]
    for text, halves in zip(("नमस्ते दोस्त", "क्षत्रिय"), found["cut"], strict=True):
        head, tail = (half.replace("<i>", "").replace("</i>", "") for half in halves)
        assert head + tail == text, "nothing is lost"
        assert not unicodedata.category(tail[0]).startswith("M"), "no mark is torn from its letter"
    assert all(half.startswith("<i>") and half.endswith("</i>") for half in found["cut"][0])
    assert found["italics"] == ["one <i>two</i>", "one two"]


def test_the_page_of_docs_names_every_key(tmp_path: Path) -> None:
    actions = _node(
        tmp_path,
        """
        globalThis.matchMedia = () => ({ addEventListener() {} });
        return (await import("./keys.js")).ACTIONS;
        """,
    )
    keys: dict[str, list[str]] = {}
    words = {}
    for action, key, _, what in actions:
        keys.setdefault(action, []).append(f"`{key}`")
        words.setdefault(action, what)
    text = (support.ROOT / "docs" / "review.md").read_text("utf-8")
    missing = [row for action in keys if (row := f"{', '.join(keys[action])} | {words[action]} |") not in text]
    assert missing == []


def _typed(text: str) -> int | None:
    try:
        return from_clock(text)
    except ValueError:
        return None


def test_the_modules_hold_to_their_types() -> None:
    modules = tools.browser_modules()
    command = [tools.program("node"), modules / "typescript" / "bin" / "tsc", "-p", support.ROOT / "tests" / "browser"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout


def test_the_page_drops_no_edit_that_can_be_sent_later_and_misses_none_of_others(tmp_path: Path) -> None:
    found = _node(
        tmp_path,
        """
        let events, status = 507, text = "One", revision = 5, bases = [];
        const cue = { id: "en-1", rev: 0, start: 0, end: 1000, words: [], segments: [], flags: [] };
        const lane = () => ({ id: "en", cues: [{ ...cue, text }] });
        globalThis.EventSource = class {
          constructor() { this.on = {}; events = this; }
          addEventListener(kind, act) { this.on[kind] = act; }
        };
        globalThis.fetch = async (path, options) => {
          const answer = (code, value) => ({ ok: code < 400, status: code, text: async () => JSON.stringify(value) });
          if (path.endsWith("/history")) return answer(200, []);
          if (options.method !== "POST") return answer(200, { revision, needs: [], lanes: [lane()] });
          bases.push(JSON.parse(options.body).base);
          if (status !== 200) return answer(status, { error: "no room", remedy: "" });
          return answer(200, { revision: (revision += 1), log: {} });
        };
        globalThis.indexedDB = { open() { throw new Error("none"); } };
        const { FilmDocument } = await import("./document.js");
        const film = new FilmDocument("f"), tell = (kind, data) => events.on[kind]({ data: JSON.stringify(data) });
        const rest = () => new Promise((done) => setTimeout(done, 20));
        await film.open();
        await film.edit([{ op: "set_text", lane: "en", cue: "en-1", text: "Mine" }], "text");
        await rest();
        const kept = film.pending.length, said = film.away;
        // Somebody else changes a cue while the page cannot send; the page comes back with an edit that waits.
        [status, text, revision] = [200, "Hers", 9];
        tell("hello", { revision: 9 });
        const base = film.revision;
        await film.flush();
        await rest();
        const seen = film.lane("en").cues[0].text, now = film.revision;
        // The answer to an own edit is quicker than the event of the step before it.
        await film.edit([{ op: "set_times", lane: "en", cue: "en-1", start: 0, end: 900 }], "times");
        await rest();
        text = "Hers, too";
        tell("edit", { client: "she", revision: film.revision, cues: {}, removed: {} });
        await rest();
        clearTimeout(film.timer);
        return { kept, said, base, seen, now, last: film.lane("en").cues[0].text, bases };
        """,
    )
    assert found["kept"] == 1 and "no room" in found["said"]
    assert (found["base"], found["seen"], found["now"]) == (5, "Hers", 10)
    assert found["last"] == "Hers, too" and found["bases"][-1] == 10
