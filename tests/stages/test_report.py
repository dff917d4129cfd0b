"""The pages that people open: they play, seek and switch tracks in a real browser, from the disk, without an error."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import support
from browse import HOSTILE, HOVER, visit
from samvad.core import typed_json
from samvad.documents import job_manifest
from samvad.documents.coverage import Coverage, Gap
from samvad.documents.job_manifest import Devices, Input, JobManifest, Output, Pipeline, Timing
from samvad.documents.segments import Entity, Segment, SegmentsDocument, Translation, Word
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import Style
from samvad.reporting.pages import filling, shelf_page

LOADED = """
await tab.waitForFunction(() => document.getElementById("video").readyState >= 2, { timeout: 60000 });
"""
VIDEO = "document.getElementById('video')"


def segments(count: int, step_ms: int) -> tuple[Segment, ...]:
    """Return so many segments: Hindi with English, some sung, some suspect or quarantined, with names."""
    made = []
    for number in range(count):
        start = 200 + number * step_ms
        text = f"राहुल कहाँ था कल रात {number}?"
        words = tuple(
            Word(start + 150 * place, start + 150 * place + 140, word, 0.3 if number % 7 == 0 else 0.9)
            for place, word in enumerate(text.split())
        )
        made.append(
            Segment(
                number + 1,
                start,
                start + 900,
                text,
                "hi",
                words,
                kind="song" if number % 9 == 4 else "dialogue",
                verdict={5: "quarantine", 6: "suspect"}.get(number % 10, "keep"),
                reasons=("no speech <script>alert(1)</script>",) if number % 10 == 5 else (),
                entities=(Entity("राहुल", "person", 0, 5, "glossary"),),
                translations={"en": Translation(f"Where was Rahul last night, Tom & <b>Jerry</b> {number}?", "test")},
            )
        )
    return tuple(made)


def make_report(
    folder: Path,
    film: Path,
    count: int,
    step_ms: int,
    title: str,
    heard: Coverage | None = None,
    document: SegmentsDocument | None = None,
) -> Path:
    """Run stages 01 and 09 and return the report; ``heard`` says what of the speech has text."""
    job = support.make_job(folder, "शोले $HOME 'x' #1/2025/01/01/tester/1")
    done = support.run_script(
        "demux", "--job-folder", job, "--film", "test", "--media", film, "--languages", "en", "--audio-track=auto"
    )
    assert done.returncode == 0, done.stderr
    demux = job / "01_demux" / "manifest.json"
    languages = ["en"] if document else ["hi", "en"]
    document = document or SegmentsDocument("hi", count * step_ms + 2000, segments(count, step_ms))
    outputs = {"segments": ("segments.json", json.dumps(typed_json.plain(document)).encode())}
    if heard is not None:
        outputs["coverage"] = ("coverage.json", json.dumps(typed_json.plain(heard)).encode())
    asr = support.finished_stage(job, "asr", outputs)
    options = ["--job-folder", job, "--film", "test", "--demux", demux, "--asr", asr, "--segments", asr]
    tail = ["--languages", *languages, "--formats", "srt", "--profile", "netflix", f"--title={title}"]
    done = support.run_script("subtitle_gen", *options, *tail)
    assert done.returncode == 0, done.stderr
    return job / "09_subtitle_gen" / "report.html"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, sample: Any) -> Path:
    folder = tmp_path_factory.mktemp("report")
    return make_report(folder, sample.film, 60, 1300, "शोले </script><b>1</b> “@DATA@”")


def test_it_loads_from_the_disk_asks_nothing_of_the_network_and_says_nothing(report: Path, tmp_path: Path) -> None:
    seen = visit(report, LOADED + "await sleep(300); return tab.title();", tmp_path)
    assert seen.said == []
    assert all(address.startswith("file://") for address in seen.requests), seen.requests
    assert {Path(address).name for address in seen.requests} == {"report.html", "sample.mp4", "poster.jpg"}
    assert seen.result == "शोले </script><b>1</b> “@DATA@” · Samvad"


def test_it_plays_and_the_subtitles_of_the_moment_are_shown(report: Path, tmp_path: Path) -> None:
    steps = f"""{LOADED}
    await tab.evaluate(() => {VIDEO}.play());
    await tab.waitForFunction(() => {VIDEO}.currentTime > 1, {{ timeout: 60000 }});
    await tab.evaluate(() => {VIDEO}.pause());
    return tab.evaluate(() => ({{
      at: {VIDEO}.currentTime,
      cue: {VIDEO}.textTracks[0].activeCues[0] && {VIDEO}.textTracks[0].activeCues[0].text,
      row: document.querySelector(".row.now .text").innerText,
    }}));"""
    seen = visit(report, steps, tmp_path)
    assert seen.said == []
    assert seen.result["at"] > 1
    assert seen.result["row"].replace("\n", " ") == seen.result["cue"].replace("\n", " ")


def test_a_click_on_a_cue_goes_there(report: Path, tmp_path: Path) -> None:
    steps = f"""{LOADED}
    const row = await tab.evaluate(() => {{
      const row = document.querySelectorAll(".rows .row")[6];
      row.click();
      return row.row.start;
    }});
    await tab.waitForFunction((ms) => Math.abs({VIDEO}.currentTime * 1000 - ms) < 50 && !{VIDEO}.seeking, {{}}, row);
    await tab.click("#overview", {{ offset: {{ x: 5, y: 10 }} }});
    await sleep(300);
    return [row, await tab.evaluate(() => {VIDEO}.currentTime)];"""
    seen = visit(report, steps, tmp_path)
    assert seen.said == []
    assert seen.result[0] > 3000 and seen.result[1] < 3


def test_a_cue_is_corrected_in_the_page_and_the_track_is_saved_as_a_file(report: Path, tmp_path: Path) -> None:
    steps = f"""{LOADED}
    const session = await tab.createCDPSession();
    const downloadPath = {json.dumps(str(tmp_path))};
    await session.send("Browser.setDownloadBehavior", {{ behavior: "allow", downloadPath, eventsEnabled: true }});
    const there = new Promise((done) => {{
      session.on("Browser.downloadProgress", (now) => now.state === "completed" && done());
    }});
    const row = await tab.$(".rows .row");
    await row.click({{ count: 2 }});
    await tab.keyboard.down("Control");
    await tab.keyboard.press("a");
    await tab.keyboard.up("Control");
    await tab.keyboard.sendCharacter("<i>नमस्ते</i>");
    await tab.click("#correctForm button:not([type])");
    const told = await tab.evaluate(() => document.getElementById("corrections").innerText);
    await tab.click("#correctionsSave");
    await there;
    return [told, await tab.evaluate(() => document.querySelector(".rows .row .text").innerHTML)];"""
    seen = visit(report, steps, tmp_path)
    assert seen.said == []
    assert seen.result[0].startswith("1 corrected") and seen.result[1] == "<em>नमस्ते</em>"
    (saved,) = tmp_path.glob("*.hi.srt")
    machine = formats.read(report.with_name("test.hi.srt")).cues
    first = replace(machine[0], lines=("नमस्ते",), styles=(Style(0, 0, len("नमस्ते"), "i"),))
    assert list(formats.read(saved).cues) == [first, *machine[1:]]


def test_tracks_are_switched_in_the_player_and_in_the_table(report: Path, tmp_path: Path) -> None:
    steps = f"""{LOADED}
    const look = () => tab.evaluate(() => ({{
      modes: [...{VIDEO}.textTracks].map((track) => [track.language, track.mode]),
      first: document.querySelector(".rows .row .text").innerText,
    }}));
    const before = await look();
    await tab.evaluate(() => document.querySelectorAll("#tracks button")[1].click());
    const after = await look();
    await tab.evaluate(() => document.querySelectorAll("#tracks button")[2].click());
    return [before, after, await look()];"""
    before, after, off = visit(report, steps, tmp_path).result
    assert before["modes"] == [["hi", "showing"], ["en", "hidden"]]
    assert after["modes"] == [["hi", "hidden"], ["en", "showing"]]
    assert [mode for _, mode in off["modes"]] == ["hidden", "hidden"]
    assert "राहुल" in before["first"] and "Where was Rahul" in after["first"]


def test_names_songs_flags_and_quarantined_lines_are_told_apart(report: Path, tmp_path: Path) -> None:
    steps = f"""{LOADED}
    const counts = {{}};
    for (const name of ["all", "flagged", "unsure", "names", "songs", "quarantine"]) {{
      await tab.evaluate((name) => document.querySelector(`[data-filter=${{name}}]`).click(), name);
      counts[name] = await tab.evaluate(() => state.rows.length);
      const seen = await tab.evaluate(() => ({{
        text: (document.querySelector(".row.is-quarantine") || {{}}).innerText,
        song: document.querySelectorAll(".row.is-song").length,
        marks: document.querySelectorAll(".rows mark").length,
      }}));
      if (name === "quarantine") counts.text = seen.text;
      if (name === "songs") counts.song = seen.song;
      if (name === "names") counts.marks = seen.marks;
    }}
    await tab.evaluate(() => document.querySelector("[data-filter=all]").click());
    await tab.type("#search", "रात 17?");
    counts.found = await tab.evaluate(() => state.rows.length);
    return counts;"""
    seen = visit(report, steps, tmp_path)
    assert seen.said == []
    counts = seen.result
    assert counts["quarantine"] == 6 and "<script>" in counts["text"]
    assert counts["songs"] > 0 and counts["song"] > 0 and counts["names"] > 0 and counts["marks"] > 0
    assert counts["all"] > counts["unsure"] > 0
    assert counts["found"] == 1


def test_what_may_hide_speech_is_told_and_drawn_and_explained(report: Path, tmp_path: Path, sample: Any) -> None:
    """A grey line that no legend explains, and a row that is cut in the middle of a word, help nobody."""
    look = f"""{LOADED}
    return tab.evaluate(() => {{
      const rows = [...document.querySelectorAll(".row.is-missing .said")];
      const legend = [...document.querySelectorAll(".legend [data-of]")].filter((mark) => mark.offsetParent);
      const canvas = document.getElementById("overview");
      const line = canvas.getContext("2d").getImageData(0, canvas.height - 1, canvas.width, 1).data;
      return {{
        cut: rows.filter((row) => row.scrollHeight > row.clientHeight + 1).length,
        rows: rows.map((row) => row.innerText),
        legend: legend.map((mark) => mark.innerText.trim()),
        score: document.getElementById("score").innerText.replaceAll("\\n", " "),
        drawn: line[4 * Math.round((10000 / data.duration) * canvas.width) + 3],
      }};
    }});"""
    heard = Coverage(20_000, 20_000, perhaps=(Gap(2800, 4200, 1100),), loud=(Gap(4600, 15_000, 10_400),))
    page = make_report(tmp_path, sample.film, 2, 1300, "Loud", heard)
    seen = visit(page, look, tmp_path)
    assert seen.said == []
    found = seen.result
    assert found["rows"] == ["perhaps somebody speaks under other sound, and there is no text"]
    assert found["cut"] == 0
    assert found["legend"] == ["perhaps speech under other sound", "other sound louder than speech"]
    assert "10 s other sound louder than speech" in found["score"]
    assert found["drawn"] > 0
    plain = visit(report, look, tmp_path).result
    assert plain["legend"] == [] and "louder" not in plain["score"]


def test_of_a_film_in_two_languages_both_are_named_and_what_was_said_stands_beside_its_translation(
    tmp_path: Path, sample: Any
) -> None:
    """A line in the film's other language was shown without what was said, though that is what a person checks by."""
    said = (
        ("en", "Who is with him in that house?", "Who is with him in that house?"),
        ("es", "Está con su madre.", "He is with his mother."),
        ("en", "Then we have to find a train.", "Then we have to find a train."),
    )
    made = []
    for number, (language, text, translated) in enumerate(said):
        start = 500 + 3000 * number
        words = tuple(
            Word(start + 300 * place, start + 300 * place + 250, word, 0.9) for place, word in enumerate(text.split())
        )
        backend = "none" if language == "en" else "test"
        translations = {"en": Translation(translated, backend)}
        made.append(Segment(number + 1, start, words[-1].end_ms, text, language, words, translations=translations))
    page = make_report(tmp_path, sample.film, 3, 3000, "Two", document=SegmentsDocument("en", 11_000, tuple(made)))
    steps = f"""{LOADED}
    return tab.evaluate(() => ({{
      spoken: document.getElementById("subtitle").innerText,
      said: [...document.querySelectorAll(".rows .row .said")].map((cell) => cell.innerText),
    }}));"""
    seen = visit(page, steps, tmp_path)
    assert seen.said == []
    assert "spoken in English, Spanish" in seen.result["spoken"]
    assert seen.result["said"] == ["", "Está con su madre.", ""]


def test_five_thousand_cues_stay_smooth(tmp_path: Path, sample: Any) -> None:
    page = make_report(tmp_path, sample.film, 6000, 1300, "Long")
    steps = f"""{LOADED}
    return tab.evaluate(async () => {{
      const box = document.getElementById("rows"), frames = [];
      let last = performance.now();
      for (let n = 0; n < 60; n += 1) {{
        box.scrollTop += 4000;
        await new Promise(requestAnimationFrame);
        frames.push(performance.now() - last);
        last = performance.now();
      }}
      frames.sort((a, b) => a - b);
      const work = performance.now();
      for (let n = 0; n < 20; n += 1) {{ box.scrollTop = n * 9000; drawRows(); seek(n * 100000); }}
      return {{
        cues: data.tracks[0].cues.length, elements: document.querySelectorAll(".rows .row").length,
        middle: frames[30], step: (performance.now() - work) / 20,
        bottom: (box.scrollTop = box.scrollHeight, drawRows(), box.lastElementChild.innerText.length),
      }};
    }});"""
    seen = visit(page, steps, tmp_path)
    assert seen.said == []
    assert seen.result["cues"] >= 5000
    assert seen.result["elements"] < 60, "only what is seen is in the page"
    assert seen.result["bottom"] > 0


def test_a_film_without_its_small_copy_is_shown_without_a_player(report: Path, tmp_path: Path) -> None:
    copy = tmp_path / "report.html"
    copy.write_text(report.read_text("utf-8"), encoding="utf-8")
    steps = """
    await tab.waitForFunction(() => !document.getElementById("nomedia").hidden);
    await tab.evaluate(() => document.querySelectorAll(".rows .row")[3].click());
    return tab.evaluate(() => [document.querySelectorAll(".rows .row").length, state.at]);"""
    rows, at = visit(copy, steps, tmp_path).result
    assert rows > 5 and at > 0


# -- the index of a shelf ----------------------------------------------------------------------------------------------


def record(job: Path, film: Input, status: str, *failed: str) -> None:
    """Write a job's manifest."""
    made = JobManifest(
        job_id="tester/1",
        run_id="a_run",
        input=film,
        output=Output(directory=str(job), files=()),
        pipeline=Pipeline(status, None, None, (), failed, (), None),
        stages={},
        timing=Timing(None, None, 0.0),
        devices=Devices((), ()),
    )
    typed_json.write(job_manifest.path_of(job), made, schema="job_manifest")


def test_the_index_lists_the_films_and_leads_to_their_reports(report: Path, tmp_path: Path) -> None:
    job = report.parents[1]
    root = report.parents[6]
    record(job, Input("x.mkv", "शोले <b>", 1975, 85.0), "success")
    other = root / "2025" / "01" / "02" / "tester" / "1"
    other.mkdir(parents=True, exist_ok=True)
    record(other, Input("y.mkv", "A broken film", None, None), "failed", "asr")
    (root / "2025" / "01" / "02" / "tester" / "2").mkdir(exist_ok=True)
    (root / "2025" / "01" / "02" / "tester" / "2" / "manifest.json").write_text("{")
    command = [support.ROOT / "samvad", "make-index", root]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    steps = """
    const cards = await tab.evaluate(() => [...document.querySelectorAll(".film")].map((film) => film.innerText));
    await tab.type("#search", "शोले");
    const found = await tab.evaluate(() => document.querySelectorAll(".film").length);
    await Promise.all([tab.waitForNavigation(), tab.click("a.film")]);
    return [cards, found, await tab.evaluate(() => data.tracks.length)];"""
    seen = visit(root / shelf_page.NAME, steps, tmp_path)
    cards, found, tracks = seen.result
    assert seen.said == []
    assert (len(cards), found, tracks) == (2, 1, 2)
    assert "asr failed" in cards[0] and "1975 · 00:01:25" in cards[1] and "Hindi, " in cards[1]


def made_hostile(value: Any, text: str, numbers: frozenset[str]) -> Any:
    """Return a page's data with a text in the place of every text, and of the numbers of some keys."""
    if isinstance(value, dict):
        return {
            key: text if key in numbers and isinstance(item, int | float) else made_hostile(item, text, numbers)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [made_hostile(item, text, numbers) for item in value]
    return text if isinstance(value, str) else value


def test_no_text_and_no_number_of_the_index_is_more_than_text(tmp_path: Path) -> None:
    film = {"job": "a", "title": "b", "about": "c", "error": "d", "status": "failed", "report": "e", "poster": "f"}
    track = {"name": "n", "cues": 3, "corrected": False, "grade": "good", "told": "t"}
    films = []
    for text in HOSTILE:
        plain = {**film, "tracks": [track]}, {**film, "status": "x", "report": None, "poster": None, "tracks": []}
        one, other = made_hostile(list(plain), text, frozenset({"cues"}))
        films += [{**one, "status": "failed", "report": quote(text), "poster": quote(text)}, {**other, "poster": None}]
    page = tmp_path / "index.html"
    shown = json.dumps({"films": films}).replace("<", "\\u003c")
    page.write_text(filling.fill(shelf_page._PAGE, {"DATA": shown}), encoding="utf-8")
    shows_as_text(page, tmp_path)


def test_no_text_of_a_record_is_more_than_text_in_the_index(tmp_path: Path) -> None:
    for number, text in enumerate(HOSTILE, start=1):
        job = support.make_job(tmp_path, f"2025/01/01/{text.replace('/', '_')[:60]}/{number}")
        record(job, Input(text, text if number % 2 else "", None, None), "failed", "asr")
        for folder, file in (("09_subtitle_gen", "report.html"), ("01_demux", "poster.jpg")):
            (job / folder).mkdir()
            (job / folder / file).touch()
    shows_as_text(shelf_page.write(tmp_path), tmp_path, *(Path(text).name for text in HOSTILE[1::2]), *HOSTILE[::2])


def shows_as_text(page: Path, folder: Path, *texts: str) -> None:
    """Make sure that a page of hostile values obeys none, asks for nothing of the network, and shows them."""
    seen = visit(page, HOVER, folder)
    assert seen.result["title"] == "Films · Samvad" and seen.result["odd"] == 0, seen
    for text in texts or HOSTILE:
        assert text in seen.result["text"], "it is shown as what it is"
    assert [address for address in seen.requests if not address.startswith("file://")] == []


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_report_is_more_than_text(report: Path, tmp_path: Path, text: str) -> None:
    before, rest = report.read_text(encoding="utf-8").split('id="data">', 1)
    data, after = rest.split("</script>", 1)
    value = made_hostile(json.loads(data), text, frozenset({"characters", "graphemes"}))
    value["peaks"] = ""
    page = tmp_path / "report.html"
    shown = json.dumps(value).replace("<", "\\u003c")
    page.write_text(f'{before}id="data">{shown}</script>{after}', encoding="utf-8")
    seen = visit(page, HOVER, tmp_path)
    assert seen.result["title"].endswith("· Samvad") and seen.result["odd"] == 0, seen
    assert text in seen.result["text"], "it is shown as what it is"


def test_a_page_runs_its_own_script_and_no_other(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    made = filling.fill(shelf_page._PAGE, {"DATA": '{"films": []}'})
    page.write_text(made.replace("</main>", "</main><script>document.title = 'ran'</script>"), encoding="utf-8")
    seen = visit(
        page, "return { title: await tab.title(), sum: await tab.$eval('#sum', (x) => x.textContent) };", tmp_path
    )
    assert seen.result == {"title": "Films · Samvad", "sum": "0 films, 0 cues"}
    assert any("Content Security Policy" in line for line in seen.said)
