"""A person finishes a film in the page: by keys and mouse, through a crash, beside another window, up to the MKV."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import browse
import reviewing
import support
import tools
from samvad.documents.subtitles import formats
from samvad.documents.subtitles.cues import graphemes
from samvad.review.film import FilmDocument
from samvad.review.film_state import Who
from samvad.settings import configuration
from workflow.project import Project, environment, new_project, row

_NGINX_PATHS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_SCENARIO = support.ROOT / "tests" / "browser" / "review.mjs"


def _free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


@contextmanager
def _server(
    root: Path, film: Path | None, cache: Path, *options: str, port: int = 0
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Start the server; give its address, and what the steps need to kill it and to start it again."""
    words = ["--no-browser", "--port", str(port or _free_port()), *options]
    command = [str(root / "samvad"), "review", *([str(film)] if film else []), *words]
    more = {"XDG_STATE_HOME": str(cache / "state")}
    server = subprocess.Popen(
        command,
        cwd=root,
        env={**environment(), **more},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert server.stdout
        address = next(word for word in server.stdout.readline().split() if word.startswith("http"))
        given = {"command": command, "cwd": str(root), "env": more, "pid": server.pid}
        yield address, {**given, "modules": str(tools.browser_modules())}
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _seen(address: str, steps: str, given: Mapping[str, Any], folder: Path, *expected: str) -> dict[str, Any]:
    """Run one of the scenarios; return what it saw. Nothing else may be said in the console, or asked of anybody."""
    call = (
        f"const made = await import({json.dumps(_SCENARIO.as_uri())}); return made.{steps}(tab, {json.dumps(given)});"
    )
    visit = browse.visit(address, call, folder, seconds=900)
    host = address.split("/")[2]
    assert {request.split("/")[2] for request in visit.requests if request.startswith("http")} == {host}
    expected = (
        *expected,
        "Failed to load resource",
        "ERR_CONNECTION",
        "ERR_INTERNET",
        "ERR_INCOMPLETE",
        "ERR_NETWORK",
        "ERR_EMPTY",
    )
    odd = [line for line in visit.said if not any(word in line for word in expected)]
    assert odd == [], "the console is quiet, but for a server that was killed"
    seen: dict[str, Any] = visit.result
    return seen


def _texts(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [" ".join(row["text"].split()) for row in rows]


def test_a_film_is_finished_in_the_page(demo_copy: Project, tmp_path: Path) -> None:
    job = demo_copy.job("demo")
    (demo_copy.root / "config" / "local.yaml").write_text(
        f"films: {demo_copy.sheet}\noutput_root: {demo_copy.output_root}\n", encoding="utf-8"
    )
    with _server(demo_copy.root, job, tmp_path) as (address, given):
        seen = _seen(address, "finish", given, tmp_path)
    assert seen["title"].startswith("Samvad sample film") and seen["first"]["text"] == seen["shown"]
    assert "reading speed" in seen["flagsWhileTyping"], "the rules are looked at while one types"
    assert _texts([seen["edited"]]) == ["Did you sleep well last night, my dear old friend?"]
    assert _texts(seen["split"]) == ["Did you sleep well", "last night, my dear old friend?"]
    assert _texts([seen["merged"]]) == _texts([seen["edited"]]) == _texts([seen["undoneAgain"]])
    assert seen["merged"]["times"] == seen["edited"]["times"] and seen["undone"]["times"] == seen["edited"]["times"]
    assert seen["dragged"]["times"][0] == seen["edited"]["times"][0] != seen["dragged"]["times"][1]
    assert seen["dragged"]["times"][1] > seen["edited"]["times"][1]
    assert seen["away"][0].startswith("not saved: 1") and "kept in this browser" in seen["away"][1]
    assert _texts(seen["afterKill"])[1:3] == ["Did you sleep well last night, my dear old friend?", "नमस्ते, क्या हाल है?"]
    assert seen["afterKill"][1]["times"] == seen["dragged"]["times"]
    assert seen["pushed"] == "Written in the first window."
    assert "Written again in the first." in seen["conflict"] and "Written in the second window." in seen["conflict"]
    assert seen["chosen"] == "Written in the second window."
    assert seen["faults"] == [], "axe finds nothing, in light and in dark"
    assert "in the film" in seen["finished"], seen["finished"]
    assert "Samvad sample film" in seen["shelf"]

    film = next((job / "10_mux").glob("*.mkv"))
    subprocess.run(
        [tools.program("ffmpeg"), "-v", "error", "-i", film, "-map", "0:s:0", tmp_path / "out.srt"], check=True
    )
    shown = [cue.text for cue in formats.read(tmp_path / "out.srt").cues]
    assert shown[1:4] == ["Did you sleep well last night, my dear old friend?", "नमस्ते, क्या हाल है?", seen["chosen"]]


def test_five_thousand_cues_in_two_scripts_are_edited_and_only_those_that_are_seen_exist(tmp_path: Path) -> None:
    project = new_project(tmp_path / "project")
    job = reviewing.make_job(project.root / "out", count=5000, languages=("hi", "ur"))
    with _server(project.root, job, tmp_path) as (address, given):
        seen = _seen(address, "long", given, tmp_path)
    assert seen["begin"]["of"] > 4500 and seen["begin"]["rows"] < 40 and seen["begin"]["elements"] < 4000
    assert seen["end"]["rows"] < 40 and "5000" in seen["last"]
    assert seen["there"] == "2500"
    assert seen["ur"][:2] == ["یہ ایک نیا جملہ ہے۔", "rtl"] and seen["hi"][:2] == ["यह एक नया वाक्य है।", "ltr"]
    assert f"{graphemes('यह एक नया वाक्य है।')} as a reader counts them" in seen["hi"][2]
    assert seen["split"] == ["यह एक", "नया वाक्य है।"]
    assert seen["narrow"] <= 400, "nothing hangs over the edge of a telephone"


def test_films_are_begun_stopped_and_begun_again_from_the_shelf(
    demo_copy: Project, sample: Any, tmp_path: Path
) -> None:
    (demo_copy.root / "config" / "local.yaml").write_text(
        f"films: {demo_copy.sheet}\noutput_root: {demo_copy.output_root}\n", encoding="utf-8"
    )
    film = tmp_path / "another.mp4"
    shutil.copyfile(sample.film, film)
    with (demo_copy.root / demo_copy.sheet).open("a", encoding="utf-8", newline="") as file:
        more = row(user="second", media=film, title=f"Second {browse.HOSTILE[0]}", source="en,es")
        csv.DictWriter(file, configuration.COLUMNS, delimiter="\t", lineterminator="\n").writerow(more)
    with _server(demo_copy.root, None, tmp_path) as (address, given):
        told = {**given, "title": "Second", "stopped": "stopped", "again": "start", "find": "the", "by": "THE"}
        begun = _seen(address, "shelf", told, tmp_path)
        # What a report is not let to do is told in the console: its picture and its film are not in it.
        seen = _seen(address, "reports", told, tmp_path, "Content Security Policy", "postMessage")
    states = [one["state"] for one in begun["states"]]
    assert states == ["not begun", "running", "stopped", "success"], begun["states"]
    assert begun["faults"] == [] and seen["faults"] == []
    for kind in ("run", "report"):
        assert "Second <img" in seen[kind]["title"] and seen[kind]["reaches"] == "nothing"
    assert "subtitle" in seen["run"]["text"].lower() and len(seen["report"]["text"]) > 100
    assert len(seen["proposed"]) > 1 and "were changed" in seen["replaced"]
    for user in ("demo", "second"):
        log = (demo_copy.job(user) / "corrections" / "log.jsonl").read_text("utf-8")
        assert "THE" in log, "one step in each film, which can be undone there"


def test_no_text_of_a_film_runs_and_a_browser_that_keeps_nothing_edits_all_the_same(tmp_path: Path) -> None:
    project = new_project(tmp_path / "project")
    job = reviewing.make_job(project.root / "out")
    film = FilmDocument(job)
    for number, text in enumerate(browse.HOSTILE, start=3):
        who = Who(f"by {text}", "window")
        edits = [{"op": "set_text", "lane": "en", "cue": f"en-{number}", "text": text}]
        film.edit({"edits": edits, "label": f"step {text}"}, who)
    with _server(project.root, job, tmp_path) as (address, given):
        seen = _seen(address, "hostile", {**given, "text": browse.HOSTILE[0]}, tmp_path)
    assert seen["written"] == browse.HOSTILE[0]
    for place in ("page", "history", "replace"):
        assert seen[place]["odd"] == [] and not seen[place]["title"].startswith("ran"), seen[place]
    assert "<iframe srcdoc=" in seen["page"]["text"] and "by <img src=x" in seen["history"]["text"]
    assert seen["key"] == "Ctrl+Alt+Shift+F9", "for as long as the page is open"


def test_three_thousand_films_are_searched_and_only_those_that_are_seen_exist(tmp_path: Path) -> None:
    project = new_project(tmp_path / "project")
    rows = [
        {"user": "many", "job": number, "media": f"{number}.mkv", "title": f"Film {number}"}
        for number in range(1, 3001)
    ]
    project.write_sheet(*rows)
    settings = f"films: {project.sheet}\noutput_root: {project.output_root}\n"
    (project.root / "config" / "local.yaml").write_text(settings, encoding="utf-8")
    with _server(project.root, None, tmp_path) as (address, given):
        seen = _seen(address, "many", {**given, "count": 3000}, tmp_path)
    assert seen["begin"] < 60 and seen["end"] < 60 and seen["found"].startswith("Film 3000")
    assert seen["faults"] == [] and seen["narrow"] <= 400


def test_a_proxy_serves_the_page_below_a_path_of_its_own(tmp_path: Path) -> None:
    project = new_project(tmp_path / "project")
    job = reviewing.make_job(project.root / "out")
    (project.root / "config" / "local.yaml").write_text("output_root: out\n", encoding="utf-8")
    port, outer = _free_port(), _free_port()
    proxy = tmp_path / "nginx"
    proxy.mkdir()
    page = (support.ROOT / "docs" / "review.md").read_text("utf-8")
    location = page.partition("    location /samvad/ {\n")[2].partition("    }\n")[0].replace("8420", str(port))
    location = location.replace("$remote_user", "asha")
    assert "proxy_buffering off;" in location, "the page of docs is what is tried"
    (proxy / "nginx.conf").write_text(
        f"daemon off; pid {proxy}/pid; error_log {proxy}/error.log; events {{}}\nhttp {{\n  access_log off;\n"
        + "".join(f"  {name}_temp_path {proxy}/{name};\n" for name in _NGINX_PATHS)
        + f"  server {{\n    listen 127.0.0.1:{outer};\n    location /samvad/ {{\n{location}    }}\n  }}\n}}\n",
        encoding="utf-8",
    )
    command = [tools.nginx(), "-c", proxy / "nginx.conf", "-p", proxy, "-e", proxy / "error.log"]
    nginx = subprocess.Popen(list(map(str, command)))
    try:
        more = [f"--behind=http://127.0.0.1:{outer}/samvad", "--person-header=X-Forwarded-User"]
        with _server(project.root, job, tmp_path, *more, port=port) as (address, _):
            assert address.startswith(f"http://127.0.0.1:{outer}/samvad/film/")
            seen = _seen(address, "proxied", {}, tmp_path)
    finally:
        nginx.terminate()
        nginx.wait()
    assert seen["there"] == "Written through a proxy."
    assert "Ram 5 went home." in seen["choices"][0] and "negation lost" in seen["choices"][1]
    assert seen["picked"] == "Ram 5 went home.", "a hypothesis is taken on one key, and taken back on another"
    assert seen["shelf"] == f"http://127.0.0.1:{outer}/samvad/" and "/samvad/film/" in seen["film"]
    assert set(seen["wave"]) == {200}
    log = (job / "corrections" / "log.jsonl").read_text("utf-8")
    assert '"by":"asha"' in log.replace('": "', '":"'), "the proxy says who it was"
