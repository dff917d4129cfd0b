"""The report: one file that needs no network, holds every film, and obeys no name in it."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
import shutil
import subprocess
from collections import Counter
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
import synthetic_events

import event_shelf
import support
from browse import HOSTILE, HOVER, visit
from samvad.commands import report
from samvad.core import typed_json
from samvad.documents.names import CastCount, FilmName, Names
from samvad.reporting.logquery.report import draw

VOID = {"meta", "link", "input", "br", "path", "rect"}
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


class Page(HTMLParser):
    """A page taken apart: tags opened and closed, links, text, ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.text: list[str] = []
        self.hints = 0
        self.feed(text)
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            assert not name.startswith("on"), "no code in an attribute"
            if name in ("href", "src"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("jobs")
    synthetic_events.make_shelf(root, films=70, events=3000, seed=3)
    return root


def made(tmp_path: Path, *options: object) -> str:
    output = tmp_path / "a 'report'.html"
    assert report.main(["--output", str(output), "--no-index", *map(str, options)]) == 0
    return output.read_text(encoding="utf-8")


def run_of(shelf: Path, status: str) -> str:
    for path in sorted(shelf.rglob("logs/*.jsonl")):
        last = path.read_text("utf-8").splitlines()[-1]
        if '"event":"job_finished"' in last and json.loads(last)["status"] == status:
            return str(json.loads(last)["run_id"])
    raise AssertionError(status)


def test_a_shelf_shows_every_run_and_every_failure(shelf: Path, tmp_path: Path) -> None:
    page = Page(made(tmp_path, shelf, "--title", "मेरी <films> & more"))
    text = " ".join(page.text)
    assert "मेरी <films> & more" in text
    runs = [json.loads(path.read_text("utf-8").splitlines()[0]) for path in shelf.rglob("logs/*.jsonl")]
    for run in runs:
        assert run["film"] in text
    results = [
        json.loads(line)
        for path in shelf.rglob("logs/*.jsonl")
        for line in path.read_text("utf-8").splitlines()
        if line.endswith("}") and '"stage_result"' in line
    ]
    for message in {one["error_message"] for one in results if one["status"] == "failed" and one["attempt"] == 1}:
        assert message.replace("\n", "⏎").split("⏎")[0] in text, message
    open_attempts = sum(not path.read_text("utf-8").endswith("\n") for path in shelf.rglob("logs/*.jsonl"))
    assert page.tags["title"] - 1 >= len(results) + open_attempts, "each attempt has a bar with its hint"


def test_a_run_shows_its_stages_memory_and_cause(shelf: Path, tmp_path: Path) -> None:
    page = Page(made(tmp_path, shelf, "--run", run_of(shelf, "failed")))
    text = " ".join(" ".join(page.text).split())
    assert "01_demux" in text and "Peak memory" in text and "Why" in text and "Do" in text
    page = Page(made(tmp_path, shelf, "--run", run_of(shelf, "success")))
    assert "10_mux" in " ".join(page.text)


def test_a_run_shows_where_the_time_of_its_stages_went(tmp_path: Path) -> None:
    run = event_shelf.Run(tmp_path / "2025/11/28/desk/1", "film", event_shelf.NOW - timedelta(hours=3))
    run.add("job_received")
    run.stage("asr", 40.0)
    run.finish("success", 60.0)
    run.write()
    page = Page(made(tmp_path, tmp_path, "--run", run.run_id))
    text = " ".join(" ".join(page.text).split())
    assert "model loading 10.0 s, writing 5.0 s" in text
    assert "model loading: 10.0 s" in text and "writing: 5.0 s, 2 times" in text, "as hints of their bars"


@pytest.mark.parametrize("options", [[], ["--run", "film-00001"]], ids=["shelf", "run"])
def test_a_page_is_whole_needs_no_network_and_obeys_no_name(options: list[str], shelf: Path, tmp_path: Path) -> None:
    html = made(tmp_path, shelf, *options)
    page = Page(html)
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith(("#", "data:,")) for link in page.links)
    assert all(link[1:] in page.ids for link in page.links if link.startswith("#"))
    assert page.tags["script"] == 1 and page.tags["style"] == 1, "a film's name is no script"
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'sha256-" in html, "no other script runs"
    assert "unsafe-inline" not in html and not re.search(r"<[^>]+ style=", html)
    assert not re.search(r"https?://(?!huggingface\.co\))", re.sub(r"<script>.*?</script>", "", html, flags=re.S))


def test_versions_models_and_figures_of_a_run_come_along(shelf: Path, tmp_path: Path) -> None:
    log = next(path for path in sorted(shelf.rglob("logs/*.jsonl")) if '"job_finished"' in path.read_text("utf-8"))
    first = json.loads(log.read_text("utf-8").splitlines()[0])
    software = {
        "environment": "asr", "python": "3.11.9", "samvad": "1", "git_commit": "a" * 40, "git_dirty": True,
        "device_actual": "cuda", "tools": {"whisperx": "3.8.6"},
        "models": [{"name": "Whisper <base>", "revision": "b" * 40, "checksum": None}],
    }  # fmt: skip
    path = support.finished_stage(log.parent.parent, "asr", {"segments": ("segments.json", b"{}")})
    manifest = json.loads(path.read_text("utf-8"))
    manifest["software"].update(software)
    path.write_text(json.dumps(manifest), encoding="utf-8")
    metric = {**first, "event": "performance_metric", "stage": "asr", "attempt": 1, "message": "speech_share %"}
    metric["counts"] = {"value": 61.25}
    (log.parent / log.name.replace("pipeline", "performance")).write_text(json.dumps(metric) + "\n", encoding="utf-8")
    page = Page(made(tmp_path, shelf, "--run", first["run_id"]))
    text = " ".join(" ".join(page.text).split())
    for words in ("whisperx 3.8.6", "Whisper <base> bbbbbbbbbbbb", "cuda", "changed since", "speech share", "61.25 %"):
        assert words in text, words


def test_what_recognition_was_told_comes_along(shelf: Path, tmp_path: Path) -> None:
    log = next(path for path in sorted(shelf.rglob("logs/*.jsonl")) if '"job_finished"' in path.read_text("utf-8"))
    run = json.loads(log.read_text("utf-8").splitlines()[0])["run_id"]
    folder = log.parent.parent / "04_asr"
    folder.mkdir(exist_ok=True)
    told = {
        "prompts": {"hi": "Rahul, <b>Priya</b>.", "en": ""},
        "without_prompt": ["00:00:10.000 (smaller windows)"],
        "existing": {"source": "track 0: Hindi (subrip)", "use": "measure", "words_agree": "71 %", "ocr": True},
        "decoding": {"device": "cpu"},
    }
    (folder / "metadata.json").write_text(json.dumps(told), encoding="utf-8")
    text = " ".join(" ".join(Page(made(tmp_path, shelf, "--run", run)).text).split())
    for words in ("Prompt, Hindi Rahul, <b>Priya</b>.", "00:00:10.000", "track 0: Hindi", "71 %", "Read by OCR"):
        assert words in text, words
    assert "Prompt, English" not in text
    (folder / "metadata.json").write_text('{"prompts": 3}', encoding="utf-8")
    assert "What recognition was told" not in made(tmp_path, shelf, "--run", run), "a damaged record stops no page"


def test_the_cast_comes_along_with_how_often_each_is_named_and_tmdbs_credit(shelf: Path, tmp_path: Path) -> None:
    log = next(path for path in sorted(shelf.rglob("logs/*.jsonl")) if '"job_finished"' in path.read_text("utf-8"))
    first = json.loads(log.read_text("utf-8").splitlines()[0])
    name = FilmName("Simran", "person", "tmdb", 7, 0, heard={"Simrun <b>": 2}, target="Simran")
    other = FilmName("Jaipur", "place", "model", 3, 0, target="Jaipur")
    cast = CastCount("Simran Singh", "Kajol", 7, 0)
    for folder, file, value in (
        ("05_ner", "names.json", typed_json.plain(Names(names=(name, other), cast=(cast,)))),
        ("02_tmdb", "film_metadata.json", {"attribution": "This product uses the TMDB API"}),
    ):
        (log.parent.parent / folder).mkdir(exist_ok=True)
        (log.parent.parent / folder / file).write_text(json.dumps(value), encoding="utf-8")
    text = " ".join(" ".join(Page(made(tmp_path, shelf, "--run", first["run_id"])).text).split())
    for words in ("Simran Singh Kajol 7 Simrun <b>", "Jaipur – 3 –", "This product uses the TMDB API"):
        assert words in text, words


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
@pytest.mark.parametrize("options", [[], ["--run", "film-00001"]], ids=["shelf", "run"])
def test_a_browser_opens_it_without_a_complaint(options: list[str], shelf: Path, tmp_path: Path) -> None:
    made(tmp_path, shelf, *options)
    page = tmp_path / "a 'report'.html"
    command = [
        *(str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
        *(f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "CONSOLE" not in done.stderr, [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    filtering = re.search(r'<p class="filter"( hidden="")?>', done.stdout)
    assert bool(filtering) == (not options), "the filter is there for a shelf alone"
    assert not filtering or not filtering[1], "the script has run"


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
def test_no_text_of_a_log_or_a_record_is_more_than_text(tmp_path: Path) -> None:
    """Every text of every line, of a manifest and of the names is hostile, but those that say what a line is."""
    root = tmp_path / "jobs"
    synthetic_events.make_shelf(root, films=4, events=120, seed=2)
    kept = {"ts", "event", "run_id", "stage", "status", "level"}
    texts = itertools.cycle(HOSTILE)
    for path in sorted(root.rglob("*.jsonl")):
        shown = next(texts)
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.endswith("}")]
        for line in lines:
            fixed = {"film": shown, "job_id": f"{shown}/1"}
            line |= {key: next(texts) for key, value in line.items() if isinstance(value, str) and key not in kept}
            line |= {"stage": next(texts) if line["event"] == "log" and line["stage"] else line["stage"], **fixed}
            line |= {key: next(texts) for key in ("error_message", "error_file") if line.get("status") == "failed"}
        path.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    job = sorted(root.rglob("logs"))[0].parent
    run = json.loads(sorted(job.glob("logs/99_p*.jsonl"))[0].read_text("utf-8").splitlines()[0])["run_id"]
    manifest = json.loads(support.finished_stage(job, "asr", {"segments": ("segments.json", b"{}")}).read_text("utf-8"))
    manifest["software"] |= {"device_actual": HOSTILE[0], "environment": HOSTILE[1], "tools": {HOSTILE[2]: HOSTILE[3]}}
    manifest["software"]["models"] = [{"name": HOSTILE[4], "revision": HOSTILE[5], "checksum": None}]
    (job / "04_asr/manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    name = FilmName(HOSTILE[0], "person", "tmdb", 7, 0, heard={HOSTILE[1]: 2}, target=HOSTILE[2])
    (job / "05_ner").mkdir(exist_ok=True)
    named = typed_json.plain(Names(names=(name,), cast=(CastCount(HOSTILE[3], HOSTILE[4], 7, 0),)))
    (job / "05_ner/names.json").write_text(json.dumps(named), encoding="utf-8")
    for options in (["--title", HOSTILE[0]], ["--run", run]):
        made(tmp_path, root, *options)
        seen = visit(tmp_path / "a 'report'.html", HOVER, tmp_path)
        assert seen.result["title"].endswith("– Samvad") and seen.result["odd"] == 0, seen
        assert seen.said == [] and all(address.startswith("file://") for address in seen.requests)
        for text in HOSTILE[:5] if options[0] == "--run" else HOSTILE[:1]:
            assert text in seen.result["text"], "it is shown as what it is"


@pytest.mark.parametrize("seconds", [1, 7, 45, 600, 5000, 90_000, 40 * 86_400])
def test_a_time_axis_has_a_few_round_ticks_within_it(seconds: int) -> None:
    began = datetime(2025, 11, 27, 13, 30, 5)
    axis = draw.Axis(began, datetime.fromtimestamp(began.timestamp() + seconds))
    ticks = axis.ticks()
    assert 1 <= len(ticks) <= 9
    places = [x for x, _ in ticks]
    assert places == sorted(set(places)) and places[0] >= 0 and places[-1] <= draw.WIDTH
    gaps = [later - sooner for sooner, later in itertools.pairwise(places)]
    assert not gaps or max(gaps) - min(gaps) < 1, "evenly spaced"


@pytest.mark.parametrize(("value", "top"), [(0, 1), (1, 1), (3.4, 4), (4.1, 5), (99, 100), (2048.5, 2500)])
def test_a_scale_ends_in_a_round_figure(value: float, top: float) -> None:
    assert draw.round_up(value) == top


LOG_STEPS = """
await tab.waitForFunction(() => !document.getElementById("log-view").hidden, { timeout: 60000 });
return tab.evaluate(async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const text = (id) => document.getElementById(id).textContent;
  const seen = () => [...document.querySelectorAll(".line .text")].map((one) => one.textContent);
  const list = document.getElementById("log-list");
  const out = { all: text("log-count") };
  list.scrollTop = list.scrollHeight / 2;
  await frame();
  out.middle = seen();
  const find = document.getElementById("log-find");
  find.value = "SEGMENT 4567 ";
  find.dispatchEvent(new Event("input"));
  await new Promise((done) => setTimeout(done, 400));
  out.found = seen();
  out.marked = document.querySelector(".line mark").textContent;
  document.querySelector("button[data-log-line]").click();
  await frame();
  out.chosen = document.querySelector(".line.chosen .text").textContent;
  out.roles = [...document.querySelectorAll(".chain li")].map((one) => one.className);
  document.querySelector(".chain .stage .jump").click();
  await frame();
  out.cause = document.querySelector(".line.chosen .text").textContent;
  document.getElementById("log-next").click();
  out.next = document.querySelector("#log-detail pre").textContent;
  const stage = document.getElementById("log-stage");
  stage.value = [...stage.options].find((one) => one.textContent === "01_demux").value;
  stage.dispatchEvent(new Event("change"));
  out.stage = text("log-count");
  return out;
});
"""


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
def test_the_log_of_a_run_is_searched_in_all_stages_and_an_error_leads_to_its_cause(tmp_path: Path) -> None:
    run = event_shelf.Run(tmp_path / "2025/11/28/desk/1", "film", event_shelf.NOW - timedelta(hours=30))
    run.add("job_received")
    run.stage("demux", 4.0)
    run.add("asr_started", "Stage asr begins", stage="asr")
    for number in range(30_000):
        run.add("log", f"segment {number} सुनो", stage="asr")
    more = {"error_type": "ModelError", "error_category": "model", "error_message": "It is <b>broken</b>."}
    run.add("asr_failed", "Stage asr failed", stage="asr", status="failed", **more)
    run.add("stage_result", "Stage asr: failed", stage="asr", status="failed", **more)
    run.finish("failed", 60.0)
    run.write()
    html = made(tmp_path, tmp_path, "--run", run.run_id)
    assert len(html) < 1_000_000 and "segment 4567" not in html, "it is packed"
    seen = visit(tmp_path / "a 'report'.html", LOG_STEPS, tmp_path)
    assert seen.said == [] and len(seen.requests) == 1
    found = seen.result
    assert found["all"] == "30,008 of 30,011 lines"
    assert 20 < len(found["middle"]) < 100, "rows that nobody sees are not there"
    assert all(re.fullmatch(r"segment 1[45]\d{3} सुनो", text) for text in found["middle"])
    assert found["found"] == ["segment 4567 सुनो"] and found["marked"] == "segment 4567"
    assert found["chosen"] == found["next"] == "Stage asr failed"
    assert found["roles"] == ["stage", "error"] and found["cause"] == "Stage asr begins"
    assert found["stage"].startswith("6 of")
